//! Requests as they are on the way: of their content there is only what tells their kind.

use super::super::load::DATA_BYTES;

/// Length of a request or an answer, and what begins each.
const LENGTH_BYTES: usize = 4;
const REQUEST_HEADER_BYTES: usize = 8;
const ANSWER_HEADER_BYTES: usize = 16;
const STAT_BYTES: usize = 68;
const DATA_FIELD_BYTES: usize = 4 + DATA_BYTES;
const KEY_BYTES: usize = 4 + "/bench/key-0000".len();
const CHILD_BYTES: usize = 4 + "/bench/00/00000000".len();
/// One entry: permissions, `world`, `anyone`.
const ACL_BYTES: usize = 4 + 4 + (4 + 5) + (4 + 6);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Get = 0,
    Set = 1,
    Create = 2,
}

impl Kind {
    pub(super) const fn of(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Get),
            1 => Some(Self::Set),
            2 => Some(Self::Create),
            _ => None,
        }
    }

    /// What follows the header; in a transaction it is as long.
    pub(super) const fn body_bytes(self) -> usize {
        match self {
            // Path, watch.
            Self::Get => KEY_BYTES + 1,
            // Path, data, version.
            Self::Set => KEY_BYTES + DATA_FIELD_BYTES + 4,
            // Path, data, list of ACLs, flags.
            Self::Create => CHILD_BYTES + DATA_FIELD_BYTES + ACL_BYTES + 4,
        }
    }

    pub(super) const fn request_bytes(self) -> usize {
        LENGTH_BYTES + REQUEST_HEADER_BYTES + self.body_bytes()
    }

    pub(super) const fn answer_bytes(self) -> usize {
        LENGTH_BYTES
            + ANSWER_HEADER_BYTES
            + match self {
                Self::Get => DATA_FIELD_BYTES + STAT_BYTES,
                Self::Set => STAT_BYTES,
                Self::Create => CHILD_BYTES,
            }
    }

    /// Appends a request.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let end = out.len() + self.request_bytes();
        out.push(self as u8);
        out.resize(end, 0);
    }

    /// Appends an answer.
    pub(super) fn answer(self, out: &mut Vec<u8>) {
        out.resize(out.len() + self.answer_bytes(), 0);
    }
}
