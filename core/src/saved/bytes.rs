//! Numbers of few bytes, and everything else that a saved run is made of.

use super::SavedError;
use crate::base::{ClientId, Conn, Link, NodeId, Sid};
use crate::sim::End;
use alloc::string::String;
use alloc::vec::Vec;

/// Collects the bytes of a saved run.
#[derive(Debug, Default)]
pub(super) struct Out(pub(super) Vec<u8>);

/// Reads them. Every count is checked against the bytes that are left before anything is made.
///
/// Reading never stops: what is wrong is remembered, and everything after it reads as zero. So
/// those who read stay short, and ask once, at the end.
#[derive(Debug)]
pub(super) struct In<'a> {
    pub(super) rest: &'a [u8],
    pub(super) error: Option<SavedError>,
}

impl Out {
    /// Seven bits a byte, the lowest first; the high bit says that more follow.
    #[inline(never)]
    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push((value & 0x7f) as u8);
    }

    /// A number with a sign, small if it is near zero.
    pub(super) fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn node(&mut self, node: NodeId) {
        match node {
            NodeId::Server(sid) => self.kind_and(0, sid.0),
            NodeId::Client(client) => self.kind_and(1, i64::from(client.0)),
        }
    }

    pub(super) fn end(&mut self, end: End) {
        self.node(end.node);
        match end.link {
            Link::Election(sid) => self.kind_and(0, sid.0),
            Link::Quorum(sid) => self.kind_and(1, sid.0),
            Link::Client(conn) => self.kind_and(2, conn.0.cast_signed()),
            Link::Server(sid) => self.kind_and(3, sid.0),
        }
    }

    fn kind_and(&mut self, kind: u8, value: i64) {
        self.0.push(kind);
        self.signed(value);
    }
}

impl<'a> In<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, error: None }
    }

    /// Remembers the first thing that is wrong; from here on nothing is left to read.
    #[inline(never)]
    pub(super) const fn fail(&mut self, error: SavedError) {
        if self.error.is_none() {
            self.error = Some(error);
        }
        self.rest = &[];
    }

    /// Everything was as it should be, to the last byte.
    pub(super) const fn finish(&self) -> Result<(), SavedError> {
        match self.error {
            Some(error) => Err(error),
            None if self.rest.is_empty() => Ok(()),
            None => Err(SavedError::Value("end")),
        }
    }

    #[inline(never)]
    pub(super) const fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else {
            self.fail(SavedError::Short);
            return 0;
        };
        self.rest = rest;
        *first
    }

    #[inline(never)]
    pub(super) fn number(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte();
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return value;
            }
        }
        self.fail(SavedError::Value("number"));
        0
    }

    pub(super) fn u32(&mut self) -> u32 {
        let value = self.number();
        u32::try_from(value).unwrap_or_else(|_| {
            self.fail(SavedError::Value("number"));
            0
        })
    }

    /// A count of things that take at least one byte each.
    pub(super) fn count(&mut self) -> usize {
        let count = self.number();
        match usize::try_from(count) {
            Ok(count) if count <= self.rest.len() => count,
            _ => {
                self.fail(SavedError::Short);
                0
            }
        }
    }

    pub(super) fn signed(&mut self) -> i64 {
        let value = self.number();
        (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
    }

    pub(super) fn take(&mut self, length: usize) -> &'a [u8] {
        let Some((bytes, rest)) = self.rest.split_at_checked(length) else {
            self.fail(SavedError::Short);
            return &[];
        };
        self.rest = rest;
        bytes
    }

    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let length = self.count();
        self.take(length)
    }

    pub(super) fn text(&mut self) -> String {
        let bytes = self.bytes();
        core::str::from_utf8(bytes)
            .unwrap_or_else(|_| {
                self.fail(SavedError::Value("text"));
                ""
            })
            .into()
    }

    #[inline(never)]
    pub(super) fn node(&mut self) -> NodeId {
        let (kind, id) = (self.byte(), self.signed());
        match (kind, u32::try_from(id)) {
            (0, _) => NodeId::Server(Sid(id)),
            (1, Ok(client)) => NodeId::Client(ClientId(client)),
            _ => {
                self.fail(SavedError::Value("node"));
                NodeId::Client(ClientId(0))
            }
        }
    }

    #[inline(never)]
    pub(super) fn end(&mut self) -> End {
        let node = self.node();
        let (kind, id) = (self.byte(), self.signed());
        let link = match kind {
            0 => Link::Election(Sid(id)),
            1 => Link::Quorum(Sid(id)),
            2 => Link::Client(Conn(id.cast_unsigned())),
            3 => Link::Server(Sid(id)),
            _ => {
                self.fail(SavedError::Value("link"));
                Link::Client(Conn(0))
            }
        };
        End { node, link }
    }
}
