//! The life of a session: connections come and go below it (Java: `ClientCnxn.SendThread`).

use super::calls::Calls;
use super::message::{Call, Config, Lost, Msg, Never, Note, Reply, State, Timer};
use super::retry::Servers;
use super::watches::Watches;
use crate::base::rng::Rng;
use crate::base::{Effect, Event, Link, Millis, Node, Now, SessionId, Sid, Zxid};
use crate::proto::client::{ToClient, ToServer};
use crate::proto::connect::{ConnectRequest, ConnectResponse, PASSWORD_BYTES};
use crate::wire::Buffer;
use alloc::vec::Vec;
use bytes::Bytes;

/// Longest silence of a client, whatever the timeout (`ClientCnxn.MAX_SEND_PING_INTERVAL`).
const PING_INTERVAL_MAX_MS: u64 = 10_000;

/// Effects of a client.
pub(super) type Effects = Vec<Effect<Client>>;

/// A client with one session at a time.
///
/// Invariants: `server` is not `None` while `state` is `Connected`, and `None` while there is no
/// session to connect for; `calls` has sent nothing unless it is `Connected`.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) config: Config,
    pub(super) state: State,
    servers: Servers,
    /// The server of the connection, or of the one under trial.
    server: Option<Sid>,
    pub(super) session: SessionId,
    password: Buffer,
    pub(super) timeout_ms: i32,
    /// The largest zxid of a reply: no server that has seen less will do.
    pub(super) last_zxid: Zxid,
    pub(super) calls: Calls,
    pub(super) watches: Watches,
    /// Up to where changes were reported, while a server has not set all watches again.
    pub(super) rewatch_from: Option<Zxid>,
}

impl Node for Client {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Write = Never;
    type Mark = Never;
    type Job = Never;
    type Done = Never;
    type Recovered = ();
    type Disk = ();
    type Call = Call;
    type Reply = Reply;
    type Note = Note;

    fn boot(config: &Config, (): ()) -> Self {
        let rng = Rng::new(config.seed);
        let pause_max_ms = config.retry_pause_max_ms;
        Self {
            state: State::Closed,
            servers: Servers::new(config.servers.clone(), config.first, pause_max_ms, rng),
            server: None,
            session: SessionId(0),
            password: no_password(),
            timeout_ms: config.session_timeout_ms,
            last_zxid: Zxid::ZERO,
            calls: Calls::default(),
            watches: Watches::default(),
            rewatch_from: None,
            config: config.clone(),
        }
    }

    fn step(&mut self, _: Now, event: Event<Self>, out: &mut Effects) {
        match event {
            Event::Start => {
                if self.config.start {
                    self.start(out);
                }
            }
            Event::Timer(timer) => self.on_timer(timer, out),
            Event::Linked(link, _) => self.on_linked(link, out),
            Event::Unlinked(link) => {
                if self.is_current(link) {
                    self.lose(Lost::Closed, out);
                }
            }
            Event::Received(link, msg) => {
                if self.is_current(link) {
                    self.on_message(msg, out);
                }
            }
            Event::Durable(never) | Event::Done(never) => match never {},
            Event::Call(Call::Request { id, request }) => self.request(id, request, out),
            Event::Call(Call::Start) => self.start(out),
            Event::Call(Call::Close) => self.close(out),
            Event::Call(Call::MoveTo(server)) => self.move_to(server, out),
        }
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

impl Client {
    // --- getters -------------------------------------------------------------------------

    /// The settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The session's state as far as this client knows.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The session, or zero.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// The server of the connection, or the one under trial.
    #[must_use]
    pub const fn server(&self) -> Option<Sid> {
        self.server
    }

    /// The servers and the order of trial.
    #[must_use]
    pub const fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Largest zxid of a reply.
    #[must_use]
    pub const fn last_zxid(&self) -> Zxid {
        self.last_zxid
    }

    /// The session timeout that holds, or the wanted one while there is no session; milliseconds.
    #[must_use]
    pub const fn timeout_ms(&self) -> i32 {
        self.timeout_ms
    }

    /// What it watches.
    #[must_use]
    pub const fn watches(&self) -> &Watches {
        &self.watches
    }

    /// Requests that are sent and not answered.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.calls.outstanding()
    }

    /// The opcode of the request that a reply of this number answers.
    #[must_use]
    pub fn asked(&self, xid: i32) -> Option<i32> {
        self.calls.asked(xid)
    }

    /// Requests that wait for a connection.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.calls.waiting()
    }

