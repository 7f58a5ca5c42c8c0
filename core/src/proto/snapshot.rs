//! Snapshots: the file, and the same without header and checksums behind SNAP (Java: `FileSnap`,
//! `SnapStream`, `SerializeUtils`, `ZKDatabase.serializeSnapshot`).
//!
//! Sessions, ACLs, znodes; a path `/` ends the znodes. In a file follow a seal (Adler-32 of all
//! bytes before, and the text `/`), a digest with a seal (3.6 and later, if switched on) and the
//! last zxid with a seal (3.9 and later). The stream ends with the text `BenWasHere` instead and
//! has no length: its end is found by reading it.

use super::data::{Acl, StatPersisted};
use super::log::{FILE_HEADER_BYTES, FileHeader};
use crate::base::limits::FIELD_BYTES_MAX;
use crate::base::{SessionId, Zxid};
use crate::wire::{Buffer, Decode, DecodeError, Encode, Reader, Text, Writer};
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::fmt;
use simd_adler32::Adler32;

/// The ACL key of znodes that the server made itself: open, and not among the ACLs.
pub const OPEN_ACL_KEY: i64 = -1;
/// Last field of the stream.
const SIGNATURE: &str = "BenWasHere";
/// The text that ends the znodes and stands behind every checksum.
const END: &str = "/";
const SESSION_BYTES: usize = 12;
const ACL_HEAD_BYTES: usize = 12;
const STAT_BYTES: usize = 60;
const SEAL_BYTES: usize = 13;
const TEXT_END_BYTES: usize = 5;
const SIGNATURE_BYTES: usize = 14;

/// A global session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionEntry {
    /// Its id.
    pub session: SessionId,
    /// The negotiated timeout.
    pub timeout_ms: i32,
}

/// An ACL that znodes name by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclEntry {
    /// Its key: 1 and up, in any order.
    pub key: i64,
    /// The list.
    pub acl: Vec<Acl>,
}

/// A znode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRecord {
    /// Its path; the root's is empty.
    pub path: Text,
    /// Its data.
    pub data: Buffer,
    /// [`AclEntry::key`], or [`OPEN_ACL_KEY`].
    pub acl_key: i64,
    /// Its stat.
    pub stat: StatPersisted,
}

/// The digest of the tree after a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZxidDigest {
    /// After which; can be above the name of a file that was written during changes. 0: the
    /// block is empty, its digest says nothing.
    pub zxid: Zxid,
    /// 2 for the digest of [`crate::tree`].
    pub version: i32,
    /// The digest.
    pub digest: i64,
}

/// What stands behind the first seal of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotTail {
    /// Absent before 3.6, and where digests are off.
    pub digest: Option<ZxidDigest>,
    /// The last zxid applied; absent before 3.9.
    pub last_zxid: Option<Zxid>,
}

/// Which of the two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotForm {
    /// With header and seals.
    File,
    /// As it follows SNAP.
    Stream,
}

/// A part of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotItem {
    /// A session.
    Session(SessionEntry),
    /// An ACL.
    Acl(AclEntry),
    /// A znode, parents before their children.
    Node(NodeRecord),
    /// All of it was read, and in a file the first seal is right.
    End,
}

impl Encode for SessionEntry {
    fn encode(&self, out: &mut Writer) {
        out.i64(self.session.0);
        out.i32(self.timeout_ms);
    }
}

impl Encode for AclEntry {
    fn encode(&self, out: &mut Writer) {
        out.i64(self.key);
        out.vector(&self.acl);
    }
}

impl Encode for NodeRecord {
    fn encode(&self, out: &mut Writer) {
        encode_node(self.path.as_bytes(), self.data.as_deref(), self.acl_key, &self.stat, out);
    }
}

