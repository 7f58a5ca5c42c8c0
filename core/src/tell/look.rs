//! How one message on its way is named and marked.

use crate::base::NodeId;
use crate::proto::client::{ToClient, ToServer};
use crate::proto::opcode as op;
use crate::proto::reply::xid;
use crate::server::message::{Msg, Packet};
use crate::sim::{Item, Wire};
use crate::zab::Notification;
use alloc::format;
use alloc::string::{String, ToString};

/// The outline of a message's glyph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A vote.
    Diamond,
    /// Discovery.
    Hexagon,
    /// Synchronization, and what is asked about a session.
    Square,
    /// A proposal.
    Disc,
    /// Its acknowledgement.
    Ring,
    /// Its commit.
    Target,
    /// A request of a client.
    Triangle,
    /// An answer to it.
    TriangleBack,
    /// A watch that fired.
    Star,
    /// Liveness, and the streams themselves.
    Dot,
}

/// The phase of the protocol that a message belongs to; decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Votes.
    Election,
    /// From FOLLOWERINFO to UPTODATE.
    Recovery,
    /// Proposals, acknowledgements, commits.
    Broadcast,
    /// Between a client and its server.
    Client,
    /// Liveness, and the streams themselves.
    Quiet,
}

/// A message, as it is drawn and named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Name of the packet, in the protocol's capitals.
    pub name: &'static str,
    /// What it says in one or two words, empty if nothing.
    pub about: String,
    /// The letters in the glyph, three at most.
    pub mark: String,
    /// Outline.
    pub shape: Shape,
    /// Colour.
    pub tone: Tone,
}

impl Shape {
    /// Its name in small letters.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Diamond => "diamond",
            Self::Hexagon => "hexagon",
            Self::Square => "square",
            Self::Disc => "disc",
            Self::Ring => "ring",
            Self::Target => "target",
            Self::Triangle => "triangle",
            Self::TriangleBack => "triangle-back",
            Self::Star => "star",
            Self::Dot => "dot",
        }
    }
}

impl Tone {
    /// Its name in small letters.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Election => "election",
            Self::Recovery => "recovery",
            Self::Broadcast => "broadcast",
            Self::Client => "client",
            Self::Quiet => "quiet",
        }
    }
}

impl Look {
    fn new(name: &'static str, about: String, mark: String, shape: Shape, tone: Tone) -> Self {
        Self { name, about, mark, shape, tone }
    }

    fn quiet(name: &'static str) -> Self {
        Self::new(name, String::new(), String::new(), Shape::Dot, Tone::Quiet)
    }

