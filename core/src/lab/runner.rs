//! Runs commands and tells what happens.

use super::command::{Command, History, Shape};
use super::line::{Line, Problem};
use super::words::{Kind, Names, answer_text, event_at_text, job_text, write_text};
use crate::base::{ClientId, Conn, Effect, Link, NodeId};
use crate::client::{self, CallId};
use crate::ensemble::{Actor, Call, EnsembleSettings, Note, Timer};
use crate::proto::Acl;
use crate::proto::request::{CreateOp, CreateRequest, Request};
use crate::recipes::Program;
use crate::server::{self, codec};
use crate::sim::{
    Action, Cause, Directive, End, Fault, Hold, Micros, Settings, Sim, StepRecord, Wire,
};
use crate::tell::Teller;
use crate::why::{self, Subject};
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// So long nothing but heartbeats must happen for the world to be stable.
const QUIET_US: u64 = 1_000_000;
/// After this time a world that does not become stable, or an `until`, is given up.
const PATIENCE_US: u64 = 300_000_000;

/// A world, what has been told about it, and what is printed.
#[derive(Debug)]
pub struct Lab {
    settings: EnsembleSettings,
    sim: Sim<Actor>,
    pub(super) names: Names,
    shown: BTreeSet<Kind>,
    patient: bool,
    /// Lines since the last command.
    lines: Vec<String>,
    /// Text of each item under way.
    items: BTreeMap<u64, (Kind, String)>,
    writes: BTreeMap<NodeId, VecDeque<String>>,
    jobs: BTreeMap<NodeId, VecDeque<String>>,
    conns: BTreeMap<Conn, NodeId>,
    calls: BTreeMap<u64, Request>,
    /// Calls whose answers are not printed.
    silent: BTreeSet<u64>,
    next_call: u64,
    awaited: Option<String>,
    teller: Teller,
    loud_at: Micros,
}

impl Default for Lab {
    fn default() -> Self {
        Self::new(&EnsembleSettings::default())
    }
}

impl Lab {
    /// A world in which nobody runs yet.
    #[must_use]
    pub fn new(settings: &EnsembleSettings) -> Self {
        Self {
            settings: settings.clone(),
            sim: Sim::new(settings.setup()).check_messages(codec::check),
            names: Names::default(),
            shown: Kind::USUAL.into(),
            patient: false,
            lines: Vec::new(),
            items: BTreeMap::new(),
            writes: BTreeMap::new(),
            jobs: BTreeMap::new(),
            conns: BTreeMap::new(),
            calls: BTreeMap::new(),
            silent: BTreeSet::new(),
            next_call: 1,
            awaited: None,
            teller: Teller::default(),
            loud_at: Micros(0),
        }
    }

    /// How the world began, apart from what `history` left on its disks.
    #[must_use]
    pub const fn settings(&self) -> &EnsembleSettings {
        &self.settings
    }

    /// The world.
    #[must_use]
    pub const fn sim(&self) -> &Sim<Actor> {
        &self.sim
    }

    /// Runs a command given as a line.
    ///
    /// # Errors
    /// It cannot be read, or what it waits for does not happen.
    pub fn run_line(&mut self, text: &str) -> Result<String, Problem> {
        self.run(Command::read(Line::parse(text)?)?)
    }

    /// Runs a command and gives what it prints.
    ///
    /// # Errors
    /// It names what is not there, or what it waits for does not happen.
    pub fn run(&mut self, command: Command) -> Result<String, Problem> {
        let mut shown = self.obey(command)?;
        let mut text = String::new();
        for line in self.lines.drain(..) {
            text.push_str(&line);
            text.push('\n');
        }
        text.push_str(&core::mem::take(&mut shown));
        Ok(text)
    }

