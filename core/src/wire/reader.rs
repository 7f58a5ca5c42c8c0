//! Bounds-checked reading.

use super::{Buffer, Decode};
use crate::base::limits::FIELD_BYTES_MAX;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::{Buf, Bytes};

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input ended inside a field. On a stream: wait for more.
    #[error("the input ends inside a field")]
    Short,
    /// A length below -1 or above the limit.
    #[error("unreasonable length {0}")]
    Length(i32),
    /// A field that may not be null is.
    #[error("null where a value is needed")]
    Null,
    /// A number that names nothing.
    #[error("unknown {what} {value}")]
    Unknown {
        /// What the number should name.
        what: &'static str,
        /// The number.
        value: i64,
    },
    /// Bytes that should not be there, or that contradict a rule of the format.
    #[error("malformed: {0}")]
    Malformed(&'static str),
}

/// Reads jute fields from shared bytes. Buffers that come out share the input's allocation.
#[derive(Clone, Debug)]
pub struct Reader {
    input: Bytes,
}

impl Reader {
    /// Reads from the start of `input`.
    #[must_use]
    pub fn new(input: Bytes) -> Self {
        Self { input }
    }

    /// Bytes not yet read.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.input.len()
    }

    /// What is left, as shared bytes.
    #[must_use]
    pub fn rest(self) -> Bytes {
        self.input
    }

    /// Error unless everything was read.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.input.is_empty() { Ok(()) } else { Err(DecodeError::Malformed("trailing bytes")) }
    }

    /// The next `len` bytes, shared.
    pub fn take(&mut self, len: usize) -> Result<Bytes, DecodeError> {
        if self.input.len() < len {
            return Err(DecodeError::Short);
        }
        Ok(self.input.split_to(len))
    }

    /// A `byte`.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        if self.input.is_empty() { Err(DecodeError::Short) } else { Ok(self.input.get_u8()) }
    }

    /// A `boolean`: like Java, every byte but 0 is true.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.u8()? != 0)
    }

    /// An `int`.
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        if self.input.len() < 4 { Err(DecodeError::Short) } else { Ok(self.input.get_i32()) }
    }

    /// A `long`.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        if self.input.len() < 8 { Err(DecodeError::Short) } else { Ok(self.input.get_i64()) }
    }

    /// A `buffer` or the bytes of a `ustring`.
    pub fn buffer(&mut self) -> Result<Buffer, DecodeError> {
        let len = self.i32()?;
        if len == -1 {
            return Ok(None);
        }
        let size = usize::try_from(len).map_err(|_| DecodeError::Length(len))?;
        if size > FIELD_BYTES_MAX {
            return Err(DecodeError::Length(len));
        }
        self.take(size).map(Some)
    }

    /// A `ustring` that may be null, read lossily as Java does.
    pub fn opt_string(&mut self) -> Result<Option<String>, DecodeError> {
        Ok(self.buffer()?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// A `ustring` that may not be null, read lossily as Java does.
    pub fn string(&mut self) -> Result<String, DecodeError> {
        self.opt_string()?.ok_or(DecodeError::Null)
    }

    /// A `vector`, or null. A count above the bytes that are left is refused before anything is
    /// allocated: every element takes at least one byte.
    pub fn vector<T: Decode>(&mut self) -> Result<Option<Vec<T>>, DecodeError> {
        let count = self.i32()?;
        if count == -1 {
            return Ok(None);
        }
        let size = usize::try_from(count).map_err(|_| DecodeError::Length(count))?;
        if size > self.remaining() {
            return Err(DecodeError::Short);
        }
        (0..size).map(|_| T::decode(self)).collect::<Result<Vec<T>, _>>().map(Some)
    }
}
