//! An election decided from outside, in place of the notifications: for the exhaustive search.
//!
//! What FLE may decide is known (a quorum of LOOKING servers takes its best vote, a late comer the
//! leader that runs), and safety rests on nothing of it. A search that leaves the votes out
//! reaches much further into the phases where data can be lost.

use super::election::beats;
use super::leader::Leader;
use super::message::Vote;
use super::peer::{Outs, Peer, Role, Value};
use super::rules::Rules;
use crate::base::{Epoch, Round, Sid, Zxid};

impl<P: Value, I: Value, R: Rules> Peer<P, I, R> {
    /// The vote of a server that waits in an election, for itself; `None` in any other state.
    #[must_use]
    pub fn candidacy(&self) -> Option<Vote> {
        match &self.role {
            Role::Looking(election) => Some(election.start()),
            Role::Down | Role::Draining { .. } | Role::Leading(_) | Role::Learning(_) => None,
        }
    }

    /// The order of votes by this server's rules.
    #[must_use]
    pub fn beats(&self, vote: Vote, other: Vote) -> bool {
        beats(&self.rules, vote, other)
    }

    /// Ends the election with this leader; nothing if there is none under way.
    ///
    /// Round and vote are not those of an election that was held: they only go into later
    /// notifications, and would make equal situations differ.
    pub fn elect(&mut self, leader: Sid, out: &mut Outs<P, I>) {
        if let Role::Looking(_) = self.role {
            let vote = Vote { peer_epoch: Epoch(0), zxid: Zxid::ZERO, leader };
            self.elected(vote, Round(0), out);
        }
    }

    /// Sets the counters of time back and forgets what only explanations read, so that two
    /// situations that go on alike are equal. For a search in which every timer may fire at any
    /// time anyway.
    pub fn forget_time(&mut self) {
        match &mut self.role {
            Role::Leading(leader) => Leader::forget_time(leader),
            Role::Learning(learner) => learner.silent_ticks = 0,
            Role::Down | Role::Draining { .. } | Role::Looking(_) => {}
        }
    }
}

impl<P, I> Leader<P, I> {
    fn forget_time(&mut self) {
        self.half_ticks = 0;
        for learner in self.learners.values_mut() {
            learner.silent_ticks = 0;
            learner.unacked.clear();
            learner.sync = None;
        }
    }
}