    fn obey(&mut self, command: Command) -> Result<String, Problem> {
        match command {
            Command::Ensemble(shape) => self.build(shape)?,
            Command::Show { kinds, shown } => {
                for kind in kinds {
                    if shown {
                        self.shown.insert(kind);
                    } else {
                        self.shown.remove(&kind);
                    }
                }
            }
            Command::Patient(patient) => self.patient = patient,
            Command::Run { us } => self.run_for(us),
            Command::Stabilize => self.stabilize()?,
            Command::Until { text } => self.until(text)?,
            Command::State => return Ok(self.show_state()),
            Command::Log(nodes) => return Ok(self.show_log(&nodes)),
            Command::Disk(node) => return self.show_disk(node),
            Command::Tree(node) => return self.show_tree(node),
            Command::Sessions => return Ok(self.show_sessions()),
            Command::Watches(node) => return self.show_watches(node),
            Command::Why(subject) => return self.explain(subject),
            Command::WhyMessage(from, to) => {
                let id = self.oldest(from, to)?.0;
                return self.explain(Subject::Message(id));
            }
            Command::WhyRefused(request) => return self.why_refused(&request),
            Command::Time => return Ok(format!("{}\n", self.sim.now())),
            Command::Ask { client, request } => self.ask(client, request)?,
            Command::Load { client, count, path } => self.load(client, count, &path)?,
            Command::Close(client) => self.tell_client(client, client::Call::Close)?,
            Command::Move(client, sid) => self.tell_client(client, client::Call::MoveTo(sid))?,
            Command::Expire(client) => self.expire(client)?,
            Command::Play { client, program } => {
                self.act(Action::Call(NodeId::Client(client), Call::Run(program)))?;
            }
            Command::Snapshot(node) => {
                let call = Call::Server(server::Call::Snapshot);
                self.act(Action::Call(node, call))?;
            }
            Command::History { node, history } => self.give_history(node, &history)?,
            other => self.disturb(other)?,
        }
        Ok(String::new())
    }

    /// Commands about nodes and the network.
    fn disturb(&mut self, command: Command) -> Result<(), Problem> {
        match command {
            Command::Start(nodes) => {
                for node in nodes {
                    self.act(Action::Start(node))?;
                }
            }
            Command::Crash { nodes, kept } => {
                for node in nodes {
                    self.act(Action::Crash { node, kept })?;
                    self.writes.remove(&node);
                    self.jobs.remove(&node);
                }
            }
            Command::Cut { from, to, both } => {
                self.act(Action::Cut(from, to))?;
                if both {
                    self.act(Action::Cut(to, from))?;
                }
            }
            Command::Heal(pair) => self.heal(pair)?,
            Command::Isolate(node) => {
                for other in self.servers().into_iter().filter(|other| *other != node) {
                    self.act(Action::Cut(node, other))?;
                    self.act(Action::Cut(other, node))?;
                }
            }
            Command::Break(a, b) => self.act(Action::Break(a, b))?,
            Command::Hold(a, b) => self.tell(Directive::Hold(Hold::Between(a, b)))?,
            Command::Release(Some((a, b))) => self.tell(Directive::Release(Hold::Between(a, b)))?,
            Command::Release(None) => {
                for hold in self.sim.holds().clone() {
                    self.tell(Directive::Release(hold))?;
                }
            }
            Command::Deliver(from, to) => self.deliver(from, to)?,
            Command::SlowDisk(node, factor) => self.tell(Directive::SlowDisk(node, factor))?,
            Command::Freeze(node) => self.tell(Directive::Freeze(node))?,
            Command::Thaw(node) => self.tell(Directive::Thaw(node))?,
            Command::Flush(node) => self.act(Action::Flush(node))?,
            Command::Work(node) => self.act(Action::Work(node))?,
            Command::Fire(node, timer) => {
                let timer = Timer::Server(server::Timer::Zab(timer));
                self.act(Action::Fire(node, timer))?;
            }
            Command::Clock { node, num, den } => {
                self.tell(Directive::ClockRate { node, num, den })?;
            }
            other => return Err(Problem(format!("{other:?} is no fault"))),
        }
        Ok(())
    }

    // --- worlds --------------------------------------------------------------------------

