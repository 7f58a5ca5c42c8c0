//! Who watches what (Java: `WatchManager`).
//!
//! Java tells of data watches only, and of child watches nothing. Here all are told; each
//! connection counts once for a path, whatever it watches there, so that the numbers are Java's
//! where there are no child watches.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
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
    let mut groups: BTreeMap<SessionId, BTreeSet<&str>> = BTreeMap::new();
    for (path, session) in all(server) {
        groups.entry(session).or_default().insert(path);
    }
    let mut text = String::new();
    for (session, paths) in groups {
        let _ = writeln!(text, "{session}");
        for path in paths {
            let _ = writeln!(text, "\t{path}");
        }
    }
    text + "\n"
}

/// Sessions by path.
pub(super) fn wchp(server: &Server) -> String {
    let mut groups: BTreeMap<&str, BTreeSet<SessionId>> = BTreeMap::new();
    for (path, session) in all(server) {
        groups.entry(path).or_default().insert(session);
    }
    let mut text = String::new();
    for (path, sessions) in groups {
        let _ = writeln!(text, "{path}");
        for session in sessions {
            let _ = writeln!(text, "\t{session}");
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
