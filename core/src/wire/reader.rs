//! Bounds-checked reading.

use super::{Buffer, Decode};
use crate::base::limits::FIELD_BYTES_MAX;
use alloc::boxed::Box;
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

/// One field that a [`Reader`] read: its place among the reader's bytes, and what stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its first byte.
    pub start: usize,
    /// The byte behind it.
    pub end: usize,
    /// What stood there.
    pub value: Value,
}

/// What stood in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A `byte`, `boolean`, `int` or `long`.
    Number(i64),
    /// The number of elements of a `vector` that follows; -1 if it is null.
    Count(i32),
    /// A `buffer` or `ustring`, with its length before it.
    Buffer(Buffer),
    /// Bytes as they are.
    Raw(Bytes),
}

/// Reads jute fields from shared bytes. Buffers that come out share the input's allocation.
#[derive(Clone, Debug)]
pub struct Reader {
    input: Bytes,
    /// Where fields are noted, for a reader that shows how bytes are read.
    marks: Option<Box<Marks>>,
}

#[derive(Clone, Debug)]
struct Marks {
    size: usize,
    list: Vec<Mark>,
}

impl Reader {
    /// Reads from the start of `input`.
    #[must_use]
    pub fn new(input: Bytes) -> Self {
        Self { input, marks: None }
    }

    /// The same, and notes each field that is read.
    #[must_use]
    pub fn marking(input: Bytes) -> Self {
        let marks = Marks { size: input.len(), list: Vec::new() };
        Self { input, marks: Some(Box::new(marks)) }
    }

    /// The fields that were read; none if this is not a marking reader.
    #[must_use]
    pub fn into_marks(self) -> Vec<Mark> {
        self.marks.map_or_else(Vec::new, |marks| marks.list)
    }

    /// Notes a field of `len` bytes that has just been read.
    fn mark(&mut self, len: usize, value: impl FnOnce() -> Value) {
        if let Some(marks) = &mut self.marks {
            let end = marks.size - self.input.len();
            marks.list.push(Mark { start: end - len, end, value: value() });
        }
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
        let bytes = self.cut(len)?;
        self.mark(len, || Value::Raw(bytes.clone()));
        Ok(bytes)
    }

    fn cut(&mut self, len: usize) -> Result<Bytes, DecodeError> {
        if self.input.len() < len {
            return Err(DecodeError::Short);
        }
        Ok(self.input.split_to(len))
    }

    /// A `byte`.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        if self.input.is_empty() {
            return Err(DecodeError::Short);
        }
        let value = self.input.get_u8();
        self.mark(1, || Value::Number(value.into()));
        Ok(value)
    }

    /// A `boolean`: like Java, every byte but 0 is true.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.u8()? != 0)
    }

    /// An `int`.
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        let value = self.length()?;
        self.mark(4, || Value::Number(value.into()));
        Ok(value)
    }

    /// An `int` that is a part of a larger field.
    fn length(&mut self) -> Result<i32, DecodeError> {
        if self.input.len() < 4 { Err(DecodeError::Short) } else { Ok(self.input.get_i32()) }
    }

    /// A `long`.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        if self.input.len() < 8 {
            return Err(DecodeError::Short);
        }
        let value = self.input.get_i64();
        self.mark(8, || Value::Number(value));
        Ok(value)
    }

    /// A `buffer` or the bytes of a `ustring`.
    pub fn buffer(&mut self) -> Result<Buffer, DecodeError> {
        let len = self.length()?;
        if len == -1 {
            self.mark(4, || Value::Buffer(None));
            return Ok(None);
        }
        let size = usize::try_from(len).map_err(|_| DecodeError::Length(len))?;
        if size > FIELD_BYTES_MAX {
            return Err(DecodeError::Length(len));
        }
        let bytes = self.cut(size)?;
        self.mark(4 + size, || Value::Buffer(Some(bytes.clone())));
        Ok(Some(bytes))
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
        let count = self.length()?;
        self.mark(4, || Value::Count(count));
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
