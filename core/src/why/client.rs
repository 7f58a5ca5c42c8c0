//! Why a client has no connection, no session, or no answer.

use super::commit::is;
use super::held::{Kept, of_node, oldest, way_text};
use super::past::{cut_text, stopped_text};
use super::{Guard, Why, leader, running};
use crate::base::{ClientId, Link, NodeId, Sid, counted};
use crate::client::{Client, State};
use crate::ensemble::Actor;
use crate::server::message::Packet;
use crate::sim::Sim;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Why a client is in the state it is in; `None` if there is no such client.
#[must_use]
pub fn client(sim: &Sim<Actor>, id: ClientId) -> Option<Why> {
    let node = NodeId::Client(id);
    sim.world().slot(node)?;
    let name = format!("Client {}", id.0);
    let Some(client) = sim.world().process(node).and_then(Actor::client) else {
        let what = stopped_text(sim, node).unwrap_or_default();
        let guard = Guard::new("Its process runs", false, what.clone());
        let sentence = format!("{name} does nothing: it is {what}.");
        return Some(Why::new(title(&name, "does nothing"), [guard].into(), sentence));
    };
    let why = match client.state() {
        State::Connected if client.outstanding() + client.waiting() > 0 => {
            unanswered(sim, &name, client)
        }
        State::Connected => connected(sim, &name, node, client),
        State::Connecting => connecting(sim, &name, node, client),
        State::Expired | State::Closed | State::AuthFailed => over(&name, client),
    };
    Some(why)
}

fn title(name: &str, what: &str) -> String {
    format!("Why {} {what}", name.to_ascii_lowercase())
}

fn over(name: &str, client: &Client) -> Why {
    let (what, sentence) = match client.state() {
        State::Expired => (
            "expired",
            format!(
                "The session of {name} expired: the leader heard no sign of life for {} ms, and \
                 committed its end.",
                client.timeout_ms()
            ),
        ),
        State::AuthFailed => ("authentication failed", format!("{name} was not believed.")),
        _ => ("closed", format!("{name} has no session: it closed it, or never opened one.")),
    };
    let guard = Guard::new("It has a session", false, what.to_string());
    Why::new(title(name, "has no session"), [guard].into(), sentence)
}

/// Does the leader still wait for this session?
fn session_guard(sim: &Sim<Actor>, client: &Client) -> Option<Guard> {
    let (_, leader) = leader(sim.world())?;
    let left = leader.tracker().ticks_left(client.session());
    let tick_ms = leader.peer().config().tick_ms.0;
    let value = left.map_or_else(
        || "the leader does not know it".to_string(),
        |left| format!("{} ms left, at the least", left.saturating_sub(1) * tick_ms),
    );
    Some(Guard::new("The leader keeps its session", left.is_some(), value))
}

fn connecting(sim: &Sim<Actor>, name: &str, node: NodeId, client: &Client) -> Why {
    let mut guards = Vec::new();
    let mut sentences = Vec::new();
    for sid in client.config().servers.iter().copied() {
        let hindrance = hindrance(sim, node, client, sid).or_else(|| holding(sim, node, sid));
        if let Some(what) = &hindrance {
            sentences.push(format!("server {sid} {what}"));
        }
        let holds = hindrance.is_none();
        let value = hindrance.unwrap_or_else(|| "would take it".to_string());
        guards.push(Guard::new("A server takes it", holds, format!("server {sid} {value}")));
    }
    guards.extend(session_guard(sim, client));
    let mut tried =
        client.server().map_or_else(String::new, |sid| format!(" It tries server {sid}."));
    let waiting = u64::try_from(client.waiting()).unwrap_or(u64::MAX);
    if waiting > 0 {
        let kept = counted(waiting, "request waits", "requests wait");
        tried.push_str(&format!(" So {kept} at the client."));
    }
    let sentence = if sentences.is_empty() {
        format!("{name} is about to be connected.{tried}")
    } else {
        format!("{name} is not connected: {}.{tried}", sentences.join(", "))
    };
    Why::new(title(name, "is not connected"), guards, sentence)
}

/// Why this server cannot take this client; `None` if it can.
fn hindrance(sim: &Sim<Actor>, node: NodeId, client: &Client, sid: Sid) -> Option<String> {
    let there = NodeId::Server(sid);
    if let Some(what) = stopped_text(sim, there) {
        return Some(format!("is {what}"));
    }
    if let Some(what) = cut_text(sim, node, there) {
        return Some(format!("cannot be reached: {node} is {what}"));
    }
    let peer = running(sim.world(), sid)?.peer();
    if !peer.is_serving() {
        return Some("does not serve: it has no leader with a quorum".to_string());
    }
    let (seen, has) = (client.last_zxid(), peer.last_processed());
    (seen > has).then(|| format!("has only {has}, and {node} has seen {seen}"))
}

/// The hold that keeps a client and this server from hearing each other.
fn holding(sim: &Sim<Actor>, node: NodeId, sid: Sid) -> Option<String> {
    let held = on_stream(sim, node, sid).map(|kept| kept.clause());
    let held = held.or_else(|| way_text(sim, node, NodeId::Server(sid)))?;
    Some(format!("cannot be reached: {held}"))
}

/// A message that is held back between a client and this server.
fn on_stream(sim: &Sim<Actor>, node: NodeId, sid: Sid) -> Option<Kept<'_>> {
    of_node(sim, node, &|link| link == Link::Server(sid))
}

