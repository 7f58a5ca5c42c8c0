//! LEADING: what a leader keeps about its reign and its learners, and when it stops
//! (Java: `Leader`, `LearnerHandler`).
//!
//! Discovery, synchronization and broadcast have modules of their own; here is what spans them.

use super::disk::Mark;
use super::message::{Packet, Phase, ServerState};
use super::output::{Note, Out, Reason, SyncKind, Timer};
use super::peer::{Outs, Peer, Role, Value};
use super::rules::Rules;
use crate::base::{Epoch, Link, Map, Millis, Set, Sid, Zxid};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// A reign, from the election on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leader<P, I> {
    pub(super) phase: Phase,
    /// Epoch of the reign; `None` until a quorum has reported.
    pub(super) epoch: Option<Epoch>,
    /// acceptedEpoch is on disk: LEADERINFO may be sent (rule E1).
    pub(super) epoch_durable: bool,
    /// Voters that reported their acceptedEpoch.
    pub(super) reported: Map<Sid, Epoch>,
    /// Voters whose ACKEPOCH counts. They stay when their link breaks: the promise is durable.
    pub(super) promised: Set<Sid>,
    /// Voters that hold the history of the epoch on disk. They stay as well.
    pub(super) synced: Set<Sid>,
    pub(super) learners: Map<Sid, LearnerHandler<P, I>>,
    /// For each entry of the history's tail, who has it on disk; same order, same length.
    pub(super) acks: VecDeque<Set<Sid>>,
    /// Half ticks since the reign began.
    pub(super) half_ticks: u32,
}

/// One learner's link (a new link starts from nothing: rule K1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LearnerHandler<P, I> {
    pub(super) stage: Stage,
    pub(super) observer: bool,
    /// Last zxid it reported.
    pub(super) last_zxid: Zxid,
    /// Ticks since its last packet.
    pub(super) silent_ticks: u32,
    /// Proposals sent to it that it has not acknowledged, with the ticks they have waited.
    pub(super) unacked: VecDeque<(Zxid, u32)>,
    /// COMMITs that fell between NEWLEADER and UPTODATE: older Java followers break on them
    /// (ZOOKEEPER-4394), and nobody needs them before.
    pub(super) held: Vec<Packet<P, I>>,
    /// How it was brought to the own history, for explanations.
    pub(super) sync: Option<SyncChoice>,
}

/// Why a learner was sent DIFF, TRUNC or SNAP: the numbers that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SyncChoice {
    /// What was sent.
    pub with: SyncKind,
    /// Zxid of that packet.
    pub zxid: Zxid,
    /// Oldest transaction that the leader still had in memory.
    pub oldest: Zxid,
    /// Last transaction that it had applied.
    pub applied: Zxid,
    /// Transactions that followed.
    pub txns: u32,
}

/// How far a learner's link has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The stream is open.
    Connected,
    /// FOLLOWERINFO or OBSERVERINFO came.
    Registered,
    /// LEADERINFO went out.
    Offered,
    /// ACKEPOCH came.
    Promised,
    /// The log files are being read for its DIFF.
    ReadingLog,
    /// It was sent the history and NEWLEADER, and gets everything from here on.
    Syncing,
    /// It acknowledged NEWLEADER.
    Synced,
}

impl<P, I> LearnerHandler<P, I> {
    fn new() -> Self {
        Self {
            stage: Stage::Connected,
            observer: false,
            last_zxid: Zxid::ZERO,
            silent_ticks: 0,
            unacked: VecDeque::new(),
            held: Vec::new(),
            sync: None,
        }
    }

    /// Does it get every new PROPOSAL and COMMIT?
    pub(super) fn is_forwarding(&self) -> bool {
        self.stage >= Stage::Syncing
    }
}

impl<P, I> Leader<P, I> {
    fn new(phase: Phase) -> Self {
        Self {
            phase,
            epoch: None,
            epoch_durable: false,
            reported: Map::new(),
            promised: Set::new(),
            synced: Set::new(),
            learners: Map::new(),
            acks: VecDeque::new(),
            half_ticks: 0,
        }
    }

    /// The name of the start of the reign; before everything while there is no epoch.
    #[must_use]
    pub fn epoch_start(&self) -> Zxid {
        self.epoch.map_or(Zxid::ZERO, Zxid::epoch_start)
    }
}

