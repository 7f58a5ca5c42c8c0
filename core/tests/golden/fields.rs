//! Fields of captured messages: they tile the bytes, and the codec left nothing unnamed.

use super::Golden;
use super::client::frames;
use std::collections::BTreeMap;
use zabscope_core::proto::frame::FrameBuffer;
use zabscope_core::proto::quorum::{QuorumPacket, packet};
use zabscope_core::proto::reply::ReplyHeader;
use zabscope_core::proto::request::RequestHeader;
use zabscope_core::tell::fields::{self, Field};
use zabscope_core::wire::Decode;

fn check(bytes: &[u8], fields: &[Field], seen: &mut BTreeMap<&'static str, usize>) {
    let mut at = 0;
    for field in fields {
        assert_eq!(field.start, at, "{field:?} in {fields:#?}");
        assert!(field.end > field.start, "{field:?}");
        at = field.end;
        *seen.entry(field.name).or_default() += 1;
    }
    assert_eq!(at, bytes.len(), "{fields:#?}");
    assert!(fields.iter().all(|field| field.name != "more"), "{fields:#?}");
}

#[test]
fn fields_tile_every_captured_message() {
    let Some(golden) = Golden::load() else { return };
    let mut seen = BTreeMap::new();
    let mut messages = 0;
    for connection in golden.connections("quorum") {
        for (direction, to_leader) in [("c2s", true), ("s2c", false)] {
            let stream = golden.stream(connection, direction);
            let mut at = 0;
            while at < stream.len() {
                let (kind, len) = QuorumPacket::measure(&stream[at..]).unwrap();
                let bytes = stream.slice(at..at + len);
                check(&bytes, &fields::of_packet(bytes.clone(), to_leader), &mut seen);
                messages += 1;
                at += len;
                if kind == packet::SNAP {
                    break;
                }
            }
        }
    }
    for connection in golden.connections("client") {
        let stream = golden.stream(connection, "c2s");
        let tail = connection["c2s_tail"].as_u64().map_or(0, |tail| usize::try_from(tail).unwrap());
        let stream_read = &stream[..stream.len() - tail];
        let mut asked = BTreeMap::new();
        for (index, ((at, len), frame)) in
            frames(FrameBuffer::client(), stream_read, 0).into_iter().enumerate()
        {
            let bytes = stream.slice(at..at + len);
            check(&bytes, &fields::of_request(bytes.clone(), index == 0), &mut seen);
            messages += 1;
            if index > 0 {
                let header = RequestHeader::from_bytes(frame).unwrap();
                asked.insert(header.xid, header.op);
            }
        }
        let stream = golden.stream(connection, "s2c");
        for (index, ((at, len), frame)) in
            frames(FrameBuffer::client(), &stream, 0).into_iter().enumerate()
        {
            let bytes = stream.slice(at..at + len);
            let xid = (index > 0).then(|| ReplyHeader::from_bytes(frame).unwrap().xid);
            let op = xid.and_then(|xid| asked.get(&xid).copied());
            check(&bytes, &fields::of_reply(bytes.clone(), index == 0, op), &mut seen);
            messages += 1;
        }
    }
    println!("{messages} messages, fields {seen:?}");
    assert!(messages > 3000, "{messages}");
    for name in ["zxid", "digest", "parent-cversion", "path", "acl", "czxid", "timeout"] {
        assert!(seen.get(name).copied().unwrap_or_default() > 0, "{name}");
    }
    // Only what was malformed on purpose stays unread.
    let unread = ["rest", "record", "data"].map(|name| seen.get(name).copied().unwrap_or_default());
    println!("unread: {unread:?}");
}
