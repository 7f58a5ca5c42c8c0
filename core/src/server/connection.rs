//! One client's connection at this server.

use crate::base::{Cxid, SessionId};
use crate::proto::Id;
use crate::proto::request::Request;
use crate::wire::Text;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// What the server knows about a connection. Watches and identities belong to it, not to the
/// session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub(super) stage: Stage,
    /// 0 until there is one.
    pub(super) session: SessionId,
    pub(super) timeout_ms: i32,
    /// The client sent the readOnly byte, so the answer has it too.
    pub(super) read_only_byte: bool,
    /// Whom ACLs see.
    pub(super) ids: Vec<Id>,
    /// Requests that are not answered, in order.
    pub(super) queue: VecDeque<Waiting>,
    /// Reading from the connection is suspended.
    pub(super) paused: bool,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing came yet.
    Fresh,
    /// createSession or REVALIDATE is under way.
    Attaching,
    /// In session.
    Ready,
}

/// A request that is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// A write: answered when the transaction of this session and cxid is applied.
    Write {
        /// The client's number.
        cxid: Cxid,
        /// Opcode: decides the form of the reply.
        op: i32,
    },
    /// A sync at a learner: answered when the leader's SYNC has come.
    Sync {
        /// The client's number.
        cxid: Cxid,
        /// Echoed.
        path: Text,
        /// SYNC came.
        done: bool,
    },
    /// A read behind a write of the same connection.
    Read {
        /// The client's number.
        cxid: Cxid,
        /// What to read.
        request: Request,
    },
}

impl Waiting {
    /// True if the leader has to do something before it can be answered.
    #[must_use]
    pub const fn is_in_flight(&self) -> bool {
        match self {
            Self::Write { .. } | Self::Sync { .. } => true,
            Self::Read { .. } => false,
        }
    }
}

impl Connection {
    /// A connection that was just opened by somebody with these identities.
    #[must_use]
    pub fn new(ids: Vec<Id>) -> Self {
        Self {
            stage: Stage::Fresh,
            session: SessionId(0),
            timeout_ms: 0,
            read_only_byte: false,
            ids,
            queue: VecDeque::new(),
            paused: false,
        }
    }

    /// Its session; 0 if there is none yet.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// The negotiated timeout.
    #[must_use]
    pub const fn timeout_ms(&self) -> i32 {
        self.timeout_ms
    }

    /// How far it is.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Requests that are not answered.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }
}
