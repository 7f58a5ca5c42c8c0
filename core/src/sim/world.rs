//! Everything that exists: processes, disks, what waits for a disk, armed timers, streams.
//!
//! A world has no clock and draws no random numbers. It says what can happen
//! ([`World::enabled`]) and makes one thing happen ([`World::apply`]); who chooses, and in which
//! order, is a scheduler's business: [`super::Sim`] with latencies, a model checker that tries
//! everything, a person who clicks.

use super::action::{Action, Due, Fault, Kept, Outcome};
use super::network::{Arrival, End, Network};
use crate::base::limits::SIM_DISK_QUEUE_MAX;
use crate::base::{Effect, Event, Map, Node, NodeId, Now, Origin, Set};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// One node: what stays when its process ends, and the process.
///
/// Without a process there are no pending writes, jobs or timers.
#[derive(Clone, Debug)]
pub struct Slot<N: Node> {
    config: N::Config,
    disk: N::Disk,
    process: Option<N>,
    writes: VecDeque<(u64, N::Write)>,
    jobs: VecDeque<(u64, N::Job)>,
    timers: Set<N::Timer>,
}

impl<N: Node> Slot<N> {
    const fn new(config: N::Config, disk: N::Disk) -> Self {
        Self {
            config,
            disk,
            process: None,
            writes: VecDeque::new(),
            jobs: VecDeque::new(),
            timers: Set::new(),
        }
    }

    /// What the node is told at boot.
    pub const fn config(&self) -> &N::Config {
        &self.config
    }

    /// What is durable.
    pub const fn disk(&self) -> &N::Disk {
        &self.disk
    }

    /// The process; `None` while it is down.
    pub const fn process(&self) -> Option<&N> {
        self.process.as_ref()
    }

    /// What waits for the disk, oldest first, with increasing ids.
    pub const fn writes(&self) -> &VecDeque<(u64, N::Write)> {
        &self.writes
    }

    /// Jobs that are not done, oldest first, with increasing ids.
    pub const fn jobs(&self) -> &VecDeque<(u64, N::Job)> {
        &self.jobs
    }

    /// Armed timers.
    pub const fn timers(&self) -> &Set<N::Timer> {
        &self.timers
    }

    /// True if the oldest job may run: every write persisted before it is durable.
    #[must_use]
    pub fn can_work(&self) -> bool {
        let Some((job, _)) = self.jobs.front() else { return false };
        self.writes.front().is_none_or(|(write, _)| job < write)
    }
}

/// Everything that exists.
#[derive(Clone, Debug)]
pub struct World<N: Node> {
    slots: Map<NodeId, Slot<N>>,
    network: Network<N::Msg>,
    next_disk_id: u64,
}

impl<N: Node> Default for World<N> {
    fn default() -> Self {
        Self { slots: Map::new(), network: Network::default(), next_disk_id: 1 }
    }
}

impl<N: Node> World<N> {
    /// A world without nodes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node that is down, with this disk. False, and nothing changed, if it exists.
    pub fn add(&mut self, node: NodeId, config: N::Config, disk: N::Disk) -> bool {
        let new = !self.slots.contains_key(&node);
        if new {
            self.slots.insert(node, Slot::new(config, disk));
        }
        new
    }

    /// All nodes.
    pub const fn slots(&self) -> &Map<NodeId, Slot<N>> {
        &self.slots
    }

    /// One node.
    pub fn slot(&self, node: NodeId) -> Option<&Slot<N>> {
        self.slots.get(&node)
    }

    /// The process of one node, if it runs.
    pub fn process(&self, node: NodeId) -> Option<&N> {
        self.slots.get(&node)?.process.as_ref()
    }

    /// All streams.
    pub const fn network(&self) -> &Network<N::Msg> {
        &self.network
    }

    /// What can happen by itself, in a fixed order: starts of nodes that are down, deliveries,
    /// disks, timers. Calls and faults come from outside; see [`World::faults`].
    pub fn enabled(&self, out: &mut Vec<Action<N>>) {
        for (&node, slot) in &self.slots {
            if slot.process.is_none() {
                out.push(Action::Start(node));
            }
            if !slot.writes.is_empty() {
                out.push(Action::Flush(node));
            }
            if slot.can_work() {
                out.push(Action::Work(node));
            }
            out.extend(slot.timers.iter().map(|&timer| Action::Fire(node, timer)));
        }
        let ends = self.network.queues().keys();
        out.extend(ends.filter(|end| self.network.deliverable(**end)).map(|&e| Action::Deliver(e)));
    }

