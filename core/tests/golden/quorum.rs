//! The quorum port.

use super::{Counts, Golden, Span, abuse};
use bytes::Bytes;
use std::collections::BTreeMap;
use zabscope_core::base::Zxid;
use zabscope_core::proto::opcode as op;
use zabscope_core::proto::quorum::{
    AckEpoch, ForwardedRequest, InformAndActivate, LeaderInfo, LearnerInfo, PROTOCOL_VERSION,
    QuorumPacket, RevalidateReply, RevalidateRequest, TouchTable, packet,
};
use zabscope_core::proto::request::Request;
use zabscope_core::proto::snapshot::{SnapshotDecoder, SnapshotForm, SnapshotItem, SnapshotWriter};
use zabscope_core::proto::txn::{Txn, TxnRecord};
use zabscope_core::wire::{Decode, DecodeError, Encode, Reader};

/// Transactions that were sent to learners, by scenario.
pub(super) type Proposals = BTreeMap<String, Vec<(Zxid, Bytes)>>;

#[derive(Clone, Copy, PartialEq)]
enum To {
    Leader,
    Learner,
}

pub(super) fn check_all(golden: &Golden, messages: &mut Counts, counts: &mut Counts) -> Proposals {
    let mut proposals = Proposals::new();
    for connection in golden.connections("quorum") {
        let scenario = connection["scenario"].as_str().unwrap();
        let proposals = proposals.entry(scenario.into()).or_default();
        for (direction, to) in [("c2s", To::Leader), ("s2c", To::Learner)] {
            let stream = golden.stream(connection, direction);
            let spans = check_stream(&stream, to, proposals, counts);
            golden.check_spans(connection, direction, &spans);
            messages.add_many(format!("quorum.{direction}"), spans.len());
        }
    }
    proposals
}

fn check_stream(
    stream: &Bytes,
    to: To,
    proposals: &mut Vec<(Zxid, Bytes)>,
    counts: &mut Counts,
) -> Vec<Span> {
    let mut spans = vec![];
    let mut at = 0;
    while at < stream.len() {
        let (_, len) = QuorumPacket::measure(&stream[at..]).unwrap();
        let bytes = stream.slice(at..at + len);
        let packet = QuorumPacket::from_bytes(bytes.clone()).unwrap();
        assert_eq!(packet.to_bytes(), bytes, "{packet:?}");
        abuse(&bytes, &[], |bytes| QuorumPacket::measure(&bytes));
        abuse(&bytes, &[], QuorumPacket::from_bytes);
        spans.push((at, len));
        at += len;
        match to {
            To::Leader => check_to_leader(&packet, counts),
            To::Learner => check_to_learner(&packet, proposals, counts),
        }
        if packet.kind == packet::SNAP {
            let len = check_snapshot(&stream.slice(at..), counts);
            spans.push((at, len));
            at += len;
        }
    }
    spans
}

/// Reads the payload as `T` and checks that writing gives it back.
fn payload<T: Decode + Encode + std::fmt::Debug>(packet: &QuorumPacket) -> T {
    let data = packet.data.clone().unwrap();
    let mut input = Reader::new(data.clone());
    let record = T::decode(&mut input).unwrap();
    assert_eq!(input.finish(), Ok(()), "{record:?}");
    assert_eq!(record.to_bytes(), data, "{record:?}");
    record
}

fn fixed<T: Decode + Encode + std::fmt::Debug>(packet: &QuorumPacket) -> T {
    let record = payload::<T>(packet);
    abuse(packet.data.as_ref().unwrap(), &[], T::from_bytes);
    record
}

fn check_to_leader(packet: &QuorumPacket, counts: &mut Counts) {
    counts.add(format!("quorum.to leader.{}", packet.kind));
    assert!(packet.auth.is_none() || packet.kind == packet::REQUEST);
    match packet.kind {
        packet::REQUEST => check_forwarded(&payload(packet), counts),
        packet::ACK => assert_eq!(packet.data, None),
        packet::PING => {
            let table = payload::<TouchTable>(packet);
            let data = packet.data.as_ref().unwrap();
            let entries: Vec<_> = (0..table.0.len()).map(|entry| entry * 12).collect();
            abuse(data, &entries, TouchTable::from_bytes);
            counts.add_many("quorum.touched sessions", table.0.len());
        }
        packet::REVALIDATE => assert!(fixed::<RevalidateRequest>(packet).timeout_ms > 0),
        packet::FOLLOWERINFO | packet::OBSERVERINFO => {
            assert_eq!(fixed::<LearnerInfo>(packet).protocol_version, PROTOCOL_VERSION);
        }
        packet::ACKEPOCH => {
            let promised = fixed::<AckEpoch>(packet).current_epoch.is_none();
            counts.add(if promised { "quorum.ACKEPOCH -1" } else { "quorum.ACKEPOCH epoch" });
        }
        other => panic!("packet {other} to a leader"),
    }
}

