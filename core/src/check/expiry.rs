//! Nobody's session is over before its timeout is: the leader that closes it has heard nothing of
//! it for that long, and has led for that long.

use super::violation::{Found, Oracle};
use crate::base::{Link, Map, NodeId, SessionId, Set};
use crate::client::State;
use crate::ensemble::{Actor, Note};
use crate::server::message::{Msg, Packet};
use crate::server::{self, Server};
use crate::sim::{Action, Cause, Directive, Item, Micros, StepRecord, Wire, World};
use crate::zab::Rules;
use alloc::format;
use alloc::vec::Vec;

/// The oracle of expiry.
#[derive(Clone, Debug, Default)]
pub struct Expiry {
    /// The sessions that a message under way tells to be alive.
    alive: Map<u64, Vec<SessionId>>,
    /// When a leader last heard so.
    heard: Map<(NodeId, SessionId), Micros>,
    /// Since when each leader leads.
    leads: Map<NodeId, Micros>,
    /// Servers whose clock was set to run fast or slow: their seconds are not the world's.
    odd_clocks: Set<NodeId>,
}

impl Expiry {
    /// Judges one step.
    ///
    /// # Errors
    /// The rule that it broke.
    pub fn look<R: Rules>(
        &mut self,
        world: &World<Actor<R>>,
        record: &StepRecord<Actor<R>>,
    ) -> Result<(), Found> {
        if let Cause::Told(Directive::ClockRate { node, .. }) = &record.cause {
            self.odd_clocks.insert(*node);
        }
        for item in &record.sent {
            let alive = told_alive(world, item);
            if !alive.is_empty() {
                self.alive.insert(item.id, alive);
            }
        }
        let arrived = record.arrived.as_ref().filter(|_| !record.lost);
        let alive = arrived.and_then(|item| self.alive.remove(&item.id));
        let Some(node @ NodeId::Server(_)) = record.action().and_then(Action::node) else {
            return Ok(());
        };
        let server = world.process(node).and_then(Actor::server);
        let Some(server) = server.filter(|server| server.is_leader()) else {
            self.leads.remove(&node);
            self.heard.retain(|(leader, _), _| *leader != node);
            return Ok(());
        };
        let since = *self.leads.get_or_insert(node, record.at);
        // An order to expire it at once is no timeout.
        if matches!(record.action(), Some(Action::Fire(..))) && !self.odd_clocks.contains(&node) {
            for note in record.notes() {
                if let Note::Server(server::Note::Expired(session)) = note {
                    let last = self.heard.get(&(node, *session)).copied().unwrap_or(since);
                    judge(node, server, *session, last, record.at)?;
                }
            }
        }
        let link = arrived.map(|item| item.to.link);
        for session in alive.into_iter().flatten() {
            // What comes on a connection that the session has left does not count for it.
            let there = match link {
                Some(Link::Client(conn)) => {
                    server.connections().get(&conn).is_some_and(|it| it.session() == session)
                }
                _ => true,
            };
            if there {
                self.heard.insert((node, session), record.at);
            }
        }
        Ok(())
    }
}

/// The sessions that the leader must take for alive when this message reaches it.
fn told_alive<R: Rules>(world: &World<Actor<R>>, item: &Item<Msg>) -> Vec<SessionId> {
    match &item.wire {
        Wire::Data(Msg::Packet(Packet::Ping { touched: Some(touched), .. })) => {
            touched.iter().map(|touch| touch.session).collect()
        }
        // Behind the handshake only: before it the server cannot know whose it is.
        Wire::Data(Msg::ToServer(_)) => {
            let client = world.process(item.from.node).and_then(Actor::client);
            let connected = client.filter(|client| client.state() == State::Connected);
            connected.map(|client| client.session()).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn judge<R: Rules>(
    node: NodeId,
    server: &Server<R>,
    session: SessionId,
    last: Micros,
    at: Micros,
) -> Result<(), Found> {
    let timeout_ms = server.image().sessions().find(|(id, _)| *id == session).map(|(_, ms)| ms);
    let timeout_ms = timeout_ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0);
    let silent_us = at.0 - last.0;
    if silent_us < Micros::from_ms(timeout_ms).0 {
        let what = format!("session {session} is over after {silent_us} us of {timeout_ms} ms");
        return Err((Oracle::ExpiryNotEarly, Some(node), what));
    }
    Ok(())
}