    /// The faults that would change something, in a fixed order: every crash that differs,
    /// breaks, resets of single ends, cuts and heals.
    pub fn faults(&self, out: &mut Vec<Action<N>>) {
        for (&node, slot) in self.slots.iter().filter(|(_, slot)| slot.process.is_some()) {
            out.push(Action::Crash { node, kept: Kept::All });
            let pending = u32::try_from(slot.writes.len()).unwrap_or(u32::MAX);
            let power = (0..=pending).map(|kept| Action::Crash { node, kept: Kept::First(kept) });
            out.extend(power);
        }
        let mut pairs = Set::new();
        for (end, socket) in self.network.sockets() {
            let (a, b) = (end.node, socket.peer.node);
            pairs.insert(if a < b { (a, b) } else { (b, a) });
            out.push(Action::Reset(*end));
        }
        out.extend(pairs.into_iter().map(|(a, b)| Action::Break(a, b)));
        for &from in self.slots.keys() {
            for &to in self.slots.keys().filter(|to| **to != from) {
                let cut = self.network.cuts().contains(&(from, to));
                out.push(if cut { Action::Heal(from, to) } else { Action::Cut(from, to) });
            }
        }
    }

    /// Makes `action` happen; `now` are the clocks of the node it is about. `out` is cleared and
    /// then tells what it did. False if the action is not enabled, and then nothing changed.
    pub fn apply(&mut self, now: Now, action: &Action<N>, out: &mut Outcome<N>) -> bool {
        out.clear();
        let done = match action {
            Action::Start(node) => self.start(now, *node, out),
            Action::Deliver(end) => self.deliver(now, *end, out),
            Action::Flush(node) => self.flush(now, *node, out),
            Action::Work(node) => self.work(now, *node, out),
            Action::Fire(node, timer) => {
                let armed = self.slots.get_mut(node).is_some_and(|slot| slot.timers.remove(timer));
                armed && self.feed(now, *node, Event::Timer(*timer), out)
            }
            Action::Call(node, call) => self.feed(now, *node, Event::Call(call.clone()), out),
            Action::Crash { node, kept } => self.end(*node, *kept, out),
            Action::Break(a, b) => self.network.break_between(*a, *b, &mut out.posted),
            Action::Reset(end) => {
                self.network.reset(*end, &mut out.posted)
                    && self.feed(now, end.node, Event::Unlinked(end.link), out)
            }
            Action::Cut(from, to) => self.network.set_cut(*from, *to, true),
            Action::Heal(from, to) => self.network.set_cut(*from, *to, false),
        };
        out.due.extend(out.posted.iter().map(|posted| Due::Deliver(*posted)));
        done
    }

    fn start(&mut self, now: Now, node: NodeId, out: &mut Outcome<N>) -> bool {
        let Some(slot) = self.slots.get_mut(&node) else { return false };
        if slot.process.is_some() {
            return false;
        }
        slot.process = Some(N::boot(&slot.config, N::recover(&slot.config, &slot.disk)));
        self.feed(now, node, Event::Start, out)
    }

    fn deliver(&mut self, now: Now, end: End, out: &mut Outcome<N>) -> bool {
        let up = self.process(end.node).is_some();
        let Some((item, arrival)) = self.network.deliver(end, up, &mut out.posted) else {
            return false;
        };
        out.arrived = Some(item);
        let event = match arrival {
            Arrival::Linked { link, dialled } => Event::Linked(link, Origin { dialled, ip: None }),
            Arrival::Unlinked(link) => Event::Unlinked(link),
            Arrival::Received(link, message) => Event::Received(link, message),
            Arrival::Lost => {
                out.lost = true;
                return true;
            }
        };
        let fed = self.feed(now, end.node, event, out);
        assert!(fed, "a stream has an end only at a process that runs");
        true
    }

    fn flush(&mut self, now: Now, node: NodeId, out: &mut Outcome<N>) -> bool {
        let Some(slot) = self.slots.get_mut(&node) else { return false };
        let Some((_, write)) = slot.writes.pop_front() else { return false };
        let mark = N::keep(&mut slot.disk, write);
        self.feed(now, node, Event::Durable(mark), out)
    }

