//! Error codes that travel in replies and in `error` transactions (Java: `KeeperException.Code`).

/// Answer to a client that is not `Ok`; deterministic, the same on every server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[repr(i32)]
pub enum KeeperError {
    /// An operation of a multi behind the one that failed.
    #[error("runtime inconsistency")]
    RuntimeInconsistency = -2,
    /// The outcome is unknown: the connection broke. Made by clients only.
    #[error("connection loss")]
    ConnectionLoss = -4,
    /// A record that cannot be read.
    #[error("marshalling error")]
    MarshallingError = -5,
    /// An opcode or a feature that is not there.
    #[error("unimplemented")]
    Unimplemented = -6,
    /// No answer in time. Made by clients only.
    #[error("operation timeout")]
    OperationTimeout = -7,
    /// An illegal path, flag or ttl.
    #[error("bad arguments")]
    BadArguments = -8,
    /// Too few servers of the new configuration are connected.
    #[error("no quorum of the new configuration is connected and up to date")]
    NewConfigNoQuorum = -13,
    /// Another reconfiguration is under way.
    #[error("another reconfiguration is in progress")]
    ReconfigInProgress = -14,
    /// The znode, or its parent, does not exist.
    #[error("no node")]
    NoNode = -101,
    /// The ACL forbids it.
    #[error("not authenticated")]
    NoAuth = -102,
    /// The version is not the current one.
    #[error("bad version")]
    BadVersion = -103,
    /// Ephemeral znodes have no children.
    #[error("ephemerals may not have children")]
    NoChildrenForEphemerals = -108,
    /// The znode exists.
    #[error("node exists")]
    NodeExists = -110,
    /// The znode has children.
    #[error("node has children")]
    NotEmpty = -111,
    /// The session is over.
    #[error("session expired")]
    SessionExpired = -112,
    /// The ACL list is empty or has an invalid entry.
    #[error("invalid acl")]
    InvalidAcl = -114,
    /// Authentication failed.
    #[error("authentication failed")]
    AuthFailed = -115,
    /// The session is attached to another server by now.
    #[error("session moved")]
    SessionMoved = -118,
    /// A write at a read-only server.
    #[error("read-only server")]
    NotReadOnly = -119,
    /// A local session may not make ephemerals.
    #[error("ephemeral node on a local session")]
    EphemeralOnLocalSession = -120,
    /// There is no such watch.
    #[error("no watcher")]
    NoWatcher = -121,
    /// Reconfiguration is switched off.
    #[error("reconfig is disabled")]
    ReconfigDisabled = -123,
    /// Authentication is required.
    #[error("session closed, authentication required")]
    SessionClosedRequireAuth = -124,
    /// A hard quota is exceeded.
    #[error("quota exceeded")]
    QuotaExceeded = -125,
    /// The server is overloaded.
    #[error("throttled")]
    ThrottledOp = -127,
}

impl KeeperError {
    /// Every code, for looking one up.
    const ALL: [Self; 25] = [
        Self::RuntimeInconsistency,
        Self::ConnectionLoss,
        Self::MarshallingError,
        Self::Unimplemented,
        Self::OperationTimeout,
        Self::BadArguments,
        Self::NewConfigNoQuorum,
        Self::ReconfigInProgress,
        Self::NoNode,
        Self::NoAuth,
        Self::BadVersion,
        Self::NoChildrenForEphemerals,
        Self::NodeExists,
        Self::NotEmpty,
        Self::SessionExpired,
        Self::InvalidAcl,
        Self::AuthFailed,
        Self::SessionMoved,
        Self::NotReadOnly,
        Self::EphemeralOnLocalSession,
        Self::NoWatcher,
        Self::ReconfigDisabled,
        Self::SessionClosedRequireAuth,
        Self::QuotaExceeded,
        Self::ThrottledOp,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The error with this number; `None` for 0 and for numbers that never travel.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.code() == code)
    }
}
