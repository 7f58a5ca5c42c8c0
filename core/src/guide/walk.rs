//! The way through a guided run: forward to the state that ends a step, exactly back, and what
//! becomes of a world if nobody interferes.

use super::orders::{self, Guess};
use super::proof::Facts;
use super::script::{Choices, Focus, Opening, Question, Script, Step, Topic, value};
use super::state::{self, State, Value};
use crate::base::{NodeId, counted};
use crate::ensemble::Actor;
use crate::lab::Problem;
use crate::server::Server;
use crate::sim::{Action, Directive, Sim};
use crate::why::{self, Subject, Why};
use crate::zab::ServerState;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Most simulated steps until a state holds.
const STEPS_MAX: u32 = 100_000;

/// Longest future that is looked at, microseconds.
const FUTURE_US_MAX: u64 = 20_000_000;

/// A run that can be led: a simulation, with whatever its owner notes about it.
pub trait Run {
    /// The simulation at the cursor.
    fn sim(&self) -> &Sim<Actor>;
    /// Gives orders, now.
    fn direct(&mut self, directives: Vec<Directive<Actor>>);
    /// One step forward; false if nothing happens any more.
    fn step(&mut self) -> bool;
    /// To the moment before a step of the known run.
    fn seek(&mut self, index: u64);
}

impl Run for Sim<Actor> {
    fn sim(&self) -> &Sim<Actor> {
        self
    }

    fn direct(&mut self, directives: Vec<Directive<Actor>>) {
        for directive in directives {
            Self::direct(self, directive);
        }
    }

    fn step(&mut self) -> bool {
        Self::step(self).is_some()
    }

    fn seek(&mut self, index: u64) {
        Self::seek(self, index);
    }
}

/// Where somebody is in a guided run.
#[derive(Clone, Debug)]
pub struct Walk {
    script: Script,
    at: usize,
    /// For each step that was reached, the moment behind its commands.
    begun: Vec<u64>,
}

/// What became of the wish to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// At the next step.
    Next,
    /// There is none.
    End,
    /// This step's end is not reached: something else was done to the world.
    Stuck,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What is right.
    pub value: u64,
    /// The future that decided.
    pub future: Future,
}

/// One future of a world, until a question is decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Future {
    /// The value that was asked for; `None` if it was not decided.
    pub value: Option<u64>,
    /// How long that took, microseconds.
    pub us: u64,
    /// The last facts that decide it, oldest first, with their times since the question,
    /// microseconds.
    pub facts: Vec<(u64, String)>,
    /// Why it is not decided.
    pub why: Option<Why>,
}

impl Walk {
    /// Goes to the first step. `run` is a new run of [`Script::settings`].
    ///
    /// # Errors
    /// A command of the script does not work, or a state is not reached.
    pub fn begin(script: Script, run: &mut impl Run) -> Result<Self, Problem> {
        let nodes: Vec<NodeId> = run.sim().world().slots().keys().copied().collect();
        run.direct(nodes.into_iter().map(|node| Directive::Act(Action::Start(node))).collect());
        for opening in &script.begin {
            match opening {
                Opening::Do(command) => {
                    let directives = orders::directives(command, run.sim(), Guess::default())?;
                    run.direct(directives);
                }
                Opening::Until(state) => {
                    if !run_until(run, core::slice::from_ref(state)) {
                        return Err(Problem("the run does not begin".into()));
                    }
                }
            }
        }
        let mut walk = Self { script, at: 0, begun: Vec::new() };
        walk.enter(run)?;
        Ok(walk)
    }

    /// The text.
    #[must_use]
    pub const fn script(&self) -> &Script {
        &self.script
    }

    /// The number of the step, from 0.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The step.
    #[must_use]
    pub fn step(&self) -> &Step {
        &self.script.steps[self.at]
    }

