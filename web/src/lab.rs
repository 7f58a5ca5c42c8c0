//! The simulation with its cursor, and what has been seen of the run.
//!
//! The engine replays a run step for step, so what a step did is noted once, when the run is
//! made; going back and forth only moves the cursor. An order given in the past makes another
//! future: what was noted from there on is forgotten.

use crate::message::{Look, node_name};
use crate::tell;
use zabscope_core::base::{ClientId, Map, NodeId};
use zabscope_core::client::{self, CallId, Reply};
use zabscope_core::ensemble::{Actor, Call, EnsembleSettings, Note};
use zabscope_core::proto::Acl;
use zabscope_core::proto::request::{CreateOp, CreateRequest, Request};
use zabscope_core::server;
use zabscope_core::sim::{
    Action, Cause, Directive, Kept, Micros, Settings, Sim, StepRecord, World,
};
use zabscope_core::zab;

/// Longest run, in steps. Then time stops, and says so.
pub const STEPS_MAX: u64 = 200_000;
/// Largest number of steps made for one picture: a slow machine falls behind instead of freezing.
const STEPS_PER_FRAME_MAX: u32 = 2_000;
/// Longest wait for the first leader, virtual.
const FIRST_LEADER_MS: u64 = 10_000;

/// What one step did.
#[derive(Clone, Debug)]
pub struct Happening {
    /// When.
    pub at: Micros,
    /// The step in one sentence.
    pub text: String,
    /// True if it is only heartbeats, timers and streams.
    pub quiet: bool,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Line {
    /// The step that it tells of.
    pub step: u64,
    /// When.
    pub at: Micros,
    /// What happened.
    pub text: String,
}

/// A message of the run.
#[derive(Clone, Debug)]
pub struct Flight {
    /// The step that sent it.
    pub step: u64,
    /// When.
    pub sent_at: Micros,
    /// When it arrives, if nothing stops it.
    pub due_at: Micros,
    /// How it is shown.
    pub look: Look,
}

/// A request of a client, or news that it got.
#[derive(Clone, Debug)]
pub struct Talk {
    /// The step in which it was asked, or told.
    pub step: u64,
    /// Whose.
    pub client: ClientId,
    /// What was asked; `None` for news.
    pub asked: Option<String>,
    /// Step, whether it is good, and words of the answer.
    pub answer: Option<(u64, bool, String)>,
}

/// The simulation and what is known of its run.
#[derive(Debug)]
pub struct Lab {
    sim: Sim<Actor>,
    settings: EnsembleSettings,
    happenings: Vec<Happening>,
    lines: Vec<Line>,
    flights: Map<u64, Flight>,
    talks: Vec<Talk>,
}

/// Times that a person can watch: a hop takes 20 ms, a tick 400 ms.
fn settings(voters: u8, seed: u64) -> EnsembleSettings {
    EnsembleSettings {
        voters,
        clients: 2,
        session_timeout_ms: 6_000,
        tick_ms: 400,
        world: Settings {
            seed,
            latency_us: 15_000,
            jitter_us: 10_000,
            disk_us: 4_000,
            disk_jitter_us: 2_000,
            connect_timeout_ms: 1_000,
            ..Settings::default()
        },
        ..EnsembleSettings::default()
    }
}

impl Lab {
    /// A new run, gone forward to where an ensemble serves its clients and has one znode.
    #[must_use]
    pub fn elected(voters: u8, seed: u64) -> Self {
        let settings = settings(voters, seed);
        let mut lab = Self {
            sim: Sim::new(settings.setup()),
            settings,
            happenings: Vec::new(),
            lines: Vec::new(),
            flights: Map::new(),
            talks: Vec::new(),
        };
        let nodes: Vec<NodeId> = lab.world().slots().keys().copied().collect();
        for node in nodes {
            lab.act(Action::Start(node));
        }
        lab.run_until(Micros::from_ms(FIRST_LEADER_MS), Self::all_serve);
        lab.ask(ClientId(1), create("/hello", "first words", 0));
        let soon = lab.now().plus(300_000);
        lab.run_until(soon, |_| false);
        lab
    }

    /// Number of servers with a vote.
    #[must_use]
    pub const fn voters(&self) -> u8 {
        self.settings.voters
    }

    /// The seed of the run.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.settings.world.seed
    }

    /// The world at the cursor.
    #[must_use]
    pub const fn world(&self) -> &World<Actor> {
        self.sim.world()
    }

    /// Virtual time at the cursor.
    #[must_use]
    pub const fn now(&self) -> Micros {
        self.sim.now()
    }

