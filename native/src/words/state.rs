//! What the server is (Java: `StatCommand`, `DigestCommand`, `EnvCommand`, `DirsCommand`).

use super::clients::{ClientLine, lines};
use super::{Subject, VERSION, decimal};
use crate::config::Config;
use crate::digests::Digests;
use std::fmt::Write as _;
use std::path::Path;
use zabscope_core::server::Server;
use zabscope_core::tree::Tree;
use zabscope_core::zab::ServerState;

/// The role, as monitoring tools know it.
pub(super) fn mode(server: &Server) -> &'static str {
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

/// True if it leads others.
pub(super) fn leads_ensemble(server: &Server) -> bool {
    server.peer().state() == ServerState::Leading && !server.config().zab.standalone
}

/// As Apache's server counts: its map has the root twice, under the empty name as well.
pub(super) fn znode_count(tree: &Tree) -> usize {
    tree.len() + 1
}

/// Requests without an answer.
pub(super) fn outstanding(clients: &[ClientLine]) -> usize {
    clients.iter().map(|client| client.waiting).sum()
}

pub(super) fn srvr(subject: &Subject<'_>, clients: &[ClientLine], with_clients: bool) -> String {
    let Subject { server, stats, .. } = subject;
    let mut text = format!("Zookeeper version: {VERSION}\n");
    if with_clients {
        let _ = write!(text, "Clients:\n{}\n", lines(server, clients, false));
    }
    let latency = stats.latency().told_ms();
    let _ = write!(
        text,
        "Latency min/avg/max: {}/{}/{}\nReceived: {}\nSent: {}\nConnections: {}\n\
         Outstanding: {}\nZxid: 0x{:x}\nMode: {}\nNode count: {}\n",
        latency.min,
        decimal(latency.avg),
        latency.max,
        stats.counted.received,
        stats.counted.sent,
        clients.len(),
        outstanding(clients),
        server.peer().last_processed().0,
        mode(server),
        znode_count(&server.image().tree),
    );
    if leads_ensemble(server) {
        let [last, min, max] = stats.counted.proposal_sizes.told();
        let _ = writeln!(text, "Proposal sizes last/min/max: {last}/{min}/{max}");
    }
    text
}

/// Of one of every 128 transactions of the past, oldest first.
pub(super) fn hash(digests: &Digests) -> String {
    let line =
        |(zxid, digest): (zabscope_core::base::Zxid, i64)| format!("{:x}: {digest}\n", zxid.0);
    digests.iter().map(line).collect()
}

/// What names the program and the kind of machine, as Java names it. Apache's server tells more:
/// host, user, folders and the kernel's version. Whoever reaches the client port may ask, and none
/// of that is a stranger's business.
pub(super) fn envi() -> String {
    let os = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "Mac OS X",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        other => other,
    };
    format!("Environment:\nzookeeper.version={VERSION}\nos.name={os}\nos.arch={arch}\n")
}

pub(super) fn dirs(config: &Config) -> String {
    let [data, log] = sizes(config);
    format!("datadir_size: {data}\nlogdir_size: {log}\n")
}

/// Bytes of snapshots and of logs; of both, twice, if they share a folder.
pub(super) fn sizes(config: &Config) -> [u64; 2] {
    [&config.data_dir, &config.data_log_dir].map(|dir| folder_size(&dir.join("version-2")))
}

/// Bytes of the files in a folder.
fn folder_size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).sum()
}
