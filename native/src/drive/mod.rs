//! The driver of a server: one thread owns the engine, its sockets and their buffers.
//!
//! A turn is: wait for something; feed every event to the engine and perform its effects, which
//! only fill output buffers; look once more for what came meanwhile; then hand the writes to the
//! disk's thread and write each buffer once.

mod admission;
mod counting;
mod deadlines;
mod links;
mod sockets;
#[cfg(test)]
mod tests;

use crate::descriptors::Room;
use crate::digests::Digests;
use crate::net::listen::bind;
use crate::net::resolve::Resolver;
use crate::net::socket::{Socket, Spare};
use crate::stats::Stats;
use crate::store::{Report, Store};
use admission::Admission;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use rustix::io::Errno;
use sockets::{Kind, Slot};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use zabscope_core::base::limits::UNWRITTEN_BYTES_MAX;
use zabscope_core::base::{Conn, Effect, Event, Link, Millis, Node, Now, Sid};
use zabscope_core::server::message::{Msg, Recovered, Timer};
use zabscope_core::server::{Config, Server};
use zabscope_core::zab::ServerState;
use zabscope_core::zab::Sound;

const CLIENT_LISTENER: Token = Token(0);
const ELECTION_LISTENER: Token = Token(1);
const QUORUM_LISTENER: Token = Token(2);
/// The waker's token; the driver registers no socket below the first free one.
pub const WAKER: Token = Token(3);
const FIRST_SOCKET: usize = 4;
/// Events taken from the system at a time.
const EVENTS: usize = 1024;
/// Streams that may be accepted in one turn, so that a flood does not stop the rest.
const ACCEPTS_PER_TURN: usize = 64;

/// Where a server listens and whom it finds where.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Client port.
    pub client: SocketAddr,
    /// Election port; `None` for a standalone server.
    pub election: Option<SocketAddr>,
    /// Quorum port.
    pub quorum: Option<SocketAddr>,
    /// What others are told in the initial message of the election port.
    pub election_name: String,
    /// The other members: host and port of quorum and of election port. Names are looked up at
    /// each connect, because addresses change.
    pub members: BTreeMap<Sid, Member>,
}

/// Where a member is.
#[derive(Clone, Debug)]
pub struct Member {
    /// `host:port`
    pub quorum: String,
    /// `host:port`
    pub election: String,
}

/// What a driver may and may not.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections of one client address; 0 is without limit (`maxClientCnxns`).
    pub client_cnxns_per_ip: u32,
    /// Connections of all clients; 0 is without limit (`maxCnxns`).
    pub client_cnxns: u32,
    /// Sockets that the system has descriptors for.
    pub room: Room,
    /// Largest frame of a client (`jute.maxbuffer`).
    pub frame_bytes_max: usize,
    /// Unsent bytes after which the link to another server is closed.
    pub quorum_unsent_bytes: usize,
    /// fsyncs that take longer are logged.
    pub fsync_warning: Duration,
    /// Length of the client port's queue (`clientPortListenBacklog`).
    pub backlog: Option<u32>,
}

/// Why a driver ended.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// A port cannot be bound or the system's poll fails.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The disk failed. Nothing is retried: what is on it is not known any more.
    #[error("the disk failed: {0}")]
    Disk(String),
    /// The engine's history cannot be trusted.
    #[error("{0}")]
    Halt(&'static str),
}

/// What a process of this program runs is the protocol with all its guards: [`Sound`] has no state,
/// so no flag, file or message can switch one off.
const _: fn(&Driver) -> &Server<Sound> = |driver| &driver.server;

