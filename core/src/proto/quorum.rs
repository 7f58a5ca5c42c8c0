//! Packets between a learner and its leader, and what is in them (Java: `QuorumPacket`,
//! `Learner`, `LearnerHandler`, `Leader`).
//!
//! The stream has no frames: packets stand back to back, so a reader finds the end of one by
//! walking over its fields. Behind a SNAP packet stands a snapshot, which is not a packet. The
//! payload of PROPOSAL and INFORM is a [`super::txn::TxnRecord`].

use super::data::Id;
use crate::base::limits::{AUTH_IDS_MAX, FIELD_BYTES_MAX, QUORUM_PACKET_BYTES_MAX};
use crate::base::{Cxid, Epoch, SessionId, Sid, Zxid};
use crate::wire::{Buffer, Decode, DecodeError, Encode, Reader, Writer};
use alloc::vec::Vec;
use bytes::Bytes;

/// Numbers of packets.
pub mod packet {
    /// To the leader: a client's write or sync, as [`super::ForwardedRequest`].
    pub const REQUEST: i32 = 1;
    /// To a follower: a transaction to log.
    pub const PROPOSAL: i32 = 2;
    /// To the leader: logged, or `epoch << 32` for NEWLEADER and UPTODATE.
    pub const ACK: i32 = 3;
    /// To a follower: apply the transaction.
    pub const COMMIT: i32 = 4;
    /// Both ways; to the leader with a [`super::TouchTable`].
    pub const PING: i32 = 5;
    /// Both ways: [`super::RevalidateRequest`], answered with [`super::RevalidateReply`].
    pub const REVALIDATE: i32 = 6;
    /// To a learner: its oldest sync is done.
    pub const SYNC: i32 = 7;
    /// To an observer: a committed transaction.
    pub const INFORM: i32 = 8;
    /// To a follower: apply the reconfiguration; the data is the id of the next leader.
    pub const COMMIT_AND_ACTIVATE: i32 = 9;
    /// To a learner: the end of synchronization; the data is the text of the configuration.
    pub const NEWLEADER: i32 = 10;
    /// To the leader: a follower's [`super::LearnerInfo`] and accepted epoch.
    pub const FOLLOWERINFO: i32 = 11;
    /// To a learner: serve clients.
    pub const UPTODATE: i32 = 12;
    /// To a learner: the transactions that it lacks follow.
    pub const DIFF: i32 = 13;
    /// To a learner: cut the log behind this zxid.
    pub const TRUNC: i32 = 14;
    /// To a learner: a snapshot follows.
    pub const SNAP: i32 = 15;
    /// To the leader: an observer's [`super::LearnerInfo`].
    pub const OBSERVERINFO: i32 = 16;
    /// To a learner: the new epoch, and the protocol version as an int.
    pub const LEADERINFO: i32 = 17;
    /// To the leader: the last logged zxid, and [`super::AckEpoch`].
    pub const ACKEPOCH: i32 = 18;
    /// To an observer: id of the next leader and a reconfiguration ([`super::InformAndActivate`]).
    pub const INFORM_AND_ACTIVATE: i32 = 19;
}

/// The only version of the handshake since 3.4, in [`LearnerInfo`] and LEADERINFO.
pub const PROTOCOL_VERSION: i32 = 0x1_0000;

/// A packet whose payload is still bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumPacket {
    /// A number of [`packet`].
    pub kind: i32,
    /// Depends on the kind; -1 where it means nothing.
    pub zxid: Zxid,
    /// The payload; null if there is none.
    pub data: Buffer,
    /// In REQUEST, who the client is; else null.
    pub auth: Option<Vec<Id>>,
}

/// Payload of FOLLOWERINFO and OBSERVERINFO (20 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnerInfo {
    /// Who.
    pub sid: Sid,
    /// [`PROTOCOL_VERSION`]
    pub protocol_version: i32,
    /// Version of the configuration that the learner has.
    pub config_version: i64,
}

/// Payload of LEADERINFO (4 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderInfo {
    /// [`PROTOCOL_VERSION`]
    pub protocol_version: i32,
}

/// Payload of ACKEPOCH (4 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckEpoch {
    /// The learner's current epoch; `None` (-1) if it had promised this epoch before and is not to
    /// be counted again.
    pub current_epoch: Option<Epoch>,
}

/// Payload of REQUEST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedRequest {
    /// The client's session.
    pub session: SessionId,
    /// The client's number of the request.
    pub cxid: Cxid,
    /// A number of [`super::opcode`].
    pub op: i32,
    /// The request's record as the client sent it, even if it cannot be read; the timeout as an
    /// int for createSession, nothing for closeSession.
    pub body: Bytes,
}

