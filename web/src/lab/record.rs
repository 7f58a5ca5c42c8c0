//! What has been seen of one run: noted once, when a step is made, and never asked again.

use super::deeds::Logged;
use super::list::List;
use crate::message::Look;
use crate::spine::trail::Trail;
use crate::tell;
use core::cell::OnceCell;
use std::rc::Rc;
use zabscope_core::base::{ClientId, Effect, NodeId, SessionId, Sid, Zxid};
use zabscope_core::client::{self, Reply};
use zabscope_core::ensemble::{Actor, Call, Note};
use zabscope_core::server::message::{Msg, Packet, Write};
use zabscope_core::server::{self, Server};
use zabscope_core::sim::{Action, Cause, Directive, Micros, Sim, StepRecord, Wire, World};
use zabscope_core::zab::{self, Phase, ServerState};

/// Steps of a stretch of heartbeats that keep their places on the scale of a run.
const QUIET_PLACES: usize = 2;
/// Shortest stretch that is marked, microseconds.
const FOLD_US_MIN: u64 = 500_000;

/// What one step did.
#[derive(Clone, Debug)]
pub struct Happening {
    /// When.
    pub at: Micros,
    /// The step in one sentence.
    pub text: String,
    /// Whose process made the step, or what ended it.
    pub node: Option<NodeId>,
    /// Its kinds.
    pub kinds: Kinds,
}

/// What a step is for those who look for a certain kind of step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "they are independent")]
pub struct Kinds {
    /// Only heartbeats, timers and streams.
    pub quiet: bool,
    /// Somebody ordered it.
    pub told: bool,
    /// A server changed its role or its phase.
    pub phase: bool,
    /// The leader counted a majority for a transaction.
    pub commit: bool,
    /// A leader began to serve.
    pub leader: bool,
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
    /// Its number, unique in the run and growing.
    pub id: u64,
    /// The step that sent it.
    pub step: u64,
    /// When.
    pub sent_at: Micros,
    /// When it arrives, if nothing stops it.
    pub due_at: Micros,
    /// How it is shown.
    pub look: Rc<Look>,
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

/// From this step on a client has this session, and is connected so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The step.
    pub step: u64,
    /// Whose.
    pub client: ClientId,
    /// Its session; 0 if it has none.
    pub session: SessionId,
    /// The server that serves it.
    pub server: Option<Sid>,
}

/// How far the ensemble as a whole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nobody leads.
    Election,
    /// A leader collects promises for its epoch.
    Discovery,
    /// A leader brings learners to its history.
    Synchronization,
    /// A leader serves.
    Broadcast,
}

/// From this step on the ensemble is in this stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The first step after the change.
    pub step: u64,
    /// When.
    pub at: Micros,
    /// The stage.
    pub stage: Stage,
}

/// A transaction that the leader counted a majority for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// In this step.
    pub step: u64,
    /// When.
    pub at: Micros,
    /// Which.
    pub zxid: Zxid,
    /// From its first PROPOSAL to here, microseconds; 0 if a leader has nobody to ask.
    pub us: u64,
}

/// A stretch of nothing but heartbeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The first step behind it.
    pub step: u64,
    /// How long it lasted, microseconds.
    pub us: u64,
}

/// What has been seen of one run. A copy is cheap.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// One for each step.
    pub happenings: List<Happening>,
    /// Lines of the log.
    pub lines: List<Line>,
    /// Messages, by id.
    pub flights: List<Flight>,
    /// Requests and news.
    pub talks: List<Talk>,
    /// Sessions and connections of clients: a client that is dead cannot be asked any more.
    pub attached: List<Attached>,
    /// Changes of the ensemble's stage.
    pub bands: List<Band>,
    /// Commits, by time.
    pub commits: List<Commit>,
    /// First PROPOSALs: transaction, step and time.
    pub proposals: List<(Zxid, u64, Micros)>,
    /// Transactions, from their first place in a log, by zxid.
    pub deeds: List<Logged>,
    /// Steps that somebody ordered.
    pub told: List<u64>,
    /// Long stretches of heartbeats.
    pub folds: List<Fold>,
    /// The place behind each step on a scale on which heartbeats take no room.
    pub places: List<u32>,
    /// For the space-time diagram.
    pub trail: Trail,
}

impl Stage {
    /// How far the ensemble is.
    #[must_use]
    pub fn of(world: &World<Actor>) -> Self {
        let mut stage = Self::Election;
        for slot in world.slots().values() {
            let Some(server) = slot.process().and_then(Actor::server) else { continue };
            let peer = server.peer();
            if peer.state() != ServerState::Leading {
                continue;
            }
            let one = match peer.phase() {
                _ if peer.is_serving() => return Self::Broadcast,
                Phase::Election | Phase::Discovery => Self::Discovery,
                Phase::Synchronization | Phase::Broadcast => Self::Synchronization,
            };
            if stage != Self::Synchronization {
                stage = one;
            }
        }
        stage
    }