/// See the module.
#[derive(Debug)]
pub struct Driver {
    server: Server,
    store: Store,
    addresses: Addresses,
    limits: Limits,
    words: crate::words::Words,
    poll: Poll,
    resolver: Resolver,
    listeners: BTreeMap<usize, TcpListener>,
    slots: BTreeMap<usize, Slot>,
    links: BTreeMap<Link, usize>,
    next_token: usize,
    next_conn: u64,
    admission: Admission,
    timers: BTreeMap<Timer, Instant>,
    /// Sockets with output that was not written yet.
    dirty: BTreeSet<usize>,
    /// Sockets that may have input although no event will say so.
    ready: BTreeSet<usize>,
    /// More waits for the disk than should.
    disk_is_behind: bool,
    /// Sockets that are read again when it is not.
    held: BTreeSet<usize>,
    /// Listeners that could not accept, or be opened: the system was out of descriptors.
    accept_again: BTreeSet<Token>,
    /// When deadlines are looked at next.
    next_sweep: Instant,
    started: Instant,
    clock: Clock,
    stats: Stats,
    digests: Digests,
    stop: Arc<AtomicBool>,
    failed: Option<DriveError>,
    /// What a socket's input is read into.
    buffer: Vec<u8>,
    /// Memory of output that was sent.
    spare: Spare,
    /// Empty, with the memory of the last step's effects.
    effects: Vec<Effect<Server>>,
}

/// Both clocks, read when a turn wakes up and before each piece of input: a reading for each
/// message would cost more than decoding it.
#[derive(Clone, Copy, Debug)]
struct Clock {
    mono: Instant,
    /// Both, as the engine wants them.
    now: Now,
}

impl Clock {
    /// For an engine whose time began at `started`.
    fn read(started: Instant) -> Self {
        let mono = Instant::now();
        let since = mono.saturating_duration_since(started).as_millis();
        let now =
            Now { mono: Millis(u64::try_from(since).unwrap_or(u64::MAX)), wall_ms: wall_ms() };
        Self { mono, now }
    }
}

/// What [`Driver::new`] puts together.
#[derive(Debug)]
pub struct Parts {
    /// Settings of the engine.
    pub config: Config,
    /// What the disk holds.
    pub recovered: Recovered,
    /// The disk.
    pub store: Store,
    /// Where everybody is.
    pub addresses: Addresses,
    /// Bounds.
    pub limits: Limits,
    /// Four-letter words.
    pub words: crate::words::Words,
    /// The poll that `waker` belongs to.
    pub poll: Poll,
    /// What wakes the driver out of its poll.
    pub waker: Arc<Waker>,
    /// Set to end the driver.
    pub stop: Arc<AtomicBool>,
}

/// A poll and the waker that the store and signals use.
///
/// # Errors
/// If the system has no more descriptors.
pub fn poll_and_waker() -> io::Result<(Poll, Arc<Waker>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    Ok((poll, waker))
}

impl Driver {
    /// Binds the ports and boots the engine.
    ///
    /// # Errors
    /// If a port is taken.
    pub fn new(parts: Parts) -> Result<Self, DriveError> {
        let server = Server::boot(&parts.config, parts.recovered);
        let mut stats = Stats::default();
        stats.on_load(&parts.store.loaded());
        let started = Instant::now();
        let mut driver = Self {
            server,
            store: parts.store,
            addresses: parts.addresses,
            limits: parts.limits,
            words: parts.words,
            poll: parts.poll,
            resolver: Resolver::new(parts.waker),
            listeners: BTreeMap::new(),
            slots: BTreeMap::new(),
            links: BTreeMap::new(),
            next_token: FIRST_SOCKET,
            next_conn: 1,
            admission: Admission::default(),
            timers: BTreeMap::new(),
            dirty: BTreeSet::new(),
            ready: BTreeSet::new(),
            disk_is_behind: false,
            held: BTreeSet::new(),
            accept_again: BTreeSet::new(),
            next_sweep: Instant::now() + deadlines::SWEEP,
            started,
            clock: Clock::read(started),
            stats,
            digests: Digests::default(),
            stop: parts.stop,
            failed: None,
            buffer: vec![0; crate::net::socket::READ_BYTES],
            spare: Spare::default(),
            effects: Vec::new(),
        };
        driver.listen(CLIENT_LISTENER, driver.addresses.client, "client port")?;
        if let Some(address) = driver.addresses.election {
            driver.listen(ELECTION_LISTENER, address, "election port")?;
        }
        Ok(driver)
    }

    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// If the disk or the poll fails, or the engine says that it must end.
    pub fn run(mut self) -> Result<(), DriveError> {
        let mut events = Events::with_capacity(EVENTS);
        self.feed(Event::Start);
        self.end_turn();
        loop {
            let wait = self.time_to_wait();
            self.take_events(&mut events, wait)?;
            if !events.is_empty() {
                self.take_events(&mut events, Some(Duration::ZERO))?;
            }
            self.take_addresses();
            // Before the timers: what came in time must not be missed for having waited here.
            for token in std::mem::take(&mut self.ready) {
                self.read(token);
            }
            self.fire_timers();
            self.sweep();
            self.end_turn();
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
    }

    /// Waits at most so long for events, and feeds them to the engine.
    fn take_events(
        &mut self,
        events: &mut Events,
        wait: Option<Duration>,
    ) -> Result<(), DriveError> {
        match self.poll.poll(events, wait) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(DriveError::Io { what: "poll".into(), source }),
            Ok(()) => {}
        }
        self.clock = Clock::read(self.started);
        for event in &*events {
            match event.token() {
                CLIENT_LISTENER | ELECTION_LISTENER | QUORUM_LISTENER => {
                    self.accept(event.token());
                }
                WAKER => {}
                _ => self.on_socket(event),
            }
        }
        self.take_reports();
        Ok(())
    }

