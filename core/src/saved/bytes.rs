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
#[derive(Debug)]
pub(super) struct In<'a>(pub(super) &'a [u8]);

impl Out {
    /// Seven bits a byte, the lowest first; the high bit says that more follow.
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

impl In<'_> {
    pub(super) fn byte(&mut self) -> Result<u8, SavedError> {
        let (first, rest) = self.0.split_first().ok_or(SavedError::Short)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn number(&mut self) -> Result<u64, SavedError> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(SavedError::Value("number"))
    }

    /// A number that the type has room for.
    pub(super) fn small<T: TryFrom<u64>>(&mut self) -> Result<T, SavedError> {
        T::try_from(self.number()?).map_err(|_| SavedError::Value("number"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, SavedError> {
        let value = self.number()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    pub(super) fn bytes(&mut self) -> Result<&[u8], SavedError> {
        let length: usize = self.small()?;
        if length > self.0.len() {
            return Err(SavedError::Short);
        }
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self) -> Result<String, SavedError> {
        let bytes = self.bytes()?;
        let text = core::str::from_utf8(bytes).map_err(|_| SavedError::Value("text"))?;
        Ok(text.into())
    }

    pub(super) fn node(&mut self) -> Result<NodeId, SavedError> {
        match (self.byte()?, self.signed()?) {
            (0, sid) => Ok(NodeId::Server(Sid(sid))),
            (1, client) => {
                let client = u32::try_from(client).map_err(|_| SavedError::Value("client"))?;
                Ok(NodeId::Client(ClientId(client)))
            }
            _ => Err(SavedError::Value("node")),
        }
    }

    pub(super) fn end(&mut self) -> Result<End, SavedError> {
        let node = self.node()?;
        let link = match (self.byte()?, self.signed()?) {
            (0, sid) => Link::Election(Sid(sid)),
            (1, sid) => Link::Quorum(Sid(sid)),
            (2, conn) => Link::Client(Conn(conn.cast_unsigned())),
            (3, sid) => Link::Server(Sid(sid)),
            _ => return Err(SavedError::Value("link")),
        };
        Ok(End { node, link })
    }
}
