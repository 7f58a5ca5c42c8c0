//! What must be true a while after the last fault: L1 to L9, each at its own time.
//!
//! The healthy part is a *core*: a quorum of voters and what else was healed. The damage of the
//! others stays for ever, which is what finds those who wait for them.

use super::bounds::Point;
use super::clients::Clients;
use super::locks::Locks;
use super::safety::Safety;
use super::violation::{Found, Oracle};
use crate::base::{Epoch, Map, NodeId, Set, Sid};
use crate::client::State;
use crate::ensemble::{Actor, Note};
use crate::server::Note as ServerNote;
use crate::server::Server;
use crate::server::message::{Msg, Packet};
use crate::sim::{Action, Sim, StepRecord, Wire, World};
use crate::zab::{self, Reason, Rules};
use alloc::format;
use alloc::vec::Vec;

/// The oracle of progress.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    core: Set<Sid>,
    /// acceptedEpoch of the servers when there had to be a leader.
    promised: Map<NodeId, Epoch>,
    /// Who was refused by the leader, as the last thing that happened to it since then.
    refused: Set<NodeId>,
    healed: bool,
    quiet: bool,
}

impl Progress {
    /// For a run with this core.
    pub fn new(core: impl IntoIterator<Item = Sid>) -> Self {
        Self { core: core.into_iter().collect(), ..Self::default() }
    }

    fn is_core(&self, node: NodeId) -> bool {
        matches!(node, NodeId::Server(sid) if self.core.contains(&sid))
    }