    /// The protocol's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Election => "election",
            Self::Discovery => "discovery",
            Self::Synchronization => "synchronization",
            Self::Broadcast => "broadcast",
        }
    }
}

impl Record {
    /// What is known of a message.
    #[must_use]
    pub fn flight(&self, id: u64) -> Option<&Flight> {
        let place = self.flights.partition_point(|flight| flight.id < id);
        self.flights.get(place).filter(|flight| flight.id == id)
    }

    /// Forgets this step and all behind it.
    pub fn truncate(&mut self, index: u64) {
        self.happenings.truncate(usize::try_from(index).unwrap_or(usize::MAX));
        self.lines.truncate(self.lines.partition_point(|line| line.step < index));
        let flights = self.flights.partition_point(|flight| flight.step < index);
        self.flights.truncate(flights);
        self.trail.truncate(index, flights);
        self.talks.truncate(self.talks.partition_point(|talk| talk.step < index));
        self.attached.truncate(self.attached.partition_point(|it| it.step < index));
        self.bands.truncate(self.bands.partition_point(|band| band.step <= index));
        self.commits.truncate(self.commits.partition_point(|commit| commit.step < index));
        self.proposals.truncate(self.proposals.partition_point(|(_, step, _)| *step < index));
        self.deeds.truncate(self.deeds.partition_point(|deed| deed.step < index));
        self.told.truncate(self.told.partition_point(|step| *step < index));
        self.folds.truncate(self.folds.partition_point(|fold| fold.step < index));
        self.places.truncate(usize::try_from(index).unwrap_or(usize::MAX));
        for place in 0..self.talks.len() {
            let answer = self.talks.get(place).and_then(|talk| talk.answer.as_ref());
            if answer.is_some_and(|(step, ..)| *step >= index)
                && let Some(talk) = self.talks.get_mut(place)
            {
                talk.answer = None;
            }
        }
    }

    /// Notes what a step did, once.
    pub fn remember(&mut self, sim: &Sim<Actor>, record: &StepRecord<Actor>) {
        if record.index < self.happenings.len() as u64 {
            return;
        }
        for item in &record.sent {
            if let Wire::Data(Msg::Packet(Packet::Proposal(entry))) = &item.wire
                && self.proposals.last().is_none_or(|(zxid, ..)| *zxid < entry.zxid)
            {
                self.proposals.push((entry.zxid, record.index, record.at));
            }
            if let Some(look) = Look::of(item) {
                let due_at = sim.arrival_at(item.to, item.id).unwrap_or(record.at);
                let (id, step, sent_at) = (item.id, record.index, record.at);
                let look = Rc::new(look);
                self.flights.push(Flight { id, step, sent_at, due_at, look });
            }
        }
        self.trail.remember(sim.world(), record);
        self.note_deeds(record);
        self.attach(sim.world(), record);
        self.asked(record);
        self.replies(record);
        let lines = tell::lines(sim.world(), record);
        let happening = self.happening(sim.world(), record, &lines);
        let kinds = happening.kinds;
        self.fold(record, kinds.quiet);
        self.happenings.push(happening);
        if kinds.told {
            self.told.push(record.index);
        }
        for text in lines {
            self.lines.push(Line { step: record.index, at: record.at, text });
        }
        if kinds.phase || kinds.told {
            let stage = Stage::of(sim.world());
            if self.bands.last().is_none_or(|band| band.stage != stage) {
                self.bands.push(Band { step: record.index + 1, at: record.at, stage });
            }
        }
    }

    /// Notes the transactions that come into a log first here.
    fn note_deeds(&mut self, record: &StepRecord<Actor>) {
        for effect in &record.effects {
            let Effect::Persist(Write::Append(entry)) = effect else { continue };
            if self.deeds.last().is_none_or(|deed| deed.zxid < entry.zxid) {
                let (zxid, step, at) = (entry.zxid, record.index, record.at);
                let (payload, deed) = (entry.payload.clone(), OnceCell::new());
                self.deeds.push(Logged { zxid, step, at, payload, deed });
            }
        }
    }

    /// Notes where a client is, if that is news.
    fn attach(&mut self, world: &World<Actor>, record: &StepRecord<Actor>) {
        let Some(node @ NodeId::Client(client)) = record.action().and_then(Action::node) else {
            return;
        };
        let Some(process) = world.process(node).and_then(Actor::client) else { return };
        let connected = process.state() == client::State::Connected;
        let server = process.server().filter(|_| connected);
        let session = process.session();
        let mut own = self.attached.before(usize::MAX).filter(|last| last.client == client);
        let last = own.next().map(|last| (last.session, last.server));
        drop(own);
        if last.unwrap_or_default() != (session, server) {
            self.attached.push(Attached { step: record.index, client, session, server });
        }
    }

