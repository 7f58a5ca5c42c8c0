//! What clients were told: order of answers, time that never goes back, writes in one order,
//! reads of the state they name, events before data.

use super::answers;
use super::faults::{LOCK, OFFICE};
use super::safety::Safety;
use super::violation::{Found, Oracle};
use super::watching::Watching;
use crate::base::{Map, NodeId, Set, Zxid};
use crate::client::{Call as ClientCall, Reply};
use crate::ensemble::{Actor, Call};
use crate::proto::KeeperError;
use crate::proto::reply;
use crate::proto::request::Request;
use crate::server::message::Msg;
use crate::sim::{Action, StepRecord, Wire, World};
use crate::zab::Rules;
use alloc::format;

/// A call that was made.
#[derive(Clone, Debug)]
struct Asked {
    client: NodeId,
    request: Request,
    /// The largest zxid of a write that was answered before this call.
    floor: Zxid,
    /// What was committed when it was called.
    committed: Zxid,
}

/// What one client was told.
#[derive(Clone, Debug, Default)]
struct Told {
    call: u64,
    zxid: Zxid,
    /// The last event of a transaction.
    event: Zxid,
    watching: Watching,
}

/// The oracle of clients.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    /// Calls without an answer.
    open: Map<u64, Asked>,
    told: Map<NodeId, Told>,
    /// Answers under way from servers of the newest epoch.
    fresh: Set<u64>,
    written: Zxid,
    answered: u64,
    succeeded: u64,
}

impl Clients {
    /// Calls that were answered, and those of them that succeeded.
    #[must_use]
    pub const fn answered(&self) -> (u64, u64) {
        (self.answered, self.succeeded)
    }

    /// The calls of running clients that have no answer.
    pub fn open(&self) -> impl Iterator<Item = (u64, NodeId)> {
        self.open.iter().map(|(id, asked)| (*id, asked.client))
    }

    /// A watch that should have fired, whose, and what for.
    #[must_use]
    pub fn missed(&self, safety: &Safety) -> Option<Found> {
        self.told.iter().find_map(|(client, told)| {
            let what = told.watching.missed(safety.model()?, safety.last())?;
            Some((Oracle::NoLostWatch, Some(*client), what))
        })
    }

    /// Judges one step.
    ///
    /// # Errors
    /// The rule that it broke.
    pub fn look<R: Rules>(
        &mut self,
        world: &World<Actor<R>>,
        safety: &Safety,
        record: &StepRecord<Actor<R>>,
    ) -> Result<(), Found> {
        self.sent(world, safety, record);
        let arrived = record.arrived.as_ref();
        let fresh = arrived.is_some_and(|item| self.fresh.remove(&item.id) && !record.lost);
        let Some(node @ NodeId::Client(_)) = record.action().and_then(Action::node) else {
            return Ok(());
        };
        if let Some(Action::Call(_, Call::Client(ClientCall::Request { id, request }))) =
            record.action()
            && record.applied
        {
            let (request, committed) = (request.clone(), safety.last());
            let asked = Asked { client: node, request, floor: self.written, committed };
            self.open.insert(id.0, asked);
        }
        if let Some(Action::Crash { .. } | Action::Start(_)) = record.action()
            && record.applied
        {
            // What it knew is gone with it.
            self.open.retain(|_, asked| asked.client != node);
            self.told.insert(node, Told::default());
        }
        for reply in record.replies() {
            if fresh && let Reply::Done { id, zxid, result: Ok(_) } = reply {
                self.synced(node, id.0, *zxid)?;
            }
            self.reply(safety, node, reply)?;
        }
        Ok(())
    }

    fn sent<R: Rules>(
        &mut self,
        world: &World<Actor<R>>,
        safety: &Safety,
        record: &StepRecord<Actor<R>>,
    ) {
        for item in &record.sent {
            let Wire::Data(Msg::ToClient(_)) = item.wire else { continue };
            let server = world.process(item.from.node).and_then(Actor::server);
            let epoch = server.map(|server| server.peer().current_epoch());
            if epoch.is_some() && epoch == safety.newest() {
                self.fresh.insert(item.id);
            }
        }
    }

