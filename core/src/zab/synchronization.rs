//! Phase 2, Synchronization: every learner gets the leader's history
//! (Java: `LearnerHandler.syncFollower`, `Leader.startForwarding`, `Learner.syncWithLeader`).
//!
//! The leader answers ACKEPOCH with DIFF, TRUNC or SNAP, the history behind it, for followers
//! the outstanding proposals, and NEWLEADER; from that step on the learner gets everything new
//! (deciding and forwarding are one step: ZOOKEEPER-962 was a gap between them). Before a quorum
//! has acknowledged NEWLEADER nothing of it is known to be committed, although it goes out as
//! PROPOSAL and COMMIT; so a learner serves nobody before UPTODATE and may lose it again.
//!
//! The learner's order of duties at NEWLEADER: state or history on disk, then currentEpoch, then
//! the ACK. Each swapped pair loses data (ZOOKEEPER-3911, 4643, 4646, 4785).

use super::disk::{Job, Mark, Recovered, Write};
use super::history::History;
use super::leader::{Stage, SyncChoice};
use super::learner::{LearnerStage, SyncMode};
use super::message::{Entry, Packet, Phase, ServerState};
use super::output::{Note, Out, Reason, SyncKind, Timer};
use super::peer::{Outs, Peer, Role, Value};
use super::rules::Rules;
use super::sync_plan::{Plan, has_hole, plan, walk};
use crate::base::{Epoch, Sid, Zxid};
use alloc::vec::Vec;

impl<P: Value, I: Value, R: Rules> Peer<P, I, R> {
    // --- leader --------------------------------------------------------------------------

    /// Brings a learner, whose ACKEPOCH came, to the own history.
    pub(super) fn sync_learner(&mut self, sid: Sid, out: &mut Outs<P, I>) {
        let Role::Leading(leader) = &mut self.role else { return };
        // currentEpoch must be on disk before anybody hears a packet of the new epoch.
        if !leader.synced.contains(&self.config.me) {
            return;
        }
        let Some(learner) = leader.learners.get_mut(&sid) else { return };
        let (last_zxid, applied) = (learner.last_zxid, self.history.applied());
        let recent = self.history.recent();
        let found = match plan(last_zxid, applied, recent.iter()) {
            Plan::Snap if last_zxid < applied && self.rules.no_trunc_in_range() => {
                let from = recent.iter().position(|entry| entry.zxid > last_zxid);
                Plan::Diff { zxid: applied, from: from.unwrap_or(usize::MAX) }
            }
            _ if last_zxid == Zxid::ZERO && self.rules.empty_diff() => {
                Plan::Diff { zxid: applied, from: usize::MAX }
            }
            sound @ (Plan::Diff { .. } | Plan::Trunc { .. } | Plan::Snap | Plan::ReadLog) => sound,
        };
        match found {
            Plan::ReadLog => match recent.front() {
                // Nothing older can be in the log if nothing newer is in memory.
                None => self.send_sync(sid, Plan::Snap, Vec::new(), out),
                Some(first) => {
                    learner.stage = Stage::ReadingLog;
                    let (from, to) = (learner.last_zxid, first.zxid);
                    out.push(Out::Job(Job::ReadLog { learner: sid, from, to }));
                }
            },
            Plan::Diff { .. } | Plan::Trunc { .. } | Plan::Snap => {
                let missing = recent.iter().skip(found.from()).cloned().collect();
                self.send_sync(sid, found, missing, out);
            }
        }
    }

    /// The log files were read for this learner. Its place is looked for anew: commits went on
    /// meanwhile, and the oldest transaction in memory may be another one.
    pub(super) fn on_log_read(
        &mut self,
        sid: Sid,
        read: Option<Vec<Entry<P>>>,
        out: &mut Outs<P, I>,
    ) {
        let Role::Leading(leader) = &self.role else { return };
        let Some(learner) = leader.learners.get(&sid) else { return };
        if learner.stage != Stage::ReadingLog {
            return;
        }
        let last_zxid = learner.last_zxid;
        let mut entries = read.unwrap_or_default();
        let reaches_back = entries.first().is_some_and(|first| first.zxid <= last_zxid);
        let last_read = entries.last().map_or(Zxid::ZERO, |last| last.zxid);
        // They must overlap with what is in memory, or there could be a hole between.
        let overlaps = self.history.recent().front().is_some_and(|first| first.zxid <= last_read);
        if !reaches_back || !overlaps {
            self.send_sync(sid, Plan::Snap, Vec::new(), out);
            return;
        }
        entries
            .extend(self.history.recent().iter().filter(|entry| entry.zxid > last_read).cloned());
        if has_hole(&entries) {
            self.send_sync(sid, Plan::Snap, Vec::new(), out);
            return;
        }
        let found = walk(last_zxid, self.history.applied(), entries.iter());
        let missing = entries.into_iter().skip(found.from()).collect();
        self.send_sync(sid, found, missing, out);
    }

