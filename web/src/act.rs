//! What a person does to nodes, links and messages, as directives of the simulation. All of it
//! goes on the tape, can be undone, and starts another branch when it is done in the past.

use crate::lab::Lab;
use crate::living;
use crate::message::node_name;
use crate::order::Selection;
use crate::tell::timer_text;
use crate::view::time_text;
use zabscope_core::base::{ClientId, NodeId, SessionId, Sid};
use zabscope_core::client;
use zabscope_core::ensemble::{Actor, Call, Timer};
use zabscope_core::guide::Permit;
use zabscope_core::recipes::Program;
use zabscope_core::server;
use zabscope_core::server::message::Msg;
use zabscope_core::sim::{Action, Directive, Hold, Item, Kept, Micros, Sim, World};

/// How many times as long a disk access takes on a slow disk: longer than a hop, shorter than
/// what makes a leader give a follower up.
pub const SLOW: u32 = 20;

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A process starts on its disk.
    Start(NodeId),
    /// It ends; with `power` what was not on disk is lost too.
    Crash {
        /// Whose.
        node: NodeId,
        /// The power fails.
        power: bool,
    },
    /// It stops as by SIGSTOP, or goes on.
    Freeze(NodeId, bool),
    /// Its disk is [`SLOW`], or normal.
    SlowDisk(NodeId, bool),
    /// Nothing passes from the first to the second, or it passes again.
    Cut(NodeId, NodeId, bool),
    /// The same in both directions.
    CutBoth(NodeId, NodeId, bool),
    /// Nothing passes between these and all others.
    Partition(Vec<NodeId>),
    /// Everything passes again.
    HealAll,
    /// The connections between two nodes break; what is on them is lost.
    Break(NodeId, NodeId),
    /// The connection breaks on which this message is.
    Drop(u64),
    /// This message, and so all behind it, waits, or goes on.
    HoldMessage(u64, bool),
    /// Everything from the first to the second waits, or goes on.
    Hold(NodeId, NodeId, bool),
    /// The same in both directions.
    HoldBoth(NodeId, NodeId, bool),
    /// Everything that waits goes on.
    ReleaseAll,
    /// An armed timer fires now.
    Fire(NodeId, Timer),
    /// The armed timer of this node that is due first fires now.
    FireNext(NodeId),
    /// The leader ends a session, as if its timeout were over.
    Expire(SessionId),
    /// A client goes to another server with its session.
    Move(ClientId, Sid),
    /// A client does this on its own from now on.
    Run(ClientId, Program),
    /// A server writes a snapshot.
    Snapshot(NodeId),
}

impl Act {
    /// Of which kind it is, for a guided run.
    #[must_use]
    pub const fn permit(&self) -> Permit {
        match self {
            Self::Start(_) => Permit::Start,
            Self::Crash { .. } => Permit::Crash,
            Self::Freeze(..) => Permit::Freeze,
            Self::SlowDisk(..) => Permit::Disk,
            Self::Cut(..)
            | Self::CutBoth(..)
            | Self::Partition(_)
            | Self::HealAll
            | Self::Break(..)
            | Self::Drop(_) => Permit::Cut,
            Self::HoldMessage(..) | Self::Hold(..) | Self::HoldBoth(..) | Self::ReleaseAll => {
                Permit::Hold
            }
            Self::Fire(..) | Self::FireNext(_) | Self::Snapshot(_) => Permit::Timer,
            Self::Expire(_) | Self::Move(..) => Permit::Session,
            Self::Run(..) => Permit::Ask,
        }
    }
}

type Directives = Vec<Directive<Actor>>;

