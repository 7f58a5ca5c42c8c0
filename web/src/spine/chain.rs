//! What led to something: for a znode, a session or a message the events behind it, the first
//! cause first. All of it is read from what the run did; nothing is guessed.

use super::walk;
use crate::lab::Lab;
use crate::lab::deeds::{Change, Deed};
use crate::message::node_name;
use crate::order::Selection;
use std::collections::BTreeMap;
use zabscope_core::base::{ClientId, NodeId, SessionId};
use zabscope_core::sim::{Action, Directive, Micros};
use zabscope_core::tell::sentence;

/// Messages that are followed back, at most.
const MESSAGES_MAX: usize = 12;

/// One event of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The step that did it.
    pub step: u64,
    /// When.
    pub at: Micros,
    /// What happened, in a sentence.
    pub text: String,
    /// The message that this is about, if it is one.
    pub message: Option<u64>,
}

/// Events by their steps, so that a cause stands before what it led to.
#[derive(Default)]
struct Links(BTreeMap<u64, Link>);

impl Links {
    /// A step in the words of the run.
    fn step(&mut self, lab: &Lab, step: u64, message: Option<u64>) {
        if let Some(happening) = lab.happening(step) {
            let (at, text) = (happening.at, happening.text.clone());
            self.0.entry(step).or_insert(Link { step, at, text, message });
        }
    }

    /// A step in other words.
    fn say(&mut self, lab: &Lab, step: u64, text: String, message: Option<u64>) {
        if let Some(happening) = lab.happening(step) {
            self.0.insert(step, Link { step, at: happening.at, text, message });
        }
    }
}

/// What led to what is chosen, oldest first. Empty if nothing is known of it.
#[must_use]
#[inline(never)]
pub fn of(lab: &Lab, selection: &Selection) -> Vec<Link> {
    let mut links = Links::default();
    match selection {
        Selection::Message(id) => message(lab, *id, &mut links),
        Selection::Znode(path) => znode(lab, path, &mut links),
        Selection::Session(client) => session(lab, *client, &mut links),
        Selection::Server(_) | Selection::Link(..) => {}
    }
    links.0.into_values().collect()
}

/// A message with those that led to it, and the order or timer behind the first of them.
fn message(lab: &Lab, id: u64, links: &mut Links) {
    let mut next = Some(id);
    for _ in 0..MESSAGES_MAX {
        let Some((id, flight)) = next.and_then(|id| Some((id, lab.flight(id)?))) else { return };
        let way = lab.record().trail.way(id);
        let text = way.map_or_else(
            || flight.look.title(),
            |way| {
                let (from, to) = (node_name(way.from), node_name(way.to));
                format!("{} sends {} to {to}.", sentence(&from), flight.look.title())
            },
        );
        next = walk::cause(lab, id);
        // What begins it is told as it was: an order, or a timer.
        let root = lab.happening(flight.step).filter(|_| next.is_none());
        let text = root.map_or(text.clone(), |root| {
            if root.text == text { text } else { format!("{} {text}", root.text) }
        });
        links.say(lab, flight.step, text, Some(id));
    }
}

/// The last thing that was done to a znode.
fn znode(lab: &Lab, path: &str, links: &mut Links) {
    if let Some(deed) = lab.deeds().find(|deed| deed.change_of(path).is_some()) {
        done(lab, deed, Some(path), links);
    }
}

/// How a transaction came to be, and how far it has come.
fn done(lab: &Lab, deed: &Deed, path: Option<&str>, links: &mut Links) {
    if deed.changes.contains(&Change::Closed) {
        ended(lab, deed, links);
    } else if let Some(id) = lab.record().trail.arrived_in(deed.step) {
        message(lab, id, links);
    }
    let Some(happening) = lab.happening(deed.step) else { return };
    let who = happening.node.map_or_else(String::new, |node| sentence(&node_name(node)));
    let what = what(deed, path);
    // An expiry is told first, by whoever decided it.
    let text = match lab.record().trail.arrived_in(deed.step) {
        Some(_) => format!("{who} proposes {}: {what}.", deed.zxid),
        None => {
            let lines = &lab.record().lines;
            let first = lines.partition_point(|line| line.step < deed.step);
            let own = lines.get(first).filter(|line| line.step == deed.step);
            let told = own.map_or(&happening.text, |line| &line.text);
            format!("{told} It proposes {}: {what}.", deed.zxid)
        }
    };
    links.say(lab, deed.step, text, None);
    let mut commits = lab.commits();
    if let Some(commit) = commits.find(|commit| commit.zxid == deed.zxid) {
        let text = format!("A majority has {} on disk: it is committed.", deed.zxid);
        links.say(lab, commit.step, text, None);
    }
}

