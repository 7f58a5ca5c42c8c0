//! What the space-time diagram shows of a moment: lanes, arrows, bars and marks in the window of
//! time around the cursor. Equal run, cursor and choice give an equal score.

use super::trail::{Harm, Trail};
use crate::lab::Lab;
use crate::message::{Look, Tone, node_name};
use crate::view::{Role, time_text};
use std::rc::Rc;
use zabscope_core::base::{NodeId, Zxid};
use zabscope_core::sim::Micros;
use zabscope_core::zab::ServerState;

/// Time shown before the line, microseconds.
pub const PAST_US: u64 = 180_000;
/// Time shown behind the line, microseconds.
pub const AHEAD_US: u64 = 35_000;
/// Messages are at most so long under way for the search of those in the window, microseconds.
const WAY_US_MAX: u64 = 200_000;
/// Most messages that are drawn: with their ends the drawing stays under 600 elements.
pub const ARROWS_MAX: usize = 220;

/// One participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Who.
    pub node: NodeId,
    /// What it was, from when on, oldest first; the first may begin before the window. Clients
    /// have none.
    pub roles: Vec<(Micros, Role)>,
    /// From when until when its process was stopped, as by SIGSTOP, oldest first; `None`: it still
    /// is. The first may begin before the window.
    pub frozen: Vec<(Micros, Option<Micros>)>,
}

/// How far a message of the drawing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has arrived.
    Arrived,
    /// It arrived where nobody took it, or its stream broke.
    Lost,
    /// It is under way.
    Flying,
    /// It is under way and a cut stops it.
    Stopped,
    /// It is not sent yet; the known run says it will be.
    Ahead,
}

impl Fate {
    /// In words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Lost => "lost",
            Self::Flying => "on its way",
            Self::Stopped => "stopped by a cut",
            Self::Ahead => "not sent yet",
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// Its number.
    pub id: u64,
    /// Row of the sender.
    pub from: usize,
    /// Row of the receiver.
    pub to: usize,
    /// When it was sent.
    pub sent_at: Micros,
    /// When it arrived, or will.
    pub end_at: Micros,
    /// How far it is.
    pub fate: Fate,
    /// Name and colour.
    pub look: Rc<Look>,
    /// It is the first of those that were sent together: its name is written.
    pub first: bool,
}

/// A write to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its place among all writes of the run.
    pub id: u64,
    /// Row.
    pub row: usize,
    /// When the disk began with it.
    pub from: Micros,
    /// When it was durable, or will be; `None` while nobody knows: it goes on at the line.
    pub to: Option<Micros>,
    /// The transaction.
    pub zxid: Option<Zxid>,
}

/// A sign on a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A vote: for whom, and whether it is the first of its search.
    Vote(i64, bool),
    /// The process ended.
    Crash,
    /// It started.
    Start,
    /// A link to the row was cut.
    Cut(usize),
    /// It passes again.
    Heal(usize),
    /// The process was stopped, as by SIGSTOP.
    Freeze,
    /// It goes on.
    Thaw,
}

/// A sign with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Unique in the run, and growing.
    pub id: u64,
    /// Row.
    pub row: usize,
    /// When.
    pub at: Micros,
    /// What.
    pub sign: Sign,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// The moment.
    pub now: Micros,
    /// Rows from above: servers, then clients.
    pub lanes: Vec<Lane>,
    /// Messages, the oldest first.
    pub arrows: Vec<Arrow>,
    /// Writes.
    pub bars: Vec<Bar>,
    /// Signs, the oldest first.
    pub signs: Vec<Mark>,
}

const fn role(state: Option<ServerState>) -> Role {
    match state {
        None => Role::Down,
        Some(ServerState::Looking) => Role::Looking,
        Some(ServerState::Following) => Role::Following,
        Some(ServerState::Leading) => Role::Leading,
        Some(ServerState::Observing) => Role::Observing,
    }
}

impl Score {
    /// The diagram at the lab's cursor.
    #[must_use]
    #[inline(never)]
    pub fn of(lab: &Lab) -> Self {
        let now = lab.now();
        let window = (Micros(now.0.saturating_sub(PAST_US)), now.plus(AHEAD_US));
        let nodes = || lab.world().slots().keys().copied();
        let servers = nodes().filter(|node| matches!(node, NodeId::Server(_)));
        let clients = nodes().filter(|node| matches!(node, NodeId::Client(_)));
        let rows: Vec<NodeId> = servers.chain(clients).collect();
        let trail = &lab.record().trail;
        let lanes = rows.iter().map(|node| lane(trail, lab, *node, window.0)).collect();
        Self {
            now,
            lanes,
            arrows: arrows(lab, &rows, window),
            bars: bars(lab, &rows, window),
            signs: signs(lab, &rows, window.0),
        }
    }

    /// A message in words, for those who do not see the drawing.
    #[must_use]
    pub fn spoken(&self, arrow: &Arrow) -> String {
        let mut words = arrow.look.title();
        let ends = [(", ", arrow.from), (" to ", arrow.to)];
        for (link, row) in ends {
            words.push_str(link);
            words.extend(self.lanes.get(row).map(|lane| node_name(lane.node)));
        }
        for word in [", ", &time_text(arrow.sent_at), ", ", arrow.fate.word()] {
            words.push_str(word);
        }
        words
    }

