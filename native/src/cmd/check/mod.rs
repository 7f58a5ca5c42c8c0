//! `zabscope check`: seeds of faults against the whole server, in parallel; seeded bugs against
//! the oracles; and `zabscope replay`: one kept run again.

mod mutants;
mod runs;
mod script;
mod story;

pub use mutants::{TableOptions, table};
pub use story::replay;

use runs::{guarded, one, quietly, shrunk};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use zabscope_core::check::{CheckTape, Plan, Report, TapeError, Violation};
use zabscope_core::ensemble::Actor;
use zabscope_core::sim::{Action, Cause, Directive, Kept};
use zabscope_core::zab::{Broken, Mutant, Rules, Sound};

/// What to check.
#[derive(Debug)]
pub struct Options {
    /// How many seeds.
    pub seeds: u64,
    /// The first one.
    pub from: u64,
    /// Which guard is switched off.
    pub mutant: Option<Mutant>,
    /// Threads; 0: one for each core.
    pub jobs: usize,
    /// Where the tape of a failure goes.
    pub out: PathBuf,
}

/// Why a check or a replay gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A tape cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A file says nothing that can be run.
    #[error("{0}: {1}")]
    NoTape(PathBuf, TapeError),
    /// A run that no tape can hold.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// A script cannot be run.
    #[error("{0}: {1}")]
    Script(PathBuf, String),
    /// A document has no place for the table.
    #[error("{0} has no line {1}")]
    Place(PathBuf, &'static str),
}

/// The tape of a file with this text.
fn read_tape(path: &Path, text: &str) -> Result<CheckTape, CheckError> {
    CheckTape::from_text(text).map_err(|why| CheckError::NoTape(path.into(), why))
}

/// Sums over all runs.
#[derive(Debug, Default)]
struct Sums {
    runs: u64,
    steps: u64,
    time_us: u64,
    commits: u64,
    answered: u64,
    succeeded: u64,
    faults: BTreeMap<&'static str, u64>,
}

/// A seed whose run broke a rule.
#[derive(Debug)]
struct Failure {
    seed: u64,
    violation: Violation,
}

/// Runs the seeds. [`ExitCode::FAILURE`] if a rule was broken.
///
/// # Errors
/// The tape cannot be written.
pub fn run(options: &Options) -> Result<ExitCode, CheckError> {
    let began = Instant::now();
    let (sums, failure) = match options.mutant {
        None => all(options, Sound),
        Some(mutant) => all(options, Broken::new(mutant)),
    };
    print_sums(options, &sums, began.elapsed());
    let Some(Failure { seed, violation }) = failure else {
        println!("No rule was broken.");
        return Ok(ExitCode::SUCCESS);
    };
    println!("Seed {seed} breaks a rule: {}", sentence(&violation));
    let plan = shrunk(&Plan::of(seed), options.mutant, &violation);
    let again = one(&plan, options.mutant).violation;
    let tape = CheckTape::of(&plan, options.mutant, violation.oracle);
    let name = options.mutant.map_or_else(|| format!("seed-{seed}"), |m| m.id().to_owned());
    let path = options.out.join(format!("{name}.tape"));
    let text = tape.to_text()?;
    std::fs::write(&path, &text).map_err(|why| CheckError::File(path.clone(), why))?;
    println!("Shrunk to {} directives: {}", plan.told.len(), path.display());
    if let Some(again) = again {
        println!("  {}", sentence(&again));
    }
    println!("Behind the address of the page this opens it:");
    println!("  #r={}", tape.run.to_text().map_err(TapeError::from)?);
    Ok(ExitCode::FAILURE)
}

fn sentence(violation: &Violation) -> String {
    let who = violation.node.map_or_else(String::new, |node| format!("{node} "));
    format!(
        "{} at step {} ({} ms): {who}{}",
        violation.oracle.name(),
        violation.step,
        violation.at.0 / 1000,
        violation.sentence
    )
}