    /// A sync through the newest leader shows everything that was committed when it was called; a
    /// leader that was deposed does not know of that, and sync does not ask a quorum.
    fn synced(&self, node: NodeId, id: u64, zxid: Zxid) -> Result<(), Found> {
        let sync = self.open.get(&id).filter(|it| matches!(it.request, Request::Sync { .. }));
        let Some(asked) = sync.filter(|asked| zxid < asked.committed) else { return Ok(()) };
        let what = format!("sync shows {zxid}, and {} was committed", asked.committed);
        Err((Oracle::SyncThenRead, Some(node), what))
    }

    fn reply(&mut self, safety: &Safety, node: NodeId, reply: &Reply) -> Result<(), Found> {
        let told = self.told.get_or_insert(node, Told::default());
        match reply {
            Reply::Done { id, zxid, result } => self.done(safety, node, id.0, *zxid, result),
            Reply::Event { zxid, event } => {
                let path = event.path.to_str();
                // Those of the recipes have owners of their own.
                if path.starts_with(LOCK) || path.starts_with(OFFICE) {
                    return Ok(());
                }
                if *zxid != Zxid(-1) {
                    if *zxid < told.event {
                        let what = format!("an event of {zxid} behind one of {}", told.event);
                        return Err((Oracle::WatchOrder, Some(node), what));
                    }
                    told.event = *zxid;
                    if *zxid <= told.zxid {
                        let what = format!("the event of {zxid} behind an answer of {}", told.zxid);
                        return Err((Oracle::WatchBeforeData, Some(node), what));
                    }
                }
                let Some(model) = safety.model() else { return Ok(()) };
                let fired = told.watching.fire(model, *zxid, event);
                fired.map_err(|(oracle, what)| (oracle, Some(node), what))
            }
            Reply::State(state) => {
                if !state.is_alive() {
                    *told = Told { call: told.call, ..Told::default() };
                }
                Ok(())
            }
        }
    }

    fn done(
        &mut self,
        safety: &Safety,
        node: NodeId,
        id: u64,
        zxid: Zxid,
        result: &Result<reply::Reply, KeeperError>,
    ) -> Result<(), Found> {
        self.answered += 1;
        let asked = self.open.remove(&id);
        let told = self.told.get_or_insert(node, Told::default());
        // No server said it, so it stands outside of the order.
        if zxid == Zxid::ZERO && result.is_err() {
            return Ok(());
        }
        if id <= told.call {
            let what = format!("call {id} was answered behind call {}", told.call);
            return Err((Oracle::FifoClientOrder, Some(node), what));
        }
        told.call = id;
        if zxid < told.zxid {
            let what = format!("an answer of {zxid} behind one of {}", told.zxid);
            return Err((Oracle::SessionMonotonic, Some(node), what));
        }
        told.zxid = told.zxid.max(zxid);
        self.succeeded += u64::from(result.is_ok());
        let Some(asked) = asked else { return Ok(()) };
        if let Some(model) = safety.model() {
            let here = |(oracle, what)| (oracle, Some(node), what);
            told.watching.answered(model, zxid).map_err(here)?;
            answers::judge(model, &asked.request, zxid, result).map_err(here)?;
            told.watching.arm(&asked.request, zxid, result);
        }
        if result.is_ok() && answers::writes(&asked.request) {
            if zxid <= asked.floor {
                let what = format!("a write at {zxid} began after the one at {}", asked.floor);
                return Err((Oracle::LinearizableWrites, Some(node), what));
            }
            if !safety.has(zxid) {
                let what = format!("a write at {zxid} was acknowledged and is not committed");
                return Err((Oracle::LinearizableWrites, Some(node), what));
            }
            self.written = self.written.max(zxid);
        }
        Ok(())
    }
}