/// Payload of REVALIDATE to the leader (12 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevalidateRequest {
    /// The session that a client attached to this learner.
    pub session: SessionId,
    /// Its negotiated timeout.
    pub timeout_ms: i32,
}

/// Payload of REVALIDATE to the learner (9 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevalidateReply {
    /// Which session.
    pub session: SessionId,
    /// It is alive, and its owner is the learner that asked.
    pub valid: bool,
}

/// Payload of PING to the leader: the sessions that showed life since the last one, with their
/// timeouts in milliseconds. Empty is written as an empty buffer, not as null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TouchTable(pub Vec<(SessionId, i32)>);

/// Payload of INFORMANDACTIVATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InformAndActivate {
    /// Who is to lead under the new configuration.
    pub designated_leader: Sid,
    /// The transaction, as in INFORM.
    pub txn: Bytes,
}

impl QuorumPacket {
    /// A packet without payload.
    #[must_use]
    pub const fn bare(kind: i32, zxid: Zxid) -> Self {
        Self { kind, zxid, data: None, auth: None }
    }

    /// A packet with this payload.
    #[must_use]
    pub const fn with_data(kind: i32, zxid: Zxid, data: Bytes) -> Self {
        Self { kind, zxid, data: Some(data), auth: None }
    }

    /// Kind and length of the packet at the start of `stream`. [`DecodeError::Short`]: wait for more
    /// bytes; any other error is final. A packet that is longer than its bounds fails as soon as the
    /// bytes say so.
    pub fn measure(stream: &[u8]) -> Result<(i32, usize), DecodeError> {
        let len = packet_len(stream)?;
        Ok((int_at(stream, 0)?, len))
    }
}

/// Length of the packet at the start of `stream`, found without copying anything.
fn packet_len(stream: &[u8]) -> Result<usize, DecodeError> {
    const KIND_AND_ZXID: usize = 12;
    let mut at = skip_field(stream, KIND_AND_ZXID)?;
    let ids = int_at(stream, at)?;
    at += 4;
    if !(-1..=AUTH_IDS_MAX).contains(&ids) {
        return Err(DecodeError::Length(ids));
    }
    for _ in 0..2 * ids {
        at = skip_field(stream, at)?;
        if at > QUORUM_PACKET_BYTES_MAX {
            return Err(DecodeError::Malformed("a packet above its bound"));
        }
    }
    if at > stream.len() { Err(DecodeError::Short) } else { Ok(at) }
}

/// Where the field begins that follows the `buffer` or `ustring` at `at`; may be behind the end.
fn skip_field(stream: &[u8], at: usize) -> Result<usize, DecodeError> {
    let len = int_at(stream, at)?;
    if len == -1 {
        return Ok(at + 4);
    }
    let size = usize::try_from(len).map_err(|_| DecodeError::Length(len))?;
    if size > FIELD_BYTES_MAX {
        return Err(DecodeError::Length(len));
    }
    Ok(at + 4 + size)
}

fn int_at(stream: &[u8], at: usize) -> Result<i32, DecodeError> {
    let bytes = stream.get(at..).and_then(|rest| rest.first_chunk()).ok_or(DecodeError::Short)?;
    Ok(i32::from_be_bytes(*bytes))
}

impl Encode for QuorumPacket {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.kind);
        self.zxid.encode(out);
        out.buffer(self.data.as_ref());
        out.opt_vector(self.auth.as_deref());
    }
}

impl Decode for QuorumPacket {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            kind: input.i32()?,
            zxid: Zxid::decode(input)?,
            data: input.buffer()?,
            auth: input.vector()?,
        })
    }
}

impl Encode for LearnerInfo {
    fn encode(&self, out: &mut Writer) {
        out.i64(self.sid.0);
        out.i32(self.protocol_version);
        out.i64(self.config_version);
    }
}

impl Decode for LearnerInfo {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            sid: Sid(input.i64()?),
            protocol_version: input.i32()?,
            config_version: input.i64()?,
        })
    }
}

impl Encode for LeaderInfo {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.protocol_version);
    }
}

impl Decode for LeaderInfo {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { protocol_version: input.i32()? })
    }
}

impl Encode for AckEpoch {
    fn encode(&self, out: &mut Writer) {
        let epoch = self.current_epoch.map_or(-1, |epoch| epoch.0);
        out.i32(i32::try_from(epoch).expect("an epoch is the upper half of a zxid"));
    }
}

impl Decode for AckEpoch {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            current_epoch: match input.i32()? {
                -1 => None,
                epoch if epoch >= 0 => Some(Epoch(i64::from(epoch))),
                _ => return Err(DecodeError::Malformed("a negative epoch")),
            },
        })
    }
}

impl ForwardedRequest {
    /// What stands before the record.
    pub fn encode_head(session: SessionId, cxid: Cxid, op: i32, out: &mut Writer) {
        out.i64(session.0);
        out.i32(cxid.0);
        out.i32(op);
    }
}

