//! The running hash of a trace: equal natively and in wasm, on every machine.
//!
//! `derive(Hash)` is no help here: it feeds lengths and enum discriminants as pointer-sized
//! numbers, and a pointer has 32 bits in wasm. So values describe themselves in words of 64 bits,
//! every length included.

use crate::base::{ClientId, Conn, Cxid, Epoch, Link, Millis, NodeId, Round, SessionId, Sid, Zxid};
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Collects a trace into 64 bits. FNV-1a over words, with a rotation so that high bits come down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceHasher(u64);

impl Default for TraceHasher {
    fn default() -> Self {
        Self(OFFSET)
    }
}

impl TraceHasher {
    /// The hash of everything fed so far.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.0
    }

    /// Feeds one word.
    pub const fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(PRIME).rotate_left(29);
    }

    /// Feeds a length or a count.
    pub const fn length(&mut self, length: usize) {
        self.word(length as u64);
    }

    /// Feeds bytes and their number.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }
}

/// A value that describes itself to the trace hash.
pub trait Digest {
    /// Feeds all of the value, so that two different values feed different words.
    fn digest(&self, hasher: &mut TraceHasher);
}

macro_rules! unsigned {
    ($($type:ty),*) => {$(
        impl Digest for $type {
            fn digest(&self, hasher: &mut TraceHasher) {
                hasher.word(u64::from(*self));
            }
        }
    )*};
}
unsigned!(bool, u8, u16, u32, u64);

impl Digest for i32 {
    fn digest(&self, hasher: &mut TraceHasher) {
        i64::from(*self).digest(hasher);
    }
}

impl Digest for i64 {
    fn digest(&self, hasher: &mut TraceHasher) {
        hasher.word(self.cast_unsigned());
    }
}

macro_rules! newtypes {
    ($($type:ident),*) => {$(
        impl Digest for $type {
            fn digest(&self, hasher: &mut TraceHasher) {
                self.0.digest(hasher);
            }
        }
    )*};
}
newtypes!(Sid, Epoch, Round, Zxid, SessionId, Cxid, Conn, ClientId, Millis);

impl Digest for () {
    fn digest(&self, _: &mut TraceHasher) {}
}

impl Digest for str {
    fn digest(&self, hasher: &mut TraceHasher) {
        hasher.bytes(self.as_bytes());
    }
}

impl Digest for String {
    fn digest(&self, hasher: &mut TraceHasher) {
        self.as_str().digest(hasher);
    }
}

impl Digest for Bytes {
    fn digest(&self, hasher: &mut TraceHasher) {
        hasher.bytes(self);
    }
}

impl<T: Digest + ?Sized> Digest for &T {
    fn digest(&self, hasher: &mut TraceHasher) {
        (**self).digest(hasher);
    }
}

impl<T: Digest> Digest for [T] {
    fn digest(&self, hasher: &mut TraceHasher) {
        hasher.length(self.len());
        for item in self {
            item.digest(hasher);
        }
    }
}

impl<T: Digest> Digest for Vec<T> {
    fn digest(&self, hasher: &mut TraceHasher) {
        self.as_slice().digest(hasher);
    }
}

impl<T: Digest> Digest for Option<T> {
    fn digest(&self, hasher: &mut TraceHasher) {
        match self {
            None => hasher.word(0),
            Some(value) => {
                hasher.word(1);
                value.digest(hasher);
            }
        }
    }
}

impl<A: Digest, B: Digest> Digest for (A, B) {
    fn digest(&self, hasher: &mut TraceHasher) {
        self.0.digest(hasher);
        self.1.digest(hasher);
    }
}

impl Digest for NodeId {
    fn digest(&self, hasher: &mut TraceHasher) {
        match self {
            Self::Server(sid) => (1u8, *sid).digest(hasher),
            Self::Client(client) => (2u8, *client).digest(hasher),
        }
    }
}

impl Digest for Link {
    fn digest(&self, hasher: &mut TraceHasher) {
        match self {
            Self::Election(sid) => (1u8, *sid).digest(hasher),
            Self::Quorum(sid) => (2u8, *sid).digest(hasher),
            Self::Client(conn) => (3u8, *conn).digest(hasher),
            Self::Server(sid) => (4u8, *sid).digest(hasher),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn hash(value: &(impl Digest + ?Sized)) -> u64 {
        let mut hasher = TraceHasher::default();
        value.digest(&mut hasher);
        hasher.value()
    }

    #[test]
    fn values_are_the_same_on_every_machine() {
        // Recorded natively; the wasm tests run the same function.
        assert_eq!(hash(&()), OFFSET);
        assert_eq!(hash("zxid"), hash(&String::from("zxid")));
        let ids = (Sid(-3), Some(Zxid::new(Epoch(2), 7)));
        assert_eq!((hash(&vec![1u64, 2, 3]), hash(&ids)), RECORDED);
    }
    const RECORDED: (u64, u64) = (0xf670_af66_7cee_60c4, 0x4082_bf60_37a0_4a22);

    #[test]
    fn lengths_keep_neighbours_apart() {
        assert_ne!(hash(&vec!["ab", "c"]), hash(&vec!["a", "bc"]));
        assert_ne!(hash(&(Some(1u64), None::<u64>)), hash(&(None::<u64>, Some(1u64))));
        assert_ne!(hash(&Bytes::from_static(b"a")), hash(&Bytes::from_static(b"a\0")));
        assert_ne!(hash(&Link::Election(Sid(1))), hash(&Link::Quorum(Sid(1))));
    }

    #[test]
    fn every_bit_of_a_word_counts_to_the_end() {
        for bit in 0..64 {
            assert_ne!(hash(&vec![1u64 << bit, 0, 0, 0]), hash(&vec![0u64, 0, 0, 0]));
        }
    }
}