fn connected(sim: &Sim<Actor>, name: &str, node: NodeId, client: &Client) -> Why {
    let mut guards = Vec::new();
    if let Some(sid) = client.server() {
        let what = hindrance(sim, node, client, sid);
        let holds = what.is_none();
        let value =
            what.map_or_else(|| format!("server {sid}"), |what| format!("server {sid} {what}"));
        guards.push(Guard::new("Its server is there and serves", holds, value));
    }
    guards.extend(session_guard(sim, client));
    let kept = client.server().and_then(|sid| on_stream(sim, node, sid));
    guards.extend(kept.map(|kept| kept.guard()));
    let sentence = match guards.iter().find(|guard| !guard.holds) {
        Some(_) if kept.is_some() => {
            let held = kept.map(|kept| kept.clause()).unwrap_or_default();
            format!("{name} is connected, but {held}.")
        }
        Some(guard) => {
            let value = guard.values.first().map(String::as_str).unwrap_or_default();
            format!("{name} believes to be connected, but {value}.")
        }
        None => format!("{name} is connected and waits for nothing."),
    };
    Why::new(title(name, "is connected"), guards, sentence)
}

fn unanswered(sim: &Sim<Actor>, name: &str, client: &Client) -> Why {
    let asked = client.outstanding() + client.waiting();
    let mut why = Why::new(title(name, "has no answer yet"), Vec::new(), String::new());
    let Some(sid) = client.server() else { return why };
    let node = NodeId::Client(client.config().id);
    let answers = if asked == 1 { "its answer".to_owned() } else { format!("{asked} answers") };
    let open = |what: &str| format!("{name} waits for {answers}: {what}.");
    if let Some(what) = hindrance(sim, node, client, sid) {
        why.guards.push(Guard::new("Its server is there and serves", false, what.clone()));
        why.sentence = open(&format!("server {sid} {what}"));
        return why;
    }
    why.guards.push(Guard::new("Its server is there and serves", true, format!("server {sid}")));
    let Some(server) = running(sim.world(), sid) else { return why };
    let conns = server.connections().values();
    let mut own = conns.filter(|conn| conn.session() == client.session());
    let waiting = own.next().map_or(0, |conn| conn.waiting());
    let kept = if waiting == 0 {
        on_stream(sim, node, sid)
    } else {
        forwarded(sim, client, sid).or_else(|| uncommitted(sim, sid))
    };
    let answered = kept.is_some_and(|kept| kept.is_answer());
    let value = format!("{waiting} of {asked} wait there");
    let value = if answered { "it was answered".to_owned() } else { value };
    why.guards.push(Guard::new("The request has come there", waiting > 0 || answered, value));
    if let Some(kept) = kept {
        why.guards.push(kept.guard());
        why.sentence = open(&kept.clause());
        return why;
    }
    if waiting == 0 {
        why.sentence = open("the request, or the answer, is on its way");
        return why;
    }
    let oldest = leader(sim.world())
        .and_then(|(_, leader)| leader.peer().history().tail().front().map(|entry| entry.zxid));
    if let Some(zxid) = oldest {
        let commit = super::commit(sim, zxid);
        why.guards.extend(commit.guards);
        why.awaited = commit.awaited;
        why.sentence = commit.sentence;
        return why;
    }
    let applied = server.peer().history().applied();
    let ahead = leader(sim.world()).map(|(_, leader)| leader.peer().history().applied());
    let behind = ahead.filter(|ahead| *ahead > applied);
    let value = behind.map_or_else(
        || format!("applied = {applied}"),
        |ahead| format!("applied = {applied}, committed = {ahead}"),
    );
    why.guards.push(Guard::new(
        "Its server has applied what is committed",
        behind.is_none(),
        value,
    ));
    why.sentence = match behind {
        Some(ahead) => {
            let to_leader = leader(sim.world())
                .and_then(|(lead, _)| cut_text(sim, NodeId::Server(sid), NodeId::Server(lead)));
            let because = to_leader.map_or_else(String::new, |what| format!("; it is {what}"));
            open(&format!("server {sid} has not heard of the commit of {ahead}{because}"))
        }
        None => open(&format!("the request is on its way from server {sid} to the leader")),
    };
    why
}

/// What this server sent on for the client, if that is held back.
fn forwarded<'a>(sim: &'a Sim<Actor>, client: &Client, sid: Sid) -> Option<Kept<'a>> {
    let (lead, _) = leader(sim.world())?;
    let asks = |packet: &Packet| match packet {
        Packet::Request(forward) => forward.session == client.session(),
        Packet::Sync => true,
        _ => false,
    };
    let (here, there) = (NodeId::Server(sid), NodeId::Server(lead));
    oldest(sim, &|item| (item.from.node, item.to.node) == (here, there) && is(item, &asks))
}

/// The news of a commit that this server lacks, if that is held back.
fn uncommitted(sim: &Sim<Actor>, sid: Sid) -> Option<Kept<'_>> {
    let (lead, _) = leader(sim.world())?;
    let (there, here) = (NodeId::Server(lead), NodeId::Server(sid));
    let tells =
        |packet: &Packet| matches!(packet, Packet::Commit(_) | Packet::Inform(_) | Packet::Sync);
    oldest(sim, &|item| (item.from.node, item.to.node) == (there, here) && is(item, &tells))
}
