//! The run that is looked at: its futures, the cursor, and what has been seen.
//!
//! The engine replays a run step for step, so what a step did is noted once, when it is made;
//! going back and forth only moves the cursor. An order given in the past starts another branch
//! and keeps the old one.
//!
//! * [`branch`]: the futures of a run. [`record`]: what has been seen of one of them.
//! * [`find`]: to the next step of some kind, to a time, a zxid, an event.
//! * [`deeds`]: what transactions did. [`list`]: a list that branches share.

pub mod branch;
pub mod deeds;
pub mod find;
pub mod list;
pub mod record;

pub use branch::{Branch, BranchId, Origin};
pub use record::{Attached, Band, Commit, Flight, Happening, Kinds, Line, Stage, Talk};

use crate::deadline::Deadline;
use branch::Branches;
use deeds::Deed;
use record::Record;
use zabscope_core::base::{ClientId, NodeId, SessionId};
use zabscope_core::client::{self, CallId};
use zabscope_core::ensemble::{Actor, Call, EnsembleSettings};
use zabscope_core::guide::State;
use zabscope_core::proto::Acl;
use zabscope_core::proto::request::{CreateOp, CreateRequest, Request};
use zabscope_core::saved::{SavedError, SavedRun};
use zabscope_core::sim::{Action, Directive, Kept, Micros, Sim, World};

/// Longest run, in steps. Then time stops, and says so.
pub const STEPS_MAX: u64 = 200_000;
/// Largest number of steps made for one picture: a slow machine falls behind instead of freezing.
pub(crate) const STEPS_PER_FRAME_MAX: u32 = 2_000;
/// Longest wait for the first leader, virtual.
const FIRST_LEADER_MS: u64 = 10_000;

/// Where playing ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StopAt {
    /// Nowhere.
    #[default]
    Never,
    /// Behind the next step that counts a majority for a transaction.
    Commit,
    /// Behind the next step in which a leader begins to serve.
    Leader,
    /// Behind the next change of a role or a phase.
    Phase,
}

impl StopAt {
    /// True if a step of these kinds is such a place.
    #[must_use]
    pub const fn is_met(self, kinds: Kinds) -> bool {
        match self {
            Self::Never => false,
            Self::Commit => kinds.commit,
            Self::Leader => kinds.leader,
            Self::Phase => kinds.phase,
        }
    }
}

/// The run and what is known of it. A copy is cheap.
#[derive(Clone, Debug)]
pub struct Lab {
    settings: EnsembleSettings,
    branches: Branches,
    /// Steps with which every run begins; they cannot be undone.
    opening: u64,
    /// Playing ends where all of these hold, if there are any.
    ends: Vec<State>,
}

/// Servers of a run, at most.
pub const SERVERS_MAX: u8 = 9;
/// Clients of a run, at most.
pub const CLIENTS_MAX: u8 = 3;

/// An ensemble to play with: with a second client, whose sessions last a little longer.
#[must_use]
pub fn settings(voters: u8, seed: u64) -> EnsembleSettings {
    let watchable = EnsembleSettings::watchable(seed);
    EnsembleSettings { voters, clients: 2, session_timeout_ms: 6_000, ..watchable }
}

impl Lab {
    /// A new run at its first moment: nothing is started.
    #[must_use]
    pub fn new(settings: EnsembleSettings) -> Self {
        let branches = Branches::new(Sim::new(settings.setup()));
        Self { settings, branches, opening: 0, ends: Vec::new() }
    }

    /// A new run, gone forward to where an ensemble serves its clients and has one znode.
    #[must_use]
    pub fn elected(voters: u8, seed: u64) -> Self {
        Self::begun(settings(voters, seed))
    }

    /// The same with observers and so many clients; numbers that the page cannot show are
    /// brought within its bounds.
    #[must_use]
    pub fn elected_of(voters: u8, observers: u8, clients: u8, seed: u64) -> Self {
        let voters = voters.clamp(1, SERVERS_MAX);
        let observers = observers.min(SERVERS_MAX - voters);
        let clients = clients.clamp(1, CLIENTS_MAX);
        Self::begun(EnsembleSettings { observers, clients, ..settings(voters, seed) })
    }

    fn begun(settings: EnsembleSettings) -> Self {
        let mut lab = Self::new(settings);
        let nodes: Vec<NodeId> = lab.world().slots().keys().copied().collect();
        for node in nodes {
            lab.put(Directive::Act(Action::Start(node)));
        }
        lab.run_until(Micros::from_ms(FIRST_LEADER_MS), Self::all_serve);
        lab.put_request(ClientId(1), create("/hello", "first words", 0));
        let soon = lab.now().plus(300_000);
        lab.run_until(soon, |_| false);
        lab.opening = lab.index();
        lab
    }