impl Encode for ForwardedRequest {
    fn encode(&self, out: &mut Writer) {
        Self::encode_head(self.session, self.cxid, self.op, out);
        out.raw(&self.body);
    }
}

impl Decode for ForwardedRequest {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            session: SessionId(input.i64()?),
            cxid: Cxid(input.i32()?),
            op: input.i32()?,
            body: input.take(input.remaining())?,
        })
    }
}

impl Encode for RevalidateRequest {
    fn encode(&self, out: &mut Writer) {
        out.i64(self.session.0);
        out.i32(self.timeout_ms);
    }
}

impl Decode for RevalidateRequest {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { session: SessionId(input.i64()?), timeout_ms: input.i32()? })
    }
}

impl Encode for RevalidateReply {
    fn encode(&self, out: &mut Writer) {
        out.i64(self.session.0);
        out.bool(self.valid);
    }
}

impl Decode for RevalidateReply {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { session: SessionId(input.i64()?), valid: input.bool()? })
    }
}

impl Encode for TouchTable {
    fn encode(&self, out: &mut Writer) {
        for (session, timeout_ms) in &self.0 {
            out.i64(session.0);
            out.i32(*timeout_ms);
        }
    }
}

impl Decode for TouchTable {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        let mut table = Vec::new();
        while input.remaining() > 0 {
            table.push((SessionId(input.i64()?), input.i32()?));
        }
        Ok(Self(table))
    }
}

impl Encode for InformAndActivate {
    fn encode(&self, out: &mut Writer) {
        out.i64(self.designated_leader.0);
        out.raw(&self.txn);
    }
}

impl Decode for InformAndActivate {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { designated_leader: Sid(input.i64()?), txn: input.take(input.remaining())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn request() -> QuorumPacket {
        QuorumPacket {
            kind: packet::REQUEST,
            zxid: Zxid(-1),
            data: Some(Bytes::from_static(b"payload")),
            auth: Some(vec![Id { scheme: "ip".into(), id: "127.0.0.1".into() }]),
        }
    }

    #[test]
    fn a_packet_without_payload_is_20_bytes() {
        let bytes = QuorumPacket::bare(packet::ACK, Zxid(5)).to_bytes();
        assert_eq!(bytes.len(), 20);
        assert_eq!(bytes[12..], [0xff; 8]);
    }

    #[test]
    fn a_packet_is_short_until_its_last_byte_and_takes_no_more() {
        let mut stream = request().to_bytes().to_vec();
        let len = stream.len();
        for end in 0..len {
            assert_eq!(QuorumPacket::measure(&stream[..end]), Err(DecodeError::Short), "{end}");
        }
        stream.extend_from_slice(b"the next packet");
        assert_eq!(QuorumPacket::measure(&stream), Ok((packet::REQUEST, len)));
    }

    #[test]
    fn a_length_above_the_bound_fails_at_once() {
        let mut out = Writer::new();
        out.i32(packet::PROPOSAL);
        out.i64(1);
        let head = out.into_vec();
        let with = |fields: &[i32]| {
            let mut out = Writer::append_to(head.clone());
            fields.iter().for_each(|field| out.i32(*field));
            QuorumPacket::measure(&out.into_vec())
        };
        assert_eq!(with(&[i32::MAX]), Err(DecodeError::Length(i32::MAX)));
        assert_eq!(with(&[-2]), Err(DecodeError::Length(-2)));
        assert_eq!(with(&[-1, AUTH_IDS_MAX + 1]), Err(DecodeError::Length(AUTH_IDS_MAX + 1)));
        assert_eq!(with(&[-1, i32::MIN]), Err(DecodeError::Length(i32::MIN)));
        let field = i32::try_from(FIELD_BYTES_MAX).unwrap();
        assert_eq!(with(&[field]), Err(DecodeError::Short));
        assert_eq!(with(&[field + 1]), Err(DecodeError::Length(field + 1)));
    }

    #[test]
    fn ids_together_are_bounded_too() {
        let huge = std::string::String::from_utf8(vec![b'x'; FIELD_BYTES_MAX]).unwrap();
        let id = Id { scheme: huge.as_str().into(), id: huge.as_str().into() };
        let packet = QuorumPacket { auth: Some(vec![id; 2]), ..request() };
        let bytes = packet.to_bytes();
        assert!(matches!(QuorumPacket::measure(&bytes), Err(DecodeError::Malformed(_))));
        // Known before the bytes are there.
        let early = &bytes[..QUORUM_PACKET_BYTES_MAX];
        assert!(matches!(QuorumPacket::measure(early), Err(DecodeError::Malformed(_))));
    }
}
