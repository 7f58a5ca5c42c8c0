//! What applications build from znodes, sessions and watches: locks and elections (ZooKeeper
//! documentation, "Recipes and Solutions"; Curator's `LockInternals`).
//!
//! A recipe is a small machine beside a [`crate::client::Client`]. It hears what the client tells
//! its owner and asks requests of its own, one at a time. It must live with three things:
//!
//! * **An unknown outcome.** `ConnectionLoss` on a write means: maybe. A recipe looks before it
//!   writes again. It looks behind a write of its own that is refused, because the next server may
//!   be behind the first one, or the leader may not have committed it yet (a `sync` does not wait
//!   for that): a read there would take a znode that will exist for one that does not.
//! * **The end of the session.** Its ephemerals are gone, and somebody else may be in their place
//!   long before the client hears of it: a lock is a lease. [`Place::token`] is a number that
//!   grows with every holder, for the protected resource to compare.
//! * **An event says "look again"**, nothing more.
//!
//! [`Lock`] and [`Election`] are the same thing under two names, a [`Place`] in a queue where
//! everybody watches only the one before: one change wakes one client. [`NaiveLock`] is the
//! textbook's first try, where one change wakes everybody; [`Counts`] makes the difference
//! visible. [`Worker`] is a client that runs one of them in a loop, as one node.

mod ask;
mod election;
mod lock;
mod naive_lock;
mod place;
mod program;

#[cfg(test)]
mod tests;

pub use ask::{Ask, Counts, Phase};
pub use election::Election;
pub use lock::Lock;
pub use naive_lock::NaiveLock;
pub use place::Place;
pub use program::{Config, Note, Program, Recipe, Timer, Turns, Worker, WorkerCall};
