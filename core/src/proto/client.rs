//! Messages of the client port: the connect handshake, then requests one way, replies and watch
//! events the other. One message is one frame ([`super::frame`]).

use super::connect::{ConnectRequest, ConnectResponse};
use super::reply::{ReplyHeader, xid};
use super::request::RequestHeader;
use super::watch::WatcherEvent;
use crate::base::Zxid;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};
use bytes::Bytes;

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToServer {
    /// First frame.
    Connect(ConnectRequest),
    /// Any other. The record stays as it came: it is decoded where it is decided, and a learner
    /// forwards it unchanged, even if it is malformed.
    Request {
        /// The client's number and the opcode.
        header: RequestHeader,
        /// The record.
        body: Bytes,
    },
}

/// What a client is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToClient {
    /// First frame.
    Connected(ConnectResponse),
    /// The answer to a request. Its record follows from the opcode of the request.
    Reply {
        /// Number of the request, zxid of the server, error.
        header: ReplyHeader,
        /// The record; empty if there is an error.
        body: Bytes,
    },
    /// A watch fired.
    Event {
        /// Zxid of the transaction, or -1 (before 3.9, and for what setWatches makes up for).
        zxid: Zxid,
        /// What happened.
        event: WatcherEvent,
    },
}

impl ToServer {
    /// Reads a frame without its length; `first` if it is the first of its connection.
    pub fn decode(frame: Bytes, first: bool) -> Result<Self, DecodeError> {
        let mut input = Reader::new(frame);
        if first {
            return ConnectRequest::decode(&mut input).map(Self::Connect);
        }
        let header = RequestHeader::decode(&mut input)?;
        Ok(Self::Request { header, body: input.rest() })
    }
}

impl ToClient {
    /// Reads a frame without its length; `first` if it is the first of its connection.
    pub fn decode(frame: Bytes, first: bool) -> Result<Self, DecodeError> {
        let mut input = Reader::new(frame);
        if first {
            return ConnectResponse::decode(&mut input).map(Self::Connected);
        }
        let header = ReplyHeader::decode(&mut input)?;
        if header.xid == xid::EVENT {
            let event = WatcherEvent::decode(&mut input)?;
            return Ok(Self::Event { zxid: header.zxid, event });
        }
        Ok(Self::Reply { header, body: input.rest() })
    }
}

impl Encode for ToServer {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Connect(request) => request.encode(out),
            Self::Request { header, body } => {
                header.encode(out);
                out.raw(body);
            }
        }
    }
}

impl Encode for ToClient {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Connected(response) => response.encode(out),
            Self::Reply { header, body } => {
                header.encode(out);
                out.raw(body);
            }
            Self::Event { zxid, event } => {
                ReplyHeader { xid: xid::EVENT, zxid: *zxid, err: 0 }.encode(out);
                event.encode(out);
            }
        }
    }
}