    fn time_to_wait(&self) -> Option<Duration> {
        if !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let next = self.timers.values().copied().chain([self.next_sweep]).min()?;
        // A millisecond more than needed: epoll rounds down, and a turn for nothing costs more.
        Some(next.saturating_duration_since(Instant::now()) + Duration::from_millis(1))
    }

    fn fire_timers(&mut self) {
        let now = self.clock.mono;
        // Clients that are not listened to are not gone.
        let waits = |timer| timer == Timer::SessionTick && self.disk_is_behind;
        let is_due = |(timer, at): &(&Timer, &Instant)| **at <= now && !waits(**timer);
        let due: Vec<Timer> = self.timers.iter().filter(is_due).map(|(timer, _)| *timer).collect();
        for timer in due {
            self.timers.remove(&timer);
            self.feed(Event::Timer(timer));
        }
    }

    fn take_reports(&mut self) {
        while let Some(report) = self.store.poll() {
            match report {
                Report::Durable(marks) => {
                    for mark in marks {
                        self.feed(Event::Durable(mark));
                    }
                }
                Report::Done(done) => self.feed(Event::Done(done)),
                Report::Measured(measured) => self.on_measured(measured),
                Report::Failed(error) => self.failed = Some(DriveError::Disk(error.to_string())),
            }
        }
    }

    /// Hands the turn's writes to the disk's thread, writes every output buffer once, and opens
    /// the quorum port while leading.
    fn end_turn(&mut self) {
        self.store.submit();
        self.look_at_disk();
        let leads = self.server.peer().state() == ServerState::Leading;
        self.set_quorum_listener(leads);
        for token in std::mem::take(&mut self.dirty) {
            self.flush(token);
        }
    }

    /// While the disk is behind, nothing is read that could add to what waits for it. Once a turn,
    /// so that every socket has its turn between two pauses.
    fn look_at_disk(&mut self) {
        self.disk_is_behind = self.store.unwritten_bytes() > UNWRITTEN_BYTES_MAX;
        if !self.disk_is_behind {
            self.ready.append(&mut self.held);
        }
    }

    // --- the engine ----------------------------------------------------------------------

    /// Feeds one event and performs what comes out.
    fn feed(&mut self, event: Event<Server>) {
        // Performing one may feed the next event: that finds an empty list of its own.
        let mut effects = std::mem::take(&mut self.effects);
        self.server.step(self.clock.now, event, &mut effects);
        self.look_at_digest();
        for effect in effects.drain(..) {
            self.perform(effect);
        }
        self.effects = effects;
    }