    /// Latencies do not vary, so that the order of lines is easy to follow.
    fn build(&mut self, shape: Shape) -> Result<(), Problem> {
        let settings = EnsembleSettings {
            voters: shape.voters,
            observers: shape.observers,
            clients: shape.clients,
            session_timeout_ms: shape.session_timeout_ms,
            tick_ms: shape.tick_ms,
            init_limit: shape.init_limit,
            sync_limit: shape.sync_limit,
            snap_count: shape.snap_count,
            program: Program::None,
            world: Settings {
                latency_us: shape.latency_us,
                jitter_us: 0,
                disk_us: shape.disk_us,
                disk_jitter_us: 0,
                ..Settings::default()
            },
        };
        *self = Self::new(&settings);
        if shape.down {
            return Ok(());
        }
        let shown = core::mem::take(&mut self.shown);
        let nodes: Vec<NodeId> = self.sim.world().slots().keys().copied().collect();
        for node in nodes.iter().copied() {
            self.act(Action::Start(node))?;
        }
        self.stabilize()?;
        for node in nodes {
            let ready = match self.sim.world().process(node) {
                Some(Actor::Server(server)) => server.peer().is_serving(),
                Some(Actor::Client(worker)) => worker.client().state() == client::State::Connected,
                None => false,
            };
            if !ready {
                return Err(Problem(format!("{node} is not ready")));
            }
        }
        self.shown = shown;
        Ok(())
    }

    /// A disk as an earlier life would have left it, before anything has happened here.
    fn give_history(&mut self, node: NodeId, history: &History) -> Result<(), Problem> {
        if self.sim.index() > 0 {
            return Err(Problem::new("a history is given before anybody is started"));
        }
        let mut setup = self.sim.tape().setup().clone();
        if !matches!(node, NodeId::Server(_)) || !setup.nodes.iter().any(|(id, _)| *id == node) {
            return Err(Problem(format!("{node} is no server")));
        }
        setup.disks.retain(|(id, _)| *id != node);
        setup.disks.push((node, history.disk()));
        self.sim = Sim::new(setup).check_messages(codec::check);
        Ok(())
    }

    fn heal(&mut self, pair: Option<(NodeId, NodeId)>) -> Result<(), Problem> {
        let cuts: Vec<(NodeId, NodeId)> = match pair {
            Some((a, b)) => [(a, b), (b, a)].into(),
            None => self.sim.world().network().cuts().iter().copied().collect(),
        };
        for (from, to) in cuts {
            self.direct(Directive::Act(Action::Heal(from, to)));
        }
        Ok(())
    }

    // --- time ----------------------------------------------------------------------------

    fn run_for(&mut self, us: u64) {
        let until = self.sim.now().plus(us);
        while let Some(record) = self.sim.step_until(until) {
            self.look(&record);
        }
        self.sim.run_until(until);
    }

    /// Until nothing but heartbeats has happened for a while.
    fn stabilize(&mut self) -> Result<(), Problem> {
        let start = self.sim.now();
        self.loud_at = start;
        loop {
            let until = self.loud_at.plus(QUIET_US);
            match self.sim.step_until(until) {
                Some(record) => self.look(&record),
                None => {
                    self.sim.run_until(until);
                    return Ok(());
                }
            }
            if self.sim.now() > start.plus(PATIENCE_US) {
                return Err(Problem::new("it does not become stable"));
            }
        }
    }

    fn until(&mut self, text: String) -> Result<(), Problem> {
        let limit = self.sim.now().plus(PATIENCE_US);
        self.awaited = Some(text.clone());
        while self.awaited.is_some() {
            match self.sim.step_until(limit) {
                Some(record) => self.look(&record),
                None => {
                    self.awaited = None;
                    return Err(Problem(format!("'{text}' does not happen")));
                }
            }
        }
        Ok(())
    }

    // --- orders --------------------------------------------------------------------------

    fn direct(&mut self, directive: Directive<Actor>) -> bool {
        let record = self.sim.direct(directive);
        self.look(&record);
        record.applied
    }

    fn tell(&mut self, directive: Directive<Actor>) -> Result<(), Problem> {
        let applied = self.direct(directive);
        applied.then_some(()).ok_or_else(|| Problem::new("that changes nothing"))
    }

    fn act(&mut self, action: Action<Actor>) -> Result<(), Problem> {
        self.tell(Directive::Act(action))
    }

    fn explain(&self, subject: Subject) -> Result<String, Problem> {
        let why = why::explain(&self.sim, subject);
        why.map(|why| why.to_string()).ok_or_else(|| Problem::new("there is nothing to explain"))
    }

