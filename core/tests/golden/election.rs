//! The election port.

use super::client::frames;
use super::{Counts, Golden, Span, abuse};
use bytes::Bytes;
use zabscope_core::proto::election::{InitialMessage, InitialVersion, Notification};
use zabscope_core::proto::frame::FrameBuffer;
use zabscope_core::wire::{Decode, Encode, Reader};

pub(super) fn check_all(golden: &Golden, messages: &mut Counts, counts: &mut Counts) {
    for connection in golden.connections("election") {
        let stream = golden.stream(connection, "c2s");
        let first = check_initial(&stream, counts);
        assert_eq!(connection["initiator"], first.sid.0);
        let start = first.to_bytes().len();
        let mut spans = vec![(0, start)];
        spans.extend(check_notifications(&stream, start, counts));
        golden.check_spans(connection, "c2s", &spans);
        messages.add_many("election.c2s", spans.len());
        let spans = check_notifications(&golden.stream(connection, "s2c"), 0, counts);
        golden.check_spans(connection, "s2c", &spans);
        messages.add_many("election.s2c", spans.len());
    }
}

fn check_initial(stream: &Bytes, counts: &mut Counts) -> InitialMessage {
    let (message, len) = InitialMessage::decode_from(stream).unwrap();
    let bytes = stream.slice(..len);
    assert_eq!(message.to_bytes(), bytes);
    abuse(&bytes, &[], |bytes| InitialMessage::decode_from(&bytes));
    let expected = match message.version {
        InitialVersion::V1 => 1,
        InitialVersion::V2 => 2,
    };
    assert_eq!(message.addresses.len(), expected, "as in the recorded scenarios");
    counts.add(format!("election.InitialMessage.{:?}", message.version));
    message
}

fn check_notifications(stream: &Bytes, start: usize, counts: &mut Counts) -> Vec<Span> {
    let mut spans = vec![];
    for (span, frame) in frames(FrameBuffer::election(), &stream[start..], start) {
        spans.push(span);
        let mut input = Reader::new(frame.clone());
        let notification = Notification::decode(&mut input).unwrap();
        assert_eq!(input.finish(), Ok(()));
        assert_eq!(notification.to_bytes(), frame);
        // These two lengths are forms of old servers.
        abuse(&frame, &[28, 40], Notification::from_bytes);
        counts.add(format!("election.notification.{:?}", notification.state));
    }
    spans
}
