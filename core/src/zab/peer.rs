//! One server of the protocol: what it remembers, where events go, and the only role changes.

use super::config::Config;
use super::disk::{Done, Job, Mark, Recovered, Write};
use super::election::{Election, SETTLE_MS, Settle};
use super::history::History;
use super::leader::Leader;
use super::learner::Learner;
use super::message::{Entry, Notification, Packet, Phase, ServerState, Vote};
use super::output::{Note, Out, Reason, Timer};
use super::rules::{Rules, Sound};
use crate::base::{Epoch, Link, Map, Millis, Round, Set, Sid, Zxid};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt::Debug;

/// What a transaction or a state may be: data.
pub trait Value: Clone + Debug + PartialEq {}
impl<T: Clone + Debug + PartialEq> Value for T {}

/// The protocol state of one server. `P` is the payload of a transaction, `I` the state that a
/// snapshot holds; the protocol looks into neither.
///
/// Invariants: `current_epoch <= accepted_epoch`, both as last handed to the disk; `pending` has
/// one mark for each write that is not durable yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer<P, I, R = Sound> {
    /// Which guards are missing: none in a real server.
    pub(super) rules: R,
    pub(super) config: Config,
    pub(super) accepted_epoch: Epoch,
    pub(super) current_epoch: Epoch,
    pub(super) history: History<P>,
    pub(super) pending: VecDeque<Mark>,
    /// Highest round used; a new election takes the next one.
    pub(super) round: Round,
    /// The vote that others are told once the election is over.
    pub(super) vote: Vote,
    pub(super) role: Role<P, I>,
    pub(super) election_links: Set<Sid>,
    /// Voters whose election stream has ended and is not open again: no vote of theirs is on its
    /// way.
    pub(super) lost: Set<Sid>,
    /// TRUNC could not be executed because the log does not reach back: ask for SNAP at the next
    /// sync (rule S3).
    pub(super) needs_snap: bool,
    /// The last leader offered an epoch below the one promised here: it cannot be followed before
    /// the next election, so it is asked once a tick and not without a pause.
    pub(super) refused_epoch: bool,
}

/// What a server is doing, with what it needs for that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role<P, I> {
    /// Before `start`.
    Down,
    /// A role was left. Nothing is voted until the disk has everything that was handed to it and
    /// the tree equals the history on disk: a vote must not promise more, nor less (rule K2).
    Draining {
        /// Memory is ahead of the disk (an interrupted TRUNC or SNAP): read the state again.
        reload: bool,
        /// The last notification of each server that came meanwhile.
        early: Map<Sid, Notification>,
    },
    Looking(Election),
    Leading(Leader<P, I>),
    Learning(Learner<P, I>),
}

pub(super) type Outs<P, I> = Vec<Out<P, I>>;

impl<P: Value, I: Value, R: Rules> Peer<P, I, R> {
    /// A server with this history. Its tree is the recovered image.
    pub fn new(
        rules: R,
        config: Config,
        accepted: Epoch,
        current: Epoch,
        recent: Vec<Entry<P>>,
        last: Zxid,
    ) -> Self {
        let history = History::recovered(recent, last);
        let mut peer = Self {
            rules,
            config,
            accepted_epoch: accepted,
            current_epoch: current,
            history,
            pending: VecDeque::new(),
            round: Round(0),
            vote: Vote::OBSERVER,
            role: Role::Down,
            election_links: Set::new(),
            lost: Set::new(),
            needs_snap: false,
            refused_epoch: false,
        };
        peer.vote = peer.initial_vote();
        peer
    }

    // --- getters -------------------------------------------------------------------------

    /// What it does.
    #[must_use]
    pub const fn state(&self) -> ServerState {
        match &self.role {
            Role::Down | Role::Draining { .. } | Role::Looking(_) => ServerState::Looking,
            Role::Leading(_) => ServerState::Leading,
            Role::Learning(learner) if learner.observer => ServerState::Observing,
            Role::Learning(_) => ServerState::Following,
        }
    }