    fn servers<'w, R: Rules>(
        &'w self,
        world: &'w World<Actor<R>>,
    ) -> impl Iterator<Item = (NodeId, &'w Server<R>)> {
        let core = world.slots().iter().filter(|(node, _)| self.is_core(**node));
        core.filter_map(|(node, slot)| Some((*node, slot.process()?.server()?)))
    }

    /// Who promised an epoch above the running leader's comes back with the next election only,
    /// here as in Java. That excuses a promise to a candidate that was not established by L1, of a
    /// server that asks the leader again and again and is refused.
    fn is_excused<R: Rules>(&self, node: NodeId, server: &Server<R>, epoch: Epoch) -> bool {
        let promised = self.promised.get(&node).copied().unwrap_or_default();
        promised > epoch
            && server.peer().accepted_epoch() == promised
            && self.refused.contains(&node)
    }

    /// Sees one step.
    ///
    /// # Errors
    /// Something happens where nothing should.
    pub fn look<R: Rules>(&mut self, record: &StepRecord<Actor<R>>) -> Result<(), Found> {
        let Some(node) = record.action().and_then(Action::node) else { return Ok(()) };
        if !self.healed || !self.is_core(node) {
            return Ok(());
        }
        for note in record.notes() {
            match note {
                Note::Server(ServerNote::Zab(zab::Note::Leaving(Reason::OldEpoch))) => {
                    self.refused.insert(node);
                }
                Note::Server(ServerNote::Zab(zab::Note::Leaving(_) | zab::Note::Serving(_))) => {
                    self.refused.remove(&node);
                }
                Note::Server(ServerNote::Zab(zab::Note::Committed(zxid))) if self.quiet => {
                    let what = format!("commits {zxid} although nobody asks");
                    return Err((Oracle::Quiet, Some(node), what));
                }
                _ => {}
            }
        }
        if !self.quiet || self.refused.contains(&node) {
            return Ok(());
        }
        let noise = record.sent.iter().find(|item| {
            let to_core = self.is_core(item.to.node) && !self.refused.contains(&item.to.node);
            let Wire::Data(message) = &item.wire else { return false };
            match message {
                Msg::Packet(packet) => to_core && !matches!(packet, Packet::Ping { .. }),
                Msg::Notification(_) => to_core,
                Msg::ToServer(_) | Msg::ToClient(_) => false,
            }
        });
        match noise {
            None => Ok(()),
            Some(item) => {
                let what = format!("sends {:?} although nobody asks", item.wire);
                Err((Oracle::Quiet, Some(node), what))
            }
        }
    }

    /// Looks at what is due.
    ///
    /// # Errors
    /// The bound that was missed.
    pub fn judge<R: Rules>(
        &mut self,
        point: Point,
        sim: &Sim<Actor<R>>,
        safety: &Safety,
        clients: &Clients,
        locks: &mut Locks,
    ) -> Result<(), Found> {
        let world = sim.world();
        match point {
            Point::Healed => {
                self.healed = true;
                locks.healed();
                Ok(())
            }
            Point::Minority => self.judge_minority(sim),
            Point::Leader => {
                let servers = self.servers(world);
                let promised = servers.map(|(node, server)| (node, server.peer().accepted_epoch()));
                self.promised = promised.collect();
                self.leader(world).map(|_| ())
            }
            Point::Served => self.judge_served(world),
            Point::Answered => {
                if let Some((id, client)) = clients.open().next() {
                    let what = format!("call {id} has no answer");
                    return Err((Oracle::EveryOpAnswered, Some(client), what));
                }
                locks.judge_turns(world)
            }
            Point::Quiet => {
                self.quiet = true;
                Ok(())
            }
            Point::End => self.judge_end(world, safety, clients, locks),
        }
    }

    fn judge_minority<R: Rules>(&self, sim: &Sim<Actor<R>>) -> Result<(), Found> {
        for (node, slot) in sim.world().slots() {
            let Some(server) = slot.process().and_then(Actor::server) else { continue };
            if !self.is_core(*node) && !sim.frozen().contains(node) && server.is_leader() {
                let what = "leads without a quorum for longer than syncLimit".into();
                return Err((Oracle::MinorityStops, Some(*node), what));
            }
        }
        Ok(())
    }

    fn leader<'w, R: Rules>(
        &'w self,
        world: &'w World<Actor<R>>,
    ) -> Result<(NodeId, &'w Server<R>), Found> {
        let leaders: Vec<_> =
            self.servers(world).filter(|(_, server)| server.is_leader()).collect();
        match leaders[..] {
            [leader] => Ok(leader),
            _ => {
                let states = self.servers(world).map(|(node, server)| {
                    format!("{node} {:?} {:?}", server.peer().state(), server.peer().phase())
                });
                let what = format!("{} leaders: {:?}", leaders.len(), states.collect::<Vec<_>>());
                Err((Oracle::LeaderInTime, None, what))
            }
        }
    }

    fn judge_served<R: Rules>(&self, world: &World<Actor<R>>) -> Result<(), Found> {
        let (_, leader) = self.leader(world)?;
        let epoch = leader.peer().current_epoch();
        for (node, server) in self.servers(world) {
            if !server.peer().is_serving() && !self.is_excused(node, server, epoch) {
                let what = format!("it is in {:?}", server.peer().phase());
                return Err((Oracle::Served, Some(node), what));
            }
        }
        Ok(())
    }

    fn judge_end<R: Rules>(
        &self,
        world: &World<Actor<R>>,
        safety: &Safety,
        clients: &Clients,
        locks: &Locks,
    ) -> Result<(), Found> {
        self.judge_served(world)?;
        let (_, leader) = self.leader(world)?;
        for (node, server) in self.servers(world).filter(|(_, server)| server.peer().is_serving()) {
            let applied = server.peer().history().applied();
            if applied != safety.last() {
                let what = format!("it has applied {applied}; committed is {}", safety.last());
                return Err((Oracle::Converged, Some(node), what));
            }
            if server.image().tree.digest() != leader.image().tree.digest() {
                return Err((Oracle::Converged, Some(node), "another tree".into()));
            }
            bounded(world, node, server)?;
        }
        if let Some(found) = clients.missed(safety) {
            return Err(found);
        }
        let alive: Set<_> = world
            .slots()
            .values()
            .filter_map(|slot| Some(slot.process()?.client()?.session()))
            .collect();
        if let Some((dead, _)) = leader.image().sessions().find(|(id, _)| !alive.contains(id)) {
            let what = format!("session {dead} is open and has no client");
            return Err((Oracle::DeadSessionsClosed, None, what));
        }
        locks.judge_end(safety)
    }
}

/// Nothing waits at this server, and its tables hold what there is.
fn bounded<R: Rules>(
    world: &World<Actor<R>>,
    node: NodeId,
    server: &Server<R>,
) -> Result<(), Found> {
    let NodeId::Server(me) = node else { return Ok(()) };
    let peer = server.peer();
    let mut clients = 0;
    let mut watches = 0;
    for slot in world.slots().values() {
        let Some(client) = slot.process().and_then(Actor::client) else { continue };
        if client.server() == Some(me) && client.state() == State::Connected {
            clients += 1;
            watches += client.watches().len();
        }
    }
    let facts = [
        ("outstanding proposals", server.outstanding(), 0),
        ("writes under way to the disk", peer.pending().len(), 0),
        ("transactions that wait for COMMIT", peer.history().tail().len(), 0),
        ("connections of clients", server.connections().len(), clients),
        ("watches", server.watches().count(), watches),
    ];
    match facts.into_iter().find(|(_, found, expected)| found != expected) {
        None => Ok(()),
        Some((name, found, expected)) => {
            let what = format!("{found} {name}, {expected} expected");
            Err((Oracle::Bounded, Some(node), what))
        }
    }
}
