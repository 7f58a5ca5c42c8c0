//! `zabscope explore`: everything that can happen to a small ensemble, within bounds.

use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use zabscope_core::explore::{Bounds, Progress, Search};
use zabscope_core::zab::{Broken, Mutant, Rules, Sound};

/// States between two looks at the clock.
const TURN: u32 = 50_000;

/// What to search.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How far.
    pub bounds: Bounds,
    /// Which guard is switched off.
    pub mutant: Option<Mutant>,
    /// Stop after this many different states.
    pub states_max: u64,
}

/// Sizes of a sketch of the same protocol with the same bounds: servers, writes, crashes, breaks,
/// elections, whether discovery is cut into messages, transitions, states. The sketch sent a
/// history as one message, made a whole batch durable at once, and had no work of the disk.
const SKETCH: &[([u8; 5], bool, u64, u64)] = &[
    ([3, 1, 1, 1, 2], false, 355_861, 119_733),
    ([3, 1, 1, 2, 2], false, 1_207_682, 339_709),
    ([3, 1, 2, 1, 2], false, 1_427_882, 388_854),
    ([3, 2, 0, 2, 2], false, 3_071_769, 980_921),
    ([3, 2, 1, 1, 2], false, 5_270_477, 1_583_500),
    ([3, 2, 2, 0, 3], false, 6_247_909, 2_173_033),
    ([3, 1, 1, 1, 2], true, 1_325_183, 468_753),
    ([3, 1, 2, 1, 2], true, 6_495_529, 1_882_745),
];

/// Searches. [`ExitCode::FAILURE`] if an invariant breaks, or if the search was not complete.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    match options.mutant {
        None => search(options, Sound),
        Some(mutant) => {
            println!("{} {}: {}", mutant.id(), mutant.name(), mutant.what());
            search(options, Broken::new(mutant))
        }
    }
}

fn search<R: Rules + Eq + std::hash::Hash>(options: &Options, rules: R) -> ExitCode {
    let Bounds { servers, txns, crashes, breaks, elections, fine } = options.bounds;
    let how = if fine { "fine" } else { "coarse" };
    println!(
        "{servers} servers, {txns} writes, {crashes} crashes, {breaks} breaks, \
         {elections} elections; {how}"
    );
    let began = Instant::now();
    let mut search = Search::new(options.bounds, rules);
    let mut shown = Instant::now();
    let panicked = loop {
        // An engine that stops itself on a broken contract is a finding as well.
        match catch_unwind(AssertUnwindSafe(|| search.advance(TURN))) {
            Ok(true) if search.progress().unique < options.states_max => {}
            Ok(_) => break false,
            Err(_) => break true,
        }
        if shown.elapsed() > Duration::from_secs(1) {
            shown = Instant::now();
            show(&search.progress());
        }
    };
    let complete = search.is_complete();
    print_sizes(&search.progress(), complete, began.elapsed());
    if complete {
        compare(&options.bounds, &search.progress());
    }
    let (sentence, way) = match search.broken() {
        Some(broken) => {
            let found = &broken.found;
            let sentence =
                format!("{}: server {} {}", found.invariant.name(), found.server, found.sentence);
            (sentence, broken.way.clone())
        }
        None if panicked => ("The engine stopped itself.".to_owned(), search.trying()),
        None if complete => {
            println!("No invariant was broken.");
            return ExitCode::SUCCESS;
        }
        None => {
            println!("No invariant was broken so far; the search was stopped.");
            return ExitCode::FAILURE;
        }
    };
    println!("{sentence}");
    for (index, step) in way.iter().enumerate() {
        println!("{:>4}  {step}", index + 1);
    }
    ExitCode::FAILURE
}

fn show(progress: &Progress) {
    if std::io::stderr().is_terminal() {
        let Progress { unique, done, depth, .. } = progress;
        eprint!("\r{unique} states, {} to look at, depth {depth}   ", unique - done);
        let _ = std::io::stderr().flush();
    }
}

fn print_sizes(progress: &Progress, complete: bool, took: Duration) {
    let Progress { unique, transitions, depth, locals, ends, .. } = progress;
    let seconds = took.as_secs_f64().max(0.001);
    let word = if complete { "complete" } else { "not complete" };
    println!(
        "{word}: {transitions} transitions, {unique} states, depth {depth}, {ends} ends, \
         {locals} different servers"
    );
    println!("{seconds:.1} s, {:.0} transitions a second", *transitions as f64 / seconds);
}

fn compare(bounds: &Bounds, progress: &Progress) {
    let Bounds { servers, txns, crashes, breaks, elections, fine } = *bounds;
    let key = [servers, txns, crashes, breaks, elections];
    let known = SKETCH.iter().find(|(bounds, cut, ..)| *bounds == key && *cut == fine);
    if let Some((_, _, transitions, states)) = known {
        println!(
            "a sketch of the protocol with larger steps: {transitions} transitions, {states} \
             states ({:.1} times as many here)",
            progress.unique as f64 / *states as f64
        );
    }
}
