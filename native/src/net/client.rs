//! Streams of the client port: four-letter words, then frames.

use std::collections::VecDeque;
use std::time::Instant;
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
    /// When the requests came that are not answered yet; for latencies.
    pub asked: VecDeque<Instant>,
}

/// What stands next in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing whole.
    Wait,
    /// A four-letter word; the answer is text, then the stream is closed.
    Word(String),
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
            let Some(word) = self.frames.unread().first_chunk::<4>() else { return Ok(Next::Wait) };
            self.fresh = false;
            if let Ok(text) = std::str::from_utf8(word)
                && is_word(text)
            {
                return Ok(Next::Word(text.to_owned()));
            }
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
        assert_eq!(input.next(|word| word == "ruok"), Ok(Next::Word("ruok".into())));
        let mut unknown = ClientInput::default();
        unknown.push(b"abcd");
        assert!(unknown.next(|_| false).is_err(), "an unknown word is a length out of bounds");
    }
}
