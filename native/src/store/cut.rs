//! The end of a log after a loss of power, which a start refuses: pages of the last batch reached
//! the disk, and pages before them did not (Java: `TxnLogToolkit`).
//!
//! Nothing of a batch is acknowledged before its fsync has returned, so what lies behind such a hole
//! is no loss. But a hole in what was synced looks the same, and cutting there would lose what
//! clients were told is safe: that is why a person decides, who knows what happened to the machine.

use super::disk::{StoreConfig, lock};
use super::error::{During, StoreError};
use super::files::{self, Dirs, Lock, sync_dir};
use super::log_reader::{Item, LogReader};
use super::replay::{RESTORE, replay};
use super::writer::BATCH_SPAN_MAX;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use zabscope_core::base::Zxid;

/// The log of a server that does not run, and cannot be started while this lives.
#[derive(Debug)]
pub struct StoppedLog {
    dirs: Dirs,
    _locks: Vec<Lock>,
}

/// What can be cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The last log file.
    pub path: PathBuf,
    /// Where the hole begins, and where the file would end.
    pub offset: u64,
    /// What is wrong there.
    pub why: &'static str,
    /// From the hole to the end of the last transaction.
    pub bytes: u64,
    /// The last transaction before the hole, in this file or before it; zero if there is none.
    pub kept: Zxid,
    /// The first one that is whole behind the hole.
    pub first: Zxid,
    /// The last one.
    pub last: Zxid,
    /// How many are whole.
    pub txns: u64,
}

impl StoppedLog {
    /// Keeps servers away.
    ///
    /// # Errors
    /// If one runs, or a directory is not there.
    pub fn lock(config: &StoreConfig) -> Result<Self, StoreError> {
        let dirs = Dirs::of(config);
        let locks = lock(config, &dirs)?;
        Ok(Self { dirs, _locks: locks })
    }

    /// The tail that a loss of power can have left. `None`: a start finds no hole.
    ///
    /// # Errors
    /// If the files are damaged in another way.
    pub fn torn_tail(&self) -> Result<Option<Tail>, StoreError> {
        // A start finishes an installation first, and the log goes with that.
        if self.dirs.installing()?.is_some() {
            return Ok(None);
        }
        let (path, offset, why, kept) = match replay(&self.dirs, None, 0) {
            Ok(_) => return Ok(None),
            Err(StoreError::Hole { path, offset, why, before, .. }) => (path, offset, why, before),
            Err(other) => return Err(other),
        };
        let tail = measure(path, offset, why, kept)?;
        let refuse = |what: String| {
            let what = format!("{what}, so no loss of power has done this alone{RESTORE}");
            Err(StoreError::Damaged { path: tail.path.clone(), offset, what })
        };
        if self.dirs.logs()?.last().is_none_or(|last| last.path != tail.path) {
            return refuse(format!("{why}, and a later log file was begun behind it"));
        }
        if tail.bytes > BATCH_SPAN_MAX {
            let bytes = tail.bytes;
            return refuse(format!("{why}, and {bytes} bytes behind that are more than one batch"));
        }
        Ok(Some(tail))
    }

    /// Cuts it off; where a copy of the whole file is.
    ///
    /// # Errors
    /// Of the system; then the file is as it was, or cut with the copy beside it.
    pub fn cut(&self, tail: &Tail) -> Result<PathBuf, StoreError> {
        let copy = copy_beside(&tail.path)?;
        files::cut(&tail.path, tail.offset)?;
        Ok(copy)
    }
}

fn measure(path: PathBuf, offset: u64, why: &'static str, kept: Zxid) -> Result<Tail, StoreError> {
    let mut reader = LogReader::open_unchecked(&path)?;
    let mut tail =
        Tail { path, offset, why, bytes: 0, kept, first: Zxid::ZERO, last: kept, txns: 0 };
    let mut from = offset;
    while let Some(sound) = reader.find_sound(from, tail.last)? {
        reader.rewind_to(sound)?;
        while let Item::Entry(entry) = reader.next()? {
            tail.last = entry.zxid;
            tail.first = if tail.txns == 0 { entry.zxid } else { tail.first };
            tail.txns += 1;
        }
        from = reader.offset();
        tail.bytes = from - offset;
    }
    Ok(tail)
}

/// Copies a file to a name that no start reads, durably. An older copy stays.
fn copy_beside(path: &Path) -> Result<PathBuf, StoreError> {
    let mut source = File::open(path).during("open", path)?;
    for number in 0_u32.. {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 0 { ".cut".into() } else { format!(".cut.{number}") });
        let copy = PathBuf::from(name);
        let mut target = match File::create_new(&copy) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            other => other.during("create", &copy)?,
        };
        io::copy(&mut source, &mut target).during("write", &copy)?;
        target.sync_all().during("fsync", &copy)?;
        sync_dir(copy.parent().expect("a log file is in a directory"))?;
        return Ok(copy);
    }
    unreachable!("there are not so many copies")
}
