//! Why a transaction is not committed.

use super::held::keeper;
use super::past::{cut_text, stopped_text};
use super::{Awaited, Guard, When, Why, leader, of_needed, running, servers, set};
use crate::base::{NodeId, Sid, Zxid};
use crate::ensemble::Actor;
use crate::server::Server;
use crate::server::message::{Msg, Packet, Write};
use crate::sim::{Item, Sim, Wire};
use crate::zab::Stage;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Why a transaction is not committed, or that it is.
#[must_use]
pub fn commit(sim: &Sim<Actor>, zxid: Zxid) -> Why {
    let Some((me, server)) = leader(sim.world()) else { return leaderless(sim, zxid) };
    let (peer, history) = (server.peer(), server.peer().history());
    if zxid <= history.applied() {
        let gone = !history.recent().is_empty()
            && history.recent().front().is_some_and(|first| first.zxid <= zxid)
            && !history.recent().iter().any(|entry| entry.zxid == zxid);
        let what = format!("lastCommitted = {}", history.applied());
        let guard = Guard::new("The leader has committed up to it", !gone, what);
        if gone {
            let sentence = format!("No transaction of the leader's history has the zxid {zxid}.");
            return Why::new(format!("{zxid} does not exist"), [guard].into(), sentence);
        }
        let which = |has: fn(&Server) -> Zxid| {
            let found = servers(sim.world()).filter(|(_, s)| s.is_some_and(|s| has(s) >= zxid));
            set(&found.map(|(sid, _)| sid).collect::<Vec<_>>())
        };
        let (on_disk, applied) = (which(|s| s.peer().durable()), which(|s| s.image().zxid));
        let sentence = format!(
            "{zxid} is committed: it is on the disks of {on_disk}, and applied by {applied}."
        );
        let guard = guard.and(format!("on disk = {on_disk}"));
        let others = servers(sim.world()).filter(|(sid, _)| *sid != me);
        let behind = others.filter(|(_, server)| server.is_none_or(|s| s.image().zxid < zxid));
        let awaited: Vec<Awaited> =
            behind.filter_map(|(sid, _)| applying(sim, me, sid, zxid)).collect();
        let held = awaited.iter().find(|awaited| awaited.when == When::Released);
        let sentence = match held {
            Some(held) => format!("{sentence} Server {}: {}.", held.from, held.what),
            None => sentence,
        };
        let title = format!("Why {zxid} is committed");
        return Why { awaited, ..Why::new(title, [guard].into(), sentence) };
    }
    let title = format!("Why {zxid} is not committed");
    let Some(acks) = peer.acks(zxid) else {
        let what = format!("lastProposed = {}", peer.last_proposed());
        let guard = Guard::new("The leader has proposed it", false, what);
        let sentence = format!("No COMMIT for {zxid}: leader {me} has not proposed it.");
        return Why::new(title, [guard].into(), sentence);
    };
    let voters = &peer.config().voters;
    let (needed, count) = (voters.quorum_size(), acks.len());
    let heard = heard(server, me);
    let oldest = history.tail().front().map(|entry| entry.zxid);
    let guards = [
        Guard::new(
            "More than half have acknowledged it",
            voters.is_quorum(&acks),
            format!("{count} of {}, {needed} needed", voters.len()),
        )
        .and(format!("acks = {}", set(&acks))),
        Guard::new(
            "Everything before it is committed",
            oldest == Some(zxid),
            format!("lastCommitted = {}", history.applied()),
        ),
        Guard::new(
            "The leader still hears a quorum",
            voters.is_quorum(&heard),
            format!("heard = {}", set(&heard)),
        ),
    ];
    let missing = voters.iter().filter(|sid| !acks.contains(sid));
    let awaited: Vec<Awaited> = missing.map(|sid| awaited(sim, me, sid, zxid)).collect();
    let sentence = sentence(zxid, count, needed, oldest, &awaited);
    Why { awaited, ..Why::new(title, guards.into(), sentence) }
}

/// The first reason in words.
fn sentence(
    zxid: Zxid,
    count: usize,
    needed: usize,
    oldest: Option<Zxid>,
    awaited: &[Awaited],
) -> String {
    if count >= needed {
        let oldest = oldest.unwrap_or(zxid);
        return format!("No COMMIT for {zxid}: {oldest}, which is before it, is not committed.");
    }
    let acks = if count == 1 { "ACK" } else { "ACKs" };
    let mut text = format!("No COMMIT for {zxid}: {count} {acks} of {needed} needed");
    let hopeless = awaited.iter().filter(|awaited| awaited.when == When::Never);
    for awaited in hopeless.clone() {
        text.push_str(&format!(", server {} is {}", awaited.from, awaited.what));
    }
    let held = awaited.iter().find(|awaited| awaited.when == When::Released);
    let first = awaited.first().filter(|_| hopeless.count() == 0);
    if let Some(told) = held.or(first) {
        text.push_str(&format!(", server {}: {}", told.from, told.what));
    }
    text.push('.');
    text
}