    // --- orders --------------------------------------------------------------------------

    fn start(&mut self, out: &mut Effects) {
        if self.state.is_alive() {
            return;
        }
        self.session = SessionId(0);
        self.password = no_password();
        self.timeout_ms = self.config.session_timeout_ms;
        // A new handle, as in Java: what another session has seen binds this one to nothing.
        self.last_zxid = Zxid::ZERO;
        self.rewatch_from = None;
        self.watches = Watches::default();
        self.enter(State::Connecting, out);
        self.connect(out);
    }

    fn move_to(&mut self, server: Sid, out: &mut Effects) {
        let known = self.servers.prefer(server);
        if known && self.state.is_alive() && self.server != Some(server) {
            self.hang_up(Lost::Moved, out);
            // A session that was being closed ended with its connection.
            if self.state.is_alive() {
                self.connect(out);
            }
        }
    }

    fn close(&mut self, out: &mut Effects) {
        match self.state {
            State::Connected => self.send_close(out),
            // Nobody can be told; the session ends with its timeout.
            State::Connecting => self.end(State::Closed, out),
            State::Expired | State::Closed | State::AuthFailed => {}
        }
    }

    // --- connections ---------------------------------------------------------------------

    fn is_current(&self, link: Link) -> bool {
        self.server.is_some_and(|server| link == Link::Server(server))
    }

    fn connect(&mut self, out: &mut Effects) {
        let Some(server) = self.servers.take() else { return };
        self.server = Some(server);
        out.push(Effect::Note(Note::Connecting(server)));
        out.push(Effect::Connect(Link::Server(server)));
        // Every server gets its share of the timeout, so that a round fits into it.
        let count = u64::try_from(self.servers.list().len()).unwrap_or(1).max(1);
        let share_ms = (self.timeout().0 / count).max(1);
        out.push(Effect::SetTimer(Timer::Connect, Millis(share_ms)));
    }

