//! What a guided run can say about a world: states that a step waits for, values it asks for.

use crate::base::{ClientId, NodeId, Sid, Zxid};
use crate::client;
use crate::ensemble::Actor;
use crate::recipes::{Phase, Worker};
use crate::server::Server;
use crate::sim::World;
use crate::zab::{self, ServerState, Vote};
use alloc::string::String;
use alloc::vec::Vec;

/// How many servers are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many, or more.
    AtLeast(usize),
    /// Every one that runs.
    All,
    /// More than half of the voters.
    Quorum,
}

/// Something that holds in a world, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// So many servers are LOOKING.
    Looking(Count),
    /// So many servers vote for the same one.
    Alike(Count),
    /// So many servers serve clients.
    Serving(Count),
    /// A leader serves.
    Leads,
    /// So many have the newest transaction in their log.
    Logged(Count),
    /// ... on their disk.
    Durable(Count),
    /// ... in their tree.
    Applied(Count),
    /// So many have a znode at this path.
    Has(String, Count),
    /// So many have none.
    Lacks(String, Count),
    /// Some server has a transaction in its log that no server has in its tree.
    Proposed,
    /// Some server leads and has come to this phase.
    Leading(zab::Phase),
    /// The client waits for no answer.
    Answered(ClientId),
    /// ... and the last one that it got is of the newest transaction, or of a later state: an
    /// error that leaves the outcome open is no such answer.
    Told(ClientId),
    /// Some client holds the lock at this path.
    Held(String),
    /// So many clients wait for a lock, no more and no fewer.
    Waiting(usize),
}

/// Something that a question can be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The server that leads and serves; 0 for none.
    Leader,
    /// The server that was elected, whether it serves yet or not; 0 for none.
    Elected,
    /// How many servers have the newest transaction on their disk.
    Durable,
    /// The client that holds the lock at this path; 0 for none.
    Holder(String),
    /// How many times its clients were woken by a watch to look who holds the lock.
    Wakeups(String),
}

/// The servers that run.
pub(super) fn servers(world: &World<Actor>) -> impl Iterator<Item = &Server> {
    world.slots().values().filter_map(|slot| slot.process().and_then(Actor::server))
}

fn workers(world: &World<Actor>) -> impl Iterator<Item = (ClientId, &Worker)> {
    world.slots().iter().filter_map(|(node, slot)| match (node, slot.process()) {
        (NodeId::Client(id), Some(actor)) => actor.worker().map(|worker| (*id, worker)),
        _ => None,
    })
}

/// The server that leads and serves.
pub(super) fn leader(world: &World<Actor>) -> Option<&Server> {
    servers(world).find(|server| server.is_leader() && server.peer().is_serving())
}

/// The client that holds the lock at this path.
pub(super) fn holder(world: &World<Actor>, root: &str) -> Option<ClientId> {
    at(world, root).find(|(_, worker)| phase(worker) == Phase::First).map(|(id, _)| id)
}

/// The clients that want the lock at this path.
pub(super) fn at<'a>(
    world: &'a World<Actor>,
    root: &str,
) -> impl Iterator<Item = (ClientId, &'a Worker)> {
    workers(world).filter(move |(_, worker)| worker.program().root() == Some(root))
}

fn phase(worker: &Worker) -> Phase {
    worker.recipe().map(|recipe| recipe.phase()).unwrap_or_default()
}

/// What a server would vote for itself; `None` if it does not run.
pub(super) fn own_vote(world: &World<Actor>, sid: Sid) -> Option<Vote> {
    let peer = world.process(NodeId::Server(sid)).and_then(Actor::server)?.peer();
    let (peer_epoch, zxid) = (peer.current_epoch(), peer.history().logged());
    Some(Vote { peer_epoch, zxid, leader: sid })
}

/// The server that most vote for, or have elected; `None` if none runs.
pub(super) fn favourite(world: &World<Actor>) -> Option<Sid> {
    let votes: Vec<Sid> = servers(world).map(|server| server.peer().ballot().0.leader).collect();
    votes.iter().copied().max_by_key(|sid| votes.iter().filter(|vote| *vote == sid).count())
}

pub(super) fn newest(world: &World<Actor>) -> Zxid {
    servers(world).map(|server| server.peer().history().logged()).max().unwrap_or(Zxid::ZERO)
}