    /// The run that somebody saved, at its cursor; `opening` steps cannot be undone.
    ///
    /// # Errors
    /// The run is not in order, or ends before its cursor.
    pub fn replayed(saved: &SavedRun, opening: u64) -> Result<Self, SavedError> {
        let mut branches = Branches::new(Sim::replay(saved.tape()?));
        let branch = branches.here_mut();
        let acts = saved.entries.iter().map(|entry| entry.index);
        branch.acts = acts.filter(|step| *step >= opening).collect();
        let last = saved.entries.last().map_or(0, |entry| entry.index + 1);
        let end = saved.index.max(last).min(STEPS_MAX);
        let mut lab =
            Self { settings: saved.settings.clone(), branches, opening, ends: Vec::new() };
        while lab.index() < end && lab.step() {}
        if lab.index() < saved.index {
            return Err(SavedError::Value("end"));
        }
        lab.seek(saved.index);
        lab.wait_until(saved.at);
        Ok(lab)
    }

    /// What the run depends on, besides what is done to it.
    #[must_use]
    pub const fn settings(&self) -> &EnsembleSettings {
        &self.settings
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

    /// The simulation of this branch.
    #[must_use]
    pub fn sim(&self) -> &Sim<Actor> {
        &self.branches.here().sim
    }

    /// The world at the cursor.
    #[must_use]
    pub fn world(&self) -> &World<Actor> {
        self.sim().world()
    }

    /// Virtual time at the cursor.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.sim().now()
    }

