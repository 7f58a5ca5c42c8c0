//! One server with its disk, one event at a time: the real [`Peer`], the duties of its owner, and
//! the invariants that can be judged at this server alone.
//!
//! A step is a function of the server and the event, so the search remembers its result: the same
//! server in the same situation meets the same event in thousands of states.

use super::disk::{Disk, Image, Txn};
use super::invariant::{Found, Invariant};
use crate::base::quorum::Voters;
use crate::base::{Epoch, Link, Millis, Set, Sid, Zxid};
use crate::zab::{
    Config, Entry, Job, LearnerStage, Mark, Note, Out, Packet, Peer, Phase, Reason, Rules,
    ServerState, Timer, Write,
};
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::hash::Hash;

/// A packet between two servers.
pub type Message = Packet<u8, Image>;

/// A server: what is durable, and its process if it is up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Local<R> {
    pub(super) disk: Disk,
    pub(super) process: Option<Process<R>>,
}

/// What a crash loses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Process<R> {
    pub(super) peer: Peer<u8, Image, R>,
    /// What was applied, in order.
    pub(super) tree: Image,
    /// Writes that are not durable yet.
    pub(super) queue: VecDeque<Write<u8, Image>>,
    /// Work of the disk, each with the number of writes that come first.
    pub(super) jobs: VecDeque<(u8, Job<Image>)>,
}

/// What happens to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The process begins.
    Start,
    /// It is gone, with all that was not durable.
    Crash,
    /// The election ended with this leader.
    Elect(Sid),
    /// The stream between a learner and its leader is open; the learner has dialled.
    Linked(Sid, bool),
    /// It is not, or cannot be opened.
    Unlinked(Sid),
    /// A packet came.
    Packet(Sid, Message),
    /// The oldest write is durable.
    Flush,
    /// The oldest job is done.
    Work,
    /// initLimit is over.
    GiveUp,
    /// A leader counts a tick.
    Tick,
    /// A client wants this written.
    Propose(u8),
}

/// What other servers notice of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A packet goes out.
    Send(Sid, Message),
    /// The stream is closed.
    Hangup(Sid),
}

/// What the history outside of the servers has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A leader counts the promise of an epoch by a server.
    Promised(Epoch, Sid),
    /// A leader is established.
    Established(Epoch),
    /// A leader proposes.
    Proposed(Epoch, Txn),
    /// NEWLEADER is acknowledged to this leader.
    AckedNewLeader(Sid),
    /// The end of the history on disk, or all of it, gave way to the leader's.
    Replaced,
}

/// The result of a step.
#[derive(Clone, Debug)]
pub struct Outcome<R> {
    /// The server after it.
    pub next: Local<R>,
    /// In order.
    pub effects: Vec<Effect>,
    /// In order.
    pub facts: Vec<Fact>,
    /// The first invariant that it broke.
    pub broken: Option<Found>,
}

/// Settings of a server; limits of time do not matter, because time does not pass.
#[must_use]
pub fn config(me: Sid, servers: u8) -> Config {
    Config {
        me,
        voters: Voters::new((1..=servers).map(|sid| Sid(sid.into()))),
        observers: Set::new(),
        tick_ms: Millis(2_000),
        init_limit: 10,
        sync_limit: 5,
        text: Bytes::new(),
        standalone: false,
    }
}

impl<R: Rules> Local<R> {
    /// A server that was never started.
    #[must_use]
    pub fn new() -> Self {
        Self { disk: Disk::default(), process: None }
    }

    /// One event.
    #[must_use]
    pub fn step(&self, config: &Config, rules: &R, event: &Event) -> Outcome<R> {
        let mut turn = Turn {
            me: config.me,
            next: self.clone(),
            effects: Vec::new(),
            facts: Vec::new(),
            broken: None,
        };
        turn.happen(config, rules, event);
        turn.judge(self, event);
        let Turn { next, effects, facts, broken, .. } = turn;
        Outcome { next, effects, facts, broken }
    }

    /// Everything in memory: applied and logged.
    pub(super) fn memory(&self) -> Image {
        let Some(process) = &self.process else { return Image::new() };
        process.tree.iter().chain(process.peer.history().tail()).cloned().collect()
    }
}

impl<R: Rules> Default for Local<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// A step under way.
struct Turn<R> {
    me: Sid,
    next: Local<R>,
    effects: Vec<Effect>,
    facts: Vec<Fact>,
    broken: Option<Found>,
}