    /// `missing` goes out behind the packet of the plan, committed.
    fn send_sync(&mut self, sid: Sid, plan: Plan, missing: Vec<Entry<P>>, out: &mut Outs<P, I>) {
        let applied = self.history.applied();
        let config = self.config.text.clone();
        let Role::Leading(leader) = &mut self.role else { return };
        let Some(epoch) = leader.epoch else { return };
        let Some(learner) = leader.learners.get_mut(&sid) else { return };
        let (with, zxid, cut_to) = match plan {
            Plan::Diff { zxid, .. } => (SyncKind::Diff, zxid, None),
            Plan::Trunc { zxid, .. } => (SyncKind::Trunc, zxid, Some(zxid)),
            Plan::Snap | Plan::ReadLog => (SyncKind::Snap, applied, Some(applied)),
        };
        out.push(match with {
            SyncKind::Diff => Out::Send(sid, Packet::Diff { zxid }),
            SyncKind::Trunc => Out::Send(sid, Packet::Trunc { zxid }),
            SyncKind::Snap => Out::SendSnap(sid, zxid),
        });
        let txns = u32::try_from(missing.len()).unwrap_or(u32::MAX);
        for entry in missing {
            let zxid = entry.zxid;
            out.push(Out::Send(sid, Packet::Proposal(entry)));
            out.push(Out::Send(sid, Packet::Commit(zxid)));
        }
        let oldest = self.history.recent().front().map_or(applied, |entry| entry.zxid);
        learner.sync = Some(SyncChoice { with, zxid, oldest, applied, txns });
        out.push(Out::Note(Note::Syncing { learner: sid, with, zxid, txns }));
        learner.stage = Stage::Syncing;
        if !learner.observer {
            for entry in self.history.tail() {
                out.push(Out::Send(sid, Packet::Proposal(entry.clone())));
            }
        }
        out.push(Out::Send(sid, Packet::NewLeader { epoch, config }));
        // Rule A1: what is cut there is not on its disk any more. It will be acknowledged again.
        if let Some(cut) = cut_to {
            for (entry, acks) in self.history.tail().iter().zip(&mut leader.acks) {
                if entry.zxid > cut {
                    acks.remove(&sid);
                }
            }
        }
    }

    /// ACK of NEWLEADER, or the second one that follows UPTODATE.
    pub(super) fn on_ack_new_leader(&mut self, from: Sid, zxid: Zxid, out: &mut Outs<P, I>) {
        let Role::Leading(leader) = &mut self.role else { return };
        let start = leader.epoch_start();
        let Some(learner) = leader.learners.get_mut(&from) else { return };
        if learner.stage != Stage::Syncing {
            return;
        }
        if zxid != start {
            self.drop_learner(from, Reason::Protocol("ACK of another epoch"), out);
            return;
        }
        learner.stage = Stage::Synced;
        let votes = !learner.observer;
        out.push(Out::Note(Note::Synced(from)));
        if votes {
            leader.synced.insert(from);
        }
        if leader.phase == Phase::Broadcast {
            self.send_up_to_date(from, out);
        } else {
            self.serve_if_synced(out);
        }
    }

    /// With a quorum of ACKs of NEWLEADER everything in the history is committed, and clients
    /// may come.
    pub(super) fn serve_if_synced(&mut self, out: &mut Outs<P, I>) {
        let Role::Leading(leader) = &mut self.role else { return };
        if leader.phase != Phase::Synchronization
            || !leader.synced.contains(&self.config.me)
            || !(self.config.voters.is_quorum(&leader.synced)
                || self.rules.serve_before_newleader_quorum())
        {
            return;
        }
        let Some(epoch) = leader.epoch else { return };
        leader.phase = Phase::Broadcast;
        let synced: Vec<Sid> = leader
            .learners
            .iter()
            .filter(|(_, learner)| learner.stage == Stage::Synced)
            .map(|(sid, _)| *sid)
            .collect();
        self.update_vote(epoch);
        out.push(Out::CancelTimer(Timer::InitLimit));
        out.push(Out::Note(Note::Serving(epoch)));
        out.push(Out::Entered(ServerState::Leading, Phase::Broadcast));
        for sid in synced {
            self.send_up_to_date(sid, out);
        }
    }