fn leaderless(sim: &Sim<Actor>, zxid: Zxid) -> Why {
    let has: Vec<Sid> = servers(sim.world())
        .filter(|(_, server)| server.is_some_and(|s| s.peer().history().logged() >= zxid))
        .map(|(sid, _)| sid)
        .collect();
    let guard = Guard::new("A leader serves", false, "leader = none")
        .and(format!("in the log of {}", set(&has)));
    let sentence = format!("No COMMIT for {zxid}: nobody leads.");
    Why::new(format!("Why {zxid} is not committed"), [guard].into(), sentence)
}

/// Voters that the leader has heard of within syncLimit, itself included.
pub(super) fn heard(server: &Server, me: Sid) -> Vec<Sid> {
    let limit = server.peer().config().sync_limit;
    let mut heard = Vec::from([me]);
    if let Some(reign) = server.peer().reign() {
        let near = reign.learners.iter().filter(|learner| {
            !learner.observer && learner.stage == Stage::Synced && learner.silent_ticks <= limit
        });
        heard.extend(near.map(|learner| learner.sid));
    }
    heard.sort();
    heard
}

/// What the ACK of a server waits for.
fn awaited(sim: &Sim<Actor>, leader: Sid, from: Sid, zxid: Zxid) -> Awaited {
    let (there, here) = (NodeId::Server(from), NodeId::Server(leader));
    if let Some(awaited) = out_of_reach(sim, leader, from) {
        return awaited;
    }
    let is_ack = |packet: &Packet| matches!(packet, Packet::Ack(acked) if *acked >= zxid);
    let is_proposal =
        |packet: &Packet| matches!(packet, Packet::Proposal(entry) if entry.zxid == zxid);
    if let Some(item) = under_way(sim, there, here, &is_ack) {
        return coming(sim, from, "ACK", item);
    }
    if writes(sim, there, zxid) {
        return Awaited { from, what: "writing to disk".to_string(), when: When::Open };
    }
    if let Some(item) = under_way(sim, here, there, &is_proposal) {
        return coming(sim, from, "PROPOSAL", item);
    }
    match running(sim.world(), from) {
        Some(server) if server.peer().leader() == Some(leader) => {
            let what = "has not got the proposal".to_string();
            Awaited { from, what, when: When::Open }
        }
        Some(_) | None => {
            let what = "not following this leader".to_string();
            Awaited { from, what, when: When::Never }
        }
    }
}

/// What a server waits for that has not applied a committed transaction, as far as it is known.
fn applying(sim: &Sim<Actor>, leader: Sid, from: Sid, zxid: Zxid) -> Option<Awaited> {
    let (there, here) = (NodeId::Server(from), NodeId::Server(leader));
    out_of_reach(sim, leader, from).or_else(|| {
        let commit = under_way(sim, here, there, &|packet| tells_commit(packet, zxid))?;
        Some(coming(sim, from, "COMMIT", commit))
    })
}

/// Does this packet tell a learner that the transaction is committed?
fn tells_commit(packet: &Packet, zxid: Zxid) -> bool {
    match packet {
        Packet::Commit(committed) => *committed == zxid,
        Packet::Inform(entry) => entry.zxid == zxid,
        _ => false,
    }
}

fn out_of_reach(sim: &Sim<Actor>, leader: Sid, from: Sid) -> Option<Awaited> {
    let (there, here) = (NodeId::Server(from), NodeId::Server(leader));
    let what = stopped_text(sim, there).or_else(|| cut_text(sim, there, here))?;
    Some(Awaited { from, what, when: When::Never })
}

fn coming(sim: &Sim<Actor>, from: Sid, name: &str, item: &Item<Msg>) -> Awaited {
    match keeper(sim, item) {
        Some(kept) => Awaited { from, what: kept.clause(), when: When::Released },
        None => {
            let at = sim.arrival_at(item.to, item.id);
            let when = at.map_or(When::Open, When::At);
            Awaited { from, what: format!("{name} on its way"), when }
        }
    }
}

/// Is the transaction among the writes that wait for this disk?
fn writes(sim: &Sim<Actor>, node: NodeId, zxid: Zxid) -> bool {
    let slot = sim.world().slot(node);
    slot.is_some_and(|slot| {
        slot.writes()
            .iter()
            .any(|(_, write)| matches!(write, Write::Append(entry) if entry.zxid == zxid))
    })
}

/// A packet between two servers.
fn under_way<'a>(
    sim: &'a Sim<Actor>,
    from: NodeId,
    to: NodeId,
    fits: &dyn Fn(&Packet) -> bool,
) -> Option<&'a Item<Msg>> {
    let queues = sim.world().network().queues();
    let items = queues.iter().filter(|(end, _)| end.node == to).flat_map(|(_, queue)| queue);
    let mut found = items.filter(|item| item.from.node == from).filter(|item| is(item, fits));
    found.next()
}

/// Is it such a packet?
pub(super) fn is(item: &Item<Msg>, fits: &dyn Fn(&Packet) -> bool) -> bool {
    matches!(&item.wire, Wire::Data(Msg::Packet(packet)) if fits(packet))
}

/// `2 of 3 needed`, for a quorum.
pub(super) fn quorum_text(found: usize, server: &Server) -> String {
    of_needed(found, server.peer().config().voters.quorum_size())
}
