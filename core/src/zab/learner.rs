//! FOLLOWING and OBSERVING: a learner's way from its leader's address to Broadcast
//! (Java: `Learner`, `Follower`, `Observer`).

use super::disk::Mark;
use super::message::{Entry, Packet, Phase, ServerState};
use super::output::{Out, Reason, Timer};
use super::peer::{Outs, Peer, Role, Value};
use super::rules::Rules;
use crate::base::limits::SYNC_PACKETS_MAX;
use crate::base::{Epoch, Link, Millis, Sid, Zxid};
use alloc::collections::VecDeque;

/// Tries to reach an elected leader, which may open its port a little later: mostly by less than a
/// message's way, but one of Apache's by its settle wait, which does not end early.
const CONNECT_TRIES: u32 = 9;
/// Pause after the first of them; each further one is twice as long, 510 ms in all. (Java pauses
/// 100 ms each time, `zookeeper.leaderConnectDelayDuringRetryMs`, 400 ms in all.)
const CONNECT_RETRY_MIN_MS: u64 = 2;

/// What a learner keeps about its present leader's link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Learner<P, I> {
    pub(super) leader: Sid,
    pub(super) observer: bool,
    pub(super) stage: LearnerStage,
    pub(super) epoch: Epoch,
    /// LEADERINFO named the epoch that was promised already.
    pub(super) promised_before: bool,
    pub(super) sync: SyncMode,
    /// Packets that wait for the disk while the log is cut and read again.
    pub(super) inbox: VecDeque<Packet<P, I>>,
    /// Proposals of the sync that are not in the log yet.
    pub(super) queued: VecDeque<Entry<P>>,
    /// Last COMMIT of the sync.
    pub(super) committed: Zxid,
    pub(super) silent_ticks: u32,
    tries: u32,
}

/// How far the link has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LearnerStage {
    /// Opening the stream.
    Connecting,
    /// FOLLOWERINFO is sent.
    Registering,
    /// acceptedEpoch is on its way to the disk.
    Promising,
    /// ACKEPOCH is sent.
    AwaitingSync,
    /// The log is being cut.
    Truncating {
        /// Last zxid to keep.
        to: Zxid,
    },
    /// The state below the cut is being read.
    Reloading {
        /// Last zxid that was kept.
        to: Zxid,
    },
    /// History is coming.
    Syncing,
    /// NEWLEADER came; history and currentEpoch are on their way to the disk.
    Adopting,
    /// NEWLEADER is acknowledged.
    AwaitingUpToDate,
    /// Serving.
    Broadcast,
}

impl LearnerStage {
    /// DIFF, TRUNC or SNAP came: transactions may follow.
    const fn is_behind_sync_start(self) -> bool {
        match self {
            Self::Connecting | Self::Registering | Self::Promising | Self::AwaitingSync => false,
            Self::Truncating { .. }
            | Self::Reloading { .. }
            | Self::Syncing
            | Self::Adopting
            | Self::AwaitingUpToDate
            | Self::Broadcast => true,
        }
    }
}

/// How the leader synchronizes this learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyncMode {
    /// Transactions on top of what is there.
    Diff,
    /// The same after a cut.
    Trunc,
    /// A new state.
    Snap,
}

impl<P, I> Learner<P, I> {
    /// FOLLOWING or OBSERVING.
    #[must_use]
    pub const fn state(&self) -> ServerState {
        if self.observer { ServerState::Observing } else { ServerState::Following }
    }

