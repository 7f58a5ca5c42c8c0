//! One moment of a simulation: the world, what is planned, and what people hold back.
//!
//! Looking for the next thing to do changes nothing until one is found. So asking a simulation
//! that waits (for a release, say) any number of times leaves no trace, and a replay, which does
//! not ask in vain, sees the same state.

use super::action::{Action, Outcome};
use super::directive::{Directive, Hold};
use super::network::End;
use super::run::Setup;
use super::schedule::{Key, Micros, Planned, RATE_MAX, Schedule};
use super::world::World;
use crate::base::{Map, Node, NodeId, Now, Set};
use alloc::vec::Vec;

/// What has become of something whose time has come.
enum Turn<N: Node> {
    Do(Action<N>),
    /// It has to wait: held, cut, paused, frozen, or behind something that is.
    Wait,
    /// It happened otherwise, or cannot happen any more.
    Void,
}

/// Items of one queue whose time has come, although they could not be delivered then.
#[derive(Clone, Copy, Debug)]
struct Overdue {
    /// All items up to this one.
    up_to: u64,
    /// The one for which a delivery is planned again.
    planned: Option<u64>,
}

/// Something whose time has come for a node that could not do it.
#[derive(Clone, Copy, Debug)]
struct Missed<T> {
    key: Key,
    planned: Planned<T>,
}

/// One moment.
#[derive(Clone, Debug)]
pub(super) struct State<N: Node> {
    pub(super) world: World<N>,
    pub(super) now: Micros,
    /// Number of the next step.
    pub(super) index: u64,
    schedule: Schedule<N::Timer>,
    holds: Set<Hold>,
    frozen: Set<NodeId>,
    overdue: Map<End, Overdue>,
    /// What a frozen process has missed, in order.
    waiting: Map<NodeId, Vec<Missed<N::Timer>>>,
    /// The step that made each cut.
    cut_since: Map<(NodeId, NodeId), u64>,
}

impl<N: Node> State<N> {
    pub(super) fn new(setup: &Setup<N>) -> Self {
        let mut world = World::new();
        for (node, config) in &setup.nodes {
            let found = setup.disks.iter().find(|(of, _)| of == node);
            let disk = found.map_or_else(N::Disk::default, |(_, disk)| disk.clone());
            world.add(*node, config.clone(), disk);
        }
        Self {
            world,
            now: Micros::default(),
            index: 0,
            schedule: Schedule::new(setup.settings.clone()),
            holds: Set::new(),
            frozen: Set::new(),
            overdue: Map::new(),
            waiting: Map::new(),
            cut_since: Map::new(),
        }
    }

    pub(super) const fn holds(&self) -> &Set<Hold> {
        &self.holds
    }

    pub(super) const fn frozen(&self) -> &Set<NodeId> {
        &self.frozen
    }

    pub(super) fn timer_at(&self, node: NodeId, timer: N::Timer) -> Option<Micros> {
        let armed = self.world.slot(node)?.timers().contains(&timer);
        if armed { self.schedule.timer_at(node, timer) } else { None }
    }

    /// When an item is planned to arrive, if nothing stops it. Looks through the whole plan.
    pub(super) fn arrival_at(&self, to: End, id: u64) -> Option<Micros> {
        let wanted = Planned::Deliver(to, id);
        let found = self.schedule.queue().iter().find(|(_, planned)| **planned == wanted);
        found.map(|(key, _)| key.0)
    }

    pub(super) fn clocks_of(&self, node: NodeId) -> Now {
        self.schedule.clocks_of(self.now, node)
    }

    /// Time of the next thing that can happen.
    pub(super) fn next_at(&self) -> Option<Micros> {
        let next = self.schedule.queue().iter().find_map(|(key, planned)| {
            matches!(self.turn(*key, planned), Turn::Do(_)).then_some(key.0)
        });
        next.map(|at| at.max(self.now))
    }

    /// Does the next thing whose time is not after `limit`.
    pub(super) fn advance(&mut self, limit: Micros, out: &mut Outcome<N>) -> Option<Action<N>> {
        let mut chosen = None;
        for (key, planned) in self.schedule.queue() {
            if key.0 > limit {
                return None;
            }
            if let Turn::Do(action) = self.turn(*key, planned) {
                chosen = Some((*key, action));
                break;
            }
        }
        let (key, action) = chosen?;
        while let Some((passed, planned)) = self.schedule.pop() {
            if passed == key {
                break;
            }
            if matches!(self.turn(passed, &planned), Turn::Wait) {
                self.set_aside(passed, planned);
            }
        }
        self.now = self.now.max(key.0);
        let done = self.act(&action, out);
        assert!(done, "it was found to be possible");
        Some(action)
    }

