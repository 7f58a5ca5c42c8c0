//! Jute, ZooKeeper's serialisation: primitives, records, frames (Java:
//! `BinaryInputArchive`, `BinaryOutputArchive`).
//!
//! Big endian, no tags, no alignment; fields in declaration order. A length of -1 is null, which
//! is not the same as empty, so [`Buffer`] and the vectors are options.

mod crc;
mod reader;
mod record;
mod text;
mod writer;

pub use crc::crc32;
pub use reader::{DecodeError, Mark, Reader, Value};
pub use record::{Decode, Encode};
pub use text::Text;
pub use writer::Writer;

use bytes::Bytes;

/// A `buffer`: bytes or null.
pub type Buffer = Option<Bytes>;
