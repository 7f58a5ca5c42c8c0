use super::*;
use crate::base::{Conn, Zxid};
use crate::proto::watch::EventType::{self, *};
use crate::wire::Text;
use std::string::{String, ToString};
use std::vec::Vec;

const A: Conn = Conn(1);
const B: Conn = Conn(2);

fn table(watches: &[(&str, Conn, WatchKind)]) -> WatchTable {
    let mut table = WatchTable::new();
    for (path, conn, kind) in watches {
        table.add(path, *conn, *kind);
    }
    table
}

type Seen = (u64, EventType, String);

fn seen(notices: Vec<Notice>) -> Vec<Seen> {
    notices.into_iter().map(|n| (n.conn.0, n.event, n.path.to_string())).collect()
}

fn fire(table: &mut WatchTable, change: ZnodeEvent, path: &str) -> Vec<Seen> {
    seen(table.fire(change, path, |_, _| true))
}

fn told(list: &[(u64, EventType, &str)]) -> Vec<Seen> {
    list.iter().map(|(conn, event, path)| (*conn, *event, path.to_string())).collect()
}

#[test]
fn one_shot_watches_fire_once() {
    let mut table = table(&[
        ("/p", A, WatchKind::Data),
        ("/p", A, WatchKind::Data),
        ("/p", B, WatchKind::Child),
        ("/", B, WatchKind::Child),
    ]);
    let created = told(&[(1, Created, "/p"), (2, ChildrenChanged, "/")]);
    assert_eq!(fire(&mut table, ZnodeEvent::Created, "/p"), created);
    assert_eq!(fire(&mut table, ZnodeEvent::DataChanged, "/p"), told(&[]));
    assert_eq!(fire(&mut table, ZnodeEvent::Created, "/p/q"), told(&[(2, ChildrenChanged, "/p")]));
    assert_eq!(table, WatchTable::new(), "nothing is left behind");
}

#[test]
fn a_delete_is_told_once_and_uses_up_both_watches() {
    let mut table = table(&[
        ("/p", A, WatchKind::Data),
        ("/p", A, WatchKind::Child),
        ("/p", B, WatchKind::Child),
        ("/", A, WatchKind::Child),
    ]);
    let deleted = told(&[(1, Deleted, "/p"), (2, Deleted, "/p"), (1, ChildrenChanged, "/")]);
    assert_eq!(fire(&mut table, ZnodeEvent::Deleted, "/p"), deleted);
    assert_eq!(table.count(), 0);
}

#[test]
fn persistent_watches_stay() {
    let mut table = table(&[("/p", A, WatchKind::Persistent), ("/p", A, WatchKind::Data)]);
    for _ in 0..2 {
        let changed = told(&[(1, DataChanged, "/p")]);
        assert_eq!(fire(&mut table, ZnodeEvent::DataChanged, "/p"), changed);
        let child = told(&[(1, ChildrenChanged, "/p")]);
        assert_eq!(fire(&mut table, ZnodeEvent::Created, "/p/c"), child);
        assert_eq!(fire(&mut table, ZnodeEvent::Deleted, "/p"), told(&[(1, Deleted, "/p")]));
        assert_eq!(fire(&mut table, ZnodeEvent::DataChanged, "/p/c"), told(&[]));
    }
}

#[test]
fn recursive_watches_see_everything_below_and_no_child_events() {
    let mut table = table(&[
        ("/", A, WatchKind::Recursive),
        ("/p", A, WatchKind::Recursive),
        ("/p", B, WatchKind::Recursive),
        ("/p", B, WatchKind::Persistent),
    ]);
    let created = told(&[(1, Created, "/p/c"), (2, Created, "/p/c"), (2, ChildrenChanged, "/p")]);
    assert_eq!(fire(&mut table, ZnodeEvent::Created, "/p/c"), created);
    assert_eq!(fire(&mut table, ZnodeEvent::DataChanged, "/pc"), told(&[(1, DataChanged, "/pc")]));
    assert_eq!(fire(&mut table, ZnodeEvent::DataChanged, "/"), told(&[(1, DataChanged, "/")]));
}