fn all<R: Rules + Send + Sync>(options: &Options, rules: R) -> (Sums, Option<Failure>) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = if options.jobs == 0 { cores } else { options.jobs };
    let (next, stop) = (AtomicU64::new(options.from), AtomicBool::new(false));
    let end = options.from.saturating_add(options.seeds);
    let shared: Mutex<(Sums, Option<Failure>)> = Mutex::default();
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let mut faults = BTreeMap::new();
            let report = guarded(&Plan::of(seed), rules.clone(), &mut |record| {
                if let (Cause::Told(directive), true) = (&record.cause, record.applied) {
                    *faults.entry(kind(directive)).or_default() += 1;
                }
            });
            let mut shared = shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            shared.0.add(&report, faults);
            if let Some(violation) = report.violation {
                stop.store(true, Ordering::Relaxed);
                // The smallest seed, so that the answer does not depend on the threads.
                if shared.1.as_ref().is_none_or(|failure| seed < failure.seed) {
                    shared.1 = Some(Failure { seed, violation });
                }
            }
        }
    };
    quietly(|| {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
            while workers.iter().any(|worker| !worker.is_finished()) {
                show(options, next.load(Ordering::Relaxed).min(end) - options.from);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
    });
    shared.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The progress bar.
fn show(options: &Options, done: u64) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let filled = usize::try_from(40 * done / options.seeds.max(1)).unwrap_or(40);
    let bar = "#".repeat(filled) + &".".repeat(40 - filled.min(40));
    eprint!("\r[{bar}] {done} of {} seeds", options.seeds);
    let _ = std::io::stderr().flush();
    if done == options.seeds {
        eprintln!();
    }
}

impl Sums {
    fn add(&mut self, report: &Report, faults: BTreeMap<&'static str, u64>) {
        self.runs += 1;
        self.steps += report.steps;
        self.time_us += report.time.0;
        self.commits += report.commits;
        self.answered += report.answered.0;
        self.succeeded += report.answered.1;
        for (kind, count) in faults {
            *self.faults.entry(kind).or_default() += count;
        }
    }
}

fn print_sums(options: &Options, sums: &Sums, took: Duration) {
    let wall = took.as_secs_f64().max(0.001);
    let simulated = Duration::from_micros(sums.time_us).as_secs();
    println!(
        "{} seeds from {} in {wall:.1} s: {} steps ({:.0} a second), {} commits",
        sums.runs,
        options.from,
        sums.steps,
        sums.steps as f64 / wall,
        sums.commits,
    );
    println!(
        "{} of {} answered calls succeeded; {simulated} s simulated, {:.0} times real time",
        sums.succeeded,
        sums.answered,
        simulated as f64 / wall,
    );
    let kinds: Vec<String> =
        sums.faults.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    println!("done to them: {}", kinds.join(", "));
}

/// What a directive is, in a word or two.
fn kind<R: Rules>(directive: &Directive<Actor<R>>) -> &'static str {
    match directive {
        Directive::Act(action) => match action {
            Action::Start(_) => "start",
            Action::Call(..) => "call",
            Action::Crash { kept: Kept::All, .. } => "crash",
            Action::Crash { kept: Kept::First(_), .. } => "power loss",
            Action::Break(..) | Action::Reset(_) => "broken link",
            Action::Cut(..) => "cut",
            Action::Heal(..) => "heal",
            Action::Deliver(_) | Action::Flush(_) | Action::Work(_) | Action::Fire(..) => "push",
        },
        Directive::Add(..) => "new server",
        Directive::Hold(_) => "hold",
        Directive::Release(_) => "release",
        Directive::Freeze(_) => "pause",
        Directive::Thaw(_) => "resume",
        Directive::SlowDisk(..) => "disk speed",
        Directive::ClockRate { .. } => "clock rate",
        Directive::WallClock(..) => "wall clock",
        Directive::Latency { .. } => "latency",
    }
}
