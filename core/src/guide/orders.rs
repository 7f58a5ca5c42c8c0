//! Commands of a guided run as directives: a few of the commands of [`crate::lab`], read here
//! because the page needs no more of them. `leader`, `follower`, `dead`, `holder:PATH`, and in
//! another future `right`, `guess` and `better` are found when the command is given.

use super::state;
use crate::base::{ClientId, NodeId, Sid};
use crate::client::{self, CallId};
use crate::ensemble::{Actor, Call};
use crate::lab::{Line, Problem};
use crate::proto::Acl;
use crate::proto::request::{CreateOp, CreateRequest, Request};
use crate::recipes::{Program, Turns};
use crate::sim::{Action, Directive, Kept, Sim, World};
use alloc::string::String;
use alloc::vec::Vec;

/// Names that only another future has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guess {
    /// What the learner said.
    pub guess: u64,
    /// What was right.
    pub right: u64,
}

fn wrong(text: &str) -> Problem {
    let mut why = String::from("no order of a guided run: ");
    why.push_str(text);
    Problem(why)
}

/// What a command does to a simulation.
pub(super) fn directives(
    text: &str,
    sim: &Sim<Actor>,
    guess: Guess,
) -> Result<Vec<Directive<Actor>>, Problem> {
    let mut line = Line::parse(text)?;
    read(&mut line, sim, guess).filter(|_| line.words.is_empty()).ok_or_else(|| wrong(text))
}

fn read(line: &mut Line, sim: &Sim<Actor>, guess: Guess) -> Option<Vec<Directive<Actor>>> {
    let name = core::mem::take(&mut line.name);
    let world = sim.world();
    let node = |line: &mut Line| named(&line.next_word()?, world, guess).into_iter().next();
    let number = |line: &mut Line| line.next_word()?.parse().ok();
    Some(match name.as_str() {
        "start" => Vec::from([Directive::Act(Action::Start(node(line)?))]),
        "crash" => {
            let nodes = named(&line.next_word()?, world, guess);
            let crash = |node| Directive::Act(Action::Crash { node, kept: Kept::All });
            nodes.into_iter().map(crash).collect()
        }
        "cut" | "heal" => {
            let (a, b) = (node(line)?, node(line)?);
            let action = if name == "cut" { Action::Cut } else { Action::Heal };
            [(a, b), (b, a)].map(|(from, to)| Directive::Act(action(from, to))).into()
        }
        "freeze" => [Directive::Freeze(node(line)?)].into(),
        "thaw" => [Directive::Thaw(node(line)?)].into(),
        "slow_disk" => [Directive::SlowDisk(node(line)?, number(line)?)].into(),
        _ => {
            let NodeId::Client(client) = node(line)? else { return None };
            let call = called(&name, line, sim.index())?;
            [Directive::Act(Action::Call(NodeId::Client(client), call))].into()
        }
    })
}

/// What a client is told to do.
fn called(name: &str, line: &mut Line, step: u64) -> Option<Call> {
    let request = match name {
        "close" => return Some(Call::Client(client::Call::Close)),
        "play" => return program(line).map(Call::Run),
        "create" => {
            let ephemeral = line.flag("ephemeral");
            let path = path(line)?.as_str().into();
            let (data, acl) = (Some(data(line)), Some(Acl::open()));
            let (kind, flags) = (CreateOp::Create, i32::from(ephemeral));
            Request::Create(CreateRequest { kind, path, data, acl, flags })
        }
        "set" => Request::SetData {
            path: path(line)?.as_str().into(),
            data: Some(data(line)),
            version: -1,
        },
        "delete" => Request::Delete { path: path(line)?.as_str().into(), version: -1 },
        "get" => Request::GetData { path: path(line)?.as_str().into(), watch: false },
        _ => return None,
    };
    Some(Call::Client(client::Call::Request { id: CallId(step), request }))
}

fn data(line: &mut Line) -> bytes::Bytes {
    line.next_word().unwrap_or_default().into()
}

/// With its first slash, which may be left out.
fn path(line: &mut Line) -> Option<String> {
    let word = line.next_word()?;
    if word.starts_with('/') {
        return Some(word);
    }
    let mut path = String::from("/");
    path.push_str(&word);
    Some(path)
}

/// `lock PATH hold=SECONDS`, or `naive_lock`.
fn program(line: &mut Line) -> Option<Program> {
    let recipe = line.next_word()?;
    let hold: String = line.key("hold").ok()??;
    let hold_s: u64 = hold.strip_suffix('s')?.parse().ok()?;
    let hold_ms = hold_s.checked_mul(1_000)?;
    let turns = Turns { root: path(line)?, hold_ms, rest_ms: 1_000 };
    match recipe.as_str() {
        "lock" => Some(Program::Lock(turns)),
        "naive_lock" => Some(Program::NaiveLock(turns)),
        _ => None,
    }
}

/// The nodes that a word means; none if there is no such node now.
pub(super) fn named(word: &str, world: &World<Actor>, guess: Guess) -> Vec<NodeId> {
    let server = |sid: u64| NodeId::Server(Sid(sid.cast_signed()));
    let leader = || state::leader(world).map(|server| server.peer().config().me);
    let sids = || state::servers(world).map(|server| server.peer().config().me);
    let found = match word {
        "leader" => leader().map(NodeId::Server),
        "follower" => {
            let leader = leader();
            sids().find(|sid| Some(*sid) != leader).map(NodeId::Server)
        }
        "dead" => {
            let mut slots = world.slots().iter();
            slots
                .find(|(node, slot)| matches!(node, NodeId::Server(_)) && slot.process().is_none())
                .map(|(node, _)| *node)
        }
        "right" => Some(server(guess.right)),
        "guess" => Some(server(guess.guess)),
        "right-client" => u32::try_from(guess.right).ok().map(|id| NodeId::Client(ClientId(id))),
        // All whose own vote would win over that of the guess.
        "better" => {
            let own = state::own_vote(world, Sid(guess.guess.cast_signed()));
            let better = sids().filter(|sid| state::own_vote(world, *sid) > own);
            return better.map(NodeId::Server).collect();
        }
        _ => match (word.strip_prefix("holder:"), word.strip_prefix('c')) {
            (Some(root), _) => state::holder(world, root).map(NodeId::Client),
            (_, Some(number)) => number.parse().ok().map(|id| NodeId::Client(ClientId(id))),
            _ => word.parse().ok().map(|sid| NodeId::Server(Sid(sid))),
        },
    };
    found.into_iter().collect()
}
