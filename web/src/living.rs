//! Sessions as the leader counts them: only it knows which live, and how long yet.

use crate::lab::Lab;
use zabscope_core::base::{ClientId, NodeId, SessionId, Sid};
use zabscope_core::ensemble::{Actor, Timer};
use zabscope_core::server::{self, Server};
use zabscope_core::sim::{Micros, Sim, World};

/// How long a session lives yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Until then, if its client is silent.
    Until(Micros),
    /// No longer: closeSession is under way.
    Over,
}

/// The server that leads; of two that think so, the one of the newer epoch.
#[must_use]
pub fn leader(world: &World<Actor>) -> Option<(Sid, &Server)> {
    let servers = world.slots().iter().filter_map(|(node, slot)| match *node {
        NodeId::Server(sid) => Some((sid, slot.process()?.server()?)),
        NodeId::Client(_) => None,
    });
    let leaders = servers.filter(|(_, server)| server.is_leader());
    leaders.max_by_key(|(_, server)| server.peer().current_epoch())
}

/// The session that a client has, or had last; 0 if it never had one.
#[must_use]
pub fn of(lab: &Lab, client: ClientId) -> SessionId {
    let mut own = lab.attached().filter(|it| it.client == client && it.session.0 != 0);
    own.next().map_or(SessionId(0), |last| last.session)
}

/// True if the leader keeps a session, and has not begun to end it: it can be expired.
#[must_use]
pub fn lives(world: &World<Actor>, session: SessionId) -> bool {
    let ticks = leader(world).and_then(|(_, leader)| leader.tracker().ticks_left(session));
    ticks.is_some_and(|ticks| ticks > 0)
}

/// How long the leader keeps a session yet; `None` if nobody leads, or the leader does not know it.
#[must_use]
pub fn left(sim: &Sim<Actor>, session: SessionId) -> Option<Left> {
    let (sid, leader) = leader(sim.world())?;
    let ticks = leader.tracker().ticks_left(session)?;
    // The first of them is the tick that comes next.
    let Some(more) = ticks.checked_sub(1) else { return Some(Left::Over) };
    let tick = Timer::Server(server::message::Timer::SessionTick);
    let next = sim.timer_at(NodeId::Server(sid), tick)?;
    Some(Left::Until(next.plus(more * leader.config().zab.tick_ms.0 * 1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::state::{RingOf, rings};

    #[test]
    fn of_a_session_that_is_over_nothing_is_left() {
        let mut lab = Lab::elected(3, 7);
        let client = ClientId(1);
        let session = of(&lab, client);
        assert!(lives(lab.world(), session));
        lab.kill(NodeId::Client(client), false);
        assert!(lives(lab.world(), session), "it outlives its client");
        let ring = |lab: &Lab| {
            let all = rings(lab).into_iter();
            all.filter(|ring| ring.of == RingOf::Client(1)).find_map(|it| it.left_us(lab.now()))
        };
        while left(lab.sim(), session) != Some(Left::Over) {
            assert!(ring(&lab).is_some() && lab.step());
        }
        // closeSession is under way.
        let mut steps = 0;
        while left(lab.sim(), session).is_some() {
            assert_eq!((ring(&lab), lives(lab.world(), session)), (Some(0), false));
            assert!(lab.step());
            steps += 1;
        }
        assert!(steps > 1, "{steps}");
    }
}
