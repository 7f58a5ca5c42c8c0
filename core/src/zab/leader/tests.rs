#![allow(clippy::wildcard_enum_match_arm, reason = "the bench looks at few of the outputs")]

use super::*;
use crate::base::rng::Rng;
use crate::base::{Round, SessionId};
use crate::zab::bench::{OBSERVER, config, entry, strange_zxid, z};
use crate::zab::{Done, Job, Notification, Sound, Touch, Vote};
use bytes::Bytes;
use std::vec::Vec;

const ME: Sid = Sid(3);
const VOTER: Sid = Sid(1);

type Outs = Vec<Out<u8, u8>>;

/// A leader, the writes that its disk has not done, its jobs, and the links it has closed.
struct Bench {
    peer: Peer<u8, u8>,
    writes: VecDeque<Mark>,
    jobs: VecDeque<Job<u8>>,
    hung_up: Set<Sid>,
}

impl Bench {
    /// Server 3 of three, elected by server 1; its acceptedEpoch is `accepted`.
    fn new(accepted: Epoch) -> Self {
        let recent = [z(1, 1), z(1, 2)].map(entry).to_vec();
        let peer = Peer::new(Sound, config(ME), accepted, Epoch(1), recent, z(1, 2));
        let (writes, jobs) = (VecDeque::new(), VecDeque::new());
        let mut bench = Self { peer, writes, jobs, hung_up: Set::new() };
        bench.step(|peer, out| peer.start(out));
        let vote = Vote { peer_epoch: Epoch(1), zxid: z(1, 2), leader: ME };
        let state = ServerState::Looking;
        let heard = Notification { state, vote, round: Round(1), config: Bytes::new() };
        bench.step(|peer, out| peer.on_notification(VOTER, heard, out));
        bench.step(|peer, out| peer.on_timer(Timer::Settle, out));
        bench
    }

    fn leader(&self) -> Option<&Leader<u8, u8>> {
        if let Role::Leading(leader) = &self.peer.role { Some(leader) } else { None }
    }

    fn stage(&self, sid: Sid) -> Option<Stage> {
        Some(self.leader()?.learners.get(&sid)?.stage)
    }

    fn step(&mut self, event: impl FnOnce(&mut Peer<u8, u8>, &mut Outs)) {
        let mut outs = Vec::new();
        event(&mut self.peer, &mut outs);
        for out in outs {
            match out {
                Out::Persist(write) => self.writes.push_back(write.mark()),
                Out::Job(job) => self.jobs.push_back(job),
                Out::Hangup(Link::Quorum(sid)) => {
                    self.hung_up.insert(sid);
                }
                _ => {}
            }
        }
    }

    fn packet(&mut self, from: Sid, packet: Packet<u8, u8>) {
        self.step(|peer, out| peer.on_packet(from, packet, out));
    }

    fn link(&mut self, from: Sid) {
        self.step(|peer, out| peer.on_linked(Link::Quorum(from), false, out));
    }

    /// The disk does its oldest write, or else its oldest job.
    fn disk(&mut self) {
        if let Some(mark) = self.writes.pop_front() {
            self.step(|peer, out| peer.on_durable(mark, out));
        } else if let Some(Job::ReadLog { learner, .. }) = self.jobs.pop_front() {
            self.step(|peer, out| peer.on_done(Done::Log { learner, entries: None }, out));
        }
    }
}

fn info(accepted_epoch: Epoch, sid: Sid) -> Packet<u8, u8> {
    Packet::FollowerInfo { accepted_epoch, sid, config_version: 0 }
}

/// Some zxid: mostly one of the history, sometimes any of Java's 64 bits.
fn some_zxid(rng: &mut Rng, last: Zxid) -> Zxid {
    match rng.below(16) {
        0..6 => last,
        6..9 => Zxid(last.0.saturating_sub(1)),
        9..11 => Zxid(last.0.saturating_add(1)),
        11 => z(2, 0),
        draw => strange_zxid(rng, draw),
    }
}

