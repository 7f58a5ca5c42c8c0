//! What must be true a while after the last fault.

use super::clients::Clients;
use super::safety::{Found, Safety};
use super::violation::Oracle;
use crate::base::{NodeId, Zxid};
use crate::ensemble::Actor;
use crate::server::Server;
use crate::sim::World;
use crate::zab::Rules;
use alloc::format;
use alloc::vec::Vec;

/// Judges the end of a healed phase.
///
/// # Errors
/// The bound that was missed.
pub fn judge<R: Rules>(
    world: &World<Actor<R>>,
    safety: &Safety,
    clients: &Clients,
) -> Result<(), Found> {
    let servers: Vec<(NodeId, &Server<R>)> = world
        .slots()
        .iter()
        .filter_map(|(node, slot)| Some((*node, slot.process()?.server()?)))
        .collect();
    let leaders = servers.iter().filter(|(_, server)| server.is_leader()).count();
    if leaders != 1 {
        return Err((Oracle::Served, None, format!("{leaders} leaders serve")));
    }
    let reign = servers.iter().find(|(_, server)| server.is_leader());
    let epoch = reign.map(|(_, leader)| leader.peer().current_epoch());
    let Some((_, judge_by)) = reign else { return Ok(()) };
    for (node, server) in &servers {
        // Who promised a newer epoch than the running leader's comes back with the next election
        // only, here as in Java.
        if Some(server.peer().accepted_epoch()) > epoch {
            continue;
        }
        let (phase, applied) = (server.peer().phase(), server.peer().history().applied());
        if !server.peer().is_serving() {
            return Err((Oracle::Served, Some(*node), format!("it is in {phase:?}")));
        }
        if applied != safety.last() {
            let what = format!("it has applied {applied}; committed is {}", safety.last());
            return Err((Oracle::Converged, Some(*node), what));
        }
        let digest = server.image().tree.digest();
        if digest != judge_by.image().tree.digest() {
            return Err((Oracle::Converged, Some(*node), "another tree".into()));
        }
        ephemerals(*node, server)?;
    }
    if let Some((id, client)) = clients.open().next() {
        return Err((Oracle::EveryOpAnswered, Some(client), format!("call {id} has no answer")));
    }
    let watched = judge_by.image().tree.get(super::faults::WATCHED);
    let changed = watched.map_or(Zxid::ZERO, |znode| znode.stat().mzxid);
    if let Some((client, armed)) = clients.armed().find(|(_, armed)| *armed < changed) {
        let what = format!("waits for a change behind {armed}; there was one at {changed}");
        return Err((Oracle::NoLostWatch, Some(client), what));
    }
    let alive = world.slots().iter().filter(|(node, _)| matches!(node, NodeId::Client(_))).count();
    let sessions = judge_by.image().num_sessions();
    if sessions > alive {
        let what = format!("{sessions} sessions are open for {alive} clients");
        return Err((Oracle::DeadSessionsClosed, None, what));
    }
    Ok(())
}

fn ephemerals<R: Rules>(node: NodeId, server: &Server<R>) -> Result<(), Found> {
    let image = server.image();
    for (session, mut paths) in image.tree.ephemerals() {
        if let Some(path) = paths.next()
            && image.session_timeout_ms(session).is_none()
        {
            let what = format!("{path} belongs to session {session}, which is over");
            return Err((Oracle::EphemeralOwnerLive, Some(node), what));
        }
    }
    Ok(())
}
