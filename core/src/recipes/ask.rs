//! What recipes share: how they ask, what they count, what they are doing.

use crate::client::{Call, CallId};
use crate::proto::KeeperError;
use crate::proto::data::Acl;
use crate::proto::request::{CreateMode, CreateOp, CreateRequest, Request};
use crate::wire::{Buffer, Text};
use alloc::string::String;
use alloc::vec::Vec;

/// A request of a recipe, for its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Name of the call.
    pub id: CallId,
    /// What to ask.
    pub request: Request,
}

impl From<Ask> for Call {
    fn from(ask: Ask) -> Self {
        Self::Request { id: ask.id, request: ask.request }
    }
}

/// What a recipe did; it shows a herd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that made it look again.
    pub wakeups: u32,
    /// Reads it asked.
    pub reads: u32,
    /// Writes it asked.
    pub writes: u32,
    /// Times it became the first.
    pub turns: u32,
    /// Answers that left the outcome unknown.
    pub losses: u32,
}

/// What a recipe is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// Getting its znode, or looking who is first.
    Joining,
    /// Somebody else is first, and a watch will tell.
    Waiting,
    /// It holds the lock, or leads. True as long as the session lives: without a connection this
    /// is a hope.
    First,
    /// Getting rid of its znode.
    Leaving,
    /// The session is over, and with it the place.
    Lost,
    /// The servers refused what a recipe needs.
    Failed(KeeperError),
}

/// One request at a time, with names that no other recipe of the client uses.
#[derive(Clone, Debug)]
pub(super) struct Asker<S> {
    tag: u32,
    serial: u32,
    pending: Option<(CallId, S)>,
    pub(super) counts: Counts,
}

impl<S> Asker<S> {
    pub(super) const fn new(tag: u32) -> Self {
        let counts = Counts { wakeups: 0, reads: 0, writes: 0, turns: 0, losses: 0 };
        Self { tag, serial: 0, pending: None, counts }
    }

    pub(super) const fn tag(&self) -> u32 {
        self.tag
    }

    pub(super) fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    /// Asks; the answer will be for `step`.
    pub(super) fn ask(&mut self, step: S, request: Request, out: &mut Vec<Ask>) {
        self.serial = self.serial.wrapping_add(1);
        let id = CallId(u64::from(self.tag) << 32 | u64::from(self.serial));
        let writes = matches!(request, Request::Create(_) | Request::Delete { .. });
        let count = if writes { &mut self.counts.writes } else { &mut self.counts.reads };
        *count = count.saturating_add(1);
        self.pending = Some((id, step));
        out.push(Ask { id, request });
    }

    /// The step that this answer is for.
    pub(super) fn answered(&mut self, id: CallId) -> Option<S> {
        let ours = self.pending.as_ref().is_some_and(|(pending, _)| *pending == id);
        if ours { self.pending.take().map(|(_, step)| step) } else { None }
    }

    /// Forgets what was asked: its answer means nothing any more.
    pub(super) fn forget(&mut self) {
        self.pending = None;
    }
}

/// Makes a persistent znode, as a parent.
pub(super) fn create_parent(path: &str) -> Request {
    create(CreateOp::Create, path, None, CreateMode::Persistent)
}

/// Makes an ephemeral and tells its `Stat`.
pub(super) fn create_ephemeral(path: &str, data: Buffer, mode: CreateMode) -> Request {
    create(CreateOp::Create2, path, data, mode)
}

fn create(kind: CreateOp, path: &str, data: Buffer, mode: CreateMode) -> Request {
    let acl = Some(Acl::open());
    Request::Create(CreateRequest { kind, path: path.into(), data, acl, flags: mode as i32 })
}

pub(super) fn delete(path: &Text) -> Request {
    Request::Delete { path: path.clone(), version: -1 }
}

pub(super) fn exists(path: &Text) -> Request {
    Request::Exists { path: path.clone(), watch: false }
}

/// `path` and what is above it, from the top, without the root.
pub(super) fn lineage(path: &str) -> Vec<String> {
    let ends = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    ends.chain([path.len()]).map(|end| path[..end].into()).collect()
}

/// The number behind a sequential name: its last ten characters. The counter is 32 bits wide and
/// signed, and turns negative after that.
pub(super) fn sequence(name: &str) -> Option<i64> {
    let digits = name.get(name.len().checked_sub(10)?..)?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_parents() {
        assert_eq!(sequence("x-lock-0000000012"), Some(12));
        assert_eq!(sequence("0000000007"), Some(7));
        assert_eq!(sequence("short"), None);
        assert_eq!(sequence("x-lock-00000000ab"), None);
        assert_eq!(lineage("/a/b/c"), ["/a", "/a/b", "/a/b/c"]);
        assert_eq!(lineage("/a"), ["/a"]);
    }
}
