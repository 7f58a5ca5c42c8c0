//! What the search asks of a server again and again, read once for each that is met.

use super::disk::Image;
use super::local::{Local, writes_epoch};
use crate::base::quorum::Voters;
use crate::base::{Epoch, Sid, Zxid};
use crate::zab::{LearnerStage, Phase, Rules, ServerState, Stage, Vote};
use alloc::vec::Vec;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Glance {
    pub(super) up: bool,
    /// Its vote for itself, while it waits in an election.
    pub(super) candidacy: Option<Vote>,
    pub(super) memory: Image,
    pub(super) tree: Image,
    pub(super) disk: Image,
    /// acceptedEpoch on disk.
    pub(super) accepted: Epoch,
    /// Clients see its tree.
    pub(super) serving: bool,
    pub(super) leading: bool,
    pub(super) in_synchronization: bool,
    /// Of the reign that it leads, once it is established.
    pub(super) established: Option<Epoch>,
    pub(super) epoch: Option<Epoch>,
    /// Whom it learns from.
    pub(super) leader: Option<Sid>,
    /// It waits for a stream to its leader.
    pub(super) connecting: bool,
    /// It has acknowledged NEWLEADER on its present link.
    pub(super) synced: bool,
    /// Outstanding proposals, each with those who are counted for it.
    pub(super) acks: Vec<(Zxid, Vec<Sid>)>,
    /// A leader hears a quorum: of the synchronized if it serves, else of all who are connected.
    pub(super) has_quorum: bool,
    pub(super) can_propose: bool,
    pub(super) can_flush: bool,
    pub(super) can_work: bool,
    /// Its oldest write is an epoch.
    pub(super) writes_epoch: bool,
}

impl Glance {
    pub(super) fn of<R: Rules>(me: Sid, voters: &Voters, local: &Local<R>) -> Self {
        let mut glance = Self {
            up: false,
            candidacy: None,
            memory: local.memory(),
            tree: Image::new(),
            disk: local.disk.history(),
            accepted: local.disk.accepted_epoch(),
            serving: false,
            leading: false,
            in_synchronization: false,
            established: None,
            epoch: None,
            leader: None,
            connecting: false,
            synced: false,
            acks: Vec::new(),
            has_quorum: false,
            can_propose: false,
            can_flush: false,
            can_work: false,
            writes_epoch: false,
        };
        let Some(process) = &local.process else { return glance };
        let peer = &process.peer;
        glance.up = true;
        glance.candidacy = peer.candidacy();
        glance.tree.clone_from(&process.tree);
        glance.serving = peer.is_serving();
        glance.leading = peer.state() == ServerState::Leading;
        glance.in_synchronization = peer.phase() == Phase::Synchronization;
        glance.leader = peer.leader().filter(|leader| *leader != me);
        if let Some((stage, _)) = peer.learning() {
            glance.connecting = stage == LearnerStage::Connecting;
            let synced = [LearnerStage::AwaitingUpToDate, LearnerStage::Broadcast];
            glance.synced = synced.contains(&stage);
        }
        if let Some(reign) = peer.reign() {
            glance.epoch = reign.epoch;
            glance.established = reign.epoch.filter(|_| reign.synced.contains(&me));
            let heard = reign.learners.iter().filter(|learner| {
                !learner.observer && (!glance.serving || learner.stage == Stage::Synced)
            });
            let heard: Vec<Sid> = heard.map(|learner| learner.sid).chain([me]).collect();
            glance.has_quorum = voters.is_quorum(&heard);
            let tail = peer.history().tail().iter();
            glance.acks = tail.filter_map(|txn| Some((txn.zxid, peer.acks(txn.zxid)?))).collect();
        }
        glance.can_propose = peer.next_zxid().is_some();
        glance.can_flush = !process.queue.is_empty();
        glance.can_work = process.jobs.front().is_some_and(|(before, _)| *before == 0);
        glance.writes_epoch = writes_epoch(peer.pending().front());
        glance
    }
}
