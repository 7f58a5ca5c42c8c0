//! Counters of a server, for the four-letter words (Java: `ServerStats`, `ServerMetrics`).
//!
//! | module | holds |
//! |---|---|
//! | [`summary`] | what is kept of many numbers |
//! | [`answers`] | what is kept of one connection's requests |

pub mod answers;
pub mod summary;

use crate::store::Loaded;
use answers::{Asked, is_update};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use summary::{Sizes, Summary};
use zabscope_core::base::Zxid;
use zabscope_core::proto::client::ToClient;
use zabscope_core::proto::opcode as op;
use zabscope_core::server::Note;
use zabscope_core::zab::{self, ServerState, SyncKind};

/// What is counted from the start, or from the last `srst`. All durations are in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Messages from clients.
    pub received: u64,
    /// Messages to clients.
    pub sent: u64,
    /// Bytes from clients.
    pub received_bytes: u64,
    /// Bytes of replies.
    pub response_bytes: u64,
    /// Bytes of watch events.
    pub watch_bytes: u64,
    /// Sizes of replies and watch events.
    pub responses: Sizes,
    /// Connect requests.
    pub connects: u64,
    /// Of these, those with a session.
    pub reconnects: u64,
    /// Connections that their clients ended.
    pub dropped: u64,
    /// Connections refused because of a limit.
    pub rejected: u64,
    /// Requests to authenticate that were refused.
    pub auth_failures: u64,
    /// From a request that becomes no transaction to its answer.
    pub reads: Summary,
    /// From a request that becomes a transaction to its answer.
    pub updates: Summary,
    /// fsyncs of the log.
    pub fsyncs: Summary,
    /// Transactions that one fsync made durable.
    pub batches: Summary,
    /// Snapshots written.
    pub snapshots: Summary,
    /// Reading the snapshot at the start.
    pub load_snapshot: Summary,
    /// Reading the log behind it.
    pub load_log: Summary,
    /// Both.
    pub load: Summary,
    /// Transactions of that log.
    pub loaded_txns: Summary,
    /// Times that this server began to look for a leader.
    pub looking: u64,
    /// Elections, until this server knew its leader.
    pub elections: Summary,
    /// Times without a leader that serves.
    pub unavailable: Summary,
    /// Those that this server ended as the leader.
    pub leader_unavailable: Summary,
    /// Follower: from its promise to UPTODATE.
    pub follower_syncs: Summary,
    /// Observer: the same.
    pub observer_syncs: Summary,
    /// Leader: learners that were sent DIFF or TRUNC.
    pub diffs: u64,
    /// Leader: learners that were sent SNAP.
    pub snaps: u64,
    /// Leader: proposals.
    pub proposals: u64,
    /// Leader: sizes of the transactions proposed.
    pub proposal_sizes: Sizes,
    /// Leader: from a proposal to the acknowledgements of a quorum.
    pub quorum_acks: Summary,
    /// Leader: commits.
    pub commits: u64,
    /// Follower: proposals that came while it served.
    pub proposals_received: u64,
    /// Follower: commits that came while it served.
    pub commits_received: u64,
    /// Leader: sessions that a learner asked about.
    pub revalidations: u64,
    /// Leader: sessions whose timeout was over.
    pub expired: u64,
    /// Transactions behind which the tree was not the leader's.
    pub digest_mismatches: u64,
}

/// Plain counters; the driver's thread owns them.
#[derive(Clone, Debug)]
pub struct Stats {
    /// What `srst` forgets.
    pub counted: Counted,
    /// When the process began.
    pub started: Instant,
    /// When this server began to serve as the leader of an ensemble.
    pub leads_since: Option<Instant>,
    /// When the election under way began.
    election_began: Option<Instant>,
    /// Since when no leader serves.
    unavailable_since: Option<Instant>,
    /// When this learner promised the epoch of its leader.
    sync_began: Option<Instant>,
    /// Leader: what is proposed and not committed. As long as the engine's list of the same.
    proposed: VecDeque<(Zxid, Instant)>,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            counted: Counted::default(),
            started: Instant::now(),
            leads_since: None,
            election_began: None,
            unavailable_since: None,
            sync_began: None,
            proposed: VecDeque::new(),
        }
    }
}

impl Stats {
    /// Forgets what was counted, not what is (`srst`).
    pub fn reset(&mut self) {
        self.counted = Counted::default();
    }

    /// The state was read from the disk.
    pub fn on_load(&mut self, loaded: &Loaded) {
        let Loaded { took, snapshot, log, txns } = *loaded;
        self.counted.load.add_time(took);
        self.counted.load_snapshot.add_time(snapshot);
        self.counted.load_log.add_time(log);
        self.counted.loaded_txns.add(txns);
    }

    /// From a request to its answer, without pings: nobody waits for those.
    #[must_use]
    pub fn latency(&self) -> Summary {
        self.counted.reads.and(self.counted.updates)
    }

    /// A client's request was answered after this time.
    pub const fn on_answer(&mut self, asked: Asked, took: Duration) {
        if is_update(asked.op) {
            self.counted.updates.add_time(took);
        } else if asked.op != op::PING {
            self.counted.reads.add_time(took);
        }
    }

    /// A message of so many bytes goes to a client.
    pub fn on_sent(&mut self, msg: &ToClient, bytes: usize) {
        let counted = &mut self.counted;
        counted.sent += 1;
        match msg {
            ToClient::Connected(_) => return,
            ToClient::Reply { .. } => counted.response_bytes += bytes as u64,
            ToClient::Event { .. } => counted.watch_bytes += bytes as u64,
        }
        counted.responses.add(bytes);
    }

