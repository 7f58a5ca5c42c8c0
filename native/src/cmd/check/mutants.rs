//! `zabscope check --mutants`: every seeded bug against the oracles, by seeds and by schedules
//! written by hand, and the table of what killed it.

use super::runs::{one, quietly, shrunk};
use super::{CheckError, read_tape, script};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zabscope_core::check::{CheckTape, Plan};
use zabscope_core::zab::Mutant;

/// Around the table in a document.
const BEGIN: &str = "<!-- zabscope check --mutants -->";
const END: &str = "<!-- end of the mutants -->";

/// Steps of the shortest schedule known, in a model with atomic steps: `invariants`, measured by
/// breadth-first search. `None`: never searched.
const SHORTEST: [Option<u32>; 25] = [
    Some(7),
    Some(5),
    Some(10),
    Some(7),
    Some(10),
    Some(12),
    Some(13),
    Some(12),
    Some(18),
    Some(20),
    None,
    Some(12),
    Some(12),
    Some(20),
    Some(3),
    Some(5),
    Some(27),
    Some(14),
    Some(14),
    None,
    Some(11),
    Some(13),
    Some(16),
    Some(16),
    Some(10),
];

/// What to do.
#[derive(Debug)]
pub struct TableOptions {
    /// How many seeds each mutant gets.
    pub seeds: u64,
    /// The first one.
    pub from: u64,
    /// Which mutant; `None`: all.
    pub only: Option<Mutant>,
    /// Folder of the scripts `M01.lab` and of the tapes `M01.tape`, which are replaced by shorter
    /// ones.
    pub folder: PathBuf,
    /// The document with the table.
    pub doc: Option<PathBuf>,
}

/// How a mutant was killed.
#[derive(Debug)]
struct Kill {
    tape: CheckTape,
    directives: usize,
    steps: u64,
}

/// Kills all mutants and prints the table. [`ExitCode::FAILURE`] if one survives.
///
/// # Errors
/// A file cannot be read or written.
pub fn table(options: &TableOptions) -> Result<ExitCode, CheckError> {
    let mut text = String::from(
        "| Mutant | First broken | Seeds | Directives when shrunk | Steps of that run | Shortest known |\n\
         |---|---|---|---|---|---|\n",
    );
    let mut survivors = 0;
    for &mutant in Mutant::ALL.iter().filter(|m| options.only.is_none_or(|only| only == **m)) {
        let row = row(options, mutant)?;
        println!("{row}");
        survivors += u32::from(row.contains("| survives |"));
        let _ = writeln!(text, "{row}");
    }
    if let Some(path) = &options.doc
        && options.only.is_none()
    {
        put(path, &text)?;
    }
    println!("{survivors} survive.");
    Ok(if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn row(options: &TableOptions, mutant: Mutant) -> Result<String, CheckError> {
    let name = format!("{} {}", mutant.id(), mutant.name());
    let known = SHORTEST[mutant as usize].map_or("-".into(), |steps| steps.to_string());
    let kept = options.folder.join(format!("{}.tape", mutant.id()));
    let (seed, mut found) = by_seeds(options, mutant);
    for plan in [by_tape(&kept)?, by_script(options, mutant)?].into_iter().flatten() {
        found.extend(kill(&plan, mutant));
    }
    let Some(best) = found.into_iter().min_by_key(|kill| (kill.directives, kill.steps)) else {
        return Ok(format!("| {name} | survives | {} tried | | | {known} |", options.seeds));
    };
    let text = best.tape.to_text()?;
    std::fs::write(&kept, text).map_err(|why| CheckError::File(kept, why))?;
    let scripted = options.folder.join(format!("{}.lab", mutant.id())).exists();
    let seeds = match seed {
        Some(seed) => seed.to_string(),
        None if scripted => "by schedule".into(),
        None => format!("over {}", options.seeds),
    };
    let (oracle, directives, steps) = (best.tape.oracle.name(), best.directives, best.steps);
    Ok(format!("| {name} | {oracle} | {seeds} | {directives} | {steps} | {known} |"))
}

/// How many seeds it took, and the shrunk run of the last of them.
fn by_seeds(options: &TableOptions, mutant: Mutant) -> (Option<u64>, Vec<Kill>) {
    for tried in 0..options.seeds {
        let plan = Plan::of(options.from + tried);
        if quietly(|| one(&plan, Some(mutant))).violation.is_some() {
            return (Some(tried + 1), kill(&plan, mutant).into_iter().collect());
        }
    }
    (None, Vec::new())
}

fn by_tape(path: &Path) -> Result<Option<Plan>, CheckError> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    Ok(Some(read_tape(path, &text)?.plan()))
}

fn by_script(options: &TableOptions, mutant: Mutant) -> Result<Option<Plan>, CheckError> {
    let path = options.folder.join(format!("{}.lab", mutant.id()));
    if path.exists() { script::plan(&path).map(Some) } else { Ok(None) }
}

/// The shrunk form of a run, if it breaks a rule under the mutant and none without.
fn kill(plan: &Plan, mutant: Mutant) -> Option<Kill> {
    let violation = quietly(|| one(plan, Some(mutant))).violation?;
    let plan = shrunk(plan, Some(mutant), &violation);
    let steps = quietly(|| one(&plan, Some(mutant))).steps;
    let tape = CheckTape::of(&plan, Some(mutant), violation.oracle);
    // A tape is what the sound protocol makes of it, and must say the same when it is read.
    let again = quietly(|| one(&tape.plan(), Some(mutant))).violation?;
    let sound = quietly(|| one(&tape.plan(), None)).violation;
    let right = again.oracle == violation.oracle && sound.is_none();
    right.then_some(Kill { tape, directives: plan.told.len(), steps })
}

/// Puts the table into the document.
fn put(path: &Path, table: &str) -> Result<(), CheckError> {
    let text = std::fs::read_to_string(path).map_err(|why| CheckError::File(path.into(), why))?;
    let place = |mark| text.find(mark).ok_or_else(|| CheckError::Place(path.into(), mark));
    let (begin, end) = (place(BEGIN)? + BEGIN.len(), place(END)?);
    let text = format!("{}\n\n{table}\n{}", &text[..begin], &text[end..]);
    std::fs::write(path, text).map_err(|why| CheckError::File(path.into(), why))
}
