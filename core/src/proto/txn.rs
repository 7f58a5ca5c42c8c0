//! Transactions: header, record, digest. The same bytes are the body of a log entry and the data
//! of PROPOSAL and INFORM (storage: `FileTxnLog`; records: `zookeeper.jute`, `SerializeUtils`).

use super::data::Acl;
use super::opcode as op;
use crate::base::{Cxid, SessionId, Zxid};
use crate::wire::{Buffer, Decode, DecodeError, Encode, Reader, Text, Writer};
use alloc::vec::Vec;
use bytes::Bytes;

/// Bytes of [`TxnHeader`] and [`TxnDigest`], which stand around a record.
pub const TXN_FRAME_BYTES: usize = 32 + 12;
/// Type and length before an entry of a multi.
const SUB_HEAD_BYTES: usize = 8;

/// Who asked for a transaction, which one it is and when it was prepared (32 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxnHeader {
    /// The session that asked.
    pub session: SessionId,
    /// The client's number of the request; 0 for createSession and for a closeSession by expiry.
    pub cxid: Cxid,
    /// Its place in the total order.
    pub zxid: Zxid,
    /// The leader's wall clock, ms since 1970.
    pub time_ms: i64,
    /// Type of the record, a number of [`super::opcode`].
    pub kind: i32,
}

/// Digest of the whole tree after the transaction (12 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxnDigest {
    /// 2 for the digest of [`crate::tree`].
    pub version: i32,
    /// The digest.
    pub tree: i64,
}

/// What a new znode is; types 1, 15, 19 and 21 differ only in this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateKind {
    /// Type 1 (answer: path) or 15 (answer: path and Stat).
    Plain {
        /// Type 15 instead of 1.
        with_stat: bool,
        /// Owned by the session of the header.
        ephemeral: bool,
    },
    /// Type 19.
    Container,
    /// Type 21.
    Ttl {
        /// Milliseconds without change after which the empty znode goes.
        ttl_ms: i64,
    },
}

/// A new znode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateTxn {
    /// Its final path, with the sequence number.
    pub path: Text,
    /// Its data.
    pub data: Buffer,
    /// Its ACL, expanded; null in records of very old servers only.
    pub acl: Option<Vec<Acl>>,
    /// Its kind.
    pub kind: CreateKind,
    /// The parent's count of creates after this one; -1 if unknown (records before 3.4).
    pub parent_cversion: i32,
}

/// The record of a transaction. [`Self::record_bytes`] has to know every field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Txn {
    /// -10
    CreateSession {
        /// Negotiated timeout.
        timeout_ms: i32,
    },
    /// -11. `None`: the record is absent (old servers); each server looks up the ephemerals.
    CloseSession {
        /// Ephemerals to delete, in order.
        paths: Option<Vec<Text>>,
    },
    /// -1: a write that was refused. It changes nothing but has its place in the order.
    Error {
        /// Why.
        code: i32,
    },
    /// 1, 15, 19, 21
    Create(CreateTxn),
    /// 2, and 20 if made by the container reaper.
    Delete {
        /// Which znode.
        path: Text,
        /// Type 20 instead of 2.
        container: bool,
    },
    /// 5, and 16 for a reconfiguration.
    SetData {
        /// Which znode.
        path: Text,
        /// Its new data.
        data: Buffer,
        /// Its new version.
        version: i32,
        /// Type 16 instead of 5.
        reconfig: bool,
    },
    /// 7
    SetAcl {
        /// Which znode.
        path: Text,
        /// Its new ACL.
        acl: Option<Vec<Acl>>,
        /// Its new aversion.
        version: i32,
    },
    /// 13, inside multi only: nothing changes.
    Check {
        /// Which znode was checked.
        path: Text,
        /// Its version + 1.
        version: i32,
    },
    /// 14: all or nothing. If one entry is [`Txn::Error`], nothing is applied.
    Multi(Vec<Self>),
}

/// A whole transaction, as in a log entry or PROPOSAL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxnRecord {
    /// Who, which, when.
    pub header: TxnHeader,
    /// What.
    pub txn: Txn,
    /// Absent in `error` transactions and where digests are switched off.
    pub digest: Option<TxnDigest>,
}

impl Txn {
    /// The number of the record's type.
    #[must_use]
    pub fn kind(&self) -> i32 {
        match self {
            Self::CreateSession { .. } => op::CREATE_SESSION,
            Self::CloseSession { .. } => op::CLOSE_SESSION,
            Self::Error { .. } => op::ERROR,
            Self::Create(create) => match create.kind {
                CreateKind::Plain { with_stat: false, .. } => op::CREATE,
                CreateKind::Plain { with_stat: true, .. } => op::CREATE2,
                CreateKind::Container => op::CREATE_CONTAINER,
                CreateKind::Ttl { .. } => op::CREATE_TTL,
            },
            Self::Delete { container: false, .. } => op::DELETE,
            Self::Delete { container: true, .. } => op::DELETE_CONTAINER,
            Self::SetData { reconfig: false, .. } => op::SET_DATA,
            Self::SetData { reconfig: true, .. } => op::RECONFIG,
            Self::SetAcl { .. } => op::SET_ACL,
            Self::Check { .. } => op::CHECK,
            Self::Multi(_) => op::MULTI,
        }
    }

