//! Seeds on the sound engine, and the kept tape of each mutant: it breaks its rule with the guard
//! off, and nothing with the guard on.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use zabscope_core::check::{CheckTape, Plan, run};
use zabscope_core::zab::{Broken, Mutant, Sound};

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
fn every_mutant_has_a_tape_that_fails_under_it_only_and_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let table = std::fs::read_to_string(root.join("docs/CHECKED.md")).unwrap();
    for mutant in Mutant::ALL.iter().copied() {
        let name = mutant.id();
        let path = root.join(format!("tests/mutants/{name}.tape"));
        let tape = CheckTape::from_text(&std::fs::read_to_string(path).unwrap()).unwrap();
        let plan = tape.plan();
        assert_eq!(tape.mutant, Some(mutant));
        let broken = run(&plan, Broken::new(mutant));
        let oracle = broken.violation.as_ref().map(|violation| violation.oracle);
        assert_eq!(oracle, Some(tape.oracle), "{name}: {:?}", broken.violation);
        assert_eq!(run(&plan, Sound).violation, None, "{name}");

        let line = table.lines().find(|line| line.starts_with(&format!("| {name} "))).unwrap();
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (directives, steps) = (plan.told.len().to_string(), broken.steps.to_string());
        assert_eq!(cells[2], tape.oracle.name(), "{line}");
        assert_eq!(cells[4..6], [directives.as_str(), steps.as_str()], "{line}");
    }
}

/// Two guards that hide each other: each of these mutants alone breaks nothing here.
#[test]
fn election_by_id_and_the_check_of_who_is_ahead_hide_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mutants");
    for (name, mutant) in [("M08", Mutant::M08), ("M09", Mutant::M09)] {
        let text = std::fs::read_to_string(root.join(format!("{name}.tape"))).unwrap();
        let plan = CheckTape::from_text(&text).unwrap().plan();
        for alone in [mutant, Mutant::M10] {
            assert_eq!(run(&plan, Broken::NOTHING.and(alone)).violation, None, "{name} {alone:?}");
        }
        assert!(run(&plan, Broken::new(mutant)).violation.is_some(), "{name}");
    }
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
