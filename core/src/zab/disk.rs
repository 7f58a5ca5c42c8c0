//! What a server keeps on disk, and what it asks of it.
//!
//! Writes are FIFO. That is what rule D2 needs: "history up to z, then currentEpoch" are two
//! writes in this order, so a crash between them leaves a longer history under an older epoch,
//! which recovery repairs, and never the reverse.

use super::message::Entry;
use crate::base::{Epoch, Sid, Zxid};
use alloc::vec::Vec;

/// One write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Write<P, I> {
    /// Add to the end of the log.
    Append(Entry<P>),
    /// Cut the log behind this zxid, and drop every snapshot labelled above it: reloading one
    /// would bring back what was cut (ZOOKEEPER-4837).
    Truncate(Zxid),
    /// A state that came by SNAP replaces everything.
    Install {
        /// Last zxid in it.
        zxid: Zxid,
        /// The state.
        image: I,
    },
    /// The last epoch promised.
    AcceptedEpoch(Epoch),
    /// The last epoch whose history was adopted.
    CurrentEpoch(Epoch),
}

impl<P, I> Write<P, I> {
    /// What is durable once this write is.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        match self {
            Self::Append(entry) => Mark::Log(entry.zxid),
            Self::Truncate(zxid) => Mark::Truncated(*zxid),
            Self::Install { zxid, .. } => Mark::Installed(*zxid),
            Self::AcceptedEpoch(epoch) => Mark::AcceptedEpoch(*epoch),
            Self::CurrentEpoch(epoch) => Mark::CurrentEpoch(*epoch),
        }
    }
}

/// Durable content, by name. One for each write, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// The log up to this zxid.
    Log(Zxid),
    /// The cut of a TRUNC.
    Truncated(Zxid),
    /// The state of a SNAP.
    Installed(Zxid),
    /// acceptedEpoch.
    AcceptedEpoch(Epoch),
    /// currentEpoch.
    CurrentEpoch(Epoch),
}

/// Work of the disk beside the FIFO.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Job<I> {
    /// Replay snapshot and log, as after a restart.
    ReadState,
    /// Read transactions for the DIFF of a learner that is behind the ones in memory.
    ReadLog {
        /// For whom.
        learner: Sid,
        /// The learner's last zxid: the first entry returned is the one with this zxid.
        from: Zxid,
        /// Read up to this one, which is in memory.
        to: Zxid,
    },
    /// Write a snapshot in the background. Older snapshots and the log stay until it is whole.
    Snapshot {
        /// Last zxid in it.
        zxid: Zxid,
        /// The state.
        image: I,
    },
}

/// A job's result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Done<P, I> {
    /// Of `ReadState`.
    State(Recovered<P, I>),
    /// Of `ReadLog`: entries from the learner's zxid on without a hole, or `None` if the files do
    /// not hold them (or hold too many): then only SNAP helps.
    Log {
        /// For whom.
        learner: Sid,
        /// The entries.
        entries: Option<Vec<Entry<P>>>,
    },
    /// Of `Snapshot`.
    Snapshot(Zxid),
}

/// What a process finds on its disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recovered<P, I> {
    /// The last epoch promised.
    pub accepted_epoch: Epoch,
    /// The last epoch whose history was adopted.
    pub current_epoch: Epoch,
    /// Last zxid of snapshot and log: the end of the history, committed or not.
    pub last_zxid: Zxid,
    /// The newest entries of the log, without a hole, ending at `last_zxid`; empty if the history
    /// came by snapshot. At most [`crate::base::limits::RECENT_TXNS`].
    pub recent: Vec<Entry<P>>,
    /// What the log holds behind the newest snapshot.
    pub behind_snapshot: Logged,
    /// The state after `last_zxid`.
    pub image: I,
}

/// How much of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Logged {
    /// Transactions.
    pub txns: u64,
    /// Their bytes.
    pub bytes: u64,
}
