//! A message's fields with their bytes, as the codec of the real server reads them.
//!
//! The decoders of [`crate::proto`] run with a reader that notes what it reads; only the names of
//! the fields are written here, in the order of reading. Bytes that no decoder takes are a field
//! too, so fields always tile the bytes.

use super::look::op_name;
use crate::base::{SessionId, Zxid, counted};
use crate::proto::connect::{ConnectRequest, ConnectResponse};
use crate::proto::election::Notification;
use crate::proto::multi::MultiHeader;
use crate::proto::opcode as op;
use crate::proto::quorum::{
    AckEpoch, ForwardedRequest, LeaderInfo, LearnerInfo, QuorumPacket, RevalidateReply,
    RevalidateRequest, TouchTable, packet,
};
use crate::proto::reply::{Reply, ReplyHeader, xid};
use crate::proto::request::{Request, RequestHeader};
use crate::proto::txn::{Txn, TxnHeader};
use crate::proto::watch::WatcherEvent;
use crate::server::codec;
use crate::server::message::{Msg, Packet};
use crate::wire::{Decode, DecodeError, Mark, Reader, Value, Writer};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bytes::Bytes;

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the protocol.
    pub name: &'static str,
    /// What it says.
    pub value: String,
    /// Its first byte.
    pub start: usize,
    /// The byte behind it.
    pub end: usize,
    /// How many records it stands in.
    pub depth: u8,
}

/// Reads a message bit by bit.
struct Walk {
    bytes: Bytes,
    at: usize,
    end: usize,
    depth: u8,
    fields: Vec<Field>,
}

type Read<'a> = &'a mut dyn FnMut(&mut Reader) -> Result<(), DecodeError>;

/// Names, divided by spaces, each with a letter behind a colon that says how its value is
/// written. Behind the name of a vector stand those of an element, in parentheses of their own.
struct Names<'a> {
    names: Vec<&'static str>,
    marks: &'a [Mark],
}

const STAT: &str = "czxid:z mzxid:z ctime mtime version cversion aversion ephemeral-owner:x \
                    data-length children pzxid:z";

/// The packet's name in the protocol.
fn packet_name(kind: i64) -> &'static str {
    const NAMES: [&str; 19] = [
        "REQUEST",
        "PROPOSAL",
        "ACK",
        "COMMIT",
        "PING",
        "REVALIDATE",
        "SYNC",
        "INFORM",
        "COMMITANDACTIVATE",
        "NEWLEADER",
        "FOLLOWERINFO",
        "UPTODATE",
        "DIFF",
        "TRUNC",
        "SNAP",
        "OBSERVERINFO",
        "LEADERINFO",
        "ACKEPOCH",
        "INFORMANDACTIVATE",
    ];
    let place = usize::try_from(kind).ok().and_then(|kind| kind.checked_sub(1));
    place.and_then(|place| NAMES.get(place)).copied().unwrap_or("unknown")
}

/// Names of the fields of a request's record.
fn request_names(kind: i32) -> &'static str {
    match kind {
        op::CREATE | op::CREATE2 | op::CREATE_CONTAINER | op::CREATE_TTL => {
            "path data acl ( perms scheme id ) flags ttl"
        }
        op::SET_DATA => "path data version",
        op::SET_ACL => "path acl ( perms scheme id ) version",
        op::DELETE | op::CHECK => "path version",
        op::RECONFIG => "joining leaving members version:x",
        op::AUTH => "type scheme auth",
        op::SASL => "token",
        op::EXISTS | op::GET_DATA | op::GET_CHILDREN | op::GET_CHILDREN2 => "path watch",
        op::CHECK_WATCHES | op::REMOVE_WATCHES => "path type",
        op::ADD_WATCH => "path mode",
        op::SET_WATCHES | op::SET_WATCHES2 => {
            "zxid:z data ( path ) exist ( path ) child ( path ) persistent ( path ) recursive \
             ( path )"
        }
        _ => "path",
    }
}

