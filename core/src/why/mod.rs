//! Why something is so, or is not so yet: the guards of the protocol with their present values.
//!
//! A query over a moment of a simulation, which changes nothing. Each [`Guard`] is a condition that
//! the engine tests too, with the numbers it would test now; the sentence names the first that
//! fails. What lies in the past (since when is a link cut?) comes from the tape.
//!
//! | question | answered by |
//! |---|---|
//! | why is this zxid not committed? | [`commit()`]: acknowledgements counted, order, quorum heard; what is still to come from whom |
//! | why does this server not serve, lead, follow? | [`server()`]: the guards of its phase |
//! | why is this server elected? | [`election()`]: the votes counted |
//! | why does nobody hold this lock? | [`lock()`] |
//! | why this vote? | [`vote()`]: epoch, zxid and id beside each other; the first difference decides |
//! | why DIFF, TRUNC or SNAP? | [`sync`]: the numbers that the leader compared |
//! | why no answer, no connection, no session? | [`client()`] |
//! | why does this message not move, why does not all pass on this link? | [`message()`], [`link()`]: what is held back, cut, or in front of it |
//! | why is a request refused? | [`request()`]: the checks of a write on the leader's tree |

mod client;
mod commit;
mod held;
mod lock;
mod past;
mod request;
mod server;
mod vote;

use crate::base::{ClientId, NodeId, Sid, Zxid};
use crate::ensemble::Actor;
use crate::server::Server;
use crate::sim::{Micros, Sim, World};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

pub use client::client;
pub use commit::commit;
pub use held::{link, message, oldest_held};
pub use lock::lock;
pub use request::request;
pub use server::{election, server};
pub use vote::{VoteRow, VoteTable, order_text, sync, vote};

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The rule, in words.
    pub name: &'static str,
    /// Does it hold?
    pub holds: bool,
    /// The rule with its values, and what the values are made of; a line each.
    pub values: Vec<String>,
}

/// What is awaited from one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Which.
    pub from: Sid,
    /// What it is at.
    pub what: String,
    /// When that is over, if nobody interferes.
    pub when: When,
}

/// When something comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At this time.
    At(Micros),
    /// It is not known.
    Open,
    /// When somebody releases it.
    Released,
    /// Not as things are.
    Never,
}

/// An explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What is explained: "Why e2.c7 is not committed".
    pub title: String,
    /// The answer.
    pub sentence: String,
    /// The conditions, in the order in which they matter.
    pub guards: Vec<Guard>,
    /// Two votes beside each other.
    pub votes: Option<VoteTable>,
    /// What is still to come.
    pub awaited: Vec<Awaited>,
}

/// Something that can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A transaction.
    Commit(Zxid),
    /// What a server does.
    Server(Sid),
    /// That this server is elected, or is not yet.
    Election(Sid),
    /// The vote of a server.
    Vote(Sid),
    /// How a learner is brought to its leader's history.
    Sync(Sid),
    /// What a client does.
    Client(ClientId),
    /// That a message, by its number, is under way.
    Message(u64),
    /// That not all passes between two nodes.
    Link(NodeId, NodeId),
}

/// The explanation of a subject at this moment; `None` if there is nothing to explain.
#[must_use]
pub fn explain(sim: &Sim<Actor>, subject: Subject) -> Option<Why> {
    match subject {
        Subject::Commit(zxid) => Some(commit(sim, zxid)),
        Subject::Server(sid) => server(sim, sid),
        Subject::Election(sid) => election(sim, sid),
        Subject::Vote(sid) => vote(sim, sid),
        Subject::Sync(sid) => sync(sim, sid),
        Subject::Client(id) => client(sim, id),
        Subject::Message(id) => message(sim, id),
        Subject::Link(a, b) => link(sim, a, b),
    }
}

impl Guard {
    fn new(name: &'static str, holds: bool, values: impl Into<String>) -> Self {
        Self { name, holds, values: [values.into()].into() }
    }

    fn and(mut self, value: impl Into<String>) -> Self {
        self.values.push(value.into());
        self
    }
}

impl Why {
    fn new(title: String, guards: Vec<Guard>, sentence: String) -> Self {
        Self { title, sentence, guards, votes: None, awaited: Vec::new() }
    }

    /// The first condition that does not hold.
    #[must_use]
    pub fn failed(&self) -> Option<&Guard> {
        self.guards.iter().find(|guard| !guard.holds)
    }
}

/// As the command line and transcripts show it.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for guard in &self.guards {
            let mark = if guard.holds { "yes" } else { "NO " };
            writeln!(f, "  {mark} {}", guard.name)?;
            for value in &guard.values {
                writeln!(f, "      {value}")?;
            }
        }
        if let Some(votes) = &self.votes {
            votes.fmt(f)?;
        }
        for awaited in &self.awaited {
            let at = match awaited.when {
                When::At(at) => format!(", until {}", at_text(at)),
                When::Never => ": never, as things are".to_string(),
                When::Open | When::Released => String::new(),
            };
            writeln!(f, "  server {}: {}{at}", awaited.from, awaited.what)?;
        }
        writeln!(f, "  {}", self.sentence)
    }
}

// --- shared ----------------------------------------------------------------------------------

fn running(world: &World<Actor>, sid: Sid) -> Option<&Server> {
    world.process(NodeId::Server(sid)).and_then(Actor::server)
}

fn servers(world: &World<Actor>) -> impl Iterator<Item = (Sid, Option<&Server>)> {
    world.slots().iter().filter_map(|(node, slot)| match node {
        NodeId::Server(sid) => Some((*sid, slot.process().and_then(Actor::server))),
        NodeId::Client(_) => None,
    })
}

/// The server that leads and serves.
fn leader(world: &World<Actor>) -> Option<(Sid, &Server)> {
    servers(world).find_map(|(sid, server)| {
        server.filter(|server| server.is_leader() && server.peer().is_serving()).map(|s| (sid, s))
    })
}

/// `{1, 3}`
fn set(sids: &[Sid]) -> String {
    let mut text = String::from("{");
    for (place, sid) in sids.iter().enumerate() {
        if place > 0 {
            text.push_str(", ");
        }
        text.push_str(&sid.to_string());
    }
    text.push('}');
    text
}

/// `2 of 3 needed`, or `5, needed 3`.
fn of_needed(found: usize, needed: usize) -> String {
    if found < needed {
        format!("{found} of {needed} needed")
    } else {
        format!("{found}, needed {needed}")
    }
}

/// `+3.205 s`
fn at_text(at: Micros) -> String {
    let ms = at.0 / 1_000;
    format!("+{}.{:03} s", ms / 1_000, ms % 1_000)
}
