//! What each socket is, and its input.

use super::counting::count_received;
use super::{Clock, Driver, Limits};
use crate::net::client::{ClientInput, Next};
use crate::net::election::{Accepted, accept};
use crate::net::quorum::Nameless;
use crate::net::socket::{Progress, Socket};
use crate::stats::answers::Answers;
use crate::words::Words;
use mio::{Interest, Token};
use rustix::io::Errno;
use std::net::IpAddr;
use std::time::Instant;
use zabscope_core::base::limits::UNSENT_BYTES_MAX;
use zabscope_core::base::{Conn, Event, Link, Origin, Sid};
use zabscope_core::proto::frame::FrameBuffer;
use zabscope_core::server::codec::{PacketReader, decode_notification};
use zabscope_core::server::message::Msg;
use zabscope_core::wire::DecodeError;
use zabscope_core::zab::ServerState;

/// A socket and what it is.
#[derive(Debug)]
pub(super) struct Slot {
    pub socket: Socket,
    pub kind: Kind,
    /// The engine does not want its input now.
    pub paused: bool,
    /// Its output has grown so much that its input waits.
    pub stalled: bool,
    /// It is closed at this time, unless it has become what it was opened for.
    pub deadline: Option<Instant>,
}

impl Slot {
    /// It is to be closed: the peer does not take what it is sent.
    pub(super) fn has_too_much_unsent(&self, limits: &Limits) -> bool {
        self.kind.unsent_bytes_max(limits).is_some_and(|bound| self.socket.overdue_bytes() > bound)
    }
}

/// What a socket is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Opening to an election port.
    ElectionOut(Sid),
    /// Accepted on the election port; the initial message is not whole yet.
    ElectionIn(FrameBuffer),
    /// A link.
    Election(Sid, FrameBuffer),
    /// Opening to a quorum port.
    QuorumOut(Sid),
    /// Accepted on the quorum port; FOLLOWERINFO is not whole yet.
    QuorumIn(Nameless),
    /// A link.
    Quorum(Sid, PacketReader),
    /// A client.
    Client(Box<Client>),
}

/// A client's connection.
#[derive(Debug)]
pub(super) struct Client {
    pub conn: Conn,
    pub ip: IpAddr,
    pub input: ClientInput,
    /// The engine knows it.
    pub linked: bool,
    pub received: u64,
    pub sent: u64,
    /// When it was accepted, milliseconds since 1970.
    pub since_ms: i64,
    pub answers: Answers,
}

impl Kind {
    pub(super) fn election_in() -> Self {
        Self::ElectionIn(FrameBuffer::election())
    }

    pub(super) fn quorum_in() -> Self {
        Self::QuorumIn(Nameless::default())
    }

    /// A client that is accepted at `since_ms`.
    pub(super) fn client(conn: Conn, ip: IpAddr, since_ms: i64, limits: &Limits) -> Self {
        Self::Client(Box::new(Client {
            conn,
            ip,
            input: ClientInput::new(limits.frame_bytes_max),
            linked: false,
            received: 0,
            sent: 0,
            since_ms,
            answers: Answers::default(),
        }))
    }

    /// Unsent bytes after which it is closed.
    const fn unsent_bytes_max(&self, limits: &Limits) -> Option<usize> {
        match self {
            Self::Client(_) => Some(UNSENT_BYTES_MAX),
            Self::Election(..) | Self::Quorum(..) => Some(limits.quorum_unsent_bytes),
            // Nothing is sent on them.
            Self::ElectionOut(_) | Self::ElectionIn(_) | Self::QuorumOut(_) | Self::QuorumIn(_) => {
                None
            }
        }
    }

    /// What is read from it can be something to write.
    const fn brings_writes(&self, leads: bool) -> bool {
        match self {
            Self::Quorum(..) => true,
            // A learner sends them on to its leader.
            Self::Client(_) => leads,
            _ => false,
        }
    }

