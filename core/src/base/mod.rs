//! Words that every layer shares: numbers that must not be mixed up, time, bounds, and the
//! contract between a state machine and its driver.

pub mod counted;
pub mod ids;
pub mod limits;
pub mod map;
pub mod node;
pub mod path;
pub mod quorum;
pub mod rng;
pub mod versioned;

pub use counted::counted;
pub use ids::{ClientId, Conn, Cxid, Epoch, Millis, NodeId, Round, SessionId, Sid, Zxid};
pub use map::{Map, Set};
pub use node::{Effect, Event, Link, Node, Now, Origin};
pub use versioned::{Iter as VersionedIter, VersionedMap, VersionedSet};
