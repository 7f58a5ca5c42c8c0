//! Reading one log file from its start, and the run of all of them.

use super::LogEntry;
use super::entry::{
    self, BODY_LEN_MIN, Checked, ENTRY_EXTRA_LEN, ENTRY_HEAD_LEN, ENTRY_LEN_MAX, LOG_HEADER,
    LOG_HEADER_CHECKED,
};
use super::error::{During, StoreError};
use super::files::Named;
use bytes::Bytes;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use zabscope_core::base::Zxid;
use zabscope_core::base::limits::FIELD_BYTES_MAX;

/// Bytes that are searched at once for entries behind a bad one.
const SEARCH_WINDOW: usize = 2 * ENTRY_LEN_MAX;
/// Bytes of a giant entry that are read at once.
const PIECE: usize = 256 * 1024;

/// What comes next in a file.
pub(super) enum Item {
    /// A sound entry.
    Entry(LogEntry),
    /// Nothing: zeros, or the end of the file.
    End,
    /// Something that is no entry.
    Bad {
        /// What is wrong with it.
        why: &'static str,
        /// It was complete once: not the trace of an unfinished write.
        changed: bool,
    },
}

/// Reads one file. After `End` or `Bad` it stays where it is.
pub(super) struct LogReader {
    path: PathBuf,
    input: BufReader<File>,
    /// Where the next entry begins.
    at: u64,
    len: u64,
}

