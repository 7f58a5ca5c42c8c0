//! The facts of a future that decide a question: of all that happens, what the question is about.

use super::state::{at, leader, newest, servers};
use crate::base::{ClientId, NodeId, Sid, Zxid};
use crate::client::Reply;
use crate::ensemble::{Actor, Note};
use crate::recipes::{self, Phase};
use crate::server;
use crate::sim::{Micros, StepRecord, World};
use crate::tell;
use crate::zab;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Most facts that are told; the last ones.
const FACTS_MAX: usize = 6;

/// A kind of facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The last vote of each server, and who counts a majority.
    Votes,
    /// Who is established as leader, and serves.
    Office,
    /// How learners that do not have the leader's history are brought to it.
    Sync,
    /// Sessions that the leader ends.
    Expiry,
    /// Each disk that the newest transaction has come to.
    Disks,
    /// The answers that this client gets.
    Told(ClientId),
    /// Who holds the lock at this path.
    Turns(String),
    /// The clients of the lock at this path that are woken.
    Woken(String),
}

/// What was told of one future so far.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    shows: &'a [Proof],
    begun: Micros,
    /// The newest transaction at the beginning, and the servers that have it on disk.
    zxid: Zxid,
    on_disk: Vec<Sid>,
    told: VecDeque<Fact>,
}

#[derive(Debug)]
struct Fact {
    us: u64,
    /// Whose vote it is.
    voter: Option<NodeId>,
    text: String,
}

impl<'a> Facts<'a> {
    /// What these kinds have to tell from now on.
    pub(super) fn begin(shows: &'a [Proof], begun: Micros, world: &World<Actor>) -> Self {
        let zxid = newest(world);
        let mut facts = Self { shows, begun, zxid, on_disk: Vec::new(), told: VecDeque::new() };
        facts.disks(begun, world);
        facts
    }

    /// Takes what a step adds; `world` is the one after it.
    pub(super) fn note(&mut self, world: &World<Actor>, record: &StepRecord<Actor>) {
        self.disks(record.at, world);
        let Some(node) = record.action().and_then(crate::sim::Action::node) else { return };
        for note in record.notes() {
            if !self.shows.iter().any(|proof| proof.has_note(world, node, note)) {
                continue;
            }
            let voter = matches!(note, Note::Server(server::Note::Zab(zab::Note::Voted(_))));
            let voter = voter.then_some(node);
            // A server has one vote at a time.
            self.told.retain(|fact| voter.is_none() || fact.voter != voter);
            if let Some(text) = tell::note(node, note) {
                self.tell(record.at, voter, text);
            }
        }
        for reply in record.replies() {
            if self.shows.iter().any(|proof| proof.has_reply(world, node, reply)) {
                self.tell(record.at, None, tell::reply_sentence(node, reply));
            }
        }
    }

    fn disks(&mut self, at: Micros, world: &World<Actor>) {
        if !self.shows.contains(&Proof::Disks) {
            return;
        }
        for server in servers(world) {
            let (peer, sid) = (server.peer(), server.peer().config().me);
            if peer.durable() < self.zxid || self.on_disk.contains(&sid) {
                continue;
            }
            self.on_disk.push(sid);
            let (count, all) = (self.on_disk.len(), peer.config().voters.len());
            let text = format!("Server {sid} has {} on disk: {count} of {all}.", self.zxid);
            self.tell(at, None, text);
        }
    }

    fn tell(&mut self, at: Micros, voter: Option<NodeId>, text: String) {
        if self.told.len() == FACTS_MAX {
            self.told.pop_front();
        }
        self.told.push_back(Fact { us: at.0 - self.begun.0, voter, text });
    }

    /// The last of them, oldest first, with their times since the beginning, microseconds.
    pub(super) fn told(self) -> Vec<(u64, String)> {
        self.told.into_iter().map(|fact| (fact.us, fact.text)).collect()
    }
}

impl Proof {
    fn has_note(&self, world: &World<Actor>, node: NodeId, note: &Note) -> bool {
        let zab = match note {
            Note::Server(server::Note::Zab(note)) => Some(note),
            Note::Server(_) | Note::Client(_) => None,
        };
        match self {
            Self::Votes => match zab {
                Some(zab::Note::Voted(_)) => true,
                // That followers count what their leader counts is no news; who joins one that
                // leads already has nothing else to tell.
                Some(zab::Note::Elected { leader: elected }) => {
                    node == NodeId::Server(*elected) || leader(world).is_some()
                }
                _ => false,
            },
            Self::Office => match zab {
                Some(zab::Note::Established(_)) => true,
                Some(zab::Note::Serving(_)) => {
                    let server = world.process(node).and_then(Actor::server);
                    server.is_some_and(server::Server::is_leader)
                }
                _ => false,
            },
            Self::Sync => match zab {
                Some(zab::Note::Syncing { with, txns, .. }) => {
                    *with != zab::SyncKind::Diff || *txns > 0
                }
                _ => false,
            },
            Self::Expiry => matches!(note, Note::Server(server::Note::Expired(_))),
            Self::Turns(path) => {
                matches!(note, Note::Client(recipes::Note::Phase { phase: Phase::First, .. }))
                    && wants(world, node, path)
            }
            Self::Disks | Self::Told(_) | Self::Woken(_) => false,
        }
    }

    fn has_reply(&self, world: &World<Actor>, node: NodeId, reply: &Reply) -> bool {
        match self {
            Self::Told(client) => {
                node == NodeId::Client(*client) && matches!(reply, Reply::Done { .. })
            }
            Self::Woken(path) => matches!(reply, Reply::Event { .. }) && wants(world, node, path),
            _ => false,
        }
    }
}

/// True for a client that wants the lock at this path.
fn wants(world: &World<Actor>, node: NodeId, path: &str) -> bool {
    at(world, path).any(|(id, _)| node == NodeId::Client(id))
}
