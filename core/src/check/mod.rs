//! Checks of whole runs: oracles outside of the servers, seeds, shrinking.
//!
//! The oracles see the record of each step and the world after it, never a server's word alone:
//! [`safety`] keeps the canonical committed history and compares every delivery with it,
//! [`proposals`] knows everything that was ever logged, [`joining`] how reigns begin, [`model`] is
//! a second tree made from the committed history, [`clients`] with [`answers`] and [`watching`]
//! what clients were told, [`expiry`] whose session is over, [`locks`] who believes to hold one,
//! [`progress`] what must be true a while after the last fault, at the times of [`bounds`].
//! [`faults`] draws a run from a seed, [`swarm`] makes it under chosen
//! [`Rules`](crate::zab::Rules), [`shrink()`] finds a short run with the same violation.

pub mod answers;
pub mod bounds;
pub mod clients;
pub mod expiry;
pub mod faults;
pub mod heal;
pub mod joining;
pub mod locks;
pub mod model;
pub mod progress;
pub mod proposals;
pub mod safety;
pub mod shrink;
pub mod swarm;
pub mod tape;
pub mod violation;
pub mod watching;

pub use bounds::Bounds;
pub use faults::Plan;
pub use shrink::shrink;
pub use swarm::{Report, run, tampered, watch};
pub use tape::{CheckTape, TapeError};
pub use violation::{Found, Oracle, Violation};
