//! A run with the rule that it breaks, as text: what is kept of a mutant or a bug.
//!
//! One line each: `mutant M01` (absent for the sound protocol), `oracle NAME`, `run TEXT` with a
//! [`SavedRun`] as in a link.

use super::faults::Plan;
use super::violation::Oracle;
use crate::saved::{SavedError, SavedRun};
use crate::sim::Sim;
use crate::zab::Mutant;
use alloc::format;
use alloc::string::String;

/// See the module.
#[derive(Clone, Debug)]
pub struct CheckTape {
    /// Whose rules break it; `None`: the sound protocol's.
    pub mutant: Option<Mutant>,
    /// The rule that is broken.
    pub oracle: Oracle,
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
        sim.run_until(plan.end.unwrap_or(plan.healed));
        Self { mutant, oracle, run: SavedRun::of(&plan.settings, &sim) }
    }

    /// What is to be done again.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let told = self
            .run
            .entries
            .iter()
            .map(|entry| (crate::sim::Micros(entry.at_us), entry.directive.clone()));
        Plan {
            settings: self.run.settings.clone(),
            told: told.collect(),
            healed: self.run.at,
            end: self.oracle.is_progress().then_some(self.run.at),
        }
    }

    /// As text.
    ///
    /// # Errors
    /// The run cannot be saved.
    pub fn to_text(&self) -> Result<String, TapeError> {
        let mutant =
            self.mutant.map_or(String::new(), |mutant| format!("mutant {}\n", mutant.id()));
        Ok(format!("{mutant}oracle {}\nrun {}\n", self.oracle.name(), self.run.to_text()?))
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
        let run = line("run ").ok_or(TapeError::Line("run"))?;
        Ok(Self {
            mutant,
            oracle: oracle.ok_or(TapeError::Line("oracle"))?,
            run: SavedRun::from_text(run)?,
        })
    }
}
