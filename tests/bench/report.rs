//! The figures as text.

use super::load::{CONNECTIONS, DATA_BYTES, Work};
use super::process::Memory;
use super::steps::Steps;
use super::{Phase, Subject, middle, phases};
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

/// How many times less CPU time than Apache's an operation is to take.
fn wanted(work: Work) -> f64 {
    match work {
        Work::Create | Work::Set => 5.0,
        Work::Get | Work::Mixed => 6.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn float(number: u64) -> f64 {
    number as f64
}

impl Phase {
    fn cpu_us_an_operation(&self) -> f64 {
        float(self.cpu_us) / float(self.operations.max(1))
    }

    fn operations_a_second(&self) -> f64 {
        float(self.operations) / self.took.as_secs_f64()
    }
}

/// One phase, while it runs.
pub(crate) fn show(subject: &Subject, work: Work, depth: usize, phase: &Phase) {
    println!(
        "{:<9} {work:?} x {depth}: {:.1} us, {:.0} a second",
        subject.name,
        phase.cpu_us_an_operation(),
        phase.operations_a_second()
    );
}

/// The whole report. The first subject is ours, the second one Apache's.
pub(crate) fn text(
    subjects: &[Subject],
    floors: &[f64],
    steps: &Steps,
    quick: bool,
) -> Result<String> {
    let ours = subjects.first().context("nothing was measured")?;
    let apache = subjects.iter().find(|subject| subject.apache);
    let mut text = String::from("# Figures\n\n");
    let how = if quick { " --quick" } else { "" };
    writeln!(
        text,
        "Written by `cargo xtask bench{how}`: three servers of each kind on one machine ({}), both \
         ensembles up at once with the same zoo.cfg (tickTime 2000), warmed up, then loaded in turns \
         by a closed loop on {CONNECTIONS} connections, {DATA_BYTES} bytes of data. CPU time is that \
         of the three servers, user and system, from `/proc/PID/stat`. Only ratios within one run \
         mean something: the machine is small and shared. What a phase creates is deleted behind \
         it, by multis that are not counted: else the ensemble that creates more in its time would \
         work, and write its snapshots, on the larger tree from then on.\n",
        machine()
    )?;
    match apache {
        Some(apache) => {
            let srvr = apache.ensemble.word(1, "srvr")?;
            let version = srvr.lines().next().unwrap_or_default();
            writeln!(text, "Apache's ensemble: {version}, {}.\n", super::JAVA_HEAP)?;
        }
        None => writeln!(text, "Apache's classes were not found.\n")?,
    }
    load_table(&mut text, ours, apache)?;
    floor_text(&mut text, floors, ours, apache)?;
    other_table(&mut text, ours, apache)?;
    steps_text(&mut text, steps)?;
    Ok(text)
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let about = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = about.lines().find_map(|line| line.strip_prefix("model name"));
    let name = name.and_then(|line| line.split_once(": ")).map_or("?", |(_, name)| name);
    format!("{cores} cores, {name}")
}

fn load_table(text: &mut String, ours: &Subject, apache: Option<&Subject>) -> Result<()> {
    text.push_str("## Load\n\n");
    text.push_str(
        "| operation | on the way | CPU us an operation | Apache's | Apache's in ours | wanted \
         | operations a second | Apache's |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (number, (work, depth)) in phases().enumerate() {
        let name = format!("{work:?}").to_lowercase();
        let (mine, theirs) =
            (ours.figures.phases[number], apache.map(|apache| apache.figures.phases[number]));
        write!(text, "| {name} | {CONNECTIONS} x {depth} | {:.1} ", mine.cpu_us_an_operation())?;
        match theirs {
            Some(theirs) => {
                let ratio = theirs.cpu_us_an_operation() / mine.cpu_us_an_operation();
                write!(text, "| {:.1} | {ratio:.1} ", theirs.cpu_us_an_operation())?;
            }
            None => text.push_str("| | "),
        }
        write!(text, "| {} | {:.0} ", wanted(work), mine.operations_a_second())?;
        match theirs {
            Some(theirs) => writeln!(text, "| {:.0} |", theirs.operations_a_second())?,
            None => text.push_str("| |\n"),
        }
    }
    text.push('\n');
    Ok(())
}

/// The floors stand in the order of the phases.
fn floor_text(
    text: &mut String,
    floors: &[f64],
    ours: &Subject,
    apache: Option<&Subject>,
) -> Result<()> {
    text.push_str(
        "What every server spends: three programs that only move the bytes of a request, measured \
         in the same run. For a get each ready connection is read once and written to once. A set or \
         a create is forwarded, proposed, written to three logs with one fdatasync a turn, \
         acknowledged, committed and answered. There is no tree, no session, no frame to decode. \
         Where a fifth or a sixth of Apache's figure is less than this, or hardly more, no server \
         of this shape reaches it.\n\n\
         | operation | on the way | these programs | Zabscope | wanted at most |\n|---|---|---|---|---|\n",
    );
    for (number, ((work, depth), us)) in phases().zip(floors).enumerate() {
        let name = format!("{work:?}").to_lowercase();
        let mine = ours.figures.phases[number].cpu_us_an_operation();
        let most = apache.map_or_else(String::new, |apache| {
            let theirs = apache.figures.phases[number].cpu_us_an_operation();
            format!("{:.1}", theirs / wanted(work))
        });
        writeln!(text, "| {name} | {CONNECTIONS} x {depth} | {us:.1} | {mine:.1} | {most} |")?;
    }
    text.push('\n');
    Ok(())
}

fn other_table(text: &mut String, ours: &Subject, apache: Option<&Subject>) -> Result<()> {
    text.push_str("## Start, memory, failover\n\n");
    text.push_str("| | Zabscope | Apache | wanted |\n|---|---|---|---|\n");
    let mut row = |what: &str, cell: &dyn Fn(&Subject) -> String, wanted: &str| {
        let theirs = apache.map(cell).unwrap_or_default();
        writeln!(text, "| {what} | {} | {theirs} | {wanted} |", cell(ours))
    };
    row(
        "empty ensemble: from the start of its processes to the first acknowledged write",
        &|subject| ms(subject.figures.first_write),
        "500 ms",
    )?;
    row("three idle servers, PSS (RSS)", &|subject| megabytes(subject.figures.idle), "20 MB")?;
    row("after the load, PSS (RSS)", &|subject| megabytes(subject.figures.loaded), "")?;
    row(
        "kill -9 of the leader to the first new acknowledged write: the middle one (all)",
        &|subject| {
            let all: Vec<_> = subject.figures.failovers.iter().map(|time| ms(*time)).collect();
            format!("{} ({})", ms(middle(&subject.figures.failovers)), all.join(", "))
        },
        "half of Apache's",
    )?;
    text.push('\n');
    Ok(())
}

fn ms(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

fn megabytes(memory: Memory) -> String {
    let mb = |kb: u64| float(kb) * 1024.0 / 1e6;
    format!("{:.1} MB ({:.1})", mb(memory.pss_kb), mb(memory.rss_kb))
}

fn steps_text(text: &mut String, steps: &Steps) -> Result<()> {
    let Steps { seeds, steps, native, wasm } = steps;
    writeln!(
        text,
        "## Simulation\n\n\
         Whole servers under faults with all oracles, seeds 0 to {}: {steps} steps, a second of one \
         core natively {native:.0} (wanted 100000), in wasm {} (wanted 30000).",
        seeds - 1,
        wasm.map_or_else(|| "not measured".to_owned(), |rate| format!("{rate:.0}"))
    )?;
    Ok(())
}
