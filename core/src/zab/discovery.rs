//! Phase 1, Discovery: a quorum agrees on a new epoch (Java: `Leader.getEpochToPropose`,
//! `waitForEpochAck`, `Learner.registerWithLeader`).
//!
//! The leader takes 1 + the largest acceptedEpoch of a quorum. Each follower promises on disk
//! never to follow an older one. No history is fetched, as the paper does: a follower that knows
//! more than the leader is refused, so it cannot be part of the quorum that establishes the
//! epoch, and the leader's history is the newest of that quorum.
//!
//! A follower that had promised this very epoch before answers -1 and does not count: it may have
//! promised it to *another* server that computed the same number, and two leaders of one epoch
//! would lose committed writes.

use super::disk::Write;
use super::leader::Stage;
use super::learner::LearnerStage;
use super::message::{Packet, Phase, ServerState};
use super::output::{Note, Out, Reason};
use super::peer::{Outs, Peer, Role, Value};
use super::rules::Rules;
use crate::base::{Epoch, Sid, Zxid};
use alloc::vec::Vec;

impl<P: Value, I: Value, R: Rules> Peer<P, I, R> {
    // --- leader --------------------------------------------------------------------------

    /// FOLLOWERINFO or OBSERVERINFO.
    pub(super) fn on_learner_info(
        &mut self,
        from: Sid,
        accepted: Epoch,
        says_observer: bool,
        out: &mut Outs<P, I>,
    ) {
        let is_voter = self.config.voters.contains(from);
        let Role::Leading(leader) = &mut self.role else { return };
        let Some(learner) = leader.learners.get_mut(&from) else { return };
        if learner.stage != Stage::Connected {
            self.drop_learner(from, Reason::Protocol("a second FOLLOWERINFO"), out);
            return;
        }
        learner.stage = Stage::Registered;
        learner.observer = says_observer || !is_voter;
        let counts = !learner.observer;
        if leader.epoch_durable {
            self.offer_epoch(from, out);
        } else if counts && accepted.next().is_none() {
            // Such a claim is false or damaged; counted, it would leave this ensemble no epoch.
            self.drop_learner(from, Reason::Protocol("an acceptedEpoch that has no next"), out);
        } else if counts {
            self.report_epoch(from, accepted, out);
        }
    }

    /// Counts a voter's acceptedEpoch; with a quorum the epoch is chosen.
    pub(super) fn report_epoch(&mut self, from: Sid, accepted: Epoch, out: &mut Outs<P, I>) {
        let Role::Leading(leader) = &mut self.role else { return };
        if leader.epoch.is_some() {
            return;
        }
        leader.reported.insert(from, accepted);
        if !self.config.voters.is_quorum(leader.reported.keys()) {
            return;
        }
        let highest = if self.rules.epoch_ignores_followers() {
            self.accepted_epoch
        } else {
            leader.reported.values().copied().max().unwrap_or_default()
        };
        let Some(epoch) = highest.next() else {
            self.leave(Reason::Protocol("an acceptedEpoch that has no next"), out);
            return;
        };
        leader.epoch = Some(epoch);
        self.accepted_epoch = epoch;
        out.push(Out::Note(Note::EpochChosen(epoch)));
        // On disk before anybody hears of it: after a crash this server must not choose the
        // same number again (rule E1).
        self.persist(Write::AcceptedEpoch(epoch), out);
    }

    /// The own promise is on disk.
    pub(super) fn on_epoch_promised(&mut self, epoch: Epoch, out: &mut Outs<P, I>) {
        let me = self.config.me;
        let Role::Leading(leader) = &mut self.role else { return };
        if leader.epoch != Some(epoch) {
            return;
        }
        leader.epoch_durable = true;
        leader.promised.insert(me);
        let waiting: Vec<Sid> = leader
            .learners
            .iter()
            .filter(|(_, learner)| learner.stage == Stage::Registered)
            .map(|(sid, _)| *sid)
            .collect();
        for sid in waiting {
            self.offer_epoch(sid, out);
        }
        self.establish_if_promised(out);
    }

    fn offer_epoch(&mut self, sid: Sid, out: &mut Outs<P, I>) {
        let Role::Leading(leader) = &mut self.role else { return };
        let (Some(epoch), Some(learner)) = (leader.epoch, leader.learners.get_mut(&sid)) else {
            return;
        };
        learner.stage = Stage::Offered;
        out.push(Out::Send(sid, Packet::LeaderInfo { epoch }));
    }