/// What a transaction does, as a predicate without its subject.
fn what(deed: &Deed, path: Option<&str>) -> String {
    let change = match path {
        Some(path) => deed.change_of(path),
        None => deed.changes.first(),
    };
    match change {
        None => "nothing, the request is refused".to_owned(),
        Some(Change::Made(path)) => format!("{path} is made"),
        Some(Change::Set(path)) => format!("{path} gets new data"),
        Some(Change::Acl(path)) => format!("{path} gets another ACL"),
        Some(Change::Gone(path)) => {
            format!("session {} ends, and {path} goes with it", deed.session)
        }
        Some(Change::Deleted(path)) => format!("{path} is deleted"),
        Some(Change::Opened) => format!("session {} begins", deed.session),
        Some(Change::Closed) => format!("session {} ends{}", deed.session, deed.with_ephemerals()),
    }
}

/// The session that a client has or had last: how it began, or how it ended.
fn session(lab: &Lab, client: ClientId, links: &mut Links) {
    let mut own = lab.attached().filter(|it| it.client == client && it.session.0 != 0);
    let Some(last) = own.next().copied() else { return };
    let closed =
        |deed: &&Deed| deed.session == last.session && deed.changes.contains(&Change::Closed);
    if let Some(deed) = lab.deeds().find(closed) {
        done(lab, deed, None, links);
        return;
    }
    // It lives: how its client came to where it is.
    if let Some(id) = lab.record().trail.arrived_in(last.step) {
        message(lab, id, links);
    }
    let opened =
        |deed: &&Deed| deed.session == last.session && deed.changes.contains(&Change::Opened);
    if let Some(deed) = lab.deeds().find(opened) {
        done(lab, deed, None, links);
    }
    links.step(lab, last.step, None);
    troubles(lab, client, last.session, lab.index(), links);
}

/// Why a session ended: its client asked for it, somebody had it expire, or nothing was heard.
fn ended(lab: &Lab, deed: &Deed, links: &mut Links) {
    if lab.happening(deed.step).is_some_and(|happening| happening.kinds.told) {
        return;
    }
    let arrived = lab.record().trail.arrived_in(deed.step);
    let asked = arrived.filter(|id| lab.flight(*id).is_some_and(|it| !it.look.is_quiet()));
    if let Some(id) = asked {
        message(lab, id, links);
        return;
    }
    let Some(client) = lab.owner(deed.session) else { return };
    troubles(lab, client, deed.session, deed.step, links);
}

/// The last sign of life of a session before a step, and what kept others from coming.
fn troubles(lab: &Lab, client: ClientId, session: SessionId, until: u64, links: &mut Links) {
    let node = NodeId::Client(client);
    let trail = &lab.record().trail;
    let before = trail.arrivals.partition_point(|(step, _)| *step < until);
    let mut heard = trail.arrivals.before(before).filter_map(|(step, id)| {
        let way = trail.way(*id).filter(|way| way.from == node)?;
        way.end.filter(|(.., taken)| *taken)?;
        // The stream itself is no word of the client.
        lab.flight(*id).filter(|it| !matches!(it.look.name, "SYN" | "SYN-ACK" | "FIN"))?;
        Some((*step, *id, way.to))
    });
    let last = heard.next();
    let harms = harms(lab, client, session, until);
    if harms.is_empty() && until == lab.index() {
        return;
    }
    if let Some((step, id, server)) = last {
        let what = lab.flight(id).map_or("a message", |flight| flight.look.name);
        let silent_us = lab
            .happening(until.min(lab.index()).saturating_sub(1))
            .zip(lab.happening(step))
            .map_or(0, |(now, then)| now.at.0.saturating_sub(then.at.0));
        let text = format!(
            "The last sign of life of {}: {what} comes to {}. Then nothing for {} ms.",
            node_name(node),
            node_name(server),
            silent_us / 1_000
        );
        links.say(lab, step, text, Some(id));
    }
    for step in harms {
        links.step(lab, step, None);
    }
}