fn check_forwarded(forwarded: &ForwardedRequest, counts: &mut Counts) {
    counts.add(format!("quorum.forwarded.{}", forwarded.op));
    let mut input = Reader::new(forwarded.body.clone());
    match forwarded.op {
        op::CREATE_SESSION => assert!(input.i32().unwrap() > 0),
        op => match Request::decode(op, &mut input) {
            Ok(request) => assert_eq!(request.to_bytes(), forwarded.body, "{request:?}"),
            // A learner passes on what it cannot read.
            Err(error) => {
                assert_eq!(op, op::MULTI, "{error}");
                counts.add("quorum.forwarded malformed multi");
                return;
            }
        },
    }
    assert_eq!(input.finish(), Ok(()));
}

fn check_to_learner(
    packet: &QuorumPacket,
    proposals: &mut Vec<(Zxid, Bytes)>,
    counts: &mut Counts,
) {
    counts.add(format!("quorum.to learner.{}", packet.kind));
    assert_eq!(packet.auth, None);
    let mut transaction = |bytes: Bytes| {
        assert_eq!(check_txn(&bytes).header.zxid, packet.zxid);
        proposals.push((packet.zxid, bytes));
    };
    match packet.kind {
        packet::PROPOSAL | packet::INFORM => transaction(packet.data.clone().unwrap()),
        packet::INFORM_AND_ACTIVATE => transaction(payload::<InformAndActivate>(packet).txn),
        packet::COMMIT_AND_ACTIVATE => assert!(fixed::<i64>(packet) > 0),
        packet::REVALIDATE => {
            fixed::<RevalidateReply>(packet);
        }
        packet::NEWLEADER => {
            assert!(packet.zxid.is_epoch_start());
            assert!(packet.data.as_ref().unwrap().starts_with(b"server."));
        }
        packet::LEADERINFO => {
            assert_eq!(fixed::<LeaderInfo>(packet).protocol_version, PROTOCOL_VERSION);
        }
        packet::COMMIT
        | packet::PING
        | packet::SYNC
        | packet::UPTODATE
        | packet::DIFF
        | packet::TRUNC
        | packet::SNAP => assert_eq!(packet.data, None),
        other => panic!("packet {other} to a learner"),
    }
}

/// Reads a transaction of a packet or of a log, and checks that writing gives it back.
pub(super) fn check_txn(bytes: &Bytes) -> TxnRecord {
    const HEADER: usize = 32;
    const DIGEST: usize = 12;
    let record = TxnRecord::from_all(bytes.clone()).unwrap_or_else(|e| panic!("{e}: {bytes:?}"));
    assert_eq!(record.to_bytes(), bytes, "{record:?}");
    assert_eq!(record.txn.kind(), record.header.kind);
    let without_digest = bytes.len() - record.digest.map_or(0, |_| DIGEST);
    let mut whole_too = vec![without_digest];
    match record.txn {
        Txn::CloseSession { .. } => whole_too.push(HEADER),
        // Without the parent's count it is the record of a very old server.
        Txn::Create(_) if record.header.kind == op::CREATE => whole_too.push(without_digest - 4),
        _ => {}
    }
    abuse(bytes, &whole_too, TxnRecord::from_all);
    record
}

/// Reads the snapshot at the start of `bytes`, which comes in small pieces, and checks that writing
/// gives it back. Answers with its length.
fn check_snapshot(bytes: &Bytes, counts: &mut Counts) -> usize {
    let (mut sessions, mut acls, mut nodes) = (vec![], vec![], vec![]);
    let mut decoder = SnapshotDecoder::new(SnapshotForm::Stream);
    let mut pieces = bytes.chunks(23);
    let mut pushed = 0;
    loop {
        match decoder.next_item() {
            Ok(SnapshotItem::Session(session)) => sessions.push(session),
            Ok(SnapshotItem::Acl(acl)) => acls.push(acl),
            Ok(SnapshotItem::Node(node)) => nodes.push(node),
            Ok(SnapshotItem::End) => break,
            Err(DecodeError::Short) => {
                let piece = pieces.next().expect("the snapshot ends inside the stream");
                decoder.push(piece);
                pushed += piece.len();
            }
            Err(error) => panic!("{error} within {pushed} bytes"),
        }
    }
    let len = pushed - decoder.rest().len();
    let mut writer = SnapshotWriter::new(SnapshotForm::Stream);
    writer.fields().vector(&sessions);
    writer.fields().vector(&acls);
    nodes.iter().for_each(|node| node.encode(writer.fields()));
    writer.end_nodes();
    writer.sign();
    assert_eq!(writer.take(), bytes.slice(..len));
    counts.add("quorum.snapshot");
    counts.add_many("quorum.snapshot nodes", nodes.len());
    len
}
