//! A simulation that runs forward, goes back, and branches.

use super::action::{Fault, Outcome};
use super::directive::{Directive, Hold};
use super::network::{End, Wire};
use super::record::{Cause, StepRecord, Traced};
use super::schedule::{Micros, Settings};
use super::state::State;
use super::world::World;
use crate::base::limits::{
    SIM_FAULTS_MAX, SIM_KEYFRAME_STEPS, SIM_KEYFRAMES_BYTES_MAX, SIM_KEYFRAMES_MAX, SIM_NODE_BYTES,
};
use crate::base::{Node, NodeId, Now, Set};
use crate::trace::{Digest, Entry, Keyframes, Tape, TraceHasher};
use alloc::string::String;
use alloc::vec::Vec;

/// How a run begins. All nodes are down.
#[derive(Clone, Debug)]
pub struct Setup<N: Node> {
    /// Seed and latencies.
    pub settings: Settings,
    /// Who there is.
    pub nodes: Vec<(NodeId, N::Config)>,
    /// What is on their disks; a node that is not named has an empty one.
    pub disks: Vec<(NodeId, N::Disk)>,
}

/// The tape of a simulation.
pub type SimTape<N> = Tape<Setup<N>, Directive<N>>;

/// Checks a message that is sent, above all that its bytes decode to the same message.
pub type MessageCheck<M> = fn(&M) -> Result<(), String>;

/// One moment, and what has been seen until then.
#[derive(Clone, Debug)]
struct Moment<N: Node> {
    state: State<N>,
    hasher: TraceHasher,
    faults: Vec<(u64, Fault)>,
    fault_count: u64,
}

/// A simulation: a tape, and one moment of the run that it describes.
#[derive(Clone, Debug)]
pub struct Sim<N: Node> {
    tape: SimTape<N>,
    moment: Moment<N>,
    keyframes: Keyframes<Moment<N>>,
    /// The furthest step of this run that has been made.
    end: u64,
    check: Option<MessageCheck<N::Msg>>,
    only_forward: bool,
    out: Outcome<N>,
}

impl<N: Traced> Sim<N> {
    /// The start of a new run.
    #[must_use]
    pub fn new(setup: Setup<N>) -> Self {
        Self::replay(Tape::new(setup))
    }

    /// The start of the run that a tape describes: [`Sim::step`] follows the tape.
    #[must_use]
    pub fn replay(tape: SimTape<N>) -> Self {
        let setup = tape.setup();
        let moment = Moment {
            state: State::new(setup),
            hasher: TraceHasher::default(),
            faults: Vec::new(),
            fault_count: 0,
        };
        let keyframes = Keyframes::new(
            SIM_KEYFRAME_STEPS,
            SIM_KEYFRAMES_MAX,
            SIM_KEYFRAMES_BYTES_MAX,
            moment.clone(),
        );
        Self {
            tape,
            moment,
            keyframes,
            end: 0,
            check: None,
            only_forward: false,
            out: Outcome::default(),
        }
    }

    /// A new run in which these directives are given at these times, whatever step it is then.
    ///
    /// Unlike a tape, any part of the directives of a run is again a run: this is what shrinking
    /// and editing the past build on.
    #[must_use]
    pub fn retell(setup: Setup<N>, told: &[(Micros, Directive<N>)]) -> Self {
        let mut sim = Self::new(setup);
        for (at, directive) in told {
            sim.run_until(*at);
            sim.direct(directive.clone());
        }
        sim
    }

    /// Has every message checked from here on; a failure is a [`Fault`] of the step.
    #[must_use]
    pub const fn check_messages(mut self, check: MessageCheck<N::Msg>) -> Self {
        self.check = Some(check);
        self
    }

    /// Keeps no moments of the past: for those who never go back, which costs them a replay.
    #[must_use]
    pub const fn only_forward(mut self) -> Self {
        self.only_forward = true;
        self
    }

    /// The world at this moment.
    pub const fn world(&self) -> &World<N> {
        &self.moment.state.world
    }

    /// Virtual time.
    pub const fn now(&self) -> Micros {
        self.moment.state.now
    }

    /// Number of the next step.
    pub const fn index(&self) -> u64 {
        self.moment.state.index
    }

    /// The furthest step that has been made in this run: `seek` can go there and back.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// The running hash of all steps before this moment. Equal runs have equal hashes, natively
    /// and in wasm.
    pub const fn hash(&self) -> u64 {
        self.moment.hasher.value()
    }

    /// What this run can be repeated from.
    pub const fn tape(&self) -> &SimTape<N> {
        &self.tape
    }

    /// What the keyframes of this run cost in memory, bytes, by an estimate.
    pub fn keyframe_bytes(&self) -> u64 {
        self.keyframes.bytes()
    }

    /// What must not have happened and did, with its step; the first `SIM_FAULTS_MAX`.
    pub fn faults(&self) -> &[(u64, Fault)] {
        &self.moment.faults
    }

    /// How many faults there were.
    pub const fn fault_count(&self) -> u64 {
        self.moment.fault_count
    }

    /// What is kept back.
    pub const fn holds(&self) -> &Set<Hold> {
        self.moment.state.holds()
    }

    /// Which processes are stopped.
    pub const fn frozen(&self) -> &Set<NodeId> {
        self.moment.state.frozen()
    }

    /// How many times as long each disk access of a node takes as usual.
    #[must_use]
    pub fn disk_slowness(&self, node: NodeId) -> u32 {
        self.moment.state.slow_of(node)
    }

