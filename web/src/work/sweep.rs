//! How long a write takes in ensembles of different size, measured by running them.

use super::{number, progress};
use core::str::SplitWhitespace;
use zabscope_core::base::{ClientId, NodeId};
use zabscope_core::client::{self, CallId, Reply};
use zabscope_core::ensemble::{Actor, Call, EnsembleSettings};
use zabscope_core::server::Server;
use zabscope_core::sim::{Action, Directive, Micros, Sim};

/// Sizes of the ensembles.
pub const SIZES: [u8; 5] = [1, 3, 5, 7, 9];
/// Longest wait for a leader or an answer, virtual.
const WAIT_MS: u64 = 20_000;
/// Pause between two writes, microseconds: each has the ensemble for itself.
const PAUSE_US: u64 = 50_000;

/// Measures each size.
pub(super) fn answer(words: &mut SplitWhitespace<'_>, tell: &mut dyn FnMut(&str)) -> Option<()> {
    let (seed, writes) = (number(words)?, number::<u64>(words)?.clamp(1, 10_000));
    for (done, voters) in SIZES.into_iter().enumerate() {
        progress(done as u64, SIZES.len() as u64, tell);
        let mut latencies = measure(voters, seed, writes);
        latencies.sort_unstable();
        let at = |percent: usize| latencies.get(latencies.len() * percent / 100);
        if let (Some(median), Some(p95)) = (at(50), at(95)) {
            tell(&format!("point {voters} {median} {p95}"));
        }
    }
    progress(SIZES.len() as u64, SIZES.len() as u64, tell);
    Some(())
}

/// Microseconds from request to answer, for each of a row of writes.
#[must_use]
pub fn measure(voters: u8, seed: u64, writes: u64) -> Vec<u64> {
    let settings = EnsembleSettings { clients: 1, ..crate::lab::settings(voters, seed) };
    let client = ClientId(1);
    let mut sim = Sim::new(settings.setup());
    sim.start_all();
    let connected = |sim: &Sim<Actor>| {
        let process = sim.world().process(NodeId::Client(client)).and_then(Actor::client);
        process.is_some_and(|client| client.state() == client::State::Connected)
    };
    while !connected(&sim) && sim.step_until(Micros::from_ms(WAIT_MS)).is_some() {}
    // At the leader, so that only the majority makes the difference.
    let leader = settings.sids().find(|sid| {
        let process = sim.world().process(NodeId::Server(*sid)).and_then(Actor::server);
        process.is_some_and(Server::is_leader)
    });
    if let Some(leader) = leader {
        let call = Call::Client(client::Call::MoveTo(leader));
        sim.direct(Directive::Act(Action::Call(NodeId::Client(client), call)));
        sim.run_until(sim.now().plus(1_000_000));
    }
    let mut latencies = Vec::new();
    for write in 0..writes {
        sim.run_until(sim.now().plus(PAUSE_US));
        let (id, asked_at) = (CallId(sim.index()), sim.now());
        let request = crate::lab::create(&format!("/w{write}"), "some bytes", 0);
        let call = Call::Client(client::Call::Request { id, request });
        sim.direct(Directive::Act(Action::Call(NodeId::Client(client), call)));
        let limit = asked_at.plus(WAIT_MS * 1000);
        while let Some(record) = sim.step_until(limit) {
            let done = |reply: &Reply| matches!(reply, Reply::Done { id: done, result: Ok(_), .. } if *done == id);
            if record.replies().any(done) {
                latencies.push(record.at.0 - asked_at.0);
                break;
            }
        }
    }
    latencies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_answers_every_write() {
        let mut lines = Vec::new();
        super::super::answer("sweep 7 20", &mut |line| lines.push(line.to_owned()));
        let points: Vec<Vec<u64>> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("point "))
            .map(|line| line.split(' ').map(|word| word.parse().unwrap()).collect())
            .collect();
        println!("{points:?}");
        assert_eq!(points.iter().map(|point| point[0]).collect::<Vec<_>>(), [1, 3, 5, 7, 9]);
        // One server asks nobody: at most one disk access and the way to the client and back.
        assert!(points[0][1] < 60_000 && points[1][1] > points[0][1] + 20_000, "{points:?}");
        assert_eq!(measure(3, 7, 20).len(), 20);
    }
}
