//! Typed messages to bytes and back. Pure functions: the page shows with them what the wire
//! carries, the simulator checks with them every message that it sends, and the real server
//! writes and reads its sockets with them.

use super::message::{Msg, Packet};
use crate::base::limits::QUORUM_UNREAD_BYTES_MAX;
use crate::base::{Epoch, Zxid};
use crate::proto::client::{ToClient, ToServer};
use crate::proto::election::{self, PeerState};
use crate::proto::quorum::{
    AckEpoch, ForwardedRequest, LeaderInfo, LearnerInfo, PROTOCOL_VERSION, QuorumPacket,
    RevalidateReply, RevalidateRequest, TouchTable, packet,
};
use crate::proto::snapshot::SnapshotForm;
use crate::tree::SnapshotLoader;
use crate::wire::{Decode, DecodeError, Encode, Reader, Writer};
use crate::zab::{Entry, Forward, Notification, ServerState, Touch, Vote};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::mem;

/// Which end of a quorum link reads: REVALIDATE looks different to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The reader is the leader.
    Leader,
    /// The reader is a learner.
    Learner,
}

// --- quorum ------------------------------------------------------------------------------

/// Appends a packet; SNAP with its snapshot behind it.
pub fn encode_packet(typed: &Packet, out: &mut Writer) {
    if let Packet::Request(forward) = typed {
        return encode_request(forward, out);
    }
    raw_packet(typed).encode(out);
    if let Packet::Snap { image, .. } = typed {
        for chunk in image.snapshot(SnapshotForm::Stream) {
            out.raw(&chunk);
        }
    }
}

/// As [`raw_packet`] has it, but nothing is copied on the way: a learner sends one for each write.
fn encode_request(forward: &Forward, out: &mut Writer) {
    out.i32(packet::REQUEST);
    NO_ZXID.encode(out);
    let start = out.begin_frame();
    ForwardedRequest::encode_head(forward.session, forward.cxid, forward.op, out);
    out.raw(&forward.body);
    out.end_frame(start);
    out.opt_vector(forward.ids.as_deref());
}

/// In packets that name no transaction.
const NO_ZXID: Zxid = Zxid(-1);

/// The packet without what may follow it.
#[must_use]
pub fn raw_packet(typed: &Packet) -> QuorumPacket {
    let none = NO_ZXID;
    match typed {
        Packet::FollowerInfo { accepted_epoch, sid, config_version } => {
            learner_info(packet::FOLLOWERINFO, *accepted_epoch, *sid, *config_version)
        }
        Packet::ObserverInfo { accepted_epoch, sid, config_version } => {
            learner_info(packet::OBSERVERINFO, *accepted_epoch, *sid, *config_version)
        }
        Packet::LeaderInfo { epoch } => QuorumPacket::with_data(
            packet::LEADERINFO,
            Zxid::epoch_start(*epoch),
            LeaderInfo { protocol_version: PROTOCOL_VERSION }.to_bytes(),
        ),
        Packet::AckEpoch { last_zxid, current_epoch } => QuorumPacket::with_data(
            packet::ACKEPOCH,
            *last_zxid,
            AckEpoch { current_epoch: *current_epoch }.to_bytes(),
        ),
        Packet::Diff { zxid } => QuorumPacket::bare(packet::DIFF, *zxid),
        Packet::Trunc { zxid } => QuorumPacket::bare(packet::TRUNC, *zxid),
        Packet::Snap { zxid, .. } => QuorumPacket::bare(packet::SNAP, *zxid),
        Packet::NewLeader { epoch, config } => {
            QuorumPacket::with_data(packet::NEWLEADER, Zxid::epoch_start(*epoch), config.clone())
        }
        Packet::UpToDate => QuorumPacket::bare(packet::UPTODATE, none),
        Packet::Proposal(entry) => {
            QuorumPacket::with_data(packet::PROPOSAL, entry.zxid, entry.payload.clone())
        }
        Packet::Ack(zxid) => QuorumPacket::bare(packet::ACK, *zxid),
        Packet::Commit(zxid) => QuorumPacket::bare(packet::COMMIT, *zxid),
        Packet::Inform(entry) => {
            QuorumPacket::with_data(packet::INFORM, entry.zxid, entry.payload.clone())
        }
        Packet::Ping { zxid, touched } => QuorumPacket {
            kind: packet::PING,
            zxid: *zxid,
            data: touched.as_ref().map(|touched| touch_table(touched).to_bytes()),
            auth: None,
        },
        Packet::Request(forward) => QuorumPacket {
            kind: packet::REQUEST,
            zxid: none,
            data: Some(forwarded(forward).to_bytes()),
            auth: forward.ids.clone(),
        },
        Packet::Revalidate(touch) => QuorumPacket::with_data(
            packet::REVALIDATE,
            none,
            RevalidateRequest { session: touch.session, timeout_ms: touch.timeout_ms }.to_bytes(),
        ),
        Packet::Revalidated { session, valid } => QuorumPacket::with_data(
            packet::REVALIDATE,
            none,
            RevalidateReply { session: *session, valid: *valid }.to_bytes(),
        ),
        Packet::Sync => QuorumPacket::bare(packet::SYNC, Zxid::ZERO),
    }
}