    /// True for heartbeats and the opening and closing of streams.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.tone == Tone::Quiet
    }

    /// Name and content, for sentences.
    #[must_use]
    pub fn title(&self) -> String {
        if self.about.is_empty() {
            self.name.into()
        } else {
            format!("{} {}", self.name, self.about)
        }
    }

    /// How an item is shown; `None` for what does not travel: the news of a broken stream.
    #[must_use]
    pub fn of(item: &Item<Msg>) -> Option<Self> {
        Some(match &item.wire {
            Wire::Syn => Self::quiet("SYN"),
            Wire::SynAck => Self::quiet("SYN-ACK"),
            Wire::Fin => Self::quiet("FIN"),
            Wire::Reset => return None,
            Wire::Data(Msg::Notification(vote)) => Self::of_vote(vote),
            Wire::Data(Msg::Packet(packet)) => Self::of_packet(packet),
            Wire::Data(Msg::ToServer(message)) => Self::of_request(message),
            Wire::Data(Msg::ToClient(message)) => Self::of_reply(message),
        })
    }

    fn of_vote(notification: &Notification) -> Self {
        let leader = notification.vote.leader;
        // An observer votes for nobody.
        if leader.0 < 0 {
            return Self::new("VOTE", String::new(), "–".into(), Shape::Diamond, Tone::Election);
        }
        let about = format!("for {leader}, round {}", notification.round.0);
        Self::new("VOTE", about, leader.to_string(), Shape::Diamond, Tone::Election)
    }

    fn of_packet(packet: &Packet) -> Self {
        let name = packet.name();
        let (about, mark, shape, tone) = match packet {
            Packet::FollowerInfo { accepted_epoch, .. }
            | Packet::ObserverInfo { accepted_epoch, .. } => {
                (format!("e{accepted_epoch}"), "F".into(), Shape::Hexagon, Tone::Recovery)
            }
            Packet::LeaderInfo { epoch } => {
                (format!("e{epoch}"), "L".into(), Shape::Hexagon, Tone::Recovery)
            }
            Packet::AckEpoch { last_zxid, .. } => {
                (last_zxid.to_string(), "A".into(), Shape::Hexagon, Tone::Recovery)
            }
            Packet::Diff { zxid } => (zxid.to_string(), "+".into(), Shape::Square, Tone::Recovery),
            Packet::Trunc { zxid } => (zxid.to_string(), "−".into(), Shape::Square, Tone::Recovery),
            Packet::Snap { zxid, .. } => {
                (zxid.to_string(), "≡".into(), Shape::Square, Tone::Recovery)
            }
            Packet::NewLeader { epoch, .. } => {
                (format!("e{epoch}"), "NL".into(), Shape::Square, Tone::Recovery)
            }
            Packet::UpToDate => (String::new(), "UP".into(), Shape::Square, Tone::Recovery),
            Packet::Proposal(entry) => (
                entry.zxid.to_string(),
                entry.zxid.counter().to_string(),
                Shape::Disc,
                Tone::Broadcast,
            ),
            Packet::Inform(entry) => (
                entry.zxid.to_string(),
                entry.zxid.counter().to_string(),
                Shape::Target,
                Tone::Broadcast,
            ),
            Packet::Ack(zxid) => (zxid.to_string(), "✓".into(), Shape::Ring, Tone::Broadcast),
            Packet::Commit(zxid) => {
                (zxid.to_string(), zxid.counter().to_string(), Shape::Target, Tone::Broadcast)
            }
            Packet::Ping { .. } => return Self::quiet(name),
            Packet::Request(forward) => {
                (op_name(forward.op).into(), "R".into(), Shape::Triangle, Tone::Client)
            }
            Packet::Revalidate(_) => ("session".into(), "?".into(), Shape::Square, Tone::Client),
            Packet::Revalidated { .. } => {
                ("answer".into(), "!".into(), Shape::Square, Tone::Client)
            }
            Packet::Sync => (String::new(), "S".into(), Shape::Square, Tone::Broadcast),
        };
        Self::new(name, about, mark, shape, tone)
    }

    fn of_request(message: &ToServer) -> Self {
        let about = match message {
            ToServer::Connect(_) => "connect",
            ToServer::Request { header, .. } if header.xid == xid::PING => {
                return Self::quiet("PING");
            }
            ToServer::Request { header, .. } => op_name(header.op),
        };
        Self::new("REQUEST", about.into(), String::new(), Shape::Triangle, Tone::Client)
    }

    fn of_reply(message: &ToClient) -> Self {
        let (name, about, shape) = match message {
            ToClient::Connected(_) => ("REPLY", "session".into(), Shape::TriangleBack),
            ToClient::Reply { header, .. } if header.xid == xid::PING => {
                return Self::quiet("PING");
            }
            ToClient::Reply { header, .. } if header.err != 0 => {
                ("REPLY", "error".into(), Shape::TriangleBack)
            }
            ToClient::Reply { header, .. } => {
                ("REPLY", header.zxid.to_string(), Shape::TriangleBack)
            }
            ToClient::Event { event, .. } => {
                ("EVENT", event.path.to_str().into_owned(), Shape::Star)
            }
        };
        Self::new(name, about, String::new(), shape, Tone::Client)
    }
}

/// The name of an operation, as ZooKeeper's users know it.
#[must_use]
pub const fn op_name(number: i32) -> &'static str {
    match number {
        op::CREATE | op::CREATE2 | op::CREATE_CONTAINER | op::CREATE_TTL => "create",
        op::DELETE | op::DELETE_CONTAINER => "delete",
        op::EXISTS => "exists",
        op::GET_DATA => "get",
        op::SET_DATA => "set",
        op::GET_CHILDREN | op::GET_CHILDREN2 => "ls",
        op::GET_ACL => "getACL",
        op::SET_ACL => "setACL",
        op::SYNC => "sync",
        op::MULTI | op::MULTI_READ => "multi",
        op::CREATE_SESSION => "createSession",
        op::CLOSE_SESSION => "closeSession",
        op::SET_WATCHES | op::SET_WATCHES2 => "setWatches",
        _ => "request",
    }
}

/// "server 3" or "client 1".
#[must_use]
pub fn node_name(node: NodeId) -> String {
    match node {
        NodeId::Server(sid) => format!("server {sid}"),
        NodeId::Client(id) => format!("client {}", id.0),
    }
}
