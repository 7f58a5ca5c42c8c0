//! One run of a plan under chosen rules, with all oracles.

use super::bounds::{Bounds, Point};
use super::clients::Clients;
use super::expiry::Expiry;
use super::faults::Plan;
use super::joining::Joining;
use super::locks::Locks;
use super::progress::Progress;
use super::safety::Safety;
use super::violation::{Found, Violation};
use crate::ensemble::Actor;
use crate::server::codec;
use crate::sim::{Action, Directive, Micros, Sim, StepRecord};
use crate::zab::Rules;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// What became of a plan.
#[derive(Clone, Debug)]
pub struct Report {
    /// The first rule that broke.
    pub violation: Option<Violation>,
    /// Steps made.
    pub steps: u64,
    /// Virtual time that passed.
    pub time: Micros,
    /// Transactions that were committed.
    pub commits: u64,
    /// Calls that were answered, and those that succeeded.
    pub answered: (u64, u64),
    /// Hash of the trace.
    pub hash: u64,
}

/// Makes a run and looks at each step, until a rule breaks or the plan ends.
pub fn run<R: Rules>(plan: &Plan, rules: R) -> Report {
    watch(plan, rules, &mut |_| ())
}

/// The same; `each` is shown every step.
pub fn watch<R: Rules>(
    plan: &Plan,
    rules: R,
    each: &mut dyn FnMut(&StepRecord<Actor<R>>),
) -> Report {
    tampered(plan, rules, &mut |record| each(record))
}

/// The same; `each` may change what the oracles see of a step. So a test makes an oracle fail
/// whose rule no known mutant breaks.
pub fn tampered<R: Rules>(
    plan: &Plan,
    rules: R,
    each: &mut dyn FnMut(&mut StepRecord<Actor<R>>),
) -> Report {
    let sim = Sim::new(plan.settings.setup_with(rules)).check_messages(codec::check).only_forward();
    let judged = !plan.core.is_empty();
    let points = if judged { Bounds::of(&plan.settings, plan.healed).points() } else { Vec::new() };
    let mut judge = Judge {
        sim,
        safety: Safety::default(),
        joining: Joining::default(),
        expiry: Expiry::default(),
        clients: Clients::default(),
        locks: Locks::default(),
        progress: Progress::new(plan.core.iter().copied()),
        points: points.into(),
        each,
    };
    let violation = judge.make(plan).err();
    Report {
        violation,
        steps: judge.sim.index(),
        time: judge.sim.now(),
        commits: judge.safety.commits() as u64,
        answered: judge.clients.answered(),
        hash: judge.sim.hash(),
    }
}

struct Judge<'a, R: Rules> {
    sim: Sim<Actor<R>>,
    safety: Safety,
    joining: Joining,
    expiry: Expiry,
    clients: Clients,
    locks: Locks,
    progress: Progress,
    /// Bounds that are due later.
    points: VecDeque<(Micros, Point)>,
    each: &'a mut dyn FnMut(&mut StepRecord<Actor<R>>),
}

impl<R: Rules> Judge<'_, R> {
    fn make(&mut self, plan: &Plan) -> Result<(), Violation> {
        for (at, directive) in &plan.told {
            self.until(*at)?;
            if let Some(directive) = under(directive) {
                let record = self.sim.direct(directive);
                self.look(record)?;
            }
        }
        self.until(plan.end())
    }

    fn until(&mut self, at: Micros) -> Result<(), Violation> {
        // What is done at the very moment of a bound comes before it.
        while let Some((due, point)) = self.points.front().copied().filter(|(due, _)| *due < at) {
            self.steps_until(due)?;
            self.points.pop_front();
            self.judge(point)?;
        }
        self.steps_until(at)?;
        if self.points.len() == 1 && self.points.front().is_some_and(|(due, _)| *due == at) {
            self.points.clear();
            self.judge(Point::End)?;
        }
        Ok(())
    }

    fn judge(&mut self, point: Point) -> Result<(), Violation> {
        let Self { sim, safety, clients, locks, progress, .. } = self;
        let judged = progress.judge(point, sim, safety, clients, locks);
        judged.map_err(|found| self.violation(self.sim.index(), found))
    }

    fn steps_until(&mut self, at: Micros) -> Result<(), Violation> {
        while let Some(record) = self.sim.step_until(at) {
            self.look(record)?;
        }
        self.sim.run_until(at);
        Ok(())
    }

    fn look(&mut self, mut record: StepRecord<Actor<R>>) -> Result<(), Violation> {
        (self.each)(&mut record);
        let world = self.sim.world();
        self.safety
            .look(world, &record)
            .and_then(|()| self.joining.look(world, &record))
            .and_then(|()| self.expiry.look(world, &record))
            .and_then(|()| self.clients.look(world, &self.safety, &record))
            .and_then(|()| self.locks.look(world, &self.safety, &record))
            .and_then(|()| self.progress.look(&record))
            .map_err(|found| self.violation(record.index, found))
    }

    fn violation(&self, step: u64, (oracle, node, sentence): Found) -> Violation {
        Violation { oracle, step, at: self.sim.now(), node, sentence }
    }
}

/// A directive for servers of other rules; `None` for one that adds a server with its settings.
fn under<R: Rules>(directive: &Directive<Actor>) -> Option<Directive<Actor<R>>> {
    Some(match directive {
        Directive::Act(action) => Directive::Act(action_under(action)),
        Directive::Add(..) => return None,
        Directive::Hold(hold) => Directive::Hold(*hold),
        Directive::Release(hold) => Directive::Release(*hold),
        Directive::Freeze(node) => Directive::Freeze(*node),
        Directive::Thaw(node) => Directive::Thaw(*node),
        Directive::SlowDisk(node, times) => Directive::SlowDisk(*node, *times),
        Directive::ClockRate { node, num, den } => {
            Directive::ClockRate { node: *node, num: *num, den: *den }
        }
        Directive::WallClock(node, ms) => Directive::WallClock(*node, *ms),
        Directive::Latency { from, to, base_us, jitter_us } => {
            Directive::Latency { from: *from, to: *to, base_us: *base_us, jitter_us: *jitter_us }
        }
    })
}

fn action_under<R: Rules>(action: &Action<Actor>) -> Action<Actor<R>> {
    match action {
        Action::Start(node) => Action::Start(*node),
        Action::Deliver(end) => Action::Deliver(*end),
        Action::Flush(node) => Action::Flush(*node),
        Action::Work(node) => Action::Work(*node),
        Action::Fire(node, timer) => Action::Fire(*node, *timer),
        Action::Call(node, call) => Action::Call(*node, call.clone()),
        Action::Crash { node, kept } => Action::Crash { node: *node, kept: *kept },
        Action::Break(a, b) => Action::Break(*a, *b),
        Action::Reset(end) => Action::Reset(*end),
        Action::Cut(from, to) => Action::Cut(*from, *to),
        Action::Heal(from, to) => Action::Heal(*from, *to),
    }
}
