//! An exclusive lock without a herd.

use super::ask::{Ask, Phase};
use super::place::Place;
use crate::base::SessionId;
use crate::client::Reply;
use crate::wire::Buffer;
use alloc::vec::Vec;

/// An exclusive lock: a [`Place`] whose first holds it.
#[derive(Clone, Debug)]
pub struct Lock {
    place: Place,
}

impl Lock {
    /// The lock at `root`, an absolute path that is made if it is not there. `tag` is a number
    /// that no other recipe of the client has, and not 0; `data` is for people who look.
    #[must_use]
    pub fn new(root: &str, tag: u32, data: Buffer) -> Self {
        Self { place: Place::new(root, "lock", tag, data) }
    }

    /// Its place in the queue.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// True if the lock is held. It is a lease: without a connection it may be lost already.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.place.phase() == Phase::First
    }

    /// Wants the lock. After the end of a session it wants it again in the next one.
    pub fn acquire(&mut self, out: &mut Vec<Ask>) {
        self.place.join(out);
    }

    /// Gives it back, or up.
    pub fn release(&mut self, out: &mut Vec<Ask>) {
        self.place.leave(out);
    }

    /// The client of this session told its owner `heard`.
    pub fn hear(&mut self, session: SessionId, heard: &Reply, out: &mut Vec<Ask>) {
        self.place.hear(session, heard, out);
    }
}
