//! Four-letter words (Java: `server.command`): one word in, text out, then the stream is closed.

use crate::config::Whitelist;
use crate::stats::Stats;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use zabscope_core::base::Conn;
use zabscope_core::server::Server;
use zabscope_core::tree::Tree;
use zabscope_core::zab::ServerState;

/// Every word that is known; which of them are answered is a setting.
const KNOWN: [&str; 16] = [
    "ruok", "srvr", "stat", "mntr", "isro", "conf", "cons", "srst", "crst", "envi", "wchs", "wchc",
    "wchp", "dirs", "dump", "hash",
];
/// The version that clients and monitoring tools are told, in Apache's form. Clients choose their
/// requests by the number in front, so it is that of the release whose protocol is spoken here.
const VERSION: &str =
    concat!("3.8.0-zabscope-", env!("CARGO_PKG_VERSION"), ", built on 2026-11-24 00:00 UTC");

/// What the words tell beside the engine's state.
#[derive(Clone, Debug)]
pub struct Words {
    /// Which are answered.
    pub whitelist: Whitelist,
    /// Lines of `conf`.
    pub conf: String,
    /// Where snapshots and logs are, for `dirs`.
    pub dirs: [PathBuf; 2],
}

/// One client connection.
#[derive(Clone, Debug)]
pub struct ClientLine {
    /// Where it comes from.
    pub address: Option<SocketAddr>,
    /// Its name in the engine.
    pub conn: Conn,
    /// Messages from it.
    pub received: u64,
    /// Messages to it.
    pub sent: u64,
    /// Requests without an answer.
    pub waiting: usize,
    /// It is the one that asks.
    pub asks: bool,
}

/// What a word is answered, and what its asker wants done with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// For the asker.
    pub text: String,
    /// The driver, which counts what each connection carried, begins again (`crst`).
    pub forget_connections: bool,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self { text, forget_connections: false }
    }
}

impl Words {
    /// True for a four-letter word, whether it is answered or not.
    pub fn knows(&self, word: &str) -> bool {
        KNOWN.contains(&word)
    }

    /// The answer to a word that is known. `clients` is asked only for the words that tell of them.
    pub fn answer(
        &self,
        word: &str,
        server: &Server,
        stats: &mut Stats,
        clients: impl FnOnce() -> Vec<ClientLine>,
    ) -> Answer {
        if !self.whitelist.allows(word) {
            return format!("{word} is not executed because it is not in the whitelist.\n").into();
        }
        let serving = server.takes_clients();
        let text = match word {
            "ruok" => "imok".into(),
            "envi" => environment(),
            "isro" => if serving { "rw" } else { "null" }.into(),
            _ if !serving => "This ZooKeeper instance is not currently serving requests\n".into(),
            "srvr" => srvr(server, stats, &clients(), false),
            "stat" => srvr(server, stats, &clients(), true),
            "mntr" => mntr(server, stats, &clients()),
            "conf" => self.conf.clone(),
            "cons" => client_lines(server, &clients(), true) + "\n",
            "srst" => {
                stats.reset();
                "Server stats reset.\n".into()
            }
            "crst" => {
                let text = "Connection stats reset.\n".into();
                return Answer { text, forget_connections: true };
            }
            "wchs" => wchs(server),
            "wchc" => watches_by(server, Group::Session),
            "wchp" => watches_by(server, Group::Path),
            "dump" => dump(server, &clients()),
            "hash" => hash(server),
            "dirs" => {
                let [data, log] = self.dirs.each_ref().map(|dir| folder_size(dir));
                format!("datadir_size: {data}\nlogdir_size: {log}\n")
            }
            _ => String::new(),
        };
        text.into()
    }
}

fn mode(server: &Server) -> &'static str {
    if server.config().zab.standalone {
        return "standalone";
    }
    match server.peer().state() {
        ServerState::Leading => "leader",
        ServerState::Following => "follower",
        ServerState::Observing => "observer",
        ServerState::Looking => "looking",
    }
}

fn connections(clients: &[ClientLine]) -> usize {
    clients.len()
}

/// As Apache's server counts: its map has the root twice, under the empty name as well.
fn znode_count(tree: &Tree) -> usize {
    tree.len() + 1
}

fn srvr(server: &Server, stats: &Stats, clients: &[ClientLine], with_clients: bool) -> String {
    let mut text = format!("Zookeeper version: {VERSION}\n");
    if with_clients {
        let _ = write!(text, "Clients:\n{}\n", client_lines(server, clients, false));
    }
    let (min, mean, max) = stats.latency_ms();
    let waiting: usize = clients.iter().map(|client| client.waiting).sum();
    let _ = write!(
        text,
        "Latency min/avg/max: {min}/{mean:.4}/{max}\nReceived: {}\nSent: {}\nConnections: {}\n\
         Outstanding: {waiting}\nZxid: 0x{:x}\nMode: {}\nNode count: {}\n",
        stats.received,
        stats.sent,
        connections(clients),
        server.peer().last_processed().0,
        mode(server),
        znode_count(&server.image().tree),
    );
    text
}

