//! Phase 3, Broadcast: PROPOSAL, ACK after fsync, COMMIT in zxid order; INFORM for observers
//! (Java: `Leader.propose`, `processAck`, `tryToCommit`, `CommitProcessor`).

use super::leader::Stage;
use super::message::{Entry, Packet, Phase};
use super::output::{Note, Out, Reason};
use super::peer::{Outs, Peer, Role, Value};
use super::rules::Rules;
use crate::base::limits::COUNTER_MAX;
use crate::base::{Set, Sid, Zxid};

impl<P: Value, I: Value, R: Rules> Peer<P, I, R> {
    // --- leader --------------------------------------------------------------------------

    /// The zxid that the next proposal will have; `None` unless this server is a leader that
    /// serves.
    #[must_use]
    pub fn next_zxid(&self) -> Option<Zxid> {
        match &self.role {
            Role::Leading(leader) if leader.phase == Phase::Broadcast => {
                Some(self.last_proposed().next())
            }
            Role::Down
            | Role::Draining { .. }
            | Role::Looking(_)
            | Role::Leading(_)
            | Role::Learning(_) => None,
        }
    }

    /// The last zxid proposed, or the start of the epoch.
    #[must_use]
    pub fn last_proposed(&self) -> Zxid {
        match &self.role {
            Role::Leading(leader) => self.history.logged().max(leader.epoch_start()),
            Role::Down | Role::Draining { .. } | Role::Looking(_) | Role::Learning(_) => {
                self.history.logged()
            }
        }
    }

    /// Proposes a transaction under `zxid`, which [`Self::next_zxid`] gave in this step.
    ///
    /// # Panics
    /// If this server does not lead or the zxid is another one.
    pub fn propose(&mut self, zxid: Zxid, payload: P, out: &mut Outs<P, I>) {
        assert!(self.next_zxid() == Some(zxid), "{zxid} is not the next proposal");
        let entry = Entry { zxid, payload };
        self.append(entry.clone(), out);
        let Role::Leading(leader) = &mut self.role else { return };
        leader.acks.push_back(Set::new());
        if self.rules.leader_counts_unsynced_self() {
            leader.acks.back_mut().map(|acks| acks.insert(self.config.me));
        }
        for (sid, learner) in leader.learners.iter_mut() {
            if learner.is_forwarding() && !learner.observer {
                learner.unacked.push_back((zxid, 0));
                out.push(Out::Send(*sid, Packet::Proposal(entry.clone())));
            }
        }
        if zxid.counter() >= COUNTER_MAX {
            self.leave(Reason::CounterExhausted, out);
        }
    }

    /// ACK of a proposal. Only the link that gets the proposals now is counted (rule A2).
    pub(super) fn on_ack(&mut self, from: Sid, zxid: Zxid, out: &mut Outs<P, I>) {
        let Role::Leading(leader) = &mut self.role else { return };
        let Some(learner) = leader.learners.get_mut(&from) else { return };
        while learner.unacked.front().is_some_and(|(sent, _)| *sent <= zxid) {
            learner.unacked.pop_front();
        }
        let counts = learner.is_forwarding() && !learner.observer;
        if counts {
            self.count_ack(from, zxid);
            self.commit_ready(out);
        }
    }

    /// `sid` has `zxid` on disk.
    pub(super) fn count_ack(&mut self, sid: Sid, zxid: Zxid) {
        let Role::Leading(leader) = &mut self.role else { return };
        // The tail has no hole, so the place follows from the distance to its first entry.
        let Some(first) = self.history.tail().front() else { return };
        let distance = zxid.0.checked_sub(first.zxid.0).and_then(|at| usize::try_from(at).ok());
        if let Some(acks) = distance.and_then(|index| leader.acks.get_mut(index)) {
            acks.insert(sid);
        }
    }

    /// Commits from the oldest proposal on, as far as a quorum has them.
    pub(super) fn commit_ready(&mut self, out: &mut Outs<P, I>) {
        loop {
            let Role::Leading(leader) = &mut self.role else { return };
            let Some(acks) = leader.acks.front() else { return };
            let enough = self.config.voters.is_quorum(acks)
                || (self.rules.half_quorum() && 2 * acks.len() == self.config.voters.len());
            if leader.phase != Phase::Broadcast || !enough {
                return;
            }
            leader.acks.pop_front();
            self.commit_next(out);
        }
    }

    fn commit_next(&mut self, out: &mut Outs<P, I>) {
        let Some(entry) = self.history.apply_next() else { return };
        let Role::Leading(leader) = &mut self.role else { return };
        let zxid = entry.zxid;
        for (sid, learner) in leader.learners.iter_mut() {
            if !learner.is_forwarding() {
                continue;
            }
            let packet =
                if learner.observer { Packet::Inform(entry.clone()) } else { Packet::Commit(zxid) };
            if learner.stage == Stage::Synced {
                out.push(Out::Send(*sid, packet));
            } else {
                learner.held.push(packet);
            }
        }
        out.push(Out::Note(Note::Committed(zxid)));
        out.push(Out::Deliver(entry));
    }

    // --- learner -------------------------------------------------------------------------

    /// PROPOSAL in Broadcast: to the log; the ACK follows when it is durable.
    pub(super) fn on_proposal(&mut self, entry: Entry<P>, out: &mut Outs<P, I>) {
        let zxid = entry.zxid;
        if self.history.is_next(zxid) {
            self.append(entry, out);
            if self.rules.ack_before_fsync() {
                self.on_logged(zxid, out);
            }
            if self.rules.apply_on_proposal() {
                self.deliver_next(out);
            }
        } else if zxid > self.history.logged() {
            self.leave(Reason::Protocol("a hole between proposals"), out);
        }
        // A proposal that the history already has came with the sync: nothing to do.
    }

    /// COMMIT in Broadcast: it must name the oldest transaction that waits.
    pub(super) fn on_commit(&mut self, zxid: Zxid, out: &mut Outs<P, I>) {
        match self.history.tail().front() {
            Some(oldest) if oldest.zxid == zxid => self.deliver_next(out),
            _ if zxid <= self.history.applied() => {}
            _ => self.leave(Reason::Protocol("COMMIT out of order"), out),
        }
    }

    /// INFORM: an observer's PROPOSAL and COMMIT in one.
    pub(super) fn on_inform(&mut self, entry: Entry<P>, out: &mut Outs<P, I>) {
        let zxid = entry.zxid;
        self.on_proposal(entry, out);
        if let Role::Learning(_) = self.role {
            self.on_commit(zxid, out);
        }
    }

    /// The log is durable up to `zxid`: a follower says so, if the transaction came in Broadcast.
    pub(super) fn on_logged(&mut self, zxid: Zxid, out: &mut Outs<P, I>) {
        let Role::Learning(learner) = &self.role else { return };
        if learner.acks_proposals() {
            out.push(Out::Send(learner.leader, Packet::Ack(zxid)));
        }
    }
}
