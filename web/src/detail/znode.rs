//! One znode: its whole Stat, who owns and who watches it, and how the servers differ about it.

use super::facts::{self, Fact};
use super::session::{self, WatchAt};
use super::znodes::{is_like, kind, servers, stat};
use crate::lab::Lab;
use std::rc::Rc;
use zabscope_core::ensemble::Actor;
use zabscope_core::server::Server;
use zabscope_core::sim::Sim;
use zabscope_core::tree::{Owner, Znode};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZnodeView {
    /// The path.
    pub path: Rc<str>,
    /// What kind of znode, in words; empty for a persistent one.
    pub kind: String,
    /// The client whose session owns it.
    pub owner: Option<u32>,
    /// Its Stat, data and ACL as the most advanced server has them, with what the last step
    /// changed; empty if it is not there.
    pub facts: Rc<[Fact]>,
    /// It was there one step ago, and is not any more; or the other way.
    pub turned: bool,
    /// Each server that runs: id, how far it is, and how its copy differs.
    pub copies: Vec<Copy>,
    /// Who watches it, and at which server.
    pub watches: Vec<WatchAt>,
    /// The znodes below it.
    pub children: Vec<Rc<str>>,
}

/// The znode on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The server.
    pub server: i64,
    /// The last zxid in its tree.
    pub applied: String,
    /// How it is there, in words.
    pub state: String,
    /// As on the most advanced server.
    pub same: bool,
    /// The last step changed it.
    pub changed: bool,
}

fn find<'a>(server: &'a Server, path: &str) -> Option<&'a Znode> {
    server.image().tree.get(path)
}

/// A znode at the lab's moment; `before` is one step ago.
#[must_use]
pub fn of(lab: &Lab, before: Option<&Sim<Actor>>, path: &Rc<str>) -> ZnodeView {
    let most = session::most(lab.sim());
    let znode = most.and_then(|server| find(server, path));
    let was = before.map(|sim| session::most(sim).and_then(|server| find(server, path)));
    let now = znode.map(stat).unwrap_or_default();
    let old = was.flatten().map(stat);
    let owner = znode.and_then(|znode| match znode.owner() {
        Owner::Session(session) => lab.owner(session).map(|client| client.0),
        Owner::Nobody | Owner::Container | Owner::Ttl { .. } => None,
    });
    let below =
        |name: &str| if **path == *"/" { format!("/{name}") } else { format!("{path}/{name}") };
    let children = znode.into_iter().flat_map(Znode::children).take(session::HOLDS_MAX);
    let copies = servers(lab.world()).map(|(sid, server)| {
        let own = find(server, path);
        let old = before.and_then(|sim| servers(sim.world()).find(|(id, _)| *id == sid));
        Copy {
            server: sid,
            applied: server.peer().history().applied().to_string(),
            state: copy_text(own, znode),
            same: is_like(path, own, znode),
            changed: old.is_some_and(|(_, old)| find(old, path) != own),
        }
    });
    ZnodeView {
        path: path.clone(),
        kind: znode.map(kind).unwrap_or_default(),
        owner,
        facts: facts::compared(&now, old.as_deref()),
        turned: was.is_some_and(|was| was.is_some() != znode.is_some()),
        copies: copies.collect(),
        watches: session::watches(lab, |watched, _| *watched == **path),
        children: children.map(|name| below(name).into()).collect(),
    }
}

/// A copy in a few words, beside that of the most advanced server.
fn copy_text(own: Option<&Znode>, most: Option<&Znode>) -> String {
    let Some(own) = own else {
        return if most.is_some() { "not there yet" } else { "not there" }.to_owned();
    };
    if most.is_none() {
        return "still there".to_owned();
    }
    let stat = own.client_stat();
    format!("version {}, {}", stat.version, stat.mzxid)
}
