//! What a person holds back: why a message does not move, what passes on a link, and the act that
//! lets both go on.

use super::past::{cut_since, held_since, stopped_text};
use super::{Guard, Why, at_text};
use crate::base::{Link, NodeId, counted};
use crate::ensemble::Actor;
use crate::proto::client::ToClient;
use crate::server::message::Msg;
use crate::sim::{End, Hold, Item, Sim, Wire};
use crate::tell::{Look, node_name, sentence};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The condition that a hold makes fail.
const HELD: &str = "No message of it is held back";

/// A message that does not move because of a hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<'a> {
    item: &'a Item<Msg>,
    /// The one that is held: itself, or one before it in its stream.
    first: &'a Item<Msg>,
    hold: Hold,
    sim: &'a Sim<Actor>,
}

impl Kept<'_> {
    /// `PROPOSAL e1.c3 (5 → 2) is held back since +1.063 s`
    #[inline(never)]
    pub(super) fn text(&self) -> String {
        let since = held_since(self.sim, self.hold);
        let name = name(self.item);
        if self.item.id == self.first.id {
            format!("{name} is held back{since}")
        } else {
            format!("{name} waits behind {}, which is held back{since}", title(self.first))
        }
    }

    /// The act that frees it, as an order.
    pub(super) fn act(&self) -> String {
        match self.hold {
            Hold::Item(_) if self.item.id == self.first.id => "release it".into(),
            Hold::Item(_) => format!("release {}", title(self.first)),
            Hold::Between(from, to) => format!("release {}", arrow(from, to)),
            Hold::To(end) => format!("release what goes to {}", node_name(end.node)),
        }
    }

    /// Both, for a sentence.
    #[inline(never)]
    pub(super) fn clause(&self) -> String {
        format!("{}; {}, and it goes on", self.text(), self.act())
    }

    /// It is an answer to a request.
    pub(super) fn is_answer(&self) -> bool {
        matches!(&self.item.wire, Wire::Data(Msg::ToClient(ToClient::Reply { header, .. })) if header.xid >= 0)
    }

    /// As a condition that fails.
    #[inline(never)]
    pub(super) fn guard(&self) -> Guard {
        Guard::new(HELD, false, self.text()).and(format!("frees it: {}", self.act()))
    }
}

/// What a message is called; the news of a break, which is no message, has no name.
fn title(item: &Item<Msg>) -> String {
    Look::of(item).map_or_else(String::new, |look| look.title())
}

fn name(item: &Item<Msg>) -> String {
    format!("{} ({})", title(item), arrow(item.from.node, item.to.node))
}

fn arrow(from: NodeId, to: NodeId) -> String {
    format!("{from} → {to}")
}

/// What keeps a message: a hold of its own, or of one before it.
#[inline(never)]
pub(super) fn keeper<'a>(sim: &'a Sim<Actor>, item: &'a Item<Msg>) -> Option<Kept<'a>> {
    let queue = sim.world().network().queues().get(&item.to)?;
    for first in queue.iter().take_while(|first| first.id <= item.id) {
        if let Some(hold) = sim.holds().iter().find(|hold| hold.keeps(first)) {
            return Some(Kept { item, first, hold: *hold, sim });
        }
    }
    None
}

/// Of the messages that wait and fit, the oldest; heartbeats come last.
#[inline(never)]
pub(super) fn oldest<'a>(
    sim: &'a Sim<Actor>,
    fits: &dyn Fn(&Item<Msg>) -> bool,
) -> Option<Kept<'a>> {
    if sim.holds().is_empty() {
        return None;
    }
    let mut found: Option<((bool, u64), Kept<'a>)> = None;
    for item in sim.world().network().queues().values().flatten() {
        let Some(kept) = (if fits(item) { keeper(sim, item) } else { None }) else { continue };
        let rank = (Look::of(item).is_none_or(|look| look.is_quiet()), item.id);
        if found.is_none_or(|(best, _)| rank < best) {
            found = Some((rank, kept));
        }
    }
    found.map(|(_, kept)| kept)
}

/// A message that waits on such a link of this node, as the node names it: first those to it.
#[inline(never)]
pub(super) fn of_node<'a>(
    sim: &'a Sim<Actor>,
    node: NodeId,
    fits: &dyn Fn(Link) -> bool,
) -> Option<Kept<'a>> {
    let of = |end: End| end.node == node && fits(end.link);
    oldest(sim, &|item| of(item.to)).or_else(|| oldest(sim, &|item| of(item.from)))
}

