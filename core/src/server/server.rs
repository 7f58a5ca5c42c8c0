//! The server: where events go, and what becomes of the protocol's outputs.

use super::auth::origin_ids;
use super::config::Config;
use super::connection::{Connection, Waiting};
use super::countdown::Countdown;
use super::disk::Disk;
use super::message::{
    Call, Closed, Done, Job, Msg, Never, Note, Payload, Recovered, Timer, Version, Write,
};
use super::patience::Patience;
use super::prep::Ahead;
use super::reap::Reaper;
use super::unclaimed::Unclaimed;
use crate::base::rng::Rng;
use crate::base::{Conn, Effect, Event, Link, Map, Node, Now, Origin, SessionId, Set, Sid, Zxid};
use crate::proto::client::ToClient;
use crate::proto::txn::TxnRecord;
use crate::session::{Tracker, first_id};
use crate::tree::Image;
use crate::watch::WatchTable;
use crate::zab::{self, Logged, Out, Peer, Phase, Rules, ServerState, Sound};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// One member of an ensemble, or a standalone server.
///
/// Invariants: `ahead` is empty unless this server leads and serves; `attached` names the
/// connection of each session that has one here, and `conns` has it.
#[derive(Clone, Debug)]
pub struct Server<R: Rules = Sound> {
    pub(super) config: Config<R>,
    pub(super) peer: Peer<Payload, Version, R>,
    /// Learner: how often it failed on its way into Broadcast.
    patience: Patience,
    /// Tree and sessions after the last applied transaction.
    pub(super) image: Image,
    /// Leader: what is proposed and not committed.
    pub(super) ahead: Ahead,
    pub(super) conns: Map<Conn, Connection>,
    pub(super) attached: Map<SessionId, Conn>,
    pub(super) watches: WatchTable,
    /// Leader: who owns which session until when.
    pub(super) tracker: Tracker,
    /// Learner: sessions heard from since the last PING, with their timeouts.
    pub(super) touched: Map<SessionId, i32>,
    /// Learner: syncs forwarded to the leader, oldest first: the n-th SYNC answers the n-th.
    pub(super) syncs: VecDeque<Conn>,
    /// Leader: syncs that wait for the commit of what was proposed before them.
    pub(super) held_syncs: VecDeque<(Zxid, Sid)>,
    /// Learner: the leader's proposals as they were read, until they are committed.
    pub(super) proposed: VecDeque<TxnRecord>,
    /// Leader: containers and TTL znodes that are to go.
    pub(super) reaper: Reaper,
    pub(super) next_session: SessionId,
    /// Writes of connections that are gone.
    pub(super) unclaimed: Unclaimed,
    /// Writes and syncs of own clients that are under way, whether somebody still waits or not.
    pub(super) in_flight: usize,
    /// Connections that are not read until `in_flight` has come down.
    pub(super) throttled: Set<Conn>,
    countdown: Countdown,
    rng: Rng,
    /// Empty between steps, with the memory of the protocol's last outputs.
    outs: Vec<Out<Payload, Version>>,
}

/// Effects of a server.
pub(super) type Effects<R> = Vec<Effect<Server<R>>>;

impl<R: Rules> Node for Server<R> {
    type Config = Config<R>;
    type Msg = Msg;
    type Timer = Timer;
    type Write = Write;
    type Mark = zab::Mark;
    type Job = Job;
    type Done = Done;
    type Recovered = Recovered;
    type Disk = Disk;
    type Call = Call;
    type Reply = Never;
    type Note = Note;

