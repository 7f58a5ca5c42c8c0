//! Transaction log files: header, entries, and where the entries end (Java: `FileTxnLog`,
//! `FilePadding`).
//!
//! An entry is an Adler-32 of the body as a long, the body as a `buffer`, and the byte `B`. A file
//! is extended with zeros in advance, so a length of zero is the end. The checksum does not cover
//! the length.

use crate::base::limits::FIELD_BYTES_MAX;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};
use bytes::Bytes;

/// Bytes of [`FileHeader`].
pub const FILE_HEADER_BYTES: usize = 16;
/// Bytes of an entry beside its body.
pub const ENTRY_OVERHEAD_BYTES: usize = HEAD + 1;

/// Checksum and length.
const HEAD: usize = 12;
/// `B`, behind every entry.
const END_OF_ENTRY: u8 = 0x42;

/// Start of a log file and of a snapshot file (16 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// Which kind of file.
    pub magic: i32,
    /// 2
    pub version: i32,
    /// Never checked: 0 in logs, -1 in snapshots.
    pub db_id: i64,
}

/// An entry whose checksum is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Where it starts in the file.
    pub offset: u64,
    /// Where the next one starts.
    pub end: u64,
    /// A [`super::txn::TxnRecord`]; the same bytes as in PROPOSAL.
    pub body: Bytes,
}

/// What is at a place in a log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogStep {
    /// An entry.
    Entry(LogEntry),
    /// No entry, and why; reading stops.
    End {
        /// Where the last good entry ends.
        offset: u64,
        /// Why.
        why: LogEnd,
    },
}

/// Why the entries of a file end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEnd {
    /// The file ends behind an entry.
    EndOfFile,
    /// A length of zero: space that was reserved and not used.
    Padding,
    /// The file ends inside an entry. Java takes it for the end.
    Torn,
    /// The last byte is not `B`; the checksum was not looked at. Java takes it for the end, even
    /// if good entries follow.
    NoEndMark,
    /// The last byte is `B` and the checksum is wrong. Java refuses to start.
    BadChecksum,
    /// A length below zero or above the bound of a field. Java refuses to start.
    BadLength,
}

impl LogEnd {
    /// Nothing was lost: every entry that was ever written is whole.
    #[must_use]
    pub const fn is_clean(self) -> bool {
        matches!(self, Self::EndOfFile | Self::Padding)
    }
}

impl FileHeader {
    /// The header of a log: `ZKLG`.
    pub const LOG: Self = Self { magic: 0x5a4b_4c47, version: 2, db_id: 0 };
    /// The header of a snapshot: `ZKSN`.
    pub const SNAPSHOT: Self = Self { magic: 0x5a4b_534e, version: 2, db_id: -1 };

    /// Error unless this is a header of the same kind of file as `other`.
    pub fn expect_kind(self, other: Self) -> Result<(), DecodeError> {
        if (self.magic, self.version) == (other.magic, other.version) {
            Ok(())
        } else {
            Err(DecodeError::Malformed("not the header of this kind of file"))
        }
    }
}

impl Encode for FileHeader {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.magic);
        out.i32(self.version);
        out.i64(self.db_id);
    }
}

impl Decode for FileHeader {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { magic: input.i32()?, version: input.i32()?, db_id: input.i64()? })
    }
}

/// Writes an entry with this body.
pub fn encode_entry(body: &[u8], out: &mut Writer) {
    out.i64(checksum(body));
    out.bytes(body);
    out.u8(END_OF_ENTRY);
}

/// Adler-32 as the long that stands in files.
fn checksum(body: &[u8]) -> i64 {
    i64::from(simd_adler32::adler32(&body))
}

/// Walks over the entries of a file.
#[derive(Clone, Debug)]
pub struct LogReader {
    rest: Bytes,
    offset: u64,
}

