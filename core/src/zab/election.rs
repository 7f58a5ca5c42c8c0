//! Fast Leader Election: what a LOOKING server does with votes (Java: `FastLeaderElection`).
//!
//! Each server votes for itself, adopts every better vote and tells all. When a quorum agrees it
//! waits for a better vote: until every voter votes alike whose stream has not ended, but at most
//! [`SETTLE_MS`]. Then it takes the winner. A late comer joins a running ensemble when a quorum
//! says it follows a leader and that leader says it leads.
//!
//! Safety rests on nothing of this: discovery refuses a leader that knows less than its voters
//! ([`super::discovery`]). A wrong election costs a round.
//!
//! Unlike Java, equal votes do not start the settle wait anew: five servers that resend every
//! 400 ms would never elect. And Java always waits to the end, also where nothing better can come;
//! after the death of a leader that would be most of the time without service.

use super::message::{Notification, ServerState, Vote};
use super::rules::Rules;
use crate::base::quorum::Voters;
use crate::base::{Map, Round, Set, Sid};

/// How long a quorum of equal votes waits for a better one (`finalizeWait`).
pub const SETTLE_MS: u64 = 200;
/// First interval after which an unanswered vote is sent again.
pub const RESEND_MIN_MS: u64 = 200;
/// The interval doubles up to this. Java goes to 60 s; this bound dominates how long an ensemble
/// needs after a long partition, and repeating a vote each 5 s costs nothing.
pub const RESEND_MAX_MS: u64 = 5_000;

/// A vote that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ballot {
    /// The vote.
    pub vote: Vote,
    /// Round of its sender.
    pub round: Round,
    /// State of its sender.
    pub state: ServerState,
}

/// The state of one server's search for a leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Election {
    me: Sid,
    /// What this server would vote without hearing others.
    start: Vote,
    /// Its vote.
    proposal: Vote,
    round: Round,
    /// Votes of this round.
    received: Map<Sid, Ballot>,
    /// Votes of servers that are not LOOKING, of any round.
    outside: Map<Sid, Ballot>,
    settling: bool,
    resend_ms: u64,
}

/// What a notification led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The vote changed: tell all.
    pub changed: bool,
    /// The sender does not know this vote: tell it.
    pub answer: bool,
    /// A running ensemble with this leader was found.
    pub join: Option<Vote>,
}

/// What the settle timer needs after a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settle {
    /// A quorum agrees: start the wait.
    Begin,
    /// The agreement is gone: stop the wait.
    Abandon,
    /// Nothing better can come: the election is over.
    End,
    /// As it was.
    Keep,
}

impl Election {
    /// A new round with a vote for `start` (oneself, or [`Vote::OBSERVER`]).
    #[must_use]
    pub fn new(me: Sid, start: Vote, round: Round) -> Self {
        let mut election = Self {
            me,
            start,
            proposal: start,
            round,
            received: Map::new(),
            outside: Map::new(),
            settling: false,
            resend_ms: RESEND_MIN_MS,
        };
        election.adopt(start);
        election
    }

    /// The present vote.
    #[must_use]
    pub const fn proposal(&self) -> Vote {
        self.proposal
    }

    /// What it voted at the start of the round: for itself.
    #[must_use]
    pub const fn start(&self) -> Vote {
        self.start
    }

    /// The present round.
    #[must_use]
    pub const fn round(&self) -> Round {
        self.round
    }

    /// Votes heard in this round, for pictures and checks.
    #[must_use]
    pub const fn received(&self) -> &Map<Sid, Ballot> {
        &self.received
    }

    /// What servers that are not LOOKING have answered, of any round.
    #[must_use]
    pub const fn outside(&self) -> &Map<Sid, Ballot> {
        &self.outside
    }

    /// True while a quorum agrees and a better vote is waited for.
    #[must_use]
    pub const fn is_settling(&self) -> bool {
        self.settling
    }