    fn boot(config: &Config<R>, recovered: Recovered) -> Self {
        let Recovered { accepted_epoch, current_epoch, last_zxid, recent, behind_snapshot, image } =
            recovered;
        let peer = Peer::new(
            config.switches.clone(),
            config.zab.clone(),
            accepted_epoch,
            current_epoch,
            recent,
            last_zxid,
        );
        let mut rng = Rng::new(config.seed);
        let mut countdown = Countdown::new(config.snap_count, config.snap_bytes, &mut rng);
        // A server that is started again before each snapshot would replay everything for ever.
        countdown.count(behind_snapshot);
        Self {
            peer,
            patience: Patience::default(),
            image: *image,
            ahead: Ahead::default(),
            conns: Map::new(),
            attached: Map::new(),
            watches: WatchTable::default(),
            tracker: Tracker::new(config.zab.tick_ms.0, []),
            touched: Map::new(),
            syncs: VecDeque::new(),
            held_syncs: VecDeque::new(),
            proposed: VecDeque::new(),
            reaper: Reaper::default(),
            next_session: SessionId(0),
            unclaimed: Unclaimed::default(),
            in_flight: 0,
            throttled: Set::new(),
            countdown,
            rng,
            outs: Vec::new(),
            config: config.clone(),
        }
    }

    fn step(&mut self, now: Now, event: Event<Self>, out: &mut Effects<R>) {
        match event {
            Event::Start => {
                self.next_session = first_id(self.config.zab.me, now.wall_ms);
                self.show_config(now);
                self.with_peer(now, out, |peer, outs| peer.start(outs));
            }
            Event::Timer(Timer::Zab(timer)) => {
                self.with_peer(now, out, |peer, outs| peer.on_timer(timer, outs));
            }
            Event::Timer(Timer::SessionTick) => self.on_session_tick(now, out),
            Event::Linked(Link::Client(conn), origin) => self.on_client_linked(conn, origin),
            Event::Unlinked(Link::Client(conn)) => self.forget_connection(conn),
            Event::Linked(link, origin) => {
                self.with_peer(now, out, |peer, outs| peer.on_linked(link, origin.dialled, outs));
            }
            Event::Unlinked(link) => {
                self.with_peer(now, out, |peer, outs| peer.on_unlinked(link, outs));
            }
            Event::Received(link, msg) => self.on_message(now, link, msg, out),
            Event::Durable(mark) => {
                self.with_peer(now, out, |peer, outs| peer.on_durable(mark, outs));
            }
            Event::Done(done) => self.with_peer(now, out, |peer, outs| peer.on_done(done, outs)),
            Event::Call(Call::ExpireSession(session)) => self.expire(now, session, out),
            Event::Call(Call::Snapshot) => self.snapshot(out),
        }
        self.resume_throttled(out);
    }

    fn keep(disk: &mut Disk, write: Write) -> zab::Mark {
        disk.keep(write)
    }

    fn mark(write: &Write) -> zab::Mark {
        write.mark()
    }

    fn work(disk: &mut Disk, job: Job) -> Done {
        disk.work(job)
    }

    fn recover(_config: &Config<R>, disk: &Disk) -> Recovered {
        disk.recover()
    }
}

impl<R: Rules> Server<R> {
    // --- getters -------------------------------------------------------------------------

    /// The protocol's state.
    #[must_use]
    pub const fn peer(&self) -> &Peer<Payload, Version, R> {
        &self.peer
    }

    /// Tree and sessions after the last applied transaction.
    #[must_use]
    pub const fn image(&self) -> &Image {
        &self.image
    }

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &Config<R> {
        &self.config
    }

    /// Client connections.
    #[must_use]
    pub const fn connections(&self) -> &Map<Conn, Connection> {
        &self.conns
    }

    /// Who watches what here.
    #[must_use]
    pub const fn watches(&self) -> &WatchTable {
        &self.watches
    }

