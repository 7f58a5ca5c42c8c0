#![allow(clippy::wildcard_enum_match_arm, reason = "a disk looks at few of the outputs")]

use super::*;
use crate::base::rng::Rng;
use crate::base::{Round, SessionId};
use crate::zab::bench::{OBSERVER, config, entry, strange_zxid, z};
use crate::zab::{Done, Job, Logged, Notification, Recovered, Sound, Touch, Vote};
use bytes::Bytes;
use std::vec;
use std::vec::Vec;

const LEADER: Sid = Sid(3);
const LINK: Link = Link::Quorum(LEADER);
const EPOCH: Epoch = Epoch(2);

type Outs = Vec<Out<u8, u8>>;

/// A learner, the writes that its disk has not done, and its jobs.
struct Bench {
    peer: Peer<u8, u8>,
    writes: VecDeque<Mark>,
    jobs: VecDeque<Job<u8>>,
    /// What the disk holds: last zxid, as far as a TRUNC asks for it.
    last_zxid: Zxid,
    hung_up: bool,
}

impl Bench {
    /// A server of epoch 1 that was elected a learner: it has called its leader.
    fn new(observer: bool) -> Self {
        let me = if observer { OBSERVER } else { Sid(1) };
        let recent = vec![entry(z(1, 1)), entry(z(1, 2))];
        let peer = Peer::new(Sound, config(me), Epoch(1), Epoch(1), recent, z(1, 2));
        let (writes, jobs) = (VecDeque::new(), VecDeque::new());
        let mut bench = Self { peer, writes, jobs, last_zxid: z(1, 2), hung_up: false };
        bench.step(|peer, out| peer.start(out));
        for (from, state) in [(Sid(2), ServerState::Following), (LEADER, ServerState::Leading)] {
            let vote = Vote { peer_epoch: Epoch(9), zxid: z(9, 9), leader: LEADER };
            let heard = Notification { state, vote, round: Round(1), config: Bytes::new() };
            bench.step(|peer, out| peer.on_notification(from, heard, out));
        }
        bench.step(|peer, out| peer.on_linked(LINK, true, out));
        assert_eq!(bench.stage(), Some(LearnerStage::Registering));
        bench
    }

    fn stage(&self) -> Option<LearnerStage> {
        if let Role::Learning(learner) = &self.peer.role { Some(learner.stage) } else { None }
    }

    fn step(&mut self, event: impl FnOnce(&mut Peer<u8, u8>, &mut Outs)) {
        let mut outs = Vec::new();
        event(&mut self.peer, &mut outs);
        for out in outs {
            match out {
                Out::Persist(write) => self.writes.push_back(write.mark()),
                Out::PersistState(zxid) => self.writes.push_back(Mark::Installed(zxid)),
                Out::Job(job) => self.jobs.push_back(job),
                Out::Hangup(LINK) => self.hung_up = true,
                _ => {}
            }
        }
    }

    fn packet(&mut self, packet: Packet<u8, u8>) {
        self.step(|peer, out| peer.on_packet(LEADER, packet, out));
    }

    /// The disk does its oldest write, or else its oldest job.
    fn disk(&mut self) {
        if let Some(mark) = self.writes.pop_front() {
            self.last_zxid = match mark {
                Mark::Log(zxid) | Mark::Installed(zxid) | Mark::Truncated(zxid) => zxid,
                Mark::AcceptedEpoch(_) | Mark::CurrentEpoch(_) => self.last_zxid,
            };
            self.step(|peer, out| peer.on_durable(mark, out));
        } else if self.jobs.pop_front().is_some() {
            let recovered = Recovered {
                accepted_epoch: EPOCH,
                current_epoch: EPOCH,
                last_zxid: self.last_zxid,
                recent: Vec::new(),
                behind_snapshot: Logged::default(),
                image: 0,
            };
            self.step(|peer, out| peer.on_done(Done::State(recovered), out));
        }
    }
}

/// Some zxid: mostly one that could come next, sometimes any of Java's 64 bits.
fn some_zxid(rng: &mut Rng, last: Zxid) -> Zxid {
    match rng.below(16) {
        0..4 => last,
        4..10 => Zxid(last.0.saturating_add(1)),
        10..12 => z(2, 1),
        draw => strange_zxid(rng, draw),
    }
}

