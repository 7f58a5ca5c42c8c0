//! From files to state: the newest sound snapshot and the log behind it (Java: `FileSnap`,
//! `FileTxnSnapLog.restore`, `FileTxnLog.FileTxnIterator`).
//!
//! Java ends a file at the first entry that lacks its end mark and goes on with the next file, so
//! damage in the middle of a file silently takes acknowledged transactions with it. Here reading
//! ends at a bad entry only if that can be the trace of a write that was cut short: it was not
//! written completely, no sound entry follows it in the file, and the first entry of the next
//! file is the successor of the last one read. Everything else is an error with file and offset.

use super::LogEntry;
use super::disk::Loaded;
use super::error::StoreError;
use super::files::{Dirs, Named};
use super::log_reader::{Item, LogReader, first_file};
use super::snapshot;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use zabscope_core::base::Zxid;
use zabscope_core::proto::txn::TxnRecord;
use zabscope_core::tree::Image;
use zabscope_core::tree::digest::DIGEST_VERSION;
use zabscope_core::zab::Logged;

/// Snapshots that are tried, as in Java.
const SNAPSHOTS_TRIED_MAX: usize = 100;

/// What was read, and what should be done to the files so that the next reader has it easier.
pub(super) struct Replayed {
    pub image: Image,
    pub last: Zxid,
    pub recent: Vec<LogEntry>,
    pub behind_snapshot: Logged,
    pub loaded: Loaded,
    pub repairs: Vec<Repair>,
}

