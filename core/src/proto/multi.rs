//! Lists of operations that travel in one request, and their results (Java:
//! `MultiOperationRecord`, `MultiResponse`).
//!
//! There is no count: every element has a [`MultiHeader`] before it, and one with `done` ends the
//! list. Writes (`multi`) and reads (`multiRead`) cannot be mixed, so they are two types.

use super::data::Stat;
use super::opcode as op;
use super::request::CreateRequest;
use crate::wire::{Buffer, Decode, DecodeError, Encode, Reader, Text, Writer};
use alloc::vec::Vec;

/// Stands before every element of a list (9 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultiHeader {
    /// Opcode of the operation or of its result; -1 for an error and at the end.
    pub kind: i32,
    /// True at the end of the list, where no element follows.
    pub done: bool,
    /// -1 in requests and at the end, 0 for a result, the code for an error.
    pub err: i32,
}

/// An operation of a `multi`: all of them happen, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MultiOp {
    /// 1, 15, 19 or 21
    Create(CreateRequest),
    /// 2
    Delete {
        /// Which znode.
        path: Text,
        /// The version it must have, or -1.
        version: i32,
    },
    /// 5
    SetData {
        /// Which znode.
        path: Text,
        /// Its new data.
        data: Buffer,
        /// The version it must have, or -1.
        version: i32,
    },
    /// 13
    Check {
        /// Which znode.
        path: Text,
        /// The version it must have, or -1.
        version: i32,
    },
}

/// An operation of a `multiRead`: each is answered for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MultiReadOp {
    /// 4
    GetData {
        /// Which znode.
        path: Text,
        /// Present on the wire and without effect.
        watch: bool,
    },
    /// 8
    GetChildren {
        /// Which znode.
        path: Text,
        /// Present on the wire and without effect.
        watch: bool,
    },
}

/// The result of one operation, of either list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MultiResult {
    /// 1
    Create {
        /// The path with its sequence number.
        path: Text,
    },
    /// 15: for create2, createContainer and createTTL
    Create2 {
        /// The path with its sequence number.
        path: Text,
        /// The new znode.
        stat: Stat,
    },
    /// 2
    Delete,
    /// 5
    SetData {
        /// The znode after the change.
        stat: Stat,
    },
    /// 13
    Check,
    /// 4
    GetData {
        /// The data.
        data: Buffer,
        /// The znode.
        stat: Stat,
    },
    /// 8
    GetChildren {
        /// The names.
        children: Vec<Text>,
    },
    /// -1. In a failed multi every result is one: code 0 before the operation that failed, -2
    /// behind it.
    Error {
        /// A number of [`super::KeeperError`], or 0.
        code: i32,
    },
}

impl MultiHeader {
    /// Ends a list.
    pub const END: Self = Self { kind: -1, done: true, err: -1 };

    /// Stands before an operation.
    #[must_use]
    pub const fn operation(kind: i32) -> Self {
        Self { kind, done: false, err: -1 }
    }
}

impl Encode for MultiHeader {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.kind);
        out.bool(self.done);
        out.i32(self.err);
    }
}

impl Decode for MultiHeader {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { kind: input.i32()?, done: input.bool()?, err: input.i32()? })
    }
}

/// An element of a list that headers divide.
pub(super) trait Element: Sized {
    /// The header before it.
    fn header(&self) -> MultiHeader;
    /// What stands behind its header.
    fn encode_body(&self, out: &mut Writer);
    /// Reads what stands behind `header`.
    fn decode_body(header: MultiHeader, input: &mut Reader) -> Result<Self, DecodeError>;
}

/// Writes a list with its headers and its end.
pub(super) fn encode_list<T: Element>(items: &[T], out: &mut Writer) {
    for item in items {
        item.header().encode(out);
        item.encode_body(out);
    }
    MultiHeader::END.encode(out);
}

