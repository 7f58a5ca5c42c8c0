//! The znodes (Java: `DataTree`): what a transaction does to them, and what can be asked.

use super::acl::AclCache;
use super::quota::data_len;
use super::walk::Walk;
use super::znode::{AclList, Owner, Znode};
use crate::base::{SessionId, VersionedMap, VersionedSet, Zxid};
use crate::proto::KeeperError;
use crate::proto::data::{Acl, Stat, StatPersisted, perms};
use crate::wire::Buffer;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use bytes::Bytes;

/// The znode that holds the configuration of the ensemble.
pub const CONFIG_PATH: &str = "/zookeeper/config";
/// Below here quotas are kept.
pub const QUOTA_PATH: &str = "/zookeeper/quota";
/// The parent of the server's own znodes.
pub const ZOOKEEPER_PATH: &str = "/zookeeper";

/// Data below this size is copied out of the transaction, so that a few bytes do not keep a
/// whole network buffer in memory: what larger data keeps is not much larger than itself.
const COPY_BYTES_MAX: usize = 64 * 1024;

/// All znodes, the index of ephemerals and the digest. `clone` is O(1): a version.
///
/// The key of the root is "", so that the parent of `/x` is the text before the last slash.
#[derive(Clone, Debug)]
pub struct Tree {
    /// All others hang from it; there is none only while a tree is being loaded.
    root: Option<Arc<Znode>>,
    sums: Sums,
    ephemerals: VersionedMap<SessionId, VersionedSet<Arc<str>>>,
    reapable: VersionedSet<Arc<str>>,
    acls: AclCache,
    /// There is a znode below [`QUOTA_PATH`]: without any, no write looks for one that counts it.
    pub(super) has_quotas: bool,
}

/// What is counted over all znodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    znodes: usize,
    /// Of paths and data.
    bytes: u64,
    /// See [`super::digest`].
    digest: u64,
}

impl Sums {
    /// A znode came to this key.
    fn enter(&mut self, key: &str, node: &Znode) {
        self.znodes += 1;
        self.bytes += key.len() as u64 + data_bytes(node);
        self.digest = self.digest.wrapping_add(u64::from(node.digest));
    }

    /// It went, or is about to change.
    fn leave(&mut self, key: &str, node: &Znode) {
        self.znodes -= 1;
        self.bytes -= key.len() as u64 + data_bytes(node);
        self.digest = self.digest.wrapping_sub(u64::from(node.digest));
    }
}

impl Default for Tree {
    /// The tree of a new ensemble: the root and the server's own znodes.
    fn default() -> Self {
        let mut tree = Self::empty();
        let stat = StatPersisted::default();
        for path in ["", ZOOKEEPER_PATH, QUOTA_PATH] {
            tree.add(path, Znode::new(Some(Bytes::new()), None, stat));
        }
        tree.add_config();
        tree
    }
}

/// What `create` makes.
pub(super) struct NewNode<'a> {
    /// With memory of its own, see [`compact`].
    pub data: Buffer,
    /// Null in records of very old servers: open.
    pub acl: Option<&'a [Acl]>,
    pub owner: Owner,
    pub zxid: Zxid,
    pub time_ms: i64,
}

/// A znode that was written, as its reply and its watches want it.
#[derive(Debug)]
pub(super) struct Written {
    pub stat: Stat,
    pub acl: Option<AclList>,
}

impl Written {
    fn of(node: &Znode) -> Self {
        Self { stat: node.client_stat(), acl: node.acl.clone() }
    }
}

/// The key of `path`.
fn key_of(path: &str) -> &str {
    if path == "/" { "" } else { path }
}

/// Key of the parent and name of the child; `None` without a slash.
pub(super) fn split(path: &str) -> Option<(&str, &str)> {
    path.rfind('/').map(|at| (&path[..at], &path[at + 1..]))
}

/// The names from the root, which has none itself, to the znode of `key`. `None`: no key.
pub(super) fn names(key: &str) -> Option<impl Iterator<Item = &str>> {
    let mut names = key.split('/');
    (names.next() == Some("")).then_some(names)
}

/// The znode of `key`, to be changed in this version only.
fn node_mut<'a>(root: &'a mut Option<Arc<Znode>>, key: &str) -> Option<&'a mut Znode> {
    let mut node = root.as_mut()?;
    for name in names(key)? {
        node = Arc::make_mut(node).children.get_mut(name)?;
    }
    Some(Arc::make_mut(node))
}