    /// The interval until the vote is sent again; doubles with each call.
    pub fn next_resend_ms(&mut self) -> u64 {
        let now = self.resend_ms;
        self.resend_ms = (2 * now).min(RESEND_MAX_MS);
        now
    }

    /// Takes a notification of `from`, which is a voter.
    pub fn receive(
        &mut self,
        rules: &impl Rules,
        voters: &Voters,
        from: Sid,
        heard: &Notification,
    ) -> Outcome {
        let ballot = Ballot { vote: heard.vote, round: heard.round, state: heard.state };
        match heard.state {
            ServerState::Looking => self.receive_looking(rules, from, ballot),
            // An observer's word about leaders counts for nothing.
            ServerState::Observing => Outcome::default(),
            ServerState::Following | ServerState::Leading => {
                self.receive_settled(voters, from, ballot)
            }
        }
    }

    fn receive_looking(&mut self, rules: &impl Rules, from: Sid, heard: Ballot) -> Outcome {
        if heard.round < self.round {
            return Outcome { answer: true, ..Outcome::default() };
        }
        let mut changed = false;
        if heard.round > self.round {
            self.round = heard.round;
            self.received.clear();
            // The better of its vote and my *initial* one: my present one belongs to a round
            // that nobody counts any more.
            let newer = beats(rules, heard.vote, self.start);
            self.adopt(if newer { heard.vote } else { self.start });
            changed = true;
        } else if beats(rules, heard.vote, self.proposal) {
            self.adopt(heard.vote);
            changed = true;
        }
        self.received.insert(from, heard);
        // It heard of this election while it still followed or led, said so, and threw that vote
        // away. Without an answer it would hear of it by the next resend.
        let answer = self.outside.remove(&from).is_some() && !changed;
        Outcome { changed, answer, ..Outcome::default() }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn receive_settled(&mut self, voters: &Voters, from: Sid, heard: Ballot) -> Outcome {
        let leader = heard.vote.leader;
        if heard.round == self.round {
            self.received.insert(from, heard);
            // Leader alone is compared: some members may not have taken over the new epoch yet.
            let agree = |ballot: &Ballot| {
                ballot.state != ServerState::Looking && ballot.vote.leader == leader
                    || ballot.vote == heard.vote
            };
            if has_quorum(voters, &self.received, agree) && self.is_leading(&self.received, heard) {
                return Outcome { join: Some(heard.vote), ..Outcome::default() };
            }
        }
        self.outside.insert(from, heard);
        let agree = |ballot: &Ballot| {
            ballot.vote.leader == leader && ballot.vote.peer_epoch == heard.vote.peer_epoch
        };
        if has_quorum(voters, &self.outside, agree) && self.is_leading(&self.outside, heard) {
            self.round = heard.round;
            return Outcome { join: Some(heard.vote), ..Outcome::default() };
        }
        Outcome::default()
    }

    /// Has the leader itself said so? Without that a late comer could follow a dead leader whose
    /// followers have not noticed yet (Java: `checkLeader`).
    fn is_leading(&self, votes: &Map<Sid, Ballot>, heard: Ballot) -> bool {
        if heard.vote.leader == self.me {
            return heard.round == self.round;
        }
        votes.get(&heard.vote.leader).is_some_and(|ballot| ballot.state == ServerState::Leading)
    }

    /// Does a quorum stand behind the present vote? To be asked after each notification, and when
    /// the stream of another voter ends; `lost` are those whose stream has.
    pub fn settle(&mut self, voters: &Voters, lost: &Set<Sid>, changed: bool) -> Settle {
        let agreed = self.is_agreed(voters);
        if agreed && self.missing(voters, lost).next().is_none() {
            return Settle::End;
        }
        match (agreed, self.settling) {
            (true, false) => {
                self.settling = true;
                Settle::Begin
            }
            (true, true) if changed => Settle::Begin,
            (false, true) => {
                self.settling = false;
                Settle::Abandon
            }
            (true, true) | (false, false) => Settle::Keep,
        }
    }

    /// True if a quorum votes as this server does.
    #[must_use]
    pub fn is_agreed(&self, voters: &Voters) -> bool {
        has_quorum(voters, &self.received, |ballot| self.is_alike(ballot))
    }

    /// Who votes as this server does, itself included.
    pub fn alike(&self) -> impl Iterator<Item = Sid> {
        let alike = self.received.iter().filter(|(_, ballot)| self.is_alike(ballot));
        alike.map(|(from, _)| *from)
    }

    /// The voters that keep the settle wait from ending early: they do not vote as this server does
    /// and may still, or may have something better. A vote only ever changes to a better one, so
    /// without them this one stays the best. Who was never heard of is one of them: while servers
    /// start, the wait lets the last of them take part. So is a winner that is lost: it may come
    /// back.
    pub fn missing<'a>(
        &'a self,
        voters: &'a Voters,
        lost: &'a Set<Sid>,
    ) -> impl Iterator<Item = Sid> + 'a {
        let votes_alike = |sid| self.received.get(&sid).is_some_and(|ballot| self.is_alike(ballot));
        voters.iter().filter(move |sid| match lost.contains(sid) {
            true => *sid == self.proposal.leader,
            false => !votes_alike(*sid),
        })
    }

    fn is_alike(&self, ballot: &Ballot) -> bool {
        ballot.vote == self.proposal && ballot.state == ServerState::Looking
    }

    fn adopt(&mut self, vote: Vote) {
        self.proposal = vote;
        let own = Ballot { vote, round: self.round, state: ServerState::Looking };
        self.received.insert(self.me, own);
    }
}

