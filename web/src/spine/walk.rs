//! Cause and effect: from a message to the one that it comes from, and to those it led to.

use super::trail::Trail;
use crate::lab::Lab;
use crate::lab::record::Flight;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// What caused this.
    Cause,
    /// What this caused.
    Effect,
    /// The one before it from the same sender.
    Before,
    /// The next one from the same sender.
    After,
}

/// The step in whose course `step` was decided: an ACK is sent when a disk has answered, and the
/// disk was asked when the PROPOSAL came.
fn origin(trail: &Trail, step: u64) -> u64 {
    let mut flushes = trail.flushes.before(usize::MAX);
    let flush = flushes.find(|flush| flush.done.is_some_and(|(done, _)| done == step));
    flush.map_or(step, |flush| flush.step)
}

/// The message that caused this one, by its sending; `None` if a timer or a person did.
#[must_use]
pub fn cause(lab: &Lab, id: u64) -> Option<u64> {
    let trail = &lab.record().trail;
    let sent = lab.flight(id)?.step;
    let is_loud = |id: &u64| lab.flight(*id).is_some_and(|flight| !flight.look.is_quiet());
    trail.arrived_in(origin(trail, sent)).filter(is_loud)
}

/// The messages that this one led to, as far as the run is known.
#[must_use]
pub fn effects(lab: &Lab, id: u64) -> Vec<u64> {
    let trail = &lab.record().trail;
    let Some((arrived, ..)) = trail.way(id).and_then(|way| way.end) else { return Vec::new() };
    let mut steps = vec![arrived];
    let first = trail.flushes.partition_point(|flush| flush.step < arrived);
    for place in first..trail.flushes.len() {
        let Some(flush) = trail.flushes.get(place).filter(|f| f.step == arrived) else { break };
        steps.extend(flush.done.map(|(done, _)| done));
    }
    let flights = &lab.record().flights;
    let mut found = Vec::new();
    for step in steps {
        let first = flights.partition_point(|flight| flight.step < step);
        for place in first..flights.len() {
            let Some(flight) = flights.get(place).filter(|flight| flight.step == step) else {
                break;
            };
            if !flight.look.is_quiet() {
                found.push(flight.id);
            }
        }
    }
    found
}

/// The newest message before the cursor that is not a heartbeat.
#[must_use]
pub fn newest(lab: &Lab) -> Option<u64> {
    let flights = &lab.record().flights;
    let end = flights.partition_point(|flight| flight.step < lab.index());
    flights.before(end).find(|flight| !flight.look.is_quiet()).map(|flight| flight.id)
}

/// The next message in a direction.
#[must_use]
pub fn next(lab: &Lab, id: u64, toward: Toward) -> Option<u64> {
    let trail = &lab.record().trail;
    let from = trail.way(id)?.from;
    let flights = &lab.record().flights;
    let same = |flight: &&Flight| {
        !flight.look.is_quiet() && trail.way(flight.id).is_some_and(|way| way.from == from)
    };
    let place = flights.partition_point(|flight| flight.id < id);
    match toward {
        Toward::Cause => cause(lab, id),
        Toward::Effect => effects(lab, id).first().copied(),
        Toward::Before => flights.before(place).find(same).map(|flight| flight.id),
        Toward::After => (place + 1..flights.len())
            .filter_map(|place| flights.get(place))
            .find(same)
            .map(|flight| flight.id),
    }
}