/// The orders that still hold at a step and keep a client from being heard: about it, its server,
/// or the way between them and to the leader.
fn harms(lab: &Lab, client: ClientId, session: SessionId, until: u64) -> Vec<u64> {
    let node = NodeId::Client(client);
    let mut attached = lab.record().attached.before(usize::MAX);
    let server = attached
        .find(|it| it.step < until && it.session == session && it.server.is_some())
        .and_then(|it| it.server)
        .map(NodeId::Server);
    let about = |it: NodeId| it == node || Some(it) == server;
    let mut down = BTreeMap::new();
    let mut cold = BTreeMap::new();
    let mut cut = BTreeMap::new();
    for entry in lab.sim().tape().entries().iter().take_while(|entry| entry.index < until) {
        let step = entry.index;
        match &entry.directive {
            Directive::Act(Action::Crash { node, .. }) if about(*node) => {
                down.insert(*node, step);
            }
            Directive::Act(Action::Start(node)) => {
                down.remove(node);
            }
            Directive::Freeze(node) if about(*node) => {
                cold.insert(*node, step);
            }
            Directive::Thaw(node) => {
                cold.remove(node);
            }
            Directive::Act(Action::Cut(from, to)) if about(*from) || about(*to) => {
                cut.insert((*from, *to), step);
            }
            Directive::Act(Action::Heal(from, to)) => {
                cut.remove(&(*from, *to));
            }
            _ => {}
        }
    }
    let mut steps: Vec<u64> = down.into_values().chain(cold.into_values()).collect();
    // Of the server's ways only that to the leader matters, who counts the time.
    let leader = lab.happening(until).and_then(|happening| happening.node);
    let counts = |(from, to): &(NodeId, NodeId)| {
        [*from, *to].iter().any(|it| *it == node || Some(*it) == leader)
    };
    steps.extend(cut.into_iter().filter(|(way, _)| counts(way)).map(|(_, step)| step));
    steps.sort_unstable();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::Act;
    use crate::lab::{StopAt, create};

    fn texts(lab: &Lab, one: &Selection) -> Vec<String> {
        let links = of(lab, one);
        assert!(links.is_sorted_by(|a, b| a.step < b.step && a.at <= b.at), "{links:?}");
        assert!(links.iter().all(|link| link.step < lab.index()), "nothing of the future");
        links.into_iter().map(|link| link.text).collect()
    }

    fn pass(lab: &mut Lab, ms: u64) {
        let until = lab.now().plus(ms * 1_000);
        while lab.sim().next_at().is_some_and(|next| next <= until) {
            lab.advance(until, StopAt::Never);
        }
        lab.wait_until(until);
    }

    #[test]
    fn a_znode_that_vanished_leads_back_to_its_dead_client() {
        let mut lab = Lab::elected(3, 7);
        let (client, path) = (ClientId(1), Selection::Znode("/here".into()));
        assert!(texts(&lab, &path).is_empty());
        lab.ask(client, create("/here", "alive", 1));
        pass(&mut lab, 500);
        let made = texts(&lab, &path);
        assert!(made[0].starts_with("Client 1 asks: create"), "{made:?}");
        assert!(made.iter().any(|text| text.contains("/here is made")), "{made:?}");
        assert!(made.last().is_some_and(|text| text.contains("is committed")), "{made:?}");

        lab.kill(NodeId::Client(client), false);
        pass(&mut lab, 9_000);
        for one in [path, Selection::Session(client)] {
            let gone = texts(&lab, &one);
            assert!(gone[0].starts_with("The last sign of life of client 1"), "{gone:?}");
            assert_eq!(gone[1], "You killed client 1.");
            assert!(gone[2].contains("expire"), "{gone:?}");
            assert!(gone[2].contains("ends,") && gone.len() == 4, "{gone:?}");
        }
        // In the past the cause is another one.
        let links = of(&lab, &Selection::Znode("/here".into()));
        lab.seek(links[1].step);
        assert_eq!(texts(&lab, &Selection::Znode("/here".into())), made);
    }

    #[test]
    fn a_session_tells_how_it_ended_by_an_order_and_by_a_cut() {
        let mut lab = Lab::elected(3, 7);
        let client = ClientId(2);
        let begun = texts(&lab, &Selection::Session(client));
        assert!(begun.iter().any(|text| text.contains("begins")), "{begun:?}");
        lab.direct_all(Act::Expire(crate::living::of(&lab, client)).directives(lab.sim()).unwrap());
        pass(&mut lab, 300);
        let ended = texts(&lab, &Selection::Session(client));
        assert!(ended[0].contains("expire session"), "{ended:?}");

        let mut lab = Lab::elected(3, 7);
        lab.direct_all(Act::Partition(vec![NodeId::Client(client)]).directives(lab.sim()).unwrap());
        pass(&mut lab, 9_000);
        let cut = texts(&lab, &Selection::Session(client));
        assert!(cut.iter().any(|text| text.starts_with("You cut the link")), "{cut:?}");
        assert!(cut.iter().any(|text| text.contains("expire")), "{cut:?}");
    }

    #[test]
    fn a_message_leads_back_to_who_wanted_it() {
        let mut lab = Lab::elected(3, 7);
        lab.ask(ClientId(1), create("/a", "x", 0));
        pass(&mut lab, 500);
        let flights = &lab.record().flights;
        let commit = flights.iter().rev().find(|it| it.look.name == "COMMIT").unwrap().id;
        let chain = texts(&lab, &Selection::Message(commit));
        assert!(chain[0].starts_with("Client 1 asks: create"), "{chain:?}");
        assert!(chain.iter().any(|text| text.contains("PROPOSAL")), "{chain:?}");
        assert!(texts(&lab, &Selection::Server(1)).is_empty());
        assert!(of(&lab, &Selection::Message(u64::MAX)).is_empty());
    }
}