    /// The engine was told that it is a link.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Election(..) | Self::Quorum(..) | Self::Client(_))
    }

    /// The link that it is, once it is one; for opening streams the one it will be.
    pub(super) fn link(&self) -> Option<Link> {
        match self {
            Self::ElectionOut(sid) | Self::Election(sid, _) => Some(Link::Election(*sid)),
            Self::QuorumOut(sid) | Self::Quorum(sid, _) => Some(Link::Quorum(*sid)),
            Self::Client(client) => client.linked.then_some(Link::Client(client.conn)),
            Self::ElectionIn(_) | Self::QuorumIn(_) => None,
        }
    }
}

impl Driver {
    /// Takes a socket into the poll; its token. `None` if there is no room for it.
    pub(super) fn register(&mut self, mut socket: Socket, kind: Kind) -> Option<usize> {
        let token = self.next_token;
        self.next_token += 1;
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = match self.slots.len() as u64 >= self.limits.room.sockets {
            true => Err(Errno::MFILE.into()),
            false => self.poll.registry().register(socket.stream_mut(), Token(token), interest),
        };
        if let Err(error) = registered {
            tracing::warn!(%error, "a connection could not be registered");
            if let Kind::Client(client) = &kind {
                self.admission.release(client.ip);
            }
            return None;
        }
        let deadline = Some(self.clock.mono + super::deadlines::patience(&kind));
        self.slots.insert(token, Slot { socket, kind, paused: false, stalled: false, deadline });
        Some(token)
    }

    /// The system says that something can be done with a socket.
    pub(super) fn on_socket(&mut self, event: &mio::event::Event) {
        let token = event.token().0;
        if event.is_read_closed()
            && let Some(slot) = self.slots.get_mut(&token)
        {
            slot.socket.input_ends();
        }
        if event.is_writable() {
            self.on_writable(token);
        }
        if event.is_readable() {
            self.read(token);
        }
    }

    fn on_writable(&mut self, token: usize) {
        let Some(slot) = self.slots.get_mut(&token) else { return };
        slot.socket.unblock();
        if let Kind::ElectionOut(_) | Kind::QuorumOut(_) = slot.kind {
            match slot.socket.connected() {
                Ok(true) => self.opened(token),
                Ok(false) => {}
                Err(_) => self.lose(token),
            }
        }
        self.dirty.insert(token);
    }

    /// Reads a piece of input and feeds what is whole.
    pub(super) fn read(&mut self, token: usize) {
        let Some(slot) = self.slots.get_mut(&token) else { return };
        if slot.paused || slot.stalled || slot.socket.is_closing() {
            return;
        }
        let leads = self.server.peer().state() == ServerState::Leading;
        if self.disk_is_behind && slot.kind.brings_writes(leads) {
            self.held.insert(token);
            return;
        }
        // What was left in the buffers when the engine paused the link comes first.
        if self.parse(token, 0).is_err() {
            self.lose(token);
            return;
        }
        let Some(slot) = self.slots.get_mut(&token) else { return };
        if slot.paused || slot.stalled {
            return;
        }
        let (count, progress) = slot.socket.read(&mut self.buffer);
        if let Kind::Client(_) = slot.kind {
            self.stats.counted.received_bytes += count as u64;
            self.stats.counted.dropped += u64::from(progress == Progress::Closed);
        }
        self.clock = Clock::read(self.started);
        if count > 0 && self.parse(token, count).is_err() {
            tracing::debug!(token, "malformed input: the connection is closed");
            self.lose(token);
            return;
        }
        match progress {
            Progress::More => {
                self.ready.insert(token);
            }
            Progress::Idle => {}
            Progress::Closed => self.lose(token),
        }
    }

    /// Takes the first `count` bytes of the read buffer into a socket's input, and feeds every
    /// message that is whole.
    fn parse(&mut self, token: usize, count: usize) -> Result<(), DecodeError> {
        let Some(slot) = self.slots.get_mut(&token) else { return Ok(()) };
        let bytes = &self.buffer[..count];
        match &mut slot.kind {
            Kind::ElectionOut(_) | Kind::QuorumOut(_) => Ok(()),
            Kind::ElectionIn(frames) => {
                frames.push(bytes);
                self.parse_initial(token)
            }
            Kind::Election(_, frames) => {
                frames.push(bytes);
                self.parse_notifications(token)
            }
            Kind::QuorumIn(nameless) => {
                if let Some((sid, packet)) = nameless.push(bytes)? {
                    self.name_learner(token, sid);
                    self.feed(Event::Received(Link::Quorum(sid), Msg::Packet(packet)));
                    return self.parse_packets(token);
                }
                Ok(())
            }
            Kind::Quorum(_, reader) => {
                reader.push(bytes)?;
                self.parse_packets(token)
            }
            Kind::Client(client) => {
                client.input.push(bytes);
                self.parse_client(token)
            }
        }
    }

