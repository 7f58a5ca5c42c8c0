//! The files of one server: recovery at the start, then writes and jobs, one call at a time. The
//! threads are in [`writer`](super::writer).

use super::LogEntry;
use super::epochs::EpochFiles;
use super::error::StoreError;
use super::files::{
    self, Dirs, Lock, Named, Packing, create_dir, publish_tmp, remove, remove_leftovers, tmp_name,
    write_tmp,
};
use super::install;
use super::log_reader::{first_file, read_run};
use super::log_writer::LogWriter;
use super::replay::{Repair, Replayed, replay};
use super::snapshot;
use crate::config::{Compression, Config, Mode};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use zabscope_core::base::limits::{DIFF_FROM_LOG_BYTES_MAX, DIFF_FROM_LOG_TXNS_MAX};
use zabscope_core::base::{Epoch, Zxid};
use zabscope_core::server::message::{Done, Job, Recovered};
use zabscope_core::tree::Image;

/// What the store needs of the configuration.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `dataDir`
    pub data_dir: PathBuf,
    /// `dataLogDir`
    pub data_log_dir: PathBuf,
    /// Step of preallocation in bytes; 0 = none.
    pub pre_alloc_bytes: u64,
    /// Size above which a log file is followed by a new one.
    pub log_bytes_max: Option<u64>,
    /// Transactions to keep in memory after a start.
    pub recent_max: usize,
    /// Snapshots to keep; `None` = keep all.
    pub retain: Option<usize>,
    /// Form of new snapshots.
    pub compression: Compression,
    /// A log without a snapshot begins with the first transaction of all.
    pub trust_empty_snapshot: bool,
    /// A standalone server has no epoch files.
    pub standalone: bool,
}

impl StoreConfig {
    /// The settings of a `zoo.cfg`. With purging on, old files go after each snapshot.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        Self {
            data_dir: config.data_dir.clone(),
            data_log_dir: config.data_log_dir.clone(),
            pre_alloc_bytes: u64::from(config.pre_alloc_kb) * 1024,
            log_bytes_max: config.txn_log_size_limit_kb.map(|kb| kb.saturating_mul(1024)),
            recent_max: config.commit_log_count,
            retain: (config.autopurge.interval.0 > 0).then_some(config.autopurge.retain),
            compression: config.compression,
            trust_empty_snapshot: config.trust_empty_snapshot,
            standalone: config.mode == Mode::Standalone,
        }
    }
}

/// What writes and jobs share.
#[derive(Debug)]
pub(super) struct Files {
    pub dirs: Dirs,
    pub config: StoreConfig,
    history: Mutex<History>,
    no_readers: Condvar,
    _locks: Vec<Lock>,
}

/// Held by whoever takes history away, and by jobs that depend on it being there.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Counts truncations and installations: a snapshot that was ordered before one is void.
    pub generation: u64,
    /// Reading jobs that were given and not done: history is not taken away meanwhile.
    readers: usize,
    /// The thread that does the jobs has ended, so none of those that were given will be done.
    abandoned: bool,
}

/// What a job may see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Horizon {
    generation: u64,
    /// The last transaction that was durable when the job was given.
    last: Zxid,
}

/// What a start took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// All of it.
    pub took: Duration,
    /// Reading the snapshot.
    pub snapshot: Duration,
    /// Reading the log behind it.
    pub log: Duration,
    /// Transactions of that log.
    pub txns: u64,
}

/// What [`open`] gives.
type Opened = (Files, LogWriter, Recovered, Loaded);

/// Locks the directories, makes what is missing, recovers.
pub(super) fn open(config: StoreConfig) -> Result<Opened, StoreError> {
    let begin = Instant::now();
    let dirs = Dirs::of(&config);
    create_dir(&dirs.snap)?;
    create_dir(&dirs.log)?;
    let locks = lock(&config, &dirs)?;
    let history = Mutex::new(History::default());
    let files = Files { dirs, config, history, no_readers: Condvar::new(), _locks: locks };
    install::finish(&files.dirs)?;
    remove_leftovers(&files.dirs.snap)?;
    let found = match files.replay(None) {
        Ok(Some(found)) => found,
        Err(StoreError::NoSnapshot { .. }) if files.config.trust_empty_snapshot => {
            tracing::warn!("there is no snapshot: starting from nothing (snapshot.trust.empty)");
            files.write_empty_snapshot()?;
            files.replay(None)?.expect("a snapshot was just written")
        }
        Err(error) => return Err(error),
        Ok(None) => {
            // A log without a snapshot is refused at the next start, so this one comes first.
            files.write_empty_snapshot()?;
            files.replay(None)?.expect("a snapshot was just written")
        }
    };
    files.repair(&found.repairs)?;
    let epochs = EpochFiles::new(&files.dirs.snap);
    let (accepted_epoch, current_epoch) = match files.config.standalone {
        true => (Epoch(0), Epoch(0)),
        false => epochs.recover(found.last.epoch())?,
    };
    let StoreConfig { pre_alloc_bytes, log_bytes_max, .. } = files.config;
    let log = LogWriter::new(files.dirs.clone(), pre_alloc_bytes, log_bytes_max, found.last);
    let loaded = Loaded { took: begin.elapsed(), ..found.loaded };
    Ok((files, log, recovered(found, accepted_epoch, current_epoch), loaded))
}

