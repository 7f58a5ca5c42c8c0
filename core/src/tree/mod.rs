//! The replicated state: znodes and sessions, what transactions do to them, what may be written.
//!
//! [`Image`] is what a snapshot holds. It is persistent: a clone is O(1) and is a *version*. A
//! server keeps the committed one for reads; a leader clones it, applies what it proposes, and
//! judges the next write by that version ([`prepare()`]); a snapshot is a clone that a driver
//! writes at leisure.

pub mod acl;
mod apply;
mod container;
mod data_tree;
pub mod digest;
mod image;
mod prepare;
mod quota;
mod snapshot;
mod walk;
mod znode;

pub use apply::{Applied, Change, ChangeKind, Terms, TxnResult};
pub use container::Lifetime;
pub use data_tree::{CONFIG_PATH, QUOTA_PATH, Tree, ZOOKEEPER_PATH};
pub use image::Image;
pub use prepare::{Caller, WriteOp, WriteRules, prepare};
pub use snapshot::{SnapshotChunks, SnapshotLoader};
pub use walk::Walk;
pub use znode::{AclList, Owner, TTL_MS_MAX, Znode};
