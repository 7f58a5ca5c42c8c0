//! ZAB, ZooKeeper Atomic Broadcast: how an ensemble agrees on one order of transactions.
//!
//! | phase | what happens | where |
//! |---|---|---|
//! | 0 Election | LOOKING servers exchange votes and pick who knows most | [`election`] |
//! | 1 Discovery | a quorum promises a new epoch, larger than any before | [`discovery`] |
//! | 2 Synchronization | learners get the leader's history; a quorum has it on disk | [`sync_plan`], [`synchronization`] |
//! | 3 Broadcast | PROPOSAL, ACK after fsync, COMMIT in order | [`broadcast`] |
//!
//! Why it is safe: a committed transaction is durable at a quorum; the next leader hears from a
//! quorum that promised to ignore older epochs, so some server in both sets knows it; that server
//! refuses a leader that does not; and currentEpoch is only raised after the history, else the
//! comparison would lie.
//!
//! A [`Peer`] is one server. It is driven by events (`on_*`) and answers with [`Out`]s; its owner
//! keeps the tree, performs the outputs in order, and tells it what became durable. Roles change
//! in [`peer`] only. The names are those of ZooKeeper: `acceptedEpoch` (the paper's f.p) is the
//! last epoch promised, `currentEpoch` (f.a) the last one whose history was adopted, the history
//! is what is *logged*, committed or not.
//!
//! Rules that a bug of ZooKeeper, or a short cut, would break have letters in the comments:
//!
//! | rule | what holds |
//! |---|---|
//! | D1 | a message that claims durability is only sent by the handler of the `Durable` event |
//! | D2 | the history is on disk before the currentEpoch that adopts it |
//! | E1 | a promised epoch is on disk before anybody hears of it |
//! | E3 | a currentEpoch below the epoch of the history is repaired on recovery |
//! | A1 | acknowledgements of what a TRUNC or SNAP takes away are forgotten |
//! | A2 | an ACK counts only on the link that gets the proposals now |
//! | S1 | TRUNC drops newer snapshots |
//! | S3 | a TRUNC that cannot be executed asks for SNAP |
//! | K1 | what is known about a peer belongs to its link |
//! | K2 | on leaving a role: disk, then tree, then vote |

#![warn(clippy::wildcard_enum_match_arm)]

#[cfg(test)]
mod bench;
pub mod broadcast;
pub mod config;
pub mod discovery;
pub mod disk;
pub mod election;
pub mod history;
pub mod leader;
pub mod learner;
pub mod message;
pub mod oracle;
pub mod output;
pub mod peer;
pub mod rules;
pub mod sync_plan;
pub mod synchronization;
pub mod view;

pub use config::Config;
pub use disk::{Done, Job, Logged, Mark, Recovered, Write};
pub use leader::{Stage, SyncChoice};
pub use learner::LearnerStage;
pub use message::{Entry, Forward, Notification, Packet, Phase, ServerState, Touch, Vote};
pub use output::{Note, Out, Reason, SyncKind, Timer};
pub use peer::{Peer, Value};
pub use rules::{Broken, Mutant, Rules, Sound};
pub use view::{LearnerView, ReignView};