/// The order of votes.
pub(super) fn beats(rules: &impl Rules, vote: Vote, other: Vote) -> bool {
    if rules.elect_by_sid() {
        vote.leader > other.leader
    } else if rules.vote_ignores_current_epoch() {
        (vote.zxid, vote.leader) > (other.zxid, other.leader)
    } else {
        vote > other
    }
}

fn has_quorum(voters: &Voters, votes: &Map<Sid, Ballot>, agree: impl Fn(&Ballot) -> bool) -> bool {
    voters.is_quorum(votes.iter().filter(|(_, ballot)| agree(ballot)).map(|(sid, _)| sid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Epoch, Zxid};
    use crate::zab::Sound;
    use bytes::Bytes;

    fn vote(peer_epoch: i64, counter: u32, leader: i64) -> Vote {
        Vote {
            peer_epoch: Epoch(peer_epoch),
            zxid: Zxid::new(Epoch(peer_epoch), counter),
            leader: Sid(leader),
        }
    }

    fn note(state: ServerState, vote: Vote, round: i64) -> Notification {
        Notification { state, vote, round: Round(round), config: Bytes::new() }
    }

    fn voters() -> Voters {
        Voters::new([1, 2, 3].map(Sid))
    }

    #[test]
    fn votes_are_ordered_by_epoch_then_zxid_then_id() {
        assert!(vote(2, 1, 1) > vote(1, 9, 3));
        assert!(vote(1, 9, 1) > vote(1, 8, 3));
        assert!(vote(1, 9, 3) > vote(1, 9, 2));
        assert!(vote(0, 0, 1) > Vote::OBSERVER);
    }

    #[test]
    fn a_better_vote_is_adopted_and_a_quorum_settles() {
        let mut election = Election::new(Sid(1), vote(1, 5, 1), Round(1));
        let lost = Set::new();
        assert_eq!(election.settle(&voters(), &lost, false), Settle::Keep, "alone is no quorum");
        let heard = note(ServerState::Looking, vote(1, 5, 3), 1);
        let outcome = election.receive(&Sound, &voters(), Sid(3), &heard);
        assert!(outcome.changed);
        assert_eq!(election.proposal(), vote(1, 5, 3));
        assert_eq!(election.settle(&voters(), &lost, true), Settle::Begin);
        // An equal vote does not start the wait anew.
        let again = election.receive(&Sound, &voters(), Sid(3), &heard);
        assert_eq!(election.settle(&voters(), &lost, again.changed), Settle::Keep);
        // A better one takes the agreement away until a quorum has it.
        let better = note(ServerState::Looking, vote(2, 1, 2), 1);
        let outcome = election.receive(&Sound, &voters(), Sid(2), &better);
        assert_eq!(election.settle(&voters(), &lost, outcome.changed), Settle::Begin);
        assert_eq!(election.proposal(), vote(2, 1, 2));
    }

    #[test]
    fn who_begins_to_look_later_is_told_what_it_threw_away() {
        let mut election = Election::new(Sid(2), vote(1, 5, 2), Round(4));
        let follows = note(ServerState::Following, vote(1, 4, 3), 3);
        assert!(!election.receive(&Sound, &voters(), Sid(1), &follows).answer);
        let looks = note(ServerState::Looking, vote(1, 5, 1), 4);
        assert!(election.receive(&Sound, &voters(), Sid(1), &looks).answer);
        assert!(!election.receive(&Sound, &voters(), Sid(1), &looks).answer, "it is told once");
    }

    /// Server 1 of three, which votes for `leader` as the other voters in `alike` do.
    fn agreed(leader: i64, alike: &[i64]) -> Election {
        let mut election = Election::new(Sid(1), vote(1, 5, 1), Round(1));
        for sid in alike {
            let heard = note(ServerState::Looking, vote(1, 5, leader), 1);
            election.receive(&Sound, &voters(), Sid(*sid), &heard);
        }
        election
    }

    #[test]
    fn the_wait_ends_when_nobody_is_left_who_could_have_something_better() {
        let nobody = Set::new();
        assert_eq!(agreed(2, &[2]).settle(&voters(), &nobody, true), Settle::Begin, "3 may come");
        assert_eq!(agreed(2, &[2]).settle(&voters(), &Set::from([Sid(3)]), true), Settle::End);
        assert_eq!(agreed(3, &[2, 3]).settle(&voters(), &nobody, true), Settle::End);
        // 2 has not heard of 3 yet, or not said so.
        assert_eq!(agreed(3, &[3]).settle(&voters(), &nobody, true), Settle::Begin);
        // A winner whose stream has ended is given the time to come back.
        let gone = Set::from([Sid(3)]);
        assert_eq!(agreed(3, &[2, 3]).settle(&voters(), &gone, true), Settle::Begin);
        // That others are gone makes no quorum.
        let others = Set::from([Sid(2), Sid(3)]);
        assert_eq!(agreed(1, &[]).settle(&voters(), &others, true), Settle::Keep);
    }

    #[test]
    fn an_older_round_is_answered_and_a_newer_one_joined() {
        let mut election = Election::new(Sid(2), vote(1, 5, 2), Round(4));
        let old = note(ServerState::Looking, vote(1, 9, 3), 3);
        assert!(election.receive(&Sound, &voters(), Sid(3), &old).answer);
        assert_eq!(election.proposal(), vote(1, 5, 2));
        let new = note(ServerState::Looking, vote(1, 4, 3), 7);
        assert!(election.receive(&Sound, &voters(), Sid(3), &new).changed);
        assert_eq!(election.round(), Round(7));
        assert_eq!(election.proposal(), vote(1, 5, 2), "the better of its vote and mine");
    }

    #[test]
    fn a_late_comer_needs_the_leaders_own_word() {
        let mut election = Election::new(Sid(1), vote(1, 5, 1), Round(1));
        let winner = vote(2, 7, 3);
        let from_two = note(ServerState::Following, winner, 9);
        assert_eq!(election.receive(&Sound, &voters(), Sid(2), &from_two).join, None);
        let from_three = note(ServerState::Leading, winner, 9);
        assert_eq!(election.receive(&Sound, &voters(), Sid(3), &from_three).join, Some(winner));
        assert_eq!(election.round(), Round(9));
    }
}