    fn parse_initial(&mut self, token: usize) -> Result<(), DecodeError> {
        let me = self.server.config().zab.me;
        let Some(Slot { kind: Kind::ElectionIn(frames), .. }) = self.slots.get_mut(&token) else {
            return Ok(());
        };
        match accept(me, frames.unread())? {
            Accepted::Wait => Ok(()),
            Accepted::Refuse => {
                tracing::warn!("another server has this server's id {me}");
                self.lose(token);
                Ok(())
            }
            Accepted::CallBack(sid) => {
                self.lose(token);
                self.drop_link(Link::Election(sid));
                self.connect(Link::Election(sid));
                Ok(())
            }
            Accepted::Keep(sid, len) => {
                frames.consume(len);
                let frames = std::mem::replace(frames, FrameBuffer::election());
                self.become_link(token, Link::Election(sid), Kind::Election(sid, frames));
                self.parse_notifications(token)
            }
        }
    }

    fn parse_notifications(&mut self, token: usize) -> Result<(), DecodeError> {
        while let Some(Slot { kind: Kind::Election(sid, frames), .. }) = self.slots.get_mut(&token)
        {
            let Some(frame) = frames.next_frame()? else { return Ok(()) };
            let sid = *sid;
            match decode_notification(frame) {
                Ok(heard) => {
                    self.feed(Event::Received(Link::Election(sid), Msg::Notification(heard)));
                }
                // Java drops a notification that it cannot read and keeps the connection.
                Err(error) => tracing::warn!(%sid, %error, "a notification cannot be read"),
            }
        }
        Ok(())
    }

    /// FOLLOWERINFO said who the learner is.
    fn name_learner(&mut self, token: usize, sid: Sid) {
        let Some(slot) = self.slots.get_mut(&token) else { return };
        if let Kind::QuorumIn(nameless) = &mut slot.kind {
            let reader = std::mem::take(nameless).into_reader();
            self.become_link(token, Link::Quorum(sid), Kind::Quorum(sid, reader));
        }
    }

    pub(super) fn parse_packets(&mut self, token: usize) -> Result<(), DecodeError> {
        while let Some(Slot { kind: Kind::Quorum(sid, reader), .. }) = self.slots.get_mut(&token) {
            let sid = *sid;
            let Some(packet) = reader.next()? else { return Ok(()) };
            self.count_packet(&packet);
            self.feed(Event::Received(Link::Quorum(sid), Msg::Packet(packet)));
        }
        Ok(())
    }

    fn parse_client(&mut self, token: usize) -> Result<(), DecodeError> {
        loop {
            let Some(slot) = self.slots.get_mut(&token) else { return Ok(()) };
            if slot.paused {
                return Ok(());
            }
            // A small request can have a large answer, and many fit into one read.
            if slot.socket.is_behind() {
                slot.stalled = true;
                return Ok(());
            }
            let Kind::Client(client) = &mut slot.kind else { return Ok(()) };
            match client.input.next(Words::knows)? {
                Next::Wait => return Ok(()),
                Next::Word { word, argument } => {
                    self.answer_word(token, &word, argument);
                    return Ok(());
                }
                Next::Message(msg) => {
                    count_received(client, &mut self.stats, &msg, self.clock);
                    let conn = client.conn;
                    let fresh = !client.linked;
                    let ip = client.ip;
                    client.linked = true;
                    if fresh {
                        self.links.insert(Link::Client(conn), token);
                        let origin = Origin { dialled: false, ip: Some(ip) };
                        self.feed(Event::Linked(Link::Client(conn), origin));
                    }
                    self.feed(Event::Received(Link::Client(conn), Msg::ToServer(msg)));
                    self.client_was_heard(token);
                }
            }
        }
    }
}