fn learner_info(
    kind: i32,
    accepted: Epoch,
    sid: crate::base::Sid,
    config_version: i64,
) -> QuorumPacket {
    let info = LearnerInfo { sid, protocol_version: PROTOCOL_VERSION, config_version };
    QuorumPacket::with_data(kind, Zxid::epoch_start(accepted), info.to_bytes())
}

fn touch_table(touched: &[Touch]) -> TouchTable {
    TouchTable(touched.iter().map(|touch| (touch.session, touch.timeout_ms)).collect())
}

fn forwarded(forward: &Forward) -> ForwardedRequest {
    ForwardedRequest {
        session: forward.session,
        cxid: forward.cxid,
        op: forward.op,
        body: forward.body.clone(),
    }
}

/// A packet that is not SNAP.
fn typed_packet(raw: QuorumPacket, side: Side) -> Result<Packet, DecodeError> {
    let QuorumPacket { kind, zxid, data, auth } = raw;
    let need = |data: Option<Bytes>| data.ok_or(DecodeError::Null);
    Ok(match kind {
        packet::FOLLOWERINFO | packet::OBSERVERINFO => {
            let info = LearnerInfo::from_bytes(need(data)?)?;
            let (accepted_epoch, sid) = (zxid.epoch(), info.sid);
            let config_version = info.config_version;
            if kind == packet::FOLLOWERINFO {
                Packet::FollowerInfo { accepted_epoch, sid, config_version }
            } else {
                Packet::ObserverInfo { accepted_epoch, sid, config_version }
            }
        }
        packet::LEADERINFO => Packet::LeaderInfo { epoch: zxid.epoch() },
        packet::ACKEPOCH => {
            let current_epoch = AckEpoch::from_bytes(need(data)?)?.current_epoch;
            Packet::AckEpoch { last_zxid: zxid, current_epoch }
        }
        packet::DIFF => Packet::Diff { zxid },
        packet::TRUNC => Packet::Trunc { zxid },
        packet::NEWLEADER => {
            Packet::NewLeader { epoch: zxid.epoch(), config: data.unwrap_or_default() }
        }
        packet::UPTODATE => Packet::UpToDate,
        packet::PROPOSAL => Packet::Proposal(Entry { zxid, payload: need(data)? }),
        packet::ACK => Packet::Ack(zxid),
        packet::COMMIT => Packet::Commit(zxid),
        packet::INFORM => Packet::Inform(Entry { zxid, payload: need(data)? }),
        packet::PING => {
            let table = data.map(TouchTable::from_bytes).transpose()?;
            let touched = table.map(|TouchTable(touched)| {
                let touch = |(session, timeout_ms)| Touch { session, timeout_ms };
                touched.into_iter().map(touch).collect()
            });
            Packet::Ping { zxid, touched }
        }
        packet::REQUEST => {
            let request = ForwardedRequest::from_bytes(need(data)?)?;
            let ForwardedRequest { session, cxid, op, body } = request;
            Packet::Request(Forward { session, cxid, op, body, ids: auth })
        }
        packet::REVALIDATE if side == Side::Leader => {
            let RevalidateRequest { session, timeout_ms } =
                RevalidateRequest::from_bytes(need(data)?)?;
            Packet::Revalidate(Touch { session, timeout_ms })
        }
        packet::REVALIDATE => {
            let RevalidateReply { session, valid } = RevalidateReply::from_bytes(need(data)?)?;
            Packet::Revalidated { session, valid }
        }
        packet::SYNC => Packet::Sync,
        _ => return Err(DecodeError::Unknown { what: "packet", value: i64::from(kind) }),
    })
}

