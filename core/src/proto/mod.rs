//! Records of the client, quorum, election and storage formats: what they hold and how they are
//! written. Names are those of `zookeeper.jute`. Pure data; nothing here decides anything.

pub mod client;
pub mod connect;
pub mod data;
pub mod election;
pub mod error;
pub mod frame;
pub mod log;
pub mod multi;
pub mod opcode;
pub mod quorum;
pub mod reply;
pub mod request;
pub mod snapshot;
pub mod txn;
pub mod watch;

pub use data::{Acl, Id, Stat, StatPersisted};
pub use error::KeeperError;
