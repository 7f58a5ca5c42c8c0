//! What has to be known of a run for its space-time diagram: who sent what to whom and when it
//! came, writes to disk, roles and votes, faults. Fed by step records, once for each step.

use crate::lab::list::List;
use zabscope_core::base::{Effect, NodeId, Sid, Zxid};
use zabscope_core::ensemble::Actor;
use zabscope_core::server::message::Write;
use zabscope_core::sim::{Action, Cause, Directive, Micros, StepRecord, Wire, World};
use zabscope_core::zab::ServerState;

/// A message: its way, and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Its number, unique in the run and growing.
    pub id: u64,
    /// Sender.
    pub from: NodeId,
    /// Receiver.
    pub to: NodeId,
    /// Step, time, and whether somebody was there to take it; `None` while it has not arrived.
    pub end: Option<(u64, Micros, bool)>,
}

/// A write to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flush {
    /// Whose disk.
    pub node: NodeId,
    /// The step that asked for it.
    pub step: u64,
    /// When.
    pub at: Micros,
    /// The transaction, if it is one of the log.
    pub zxid: Option<Zxid>,
    /// Step and time at which it was durable; `None` while it is not, and if a crash came first.
    pub done: Option<(u64, Micros)>,
}

/// From this step on a server is this and votes so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The step.
    pub step: u64,
    /// When.
    pub at: Micros,
    /// Who.
    pub node: NodeId,
    /// Its state; `None`: its process does not run.
    pub state: Option<ServerState>,
    /// Its vote, while it is LOOKING.
    pub vote: Option<Sid>,
}

/// What somebody did to the ensemble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// A process ended.
    Crash(NodeId),
    /// Nothing passes from the first to the second any more.
    Cut(NodeId, NodeId),
    /// It passes again.
    Heal(NodeId, NodeId),
    /// A process was stopped, as by SIGSTOP.
    Freeze(NodeId),
    /// It goes on.
    Thaw(NodeId),
}

/// See the module. A copy is cheap.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// Messages, by id.
    pub ways: List<Way>,
    /// Step and message of each arrival, by step.
    pub arrivals: List<(u64, u64)>,
    /// Writes, in the order in which they were asked for.
    pub flushes: List<Flush>,
    /// Changes of states and votes.
    pub changes: List<Change>,
    /// Step, time and kind of faults.
    pub harms: List<(u64, Micros, Harm)>,
    /// Places of writes that are under way.
    open: Vec<usize>,
    /// No write has taken longer, microseconds.
    longest_us: u64,
    /// The last change of each server.
    last: Vec<Change>,
}

impl Trail {
    /// Forgets this step and all behind it. `ways` messages were sent before.
    pub fn truncate(&mut self, index: u64, ways: usize) {
        self.ways.truncate(ways);
        let kept = self.arrivals.partition_point(|(step, _)| *step < index);
        for place in kept..self.arrivals.len() {
            let Some((_, id)) = self.arrivals.get(place).copied() else { continue };
            let place = self.place(id);
            if let Some(way) = self.ways.get_mut(place) {
                way.end = None;
            }
        }
        self.arrivals.truncate(kept);
        self.flushes.truncate(self.flushes.partition_point(|flush| flush.step < index));
        for place in 0..self.flushes.len() {
            let done = self.flushes.get(place).and_then(|flush| flush.done);
            if done.is_some_and(|(step, _)| step >= index)
                && let Some(flush) = self.flushes.get_mut(place)
            {
                flush.done = None;
            }
        }
        self.changes.truncate(self.changes.partition_point(|change| change.step < index));
        self.harms.truncate(self.harms.partition_point(|(step, ..)| *step < index));
        self.last.clear();
        for change in self.changes.iter() {
            match self.last.iter_mut().find(|last| last.node == change.node) {
                Some(last) => *last = *change,
                None => self.last.push(*change),
            }
        }
        self.reopen();
    }

    /// Finds the writes that were under way: not done, and begun in the present life.
    fn reopen(&mut self) {
        self.open.clear();
        for (place, flush) in self.flushes.iter().enumerate() {
            let died = self
                .harms
                .before(usize::MAX)
                .any(|(step, _, harm)| *step >= flush.step && *harm == Harm::Crash(flush.node));
            if flush.done.is_none() && !died {
                self.open.push(place);
            }
        }
    }

