//! `mntr`: numbers for monitoring (Java: `MonitorCommand`), under Apache's names. Only what is measured here is told: a tool that misses a key says so, and one that reads 0 for
//! ever does not. What is 0 for ever here cannot be anything else.

use super::clients::ClientLine;
use super::state::{leads_ensemble, mode, outstanding, znode_count};
use super::{Subject, VERSION, decimal};
use crate::stats::summary::Told;
use crate::stats::{Counted, Stats};
use std::fmt::{Display, Write as _};
use std::time::Instant;
use zabscope_core::server::Server;
use zabscope_core::zab::{Phase, ServerState};

pub(super) fn mntr(subject: &Subject<'_>, clients: &[ClientLine]) -> String {
    let Subject { server, stats, .. } = subject;
    let mut lines = Lines(String::new());
    lines.line("version", VERSION);
    lines.line("server_state", mode(server));
    if !server.config().zab.standalone {
        lines.line("peer_state", peer_state(server));
    }
    gauges(&mut lines, server, stats, clients);
    if !server.config().zab.standalone {
        lines.line("quorum_size", server.config().zab.voters.len());
    }
    counters(&mut lines, &stats.counted);
    summaries(&mut lines, &stats.counted);
    lines.0
}

/// What is so now.
fn gauges(lines: &mut Lines, server: &Server, stats: &Stats, clients: &[ClientLine]) {
    let (image, counted) = (server.image(), &stats.counted);
    let latency = stats.latency().told_ms();
    let [last_response, min_response, max_response] = counted.responses.told();
    let ephemerals: usize = image.tree.ephemerals().map(|(_, paths)| paths.count()).sum();
    lines.line("ephemerals_count", ephemerals);
    lines.line("num_alive_connections", clients.len());
    lines.line("avg_latency", decimal(latency.avg));
    lines.line("outstanding_requests", outstanding(clients));
    lines.line("znode_count", znode_count(&image.tree));
    lines.line("global_sessions", image.num_sessions());
    lines.line("last_client_response_size", last_response);
    lines.line("packets_sent", counted.sent);
    lines.line("packets_received", counted.received);
    lines.line("max_client_response_size", max_response);
    lines.line("watch_count", server.watches().count());
    lines.line("auth_failed_count", counted.auth_failures);
    lines.line("min_latency", latency.min);
    lines.line("max_file_descriptor_count", descriptors_max());
    lines.line("approximate_data_size", image.tree.size_bytes());
    lines.line("open_file_descriptor_count", descriptors());
    // Sessions of one server alone do not exist here.
    lines.line("local_sessions", 0);
    lines.line("uptime", stats.started.elapsed().as_millis());
    lines.line("max_latency", latency.max);
    lines.line("min_client_response_size", min_response);
    if leads_ensemble(server) {
        reign(lines, server, stats);
    }
}

/// What a leader knows of its reign.
fn reign(lines: &mut Lines, server: &Server, stats: &Stats) {
    let (followers, observers, learners) = server.peer().learner_counts();
    let [last, min, max] = stats.counted.proposal_sizes.told();
    lines.line("learners", learners);
    lines.line("synced_followers", followers);
    // Whoever follows has a vote here.
    lines.line("synced_non_voting_followers", 0);
    lines.line("synced_observers", observers);
    lines.line("pending_syncs", server.pending_syncs());
    let since =
        stats.leads_since.map_or(0, |since| Instant::now().duration_since(since).as_millis());
    lines.line("leader_uptime", since);
    lines.line("last_proposal_size", last);
    lines.line("min_proposal_size", min);
    lines.line("max_proposal_size", max);
}

/// What has happened so often.
fn counters(lines: &mut Lines, counted: &Counted) {
    lines.line("proposal_count", counted.proposals);
    lines.line("watch_bytes", counted.watch_bytes);
    lines.line("connection_rejected", counted.rejected);
    lines.line("looking_count", counted.looking);
    lines.line("connection_drop_count", counted.dropped);
    lines.line("learner_proposal_received_count", counted.proposals_received);
    lines.line("digest_mismatches_count", counted.digest_mismatches);
    lines.line("bytes_received_count", counted.received_bytes);
    lines.line("learner_commit_received_count", counted.commits_received);
    lines.line("connection_request_count", counted.connects);
    lines.line("response_bytes", counted.response_bytes);
    lines.line("diff_count", counted.diffs);
    lines.line("connection_revalidate_count", counted.reconnects);
    lines.line("snap_count", counted.snaps);
    lines.line("commit_count", counted.commits);
    lines.line("stale_sessions_expired", counted.expired);
    lines.line("revalidate_count", counted.revalidations);
    // No request is put off or refused for its size in total, and an error that cannot be mended
    // ends the process.
    for name in ["throttled_ops", "large_requests_rejected", "unrecoverable_error_count"] {
        lines.line(name, 0);
    }
}

/// What has taken so long, or was so many at a time. Times in milliseconds.
fn summaries(lines: &mut Lines, counted: &Counted) {
    lines.summary("leader_unavailable_time", counted.leader_unavailable.told_ms());
    lines.summary("startup_txns_load_time", counted.load_log.told_ms());
    lines.summary("fsynctime", counted.fsyncs.told_ms());
    lines.summary("snapshottime", counted.snapshots.told_ms());
    lines.summary("unavailable_time", counted.unavailable.told_ms());
    lines.summary("startup_txns_loaded", counted.loaded_txns.told());
    lines.summary("follower_sync_time", counted.follower_syncs.told_ms());
    lines.summary("dbinittime", counted.load.told_ms());
    lines.summary("election_time", counted.elections.told_ms());
    lines.summary("sync_processor_batch_size", counted.batches.told());
    lines.summary("observer_sync_time", counted.observer_syncs.told_ms());
    lines.summary("startup_snap_load_time", counted.load_snapshot.told_ms());
    lines.summary("updatelatency", counted.updates.told_ms());
    lines.summary("readlatency", counted.reads.told_ms());
    lines.summary("quorum_ack_latency", counted.quorum_acks.told_ms());
}

struct Lines(String);

impl Lines {
    fn line(&mut self, name: &str, value: impl Display) {
        let _ = writeln!(self.0, "zk_{name}\t{value}");
    }

    fn summary(&mut self, name: &str, told: Told) {
        let Told { avg, min, max, count, sum } = told;
        self.line(&format!("avg_{name}"), decimal(avg));
        self.line(&format!("min_{name}"), min);
        self.line(&format!("max_{name}"), max);
        self.line(&format!("cnt_{name}"), count);
        self.line(&format!("sum_{name}"), sum);
    }
}

/// State and phase (Java: `QuorumPeer.getDetailedPeerState`).
fn peer_state(server: &Server) -> String {
    let state = match server.peer().state() {
        ServerState::Leading => "leading",
        ServerState::Following => "following",
        ServerState::Observing => "observing",
        ServerState::Looking => "looking",
    };
    let phase = match server.peer().phase() {
        Phase::Election => "election",
        Phase::Discovery => "discovery",
        Phase::Synchronization => "synchronization",
        Phase::Broadcast => "broadcast",
    };
    format!("{state} - {phase}")
}

/// Files and sockets that the process has open; -1 where the system does not tell.
fn descriptors() -> i64 {
    let Ok(entries) = std::fs::read_dir("/dev/fd") else { return -1 };
    // The folder itself is open while it is read.
    i64::try_from(entries.count()).map_or(i64::MAX, |count| count - 1)
}

/// How many it may have open; -1 without a limit.
fn descriptors_max() -> i64 {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX))
}
