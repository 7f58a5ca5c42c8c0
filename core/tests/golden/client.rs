//! The client port.

use super::{Counts, Golden, Span, abuse};
use bytes::Bytes;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use zabscope_core::base::SessionId;
use zabscope_core::proto::KeeperError;
use zabscope_core::proto::connect::{ConnectRequest, ConnectResponse, password};
use zabscope_core::proto::frame::FrameBuffer;
use zabscope_core::proto::reply::{Reply, ReplyHeader, xid};
use zabscope_core::proto::request::{Request, RequestHeader};
use zabscope_core::proto::watch::WatcherEvent;
use zabscope_core::wire::{Decode, DecodeError, Encode, Reader, Writer};

/// Opcodes of the requests that wait for their reply, by xid, oldest first.
type Waiting = BTreeMap<i32, VecDeque<i32>>;

pub(super) fn check_all(golden: &Golden, messages: &mut Counts, counts: &mut Counts) {
    for connection in golden.connections("client") {
        let (waiting, spans) = check_requests(golden, connection, counts);
        golden.check_spans(connection, "c2s", &spans);
        messages.add_many("client.c2s", spans.len());
        let spans = check_replies(golden, connection, waiting, counts);
        golden.check_spans(connection, "s2c", &spans);
        messages.add_many("client.s2c", spans.len());
    }
}

/// Splits a stream that comes in small pieces. `sizes` are those of the pieces.
pub(super) fn frames(mut buffer: FrameBuffer, stream: &[u8], start: usize) -> Vec<(Span, Bytes)> {
    let mut out = vec![];
    let mut at = start;
    for piece in stream.chunks(23) {
        buffer.push(piece);
        while let Some(frame) = buffer.next_frame().unwrap() {
            let len = frame.len() + 4;
            out.push(((at, len), frame));
            at += len;
        }
    }
    assert_eq!(buffer.unread(), b"", "an incomplete frame at the end");
    out
}

/// Reads all of `bytes` and checks that writing gives them back.
fn round_trip<T: Decode + Encode + std::fmt::Debug>(bytes: &Bytes, whole_too: &[usize]) -> T {
    let mut input = Reader::new(bytes.clone());
    let record = T::decode(&mut input).unwrap_or_else(|error| panic!("{error}: {bytes:?}"));
    assert_eq!(input.finish(), Ok(()), "{record:?}");
    assert_eq!(record.to_bytes(), bytes, "{record:?}");
    abuse(bytes, whole_too, T::from_bytes);
    record
}

fn request(bytes: Bytes) -> Result<(RequestHeader, Request), DecodeError> {
    let mut input = Reader::new(bytes);
    let header = RequestHeader::decode(&mut input)?;
    let request = Request::decode(header.op, &mut input)?;
    input.finish()?;
    Ok((header, request))
}

fn check_requests(
    golden: &Golden,
    connection: &Value,
    counts: &mut Counts,
) -> (Waiting, Vec<Span>) {
    let stream = golden.stream(connection, "c2s");
    let tail = connection["c2s_tail"].as_u64().map_or(0, |tail| usize::try_from(tail).unwrap());
    let (stream, tail) = stream.split_at(stream.len() - tail);
    let mut waiting = Waiting::new();
    let mut spans = vec![];
    for (index, (span, frame)) in frames(FrameBuffer::client(), stream, 0).into_iter().enumerate() {
        spans.push(span);
        if index == 0 {
            check_connect_request(&frame, counts);
            continue;
        }
        let header = RequestHeader::from_bytes(frame.clone()).unwrap();
        waiting.entry(header.xid).or_default().push_back(header.op);
        let listed = |list: &str, value: i32| {
            connection[list].as_array().is_some_and(|list| list.iter().any(|item| *item == value))
        };
        if listed("opaque_ops", header.op) || listed("opaque_xids", header.xid) {
            request(frame).unwrap_err();
            counts.add("client.request malformed on purpose");
            continue;
        }
        let (header, record) =
            request(frame.clone()).unwrap_or_else(|error| panic!("{error}: {header:?} {frame:?}"));
        let mut out = Writer::new();
        header.encode(&mut out);
        record.encode(&mut out);
        assert_eq!(out.into_bytes(), frame, "{record:?}");
        assert_eq!(record.op(), header.op);
        abuse(&frame, &[], request);
        counts.add(format!("client.request.{}", header.op));
    }
    if !tail.is_empty() {
        let mut buffer = FrameBuffer::client();
        buffer.push(tail);
        assert!(matches!(buffer.next_frame(), Err(DecodeError::Length(_))), "too large on purpose");
        spans.push((stream.len(), tail.len()));
    }
    (waiting, spans)
}