impl<R: Rules> Turn<R> {
    fn break_rule(&mut self, invariant: Invariant, sentence: String) {
        self.broken.get_or_insert(Found { invariant, server: self.me, sentence });
    }

    // --- the owner's duties ----------------------------------------------------------------

    fn happen(&mut self, config: &Config, rules: &R, event: &Event) {
        if *event == Event::Crash {
            self.next.process = None;
            return;
        }
        let mut out = Vec::new();
        if *event == Event::Start {
            let found = self.next.disk.recover();
            let (accepted, current) = (found.accepted_epoch, found.current_epoch);
            let (recent, last) = (found.recent, found.last_zxid);
            let peer = Peer::new(rules.clone(), config.clone(), accepted, current, recent, last);
            let (queue, jobs) = (VecDeque::new(), VecDeque::new());
            self.next.process = Some(Process { peer, tree: found.image, queue, jobs });
        }
        let Local { disk, process: Some(process) } = &mut self.next else { return };
        match event {
            Event::Start => process.peer.start(&mut out),
            Event::Elect(leader) => process.peer.elect(*leader, &mut out),
            Event::Linked(sid, dialled) => {
                process.peer.on_linked(Link::Quorum(*sid), *dialled, &mut out);
            }
            Event::Unlinked(sid) => process.peer.on_unlinked(Link::Quorum(*sid), &mut out),
            Event::Packet(from, packet) => process.peer.on_packet(*from, packet.clone(), &mut out),
            Event::Flush => {
                if let Some(write) = process.queue.pop_front() {
                    for (before, _) in &mut process.jobs {
                        *before = before.saturating_sub(1);
                    }
                    let mark = disk.keep(write);
                    if matches!(mark, Mark::Truncated(_) | Mark::Installed(_)) {
                        self.facts.push(Fact::Replaced);
                    }
                    process.peer.on_durable(mark, &mut out);
                }
            }
            Event::Work => {
                if let Some((_, job)) = process.jobs.pop_front() {
                    process.peer.on_done(disk.work(job), &mut out);
                }
            }
            Event::GiveUp => process.peer.on_timer(Timer::InitLimit, &mut out),
            Event::Tick => {
                process.peer.on_timer(Timer::HalfTick, &mut out);
                process.peer.on_timer(Timer::HalfTick, &mut out);
            }
            Event::Propose(write) => {
                if let Some(zxid) = process.peer.next_zxid() {
                    process.peer.propose(zxid, *write, &mut out);
                }
            }
            Event::Crash => {}
        }
        for output in out {
            self.perform(output);
        }
        if let Some(process) = &mut self.next.process {
            process.peer.forget_time();
        }
    }

    fn perform(&mut self, output: Out<u8, Image>) {
        let Some(process) = &mut self.next.process else { return };
        match output {
            // Silence is chosen by the search, not measured.
            Out::Send(_, Packet::Ping { .. }) => {}
            Out::Send(to, packet) => self.send(to, packet),
            Out::SendSnap(to, zxid) => {
                let image = process.tree.clone();
                self.send(to, Packet::Snap { zxid, image });
            }
            Out::Hangup(Link::Quorum(sid)) => self.effects.push(Effect::Hangup(sid)),
            Out::Persist(write) => process.queue.push_back(write),
            Out::PersistState(zxid) => {
                process.queue.push_back(Write::Install { zxid, image: process.tree.clone() });
            }
            Out::Job(job) => {
                let before = u8::try_from(process.queue.len()).unwrap_or(u8::MAX);
                process.jobs.push_back((before, job));
            }
            Out::Deliver(txn) => process.tree.push(txn),
            Out::Restore(image) => process.tree = image,
            Out::Note(note) => self.note(&note),
            // The stage of the learner says that it waits for a stream; the rest is time, or the
            // election that is left out.
            Out::Connect(_)
            | Out::Hangup(_)
            | Out::SetTimer(..)
            | Out::CancelTimer(_)
            | Out::Notify(..)
            | Out::Entered(..)
            | Out::LearnerLost(_) => {}
        }
    }