    /// Gives the step its place, and ends a stretch of heartbeats with a loud one.
    fn fold(&mut self, record: &StepRecord<Actor>, quiet: bool) {
        let before = self.happenings.len();
        let is_quiet = |place: &usize| self.happenings.get(*place).is_some_and(|h| h.kinds.quiet);
        let place = self.places.last().copied().unwrap_or(0);
        let in_a_row = (0..before).rev().take(QUIET_PLACES).take_while(is_quiet).count();
        self.places.push(place + u32::from(!quiet || in_a_row < QUIET_PLACES));
        if !quiet && in_a_row > 0 {
            let first = (0..before).rev().take_while(is_quiet).last().unwrap_or(before);
            let from = first.checked_sub(1).and_then(|place| self.happenings.get(place));
            let us = record.at.0 - from.map_or(0, |happening| happening.at.0);
            if us >= FOLD_US_MIN {
                self.folds.push(Fold { step: record.index, us });
            }
        }
    }

    /// The place of the moment before a step on the scale without heartbeats.
    #[must_use]
    pub fn place(&self, index: u64) -> u32 {
        let last = usize::try_from(index).ok().and_then(|index| index.checked_sub(1));
        last.and_then(|last| self.places.get(last).or_else(|| self.places.last()))
            .copied()
            .unwrap_or(0)
    }

    /// The first moment at this place of the scale.
    #[must_use]
    pub fn index_at(&self, place: u32) -> u64 {
        if place == 0 { 0 } else { self.places.partition_point(|here| *here < place) as u64 + 1 }
    }

    /// The answer may come in the same step, so the question is noted first.
    fn asked(&mut self, record: &StepRecord<Actor>) {
        if let Cause::Told(Directive::Act(Action::Call(NodeId::Client(client), call))) =
            &record.cause
            && let Call::Client(client::Call::Request { request, .. }) = call
        {
            let asked = Some(tell::request_text(request));
            self.talks.push(Talk { step: record.index, client: *client, asked, answer: None });
        }
    }

    fn replies(&mut self, record: &StepRecord<Actor>) {
        let Some(NodeId::Client(client)) = record.action().and_then(Action::node) else { return };
        for reply in record.replies() {
            let text = tell::reply_text(reply);
            match reply {
                Reply::Done { id, result, .. } => {
                    let good = result.is_ok();
                    let place = self.talks.partition_point(|talk| talk.step < id.0);
                    if let Some(talk) = self.talks.get_mut(place)
                        && talk.step == id.0
                    {
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

    fn happening(
        &mut self,
        world: &World<Actor>,
        record: &StepRecord<Actor>,
        lines: &[String],
    ) -> Happening {
        let node = record.action().and_then(Action::node);
        let mut kinds = self.kinds(world, record);
        let is_loud = |id| self.flight(id).is_some_and(|flight| !flight.look.is_quiet());
        kinds.quiet = lines.is_empty()
            && !matches!(&record.cause, Cause::Due(Action::Flush(_)))
            && !record.sent.iter().any(|item| is_loud(item.id))
            && !record.arrived.as_ref().is_some_and(|item| is_loud(item.id));
        let arrived = record.arrived.as_ref().and_then(|item| self.flight(item.id));
        let title = arrived.map(|flight| flight.look.title());
        let text = tell::step(world, record, title.as_deref(), lines);
        Happening { at: record.at, text, node, kinds }
    }

    fn kinds(&mut self, world: &World<Actor>, record: &StepRecord<Actor>) -> Kinds {
        let told = matches!(record.cause, Cause::Told(_));
        let mut kinds = Kinds { told, ..Kinds::default() };
        let leads = record.action().and_then(Action::node).is_some_and(|node| leads(world, node));
        for note in record.notes() {
            let Note::Server(server::Note::Zab(note)) = note else { continue };
            match note {
                zab::Note::Committed(zxid) if leads => {
                    kinds.commit = true;
                    let (step, at) = (record.index, record.at);
                    let mut proposals = self.proposals.before(usize::MAX);
                    let proposed = proposals.find(|(other, ..)| other == zxid);
                    let us = proposed.map_or(0, |(.., proposed)| at.0 - proposed.0);
                    drop(proposals);
                    self.commits.push(Commit { step, at, zxid: *zxid, us });
                }
                zab::Note::Serving(_) => {
                    kinds.phase = true;
                    kinds.leader = leads;
                }
                zab::Note::Looking { .. }
                | zab::Note::Elected { .. }
                | zab::Note::Established(_)
                | zab::Note::Leaving(_) => kinds.phase = true,
                _ => {}
            }
        }
        kinds
    }
}

fn leads(world: &World<Actor>, node: NodeId) -> bool {
    world.process(node).and_then(Actor::server).is_some_and(Server::is_leader)
}
