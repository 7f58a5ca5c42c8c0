//! Why a server does not serve, lead or follow yet; or that it does.

use super::commit::{heard, quorum_text};
use super::held::{Kept, of_node};
use super::past::{cut_text, stopped_text};
use super::vote::vote;
use super::{Guard, Why, at_text, running, servers, set};
use crate::base::quorum::Voters;
use crate::base::{Link, NodeId, Sid};
use crate::ensemble::{Actor, Timer};
use crate::server::{self, Server};
use crate::sim::Sim;
use crate::tell::sentence;
use crate::zab::{self, LearnerStage, Phase, ReignView, ServerState};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How the sentence about a condition that does not hold yet begins.
const OPEN: &str = "Still open: ";
/// The condition that an election needs before any other.
const REACHED: &str = "More than half can be reached";

/// Why a server does what it does; `None` if there is no such server.
#[must_use]
pub fn server(sim: &Sim<Actor>, sid: Sid) -> Option<Why> {
    let node = NodeId::Server(sid);
    sim.world().slot(node)?;
    let stopped = stopped_text(sim, node);
    let Some(server) = running(sim.world(), sid) else {
        let what = stopped.unwrap_or_default();
        let guard = Guard::new("Its process runs", false, what.clone());
        let sentence = format!("Server {sid} does nothing: it is {what}.");
        return Some(Why::new(format!("Why server {sid} does nothing"), [guard].into(), sentence));
    };
    let mut why = match server.peer().state() {
        ServerState::Looking => looking(sim, sid, server),
        ServerState::Leading => leading(sid, server),
        ServerState::Following | ServerState::Observing => learning(sim, sid, server),
    };
    if let Some(kept) = kept(sim, sid, server, why.failed().is_some()) {
        add_held(&mut why, sid, kept);
    }
    if let Some(what) = stopped {
        why.sentence = format!("Server {sid} stands still: it is {what}.");
        why.guards.insert(0, Guard::new("Its process runs", false, what));
    }
    Some(why)
}

/// The message that is held back and for which a server waits, `open` or not.
fn kept<'a>(sim: &'a Sim<Actor>, sid: Sid, server: &Server, open: bool) -> Option<Kept<'a>> {
    let (node, peer) = (NodeId::Server(sid), server.peer());
    match peer.state() {
        ServerState::Looking => {
            let election = peer.election()?;
            // When enough vote alike, only a vote that may be better is waited for.
            let agreed = election.is_agreed(&peer.config().voters);
            let awaited = peer.awaited_votes();
            of_node(sim, node, &|other| match other {
                Link::Election(other) => !agreed || awaited.contains(&other),
                _ => false,
            })
        }
        ServerState::Leading if open => of_node(sim, node, &|link| matches!(link, Link::Quorum(_))),
        ServerState::Leading => None,
        ServerState::Following | ServerState::Observing => {
            let leader = peer.leader()?;
            of_node(sim, node, &|link| link == Link::Quorum(leader))
        }
    }
}

/// A hold stands before the conditions that it keeps from holding, but for voters out of reach.
fn add_held(why: &mut Why, sid: Sid, kept: Kept<'_>) {
    let failed = why.guards.iter().position(|guard| !guard.holds && guard.name != REACHED);
    why.guards.insert(failed.unwrap_or(why.guards.len()), kept.guard());
    let held = kept.clause();
    why.sentence = match failed {
        None => format!("{} But {held}.", why.sentence),
        Some(_) if why.sentence.starts_with(OPEN) => format!("Server {sid} waits: {held}."),
        Some(_) => format!("{} {}.", why.sentence, sentence(&held)),
    };
}

fn named(title: &str, guards: Vec<Guard>, all: String) -> Why {
    let sentence = match guards.iter().find(|guard| !guard.holds) {
        Some(guard) => {
            let values = guard.values.first().map(String::as_str).unwrap_or_default();
            format!("{OPEN}{} ({values}).", lower(guard.name))
        }
        None => all,
    };
    Why::new(title.to_string(), guards, sentence)
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        core::iter::once(first.to_ascii_lowercase()).chain(letters).collect()
    })
}

// --- LOOKING ---------------------------------------------------------------------------------

