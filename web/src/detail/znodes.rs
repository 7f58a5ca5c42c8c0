//! The trees of all servers beside each other, with what differs and what the last step changed.
//!
//! The server that has applied most is compared with: what others lack of it is still to come, or
//! was taken back.

use std::collections::BTreeSet;
use zabscope_core::base::NodeId;
use zabscope_core::ensemble::Actor;
use zabscope_core::server::Server;
use zabscope_core::sim::World;
use zabscope_core::tell::acl_text;
use zabscope_core::tree::{CONFIG_PATH, Owner, Znode};

/// Paths that are shown; of more, the first.
pub const ROWS_MAX: usize = 200;
/// Characters of a znode's data that are shown.
const DATA_MAX: usize = 24;

/// The trees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Znodes {
    /// The servers that run: id, and how far their trees are.
    pub servers: Vec<(i64, String)>,
    /// Place in `servers` of the one that is compared with.
    pub most: usize,
    /// One row for each path, in order.
    pub rows: Vec<Row>,
    /// Paths that are not shown.
    pub more: usize,
    /// Rows that differ between servers, shown or not.
    pub differing: usize,
}

/// A path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The path.
    pub path: String,
    /// Its last name; the root's is `/`.
    pub name: String,
    /// How deep it stands; the root is 0.
    pub depth: usize,
    /// What kind of znode, in words; empty for a persistent one.
    pub kind: String,
    /// Its data, as text.
    pub data: String,
    /// One for each server.
    pub cells: Vec<Cell>,
    /// Not all servers have the same.
    pub differs: bool,
}

/// A znode on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Names and values of its stat, data and ACL; empty if it is not there.
    pub stat: Vec<(&'static str, String)>,
    /// As on the server that is compared with.
    pub like_most: bool,
    /// The last step changed it, made it or removed it.
    pub changed: bool,
}

pub(super) fn servers(world: &World<Actor>) -> impl Iterator<Item = (i64, &Server)> {
    world.slots().iter().filter_map(|(node, slot)| match node {
        NodeId::Server(sid) => Some((sid.0, slot.process()?.server()?)),
        NodeId::Client(_) => None,
    })
}

impl Znodes {
    /// The trees of a moment; `before` is one step ago.
    #[must_use]
    pub fn of(world: &World<Actor>, before: Option<&World<Actor>>) -> Self {
        let running: Vec<(i64, &Server)> = servers(world).collect();
        let old: Vec<Option<&Server>> = running
            .iter()
            .map(|(sid, _)| before.and_then(|w| servers(w).find(|(id, _)| id == sid)))
            .map(|found| found.map(|(_, server)| server))
            .collect();
        let applied = |server: &Server| server.peer().history().applied();
        let most =
            (0..running.len()).max_by_key(|place| (applied(running[*place].1), usize::MAX - place));
        let Some(most) = most else { return Self::default() };

        let mut paths: BTreeSet<String> = BTreeSet::new();
        for server in running.iter().map(|(_, server)| *server).chain(old.iter().copied().flatten())
        {
            paths.extend(server.image().tree.iter().map(|(path, _)| path));
        }
        let find = |server: &Server, path: &str| server.image().tree.get(path).cloned();
        let mut differing = 0;
        let mut rows = Vec::new();
        for path in &paths {
            let here: Vec<Option<Znode>> = running.iter().map(|(_, s)| find(s, path)).collect();
            let differs =
                here.iter().any(|znode| !is_like(path, znode.as_ref(), here[most].as_ref()));
            differing += usize::from(differs);
            if rows.len() < ROWS_MAX {
                let was = old.iter().map(|old| old.map(|old| find(old, path)));
                rows.push(Row::of(path, &here, was.collect(), most, differs));
            }
        }
        let is_there =
            |row: &Row| row.cells.iter().any(|cell| !cell.stat.is_empty() || cell.changed);
        rows.retain(is_there);
        Self {
            servers: running.iter().map(|(sid, s)| (*sid, applied(s).to_string())).collect(),
            most,
            more: paths.len().saturating_sub(ROWS_MAX),
            rows,
            differing,
        }
    }

    /// The row of a path.
    #[must_use]
    pub fn row(&self, path: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.path == path)
    }
}

