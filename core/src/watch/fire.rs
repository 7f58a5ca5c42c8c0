//! A change to events (Java: `WatchManager.triggerWatch`).

use super::table::{WatchKind, WatchKinds, WatchTable};
use crate::base::{Conn, Set, path};
use crate::proto::watch::EventType;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What happened to a znode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZnodeEvent {
    /// It was made.
    Created,
    /// It is gone.
    Deleted,
    /// Its data was written.
    DataChanged,
}

/// Whose ACL decides who may hear of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The changed znode's; a deleted one's last.
    Node,
    /// Its parent's.
    Parent,
}

/// An event for one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Who is told.
    pub conn: Conn,
    /// What.
    pub event: EventType,
    /// About which path.
    pub path: Arc<str>,
}

impl WatchTable {
    /// The events of one change, in the order in which they are sent; one-shot watches that
    /// match are used up, also those whose event `may_read` withholds.
    ///
    /// Three steps, each at most one event for a connection: the data watches of the znode with
    /// the recursive ones above it; for a delete its child watches, but not for who was (or was
    /// not to be) told already; the child watches of its parent.
    pub fn fire(
        &mut self,
        change: ZnodeEvent,
        path: &str,
        mut may_read: impl FnMut(Conn, Subject) -> bool,
    ) -> Vec<Notice> {
        let mut notices = Vec::new();
        let event = match change {
            ZnodeEvent::Created => EventType::Created,
            ZnodeEvent::Deleted => EventType::Deleted,
            ZnodeEvent::DataChanged => EventType::DataChanged,
        };
        let told = self.take(path, WatchKind::Data, true);
        tell(&mut notices, &told, event, path, |conn| may_read(conn, Subject::Node));
        if change == ZnodeEvent::Deleted {
            let mut more = self.take(path, WatchKind::Child, false);
            more.retain(|conn| !told.contains(conn));
            tell(&mut notices, &more, event, path, |conn| may_read(conn, Subject::Node));
        }
        if change != ZnodeEvent::DataChanged
            && let Some(parent) = path::parent(path)
        {
            let told = self.take(parent, WatchKind::Child, false);
            let event = EventType::ChildrenChanged;
            tell(&mut notices, &told, event, parent, |conn| may_read(conn, Subject::Parent));
        }
        notices
    }

    /// Who has a watch on `path` that one-shot watches of `kind` and persistent ones answer to;
    /// the one-shot ones are gone after it.
    fn take(&mut self, path: &str, kind: WatchKind, with_recursive: bool) -> Set<Conn> {
        let one_shot = WatchKinds::only(kind);
        let persistent = WatchKinds::only(WatchKind::Persistent);
        let here: Vec<_> = self.watchers(path).collect();
        let mut told = Set::new();
        for (conn, kinds) in &here {
            if kinds.any_of(one_shot) || kinds.any_of(persistent) {
                told.insert(*conn);
            }
        }
        // Backwards, since taking the last one of many is cheap.
        for (conn, _) in here.iter().rev() {
            self.remove(path, *conn, one_shot);
        }
        if with_recursive && self.has_recursive() {
            let recursive = WatchKinds::only(WatchKind::Recursive);
            let mut above = Some(path);
            while let Some(at) = above {
                let watchers = self.watchers(at).filter(|(_, kinds)| kinds.any_of(recursive));
                told.extend(watchers.map(|(conn, _)| conn));
                above = if at == "/" { None } else { path::parent(at) };
            }
        }
        told
    }
}

fn tell(
    notices: &mut Vec<Notice>,
    conns: &Set<Conn>,
    event: EventType,
    path: &str,
    mut may_read: impl FnMut(Conn) -> bool,
) {
    if conns.is_empty() {
        return;
    }
    let path: Arc<str> = path.into();
    let allowed = conns.iter().filter(|conn| may_read(**conn));
    notices.extend(allowed.map(|conn| Notice { conn: *conn, event, path: Arc::clone(&path) }));
}
