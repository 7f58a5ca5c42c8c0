//! Rules that no mutant and no changed record breaks: what the oracle remembers is changed.

use super::*;
use crate::check::Plan;
use crate::sim::{Directive, Sim};

const ME: NodeId = NodeId::Server(Sid(1));

fn found(judged: Result<(), Found>) -> Option<Oracle> {
    judged.err().map(|(oracle, ..)| oracle)
}

/// What is found in a run with writes if `change` is done to the oracle's memory behind each step.
fn remembering(change: impl Fn(&mut Safety)) -> Option<Oracle> {
    let plan = Plan::of(0);
    let mut sim = Sim::new(plan.settings.setup());
    let mut safety = Safety::default();
    let mut told = plan.told.iter().filter(|(_, directive)| {
        matches!(directive, Directive::Act(Action::Start(_) | Action::Call(..)))
    });
    let mut next = told.next();
    let mut changed = false;
    while sim.now() < plan.healed {
        let limit = next.map_or(plan.healed, |(at, _)| *at);
        let record = match (sim.step_until(limit), next) {
            (Some(record), _) => record,
            (None, Some((at, directive))) => {
                next = told.next();
                sim.run_until(*at);
                sim.direct(directive.clone())
            }
            (None, None) => break,
        };
        if let Some(oracle) = found(safety.look(sim.world(), &record)) {
            return Some(oracle);
        }
        if safety.commits() > 3 {
            change(&mut safety);
            changed = true;
        }
    }
    assert!(changed, "the run has writes");
    None
}

#[test]
fn histories_that_are_not_the_committed_one() {
    assert_eq!(remembering(|_| ()), None);
    let served = remembering(|safety| {
        for (_, seen) in safety.seen.iter_mut() {
            seen.checked = Zxid::new(Epoch(99), 1);
        }
    });
    assert_eq!(served, Some(Oracle::CommittedLogMonotonicity));
    let other = remembering(|safety| {
        if let Some(last) = safety.committed.last_mut() {
            last.payload = Some(Payload::from_static(b"another transaction"));
        }
    });
    assert_eq!(other, Some(Oracle::PrefixConsistency));
}

#[test]
fn deliveries_out_of_the_order_of_their_primaries() {
    let safety = Safety::default();
    let zxid = |epoch, counter| Zxid::new(Epoch(epoch), counter);
    let order = |before, after| found(safety.in_primary_order(ME, before, after));
    assert_eq!(order(zxid(1, 1), zxid(1, 2)), None);
    assert_eq!(order(zxid(1, 2), zxid(2, 1)), None);
    assert_eq!(order(zxid(1, 2), zxid(1, 1)), Some(Oracle::LocalPrimaryOrder));
    assert_eq!(order(zxid(2, 1), zxid(1, 2)), Some(Oracle::GlobalPrimaryOrder));
}