impl LogReader {
    /// `None` if the file has no header because its making was cut short: then there is nothing
    /// in it.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        let mut reader = Self::open_unchecked(path)?;
        if reader.len < LOG_HEADER.len() as u64 {
            return Ok(None);
        }
        let mut header = [0; LOG_HEADER.len()];
        reader.input.read_exact(&mut header).during("read", path)?;
        if header == [0; LOG_HEADER.len()] {
            let Some(sound) = reader.find_sound(0, Zxid::ZERO)? else { return Ok(None) };
            reader.rewind_to(0)?;
            return Err(reader.hole("zeros, where the header should be", sound, Zxid::ZERO));
        }
        if header[..LOG_HEADER_CHECKED] != LOG_HEADER[..LOG_HEADER_CHECKED] {
            return Err(reader.damaged("this is not the header of a transaction log".into()));
        }
        reader.seek(LOG_HEADER.len() as u64)?;
        Ok(Some(reader))
    }

    /// The same for a file that may have lost its header; the next entry is at
    /// [`Self::rewind_to`].
    pub(super) fn open_unchecked(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).during("open", path)?;
        let len = file.metadata().during("read", path)?.len();
        Ok(Self { path: path.into(), input: BufReader::new(file), at: 0, len })
    }

    /// Where the entry begins that [`Self::next`] reads next.
    pub(super) fn offset(&self) -> u64 {
        self.at
    }

    /// Reads the next entry.
    pub(super) fn next(&mut self) -> Result<Item, StoreError> {
        let left = self.len - self.at;
        let mut head = [0; ENTRY_HEAD_LEN];
        if left < ENTRY_HEAD_LEN as u64 {
            let rest = self.read(usize::try_from(left).expect("below 12"))?;
            let torn = rest.iter().any(|byte| *byte != 0);
            return self.stop(torn.then_some("the file ends inside an entry"));
        }
        self.input.read_exact(&mut head).during("read", &self.path)?;
        if head[8..] == [0; 4] {
            return self.stop(None);
        }
        let Some(len) = entry::body_len(&head) else {
            if let Some(len) = self.oversized(&head, left)? {
                let (path, offset) = (self.path.clone(), self.at);
                return Err(StoreError::TooLarge { path, offset, len });
            }
            return self.stop(Some("its length is unreasonable"));
        };
        if left < (len + ENTRY_EXTRA_LEN) as u64 {
            return self.stop(Some("the file ends inside an entry"));
        }
        let mut bytes = vec![0; len + ENTRY_EXTRA_LEN];
        bytes[..ENTRY_HEAD_LEN].copy_from_slice(&head);
        let rest = self.input.read_exact(&mut bytes[ENTRY_HEAD_LEN..]);
        rest.during("read", &self.path)?;
        let bytes = Bytes::from(bytes);
        match entry::check(self.at, &bytes) {
            Checked::Sound(entry) => {
                self.at += bytes.len() as u64;
                Ok(Item::Entry(entry))
            }
            Checked::Torn(why) => self.stop(Some(why)),
            Checked::Changed(why) => {
                self.seek(self.at)?;
                Ok(Item::Bad { why, changed: true })
            }
        }
    }

    /// The length of the body of a sound entry that is too large to be kept in memory: its bytes
    /// were written so, and are not to be taken for the trace of an unfinished write.
    fn oversized(
        &mut self,
        head: &[u8; ENTRY_HEAD_LEN],
        left: u64,
    ) -> Result<Option<u64>, StoreError> {
        let len = u64::from(entry::announced_len(head));
        if len <= FIELD_BYTES_MAX as u64 || left < len + ENTRY_EXTRA_LEN as u64 {
            return Ok(None);
        }
        let mut sum = simd_adler32::Adler32::new();
        let mut unread = len;
        while unread > 0 {
            let piece = self.read(usize::try_from(unread).unwrap_or(PIECE).min(PIECE))?;
            sum.write(&piece);
            unread -= piece.len() as u64;
        }
        let end = self.read(1)?;
        Ok(entry::is_written(head, sum.finish(), &end).then_some(len))
    }

    fn stop(&mut self, torn: Option<&'static str>) -> Result<Item, StoreError> {
        self.seek(self.at)?;
        Ok(torn.map_or(Item::End, |why| Item::Bad { why, changed: false }))
    }

    /// Offset of a sound entry above `after` that begins at or behind `from`.
    pub(super) fn find_sound(&mut self, from: u64, after: Zxid) -> Result<Option<u64>, StoreError> {
        let mut from = from;
        while from + (ENTRY_EXTRA_LEN + BODY_LEN_MIN) as u64 <= self.len {
            self.seek(from)?;
            let left = usize::try_from(self.len - from).unwrap_or(usize::MAX);
            let window = self.read(left.min(SEARCH_WINDOW))?;
            let last = window.len() == left;
            let limit = if last { window.len() } else { window.len() - ENTRY_LEN_MAX };
            if let Some(at) = entry::find_sound(&window, limit, after) {
                return Ok(Some(from + at as u64));
            }
            from += limit as u64;
        }
        Ok(None)
    }

    /// Makes the entry at `offset` the next one.
    pub(super) fn rewind_to(&mut self, offset: u64) -> Result<(), StoreError> {
        self.seek(offset)
    }

    /// An error about the place where the next entry should be.
    pub(super) fn damaged(&self, what: String) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), offset: self.at, what }
    }

    /// The error that entries follow, but not at the place where the next one should be.
    pub(super) fn hole(&self, why: &'static str, sound: u64, before: Zxid) -> StoreError {
        StoreError::Hole { path: self.path.clone(), offset: self.at, why, sound, before }
    }

    fn read(&mut self, len: usize) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; len];
        self.input.read_exact(&mut bytes).during("read", &self.path)?;
        Ok(bytes)
    }

    fn seek(&mut self, at: u64) -> Result<(), StoreError> {
        self.at = at;
        self.input.seek(SeekFrom::Start(at)).map(drop).during("read", &self.path)
    }
}

/// The entries of the log files, from the file on that holds `from`, in order, without any
/// judgement about what the files hold beside entries: for reading a log that was recovered.
/// `each` says whether to go on.
pub(super) fn read_run(
    files: &[Named],
    from: Zxid,
    mut each: impl FnMut(LogEntry) -> bool,
) -> Result<(), StoreError> {
    let start = files.iter().rposition(|file| file.zxid <= from).unwrap_or(0);
    for file in &files[start..] {
        let Some(mut reader) = LogReader::open(&file.path)? else { continue };
        while let Item::Entry(entry) = reader.next()? {
            if !each(entry) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Index of the file in which the entry after `after` is, if there is one: the last file whose
/// name is not above it, or the first one.
pub(super) fn first_file(files: &[Named], after: Zxid) -> usize {
    files.iter().rposition(|file| file.zxid <= after.next()).unwrap_or(0)
}
