//! The vote table: what each server that looks for a leader has heard, and what it counts.

use crate::lab::Lab;
use zabscope_core::base::{NodeId, Sid};
use zabscope_core::ensemble::Actor;
use zabscope_core::zab::ServerState;

/// What was heard of one voter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// For whom it votes, or whom it has.
    pub leader: i64,
    /// It looks for no leader: it has one, or is one.
    pub settled: bool,
}

/// What one server holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Votes {
    /// Who.
    pub sid: i64,
    /// For each voter, by id: what this server has heard of it.
    pub heard: Vec<Option<Heard>>,
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
            let proposal = election.proposal();
            let own = (proposal.leader.0 >= 0).then_some(proposal.leader.0);
            let heard_of = |voter: Sid| {
                if voter == sid {
                    return Some(Heard { leader: proposal.leader.0, settled: false });
                }
                // Who has a leader answers with it, in whatever round that was.
                let ballot =
                    election.received().get(&voter).or_else(|| election.outside().get(&voter))?;
                let settled = ballot.state != ServerState::Looking;
                Some(Heard { leader: ballot.vote.leader.0, settled })
            };
            let heard = (1..=voters).map(|voter| heard_of(Sid(voter))).collect();
            Some(Votes { sid: sid.0, heard, own, equal: election.alike().count() })
        })
        .collect();
    if rows.iter().all(Option::is_none) { Vec::new() } else { rows }
}