fn looking(sim: &Sim<Actor>, sid: Sid, server: &Server) -> Why {
    let peer = server.peer();
    let title = format!("Why server {sid} has no leader yet");
    let Some(election) = peer.election() else {
        let what = format!("not on disk = {}", peer.pending().len());
        let guard = Guard::new("The disk has everything", peer.pending().is_empty(), what);
        return named(&title, [guard].into(), format!("Server {sid} is about to vote."));
    };
    let (own, voters) = (election.proposal(), &peer.config().voters);
    let alike: Vec<Sid> = election.alike().collect();
    let agreed = election.is_agreed(voters);
    let count = alike.len();
    let timer = Timer::Server(server::Timer::Zab(zab::Timer::Settle));
    let settles = sim.timer_at(NodeId::Server(sid), timer);
    let settled = match settles {
        Some(at) => format!("until {} at most", at_text(at)),
        None => "waits for the line above".to_string(),
    };
    let mut guards = Vec::from([
        alike_guard(own.leader, count, agreed, voters).and(format!(
            "votes of {} in round {}",
            set(&alike),
            election.round().0
        )),
        Guard::new("No better vote can come", false, settled)
            .and(format!("awaited = {}", set(&peer.awaited_votes()))),
    ]);
    let reachable = reachable(sim, sid, server);
    if !voters.is_quorum(&reachable) {
        guards.insert(
            0,
            Guard::new(
                REACHED,
                false,
                format!("reached = {}: {}", set(&reachable), quorum_text(reachable.len(), server)),
            ),
        );
    }
    let sentence = if !voters.is_quorum(&reachable) {
        format!(
            "Server {sid} is LOOKING: it reaches {} voters, itself included.",
            quorum_text(reachable.len(), server)
        )
    } else if agreed {
        format!(
            "Server {sid} is LOOKING: enough vote for {}, and it waits for a better vote.",
            own.leader
        )
    } else {
        format!(
            "Server {sid} is LOOKING: it knows of {} votes for {}.",
            quorum_text(count, server),
            own.leader
        )
    };
    let votes = vote(sim, sid).and_then(|why| why.votes);
    Why { votes, ..Why::new(title, guards, sentence) }
}

/// Voters that run and that no cut separates from this server, itself included.
fn reachable(sim: &Sim<Actor>, sid: Sid, server: &Server) -> Vec<Sid> {
    let me = NodeId::Server(sid);
    let voters = server.peer().config().voters.iter();
    let near = |other: &Sid| {
        let there = NodeId::Server(*other);
        *other == sid || (stopped_text(sim, there).is_none() && cut_text(sim, me, there).is_none())
    };
    voters.filter(near).collect()
}

/// Why a server is elected, while it leads; before that what [`server()`] says.
#[must_use]
pub fn election(sim: &Sim<Actor>, sid: Sid) -> Option<Why> {
    let elected = running(sim.world(), sid);
    let elected = elected.filter(|server| server.peer().state() == ServerState::Leading);
    let Some(elected) = elected else { return server(sim, sid) };
    let voters = &elected.peer().config().voters;
    let alike: Vec<Sid> = servers(sim.world())
        .filter(|(other, server)| {
            voters.contains(*other) && server.is_some_and(|s| s.peer().ballot().0.leader == sid)
        })
        .map(|(other, _)| other)
        .collect();
    let guard = alike_guard(sid, alike.len(), voters.is_quorum(&alike), voters)
        .and(format!("votes of {}", set(&alike)));
    let sentence = format!("Server {sid} is elected: {} vote for it.", set(&alike));
    Some(Why::new(format!("Why server {sid} is elected"), [guard].into(), sentence))
}

/// So many vote for this server.
fn alike_guard(leader: Sid, count: usize, agreed: bool, voters: &Voters) -> Guard {
    let values =
        format!("for {leader}: {count} of {}, {} needed", voters.len(), voters.quorum_size());
    Guard::new("More than half vote alike", agreed, values)
}

// --- LEADING ---------------------------------------------------------------------------------

