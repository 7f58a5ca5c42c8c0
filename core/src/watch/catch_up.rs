//! A client that comes back tells which watches it still has (setWatches, setWatches2; Java:
//! `DataTree.setWatches`).

use super::fire::Notice;
use super::table::{WatchKind, WatchTable};
use crate::base::{Conn, Zxid};
use crate::proto::watch::EventType;
use crate::wire::Text;
use alloc::vec::Vec;

/// The watches to arm again.
#[derive(Clone, Copy, Debug)]
pub struct Rearm<'a> {
    /// The last zxid the client saw.
    pub relative_zxid: Zxid,
    /// Data watches on znodes that existed.
    pub data: &'a [Text],
    /// Data watches on paths that had no znode.
    pub exist: &'a [Text],
    /// Child watches.
    pub child: &'a [Text],
    /// Persistent watches.
    pub persistent: &'a [Text],
    /// Persistent recursive watches.
    pub recursive: &'a [Text],
}

/// When a znode changed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZnodeTimes {
    /// Its data.
    pub mzxid: Zxid,
    /// Its set of children.
    pub pzxid: Zxid,
}

impl WatchTable {
    /// Arms watches again; those whose change came meanwhile are reported at once instead, and
    /// before the reply. `znode` looks a path up in the applied tree. No permission is asked for.
    pub fn rearm(
        &mut self,
        conn: Conn,
        lists: &Rearm<'_>,
        znode: impl Fn(&str) -> Option<ZnodeTimes>,
    ) -> Vec<Notice> {
        let mut notices = Vec::new();
        let since = lists.relative_zxid;
        let mut each = |paths: &[Text], kind, missed: &dyn Fn(Option<ZnodeTimes>) -> Option<_>| {
            for path in paths {
                let path = path.to_str();
                match missed(znode(&path)) {
                    None => self.add(&path, conn, kind),
                    Some(event) => notices.push(Notice { conn, event, path: path.as_ref().into() }),
                }
            }
        };
        each(lists.data, WatchKind::Data, &|found| match found {
            None => Some(EventType::Deleted),
            Some(times) => (times.mzxid > since).then_some(EventType::DataChanged),
        });
        each(lists.exist, WatchKind::Data, &|found| found.map(|_| EventType::Created));
        each(lists.child, WatchKind::Child, &|found| match found {
            None => Some(EventType::Deleted),
            Some(times) => (times.pzxid > since).then_some(EventType::ChildrenChanged),
        });
        each(lists.persistent, WatchKind::Persistent, &|_| None);
        each(lists.recursive, WatchKind::Recursive, &|_| None);
        notices
    }
}