    /// The cursor: number of steps before it.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.sim.index()
    }

    /// Number of steps of the run so far.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.sim.end()
    }

    /// True if an order given now would drop a known future.
    #[must_use]
    pub const fn is_in_the_past(&self) -> bool {
        self.sim.index() < self.sim.end()
    }

    /// True if the run is as long as it may be.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.sim.index() >= STEPS_MAX
    }

    /// The steps of the run before the cursor.
    #[must_use]
    pub fn past(&self) -> &[Happening] {
        let count = usize::try_from(self.index()).unwrap_or(usize::MAX);
        self.happenings.get(..count).unwrap_or(&self.happenings)
    }

    /// The lines of the log before the cursor, oldest first.
    #[must_use]
    pub fn log(&self) -> &[Line] {
        let count = self.lines.partition_point(|line| line.step < self.index());
        self.lines.get(..count).unwrap_or(&self.lines)
    }

    /// Requests and news before the cursor, oldest first.
    pub fn talks(&self) -> impl DoubleEndedIterator<Item = &Talk> {
        self.talks.iter().filter(|talk| talk.step < self.index())
    }

    /// What is known of a message.
    #[must_use]
    pub fn flight(&self, id: u64) -> Option<&Flight> {
        self.flights.get(&id)
    }

    /// Goes on until `at`, at most as far as one picture may cost.
    pub fn advance(&mut self, at: Micros) {
        for _ in 0..STEPS_PER_FRAME_MAX {
            if self.is_full() {
                return;
            }
            let Some(record) = self.sim.step_until(at) else {
                self.sim.run_until(at);
                return;
            };
            self.remember(&record);
        }
    }

    /// One step forward. False if nothing happens any more.
    pub fn step(&mut self) -> bool {
        if self.is_full() {
            return false;
        }
        let record = self.sim.step();
        if let Some(record) = &record {
            self.remember(record);
        }
        record.is_some()
    }

    /// Forward to behind the next step that is more than heartbeats.
    pub fn step_loud(&mut self) -> bool {
        for _ in 0..STEPS_PER_FRAME_MAX {
            if !self.step() {
                return false;
            }
            if self.past().last().is_some_and(|last| !last.quiet) {
                return true;
            }
        }
        true
    }

    /// Back to before the last step that is more than heartbeats.
    pub fn back_loud(&mut self) {
        let last = self.past().iter().rposition(|step| !step.quiet);
        self.seek(last.map_or(0, |last| last as u64));
    }

    /// To the moment before a step of the known run.
    pub fn seek(&mut self, index: u64) {
        self.sim.seek(index.min(self.end()));
    }

    /// Gives an order, now. Also in the past: then what came behind is forgotten.
    pub fn direct(&mut self, directive: Directive<Actor>) {
        self.forget_future();
        let record = self.sim.direct(directive);
        self.remember(&record);
    }

    fn forget_future(&mut self) {
        let index = self.index();
        self.happenings.truncate(usize::try_from(index).unwrap_or(usize::MAX));
        self.lines.retain(|line| line.step < index);
        self.flights.retain(|_, flight| flight.step < index);
        self.talks.retain(|talk| talk.step < index);
        for talk in &mut self.talks {
            if talk.answer.as_ref().is_some_and(|(step, ..)| *step >= index) {
                talk.answer = None;
            }
        }
    }

    /// Makes something happen, now.
    pub fn act(&mut self, action: Action<Actor>) {
        self.direct(Directive::Act(action));
    }

    /// Ends a process; `power` takes what was not on disk too.
    pub fn kill(&mut self, node: NodeId, power: bool) {
        let kept = if power { Kept::NONE } else { Kept::All };
        self.act(Action::Crash { node, kept });
    }

    /// Has a client ask something.
    pub fn ask(&mut self, client: ClientId, request: Request) {
        let step = self.index();
        let asked = Some(tell::request_text(&request));
        let call = client::Call::Request { id: CallId(step), request };
        // The answer may come in the same step, so the question is noted first.
        self.forget_future();
        self.talks.push(Talk { step, client, asked, answer: None });
        let action = Action::Call(NodeId::Client(client), Call::Client(call));
        let record = self.sim.direct(Directive::Act(action));
        self.remember(&record);
    }

    /// An order about a client's session.
    pub fn tell_client(&mut self, client: ClientId, call: client::Call) {
        self.act(Action::Call(NodeId::Client(client), Call::Client(call)));
    }

    /// True if every running server serves and no message but heartbeats is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let queues = self.world().network().queues();
        let loud = queues.values().flatten().any(|item| {
            !self.world().network().cuts().contains(&(item.from.node, item.to.node))
                && self.flights.get(&item.id).is_some_and(|flight| !flight.look.is_quiet())
        });
        let disks_rest = self.world().slots().values().all(|slot| slot.writes().is_empty());
        !loud && disks_rest && self.all_serve()
    }

    fn all_serve(&self) -> bool {
        self.world().slots().values().all(|slot| match slot.process() {
            None => true,
            Some(Actor::Server(server)) => server.peer().is_serving(),
            Some(Actor::Client(worker)) => worker.client().state() != client::State::Connecting,
        })
    }

    fn run_until(&mut self, at: Micros, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            let Some(record) = self.sim.step_until(at) else { break };
            self.remember(&record);
        }
    }

    fn remember(&mut self, record: &StepRecord<Actor>) {
        if record.index < self.happenings.len() as u64 {
            return;
        }
        for item in &record.sent {
            if let Some(look) = Look::of(item) {
                let due_at = self.sim.arrival_at(item.to, item.id).unwrap_or(record.at);
                let flight = Flight { step: record.index, sent_at: record.at, due_at, look };
                self.flights.insert(item.id, flight);
            }
        }
        self.remember_replies(record);
        let lines = self.lines_of(record);
        let happening = self.happening(record, &lines);
        self.happenings.push(happening);
        let line = |text| Line { step: record.index, at: record.at, text };
        self.lines.extend(lines.into_iter().map(line));
    }

    fn remember_replies(&mut self, record: &StepRecord<Actor>) {
        let Some(NodeId::Client(client)) = record.action().and_then(Action::node) else { return };
        for reply in record.replies() {
            let text = tell::reply_text(reply);
            match reply {
                Reply::Done { id, result, .. } => {
                    let good = result.is_ok();
                    if let Some(talk) = self.talks.iter_mut().find(|talk| talk.step == id.0) {
                        talk.answer = Some((record.index, good, text));
                    }
                }
                // Clients try one server after the other; the picture shows it.
                Reply::State(client::State::Connecting) => {}
                Reply::Event { .. } | Reply::State(_) => {
                    let answer = Some((record.index, true, text));
                    self.talks.push(Talk { step: record.index, client, asked: None, answer });
                }
            }
        }
    }

    /// What a step adds to the log.
    fn lines_of(&self, record: &StepRecord<Actor>) -> Vec<String> {
        let mut lines: Vec<String> = tell::order(&record.cause).into_iter().collect();
        let Some(node) = record.action().and_then(Action::node) else { return lines };
        let leads = self.leads(node);
        let notes = record.notes().filter(|note| leads || !is_of_the_leader(note));
        lines.extend(notes.filter_map(|note| tell::note(node, note)));
        for reply in record.replies() {
            if let Reply::Done { .. } | Reply::Event { .. } = reply {
                let who = tell::sentence(&node_name(node));
                lines.push(format!("{who} is told: {}.", tell::reply_text(reply)));
            }
        }
        lines
    }

    fn happening(&self, record: &StepRecord<Actor>, lines: &[String]) -> Happening {
        let is_loud = |id| self.flights.get(&id).is_some_and(|flight| !flight.look.is_quiet());
        let writes = matches!(&record.cause, Cause::Due(Action::Flush(_)));
        let quiet = lines.is_empty()
            && !writes
            && !record.sent.iter().any(|item| is_loud(item.id))
            && !record.arrived.as_ref().is_some_and(|item| is_loud(item.id));
        let text = match (&record.cause, &record.arrived) {
            (Cause::Told(_), _) => lines.first().cloned().unwrap_or_default(),
            (Cause::Due(_), Some(item)) => {
                let flight = self.flights.get(&item.id);
                let what = flight.map(|flight| flight.look.title());
                let what = what.unwrap_or_else(|| "the end of a stream".to_owned());
                let who = tell::sentence(&node_name(item.to.node));
                let lost = if record.lost { "; nobody takes it" } else { "" };
                format!("{who} receives {what} from {}{lost}.", node_name(item.from.node))
            }
            (Cause::Due(action), None) => tell::event(action),
        };
        Happening { at: record.at, text, quiet }
    }

    fn leads(&self, node: NodeId) -> bool {
        let process = self.world().process(node).and_then(Actor::server);
        process.is_some_and(server::Server::is_leader)
    }
}

/// A commit is decided by the leader; that the others learn of it is seen in the picture.
const fn is_of_the_leader(note: &Note) -> bool {
    matches!(note, Note::Server(server::Note::Zab(zab::Note::Committed(_))))
}

/// A request for a new znode; `flags` are those of the protocol: 1 ephemeral, 2 sequential.
#[must_use]
pub fn create(path: &str, data: &str, flags: i32) -> Request {
    Request::Create(CreateRequest {
        kind: CreateOp::Create,
        path: path.into(),
        data: Some(data.as_bytes().to_vec().into()),
        acl: Some(Acl::open()),
        flags,
    })
}