impl Act {
    /// What the simulation is told.
    ///
    /// # Errors
    /// Why it cannot be done now, for people.
    pub fn directives(&self, sim: &Sim<Actor>) -> Result<Directives, &'static str> {
        let world = sim.world();
        let one = |directive| Ok(Vec::from([directive]));
        let act = |action| Ok(Vec::from([Directive::Act(action)]));
        match *self {
            Self::Start(node) if world.process(node).is_some() => Err("It runs already."),
            Self::Start(node) => act(Action::Start(node)),
            Self::Crash { node, .. } if world.process(node).is_none() => Err("It is down."),
            Self::Crash { node, power } => {
                act(Action::Crash { node, kept: if power { Kept::NONE } else { Kept::All } })
            }
            Self::Freeze(node, true) if world.process(node).is_none() => Err("It is down."),
            Self::Freeze(node, true) => one(Directive::Freeze(node)),
            Self::Freeze(node, false) => one(Directive::Thaw(node)),
            Self::SlowDisk(node, slow) => {
                one(Directive::SlowDisk(node, if slow { SLOW } else { 1 }))
            }
            Self::Cut(from, to, cut) => Ok(cuts(world, &[(from, to)], cut)),
            Self::CutBoth(a, b, cut) => Ok(cuts(world, &[(a, b), (b, a)], cut)),
            Self::Partition(ref side) => partition(world, side),
            Self::HealAll => {
                let cut: Vec<_> = world.network().cuts().iter().copied().collect();
                some(cuts(world, &cut, false), "Nothing is cut.")
            }
            Self::Break(a, b) => act(Action::Break(a, b)),
            Self::Drop(id) => {
                let item = item(world, id).ok_or(ARRIVED)?;
                act(Action::Break(item.from.node, item.to.node))
            }
            Self::HoldMessage(id, true) => {
                item(world, id).ok_or(ARRIVED)?;
                Ok(held(sim, [Hold::Item(id)]))
            }
            Self::HoldMessage(id, false) => {
                some(released(sim, |hold| hold == Hold::Item(id)), FREE)
            }
            Self::Hold(from, to, true) => Ok(held(sim, [Hold::Between(from, to)])),
            Self::Hold(from, to, false) => {
                some(released(sim, |hold| hold == Hold::Between(from, to)), FREE)
            }
            Self::HoldBoth(a, b, true) => Ok(held(sim, [Hold::Between(a, b), Hold::Between(b, a)])),
            Self::HoldBoth(a, b, false) => {
                let both = [Hold::Between(a, b), Hold::Between(b, a)];
                some(released(sim, |hold| both.contains(&hold)), FREE)
            }
            Self::ReleaseAll => some(released(sim, |_| true), FREE),
            Self::Fire(node, timer) => {
                sim.timer_at(node, timer).ok_or("This timer is not armed.")?;
                act(Action::Fire(node, timer))
            }
            Self::FireNext(node) => {
                let first = timers(sim, node).into_iter().next();
                let (_, timer) = first.ok_or("No timer of it is armed.")?;
                act(Action::Fire(node, timer))
            }
            Self::Expire(session) => expire(world, session),
            Self::Move(client, sid) => {
                let call = Call::Client(client::Call::MoveTo(sid));
                act(Action::Call(NodeId::Client(client), call))
            }
            Self::Run(client, ref program) => {
                act(Action::Call(NodeId::Client(client), Call::Run(program.clone())))
            }
            Self::Snapshot(node) => act(Action::Call(node, Call::Server(server::Call::Snapshot))),
        }
    }
}

const ARRIVED: &str = "This message is not under way.";
const FREE: &str = "Nothing of this is held.";

fn some(found: Directives, none: &'static str) -> Result<Directives, &'static str> {
    if found.is_empty() { Err(none) } else { Ok(found) }
}

/// Cuts or heals those directions that are not so already.
fn cuts(world: &World<Actor>, ways: &[(NodeId, NodeId)], cut: bool) -> Directives {
    let change = ways.iter().filter(|way| world.network().cuts().contains(way) != cut);
    let action = if cut { Action::Cut } else { Action::Heal };
    change.map(|&(from, to)| Directive::Act(action(from, to))).collect()
}

fn partition(world: &World<Actor>, side: &[NodeId]) -> Result<Directives, &'static str> {
    let inside = |node: &NodeId| side.contains(node);
    let (left, right): (Vec<NodeId>, Vec<NodeId>) = world.slots().keys().copied().partition(inside);
    if left.is_empty() || right.is_empty() {
        return Err("A partition needs somebody on each side.");
    }
    // Clients have no link with each other.
    let linked = |a: NodeId, b: NodeId| [a, b].iter().any(|it| matches!(it, NodeId::Server(_)));
    let pairs = left.iter().flat_map(|&a| right.iter().map(move |&b| (a, b)));
    let ways: Vec<_> =
        pairs.filter(|&(a, b)| linked(a, b)).flat_map(|(a, b)| [(a, b), (b, a)]).collect();
    some(cuts(world, &ways, true), "These are cut off already.")
}

