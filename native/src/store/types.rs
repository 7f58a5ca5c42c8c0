//! What the store takes and gives: transactions, writes with their marks, jobs with their
//! answers, and what a store needs to know of a tree.

use bytes::Bytes;
use std::fmt::Debug;
use zabscope_core::base::{Epoch, Zxid};
use zabscope_core::wire::DecodeError;

/// A transaction as it is in a log file and on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its zxid, which is also inside `bytes`.
    pub zxid: Zxid,
    /// TxnHeader, record, digest.
    pub bytes: Bytes,
}

/// The state of a server after some transaction, as far as files are concerned. A clone is cheap:
/// it is taken for each snapshot.
pub trait Image: Clone + Debug + Send + 'static {
    /// The tree and sessions before the first transaction.
    fn empty() -> Self;
    /// The last transaction that is contained.
    fn last_zxid(&self) -> Zxid;
    /// Reads an uncompressed snapshot whose file is named after `label`. The last seal was
    /// checked already.
    fn from_snapshot(label: Zxid, bytes: Bytes) -> Result<Self, DecodeError>;
    /// The uncompressed snapshot, seals included.
    fn to_snapshot(&self) -> Bytes;
    /// Applies the transaction that follows. Must bear transactions that are contained already,
    /// because a snapshot made by Java may hold more than its name says.
    fn apply(&mut self, entry: &LogEntry) -> Result<(), DecodeError>;
}

/// One write. Writes happen in the order in which they are given.
#[derive(Clone, Debug)]
pub enum Write<I> {
    /// Appends to the log. It must be the successor of the last entry: the next counter, or counter
    /// 1 of a later epoch.
    Append(LogEntry),
    /// Forgets everything after this transaction, which must be in the log, or be the label of a
    /// snapshot, and not be below [`Recovered::oldest`].
    Truncate(Zxid),
    /// Replaces the whole history by an image that came from the leader.
    Install(I),
    /// Writes `acceptedEpoch`.
    AcceptedEpoch(Epoch),
    /// Writes `currentEpoch`.
    CurrentEpoch(Epoch),
}

/// Names what a [`Write`] made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The log up to and including this transaction.
    Log(Zxid),
    /// Nothing after this transaction is left.
    Truncated(Zxid),
    /// This image is the history.
    Installed(Zxid),
    /// `acceptedEpoch`.
    AcceptedEpoch(Epoch),
    /// `currentEpoch`.
    CurrentEpoch(Epoch),
}

impl<I: Image> Write<I> {
    /// The mark that this write will report.
    #[must_use]
    pub fn mark(&self) -> Mark {
        match self {
            Self::Append(entry) => Mark::Log(entry.zxid),
            Self::Truncate(zxid) => Mark::Truncated(*zxid),
            Self::Install(image) => Mark::Installed(image.last_zxid()),
            Self::AcceptedEpoch(epoch) => Mark::AcceptedEpoch(*epoch),
            Self::CurrentEpoch(epoch) => Mark::CurrentEpoch(*epoch),
        }
    }
}

/// Work beside the writes. It sees exactly the writes that were given before it.
#[derive(Clone, Debug)]
pub enum Job<I> {
    /// Reads the state again.
    ReadState,
    /// Reads transactions from the log files.
    ReadLog {
        /// The first one wanted is the one after this.
        after: Zxid,
        /// No more than this.
        max: usize,
    },
    /// Writes a snapshot, then purges if that is on. The log continues in a new file.
    Snapshot(I),
}

/// The answer to a [`Job`].
#[derive(Clone, Debug)]
pub enum Done<I> {
    /// To [`Job::ReadState`].
    State(Box<Recovered<I>>),
    /// To [`Job::ReadLog`].
    Log(LogPart),
    /// To [`Job::Snapshot`].
    Snapshot {
        /// The last transaction in it.
        label: Zxid,
        /// As [`Recovered::oldest`], after purging.
        oldest: Zxid,
    },
    /// A later [`Write::Truncate`] or [`Write::Install`] took away what the job was about;
    /// nothing was done.
    Stale,
}

/// A run of transactions from the log files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPart {
    /// In order, none left out.
    pub entries: Vec<LogEntry>,
    /// The transaction `after` itself is in the files (or `after` is the label of the snapshot
    /// that the files continue). If not, transactions between it and the first entry may be
    /// missing.
    pub connected: bool,
    /// Nothing durable follows the last entry.
    pub complete: bool,
}

/// What a started server finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered<I> {
    /// Every transaction of the newest snapshot and of the log, applied: accepted, not
    /// necessarily committed.
    pub image: I,
    /// The last of these transactions, as many as the store was asked to keep.
    pub recent: Vec<LogEntry>,
    /// The last transaction, or the label of the snapshot if no transaction follows it.
    pub last_zxid: Zxid,
    /// The state cannot go back below this: label of the oldest snapshot that the log continues.
    pub oldest: Zxid,
    /// `acceptedEpoch`; 0 for a standalone server.
    pub accepted_epoch: Epoch,
    /// `currentEpoch`; 0 for a standalone server.
    pub current_epoch: Epoch,
}