/// The path that clients know a key by.
pub(super) fn shown(key: &str) -> &str {
    if key.is_empty() { "/" } else { key }
}

impl Tree {
    /// Without any znode, not even the root: to be filled from a snapshot.
    pub(super) fn empty() -> Self {
        Self {
            root: None,
            sums: Sums::default(),
            ephemerals: VersionedMap::default(),
            reapable: VersionedSet::default(),
            acls: AclCache::default(),
            has_quotas: false,
        }
    }

    // ---- questions

    /// The znode of `path`, which is looked up as it is: an illegal path names nothing. The
    /// empty path is the root, as in Java.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Znode> {
        let mut node = self.root.as_deref()?;
        for name in names(key_of(path))? {
            node = node.children.get(name)?;
        }
        Some(node)
    }

    /// Is there a znode at `path`?
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// How many znodes there are, the root counted once.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sums.znodes
    }

    /// True if there is not even a root, which only a tree that is being loaded can be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Bytes of all paths and data.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.sums.bytes
    }

    /// The digest of all znodes, version [`super::digest::DIGEST_VERSION`].
    #[must_use]
    pub fn digest(&self) -> i64 {
        self.sums.digest.cast_signed()
    }

    /// All znodes with their paths, each before those below it; the root's path is "/".
    pub fn iter(&self) -> impl Iterator<Item = (String, &Znode)> {
        let mut walk = Walk::behind(self, "");
        let rest = core::iter::from_fn(move || {
            let node = walk.advance()?;
            Some((walk.key().to_owned(), node))
        });
        self.root.as_deref().map(|root| ("/".to_owned(), root)).into_iter().chain(rest)
    }

    /// The znodes below `path`, itself not; their keys are their paths. `None`: no such znode.
    #[must_use]
    pub fn below(&self, path: &str) -> Option<Walk<'_>> {
        Some(Walk::below(self.get(path)?, key_of(path)))
    }

    /// How many znodes are below `path`, itself not counted. `None`: no such znode.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn count_below(&self, path: &str) -> Option<usize> {
        let mut below = self.below(path)?;
        if key_of(path).is_empty() {
            return Some(self.len() - 1);
        }
        Some(core::iter::from_fn(|| below.advance()).count())
    }

    /// Paths of the ephemerals of `session`, in order.
    pub fn ephemerals_of(&self, session: SessionId) -> impl Iterator<Item = &Arc<str>> {
        self.ephemerals.get(&session).into_iter().flat_map(|paths| paths.iter())
    }

    /// Sessions that own ephemerals, with their paths, in order.
    pub fn ephemerals(&self) -> impl Iterator<Item = (SessionId, impl Iterator<Item = &Arc<str>>)> {
        self.ephemerals.iter().map(|(session, paths)| (*session, paths.iter()))
    }

    /// Containers and TTL znodes, in the order of their paths.
    pub fn reapable(&self) -> impl Iterator<Item = (&Arc<str>, &Znode)> {
        self.reapable.iter().filter_map(|path| Some((path, self.get(path)?)))
    }

    /// The distinct ACLs, in a fixed order.
    pub(super) fn acl_lists(&self) -> impl Iterator<Item = &AclList> {
        self.acls.lists()
    }

    // ---- what transactions do. Rules for records that are applied twice are Java's: a replay
    // over a fuzzy snapshot must end where a Java server's replay ends.

    /// Makes a znode. The parent's counter moves forward only, and its pzxid with it; -1 lets it
    /// count. `NodeExists` gives the ACL to the znode that is there.
    pub(super) fn create(
        &mut self,
        path: &str,
        new: NewNode<'_>,
        parent_cversion: i32,
    ) -> Result<Written, KeeperError> {
        let (parent_key, name) = split(path).ok_or(KeeperError::NoNode)?;
        let parent = node_mut(&mut self.root, parent_key).ok_or(KeeperError::NoNode)?;
        if path == "/" || parent.has_child(name) {
            self.replace_acl(path, new.acl, |_| ());
            return Err(KeeperError::NodeExists);
        }
        let stat = StatPersisted {
            czxid: new.zxid,
            mzxid: new.zxid,
            pzxid: new.zxid,
            ctime_ms: new.time_ms,
            mtime_ms: new.time_ms,
            ephemeral_owner: new.owner.stored(),
            ..StatPersisted::default()
        };
        let bytes = data_len(new.data.as_deref());
        let acl = new.acl.map(|acl| self.acls.take(acl));
        let mut node = Znode::new(new.data, acl, stat);
        node.rehash(path);
        let written = Written::of(&node);
        self.sums.enter(path, &node);
        self.sums.leave(parent_key, parent);
        parent.children.insert(name.into(), Arc::new(node));
        let next = parent.stat.cversion.wrapping_add(1);
        let cversion = if parent_cversion == -1 { next } else { parent_cversion };
        advance(&mut parent.stat, cversion, new.zxid);
        parent.rehash(parent_key);
        self.sums.enter(parent_key, parent);
        self.index(path, new.owner);
        self.look_for_quotas(path);
        let is_stats = self.count_if_stats(path);
        if self.count_change(path, 1, bytes) || is_stats {
            // It may be the znode that holds the counts.
            return self.get(path).map(Written::of).ok_or(KeeperError::NoNode);
        }
        Ok(written)
    }

    /// The ACL of `path`'s parent; `None` also without one.
    pub(super) fn parent_acl(&self, path: &str) -> Option<AclList> {
        self.get(split(path)?.0)?.acl.clone()
    }

    /// Brings the counter of `path`'s parent forward (Java: `setCversionPzxid`).
    pub(super) fn advance_parent(&mut self, path: &str, parent_cversion: i32, zxid: Zxid) {
        if let Some((parent, _)) = split(path) {
            self.change(parent, |parent| advance(&mut parent.stat, parent_cversion, zxid));
        }
    }

    /// Removes a znode and gives it back. Znodes below it go too: only a replay over a fuzzy snapshot
    /// finds any, and it makes or deletes them again.
    pub(super) fn delete(&mut self, path: &str, zxid: Zxid) -> Result<Arc<Znode>, KeeperError> {
        // The root stays, whatever a record says: everything else rests on it.
        if path == "/" {
            return Err(KeeperError::BadArguments);
        }
        let (parent, name) = split(path).ok_or(KeeperError::NoNode)?;
        let mut taken = None;
        self.change(parent, |parent| {
            taken = parent.children.remove(name);
            parent.stat.pzxid = parent.stat.pzxid.max(zxid);
        })
        .ok_or(KeeperError::NoNode)?;
        let node = taken.ok_or(KeeperError::NoNode)?;
        self.forget(path, &node);
        let mut below = Walk::below(&node, path);
        while let Some(node) = below.advance() {
            self.forget(below.key(), node);
        }
        self.look_for_quotas(path);
        self.count_change(path, -1, -data_len(node.data.as_deref()));
        Ok(node)
    }

    /// Sets data (with memory of its own, see [`compact`]), version, mzxid and mtime.
    pub(super) fn set_data(
        &mut self,
        path: &str,
        data: Buffer,
        version: i32,
        zxid: Zxid,
        time_ms: i64,
    ) -> Result<Written, KeeperError> {
        let more = data_len(data.as_deref());
        let mut less = 0;
        let mut written = None;
        self.change(key_of(path), |node| {
            less = data_len(node.data.as_deref());
            node.data = data;
            node.stat.version = version;
            node.stat.mzxid = zxid;
            node.stat.mtime_ms = time_ms;
            written = Some(Written::of(node));
        });
        let written = written.ok_or(KeeperError::NoNode)?;
        match self.count_change(key_of(path), 0, more - less) {
            // It may be the znode that holds the counts.
            true => self.get(path).map(Written::of).ok_or(KeeperError::NoNode),
            false => Ok(written),
        }
    }

    /// Sets ACL and aversion.
    pub(super) fn set_acl(
        &mut self,
        path: &str,
        acl: Option<&[Acl]>,
        version: i32,
    ) -> Result<&Znode, KeeperError> {
        self.replace_acl(path, acl, |stat| stat.aversion = version).ok_or(KeeperError::NoNode)
    }

    /// Puts the configuration text into `/zookeeper/config`, which a member of an ensemble does
    /// at its start and after synchronization, without a transaction.
    pub fn set_config(&mut self, text: Bytes, config_zxid: Zxid, time_ms: i64) {
        if !self.contains(CONFIG_PATH) {
            self.add_config();
        }
        let _ = self.set_data(CONFIG_PATH, Some(text), -1, config_zxid, time_ms);
    }

    /// Adds a znode of a snapshot, the parent's before those of its children. False: it has no
    /// parent, or is there already; the indexes would keep the first one's owner.
    pub(super) fn add(&mut self, key: &str, mut node: Znode) -> bool {
        let place = match split(key) {
            Some((parent, name)) => match node_mut(&mut self.root, parent) {
                Some(parent) if !parent.has_child(name) => Some((parent, name)),
                Some(_) | None => return false,
            },
            None if key.is_empty() && self.root.is_none() => None,
            None => return false,
        };
        node.data = compact(node.data.take());
        node.rehash(key);
        let owner = node.owner();
        self.sums.enter(key, &node);
        let node = Arc::new(node);
        match place {
            Some((parent, name)) => drop(parent.children.insert(name.into(), node)),
            None => self.root = Some(node),
        }
        self.index(key, owner);
        self.look_for_quotas(key);
        true
    }

    fn add_config(&mut self) {
        let read_only = self.acls.take(&Acl::world(perms::READ));
        let stat = StatPersisted { aversion: -1, ..StatPersisted::default() };
        self.add(CONFIG_PATH, Znode::new(Some(Bytes::new()), Some(read_only), stat));
    }

    /// The shared list for an ACL, counted as used once more.
    pub(super) fn share_acl(&mut self, acl: &[Acl]) -> AclList {
        self.acls.take(acl)
    }

    // ---- the only places where map, indexes and sums change

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn replace_acl(
        &mut self,
        path: &str,
        acl: Option<&[Acl]>,
        then: impl FnOnce(&mut StatPersisted),
    ) -> Option<&Znode> {
        let key = key_of(path);
        let old = self.get(key)?.acl.clone();
        let new = acl.map(|acl| self.acls.take(acl));
        if let Some(old) = old {
            self.acls.give_back(&old);
        }
        self.change(key, |node| {
            node.acl = new;
            then(&mut node.stat);
        })
    }

    /// Changes the znode of `key` and keeps the sums right. Its kind stays.
    pub(super) fn change(&mut self, key: &str, change: impl FnOnce(&mut Znode)) -> Option<&Znode> {
        let node = node_mut(&mut self.root, key)?;
        self.sums.leave(key, node);
        change(node);
        node.rehash(key);
        self.sums.enter(key, node);
        Some(node)
    }

    /// A znode came to `path` or went.
    fn look_for_quotas(&mut self, path: &str) {
        if path.starts_with(QUOTA_PATH) {
            self.has_quotas = self.get(QUOTA_PATH).is_some_and(|quota| quota.num_children() > 0);
        }
    }

    /// A znode of this kind came to `key`.
    fn index(&mut self, key: &str, owner: Owner) {
        match owner {
            Owner::Nobody => {}
            Owner::Container | Owner::Ttl { .. } => {
                self.reapable.insert(key.into());
            }
            Owner::Session(session) => match self.ephemerals.get_mut(&session) {
                Some(paths) => {
                    paths.insert(key.into());
                }
                None => {
                    let mut paths = VersionedSet::default();
                    paths.insert(key.into());
                    self.ephemerals.insert(session, paths);
                }
            },
        }
    }

    /// A znode is not in the tree any more.
    fn forget(&mut self, key: &str, node: &Znode) {
        self.sums.leave(key, node);
        if let Some(acl) = &node.acl {
            self.acls.give_back(acl);
        }
        match node.owner() {
            Owner::Nobody => {}
            Owner::Container | Owner::Ttl { .. } => {
                self.reapable.remove(key);
            }
            Owner::Session(session) => {
                if let Some(paths) = self.ephemerals.get_mut(&session) {
                    paths.remove(key);
                    if paths.is_empty() {
                        self.ephemerals.remove(&session);
                    }
                }
            }
        }
    }
}

impl PartialEq for Tree {
    /// All znodes are equal; indexes and sums follow from them.
    fn eq(&self, other: &Self) -> bool {
        self.sums == other.sums && self.iter().eq(other.iter())
    }
}

impl Eq for Tree {}

fn advance(stat: &mut StatPersisted, cversion: i32, zxid: Zxid) {
    if cversion > stat.cversion {
        stat.cversion = cversion;
        stat.pzxid = zxid;
    }
}

fn data_bytes(node: &Znode) -> u64 {
    node.data.as_ref().map_or(0, |data| data.len() as u64)
}

/// Data with memory of its own, if it is small.
pub(super) fn compact(data: Buffer) -> Buffer {
    data.map(|data| match data.len() {
        0..COPY_BYTES_MAX => Bytes::copy_from_slice(&data),
        _ => data,
    })
}