impl Row {
    fn of(
        path: &str,
        here: &[Option<Znode>],
        was: Vec<Option<Option<Znode>>>,
        most: usize,
        differs: bool,
    ) -> Self {
        let shown = here[most].as_ref().or_else(|| here.iter().flatten().next());
        let cells = here.iter().zip(was).map(|(znode, was)| Cell {
            stat: znode.as_ref().map(stat).unwrap_or_default(),
            like_most: is_like(path, znode.as_ref(), here[most].as_ref()),
            changed: was.is_some_and(|was| was != *znode),
        });
        let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("/");
        Self {
            path: path.to_owned(),
            name: name.to_owned(),
            depth: if path == "/" { 0 } else { path.matches('/').count() },
            kind: shown.map(kind).unwrap_or_default(),
            data: shown.map(data).unwrap_or_default(),
            cells: cells.collect(),
            differs,
        }
    }
}

/// True if two servers have the same znode. Each writes its configuration itself when it starts, at
/// another time: that is no difference.
pub(super) fn is_like(path: &str, one: Option<&Znode>, other: Option<&Znode>) -> bool {
    one == other || path == CONFIG_PATH && one.map(Znode::data) == other.map(Znode::data)
}

pub(super) fn kind(znode: &Znode) -> String {
    match znode.owner() {
        Owner::Nobody => String::new(),
        Owner::Session(owner) => format!("ephemeral of {owner}"),
        Owner::Container => "container".to_owned(),
        Owner::Ttl { ttl_ms } => format!("lives {ttl_ms} ms"),
    }
}

/// The data as text, cut; null and empty are told apart.
fn data(znode: &Znode) -> String {
    let Some(bytes) = znode.data() else { return "null".to_owned() };
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text.chars().take(DATA_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("“{shown}”")
}

pub(super) fn stat(znode: &Znode) -> Vec<(&'static str, String)> {
    let stat = znode.client_stat();
    let acl = znode.acl_entries();
    let acl = acl.iter().map(|one| acl_text(core::slice::from_ref(one)));
    vec![
        ("data", data(znode)),
        ("version", stat.version.to_string()),
        ("mzxid", stat.mzxid.to_string()),
        ("czxid", stat.czxid.to_string()),
        ("ctime", stat.ctime_ms.to_string()),
        ("mtime", stat.mtime_ms.to_string()),
        ("dataLength", stat.data_length.to_string()),
        ("pzxid", stat.pzxid.to_string()),
        ("cversion", stat.cversion.to_string()),
        ("aversion", stat.aversion.to_string()),
        (
            "owner",
            if stat.ephemeral_owner.0 == 0 {
                "–".to_owned()
            } else {
                stat.ephemeral_owner.to_string()
            },
        ),
        ("children", stat.num_children.to_string()),
        ("ACL", acl.collect::<Vec<_>>().join(", ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Lab, create};
    use zabscope_core::base::ClientId;

    #[test]
    fn trees_differ_until_every_server_has_applied_a_write() {
        let mut lab = Lab::elected(3, 1);
        let before = Znodes::of(lab.world(), None);
        assert_eq!((before.servers.len(), before.differing), (3, 0));
        assert!(before.row("/hello").is_some_and(|row| row.data == "“first words”"));
        lab.ask(ClientId(1), create("/a", "x", 1));
        let mut seen = BTreeSet::new();
        for _ in 0..300 {
            let old = lab.sim().clone();
            lab.step();
            let trees = Znodes::of(lab.world(), Some(old.world()));
            seen.insert(trees.differing);
            if let Some(row) = trees.row("/a") {
                assert!(row.kind.starts_with("ephemeral of 0x"), "{row:?}");
                let has = row.cells.iter().filter(|cell| !cell.stat.is_empty()).count();
                assert_eq!(row.differs, has < 3);
            }
        }
        // The root counts too: its children changed.
        assert_eq!(seen, BTreeSet::from([0, 2]));
    }

    #[test]
    fn a_step_marks_what_it_changed_and_nothing_else() {
        let mut lab = Lab::elected(3, 1);
        lab.ask(ClientId(1), create("/a", "x", 0));
        let mut marked = 0;
        for _ in 0..300 {
            let old = lab.sim().clone();
            lab.step();
            let trees = Znodes::of(lab.world(), Some(old.world()));
            let cells =
                |path| trees.row(path).map_or(0, |r| r.cells.iter().filter(|c| c.changed).count());
            marked += cells("/a");
            assert_eq!(cells("/hello"), 0);
        }
        assert_eq!(marked, 3, "each server applies it in a step of its own");
    }
}
