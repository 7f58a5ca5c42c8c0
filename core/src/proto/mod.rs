//! Records of the client, quorum, election and storage formats: what they hold and how they are
//! written. Names are those of `zookeeper.jute`. Pure data; nothing here decides anything.

pub mod data;
pub mod error;
pub mod opcode;
pub mod txn;

pub use data::{Acl, Id, Stat, StatPersisted};
pub use error::KeeperError;