    /// Obeys. False if nothing changed.
    pub(super) fn obey(&mut self, directive: &Directive<N>, out: &mut Outcome<N>) -> bool {
        out.clear();
        let now = self.now;
        let done = match directive {
            Directive::Act(action) => return self.act(action, out),
            Directive::Add(node, config) => {
                self.world.add(*node, config.clone(), N::Disk::default())
            }
            Directive::Hold(hold) => self.holds.insert(*hold),
            Directive::Release(hold) => self.holds.remove(hold),
            Directive::Freeze(node) => {
                self.world.process(*node).is_some() && self.frozen.insert(*node)
            }
            Directive::Thaw(node) => self.thaw(*node),
            Directive::SlowDisk(node, factor) => {
                let valid = *factor > 0;
                if valid {
                    self.schedule.set_slow(*node, *factor);
                }
                valid
            }
            Directive::ClockRate { node, num, den } => {
                let valid = (1..=RATE_MAX).contains(num) && (1..=RATE_MAX).contains(den);
                if valid {
                    self.schedule.set_rate(now, *node, *num, *den);
                }
                valid
            }
            Directive::WallClock(node, offset_ms) => {
                self.schedule.set_wall_offset(*node, *offset_ms);
                true
            }
            Directive::Latency { from, to, base_us, jitter_us } => {
                self.schedule.set_latency(*from, *to, *base_us, *jitter_us);
                true
            }
        };
        self.plan_overdue();
        done
    }

    /// What to do about something that is planned; changes nothing.
    fn turn(&self, key: Key, planned: &Planned<N::Timer>) -> Turn<N> {
        match *planned {
            Planned::Deliver(to, id) => self.turn_of_item(to, id),
            Planned::Flush(node, id) => {
                let oldest = self.world.slot(node).and_then(|slot| slot.writes().front());
                let pending = oldest.is_some_and(|(oldest, _)| *oldest <= id);
                self.turn_of_node(node, pending, Action::Flush(node))
            }
            Planned::Work(node, id) => {
                let slot = self.world.slot(node);
                let oldest = slot.and_then(|slot| slot.jobs().front());
                let pending = oldest.is_some_and(|(oldest, _)| *oldest <= id);
                if pending && !slot.is_some_and(super::Slot::can_work) {
                    return Turn::Wait;
                }
                self.turn_of_node(node, pending, Action::Work(node))
            }
            Planned::Fire(node, timer) => {
                let armed =
                    self.world.slot(node).is_some_and(|slot| slot.timers().contains(&timer));
                let current = armed && self.schedule.is_current(node, timer, key);
                self.turn_of_node(node, current, Action::Fire(node, timer))
            }
            Planned::GiveUp(end, stream) => {
                let socket = self.world.network().sockets().get(&end);
                let opening = socket.is_some_and(|s| s.stream == stream && !s.open);
                self.turn_of_node(end.node, opening, Action::Reset(end))
            }
            Planned::Lapse(end, stream, cut, since) => {
                let socket = self.world.network().sockets().get(&end);
                let stopped = socket.is_some_and(|s| s.stream == stream)
                    && self.cut_since.get(&cut) == Some(&since);
                self.turn_of_node(end.node, stopped, Action::Reset(end))
            }
        }
    }

    fn turn_of_node(&self, node: NodeId, possible: bool, action: Action<N>) -> Turn<N> {
        match (possible, self.frozen.contains(&node)) {
            (false, _) => Turn::Void,
            (true, true) => Turn::Wait,
            (true, false) => Turn::Do(action),
        }
    }

    fn turn_of_item(&self, to: End, id: u64) -> Turn<N> {
        let network = self.world.network();
        if network.item(to, id).is_none() {
            return Turn::Void;
        }
        let first = network.head(to).is_some_and(|head| head.id == id);
        if first && self.may_arrive(to) { Turn::Do(Action::Deliver(to)) } else { Turn::Wait }
    }

    /// True if neither the network nor a person keeps the next item from this end. A process that
    /// is frozen takes nothing; for one that is down, its system answers.
    fn may_arrive(&self, to: End) -> bool {
        let network = self.world.network();
        let Some(head) = network.head(to) else { return false };
        let up = self.world.process(to.node).is_some();
        let kept = self.holds.iter().any(|hold| hold.keeps(head));
        network.deliverable(to) && !kept && !(up && self.frozen.contains(&to.node))
    }

