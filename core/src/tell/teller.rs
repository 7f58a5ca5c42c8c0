//! Sentences for whole steps.

use super::{Look, event, node_name, note, order, reply_sentence, sentence};
use crate::base::{Map, NodeId, Sid};
use crate::client::{self, Lost, Reply};
use crate::ensemble::{Actor, Note};
use crate::recipes;
use crate::server::{self, Server};
use crate::sim::{Action, Cause, Item, Micros, StepRecord, Wire, World};
use crate::zab;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What a step adds to a log: the order if it was one, then the facts that its node told.
/// `world` is the one after the step.
#[must_use]
pub fn lines(world: &World<Actor>, record: &StepRecord<Actor>) -> Vec<String> {
    let mut lines: Vec<String> = order(&record.cause).into_iter().collect();
    let Some(node) = record.action().and_then(Action::node) else { return lines };
    let leads = leads(world, node);
    let notes = record.notes().filter(|note| leads || !is_of_the_leader(note));
    let was_connected = record.replies().any(|reply| matches!(reply, Reply::State(_)));
    lines.extend(notes.filter_map(|fact| match refused(fact) {
        Some(server) if !was_connected => {
            Some(format!("{} gets no connection to server {server}.", sentence(&node_name(node))))
        }
        _ => note(node, fact),
    }));
    for reply in record.replies() {
        if let Reply::Done { .. } | Reply::Event { .. } = reply {
            lines.push(reply_sentence(node, reply));
        }
    }
    lines
}

/// A step in one sentence. `world` is the one after it, `title` is what [`Look::title`] said of the
/// message that arrived, and `lines` are those of [`lines`].
#[must_use]
pub fn step(
    world: &World<Actor>,
    record: &StepRecord<Actor>,
    title: Option<&str>,
    lines: &[String],
) -> String {
    match (&record.cause, &record.arrived) {
        (Cause::Told(_), _) => lines.first().cloned().unwrap_or_default(),
        (Cause::Due(_), Some(item)) => arrival(world, item, title, record.lost),
        (Cause::Due(Action::Flush(node)), None) => flushed(world, *node),
        (Cause::Due(action), None) => event(action),
    }
}

fn arrival(world: &World<Actor>, item: &Item<()>, title: Option<&str>, lost: bool) -> String {
    let (to, from) = (node_name(item.to.node), node_name(item.from.node));
    let who = sentence(&to);
    match (&item.wire, title) {
        (Wire::Syn, _) if world.process(item.to.node).is_none() => {
            format!("{} calls {to}, which does not run.", sentence(&from))
        }
        (Wire::Syn, _) => format!("{who} is called by {from}."),
        (Wire::SynAck, _) => format!("{who} has a connection to {from}."),
        (Wire::Fin, _) if lost => format!("A connection of {who} to {from} is over for long."),
        (Wire::Fin, _) => format!("{who} hears the end of its connection to {from}."),
        (Wire::Data(()), Some(what)) => {
            let lost = if lost { "; nobody takes it" } else { "" };
            format!("{who} receives {what} from {from}{lost}.")
        }
        (Wire::Reset | Wire::Data(()), _) => format!("{who} loses its connection to {from}."),
    }
}

/// What reached the disk is not in the record; how far the log is safe now, the server knows.
fn flushed(world: &World<Actor>, node: NodeId) -> String {
    let who = sentence(&node_name(node));
    match world.process(node).and_then(Actor::server) {
        Some(server) => {
            format!("{who}: a write is on disk; the log is safe up to {}.", server.peer().durable())
        }
        None => format!("{who}: a write is on disk."),
    }
}

/// The server that ended a client's connection, or did not take the call.
const fn refused(note: &Note) -> Option<Sid> {
    match note {
        Note::Client(recipes::Note::Client(client::Note::Disconnected {
            server,
            why: Lost::Closed,
            ..
        })) => Some(*server),
        _ => None,
    }
}

fn leads(world: &World<Actor>, node: NodeId) -> bool {
    world.process(node).and_then(Actor::server).is_some_and(Server::is_leader)
}

/// A commit is decided by the leader; that the others learn of it is seen in the messages.
const fn is_of_the_leader(note: &Note) -> bool {
    matches!(note, Note::Server(server::Note::Zab(zab::Note::Committed(_))))
}

/// What one step did, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its number.
    pub step: u64,
    /// When.
    pub at: Micros,
    /// The step in one sentence.
    pub text: String,
    /// Facts worth a line of a log.
    pub lines: Vec<String>,
    /// True if it is only heartbeats, timers and streams.
    pub quiet: bool,
}

/// Follows a run and tells each step. A copy tells another future.
#[derive(Clone, Debug, Default)]
pub struct Teller {
    /// Title of each message under way, and whether it is a heartbeat.
    titles: Map<u64, (String, bool)>,
}

impl Teller {
    /// Tells a step; `world` is the one after it. Steps come in order, from the first.
    pub fn tell(&mut self, world: &World<Actor>, record: &StepRecord<Actor>) -> Told {
        let mut loud = false;
        for item in &record.sent {
            if let Some(look) = Look::of(item) {
                loud |= !look.is_quiet();
                self.titles.insert(item.id, (look.title(), look.is_quiet()));
            }
        }
        let arrived = record.arrived.as_ref().and_then(|item| self.titles.remove(&item.id));
        let lines = lines(world, record);
        let quiet = lines.is_empty()
            && !loud
            && !matches!(record.cause, Cause::Due(Action::Flush(_)))
            && arrived.as_ref().is_none_or(|(_, quiet)| *quiet);
        let title = arrived.map(|(title, _)| title);
        let text = step(world, record, title.as_deref(), &lines);
        Told { step: record.index, at: record.at, text, lines, quiet }
    }

    /// What is under way, by the number of its item; for those who join late.
    #[must_use]
    pub fn title(&self, id: u64) -> Option<String> {
        self.titles.get(&id).map(|(title, _)| title.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::EnsembleSettings;
    use crate::sim::{Directive, Kept, Sim};

    #[test]
    fn nobody_is_called_who_does_not_run() {
        let settings = EnsembleSettings { voters: 3, clients: 3, ..EnsembleSettings::watchable(7) };
        let mut sim = Sim::new(settings.setup());
        sim.start_all();
        sim.run_until(Micros::from_ms(1_000));
        let node = NodeId::Server(Sid(3));
        sim.direct(Directive::Act(Action::Crash { node, kept: Kept::All }));
        let mut teller = Teller::default();
        let mut texts = Vec::new();
        while let Some(record) = sim.step_until(Micros::from_ms(4_000)) {
            texts.push(teller.tell(sim.world(), &record).text);
        }
        let said = |start: &str, end: &str| {
            texts.iter().filter(|text| text.starts_with(start) && text.ends_with(end)).count()
        };
        assert!(said("Client", "calls server 3, which does not run.") > 0);
        assert_eq!(said("Server 3 is called", ""), 0, "{texts:?}");
    }
}