    /// The oldest item from one node to another that is next in its stream, and where it goes.
    fn oldest(&self, from: NodeId, to: NodeId) -> Result<(u64, End), Problem> {
        let queues = self.sim.world().network().queues();
        let oldest = queues
            .iter()
            .filter_map(|(end, queue)| queue.front().map(|item| (item.id, *end, item.from.node)))
            .filter(|(_, end, sender)| end.node == to && *sender == from)
            .min_by_key(|(id, _, _)| *id);
        oldest
            .map(|(id, end, _)| (id, end))
            .ok_or_else(|| Problem(format!("nothing is under way from {from} to {to}")))
    }

    /// Lets it arrive, on whatever stream.
    fn deliver(&mut self, from: NodeId, to: NodeId) -> Result<(), Problem> {
        let (_, end) = self.oldest(from, to)?;
        self.act(Action::Deliver(end))
    }

    // --- clients -------------------------------------------------------------------------

    fn tell_client(&mut self, client: ClientId, call: client::Call) -> Result<(), Problem> {
        self.act(Action::Call(NodeId::Client(client), Call::Client(call)))
    }

    fn send(&mut self, client: ClientId, request: Request) -> Result<u64, Problem> {
        let id = self.next_call;
        self.next_call += 1;
        self.calls.insert(id, request.clone());
        self.tell_client(client, client::Call::Request { id: CallId(id), request })?;
        Ok(id)
    }

    fn ask(&mut self, client: ClientId, request: Request) -> Result<(), Problem> {
        let id = self.send(client, request)?;
        let limit = self.sim.now().plus(PATIENCE_US);
        while self.patient && self.calls.contains_key(&id) {
            let Some(record) = self.sim.step_until(limit) else {
                return Err(Problem::new("there is no answer"));
            };
            self.look(&record);
        }
        Ok(())
    }

    fn load(&mut self, client: ClientId, count: u32, path: &str) -> Result<(), Problem> {
        let limit = self.sim.now().plus(PATIENCE_US);
        let shown = core::mem::take(&mut self.shown);
        let mut last = 0;
        for number in 0..count {
            let request = Request::Create(CreateRequest {
                kind: CreateOp::Create,
                path: format!("{path}{number}").into(),
                data: Some(bytes::Bytes::new()),
                acl: Some(Acl::open()),
                flags: 0,
            });
            last = self.send(client, request)?;
            self.silent.insert(last);
        }
        while self.calls.contains_key(&last) {
            let Some(record) = self.sim.step_until(limit) else {
                return Err(Problem::new("there is no answer"));
            };
            self.look(&record);
        }
        self.shown = shown;
        Ok(())
    }

    fn expire(&mut self, client: ClientId) -> Result<(), Problem> {
        let process = self.sim.world().process(NodeId::Client(client));
        let session = process.and_then(Actor::client).map(client::Client::session);
        let session = session.ok_or_else(|| Problem::new("no such client"))?;
        let leader = self.leader()?;
        let call = Call::Server(server::Call::ExpireSession(session));
        self.act(Action::Call(leader, call))
    }

    /// The client at the other end of a server's connection.
    pub(super) fn client_of(&self, conn: Conn) -> String {
        self.conns.get(&conn).map_or_else(|| "somebody".into(), ToString::to_string)
    }

    // --- what happened -------------------------------------------------------------------

    fn say(&mut self, kind: Kind, line: String) {
        if !matches!(kind, Kind::Pings | Kind::Votes | Kind::Wire) {
            self.loud_at = self.sim.now();
        }
        if self.awaited.as_ref().is_some_and(|awaited| line.starts_with(awaited.as_str())) {
            self.awaited = None;
        }
        if self.shown.contains(&kind) {
            self.lines.push(line);
        }
    }