    fn send_up_to_date(&mut self, sid: Sid, out: &mut Outs<P, I>) {
        let Role::Leading(leader) = &mut self.role else { return };
        let Some(learner) = leader.learners.get_mut(&sid) else { return };
        out.push(Out::Send(sid, Packet::UpToDate));
        for packet in core::mem::take(&mut learner.held) {
            out.push(Out::Send(sid, packet));
        }
    }

    // --- learner -------------------------------------------------------------------------

    /// DIFF, TRUNC or SNAP.
    pub(super) fn on_sync_start(&mut self, packet: Packet<P, I>, out: &mut Outs<P, I>) {
        let logged = self.history.logged();
        let Role::Learning(learner) = &mut self.role else { return };
        if learner.stage != LearnerStage::AwaitingSync {
            self.leave(Reason::Protocol("a sync packet out of turn"), out);
            return;
        }
        learner.stage = LearnerStage::Syncing;
        // The zxid of DIFF is informative: taking it for what this server has is a bug that
        // ZooKeeper had.
        learner.sync = SyncMode::Diff;
        if let Packet::Trunc { zxid } = packet {
            learner.sync = SyncMode::Trunc;
            if zxid > logged {
                self.leave(Reason::Protocol("TRUNC behind the end of the log"), out);
                return;
            }
            let to = if self.rules.trunc_too_much() { self.history.before(zxid) } else { zxid };
            learner.stage = LearnerStage::Truncating { to };
            self.persist(Write::Truncate(to), out);
        } else if let Packet::Snap { zxid, image } = packet {
            learner.sync = SyncMode::Snap;
            self.history = History::recovered([], zxid);
            out.push(Out::Restore(image));
        }
    }

    /// The log is cut: the tree is made anew from it, because no version below is kept.
    pub(super) fn on_truncated(&mut self, out: &mut Outs<P, I>) {
        let Role::Learning(learner) = &mut self.role else { return };
        if let LearnerStage::Truncating { to } = learner.stage {
            learner.stage = LearnerStage::Reloading { to };
            out.push(Out::Job(Job::ReadState));
        }
    }

