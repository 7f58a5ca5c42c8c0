//! The leader's table of live sessions: owner, timeout, time of expiry.
//!
//! Only the leader expires sessions. Time is counted in ticks: a session that is silent dies
//! between its timeout, rounded up to whole ticks, and one tick later, never earlier. A new leader starts every session
//! afresh, so an election can only prolong a session.

use crate::base::{Map, SessionId, Sid};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// Where a session's client is connected: the server itself or a learner.
pub type Owner = Sid;

/// What a request of a session may expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Go on.
    Valid,
    /// There is no such session, or it is closing.
    Expired,
    /// It belongs to another server by now.
    Moved,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tracked {
    timeout_ms: i32,
    owner: Option<Owner>,
    /// closeSession is prepared: whatever comes behind it is refused.
    closing: bool,
    expires_tick: u64,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracker {
    tick_ms: u64,
    tick: u64,
    sessions: Map<SessionId, Tracked>,
    /// When each session that is not closing will be over: tick and session.
    ends: BTreeSet<(u64, SessionId)>,
}

impl Tracker {
    /// All sessions of the tree, each with a full timeout and no owner.
    pub fn new(tick_ms: u64, sessions: impl IntoIterator<Item = (SessionId, i32)>) -> Self {
        let mut tracker = Self { tick_ms, tick: 0, sessions: Map::new(), ends: BTreeSet::new() };
        for (session, timeout_ms) in sessions {
            tracker.add(session, timeout_ms, None);
        }
        tracker
    }

    /// A session is being created at `owner`, or was found in the tree.
    pub fn add(&mut self, session: SessionId, timeout_ms: i32, owner: Option<Owner>) {
        let fresh = Tracked { timeout_ms, owner, closing: false, expires_tick: 0 };
        let tracked = self.sessions.get_or_insert(session, fresh);
        if owner.is_some() {
            tracked.owner = owner;
        }
        self.touch(session, timeout_ms);
    }

    /// The session showed life. False if there is none, or it is closing.
    pub fn touch(&mut self, session: SessionId, timeout_ms: i32) -> bool {
        let Some(tracked) = self.sessions.get_mut(&session) else { return false };
        if tracked.closing {
            return false;
        }
        tracked.timeout_ms = timeout_ms;
        // Rounded up: a part of this tick may be over already.
        let timeout_ticks = u64::try_from(timeout_ms).unwrap_or(0).div_ceil(self.tick_ms);
        let expires = self.tick + timeout_ticks + 1;
        // Earlier too: a client that came back with a shorter timeout is bound by it.
        if expires != tracked.expires_tick {
            self.ends.remove(&(tracked.expires_tick, session));
            tracked.expires_tick = expires;
            self.ends.insert((expires, session));
        }
        true
    }

    /// A client came back at `owner`: it owns the session from now on. False as for `touch`.
    pub fn reattach(&mut self, session: SessionId, timeout_ms: i32, owner: Owner) -> bool {
        let alive = self.touch(session, timeout_ms);
        if alive && let Some(tracked) = self.sessions.get_mut(&session) {
            tracked.owner = Some(owner);
        }
        alive
    }

    /// May a request of `session` that came by `from` be prepared? The first one sets the owner.
    pub fn check(&mut self, session: SessionId, from: Owner) -> Check {
        match self.sessions.get_mut(&session) {
            None => Check::Expired,
            Some(tracked) if tracked.closing => Check::Expired,
            Some(tracked) => match tracked.owner {
                Some(owner) if owner != from => Check::Moved,
                Some(_) => Check::Valid,
                None => {
                    tracked.owner = Some(from);
                    Check::Valid
                }
            },
        }
    }

    /// closeSession is prepared.
    pub fn set_closing(&mut self, session: SessionId) {
        if let Some(tracked) = self.sessions.get_mut(&session) {
            tracked.closing = true;
            self.ends.remove(&(tracked.expires_tick, session));
        }
    }

    /// closeSession is committed.
    pub fn remove(&mut self, session: SessionId) {
        if let Some(tracked) = self.sessions.remove(&session) {
            self.ends.remove(&(tracked.expires_tick, session));
        }
    }

    /// A tick went by: the sessions that are over. They stay until they are closed.
    pub fn on_tick(&mut self) -> Vec<SessionId> {
        self.tick += 1;
        let mut over = Vec::new();
        while let Some((tick, session)) = self.ends.first().copied()
            && tick <= self.tick
        {
            self.ends.pop_first();
            over.push(session);
        }
        over
    }

    /// Ticks that are left to a session, 0 once it is over or closing; for pictures.
    #[must_use]
    pub fn ticks_left(&self, session: SessionId) -> Option<u64> {
        self.sessions.get(&session).map(|tracked| match tracked.closing {
            true => 0,
            false => tracked.expires_tick.saturating_sub(self.tick),
        })
    }

    /// All that are not closing, with the ticks that are left to each: one that is over has 0 until
    /// it is closed. In no order; for `dump`.
    pub fn iter(&self) -> impl Iterator<Item = (SessionId, u64)> {
        let open = self.sessions.iter().filter(|(_, tracked)| !tracked.closing);
        open.map(|(session, tracked)| (*session, tracked.expires_tick.saturating_sub(self.tick)))
    }

    /// Who owns it; for pictures and `dump`.
    #[must_use]
    pub fn owner(&self, session: SessionId) -> Option<Owner> {
        self.sessions.get(&session).and_then(|tracked| tracked.owner)
    }

    /// How many sessions are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// True if none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: SessionId = SessionId(7);

    #[test]
    fn a_silent_session_dies_after_its_timeout_and_within_one_tick() {
        let mut tracker = Tracker::new(2000, [(S, 4000)]);
        assert!(tracker.on_tick().is_empty(), "2 s");
        assert!(tracker.on_tick().is_empty(), "4 s: not before the timeout is over");
        assert_eq!(tracker.on_tick(), [S]);
    }

    #[test]
    fn a_timeout_between_two_ticks_is_rounded_up() {
        // Heard just before the first tick, it would be over after 4 s and a bit at the third.
        let mut tracker = Tracker::new(2000, [(S, 5000)]);
        assert!((0..3).all(|_| tracker.on_tick().is_empty()));
        assert_eq!(tracker.on_tick(), [S]);
    }

    #[test]
    fn a_touch_prolongs_and_a_closing_session_is_refused() {
        let mut tracker = Tracker::new(2000, []);
        tracker.add(S, 4000, Some(Sid(1)));
        tracker.on_tick();
        assert!(tracker.touch(S, 4000));
        tracker.on_tick();
        assert!(tracker.on_tick().is_empty());
        assert_eq!(tracker.ticks_left(S), Some(1));
        tracker.set_closing(S);
        assert_eq!(tracker.ticks_left(S), Some(0), "closing: nothing is left");
        assert!(!tracker.touch(S, 4000));
        assert_eq!(tracker.check(S, Sid(1)), Check::Expired);
        assert!(tracker.on_tick().is_empty(), "it is not expired again");
    }

    #[test]
    fn the_timeout_of_the_last_connection_rules_the_expiry() {
        let mut tracker = Tracker::new(2000, []);
        tracker.add(S, 40_000, Some(Sid(1)));
        assert!(tracker.reattach(S, 4000, Sid(1)));
        assert!(tracker.on_tick().is_empty() && tracker.on_tick().is_empty());
        assert_eq!(tracker.on_tick(), [S]);
    }

    #[test]
    fn the_owner_changes_by_reattaching_only() {
        let mut tracker = Tracker::new(2000, [(S, 4000)]);
        assert_eq!(tracker.check(S, Sid(2)), Check::Valid);
        assert_eq!(tracker.check(S, Sid(3)), Check::Moved);
        assert!(tracker.reattach(S, 4000, Sid(3)));
        assert_eq!(tracker.check(S, Sid(3)), Check::Valid);
        assert_eq!(tracker.check(S, Sid(2)), Check::Moved);
        assert_eq!(tracker.check(SessionId(8), Sid(2)), Check::Expired);
    }
}
