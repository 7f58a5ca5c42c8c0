//! Streams of the election port until they are links (Java: `QuorumCnxManager`).
//!
//! Between two servers there is one stream, opened by the one with the larger id. The smaller one
//! opens a stream only to say that it is there: it sends its id and is called back.

use zabscope_core::base::Sid;
use zabscope_core::proto::election::{InitialMessage, InitialVersion};
use zabscope_core::wire::DecodeError;

/// What an accepted stream is good for, once its initial message is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// More bytes are needed.
    Wait,
    /// The sender has the larger id: this is the stream. So many bytes were read.
    Keep(Sid, usize),
    /// The sender has the smaller id: close, and connect to it.
    CallBack(Sid),
    /// The sender claims this server's own id.
    Refuse,
}

/// Judges the beginning of an accepted stream.
///
/// # Errors
/// If it is no initial message; the stream is to be closed.
pub fn accept(me: Sid, bytes: &[u8]) -> Result<Accepted, DecodeError> {
    let (message, len) = match InitialMessage::decode_from(bytes) {
        Err(DecodeError::Short) => return Ok(Accepted::Wait),
        decoded => decoded?,
    };
    Ok(match message.sid.cmp(&me) {
        std::cmp::Ordering::Less => Accepted::CallBack(message.sid),
        std::cmp::Ordering::Equal => Accepted::Refuse,
        std::cmp::Ordering::Greater => Accepted::Keep(message.sid, len),
    })
}

/// What the opener of a stream sends first.
pub fn initial_message(me: Sid, address: &str) -> InitialMessage {
    InitialMessage { version: InitialVersion::V1, sid: me, addresses: vec![address.into()] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zabscope_core::wire::Encode;

    #[test]
    fn the_larger_id_keeps_its_stream_and_the_smaller_is_called_back() {
        let bytes = initial_message(Sid(2), "127.0.0.1:3888").to_bytes();
        assert_eq!(accept(Sid(1), &bytes), Ok(Accepted::Keep(Sid(2), bytes.len())));
        assert_eq!(accept(Sid(3), &bytes), Ok(Accepted::CallBack(Sid(2))));
        assert_eq!(accept(Sid(2), &bytes), Ok(Accepted::Refuse));
        assert_eq!(accept(Sid(1), &bytes[..20]), Ok(Accepted::Wait));
        assert!(accept(Sid(1), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").is_err());
    }
}