#[test]
fn a_withheld_event_uses_up_the_watch() {
    let mut table = table(&[
        ("/p", A, WatchKind::Data),
        ("/p", A, WatchKind::Child),
        ("/p", B, WatchKind::Data),
        ("/", A, WatchKind::Child),
    ]);
    let mut asked = 0;
    let notices = table.fire(ZnodeEvent::Deleted, "/p", |conn, subject| {
        // A withheld event of the data watch still silences the child watch.
        asked += 1;
        assert!(asked < 4);
        conn == B || subject == Subject::Parent
    });
    assert_eq!(seen(notices), told(&[(2, Deleted, "/p"), (1, ChildrenChanged, "/")]));
    assert_eq!(table.count(), 0);
}

#[test]
fn removal_by_type_and_by_connection() {
    use crate::proto::watch::WatcherType;
    let all = [WatchKind::Data, WatchKind::Child, WatchKind::Persistent, WatchKind::Recursive];
    let full = table(&all.map(|kind| ("/p", A, kind)));
    assert_eq!(full.count(), 2);
    for (watcher_type, kind) in [
        (WatcherType::Data, WatchKind::Data),
        (WatcherType::Children, WatchKind::Child),
        (WatcherType::Persistent, WatchKind::Persistent),
        (WatcherType::PersistentRecursive, WatchKind::Recursive),
    ] {
        let kinds = WatchKinds::of_type(watcher_type);
        let mut some = full.clone();
        assert!(!some.holds("/p", B, kinds) && !some.remove("/p", B, kinds));
        assert!(some.holds("/p", A, kinds) && some.remove("/p", A, kinds));
        assert!(!some.holds("/p", A, kinds) && !some.remove("/p", A, kinds));
        let rest: Vec<_> = all.iter().filter(|other| **other != kind).collect();
        assert!(rest.iter().all(|kind| some.holds("/p", A, WatchKinds::only(**kind))));
        let mut one = table(&[("/p", A, kind)]);
        assert!(one.holds("/p", A, WatchKinds::of_type(WatcherType::Any)));
        assert!(one.remove("/p", A, WatchKinds::of_type(WatcherType::Any)));
        assert_eq!(one, WatchTable::new());
    }
    let mut two = full;
    two.add("/q", B, WatchKind::Recursive);
    two.remove_conn(A);
    assert_eq!(two, table(&[("/q", B, WatchKind::Recursive)]));
    assert_eq!(two.paths_of(B).count(), 1);
    assert_eq!(two.conns().collect::<Vec<_>>(), [B]);
}

#[test]
fn catching_up() {
    let texts = |paths: &[&str]| paths.iter().map(|path| Text::from(*path)).collect::<Vec<_>>();
    let (data, child) = (texts(&["/old", "/new", "/gone"]), texts(&["/old", "/kids", "/gone"]));
    let (exist, rest) = (texts(&["/old", "/gone"]), texts(&["/new"]));
    let lists = Rearm {
        relative_zxid: Zxid(10),
        data: &data,
        exist: &exist,
        child: &child,
        persistent: &rest,
        recursive: &rest,
    };
    let mut table = WatchTable::new();
    let notices = table.rearm(A, &lists, |path| match path {
        "/old" => Some(ZnodeTimes { mzxid: Zxid(10), pzxid: Zxid(10) }),
        "/new" => Some(ZnodeTimes { mzxid: Zxid(11), pzxid: Zxid(3) }),
        "/kids" => Some(ZnodeTimes { mzxid: Zxid(3), pzxid: Zxid(11) }),
        _ => None,
    });
    let missed = told(&[
        (1, DataChanged, "/new"),
        (1, Deleted, "/gone"),
        (1, Created, "/old"),
        (1, ChildrenChanged, "/kids"),
        (1, Deleted, "/gone"),
    ]);
    assert_eq!(seen(notices), missed);
    let armed = self::table(&[
        ("/old", A, WatchKind::Data),
        ("/old", A, WatchKind::Child),
        ("/gone", A, WatchKind::Data),
        ("/new", A, WatchKind::Persistent),
        ("/new", A, WatchKind::Recursive),
    ]);
    assert_eq!(table, armed);
}
