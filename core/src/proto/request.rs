//! What a client asks (Java: `RequestHeader` and the request records of `zookeeper.jute`).
//!
//! Decoding reads the fields and nothing more: flags, modes and paths that make no sense are
//! accepted here and refused by the server with the error code that belongs to them. Bytes behind
//! the record are ignored, as Java does.

use super::data::Acl;
use super::multi::{self, MultiOp, MultiReadOp};
use super::opcode as op;
use crate::base::Zxid;
use crate::wire::{Buffer, Decode, DecodeError, Encode, Reader, Text, Writer};
use alloc::vec::Vec;

/// Stands before every request but the first (8 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// The client's number, or one of [`super::reply::xid`].
    pub xid: i32,
    /// A number of [`super::opcode`].
    pub op: i32,
}

/// Which create request it is. The opcode decides the record of the transaction; the flags decide
/// about sequence number and ephemeral owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateOp {
    /// 1: answered with the path.
    Create,
    /// 15: answered with path and Stat.
    Create2,
    /// 19
    Container,
    /// 21
    Ttl {
        /// Milliseconds without change after which the empty znode goes.
        ttl_ms: i64,
    },
}

/// A request for a new znode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRequest {
    /// Which request.
    pub kind: CreateOp,
    /// Where, without sequence number.
    pub path: Text,
    /// Its data.
    pub data: Buffer,
    /// Its access control list.
    pub acl: Option<Vec<Acl>>,
    /// A number of [`CreateMode`].
    pub flags: i32,
}

/// The flags of a create request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum CreateMode {
    /// Stays until it is deleted.
    Persistent = 0,
    /// Goes with its session.
    Ephemeral = 1,
    /// Persistent, with a number behind its name.
    PersistentSequential = 2,
    /// Ephemeral, with a number behind its name.
    EphemeralSequential = 3,
    /// Goes some time after its last child.
    Container = 4,
    /// Goes when it is empty and was not changed for a time.
    PersistentWithTtl = 5,
    /// The same, with a number behind its name.
    PersistentSequentialWithTtl = 6,
}

/// The paths of setWatches and setWatches2. Java sends no null lists; they count as empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchLists {
    /// The last transaction that the client has seen: later changes fire at once.
    pub relative_zxid: Zxid,
    /// Set by getData, or by exists on a znode that was there.
    pub data: Option<Vec<Text>>,
    /// Set by exists on a znode that was not there.
    pub exist: Option<Vec<Text>>,
    /// Set by getChildren.
    pub child: Option<Vec<Text>>,
}

/// Every request of the client port.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the records; units are in their names")]
pub enum Request {
    /// 1, 15, 19, 21
    Create(CreateRequest),
    /// 2. Version -1 is any, here and below.
    Delete { path: Text, version: i32 },
    /// 3
    Exists { path: Text, watch: bool },
    /// 4
    GetData { path: Text, watch: bool },
    /// 5
    SetData { path: Text, data: Buffer, version: i32 },
    /// 6
    GetAcl { path: Text },
    /// 7. The version is that of the ACL.
    SetAcl { path: Text, acl: Option<Vec<Acl>>, version: i32 },
    /// 8
    GetChildren { path: Text, watch: bool },
    /// 9
    Sync { path: Text },
    /// 11
    Ping,
    /// 12
    GetChildren2 { path: Text, watch: bool },
    /// 13. Legal inside multi only.
    Check { path: Text, version: i32 },
    /// 14
    Multi(Vec<MultiOp>),
    /// 16. Either joining and leaving or the new members; null is none.
    Reconfig {
        joining: Option<Text>,
        leaving: Option<Text>,
        new_members: Option<Text>,
        /// The configuration that must be in force, or -1.
        from_config: i64,
    },
    /// 17. The kind is a number of [`super::watch::WatcherType`].
    CheckWatches { path: Text, kind: i32 },
    /// 18
    RemoveWatches { path: Text, kind: i32 },
    /// 22
    MultiRead(Vec<MultiReadOp>),
    /// 100. The kind is always 0.
    Auth { kind: i32, scheme: Text, auth: Buffer },
    /// 101
    SetWatches(WatchLists),
    /// 102
    Sasl { token: Buffer },
    /// 103. A null prefix is every path.
    GetEphemerals { prefix: Option<Text> },
    /// 104
    GetAllChildrenNumber { path: Text },
    /// 105
    SetWatches2 {
        lists: WatchLists,
        persistent: Option<Vec<Text>>,
        persistent_recursive: Option<Vec<Text>>,
    },
    /// 106. The mode is a number of [`super::watch::AddWatchMode`].
    AddWatch { path: Text, mode: i32 },
    /// 107
    WhoAmI,
    /// -11
    CloseSession,
}