    /// The record without its type.
    pub fn encode_record(&self, out: &mut Writer) {
        match self {
            Self::CreateSession { timeout_ms: value } | Self::Error { code: value } => {
                out.i32(*value);
            }
            Self::CloseSession { paths: None } => {}
            Self::CloseSession { paths: Some(paths) } => out.vector(paths),
            Self::Create(create) => create.encode_record(out),
            Self::Delete { path, .. } => path.encode(out),
            Self::SetData { path, data, version, .. } => {
                path.encode(out);
                out.buffer(data.as_ref());
                out.i32(*version);
            }
            Self::SetAcl { path, acl, version } => {
                path.encode(out);
                out.opt_vector(acl.as_deref());
                out.i32(*version);
            }
            Self::Check { path, version } => {
                path.encode(out);
                out.i32(*version);
            }
            Self::Multi(txns) => {
                out.count(txns.len());
                for txn in txns {
                    out.i32(txn.kind());
                    let start = out.begin_frame();
                    txn.encode_record(out);
                    out.end_frame(start);
                }
            }
        }
    }

    /// How many bytes [`Self::encode_record`] writes.
    #[must_use]
    pub fn record_bytes(&self) -> usize {
        match self {
            Self::CreateSession { .. } | Self::Error { .. } => 4,
            Self::CloseSession { paths: None } => 0,
            Self::CloseSession { paths: Some(paths) } => {
                4 + paths.iter().map(text_bytes).sum::<usize>()
            }
            Self::Create(create) => create.record_bytes(),
            Self::Delete { path, .. } => text_bytes(path),
            Self::SetData { path, data, .. } => text_bytes(path) + buffer_bytes(data) + 4,
            Self::SetAcl { path, acl, .. } => text_bytes(path) + acl_bytes(acl.as_deref()) + 4,
            Self::Check { path, .. } => text_bytes(path) + 4,
            Self::Multi(txns) => 4 + txns.iter().map(Self::sub_bytes).sum::<usize>(),
        }
    }

    /// How many bytes it takes in a multi.
    #[must_use]
    pub fn sub_bytes(&self) -> usize {
        SUB_HEAD_BYTES + self.record_bytes()
    }

    /// Reads the record of type `kind`. A sub-transaction of a multi is not a multi itself.
    pub fn decode_record(kind: i32, input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(match kind {
            op::CREATE_SESSION => Self::CreateSession { timeout_ms: input.i32()? },
            op::CLOSE_SESSION if input.remaining() == 0 => Self::CloseSession { paths: None },
            // A null list is not an absent one: what was read would be written as the other.
            op::CLOSE_SESSION => {
                let paths = input.vector()?.ok_or(DecodeError::Null)?;
                Self::CloseSession { paths: Some(paths) }
            }
            op::ERROR => Self::Error { code: input.i32()? },
            op::CREATE | op::CREATE2 | op::CREATE_CONTAINER | op::CREATE_TTL => {
                Self::Create(CreateTxn::decode_record(kind, input)?)
            }
            op::DELETE | op::DELETE_CONTAINER => {
                Self::Delete { path: Text::decode(input)?, container: kind == op::DELETE_CONTAINER }
            }
            op::SET_DATA | op::RECONFIG => Self::SetData {
                path: Text::decode(input)?,
                data: input.buffer()?,
                version: input.i32()?,
                reconfig: kind == op::RECONFIG,
            },
            op::SET_ACL => Self::SetAcl {
                path: Text::decode(input)?,
                acl: input.vector()?,
                version: input.i32()?,
            },
            op::CHECK => Self::Check { path: Text::decode(input)?, version: input.i32()? },
            op::MULTI => {
                let subs = input.vector::<SubTxn>()?.ok_or(DecodeError::Null)?;
                Self::Multi(subs.into_iter().map(|sub| sub.0).collect())
            }
            _ => {
                return Err(DecodeError::Unknown {
                    what: "transaction type",
                    value: i64::from(kind),
                });
            }
        })
    }
}

fn text_bytes(text: &Text) -> usize {
    4 + text.as_bytes().len()
}

fn buffer_bytes(buffer: &Buffer) -> usize {
    4 + buffer.as_ref().map_or(0, Bytes::len)
}

fn acl_bytes(acl: Option<&[Acl]>) -> usize {
    4 + acl.unwrap_or_default().iter().map(Acl::bytes).sum::<usize>()
}

/// An entry of a multi: type, then the record as a buffer.
struct SubTxn(Txn);

impl Decode for SubTxn {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        let kind = input.i32()?;
        // One level only: a multi in a multi would let a hostile log nest without bound.
        if kind == op::MULTI {
            return Err(DecodeError::Malformed("a multi inside a multi"));
        }
        let mut record = Reader::new(input.buffer()?.ok_or(DecodeError::Null)?);
        let txn = Txn::decode_record(kind, &mut record)?;
        record.finish()?;
        Ok(Self(txn))
    }
}