/// Writes the fields of a [`NodeRecord`] from where they are.
pub fn encode_node(
    path: &[u8],
    data: Option<&[u8]>,
    acl_key: i64,
    stat: &StatPersisted,
    out: &mut Writer,
) {
    out.bytes(path);
    out.buffer(data);
    out.i64(acl_key);
    stat.encode(out);
}

impl Decode for NodeRecord {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            path: Text::decode(input)?,
            data: input.buffer()?,
            acl_key: input.i64()?,
            stat: StatPersisted::decode(input)?,
        })
    }
}

impl Encode for ZxidDigest {
    fn encode(&self, out: &mut Writer) {
        self.zxid.encode(out);
        out.i32(self.version);
        out.i64(self.digest);
    }
}

/// The Adler-32 of what was written or read so far.
#[derive(Clone)]
struct Sum(Adler32);

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sum({:08x})", self.0.finish())
    }
}

impl Sum {
    fn new() -> Self {
        Self(Adler32::new())
    }

    /// As the long that stands in files.
    fn value(&self) -> i64 {
        i64::from(self.0.finish())
    }
}

/// Writes a snapshot piece by piece, in the order of the layout.
#[derive(Clone, Debug)]
pub struct SnapshotWriter {
    out: Writer,
    /// Bytes of `out` that are in `sum` already.
    summed: usize,
    sum: Sum,
}

impl SnapshotWriter {
    /// At the start of a snapshot; a file's header is written.
    #[must_use]
    pub fn new(form: SnapshotForm) -> Self {
        let mut out = Writer::new();
        if form == SnapshotForm::File {
            FileHeader::SNAPSHOT.encode(&mut out);
        }
        Self { out, summed: 0, sum: Sum::new() }
    }

    /// Where the next fields go: a count and the sessions, a count and the ACLs, the znodes.
    pub fn fields(&mut self) -> &mut Writer {
        &mut self.out
    }

    /// Ends the znodes.
    pub fn end_nodes(&mut self) {
        self.out.string(END);
    }

    /// Ends a stream.
    pub fn sign(&mut self) {
        self.out.string(SIGNATURE);
    }

    /// Seals what was written so far.
    pub fn seal(&mut self) {
        self.sum_up();
        self.out.i64(self.sum.value());
        self.out.string(END);
    }

    /// Ends a file: a seal, and each block with a seal.
    pub fn finish_file(&mut self, tail: &SnapshotTail) {
        self.seal();
        if let Some(digest) = tail.digest {
            digest.encode(&mut self.out);
            self.seal();
        }
        if let Some(zxid) = tail.last_zxid {
            zxid.encode(&mut self.out);
            self.seal();
        }
    }

    /// Bytes that wait to be taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// True if none do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The bytes since the last call.
    pub fn take(&mut self) -> Bytes {
        self.sum_up();
        self.summed = 0;
        // The next piece is probably like this one.
        let next = Writer::with_capacity(self.out.len());
        core::mem::replace(&mut self.out, next).into_bytes()
    }

    fn sum_up(&mut self) {
        let out = core::mem::take(&mut self.out).into_vec();
        self.sum.0.write(&out[self.summed..]);
        self.summed = out.len();
        self.out = Writer::append_to(out);
    }
}

/// Where a decoder is.
#[derive(Clone, Debug)]
enum Stage {
    Header,
    SessionCount,
    Sessions { left: u32 },
    AclCount,
    Acls { left: u32 },
    AclEntries { left: u32, acl: AclEntry, entries_left: u32 },
    Nodes,
    Last,
    End,
}

/// Reads a snapshot from pieces of any size. What it holds is never more than the last piece and
/// one record.
#[derive(Clone, Debug)]
pub struct SnapshotDecoder {
    input: BytesMut,
    stage: Stage,
    form: SnapshotForm,
    sum: Sum,
}

impl SnapshotDecoder {
    /// At the start.
    #[must_use]
    pub fn new(form: SnapshotForm) -> Self {
        let stage = match form {
            SnapshotForm::File => Stage::Header,
            SnapshotForm::Stream => Stage::SessionCount,
        };
        Self { input: BytesMut::new(), stage, form, sum: Sum::new() }
    }