    fn set_aside(&mut self, key: Key, planned: Planned<N::Timer>) {
        match planned {
            Planned::Deliver(to, id) => self.mark_overdue(to, id),
            Planned::Flush(node, _) | Planned::Work(node, _) | Planned::Fire(node, _) => {
                self.waiting.get_or_insert(node, Vec::new()).push(Missed { key, planned });
            }
            Planned::GiveUp(end, _) | Planned::Lapse(end, ..) => {
                self.waiting.get_or_insert(end.node, Vec::new()).push(Missed { key, planned });
            }
        }
    }

    fn mark_overdue(&mut self, to: End, id: u64) {
        let overdue = self.overdue.get_or_insert(to, Overdue { up_to: id, planned: None });
        overdue.up_to = overdue.up_to.max(id);
        if overdue.planned == Some(id) {
            overdue.planned = None;
        }
    }

    /// Applies an action and plans what it leaves to do.
    fn act(&mut self, action: &Action<N>, out: &mut Outcome<N>) -> bool {
        let clocks = action.node().map_or(Now::default(), |node| self.clocks_of(node));
        let done = self.world.apply(clocks, action, out);
        if done {
            self.after(action, out);
        }
        self.plan_overdue();
        done
    }

    fn after(&mut self, action: &Action<N>, out: &Outcome<N>) {
        if let Some(node) = action.node()
            && self.world.process(node).is_none()
        {
            // What its process waited for is void, and a stopped process that is killed is gone.
            self.schedule.process_gone(node);
            self.waiting.remove(&node);
            self.frozen.remove(&node);
        }
        for &due in &out.due {
            self.schedule.plan(self.now, due);
        }
        if let Some(item) = &out.arrived {
            self.holds.remove(&Hold::Item(item.id));
            // A SYN that had to end an older stream first is still at the front.
            if self.world.network().item(item.to, item.id).is_some() {
                self.mark_overdue(item.to, item.id);
            }
        }
        if let Action::Flush(node) = *action
            && !self.frozen.contains(&node)
        {
            // A job may have waited for this write.
            self.replan_waiting(node);
        }
        if let Action::Cut(from, to) = *action {
            self.cut_since.insert((from, to), self.index);
            let stopped: Vec<(End, u64)> = self
                .world
                .network()
                .sockets()
                .iter()
                .filter(|(end, socket)| {
                    let pair = (end.node, socket.peer.node);
                    pair == (from, to) || pair == (to, from)
                })
                .map(|(end, socket)| (*end, socket.stream))
                .collect();
            self.schedule.plan_lapse(self.now, &stopped, (from, to), self.index);
        } else if let Action::Heal(from, to) = *action {
            self.cut_since.remove(&(from, to));
        }
    }

    /// Plans the delivery of what is overdue and may arrive now, one item a queue.
    fn plan_overdue(&mut self) {
        let ends: Vec<End> = self.overdue.keys().copied().collect();
        for to in ends {
            let head = self.world.network().head(to).map(|head| head.id);
            let ready = self.may_arrive(to);
            let Some(overdue) = self.overdue.get_mut(&to) else { continue };
            match head.filter(|id| *id <= overdue.up_to) {
                None => {
                    self.overdue.remove(&to);
                }
                Some(id) if ready && overdue.planned != Some(id) => {
                    overdue.planned = Some(id);
                    self.schedule.push(self.now, Planned::Deliver(to, id));
                }
                Some(_) => {}
            }
        }
    }

    fn thaw(&mut self, node: NodeId) -> bool {
        let was_frozen = self.frozen.remove(&node);
        self.replan_waiting(node);
        was_frozen
    }

    /// Plans what waited for this node again, in the order in which it was due. What is due and
    /// was not looked at yet, because nothing happened since, keeps its place among it: a write
    /// whose plan came before that of an older write would be done in the older one's place and
    /// have none.
    fn replan_waiting(&mut self, node: NodeId) {
        let Some(mut missed) = self.waiting.remove(&node) else { return };
        let due = self.schedule.take_due(self.now, node);
        missed.extend(due.into_iter().map(|(key, planned)| Missed { key, planned }));
        missed.sort_by_key(|missed| missed.key);
        for Missed { key, planned } in missed {
            self.schedule.replan(self.now, key, planned);
        }
    }
}
