//! Single runs, guarded against an engine that panics, and their shrinking.

use std::panic::{AssertUnwindSafe, catch_unwind};
use zabscope_core::check::{Oracle, Plan, Report, Violation, shrink, watch};
use zabscope_core::ensemble::Actor;
use zabscope_core::sim::{Micros, StepRecord};
use zabscope_core::zab::{Broken, Mutant, Rules, Sound};

/// How many runs a shrinking may cost.
const SHRINK_RUNS: u32 = 3_000;

/// Makes a run; an engine that panics has broken a rule too.
pub(super) fn guarded<R: Rules>(
    plan: &Plan,
    rules: R,
    each: &mut dyn FnMut(&StepRecord<Actor<R>>),
) -> Report {
    let mut last = (0, Micros(0));
    let result = catch_unwind(AssertUnwindSafe(|| {
        watch(plan, rules, &mut |record| {
            last = (record.index, record.at);
            each(record);
        })
    }));
    result.unwrap_or_else(|why| {
        let why = why.downcast_ref::<String>().cloned();
        let (steps, time) = last;
        let violation = Violation {
            oracle: Oracle::ProcessSound,
            step: steps,
            at: time,
            node: None,
            sentence: why.unwrap_or_else(|| "the engine panicked".into()),
        };
        Report { violation: Some(violation), steps, time, commits: 0, answered: (0, 0), hash: 0 }
    })
}

/// The same under the rules of a mutant, or the sound ones.
pub(super) fn one(plan: &Plan, mutant: Option<Mutant>) -> Report {
    match mutant {
        None => guarded(plan, Sound, &mut |_| ()),
        Some(mutant) => guarded(plan, Broken::new(mutant), &mut |_| ()),
    }
}

/// A short plan that breaks the same rule.
pub(super) fn shrunk(plan: &Plan, mutant: Option<Mutant>, violation: &Violation) -> Plan {
    let oracle = violation.oracle;
    let mut plan = plan.clone();
    if !oracle.is_progress() {
        // Nothing behind the failure is needed.
        plan.told.retain(|(at, _)| *at <= violation.at);
        (plan.healed, plan.core) = (violation.at, Vec::new());
    }
    quietly(|| {
        shrink(&plan, oracle, SHRINK_RUNS, &mut |candidate| {
            // What nobody is told to start makes no progress under any rules.
            let idle = oracle.is_progress()
                && mutant.is_some()
                && one(candidate, None).violation.is_some();
            let found = one(candidate, mutant).violation.filter(|_| !idle);
            found.map(|violation| violation.oracle)
        })
    })
}

/// Without the messages of panics that are expected and caught.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let result = work();
    std::panic::set_hook(hook);
    result
}