    /// More bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next item. [`DecodeError::Short`]: push more and ask again; nothing is read twice.
    /// Any other error is final.
    pub fn next_item(&mut self) -> Result<SnapshotItem, DecodeError> {
        loop {
            if let Some(item) = self.advance()? {
                return Ok(item);
            }
        }
    }

    /// What came behind the end: of a stream, the first bytes of the next packet.
    #[must_use]
    pub fn rest(self) -> Bytes {
        self.input.freeze()
    }

    /// What follows the first seal of a file, after [`SnapshotItem::End`] and when all bytes were
    /// pushed. Whether there is a digest shows only by the seal behind it. More blocks than are
    /// known here are left alone, as old servers leave those that came later.
    pub fn tail(self) -> Result<SnapshotTail, DecodeError> {
        let (mut sum, rest) = (self.sum, self.input.freeze());
        let mut tail = SnapshotTail::default();
        let mut input = Reader::new(rest);
        if input.remaining() == 0 {
            return Ok(tail);
        }
        let (before, sum_before) = (input.clone(), sum.clone());
        match sealed(&mut input, &mut sum, read_digest) {
            Ok(digest) if input.remaining() == 0 => return Ok(SnapshotTail { digest, ..tail }),
            Ok(digest) => tail.digest = digest,
            Err(_) => (input, sum) = (before, sum_before),
        }
        tail.last_zxid = Some(sealed(&mut input, &mut sum, Zxid::decode)?);
        Ok(tail)
    }

    /// One step; `None` if it ended nothing that is worth showing.
    fn advance(&mut self) -> Result<Option<SnapshotItem>, DecodeError> {
        match self.stage {
            Stage::Header => {
                let header = FileHeader::decode(&mut self.take(FILE_HEADER_BYTES)?)?;
                header.expect_kind(FileHeader::SNAPSHOT)?;
                self.stage = Stage::SessionCount;
            }
            Stage::SessionCount => self.stage = Stage::Sessions { left: self.count()? },
            Stage::Sessions { left: 0 } => self.stage = Stage::AclCount,
            Stage::Sessions { left } => {
                let mut input = self.take(SESSION_BYTES)?;
                self.stage = Stage::Sessions { left: left - 1 };
                let session = SessionId(input.i64()?);
                let entry = SessionEntry { session, timeout_ms: input.i32()? };
                return Ok(Some(SnapshotItem::Session(entry)));
            }
            Stage::AclCount => self.stage = Stage::Acls { left: self.count()? },
            Stage::Acls { left: 0 } => self.stage = Stage::Nodes,
            Stage::Acls { left } => {
                let mut input = self.take(ACL_HEAD_BYTES)?;
                let acl = AclEntry { key: input.i64()?, acl: Vec::new() };
                let entries_left = as_count(input.i32()?)?;
                self.stage = Stage::AclEntries { left: left - 1, acl, entries_left };
            }
            Stage::AclEntries { .. } => return self.acl_entry(),
            Stage::Nodes => return self.node(),
            Stage::Last => return self.last().map(Some),
            Stage::End => return Ok(Some(SnapshotItem::End)),
        }
        Ok(None)
    }

    fn acl_entry(&mut self) -> Result<Option<SnapshotItem>, DecodeError> {
        if let Stage::AclEntries { left, acl, entries_left: 0 } = &mut self.stage {
            let acl = AclEntry { key: acl.key, acl: core::mem::take(&mut acl.acl) };
            self.stage = Stage::Acls { left: *left };
            return Ok(Some(SnapshotItem::Acl(acl)));
        }
        let scheme = self.field_end(4)?;
        let size = self.field_end(scheme)?;
        let entry = Acl::decode(&mut self.take(size)?)?;
        if let Stage::AclEntries { acl, entries_left, .. } = &mut self.stage {
            acl.acl.push(entry);
            *entries_left -= 1;
        }
        Ok(None)
    }

