//! Names of files, listing them, and changes of a directory that survive a power cut.
//!
//! Java does not fsync directories. Without it the *name* of a fsynced file can be lost, and the
//! transactions in it, so every creation, rename and deletion here is followed by one.

use super::disk::StoreConfig;
use super::error::{During, StoreError};
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use zabscope_core::base::Zxid;

/// Where the files of one server are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dirs {
    /// `<dataDir>/version-2`: snapshots and epochs.
    pub snap: PathBuf,
    /// `<dataLogDir>/version-2`: logs.
    pub log: PathBuf,
}

/// How a snapshot file is compressed; the last part of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gz,
    Snappy,
}

impl Packing {
    /// The last part of the name.
    fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gz => ".gz",
            Self::Snappy => ".snappy",
        }
    }
}

/// A snapshot or log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub path: PathBuf,
    pub zxid: Zxid,
    pub packing: Packing,
}

impl Dirs {
    pub(super) fn of(config: &StoreConfig) -> Self {
        Self { snap: config.data_dir.join("version-2"), log: config.data_log_dir.join("version-2") }
    }

    pub(super) fn log_file(&self, first: Zxid) -> PathBuf {
        self.log.join(format!("log.{:x}", first.0))
    }

    pub(super) fn snapshot_file(&self, label: Zxid, packing: Packing) -> PathBuf {
        self.snap.join(format!("snapshot.{:x}{}", label.0, packing.suffix()))
    }

    /// The file of an image that is about to replace everything.
    pub(super) fn installing_file(&self, label: Zxid, packing: Packing) -> PathBuf {
        self.snap.join(format!("installing.{:x}{}", label.0, packing.suffix()))
    }

    /// An image that was about to replace everything when the process ended.
    pub(super) fn installing(&self) -> Result<Option<Named>, StoreError> {
        Ok(list(&self.snap, "installing")?.pop())
    }

    /// Log files, in the order of their zxids.
    pub(super) fn logs(&self) -> Result<Vec<Named>, StoreError> {
        list(&self.log, "log")
    }

    /// Snapshots, oldest first.
    pub(super) fn snapshots(&self) -> Result<Vec<Named>, StoreError> {
        list(&self.snap, "snapshot")
    }
}

fn list(dir: &Path, prefix: &str) -> Result<Vec<Named>, StoreError> {
    let mut out = Vec::new();
    for item in fs::read_dir(dir).during("list", dir)? {
        let path = item.during("list", dir)?.path();
        // A folder holds no transactions, whatever its name.
        if let Some(named) = parse_name(&path, prefix)
            && !path.is_dir()
        {
            out.push(named);
        }
    }
    out.sort_by_key(|file| file.zxid);
    Ok(out)
}

/// `prefix.<hex>` and, for a snapshot, `.gz` or `.snappy`. `None`: some other file.
fn parse_name(path: &Path, prefix: &str) -> Option<Named> {
    let mut parts = path.file_name()?.to_str()?.split('.');
    if parts.next()? != prefix {
        return None;
    }
    let zxid = i64::from_str_radix(parts.next()?, 16).ok().map(Zxid)?;
    let packing = match parts.next() {
        None => Packing::Plain,
        Some("gz") if prefix != "log" => Packing::Gz,
        Some("snappy") if prefix != "log" => Packing::Snappy,
        Some(_) => return None,
    };
    parts.next().is_none().then(|| Named { path: path.into(), zxid, packing })
}

/// Makes the names in `dir` durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|dir| dir.sync_all()).during("fsync", dir)
}

/// Makes `dir` and its parents, durably.
pub(super) fn create_dir(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    create_dir(parent)?;
    fs::create_dir(dir).during("create", dir)?;
    sync_dir(parent)
}

/// The temporary name beside `path`.
pub(super) fn tmp_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// Writes `<path>.tmp` and fsyncs it.
pub(super) fn write_tmp(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), StoreError> {
    let tmp = tmp_name(path);
    let mut out = BufWriter::new(File::create(&tmp).during("create", &tmp)?);
    content(&mut out).and_then(|()| out.flush()).during("write", &tmp)?;
    out.get_ref().sync_all().during("fsync", &tmp)
}

/// Gives `<path>.tmp` its final name.
pub(super) fn publish_tmp(path: &Path) -> Result<(), StoreError> {
    fs::rename(tmp_name(path), path).during("rename to", path)?;
    sync_dir(parent(path))
}

/// Replaces the file by one with this content: after a crash it is the old or the new one
/// (Java: `AtomicFileWritingIdiom`).
pub(super) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    write_tmp(path, |out| out.write_all(content))?;
    publish_tmp(path)
}

/// Deletes a file, durably.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    fs::remove_file(path).during("delete", path)?;
    sync_dir(parent(path))
}

/// Cuts a file at `len`, durably. The length must not grow.
pub(super) fn cut(path: &Path, len: u64) -> Result<(), StoreError> {
    let file = File::options().write(true).open(path).during("open", path)?;
    file.set_len(len).during("cut", path)?;
    file.sync_all().during("fsync", path)
}

fn parent(path: &Path) -> &Path {
    path.parent().expect("every file of a store is in a directory")
}

/// Deletes what a crash left under temporary names. Everything durable has its final name.
pub(super) fn remove_leftovers(dir: &Path) -> Result<(), StoreError> {
    for item in fs::read_dir(dir).during("list", dir)? {
        let path = item.during("list", dir)?.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let ours = ["snapshot.", "currentEpoch", "acceptedEpoch", "installing."];
        if name.ends_with(".tmp") && ours.iter().any(|prefix| name.starts_with(prefix)) {
            tracing::info!(file = %path.display(), "deleting the leftover of an unfinished write");
            remove(&path)?;
        }
    }
    Ok(())
}

/// Keeps other servers out of a directory until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks `dir`, or says that another process has it.
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("zabscope.lock");
        let file = File::options().create(true).append(true).open(&path).during("open", &path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: dir.into() }),
            Err(TryLockError::Error(cause)) => Err(cause).during("lock", &path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_zxids_and_sort_as_numbers() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "log.1000000c9",
            "log.2",
            "log.1f",
            "log.x",
            "log.2.gz",
            "log.2.tmp",
            "logs.3",
            "snapshot.0",
            "snapshot.1d.gz",
            "snapshot.1.snappy",
            "snapshot.7.tmp",
            "myid",
        ] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let dirs = Dirs { snap: dir.path().into(), log: dir.path().into() };
        let zxids = |files: Vec<Named>| files.iter().map(|f| f.zxid.0).collect::<Vec<_>>();
        assert_eq!(zxids(dirs.logs().unwrap()), [2, 0x1f, 0x1_0000_00c9]);
        let snapshots = dirs.snapshots().unwrap();
        assert_eq!(snapshots[2].packing, Packing::Gz);
        assert_eq!(zxids(snapshots), [0, 1, 0x1d]);
        assert_eq!(dirs.log_file(Zxid(0xc9)).file_name().unwrap(), "log.c9");
    }

    #[test]
    fn a_second_lock_is_refused_until_the_first_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        assert!(matches!(Lock::take(dir.path()), Err(StoreError::Locked { .. })));
        drop(first);
        Lock::take(dir.path()).unwrap();
    }
}