    fn on_linked(&mut self, link: Link, out: &mut Effects) {
        if !self.is_current(link) {
            out.push(Effect::Hangup(link));
            return;
        }
        let request = ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: self.last_zxid,
            timeout_ms: self.config.session_timeout_ms,
            session: self.session,
            password: self.password.clone(),
            read_only: Some(false),
        };
        out.push(Effect::Send(link, Msg::ToServer(ToServer::Connect(request))));
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Effects) {
        match (timer, self.state) {
            (Timer::Connect, State::Connecting) if self.server.is_some() => {
                self.lose(Lost::ConnectTimeout, out);
            }
            (Timer::Retry, State::Connecting) if self.server.is_none() => self.connect(out),
            (Timer::Ping, State::Connected) => self.send_ping(out),
            (Timer::Silence, State::Connected) => self.lose(Lost::Silent, out),
            // A timer of an earlier connection.
            (Timer::Connect | Timer::Retry | Timer::Ping | Timer::Silence, _) => {}
        }
    }

    fn on_message(&mut self, msg: Msg, out: &mut Effects) {
        match (self.state, msg) {
            (State::Connecting, Msg::ToClient(ToClient::Connected(response))) => {
                self.on_connected(response, out);
            }
            (State::Connected, Msg::ToClient(ToClient::Reply { header, body })) => {
                self.heard(out);
                self.on_reply(header, body, out);
            }
            (State::Connected, Msg::ToClient(ToClient::Event { zxid, event })) => {
                self.heard(out);
                self.on_event(zxid, event, out);
            }
            _ => self.lose(Lost::Protocol, out),
        }
    }

    fn on_connected(&mut self, response: ConnectResponse, out: &mut Effects) {
        if response.timeout_ms <= 0 {
            self.end(State::Expired, out);
            return;
        }
        let Some(server) = self.server else { return };
        self.session = response.session;
        self.password = response.password;
        self.timeout_ms = response.timeout_ms;
        out.push(Effect::CancelTimer(Timer::Connect));
        out.push(Effect::Note(Note::Connected {
            server,
            session: self.session,
            timeout_ms: self.timeout_ms,
        }));
        self.heard(out);
        self.sent(out);
        self.enter(State::Connected, out);
        self.resume(out);
    }

    /// The server lives: its next sign is due within two thirds of the timeout.
    fn heard(&self, out: &mut Effects) {
        let silence_ms = (self.timeout().0 * 2 / 3).max(1);
        out.push(Effect::SetTimer(Timer::Silence, Millis(silence_ms)));
    }

    /// The server heard of this client: the next sign is due after a third of the timeout.
    fn sent(&self, out: &mut Effects) {
        let ping_ms = (self.timeout().0 / 3).clamp(1, PING_INTERVAL_MAX_MS);
        out.push(Effect::SetTimer(Timer::Ping, Millis(ping_ms)));
    }

    fn timeout(&self) -> Millis {
        Millis(u64::try_from(self.timeout_ms).unwrap_or(0))
    }

    pub(super) fn send(&self, msg: ToServer, out: &mut Effects) {
        if let Some(server) = self.server {
            out.push(Effect::Send(Link::Server(server), Msg::ToServer(msg)));
            self.sent(out);
        }
    }

    /// The server answers: it will do.
    pub(super) fn server_is_good(&mut self) {
        self.servers.succeeded();
    }

    /// The connection is lost, or did not come to be; on to the next server.
    pub(super) fn lose(&mut self, why: Lost, out: &mut Effects) {
        self.hang_up(why, out);
        if !self.state.is_alive() {
            return;
        }
        match self.servers.failed() {
            None => self.connect(out),
            Some(pause) => {
                out.push(Effect::Note(Note::Pausing { pause_ms: pause.0 }));
                out.push(Effect::SetTimer(Timer::Retry, pause));
            }
        }
    }

    /// Leaves the server. What was asked and not answered is unknown for ever.
    fn hang_up(&mut self, why: Lost, out: &mut Effects) {
        for timer in [Timer::Connect, Timer::Retry, Timer::Ping, Timer::Silence] {
            out.push(Effect::CancelTimer(timer));
        }
        let Some(server) = self.server.take() else { return };
        if why != Lost::Closed {
            out.push(Effect::Hangup(Link::Server(server)));
        }
        let unknown = u32::try_from(self.calls.outstanding()).unwrap_or(u32::MAX);
        out.push(Effect::Note(Note::Disconnected { server, why, unknown }));
        let closing = self.calls.is_closing();
        if self.state == State::Connected {
            self.enter(State::Connecting, out);
        }
        self.calls.lose(out);
        if closing {
            // Whether closeSession came through or not, its owner is done with it.
            self.end(State::Closed, out);
        }
    }

    /// The session is over for this client.
    pub(super) fn end(&mut self, state: State, out: &mut Effects) {
        if !self.state.is_alive() {
            return;
        }
        self.state = state;
        self.calls.end(state, out);
        self.hang_up(Lost::Ended, out);
        self.watches = Watches::default();
        self.rewatch_from = None;
        out.push(Effect::Reply(Reply::State(state)));
    }

    fn enter(&mut self, state: State, out: &mut Effects) {
        self.state = state;
        out.push(Effect::Reply(Reply::State(state)));
    }
}

const fn no_password() -> Buffer {
    Some(Bytes::from_static(&[0; PASSWORD_BYTES]))
}