    /// One arrow.
    #[must_use]
    pub fn arrow(&self, id: u64) -> Option<&Arrow> {
        let place = self.arrows.binary_search_by_key(&id, |arrow| arrow.id).ok()?;
        self.arrows.get(place)
    }
}

fn lane(trail: &Trail, lab: &Lab, node: NodeId, from: Micros) -> Lane {
    let mut roles = Vec::new();
    let end = trail.changes.partition_point(|change| change.step < lab.index());
    for change in trail.changes.before(end).filter(|change| change.node == node) {
        let role = role(change.state);
        match roles.last_mut() {
            // The vote alone changed.
            Some((at, last)) if *last == role => *at = change.at,
            _ => roles.push((change.at, role)),
        }
        if change.at < from {
            break;
        }
    }
    roles.reverse();
    Lane { node, roles, frozen: frozen(trail, lab.index(), node, from) }
}

/// When the process of a node was stopped, as far as that reaches behind `from`.
fn frozen(trail: &Trail, index: u64, node: NodeId, from: Micros) -> Vec<(Micros, Option<Micros>)> {
    let mut spans = Vec::new();
    let mut end = None;
    for (_, at, harm) in trail.harms.before(trail.harms.partition_point(|it| it.0 < index)) {
        match harm {
            Harm::Freeze(other) if *other == node => spans.push((*at, end)),
            // A stopped process that is killed is gone.
            Harm::Thaw(other) | Harm::Crash(other) if *other == node => end = Some(*at),
            _ => continue,
        }
        if *at < from {
            break;
        }
    }
    spans.reverse();
    spans
}

fn arrows(lab: &Lab, rows: &[NodeId], (from, to): (Micros, Micros)) -> Vec<Arrow> {
    let (trail, flights) = (&lab.record().trail, &lab.record().flights);
    let (index, network) = (lab.index(), lab.world().network());
    let row = |node| rows.iter().position(|other| *other == node);
    let mut flying: Vec<u64> = network.queues().values().flatten().map(|item| item.id).collect();
    flying.sort_unstable();
    let first = flights.partition_point(|flight| flight.sent_at.0 + WAY_US_MAX < from.0);
    let behind = flights.partition_point(|flight| flight.sent_at <= to);
    // The newest first: there may be many more than are drawn.
    let mut arrows: Vec<(u64, Arrow)> = Vec::new();
    for place in (first..behind).rev() {
        if arrows.len() > ARROWS_MAX {
            break;
        }
        let Some(flight) = flights.get(place) else { continue };
        // Both lists are about the same messages.
        let way = trail.ways.get(place).filter(|way| way.id == flight.id);
        let Some(way) = way.or_else(|| trail.way(flight.id)) else { continue };
        let (Some(from_row), Some(to_row)) = (row(way.from), row(way.to)) else { continue };
        let end = way.end.filter(|(step, ..)| *step < index);
        let fate = match end {
            _ if flight.step >= index => Fate::Ahead,
            Some((.., true)) => Fate::Arrived,
            Some((.., false)) => Fate::Lost,
            None if flying.binary_search(&flight.id).is_err() => Fate::Lost,
            None if network.cuts().contains(&(way.from, way.to)) => Fate::Stopped,
            None => Fate::Flying,
        };
        let end_at = end.map_or(flight.due_at, |(_, at, _)| at);
        if end_at < from || flight.look.tone == Tone::Quiet && flight.look.name != "PING" {
            continue;
        }
        let arrow = Arrow {
            id: flight.id,
            from: from_row,
            to: to_row,
            sent_at: flight.sent_at,
            end_at,
            fate,
            look: flight.look.clone(),
            first: true,
        };
        if let Some((step, next)) = arrows.last_mut() {
            next.first = (*step, next.look.name) != (flight.step, arrow.look.name);
        }
        arrows.push((flight.step, arrow));
    }
    arrows.truncate(ARROWS_MAX);
    arrows.into_iter().rev().map(|(_, arrow)| arrow).collect()
}

fn bars(lab: &Lab, rows: &[NodeId], (from, to): (Micros, Micros)) -> Vec<Bar> {
    let (trail, index) = (&lab.record().trail, lab.index());
    let mut bars: Vec<Bar> = Vec::new();
    for place in trail.flushes_from(from) {
        let Some(flush) = trail.flushes.get(place).filter(|flush| flush.step < index) else {
            break;
        };
        let id = place as u64;
        let Some(row) = rows.iter().position(|node| *node == flush.node) else { continue };
        // A disk does one thing after the other: what waits has not begun.
        let before = bars.iter().rev().find(|bar| bar.row == row);
        let Some(free) = before.map_or(Some(flush.at), |bar| bar.to) else { continue };
        let begun = free.max(flush.at);
        let done = flush.done.map(|(_, at)| at);
        let died = trail.harms.iter().any(|(step, _, harm)| {
            *step > flush.step && *step < index && *harm == Harm::Crash(flush.node)
        });
        if begun <= to && done.is_none_or(|done| done >= from) && (done.is_some() || !died) {
            bars.push(Bar { id, row, from: begun, to: done, zxid: flush.zxid });
        }
    }
    bars
}

