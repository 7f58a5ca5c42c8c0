//! Sockets become links and cease to be.

use super::counting::count_sent;
use super::sockets::{Kind, Slot};
use super::{Driver, fits};
use crate::net::election::initial_message;
use crate::net::resolve::Looked;
use crate::net::socket::{Progress, Socket};
use mio::net::TcpStream;
use std::net::SocketAddr;
use zabscope_core::base::{Event, Link, Origin};
use zabscope_core::proto::frame::FrameBuffer;
use zabscope_core::proto::snapshot::SnapshotForm;
use zabscope_core::server::codec::{self, PacketReader, Side};
use zabscope_core::server::message::{Msg, Packet};
use zabscope_core::wire::Encode;

/// What the log says when a link is given up because too much waits on it.
const UNREAD_LINK: &str = "another server does not read what it is sent: its link is closed";

impl Driver {
    /// Opens a stream, unless it is open or opening.
    pub(super) fn connect(&mut self, link: Link) {
        if self.links.contains_key(&link) || self.resolver.is_wanted(link) {
            return;
        }
        let member = |sid| self.addresses.members.get(&sid);
        let name = match link {
            Link::Election(sid) => member(sid).map(|member| &member.election),
            Link::Quorum(sid) => member(sid).map(|member| &member.quorum),
            Link::Client(_) | Link::Server(_) => return,
        };
        match name.map_or(Looked::Failed, |name| self.resolver.look_up(link, name)) {
            Looked::Found(address) => self.open(link, Some(address)),
            Looked::Later => {}
            Looked::Failed => self.open(link, None),
        }
    }

    /// Takes addresses that were looked up.
    pub(super) fn take_addresses(&mut self) {
        while let Some((link, address)) = self.resolver.answer() {
            self.open(link, address);
        }
    }

    /// Opens a stream to this address. Without one, or if that fails, the engine hears of it.
    fn open(&mut self, link: Link, address: Option<SocketAddr>) {
        if self.links.contains_key(&link) {
            return;
        }
        let kind = match link {
            Link::Election(sid) => Kind::ElectionOut(sid),
            Link::Quorum(sid) => Kind::QuorumOut(sid),
            Link::Client(_) | Link::Server(_) => return,
        };
        let opened = address.and_then(|address| TcpStream::connect(address).ok());
        let token = opened.and_then(|stream| self.register(Socket::new(stream), kind));
        match token {
            Some(token) => {
                self.links.insert(link, token);
            }
            None => self.feed(Event::Unlinked(link)),
        }
    }

    /// An opening stream is open.
    pub(super) fn opened(&mut self, token: usize) {
        let me = self.server.config().zab.me;
        let Some(slot) = self.slots.get_mut(&token) else { return };
        match slot.kind {
            Kind::ElectionOut(sid) => {
                let hello = initial_message(me, &self.addresses.election_name);
                slot.socket.append(&mut self.spare, |out| hello.encode(out));
                if sid > me {
                    // The larger id opens the stream that stays: this one only says hello.
                    slot.close_when_sent();
                    self.links.remove(&Link::Election(sid));
                } else {
                    let kind = Kind::Election(sid, FrameBuffer::election());
                    self.become_link(token, Link::Election(sid), kind);
                }
            }
            Kind::QuorumOut(sid) => {
                let kind = Kind::Quorum(sid, PacketReader::new(Side::Learner));
                self.become_link(token, Link::Quorum(sid), kind);
            }
            _ => {}
        }
    }

    /// The socket is this link from now on; an older one of the same name ends.
    pub(super) fn become_link(&mut self, token: usize, link: Link, kind: Kind) {
        let Some(slot) = self.slots.get_mut(&token) else { return };
        slot.deadline = None;
        let dialled = matches!(slot.kind, Kind::ElectionOut(_) | Kind::QuorumOut(_));
        let origin = Origin { dialled, ip: slot.socket.peer().map(|address| address.ip()) };
        slot.kind = kind;
        // First of all: when the engine hears of the old one's end and wants a new one at once,
        // there is one.
        let old = self.links.insert(link, token).filter(|old| *old != token);
        if let Some(old) = old {
            let was_open = self.forget(old).is_some_and(|slot| slot.kind.is_open());
            if was_open {
                self.feed(Event::Unlinked(link));
            }
        }
        self.feed(Event::Linked(link, origin));
    }

