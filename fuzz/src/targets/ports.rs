//! Streams of the client port, the quorum port and the election port.

use bytes::Bytes;
use zabscope::net::client::{ClientInput, Next};
use zabscope::net::election::{Accepted, accept};
use zabscope::net::quorum::Nameless;
use zabscope_core::base::Sid;
use zabscope_core::proto::client::{ToClient, ToServer};
use zabscope_core::proto::frame::FrameBuffer;
use zabscope_core::proto::request::Request;
use zabscope_core::server::codec::{PacketReader, Side, check, decode_notification};
use zabscope_core::server::message::Msg;
use zabscope_core::wire::{Encode, Reader};

/// The first byte says in which pieces the rest arrives.
fn pieces(data: &[u8]) -> Option<(u8, impl Iterator<Item = &[u8]>)> {
    let (first, rest) = data.split_first()?;
    let size = [1, 3, 7, 64, 1_000, 65_536][usize::from(first >> 4) % 6];
    Some((*first, rest.chunks(size)))
}

/// A client connection: four-letter word, handshake, requests; and the same bytes as a client
/// reads them.
pub(super) fn client_frames(data: &[u8]) {
    let Some((first, pieces)) = pieces(data) else { return };
    if first & 1 == 1 {
        return to_client(&data[1..]);
    }
    let mut input = ClientInput::default();
    for piece in pieces {
        input.push(piece);
        loop {
            match input.next(|word| ["ruok", "stmk"].contains(&word)) {
                Ok(Next::Message(message)) => server_message(message),
                Ok(Next::Word { .. }) => {}
                Ok(Next::Wait) => break,
                Err(_) => return,
            }
        }
    }
}

fn server_message(message: ToServer) {
    check(&Msg::ToServer(message.clone())).expect("what was decoded is encoded the same");
    let ToServer::Request { header, body } = message else { return };
    let Ok(request) = Request::decode(header.op, &mut Reader::new(body)) else { return };
    let bytes = request.to_bytes();
    let again = Request::decode(header.op, &mut Reader::new(bytes));
    assert_eq!(again.as_ref(), Ok(&request), "a request that was encoded");
}

fn to_client(data: &[u8]) {
    let mut frames = FrameBuffer::client();
    frames.push(data);
    let mut first = true;
    while let Ok(Some(frame)) = frames.next_frame() {
        let Ok(message) = ToClient::decode(frame, first) else { return };
        check(&Msg::ToClient(message)).expect("what was decoded is encoded the same");
        first = false;
    }
}

/// A quorum stream, as a leader reads it from a learner that it does not know yet, or as a learner
/// reads it from its leader.
pub(super) fn quorum_packets(data: &[u8]) {
    let Some((first, pieces)) = pieces(data) else { return };
    if first & 1 == 1 {
        return from_leader(pieces);
    }
    let mut stream = Nameless::default();
    let mut pieces = pieces;
    for piece in pieces.by_ref() {
        match stream.push(piece) {
            Ok(None) => {}
            Ok(Some((_, packet))) => {
                check(&Msg::Packet(packet)).expect("a first packet is encoded the same");
                return rest_of(stream.into_reader(), pieces, false);
            }
            Err(_) => return,
        }
    }
}

fn from_leader<'a>(pieces: impl Iterator<Item = &'a [u8]>) {
    rest_of(PacketReader::new(Side::Learner), pieces, true);
}

fn rest_of<'a>(
    mut reader: PacketReader,
    mut pieces: impl Iterator<Item = &'a [u8]>,
    both_ways: bool,
) {
    loop {
        loop {
            match reader.next() {
                Ok(Some(packet)) if both_ways => {
                    check(&Msg::Packet(packet)).expect("a leader's packet is encoded the same");
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        let Some(piece) = pieces.next() else { return };
        if reader.push(piece).is_err() {
            return;
        }
    }
}

/// An election stream: the initial message, then notifications.
pub(super) fn notifications(data: &[u8]) {
    let Some((first, _)) = pieces(data) else { return };
    let stream = &data[1..];
    let stream = match accept(Sid(1), stream) {
        Ok(Accepted::Keep(_, len)) => &stream[len..],
        // Without an initial message the frames are reached at once.
        _ if first & 1 == 1 => stream,
        _ => return,
    };
    let mut frames = FrameBuffer::election();
    for piece in stream.chunks(pieces_size(first)) {
        frames.push(piece);
        loop {
            match frames.next_frame() {
                Ok(Some(frame)) => notification(frame),
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

fn pieces_size(first: u8) -> usize {
    if first & 2 == 0 { 65_536 } else { 5 }
}

fn notification(frame: Bytes) {
    if let Ok(notification) = decode_notification(frame) {
        check(&Msg::Notification(notification)).expect("a notification is encoded the same");
    }
}