/// Locks both directories.
pub(super) fn lock(config: &StoreConfig, dirs: &Dirs) -> Result<Vec<Lock>, StoreError> {
    let mut locks = vec![Lock::take(&config.data_dir)?];
    if dirs.snap != dirs.log {
        locks.push(Lock::take(&config.data_log_dir)?);
        refuse_misplaced(dirs)?;
    }
    Ok(locks)
}

fn recovered(found: Replayed, accepted_epoch: Epoch, current_epoch: Epoch) -> Recovered {
    let Replayed { image, last: last_zxid, recent, behind_snapshot, .. } = found;
    let image = image.into();
    Recovered { accepted_epoch, current_epoch, last_zxid, recent, behind_snapshot, image }
}

/// With two directories, a file in the wrong one is an error of configuration: reading on would
/// miss it.
fn refuse_misplaced(dirs: &Dirs) -> Result<(), StoreError> {
    let swapped = Dirs { snap: dirs.log.clone(), log: dirs.snap.clone() };
    if let Some(Named { path, .. }) = swapped.snapshots()?.pop() {
        return Err(StoreError::Misplaced { path, dir: dirs.snap.clone() });
    }
    match swapped.logs()?.pop() {
        Some(Named { path, .. }) => Err(StoreError::Misplaced { path, dir: dirs.log.clone() }),
        None => Ok(()),
    }
}

