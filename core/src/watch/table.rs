//! Who watches what.

use crate::base::{Conn, Map, VersionedSet};
use crate::proto::watch::WatcherType;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;

/// A kind of watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchKind {
    /// One-shot, set by getData and exists.
    Data,
    /// One-shot, set by getChildren.
    Child,
    /// Data and child changes of one path, until removed (addWatch, mode 0).
    Persistent,
    /// Changes of a path and of everything below, until removed (addWatch, mode 1).
    Recursive,
}

/// A set of [`WatchKind`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchKinds(u8);

impl WatchKinds {
    /// None.
    pub const NONE: Self = Self(0);
    /// All four.
    pub const ALL: Self = Self(0b1111);
    /// Those that Java keeps in its table of data watches.
    pub const IN_DATA_TABLE: Self = Self(0b1101);
    /// Those that Java keeps in its table of child watches.
    pub const IN_CHILD_TABLE: Self = Self(0b0110);

    /// Just this one.
    #[must_use]
    pub const fn only(kind: WatchKind) -> Self {
        Self(match kind {
            WatchKind::Data => 0b0001,
            WatchKind::Child => 0b0010,
            WatchKind::Persistent => 0b0100,
            WatchKind::Recursive => 0b1000,
        })
    }

    /// The kinds that a removeWatches or checkWatches of this type is about, as 3.9 sees it:
    /// 1 and 2 mean one-shot watches only.
    #[must_use]
    pub const fn of_type(watcher_type: WatcherType) -> Self {
        match watcher_type {
            WatcherType::Children => Self::only(WatchKind::Child),
            WatcherType::Data => Self::only(WatchKind::Data),
            WatcherType::Any => Self::ALL,
            WatcherType::Persistent => Self::only(WatchKind::Persistent),
            WatcherType::PersistentRecursive => Self::only(WatchKind::Recursive),
        }
    }

    /// Is one of `others` among these?
    #[must_use]
    pub const fn any_of(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }
}

/// The watches of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchTable {
    by_path: BTreeMap<Arc<str>, Map<Conn, WatchKinds>>,
    /// The kind of set that the tree has too: one kind less in the page's download, and a whole
    /// set is taken at once when its connection goes.
    by_conn: Map<Conn, VersionedSet<Arc<str>>>,
    /// Recursive watches there are: without any, no ancestor is looked up.
    recursive: usize,
}

impl WatchTable {
    /// Without a watch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// True if nobody watches anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_path.is_empty()
    }

    /// Sets a watch; a second one of the same kind changes nothing. Any string is accepted.
    pub fn add(&mut self, path: &str, conn: Conn, kind: WatchKind) {
        let path = match self.by_path.get_key_value(path) {
            Some((known, _)) => Arc::clone(known),
            None => path.into(),
        };
        let watchers = self.by_path.entry(Arc::clone(&path)).or_default();
        let kinds = watchers.get_or_insert(conn, WatchKinds::NONE);
        let before = *kinds;
        *kinds = before.with(WatchKinds::only(kind));
        self.count_recursive(before, before.with(WatchKinds::only(kind)));
        self.by_conn.get_or_insert(conn, VersionedSet::default()).insert(path);
    }

    /// Does `conn` hold one of `kinds` on `path` (checkWatches)?
    #[must_use]
    pub fn holds(&self, path: &str, conn: Conn, kinds: WatchKinds) -> bool {
        self.kinds_of(path, conn).any_of(kinds)
    }

    /// Removes the watches of these kinds (removeWatches); false if there was none.
    pub fn remove(&mut self, path: &str, conn: Conn, kinds: WatchKinds) -> bool {
        let before = self.kinds_of(path, conn);
        if !before.any_of(kinds) {
            return false;
        }
        let after = before.without(kinds);
        self.count_recursive(before, after);
        let Some(watchers) = self.by_path.get_mut(path) else { return false };
        if after != WatchKinds::NONE {
            watchers.insert(conn, after);
            return true;
        }
        watchers.remove(&conn);
        if watchers.is_empty() {
            self.by_path.remove(path);
        }
        if let Some(paths) = self.by_conn.get_mut(&conn) {
            paths.remove(path);
            if paths.is_empty() {
                self.by_conn.remove(&conn);
            }
        }
        true
    }

    /// Removes all watches of a connection that has gone.
    pub fn remove_conn(&mut self, conn: Conn) {
        let Some(paths) = self.by_conn.get(&conn).cloned() else { return };
        for path in paths.iter() {
            self.remove(path, conn, WatchKinds::ALL);
        }
    }

    /// Everybody who watches `path`, in the order of the connections.
    pub fn watchers(&self, path: &str) -> impl Iterator<Item = (Conn, WatchKinds)> {
        let watchers = self.by_path.get(path).into_iter();
        watchers.flat_map(|watchers| watchers.iter().map(|(conn, kinds)| (*conn, *kinds)))
    }

    /// The paths that `conn` watches, in order.
    pub fn paths_of(&self, conn: Conn) -> impl Iterator<Item = &Arc<str>> {
        self.by_conn.get(&conn).into_iter().flat_map(|paths| paths.iter())
    }

    /// All watches: path, connection, kinds; in the order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, Conn, WatchKinds)> {
        self.by_path.iter().flat_map(|(path, watchers)| {
            watchers.iter().map(move |(conn, kinds)| (path, *conn, *kinds))
        })
    }

    /// Connections that hold a watch.
    pub fn conns(&self) -> impl Iterator<Item = Conn> {
        self.by_conn.keys().copied()
    }

    /// How many watches there are as Java counts them: a persistent one is in both its tables.
    #[must_use]
    pub fn count(&self) -> usize {
        self.iter()
            .map(|(_, _, kinds)| {
                usize::from(kinds.any_of(WatchKinds::IN_DATA_TABLE))
                    + usize::from(kinds.any_of(WatchKinds::IN_CHILD_TABLE))
            })
            .sum()
    }

    pub(super) fn has_recursive(&self) -> bool {
        self.recursive > 0
    }

    fn kinds_of(&self, path: &str, conn: Conn) -> WatchKinds {
        self.by_path.get(path).and_then(|watchers| watchers.get(&conn)).copied().unwrap_or_default()
    }

    fn count_recursive(&mut self, before: WatchKinds, after: WatchKinds) {
        let recursive = WatchKinds::only(WatchKind::Recursive);
        match (before.any_of(recursive), after.any_of(recursive)) {
            (false, true) => self.recursive += 1,
            (true, false) => self.recursive -= 1,
            (false, false) | (true, true) => {}
        }
    }
}
