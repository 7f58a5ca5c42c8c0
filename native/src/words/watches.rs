//! Who watches what (Java: `WatchManager`).
//!
//! Java tells of data watches only, and of child watches nothing. Here all are told; each
//! connection counts once for a path, whatever it watches there, so that the numbers are Java's
//! where there are no child watches.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write as _};
use zabscope_core::base::SessionId;
use zabscope_core::server::Server;

pub(super) fn wchs(server: &Server) -> String {
    let watches = server.watches();
    let (mut paths, mut total) = (BTreeSet::new(), 0_usize);
    for (path, ..) in watches.iter() {
        paths.insert(path);
        total += 1;
    }
    let (connections, paths) = (watches.conns().count(), paths.len());
    format!("{connections} connections watching {paths} paths\nTotal watches:{total}\n")
}

/// Paths by session.
pub(super) fn wchc(server: &Server) -> String {
    grouped(all(server).map(|(path, session)| (session, path)))
}

/// Sessions by path.
pub(super) fn wchp(server: &Server) -> String {
    grouped(all(server))
}

/// Each key once, and behind it what belongs to it.
fn grouped<K: Ord + Display, V: Ord + Display>(pairs: impl Iterator<Item = (K, V)>) -> String {
    let mut groups: BTreeMap<K, BTreeSet<V>> = BTreeMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().insert(value);
    }
    let mut text = String::new();
    for (key, values) in groups {
        let _ = writeln!(text, "{key}");
        for value in values {
            let _ = writeln!(text, "\t{value}");
        }
    }
    text + "\n"
}

fn all(server: &Server) -> impl Iterator<Item = (&str, SessionId)> {
    server.watches().iter().map(|(path, conn, ..)| {
        let session = server.connections().get(&conn).map(|found| found.session());
        (&**path, session.unwrap_or_default())
    })
}