/// Any packet at all.
fn some_packet(rng: &mut Rng, last: Zxid) -> Packet<u8, u8> {
    let zxid = some_zxid(rng, last);
    let (session, timeout_ms) = (SessionId(1), 1);
    let accepted_epoch = zxid.epoch();
    match rng.below(30) {
        0..10 => Packet::Ack(zxid),
        10..12 => info(accepted_epoch, VOTER),
        12 => Packet::ObserverInfo { accepted_epoch, sid: OBSERVER, config_version: 0 },
        13..15 => Packet::AckEpoch { last_zxid: zxid, current_epoch: Some(zxid.epoch()) },
        15 => Packet::AckEpoch { last_zxid: zxid, current_epoch: None },
        16 => Packet::LeaderInfo { epoch: zxid.epoch() },
        17 => Packet::Diff { zxid },
        18 => Packet::Trunc { zxid },
        19 => Packet::Snap { zxid, image: 0 },
        20 => Packet::NewLeader { epoch: zxid.epoch(), config: Bytes::new() },
        21 => Packet::UpToDate,
        22 => Packet::Proposal(entry(zxid)),
        23 => Packet::Commit(zxid),
        24 => Packet::Inform(entry(zxid)),
        25 => Packet::Revalidate(Touch { session, timeout_ms }),
        26 => Packet::Revalidated { session, valid: true },
        27 => Packet::Sync,
        _ => Packet::Ping { zxid, touched: Some(Vec::new()) },
    }
}

/// The packet that leads a learner on from this stage.
fn next_packet(rng: &mut Rng, stage: Stage, last: Zxid) -> Option<Packet<u8, u8>> {
    Some(match stage {
        Stage::Connected => info(Epoch(1), VOTER),
        Stage::Offered => {
            let last_zxid = match rng.below(3) {
                0 => last,
                1 => z(1, 1),
                _ => Zxid::ZERO,
            };
            Packet::AckEpoch { last_zxid, current_epoch: Some(Epoch(1)) }
        }
        Stage::Syncing => Packet::Ack(z(2, 0)),
        Stage::Synced => Packet::Ack(last),
        Stage::Registered | Stage::Promised | Stage::ReadingLog => return None,
    })
}

/// Whatever learners send, in whatever order: the leader goes on leading and never fails, and the
/// epoch it chooses is one that a zxid can carry.
#[test]
fn no_order_of_packets_makes_a_leader_fail() {
    let mut committed = 0;
    for seed in 0..20_000 {
        let mut rng = Rng::new(seed);
        let mut bench = Bench::new(Epoch(1));
        for _ in 0..60 {
            let last = bench.peer.last_proposed();
            let from = if rng.below(4) == 0 { OBSERVER } else { VOTER };
            match (rng.below(10), bench.stage(from)) {
                (0..3, _) => bench.disk(),
                (3, _) if bench.peer.is_serving() => {
                    if let Some(zxid) = bench.peer.next_zxid() {
                        bench.step(|peer, out| peer.propose(zxid, 0, out));
                    }
                }
                (_, None) => bench.link(from),
                (4..9, Some(stage)) => match next_packet(&mut rng, stage, last) {
                    Some(packet) => bench.packet(from, packet),
                    None => bench.disk(),
                },
                _ => bench.packet(from, some_packet(&mut rng, last)),
            }
            let epoch = bench.leader().map(|leader| leader.epoch.unwrap_or_default());
            assert!(
                epoch.is_some_and(|epoch| (Epoch(0)..=Epoch::LAST).contains(&epoch)),
                "seed {seed}: {epoch:?}"
            );
        }
        committed += u32::from(bench.peer.history().applied().epoch() == Epoch(2));
    }
    assert!(committed > 1_000, "Broadcast is reached: {committed}");
}

/// A follower whose promise leaves no epoch is refused; with another the reign begins.
#[test]
fn an_epoch_that_has_no_next_is_not_counted() {
    let mut bench = Bench::new(Epoch(1));
    bench.link(VOTER);
    bench.packet(VOTER, info(Epoch::LAST, VOTER));
    assert!(bench.hung_up.contains(&VOTER));
    assert_eq!(bench.leader().map(|leader| leader.epoch), Some(None));
    bench.link(Sid(2));
    bench.packet(Sid(2), info(Epoch(Epoch::LAST.0 - 1), Sid(2)));
    assert_eq!(bench.leader().map(|leader| leader.epoch), Some(Some(Epoch::LAST)));
}

/// With its own promise used up a server cannot lead.
#[test]
fn a_server_that_promised_the_last_epoch_does_not_lead() {
    let mut bench = Bench::new(Epoch::LAST);
    assert_eq!(bench.leader().map(|leader| leader.epoch), Some(None));
    bench.link(VOTER);
    bench.packet(VOTER, info(Epoch(1), VOTER));
    assert!(bench.leader().is_none() && bench.writes.is_empty());
}