impl LogReader {
    /// At the first entry of a whole file. [`DecodeError::Short`]: the header is torn.
    pub fn new(file: Bytes) -> Result<Self, DecodeError> {
        let mut input = Reader::new(file);
        FileHeader::decode(&mut input)?.expect_kind(FileHeader::LOG)?;
        Ok(Self::at(input.rest(), FILE_HEADER_BYTES as u64))
    }

    /// At an entry, where `rest` is the file from `offset` on.
    #[must_use]
    pub const fn at(rest: Bytes, offset: u64) -> Self {
        Self { rest, offset }
    }

    /// The next entry. After the end it answers the same end again.
    pub fn next_entry(&mut self) -> LogStep {
        match read_body(&self.rest) {
            Err(why) => LogStep::End { offset: self.offset, why },
            Ok(body) => {
                let offset = self.offset;
                let size = body.len() + ENTRY_OVERHEAD_BYTES;
                self.rest = self.rest.slice(size..);
                self.offset += size as u64;
                LogStep::Entry(LogEntry { offset, end: self.offset, body })
            }
        }
    }

    /// What is behind the last good entry.
    #[must_use]
    pub const fn rest(&self) -> &Bytes {
        &self.rest
    }

    /// True if a whole entry stands anywhere behind the last good one. Then what ended the
    /// reading is damage and no torn write: cutting there would lose transactions that may have
    /// been acknowledged. Looks at every byte of the rest.
    #[must_use]
    pub fn entry_follows(&self) -> bool {
        (0..self.rest.len()).any(|at| {
            // The upper half of a checksum is zero, which spares most places the costly look.
            let candidate = self.rest[at..].starts_with(&[0; 4]);
            candidate && read_body(&self.rest.slice(at..)).is_ok()
        })
    }
}

