//! Writing.

use super::Encode;
use alloc::vec::Vec;
use bytes::{BufMut, Bytes};

/// Collects jute fields.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one with room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    /// Continues behind what `out` holds, so that a driver can gather a turn in one buffer.
    #[must_use]
    pub fn append_to(out: Vec<u8>) -> Self {
        Self { out }
    }

    /// What was written.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.out
    }

    /// What was written, shared.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.out.into()
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// True if nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// A `byte`.
    pub fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// A `boolean`.
    pub fn bool(&mut self, value: bool) {
        self.out.push(u8::from(value));
    }

    /// An `int`.
    pub fn i32(&mut self, value: i32) {
        self.out.put_i32(value);
    }

    /// A `long`.
    pub fn i64(&mut self, value: i64) {
        self.out.put_i64(value);
    }

    /// A length or a count. Everything that is written fits: lengths are bounded when read.
    pub fn count(&mut self, count: usize) {
        self.i32(i32::try_from(count).expect("lengths are bounded far below 2^31"));
    }

    /// A `buffer` that is not null.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    /// A `buffer` or `ustring` that may be null.
    pub fn buffer<B: AsRef<[u8]>>(&mut self, bytes: Option<B>) {
        match bytes {
            None => self.i32(-1),
            Some(bytes) => self.bytes(bytes.as_ref()),
        }
    }

    /// A `ustring`.
    pub fn string(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A `vector` that is not null.
    pub fn vector<T: Encode>(&mut self, items: &[T]) {
        self.count(items.len());
        for item in items {
            item.encode(self);
        }
    }

    /// A `vector` that may be null.
    pub fn opt_vector<T: Encode>(&mut self, items: Option<&[T]>) {
        match items {
            None => self.i32(-1),
            Some(items) => self.vector(items),
        }
    }

    /// Starts a frame: four bytes of length that [`Self::end_frame`] fills in.
    #[must_use]
    pub fn begin_frame(&mut self) -> usize {
        self.i32(0);
        self.out.len()
    }

    /// Ends the frame that began at `start`.
    pub fn end_frame(&mut self, start: usize) {
        let len = u32::try_from(self.out.len() - start).expect("frames are far below 2^32 bytes");
        self.out[start - 4..start].copy_from_slice(&len.to_be_bytes());
    }
}
