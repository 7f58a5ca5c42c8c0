//! One znode: data, ACL, stat, and its children (Java: `DataNode`, `EphemeralType`).

use super::digest;
use crate::base::{SessionId, VersionedMap};
use crate::proto::data::{Acl, Stat, StatPersisted};
use crate::wire::Buffer;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use smol_str::SmolStr;

/// An ACL as znodes share it.
pub type AclList = Arc<[Acl]>;

/// What kind of znode a stored `ephemeralOwner` means (Java: `EphemeralType`).
///
/// TTL values are recognised whatever the server's configuration is; that is why no server id
/// may be 255, the top byte of their mark ([`crate::base::Sid::MAX`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A persistent znode.
    Nobody,
    /// An ephemeral of this session.
    Session(SessionId),
    /// A container: goes when its last child has gone.
    Container,
    /// Goes when it has no children and was not written for this many milliseconds.
    Ttl {
        /// `1..=TTL_MS_MAX`
        ttl_ms: i64,
    },
}

/// Longest time to live: 40 bits.
pub const TTL_MS_MAX: i64 = (1 << 40) - 1;
/// Bits that mark a TTL value: 0xff, then 16 bits for the feature, which is 0.
const TTL_MARK: i64 = 0xff_i64 << 56;

impl Owner {
    /// What the stored value means.
    #[must_use]
    pub const fn of(stored: i64) -> Self {
        if stored == 0 {
            Self::Nobody
        } else if stored == i64::MIN {
            Self::Container
        } else if stored & !TTL_MS_MAX == TTL_MARK {
            Self::Ttl { ttl_ms: stored & TTL_MS_MAX }
        } else {
            Self::Session(SessionId(stored))
        }
    }

    /// The value that is stored for it.
    #[must_use]
    pub const fn stored(self) -> i64 {
        match self {
            Self::Nobody => 0,
            Self::Session(session) => session.0,
            Self::Container => i64::MIN,
            Self::Ttl { ttl_ms } => TTL_MARK | (ttl_ms & TTL_MS_MAX),
        }
    }
}

/// The znodes below another one, by name; each with memory of its own, so that a change next to it
/// does not copy it. Short names lie in the map itself: a search that follows a pointer for each
/// comparison costs more than all else that a write does to the tree.
pub(super) type Children = VersionedMap<SmolStr, Arc<Znode>>;

/// A znode, and what hangs from it. It does not know its path. Two are equal if their own fields
/// and the names of their children are: of what the children hold nothing is said.
#[derive(Clone)]
pub struct Znode {
    pub(super) data: Buffer,
    pub(super) acl: Option<AclList>,
    pub(super) stat: StatPersisted,
    pub(super) children: Children,
    /// Its part of the tree digest; kept so that a change hashes the znode once, not twice.
    pub(super) digest: u32,
}

impl Znode {
    pub(super) fn new(data: Buffer, acl: Option<AclList>, stat: StatPersisted) -> Self {
        Self { data, acl, stat, children: Children::default(), digest: 0 }
    }

    pub(super) fn rehash(&mut self, key: &str) {
        self.digest = digest::of_node(key, self.data.as_deref(), &self.stat);
    }

    /// The data; null and empty are different.
    #[must_use]
    pub fn data(&self) -> &Buffer {
        &self.data
    }

    /// The ACL; `None` is the open one of znodes that the server made itself.
    #[must_use]
    pub fn acl(&self) -> Option<&AclList> {
        self.acl.as_ref()
    }

    /// The ACL as `getACL` shows it, the open one written out.
    #[must_use]
    pub fn acl_entries(&self) -> Vec<Acl> {
        self.acl.as_ref().map_or_else(Acl::open, |acl| acl.to_vec())
    }

    /// What is stored of the stat.
    #[must_use]
    pub fn stat(&self) -> &StatPersisted {
        &self.stat
    }

    /// The kind of the znode.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner::of(self.stat.ephemeral_owner)
    }

    /// The stat as clients see it (Java: `DataNode.copyStat`).
    #[must_use]
    pub fn client_stat(&self) -> Stat {
        let stored = &self.stat;
        let num_children = saturating_i32(self.children.len());
        Stat {
            czxid: stored.czxid,
            mzxid: stored.mzxid,
            ctime_ms: stored.ctime_ms,
            mtime_ms: stored.mtime_ms,
            version: stored.version,
            cversion: stored.cversion.wrapping_mul(2).wrapping_sub(num_children),
            aversion: stored.aversion,
            ephemeral_owner: match self.owner() {
                Owner::Session(session) => session,
                Owner::Nobody | Owner::Container | Owner::Ttl { .. } => SessionId(0),
            },
            data_length: saturating_i32(self.data.as_ref().map_or(0, |data| data.len())),
            num_children,
            pzxid: stored.pzxid,
        }
    }

    /// Names of the children, in the order of their bytes.
    pub fn children(&self) -> impl Iterator<Item = &str> {
        self.children.iter().map(|(name, _)| name.as_str())
    }

    /// How many children there are.
    #[must_use]
    pub fn num_children(&self) -> usize {
        self.children.len()
    }

    /// Is there a child of this name?
    #[must_use]
    pub fn has_child(&self, name: &str) -> bool {
        self.children.contains(name)
    }
}

impl PartialEq for Znode {
    fn eq(&self, other: &Self) -> bool {
        (&self.data, &self.acl, &self.stat, self.digest)
            == (&other.data, &other.acl, &other.stat, other.digest)
            && self.children.len() == other.children.len()
            && self.children().eq(other.children())
    }
}

impl Eq for Znode {}

impl fmt::Debug for Znode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Znode")
            .field("data", &self.data)
            .field("acl", &self.acl)
            .field("stat", &self.stat)
            .field("children", &self.children().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Drop for Znode {
    /// One after the other: a client can make a path that is so deep that a call for each of its
    /// names would not fit on the stack.
    fn drop(&mut self) {
        if self.children.is_empty() {
            return;
        }
        let mut left = Vec::from([core::mem::take(&mut self.children)]);
        while let Some(children) = left.pop() {
            children.dissolve(|child| {
                if let Some(mut last) = Arc::into_inner(child)
                    && !last.children.is_empty()
                {
                    left.push(core::mem::take(&mut last.children));
                }
            });
        }
    }
}

fn saturating_i32(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_stored_as_in_java() {
        assert_eq!(Owner::Ttl { ttl_ms: 5 }.stored(), 0xff00_0000_0000_0005_u64 as i64);
        for owner in [
            Owner::Nobody,
            Owner::Container,
            Owner::Ttl { ttl_ms: TTL_MS_MAX },
            Owner::Session(SessionId(0x1_0000_0000_0001)),
            Owner::Session(SessionId(0xfe00_0000_0000_0001_u64 as i64)),
        ] {
            assert_eq!(Owner::of(owner.stored()), owner);
        }
    }
}
