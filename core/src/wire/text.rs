//! `ustring` fields that keep the bytes that came.

use super::{Decode, DecodeError, Encode, Reader, Writer};
use alloc::borrow::Cow;
use alloc::string::String;
use bytes::Bytes;
use core::fmt;

/// A `ustring` that is not null, as the bytes on the wire.
///
/// Java reads malformed UTF-8 as U+FFFD; the bytes stay here so that a record that is stored,
/// forwarded or compared with a capture is written as it came.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Bytes);

impl Text {
    /// The bytes on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// The text as Java reads it.
    #[must_use]
    pub fn to_str(&self) -> Cow<'_, str> {
        // Several times as quick as to look for what is malformed, and nearly always all.
        core::str::from_utf8(&self.0)
            .map_or_else(|_| String::from_utf8_lossy(&self.0), Cow::Borrowed)
    }
}

impl From<Bytes> for Text {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_str())
    }
}

impl Encode for Text {
    fn encode(&self, out: &mut Writer) {
        out.bytes(&self.0);
    }
}

impl Decode for Text {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        input.buffer()?.map(Self).ok_or(DecodeError::Null)
    }
}