/// Names of the fields of a reply's record.
fn reply_names(kind: i32) -> &'static str {
    match kind {
        op::CREATE | op::SYNC => "path",
        op::EXISTS | op::SET_DATA | op::SET_ACL => STAT,
        op::GET_CHILDREN | op::GET_EPHEMERALS => "names ( name )",
        op::WHO_AM_I => "ids ( scheme id )",
        op::GET_ALL_CHILDREN_NUMBER => "number",
        op::ADD_WATCH => "error",
        op::SASL => "token",
        _ => "",
    }
}

/// Names of the fields of a transaction's record.
fn txn_names(kind: i32) -> &'static str {
    match kind {
        op::CREATE_SESSION => "timeout",
        op::CLOSE_SESSION => "paths ( path )",
        op::ERROR => "code",
        op::CREATE | op::CREATE2 => "path data acl ( perms scheme id ) ephemeral parent-cversion",
        op::CREATE_CONTAINER | op::CREATE_TTL => {
            "path data acl ( perms scheme id ) parent-cversion ttl"
        }
        op::SET_ACL => "path acl ( perms scheme id ) version",
        op::SET_DATA | op::RECONFIG => "path data version",
        _ => "path version",
    }
}

fn number(value: i64, style: &str) -> String {
    match style {
        "z" => Zxid(value).to_string(),
        "x" => SessionId(value).to_string(),
        "p" => packet_name(value).into(),
        "o" => i32::try_from(value).map_or_else(|_| value.to_string(), |op| kind_name(op).into()),
        _ => value.to_string(),
    }
}

fn kind_name(kind: i32) -> &'static str {
    match kind {
        op::ERROR => "error",
        op::CHECK => "check",
        op::PING => "ping",
        op::AUTH => "auth",
        op::RECONFIG => "reconfig",
        kind => op_name(kind),
    }
}

fn text(bytes: &[u8]) -> String {
    match core::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(|c| !c.is_control()) => text.into(),
        _ => counted(bytes.len() as u64, "byte", "bytes"),
    }
}

impl Names<'_> {
    /// Names all marks; those beyond the names are called "more".
    fn all(&mut self, at: usize, depth: u8, out: &mut Vec<Field>) {
        let names = core::mem::take(&mut self.names);
        self.some(&names, at, depth, out);
        while !self.marks.is_empty() {
            self.some(&["more"], at, depth, out);
        }
    }

    fn some(&mut self, names: &[&'static str], at: usize, depth: u8, out: &mut Vec<Field>) {
        let mut place = 0;
        while let Some(name) = names.get(place).copied() {
            let Some((mark, rest)) = self.marks.split_first() else { return };
            self.marks = rest;
            place += 1;
            let (name, style) = name.split_once(':').unwrap_or((name, ""));
            let value = match &mark.value {
                Value::Number(value) => number(*value, style),
                Value::Count(-1) | Value::Buffer(None) => "null".into(),
                Value::Count(count) => count.to_string(),
                Value::Buffer(Some(bytes)) | Value::Raw(bytes) => text(bytes),
            };
            out.push(Field { name, value, start: at + mark.start, end: at + mark.end, depth });
            if names.get(place) == Some(&"(") {
                let inside = names.get(place + 1..).unwrap_or_default();
                let len = inside.iter().position(|name| *name == ")").unwrap_or(inside.len());
                if let Value::Count(count) = mark.value {
                    for _ in 0..count {
                        self.some(&inside[..len], at, depth + 1, out);
                    }
                }
                place += len + 2;
            }
        }
    }
}

impl Walk {
    fn new(bytes: Bytes) -> Self {
        Self { at: 0, end: bytes.len(), bytes, depth: 0, fields: Vec::new() }
    }

    fn rest(&self) -> Bytes {
        self.bytes.slice(self.at..self.end)
    }

