//! How a reign begins for each server: what recovery finds, who may lead, what a learner takes
//! over, and from whom.

use super::violation::{Found, Oracle};
use crate::base::{Effect, Epoch, Link, Map, NodeId, Set, Sid, Zxid};
use crate::ensemble::{Actor, Note};
use crate::server::message::{Msg, Packet, Write};
use crate::server::{self, Disk, Server};
use crate::sim::{Action, Item, StepRecord, Wire, World};
use crate::zab::{self, LearnerStage, Phase, Rules, ServerState};
use alloc::format;

/// How much a server knows, as votes and ACKEPOCHs compare it.
type Knowledge = (Epoch, Zxid);

/// The oracle of discovery and synchronization.
#[derive(Clone, Debug, Default)]
pub struct Joining {
    /// What a candidate knew when it offered this epoch.
    offered: Map<(Sid, Epoch), Knowledge>,
    /// ACKEPOCHs that count, by the number of the message.
    reports: Map<u64, (Epoch, Knowledge)>,
    /// The last TRUNC from this leader to this learner.
    told: Map<(Sid, Sid), Zxid>,
    /// Learners that read the state below a cut.
    cut: Map<NodeId, Zxid>,
}

impl Joining {
    /// Judges one step.
    ///
    /// # Errors
    /// The rule that it broke.
    pub fn look<R: Rules>(
        &mut self,
        world: &World<Actor<R>>,
        record: &StepRecord<Actor<R>>,
    ) -> Result<(), Found> {
        let Some(node @ NodeId::Server(sid)) = record.action().and_then(Action::node) else {
            return Ok(());
        };
        let Some(slot) = world.slot(node) else { return Ok(()) };
        let Some(server) = slot.process().and_then(Actor::server) else {
            self.cut.remove(&node);
            return Ok(());
        };
        if record.applied && matches!(record.action(), Some(Action::Start(_))) {
            let peer = server.peer();
            recovered(node, peer.history().applied(), peer.current_epoch())?;
        }
        for item in record.sent.iter().filter(|item| item.from.node == node) {
            self.sent(sid, server, item);
        }
        if let Some(item) = record.arrived.as_ref().filter(|_| !record.lost) {
            self.arrived(node, sid, server, record, item)?;
        }
        self.cuts(node, sid, server, slot.disk(), record)
    }

    fn sent<R: Rules>(&mut self, sid: Sid, server: &Server<R>, item: &Item<Msg>) {
        let (Wire::Data(Msg::Packet(packet)), NodeId::Server(to)) = (&item.wire, item.to.node)
        else {
            return;
        };
        match packet {
            Packet::LeaderInfo { epoch } => {
                let own = (server.peer().current_epoch(), server.peer().history().logged());
                self.offered.get_or_insert((sid, *epoch), own);
            }
            // An observer's promise is not counted.
            Packet::AckEpoch { last_zxid, current_epoch: Some(current) }
                if server.peer().config().is_voter() =>
            {
                let epoch = server.peer().accepted_epoch();
                self.reports.insert(item.id, (epoch, (*current, *last_zxid)));
            }
            Packet::Trunc { zxid } => {
                self.told.insert((sid, to), *zxid);
            }
            _ => {}
        }
    }

    fn arrived<R: Rules>(
        &mut self,
        node: NodeId,
        sid: Sid,
        server: &Server<R>,
        record: &StepRecord<Actor<R>>,
        item: &Item<()>,
    ) -> Result<(), Found> {
        let Link::Quorum(from) = item.to.link else { return Ok(()) };
        let learns =
            matches!(server.peer().state(), ServerState::Following | ServerState::Observing);
        let writes = record.effects.iter().any(|effect| matches!(effect, Effect::Persist(_)));
        if learns && writes && server.peer().leader() != Some(from) {
            let what = format!("obeys {from}, and follows {:?}", server.peer().leader());
            return Err((Oracle::SingleSource, Some(node), what));
        }
        let Some((epoch, report)) = self.reports.remove(&item.id) else { return Ok(()) };
        // Once a quorum has promised, a learner may know more: that was never committed.
        let establishes =
            |effect: &Effect<Actor<R>>| matches!(effect, Effect::Persist(Write::CurrentEpoch(_)));
        let counts =
            server.peer().phase() == Phase::Discovery || record.effects.iter().any(establishes);
        let refused = record.notes().any(|note| {
            matches!(note, Note::Server(server::Note::Zab(zab::Note::LearnerLost { learner, .. }))
                if *learner == from)
        });
        let own = self.offered.get(&(sid, epoch)).copied();
        let leads = server.peer().state() == ServerState::Leading;
        if let Some(own) = own.filter(|own| leads && counts && !refused && report > *own) {
            let what = format!("leads epoch {epoch} with {own:?}; {from} has {report:?}");
            return Err((Oracle::ElectedIsNewest, Some(node), what));
        }
        Ok(())
    }

    /// TRUNC leaves exactly what it names, on the disk and then in memory.
    fn cuts<R: Rules>(
        &mut self,
        node: NodeId,
        sid: Sid,
        server: &Server<R>,
        disk: &Disk,
        record: &StepRecord<Actor<R>>,
    ) -> Result<(), Found> {
        let wrong = |what| Err((Oracle::TruncExact, Some(node), what));
        let stage = server.peer().learning().map(|(stage, _)| stage);
        if let Some(LearnerStage::Reloading { to }) = stage {
            if self.cut.insert(node, to).is_some() {
                return Ok(());
            }
            let told = server.peer().leader().and_then(|leader| self.told.get(&(leader, sid)));
            if told.is_some_and(|told| *told != to) {
                return wrong(format!("cuts behind {to}, and was told {told:?}"));
            }
            let snapshot = disk.snapshots().last().unwrap_or_default();
            if disk.last_zxid() > to || snapshot > to {
                let last = disk.last_zxid();
                return wrong(format!("cut behind {to}: {last} and snapshot {snapshot} are left"));
            }
            return Ok(());
        }
        let Some(to) = self.cut.remove(&node).filter(|_| stage.is_some()) else { return Ok(()) };
        // What came from the leader meanwhile is logged in this very step.
        let fresh: Set<Zxid> = record
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Persist(Write::Append(entry)) => Some(entry.zxid),
                _ => None,
            })
            .collect();
        let history = server.peer().history();
        let memory = history.recent().iter().chain(history.tail()).map(|entry| entry.zxid);
        let extra =
            memory.chain([server.image().zxid]).find(|zxid| *zxid > to && !fresh.contains(zxid));
        extra.map_or(Ok(()), |extra| wrong(format!("cut behind {to}, and remembers {extra}")))
    }
}

/// A log of a later epoch than currentEpoch is a crash between two writes, which recovery mends.
fn recovered(node: NodeId, last: Zxid, current: Epoch) -> Result<(), Found> {
    if last.epoch() > current {
        let what = format!("starts with {last} in its log and currentEpoch {current}");
        return Err((Oracle::EpochOfHistory, Some(node), what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_of_a_later_epoch_than_its_server_is_seen() {
        let starts = |last: i64, current: i64| {
            recovered(NodeId::Server(Sid(1)), Zxid::new(Epoch(last), 7), Epoch(current)).err()
        };
        assert_eq!(starts(2, 2), None);
        assert_eq!(starts(2, 3), None);
        assert_eq!(starts(3, 2).map(|(oracle, ..)| oracle), Some(Oracle::EpochOfHistory));
    }
}