    /// The cursor: number of steps before it.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.sim().index()
    }

    /// Number of steps of this branch so far.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.sim().end()
    }

    /// True if an order given now starts another future.
    #[must_use]
    pub fn is_in_the_past(&self) -> bool {
        self.index() < self.end()
    }

    /// True if the run is as long as it may be.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.index() >= STEPS_MAX
    }

    /// What has been seen of this branch, also behind the cursor.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.branches.here().record
    }

    /// What a step of this branch did.
    #[must_use]
    pub fn happening(&self, step: u64) -> Option<&Happening> {
        self.record().happenings.get(usize::try_from(step).ok()?)
    }

    /// The step before the cursor.
    #[must_use]
    pub fn last(&self) -> Option<&Happening> {
        self.happening(self.index().checked_sub(1)?)
    }

    /// The lines of the log before the cursor with their places, newest first.
    pub fn log(&self) -> impl Iterator<Item = (usize, &Line)> {
        let lines = &self.record().lines;
        let count = lines.partition_point(|line| line.step < self.index());
        (0..count).rev().zip(lines.before(count))
    }

    /// Requests and news before the cursor, newest first.
    pub fn talks(&self) -> impl Iterator<Item = &Talk> {
        let talks = &self.record().talks;
        talks.before(talks.partition_point(|talk| talk.step < self.index()))
    }

    /// What leaders have counted a majority for before the cursor, newest first.
    pub fn commits(&self) -> impl Iterator<Item = &Commit> {
        let commits = &self.record().commits;
        commits.before(commits.partition_point(|commit| commit.step < self.index()))
    }

    /// Transactions that are in some log before the cursor, newest first.
    pub fn deeds(&self) -> impl Iterator<Item = &Deed> {
        let logged = &self.record().deeds;
        let before = logged.partition_point(|deed| deed.step < self.index());
        logged.before(before).filter_map(deeds::Logged::deed)
    }

    /// The client that had a session last, before the cursor.
    #[must_use]
    pub fn owner(&self, session: SessionId) -> Option<ClientId> {
        let mut attached = self.attached();
        attached.find(|it| it.session == session && session.0 != 0).map(|it| it.client)
    }

    /// Sessions and connections of clients before the cursor, newest first.
    pub fn attached(&self) -> impl Iterator<Item = &Attached> {
        let attached = &self.record().attached;
        attached.before(attached.partition_point(|it| it.step < self.index()))
    }

    /// What is known of a message.
    #[must_use]
    pub fn flight(&self, id: u64) -> Option<&Flight> {
        self.record().flight(id)
    }

    /// Goes on until `at`, at most as far as one picture may cost. True if it stopped before,
    /// because of `stop`.
    pub fn advance(&mut self, at: Micros, stop: StopAt) -> bool {
        self.advance_until(Deadline::NEVER, at, stop)
    }

    /// The same, but at the deadline it stops on the way, after one step at least.
    pub fn advance_until(&mut self, deadline: Deadline, at: Micros, stop: StopAt) -> bool {
        for step in 0..STEPS_PER_FRAME_MAX {
            if self.is_full() || step > 0 && deadline.is_over() {
                return false;
            }
            let branch = self.branches.here_mut();
            let Some(record) = branch.sim.step_until(at) else {
                branch.sim.run_until(at);
                return false;
            };
            branch.record.remember(&branch.sim, &record);
            if self.last().is_some_and(|last| stop.is_met(last.kinds)) || self.is_at_end() {
                return true;
            }
        }
        false
    }

    /// Playing ends where all of these hold; without any it does not.
    pub fn end_at(&mut self, ends: Vec<State>) {
        self.ends = ends;
    }

    /// True if all states hold at which playing ends.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        !self.ends.is_empty() && self.ends.iter().all(|state| state.holds(self.world()))
    }

    /// One step forward. False if nothing happens any more.
    pub fn step(&mut self) -> bool {
        if self.is_full() {
            return false;
        }
        let branch = self.branches.here_mut();
        let record = branch.sim.step();
        if let Some(record) = &record {
            branch.record.remember(&branch.sim, record);
        }
        record.is_some()
    }

    /// To the moment before a step of the known run.
    pub fn seek(&mut self, index: u64) {
        let branch = self.branches.here_mut();
        branch.sim.seek(index.min(branch.sim.end()));
    }

    /// Ends this branch before a step, as if it had not been looked ahead.
    fn forget_from(&mut self, index: u64) {
        let branch = self.branches.here_mut();
        branch.sim.seek(index);
        branch.sim.forget_future();
        branch.truncate(index);
    }

    /// Lets the clock go on to `at` where no step is due until then.
    pub fn wait_until(&mut self, at: Micros) {
        let branch = self.branches.here_mut();
        if branch.sim.next_at().is_none_or(|next| next > at) {
            branch.sim.run_until(at);
        }
    }

    /// Gives an order, now. In the past it starts another branch.
    pub fn direct(&mut self, directive: Directive<Actor>) {
        self.direct_all([directive]);
    }

    /// Gives several orders that are one act of a person: they are undone together.
    #[inline(never)]
    pub fn direct_all(&mut self, directives: impl IntoIterator<Item = Directive<Actor>>) {
        let mut directives = directives.into_iter().peekable();
        if directives.peek().is_none() {
            return;
        }
        self.branches.begin_act();
        for directive in directives {
            self.put(directive);
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
        self.ask_all(client, [request]);
    }

    /// Has a client ask several things, one behind the other: one act of a person.
    pub fn ask_all(&mut self, client: ClientId, requests: impl IntoIterator<Item = Request>) {
        let mut requests = requests.into_iter().peekable();
        if requests.peek().is_some() {
            self.branches.begin_act();
        }
        for request in requests {
            self.put_request(client, request);
        }
    }

    /// An order about a client's session.
    pub fn tell_client(&mut self, client: ClientId, call: client::Call) {
        self.act(Action::Call(NodeId::Client(client), Call::Client(call)));
    }

    /// All branches, in the order of their making.
    #[must_use]
    pub fn branches(&self) -> &[Branch] {
        self.branches.all()
    }

    /// The branch that is looked at.
    #[must_use]
    pub fn branch(&self) -> &Branch {
        self.branches.here()
    }

    /// The name of the branch that was left by the last thing a person did, if that began this one.
    #[must_use]
    pub fn left_by_last_act(&self) -> Option<&str> {
        let here = self.branch();
        let origin = here.origin().filter(|origin| here.acts.last() == Some(&origin.step))?;
        let left = self.branches().iter().find(|branch| branch.id() == origin.parent)?;
        Some(left.name())
    }

    /// Looks at another branch, at the same step if it is so long. False if there is none.
    pub fn switch(&mut self, id: BranchId) -> bool {
        let index = self.index();
        self.branches.switch(id, index)
    }

    /// Gives a branch a name.
    pub fn rename(&mut self, id: BranchId, name: &str) {
        self.branches.rename(id, name);
    }

    /// To the moment before the last act of a person, in a future without it: that is one branch
    /// for all undos in a row. False if there is no act.
    pub fn undo(&mut self) -> bool {
        self.branches.undo()
    }

    /// Takes the last undo back.
    pub fn redo(&mut self) -> bool {
        self.branches.redo()
    }

    /// True if there is an act before the cursor.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        self.branches.can_undo()
    }

    /// True if an undo can be taken back.
    #[must_use]
    pub const fn can_redo(&self) -> bool {
        self.branches.can_redo()
    }

    /// Steps with which the run began by itself.
    #[must_use]
    pub const fn opening(&self) -> u64 {
        self.opening
    }

    /// True if every running server serves and no message but heartbeats is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let queues = self.world().network().queues();
        let loud = queues.values().flatten().any(|item| {
            !self.world().network().cuts().contains(&(item.from.node, item.to.node))
                && self.flight(item.id).is_some_and(|flight| !flight.look.is_quiet())
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
            let branch = self.branches.here_mut();
            let Some(record) = branch.sim.step_until(at) else { break };
            branch.record.remember(&branch.sim, &record);
        }
    }

    /// An order at the end of this branch.
    pub(crate) fn put(&mut self, directive: Directive<Actor>) {
        let branch = self.branches.here_mut();
        let record = branch.sim.direct(directive);
        branch.record.remember(&branch.sim, &record);
    }

    /// True if a person has done something in it.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.branches().len() > 1 || self.branch().is_touched()
    }

    /// What has happened so far belongs to the beginning: it cannot be undone.
    pub fn opened(&mut self) {
        self.opening = self.index();
    }

    /// The same for a request, which is named after its step.
    fn put_request(&mut self, client: ClientId, request: Request) {
        let step = self.index();
        let call = client::Call::Request { id: CallId(step), request };
        self.put(Directive::Act(Action::Call(NodeId::Client(client), Call::Client(call))));
    }
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