/// Words for a way between two nodes that is held as a whole.
pub(super) fn way_text(sim: &Sim<Actor>, a: NodeId, b: NodeId) -> Option<String> {
    let mut ways = [(a, b), (b, a)].into_iter();
    let (from, to) = ways.find(|(a, b)| sim.holds().contains(&Hold::Between(*a, *b)))?;
    Some(format!("{} is held back{}", arrow(from, to), held_since(sim, Hold::Between(from, to))))
}

/// The oldest message that a hold keeps, by its number.
#[must_use]
pub fn oldest_held(sim: &Sim<Actor>) -> Option<u64> {
    oldest(sim, &|_| true).map(|kept| kept.item.id)
}

/// Why a message does not move, or when it arrives; `None` if it is not under way.
#[must_use]
pub fn message(sim: &Sim<Actor>, id: u64) -> Option<Why> {
    let network = sim.world().network();
    let item = network.queues().values().flatten().find(|item| item.id == id)?;
    let title = Look::of(item)?.title();
    let (from, to) = (item.from.node, item.to.node);
    let kept = keeper(sim, item);
    let held = match kept {
        Some(kept) => kept.guard(),
        None => Guard::new(HELD, true, "nobody holds it"),
    };
    let cut = cut_since(sim, from, to);
    let stopped = stopped_text(sim, to).map(|what| format!("{to} is {what}"));
    let paused = network.sockets().get(&item.to).is_some_and(|socket| socket.paused);
    let stopped = stopped.or_else(|| paused.then(|| format!("{to} reads nothing now")));
    let guard = |name, failed: Option<String>, value: String| {
        Guard::new(name, failed.is_none(), failed.unwrap_or(value))
    };
    let guards = Vec::from([
        held,
        guard("Its way is not cut", cut, arrow(from, to)),
        guard("Its receiver takes it", stopped, format!("{to} runs")),
    ]);
    let failed = guards.iter().find(|guard| !guard.holds).and_then(|guard| guard.values.first());
    let (what, end) = match (kept, failed, sim.arrival_at(item.to, id)) {
        (Some(kept), ..) => ("does not move", kept.clause()),
        (_, Some(value), _) => ("does not move", format!("{} waits: {value}", name(item))),
        (_, None, Some(at)) => {
            ("is on its way", format!("{} arrives at {}", name(item), at_text(at)))
        }
        (_, None, None) => ("is on its way", format!("{} is about to arrive", name(item))),
    };
    Some(Why::new(format!("Why {title} {what}"), guards, sentence(&end) + "."))
}

/// Why not everything passes between two nodes; `None` if everything does.
#[must_use]
pub fn link(sim: &Sim<Actor>, a: NodeId, b: NodeId) -> Option<Why> {
    let guards = Vec::from([way(sim, a, b), way(sim, b, a)]);
    if guards.iter().all(|guard| guard.holds) {
        return None;
    }
    let mut said = String::new();
    for value in guards.iter().filter(|guard| !guard.holds).flat_map(|guard| guard.values.first()) {
        said = said + value + ". ";
    }
    said.pop();
    let title = format!("Why not all passes between {} and {}", node_name(a), node_name(b));
    Some(Why::new(title, guards, said))
}

/// One direction: what stops it and frees it, then what waits there.
fn way(sim: &Sim<Actor>, from: NodeId, to: NodeId) -> Guard {
    const NAME: &str = "What is sent arrives";
    let arrow = arrow(from, to);
    let here = |item: &Item<Msg>| (item.from.node, item.to.node) == (from, to);
    let hold = Hold::Between(from, to);
    let one = oldest(sim, &here);
    let mut stops: Vec<String> = cut_since(sim, from, to).into_iter().collect();
    if sim.holds().contains(&hold) {
        let since = held_since(sim, hold);
        stops.push(format!("{arrow} is held back{since}; release {arrow}, and it goes on"));
    } else {
        stops.extend(one.map(|kept| kept.clause()));
    }
    if stops.is_empty() {
        return Guard::new(NAME, true, arrow);
    }
    let (mut count, mut first) = (0, one.map(|kept| kept.item));
    for item in sim.world().network().queues().values().flatten() {
        if here(item) {
            count += 1;
            first = first.or(Some(item));
        }
    }
    let waits = counted(count, "message waits", "messages wait");
    let guard = Guard::new(NAME, false, stops.join("; "));
    match first {
        Some(first) => guard.and(format!("{waits}, first {}", title(first))),
        None => guard.and("nothing waits there"),
    }
}