/// Holds those that are not held already.
fn held(sim: &Sim<Actor>, which: impl IntoIterator<Item = Hold>) -> Directives {
    let free = which.into_iter().filter(|hold| !sim.holds().contains(hold));
    free.map(Directive::Hold).collect()
}

fn released(sim: &Sim<Actor>, which: impl Fn(Hold) -> bool) -> Directives {
    let holds = sim.holds().iter().copied().filter(|hold| which(*hold));
    holds.map(Directive::Release).collect()
}

fn expire(world: &World<Actor>, session: SessionId) -> Result<Directives, &'static str> {
    let (leader, _) =
        living::leader(world).ok_or("Only a leader ends a session, and nobody leads.")?;
    if !living::lives(world, session) {
        return Err("It has no session.");
    }
    let call = Call::Server(server::Call::ExpireSession(session));
    Ok(Vec::from([Directive::Act(Action::Call(NodeId::Server(leader), call))]))
}

/// A message under way.
#[must_use]
pub fn item(world: &World<Actor>, id: u64) -> Option<&Item<Msg>> {
    world.network().queues().values().flatten().find(|item| item.id == id)
}

/// The armed timers of a node with their times, microseconds; the first one first.
#[must_use]
pub fn timers(sim: &Sim<Actor>, node: NodeId) -> Vec<(u64, Timer)> {
    let Some(slot) = sim.world().slot(node) else { return Vec::new() };
    let armed = slot.timers().iter();
    let mut armed: Vec<(u64, Timer)> =
        armed.filter_map(|timer| Some((sim.timer_at(node, *timer)?.0, *timer))).collect();
    armed.sort_unstable();
    armed
}

/// An armed timer, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct TimerView {
    /// Which.
    pub timer: Timer,
    /// What it does, and when.
    pub words: String,
}

/// What is chosen, with its state as far as acts depend on it.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "they are independent")]
pub struct Target {
    /// It runs; for a message: it is under way.
    pub up: bool,
    /// It is stopped as by SIGSTOP.
    pub frozen: bool,
    /// Its disk is slow.
    pub slow: bool,
    /// The message, or each direction of the link, waits.
    pub held: [bool; 2],
    /// Each direction of the link is cut.
    pub cut: [bool; 2],
    /// The two nodes of the link or of the message.
    pub ends: Option<(NodeId, NodeId)>,
    /// Armed timers, the first one first.
    pub timers: Vec<TimerView>,
    /// Its name.
    pub title: String,
}

/// All that the panel of acts shows beside the moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Possible {
    /// What is chosen, if it is there.
    pub target: Option<Target>,
    /// All nodes.
    pub nodes: Vec<NodeId>,
    /// The nodes whose process is stopped.
    pub frozen: Vec<NodeId>,
    /// Messages under way that somebody would look at: number and title, oldest first.
    pub messages: Vec<(u64, String)>,
    /// Directions that are cut.
    pub cuts: usize,
    /// Things that are held.
    pub holds: usize,
}

/// Messages in the list of what can be chosen, at most.
const MESSAGES_MAX: usize = 30;