    fn note(&mut self, note: &Note) {
        match note {
            Note::Leaving(Reason::Protocol(why))
            | Note::LearnerLost { why: Reason::Protocol(why), .. } => {
                self.break_rule(Invariant::MessageLegal, (*why).into());
            }
            Note::Established(epoch) => self.facts.push(Fact::Established(*epoch)),
            Note::Looking { .. }
            | Note::Voted(_)
            | Note::Elected { .. }
            | Note::EpochChosen(_)
            | Note::Syncing { .. }
            | Note::Synced(_)
            | Note::Serving(_)
            | Note::Committed(_)
            | Note::LearnerLost { .. }
            | Note::Leaving(_)
            | Note::EpochRepaired(_)
            | Note::Snapshot(_) => {}
        }
    }

    fn send(&mut self, to: Sid, packet: Message) {
        if let Packet::Ack(zxid) = packet {
            self.ack(to, zxid);
        }
        self.effects.push(Effect::Send(to, packet));
    }

    fn ack(&mut self, to: Sid, zxid: Zxid) {
        let disk = &self.next.disk;
        if !zxid.is_epoch_start() {
            if !disk.history().iter().any(|txn| txn.zxid == zxid) {
                let what = format!("acknowledges {zxid}, which is not on its disk");
                self.break_rule(Invariant::AckImpliesDurable, what);
            }
            return;
        }
        self.facts.push(Fact::AckedNewLeader(to));
        let (epoch, current) = (zxid.epoch(), disk.current_epoch());
        if current < epoch {
            let what = format!("acknowledges NEWLEADER of epoch {epoch} with {current} on disk");
            self.break_rule(Invariant::NewLeaderAckImpliesEpoch, what);
        }
    }

    // --- what can be judged here -----------------------------------------------------------

    fn judge(&mut self, before: &Local<R>, event: &Event) {
        self.epochs(before);
        self.history(before);
        match event {
            Event::Packet(from, packet) => self.received(before, *from, packet),
            Event::Propose(_) => self.proposed(),
            Event::Work => self.reloaded(before),
            Event::Start
            | Event::Crash
            | Event::Elect(_)
            | Event::Linked(..)
            | Event::Unlinked(_)
            | Event::Flush
            | Event::GiveUp
            | Event::Tick => {}
        }
        self.promises(before, event);
    }

    fn epochs(&mut self, before: &Local<R>) {
        let (was, is) = (&before.disk, &self.next.disk);
        let (accepted, current) = (is.accepted_epoch(), is.current_epoch());
        if accepted < was.accepted_epoch() || current < was.current_epoch() {
            let what = format!(
                "epochs on disk go back from ({}, {}) to ({accepted}, {current})",
                was.accepted_epoch(),
                was.current_epoch()
            );
            self.break_rule(Invariant::EpochMonotone, what);
        } else if current > accepted {
            let what = format!("has currentEpoch {current} above acceptedEpoch {accepted} on disk");
            self.break_rule(Invariant::EpochOrder, what);
        }
        let Some(process) = &self.next.process else { return };
        let last = process.peer.history().logged();
        if process.peer.candidacy().is_some() && last.epoch() > self.next.disk.current_epoch() {
            let what = format!("waits in an election with {last} and currentEpoch {current}");
            self.break_rule(Invariant::EpochOfHistory, what);
        }
    }

    fn history(&mut self, before: &Local<R>) {
        let disk = self.next.disk.history();
        let memory = self.next.memory();
        for (place, list) in [("in memory", &memory), ("on disk", &disk)] {
            if let Some(zxid) = out_of_order(list) {
                let what = format!("has {zxid} {place} behind what it does not follow");
                self.break_rule(Invariant::HistoryIncreasing, what);
            }
        }
        if let Some((label, content)) = self.next.disk.snapshot()
            && content.last().map_or(Zxid::ZERO, |txn| txn.zxid) != *label
        {
            let what = format!("has a snapshot {label} that ends elsewhere");
            self.break_rule(Invariant::SnapshotSound, what);
        }
        let Some(process) = &self.next.process else { return };
        // The tree of a SNAP or a TRUNC may stay behind the log until it is read again.
        let settled = !matches!(
            process.peer.learning(),
            Some((LearnerStage::Truncating { .. } | LearnerStage::Reloading { .. }, _))
        ) && !process.peer.is_draining();
        let recent = process.peer.history().recent();
        let tree = &process.tree;
        let last = tree.last().map_or(Zxid::ZERO, |txn| txn.zxid);
        let cached = recent.len() <= tree.len()
            && tree[tree.len() - recent.len()..].iter().eq(recent.iter());
        if settled && (last != process.peer.history().applied() || !cached) {
            let what = format!("has applied up to {last}, and remembers otherwise");
            let was_cut = matches!(
                before.process.as_ref().and_then(|process| process.peer.learning()),
                Some((LearnerStage::Reloading { .. }, _))
            );
            let rule = if was_cut { Invariant::TruncExact } else { Invariant::RecentLogContiguous };
            self.break_rule(rule, what);
        }
    }