impl Count {
    /// Is this enough of the servers that run?
    fn is_met(self, world: &World<Actor>, which: impl Fn(&Server) -> bool) -> bool {
        let found = servers(world).filter(|server| which(server)).count();
        let all = servers(world).count();
        found >= self.needed(world, all)
    }

    fn needed(self, world: &World<Actor>, all: usize) -> usize {
        match self {
            Self::AtLeast(count) => count,
            Self::All => all.max(1),
            Self::Quorum => {
                let voters =
                    servers(world).next().map(|server| server.peer().config().voters.len());
                voters.unwrap_or(0) / 2 + 1
            }
        }
    }
}

/// How many servers have all up to this on their disk.
pub(super) fn on_disk(world: &World<Actor>, zxid: Zxid) -> u64 {
    servers(world).filter(|server| server.peer().durable() >= zxid).count() as u64
}

/// The last zxid that a client has seen, if it is connected and waits for no answer.
fn is_answered(world: &World<Actor>, client: ClientId) -> Option<Zxid> {
    let (_, worker) = workers(world).find(|(id, _)| *id == client)?;
    let asks = worker.client();
    let waits = asks.outstanding() + asks.waiting() > 0;
    (asks.state() == client::State::Connected && !waits).then(|| asks.last_zxid())
}

impl State {
    /// Does it hold?
    #[must_use]
    pub fn holds(&self, world: &World<Actor>) -> bool {
        match self {
            Self::Looking(count) => {
                count.is_met(world, |server| server.peer().state() == ServerState::Looking)
            }
            Self::Alike(count) => {
                let votes: Vec<_> =
                    servers(world).map(|server| server.peer().ballot().0.leader).collect();
                let most = votes.iter().map(|vote| votes.iter().filter(|v| *v == vote).count());
                most.max().unwrap_or(0) >= count.needed(world, votes.len())
            }
            Self::Serving(count) => count.is_met(world, |server| server.peer().is_serving()),
            Self::Leads => leader(world).is_some(),
            Self::Logged(count) => {
                let newest = newest(world);
                count.is_met(world, |server| server.peer().history().logged() == newest)
            }
            Self::Durable(count) => {
                let newest = newest(world);
                count.is_met(world, |server| server.peer().durable() == newest)
            }
            Self::Applied(count) => {
                let newest = newest(world);
                count.is_met(world, |server| server.image().zxid == newest)
            }
            Self::Has(path, count) => {
                count.is_met(world, |server| server.image().tree.contains(path))
            }
            Self::Lacks(path, count) => {
                count.is_met(world, |server| !server.image().tree.contains(path))
            }
            Self::Proposed => {
                let applied = servers(world).map(|server| server.image().zxid).max();
                Some(newest(world)) > applied
            }
            Self::Leading(phase) => servers(world).any(|server| {
                server.peer().state() == ServerState::Leading && server.peer().phase() >= *phase
            }),
            Self::Answered(client) => is_answered(world, *client).is_some(),
            Self::Told(client) => {
                is_answered(world, *client).is_some_and(|seen| seen >= newest(world))
            }
            Self::Held(root) => holder(world, root).is_some(),
            Self::Waiting(count) => {
                let waits = |(_, worker): &(ClientId, &Worker)| phase(worker) == Phase::Waiting;
                workers(world).filter(waits).count() == *count
            }
        }
    }
}

impl Value {
    /// The value in a world.
    #[must_use]
    pub fn of(&self, world: &World<Actor>) -> u64 {
        let number = |server: &Server| server.peer().config().me.0.unsigned_abs();
        match self {
            Self::Leader => leader(world).map_or(0, number),
            Self::Elected => {
                let leads = |server: &&Server| server.peer().state() == ServerState::Leading;
                servers(world).find(leads).map_or(0, number)
            }
            Self::Durable => on_disk(world, newest(world)),
            Self::Holder(root) => holder(world, root).map_or(0, |client| client.0.into()),
            Self::Wakeups(root) => {
                let recipes = at(world, root).filter_map(|(_, worker)| worker.recipe());
                recipes.map(|recipe| u64::from(recipe.counts().wakeups)).sum()
            }
        }
    }
}