    /// The moment at which this step began.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.begun[self.at]
    }

    /// Has this step's end been reached at the cursor?
    #[must_use]
    pub fn is_done(&self, sim: &Sim<Actor>) -> bool {
        self.step().until.iter().all(|state| state.holds(sim.world()))
    }

    /// A paragraph with its values put in, as they are at the cursor.
    #[must_use]
    pub fn fill(&self, text: &str, sim: &Sim<Actor>) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(a, b)| Some((a, b.split_once('}')?)))
        {
            filled.push_str(before);
            let mut words = name.split('|');
            let read = words.next().map(value);
            match (read, words.next(), words.next()) {
                (Some(Ok(value)), Some(one), Some(many)) => {
                    filled.push_str(&counted(value.of(sim.world()), one, many));
                }
                (Some(Ok(value)), ..) => filled.push_str(&value.of(sim.world()).to_string()),
                _ => filled.push_str(name),
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// The paragraphs that are true at the cursor, with their values: those of the step, and where
    /// it has come to its end, those that say so.
    #[must_use]
    pub fn said(&self, sim: &Sim<Actor>) -> Vec<String> {
        let step = self.step();
        let done: &[String] = if self.is_done(sim) { &step.done } else { &[] };
        step.say.iter().chain(done).map(|text| self.fill(text, sim)).collect()
    }

    /// What this step explains, while nothing else is asked for.
    #[must_use]
    pub fn subject(&self, sim: &Sim<Actor>) -> Option<Subject> {
        match self.step().topic? {
            Topic::Commit => Some(Subject::Commit(state::newest(sim.world()))),
            Topic::Election => state::favourite(sim.world()).map(Subject::Election),
        }
    }

    /// The nodes that this step speaks of, as they are at the cursor.
    #[must_use]
    pub fn focused(&self, sim: &Sim<Actor>) -> Vec<NodeId> {
        let words = self.step().focus.iter().filter_map(|focus| match focus {
            Focus::Node(word) => Some(word),
            Focus::Part(_) | Focus::Znode(_) => None,
        });
        let found = words.flat_map(|word| {
            let mut nodes = orders::named(word, sim.world(), Guess::default());
            if nodes.is_empty() && word == "leader" {
                // Who leads but does not serve yet is meant too.
                let leads = |server: &&Server| server.peer().state() == ServerState::Leading;
                let leader = state::servers(sim.world()).find(leads);
                nodes.extend(leader.map(|server| NodeId::Server(server.peer().config().me)));
            }
            nodes
        });
        found.collect()
    }

    /// Goes on: to the end of this step, and into the next one.
    ///
    /// # Errors
    /// A command of the script does not work here.
    pub fn next(&mut self, run: &mut impl Run) -> Result<Moved, Problem> {
        if self.at + 1 == self.script.steps.len() {
            return Ok(Moved::End);
        }
        if let Some(&begun) = self.begun.get(self.at + 1) {
            run.seek(begun);
            self.at += 1;
            return Ok(Moved::Next);
        }
        let end = run.sim().end();
        run.seek(end);
        if !run_until(run, &self.step().until) {
            return Ok(Moved::Stuck);
        }
        self.at += 1;
        self.enter(run)?;
        Ok(Moved::Next)
    }

    /// Back to the moment at which the step before began; false if there is none.
    pub fn back(&mut self, run: &mut impl Run) -> bool {
        let Some(before) = self.at.checked_sub(1) else { return false };
        self.at = before;
        run.seek(self.begun[before]);
        true
    }

    /// To the beginning of this step.
    pub fn again(&self, run: &mut impl Run) {
        run.seek(self.begun());
    }

    fn enter(&mut self, run: &mut impl Run) -> Result<(), Problem> {
        for command in &self.script.steps[self.at].orders {
            let directives = orders::directives(command, run.sim(), Guess::default())?;
            run.direct(directives);
        }
        self.begun.push(run.sim().index());
        Ok(())
    }
}

/// Runs until all states hold; false if that takes too long.
fn run_until(run: &mut impl Run, states: &[State]) -> bool {
    for _ in 0..STEPS_MAX {
        if states.iter().all(|state| state.holds(run.sim().world())) {
            return true;
        }
        if !run.step() {
            return false;
        }
    }
    false
}

impl Value {
    /// Why nothing decides it.
    fn missing(&self, sim: &Sim<Actor>) -> Option<Why> {
        let world = sim.world();
        match self {
            Self::Leader | Self::Elected => {
                let voters =
                    || state::servers(world).filter(|server| server.peer().config().is_voter());
                let leader = voters().find(|server| server.peer().state() == ServerState::Leading);
                why::server(sim, leader.or_else(|| voters().next())?.peer().config().me)
            }
            Self::Durable => Some(why::commit(sim, state::newest(world))),
            Self::Holder(path) => why::lock(sim, path),
            Self::Wakeups(_) => None,
        }
    }
}

impl Question {
    /// What can be answered in this world.
    #[must_use]
    pub fn choices(&self, sim: &Sim<Actor>) -> Vec<u64> {
        let running = |wanted: fn(&NodeId) -> Option<u64>| {
            let slots = sim.world().slots().iter().filter(|(_, slot)| slot.process().is_some());
            slots.filter_map(|(node, _)| wanted(node)).collect()
        };
        match &self.choices {
            Choices::Servers => running(|node| match node {
                NodeId::Server(sid) => Some(sid.0.unsigned_abs()),
                NodeId::Client(_) => None,
            }),
            Choices::Clients => running(|node| match node {
                NodeId::Client(client) => Some(client.0.into()),
                NodeId::Server(_) => None,
            }),
            Choices::Numbers(numbers) => numbers.clone(),
        }
    }

    /// Runs a fork of the world until it is decided; `None` if that does not happen.
    #[must_use]
    pub fn decide(&self, sim: &Sim<Actor>) -> Option<Answer> {
        let future = self.follow(sim.branch(sim.index()));
        future.value.map(|value| Answer { value, future })
    }

    /// The other future, which shows why a wrong answer is wrong; `None` if the question has none.
    #[must_use]
    pub fn other(&self, sim: &Sim<Actor>, guess: u64, right: u64) -> Option<Future> {
        if self.given.is_empty() {
            return None;
        }
        let mut fork = sim.branch(sim.index());
        for command in &self.given {
            for directive in orders::directives(command, &fork, Guess { guess, right }).ok()? {
                Sim::direct(&mut fork, directive);
            }
        }
        Some(self.follow(fork))
    }

    fn follow(&self, mut fork: Sim<Actor>) -> Future {
        let counted = matches!(self.value, Value::Wakeups(_));
        let before = if counted { self.value.of(fork.world()) } else { 0 };
        let begun = fork.now();
        let mut facts = Facts::begin(&self.shows, begun, fork.world());
        let mut value = None;
        for _ in 0..STEPS_MAX {
            if self.when.iter().all(|state| state.holds(fork.world())) {
                value = Some(self.value.of(fork.world()).saturating_sub(before));
                break;
            }
            let Some(record) = fork.step_until(begun.plus(FUTURE_US_MAX)) else { break };
            facts.note(fork.world(), &record);
        }
        // What decides nothing is no fact to be told.
        let (facts, why) = match value {
            Some(_) => (facts.told(), None),
            None => (Vec::new(), self.value.missing(&fork)),
        };
        Future { value, us: fork.now().0 - begun.0, facts, why }
    }
}