/// Reads the stream of a quorum link, which has no frames, and snapshots in the middle.
///
/// Packets that come together share one piece of memory: a piece for each would cost more than
/// all else that reading does. What is kept for long, transactions, comes with little else.
#[derive(Debug)]
pub struct PacketReader {
    side: Side,
    /// Whole packets.
    whole: Reader,
    /// What came behind them.
    unread: Vec<u8>,
    loading: Option<(Zxid, SnapshotLoader)>,
}

impl PacketReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(side: Side) -> Self {
        Self { side, whole: Reader::new(Bytes::new()), unread: Vec::new(), loading: None }
    }

    /// More bytes of the stream. [`Self::next`] is to be called until it has no more packet
    /// before the next ones come.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        if self.whole.remaining() + self.unread.len() + bytes.len() > QUORUM_UNREAD_BYTES_MAX {
            return Err(DecodeError::Malformed("a packet above its bound"));
        }
        self.unread.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole packet; `None`: more bytes are needed. An error ends the stream.
    #[allow(clippy::should_implement_trait, reason = "it may go on after None")]
    pub fn next(&mut self) -> Result<Option<Packet>, DecodeError> {
        loop {
            if let Some((zxid, loader)) = &mut self.loading {
                let whole = loader.push(&self.unread)?;
                self.unread.clear();
                if !whole {
                    return Ok(None);
                }
                let zxid = *zxid;
                if let Some((_, loader)) = self.loading.take() {
                    let (image, behind) = loader.finish_stream(zxid)?;
                    self.unread = behind.to_vec();
                    return Ok(Some(Packet::Snap { zxid, image: image.into() }));
                }
            }
            if self.whole.remaining() == 0 && !self.take_whole()? {
                return Ok(None);
            }
            let raw = QuorumPacket::decode(&mut self.whole)?;
            if raw.kind != packet::SNAP {
                return typed_packet(raw, self.side).map(Some);
            }
            self.loading = Some((raw.zxid, SnapshotLoader::new(SnapshotForm::Stream)));
        }
    }

    /// Takes the packets that are whole out of what is unread, up to one that a snapshot follows.
    /// False: there is none. Packets before one that cannot be are still good.
    fn take_whole(&mut self) -> Result<bool, DecodeError> {
        let mut end = 0;
        loop {
            match QuorumPacket::measure(&self.unread[end..]) {
                Ok((kind, len)) => {
                    end += len;
                    if kind == packet::SNAP {
                        break;
                    }
                }
                Err(DecodeError::Short) => break,
                Err(error) if end == 0 => return Err(error),
                Err(_) => break,
            }
        }
        if end == 0 {
            return Ok(false);
        }
        let behind = self.unread.split_off(end);
        let mut whole = mem::replace(&mut self.unread, behind);
        whole.shrink_to_fit();
        self.whole = Reader::new(whole.into());
        Ok(true)
    }
}

// --- election ----------------------------------------------------------------------------

/// Appends a notification in its frame.
pub fn encode_notification(typed: &Notification, out: &mut Writer) {
    let raw = election::Notification {
        state: match typed.state {
            ServerState::Looking => PeerState::Looking,
            ServerState::Following => PeerState::Following,
            ServerState::Leading => PeerState::Leading,
            ServerState::Observing => PeerState::Observing,
        },
        leader: typed.vote.leader,
        zxid: typed.vote.zxid,
        round: typed.round,
        peer_epoch: typed.vote.peer_epoch,
        version: election::NOTIFICATION_VERSION,
        config: Some(typed.config.clone()),
    };
    let start = out.begin_frame();
    raw.encode(out);
    out.end_frame(start);
}

/// Reads a notification from its frame.
pub fn decode_notification(frame: Bytes) -> Result<Notification, DecodeError> {
    let raw = election::Notification::from_bytes(frame)?;
    Ok(Notification {
        state: match raw.state {
            PeerState::Looking => ServerState::Looking,
            PeerState::Following => ServerState::Following,
            PeerState::Leading => ServerState::Leading,
            PeerState::Observing => ServerState::Observing,
        },
        vote: Vote { peer_epoch: raw.peer_epoch, zxid: raw.zxid, leader: raw.leader },
        round: raw.round,
        config: raw.config.unwrap_or_default(),
    })
}

// --- all ---------------------------------------------------------------------------------

