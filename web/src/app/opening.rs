//! The moment that the first screen shows.

use crate::lab::{Lab, create};
use zabscope_core::base::ClientId;
use zabscope_core::sim::Micros;

/// Servers of the first screen.
const VOTERS: u8 = 5;
/// Steps in which the write is found half-way, at most.
const STEPS_MAX: u32 = 400;

/// An elected ensemble in the middle of a write: a proposal still travels to one server, while
/// another server's yes is on its way back.
pub(super) fn half_way(seed: u64) -> Lab {
    let mut lab = Lab::elected(VOTERS, seed);
    lab.ask(ClientId(1), create("/half-way", "1", 0));
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
