//! What makes a run repeatable: the tape (what was done from outside and when), keyframes (whole
//! states kept for a quick way back) and the running hash (a number that two equal runs share).
//!
//! These are containers: they know neither the simulated world nor ZooKeeper. [`crate::sim`]
//! fills them.

pub mod hash;
pub mod keyframes;
pub mod tape;

pub use hash::{Digest, TraceHasher};
pub use keyframes::Keyframes;
pub use tape::{Entry, Tape};
