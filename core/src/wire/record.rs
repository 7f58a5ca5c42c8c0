//! What a record can do.

use super::{DecodeError, Reader, Writer};
use alloc::string::String;
use bytes::Bytes;

/// Room for a usual record: one that grows is copied several times.
const RECORD_BYTES: usize = 256;

/// Can be written as jute.
pub trait Encode {
    /// Appends the fields in order.
    fn encode(&self, out: &mut Writer);

    /// The fields as bytes of their own.
    fn to_bytes(&self) -> Bytes {
        let mut out = Writer::with_capacity(RECORD_BYTES);
        self.encode(&mut out);
        out.into_bytes()
    }
}

/// Can be read from jute.
pub trait Decode: Sized {
    /// Reads the fields in order, and nothing behind them.
    fn decode(input: &mut Reader) -> Result<Self, DecodeError>;

    /// Reads from the start of `bytes`; like Java, ignores what is left over.
    fn from_bytes(bytes: Bytes) -> Result<Self, DecodeError> {
        Self::decode(&mut Reader::new(bytes))
    }
}

impl Encode for String {
    fn encode(&self, out: &mut Writer) {
        out.string(self);
    }
}

impl Decode for String {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        input.string()
    }
}

impl Encode for i64 {
    fn encode(&self, out: &mut Writer) {
        out.i64(*self);
    }
}

impl Decode for i64 {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        input.i64()
    }
}
