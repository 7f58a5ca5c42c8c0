//! `zabscope replay`: one kept run again, told in the engine's own sentences.

use super::runs::guarded;
use super::{CheckError, read_tape, script, sentence};
use std::path::Path;
use std::process::ExitCode;
use zabscope_core::check::{Plan, Report};
use zabscope_core::ensemble::Actor;
use zabscope_core::sim::{Action, Cause, Directive, StepRecord};
use zabscope_core::tell;
use zabscope_core::zab::{Broken, Mutant, Rules, Sound};

/// Runs a tape, or a script named after its mutant, again and says what happens. [`ExitCode::FAILURE`] if its rule is broken.
///
/// # Errors
/// It cannot be read.
pub fn replay(path: &Path, sound: bool) -> Result<ExitCode, CheckError> {
    let (plan, mutant, about) = if path.extension().is_some_and(|ext| ext == "lab") {
        let mutant = path.file_stem().and_then(|name| Mutant::find(&name.to_string_lossy()));
        (script::plan(path)?, mutant, None)
    } else {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|why| CheckError::File(path.into(), why))?;
        let tape = read_tape(path, &text)?;
        (tape.plan(), tape.mutant, Some(tape.oracle))
    };
    let report = match mutant.filter(|_| !sound) {
        Some(mutant) => {
            println!("{} {}: {}", mutant.id(), mutant.name(), mutant.what());
            told(&plan, Broken::new(mutant))
        }
        None => told(&plan, Sound),
    };
    println!("{} steps, {} ms.", report.steps, report.time.0 / 1000);
    let Some(violation) = report.violation else {
        let about = about
            .map_or_else(String::new, |oracle| format!(" The tape is about {}.", oracle.name()));
        println!("No rule was broken.{about}");
        return Ok(ExitCode::SUCCESS);
    };
    println!("{}", sentence(&violation));
    Ok(ExitCode::FAILURE)
}

/// Makes the run and prints who did what, who says what, and who is told what.
fn told<R: Rules>(plan: &Plan, rules: R) -> Report {
    // The orders are told from the plan: a record of broken servers has another type.
    let mut orders = plan.told.iter().filter(|(_, what)| !matches!(what, Directive::Add(..)));
    guarded(plan, rules, &mut |record: &StepRecord<Actor<R>>| {
        let mut lines = Vec::new();
        if let Cause::Told(_) = record.cause
            && let Some((_, directive)) = orders.next()
        {
            lines.extend(tell::order(&Cause::Told(directive.clone())));
        }
        if let Some(node) = record.action().and_then(Action::node) {
            lines.extend(record.notes().filter_map(|note| tell::note(node, note)));
            for reply in record.replies() {
                let who = tell::sentence(&tell::node_name(node));
                lines.push(format!("{who} is told: {}.", tell::reply_text(reply)));
            }
        }
        for line in lines {
            println!("{:>9} ms  {line}", record.at.0 / 1000);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_tape_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.tape");
        std::fs::write(&path, "garbage").unwrap();
        let text = replay(&path, false).unwrap_err().to_string();
        assert!(text.starts_with(&format!("{}: the tape has no", path.display())), "{text}");
    }
}
