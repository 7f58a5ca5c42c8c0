//! Leader election without a herd.

use super::ask::{Ask, Phase};
use super::place::{Place, session_of};
use crate::base::SessionId;
use crate::client::Reply;
use crate::wire::Buffer;
use alloc::vec::Vec;

/// Candidates for an office: the first [`Place`] leads, the second takes over.
///
/// [`Place::token`] serves as the number of the term.
#[derive(Clone, Debug)]
pub struct Election {
    place: Place,
}

impl Election {
    /// The election at `root`; `tag` and `data` as in [`super::Lock::new`].
    #[must_use]
    pub fn new(root: &str, tag: u32, data: Buffer) -> Self {
        Self { place: Place::new(root, "n", tag, data) }
    }

    /// Its place in the queue.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// True if this candidate leads; without a connection it may be over already.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.place.phase() == Phase::First
    }

    /// The session of the leader when this candidate looked last. Only the second one is told of
    /// a change; the others know less, and need to know no more.
    #[must_use]
    pub fn leader(&self) -> Option<SessionId> {
        self.place.lowest().and_then(session_of)
    }

    /// Stands for the office.
    pub fn run(&mut self, out: &mut Vec<Ask>) {
        self.place.join(out);
    }

    /// Resigns, or stands no more.
    pub fn resign(&mut self, out: &mut Vec<Ask>) {
        self.place.leave(out);
    }

    /// The client of this session told its owner `heard`.
    pub fn hear(&mut self, session: SessionId, heard: &Reply, out: &mut Vec<Ask>) {
        self.place.hear(session, heard, out);
    }
}
