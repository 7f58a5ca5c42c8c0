//! What goes in and out of a client.

use crate::base::{ClientId, SessionId, Sid, Zxid};
use crate::proto::KeeperError;
use crate::proto::client::{ToClient, ToServer};
use crate::proto::reply;
use crate::proto::request::Request;
use crate::proto::watch::WatcherEvent;
use alloc::vec::Vec;

/// What a client is told at boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its name among the nodes.
    pub id: ClientId,
    /// Servers to try, in this order, round and round.
    pub servers: Vec<Sid>,
    /// Place in `servers` of the first one to try.
    pub first: u32,
    /// The session timeout to ask for, milliseconds; the servers have bounds for it.
    pub session_timeout_ms: i32,
    /// Longest pause between two rounds over all servers, milliseconds.
    pub retry_pause_max_ms: u64,
    /// Seed of the jitter in these pauses.
    pub seed: u64,
    /// Start a session at boot; otherwise [`Call::Start`] does.
    pub start: bool,
}

impl Config {
    /// A client of these servers that starts at once, with Java's usual pauses.
    #[must_use]
    pub const fn new(id: ClientId, servers: Vec<Sid>, session_timeout_ms: i32, seed: u64) -> Self {
        Self {
            id,
            servers,
            first: 0,
            session_timeout_ms,
            retry_pause_max_ms: 1000,
            seed,
            start: true,
        }
    }
}

/// A message on the link to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// What a client sends.
    ToServer(ToServer),
    /// What it is sent.
    ToClient(ToClient),
}

/// Timers of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The server under trial did not answer the handshake.
    Connect,
    /// All servers were tried and the pause is over.
    Retry,
    /// Nothing was sent for a third of the timeout.
    Ping,
    /// Nothing came for two thirds of the timeout.
    Silence,
}

/// The owner's name for a request, told back with its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// An order of the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Ask this. Answered by one [`Reply::Done`], at once if it cannot be asked:
    ///
    /// * `SessionExpired`: there is no session (not started, expired, closed);
    /// * `AuthFailed`: authentication was refused;
    /// * `ThrottledOp`: more waits than `CLIENT_CALLS_MAX`, or a watch too many;
    /// * `BadArguments`: ping, setWatches and closeSession are the client's business;
    /// * `Unimplemented`: check outside of a multi, which some servers do not survive.
    Request {
        /// Name of the call.
        id: CallId,
        /// What to ask.
        request: Request,
    },
    /// Start a new session, unless there is one. Authentication given before is used again.
    Start,
    /// Close the session: its ephemerals go at once. Answered by `State(Closed)`.
    Close,
    /// Leave the server for this one of the list, with the same session.
    MoveTo(Sid),
}

/// What the owner is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The answer to a request.
    Done {
        /// Which.
        id: CallId,
        /// State of the server when it answered; zero if no server did.
        zxid: Zxid,
        /// The answer.
        result: Result<reply::Reply, KeeperError>,
    },
    /// A watch fired.
    Event {
        /// The transaction, or -1 if the server did not say.
        zxid: Zxid,
        /// What happened.
        event: WatcherEvent,
    },
    /// The session has another state.
    State(State),
}

/// State of a session as its client knows it (Java: `ZooKeeper.States`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No connection; the session may live, or be over.
    Connecting,
    /// A server serves the session.
    Connected,
    /// The ensemble ended the session. Final.
    Expired,
    /// Not started, or closed by its owner. Final.
    #[default]
    Closed,
    /// Authentication was refused. Final; the session ends with its timeout.
    AuthFailed,
}

impl State {
    /// There is a session, as far as the client knows.
    #[must_use]
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Connecting | Self::Connected)
    }
}

/// Why a connection is over, or did not come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lost {
    /// The other end closed it, or nobody listens.
    Closed,
    /// No answer to the handshake.
    ConnectTimeout,
    /// The server was silent for two thirds of the timeout.
    Silent,
    /// The server answered in another order than it was asked, or what cannot be read.
    Protocol,
    /// The owner wants another server.
    Moved,
    /// The session is over.
    Ended,
}

/// A fact for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A server is tried.
    Connecting(Sid),
    /// A server serves the session.
    Connected {
        /// Which.
        server: Sid,
        /// The session.
        session: SessionId,
        /// The timeout that holds.
        timeout_ms: i32,
    },
    /// A connection is over, or did not come to be.
    Disconnected {
        /// To which server.
        server: Sid,
        /// Why.
        why: Lost,
        /// Requests whose outcome is unknown now.
        unknown: u32,
    },
    /// All servers were tried.
    Pausing {
        /// For so long, milliseconds.
        pause_ms: u64,
    },
    /// Watches were set again, at a new server.
    Rewatched {
        /// How many.
        watches: u32,
        /// In so many packets.
        packets: u32,
    },
    /// An event of a path that nothing watches any more; the owner is not told.
    StrayEvent,
}

/// A type without values: a client writes nothing and has no disk work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}