    fn work(&mut self, now: Now, node: NodeId, out: &mut Outcome<N>) -> bool {
        let Some(slot) = self.slots.get_mut(&node).filter(|slot| slot.can_work()) else {
            return false;
        };
        let Some((_, job)) = slot.jobs.pop_front() else { return false };
        let done = N::work(&mut slot.disk, job);
        self.feed(now, node, Event::Done(done), out)
    }

    /// Ends a process: the disk keeps what it keeps, the other nodes hear of it.
    fn end(&mut self, node: NodeId, kept: Kept, out: &mut Outcome<N>) -> bool {
        let Some(slot) = self.slots.get_mut(&node) else { return false };
        if slot.process.take().is_none() {
            return false;
        }
        let pending = slot.writes.len();
        let (durable, power_lost) = match kept {
            Kept::All => (pending, false),
            Kept::First(count) => (usize::try_from(count).unwrap_or(pending).min(pending), true),
        };
        for (_, write) in slot.writes.drain(..).take(durable) {
            N::keep(&mut slot.disk, write);
        }
        slot.writes.clear();
        slot.jobs.clear();
        slot.timers.clear();
        self.network.process_gone(node, power_lost, &mut out.posted);
        true
    }

    /// Steps a node and performs what it asks for.
    fn feed(&mut self, now: Now, node: NodeId, event: Event<N>, out: &mut Outcome<N>) -> bool {
        let Some(process) = self.slots.get_mut(&node).and_then(|slot| slot.process.as_mut()) else {
            return false;
        };
        let mut effects = core::mem::take(&mut out.effects);
        process.step(now, event, &mut effects);
        for (index, effect) in effects.iter().enumerate() {
            if !self.perform(node, effect, out) {
                effects.truncate(index + 1);
                break;
            }
        }
        out.effects = effects;
        true
    }

    /// False if the process ended with this effect.
    fn perform(&mut self, node: NodeId, effect: &Effect<N>, out: &mut Outcome<N>) -> bool {
        let Some(slot) = self.slots.get_mut(&node) else { return false };
        match effect {
            Effect::SetTimer(timer, after) => {
                slot.timers.insert(*timer);
                out.due.push(Due::Fire(node, *timer, *after));
            }
            Effect::CancelTimer(timer) => {
                slot.timers.remove(timer);
            }
            Effect::Persist(write) => {
                slot.writes.push_back((self.next_disk_id, write.clone()));
                out.due.push(Due::Flush(node, self.next_disk_id));
                self.next_disk_id += 1;
                return self.disk_keeps_up(node, out);
            }
            Effect::Job(job) => {
                slot.jobs.push_back((self.next_disk_id, job.clone()));
                out.due.push(Due::Work(node, self.next_disk_id));
                self.next_disk_id += 1;
                return self.disk_keeps_up(node, out);
            }
            Effect::Connect(link) => {
                let end = End::new(node, *link);
                if self.network.connect(end, &mut out.posted)
                    && let Some(socket) = self.network.sockets().get(&end)
                {
                    out.due.push(Due::Opening(end, socket.stream));
                }
            }
            Effect::Hangup(link) => {
                self.network.hang_up(End::new(node, *link), &mut out.posted);
            }
            Effect::Send(link, message) => {
                let end = End::new(node, *link);
                if !self.network.send(end, message.clone(), &mut out.posted) {
                    out.unsent += 1;
                }
            }
            Effect::Pause(link) => {
                self.network.set_paused(End::new(node, *link), true);
            }
            Effect::Resume(link) => {
                let end = End::new(node, *link);
                if self.network.set_paused(end, false) {
                    out.due.push(Due::Resumed(end));
                }
            }
            Effect::Reply(_) | Effect::Note(_) => {}
            Effect::Halt(why) => {
                out.faults.push(Fault::Halt(node, why));
                self.end(node, Kept::All, out);
                return false;
            }
        }
        true
    }

    fn disk_keeps_up(&mut self, node: NodeId, out: &mut Outcome<N>) -> bool {
        let full = self.slots.get(&node).is_some_and(|slot| {
            slot.writes.len() > SIM_DISK_QUEUE_MAX || slot.jobs.len() > SIM_DISK_QUEUE_MAX
        });
        if full {
            out.faults.push(Fault::DiskQueue(node));
            self.end(node, Kept::All, out);
        }
        !full
    }
}
