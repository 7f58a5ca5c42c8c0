//! Watches: who waits for which change, and what they are told (Java: `WatchManager`,
//! `WatcherMode`, the triggering half of `DataTree`).
//!
//! A watch belongs to a connection of this server; it is never replicated. A connection holds up
//! to four kinds of watches on one path, side by side: one-shot data and child watches,
//! persistent, and persistent recursive.

mod catch_up;
mod fire;
mod table;

pub use catch_up::{Rearm, ZnodeTimes};
pub use fire::{Notice, Subject, ZnodeEvent};
pub use table::{WatchKind, WatchKinds, WatchTable};

#[cfg(test)]
mod tests;
