//! The vote table: what each server that looks for a leader has heard, and what it counts.

use crate::lab::Lab;
use zabscope_core::base::NodeId;
use zabscope_core::ensemble::Actor;
use zabscope_core::zab::ServerState;

/// What one server holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Votes {
    /// Who.
    pub sid: i64,
    /// For each voter, by id: for whom it votes, as far as this server has heard in its round.
    pub heard: Vec<Option<i64>>,
    /// Own vote.
    pub own: Option<i64>,
    /// Voters whose votes equal the own one, itself included.
    pub equal: usize,
}

/// A row for each server; `None` for one that does not look. Empty if nobody does.
#[must_use]
pub fn of(lab: &Lab) -> Vec<Option<Votes>> {
    let voters = i64::from(lab.voters());
    let rows: Vec<Option<Votes>> = lab
        .world()
        .slots()
        .iter()
        .filter_map(|(node, slot)| match node {
            NodeId::Server(sid) => Some((*sid, slot)),
            NodeId::Client(_) => None,
        })
        .map(|(sid, slot)| {
            let peer = slot.process().and_then(Actor::server)?.peer();
            let election = peer.election().filter(|_| peer.state() == ServerState::Looking)?;
            let received = election.received();
            let vote_of = |voter: i64| {
                let mut heard = received.iter().filter(|(from, _)| from.0 == voter);
                heard.next().map(|(_, ballot)| ballot.vote)
            };
            let proposal = election.proposal();
            let is_me = |voter: i64| voter == sid.0;
            let votes = (1..=voters)
                .map(|voter| if is_me(voter) { Some(proposal) } else { vote_of(voter) });
            let votes: Vec<_> = votes.collect();
            let equal = votes.iter().filter(|vote| **vote == Some(proposal)).count();
            let heard = votes.iter().map(|vote| vote.map(|vote| vote.leader.0)).collect();
            let own = (proposal.leader.0 >= 0).then_some(proposal.leader.0);
            Some(Votes { sid: sid.0, heard, own, equal })
        })
        .collect();
    if rows.iter().all(Option::is_none) { Vec::new() } else { rows }
}
