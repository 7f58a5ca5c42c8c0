//! A run with the rule that it breaks, as text: what is kept of a mutant or a bug.
//!
//! One line each: `mutant M01` (absent for the sound protocol), `oracle NAME`, for progress
//! `healed MICROSECONDS` and `core 1 2 3`, `run TEXT` with a [`SavedRun`] as in a link.

use super::faults::Plan;
use super::violation::Oracle;
use crate::base::Sid;
use crate::saved::{SavedError, SavedRun};
use crate::sim::{Micros, Sim};
use crate::zab::Mutant;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// See the module.
#[derive(Clone, Debug)]
pub struct CheckTape {
    /// Whose rules break it; `None`: the sound protocol's.
    pub mutant: Option<Mutant>,
    /// The rule that is broken.
    pub oracle: Oracle,
    /// When the last fault was mended, and at which servers; `None`: only safety is judged.
    pub healed: Option<(Micros, Vec<Sid>)>,
    /// What is done.
    pub run: SavedRun,
}

/// Why a text is no tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TapeError {
    /// No such line.
    #[error("the tape has no valid line `{0}`")]
    Line(&'static str),
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] SavedError),
}

impl CheckTape {
    /// The tape of a plan. The run is made under the sound protocol: that is what a link shows.
    #[must_use]
    pub fn of(plan: &Plan, mutant: Option<Mutant>, oracle: Oracle) -> Self {
        let mut sim = Sim::retell(plan.settings.setup(), &plan.told);
        sim.run_until(plan.end());
        let healed = (!plan.core.is_empty()).then(|| (plan.healed, plan.core.clone()));
        Self { mutant, oracle, healed, run: SavedRun::of(&plan.settings, &sim) }
    }

    /// What is to be done again.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let told =
            self.run.entries.iter().map(|entry| (Micros(entry.at_us), entry.directive.clone()));
        let (healed, core) = self.healed.clone().unwrap_or((self.run.at, Vec::new()));
        Plan { settings: self.run.settings.clone(), told: told.collect(), healed, core }
    }

    /// As text.
    ///
    /// # Errors
    /// The run cannot be saved.
    pub fn to_text(&self) -> Result<String, TapeError> {
        let mutant =
            self.mutant.map_or(String::new(), |mutant| format!("mutant {}\n", mutant.id()));
        let healed = self.healed.as_ref().map_or(String::new(), |(at, core)| {
            let core: Vec<String> = core.iter().map(|sid| format!("{sid}")).collect();
            format!("healed {}\ncore {}\n", at.0, core.join(" "))
        });
        let oracle = self.oracle.name();
        Ok(format!("{mutant}oracle {oracle}\n{healed}run {}\n", self.run.to_text()?))
    }

    /// From text.
    ///
    /// # Errors
    /// See [`TapeError`].
    pub fn from_text(text: &str) -> Result<Self, TapeError> {
        let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
        let mutant = match line("mutant ") {
            Some(name) => Some(Mutant::find(name.trim()).ok_or(TapeError::Line("mutant"))?),
            None => None,
        };
        let oracle = line("oracle ").and_then(|name| Oracle::find(name.trim()));
        let healed = match (line("healed "), line("core ")) {
            (Some(at), Some(core)) => {
                let at = at.trim().parse().map_err(|_| TapeError::Line("healed"))?;
                let core = core.split_whitespace().map(|sid| sid.parse().map(Sid));
                let core = core.collect::<Result<_, _>>().map_err(|_| TapeError::Line("core"))?;
                Some((Micros(at), core))
            }
            _ => None,
        };
        let run = line("run ").ok_or(TapeError::Line("run"))?;
        Ok(Self {
            mutant,
            oracle: oracle.ok_or(TapeError::Line("oracle"))?,
            healed,
            run: SavedRun::from_text(run)?,
        })
    }
}
