//! What a client is told about a change, and the numbers around watches (Java: `Watcher.Event`,
//! `WatcherEvent`, `AddWatchMode`, `Watcher.WatcherType`).

use crate::wire::{Decode, DecodeError, Encode, Reader, Text, Writer};

/// A change that fires watches. The other types of Java (-1, 5, 6, 7) are made inside the client
/// and never travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum EventType {
    /// `NodeCreated`
    Created = 1,
    /// `NodeDeleted`
    Deleted = 2,
    /// `NodeDataChanged`
    DataChanged = 3,
    /// `NodeChildrenChanged`
    ChildrenChanged = 4,
}

/// A client's view of its session. A server only sends `SyncConnected`; the rest are made inside
/// the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum KeeperState {
    /// The session is over.
    Expired = -112,
    /// No connection; the session may live on.
    Disconnected = 0,
    /// Connected to a server that has a leader.
    SyncConnected = 3,
    /// Authentication failed.
    AuthFailed = 4,
    /// Connected to a read-only server.
    ConnectedReadOnly = 5,
    /// Authenticated by SASL.
    SaslAuthenticated = 6,
    /// The client was closed.
    Closed = 7,
}

/// How an `addWatch` watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum AddWatchMode {
    /// The znode and the list of its children, again and again.
    Persistent = 0,
    /// The znode and everything below it, again and again.
    PersistentRecursive = 1,
}

/// Which watches a `checkWatches` or `removeWatches` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum WatcherType {
    /// Child watches.
    Children = 1,
    /// Data watches.
    Data = 2,
    /// All of them.
    Any = 3,
    /// Persistent ones (3.9).
    Persistent = 4,
    /// Persistent recursive ones (3.9).
    PersistentRecursive = 5,
}

/// The record behind a reply header with xid -1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatcherEvent {
    /// What changed.
    pub kind: EventType,
    /// The state of the session, `SyncConnected` from a server.
    pub state: KeeperState,
    /// Which znode.
    pub path: Text,
}

impl EventType {
    /// The type with this number.
    #[must_use]
    pub fn from_wire(value: i32) -> Option<Self> {
        [Self::Created, Self::Deleted, Self::DataChanged, Self::ChildrenChanged]
            .into_iter()
            .find(|kind| *kind as i32 == value)
    }
}

impl KeeperState {
    /// The state with this number.
    #[must_use]
    pub fn from_wire(value: i32) -> Option<Self> {
        [
            Self::Expired,
            Self::Disconnected,
            Self::SyncConnected,
            Self::AuthFailed,
            Self::ConnectedReadOnly,
            Self::SaslAuthenticated,
            Self::Closed,
        ]
        .into_iter()
        .find(|state| *state as i32 == value)
    }
}

impl AddWatchMode {
    /// The mode with this number; any other one is answered with a marshalling error.
    #[must_use]
    pub fn from_wire(value: i32) -> Option<Self> {
        [Self::Persistent, Self::PersistentRecursive].into_iter().find(|mode| *mode as i32 == value)
    }
}

impl WatcherType {
    /// The type with this number; any other one is answered with a marshalling error.
    #[must_use]
    pub fn from_wire(value: i32) -> Option<Self> {
        [Self::Children, Self::Data, Self::Any, Self::Persistent, Self::PersistentRecursive]
            .into_iter()
            .find(|kind| *kind as i32 == value)
    }
}

impl Encode for WatcherEvent {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.kind as i32);
        out.i32(self.state as i32);
        self.path.encode(out);
    }
}

impl Decode for WatcherEvent {
    fn decode(input: &mut Reader) -> Result<Self, DecodeError> {
        let (kind, state) = (input.i32()?, input.i32()?);
        let unknown = |what, value| DecodeError::Unknown { what, value: i64::from(value) };
        Ok(Self {
            kind: EventType::from_wire(kind).ok_or(unknown("event type", kind))?,
            state: KeeperState::from_wire(state).ok_or(unknown("session state", state))?,
            path: Text::decode(input)?,
        })
    }
}