    /// This leader of an ensemble proposes a transaction of so many bytes.
    pub fn on_proposal(&mut self, zxid: Zxid, bytes: usize, now: Instant) {
        self.counted.proposals += 1;
        self.counted.proposal_sizes.add(bytes);
        self.proposed.push_back((zxid, now));
    }

    /// This learner promises the epoch of its leader.
    pub const fn on_promise(&mut self, now: Instant) {
        self.sync_began = Some(now);
    }

    /// The engine tells a fact; `state` is what the server does now.
    pub fn on_note(&mut self, note: &Note, state: ServerState, now: Instant) {
        match note {
            Note::Zab(note) => self.on_zab_note(note, state, now),
            Note::Expired(_) => self.counted.expired += 1,
            Note::DigestMismatch(_) => self.counted.digest_mismatches += 1,
            Note::ConnectionClosed { .. }
            | Note::Attached { .. }
            | Note::Refused { .. }
            | Note::WatchFired { .. }
            | Note::Malformed(_) => {}
        }
    }

    fn on_zab_note(&mut self, note: &zab::Note, state: ServerState, now: Instant) {
        let counted = &mut self.counted;
        match note {
            zab::Note::Committed(zxid) => {
                counted.commits += 1;
                while let Some((proposed, at)) = self.proposed.front()
                    && proposed <= zxid
                {
                    counted.quorum_acks.add_time(now.saturating_duration_since(*at));
                    self.proposed.pop_front();
                }
            }
            zab::Note::Looking { .. } => {
                counted.looking += 1;
                self.election_began.get_or_insert(now);
                self.unavailable_since.get_or_insert(now);
            }
            zab::Note::Elected { .. } => {
                if let Some(began) = self.election_began.take() {
                    counted.elections.add_time(now.saturating_duration_since(began));
                }
            }
            zab::Note::Serving(_) => self.on_serving(state, now),
            zab::Note::Leaving(_) => {
                self.leads_since = None;
                self.sync_began = None;
                self.proposed.clear();
            }
            zab::Note::Syncing { with, .. } => match with {
                SyncKind::Diff | SyncKind::Trunc => counted.diffs += 1,
                SyncKind::Snap => counted.snaps += 1,
            },
            zab::Note::Voted(_)
            | zab::Note::EpochChosen(_)
            | zab::Note::Established(_)
            | zab::Note::Synced(_)
            | zab::Note::LearnerLost { .. }
            | zab::Note::EpochRepaired(_)
            | zab::Note::Snapshot(_) => {}
        }
    }

    fn on_serving(&mut self, state: ServerState, now: Instant) {
        let leads = state == ServerState::Leading;
        let counted = &mut self.counted;
        if let Some(since) = self.unavailable_since.take() {
            let took = now.saturating_duration_since(since);
            counted.unavailable.add_time(took);
            if leads {
                counted.leader_unavailable.add_time(took);
            }
        }
        if leads {
            self.leads_since = Some(now);
            // Those of another reign say nothing about this one.
            counted.proposal_sizes = Sizes::default();
        }
        if let Some(began) = self.sync_began.take() {
            let syncs = match state {
                ServerState::Observing => &mut counted.observer_syncs,
                _ => &mut counted.follower_syncs,
            };
            syncs.add_time(now.saturating_duration_since(began));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zabscope_core::base::{Epoch, Round, Sid};
    use zabscope_core::zab::Reason;

    fn tell(stats: &mut Stats, note: zab::Note, state: ServerState, now: Instant) {
        stats.on_note(&Note::Zab(note), state, now);
    }

    #[test]
    fn a_reign_from_the_election_to_its_end() {
        let mut stats = Stats::default();
        let start = stats.started;
        let at = |ms| start + Duration::from_millis(ms);
        let (looking, leading) = (ServerState::Looking, ServerState::Leading);
        tell(&mut stats, zab::Note::Looking { round: Round(1) }, looking, at(0));
        tell(&mut stats, zab::Note::Elected { leader: Sid(1) }, leading, at(200));
        assert_eq!(stats.leads_since, None, "not before a quorum follows");
        tell(&mut stats, zab::Note::Serving(Epoch(1)), leading, at(250));
        assert_eq!(stats.leads_since, Some(at(250)));
        let zxid = |counter| Zxid(1_i64 << 32 | counter);
        stats.on_proposal(zxid(1), 80, at(300));
        stats.on_proposal(zxid(2), 40, at(301));
        tell(&mut stats, zab::Note::Committed(zxid(1)), leading, at(303));
        let counted = &stats.counted;
        assert_eq!(counted.elections.told_ms().sum, 200);
        assert_eq!(counted.unavailable.told_ms().sum, 250);
        assert_eq!(counted.leader_unavailable, counted.unavailable);
        assert_eq!((counted.looking, counted.proposals, counted.commits), (1, 2, 1));
        assert_eq!(counted.proposal_sizes.told(), [40, 40, 80]);
        assert_eq!(counted.quorum_acks.told_ms().sum, 3);
        stats.reset();
        assert_eq!(stats.counted.commits, 0);
        assert_eq!(stats.leads_since, Some(at(250)), "it still leads");
        tell(&mut stats, zab::Note::Leaving(Reason::NoQuorum), looking, at(400));
        assert_eq!((stats.leads_since, stats.proposed.len()), (None, 0));
    }

    #[test]
    fn a_follower_is_synchronized() {
        let mut stats = Stats::default();
        let start = stats.started;
        let at = |ms| start + Duration::from_millis(ms);
        stats.on_promise(at(5));
        tell(&mut stats, zab::Note::Serving(Epoch(1)), ServerState::Following, at(12));
        assert_eq!(stats.counted.follower_syncs.told_ms().sum, 7);
        assert_eq!(stats.leads_since, None);
    }
}
