//! Seeds on the sound engine, and the kept tape of each mutant: it breaks its rule with the guard
//! off, and nothing with the guard on.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use zabscope_core::check::{CheckTape, Plan, run};
use zabscope_core::zab::{Broken, Sound};

#[test]
fn a_block_of_seeds_breaks_no_rule() {
    for seed in 0..30 {
        let report = run(&Plan::of(seed), Sound);
        assert_eq!(report.violation, None, "seed {seed}");
        let again = run(&Plan::of(seed), Broken::NOTHING);
        assert_eq!((again.hash, again.steps), (report.hash, report.steps), "seed {seed}");
    }
}

#[test]
fn every_kept_tape_fails_under_its_mutant_only() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mutants");
    let mut found = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.display().to_string();
        let tape = CheckTape::from_text(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let plan = tape.plan();
        let broken = run(&plan, Broken::new(tape.mutant.unwrap()));
        let oracle = broken.violation.as_ref().map(|violation| violation.oracle);
        assert_eq!(oracle, Some(tape.oracle), "{name}: {:?}", broken.violation);
        assert_eq!(run(&plan, Sound).violation, None, "{name}");
        found += 1;
    }
    assert!(found >= MUTANTS_KEPT, "{found} tapes");
}

/// Runs that broke a rule once, before the engine was mended.
#[test]
fn every_bug_that_seeds_found_stays_mended() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/regressions");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let tape = CheckTape::from_text(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(run(&tape.plan(), Sound).violation, None, "{}", path.display());
    }
}

/// As many mutants have a tape of a seed.
const MUTANTS_KEPT: usize = 16;
