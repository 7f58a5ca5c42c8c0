//! A server's disk in the simulator: what is here survives a crash. The real one writes the same
//! content as files of Apache's format.

use super::log_file::LogFile;
use super::message::{Done, Job, Payload, Recovered, Write};
use crate::base::limits::{DIFF_FROM_LOG_BYTES_MAX, DIFF_FROM_LOG_TXNS_MAX, RECENT_TXNS};
use crate::base::{Epoch, Map, Zxid};
use crate::proto::txn::TxnRecord;
use crate::tree::Image;
use crate::zab::{Entry, Logged, Mark};
use alloc::vec::Vec;

/// Snapshots, log and epochs, as they are durable.
///
/// The log is a map of versions' bytes that are shared, so a copy costs a pointer an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    accepted_epoch: Epoch,
    current_epoch: Epoch,
    snapshots: Map<Zxid, Image>,
    log: Map<Zxid, Payload>,
    /// The bytes that `log` was read from, in the checks that look at them.
    file: Option<LogFile>,
}

impl Disk {
    /// An empty disk whose log is this file.
    #[must_use]
    pub fn with_file(file: LogFile) -> Self {
        Self { file: Some(file), ..Self::default() }
    }

    /// Makes one write durable.
    pub fn keep(&mut self, write: Write) -> Mark {
        let mark = write.mark();
        // A history that does not lead there stays whole: it may count in a quorum. Who gave the
        // order sees by reading the state that it was not done (rule S3).
        if let Write::Truncate(zxid) = write
            && !self.leads_to(zxid)
        {
            return mark;
        }
        let readable = self.file.as_mut().map(|file| file.write(&write));
        match write {
            Write::Append(entry) => {
                self.log.insert(entry.zxid, entry.payload);
            }
            Write::Truncate(zxid) => {
                self.log.truncate_from(&zxid.next());
                self.snapshots.truncate_from(&zxid.next());
            }
            Write::Install { zxid, image } => {
                self.log.clear();
                self.snapshots.clear();
                self.snapshots.insert(zxid, *image);
            }
            Write::AcceptedEpoch(epoch) => self.accepted_epoch = epoch,
            Write::CurrentEpoch(epoch) => self.current_epoch = epoch,
        }
        if let Some(log) = readable {
            self.log = log;
        }
        mark
    }

    /// Can the state after `zxid` be made from what is here?
    fn leads_to(&self, zxid: Zxid) -> bool {
        if self.log.contains_key(&zxid) || self.snapshots.contains_key(&zxid) {
            return true;
        }
        // The empty state, if the log begins with the first transaction of all: an installed
        // state has no log before it.
        let oldest = self.snapshots.keys().next();
        let first = self.log.keys().next();
        zxid == Zxid::ZERO && oldest.is_none_or(|oldest| first.is_some_and(|f| f <= oldest))
    }

    /// About how many bytes a copy takes: the contents of entries and trees are shared.
    #[must_use]
    pub fn copied_bytes(&self) -> u64 {
        (self.log.len() * size_of::<(Zxid, Payload)>()) as u64
    }

    /// Does disk work.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn work(&mut self, job: Job) -> Done {
        match job {
            Job::ReadState => Done::State(self.recover()),
            Job::ReadLog { learner, from, to } => {
                Done::Log { learner, entries: self.read_log(from, to) }
            }
            Job::Snapshot { zxid, image } => {
                self.snapshots.insert(zxid, *image);
                Done::Snapshot(zxid)
            }
        }
    }

    fn read_log(&self, from: Zxid, to: Zxid) -> Option<Vec<Entry<Payload>>> {
        // The first entry read must be at or below `from`, else transactions could be missing.
        let (start, _) = self.log.at_or_before(&from)?;
        let range = self.log.from(start).take_while(|(zxid, _)| **zxid <= to);
        let entries: Vec<_> = range
            .take(DIFF_FROM_LOG_TXNS_MAX + 1)
            .map(|(zxid, payload)| Entry { zxid: *zxid, payload: payload.clone() })
            .collect();
        let bytes: usize = entries.iter().map(|entry| entry.payload.len()).sum();
        let fits = entries.len() <= DIFF_FROM_LOG_TXNS_MAX && bytes <= DIFF_FROM_LOG_BYTES_MAX;
        fits.then_some(entries)
    }

    /// What a process that starts now finds: the newest snapshot and the log behind it.
    #[must_use]
    pub fn recover(&self) -> Recovered {
        let mut image =
            self.snapshots.last_key_value().map_or_else(Image::new, |(_, image)| image.clone());
        let base = image.zxid;
        let mut behind_snapshot = Logged::default();
        for payload in self.log.from(&base.next()).map(|(_, payload)| payload) {
            behind_snapshot.txns += 1;
            behind_snapshot.bytes += payload.len() as u64;
            let record = TxnRecord::from_all(payload.clone());
            image.apply(&record.expect("the log holds what this engine encoded"));
        }
        let recent: Vec<Entry<Payload>> = self
            .log
            .iter()
            .rev()
            .take(RECENT_TXNS)
            .map(|(zxid, payload)| Entry { zxid: *zxid, payload: payload.clone() })
            .collect();
        Recovered {
            accepted_epoch: self.accepted_epoch,
            current_epoch: self.current_epoch,
            last_zxid: image.zxid,
            recent: recent.into_iter().rev().collect(),
            behind_snapshot,
            image: image.into(),
        }
    }

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

    /// The log on disk, oldest first.
    pub fn log(&self) -> impl DoubleEndedIterator<Item = (Zxid, &Payload)> {
        self.log.iter().map(|(zxid, payload)| (*zxid, payload))
    }

    /// Is the transaction here, in the log or in a snapshot?
    #[must_use]
    pub fn holds(&self, zxid: Zxid) -> bool {
        let snapshot = self.snapshots.last_key_value().map(|(last, _)| *last);
        self.log.contains_key(&zxid) || snapshot.is_some_and(|last| zxid <= last)
    }

    /// Zxids of the snapshots on disk.
    pub fn snapshots(&self) -> impl Iterator<Item = Zxid> {
        self.snapshots.keys().copied()
    }

    /// Last zxid of the history on disk.
    #[must_use]
    pub fn last_zxid(&self) -> Zxid {
        let log = self.log.last_key_value().map_or(Zxid::ZERO, |(zxid, _)| *zxid);
        let snapshot = self.snapshots.last_key_value().map_or(Zxid::ZERO, |(zxid, _)| *zxid);
        log.max(snapshot)
    }
}
