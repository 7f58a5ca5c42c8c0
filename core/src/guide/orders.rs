//! Commands of a guided run as directives. `leader`, `follower`, `dead` and `holder:PATH`
//! are found when the command is given.

use super::state;
use crate::base::{NodeId, Sid};
use crate::client::{self, CallId};
use crate::ensemble::{Actor, Call};
use crate::lab::{Command, Line, Problem};
use crate::sim::{Action, Directive, Sim, World};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a command does to a simulation.
pub(super) fn directives(text: &str, sim: &Sim<Actor>) -> Result<Vec<Directive<Actor>>, Problem> {
    let mut line = Line::parse(text)?;
    for (key, word) in &mut line.words {
        if key.is_empty()
            && let Some(name) = named(word, sim.world())
        {
            *word = name;
        }
    }
    let act = |actions: Vec<Action<Actor>>| actions.into_iter().map(Directive::Act).collect();
    let call = |client, call| act([Action::Call(NodeId::Client(client), call)].into());
    Ok(match Command::read(line)? {
        Command::Start(nodes) => act(nodes.into_iter().map(Action::Start).collect()),
        Command::Crash { nodes, kept } => {
            act(nodes.into_iter().map(|node| Action::Crash { node, kept }).collect())
        }
        Command::Cut { from, to, both } => {
            let mut cuts = Vec::from([Action::Cut(from, to)]);
            cuts.extend(both.then_some(Action::Cut(to, from)));
            act(cuts)
        }
        Command::Heal(pair) => {
            let world = sim.world();
            let cuts = world.network().cuts().iter();
            let cuts = cuts.filter(|(a, b)| {
                pair.is_none_or(|(x, y)| (*a, *b) == (x, y) || (*a, *b) == (y, x))
            });
            act(cuts.map(|(from, to)| Action::Heal(*from, *to)).collect())
        }
        Command::Freeze(node) => [Directive::Freeze(node)].into(),
        Command::Thaw(node) => [Directive::Thaw(node)].into(),
        Command::SlowDisk(node, factor) => [Directive::SlowDisk(node, factor)].into(),
        Command::Ask { client, request } => {
            let request = client::Call::Request { id: CallId(sim.index()), request };
            call(client, Call::Client(request))
        }
        Command::Close(client) => call(client, Call::Client(client::Call::Close)),
        Command::Play { client, program } => call(client, Call::Run(program)),
        _ => return Err(Problem(format!("'{text}' is nothing that a guided run can do"))),
    })
}

fn named(word: &str, world: &World<Actor>) -> Option<String> {
    let leader = || state::leader(world).map(|server| server.peer().config().me);
    match word {
        "leader" => leader().map(|sid| sid.to_string()),
        "follower" => {
            let mut sids = state::servers(world).map(|server| server.peer().config().me);
            let leader = leader();
            sids.find(|sid: &Sid| Some(*sid) != leader).map(|sid| sid.to_string())
        }
        "dead" => {
            let mut servers = world.slots().iter().filter(|(node, slot)| {
                matches!(node, NodeId::Server(_)) && slot.process().is_none()
            });
            servers.next().map(|(node, _)| node.to_string())
        }
        _ => {
            let root = word.strip_prefix("holder:")?;
            state::holder(world, root).map(|client| format!("c{}", client.0))
        }
    }
}