    /// The phase that the stage belongs to.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match self.stage {
            LearnerStage::Connecting
            | LearnerStage::Registering
            | LearnerStage::Promising
            | LearnerStage::AwaitingSync => Phase::Discovery,
            LearnerStage::Truncating { .. }
            | LearnerStage::Reloading { .. }
            | LearnerStage::Syncing
            | LearnerStage::Adopting
            | LearnerStage::AwaitingUpToDate => Phase::Synchronization,
            LearnerStage::Broadcast => Phase::Broadcast,
        }
    }

    /// Would the tree differ from what the disk has once all writes are done? While a SNAP is
    /// only in memory, or the log is cut and the tree is not.
    pub(super) fn is_ahead_of_disk(&self) -> bool {
        match self.stage {
            LearnerStage::Truncating { .. } | LearnerStage::Reloading { .. } => true,
            LearnerStage::Syncing => self.sync == SyncMode::Snap,
            LearnerStage::Connecting
            | LearnerStage::Registering
            | LearnerStage::Promising
            | LearnerStage::AwaitingSync
            | LearnerStage::Adopting
            | LearnerStage::AwaitingUpToDate
            | LearnerStage::Broadcast => false,
        }
    }

    /// Proposals are acknowledged one by one in Broadcast; those of the sync are covered by the
    /// ACK of NEWLEADER. Observers acknowledge none.
    pub(super) fn acks_proposals(&self) -> bool {
        !self.observer && self.stage == LearnerStage::Broadcast
    }
}

impl<P: Value, I: Value, R: Rules> Peer<P, I, R> {
    pub(super) fn become_learner(&mut self, leader: Sid, out: &mut Outs<P, I>) {
        let learner = Learner {
            leader,
            observer: !self.config.is_voter(),
            stage: LearnerStage::Connecting,
            epoch: Epoch(0),
            promised_before: false,
            sync: SyncMode::Diff,
            inbox: VecDeque::new(),
            queued: VecDeque::new(),
            committed: Zxid::ZERO,
            silent_ticks: 0,
            tries: 1,
        };
        out.push(Out::Entered(learner.state(), Phase::Discovery));
        self.role = Role::Learning(learner);
        out.push(Out::SetTimer(Timer::InitLimit, self.config.init_limit_ms()));
        out.push(Out::SetTimer(Timer::Tick, self.config.tick_ms));
        if self.refused_epoch {
            out.push(Out::SetTimer(Timer::ConnectRetry, self.config.tick_ms));
        } else {
            out.push(Out::Connect(Link::Quorum(leader)));
        }
    }

    pub(super) fn on_leader_linked(&mut self, out: &mut Outs<P, I>) {
        let (sid, accepted_epoch) = (self.config.me, self.accepted_epoch);
        let Role::Learning(learner) = &mut self.role else { return };
        learner.stage = LearnerStage::Registering;
        learner.silent_ticks = 0;
        let packet = if learner.observer {
            Packet::ObserverInfo { accepted_epoch, sid, config_version: 0 }
        } else {
            Packet::FollowerInfo { accepted_epoch, sid, config_version: 0 }
        };
        out.push(Out::Send(learner.leader, packet));
    }

    pub(super) fn on_leader_unlinked(&mut self, out: &mut Outs<P, I>) {
        let Role::Learning(learner) = &mut self.role else { return };
        let early = matches!(learner.stage, LearnerStage::Connecting | LearnerStage::Registering);
        if early && learner.tries < CONNECT_TRIES {
            let pause = Millis(CONNECT_RETRY_MIN_MS << (learner.tries - 1));
            learner.tries += 1;
            learner.stage = LearnerStage::Connecting;
            out.push(Out::SetTimer(Timer::ConnectRetry, pause));
        } else {
            let why = if early { Reason::NoLeader } else { Reason::LinkLost };
            self.leave(why, out);
        }
    }

    pub(super) fn on_connect_retry(&mut self, out: &mut Outs<P, I>) {
        let Role::Learning(learner) = &self.role else { return };
        if learner.stage == LearnerStage::Connecting {
            out.push(Out::Connect(Link::Quorum(learner.leader)));
        }
    }

    /// Counts the silence of the leader.
    pub(super) fn on_tick(&mut self, out: &mut Outs<P, I>) {
        let (init, sync) = (self.config.init_limit, self.config.sync_limit);
        let tick_ms = self.config.tick_ms;
        let Role::Learning(learner) = &mut self.role else { return };
        learner.silent_ticks += 1;
        let synced =
            matches!(learner.stage, LearnerStage::AwaitingUpToDate | LearnerStage::Broadcast);
        let limit = if synced { sync } else { init };
        if learner.silent_ticks > limit {
            self.leave(Reason::Silent, out);
        } else {
            out.push(Out::SetTimer(Timer::Tick, tick_ms));
        }
    }

