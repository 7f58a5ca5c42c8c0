//! The watches that a client holds (Java: `ZKWatchManager`), and how they get to a new server.

use crate::base::limits::SET_WATCHES_BYTES_MAX;
use crate::base::{Set, Zxid};
use crate::proto::KeeperError;
use crate::proto::reply::Reply;
use crate::proto::request::{Request, WatchLists};
use crate::proto::watch::{AddWatchMode, EventType, WatcherEvent, WatcherType};
use crate::wire::Text;
use alloc::vec::Vec;

/// Paths by kind of watch. A path counts once for each kind, however often it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watches {
    /// Set by getData, and by exists on a znode that was there.
    pub data: Set<Text>,
    /// Set by exists on a znode that was not there.
    pub exist: Set<Text>,
    /// Set by getChildren.
    pub child: Set<Text>,
    /// Set by addWatch.
    pub persistent: Set<Text>,
    /// Set by addWatch, for everything below too.
    pub recursive: Set<Text>,
}

/// What a request does to the watches when its answer is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    Exists(Text),
    Data(Text),
    Child(Text),
    Persistent(Text),
    Recursive(Text),
    Remove(Text, WatcherType),
}

impl Change {
    pub(super) fn of(request: &Request) -> Self {
        match request {
            Request::Exists { path, watch: true } => Self::Exists(path.clone()),
            Request::GetData { path, watch: true } => Self::Data(path.clone()),
            Request::GetChildren { path, watch: true }
            | Request::GetChildren2 { path, watch: true } => Self::Child(path.clone()),
            Request::AddWatch { path, mode } => match AddWatchMode::from_wire(*mode) {
                Some(AddWatchMode::Persistent) => Self::Persistent(path.clone()),
                Some(AddWatchMode::PersistentRecursive) => Self::Recursive(path.clone()),
                None => Self::None,
            },
            Request::RemoveWatches { path, kind } => WatcherType::from_wire(*kind)
                .map_or(Self::None, |kind| Self::Remove(path.clone(), kind)),
            _ => Self::None,
        }
    }

    /// The request sets a watch.
    pub(super) const fn adds(&self) -> bool {
        !matches!(self, Self::None | Self::Remove(..))
    }
}

impl Watches {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lists().into_iter().map(Set::len).sum()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    const fn lists(&self) -> [&Set<Text>; 5] {
        [&self.data, &self.exist, &self.child, &self.persistent, &self.recursive]
    }

    /// The answer to a request came.
    pub(super) fn apply(&mut self, change: Change, result: &Result<Reply, KeeperError>) {
        if let (Change::Exists(path), Err(KeeperError::NoNode)) = (&change, result) {
            // This is how one waits for a znode to be created.
            self.exist.insert(path.clone());
            return;
        }
        if result.is_err() {
            return;
        }
        match change {
            Change::None => {}
            Change::Exists(path) | Change::Data(path) => {
                self.data.insert(path);
            }
            Change::Child(path) => {
                self.child.insert(path);
            }
            Change::Persistent(path) => {
                self.persistent.insert(path);
            }
            Change::Recursive(path) => {
                self.recursive.insert(path);
            }
            Change::Remove(path, kind) => self.remove(&path, kind),
        }
    }

    fn remove(&mut self, path: &Text, kind: WatcherType) {
        if matches!(kind, WatcherType::Children | WatcherType::Any) {
            self.child.remove(path);
        }
        if matches!(kind, WatcherType::Data | WatcherType::Any) {
            self.data.remove(path);
            self.exist.remove(path);
        }
        if matches!(kind, WatcherType::Persistent | WatcherType::Any) {
            self.persistent.remove(path);
        }
        if matches!(kind, WatcherType::PersistentRecursive | WatcherType::Any) {
            self.recursive.remove(path);
        }
    }

    /// An event came: uses up what it fires. False if nothing watches for it.
    pub(super) fn fire(&mut self, event: &WatcherEvent) -> bool {
        let path = &event.path;
        let (data, child) = match event.kind {
            EventType::Created | EventType::DataChanged => (true, false),
            EventType::Deleted => (true, true),
            EventType::ChildrenChanged => (false, true),
        };
        // Every list is looked at: a delete uses up several.
        let mut fired = self.persistent.contains(path);
        if data {
            fired |= self.data.remove(path);
            fired |= self.exist.remove(path);
            fired |= self.is_below_recursive(path);
        }
        if child {
            fired |= self.child.remove(path);
        }
        fired
    }

    fn is_below_recursive(&self, path: &Text) -> bool {
        if self.recursive.is_empty() {
            return false;
        }
        let text = path.to_str();
        let mut at = Some(&*text);
        while let Some(path) = at {
            if self.recursive.contains(&Text::from(path)) {
                return true;
            }
            at = if path == "/" { None } else { crate::base::path::parent(path) };
        }
        false
    }

    /// The requests that set all of it at a new server, changes after `relative_zxid` being
    /// reported at once. Several if the paths are long: a frame has a bound.
    pub(super) fn requests(&self, relative_zxid: Zxid) -> Vec<Request> {
        let mut packets = Vec::new();
        let mut lists: [Vec<Text>; 5] = Default::default();
        let mut bytes = 0;
        for (kind, paths) in self.lists().into_iter().enumerate() {
            for path in paths {
                let size = path.as_bytes().len() + 4;
                if bytes > 0 && bytes + size > SET_WATCHES_BYTES_MAX {
                    packets.push(packet(relative_zxid, core::mem::take(&mut lists)));
                    bytes = 0;
                }
                bytes += size;
                lists[kind].push(path.clone());
            }
        }
        if bytes > 0 {
            packets.push(packet(relative_zxid, lists));
        }
        packets
    }
}

/// Old servers know only setWatches, so it is used where it will do.
fn packet(relative_zxid: Zxid, lists: [Vec<Text>; 5]) -> Request {
    let [data, exist, child, persistent, recursive] = lists;
    let lists =
        WatchLists { relative_zxid, data: Some(data), exist: Some(exist), child: Some(child) };
    if persistent.is_empty() && recursive.is_empty() {
        return Request::SetWatches(lists);
    }
    Request::SetWatches2 {
        lists,
        persistent: Some(persistent),
        persistent_recursive: Some(recursive),
    }
}
