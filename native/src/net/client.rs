//! Streams of the client port: four-letter words, then frames.

use crate::stats::answers::Asked;
use crate::words::SET_TRACE_MASK;
use std::collections::VecDeque;
use zabscope_core::base::limits::FRAME_BYTES_MAX;
use zabscope_core::proto::client::ToServer;
use zabscope_core::proto::frame::FrameBuffer;
use zabscope_core::wire::DecodeError;

/// The input of one client connection.
#[derive(Debug)]
pub struct ClientInput {
    frames: FrameBuffer,
    /// The connect handshake has come.
    begun: bool,
    /// Nothing was read yet: it may be a four-letter word.
    fresh: bool,
    /// The requests that are not answered yet; for latencies. The engine bounds their number.
    pub asked: VecDeque<Asked>,
}

/// What stands next in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing whole.
    Wait,
    /// A four-letter word; the answer is text, then the stream is closed.
    Word {
        /// The word.
        word: String,
        /// What stands behind the only one that has an argument, else 0.
        argument: i64,
    },
    /// A message.
    Message(ToServer),
}

impl Default for ClientInput {
    fn default() -> Self {
        Self::new(FRAME_BYTES_MAX)
    }
}

impl ClientInput {
    /// At the start of a stream; a frame may have so many bytes.
    #[must_use]
    pub const fn new(frame_bytes_max: usize) -> Self {
        let frames = FrameBuffer::new(0..=frame_bytes_max);
        Self { frames, begun: false, fresh: true, asked: VecDeque::new() }
    }

    /// More bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.frames.push(bytes);
    }

    /// The next thing in the input; `is_word` knows the four-letter words.
    ///
    /// # Errors
    /// If the length of a frame is out of bounds or a frame is no message.
    pub fn next(&mut self, is_word: impl Fn(&str) -> bool) -> Result<Next, DecodeError> {
        if self.fresh {
            let unread = self.frames.unread();
            let Some(word) = unread.first_chunk::<4>() else { return Ok(Next::Wait) };
            if let Ok(word) = std::str::from_utf8(word)
                && is_word(word)
            {
                let argument = match (word, unread[4..].first_chunk()) {
                    (SET_TRACE_MASK, Some(mask)) => i64::from_be_bytes(*mask),
                    (SET_TRACE_MASK, None) => return Ok(Next::Wait),
                    _ => 0,
                };
                self.fresh = false;
                return Ok(Next::Word { word: word.to_owned(), argument });
            }
            self.fresh = false;
        }
        let Some(frame) = self.frames.next_frame()? else { return Ok(Next::Wait) };
        let first = !self.begun;
        self.begun = true;
        Ok(Next::Message(ToServer::decode(frame, first)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_only_known_at_the_beginning() {
        let mut input = ClientInput::default();
        input.push(b"ru");
        assert_eq!(input.next(|_| true), Ok(Next::Wait));
        input.push(b"ok");
        let ruok = Next::Word { word: "ruok".into(), argument: 0 };
        assert_eq!(input.next(|word| word == "ruok"), Ok(ruok));
        let mut unknown = ClientInput::default();
        unknown.push(b"abcd");
        assert!(unknown.next(|_| false).is_err(), "an unknown word is a length out of bounds");
    }

    #[test]
    fn the_word_that_sets_the_trace_mask_waits_for_it() {
        let mut input = ClientInput::default();
        input.push(b"stmk\0\0\0\0\0\0\0");
        assert_eq!(input.next(|_| true), Ok(Next::Wait));
        input.push(&[43]);
        let stmk = Next::Word { word: "stmk".into(), argument: 43 };
        assert_eq!(input.next(|_| true), Ok(stmk));
    }
}