fn client_lines(server: &Server, clients: &[ClientLine], with_session: bool) -> String {
    let mut text = String::new();
    for client in clients {
        let address = client.address.map(|at| at.to_string()).unwrap_or_default();
        let interest = u8::from(!client.asks);
        let _ = write!(
            text,
            " /{address}[{interest}](queued={},recved={},sent={}",
            client.waiting, client.received, client.sent
        );
        if with_session && let Some(found) = server.connections().get(&client.conn) {
            let _ = write!(text, ",sid={},to={}", found.session(), found.timeout_ms());
        }
        text.push_str(")\n");
    }
    text
}

fn wchs(server: &Server) -> String {
    let watches = server.watches();
    let paths: BTreeSet<_> = watches.iter().map(|(path, ..)| path).collect();
    format!(
        "{} connections watching {} paths\nTotal watches:{}\n",
        watches.conns().count(),
        paths.len(),
        watches.count()
    )
}

/// How watches are listed.
#[derive(Clone, Copy)]
enum Group {
    Session,
    Path,
}

fn watches_by(server: &Server, group: Group) -> String {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, conn, ..) in server.watches().iter() {
        let session = server.connections().get(&conn).map(|found| found.session());
        let session = session.unwrap_or_default().to_string();
        let (key, member) = match group {
            Group::Session => (session, path.to_string()),
            Group::Path => (path.to_string(), session),
        };
        groups.entry(key).or_default().insert(member);
    }
    let mut text = String::new();
    for (key, members) in groups {
        let _ = writeln!(text, "{key}");
        for member in members {
            let _ = writeln!(text, "\t{member}");
        }
    }
    text + "\n"
}

/// Sessions with their timeouts, ephemerals, and whose connections are here.
fn dump(server: &Server, clients: &[ClientLine]) -> String {
    let image = server.image();
    let mut text = format!("SessionTracker dump:\nGlobal Sessions({}):\n", image.num_sessions());
    for (session, timeout_ms) in image.sessions() {
        let _ = writeln!(text, "{session}\t{timeout_ms}ms");
    }
    let owners = image.tree.ephemerals().count();
    let _ = write!(text, "ephemeral nodes dump:\nSessions with Ephemerals ({owners}):\n");
    for (session, paths) in image.tree.ephemerals() {
        let _ = writeln!(text, "{session}:");
        for path in paths {
            let _ = writeln!(text, "\t{path}");
        }
    }
    text.push_str("Connections dump:\n");
    for client in clients {
        let Some(found) = server.connections().get(&client.conn) else { continue };
        let address = client.address.map(|at| at.to_string()).unwrap_or_default();
        let _ = writeln!(text, "\tip: /{address} sessionId: {}", found.session());
    }
    text
}

/// The digest of the tree at the last transaction. Java lists those of the past, one of 128.
fn hash(server: &Server) -> String {
    let zxid = server.peer().last_processed().0;
    format!("{zxid:x}: {}\n", server.image().tree.digest())
}

/// Without what would tell strangers about the machine.
fn environment() -> String {
    format!(
        "Environment:\nzookeeper.version={VERSION}\nos.name={}\nos.arch={}\n",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

/// Bytes of the files in a folder.
fn folder_size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).sum()
}

fn mntr(server: &Server, stats: &Stats, clients: &[ClientLine]) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "zk_{name}\t{value}");
    };
    let image = server.image();
    let (min, mean, max) = stats.latency_ms();
    let (fsyncs, fsync_max) = stats.fsyncs();
    line("version", &VERSION);
    line("server_state", &mode(server));
    if !server.config().zab.standalone {
        line("peer_state", &peer_state(server));
    }
    line("avg_latency", &format!("{mean:.4}"));
    line("max_latency", &max);
    line("min_latency", &min);
    line("packets_received", &stats.received);
    line("packets_sent", &stats.sent);
    line("num_alive_connections", &connections(clients));
    line("outstanding_requests", &clients.iter().map(|client| client.waiting).sum::<usize>());
    line("znode_count", &znode_count(&image.tree));
    line("watch_count", &server.watches().count());
    let ephemerals: usize = image.tree.ephemerals().map(|(_, paths)| paths.count()).sum();
    line("ephemerals_count", &ephemerals);
    line("approximate_data_size", &image.tree.size_bytes());
    line("global_sessions", &image.num_sessions());
    line("local_sessions", &0);
    line("uptime", &stats.started.elapsed().as_millis());
    line("connection_rejected", &stats.rejected);
    line("cnt_fsynctime", &fsyncs);
    line("max_fsynctime", &fsync_max);
    if server.peer().state() == ServerState::Leading && !server.config().zab.standalone {
        let (followers, observers, learners) = server.peer().learner_counts();
        line("learners", &learners);
        line("synced_followers", &followers);
        line("synced_observers", &observers);
        line("synced_non_voting_followers", &0);
        line("quorum_size", &server.config().zab.voters.len());
    }
    text
}

fn peer_state(server: &Server) -> &'static str {
    match server.peer().state() {
        ServerState::Leading => "leading - broadcast",
        ServerState::Following => "following - broadcast",
        ServerState::Observing => "observing - broadcast",
        ServerState::Looking => "looking",
    }
}
