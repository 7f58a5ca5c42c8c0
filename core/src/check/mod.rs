//! Checks of whole runs: oracles outside of the servers, seeds, shrinking.
//!
//! The oracles see the record of each step and the world after it, never a server's word alone:
//! [`safety`] keeps the canonical committed history and compares every delivery with it,
//! [`clients`] what clients were told, [`progress`] what must be true a while after the last
//! fault. [`faults`] draws a run from a seed, [`swarm`] makes it under chosen
//! [`Rules`](crate::zab::Rules), [`shrink()`] finds a short run with the same violation.

pub mod clients;
pub mod faults;
pub mod progress;
pub mod safety;
pub mod shrink;
pub mod swarm;
pub mod tape;
pub mod violation;

pub use faults::Plan;
pub use shrink::shrink;
pub use swarm::{Report, run, watch};
pub use tape::{CheckTape, TapeError};
pub use violation::{Oracle, Violation};