    /// The state below the cut was read.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn on_truncated_state(&mut self, recovered: Recovered<P, I>, out: &mut Outs<P, I>) {
        let Role::Learning(learner) = &mut self.role else { return };
        let LearnerStage::Reloading { to } = learner.stage else { return };
        if recovered.last_zxid != to {
            // The log does not reach back to the cut: its history came by SNAP. Nothing is
            // wiped, what is left may count in quorums; the leader is asked for SNAP (rule S3).
            self.needs_snap = true;
            self.restore(recovered, out);
            self.leave(Reason::CannotTruncate, out);
            return;
        }
        learner.stage = LearnerStage::Syncing;
        let inbox = core::mem::take(&mut learner.inbox);
        if self.rules.trunc_keeps_snapshot() {
            self.history = History::recovered(recovered.recent, recovered.last_zxid);
        } else {
            self.restore(recovered, out);
        }
        for packet in inbox {
            self.on_leader_packet(packet, out);
        }
    }

    /// NEWLEADER: everything that was sent is on its way to the disk before currentEpoch, and
    /// that before the ACK, because writes are FIFO.
    pub(super) fn on_new_leader(&mut self, epoch: Epoch, out: &mut Outs<P, I>) {
        let Role::Learning(learner) = &mut self.role else { return };
        if learner.stage != LearnerStage::Syncing || epoch != learner.epoch {
            self.leave(Reason::Protocol("NEWLEADER out of turn"), out);
            return;
        }
        learner.stage = LearnerStage::Adopting;
        let snap = learner.sync == SyncMode::Snap;
        self.adopt_epoch_early(epoch, out);
        self.adopt_history(snap, out);
        if snap {
            self.persist_state(out);
        }
        self.adopt_epoch(epoch, out);
    }

    /// The transactions of the sync whose COMMIT came are logged and applied. What came by SNAP is
    /// not logged: the state on disk will hold it, and no log entry below a snapshot is needed.
    fn adopt_history(&mut self, snap: bool, out: &mut Outs<P, I>) {
        if self.rules.ack_newleader_before_log() && !snap {
            return;
        }
        while let Some(entry) = self.next_committed() {
            if snap {
                self.history.append(entry);
            } else {
                self.append(entry, out);
            }
            if self.rules.hole_in_recent_log() {
                out.extend(self.history.apply_unremembered().map(Out::Deliver));
            } else {
                self.deliver_next(out);
            }
        }
    }

    /// The state of a SNAP, with all that was applied to it, goes to the disk.
    fn persist_state(&mut self, out: &mut Outs<P, I>) {
        let zxid = self.history.applied();
        self.pending.push_back(Mark::Installed(zxid));
        out.push(Out::PersistState(zxid));
        self.needs_snap = false;
    }

    /// currentEpoch goes to the disk, behind the history that it adopts (rule D2).
    fn adopt_epoch(&mut self, epoch: Epoch, out: &mut Outs<P, I>) {
        if self.rules.current_epoch_at_uptodate() {
            // What is promised already, written again: its end says that the history is on disk.
            self.persist(Write::AcceptedEpoch(epoch), out);
            return;
        }
        self.current_epoch = epoch;
        if !self.rules.ack_newleader_before_fsync() {
            self.persist(Write::CurrentEpoch(epoch), out);
        }
    }

    /// What only mutants do: currentEpoch goes to the disk before the history.
    fn adopt_epoch_early(&mut self, epoch: Epoch, out: &mut Outs<P, I>) {
        if self.rules.ack_newleader_before_fsync() || self.rules.current_epoch_before_log() {
            self.persist(Write::CurrentEpoch(epoch), out);
        }
    }

    /// The oldest transaction of the sync whose COMMIT came.
    fn next_committed(&mut self) -> Option<Entry<P>> {
        let Role::Learning(learner) = &mut self.role else { return None };
        let first = learner.queued.front()?;
        if first.zxid <= learner.committed { learner.queued.pop_front() } else { None }
    }

    /// currentEpoch is on disk, and so is all before it.
    pub(super) fn on_epoch_adopted(&mut self, epoch: Epoch, out: &mut Outs<P, I>) {
        // The mutant writes it twice; the history is on disk with the second.
        let again = self.pending.contains(&Mark::CurrentEpoch(epoch));
        if again && self.rules.current_epoch_before_log() {
            return;
        }
        let Role::Learning(learner) = &mut self.role else { return };
        if learner.stage == LearnerStage::Adopting && learner.epoch == epoch {
            learner.stage = LearnerStage::AwaitingUpToDate;
            learner.silent_ticks = 0;
            out.push(Out::Send(learner.leader, Packet::Ack(Zxid::epoch_start(epoch))));
        }
    }

    /// UPTODATE: a quorum has the history. Proposals that waited go to the log, each with an ACK
    /// of its own, and waiting COMMITs are applied.
    pub(super) fn on_up_to_date(&mut self, out: &mut Outs<P, I>) {
        let Role::Learning(learner) = &mut self.role else { return };
        if learner.stage != LearnerStage::AwaitingUpToDate {
            self.leave(Reason::Protocol("UPTODATE out of turn"), out);
            return;
        }
        learner.stage = LearnerStage::Broadcast;
        let (epoch, leader, state) = (learner.epoch, learner.leader, learner.state());
        let queued = core::mem::take(&mut learner.queued);
        let committed = learner.committed;
        if self.rules.current_epoch_at_uptodate() {
            self.current_epoch = epoch;
            self.persist(Write::CurrentEpoch(epoch), out);
        }
        self.update_vote(epoch);
        out.push(Out::CancelTimer(Timer::InitLimit));
        out.push(Out::Send(leader, Packet::Ack(Zxid::epoch_start(epoch))));
        out.push(Out::Note(Note::Serving(epoch)));
        out.push(Out::Entered(state, Phase::Broadcast));
        for entry in queued {
            self.append(entry, out);
        }
        while self.history.tail().front().is_some_and(|entry| entry.zxid <= committed) {
            self.deliver_next(out);
        }
    }
}
