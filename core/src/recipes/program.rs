//! A client that runs a recipe in a loop, as one node: what a simulated client does all day.

use super::ask::{Ask, Counts, Phase};
use super::{Election, Lock, NaiveLock};
use crate::base::limits::RECIPES_LEAVING_MAX;
use crate::base::{Effect, Event, Millis, Node, Now, SessionId, Zxid};
use crate::client::{self, Client, Never, Reply, State};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What a client does on its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Program {
    /// Nothing; its owner calls it.
    #[default]
    None,
    /// Takes a lock, holds it, gives it back, rests, and again.
    Lock(Turns),
    /// The same with the lock that wakes everybody.
    NaiveLock(Turns),
    /// Stands for an office for ever.
    Election {
        /// Parent of the candidates.
        root: String,
    },
}

impl Program {
    /// The parent of its znodes, if it has any.
    #[must_use]
    pub fn root(&self) -> Option<&str> {
        match self {
            Self::Lock(turns) | Self::NaiveLock(turns) => Some(&turns.root),
            Self::Election { root } => Some(root),
            Self::None => None,
        }
    }
}

/// The loop of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    /// Parent of the lock's znodes.
    pub root: String,
    /// How long it is held, milliseconds.
    pub hold_ms: u64,
    /// Pause before it is wanted again, milliseconds.
    pub rest_ms: u64,
}

/// What a worker is told at boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Of its client.
    pub client: client::Config,
    /// What to do after boot.
    pub program: Program,
}

/// A recipe at work.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a worker has one of them")]
pub enum Recipe {
    /// An exclusive lock.
    Lock(Lock),
    /// One where everybody wakes.
    NaiveLock(NaiveLock),
    /// A leader election.
    Election(Election),
}

/// Timers of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Of its client.
    Client(client::Timer),
    /// The lock was held for its time.
    Hold,
    /// The pause between two turns is over.
    Rest,
}

/// An order to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerCall {
    /// For its client. Ids are below 2^32: the others are those of the recipe.
    Client(client::Call),
    /// Do this from now on. What another program holds is given back.
    Run(Program),
}

/// A fact for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Of its client.
    Client(client::Note),
    /// The recipe does something else now.
    Phase {
        /// What.
        phase: Phase,
        /// The fencing token, if it has one.
        token: Option<Zxid>,
    },
}

/// A client and what it does.
#[derive(Clone, Debug)]
pub struct Worker {
    client: Client,
    program: Program,
    recipe: Option<Recipe>,
    /// Recipes of before that still give back what they had; gone when they are idle.
    leaving: Vec<Recipe>,
    tag: u32,
}

type Effects = Vec<Effect<Worker>>;

impl Node for Worker {
    type Config = Config;
    type Msg = client::Msg;
    type Timer = Timer;
    type Write = Never;
    type Mark = Never;
    type Job = Never;
    type Done = Never;
    type Recovered = ();
    type Disk = ();
    type Call = WorkerCall;
    type Reply = Reply;
    type Note = Note;

    fn boot(config: &Config, (): ()) -> Self {
        let client = Client::boot(&config.client, ());
        let program = config.program.clone();
        Self { client, program, recipe: None, leaving: Vec::new(), tag: 0 }
    }

    fn step(&mut self, now: Now, event: Event<Self>, out: &mut Effects) {
        let event = match event {
            Event::Start => {
                self.begin(now, out);
                Event::Start
            }
            Event::Timer(Timer::Client(timer)) => Event::Timer(timer),
            Event::Timer(Timer::Hold) => return self.direct(now, Recipe::stop, out),
            Event::Timer(Timer::Rest) => return self.direct(now, Recipe::start, out),
            Event::Linked(link, origin) => Event::Linked(link, origin),
            Event::Unlinked(link) => Event::Unlinked(link),
            Event::Received(link, msg) => Event::Received(link, msg),
            Event::Durable(never) | Event::Done(never) => match never {},
            Event::Call(WorkerCall::Client(call)) => Event::Call(call),
            Event::Call(WorkerCall::Run(program)) => return self.run(now, program, out),
        };
        self.client_step(now, event, out);
    }

