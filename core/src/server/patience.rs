//! The pause of a learner whose way into Broadcast fails again and again. Without it a learner that
//! cannot take what its leader sends would elect, connect and fail thousands of times a second.
//! One that has no history of failures never waits.

use crate::base::Millis;
use crate::zab::{Phase, Reason, ServerState};

/// Failures in a row that cost no pause: leaders may die one after the other.
const FREE_FAILURES: u32 = 3;
/// Pause after the next one; each further one is twice as long, up to a tick.
const FIRST_PAUSE_MS: u64 = 10;
/// Doublings that are counted.
const DOUBLINGS_MAX: u32 = 16;

/// How often in a row, and whether the present role has waited already.
#[derive(Clone, Debug, Default)]
pub struct Patience {
    failures: u32,
    /// This server is on its way from its leader's address to Broadcast.
    on_its_way: bool,
    waited: bool,
}

impl Patience {
    /// A role is left. What ends by a limit of ticks has waited long enough.
    pub(super) const fn on_leaving(&mut self, why: Reason) {
        if self.on_its_way && matches!(why, Reason::LinkLost | Reason::Protocol(_)) {
            self.failures = self.failures.saturating_add(1);
        }
    }

    /// State or phase changed.
    pub(super) const fn on_entered(&mut self, state: ServerState, phase: Phase) {
        let learns = matches!(state, ServerState::Following | ServerState::Observing);
        self.on_its_way = learns && !matches!(phase, Phase::Broadcast);
        self.waited = false;
        if matches!(phase, Phase::Broadcast) {
            self.failures = 0;
        }
    }

    /// How long to wait before the leader is asked; `None`: do it now.
    pub(super) fn before_connecting(&mut self, tick: Millis) -> Option<Millis> {
        let counted = self.failures.checked_sub(FREE_FAILURES)?;
        if self.waited {
            return None;
        }
        self.waited = true;
        Some(Millis(FIRST_PAUSE_MS << counted.min(DOUBLINGS_MAX)).min(tick))
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::{Msg, Packet, Recovered, Timer};
    use super::super::{Config, Server};
    use crate::base::quorum::Voters;
    use crate::base::{Effect, Epoch, Event, Link, Millis, Node, Now, Origin, Round, Sid, Zxid};
    use crate::tree::Image;
    use crate::zab::{self, Logged, Notification, ServerState, Sound, Vote};
    use bytes::Bytes;
    use std::vec::Vec;

    const LEADER: Sid = Sid(3);
    const LINK: Link = Link::Quorum(LEADER);
    const TICK: Millis = Millis(200);

    /// A follower whose disk is done at once.
    struct Follower {
        server: Server,
        epoch: i64,
    }

    impl Follower {
        fn new() -> Self {
            let zab = zab::Config {
                me: Sid(1),
                voters: Voters::new([1, 2, 3].map(Sid)),
                observers: [].into(),
                tick_ms: TICK,
                init_limit: 10,
                sync_limit: 5,
                text: Bytes::new(),
                standalone: false,
            };
            let config = Config {
                switches: Sound,
                zab,
                session_timeout_min_ms: 400,
                session_timeout_max_ms: 4000,
                snap_count: 1000,
                snap_bytes: 0,
                rules: crate::tree::WriteRules::default(),
                seed: 1,
                super_digest: None,
                enforced_schemes: Vec::new(),
                leader_serves: true,
            };
            let recovered = Recovered {
                accepted_epoch: Epoch(0),
                current_epoch: Epoch(0),
                last_zxid: Zxid::ZERO,
                recent: Vec::new(),
                behind_snapshot: Logged::default(),
                image: Image::new().into(),
            };
            let mut follower = Self { server: Server::boot(&config, recovered), epoch: 0 };
            follower.step(Event::Start);
            follower
        }

        fn step(&mut self, event: Event<Server>) -> Vec<Effect<Server>> {
            let mut effects = Vec::new();
            self.server.step(Now::default(), event, &mut effects);
            let writes = effects.iter().filter_map(|effect| match effect {
                Effect::Persist(write) => Some(<Server as Node>::mark(write)),
                _ => None,
            });
            for mark in writes.collect::<Vec<_>>() {
                effects.extend(self.step(Event::Durable(mark)));
            }
            effects
        }

        fn packet(&mut self, packet: Packet) -> Vec<Effect<Server>> {
            self.step(Event::Received(LINK, Msg::Packet(packet)))
        }

        /// Is elected a follower; the pause before it asks the leader.
        fn pause(&mut self) -> Option<Millis> {
            let mut effects = Vec::new();
            for (sid, state) in [(Sid(2), ServerState::Following), (LEADER, ServerState::Leading)] {
                let vote = Vote { peer_epoch: Epoch(9), zxid: Zxid::ZERO, leader: LEADER };
                let heard = Notification { state, vote, round: Round(1), config: Bytes::new() };
                let msg = Msg::Notification(heard);
                effects.extend(self.step(Event::Received(Link::Election(sid), msg)));
            }
            let timer = Timer::Zab(zab::Timer::ConnectRetry);
            let pause = effects.iter().find_map(|effect| match effect {
                Effect::SetTimer(set, after) if *set == timer => Some(*after),
                _ => None,
            });
            if pause.is_some() {
                effects.extend(self.step(Event::Timer(timer)));
            }
            let asks = |effect: &&Effect<Server>| matches!(effect, Effect::Connect(LINK));
            assert_eq!(effects.iter().filter(asks).count(), 1, "{effects:?}");
            pause
        }

        /// Its leader sends the epoch and the start of a DIFF.
        fn begin_sync(&mut self) {
            self.epoch += 1;
            self.step(Event::Linked(LINK, Origin { dialled: true, ip: None }));
            self.packet(Packet::LeaderInfo { epoch: Epoch(self.epoch) });
            self.packet(Packet::Diff { zxid: Zxid::ZERO });
        }

        fn fail(&mut self) {
            self.begin_sync();
            self.step(Event::Unlinked(LINK));
        }

        fn serve_and_fail(&mut self) {
            self.begin_sync();
            let epoch = Epoch(self.epoch);
            self.packet(Packet::NewLeader { epoch, config: Bytes::new() });
            self.packet(Packet::UpToDate);
            assert!(self.server.peer().is_serving());
            self.step(Event::Unlinked(LINK));
        }
    }

    #[test]
    fn a_learner_that_fails_again_and_again_pauses_longer_and_longer() {
        let mut follower = Follower::new();
        let pauses: Vec<_> = (0..12)
            .map(|_| {
                let pause = follower.pause();
                follower.fail();
                pause.map_or(0, |pause| pause.0)
            })
            .collect();
        assert_eq!(pauses, [0, 0, 0, 10, 20, 40, 80, 160, 200, 200, 200, 200]);
        follower.pause();
        follower.serve_and_fail();
        assert_eq!(follower.pause(), None, "it has served since");
    }

    #[test]
    fn a_learner_that_serves_between_its_failures_never_pauses() {
        let mut follower = Follower::new();
        for _ in 0..20 {
            assert_eq!(follower.pause(), None);
            follower.serve_and_fail();
        }
    }
}
