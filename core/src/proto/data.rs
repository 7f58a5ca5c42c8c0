//! `Id`, `ACL`, `Stat`: records that several protocols share.

use crate::base::{SessionId, Zxid};
use crate::wire::{Decode, DecodeError, Encode, Reader, Text, Writer};
use alloc::vec::Vec;

/// Who: a scheme and a name in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// `world`, `auth`, `digest`, `ip`, ...
    pub scheme: Text,
    /// Scheme specific.
    pub id: Text,
}

/// One grant of an access control list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Acl {
    /// Bits of [`perms`].
    pub perms: i32,
    /// To whom.
    pub id: Id,
}

/// Permission bits.
pub mod perms {
    /// getData, getChildren, exists, check
    pub const READ: i32 = 1;
    /// setData
    pub const WRITE: i32 = 2;
    /// create children
    pub const CREATE: i32 = 4;
    /// delete children
    pub const DELETE: i32 = 8;
    /// setACL
    pub const ADMIN: i32 = 16;
    /// all of them
    pub const ALL: i32 = 31;
    /// Their letters, in the order in which they are shown.
    pub const LETTERS: [(char, i32); 5] =
        [('c', CREATE), ('d', DELETE), ('r', READ), ('w', WRITE), ('a', ADMIN)];
}

impl Id {
    /// Bytes on the wire.
    #[must_use]
    pub fn bytes(&self) -> usize {
        4 + self.scheme.as_bytes().len() + 4 + self.id.as_bytes().len()
    }
}

impl Acl {
    /// Bytes on the wire.
    #[must_use]
    pub fn bytes(&self) -> usize {
        4 + self.id.bytes()
    }

    /// The open ACL: everything to everybody.
    #[must_use]
    pub fn open() -> Vec<Self> {
        Self::world(perms::ALL)
    }

    /// These permissions to everybody.
    #[must_use]
    pub fn world(perms: i32) -> Vec<Self> {
        [Self { perms, id: Id { scheme: "world".into(), id: "anyone".into() } }].into()
    }
}

/// What clients are told about a znode (68 bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Zxid of the create.
    pub czxid: Zxid,
    /// Zxid of the last data change.
    pub mzxid: Zxid,
    /// Leader's wall clock at the create, ms since 1970.
    pub ctime_ms: i64,
    /// The same for mzxid.
    pub mtime_ms: i64,
    /// Changes of the data.
    pub version: i32,
    /// Creates and deletes of children: `2 * persisted cversion - num_children`.
    pub cversion: i32,
    /// Changes of the ACL.
    pub aversion: i32,
    /// Session of an ephemeral, else 0 (also for container and TTL znodes).
    pub ephemeral_owner: SessionId,
    /// Bytes of data; 0 for null.
    pub data_length: i32,
    /// Children there are.
    pub num_children: i32,
    /// Zxid of the last create or delete of a child.
    pub pzxid: Zxid,
}

/// What is stored of a znode's `Stat` (60 bytes in snapshots).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatPersisted {
    /// As in [`Stat`].
    pub czxid: Zxid,
    /// As in [`Stat`].
    pub mzxid: Zxid,
    /// As in [`Stat`].
    pub ctime_ms: i64,
    /// As in [`Stat`].
    pub mtime_ms: i64,
    /// As in [`Stat`].
    pub version: i32,
    /// Creates of children so far, deleted ones included.
    pub cversion: i32,
    /// As in [`Stat`].
    pub aversion: i32,
    /// Session id, or a container or TTL mark (Java: `EphemeralType`).
    pub ephemeral_owner: i64,
    /// As in [`Stat`].
    pub pzxid: Zxid,
}

impl Encode for Zxid {
    fn encode(&self, out: &mut Writer) {
        out.i64(self.0);
    }
}

impl Decode for Zxid {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        input.i64().map(Self)
    }
}

impl Encode for Id {
    fn encode(&self, out: &mut Writer) {
        self.scheme.encode(out);
        self.id.encode(out);
    }
}

impl Decode for Id {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        // Clients send a null id with the scheme `auth`, where it means nothing (kazoo does); a
        // null scheme is one that nobody knows.
        let mut part = || Ok(input.buffer()?.map(Text::from).unwrap_or_default());
        Ok(Self { scheme: part()?, id: part()? })
    }
}

impl Encode for Acl {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.perms);
        self.id.encode(out);
    }
}

impl Decode for Acl {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self { perms: input.i32()?, id: Id::decode(input)? })
    }
}

impl Encode for Stat {
    fn encode(&self, out: &mut Writer) {
        self.czxid.encode(out);
        self.mzxid.encode(out);
        out.i64(self.ctime_ms);
        out.i64(self.mtime_ms);
        out.i32(self.version);
        out.i32(self.cversion);
        out.i32(self.aversion);
        out.i64(self.ephemeral_owner.0);
        out.i32(self.data_length);
        out.i32(self.num_children);
        self.pzxid.encode(out);
    }
}

impl Decode for Stat {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            czxid: Zxid::decode(input)?,
            mzxid: Zxid::decode(input)?,
            ctime_ms: input.i64()?,
            mtime_ms: input.i64()?,
            version: input.i32()?,
            cversion: input.i32()?,
            aversion: input.i32()?,
            ephemeral_owner: SessionId(input.i64()?),
            data_length: input.i32()?,
            num_children: input.i32()?,
            pzxid: Zxid::decode(input)?,
        })
    }
}

impl Encode for StatPersisted {
    fn encode(&self, out: &mut Writer) {
        self.czxid.encode(out);
        self.mzxid.encode(out);
        out.i64(self.ctime_ms);
        out.i64(self.mtime_ms);
        out.i32(self.version);
        out.i32(self.cversion);
        out.i32(self.aversion);
        out.i64(self.ephemeral_owner);
        self.pzxid.encode(out);
    }
}

impl Decode for StatPersisted {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            czxid: Zxid::decode(input)?,
            mzxid: Zxid::decode(input)?,
            ctime_ms: input.i64()?,
            mtime_ms: input.i64()?,
            version: input.i32()?,
            cversion: input.i32()?,
            aversion: input.i32()?,
            ephemeral_owner: input.i64()?,
            pzxid: Zxid::decode(input)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_in_an_id_is_read_as_empty() {
        let mut out = Writer::new();
        out.bytes(b"auth");
        out.i32(-1);
        let id = Id::decode(&mut Reader::new(out.into_vec().into())).unwrap();
        assert_eq!(id, Id { scheme: "auth".into(), id: "".into() });
    }
}