    /// ACKEPOCH.
    pub(super) fn on_ack_epoch(
        &mut self,
        from: Sid,
        last_zxid: Zxid,
        current: Option<Epoch>,
        out: &mut Outs<P, I>,
    ) {
        let own = (self.current_epoch, self.history.logged());
        let Role::Leading(leader) = &mut self.role else { return };
        let Some(learner) = leader.learners.get_mut(&from) else { return };
        if learner.stage != Stage::Offered {
            self.drop_learner(from, Reason::Protocol("ACKEPOCH without LEADERINFO"), out);
            return;
        }
        // Only until the quorum is complete: later a learner may be ahead, and what it has more
        // was never committed, so it will be cut.
        if leader.phase == Phase::Discovery
            && !learner.observer
            && let Some(current) = current
        {
            if (current, last_zxid) > own && !self.rules.no_ahead_check() {
                self.drop_learner(from, Reason::LearnerAhead, out);
                return;
            }
            leader.promised.insert(from);
        }
        learner.stage = Stage::Promised;
        learner.last_zxid = last_zxid;
        if leader.phase == Phase::Discovery {
            self.establish_if_promised(out);
        } else {
            self.sync_learner(from, out);
        }
    }

    fn establish_if_promised(&mut self, out: &mut Outs<P, I>) {
        let Role::Leading(leader) = &mut self.role else { return };
        let Some(epoch) = leader.epoch else { return };
        let complete = leader.phase == Phase::Discovery
            && leader.epoch_durable
            && self.config.voters.is_quorum(&leader.promised);
        if !complete {
            return;
        }
        // The phase changes at once, so that a late ACKEPOCH is not compared; packets of the
        // new epoch wait until currentEpoch is on disk.
        leader.phase = Phase::Synchronization;
        self.current_epoch = epoch;
        self.persist(Write::CurrentEpoch(epoch), out);
    }

    /// currentEpoch is on disk: this server is the one leader of the epoch, for ever.
    pub(super) fn on_established(&mut self, epoch: Epoch, out: &mut Outs<P, I>) {
        let me = self.config.me;
        let Role::Leading(leader) = &mut self.role else { return };
        if leader.epoch != Some(epoch) {
            return;
        }
        leader.synced.insert(me);
        out.push(Out::Note(Note::Established(epoch)));
        out.push(Out::Entered(ServerState::Leading, Phase::Synchronization));
        let waiting: Vec<Sid> = leader
            .learners
            .iter()
            .filter(|(_, learner)| learner.stage == Stage::Promised)
            .map(|(sid, _)| *sid)
            .collect();
        for sid in waiting {
            self.sync_learner(sid, out);
        }
        self.serve_if_synced(out);
    }

    // --- learner -------------------------------------------------------------------------

    /// LEADERINFO.
    pub(super) fn on_leader_info(&mut self, epoch: Epoch, out: &mut Outs<P, I>) {
        let accepted = self.accepted_epoch;
        let Role::Learning(learner) = &mut self.role else { return };
        if learner.stage != LearnerStage::Registering {
            self.leave(Reason::Protocol("LEADERINFO out of turn"), out);
            return;
        }
        self.refused_epoch = epoch < accepted && !self.rules.accept_lower_epoch();
        if self.refused_epoch {
            self.leave(Reason::OldEpoch, out);
            return;
        }
        learner.epoch = epoch;
        learner.stage = LearnerStage::Promising;
        learner.promised_before = epoch == accepted && !self.rules.count_same_epoch_ack();
        if epoch == accepted {
            self.ack_epoch(out);
        } else if self.rules.epoch_not_persisted() {
            self.accepted_epoch = epoch;
            self.ack_epoch(out);
        } else {
            self.accepted_epoch = epoch;
            self.persist(Write::AcceptedEpoch(epoch), out);
        }
    }

    /// The promise is on disk: answer ACKEPOCH.
    pub(super) fn ack_epoch(&mut self, out: &mut Outs<P, I>) {
        let (current, logged) = (self.current_epoch, self.history.logged());
        let needs_snap = self.needs_snap;
        let Role::Learning(learner) = &mut self.role else { return };
        if learner.stage != LearnerStage::Promising {
            return;
        }
        learner.stage = LearnerStage::AwaitingSync;
        let current_epoch = (!learner.promised_before).then_some(current);
        // Rule S3: a zxid of 0 forces SNAP, and goes only with -1: with a countable epoch it
        // would blind the leader's comparison.
        let last_zxid = if needs_snap && learner.promised_before { Zxid::ZERO } else { logged };
        out.push(Out::Send(learner.leader, Packet::AckEpoch { last_zxid, current_epoch }));
    }
}