impl<P: Value, I: Value, R: Rules> Peer<P, I, R> {
    pub(super) fn become_leader(&mut self, out: &mut Outs<P, I>) {
        self.role = Role::Leading(Leader::new(Phase::Discovery));
        out.push(Out::Entered(ServerState::Leading, Phase::Discovery));
        out.push(Out::SetTimer(Timer::InitLimit, self.config.init_limit_ms()));
        self.schedule_half_tick(out);
        let (me, accepted) = (self.config.me, self.accepted_epoch);
        self.report_epoch(me, accepted, out);
    }

    /// Without an ensemble there is nobody to agree with: zxids stay in the epoch they are in.
    pub(super) fn become_standalone(&mut self, out: &mut Outs<P, I>) {
        let mut leader = Leader::new(Phase::Broadcast);
        leader.epoch = Some(self.history.applied().epoch());
        self.role = Role::Leading(leader);
        out.push(Out::Entered(ServerState::Leading, Phase::Broadcast));
    }

    fn schedule_half_tick(&self, out: &mut Outs<P, I>) {
        out.push(Out::SetTimer(Timer::HalfTick, Millis(self.config.tick_ms.0 / 2)));
    }

    // --- links ---------------------------------------------------------------------------

    pub(super) fn on_learner_linked(&mut self, sid: Sid, out: &mut Outs<P, I>) {
        self.on_learner_unlinked(sid, Reason::Replaced, out);
        if let Role::Leading(leader) = &mut self.role {
            leader.learners.insert(sid, LearnerHandler::new());
        }
    }

    pub(super) fn on_learner_unlinked(&mut self, sid: Sid, why: Reason, out: &mut Outs<P, I>) {
        let Role::Leading(leader) = &mut self.role else { return };
        if leader.learners.remove(&sid).is_some() {
            out.push(Out::Note(Note::LearnerLost { learner: sid, why }));
            out.push(Out::LearnerLost(sid));
        }
    }

    /// Closes a learner's link. The learner goes back to LOOKING, the leader goes on.
    pub(super) fn drop_learner(&mut self, sid: Sid, why: Reason, out: &mut Outs<P, I>) {
        out.push(Out::Hangup(Link::Quorum(sid)));
        self.on_learner_unlinked(sid, why, out);
    }

    pub(super) fn on_learner_packet(
        &mut self,
        from: Sid,
        packet: Packet<P, I>,
        out: &mut Outs<P, I>,
    ) {
        let Role::Leading(leader) = &mut self.role else { return };
        let Some(learner) = leader.learners.get_mut(&from) else { return };
        learner.silent_ticks = 0;
        match packet {
            Packet::FollowerInfo { accepted_epoch, .. } => {
                self.on_learner_info(from, accepted_epoch, false, out);
            }
            Packet::ObserverInfo { accepted_epoch, .. } => {
                self.on_learner_info(from, accepted_epoch, true, out);
            }
            Packet::AckEpoch { last_zxid, current_epoch } => {
                self.on_ack_epoch(from, last_zxid, current_epoch, out);
            }
            Packet::Ack(zxid) if zxid.is_epoch_start() => self.on_ack_new_leader(from, zxid, out),
            Packet::Ack(zxid) => self.on_ack(from, zxid, out),
            // That it came is all that counts here; the owner reads the rest.
            Packet::Ping { .. }
            | Packet::Request(_)
            | Packet::Revalidate(_)
            | Packet::Revalidated { .. }
            | Packet::Sync => {}
            Packet::LeaderInfo { .. }
            | Packet::Diff { .. }
            | Packet::Trunc { .. }
            | Packet::Snap { .. }
            | Packet::NewLeader { .. }
            | Packet::UpToDate
            | Packet::Proposal(_)
            | Packet::Commit(_)
            | Packet::Inform(_) => {
                self.drop_learner(from, Reason::Protocol("a leader's packet from a learner"), out);
            }
        }
    }

    /// True if this learner's requests may be judged: it is synchronized and so are we.
    #[must_use]
    pub fn serves_learner(&self, sid: Sid) -> bool {
        match &self.role {
            Role::Leading(leader) => {
                leader.phase == Phase::Broadcast
                    && leader.learners.get(&sid).is_some_and(|l| l.stage == Stage::Synced)
            }
            Role::Down | Role::Draining { .. } | Role::Looking(_) | Role::Learning(_) => false,
        }
    }

