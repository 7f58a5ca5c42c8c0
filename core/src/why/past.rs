//! What was done before this moment and still lasts; read from the tape.

use super::at_text;
use crate::base::NodeId;
use crate::ensemble::Actor;
use crate::sim::{Action, Directive, Micros, Sim};
use alloc::format;
use alloc::string::String;

/// When the last order before the cursor that fits was given.
fn last(sim: &Sim<Actor>, fits: impl Fn(&Directive<Actor>) -> bool) -> Option<Micros> {
    let entries = sim.tape().entries().iter().rev();
    let mut before = entries.skip_while(|entry| entry.index >= sim.index());
    before.find(|entry| fits(&entry.directive)).map(|entry| Micros(entry.at_us))
}

fn since(at: Option<Micros>) -> String {
    at.map_or_else(String::new, |at| format!(" since {}", at_text(at)))
}

/// Words for a cut between two nodes, the first hindrance on the way there and back.
pub(super) fn cut_text(sim: &Sim<Actor>, a: NodeId, b: NodeId) -> Option<String> {
    let cuts = sim.world().network().cuts();
    let at = |from, to| {
        last(
            sim,
            |directive| matches!(directive, Directive::Act(Action::Cut(x, y)) if (*x, *y) == (from, to)),
        )
    };
    match (cuts.contains(&(a, b)), cuts.contains(&(b, a))) {
        (true, true) => Some(format!("cut off{}", since(at(a, b)))),
        (true, false) => Some(format!("hears nothing{}", since(at(a, b)))),
        (false, true) => Some(format!("is not heard{}", since(at(b, a)))),
        (false, false) => None,
    }
}

/// Words for a process that does not run, or stands still.
pub(super) fn stopped_text(sim: &Sim<Actor>, node: NodeId) -> Option<String> {
    if sim.world().process(node).is_none() {
        let at = last(
            sim,
            |directive| matches!(directive, Directive::Act(Action::Crash { node: dead, .. }) if *dead == node),
        );
        return Some(format!("down{}", since(at)));
    }
    if sim.frozen().contains(&node) {
        let at =
            last(sim, |directive| matches!(directive, Directive::Freeze(cold) if *cold == node));
        return Some(format!("frozen{}", since(at)));
    }
    None
}