/// Appends a message as its link carries it.
pub fn encode(msg: &Msg, out: &mut Writer) {
    match msg {
        Msg::Notification(notification) => encode_notification(notification, out),
        Msg::Packet(typed) => encode_packet(typed, out),
        Msg::ToServer(msg) => framed(msg, out),
        Msg::ToClient(msg) => framed(msg, out),
    }
}

fn framed(record: &impl Encode, out: &mut Writer) {
    let start = out.begin_frame();
    record.encode(out);
    out.end_frame(start);
}

/// Encodes a message, decodes it and compares: what the simulator carries is what the wire can.
pub fn check(msg: &Msg) -> Result<(), String> {
    let mut out = Writer::new();
    encode(msg, &mut out);
    let bytes = out.into_bytes();
    let back = decode_one(msg, &bytes).map_err(|error| format!("{error} in {msg:?}"))?;
    if back.as_ref() == Some(msg) { Ok(()) } else { Err(format!("{msg:?} came back as {back:?}")) }
}

/// Decodes `bytes` as a message of the same kind as `like`.
fn decode_one(like: &Msg, bytes: &Bytes) -> Result<Option<Msg>, DecodeError> {
    const FRAME_LENGTH: usize = 4;
    let frame = || bytes.slice(FRAME_LENGTH.min(bytes.len())..);
    Ok(match like {
        Msg::Notification(_) => Some(Msg::Notification(decode_notification(frame())?)),
        Msg::Packet(typed) => {
            let side = match typed {
                Packet::Revalidate(_) => Side::Leader,
                _ => Side::Learner,
            };
            let mut reader = PacketReader::new(side);
            reader.push(bytes)?;
            reader.next()?.map(Msg::Packet)
        }
        Msg::ToServer(msg) => {
            let first = matches!(msg, ToServer::Connect(_));
            Some(Msg::ToServer(ToServer::decode(frame(), first)?))
        }
        Msg::ToClient(msg) => {
            let first = matches!(msg, ToClient::Connected(_));
            Some(Msg::ToClient(ToClient::decode(frame(), first)?))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Cxid, SessionId};
    use crate::proto::Id;
    use crate::server::message::Version;
    use std::vec;

    fn stream(packets: &[Packet]) -> Vec<u8> {
        let mut out = Writer::new();
        packets.iter().for_each(|packet| encode_packet(packet, &mut out));
        out.into_vec()
    }

    fn read(stream: &[u8], piece: usize) -> (Vec<Packet>, Result<(), DecodeError>) {
        let mut reader = PacketReader::new(Side::Learner);
        let mut packets = vec![];
        for piece in stream.chunks(piece) {
            reader.push(piece).unwrap();
            loop {
                match reader.next() {
                    Ok(Some(packet)) => packets.push(packet),
                    Ok(None) => break,
                    Err(error) => return (packets, Err(error)),
                }
            }
        }
        (packets, Ok(()))
    }

    fn forward() -> Forward {
        let ids = Some(vec![Id { scheme: "ip".into(), id: "::1".into() }]);
        let body = Bytes::from_static(b"record");
        Forward { session: SessionId(7), cxid: Cxid(3), op: 5, body, ids }
    }

    fn packets() -> Vec<Packet> {
        let payload = Bytes::from_static(b"transaction");
        let mut image = Version::default();
        image.zxid = Zxid(5);
        vec![
            Packet::Proposal(Entry { zxid: Zxid(5), payload }),
            Packet::Commit(Zxid(5)),
            Packet::Snap { zxid: Zxid(5), image },
            Packet::Request(forward()),
            Packet::UpToDate,
        ]
    }

    #[test]
    fn packets_do_not_depend_on_how_they_come() {
        let bytes = stream(&packets());
        for piece in (1..40).chain([bytes.len()]) {
            assert_eq!(read(&bytes, piece), (packets(), Ok(())), "in pieces of {piece}");
        }
    }

    #[test]
    fn packets_before_one_that_cannot_be_are_read() {
        let mut bytes = stream(&packets()[..2]);
        bytes.extend_from_slice(&[0xfe; 20]);
        for piece in (1..40).chain([bytes.len()]) {
            let (read, ends) = read(&bytes, piece);
            assert_eq!((&read[..], ends.is_err()), (&packets()[..2], true), "in pieces of {piece}");
        }
    }

    #[test]
    fn a_request_is_written_as_its_raw_packet() {
        let request = Packet::Request(forward());
        assert_eq!(stream(core::slice::from_ref(&request)), raw_packet(&request).to_bytes());
    }
}