    fn keep((): &mut (), write: Never) -> Never {
        match write {}
    }

    fn mark(write: &Never) -> Never {
        match *write {}
    }

    fn work((): &mut (), job: Never) -> Never {
        match job {}
    }

    fn recover(_: &Config, (): &()) {}
}

impl Worker {
    /// Its client.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// What it does.
    #[must_use]
    pub const fn program(&self) -> &Program {
        &self.program
    }

    /// The recipe at work.
    #[must_use]
    pub const fn recipe(&self) -> Option<&Recipe> {
        self.recipe.as_ref()
    }

    /// True if it holds its lock, or leads, and has a connection to be sure of it.
    #[must_use]
    pub fn is_first(&self) -> bool {
        let first = self.recipe.as_ref().is_some_and(|recipe| recipe.phase() == Phase::First);
        first && self.client.state() == State::Connected
    }

    fn run(&mut self, now: Now, program: Program, out: &mut Effects) {
        out.extend([Timer::Hold, Timer::Rest].map(Effect::CancelTimer));
        if let Some(mut recipe) = self.recipe.take() {
            let mut asks = Vec::new();
            recipe.stop(&mut asks);
            self.leaving.push(recipe);
            self.leaving.retain(|recipe| recipe.phase() == Phase::Leaving);
            if self.leaving.len() > RECIPES_LEAVING_MAX {
                // The end of the session gives back what the oldest had.
                self.leaving.remove(0);
            }
            self.ask(now, asks, out);
        }
        self.program = program;
        self.begin(now, out);
    }

    fn begin(&mut self, now: Now, out: &mut Effects) {
        self.tag += 1;
        let data = Some(format!("client {}", self.client.config().id.0).into());
        self.recipe = match &self.program {
            Program::None => None,
            Program::Lock(turns) => Some(Recipe::Lock(Lock::new(&turns.root, self.tag, data))),
            Program::NaiveLock(turns) => {
                Some(Recipe::NaiveLock(NaiveLock::new(&turns.root, self.tag, data)))
            }
            Program::Election { root } => {
                Some(Recipe::Election(Election::new(root, self.tag, data)))
            }
        };
        self.tell(now, out);
        self.direct(now, Recipe::start, out);
    }

    /// A recipe that starts beside a session hears of it.
    fn tell(&mut self, now: Now, out: &mut Effects) {
        if self.client.session() != SessionId(0) && self.client.state().is_alive() {
            self.hear(now, &Reply::State(State::Connected), out);
        }
    }

    /// Lets the client take a step; then what it said is heard, and may be followed by more.
    fn client_step(&mut self, now: Now, event: Event<Client>, out: &mut Effects) {
        let mut effects = Vec::new();
        self.client.step(now, event, &mut effects);
        let mut replies = Vec::new();
        for effect in effects {
            out.push(match effect {
                Effect::SetTimer(timer, after) => Effect::SetTimer(Timer::Client(timer), after),
                Effect::CancelTimer(timer) => Effect::CancelTimer(Timer::Client(timer)),
                Effect::Connect(link) => Effect::Connect(link),
                Effect::Hangup(link) => Effect::Hangup(link),
                Effect::Send(link, msg) => Effect::Send(link, msg),
                Effect::Pause(link) => Effect::Pause(link),
                Effect::Resume(link) => Effect::Resume(link),
                Effect::Note(note) => Effect::Note(Note::Client(note)),
                Effect::Halt(why) => Effect::Halt(why),
                Effect::Persist(never) | Effect::Job(never) => match never {},
                Effect::Reply(reply) => {
                    replies.push(reply);
                    continue;
                }
            });
        }
        for reply in replies {
            self.hear(now, &reply, out);
            let expired = reply == Reply::State(State::Expired);
            if !is_of_recipe(&reply) {
                out.push(Effect::Reply(reply));
            }
            // A program goes on; an owner decides for himself.
            if expired && self.program != Program::None {
                self.client_step(now, Event::Call(client::Call::Start), out);
            }
        }
    }

