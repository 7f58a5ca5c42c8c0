//! Tables of what is: for the commands that look.

use super::line::Problem;
use super::runner::Lab;
use super::words::{data_text, state_text};
use crate::base::{NodeId, SessionId, Sid};
use crate::client::State;
use crate::ensemble::Actor;
use crate::proto::request::Request;
use crate::server::Server;
use crate::watch::{WatchKind, WatchKinds};
use crate::why;
use crate::zab::Phase;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Lab {
    /// One line a node.
    pub(super) fn show_state(&self) -> String {
        let mut text = String::new();
        for (node, slot) in self.sim().world().slots() {
            let line = match slot.process() {
                None => format!("{node} down"),
                Some(Actor::Server(server)) => server_line(*node, server),
                Some(Actor::Client(worker)) => {
                    match (worker.client().state(), worker.client().server()) {
                        (State::Connected, Some(sid)) => format!("{node} connected to {sid}"),
                        (state, _) => format!("{node} {state:?}").to_lowercase(),
                    }
                }
            };
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    pub(super) fn show_log(&mut self, nodes: &[NodeId]) -> String {
        let nodes = if nodes.is_empty() { self.servers() } else { nodes.to_vec() };
        let mut text = String::new();
        for node in nodes {
            let zxids: Vec<String> = match self.sim().world().process(node) {
                Some(Actor::Server(server)) => {
                    let history = server.peer().history();
                    let recent = history.recent().iter().map(|entry| entry.zxid.to_string());
                    let tail = history.tail().iter().map(|entry| format!("({})", entry.zxid));
                    recent.chain(tail).collect()
                }
                Some(Actor::Client(_)) | None => Vec::new(),
            };
            text.push_str(&format!("{node}: {}\n", zxids.join(" ")));
        }
        text
    }

    pub(super) fn show_disk(&self, node: NodeId) -> Result<String, Problem> {
        let slot = self.sim().world().slot(node).ok_or_else(|| Problem::new("no such node"))?;
        let disk = slot.disk();
        let log: Vec<String> = disk.log().map(|(zxid, _)| zxid.to_string()).collect();
        let snapshots: Vec<String> = disk.snapshots().map(|zxid| zxid.to_string()).collect();
        Ok(format!(
            "{node} acceptedEpoch {}, currentEpoch {}, snapshots [{}], log [{}]\n",
            disk.accepted_epoch(),
            disk.current_epoch(),
            snapshots.join(" "),
            log.join(" ")
        ))
    }

    /// The tree of one server, or whether those of all are equal.
    pub(super) fn show_tree(&mut self, node: Option<NodeId>) -> Result<String, Problem> {
        let running: Vec<NodeId> = match node {
            Some(node) => [node].into(),
            None => self
                .servers()
                .into_iter()
                .filter(|n| self.sim().world().process(*n).is_some())
                .collect(),
        };
        let mut texts: Vec<(String, String)> = Vec::new();
        for node in running {
            let tree = self.tree_of(node)?;
            match texts.iter_mut().find(|(_, known)| *known == tree) {
                Some((names, _)) => names.push_str(&format!(" {node}")),
                None => texts.push((node.to_string(), tree)),
            }
        }
        Ok(texts.into_iter().map(|(names, tree)| format!("{names}: {tree}\n")).collect())
    }

    fn tree_of(&mut self, node: NodeId) -> Result<String, Problem> {
        let server = self.server(node)?;
        let mut znodes: Vec<(String, String, SessionId)> = server
            .image()
            .tree
            .iter()
            .filter(|(path, _)| *path != "/" && !path.starts_with("/zookeeper"))
            .map(|(path, znode)| {
                (path, data_text(znode.data()), znode.client_stat().ephemeral_owner)
            })
            .collect();
        znodes.sort();
        let count = znodes.len();
        let mut shown: Vec<String> = Vec::new();
        for (path, data, owner) in znodes.into_iter().take(12) {
            let owner = match owner {
                SessionId(0) => String::new(),
                owner => format!(" of {}", self.names.session(owner)),
            };
            shown.push(format!("{path} {data}{owner}"));
        }
        if count > 12 {
            shown.push(format!("... {count} in all"));
        }
        Ok(if shown.is_empty() { "empty".into() } else { shown.join(", ") })
    }

    /// Sessions of each server's state, and what the leader knows of them.
    pub(super) fn show_sessions(&mut self) -> String {
        let mut text = String::new();
        for node in self.servers() {
            let Ok(server) = self.server(node) else { continue };
            let sessions: Vec<_> = server
                .image()
                .sessions()
                .map(|(session, timeout_ms)| {
                    let tracker = server.tracker();
                    let owner = tracker.owner(session);
                    (session, timeout_ms, server.is_leader().then_some(owner).flatten())
                })
                .collect();
            let shown: Vec<String> = sessions
                .into_iter()
                .map(|(session, timeout_ms, owner)| {
                    let name = self.names.session(session);
                    let owner = owner.map_or(String::new(), |owner| format!(" at {owner}"));
                    format!("{name} {timeout_ms} ms{owner}")
                })
                .collect();
            text.push_str(&format!("{node}: {}\n", shown.join(", ")));
        }
        text
    }

    pub(super) fn show_watches(&mut self, node: Option<NodeId>) -> Result<String, Problem> {
        let nodes = node.map_or_else(|| self.servers(), |node| [node].into());
        let mut text = String::new();
        for node in nodes {
            let Ok(server) = self.server(node) else { continue };
            for (path, conn, kinds) in server.watches().iter() {
                let mut names = Vec::new();
                for (kind, name) in [(WatchKind::Data, "data"), (WatchKind::Child, "children")] {
                    if kinds.any_of(WatchKinds::only(kind)) {
                        names.push(name);
                    }
                }
                let client = self.client_of(conn);
                text.push_str(&format!("{node} {path} {} of {client}\n", names.join(" and ")));
            }
        }
        Ok(if text.is_empty() { "none\n".into() } else { text })
    }

    /// What the leader's tree says to a request.
    pub(super) fn why_refused(&self, request: &Request) -> Result<String, Problem> {
        let tree = &self.server(self.leader()?)?.image().tree;
        let why = why::request(tree, request);
        Ok(why.ok_or_else(|| Problem::new("there is nothing to explain"))?.to_string())
    }

    /// All servers, up or down.
    pub(super) fn servers(&self) -> Vec<NodeId> {
        let nodes = self.sim().world().slots().keys().copied();
        nodes.filter(|node| matches!(node, NodeId::Server(_))).collect()
    }

    /// A server that runs.
    pub(super) fn server(&self, node: NodeId) -> Result<&Server, Problem> {
        let process = self.sim().world().process(node);
        process.and_then(Actor::server).ok_or_else(|| Problem(format!("{node} does not run")))
    }

    /// The server that leads and serves.
    pub(super) fn leader(&self) -> Result<NodeId, Problem> {
        let mut servers = self.servers().into_iter();
        servers
            .find(|node| self.server(*node).is_ok_and(Server::is_leader))
            .ok_or_else(|| Problem::new("nobody leads"))
    }
}

fn server_line(node: NodeId, server: &Server) -> String {
    let peer = server.peer();
    let phase = match peer.phase() {
        Phase::Election => "Election",
        Phase::Discovery => "Discovery",
        Phase::Synchronization => "Synchronization",
        Phase::Broadcast => "Broadcast",
    };
    let leader = match peer.leader() {
        Some(Sid(leader)) if NodeId::Server(Sid(leader)) != node => format!(" {leader}"),
        Some(_) | None => String::new(),
    };
    format!(
        "{node} {}{leader} {phase}, acceptedEpoch {}, currentEpoch {}, logged {}, durable {}, \
         applied {}",
        state_text(peer.state()),
        peer.accepted_epoch(),
        peer.current_epoch(),
        peer.history().logged(),
        peer.durable(),
        peer.history().applied()
    )
}