/// Any packet at all.
fn some_packet(rng: &mut Rng, last: Zxid) -> Packet<u8, u8> {
    let zxid = some_zxid(rng, last);
    let epoch = if rng.below(4) == 0 { zxid.epoch() } else { EPOCH };
    let (session, timeout_ms) = (SessionId(1), 1);
    match rng.below(30) {
        0 => Packet::LeaderInfo { epoch },
        1 => Packet::Diff { zxid },
        2 => Packet::Trunc { zxid },
        3 => Packet::Snap { zxid, image: 0 },
        4 => Packet::NewLeader { epoch, config: Bytes::new() },
        5 => Packet::UpToDate,
        6..14 => Packet::Proposal(entry(zxid)),
        14..20 => Packet::Commit(zxid),
        20..23 => Packet::Inform(entry(zxid)),
        23 => Packet::Ping { zxid, touched: None },
        24 => Packet::Revalidated { session, valid: true },
        25 => Packet::Sync,
        26 => Packet::Revalidate(Touch { session, timeout_ms }),
        27 => Packet::Ack(zxid),
        28 => Packet::AckEpoch { last_zxid: zxid, current_epoch: None },
        _ => Packet::FollowerInfo { accepted_epoch: epoch, sid: LEADER, config_version: 0 },
    }
}

/// The packet that leads on from this stage, so that every stage is reached.
fn next_packet(rng: &mut Rng, stage: LearnerStage, last: Zxid) -> Option<Packet<u8, u8>> {
    Some(match stage {
        LearnerStage::Registering => Packet::LeaderInfo { epoch: EPOCH },
        LearnerStage::AwaitingSync => match rng.below(3) {
            0 => Packet::Diff { zxid: last },
            1 => Packet::Trunc { zxid: z(1, 1) },
            _ => Packet::Snap { zxid: some_zxid(rng, last), image: 0 },
        },
        LearnerStage::Syncing => Packet::NewLeader { epoch: EPOCH, config: Bytes::new() },
        LearnerStage::AwaitingUpToDate => Packet::UpToDate,
        LearnerStage::Connecting
        | LearnerStage::Promising
        | LearnerStage::Truncating { .. }
        | LearnerStage::Reloading { .. }
        | LearnerStage::Adopting
        | LearnerStage::Broadcast => return None,
    })
}

/// Whatever a leader sends, in whatever order: the learner goes on or hangs up, and never fails.
#[test]
fn no_order_of_packets_makes_a_learner_fail() {
    let mut served = 0;
    for seed in 0..20_000 {
        let mut rng = Rng::new(seed);
        let mut bench = Bench::new(seed % 4 == 0);
        for _ in 0..40 {
            let Some(stage) = bench.stage() else { break };
            served += u32::from(stage == LearnerStage::Broadcast);
            let last = bench.peer.history().logged();
            match rng.below(8) {
                0..3 => bench.disk(),
                3..5 => match next_packet(&mut rng, stage, last) {
                    Some(packet) => bench.packet(packet),
                    None => bench.disk(),
                },
                _ => bench.packet(some_packet(&mut rng, last)),
            }
        }
        assert!(bench.stage().is_some() || bench.hung_up, "seed {seed}: left without hanging up");
    }
    assert!(served > 1_000, "Broadcast is reached: {served}");
}

/// What was proposed before the sync does not stand on the state that the sync brings.
#[test]
fn a_proposal_before_the_sync_is_refused() {
    for packet in [Packet::Proposal(entry(z(1, 3))), Packet::Inform(entry(z(1, 3)))] {
        let mut bench = Bench::new(false);
        bench.packet(Packet::LeaderInfo { epoch: EPOCH });
        bench.disk();
        assert_eq!(bench.stage(), Some(LearnerStage::AwaitingSync));
        bench.packet(packet);
        bench.packet(Packet::Snap { zxid: z(1, 9), image: 0 });
        bench.packet(Packet::NewLeader { epoch: EPOCH, config: Bytes::new() });
        while !bench.writes.is_empty() {
            bench.disk();
        }
        bench.packet(Packet::UpToDate);
        assert!(bench.stage().is_none() && bench.hung_up);
    }
}
