//! What was done before this moment and still lasts; read from the tape.

use super::at_text;
use crate::base::NodeId;
use crate::ensemble::Actor;
use crate::sim::{Action, Directive, Hold, Micros, Sim};
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

/// ` since +1.063 s`, when this was held back.
pub(super) fn held_since(sim: &Sim<Actor>, hold: Hold) -> String {
    since(last(sim, |directive| matches!(directive, Directive::Hold(held) if *held == hold)))
}

/// `1 → 2 is cut since +1.063 s; heal it`, while that is so.
pub(super) fn cut_since(sim: &Sim<Actor>, from: NodeId, to: NodeId) -> Option<String> {
    sim.world()
        .network()
        .cuts()
        .contains(&(from, to))
        .then(|| format!("{from} → {to} is cut{}; heal it, and it goes on", cut_at(sim, from, to)))
}

fn cut_at(sim: &Sim<Actor>, from: NodeId, to: NodeId) -> String {
    since(last(
        sim,
        |directive| matches!(directive, Directive::Act(Action::Cut(x, y)) if (*x, *y) == (from, to)),
    ))
}

/// Words for how a node is cut off from another one, to stand behind "is".
pub(super) fn cut_text(sim: &Sim<Actor>, node: NodeId, other: NodeId) -> Option<String> {
    let cuts = sim.world().network().cuts();
    match (cuts.contains(&(other, node)), cuts.contains(&(node, other))) {
        (true, true) => Some(format!("cut off{}", cut_at(sim, other, node))),
        (true, false) => Some(format!("half cut off, hearing nothing{}", cut_at(sim, other, node))),
        (false, true) => Some(format!("half cut off, not heard{}", cut_at(sim, node, other))),
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
