//! What a server answers (Java: `ReplyHeader` and the response records of `zookeeper.jute`).
//!
//! A reply does not say what it answers: its shape follows from the opcode of the request with the
//! same xid.

use super::data::{Acl, Id, Stat};
use super::multi::{self, MultiResult};
use super::opcode as op;
use crate::base::Zxid;
use crate::wire::{Buffer, Decode, DecodeError, Encode, Reader, Text, Writer};
use alloc::vec::Vec;

/// Numbers of requests and replies with a meaning of their own.
pub mod xid {
    /// A watch event, from the server.
    pub const EVENT: i32 = -1;
    /// A ping and its answer.
    pub const PING: i32 = -2;
    /// Authentication, SASL not included.
    pub const AUTH: i32 = -4;
    /// setWatches, if the client is written in C.
    pub const SET_WATCHES: i32 = -8;
}

/// Stands before every reply (16 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHeader {
    /// That of the request, or one of [`xid`].
    pub xid: i32,
    /// The last transaction that the server has applied.
    pub zxid: Zxid,
    /// 0, or a number of [`super::KeeperError`]; then no record follows.
    pub err: i32,
}

/// The record of a reply, by shape: several requests share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// delete, ping, checkWatches, removeWatches, auth, setWatches, setWatches2, closeSession
    Empty,
    /// create, sync
    Path(Text),
    /// create2, createContainer, createTTL
    PathStat {
        /// The path with its sequence number.
        path: Text,
        /// The new znode.
        stat: Stat,
    },
    /// exists, setData, setACL
    Stat(Stat),
    /// getData, reconfig
    Data {
        /// The data, or the text of the new configuration.
        data: Buffer,
        /// The znode.
        stat: Stat,
    },
    /// getACL
    Acl {
        /// The access control list.
        acl: Vec<Acl>,
        /// The znode.
        stat: Stat,
    },
    /// getChildren (names), getEphemerals (paths)
    Names(Vec<Text>),
    /// getChildren2
    NamesStat {
        /// Names of the children.
        names: Vec<Text>,
        /// The znode.
        stat: Stat,
    },
    /// multi, multiRead
    Multi(Vec<MultiResult>),
    /// getAllChildrenNumber
    Count(i32),
    /// addWatch (Java: `ErrorResponse`)
    ErrorCode(i32),
    /// sasl
    Token(Buffer),
    /// whoAmI: scheme and user, without the secret part
    Ids(Vec<Id>),
}

impl Reply {
    /// Reads the record that answers a request with this opcode.
    pub fn decode(op: i32, input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(match op {
            op::CREATE | op::SYNC => Self::Path(Text::decode(input)?),
            op::CREATE2 | op::CREATE_CONTAINER | op::CREATE_TTL => {
                Self::PathStat { path: Text::decode(input)?, stat: Stat::decode(input)? }
            }
            op::DELETE
            | op::PING
            | op::CHECK_WATCHES
            | op::REMOVE_WATCHES
            | op::AUTH
            | op::SET_WATCHES
            | op::SET_WATCHES2
            | op::CLOSE_SESSION => Self::Empty,
            op::EXISTS | op::SET_DATA | op::SET_ACL => Self::Stat(Stat::decode(input)?),
            op::GET_DATA | op::RECONFIG => {
                Self::Data { data: input.buffer()?, stat: Stat::decode(input)? }
            }
            op::GET_ACL => Self::Acl { acl: list(input)?, stat: Stat::decode(input)? },
            op::GET_CHILDREN | op::GET_EPHEMERALS => Self::Names(list(input)?),
            op::GET_CHILDREN2 => {
                Self::NamesStat { names: list(input)?, stat: Stat::decode(input)? }
            }
            op::MULTI | op::MULTI_READ => Self::Multi(multi::decode_list(input)?),
            op::GET_ALL_CHILDREN_NUMBER => Self::Count(input.i32()?),
            op::ADD_WATCH => Self::ErrorCode(input.i32()?),
            op::SASL => Self::Token(input.buffer()?),
            op::WHO_AM_I => Self::Ids(list(input)?),
            _ => return Err(DecodeError::Unknown { what: "opcode", value: i64::from(op) }),
        })
    }
}

/// A vector that a server never leaves null.
fn list<T: Decode>(input: &mut Reader) -> Result<Vec<T>, DecodeError> {
    input.vector()?.ok_or(DecodeError::Null)
}

impl Encode for Reply {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Empty => {}
            Self::Path(path) => path.encode(out),
            Self::PathStat { path, stat } => {
                path.encode(out);
                stat.encode(out);
            }
            Self::Stat(stat) => stat.encode(out),
            Self::Data { data, stat } => {
                out.buffer(data.as_ref());
                stat.encode(out);
            }
            Self::Acl { acl, stat } => {
                out.vector(acl);
                stat.encode(out);
            }
            Self::Names(names) => out.vector(names),
            Self::NamesStat { names, stat } => {
                out.vector(names);
                stat.encode(out);
            }
            Self::Multi(results) => multi::encode_list(results, out),
            Self::Count(value) | Self::ErrorCode(value) => out.i32(*value),
            Self::Token(token) => out.buffer(token.as_ref()),
            Self::Ids(ids) => out.vector(ids),
        }
    }
}

impl Encode for ReplyHeader {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.xid);
        self.zxid.encode(out);
        out.i32(self.err);
    }
}

impl Decode for ReplyHeader {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { xid: input.i32()?, zxid: Zxid::decode(input)?, err: input.i32()? })
    }
}
