//! What clients were told: order of answers, time that never goes back, writes in one order,
//! events before data.

use super::faults::WATCHED;
use super::safety::{Found, Safety};
use super::violation::Oracle;
use crate::base::{Map, NodeId, Zxid};
use crate::client::{Call as ClientCall, Reply};
use crate::ensemble::{Actor, Call};
use crate::proto::reply;
use crate::proto::request::Request;
use crate::proto::{KeeperError, reply::Reply as Answer};
use crate::sim::{Action, StepRecord};
use crate::zab::Rules;
use alloc::format;

/// A call that was made.
#[derive(Clone, Copy, Debug)]
struct Asked {
    client: NodeId,
    writes: bool,
    /// The largest zxid of a write that was answered before this call.
    floor: Zxid,
}

/// What one client was told.
#[derive(Clone, Debug, Default)]
struct Told {
    call: u64,
    zxid: Zxid,
    /// It waits for a change of [`WATCHED`] behind this mzxid.
    armed: Option<Zxid>,
}

/// The oracle of clients.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    /// Calls without an answer.
    open: Map<u64, Asked>,
    told: Map<NodeId, Told>,
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

    /// Who waits for a change behind which zxid.
    pub fn armed(&self) -> impl Iterator<Item = (NodeId, Zxid)> {
        self.told.iter().filter_map(|(client, told)| Some((*client, told.armed?)))
    }

    /// Judges one step.
    ///
    /// # Errors
    /// The rule that it broke.
    pub fn look<R: Rules>(
        &mut self,
        safety: &Safety,
        record: &StepRecord<Actor<R>>,
    ) -> Result<(), Found> {
        let Some(node @ NodeId::Client(_)) = record.action().and_then(Action::node) else {
            return Ok(());
        };
        if let Some(Action::Call(_, Call::Client(ClientCall::Request { id, request }))) =
            record.action()
            && record.applied
        {
            let writes = matches!(
                request,
                Request::Create(_) | Request::SetData { .. } | Request::Delete { .. }
            );
            self.open.insert(id.0, Asked { client: node, writes, floor: self.written });
        }
        if let Some(Action::Crash { .. } | Action::Start(_)) = record.action()
            && record.applied
        {
            // What it knew is gone with it.
            self.open.retain(|_, asked| asked.client != node);
            self.told.insert(node, Told::default());
        }
        for reply in record.replies() {
            self.reply(safety, node, reply)?;
        }
        Ok(())
    }

    fn reply(&mut self, safety: &Safety, node: NodeId, reply: &Reply) -> Result<(), Found> {
        let told = self.told.get_or_insert(node, Told::default());
        match reply {
            Reply::Done { id, zxid, result } => self.done(safety, node, id.0, *zxid, result),
            Reply::Event { event, .. } if event.path.to_str() == WATCHED => {
                let what = || format!("an event of {WATCHED} without a watch");
                let armed = told.armed.take().is_some();
                if armed { Ok(()) } else { Err((Oracle::WatchAtMostOnce, Some(node), what())) }
            }
            Reply::State(state) if !state.is_alive() => {
                told.armed = None;
                Ok(())
            }
            Reply::Event { .. } | Reply::State(_) => Ok(()),
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
        if id <= told.call {
            let what = format!("call {id} was answered behind call {}", told.call);
            return Err((Oracle::FifoClientOrder, Some(node), what));
        }
        told.call = id;
        if matches!(result, Err(KeeperError::ConnectionLoss | KeeperError::SessionExpired)) {
            return Ok(());
        }
        if zxid < told.zxid {
            let what = format!("an answer of {zxid} behind one of {}", told.zxid);
            return Err((Oracle::SessionMonotonic, Some(node), what));
        }
        told.zxid = told.zxid.max(zxid);
        let Ok(answer) = result else { return Ok(()) };
        self.succeeded += 1;
        if let Answer::Data { stat, .. } = answer {
            if told.armed.is_some_and(|armed| stat.mzxid > armed) {
                let what = format!("read {WATCHED} of {} before the event", stat.mzxid);
                return Err((Oracle::WatchBeforeData, Some(node), what));
            }
            told.armed = Some(stat.mzxid);
        }
        if let Some(asked) = asked.filter(|asked| asked.writes) {
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