/// The body of the entry at the start of `rest`.
fn read_body(rest: &Bytes) -> Result<Bytes, LogEnd> {
    if rest.is_empty() {
        return Err(LogEnd::EndOfFile);
    }
    if rest.len() < HEAD {
        let zeros = rest.iter().all(|byte| *byte == 0);
        return Err(if zeros { LogEnd::Padding } else { LogEnd::Torn });
    }
    let mut input = Reader::new(rest.clone());
    let torn = |_: DecodeError| LogEnd::Torn;
    let expected = input.i64().map_err(torn)?;
    let len = input.i32().map_err(torn)?;
    if len == 0 {
        return Err(LogEnd::Padding);
    }
    let size = usize::try_from(len).map_err(|_| LogEnd::BadLength)?;
    if size > FIELD_BYTES_MAX {
        return Err(LogEnd::BadLength);
    }
    let body = input.take(size).map_err(torn)?;
    // Before the checksum, as in Java: a write that was cut off inside reserved space ends in
    // zeros and fails both.
    if input.u8().map_err(torn)? != END_OF_ENTRY {
        return Err(LogEnd::NoEndMark);
    }
    if checksum(&body) != expected {
        return Err(LogEnd::BadChecksum);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const BODIES: [&[u8]; 3] = [b"first", b"second one", b"3"];

    fn file() -> Vec<u8> {
        let mut out = Writer::new();
        FileHeader::LOG.encode(&mut out);
        for body in BODIES {
            encode_entry(body, &mut out);
        }
        out.into_vec()
    }

    fn read(file: &[u8]) -> (usize, u64, LogEnd) {
        let mut reader = LogReader::new(Bytes::copy_from_slice(file)).unwrap();
        let mut count = 0;
        loop {
            match reader.next_entry() {
                LogStep::Entry(entry) => {
                    assert_eq!(entry.body, BODIES[count]);
                    count += 1;
                }
                LogStep::End { offset, why } => {
                    assert_eq!(reader.next_entry(), LogStep::End { offset, why });
                    return (count, offset, why);
                }
            }
        }
    }

    fn ends() -> [usize; 4] {
        let mut end = FILE_HEADER_BYTES;
        let mut ends = [end; 4];
        for (slot, body) in ends[1..].iter_mut().zip(BODIES) {
            end += body.len() + ENTRY_OVERHEAD_BYTES;
            *slot = end;
        }
        ends
    }

    #[test]
    fn whole_file_ends_clean_with_and_without_padding() {
        let mut file = file();
        let end = file.len() as u64;
        assert_eq!(read(&file), (3, end, LogEnd::EndOfFile));
        for _ in 0..40 {
            file.push(0);
            assert_eq!(read(&file), (3, end, LogEnd::Padding));
        }
    }

    #[test]
    fn every_cut_is_torn_except_between_entries() {
        let (file, ends) = (file(), ends());
        for cut in FILE_HEADER_BYTES..file.len() {
            let (count, offset, why) = read(&file[..cut]);
            let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
            assert_eq!((count, offset), (whole, ends[whole] as u64), "cut at {cut}");
            // Every head begins with the zeros of the checksum's upper half.
            let zeros = file[ends[whole]..cut].iter().all(|byte| *byte == 0);
            let expected = if cut == ends[whole] {
                LogEnd::EndOfFile
            } else if zeros {
                LogEnd::Padding
            } else {
                LogEnd::Torn
            };
            assert_eq!(why, expected, "cut at {cut}");
            assert_eq!(why.is_clean(), why != LogEnd::Torn);
        }
    }

    #[test]
    fn torn_header_is_short_and_a_foreign_one_malformed() {
        let mut file = file();
        for cut in 0..FILE_HEADER_BYTES {
            let part = Bytes::copy_from_slice(&file[..cut]);
            assert_eq!(LogReader::new(part).unwrap_err(), DecodeError::Short);
        }
        file[3] = b'N';
        assert!(matches!(LogReader::new(file.into()), Err(DecodeError::Malformed(_))));
    }

    #[test]
    fn damage_is_told_apart() {
        let second = ends()[1];
        let damaged = |at: usize, xor: u8| {
            let mut file = file();
            file[second + at] ^= xor;
            read(&file)
        };
        let with = |why| (1, second as u64, why);
        assert_eq!(damaged(HEAD + 2, 1), with(LogEnd::BadChecksum), "body");
        assert_eq!(damaged(7, 1), with(LogEnd::BadChecksum), "checksum");
        assert_eq!(damaged(0, 1), with(LogEnd::BadChecksum), "upper half of the checksum");
        assert_eq!(damaged(HEAD + 10, 1), with(LogEnd::NoEndMark), "end mark");
        assert_eq!(damaged(8, 0x80), with(LogEnd::BadLength), "negative length");
        assert_eq!(damaged(8, 0x40), with(LogEnd::BadLength), "huge length");
        assert_eq!(damaged(10, 0x40), with(LogEnd::Torn), "length behind the end");
        assert_eq!(damaged(11, 10), with(LogEnd::Padding), "length zero");
    }

    #[test]
    fn write_cut_off_in_reserved_space_has_no_end_mark() {
        let (second, third) = (ends()[1], ends()[2]);
        for cut in second + HEAD..third {
            let mut file = file();
            file[cut..].fill(0);
            assert_eq!(read(&file), (1, second as u64, LogEnd::NoEndMark), "cut at {cut}");
        }
    }

    #[test]
    fn damage_with_entries_behind_it_is_no_torn_write() {
        let follows = |file: Vec<u8>| {
            let mut reader = LogReader::new(file.into()).unwrap();
            while let LogStep::Entry(_) = reader.next_entry() {}
            reader.entry_follows()
        };
        let [_, second, third, end] = ends();
        assert!(!follows(file()));
        for at in second..third {
            let mut file = file();
            file[at] ^= 0x55;
            assert!(follows(file), "the third entry is whole: damage at {at}");
        }
        for at in third..end {
            let mut file = file();
            file[at] ^= 0x55;
            file.extend_from_slice(&[0; 30]);
            assert!(!follows(file), "nothing behind: damage at {at}");
        }
    }
}
