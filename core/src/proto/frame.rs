//! Cuts a stream into frames: four bytes of length, then that many bytes. For the client port
//! (Java: `NIOServerCnxn.readLength`) and the election port (`QuorumCnxManager.RecvWorker`).

use crate::base::limits::{FRAME_BYTES_MAX, NOTIFICATION_BYTES_MAX};
use crate::wire::DecodeError;
use alloc::vec::Vec;
use bytes::Bytes;
use core::ops::RangeInclusive;

/// Bytes of the length that stands before a frame.
const HEAD: usize = 4;

/// Collects what a connection brings and hands out whole frames.
///
/// A frame that comes out has memory of its own, so that a few bytes which are kept for long do
/// not keep everything that was read with them. Held are at most one incomplete frame and what the
/// caller has pushed without taking the frames out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameBuffer {
    /// What came and is not consumed starts at `start`.
    bytes: Vec<u8>,
    start: usize,
    sizes: RangeInclusive<usize>,
}

impl FrameBuffer {
    /// For the client port: up to `jute.maxbuffer`.
    #[must_use]
    pub const fn client() -> Self {
        Self::new(0..=FRAME_BYTES_MAX)
    }

    /// For the election port behind the initial message: 1 byte to 512 KiB.
    #[must_use]
    pub const fn election() -> Self {
        Self::new(1..=NOTIFICATION_BYTES_MAX)
    }

    /// With these bounds for the length of a frame.
    #[must_use]
    pub const fn new(sizes: RangeInclusive<usize>) -> Self {
        Self { bytes: Vec::new(), start: 0, sizes }
    }

    /// Takes in what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start > self.bytes.len() / 2 {
            // Moves less than was consumed since the last move: linear over the whole stream.
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// What is not consumed: a four letter word is looked for here before the first frame, and the
    /// initial message of an election connection.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Drops `count` bytes that were read through [`Self::unread`].
    ///
    /// # Panics
    /// If there are fewer.
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.unread().len(), "only what was read can be consumed");
        self.start += count;
    }

    /// The next frame without its length; `None`: it is not complete. A length out of bounds is an
    /// error at once, and for good: the stream cannot be read any further.
    pub fn next_frame(&mut self) -> Result<Option<Bytes>, DecodeError> {
        let Some(head) = self.unread().first_chunk::<HEAD>() else { return Ok(None) };
        let len = i32::from_be_bytes(*head);
        let size = usize::try_from(len).map_err(|_| DecodeError::Length(len))?;
        if !self.sizes.contains(&size) {
            return Err(DecodeError::Length(len));
        }
        let Some(frame) = self.unread().get(HEAD..HEAD + size) else { return Ok(None) };
        let frame = Bytes::copy_from_slice(frame);
        self.start += HEAD + size;
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    const STREAM: &[u8] = b"\0\0\0\x03abc\0\0\0\0\0\0\0\x01z\0\0";

    fn frames(chunk: usize) -> Vec<Bytes> {
        let mut buffer = FrameBuffer::new(0..=3);
        let mut out = vec![];
        for part in STREAM.chunks(chunk) {
            buffer.push(part);
            while let Some(frame) = buffer.next_frame().unwrap() {
                out.push(frame);
            }
        }
        assert_eq!(buffer.unread(), b"\0\0");
        out
    }

    #[test]
    fn frames_do_not_depend_on_how_they_come() {
        for chunk in 1..=STREAM.len() {
            assert_eq!(frames(chunk), ["abc", "", "z"], "in chunks of {chunk}");
        }
    }

    #[test]
    fn length_out_of_bounds_fails_at_once_and_for_good() {
        for (head, len) in [([0, 0, 0, 4], 4), ([0xff, 0xff, 0xff, 0xff], -1), ([0; 4], 0)] {
            let mut buffer = FrameBuffer::new(1..=3);
            buffer.push(&head[..3]);
            assert_eq!(buffer.next_frame(), Ok(None));
            buffer.push(&head[3..]);
            assert_eq!(buffer.next_frame(), Err(DecodeError::Length(len)));
            buffer.push(b"more");
            assert_eq!(buffer.next_frame(), Err(DecodeError::Length(len)));
        }
    }

    #[test]
    fn memory_stays_near_what_is_unread() {
        let mut buffer = FrameBuffer::client();
        for _ in 0..1000 {
            buffer.push(b"\0\0\0\x04long\0\0");
            assert_eq!(buffer.next_frame().unwrap().unwrap(), "long");
            buffer.push(b"\0\x02ab");
            assert_eq!(buffer.next_frame().unwrap().unwrap(), "ab");
        }
        assert!(buffer.bytes.len() < 32, "{}", buffer.bytes.len());
    }

    #[test]
    fn bytes_before_the_first_frame_can_be_consumed() {
        let mut buffer = FrameBuffer::election();
        buffer.push(b"hello\0\0\0\x01x");
        assert_eq!(buffer.unread(), b"hello\0\0\0\x01x");
        buffer.consume(5);
        assert_eq!(buffer.next_frame().unwrap().unwrap(), "x");
    }
}
