//! Everything that can happen to a small ensemble, within bounds: no seeds, no sampling.
//!
//! The step function is the one of the real server's protocol, [`zab::Peer`](crate::zab::Peer),
//! with transactions that are numbers. Around it is the least that lets it run: disks whose writes
//! are durable one by one, streams that keep their order and break, processes that lose what is
//! not durable. The election is left out (`zab/oracle.rs`): any quorum of waiting servers elects
//! the best of them, and one that waits alone finds any leader that runs.
//!
//! What is bounded: servers, writes, crashes, broken streams, elections ([`Bounds`]). What is not:
//! the order of everything else. Time does not pass; what a timer would do is an action of its own
//! (a leader without a quorum stops, a silent stream breaks).
//!
//! *Coarse*, an election and its discovery (streams open, FOLLOWERINFO, LEADERINFO, acceptedEpoch
//! to disk, ACKEPOCH, currentEpoch of the leader to disk) are one action, and a disk answers a
//! question at once. *Fine*, each of these is an action, and others come between.
//!
//! A lost message is the tail of a stream that breaks or whose sender crashes. All of what is
//! under way is lost then: what would have arrived before the break is the same search with the
//! break later, because a receiver's step and a sender's crash do not touch each other.
//!
//! [`model`] holds a state in n² + 2 words by numbering the servers, packets and streams that were
//! met ([`intern`]); equal numbers are equal values, so no two states are ever confused.
//! [`local`] makes the steps and judges them alone, `judge` with the others, [`ghost`] with the
//! past. [`search`] goes breadth first, so that the way to a broken invariant is a shortest one.

pub mod action;
mod choices;
pub mod disk;
pub mod ghost;
mod glance;
pub mod intern;
pub mod invariant;
mod judge;
pub mod local;
pub mod model;
pub mod search;
pub mod wires;

pub use action::Action;
pub use invariant::{Found, Invariant};
pub use model::{Bounds, Model, Unpacked};
pub use search::{Counterexample, Progress, Search};