    fn perform(&mut self, effect: Effect<Server>) {
        match effect {
            Effect::SetTimer(timer, after) => {
                self.timers.insert(timer, self.clock.mono + Duration::from_millis(after.0));
            }
            Effect::CancelTimer(timer) => {
                self.timers.remove(&timer);
            }
            Effect::Connect(link) => self.connect(link),
            Effect::Hangup(link) => self.hang_up(link),
            Effect::Send(link, msg) => self.send(link, msg),
            Effect::Persist(write) => {
                self.count_write(&write);
                self.store.write(write);
            }
            Effect::Job(job) => self.store.job(job),
            Effect::Pause(link) => self.pause(link, true),
            Effect::Resume(link) => self.pause(link, false),
            Effect::Reply(never) => match never {},
            Effect::Note(note) => {
                self.stats.on_note(&note, self.server.peer().state(), self.clock.mono);
                crate::notes::log(&note);
            }
            Effect::Halt(why) => self.failed = Some(DriveError::Halt(why)),
        }
    }

    // --- ports ---------------------------------------------------------------------------

    fn listen(&mut self, token: Token, address: SocketAddr, what: &str) -> Result<(), DriveError> {
        let io_error = |source| DriveError::Io { what: format!("{what} {address}"), source };
        let backlog = self.limits.backlog.filter(|_| token == CLIENT_LISTENER);
        let mut listener = bind(address, backlog).map_err(io_error)?;
        self.poll
            .registry()
            .register(&mut listener, token, Interest::READABLE)
            .map_err(io_error)?;
        self.listeners.insert(token.0, listener);
        Ok(())
    }

    /// Learners are accepted only while leading; at other times they are refused at once and
    /// look for the leader again.
    fn set_quorum_listener(&mut self, open: bool) {
        let Some(address) = self.addresses.quorum else { return };
        let is_open = self.listeners.contains_key(&QUORUM_LISTENER.0);
        if open && !is_open && !self.accept_again.contains(&QUORUM_LISTENER) {
            match self.listen(QUORUM_LISTENER, address, "quorum port") {
                Ok(()) => {}
                // If it stays so, nobody follows and the engine looks for another leader.
                Err(DriveError::Io { what, source }) if is_shortage(&source) => {
                    tracing::warn!(%source, "{what} cannot be opened yet");
                    self.accept_again.insert(QUORUM_LISTENER);
                }
                Err(error) => self.failed = Some(error),
            }
        } else if !open && is_open {
            self.listeners.remove(&QUORUM_LISTENER.0);
        }
    }

    fn accept(&mut self, token: Token) {
        for _ in 0..ACCEPTS_PER_TURN {
            let Some(listener) = self.listeners.get(&token.0) else { return };
            match listener.accept() {
                Ok((stream, from)) => self.accepted(token, stream, from),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // No event will say so when it can be.
                    self.accept_again.insert(token);
                    return;
                }
            }
        }
        // There may be more: the listener is asked again in the next turn.
        let registry = self.poll.registry();
        if let Some(listener) = self.listeners.get_mut(&token.0) {
            let _ = registry.reregister(listener, token, Interest::READABLE);
        }
    }

    fn accepted(&mut self, listener: Token, stream: TcpStream, from: SocketAddr) {
        let kind = match listener {
            ELECTION_LISTENER => Kind::election_in(),
            QUORUM_LISTENER => Kind::quorum_in(),
            _ => {
                let ip = from.ip().to_canonical();
                if !self.admit(ip) {
                    return;
                }
                let conn = Conn(self.next_conn);
                self.next_conn += 1;
                Kind::client(conn, ip, self.clock.now.wall_ms, &self.limits)
            }
        };
        self.register(Socket::new(stream), kind);
    }

    /// Counts a client's address; false if there are too many connections.
    fn admit(&mut self, ip: IpAddr) -> bool {
        let admitted = self.admission.admit(ip, &self.limits);
        if let Err(limit) = admitted {
            tracing::warn!(%ip, "too many connections: refused ({limit})");
            self.stats.counted.rejected += 1;
        }
        admitted.is_ok()
    }
}

/// The system lacks something that it may have again soon.
fn is_shortage(error: &io::Error) -> bool {
    let short = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::NOSPC];
    Errno::from_io_error(error).is_some_and(|errno| short.contains(&errno))
}

fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// True for messages that only travel on a link of this kind.
fn fits(link: Link, msg: &Msg) -> bool {
    matches!(
        (link, msg),
        (Link::Election(_), Msg::Notification(_))
            | (Link::Quorum(_), Msg::Packet(_))
            | (Link::Client(_), Msg::ToClient(_))
    )
}
