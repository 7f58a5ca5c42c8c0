//! The history of a server as it is in memory: what was applied last, and what is logged behind.
//!
//! Invariants: `recent` ends at `applied`, `tail` begins behind it and ends at `logged`; zxids
//! increase, without a hole inside an epoch. The leader sends DIFFs from `recent`, so a hole in
//! it would be a hole in a follower (ZOOKEEPER-4925).

use super::message::Entry;
use crate::base::Zxid;
use crate::base::limits::RECENT_TXNS;
use alloc::collections::VecDeque;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct History<P> {
    recent: VecDeque<Entry<P>>,
    applied: Zxid,
    tail: VecDeque<Entry<P>>,
}

impl<P: Clone> History<P> {
    /// A history read from disk: all of it counts as applied to the tree.
    pub fn recovered(recent: impl IntoIterator<Item = Entry<P>>, last_zxid: Zxid) -> Self {
        let mut history =
            Self { recent: VecDeque::new(), applied: Zxid::ZERO, tail: VecDeque::new() };
        for entry in recent {
            history.push_recent(entry);
        }
        if history.applied != last_zxid {
            history.recent.clear();
            history.applied = last_zxid;
        }
        history
    }

    /// Last zxid applied to the tree.
    #[must_use]
    pub const fn applied(&self) -> Zxid {
        self.applied
    }

    /// Last zxid handed to the log.
    #[must_use]
    pub fn logged(&self) -> Zxid {
        self.tail.back().map_or(self.applied, |entry| entry.zxid)
    }

    /// The last applied transactions, oldest first.
    #[must_use]
    pub const fn recent(&self) -> &VecDeque<Entry<P>> {
        &self.recent
    }

    /// Logged and not applied, oldest first.
    #[must_use]
    pub const fn tail(&self) -> &VecDeque<Entry<P>> {
        &self.tail
    }

    /// May `zxid` come right behind the log's end?
    #[must_use]
    pub fn is_next(&self, zxid: Zxid) -> bool {
        zxid.follows(self.logged())
    }

    /// Adds to the log's end.
    ///
    /// # Panics
    /// If the entry does not come next: callers judge what comes from outside with `is_next`.
    pub fn append(&mut self, entry: Entry<P>) {
        assert!(self.is_next(entry.zxid), "{} does not follow {}", entry.zxid, self.logged());
        self.tail.push_back(entry);
    }

    /// The transaction before the one at `zxid`, as far as memory reaches: a mutant cuts there.
    pub(super) fn before(&self, zxid: Zxid) -> Zxid {
        let entries = self.recent.iter().chain(&self.tail);
        entries.map(|entry| entry.zxid).take_while(|at| *at < zxid).last().unwrap_or(Zxid::ZERO)
    }

    /// Drops what is logged behind `zxid` and not applied: only mutants forget so.
    pub(super) fn forget_after(&mut self, zxid: Zxid) {
        while self.tail.back().is_some_and(|entry| entry.zxid > zxid) {
            self.tail.pop_back();
        }
    }

    /// Takes the oldest entry of the tail as applied and leaves a hole in `recent`: a mutant.
    pub(super) fn apply_unremembered(&mut self) -> Option<Entry<P>> {
        let entry = self.tail.pop_front()?;
        self.applied = entry.zxid;
        Some(entry)
    }

    /// Takes the oldest entry of the tail as applied.
    pub fn apply_next(&mut self) -> Option<Entry<P>> {
        let entry = self.tail.pop_front()?;
        self.push_recent(entry.clone());
        Some(entry)
    }

    fn push_recent(&mut self, entry: Entry<P>) {
        self.applied = entry.zxid;
        // On a doubt about holes the older ones go: a learner that needs them gets SNAP.
        if self.recent.back().is_some_and(|last| !entry.zxid.follows(last.zxid)) {
            self.recent.clear();
        }
        if self.recent.len() == RECENT_TXNS {
            self.recent.pop_front();
        }
        self.recent.push_back(entry);
    }
}
