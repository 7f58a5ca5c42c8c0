//! The moment that the first screen shows, and what becomes of it.

use crate::lab::{Lab, create};
use zabscope_core::base::{ClientId, NodeId};
use zabscope_core::ensemble::Actor;
use zabscope_core::sim::Micros;
use zabscope_core::zab::ServerState;

/// The znode that is written.
const PATH: &str = "/half-way";
/// Servers of the first screen.
const VOTERS: u8 = 5;
/// Steps in which the write is found half-way, at most.
const STEPS_MAX: u32 = 400;

/// An elected ensemble in the middle of a write: a proposal still travels to one server, while
/// another server's yes is on its way back.
pub(super) fn half_way(seed: u64) -> Lab {
    let mut lab = Lab::elected(VOTERS, seed);
    lab.ask(ClientId(1), create(PATH, "1", 0));
    for _ in 0..STEPS_MAX {
        let network = lab.world().network();
        let (mut proposals, mut acks) = (0, 0);
        for item in network.queues().values().flatten() {
            match lab.flight(item.id).map(|flight| flight.look.name) {
                Some("PROPOSAL") => proposals += 1,
                Some("ACK") => acks += 1,
                _ => {}
            }
        }
        if (proposals > 0 && acks > 0) || !lab.step() {
            break;
        }
    }
    // As late as nothing else has happened: all messages have gone some of their way.
    if let Some(next) = lab.sim().next_at() {
        lab.wait_until(Micros(next.0.saturating_sub(1)));
    }
    lab
}

/// What became of the write, once it is decided or somebody crashed a server.
pub(super) fn fate(lab: &Lab) -> Option<String> {
    let slots = lab.world().slots().iter();
    let all = slots.filter(|(node, _)| matches!(node, NodeId::Server(_)));
    let mut running = Vec::new();
    let mut crashed = false;
    for (_, slot) in all {
        match slot.process().and_then(Actor::server) {
            Some(server) => running.push(server),
            None => crashed = true,
        }
    }
    let has = running.iter().filter(|server| server.image().tree.contains(PATH)).count();
    let all = running.len();
    if !crashed {
        // Not a moment before it is so: the answer travels last.
        let asked = lab.talks().find(|talk| talk.asked.is_some());
        let answer = asked.and_then(|talk| talk.answer.as_ref());
        let told = answer.is_some_and(|(step, ..)| *step < lab.index());
        return (has == all && told).then(|| {
            format!(
                "All {all} have the write now, and the client was told: it is safe. Step back, and \
                 crash the leader earlier."
            )
        });
    }
    let leader = running.iter().find(|server| server.peer().state() == ServerState::Leading);
    let Some(leader) = leader else {
        return Some(
            "Nobody leads: the others vote for the newest history, and of equal ones for the server \
             with the largest number."
                .into(),
        );
    };
    let sid = leader.peer().config().me;
    if !leader.peer().is_serving() {
        return Some(format!("Server {sid} has won, and brings the others to its history."));
    }
    Some(if leader.image().tree.contains(PATH) {
        format!(
            "Server {sid} leads, and the write is not lost: {has} of the {all} that run have it. \
             Of those with the newest history the largest number had to win."
        )
    } else {
        format!("Server {sid} leads, and the write is gone. No client was told that it was done.")
    })
}
