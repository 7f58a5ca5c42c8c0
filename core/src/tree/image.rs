//! What a snapshot holds: tree, sessions, and how far they go.

use super::data_tree::Tree;
use crate::base::{SessionId, VersionedMap, Zxid};

/// The state of a replicated server after a prefix of the history. `clone` is O(1): a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// The znodes.
    pub tree: Tree,
    pub(super) sessions: VersionedMap<SessionId, i32>,
    /// The last transaction applied.
    pub zxid: Zxid,
}

impl Image {
    /// The image of a new ensemble.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The timeout of a global session, in milliseconds, as its createSession says.
    #[must_use]
    pub fn session_timeout_ms(&self, session: SessionId) -> Option<i32> {
        self.sessions.get(&session).copied()
    }

    /// All global sessions with their timeouts in milliseconds, in the order of their ids.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, i32)> {
        self.sessions.iter().map(|(session, timeout_ms)| (*session, *timeout_ms))
    }

    /// How many global sessions there are.
    #[must_use]
    pub fn num_sessions(&self) -> usize {
        self.sessions.len()
    }
}