impl Request {
    /// The opcode.
    #[must_use]
    pub fn op(&self) -> i32 {
        match self {
            Self::Create(create) => create.kind.op(),
            Self::Delete { .. } => op::DELETE,
            Self::Exists { .. } => op::EXISTS,
            Self::GetData { .. } => op::GET_DATA,
            Self::SetData { .. } => op::SET_DATA,
            Self::GetAcl { .. } => op::GET_ACL,
            Self::SetAcl { .. } => op::SET_ACL,
            Self::GetChildren { .. } => op::GET_CHILDREN,
            Self::Sync { .. } => op::SYNC,
            Self::Ping => op::PING,
            Self::GetChildren2 { .. } => op::GET_CHILDREN2,
            Self::Check { .. } => op::CHECK,
            Self::Multi(_) => op::MULTI,
            Self::Reconfig { .. } => op::RECONFIG,
            Self::CheckWatches { .. } => op::CHECK_WATCHES,
            Self::RemoveWatches { .. } => op::REMOVE_WATCHES,
            Self::MultiRead(_) => op::MULTI_READ,
            Self::Auth { .. } => op::AUTH,
            Self::SetWatches(_) => op::SET_WATCHES,
            Self::Sasl { .. } => op::SASL,
            Self::GetEphemerals { .. } => op::GET_EPHEMERALS,
            Self::GetAllChildrenNumber { .. } => op::GET_ALL_CHILDREN_NUMBER,
            Self::SetWatches2 { .. } => op::SET_WATCHES2,
            Self::AddWatch { .. } => op::ADD_WATCH,
            Self::WhoAmI => op::WHO_AM_I,
            Self::CloseSession => op::CLOSE_SESSION,
        }
    }

    /// Reads the record of a request with this opcode. [`DecodeError::Unknown`] with `opcode` is
    /// one that no client may send.
    pub fn decode(op: i32, input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(match op {
            op::CREATE | op::CREATE2 | op::CREATE_CONTAINER | op::CREATE_TTL => {
                Self::Create(CreateRequest::decode(op, input)?)
            }
            op::DELETE => Self::Delete { path: Text::decode(input)?, version: input.i32()? },
            op::SET_DATA => Self::SetData {
                path: Text::decode(input)?,
                data: input.buffer()?,
                version: input.i32()?,
            },
            op::SET_ACL => Self::SetAcl {
                path: Text::decode(input)?,
                acl: input.vector()?,
                version: input.i32()?,
            },
            op::CHECK => Self::Check { path: Text::decode(input)?, version: input.i32()? },
            op::MULTI => Self::Multi(multi::decode_list(input)?),
            op::RECONFIG => Self::Reconfig {
                joining: opt_text(input)?,
                leaving: opt_text(input)?,
                new_members: opt_text(input)?,
                from_config: input.i64()?,
            },
            op::SYNC => Self::Sync { path: Text::decode(input)? },
            op::PING => Self::Ping,
            op::AUTH => Self::Auth {
                kind: input.i32()?,
                scheme: Text::decode(input)?,
                auth: input.buffer()?,
            },
            op::SASL => Self::Sasl { token: input.buffer()? },
            op::CLOSE_SESSION => Self::CloseSession,
            _ => return Self::decode_read(op, input),
        })
    }

