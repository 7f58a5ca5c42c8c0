//! What can go wrong with files. Every one of these ends the process: after a failed write or
//! fsync nobody knows what the disk holds, and a second try that succeeds would prove nothing.

use std::io;
use std::path::{Path, PathBuf};
use zabscope_core::base::Zxid;
use zabscope_core::base::limits::FIELD_BYTES_MAX;

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// What was tried: a verb.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// The answer.
        cause: io::Error,
    },
    /// A file holds what it must not hold, and reading on would lose or invent transactions.
    #[error("{} is damaged at offset {offset}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What, and what to do.
        what: String,
    },
    /// A place without an entry, and entries behind it.
    #[error(
        "{} is damaged at offset {offset}: {why}, but a sound entry follows at offset {sound}. If \
         the machine lost power or crashed while the server wrote, and a quorum of the others is \
         sound, stop it and see `zabscope cut-log --config FILE`: it says whether this can be the \
         last batch, of which nothing was acknowledged, and cuts it off. If not, restore the file \
         from a copy, or empty dataDir and dataLogDir so that the server copies its state from the \
         leader",
        path.display()
    )]
    Hole {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What is there.
        why: &'static str,
        /// Where an entry follows.
        sound: u64,
        /// The last entry read before it; zero if there is none.
        before: Zxid,
    },
    /// A sound entry that is larger than what is read.
    #[error(
        "{} has a transaction of {len} bytes at offset {offset}, and at most {FIELD_BYTES_MAX} are \
         read: it was written with a jute.maxbuffer above {}. Empty dataDir and dataLogDir and \
         load the data in parts",
        path.display(),
        FIELD_BYTES_MAX / 2
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        offset: u64,
        /// Bytes of its body.
        len: u64,
    },
    /// Transactions are missing between two that are there.
    #[error(
        "transactions are missing: {found} in {} follows {before} directly. Restore the missing \
         log file, or empty dataDir and dataLogDir so that the server copies its state from the \
         leader (only if a quorum of the others is sound)",
        path.display()
    )]
    Gap {
        /// The file with the later one.
        path: PathBuf,
        /// The last one before the hole.
        before: Zxid,
        /// The first one behind it.
        found: Zxid,
    },
    /// Log entries without the snapshot that they continue.
    #[error(
        "no usable snapshot in {}, but there are log entries: refusing to start with a part of \
         the data. Restore the newest snapshot, or set snapshot.trust.empty=true for one start if \
         the log begins with the first transaction",
        path.display()
    )]
    NoSnapshot {
        /// The directory.
        path: PathBuf,
    },
    /// Another process uses the directory.
    #[error("{} is in use by another server (its lock file is locked)", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The epoch files contradict each other or the history.
    #[error("{}: {what}", path.display())]
    Epoch {
        /// The file.
        path: PathBuf,
        /// What.
        what: String,
    },
    /// Files of the wrong kind in a directory of the other kind.
    #[error("{} belongs into {}: dataDir and dataLogDir differ, or have changed places", path.display(), dir.display())]
    Misplaced {
        /// The file.
        path: PathBuf,
        /// Where it should be.
        dir: PathBuf,
    },
    /// A fault of this program, whose message is on standard error. What it left half done is not
    /// known.
    #[error("the thread {thread} has panicked, which is a fault of zabscope: please report it")]
    Panic {
        /// Its name.
        thread: &'static str,
    },
    /// An order that contradicts the history; nothing was changed.
    #[error("refused to {action} at {zxid}: {what}")]
    Order {
        /// What was asked for.
        action: &'static str,
        /// With which transaction.
        zxid: Zxid,
        /// Why not.
        what: String,
    },
}

/// Adds the file and the verb to an error of the operating system.
pub(super) trait During<T> {
    /// `action` is a verb: "cannot {action} {path}".
    fn during(self, action: &'static str, path: &Path) -> Result<T, StoreError>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, action: &'static str, path: &Path) -> Result<T, StoreError> {
        self.map_err(|cause| StoreError::Io { action, path: path.into(), cause })
    }
}