impl Files {
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().expect(NO_PANIC)
    }

    /// To be called when a job is given, with the last transaction that is durable.
    pub(super) fn horizon(&self, job: &Job, last: Zxid) -> Horizon {
        let mut history = self.history();
        history.readers += usize::from(reads(job));
        Horizon { generation: history.generation, last }
    }

    /// Waits for the jobs that read. Until the guard is dropped no snapshot appears; then those
    /// that were ordered before do not appear any more.
    pub(super) fn take_away(&self) -> MutexGuard<'_, History> {
        let busy = |history: &mut History| history.readers > 0 && !history.abandoned;
        let mut history = self.no_readers.wait_while(self.history(), busy).expect(NO_PANIC);
        history.generation += 1;
        history
    }

    /// Does a job. After an error no other may be done.
    pub(super) fn work(&self, job: Job, horizon: Horizon) -> Result<Done, StoreError> {
        let reads = reads(&job);
        let done = self.try_work(job, horizon)?;
        self.history().readers -= usize::from(reads);
        self.no_readers.notify_all();
        Ok(done)
    }

    /// To be held by the thread that does the jobs: however it ends, nobody waits for the jobs that
    /// it has not done.
    pub(super) fn worker(&self) -> Worker<'_> {
        Worker(self)
    }

    fn try_work(&self, job: Job, horizon: Horizon) -> Result<Done, StoreError> {
        match job {
            Job::ReadState => self.read_state(horizon.last),
            Job::ReadLog { learner, from, to } => {
                let durable = to <= horizon.last;
                let entries = if durable { self.read_log(from, to)? } else { None };
                Ok(Done::Log { learner, entries })
            }
            Job::Snapshot { zxid, image } => {
                self.prepare_snapshot(zxid, &image)?;
                self.publish_snapshot(zxid, horizon)?;
                Ok(Done::Snapshot(zxid))
            }
        }
    }

    /// Gives a prepared snapshot its name, unless the history that it belongs to was taken away.
    fn publish_snapshot(&self, label: Zxid, horizon: Horizon) -> Result<(), StoreError> {
        let history = self.history();
        let path = self.snapshot_path(label);
        if history.generation != horizon.generation {
            tracing::info!(%label, "the snapshot is void: its history was cut or replaced");
            return remove(&tmp_name(&path));
        }
        publish_tmp(&path)?;
        self.config.retain.map_or(Ok(()), |retain| self.purge(retain))
    }

    fn replay(&self, up_to: Option<Zxid>) -> Result<Option<Replayed>, StoreError> {
        replay(&self.dirs, up_to, self.config.recent_max)
    }

    fn repair(&self, repairs: &[Repair]) -> Result<(), StoreError> {
        for repair in repairs {
            match repair {
                Repair::Cut { path, len, why } => {
                    let file = path.display();
                    tracing::warn!(%file, offset = len, why, "cutting off an unfinished entry");
                    files::cut(path, *len)?;
                }
                Repair::Delete { path } => {
                    tracing::info!(file = %path.display(), "deleting a log file without entries");
                    remove(path)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn packing(&self) -> Packing {
        match self.config.compression {
            Compression::None => Packing::Plain,
            Compression::Gz => Packing::Gz,
            Compression::Snappy => Packing::Snappy,
        }
    }

    fn snapshot_path(&self, label: Zxid) -> PathBuf {
        self.dirs.snapshot_file(label, self.packing())
    }

    /// Writes the file under its temporary name, which a start deletes.
    fn prepare_snapshot(&self, label: Zxid, image: &Image) -> Result<(), StoreError> {
        write_tmp(&self.snapshot_path(label), |out| snapshot::write(image, self.packing(), out))
    }

    fn write_empty_snapshot(&self) -> Result<(), StoreError> {
        self.prepare_snapshot(Zxid::ZERO, &Image::new())?;
        publish_tmp(&self.snapshot_path(Zxid::ZERO))
    }

    /// Deletes all but the newest snapshots, and the log files that only hold what the oldest of
    /// these contains (Java: `PurgeTxnLog`).
    fn purge(&self, retain: usize) -> Result<(), StoreError> {
        let snapshots = self.dirs.snapshots()?;
        let (old, kept) = snapshots.split_at(snapshots.len().saturating_sub(retain));
        let Some(floor) = kept.first().map(|file| file.zxid) else { return Ok(()) };
        // Logs first: a log without the snapshot before it is of no use, a snapshot without the
        // log behind it would look like a hole.
        let logs = self.dirs.logs()?;
        for file in logs[..first_file(&logs, floor)].iter().chain(old) {
            remove(&file.path)?;
        }
        Ok(())
    }

    /// What a start would find now, if nothing above `up_to` had been written.
    fn read_state(&self, up_to: Zxid) -> Result<Done, StoreError> {
        let found = self.replay(Some(up_to))?;
        let found = found.ok_or_else(|| StoreError::NoSnapshot { path: self.dirs.snap.clone() })?;
        let (accepted, current) = EpochFiles::new(&self.dirs.snap).read()?;
        Ok(Done::State(recovered(found, accepted, current)))
    }

    /// The entries from the last one at or below `from` up to `to`. `None` if the files do not
    /// hold them all, or hold too many.
    fn read_log(&self, from: Zxid, to: Zxid) -> Result<Option<Vec<LogEntry>>, StoreError> {
        let mut entries: Vec<LogEntry> = Vec::new();
        let mut whole = true;
        let mut bytes = 0;
        read_run(&self.dirs.logs()?, from, |entry| {
            if entry.zxid > to {
                return false;
            }
            if entry.zxid <= from {
                entries.clear();
                bytes = 0;
            }
            bytes += entry.payload.len();
            whole = entries.last().is_none_or(|last| entry.zxid.follows(last.zxid))
                && entries.len() <= DIFF_FROM_LOG_TXNS_MAX
                && bytes <= DIFF_FROM_LOG_BYTES_MAX;
            entries.push(entry);
            whole
        })?;
        let reaches = |entry: Option<&LogEntry>, is: fn(&Zxid, &Zxid) -> bool, zxid| {
            entry.is_some_and(|entry| is(&entry.zxid, &zxid))
        };
        let found = whole
            && reaches(entries.first(), Zxid::le, from)
            && reaches(entries.last(), Zxid::eq, to);
        Ok(found.then_some(entries))
    }
}

/// See [`Files::worker`].
pub(super) struct Worker<'a>(&'a Files);

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        // It is poisoned if a panic ends the thread.
        let history = self.0.history.lock();
        history.unwrap_or_else(PoisonError::into_inner).abandoned = true;
        self.0.no_readers.notify_all();
    }
}

fn reads(job: &Job) -> bool {
    match job {
        Job::ReadState | Job::ReadLog { .. } => true,
        Job::Snapshot { .. } => false,
    }
}

const NO_PANIC: &str = "a panic of a disk thread ends the server";