/// Reads a list up to its end. Each element takes at least the 9 bytes of its header, so what is
/// allocated is bounded by the frame.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn decode_list<T: Element>(input: &mut Reader) -> Result<Vec<T>, DecodeError> {
    let mut items = Vec::new();
    loop {
        let header = MultiHeader::decode(input)?;
        if header.done {
            return Ok(items);
        }
        items.push(T::decode_body(header, input)?);
    }
}

impl MultiOp {
    /// The operation's opcode.
    #[must_use]
    pub fn op(&self) -> i32 {
        match self {
            Self::Create(create) => create.kind.op(),
            Self::Delete { .. } => op::DELETE,
            Self::SetData { .. } => op::SET_DATA,
            Self::Check { .. } => op::CHECK,
        }
    }
}

impl Element for MultiOp {
    fn header(&self) -> MultiHeader {
        MultiHeader::operation(self.op())
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn encode_body(&self, out: &mut Writer) {
        match self {
            Self::Create(create) => create.encode(out),
            Self::Delete { path, version } | Self::Check { path, version } => {
                path.encode(out);
                out.i32(*version);
            }
            Self::SetData { path, data, version } => {
                path.encode(out);
                out.buffer(data.as_ref());
                out.i32(*version);
            }
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn decode_body(header: MultiHeader, input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(match header.kind {
            op::CREATE | op::CREATE2 | op::CREATE_CONTAINER | op::CREATE_TTL => {
                Self::Create(CreateRequest::decode(header.kind, input)?)
            }
            op::DELETE => Self::Delete { path: Text::decode(input)?, version: input.i32()? },
            op::SET_DATA => Self::SetData {
                path: Text::decode(input)?,
                data: input.buffer()?,
                version: input.i32()?,
            },
            op::CHECK => Self::Check { path: Text::decode(input)?, version: input.i32()? },
            other => return Err(unknown("operation of a multi", other)),
        })
    }
}

impl Element for MultiReadOp {
    fn header(&self) -> MultiHeader {
        MultiHeader::operation(match self {
            Self::GetData { .. } => op::GET_DATA,
            Self::GetChildren { .. } => op::GET_CHILDREN,
        })
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn encode_body(&self, out: &mut Writer) {
        let (Self::GetData { path, watch } | Self::GetChildren { path, watch }) = self;
        path.encode(out);
        out.bool(*watch);
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn decode_body(header: MultiHeader, input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(match header.kind {
            op::GET_DATA => Self::GetData { path: Text::decode(input)?, watch: input.bool()? },
            op::GET_CHILDREN => {
                Self::GetChildren { path: Text::decode(input)?, watch: input.bool()? }
            }
            other => return Err(unknown("operation of a multiRead", other)),
        })
    }
}

impl Element for MultiResult {
    fn header(&self) -> MultiHeader {
        let kind = match self {
            Self::Create { .. } => op::CREATE,
            Self::Create2 { .. } => op::CREATE2,
            Self::Delete => op::DELETE,
            Self::SetData { .. } => op::SET_DATA,
            Self::Check => op::CHECK,
            Self::GetData { .. } => op::GET_DATA,
            Self::GetChildren { .. } => op::GET_CHILDREN,
            Self::Error { code } => return MultiHeader { kind: -1, done: false, err: *code },
        };
        MultiHeader { kind, done: false, err: 0 }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn encode_body(&self, out: &mut Writer) {
        match self {
            Self::Create { path } => path.encode(out),
            Self::Create2 { path, stat } => {
                path.encode(out);
                stat.encode(out);
            }
            Self::Delete | Self::Check => {}
            Self::SetData { stat } => stat.encode(out),
            Self::GetData { data, stat } => {
                out.buffer(data.as_ref());
                stat.encode(out);
            }
            Self::GetChildren { children } => out.vector(children),
            Self::Error { code } => out.i32(*code),
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn decode_body(header: MultiHeader, input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(match header.kind {
            op::CREATE => Self::Create { path: Text::decode(input)? },
            op::CREATE2 => Self::Create2 { path: Text::decode(input)?, stat: Stat::decode(input)? },
            op::DELETE => Self::Delete,
            op::SET_DATA => Self::SetData { stat: Stat::decode(input)? },
            op::CHECK => Self::Check,
            op::GET_DATA => Self::GetData { data: input.buffer()?, stat: Stat::decode(input)? },
            op::GET_CHILDREN => {
                Self::GetChildren { children: input.vector()?.ok_or(DecodeError::Null)? }
            }
            op::ERROR => {
                let code = input.i32()?;
                if code != header.err {
                    return Err(DecodeError::Malformed("a multi error with two codes"));
                }
                Self::Error { code }
            }
            other => return Err(unknown("result of a multi", other)),
        })
    }
}

fn unknown(what: &'static str, value: i32) -> DecodeError {
    DecodeError::Unknown { what, value: i64::from(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::request::CreateOp;
    use bytes::Bytes;
    use core::fmt::Debug;

    /// Writes a list, reads it back, and checks that every cut of it is an error.
    fn round_trip<T: Element + PartialEq + Debug>(items: &[T]) -> Bytes {
        let mut out = Writer::new();
        encode_list(items, &mut out);
        let bytes = out.into_bytes();
        let mut input = Reader::new(bytes.clone());
        assert_eq!(decode_list::<T>(&mut input).unwrap(), items);
        assert_eq!(input.finish(), Ok(()));
        for len in 0..bytes.len() {
            let cut = decode_list::<T>(&mut Reader::new(bytes.slice(..len)));
            assert_eq!(cut, Err(DecodeError::Short), "{len}");
        }
        bytes
    }

    fn create(kind: CreateOp) -> MultiOp {
        MultiOp::Create(CreateRequest { kind, path: "/a".into(), data: None, acl: None, flags: 0 })
    }

    #[test]
    fn every_operation_and_result_is_read_as_it_was_written() {
        let path = || Text::from("/a");
        let stat = Stat { version: 3, ..Stat::default() };
        round_trip(&[
            create(CreateOp::Create),
            create(CreateOp::Create2),
            create(CreateOp::Container),
            create(CreateOp::Ttl { ttl_ms: 5 }),
            MultiOp::Delete { path: path(), version: -1 },
            MultiOp::SetData { path: path(), data: None, version: 1 },
            MultiOp::Check { path: path(), version: 2 },
        ]);
        round_trip(&[
            MultiReadOp::GetData { path: path(), watch: true },
            MultiReadOp::GetChildren { path: path(), watch: false },
        ]);
        round_trip(&[
            MultiResult::Create { path: path() },
            MultiResult::Create2 { path: path(), stat },
            MultiResult::Delete,
            MultiResult::SetData { stat },
            MultiResult::Check,
            MultiResult::GetData { data: Some(Bytes::new()), stat },
            MultiResult::GetChildren { children: [path()].into() },
            MultiResult::Error { code: 0 },
            MultiResult::Error { code: -2 },
        ]);
    }

    #[test]
    fn empty_list_is_the_end_alone() {
        assert_eq!(round_trip::<MultiOp>(&[])[..], [255, 255, 255, 255, 1, 255, 255, 255, 255]);
    }

    #[test]
    fn reads_and_writes_cannot_be_mixed() {
        let read = round_trip(&[MultiReadOp::GetData { path: "/a".into(), watch: false }]);
        let write = round_trip(&[MultiOp::Delete { path: "/a".into(), version: 0 }]);
        let unknown = |result| assert!(matches!(result, Err(DecodeError::Unknown { .. })));
        unknown(decode_list::<MultiOp>(&mut Reader::new(read)).map(|_| ()));
        unknown(decode_list::<MultiReadOp>(&mut Reader::new(write)).map(|_| ()));
    }
}