impl CreateTxn {
    fn record_bytes(&self) -> usize {
        let last = match self.kind {
            CreateKind::Plain { .. } => 1,
            CreateKind::Container => 0,
            CreateKind::Ttl { .. } => 8,
        };
        let acl = acl_bytes(self.acl.as_deref());
        text_bytes(&self.path) + buffer_bytes(&self.data) + acl + 4 + last
    }

    fn encode_record(&self, out: &mut Writer) {
        self.path.encode(out);
        out.buffer(self.data.as_ref());
        out.opt_vector(self.acl.as_deref());
        if let CreateKind::Plain { ephemeral, .. } = self.kind {
            out.bool(ephemeral);
        }
        out.i32(self.parent_cversion);
        if let CreateKind::Ttl { ttl_ms } = self.kind {
            out.i64(ttl_ms);
        }
    }

    fn decode_record(kind: i32, input: &mut Reader) -> Result<Self, DecodeError> {
        let path = Text::decode(input)?;
        let data = input.buffer()?;
        let acl = input.vector()?;
        let mut create_kind = match kind {
            op::CREATE_CONTAINER => CreateKind::Container,
            op::CREATE_TTL => CreateKind::Ttl { ttl_ms: 0 },
            _ => CreateKind::Plain { with_stat: kind == op::CREATE2, ephemeral: input.bool()? },
        };
        // Servers before 3.4 wrote no count (`CreateTxnV0`): only the end of the input shows it.
        let parent_cversion =
            if kind == op::CREATE && input.remaining() == 0 { -1 } else { input.i32()? };
        if let CreateKind::Ttl { ttl_ms } = &mut create_kind {
            *ttl_ms = input.i64()?;
        }
        Ok(Self { path, data, acl, kind: create_kind, parent_cversion })
    }
}

impl Encode for TxnHeader {
    fn encode(&self, out: &mut Writer) {
        out.i64(self.session.0);
        out.i32(self.cxid.0);
        self.zxid.encode(out);
        out.i64(self.time_ms);
        out.i32(self.kind);
    }
}

impl Decode for TxnHeader {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            session: SessionId(input.i64()?),
            cxid: Cxid(input.i32()?),
            zxid: Zxid::decode(input)?,
            time_ms: input.i64()?,
            kind: input.i32()?,
        })
    }
}

impl Encode for TxnRecord {
    fn encode(&self, out: &mut Writer) {
        self.header.encode(out);
        self.txn.encode_record(out);
        if let Some(digest) = self.digest {
            out.i32(digest.version);
            out.i64(digest.tree);
        }
    }
}

impl TxnRecord {
    /// Reads the whole of `bytes`.
    pub fn from_all(bytes: Bytes) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        let header = TxnHeader::decode(&mut input)?;
        let txn = Txn::decode_record(header.kind, &mut input)?;
        // Whether a digest follows shows only by the end of the input.
        let digest = match input.remaining() {
            0 => None,
            _ => Some(TxnDigest { version: input.i32()?, tree: input.i64()? }),
        };
        input.finish()?;
        Ok(Self { header, txn, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn create(kind: CreateKind) -> TxnRecord {
        let path = "/a".into();
        let txn = Txn::Create(CreateTxn { path, data: None, acl: None, kind, parent_cversion: 7 });
        let header = TxnHeader {
            session: SessionId(1),
            cxid: Cxid(2),
            zxid: Zxid(3),
            time_ms: 4,
            kind: txn.kind(),
        };
        TxnRecord { header, txn, digest: None }
    }

    #[test]
    fn create_of_very_old_servers_has_no_parent_cversion() {
        let plain = create(CreateKind::Plain { with_stat: false, ephemeral: true });
        let bytes = plain.to_bytes();
        let old = TxnRecord::from_all(bytes.slice(..bytes.len() - 4)).unwrap();
        let Txn::Create(txn) = &old.txn else { panic!("{old:?}") };
        assert_eq!(txn.parent_cversion, -1);

        let with_stat = create(CreateKind::Plain { with_stat: true, ephemeral: true }).to_bytes();
        let cut = with_stat.slice(..with_stat.len() - 4);
        assert_eq!(TxnRecord::from_all(cut), Err(DecodeError::Short), "never written so");
    }

    #[test]
    fn close_session_may_have_no_record() {
        let txn = Txn::CloseSession { paths: None };
        let header = TxnHeader { kind: op::CLOSE_SESSION, ..create(CreateKind::Container).header };
        let record = TxnRecord { header, txn, digest: None };
        assert_eq!(TxnRecord::from_all(record.to_bytes()), Ok(record.clone()));
        let null_list = [&record.to_bytes()[..], &[0xff; 4]].concat();
        assert_eq!(TxnRecord::from_all(null_list.into()), Err(DecodeError::Null));
    }

    #[test]
    fn multi_does_not_nest() {
        let header = TxnHeader { kind: op::MULTI, ..create(CreateKind::Container).header };
        let txn = Txn::Multi(vec![Txn::Multi(vec![])]);
        let bytes = TxnRecord { header, txn, digest: None }.to_bytes();
        assert!(matches!(TxnRecord::from_all(bytes), Err(DecodeError::Malformed(_))));
    }
}