    /// How far its reign has come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match &self.role {
            Role::Down | Role::Draining { .. } | Role::Looking(_) => Phase::Election,
            Role::Leading(leader) => leader.phase,
            Role::Learning(learner) => learner.phase(),
        }
    }

    /// True if clients may be served.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.phase() == Phase::Broadcast
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// acceptedEpoch, as last handed to the disk.
    #[must_use]
    pub const fn accepted_epoch(&self) -> Epoch {
        self.accepted_epoch
    }

    /// currentEpoch, as last handed to the disk.
    #[must_use]
    pub const fn current_epoch(&self) -> Epoch {
        self.current_epoch
    }

    /// The log window.
    #[must_use]
    pub const fn history(&self) -> &History<P> {
        &self.history
    }

    /// Zxid that replies carry: the last applied transaction, or the start of the epoch at a
    /// leader that has committed nothing yet (Java sets lastProcessedZxid so).
    #[must_use]
    pub fn last_processed(&self) -> Zxid {
        match &self.role {
            Role::Leading(leader) if leader.phase == Phase::Broadcast => {
                self.history.applied().max(leader.epoch_start())
            }
            Role::Down
            | Role::Draining { .. }
            | Role::Looking(_)
            | Role::Leading(_)
            | Role::Learning(_) => self.history.applied(),
        }
    }

    /// The leader that this server follows, or itself if it leads.
    #[must_use]
    pub const fn leader(&self) -> Option<Sid> {
        match &self.role {
            Role::Leading(_) => Some(self.config.me),
            Role::Learning(learner) => Some(learner.leader),
            Role::Down | Role::Draining { .. } | Role::Looking(_) => None,
        }
    }

    /// The present vote and round, as others are told.
    #[must_use]
    pub fn ballot(&self) -> (Vote, Round) {
        match &self.role {
            Role::Looking(election) => (election.proposal(), election.round()),
            Role::Down | Role::Draining { .. } | Role::Leading(_) | Role::Learning(_) => {
                (self.vote, self.round)
            }
        }
    }

    /// The election under way, for pictures.
    #[must_use]
    pub const fn election(&self) -> Option<&Election> {
        match &self.role {
            Role::Looking(election) => Some(election),
            Role::Down | Role::Draining { .. } | Role::Leading(_) | Role::Learning(_) => None,
        }
    }

    /// Writes that are not durable yet, oldest first.
    #[must_use]
    pub const fn pending(&self) -> &VecDeque<Mark> {
        &self.pending
    }

    /// Last zxid of the log that is durable.
    #[must_use]
    pub fn durable(&self) -> Zxid {
        let first_pending = self.pending.iter().find_map(|mark| match mark {
            Mark::Log(zxid) => Some(*zxid),
            Mark::Truncated(_)
            | Mark::Installed(_)
            | Mark::AcceptedEpoch(_)
            | Mark::CurrentEpoch(_) => None,
        });
        match first_pending {
            None => self.history.logged(),
            Some(pending) => {
                let entries = self.history.recent().iter().chain(self.history.tail());
                let before = entries.take_while(|entry| entry.zxid < pending);
                before.last().map_or(Zxid::ZERO, |entry| entry.zxid)
            }
        }
    }

    // --- events --------------------------------------------------------------------------

    /// First event of a process.
    pub fn start(&mut self, out: &mut Outs<P, I>) {
        let last_epoch = self.history.applied().epoch();
        if !self.config.standalone && last_epoch > self.current_epoch {
            self.current_epoch = last_epoch;
            if self.accepted_epoch < last_epoch {
                self.accepted_epoch = last_epoch;
                self.persist(Write::AcceptedEpoch(last_epoch), out);
            }
            self.persist(Write::CurrentEpoch(last_epoch), out);
            out.push(Out::Note(Note::EpochRepaired(last_epoch)));
        }
        if self.config.standalone {
            self.become_standalone(out);
        } else {
            self.role = Role::Draining { reload: false, early: Map::new() };
            self.look_if_drained(out);
        }
    }

    /// A timer fired.
    pub fn on_timer(&mut self, timer: Timer, out: &mut Outs<P, I>) {
        match timer {
            Timer::Resend => self.on_resend(out),
            Timer::Settle => self.on_settled(out),
            Timer::ConnectRetry => self.on_connect_retry(out),
            Timer::InitLimit => self.on_init_limit(out),
            Timer::HalfTick => self.on_half_tick(out),
            Timer::Tick => self.on_tick(out),
        }
    }

    /// A stream to another server opened, if this one `dialled`, or from another server.
    pub fn on_linked(&mut self, link: Link, dialled: bool, out: &mut Outs<P, I>) {
        match link {
            Link::Election(sid) => {
                self.election_links.insert(sid);
                self.lost.remove(&sid);
                if let Role::Looking(_) = self.role {
                    out.push(Out::Notify(sid, self.notification()));
                }
            }
            Link::Quorum(sid) => match &mut self.role {
                Role::Leading(_) => self.on_learner_linked(sid, out),
                Role::Learning(learner) if learner.leader == sid && dialled => {
                    self.on_leader_linked(out);
                }
                // Two servers that were elected to follow each other: this stream took the place
                // of the own one, which has to be opened again.
                Role::Learning(learner) if learner.leader == sid => {
                    out.push(Out::Hangup(link));
                    self.on_leader_unlinked(out);
                }
                // Nobody may follow a server that does not lead; the learner tries again.
                Role::Down | Role::Draining { .. } | Role::Looking(_) | Role::Learning(_) => {
                    out.push(Out::Hangup(link));
                }
            },
            Link::Client(_) | Link::Server(_) => {}
        }
    }

    /// A stream to or from another server ended.
    pub fn on_unlinked(&mut self, link: Link, out: &mut Outs<P, I>) {
        match link {
            Link::Election(sid) => {
                if self.election_links.remove(&sid) && self.config.voters.contains(sid) {
                    self.lost.insert(sid);
                    self.settle(false, out);
                }
            }
            Link::Quorum(sid) => match &self.role {
                Role::Leading(_) => self.on_learner_unlinked(sid, Reason::LinkLost, out),
                Role::Learning(learner) if learner.leader == sid => self.on_leader_unlinked(out),
                Role::Down | Role::Draining { .. } | Role::Looking(_) | Role::Learning(_) => {}
            },
            Link::Client(_) | Link::Server(_) => {}
        }
    }

    /// A vote came.
    pub fn on_notification(&mut self, from: Sid, heard: Notification, out: &mut Outs<P, I>) {
        // A server without a vote is told the leader, and its own vote is not looked at.
        let counts = self.config.voters.contains(from)
            && (heard.state != ServerState::Looking
                || self.config.voters.contains(heard.vote.leader));
        if !counts {
            out.push(Out::Notify(from, self.notification()));
            return;
        }
        match &mut self.role {
            Role::Draining { early, .. } => {
                early.insert(from, heard);
            }
            Role::Looking(_) => self.on_vote(from, &heard, out),
            Role::Leading(_) | Role::Learning(_) => {
                if heard.state == ServerState::Looking {
                    out.push(Out::Notify(from, self.notification()));
                }
            }
            Role::Down => {}
        }
    }

    /// A packet came on a quorum link.
    pub fn on_packet(&mut self, from: Sid, packet: Packet<P, I>, out: &mut Outs<P, I>) {
        match &self.role {
            Role::Leading(_) => self.on_learner_packet(from, packet, out),
            Role::Learning(learner) if learner.leader == from => {
                self.on_leader_packet(packet, out);
            }
            Role::Down | Role::Draining { .. } | Role::Looking(_) | Role::Learning(_) => {}
        }
    }

    /// A write is durable.
    ///
    /// # Panics
    /// If it is not the oldest one: the driver broke the contract, and every promise that rests
    /// on the order of writes with it.
    pub fn on_durable(&mut self, mark: Mark, out: &mut Outs<P, I>) {
        let oldest = self.pending.pop_front();
        assert!(oldest == Some(mark), "durable {mark:?}, but the oldest write is {oldest:?}");
        match &self.role {
            Role::Draining { .. } => self.look_if_drained(out),
            Role::Leading(_) => self.on_leader_durable(mark, out),
            Role::Learning(_) => self.on_learner_durable(mark, out),
            Role::Down | Role::Looking(_) => {}
        }
    }

    /// A job of the disk is done.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn on_done(&mut self, done: Done<P, I>, out: &mut Outs<P, I>) {
        match done {
            Done::State(recovered) => self.on_state_read(recovered, out),
            Done::Log { learner, entries } => {
                if let Role::Leading(_) = self.role {
                    self.on_log_read(learner, entries, out);
                }
            }
            Done::Snapshot(zxid) => out.push(Out::Note(Note::Snapshot(zxid))),
        }
    }

    // --- role changes --------------------------------------------------------------------

    /// Leaves the present role for an election (rule K2: first the disk, then the tree, then the
    /// vote).
    pub(super) fn leave(&mut self, why: Reason, out: &mut Outs<P, I>) {
        out.push(Out::Note(Note::Leaving(why)));
        let mut reload = false;
        match core::mem::replace(&mut self.role, Role::Down) {
            Role::Leading(leader) => {
                out.push(Out::CancelTimer(Timer::HalfTick));
                for sid in leader.learners.keys() {
                    out.push(Out::Hangup(Link::Quorum(*sid)));
                    out.push(Out::LearnerLost(*sid));
                }
            }
            Role::Learning(learner) => {
                out.push(Out::CancelTimer(Timer::Tick));
                out.push(Out::CancelTimer(Timer::ConnectRetry));
                out.push(Out::Hangup(Link::Quorum(learner.leader)));
                reload = learner.is_ahead_of_disk() && !self.rules.keep_partial_sync();
            }
            Role::Down | Role::Draining { .. } | Role::Looking(_) => {}
        }
        out.push(Out::CancelTimer(Timer::InitLimit));
        out.push(Out::Entered(ServerState::Looking, Phase::Election));
        self.role = Role::Draining { reload, early: Map::new() };
        self.look_if_drained(out);
    }

    fn look_if_drained(&mut self, out: &mut Outs<P, I>) {
        if self.rules.no_drain_on_shutdown() {
            let durable = self.durable();
            self.history.forget_after(durable);
        } else if !self.pending.is_empty() {
            return;
        }
        let Role::Draining { reload, early } = &mut self.role else { return };
        if *reload {
            out.push(Out::Job(Job::ReadState));
            return;
        }
        let early = core::mem::take(early);
        // What is logged counts as history, committed or not: election and synchronization
        // decide about it.
        if self.rules.retain_database() {
            self.history.forget_after(self.history.applied());
        }
        while let Some(entry) = self.history.apply_next() {
            out.push(Out::Deliver(entry));
        }
        self.look(out);
        for (from, heard) in early {
            self.on_notification(from, heard, out);
        }
    }

    fn on_state_read(&mut self, recovered: Recovered<P, I>, out: &mut Outs<P, I>) {
        match &self.role {
            Role::Draining { reload: true, .. } => {
                self.restore(recovered, out);
                if let Role::Draining { reload, .. } = &mut self.role {
                    *reload = false;
                }
                self.look_if_drained(out);
            }
            Role::Learning(_) => self.on_truncated_state(recovered, out),
            // The answer to a question of a role that is over.
            Role::Down | Role::Draining { .. } | Role::Looking(_) | Role::Leading(_) => {}
        }
    }

    /// Makes tree and history equal to what is on disk.
    pub(super) fn restore(&mut self, recovered: Recovered<P, I>, out: &mut Outs<P, I>) {
        self.history = History::recovered(recovered.recent, recovered.last_zxid);
        out.push(Out::Restore(recovered.image));
    }

    /// Starts an election.
    fn look(&mut self, out: &mut Outs<P, I>) {
        self.round = Round(self.round.0 + 1);
        self.vote = self.initial_vote();
        let election = Election::new(self.config.me, self.vote, self.round);
        self.role = Role::Looking(election);
        out.push(Out::Note(Note::Looking { round: self.round }));
        out.push(Out::Entered(ServerState::Looking, Phase::Election));
        self.tell_all(out);
        self.schedule_resend(out);
        self.settle(false, out);
    }

    fn initial_vote(&self) -> Vote {
        if self.config.is_voter() {
            Vote {
                peer_epoch: self.current_epoch,
                zxid: self.history.logged(),
                leader: self.config.me,
            }
        } else {
            Vote::OBSERVER
        }
    }

    /// Ends the election: this server leads, or learns from `vote.leader`.
    pub(super) fn elected(&mut self, vote: Vote, round: Round, out: &mut Outs<P, I>) {
        self.vote = vote;
        self.round = round;
        out.push(Out::CancelTimer(Timer::Resend));
        out.push(Out::CancelTimer(Timer::Settle));
        out.push(Out::Note(Note::Elected { leader: vote.leader }));
        if vote.leader == self.config.me {
            self.become_leader(out);
        } else {
            self.become_learner(vote.leader, out);
        }
    }

    // --- election ------------------------------------------------------------------------

    /// What this server tells others about its vote.
    fn notification(&self) -> Notification {
        let (vote, round) = self.ballot();
        Notification { state: self.state(), vote, round, config: self.config.text.clone() }
    }

    fn tell_all(&self, out: &mut Outs<P, I>) {
        for sid in self.config.others() {
            if self.election_links.contains(&sid) {
                out.push(Out::Notify(sid, self.notification()));
            } else {
                // The vote goes out when the stream opens.
                out.push(Out::Connect(Link::Election(sid)));
            }
        }
    }

    fn schedule_resend(&mut self, out: &mut Outs<P, I>) {
        if let Role::Looking(election) = &mut self.role {
            out.push(Out::SetTimer(Timer::Resend, Millis(election.next_resend_ms())));
        }
    }

    fn on_resend(&mut self, out: &mut Outs<P, I>) {
        if let Role::Looking(_) = self.role {
            self.tell_all(out);
            self.schedule_resend(out);
        }
    }

    fn on_vote(&mut self, from: Sid, heard: &Notification, out: &mut Outs<P, I>) {
        let Role::Looking(election) = &mut self.role else { return };
        let outcome = election.receive(&self.rules, &self.config.voters, from, heard);
        self.round = election.round();
        if let Some(vote) = outcome.join {
            let round = self.round;
            self.elected(vote, round, out);
            return;
        }
        if outcome.answer {
            out.push(Out::Notify(from, self.notification()));
        }
        if outcome.changed {
            out.push(Out::Note(Note::Voted(self.ballot().0)));
            self.tell_all(out);
        }
        self.settle(outcome.changed, out);
    }

    fn settle(&mut self, changed: bool, out: &mut Outs<P, I>) {
        let Role::Looking(election) = &mut self.role else { return };
        match election.settle(&self.config.voters, &self.lost, changed) {
            Settle::Begin => out.push(Out::SetTimer(Timer::Settle, Millis(SETTLE_MS))),
            Settle::Abandon => out.push(Out::CancelTimer(Timer::Settle)),
            Settle::Keep => {}
            Settle::End => self.on_settled(out),
        }
    }

    /// The wait for a better vote is over.
    fn on_settled(&mut self, out: &mut Outs<P, I>) {
        let Role::Looking(election) = &self.role else { return };
        if election.is_agreed(&self.config.voters) {
            let (vote, round) = (election.proposal(), election.round());
            self.elected(vote, round, out);
        }
    }

    // --- shared --------------------------------------------------------------------------

    /// Hands a write to the disk and remembers that it is not durable yet.
    pub(super) fn persist(&mut self, write: Write<P, I>, out: &mut Outs<P, I>) {
        self.pending.push_back(write.mark());
        out.push(Out::Persist(write));
    }

    /// Adds a transaction to the log.
    pub(super) fn append(&mut self, entry: Entry<P>, out: &mut Outs<P, I>) {
        self.history.append(entry.clone());
        self.persist(Write::Append(entry), out);
    }

    /// Applies the oldest transaction of the tail.
    pub(super) fn deliver_next(&mut self, out: &mut Outs<P, I>) {
        if let Some(entry) = self.history.apply_next() {
            out.push(Out::Deliver(entry));
        }
    }

    /// After synchronization every member's vote has the new epoch, so that a late comer sees
    /// equal votes (ZOOKEEPER-1732).
    pub(super) const fn update_vote(&mut self, epoch: Epoch) {
        self.vote.peer_epoch = epoch;
    }
}