fn signs(lab: &Lab, rows: &[NodeId], from: Micros) -> Vec<Mark> {
    let (trail, index) = (&lab.record().trail, lab.index());
    let row = |node| rows.iter().position(|other| *other == node);
    let mut signs = Vec::new();
    // A step makes at most three.
    let mut sign = |step: u64, kind: u64, row: usize, at: Micros, sign: Sign| {
        signs.push(Mark { id: step * 3 + kind, row, at, sign });
    };
    let end = trail.changes.partition_point(|change| change.step < index);
    for change in trail.changes.before(end).take_while(|change| change.at >= from) {
        let Some(row) = row(change.node) else { continue };
        let before = trail.changes.partition_point(|other| other.step < change.step);
        let before = trail.changes.before(before).find(|other| other.node == change.node);
        let voted = before.and_then(|before| before.vote);
        if let Some(vote) = change.vote
            && voted != Some(vote)
        {
            sign(change.step, 0, row, change.at, Sign::Vote(vote.0, voted.is_none()));
        }
        if change.state.is_some() && before.is_some_and(|before| before.state.is_none()) {
            sign(change.step, 1, row, change.at, Sign::Start);
        }
    }
    let end = trail.harms.partition_point(|(step, ..)| *step < index);
    for (step, at, harm) in trail.harms.before(end).take_while(|(_, at, _)| *at >= from) {
        let found = match harm {
            Harm::Crash(node) => row(*node).map(|row| (row, Sign::Crash)),
            Harm::Cut(a, b) => row(*a).zip(row(*b)).map(|(a, b)| (a, Sign::Cut(b))),
            Harm::Heal(a, b) => row(*a).zip(row(*b)).map(|(a, b)| (a, Sign::Heal(b))),
            Harm::Freeze(node) => row(*node).map(|row| (row, Sign::Freeze)),
            Harm::Thaw(node) => row(*node).map(|row| (row, Sign::Thaw)),
        };
        if let Some((row, harm)) = found {
            sign(*step, 2, row, *at, harm);
        }
    }
    signs.sort_unstable_by_key(|sign| sign.id);
    signs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{StopAt, create};
    use zabscope_core::base::{ClientId, Sid};
    use zabscope_core::sim::Directive;

    const NODE: NodeId = NodeId::Server(Sid(1));

    /// Lets time pass, microseconds.
    fn pass(lab: &mut Lab, us: u64) -> Score {
        let until = lab.now().plus(us);
        while lab.now() < until {
            lab.advance(until, StopAt::Never);
        }
        Score::of(lab)
    }

    fn bars(score: &Score) -> Vec<Bar> {
        score.bars.iter().filter(|bar| bar.row == 0).copied().collect()
    }

    #[test]
    fn a_write_lasts_until_its_disk_is_done_and_the_next_one_waits() {
        let mut lab = Lab::elected(3, 7);
        lab.direct(Directive::SlowDisk(NODE, 400));
        for name in ["/a", "/b"] {
            lab.ask(ClientId(1), create(name, "", 0));
            pass(&mut lab, 60_000);
        }
        // Longer ago than the window reaches.
        let open = bars(&pass(&mut lab, 500_000));
        assert!(matches!(open[..], [Bar { to: None, .. }]), "{open:?}");
        let both = (0..50).map(|_| bars(&pass(&mut lab, 100_000))).find(|bars| bars.len() > 1);
        let Some([first, second]) = both.as_deref() else { panic!("two writes") };
        assert_eq!((first.id, first.from, second.to), (open[0].id, open[0].from, None));
        assert_eq!(first.to, Some(second.from));
    }

    #[test]
    fn a_lane_knows_from_when_to_when_its_process_was_stopped() {
        let mut lab = Lab::elected(3, 7);
        let mut signs = Vec::new();
        let mut spans = Vec::new();
        for directive in [Directive::Freeze(NODE), Directive::Thaw(NODE), Directive::Freeze(NODE)] {
            lab.direct(directive);
            signs.push(lab.now());
            spans.push(pass(&mut lab, 30_000).lanes[0].frozen.clone());
        }
        let [from, to, again] = signs[..] else { panic!("three") };
        assert_eq!(spans[0], [(from, None)]);
        assert_eq!(spans[1], [(from, Some(to))]);
        assert_eq!(spans[2], [(from, Some(to)), (again, None)]);
        // Long ago, it still is; one that is killed is no more.
        assert_eq!(pass(&mut lab, 15_000_000).lanes[0].frozen, [(again, None)]);
        let at = lab.now();
        lab.kill(NODE, false);
        assert_eq!(pass(&mut lab, 1_000).lanes[0].frozen, [(again, Some(at))]);
        assert!(pass(&mut lab, 900_000).lanes[0].frozen.is_empty());
    }
}