    /// Places of the writes that may still have been under way at `from`, in their order.
    pub fn flushes_from(&self, from: Micros) -> impl Iterator<Item = usize> {
        let first = self.flushes.partition_point(|flush| flush.at.0 + self.longest_us < from.0);
        let open = self.open.iter().copied().filter(move |place| *place < first);
        open.chain(first..self.flushes.len())
    }

    fn place(&self, id: u64) -> usize {
        self.ways.partition_point(|way| way.id < id)
    }

    /// A message's way.
    #[must_use]
    pub fn way(&self, id: u64) -> Option<&Way> {
        self.ways.get(self.place(id)).filter(|way| way.id == id)
    }

    /// The message that arrived in a step.
    #[must_use]
    pub fn arrived_in(&self, step: u64) -> Option<u64> {
        let place = self.arrivals.partition_point(|(other, _)| *other < step);
        self.arrivals.get(place).filter(|(other, _)| *other == step).map(|(_, id)| *id)
    }

    /// Notes what a step did, once. `world` is the one after it.
    pub fn remember(&mut self, world: &World<Actor>, record: &StepRecord<Actor>) {
        let (step, at) = (record.index, record.at);
        for item in record.sent.iter().filter(|item| !matches!(item.wire, Wire::Reset)) {
            let (from, to) = (item.from.node, item.to.node);
            self.ways.push(Way { id: item.id, from, to, end: None });
        }
        if let Some(item) = &record.arrived {
            let place = self.place(item.id);
            if let Some(way) = self.ways.get_mut(place)
                && way.id == item.id
            {
                way.end = Some((step, at, !record.lost));
                self.arrivals.push((step, item.id));
            }
        }
        if record.applied {
            self.acted(record);
        }
        let Some(node) = record.action().and_then(Action::node) else { return };
        for effect in &record.effects {
            let Effect::Persist(write) = effect else { continue };
            let zxid = if let Write::Append(entry) = write { Some(entry.zxid) } else { None };
            self.open.push(self.flushes.len());
            self.flushes.push(Flush { node, step, at, zxid, done: None });
        }
        self.changed(world, node, step, at);
    }

    fn acted(&mut self, record: &StepRecord<Actor>) {
        let (step, at) = (record.index, record.at);
        match &record.cause {
            Cause::Told(Directive::Freeze(node)) => {
                self.harms.push((step, at, Harm::Freeze(*node)));
            }
            Cause::Told(Directive::Thaw(node)) => {
                self.harms.push((step, at, Harm::Thaw(*node)));
            }
            _ => {}
        }
        match record.action() {
            Some(Action::Flush(node)) => {
                let flushes = &self.flushes;
                let is_its = |place: &usize| flushes.get(*place).is_some_and(|f| f.node == *node);
                if let Some(found) = self.open.iter().position(is_its) {
                    let place = self.open.remove(found);
                    if let Some(flush) = self.flushes.get_mut(place) {
                        flush.done = Some((step, at));
                        self.longest_us = self.longest_us.max(at.0 - flush.at.0);
                    }
                }
            }
            Some(Action::Crash { node, .. }) => {
                let (flushes, longest) = (&self.flushes, &mut self.longest_us);
                self.open.retain(|place| {
                    let Some(flush) = flushes.get(*place) else { return false };
                    if flush.node == *node {
                        *longest = (*longest).max(at.0 - flush.at.0);
                    }
                    flush.node != *node
                });
                self.harms.push((step, at, Harm::Crash(*node)));
            }
            Some(Action::Cut(from, to)) => self.harms.push((step, at, Harm::Cut(*from, *to))),
            Some(Action::Heal(from, to)) => self.harms.push((step, at, Harm::Heal(*from, *to))),
            _ => {}
        }
    }

    fn changed(&mut self, world: &World<Actor>, node: NodeId, step: u64, at: Micros) {
        if let NodeId::Client(_) = node {
            return;
        }
        let peer = world.process(node).and_then(Actor::server).map(|server| server.peer());
        let state = peer.map(|peer| peer.state());
        let vote = peer
            .filter(|peer| peer.state() == ServerState::Looking)
            .map(|peer| peer.ballot().0.leader)
            .filter(|sid| sid.0 >= 0);
        let change = Change { step, at, node, state, vote };
        let same = |last: &Change| (last.state, last.vote) == (state, vote);
        match self.last.iter_mut().find(|last| last.node == node) {
            Some(last) if same(last) => return,
            Some(last) => *last = change,
            None => self.last.push(change),
        }
        self.changes.push(change);
    }
}
