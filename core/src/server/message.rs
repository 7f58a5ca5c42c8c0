//! What goes in and out of a server.

use crate::base::{Conn, SessionId, Sid, Zxid};
use crate::proto::KeeperError;
use crate::proto::client::{ToClient, ToServer};
use crate::tree::Image;
use crate::zab::{self, Notification};
use alloc::boxed::Box;
use bytes::Bytes;

/// The payload of a transaction: header, record and digest, encoded once by the leader.
pub type Payload = Bytes;
/// A version of the tree on its way. Boxed: what goes in and out is moved from hand to hand, and
/// mostly is none.
pub type Version = Box<Image>;
/// A quorum packet of the real service.
pub type Packet = zab::Packet<Payload, Version>;
/// A write of the real service.
pub type Write = zab::Write<Payload, Version>;
/// Disk work of the real service.
pub type Job = zab::Job<Version>;
/// Its result.
pub type Done = zab::Done<Payload, Version>;
/// What a server finds on its disk.
pub type Recovered = zab::Recovered<Payload, Version>;

/// A message on one of the links.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "most messages are packets")]
pub enum Msg {
    /// On election links.
    Notification(Notification),
    /// On quorum links.
    Packet(Packet),
    /// From a client.
    ToServer(ToServer),
    /// To a client.
    ToClient(ToClient),
}

/// Timers of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Of the protocol.
    Zab(zab::Timer),
    /// The leader counts a tick of session time.
    SessionTick,
}

/// An order from outside, beside what clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// End a session as if its timeout were over. Only a leader does so.
    ExpireSession(SessionId),
    /// Write a snapshot.
    Snapshot,
}

/// A fact for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Of the protocol.
    Zab(zab::Note),
    /// A client's connection was refused or closed by this server.
    ConnectionClosed {
        /// Which.
        conn: Conn,
        /// Why.
        why: Closed,
    },
    /// A session was made, or came to this server.
    Attached {
        /// Which session.
        session: SessionId,
        /// Its connection.
        conn: Conn,
    },
    /// A session's timeout is over; the leader closes it.
    Expired(SessionId),
    /// A write was refused: an `error` transaction takes its place in the order.
    Refused {
        /// Place of the `error` transaction.
        zxid: Zxid,
        /// Why.
        error: KeeperError,
    },
    /// The tree's digest differs from the leader's at this zxid: the histories differ.
    DigestMismatch(Zxid),
    /// A watch fired.
    WatchFired {
        /// At which connection.
        conn: Conn,
        /// For which transaction.
        zxid: Zxid,
    },
    /// A proposal of this leader cannot be read; its link was closed.
    Malformed(Sid),
}

/// Why a server closes a client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// This server has no leader.
    NotServing,
    /// The client has seen a later zxid than this server: it must not read older data here.
    ZxidAhead,
    /// The first message is not a ConnectRequest, or a later one is.
    Protocol,
    /// Wrong password, or the session is over.
    SessionOver,
    /// The session has another connection by now.
    Moved,
    /// The client closed its session.
    Finished,
    /// An opcode that no client may send.
    UnknownOpcode,
    /// The authentication failed.
    AuthFailed,
    /// A request came before the authentication that this server demands.
    AuthMissing,
}

/// A type without values: a server answers its clients, not its driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}