    /// Learners by role, for `mntr` and pictures: (followers synced, observers synced, all).
    #[must_use]
    pub fn learner_counts(&self) -> (u32, u32, u32) {
        let Role::Leading(leader) = &self.role else { return (0, 0, 0) };
        let mut counts = (0, 0, 0);
        for learner in leader.learners.values() {
            counts.2 += 1;
            if learner.stage == Stage::Synced {
                if learner.observer { counts.1 += 1 } else { counts.0 += 1 }
            }
        }
        counts
    }

    // --- disk ----------------------------------------------------------------------------

    pub(super) fn on_leader_durable(&mut self, mark: Mark, out: &mut Outs<P, I>) {
        match mark {
            Mark::AcceptedEpoch(epoch) => self.on_epoch_promised(epoch, out),
            Mark::CurrentEpoch(epoch) => self.on_established(epoch, out),
            Mark::Log(zxid) => {
                let me = self.config.me;
                self.count_ack(me, zxid);
                self.commit_ready(out);
            }
            Mark::Truncated(_) | Mark::Installed(_) => {}
        }
    }

    // --- time ----------------------------------------------------------------------------

    pub(super) fn on_init_limit(&mut self, out: &mut Outs<P, I>) {
        let late = match &self.role {
            Role::Leading(leader) => leader.phase != Phase::Broadcast,
            Role::Learning(learner) => learner.phase() != Phase::Broadcast,
            Role::Down | Role::Draining { .. } | Role::Looking(_) => false,
        };
        if late {
            self.leave(Reason::InitLimit, out);
        }
    }

    /// Pings every half tick; every tick counts who was silent, and whether a quorum is left.
    pub(super) fn on_half_tick(&mut self, out: &mut Outs<P, I>) {
        let last_proposed = self.last_proposed();
        let Role::Leading(leader) = &mut self.role else { return };
        leader.half_ticks = leader.half_ticks.wrapping_add(1);
        for (sid, learner) in &leader.learners {
            // Not between NEWLEADER and its ACK: a Java learner ignores it there, and its
            // missing reply would be taken for silence.
            if learner.stage == Stage::Synced {
                let ping = Packet::Ping { zxid: last_proposed, touched: None };
                out.push(Out::Send(*sid, ping));
            }
        }
        if leader.half_ticks.is_multiple_of(2) {
            self.count_tick(out);
        }
        if let Role::Leading(_) = self.role {
            self.schedule_half_tick(out);
        }
    }

    fn count_tick(&mut self, out: &mut Outs<P, I>) {
        let (init, sync) = (self.config.init_limit, self.config.sync_limit);
        let Role::Leading(leader) = &mut self.role else { return };
        let mut lost = Vec::new();
        for (sid, learner) in leader.learners.iter_mut() {
            learner.silent_ticks += 1;
            for (_, waited) in &mut learner.unacked {
                *waited += 1;
            }
            let limit = if learner.stage == Stage::Synced { sync } else { init + sync };
            if learner.silent_ticks > limit {
                lost.push((*sid, Reason::Silent));
            } else if learner.unacked.front().is_some_and(|(_, waited)| *waited > sync) {
                lost.push((*sid, Reason::SlowAck));
            }
        }
        for (sid, why) in lost {
            self.drop_learner(sid, why, out);
        }
        self.check_quorum(out);
    }

    /// A leader that hears no quorum any more cannot commit; it stops, so that its clients look
    /// for a server that can.
    fn check_quorum(&mut self, out: &mut Outs<P, I>) {
        let Role::Leading(leader) = &self.role else { return };
        if leader.phase != Phase::Broadcast || self.config.standalone {
            return;
        }
        let me = self.config.me;
        let alive: Vec<Sid> = leader
            .learners
            .iter()
            .filter(|(_, learner)| learner.stage == Stage::Synced && !learner.observer)
            .map(|(sid, _)| *sid)
            .chain([me])
            .collect();
        if !self.config.voters.is_quorum(&alive) {
            self.leave(Reason::NoQuorum, out);
        }
    }
}

#[cfg(test)]
mod tests;
