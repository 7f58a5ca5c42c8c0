//! Appending to the log (Java: `FileTxnLog.append`, `FilePadding`).
//!
//! Entries gather in memory until [`LogWriter::sync`] writes and fsyncs them together. A file is
//! extended in steps, and zeros are written ahead of the entries in smaller ones: most fsyncs find
//! the file as long as it was, with its blocks in place, and the file system has nothing of its own
//! to write. A new file is begun after a start, [`LogWriter::roll`], and at the size limit.

use super::LogEntry;
use super::entry::LOG_HEADER;
use super::error::{During, StoreError};
use super::files::{Dirs, sync_dir};
use std::fs::File;
use std::mem;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use zabscope_core::base::Zxid;
use zabscope_core::proto::log::encode_entry;
use zabscope_core::wire::Writer;

/// When this little is left before the end of the zeros, more are added.
const PADDING_MARGIN: u64 = 4096;

/// Zeros written ahead of the entries.
const ZEROS_AHEAD: u64 = 256 * 1024;
/// Memory kept for the next entries: those of a full load, and the zeros that go with some of them.
const PENDING_KEPT: usize = 384 * 1024;

/// The log at its end.
pub(super) struct LogWriter {
    dirs: Dirs,
    /// Step of preallocation in bytes; 0 = none.
    step: u64,
    /// A file above this size is followed by a new one.
    size_max: Option<u64>,
    /// Last entry given, or what the log continues.
    last: Zxid,
    open: Option<Open>,
}

struct Open {
    file: File,
    path: PathBuf,
    /// Bytes in the file, without `pending`.
    written: u64,
    pending: Vec<u8>,
    /// Length that the file has, or will have with `pending`.
    padded: u64,
    /// Length that the file has.
    allocated: u64,
    /// Up to here the file's blocks were written, with entries or zeros.
    filled: u64,
    /// The directory does not durably hold the name yet.
    fresh: bool,
}

impl LogWriter {
    pub(super) fn new(dirs: Dirs, step: u64, size_max: Option<u64>, last: Zxid) -> Self {
        Self { dirs, step, size_max, last, open: None }
    }

    /// The last entry given, or what the log continues.
    pub(super) fn last(&self) -> Zxid {
        self.last
    }

    /// After the history was replaced or cut: the next entry comes after this.
    pub(super) fn continue_after(&mut self, last: Zxid) {
        assert!(self.open.is_none(), "the history changes only behind a roll");
        self.last = last;
    }

    /// Takes an entry. It is durable after [`Self::sync`].
    pub(super) fn append(&mut self, entry: &LogEntry) -> Result<(), StoreError> {
        if !entry.zxid.follows(self.last) {
            let what = format!("the log ends at {}, and this does not follow it", self.last);
            return Err(StoreError::Order { action: "append", zxid: entry.zxid, what });
        }
        if let (Some(open), Some(max)) = (&self.open, self.size_max)
            && open.position() > max
        {
            self.roll()?;
        }
        if self.open.is_none() {
            self.open = Some(Open::create(&self.dirs, entry.zxid)?);
        }
        let open = self.open.as_mut().expect("it was just opened");
        open.pad(self.step);
        let mut out = Writer::append_to(mem::take(&mut open.pending));
        encode_entry(&entry.payload, &mut out);
        open.pending = out.into_vec();
        self.last = entry.zxid;
        Ok(())
    }

    /// Makes everything durable that was appended.
    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        self.open.as_mut().map_or(Ok(()), Open::sync)
    }

    /// Bytes that [`Self::sync`] would write.
    pub(super) fn pending(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.pending.len())
    }

    /// Makes everything durable and lets the next entry begin a new file.
    pub(super) fn roll(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        self.open = None;
        Ok(())
    }
}

impl Open {
    fn create(dirs: &Dirs, first: Zxid) -> Result<Self, StoreError> {
        let path = dirs.log_file(first);
        let file = File::create(&path).during("create", &path)?;
        let padded = LOG_HEADER.len() as u64;
        let pending = LOG_HEADER.to_vec();
        Ok(Self { file, path, written: 0, pending, padded, allocated: 0, filled: 0, fresh: true })
    }

    fn position(&self) -> u64 {
        self.written + self.pending.len() as u64
    }

    fn pad(&mut self, step: u64) {
        let position = self.position();
        if step == 0 || position + PADDING_MARGIN < self.padded {
            return;
        }
        self.padded = match position > self.padded {
            true => (position + step) / step * step,
            false => self.padded + step,
        };
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if self.padded > self.allocated {
            self.file.set_len(self.padded).during("extend", &self.path)?;
            self.allocated = self.padded;
        }
        let (bytes, end) = (self.pending.len(), self.position());
        if end > self.filled {
            // One write with what was to be written, so that no block is written twice at once.
            let zeros = (self.padded.saturating_sub(end)).min(ZEROS_AHEAD);
            self.pending.resize(bytes + usize::try_from(zeros).unwrap_or(0), 0);
            self.filled = self.position();
        }
        self.file.write_all_at(&self.pending, self.written).during("write", &self.path)?;
        self.file.sync_data().during("fsync", &self.path)?;
        self.written = end;
        self.allocated = self.allocated.max(self.written);
        self.pending.clear();
        self.pending.shrink_to(PENDING_KEPT);
        if mem::take(&mut self.fresh) {
            sync_dir(&self.dirs_of())?;
        }
        Ok(())
    }

    fn dirs_of(&self) -> PathBuf {
        self.path.parent().expect("a log file is in a directory").into()
    }
}