    fn node(&mut self) -> Result<Option<SnapshotItem>, DecodeError> {
        let path = self.field_end(0)?;
        if path == TEXT_END_BYTES && self.input.get(4) == Some(&b'/') {
            self.take(TEXT_END_BYTES)?;
            self.stage = Stage::Last;
            return Ok(None);
        }
        let size = self.field_end(path)? + 8 + STAT_BYTES;
        let record = NodeRecord::decode(&mut self.take(size)?)?;
        Ok(Some(SnapshotItem::Node(record)))
    }

    fn last(&mut self) -> Result<SnapshotItem, DecodeError> {
        match self.form {
            SnapshotForm::File => {
                let before = self.sum.value();
                check_seal(&mut self.take(SEAL_BYTES)?, before)?;
            }
            SnapshotForm::Stream => {
                if self.take(SIGNATURE_BYTES)?.string()? != SIGNATURE {
                    return Err(DecodeError::Malformed("no signature behind a snapshot"));
                }
            }
        }
        self.stage = Stage::End;
        Ok(SnapshotItem::End)
    }

    /// Where the `buffer` that starts at `at` ends, if its bytes are there. Null is an error where
    /// it is decoded.
    fn field_end(&self, at: usize) -> Result<usize, DecodeError> {
        let Some(len) = self.input.get(at..at + 4) else { return Err(DecodeError::Short) };
        let len = i32::from_be_bytes(len.try_into().map_err(|_| DecodeError::Short)?);
        if len == -1 {
            return Ok(at + 4);
        }
        let size = usize::try_from(len).map_err(|_| DecodeError::Length(len))?;
        if size > FIELD_BYTES_MAX {
            return Err(DecodeError::Length(len));
        }
        let end = at + 4 + size;
        if self.input.len() < end { Err(DecodeError::Short) } else { Ok(end) }
    }

    fn count(&mut self) -> Result<u32, DecodeError> {
        as_count(self.take(4)?.i32()?)
    }

    fn take(&mut self, len: usize) -> Result<Reader, DecodeError> {
        if self.input.len() < len {
            return Err(DecodeError::Short);
        }
        let bytes = self.input.split_to(len).freeze();
        if self.form == SnapshotForm::File {
            self.sum.0.write(&bytes);
        }
        Ok(Reader::new(bytes))
    }
}

fn as_count(count: i32) -> Result<u32, DecodeError> {
    u32::try_from(count).map_err(|_| DecodeError::Length(count))
}

/// Reads a block and the seal behind it.
fn sealed<T>(
    input: &mut Reader,
    sum: &mut Sum,
    read: impl Fn(&mut Reader) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let whole = input.clone();
    let block = read(input)?;
    let block_bytes = whole.remaining() - input.remaining();
    sum.0.write(&whole.clone().take(block_bytes)?);
    check_seal(input, sum.value())?;
    sum.0.write(&whole.rest()[block_bytes..block_bytes + SEAL_BYTES]);
    Ok(block)
}

fn check_seal(input: &mut Reader, sum: i64) -> Result<(), DecodeError> {
    if input.i64()? != sum {
        return Err(DecodeError::Malformed("the checksum of a snapshot is wrong"));
    }
    if input.string()? == END { Ok(()) } else { Err(DecodeError::Malformed("no seal")) }
}

/// `None`: the digest is of a version before 2, a hexadecimal text.
fn read_digest(input: &mut Reader) -> Result<Option<ZxidDigest>, DecodeError> {
    let (zxid, version) = (Zxid::decode(input)?, input.i32()?);
    if version < 2 {
        input.buffer()?;
        return Ok(None);
    }
    Ok(Some(ZxidDigest { zxid, version, digest: input.i64()? }))
}

#[cfg(test)]
mod tests;