    /// The requests that a server answers from its own tree.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn decode_read(op: i32, input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(match op {
            op::EXISTS => Self::Exists { path: Text::decode(input)?, watch: input.bool()? },
            op::GET_DATA => Self::GetData { path: Text::decode(input)?, watch: input.bool()? },
            op::GET_ACL => Self::GetAcl { path: Text::decode(input)? },
            op::GET_CHILDREN => {
                Self::GetChildren { path: Text::decode(input)?, watch: input.bool()? }
            }
            op::GET_CHILDREN2 => {
                Self::GetChildren2 { path: Text::decode(input)?, watch: input.bool()? }
            }
            op::MULTI_READ => Self::MultiRead(multi::decode_list(input)?),
            op::GET_EPHEMERALS => Self::GetEphemerals { prefix: opt_text(input)? },
            op::GET_ALL_CHILDREN_NUMBER => {
                Self::GetAllChildrenNumber { path: Text::decode(input)? }
            }
            op::WHO_AM_I => Self::WhoAmI,
            op::CHECK_WATCHES => {
                Self::CheckWatches { path: Text::decode(input)?, kind: input.i32()? }
            }
            op::REMOVE_WATCHES => {
                Self::RemoveWatches { path: Text::decode(input)?, kind: input.i32()? }
            }
            op::ADD_WATCH => Self::AddWatch { path: Text::decode(input)?, mode: input.i32()? },
            op::SET_WATCHES => Self::SetWatches(WatchLists::decode(input)?),
            op::SET_WATCHES2 => Self::SetWatches2 {
                lists: WatchLists::decode(input)?,
                persistent: input.vector()?,
                persistent_recursive: input.vector()?,
            },
            _ => return Err(DecodeError::Unknown { what: "opcode", value: i64::from(op) }),
        })
    }
}

/// Writes the record, without the opcode.
impl Encode for Request {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Ping | Self::WhoAmI | Self::CloseSession => {}
            Self::Create(create) => create.encode(out),
            Self::Delete { path, version: value }
            | Self::Check { path, version: value }
            | Self::CheckWatches { path, kind: value }
            | Self::RemoveWatches { path, kind: value }
            | Self::AddWatch { path, mode: value } => {
                path.encode(out);
                out.i32(*value);
            }
            Self::Exists { path, watch }
            | Self::GetData { path, watch }
            | Self::GetChildren { path, watch }
            | Self::GetChildren2 { path, watch } => {
                path.encode(out);
                out.bool(*watch);
            }
            Self::GetAcl { path } | Self::Sync { path } | Self::GetAllChildrenNumber { path } => {
                path.encode(out);
            }
            Self::SetData { path, data, version } => {
                path.encode(out);
                out.buffer(data.as_ref());
                out.i32(*version);
            }
            Self::SetAcl { path, acl, version } => {
                path.encode(out);
                out.opt_vector(acl.as_deref());
                out.i32(*version);
            }
            Self::Multi(ops) => multi::encode_list(ops, out),
            Self::MultiRead(ops) => multi::encode_list(ops, out),
            Self::Reconfig { joining, leaving, new_members, from_config } => {
                for text in [joining, leaving, new_members] {
                    out.buffer(text.as_ref().map(Text::as_bytes));
                }
                out.i64(*from_config);
            }
            Self::Auth { kind, scheme, auth } => {
                out.i32(*kind);
                scheme.encode(out);
                out.buffer(auth.as_ref());
            }
            Self::Sasl { token } => out.buffer(token.as_ref()),
            Self::GetEphemerals { prefix } => out.buffer(prefix.as_ref().map(Text::as_bytes)),
            Self::SetWatches(lists) => lists.encode(out),
            Self::SetWatches2 { lists, persistent, persistent_recursive } => {
                lists.encode(out);
                out.opt_vector(persistent.as_deref());
                out.opt_vector(persistent_recursive.as_deref());
            }
        }
    }
}

fn opt_text(input: &mut Reader) -> Result<Option<Text>, DecodeError> {
    Ok(input.buffer()?.map(Text::from))
}

impl CreateOp {
    /// The opcode.
    #[must_use]
    pub const fn op(self) -> i32 {
        match self {
            Self::Create => op::CREATE,
            Self::Create2 => op::CREATE2,
            Self::Container => op::CREATE_CONTAINER,
            Self::Ttl { .. } => op::CREATE_TTL,
        }
    }
}

impl CreateRequest {
    /// Reads the record of the create request with this opcode.
    pub fn decode(op: i32, input: &mut Reader) -> Result<Self, DecodeError> {
        let path = Text::decode(input)?;
        let data = input.buffer()?;
        let acl = input.vector()?;
        let flags = input.i32()?;
        let kind = match op {
            op::CREATE => CreateOp::Create,
            op::CREATE2 => CreateOp::Create2,
            op::CREATE_CONTAINER => CreateOp::Container,
            op::CREATE_TTL => CreateOp::Ttl { ttl_ms: input.i64()? },
            _ => return Err(DecodeError::Unknown { what: "create request", value: i64::from(op) }),
        };
        Ok(Self { kind, path, data, acl, flags })
    }
}