    /// Ends a link and tells the engine.
    pub(super) fn drop_link(&mut self, link: Link) {
        if let Some(token) = self.links.get(&link).copied() {
            self.lose(token);
        }
    }

    /// A socket is over. If it was a link, or was to become one, the engine hears of it.
    pub(super) fn lose(&mut self, token: usize) {
        let Some(slot) = self.forget(token) else { return };
        if let Some(link) = slot.kind.link()
            && self.links.get(&link) == Some(&token)
        {
            self.links.remove(&link);
            self.feed(Event::Unlinked(link));
        }
    }

    fn forget(&mut self, token: usize) -> Option<Slot> {
        let mut slot = self.slots.remove(&token)?;
        self.dirty.remove(&token);
        self.ready.remove(&token);
        self.held.remove(&token);
        let _ = self.poll.registry().deregister(slot.socket.stream_mut());
        if let Kind::Client(client) = &slot.kind {
            self.admission.release(client.ip);
        }
        Some(slot)
    }

    /// The engine closes a link: what was sent still goes out, and it hears nothing more of it.
    pub(super) fn hang_up(&mut self, link: Link) {
        self.resolver.forget(link);
        let Some(token) = self.links.remove(&link) else { return };
        let Some(slot) = self.slots.get_mut(&token) else { return };
        slot.close_when_sent();
        self.dirty.insert(token);
    }

    pub(super) fn pause(&mut self, link: Link, paused: bool) {
        let Some(token) = self.links.get(&link).copied() else { return };
        if let Some(slot) = self.slots.get_mut(&token) {
            slot.paused = paused;
            if !paused {
                self.ready.insert(token);
            }
        }
    }

    pub(super) fn send(&mut self, link: Link, msg: Msg) {
        if !fits(link, &msg) {
            return;
        }
        let Some(token) = self.links.get(&link).copied() else { return };
        let Some(slot) = self.slots.get_mut(&token) else { return };
        if let Kind::ElectionOut(_) | Kind::QuorumOut(_) = slot.kind {
            return;
        }
        let was_behind = slot.socket.is_behind();
        let bytes = match &msg {
            Msg::Packet(packet @ Packet::Snap { image, .. }) => {
                slot.socket.append(&mut self.spare, |out| codec::raw_packet(packet).encode(out));
                slot.socket.append_snapshot(image.snapshot(SnapshotForm::Stream));
                0
            }
            msg => slot.socket.append(&mut self.spare, |out| codec::encode(msg, out)),
        };
        // What is made in one step may be larger than what a link is closed for.
        let excused = match &msg {
            // It ends the history that a learner lacks.
            Msg::Packet(Packet::NewLeader { .. }) => true,
            // One answer, as that of a znode with a million children.
            Msg::ToClient(_) => !was_behind && slot.has_too_much_unsent(&self.limits),
            _ => false,
        };
        if excused {
            slot.socket.excuse();
        }
        match (&mut slot.kind, &msg) {
            (Kind::Client(client), Msg::ToClient(msg)) => {
                let applied = self.server.image().zxid;
                count_sent(client, &mut self.stats, msg, bytes, self.clock, applied);
            }
            (_, Msg::Packet(Packet::AckEpoch { .. })) => self.stats.on_promise(self.clock.mono),
            _ => {}
        }
        self.dirty.insert(token);
    }

    /// Writes a socket's output.
    pub(super) fn flush(&mut self, token: usize) {
        let Some(slot) = self.slots.get_mut(&token) else { return };
        let progress = slot.socket.flush(&mut self.spare);
        if progress == Progress::Closed {
            self.lose(token);
        } else if slot.stalled && !slot.socket.is_behind() {
            slot.stalled = false;
            self.ready.insert(token);
        } else if slot.has_too_much_unsent(&self.limits) {
            match slot.kind.link() {
                Some(Link::Client(_)) | None => {
                    tracing::warn!("a client does not read its answers: its connection is closed");
                }
                Some(link) => {
                    tracing::warn!(?link, bytes = slot.socket.overdue_bytes(), "{UNREAD_LINK}");
                }
            }
            self.lose(token);
        }
    }
}
