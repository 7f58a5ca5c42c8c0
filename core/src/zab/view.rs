//! What a server of the protocol knows, as plain values: for pictures and explanations.

use super::leader::{Stage, SyncChoice};
use super::learner::LearnerStage;
use super::message::Phase;
use super::peer::{Peer, Role, Value};
use super::rules::Rules;
use crate::base::{Epoch, Sid, Zxid};
use alloc::vec::Vec;

/// What a leader knows of its reign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReignView {
    /// How far it has come.
    pub phase: Phase,
    /// Its epoch; `None` until a quorum has reported.
    pub epoch: Option<Epoch>,
    /// The own promise is on disk.
    pub epoch_durable: bool,
    /// Who reported an acceptedEpoch.
    pub reported: Vec<Sid>,
    /// Who promised the epoch.
    pub promised: Vec<Sid>,
    /// Who has the history of the epoch on disk.
    pub synced: Vec<Sid>,
    /// The learners that are connected.
    pub learners: Vec<LearnerView>,
}

/// What a leader knows of one learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnerView {
    /// Which.
    pub sid: Sid,
    /// It does not vote.
    pub observer: bool,
    /// How far its link has come.
    pub stage: Stage,
    /// Last zxid it reported.
    pub last_zxid: Zxid,
    /// Ticks since its last packet.
    pub silent_ticks: u32,
    /// Proposals that it has not acknowledged.
    pub unacked: usize,
    /// How it was brought to the leader's history.
    pub sync: Option<SyncChoice>,
}

impl<P: Value, I: Value, R: Rules> Peer<P, I, R> {
    /// The voters whose votes the settle wait of an election is for.
    #[must_use]
    pub fn awaited_votes(&self) -> Vec<Sid> {
        let Role::Looking(election) = &self.role else { return Vec::new() };
        election.missing(&self.config.voters, &self.lost).collect()
    }

    /// The reign, if this server leads or tries to.
    #[must_use]
    pub fn reign(&self) -> Option<ReignView> {
        let Role::Leading(leader) = &self.role else { return None };
        let learners = leader.learners.iter().map(|(sid, learner)| LearnerView {
            sid: *sid,
            observer: learner.observer,
            stage: learner.stage,
            last_zxid: learner.last_zxid,
            silent_ticks: learner.silent_ticks,
            unacked: learner.unacked.len(),
            sync: learner.sync,
        });
        Some(ReignView {
            phase: leader.phase,
            epoch: leader.epoch,
            epoch_durable: leader.epoch_durable,
            reported: leader.reported.keys().copied().collect(),
            promised: leader.promised.iter().copied().collect(),
            synced: leader.synced.iter().copied().collect(),
            learners: learners.collect(),
        })
    }

    /// Who has this proposal on disk, as far as this leader knows; `None` if it does not wait for
    /// its commit here.
    #[must_use]
    pub fn acks(&self, zxid: Zxid) -> Option<Vec<Sid>> {
        let Role::Leading(leader) = &self.role else { return None };
        let at = self.history.tail().iter().position(|entry| entry.zxid == zxid)?;
        leader.acks.get(at).map(|acks| acks.iter().copied().collect())
    }

    /// How far this learner has come with its leader, and for how many ticks it heard nothing.
    #[must_use]
    pub const fn learning(&self) -> Option<(LearnerStage, u32)> {
        match &self.role {
            Role::Learning(learner) => Some((learner.stage, learner.silent_ticks)),
            Role::Down | Role::Draining { .. } | Role::Looking(_) | Role::Leading(_) => None,
        }
    }

    /// True while a role was left and the disk has to catch up before this server votes.
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        matches!(self.role, Role::Draining { .. })
    }
}