impl Encode for CreateRequest {
    fn encode(&self, out: &mut Writer) {
        self.path.encode(out);
        out.buffer(self.data.as_ref());
        out.opt_vector(self.acl.as_deref());
        out.i32(self.flags);
        if let CreateOp::Ttl { ttl_ms } = self.kind {
            out.i64(ttl_ms);
        }
    }
}

impl CreateMode {
    /// The mode with these flags; any other flags are bad arguments.
    #[must_use]
    pub fn from_flags(flags: i32) -> Option<Self> {
        [
            Self::Persistent,
            Self::Ephemeral,
            Self::PersistentSequential,
            Self::EphemeralSequential,
            Self::Container,
            Self::PersistentWithTtl,
            Self::PersistentSequentialWithTtl,
        ]
        .into_iter()
        .find(|mode| *mode as i32 == flags)
    }

    /// The znode goes with its session.
    #[must_use]
    pub const fn is_ephemeral(self) -> bool {
        matches!(self, Self::Ephemeral | Self::EphemeralSequential)
    }

    /// The name gets a number.
    #[must_use]
    pub const fn is_sequential(self) -> bool {
        matches!(
            self,
            Self::PersistentSequential
                | Self::EphemeralSequential
                | Self::PersistentSequentialWithTtl
        )
    }

    /// The request must have a time to live.
    #[must_use]
    pub const fn has_ttl(self) -> bool {
        matches!(self, Self::PersistentWithTtl | Self::PersistentSequentialWithTtl)
    }
}

impl Encode for WatchLists {
    fn encode(&self, out: &mut Writer) {
        self.relative_zxid.encode(out);
        for list in [&self.data, &self.exist, &self.child] {
            out.opt_vector(list.as_deref());
        }
    }
}

impl Decode for WatchLists {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            relative_zxid: Zxid::decode(input)?,
            data: input.vector()?,
            exist: input.vector()?,
            child: input.vector()?,
        })
    }
}

impl Encode for RequestHeader {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.xid);
        out.i32(self.op);
    }
}

impl Decode for RequestHeader {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { xid: input.i32()?, op: input.i32()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn null_texts_and_lists_that_clients_send_are_kept() {
        let requests = [
            Request::GetEphemerals { prefix: None },
            Request::Reconfig {
                joining: None,
                leaving: Some("1,2".into()),
                new_members: None,
                from_config: -1,
            },
            Request::SetWatches(WatchLists { child: Some(vec![]), ..WatchLists::default() }),
            Request::SetAcl { path: "/".into(), acl: None, version: -1 },
        ];
        for request in requests {
            let mut input = Reader::new(request.to_bytes());
            assert_eq!(Request::decode(request.op(), &mut input), Ok(request));
            assert_eq!(input.finish(), Ok(()));
        }
    }

    #[test]
    fn what_follows_the_record_is_left_alone() {
        let mut out = Writer::new();
        Request::Sync { path: "/a".into() }.encode(&mut out);
        out.raw(b"more");
        let mut input = Reader::new(out.into_bytes());
        assert_eq!(Request::decode(op::SYNC, &mut input), Ok(Request::Sync { path: "/a".into() }));
        assert_eq!(input.rest(), "more");
    }

    #[test]
    fn opcodes_that_are_not_for_clients_are_unknown() {
        for op in [0, 10, 20, 23, 99, 108, op::CREATE_SESSION, op::ERROR] {
            let error = DecodeError::Unknown { what: "opcode", value: i64::from(op) };
            assert_eq!(Request::decode(op, &mut Reader::new(bytes::Bytes::new())), Err(error));
        }
    }

    #[test]
    fn create_modes_are_named_by_their_flags() {
        let modes = (-1..8).filter_map(CreateMode::from_flags);
        assert!(modes.clone().map(|mode| mode as i32).eq(0..7));
        let flags = |is: fn(CreateMode) -> bool| {
            modes.clone().filter(|mode| is(*mode)).map(|mode| mode as i32).collect::<Vec<_>>()
        };
        assert_eq!(flags(CreateMode::is_ephemeral), [1, 3]);
        assert_eq!(flags(CreateMode::is_sequential), [2, 3, 6]);
        assert_eq!(flags(CreateMode::has_ttl), [5, 6]);
    }
}