fn leading(sid: Sid, server: &Server) -> Why {
    let peer = server.peer();
    let Some(reign) = peer.reign() else {
        return named(&format!("Server {sid} leads"), Vec::new(), String::new());
    };
    let is_quorum = |sids: &[Sid]| peer.config().voters.is_quorum(sids);
    let counted = |name, sids: &[Sid]| {
        Guard::new(name, is_quorum(sids), quorum_text(sids.len(), server)).and(set(sids))
    };
    let ReignView { epoch, reported, promised, synced, .. } = &reign;
    let number = epoch.map_or_else(|| "no epoch".to_string(), |epoch| format!("epoch {epoch}"));
    let title = |what: &str| format!("Why server {sid} {what}");
    match reign.phase {
        Phase::Election | Phase::Discovery => named(
            &title("does not serve yet"),
            [
                counted("A quorum has told its last epoch", reported),
                Guard::new("Its own promise is on disk", reign.epoch_durable, number),
                counted("A quorum has promised the new epoch", promised),
            ]
            .into(),
            format!("Server {sid} is about to be established."),
        ),
        Phase::Synchronization => named(
            &title("does not serve yet"),
            [
                Guard::new("currentEpoch is on disk", synced.contains(&sid), number),
                counted("A quorum has its history on disk", synced),
            ]
            .into(),
            format!("Server {sid} is about to serve."),
        ),
        Phase::Broadcast => {
            let heard = heard(server, sid);
            named(
                &title("leads"),
                [
                    counted("A quorum has its history on disk", synced),
                    counted("It still hears a quorum", &heard),
                ]
                .into(),
                format!("Server {sid} leads {number}: a quorum has its history and is heard."),
            )
        }
    }
}

// --- FOLLOWING and OBSERVING -----------------------------------------------------------------

fn learning(sim: &Sim<Actor>, sid: Sid, server: &Server) -> Why {
    let peer = server.peer();
    let (Some(leader), Some((stage, silent))) = (peer.leader(), peer.learning()) else {
        return named(&format!("Server {sid} follows"), Vec::new(), String::new());
    };
    let there = NodeId::Server(leader);
    let past = |wanted: &[LearnerStage]| !wanted.contains(&stage);
    let connecting = [LearnerStage::Connecting];
    let hindrance =
        stopped_text(sim, there).map(|what| format!("server {leader} is {what}")).or_else(|| {
            let cut = cut_text(sim, NodeId::Server(sid), there)?;
            Some(format!("server {sid} is {cut}"))
        });
    let reach = hindrance.unwrap_or_else(|| format!("leader = {leader}"));
    let promising = [LearnerStage::Connecting, LearnerStage::Registering, LearnerStage::Promising];
    let before_history = |stage| {
        matches!(
            stage,
            LearnerStage::AwaitingSync
                | LearnerStage::Truncating { .. }
                | LearnerStage::Reloading { .. }
                | LearnerStage::Syncing
                | LearnerStage::Adopting
        )
    };
    let promised = past(&promising);
    let limit = peer.config().sync_limit;
    let guards = Vec::from([
        Guard::new("It is connected to its leader", past(&connecting), reach),
        Guard::new(
            "It has promised the leader's epoch",
            promised,
            format!("acceptedEpoch = {}", peer.accepted_epoch()),
        ),
        Guard::new(
            "It has the leader's history on disk",
            promised && !before_history(stage),
            format!("currentEpoch = {}, log to {}", peer.current_epoch(), peer.durable()),
        ),
        Guard::new(
            "The leader said that a quorum has it too",
            stage == LearnerStage::Broadcast,
            if stage == LearnerStage::Broadcast { "UPTODATE came" } else { "UPTODATE awaited" },
        ),
        Guard::new(
            "It has heard the leader lately",
            silent <= limit,
            format!("silent for {silent} of {limit} ticks"),
        ),
    ]);
    let all = match leads_elsewhere(sim, leader) {
        Some(other) => format!(
            "Server {sid} follows {leader}, which it still hears; server {other} leads as well."
        ),
        None => format!("Server {sid} follows {leader}: it is elected, and heard."),
    };
    let title = if stage == LearnerStage::Broadcast {
        format!("Why server {sid} follows {leader}")
    } else {
        format!("Why server {sid} does not serve yet")
    };
    named(&title, guards, all)
}

fn leads_elsewhere(sim: &Sim<Actor>, leader: Sid) -> Option<Sid> {
    let mut others = servers(sim.world()).filter(|(sid, _)| *sid != leader);
    others.find(|(_, server)| server.is_some_and(Server::is_leader)).map(|(sid, _)| sid)
}