impl Possible {
    /// What can be done at this moment.
    #[must_use]
    #[inline(never)]
    pub fn of(lab: &Lab, selection: Option<&Selection>) -> Self {
        let (sim, world) = (lab.sim(), lab.world());
        let under_way = world.network().queues().values().flatten();
        let mut messages: Vec<(u64, String)> = under_way
            .filter_map(|item| {
                let flight = lab.flight(item.id).filter(|flight| !flight.look.is_quiet())?;
                let (from, to) = (node_name(item.from.node), node_name(item.to.node));
                Some((item.id, format!("{}: {from} to {to}", flight.look.name)))
            })
            .collect();
        messages.sort_by_key(|(id, _)| *id);
        messages.truncate(MESSAGES_MAX);
        Self {
            target: selection.and_then(|selection| target(lab, selection)),
            nodes: world.slots().keys().copied().collect(),
            frozen: sim.frozen().iter().copied().collect(),
            messages,
            cuts: world.network().cuts().len(),
            holds: sim.holds().len(),
        }
    }
}

fn target(lab: &Lab, selection: &Selection) -> Option<Target> {
    let (sim, world) = (lab.sim(), lab.world());
    let held = |hold: Hold| sim.holds().contains(&hold);
    match *selection {
        // Nothing is done to a znode but by a client.
        Selection::Znode(_) => None,
        Selection::Session(client) => {
            let node = NodeId::Client(client);
            world.slot(node)?;
            Some(Target {
                up: world.process(node).is_some(),
                frozen: sim.frozen().contains(&node),
                title: node_name(node),
                ..Target::default()
            })
        }
        Selection::Server(sid) => {
            let node = NodeId::Server(Sid(sid));
            world.slot(node)?;
            let timers = timers(sim, node).into_iter().map(|(at, timer)| TimerView {
                timer,
                words: format!("{}, due {}", timer_text(timer), time_text(Micros(at))),
            });
            Some(Target {
                up: world.process(node).is_some(),
                frozen: sim.frozen().contains(&node),
                slow: sim.disk_slowness(node) > 1,
                timers: timers.collect(),
                title: node_name(node),
                ..Target::default()
            })
        }
        Selection::Link(a, b) => {
            let cuts = world.network().cuts();
            Some(Target {
                up: true,
                held: [(a, b), (b, a)].map(|(from, to)| held(Hold::Between(from, to))),
                cut: [cuts.contains(&(a, b)), cuts.contains(&(b, a))],
                ends: Some((a, b)),
                title: format!("{} to {}", node_name(a), node_name(b)),
                ..Target::default()
            })
        }
        Selection::Message(id) => {
            let flight = lab.flight(id)?;
            let item = item(world, id);
            Some(Target {
                up: item.is_some(),
                held: [held(Hold::Item(id)); 2],
                ends: item.map(|item| (item.from.node, item.to.node)),
                title: flight.look.title(),
                ..Target::default()
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(sid: i64) -> NodeId {
        NodeId::Server(Sid(sid))
    }

    fn perform(lab: &mut Lab, act: &Act) {
        let directives = act.directives(lab.sim()).unwrap();
        assert!(!directives.is_empty(), "{act:?}");
        lab.direct_all(directives);
    }

    #[test]
    fn every_act_changes_the_run_and_is_undone() {
        let (a, b, client) = (server(1), server(2), ClientId(1));
        let timer = timers(Lab::elected(3, 7).sim(), a)[0].1;
        for act in [
            Act::Crash { node: a, power: false },
            Act::Crash { node: a, power: true },
            Act::Crash { node: NodeId::Client(client), power: false },
            Act::Freeze(a, true),
            Act::SlowDisk(a, true),
            Act::Cut(a, b, true),
            Act::CutBoth(a, b, true),
            Act::Partition(vec![a, NodeId::Client(client)]),
            Act::Break(a, b),
            Act::Hold(a, b, true),
            Act::HoldBoth(a, b, true),
            Act::Fire(a, timer),
            Act::FireNext(a),
            Act::Expire(living::of(&Lab::elected(3, 7), client)),
            Act::Move(client, Sid(2)),
            Act::Run(client, Program::Election { root: "/office".into() }),
            Act::Snapshot(a),
        ] {
            let mut lab = Lab::elected(3, 7);
            let (before, hash) = (lab.index(), lab.sim().hash());
            perform(&mut lab, &act);
            assert!(lab.index() > before && lab.sim().hash() != hash, "{act:?}");
            // In the past it starts a branch and keeps the other one.
            lab.seek(before - 1);
            let kept = lab.branches().len();
            perform(&mut lab, &act);
            assert_eq!(lab.branches().len(), kept + 1, "{act:?}");
            assert!(lab.undo(), "{act:?}");
            assert_eq!(lab.index(), before - 1, "{act:?}");
        }
    }

    #[test]
    fn what_is_done_is_taken_back_by_its_contrary() {
        let mut lab = Lab::elected(3, 7);
        let (a, b) = (server(1), server(2));
        let none = Possible::of(&lab, Some(&Selection::Server(1)));
        let link = Possible::of(&lab, Some(&Selection::Link(a, b)));
        for (act, contrary) in [
            (Act::Freeze(a, true), Act::Freeze(a, false)),
            (Act::SlowDisk(a, true), Act::SlowDisk(a, false)),
            (Act::CutBoth(a, b, true), Act::CutBoth(a, b, false)),
            (Act::Partition(vec![b]), Act::HealAll),
            (Act::HoldBoth(a, b, true), Act::ReleaseAll),
            (Act::Hold(b, a, true), Act::Hold(b, a, false)),
        ] {
            perform(&mut lab, &act);
            let changed = Possible::of(&lab, Some(&Selection::Server(1))) != none
                || Possible::of(&lab, Some(&Selection::Link(a, b))) != link;
            assert!(changed, "{act:?}");
            perform(&mut lab, &contrary);
            assert_eq!(Possible::of(&lab, Some(&Selection::Server(1))), none, "{act:?}");
            assert_eq!(Possible::of(&lab, Some(&Selection::Link(a, b))), link, "{act:?}");
        }
    }

    #[test]
    fn a_message_is_held_released_and_dropped() {
        let mut lab = Lab::elected(3, 7);
        lab.ask(ClientId(1), crate::lab::create("/x", "1", 0));
        let id = loop {
            assert!(lab.step());
            if let Some((id, _)) = Possible::of(&lab, None).messages.first() {
                break *id;
            }
        };
        perform(&mut lab, &Act::HoldMessage(id, true));
        let held = |lab: &Lab| {
            Possible::of(lab, Some(&Selection::Message(id))).target.is_some_and(|one| one.held[0])
        };
        assert!(held(&lab));
        perform(&mut lab, &Act::HoldMessage(id, false));
        assert!(!held(&lab));
        perform(&mut lab, &Act::Drop(id));
        assert!(item(lab.world(), id).is_none());
        for gone in [Act::Drop(id), Act::HoldMessage(id, true), Act::HoldMessage(id, false)] {
            assert!(gone.directives(lab.sim()).is_err(), "{gone:?}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let lab = Lab::elected(1, 7);
        for act in [
            Act::Start(server(1)),
            Act::Crash { node: server(9), power: true },
            Act::Freeze(server(9), true),
            Act::Partition(Vec::new()),
            Act::Partition(Possible::of(&lab, None).nodes),
            Act::HealAll,
            Act::ReleaseAll,
            Act::Drop(u64::MAX),
            Act::FireNext(server(9)),
            Act::Expire(SessionId(0)),
            Act::Expire(SessionId(99)),
        ] {
            assert!(act.directives(lab.sim()).is_err(), "{act:?}");
        }
    }

    #[test]
    fn ensembles_of_one_to_nine_with_observers_are_elected() {
        for (voters, observers) in [(1, 0), (2, 1), (1, 8), (3, 2), (4, 0), (9, 0), (200, 200)] {
            let lab = Lab::elected_of(voters, observers, 3, 5);
            assert!(lab.world().slots().len() <= 12);
            let serving = lab.world().slots().values().all(|slot| {
                slot.process().and_then(Actor::server).is_none_or(|one| one.peer().is_serving())
            });
            assert!(serving, "{voters} + {observers}");
        }
    }
}