/// A change that loses nothing.
#[derive(Debug)]
pub(super) enum Repair {
    /// Cut an unfinished entry off.
    Cut { path: PathBuf, len: u64, why: &'static str },
    /// Delete a log file without entries: the next one may get its name.
    Delete { path: PathBuf },
}

/// Reads the state. `None`: there is no snapshot and no log entry. No entry above `up_to` is
/// read, and nothing behind it is judged: the writer may be at work there.
pub(super) fn replay(
    dirs: &Dirs,
    up_to: Option<Zxid>,
    recent_max: usize,
) -> Result<Option<Replayed>, StoreError> {
    let begin = Instant::now();
    let logs = dirs.logs()?;
    let Some(start) = load_snapshot(dirs)? else {
        return match has_entries(&logs)? {
            true => Err(StoreError::NoSnapshot { path: dirs.snap.clone() }),
            false => Ok(None),
        };
    };
    let snapshot = begin.elapsed();
    let mut run = Run {
        last: start.label,
        label: start.label,
        image: start.image,
        up_to,
        newest: None,
        recent: VecDeque::new(),
        behind_snapshot: Logged::default(),
        recent_max,
        repairs: Vec::new(),
        warned: false,
    };
    for file in &logs[first_file(&logs, start.label)..] {
        if !run.file(file)? {
            break;
        }
    }
    if let Some(damaged) = start.damaged
        && run.last < damaged.zxid
    {
        let what = format!(
            "the log behind the snapshot before it ends at {}, but the name of this snapshot \
             shows that the server had more. Restore the file or the log",
            run.last
        );
        return Err(StoreError::Damaged { path: damaged.path, offset: 0, what });
    }
    Ok(Some(run.finish(snapshot, begin.elapsed().saturating_sub(snapshot))))
}

struct Start {
    image: Image,
    label: Zxid,
    /// The newest snapshot that could not be used.
    damaged: Option<Named>,
}

fn load_snapshot(dirs: &Dirs) -> Result<Option<Start>, StoreError> {
    let mut damaged: Option<(Named, String)> = None;
    for file in dirs.snapshots()?.into_iter().rev().take(SNAPSHOTS_TRIED_MAX) {
        match snapshot::read(&file)? {
            Ok(image) => {
                let damaged = damaged.map(|(file, _)| file);
                return Ok(Some(Start { image, label: file.zxid, damaged }));
            }
            Err(why) => {
                tracing::warn!(file = %file.path.display(), why, "damaged snapshot; trying the one before it");
                damaged.get_or_insert((file, why));
            }
        }
    }
    damaged.map_or(Ok(None), |(file, why)| {
        let what = format!("{why}, and no other snapshot is sound");
        Err(StoreError::Damaged { path: file.path, offset: 0, what })
    })
}

fn has_entries(logs: &[Named]) -> Result<bool, StoreError> {
    for file in logs {
        if let Some(mut reader) = LogReader::open(&file.path)?
            && !matches!(reader.next()?, Item::End)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

struct Run {
    image: Image,
    label: Zxid,
    /// The last transaction of the state.
    last: Zxid,
    up_to: Option<Zxid>,
    /// The last entry read.
    newest: Option<LogEntry>,
    recent: VecDeque<LogEntry>,
    recent_max: usize,
    behind_snapshot: Logged,
    repairs: Vec<Repair>,
    warned: bool,
}

impl Run {
    /// Reads one file. False: `up_to` is reached.
    fn file(&mut self, file: &Named) -> Result<bool, StoreError> {
        let Some(mut reader) = LogReader::open(&file.path)? else {
            self.repairs.push(Repair::Delete { path: file.path.clone() });
            return Ok(true);
        };
        let begin = reader.offset();
        loop {
            if self.up_to.is_some_and(|up_to| self.last >= up_to) {
                return Ok(false);
            }
            let offset = reader.offset();
            match reader.next()? {
                Item::Entry(entry) => self.entry(entry, file, offset)?,
                Item::End => {
                    self.nothing_behind(&mut reader, "zeros, where the log should end")?;
                    if offset == begin {
                        self.repairs.push(Repair::Delete { path: file.path.clone() });
                    }
                    return Ok(true);
                }
                Item::Bad { why, changed } => {
                    self.bad(&mut reader, why, changed)?;
                    let path = file.path.clone();
                    self.repairs.push(match offset == begin {
                        true => Repair::Delete { path },
                        false => Repair::Cut { path, len: offset, why },
                    });
                    return Ok(true);
                }
            }
        }
    }

    fn bad(
        &self,
        reader: &mut LogReader,
        why: &'static str,
        changed: bool,
    ) -> Result<(), StoreError> {
        if changed {
            return Err(reader.damaged(format!("{why}: the disk changed it{RESTORE}")));
        }
        self.nothing_behind(reader, why)
    }

    fn nothing_behind(&self, reader: &mut LogReader, why: &'static str) -> Result<(), StoreError> {
        let at = reader.offset();
        let before = self.newest.as_ref().map_or(Zxid::ZERO, |entry| entry.zxid);
        let Some(sound) = reader.find_sound(at, before)? else { return Ok(()) };
        reader.rewind_to(at)?;
        Err(reader.hole(why, sound, before))
    }

    fn entry(&mut self, entry: LogEntry, file: &Named, offset: u64) -> Result<(), StoreError> {
        let zxid = entry.zxid;
        if self.newest.as_ref() == Some(&entry) {
            tracing::warn!(file = %file.path.display(), offset, %zxid, "the same entry twice");
            return Ok(());
        }
        let damaged = |what: String| StoreError::Damaged { path: file.path.clone(), offset, what };
        if zxid > self.label {
            if zxid <= self.last {
                return Err(damaged(format!("{zxid} comes after {}{RESTORE}", self.last)));
            }
            if !zxid.follows(self.last) {
                let (path, before) = (file.path.clone(), self.last);
                return Err(StoreError::Gap { path, before, found: zxid });
            }
            let record = TxnRecord::from_all(entry.payload.clone())
                .map_err(|error| damaged(format!("{zxid} cannot be read: {error}")))?;
            self.image.apply(&record);
            self.check_digest(&record, file);
            self.last = zxid;
            self.behind_snapshot.txns += 1;
            self.behind_snapshot.bytes += entry.payload.len() as u64;
        }
        self.remember(entry);
        Ok(())
    }

    /// A difference means that this server's tree is not that of the server that wrote the log;
    /// nothing on disk can mend it.
    fn check_digest(&mut self, record: &TxnRecord, file: &Named) {
        let Some(digest) = record.digest else { return };
        let differs = digest.version == DIGEST_VERSION && digest.tree != self.image.tree.digest();
        if differs && !self.warned {
            self.warned = true;
            let (file, zxid) = (file.path.display(), record.header.zxid);
            tracing::warn!(%file, %zxid, "the tree has not the digest that the log names");
        }
    }

    fn remember(&mut self, entry: LogEntry) {
        if self.newest.as_ref().is_some_and(|newest| !entry.zxid.follows(newest.zxid)) {
            self.recent.clear();
        }
        self.newest = Some(entry.clone());
        self.recent.push_back(entry);
        if self.recent.len() > self.recent_max {
            self.recent.pop_front();
        }
    }

    fn finish(mut self, snapshot: Duration, log: Duration) -> Replayed {
        // Entries that end below the snapshot are not the history that led to it for sure.
        if self.recent.back().is_some_and(|entry| entry.zxid != self.last) {
            self.recent.clear();
        }
        let txns = self.behind_snapshot.txns;
        Replayed {
            image: self.image,
            last: self.last,
            recent: self.recent.into(),
            behind_snapshot: self.behind_snapshot,
            loaded: Loaded { snapshot, log, txns, took: snapshot + log },
            repairs: self.repairs,
        }
    }
}

/// What to do about damage.
pub(super) const RESTORE: &str = ". Restore the file from a copy, or empty dataDir and dataLogDir so that the \
                       server copies its state from the leader (only if a quorum of the others is \
                       sound)";

/// Is there a snapshot from which the log leads to `zxid` without a hole, or which is `zxid`?
pub(super) fn is_reachable(dirs: &Dirs, zxid: Zxid) -> Result<bool, StoreError> {
    let snapshots = dirs.snapshots()?;
    if snapshots.iter().any(|file| file.zxid == zxid) {
        return Ok(true);
    }
    // First and last of the newest run of entries without a hole.
    let mut run: Option<(Zxid, Zxid)> = None;
    for file in dirs.logs()?.iter().filter(|file| file.zxid <= zxid) {
        let Some(mut reader) = LogReader::open(&file.path)? else { continue };
        while let Item::Entry(entry) = reader.next()? {
            if entry.zxid > zxid {
                break;
            }
            let first = run.filter(|(_, last)| entry.zxid.follows(*last));
            run = Some((first.map_or(entry.zxid, |(first, _)| first), entry.zxid));
        }
    }
    let Some((first, last)) = run else { return Ok(false) };
    let leads_on = |label: Zxid| label < zxid && (label >= first || first.follows(label));
    Ok(last == zxid && snapshots.iter().any(|file| leads_on(file.zxid)))
}