    /// What the step was, then what came of it.
    fn look(&mut self, record: &StepRecord<Actor>) {
        self.say_sentences(record);
        self.say_cause(record);
        for item in &record.sent {
            if let Wire::Data(msg) = &item.wire {
                let text = self.names.message(msg);
                self.items.insert(item.id, text);
            }
        }
        let node = record.action().and_then(Action::node);
        if let Some(node) = node {
            for effect in &record.effects {
                self.say_effect(node, effect);
            }
        }
        for fault in &record.faults {
            let text = match fault {
                Fault::Halt(node, why) => format!("FAULT {node} halts: {why}"),
                Fault::DiskQueue(node) => format!("FAULT {node} has too many writes"),
                Fault::Message(node, why) => format!("FAULT a message of {node}: {why}"),
            };
            self.lines.push(text);
        }
    }

    fn say_sentences(&mut self, record: &StepRecord<Actor>) {
        let told = self.teller.tell(self.sim.world(), record);
        if told.quiet || !self.shown.contains(&Kind::Sentences) {
            return;
        }
        let facts = told.lines.iter().filter(|line| **line != told.text);
        let facts: Vec<String> = facts.map(|line| format!("    {line}")).collect();
        self.lines.push(told.text);
        self.lines.extend(facts);
    }

    fn say_cause(&mut self, record: &StepRecord<Actor>) {
        if let Some(item) = &record.arrived {
            self.say_arrival(item.id, item.from, item.to, record.lost);
        }
        let told = matches!(record.cause, Cause::Told(_));
        match record.action() {
            Some(Action::Flush(node)) if record.applied => {
                let text = self.writes.get_mut(node).and_then(VecDeque::pop_front);
                self.say(Kind::Disk, format!("{node} durable {}", text.unwrap_or_default()));
            }
            Some(Action::Work(node)) if record.applied => {
                let text = self.jobs.get_mut(node).and_then(VecDeque::pop_front);
                self.say(Kind::Disk, format!("{node} {}", text.unwrap_or_default()));
            }
            Some(Action::Fire(node, timer)) if told => {
                self.say(Kind::Roles, format!("{node} timer {timer:?}"));
            }
            Some(_) | None => {}
        }
    }

    fn say_arrival(&mut self, id: u64, from: End, to: End, lost: bool) {
        if let Link::Client(conn) = to.link {
            self.conns.insert(conn, from.node);
        }
        let Some((kind, text)) = self.items.remove(&id) else { return };
        let lost = if lost { " (nobody takes it)" } else { "" };
        self.say(kind, format!("{}→{} {text}{lost}", from.node, to.node));
    }

    fn say_effect(&mut self, node: NodeId, effect: &Effect<Actor>) {
        match effect {
            Effect::Persist(write) => {
                self.writes.entry(node).or_default().push_back(write_text(write));
            }
            Effect::Job(job) => self.jobs.entry(node).or_default().push_back(job_text(job)),
            Effect::Note(Note::Server(note)) => {
                let conns = &self.conns;
                let of =
                    |conn| conns.get(&conn).map_or_else(|| "somebody".into(), ToString::to_string);
                let (kind, text) = self.names.server_note(node, note, of);
                self.say(kind, text);
            }
            Effect::Note(Note::Client(note)) => {
                if let NodeId::Client(client) = node {
                    let (kind, text) = self.names.client_note(client, note);
                    self.say(kind, text);
                }
            }
            Effect::Reply(reply) => self.say_reply(node, reply),
            Effect::SetTimer(..)
            | Effect::CancelTimer(_)
            | Effect::Connect(_)
            | Effect::Hangup(_)
            | Effect::Send(..)
            | Effect::Pause(_)
            | Effect::Resume(_)
            | Effect::Halt(_) => {}
        }
    }

    fn say_reply(&mut self, node: NodeId, reply: &client::Reply) {
        match reply {
            client::Reply::Done { id, zxid, result } => {
                let Some(request) = self.calls.remove(&id.0) else { return };
                if !self.silent.remove(&id.0) || result.is_err() {
                    let text = answer_text(&request, *zxid, result);
                    self.say(Kind::Clients, format!("{node} ← {text}"));
                }
            }
            client::Reply::Event { zxid, event } => {
                let text = event_at_text(event, *zxid);
                self.say(Kind::Clients, format!("{node} ← event: {text}"));
            }
            client::Reply::State(state) => {
                if !state.is_alive() {
                    let text = format!("{node} session {state:?}").to_lowercase();
                    self.say(Kind::Clients, text);
                }
            }
        }
    }
}