    /// The leader's table of sessions.
    #[must_use]
    pub const fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// Transactions proposed here and not committed.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.ahead.len()
    }

    /// Syncs of learners that wait for a commit here.
    #[must_use]
    pub fn pending_syncs(&self) -> usize {
        self.held_syncs.len()
    }

    /// True if clients are taken: this server serves, and does not leave them to the others while
    /// it leads.
    #[must_use]
    pub fn takes_clients(&self) -> bool {
        let leads_only = !self.config.leader_serves && !self.config.zab.standalone;
        self.peer.is_serving() && !(leads_only && self.is_leader())
    }

    /// True if this server leads and serves.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.peer.next_zxid().is_some()
    }

    // --- events --------------------------------------------------------------------------

    fn on_message(&mut self, now: Now, link: Link, msg: Msg, out: &mut Effects<R>) {
        match (link, msg) {
            (Link::Election(from), Msg::Notification(heard)) => {
                self.with_peer(now, out, |peer, outs| peer.on_notification(from, heard, outs));
            }
            (Link::Quorum(from), Msg::Packet(packet)) => self.on_packet(now, from, packet, out),
            (Link::Client(conn), Msg::ToServer(msg)) => self.on_client(now, conn, msg, out),
            // A driver that decodes by the kind of the link cannot produce any other pair.
            (link, _) => out.push(Effect::Hangup(link)),
        }
    }

    fn on_client_linked(&mut self, conn: Conn, origin: Origin) {
        self.conns.insert(conn, Connection::new(origin_ids(origin)));
    }

    // --- the protocol's outputs ----------------------------------------------------------

    /// Lets the protocol take a step, and performs what it wants.
    pub(super) fn with_peer(
        &mut self,
        now: Now,
        out: &mut Effects<R>,
        step: impl FnOnce(&mut Peer<Payload, Version, R>, &mut Vec<Out<Payload, Version>>),
    ) {
        // Performing one may make the protocol take the next step: that finds an empty list.
        let mut outs = core::mem::take(&mut self.outs);
        step(&mut self.peer, &mut outs);
        for output in outs.drain(..) {
            self.perform(now, output, out);
        }
        self.outs = outs;
    }

    fn perform(&mut self, now: Now, output: Out<Payload, Version>, out: &mut Effects<R>) {
        match output {
            Out::SetTimer(timer, after) => out.push(Effect::SetTimer(Timer::Zab(timer), after)),
            Out::CancelTimer(timer) => out.push(Effect::CancelTimer(Timer::Zab(timer))),
            Out::Connect(link @ Link::Quorum(_)) => {
                let retry = Timer::Zab(zab::Timer::ConnectRetry);
                out.push(match self.patience.before_connecting(self.config.zab.tick_ms) {
                    Some(pause) => Effect::SetTimer(retry, pause),
                    None => Effect::Connect(link),
                });
            }
            Out::Connect(link) => out.push(Effect::Connect(link)),
            Out::Hangup(link) => out.push(Effect::Hangup(link)),
            Out::Notify(to, notification) => {
                out.push(Effect::Send(Link::Election(to), Msg::Notification(notification)));
            }
            Out::Send(to, packet) => {
                out.push(Effect::Send(Link::Quorum(to), Msg::Packet(packet)));
            }
            Out::SendSnap(to, zxid) => {
                // The tree is exactly at `zxid`: everything delivered before is applied, and
                // nothing else is.
                let image = self.version();
                let packet = zab::Packet::Snap { zxid, image };
                out.push(Effect::Send(Link::Quorum(to), Msg::Packet(packet)));
            }
            Out::Persist(write) => out.push(Effect::Persist(write)),
            Out::PersistState(zxid) => {
                let image = self.version();
                out.push(Effect::Persist(Write::Install { zxid, image }));
            }
            Out::Job(job) => out.push(Effect::Job(job)),
            Out::Deliver(entry) => self.deliver(entry, out),
            Out::Restore(image) => {
                self.image = *image;
                self.ahead.clear();
                self.proposed.clear();
                self.show_config(now);
            }
            Out::Entered(state, phase) => {
                self.patience.on_entered(state, phase);
                self.on_entered(state, phase, out);
            }
            Out::LearnerLost(sid) => self.held_syncs.retain(|(_, learner)| *learner != sid),
            Out::Note(note) => {
                if let zab::Note::Leaving(why) = note {
                    self.patience.on_leaving(why);
                }
                out.push(Effect::Note(Note::Zab(note)));
            }
        }
    }

    fn version(&self) -> Version {
        self.image.clone().into()
    }

    /// The configuration can be read at a znode. It is no part of the history: each server puts
    /// its own text there.
    fn show_config(&mut self, now: Now) {
        let text = self.config.zab.text.clone();
        if !text.is_empty() {
            self.image.tree.set_config(text, Zxid::ZERO, now.wall_ms);
        }
    }

    fn on_entered(&mut self, state: ServerState, phase: Phase, out: &mut Effects<R>) {
        match (state, phase) {
            (ServerState::Looking, _) => self.stop_serving(out),
            (ServerState::Leading, Phase::Broadcast) => {
                self.ahead.clear();
                self.reaper = Reaper::default();
                let tick_ms = self.config.zab.tick_ms;
                self.tracker = Tracker::new(tick_ms.0, self.image.sessions());
                out.push(Effect::SetTimer(Timer::SessionTick, tick_ms));
            }
            (ServerState::Leading | ServerState::Following | ServerState::Observing, _) => {}
        }
    }

    /// Without a leader nobody is served: clients look for another server, where their sessions
    /// go on.
    fn stop_serving(&mut self, out: &mut Effects<R>) {
        let conns: Vec<Conn> = self.conns.keys().copied().collect();
        for conn in conns {
            self.close(conn, Closed::NotServing, out);
        }
        self.watches = WatchTable::default();
        self.touched.clear();
        self.syncs.clear();
        self.held_syncs.clear();
        self.unclaimed.clear();
        self.in_flight = 0;
        self.ahead.clear();
        self.proposed.clear();
        out.push(Effect::CancelTimer(Timer::SessionTick));
    }

    // --- connections ---------------------------------------------------------------------

    pub(super) fn send(&self, conn: Conn, msg: ToClient, out: &mut Effects<R>) {
        out.push(Effect::Send(Link::Client(conn), Msg::ToClient(msg)));
    }

    /// Closes a connection after what was sent on it.
    pub(super) fn close(&mut self, conn: Conn, why: Closed, out: &mut Effects<R>) {
        if self.conns.contains_key(&conn) {
            out.push(Effect::Note(Note::ConnectionClosed { conn, why }));
            out.push(Effect::Hangup(Link::Client(conn)));
            self.forget_connection(conn);
        }
    }

    fn forget_connection(&mut self, conn: Conn) {
        let Some(connection) = self.conns.remove(&conn) else { return };
        self.watches.remove_conn(conn);
        self.throttled.remove(&conn);
        let session = connection.session;
        if self.attached.get(&session) == Some(&conn) {
            self.attached.remove(&session);
        }
        // What is under way stays so, and keeps its place: the leader's transactions and SYNCs
        // come for it all the same.
        let synced = |waiting: &Waiting| matches!(waiting, Waiting::Sync { done: true, .. });
        self.in_flight -= connection.queue.iter().filter(|waiting| synced(waiting)).count();
        let writes = connection.queue.iter().filter_map(|waiting| match waiting {
            Waiting::Write { cxid, .. } => Some(*cxid),
            Waiting::Sync { .. } | Waiting::Read { .. } => None,
        });
        self.unclaimed.add(session, writes);
    }

    // --- snapshots -----------------------------------------------------------------------

    /// Counts an applied transaction; every now and then a snapshot is due.
    pub(super) fn count_txn(&mut self, bytes: usize, out: &mut Effects<R>) {
        self.countdown.count(Logged { txns: 1, bytes: bytes as u64 });
        if self.countdown.is_over() && self.peer.is_serving() {
            let Config { snap_count, snap_bytes, .. } = self.config;
            self.countdown = Countdown::new(snap_count, snap_bytes, &mut self.rng);
            self.snapshot(out);
        }
    }

    fn snapshot(&self, out: &mut Effects<R>) {
        // Before Broadcast the tree may hold what is never committed.
        if self.peer.is_serving() {
            let (zxid, image) = (self.image.zxid, self.version());
            out.push(Effect::Job(Job::Snapshot { zxid, image }));
        }
    }
}
