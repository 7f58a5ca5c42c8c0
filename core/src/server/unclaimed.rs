//! Writes whose connection was gone before their transaction came: it answers nobody.
//!
//! A client that comes back with its session may number its requests anew, so a write of its new
//! connection can have the number of one that is still under way. Transactions of a session come in
//! the order of its writes: those that nobody waits for come first (Java keeps the queue of a
//! session in `CommitProcessor`, whatever becomes of its connections).

use crate::base::{Cxid, Map, SessionId};
use alloc::collections::VecDeque;

/// See the module. They count as under way, so there are not more than a server takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Unclaimed {
    /// Oldest first; no session is here without one.
    writes: Map<SessionId, VecDeque<Cxid>>,
}

impl Unclaimed {
    /// A connection of the session is gone: nobody waits for these writes any more.
    pub(super) fn add(&mut self, session: SessionId, writes: impl Iterator<Item = Cxid>) {
        let mut writes = writes.peekable();
        if writes.peek().is_some() {
            self.writes.get_or_insert(session, VecDeque::new()).extend(writes);
        }
    }

    /// A transaction of the session came. How many writes are settled by that: it, and what was
    /// before it and will not come; none if it is not here.
    pub(super) fn settle(&mut self, session: SessionId, cxid: Cxid) -> usize {
        let Some(writes) = self.writes.get_mut(&session) else { return 0 };
        let settled = writes.iter().position(|write| *write == cxid).map_or(0, |at| at + 1);
        writes.drain(..settled);
        if writes.is_empty() {
            self.writes.remove(&session);
        }
        settled
    }

    /// The session is over. How many writes it had here.
    pub(super) fn forget(&mut self, session: SessionId) -> usize {
        self.writes.remove(&session).map_or(0, |writes| writes.len())
    }

    /// Nothing that was under way will come.
    pub(super) fn clear(&mut self) {
        self.writes = Map::new();
    }
}