    pub(super) fn on_leader_packet(&mut self, packet: Packet<P, I>, out: &mut Outs<P, I>) {
        let Role::Learning(learner) = &mut self.role else { return };
        learner.silent_ticks = 0;
        if matches!(learner.stage, LearnerStage::Truncating { .. } | LearnerStage::Reloading { .. })
        {
            if learner.inbox.len() < SYNC_PACKETS_MAX {
                learner.inbox.push_back(packet);
            } else {
                self.leave(Reason::Protocol("too many packets during TRUNC"), out);
            }
            return;
        }
        let history_comes = learner.stage.is_behind_sync_start();
        let serving = learner.stage == LearnerStage::Broadcast;
        match packet {
            // What would stand on the present history, before the leader says which one it keeps.
            Packet::Proposal(_) | Packet::Commit(_) | Packet::Inform(_) if !history_comes => {
                self.leave(Reason::Protocol("a transaction before the sync"), out);
            }
            Packet::LeaderInfo { epoch } => self.on_leader_info(epoch, out),
            Packet::Diff { .. } | Packet::Trunc { .. } | Packet::Snap { .. } => {
                self.on_sync_start(packet, out);
            }
            Packet::NewLeader { epoch, .. } => self.on_new_leader(epoch, out),
            Packet::UpToDate => self.on_up_to_date(out),
            Packet::Proposal(entry) if serving => self.on_proposal(entry, out),
            Packet::Proposal(entry) => self.queue_proposal(entry, out),
            Packet::Commit(zxid) if serving => self.on_commit(zxid, out),
            Packet::Commit(zxid) => self.queue_commit(zxid),
            Packet::Inform(entry) if serving => self.on_inform(entry, out),
            Packet::Inform(entry) => {
                let zxid = entry.zxid;
                self.queue_proposal(entry, out);
                self.queue_commit(zxid);
            }
            // The owner reads these; that they came is what counts here.
            Packet::Ping { .. }
            | Packet::Revalidated { .. }
            | Packet::Revalidate(_)
            | Packet::Sync => {}
            Packet::FollowerInfo { .. }
            | Packet::ObserverInfo { .. }
            | Packet::AckEpoch { .. }
            | Packet::Ack(_)
            | Packet::Request(_) => {
                self.leave(Reason::Protocol("a learner's packet from the leader"), out);
            }
        }
    }

    /// A proposal before UPTODATE: it waits for NEWLEADER (if its COMMIT comes before) or for
    /// UPTODATE.
    fn queue_proposal(&mut self, entry: Entry<P>, out: &mut Outs<P, I>) {
        let logged = self.history.logged();
        let Role::Learning(learner) = &mut self.role else { return };
        let last = learner.queued.back().map_or(logged, |queued| queued.zxid);
        // The state of a SNAP may hold it already.
        if entry.zxid <= last {
            return;
        }
        if !entry.zxid.follows(last) {
            self.leave(Reason::Protocol("a hole between proposals of the sync"), out);
        } else if learner.queued.len() >= SYNC_PACKETS_MAX {
            self.leave(Reason::Protocol("too many proposals in the sync"), out);
        } else {
            learner.queued.push_back(entry);
        }
    }

    fn queue_commit(&mut self, zxid: Zxid) {
        if let Role::Learning(learner) = &mut self.role {
            learner.committed = learner.committed.max(zxid);
        }
    }

    pub(super) fn on_learner_durable(&mut self, mark: Mark, out: &mut Outs<P, I>) {
        match mark {
            Mark::AcceptedEpoch(epoch) => {
                self.ack_epoch(out);
                if self.rules.current_epoch_at_uptodate() {
                    self.on_epoch_adopted(epoch, out);
                }
            }
            Mark::CurrentEpoch(epoch) => self.on_epoch_adopted(epoch, out),
            Mark::Truncated(_) => self.on_truncated(out),
            Mark::Log(zxid) => self.on_logged(zxid, out),
            Mark::Installed(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
