//! Schedules written by hand, in the language of the laboratory, as plans.
//!
//! A script is run under the sound protocol, where its waits find what they wait for; what was
//! done and when is the plan. The line `core 1 2` says that the faults are over and that these
//! servers have to make progress.

use super::CheckError;
use std::path::Path;
use zabscope_core::base::Sid;
use zabscope_core::check::Plan;
use zabscope_core::lab::Lab;
use zabscope_core::sim::Micros;

/// The plan of a script.
///
/// # Errors
/// It cannot be read, or something that it waits for does not happen.
pub(super) fn plan(path: &Path) -> Result<Plan, CheckError> {
    let text = std::fs::read_to_string(path).map_err(|why| CheckError::File(path.into(), why))?;
    let wrong = |line: &str, why: &str| CheckError::Script(path.into(), format!("{line}: {why}"));
    let mut lab = Lab::default();
    let mut core = Vec::new();
    let mut healed = Micros(0);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(sids) = line.strip_prefix("core ") {
            let sids = sids.split_whitespace().map(|sid| sid.parse().map(Sid));
            core = sids.collect::<Result<_, _>>().map_err(|_| wrong(line, "no numbers"))?;
            healed = lab.sim().now();
        } else if !line.starts_with('#') {
            lab.run_line(line).map_err(|why| wrong(line, &why.to_string()))?;
        }
    }
    let entries = lab.sim().tape().entries().iter();
    let told = entries.map(|entry| (Micros(entry.at_us), entry.directive.clone())).collect();
    if core.is_empty() {
        healed = lab.sim().now();
    }
    Ok(Plan { settings: lab.settings().clone(), told, healed, core })
}