    fn hear(&mut self, now: Now, reply: &Reply, out: &mut Effects) {
        let session = self.client.session();
        let mut asks = Vec::new();
        for recipe in &mut self.leaving {
            recipe.hear(session, reply, &mut asks);
        }
        self.leaving.retain(|recipe| recipe.phase() == Phase::Leaving);
        self.ask(now, asks, out);
        self.direct(now, |recipe, asks| recipe.hear(session, reply, asks), out);
    }

    /// Something happens to the recipe; what follows from its new phase is done.
    fn direct(
        &mut self,
        now: Now,
        happens: impl FnOnce(&mut Recipe, &mut Vec<Ask>),
        out: &mut Effects,
    ) {
        let Some(recipe) = &mut self.recipe else { return };
        let before = recipe.phase();
        let mut asks = Vec::new();
        happens(recipe, &mut asks);
        let (phase, token) = (recipe.phase(), recipe.token());
        if phase != before {
            out.push(Effect::Note(Note::Phase { phase, token }));
            self.on_phase(phase, out);
        }
        self.ask(now, asks, out);
    }

    fn on_phase(&self, phase: Phase, out: &mut Effects) {
        let (Program::Lock(turns) | Program::NaiveLock(turns)) = &self.program else { return };
        match phase {
            Phase::First => out.push(Effect::SetTimer(Timer::Hold, Millis(turns.hold_ms))),
            Phase::Idle | Phase::Failed(_) => {
                out.push(Effect::SetTimer(Timer::Rest, Millis(turns.rest_ms)));
            }
            Phase::Joining | Phase::Waiting | Phase::Leaving | Phase::Lost => {
                out.push(Effect::CancelTimer(Timer::Hold));
            }
        }
    }

    fn ask(&mut self, now: Now, asks: Vec<Ask>, out: &mut Effects) {
        for ask in asks {
            self.client_step(now, Event::Call(ask.into()), out);
        }
    }
}

fn is_of_recipe(reply: &Reply) -> bool {
    matches!(reply, Reply::Done { id, .. } if id.0 >> 32 != 0)
}

impl Recipe {
    /// What it is doing.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Lock(lock) => lock.place().phase(),
            Self::NaiveLock(lock) => lock.phase(),
            Self::Election(election) => election.place().phase(),
        }
    }

    /// What it did so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        match self {
            Self::Lock(lock) => lock.place().counts(),
            Self::NaiveLock(lock) => lock.counts(),
            Self::Election(election) => election.place().counts(),
        }
    }

    /// The fencing token of the holder, or the number of the term.
    #[must_use]
    pub fn token(&self) -> Option<Zxid> {
        match self {
            Self::Lock(lock) => lock.place().token(),
            Self::NaiveLock(lock) => lock.token(),
            Self::Election(election) => election.place().token(),
        }
    }

    /// Wants the lock, or the office.
    pub fn start(&mut self, out: &mut Vec<Ask>) {
        match self {
            Self::Lock(lock) => lock.acquire(out),
            Self::NaiveLock(lock) => lock.acquire(out),
            Self::Election(election) => election.run(out),
        }
    }

    /// Gives it back, or up.
    pub fn stop(&mut self, out: &mut Vec<Ask>) {
        match self {
            Self::Lock(lock) => lock.release(out),
            Self::NaiveLock(lock) => lock.release(out),
            Self::Election(election) => election.resign(out),
        }
    }

    /// The client of this session told its owner `reply`.
    pub fn hear(&mut self, session: SessionId, reply: &Reply, out: &mut Vec<Ask>) {
        match self {
            Self::Lock(lock) => lock.hear(session, reply, out),
            Self::NaiveLock(lock) => lock.hear(session, reply, out),
            Self::Election(election) => election.hear(session, reply, out),
        }
    }
}