    fn received(&mut self, before: &Local<R>, from: Sid, packet: &Message) {
        let Some(was) = before.process.as_ref().map(|process| &process.peer) else { return };
        let listens = was.state() == ServerState::Leading || was.leader() == Some(from);
        if !listens {
            let what = format!("gets {} from {from}, whom it does not follow", packet.name());
            self.break_rule(Invariant::SingleSource, what);
        }
        if was.phase() != Phase::Broadcast || was.state() == ServerState::Leading {
            return;
        }
        let history = was.history();
        match packet {
            Packet::Commit(zxid) if history.tail().front().map(|txn| txn.zxid) != Some(*zxid) => {
                let what = format!("gets COMMIT {zxid}, which is not the oldest that waits");
                self.break_rule(Invariant::CommitMatchesPending, what);
            }
            Packet::Proposal(txn) if !history.is_next(txn.zxid) => {
                let what = format!("gets PROPOSAL {} behind {}", txn.zxid, history.logged());
                self.break_rule(Invariant::ProposalContiguity, what);
            }
            _ => {}
        }
    }

    fn proposed(&mut self) {
        let Some(process) = &self.next.process else { return };
        if let Some(txn) = process.peer.history().tail().back() {
            self.facts.push(Fact::Proposed(txn.zxid.epoch(), txn.clone()));
        }
    }

    /// The end of a TRUNC.
    fn reloaded(&mut self, before: &Local<R>) {
        let stage = before.process.as_ref().and_then(|process| process.peer.learning());
        let Some((LearnerStage::Reloading { to }, _)) = stage else { return };
        let Some(process) = &self.next.process else { return };
        if process.peer.learning().is_none() {
            // It could not be cut there, and asks for SNAP.
            return;
        }
        let snapshot = self.next.disk.snapshot().map_or(Zxid::ZERO, |(label, _)| *label);
        let disk = self.next.disk.history().last().map_or(Zxid::ZERO, |txn| txn.zxid);
        let tree = process.tree.last().map_or(Zxid::ZERO, |txn| txn.zxid);
        if snapshot > to || disk != to || tree != to {
            let what = format!("was cut at {to}; disk {disk}, tree {tree}, snapshot {snapshot}");
            self.break_rule(Invariant::TruncExact, what);
        }
    }

    /// Promises that a leader counts with this step.
    fn promises(&mut self, before: &Local<R>, event: &Event) {
        let Some(reign) = self.next.process.as_ref().and_then(|process| process.peer.reign())
        else {
            return;
        };
        let Some(was) = before.process.as_ref() else { return };
        let counted = was.peer.reign().map(|reign| reign.promised).unwrap_or_default();
        let Some(epoch) = reign.epoch else { return };
        for sid in reign.promised.into_iter().filter(|sid| !counted.contains(sid)) {
            self.facts.push(Fact::Promised(epoch, sid));
            if let Event::Packet(_, Packet::AckEpoch { last_zxid, current_epoch }) = event {
                let (own_epoch, own) = (was.peer.current_epoch(), was.peer.history().logged());
                if (*current_epoch, *last_zxid) > (Some(own_epoch), own) {
                    let theirs = current_epoch.unwrap_or_default();
                    let what = format!(
                        "counts {sid}, which has ({theirs}, {last_zxid}), above its own \
                         ({own_epoch}, {own})"
                    );
                    self.break_rule(Invariant::ElectedIsNewest, what);
                }
            }
        }
    }
}

/// The first transaction that does not follow the one before it.
fn out_of_order(list: &[Txn]) -> Option<Zxid> {
    let mut last = Zxid::ZERO;
    for Entry { zxid, .. } in list {
        let follows = *zxid == last.next() && last != Zxid::ZERO
            || (zxid.epoch() > last.epoch() && zxid.counter() == 1);
        if !follows {
            return Some(*zxid);
        }
        last = *zxid;
    }
    None
}

/// Is the oldest write one that only an epoch depends on?
pub(super) fn writes_epoch(mark: Option<&Mark>) -> bool {
    matches!(mark, Some(Mark::AcceptedEpoch(_) | Mark::CurrentEpoch(_)))
}
