//! When what must be true a while after the last fault is due.

use crate::ensemble::EnsembleSettings;
use crate::sim::Micros;
use alloc::vec::Vec;

/// The longest pause between two notifications, and the time to settle.
const ELECTION_MS: u64 = 5_200;
/// Ticks that a bound is longer than the sum of its parts, for half ticks and the way of messages.
const SLACK_TICKS: u64 = 7;
/// How long nothing may happen at the end, in ticks.
const QUIET_TICKS: u64 = 10;

/// Something that is looked at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The last fault is mended.
    Healed,
    /// L3.
    Minority,
    /// L1.
    Leader,
    /// L2.
    Served,
    /// L5, and turns of locks; after it the recipes stop.
    Answered,
    /// From here on nothing may happen.
    Quiet,
    /// The rest.
    End,
}

/// When the bounds are due.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    healed: Micros,
    minority: Micros,
    /// L1: also the time of the calls of the healed phase.
    pub leader: Micros,
    served: Micros,
    /// L5: recipes stop here.
    pub answered: Micros,
    quiet: Micros,
    /// The end of the run.
    pub end: Micros,
}

impl Bounds {
    /// Of a run whose faults end at `healed` (invariants: N + 0.2 s + 2IT; IT; YT + T; timeouts).
    #[must_use]
    pub fn of(settings: &EnsembleSettings, healed: Micros) -> Self {
        let ms = |ms: u64| Micros::from_ms(ms).0;
        let tick = ms(settings.tick_ms);
        let (init, sync) = (u64::from(settings.init_limit), u64::from(settings.sync_limit));
        let session = ms(u64::try_from(settings.session_timeout_ms).unwrap_or(0)).max(2 * tick);
        let minority = healed.plus((sync + 3) * tick);
        let leader = healed.plus(ms(ELECTION_MS) + (2 * init + SLACK_TICKS) * tick);
        let served = leader.plus((init + 2) * tick);
        let answered = served.plus(2 * session + 2 * tick);
        let quiet = answered.plus(session + (sync + 3) * tick);
        let end = quiet.plus(QUIET_TICKS * tick);
        Self { healed, minority, leader, served, answered, quiet, end }
    }

    /// All points in the order of time.
    #[must_use]
    pub fn points(&self) -> Vec<(Micros, Point)> {
        let mut points = Vec::from([
            (self.healed, Point::Healed),
            (self.minority, Point::Minority),
            (self.leader, Point::Leader),
            (self.served, Point::Served),
            (self.answered, Point::Answered),
            (self.quiet, Point::Quiet),
            (self.end, Point::End),
        ]);
        points.sort_by_key(|(at, _)| *at);
        points
    }
}