fn check_connect_request(frame: &Bytes, counts: &mut Counts) {
    let without_read_only = frame.len() - 1;
    let record = match frame.len() {
        // The last byte may be missing, so cutting it off gives another whole record.
        29 | 45 => round_trip::<ConnectRequest>(frame, &[without_read_only]),
        _ => round_trip::<ConnectRequest>(frame, &[]),
    };
    counts.add(match record.read_only {
        Some(_) => "client.ConnectRequest",
        None => "client.ConnectRequest without readOnly",
    });
}

fn check_replies(
    golden: &Golden,
    connection: &Value,
    mut waiting: Waiting,
    counts: &mut Counts,
) -> Vec<Span> {
    let stream = golden.stream(connection, "s2c");
    let mut spans = vec![];
    for (index, (span, frame)) in frames(FrameBuffer::client(), &stream, 0).into_iter().enumerate()
    {
        spans.push(span);
        if index == 0 {
            check_first_reply(&frame, counts);
            continue;
        }
        let header = ReplyHeader::from_bytes(frame.clone()).unwrap();
        if header.xid == xid::EVENT {
            let header_bytes = header.to_bytes();
            assert_eq!(header_bytes, frame.slice(..16));
            let event = round_trip::<WatcherEvent>(&frame.slice(16..), &[]);
            counts.add(format!("client.event.{:?}", event.kind));
            continue;
        }
        let op = waiting.get_mut(&header.xid).and_then(VecDeque::pop_front);
        check_reply(op.expect("a reply has a request"), &frame, counts);
    }
    let unanswered: usize = waiting.values().map(VecDeque::len).sum();
    let expected = connection["unanswered"].as_u64().unwrap_or_default();
    assert_eq!(unanswered as u64, expected, "{}", connection["id"]);
    spans
}

fn check_first_reply(frame: &Bytes, counts: &mut Counts) {
    if frame.len() == 16 {
        // A read-only server without local sessions refuses the createSession like any write.
        let header = round_trip::<ReplyHeader>(frame, &[]);
        assert_eq!((header.xid, header.err), (0, KeeperError::NotReadOnly.code()));
        counts.add("client.connect refused");
        return;
    }
    let whole_too = if frame.len() == 37 { &[36][..] } else { &[] };
    let response = round_trip::<ConnectResponse>(frame, whole_too);
    if response.session == SessionId(0) {
        assert_eq!(response, ConnectResponse::expired(response.read_only));
        counts.add("client.ConnectResponse expired");
    } else {
        assert_eq!(response.password.unwrap(), password(response.session)[..]);
        counts.add("client.ConnectResponse");
        counts.add("client.password");
    }
}

fn check_reply(op: i32, frame: &Bytes, counts: &mut Counts) {
    let decode = |bytes: Bytes| {
        let mut input = Reader::new(bytes);
        let header = ReplyHeader::decode(&mut input)?;
        let reply = match header.err {
            0 => Some(Reply::decode(op, &mut input)?),
            _ => None,
        };
        input.finish()?;
        Ok::<_, DecodeError>((header, reply))
    };
    let (header, reply) = decode(frame.clone()).unwrap_or_else(|error| panic!("{error}: {op}"));
    let mut out = Writer::new();
    header.encode(&mut out);
    if let Some(reply) = &reply {
        reply.encode(&mut out);
    }
    assert_eq!(out.into_bytes(), frame, "{reply:?}");
    abuse(frame, &[], decode);
    counts.add(format!("client.reply.{op}"));
    if header.err != 0 {
        let error = KeeperError::from_code(header.err);
        counts.add(format!("client.error.{:?}", error.expect("a code that travels")));
    }
}
