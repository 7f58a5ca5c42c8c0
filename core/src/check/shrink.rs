//! Shrinking: a short plan that breaks the same rule.

use super::faults::{Plan, Told};
use super::violation::Oracle;

/// Leaves out as many directives as it can while `breaks` says that the plan still breaks the
/// rule (delta debugging: halves, quarters, and so on to single ones), then clients, observers
/// and voters that nothing needs. `breaks` is asked `budget` times at most.
pub fn shrink(
    plan: &Plan,
    oracle: Oracle,
    mut budget: u32,
    breaks: &mut dyn FnMut(&Plan) -> Option<Oracle>,
) -> Plan {
    let mut best = plan.clone();
    let mut try_it = |candidate: &Plan| {
        budget = budget.saturating_sub(1);
        budget > 0 && breaks(candidate) == Some(oracle)
    };
    // Without the healing every bound of progress would be missed.
    let shrinkable = |plan: &Plan| {
        let healing = !plan.core.is_empty();
        plan.told.iter().filter(|(at, _)| !healing || *at < plan.healed).count()
    };
    let mut size = shrinkable(&best).div_ceil(2);
    while size > 0 {
        let mut from = 0;
        let mut smaller = false;
        while from < shrinkable(&best) {
            let to = (from + size).min(shrinkable(&best));
            let rest: Told = best.told[..from].iter().chain(&best.told[to..]).cloned().collect();
            let candidate = Plan { told: rest, ..best.clone() };
            if try_it(&candidate) {
                best = candidate;
                smaller = true;
            } else {
                from = to;
            }
        }
        if !(smaller && size == 1) {
            size /= 2;
        }
    }
    for change in [
        |plan: &mut Plan| plan.settings.observers = 0,
        |plan: &mut Plan| plan.settings.clients = 1,
        |plan: &mut Plan| plan.settings.voters = 3,
        |plan: &mut Plan| plan.settings.snap_count = 100_000,
        |plan: &mut Plan| plan.settings.world.break_after_ms = None,
    ] {
        let mut candidate = best.clone();
        change(&mut candidate);
        if candidate.settings != best.settings && try_it(&candidate) {
            best = candidate;
        }
    }
    best
}
