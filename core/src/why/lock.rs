//! Why nobody holds a lock.

use super::past::stopped_text;
use super::{Guard, Why};
use crate::base::{ClientId, NodeId, Set};
use crate::ensemble::{Actor, Call};
use crate::recipes::{Phase, Worker};
use crate::sim::{Action, Directive, Sim};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Why nobody holds the lock at this path; `None` if somebody does.
#[must_use]
pub fn lock(sim: &Sim<Actor>, path: &str) -> Option<Why> {
    let wanted: Vec<ClientId> = wanted(sim, path).into_iter().collect();
    let worker = |id: &ClientId| sim.world().process(NodeId::Client(*id)).and_then(Actor::worker);
    let phase = |worker: &Worker| worker.recipe().map(|it| it.phase()).unwrap_or_default();
    if wanted.iter().filter_map(worker).any(|worker| phase(worker) == Phase::First) {
        return None;
    }
    let values = wanted.iter().map(|id| {
        let what = stopped_text(sim, NodeId::Client(*id)).unwrap_or_else(|| "runs".into());
        format!("client {}: {what}", id.0)
    });
    let values: Vec<String> = values.collect();
    let runs = wanted.iter().filter_map(worker).count();
    let wants = Guard { name: "A client that wants it runs", holds: runs > 0, values };
    let value = format!("first = none of {runs}");
    let first = Guard::new("One of them knows that it is the first", false, value);
    let sentence = match (wanted.len(), runs) {
        (0, _) => format!("No client wants {path}."),
        (_, 0) => format!("No client that wants {path} runs."),
        _ => format!("No client knows yet that it is the first at {path}."),
    };
    let guards = if runs > 0 { [wants, first].into() } else { [wants].into() };
    Some(Why::new(format!("Why nobody holds {path}"), guards, sentence))
}

/// Clients whose program it is to hold it, and those whose last one it was.
fn wanted(sim: &Sim<Actor>, path: &str) -> Set<ClientId> {
    let mut wanted = Set::new();
    let entries = sim.tape().entries().iter().take_while(|entry| entry.index < sim.index());
    for entry in entries {
        if let Directive::Act(Action::Call(NodeId::Client(id), Call::Run(program))) =
            &entry.directive
        {
            if program.root() == Some(path) {
                wanted.insert(*id);
            } else {
                wanted.remove(id);
            }
        }
    }
    wanted
}
