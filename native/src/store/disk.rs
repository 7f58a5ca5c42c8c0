//! The files of one server: recovery at the start, then writes and jobs, one call at a time. The
//! threads are in [`writer`](super::writer).

use super::epochs::EpochFiles;
use super::error::StoreError;
use super::files::{
    self, Dirs, Lock, Named, Packing, create_dir, publish_tmp, remove, remove_leftovers, tmp_name,
    write_tmp,
};
use super::install;
use super::log_reader::{first_file, read_run};
use super::log_writer::LogWriter;
use super::replay::{Repair, Replayed, oldest_connected, replay};
use super::snapshot;
use super::types::{Done, Image, Job, LogPart, Recovered};
use crate::config::{Compression, Config, Mode};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use zabscope_core::base::limits::RECENT_TXNS;
use zabscope_core::base::{Epoch, Zxid};

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
    /// Transactions to keep in [`Recovered::recent`].
    pub recent_max: usize,
    /// Snapshots to keep; `None` = keep all.
    pub retain: Option<usize>,
    /// Form of new snapshots.
    pub compression: Compression,
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
            recent_max: RECENT_TXNS.min(config.commit_log_count as usize),
            retain: (config.autopurge.interval.0 > 0).then_some(config.autopurge.retain),
            compression: config.compression,
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
    _locks: Vec<Lock>,
}

/// Held by whoever takes history away, and by jobs that depend on it being there.
#[derive(Debug)]
pub(super) struct History {
    /// Counts truncations and installations: a job that was given before one is void after it.
    pub generation: u64,
    /// See [`Recovered::oldest`].
    pub oldest: Zxid,
}

/// What a job may see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Horizon {
    pub generation: u64,
    /// The last transaction that was durable when the job was given.
    pub last: Zxid,
}

/// Locks the directories, makes what is missing, recovers.
pub(super) fn open<I: Image>(
    config: StoreConfig,
) -> Result<(Files, LogWriter, Recovered<I>), StoreError> {
    let dirs = Dirs {
        snap: config.data_dir.join("version-2"),
        log: config.data_log_dir.join("version-2"),
    };
    create_dir(&dirs.snap)?;
    create_dir(&dirs.log)?;
    let mut locks = vec![Lock::take(&config.data_dir)?];
    if dirs.snap != dirs.log {
        locks.push(Lock::take(&config.data_log_dir)?);
        refuse_misplaced(&dirs)?;
    }
    let history = Mutex::new(History { generation: 0, oldest: Zxid::ZERO });
    let files = Files { dirs, config, history, _locks: locks };
    install::finish(&files.dirs)?;
    remove_leftovers(&files.dirs.snap)?;
    let found = match files.replay::<I>(None)? {
        Some(found) => found,
        None => {
            // A log without a snapshot is refused at the next start, so this one comes first.
            let empty = I::empty();
            files.prepare_snapshot(&empty)?;
            publish_tmp(&files.snapshot_path(empty.last_zxid()))?;
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
    let oldest = oldest_connected(&files.dirs, found.label)?;
    files.history().oldest = oldest;
    Ok((files, log, recovered(found, oldest, accepted_epoch, current_epoch)))
}

fn recovered<I>(
    found: Replayed<I>,
    oldest: Zxid,
    accepted_epoch: Epoch,
    current_epoch: Epoch,
) -> Recovered<I> {
    let Replayed { image, last, recent, .. } = found;
    Recovered { image, recent, last_zxid: last, oldest, accepted_epoch, current_epoch }
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
    /// Waits until no job reads and no write takes history away.
    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().expect("a panic of a disk thread ends the server")
    }

    /// Does a job.
    pub(super) fn work<I: Image>(
        &self,
        job: Job<I>,
        horizon: Horizon,
    ) -> Result<Done<I>, StoreError> {
        // The image is written before the lock is taken: that may last minutes.
        if let Job::Snapshot(image) = &job {
            self.prepare_snapshot(image)?;
        }
        let mut history = self.history();
        let stale = history.generation != horizon.generation;
        match job {
            Job::Snapshot(image) if stale => {
                remove(&tmp_name(&self.snapshot_path(image.last_zxid())))?;
                Ok(Done::Stale)
            }
            Job::ReadState | Job::ReadLog { .. } if stale => Ok(Done::Stale),
            Job::Snapshot(image) => {
                let label = image.last_zxid();
                publish_tmp(&self.snapshot_path(label))?;
                if let Some(retain) = self.config.retain {
                    history.oldest = self.purge(retain, history.oldest)?;
                }
                Ok(Done::Snapshot { label, oldest: history.oldest })
            }
            Job::ReadState => self.read_state(horizon.last, history.oldest),
            Job::ReadLog { after, max } => self.read_log(after, max, horizon.last).map(Done::Log),
        }
    }

    fn replay<I: Image>(&self, up_to: Option<Zxid>) -> Result<Option<Replayed<I>>, StoreError> {
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
    fn prepare_snapshot<I: Image>(&self, image: &I) -> Result<(), StoreError> {
        let content = snapshot::pack(&image.to_snapshot(), self.packing());
        write_tmp(&self.snapshot_path(image.last_zxid()), &content)
    }

    /// Deletes all but the newest snapshots, and the log files that only hold what the oldest of
    /// these contains (Java: `PurgeTxnLog`).
    fn purge(&self, retain: usize, oldest: Zxid) -> Result<Zxid, StoreError> {
        let snapshots = self.dirs.snapshots()?;
        let (old, kept) = snapshots.split_at(snapshots.len().saturating_sub(retain));
        let Some(floor) = kept.first().map(|file| file.zxid) else { return Ok(oldest) };
        for file in old {
            remove(&file.path)?;
        }
        let logs = self.dirs.logs()?;
        for file in &logs[..first_file(&logs, floor)] {
            remove(&file.path)?;
        }
        Ok(oldest.max(floor))
    }

    /// What a start would find now, if nothing above `up_to` had been written.
    fn read_state<I: Image>(&self, up_to: Zxid, oldest: Zxid) -> Result<Done<I>, StoreError> {
        let found = self.replay(Some(up_to))?;
        let found = found.ok_or_else(|| StoreError::NoSnapshot { path: self.dirs.snap.clone() })?;
        let (accepted, current) = EpochFiles::new(&self.dirs.snap).read()?;
        Ok(Done::State(Box::new(recovered(found, oldest, accepted, current))))
    }

    fn read_log(&self, after: Zxid, max: usize, up_to: Zxid) -> Result<LogPart, StoreError> {
        let logs = self.dirs.logs()?;
        let snapshots = self.dirs.snapshots()?;
        let is_label = |zxid| snapshots.iter().any(|file| file.zxid == zxid);
        let mut part = LogPart { connected: is_label(after), ..LogPart::default() };
        let (mut newest, mut more) = (Zxid::ZERO, false);
        read_run(&logs, after, |entry| {
            if entry.zxid > up_to {
                return false;
            }
            newest = entry.zxid;
            part.connected |= newest == after;
            if newest > after {
                more = part.entries.len() == max;
                if more {
                    return false;
                }
                part.entries.push(entry);
            }
            true
        })?;
        part.complete = !more;
        if !more && newest < up_to && !is_label(up_to) {
            let path = logs.last().map_or_else(|| self.dirs.log.clone(), |file| file.path.clone());
            let what = format!("the log up to {up_to} was durable, but ends at {newest}");
            return Err(StoreError::Damaged { path, offset: 0, what });
        }
        Ok(part)
    }
}
