//! A disk of the protocol alone: epochs, log, and at most one state that came by SNAP.
//!
//! The same rules as [`crate::server::Disk`], for transactions that are numbers and states that
//! are the list of transactions in them.

use crate::base::{Epoch, Zxid};
use crate::zab::{Done, Entry, Job, Logged, Mark, Recovered, Write};
use alloc::vec::Vec;

/// A transaction: its place, and which of the client's writes it is.
pub type Txn = Entry<u8>;
/// The state after some transactions: these transactions.
pub type Image = Vec<Txn>;

/// What is durable at a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Disk {
    accepted_epoch: Epoch,
    current_epoch: Epoch,
    /// The newest snapshot: label and content.
    snapshot: Option<(Zxid, Image)>,
    log: Vec<Txn>,
}

impl Disk {
    /// acceptedEpoch on disk.
    #[must_use]
    pub const fn accepted_epoch(&self) -> Epoch {
        self.accepted_epoch
    }

    /// currentEpoch on disk.
    #[must_use]
    pub const fn current_epoch(&self) -> Epoch {
        self.current_epoch
    }

    /// Label and content of the snapshot.
    #[must_use]
    pub const fn snapshot(&self) -> Option<&(Zxid, Image)> {
        self.snapshot.as_ref()
    }

    /// Everything that a restart would find, oldest first.
    #[must_use]
    pub fn history(&self) -> Image {
        let (base, mut all) = self.snapshot.clone().unwrap_or_default();
        all.extend(self.log.iter().filter(|txn| txn.zxid > base).cloned());
        all
    }

    /// Makes a write durable.
    pub fn keep(&mut self, write: Write<u8, Image>) -> Mark {
        let mark = write.mark();
        match write {
            Write::Append(txn) => self.log.push(txn),
            // Not done, so that nothing is lost: who gave the order sees it (rule S3).
            Write::Truncate(zxid) if !self.leads_to(zxid) => {}
            Write::Truncate(zxid) => {
                self.log.retain(|txn| txn.zxid <= zxid);
                if self.snapshot.as_ref().is_some_and(|(label, _)| *label > zxid) {
                    self.snapshot = None;
                }
            }
            Write::Install { zxid, image } => {
                self.log.clear();
                self.snapshot = Some((zxid, image));
            }
            Write::AcceptedEpoch(epoch) => self.accepted_epoch = epoch,
            Write::CurrentEpoch(epoch) => self.current_epoch = epoch,
        }
        mark
    }

    /// Can the state after `zxid` be made from what is here? Without a snapshot the log begins
    /// with the first transaction of all.
    fn leads_to(&self, zxid: Zxid) -> bool {
        let label = self.snapshot.as_ref().map(|(label, _)| *label);
        self.log.iter().any(|txn| txn.zxid == zxid)
            || label == Some(zxid)
            || (zxid == Zxid::ZERO && label.is_none())
    }

    /// Does a job.
    #[must_use]
    pub fn work(&self, job: Job<Image>) -> Done<u8, Image> {
        match job {
            Job::ReadState => Done::State(self.recover()),
            Job::ReadLog { learner, from, to } => {
                let reaches = self.log.iter().any(|txn| txn.zxid <= from);
                let from = self.log.iter().map(|txn| txn.zxid).rfind(|at| *at <= from);
                let part = |txn: &&Txn| from.is_some_and(|from| txn.zxid >= from) && txn.zxid <= to;
                let entries = reaches.then(|| self.log.iter().filter(part).cloned().collect());
                Done::Log { learner, entries }
            }
            Job::Snapshot { zxid, .. } => Done::Snapshot(zxid),
        }
    }

    /// What a process that starts now finds.
    #[must_use]
    pub fn recover(&self) -> Recovered<u8, Image> {
        let image = self.history();
        Recovered {
            accepted_epoch: self.accepted_epoch,
            current_epoch: self.current_epoch,
            last_zxid: image.last().map_or(Zxid::ZERO, |txn| txn.zxid),
            recent: self.log.clone(),
            behind_snapshot: Logged::default(),
            image,
        }
    }
}