    /// Reads the next part and names what was read, also if the rest cannot be read.
    fn part(&mut self, names: &'static str, read: Read<'_>) -> Result<(), DecodeError> {
        let mut reader = Reader::marking(self.rest());
        let result = read(&mut reader);
        let marks = reader.into_marks();
        let names = names.split_ascii_whitespace().collect();
        Names { names, marks: &marks }.all(self.at, self.depth, &mut self.fields);
        self.at += marks.last().map_or(0, |mark| mark.end);
        result
    }

    /// The fields; what was not read is one of them.
    fn finish(mut self, name: &'static str) -> Vec<Field> {
        self.end = self.bytes.len();
        if self.at < self.end {
            let value = text(&self.rest());
            let (start, end, depth) = (self.at, self.end, self.depth);
            self.fields.push(Field { name, value, start, end, depth });
        }
        self.fields
    }

    fn frame(&mut self) -> Result<(), DecodeError> {
        self.part("frame", &mut |input| input.i32().map(drop))
    }

    /// A list whose elements have headers.
    fn multi(&mut self, names: fn(i32) -> &'static str, reply: bool) -> Result<(), DecodeError> {
        self.depth += 1;
        loop {
            let mut header = MultiHeader::END;
            self.part("type:o done err", &mut |input| {
                header = MultiHeader::decode(input)?;
                Ok(())
            })?;
            let kind = header.kind;
            match kind {
                _ if header.done => break,
                op::ERROR => self.part("code", &mut |input| input.i32().map(drop))?,
                op::CHECK if reply => {}
                _ if reply => self.reply(kind)?,
                _ => self.part(names(kind), &mut |input| Request::decode(kind, input).map(drop))?,
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn request(&mut self, kind: i32) -> Result<(), DecodeError> {
        match kind {
            op::MULTI | op::MULTI_READ => self.multi(request_names, false),
            op::CREATE_SESSION => self.part("timeout", &mut |input| input.i32().map(drop)),
            _ => {
                self.part(request_names(kind), &mut |input| Request::decode(kind, input).map(drop))
            }
        }
    }

    fn reply(&mut self, kind: i32) -> Result<(), DecodeError> {
        if matches!(kind, op::MULTI | op::MULTI_READ) {
            return self.multi(reply_names, true);
        }
        let first: &'static str = match kind {
            op::CREATE2 | op::CREATE_CONTAINER | op::CREATE_TTL => "path",
            op::GET_DATA | op::RECONFIG => "data",
            op::GET_ACL => "acl ( perms scheme id )",
            op::GET_CHILDREN2 => "names ( name )",
            _ => {
                return self
                    .part(reply_names(kind), &mut |input| Reply::decode(kind, input).map(drop));
            }
        };
        // A field or a vector, then a stat.
        let mut reader = Reader::marking(self.rest());
        Reply::decode(kind, &mut reader)?;
        let marks = reader.into_marks();
        let split = marks.len().saturating_sub(STAT.split_ascii_whitespace().count());
        let (before, stat) = marks.split_at(split);
        for (names, marks) in [(first, before), (STAT, stat)] {
            let names = names.split_ascii_whitespace().collect();
            Names { names, marks }.all(self.at, self.depth, &mut self.fields);
        }
        self.at += marks.last().map_or(0, |mark| mark.end);
        Ok(())
    }

    fn txn(&mut self) -> Result<(), DecodeError> {
        let mut kind = 0;
        self.part("session:x cxid zxid:z time type:o", &mut |input| {
            kind = TxnHeader::decode(input)?.kind;
            Ok(())
        })?;
        self.depth += 1;
        if kind == op::MULTI {
            self.txns()?;
        } else {
            self.part(txn_names(kind), &mut |input| Txn::decode_record(kind, input).map(drop))?;
        }
        self.depth -= 1;
        if self.at < self.end {
            self.part("digest-version digest:x", &mut |input| {
                input.i32()?;
                input.i64().map(drop)
            })?;
        }
        Ok(())
    }

    /// The transactions of a multi: type, length, record.
    fn txns(&mut self) -> Result<(), DecodeError> {
        let mut count = 0;
        self.part("count", &mut |input| {
            count = input.i32()?;
            Ok(())
        })?;
        for _ in 0..count {
            let (mut kind, mut len) = (0, 0);
            self.part("type:o length", &mut |input| {
                kind = input.i32()?;
                len = input.i32()?;
                Ok(())
            })?;
            let end = self.end;
            let len = usize::try_from(len).map_err(|_| DecodeError::Length(len))?;
            self.end = end.min(self.at + len);
            self.depth += 1;
            self.part(txn_names(kind), &mut |input| Txn::decode_record(kind, input).map(drop))?;
            self.depth -= 1;
            self.end = end;
        }
        Ok(())
    }

    fn packet(&mut self, to_leader: bool) -> Result<(), DecodeError> {
        let mut raw = QuorumPacket::bare(0, Zxid(0));
        // Read whole, to know where the payload ends; then named in three parts.
        let mut reader = Reader::marking(self.rest());
        raw.clone_from(&QuorumPacket::decode(&mut reader)?);
        let marks = reader.into_marks();
        let (head, tail) = marks.split_at(marks.len().min(2));
        let names = "type:p zxid:z".split_ascii_whitespace().collect();
        Names { names, marks: head }.all(self.at, 0, &mut self.fields);
        let (start, whole) = (self.at, self.end);
        self.at = start + 12;
        if let Some((data, auth)) = tail.split_first() {
            if raw.data.is_some() {
                self.part("length", &mut |input| input.i32().map(drop))?;
                self.end = start + data.end;
                self.depth += 1;
                let read = self.payload(raw.kind, to_leader);
                self.depth = 1;
                // What cannot be read is shown as it is.
                read.ok();
                if self.at < self.end {
                    let value = text(&self.rest());
                    let (from, end) = (self.at, self.end);
                    self.fields.push(Field { name: "data", value, start: from, end, depth: 1 });
                }
                self.depth = 0;
            } else {
                let names = "data".split_ascii_whitespace().collect();
                Names { names, marks: core::slice::from_ref(data) }.all(start, 0, &mut self.fields);
            }
            let names = "auth ( scheme id )".split_ascii_whitespace().collect();
            Names { names, marks: auth }.all(start, 0, &mut self.fields);
        }
        self.at = start + marks.last().map_or(0, |mark| mark.end);
        self.end = whole;
        Ok(())
    }

    fn payload(&mut self, kind: i32, to_leader: bool) -> Result<(), DecodeError> {
        match kind {
            packet::FOLLOWERINFO | packet::OBSERVERINFO => self
                .part("sid protocol config-version", &mut |input| {
                    LearnerInfo::decode(input).map(drop)
                }),
            packet::LEADERINFO => {
                self.part("protocol", &mut |input| LeaderInfo::decode(input).map(drop))
            }
            packet::ACKEPOCH => {
                self.part("current-epoch", &mut |input| AckEpoch::decode(input).map(drop))
            }
            packet::PING => {
                let mut result = Ok(());
                while self.at < self.end && result.is_ok() {
                    let end = self.end;
                    self.end = end.min(self.at + 12);
                    result = self.part("session:x timeout", &mut |input| {
                        TouchTable::decode(input).map(drop)
                    });
                    self.end = end;
                }
                result
            }
            packet::REVALIDATE if to_leader => self
                .part("session:x timeout", &mut |input| RevalidateRequest::decode(input).map(drop)),
            packet::REVALIDATE => {
                self.part("session:x valid", &mut |input| RevalidateReply::decode(input).map(drop))
            }
            packet::REQUEST => {
                let mut kind = 0;
                let whole = self.end;
                self.end = whole.min(self.at + 16);
                self.part("session:x cxid type:o body", &mut |input| {
                    kind = ForwardedRequest::decode(input)?.op;
                    Ok(())
                })?;
                self.end = whole;
                // The body is empty here: it is read as what it is.
                self.fields.retain(|field| field.start < field.end);
                self.depth += 1;
                self.request(kind)
            }
            packet::PROPOSAL | packet::INFORM => self.txn(),
            _ => Ok(()),
        }
    }
}

/// The fields of a packet of the quorum port; what stands behind it (a snapshot) is one field.
#[must_use]
pub fn of_packet(bytes: Bytes, to_leader: bool) -> Vec<Field> {
    let mut walk = Walk::new(bytes);
    // What cannot be read is the last field.
    walk.packet(to_leader).ok();
    walk.finish("snapshot")
}

/// The fields of a notification with its frame.
#[must_use]
pub fn of_notification(bytes: Bytes) -> Vec<Field> {
    let mut walk = Walk::new(bytes);
    let mut read = || {
        walk.frame()?;
        walk.part("state leader zxid:z round peer-epoch version config", &mut |input| {
            Notification::decode(input).map(drop)
        })
    };
    read().ok();
    walk.finish("rest")
}

/// The fields of what a client sends, with its frame; `first` on its connection.
#[must_use]
pub fn of_request(bytes: Bytes, first: bool) -> Vec<Field> {
    let mut walk = Walk::new(bytes);
    let mut read = || {
        walk.frame()?;
        if first {
            return walk
                .part("protocol last-zxid:z timeout session:x password read-only", &mut |input| {
                    ConnectRequest::decode(input).map(drop)
                });
        }
        let mut kind = 0;
        walk.part("xid type:o", &mut |input| {
            kind = RequestHeader::decode(input)?.op;
            Ok(())
        })?;
        walk.depth = 1;
        walk.request(kind)
    };
    read().ok();
    walk.finish("rest")
}

/// The fields of what a client is sent, with its frame; `first` on its connection, `asked` the
/// opcode of the request that it answers.
#[must_use]
pub fn of_reply(bytes: Bytes, first: bool, asked: Option<i32>) -> Vec<Field> {
    let mut walk = Walk::new(bytes);
    let mut read = || {
        walk.frame()?;
        if first {
            return walk.part("protocol timeout session:x password read-only", &mut |input| {
                ConnectResponse::decode(input).map(drop)
            });
        }
        let mut header = ReplyHeader { xid: 0, zxid: Zxid(0), err: 0 };
        walk.part("xid zxid:z error", &mut |input| {
            header = ReplyHeader::decode(input)?;
            Ok(())
        })?;
        walk.depth = 1;
        if header.xid == xid::EVENT {
            return walk
                .part("type state path", &mut |input| WatcherEvent::decode(input).map(drop));
        }
        match asked {
            Some(kind) if walk.at < walk.end => walk.reply(kind),
            _ => Ok(()),
        }
    };
    read().ok();
    walk.finish("record")
}

/// A message's bytes as its link carries them, and their fields. `asked` as in [`of_reply`].
#[must_use]
pub fn of(msg: &Msg, asked: Option<i32>) -> (Bytes, Vec<Field>) {
    use crate::proto::client::{ToClient, ToServer};
    let mut out = Writer::new();
    codec::encode(msg, &mut out);
    let bytes = out.into_bytes();
    let copy = bytes.clone();
    let fields = match msg {
        Msg::Notification(_) => of_notification(copy),
        Msg::Packet(packet) => of_packet(copy, matches!(packet, Packet::Revalidate(_))),
        Msg::ToServer(msg) => of_request(copy, matches!(msg, ToServer::Connect(_))),
        Msg::ToClient(msg) => of_reply(copy, matches!(msg, ToClient::Connected(_)), asked),
    };
    (bytes, fields)
}