    /// A node's own clocks.
    pub fn clocks_of(&self, node: NodeId) -> Now {
        self.moment.state.clocks_of(node)
    }

    /// When an armed timer is due.
    pub fn timer_at(&self, node: NodeId, timer: N::Timer) -> Option<Micros> {
        self.moment.state.timer_at(node, timer)
    }

    /// When an item under way is due; `None` once it is overdue. Costs a look at all plans.
    pub fn arrival_at(&self, to: End, id: u64) -> Option<Micros> {
        self.moment.state.arrival_at(to, id)
    }

    /// When the next step is due; `None` if nothing more happens by itself.
    pub fn next_at(&self) -> Option<Micros> {
        match self.tape.at(self.index()) {
            Some(entry) => Some(Micros(entry.at_us)),
            None => self.moment.state.next_at(),
        }
    }

    /// Makes the next step. `None` if nothing can happen.
    pub fn step(&mut self) -> Option<StepRecord<N>> {
        self.step_until(Micros(u64::MAX))
    }

    /// Makes the next step if it is due at `limit` or before.
    pub fn step_until(&mut self, limit: Micros) -> Option<StepRecord<N>> {
        let told = self.tape.at(self.index());
        let (cause, applied) = if let Some(entry) = told {
            if Micros(entry.at_us) > limit {
                return None;
            }
            let directive = entry.directive.clone();
            self.moment.state.now = self.now().max(Micros(entry.at_us));
            let applied = self.moment.state.obey(&directive, &mut self.out);
            (Cause::Told(directive), applied)
        } else {
            (Cause::Due(self.moment.state.advance(limit, &mut self.out)?), true)
        };
        Some(self.finish(cause, applied))
    }

    /// Makes all steps that are due until `at` and sets the clock there. Says how many.
    pub fn run_until(&mut self, at: Micros) -> u64 {
        let before = self.index();
        while self.step_until(at).is_some() {}
        self.moment.state.now = self.now().max(at);
        self.index() - before
    }

    /// Gives an order now, as the next step. What the run would have become otherwise is
    /// forgotten: [`Sim::branch`] or clone first to keep it.
    pub fn direct(&mut self, directive: Directive<N>) -> StepRecord<N> {
        self.forget_future();
        let entry = Entry { index: self.index(), at_us: self.now().0, directive };
        assert!(self.tape.push(entry), "time and steps only grow");
        self.step().expect("a directive is always a step")
    }

    /// Starts every node that is down, in order.
    pub fn start_all(&mut self) {
        let down: Vec<NodeId> = self
            .world()
            .slots()
            .iter()
            .filter(|(_, slot)| slot.process().is_none())
            .map(|(node, _)| *node)
            .collect();
        for node in down {
            self.direct(Directive::Act(super::Action::Start(node)));
        }
    }

    /// Goes to the moment before step `index`, back or forth; beyond the end the run goes on as
    /// far as something happens. Says which moment was reached.
    pub fn seek(&mut self, index: u64) -> u64 {
        let (at, moment) = self.keyframes.nearest(index);
        if index < self.index() || at > self.index() {
            self.moment = moment.clone();
        }
        while self.index() < index && self.step().is_some() {}
        self.index()
    }

    /// Another future: this run until step `index`, without the directives from there on.
    #[must_use]
    pub fn branch(&self, index: u64) -> Self {
        let mut branch = self.clone();
        branch.seek(index);
        branch.forget_future();
        branch
    }

    /// The run ends here: directives from here on are gone, and what they led to.
    pub fn forget_future(&mut self) {
        let index = self.index();
        self.tape.truncate(index);
        self.keyframes.truncate(index);
        self.end = index;
    }

    fn finish(&mut self, cause: Cause<N>, applied: bool) -> StepRecord<N> {
        let world = &self.moment.state.world;
        let sent: Vec<_> = self
            .out
            .posted
            .iter()
            .filter_map(|posted| world.network().item(posted.to, posted.id).cloned())
            .collect();
        let mut faults = core::mem::take(&mut self.out.faults);
        if let Some(check) = self.check {
            for item in &sent {
                if let Wire::Data(message) = &item.wire
                    && let Err(why) = check(message)
                {
                    faults.push(Fault::Message(item.from.node, why));
                }
            }
        }
        let record = StepRecord {
            index: self.index(),
            at: self.now(),
            cause,
            applied,
            arrived: self.out.arrived.take(),
            lost: self.out.lost,
            effects: core::mem::take(&mut self.out.effects),
            sent,
            unsent: self.out.unsent,
            faults,
        };
        self.moment.remember(&record);
        self.end = self.end.max(self.index());
        if !self.only_forward {
            self.keyframes.offer(self.moment.state.index, &self.moment, Moment::bytes);
        }
        record
    }
}

impl<N: Traced> Moment<N> {
    /// About what a copy costs.
    fn bytes(&self) -> u64 {
        let slots = self.state.world.slots().values();
        slots.map(|slot| SIM_NODE_BYTES + N::disk_bytes(slot.disk())).sum()
    }

    fn remember(&mut self, record: &StepRecord<N>) {
        record.digest(&mut self.hasher);
        for fault in &record.faults {
            self.fault_count += 1;
            if self.faults.len() < SIM_FAULTS_MAX {
                self.faults.push((record.index, fault.clone()));
            }
        }
        self.state.index += 1;
    }
}
