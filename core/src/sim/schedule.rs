//! When things happen: latencies drawn from a seed, disks that sync in groups, clocks that run
//! at their own speed.
//!
//! A schedule only knows times. Whether something that is due can still happen is asked when its
//! time has come, so nothing has to be taken back when a stream breaks or a process dies.
//! All arithmetic is on integers: the same on every machine.

use super::action::Due;
use super::network::{End, Posted};
use crate::base::rng::Rng;
use crate::base::{Map, Millis, NodeId, Now};
use alloc::vec::Vec;
use core::fmt;

/// A point of virtual time, in microseconds since the start of the simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl Micros {
    /// This many milliseconds.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms.saturating_mul(1000))
    }

    /// So many microseconds later.
    #[must_use]
    pub const fn plus(self, us: u64) -> Self {
        Self(self.0.saturating_add(us))
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} ms", self.0 / 1000, self.0 % 1000)
    }
}

/// What a run depends on, besides its nodes and its directives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Of all latencies.
    pub seed: u64,
    /// Shortest time on the wire.
    pub latency_us: u64,
    /// Up to so much more, drawn for each item.
    pub jitter_us: u64,
    /// Shortest time of one disk access.
    pub disk_us: u64,
    /// Up to so much more, drawn for each access.
    pub disk_jitter_us: u64,
    /// After this time without an answer the opener of a stream is told that it failed.
    pub connect_timeout_ms: u64,
    /// A cut that lasts so long ends the streams that it stops, each end at its own time; `None`
    /// leaves that to the timeouts of the protocol.
    pub break_after_ms: Option<u64>,
    /// What every wall clock shows at the start, milliseconds since 1970.
    pub wall_start_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            latency_us: 500,
            jitter_us: 500,
            disk_us: 2_000,
            disk_jitter_us: 1_000,
            connect_timeout_ms: 5_000,
            break_after_ms: None,
            wall_start_ms: 1_700_000_000_000,
        }
    }
}

/// Largest numerator and denominator of a clock's rate.
pub const RATE_MAX: u32 = 1_000_000;

/// Something with a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Planned<T> {
    /// An item arrives.
    Deliver(End, u64),
    /// A write is durable.
    Flush(NodeId, u64),
    /// A job is done.
    Work(NodeId, u64),
    /// A timer fires.
    Fire(NodeId, T),
    /// The opener of a stream has waited long enough.
    GiveUp(End, u64),
    /// A stream has been cut long enough: the cut, and the step that made it.
    Lapse(End, u64, (NodeId, NodeId), u64),
}

impl<T> Planned<T> {
    /// Who does it; `None` for what the network does.
    const fn node(&self) -> Option<NodeId> {
        match self {
            Self::Deliver(..) => None,
            Self::Flush(node, _) | Self::Work(node, _) | Self::Fire(node, _) => Some(*node),
            Self::GiveUp(end, _) | Self::Lapse(end, ..) => Some(end.node),
        }
    }
}

/// Place in the order of things: time, then order of planning.
pub(super) type Key = (Micros, u64);

/// One group commit: from `start`, which may be ahead, to `end`.
#[derive(Clone, Copy, Debug)]
struct Sync {
    start: Micros,
    end: Micros,
}

#[derive(Clone, Copy, Debug)]
struct Clock {
    num: u32,
    den: u32,
    /// What the clock showed at `since`, microseconds.
    mono_us: u64,
    since: Micros,
    wall_offset_ms: i64,
}

impl Clock {
    const TRUE: Self = Self { num: 1, den: 1, mono_us: 0, since: Micros(0), wall_offset_ms: 0 };

    fn mono_us(&self, now: Micros) -> u64 {
        let passed = now.0.saturating_sub(self.since.0);
        self.mono_us.saturating_add(scale(passed, self.num, self.den))
    }
}

/// `value * num / den`, rounded down, saturating.
fn scale(value: u64, num: u32, den: u32) -> u64 {
    let wide = u128::from(value) * u128::from(num) / u128::from(den.max(1));
    u64::try_from(wide).unwrap_or(u64::MAX)
}

/// The same, rounded up.
fn scale_up(value: u64, num: u64, den: u64) -> u64 {
    let wide = (u128::from(value) * u128::from(num)).div_ceil(u128::from(den.max(1)));
    u64::try_from(wide).unwrap_or(u64::MAX)
}

/// All that is planned, and what times are drawn from.
#[derive(Clone, Debug)]
pub(super) struct Schedule<T> {
    settings: Settings,
    queue: Map<Key, Planned<T>>,
    next_seq: u64,
    timers: Map<(NodeId, T), Key>,
    /// Latest planned arrival of each queue: an item never overtakes.
    lanes: Map<End, Micros>,
    syncs: Map<NodeId, Sync>,
    /// Latest planned end of a job of each node: jobs are done in order, so a plan that came
    /// before that of an older job would be spent on it, and the later job would have none.
    works: Map<NodeId, Micros>,
    slow: Map<NodeId, u32>,
    latencies: Map<(NodeId, NodeId), (u64, u64)>,
    clocks: Map<NodeId, Clock>,
    network_rng: Rng,
    disk_rng: Rng,
}

impl<T: Copy + Ord> Schedule<T> {
    pub(super) fn new(settings: Settings) -> Self {
        let mut rng = Rng::new(settings.seed);
        Self {
            settings,
            queue: Map::new(),
            next_seq: 0,
            timers: Map::new(),
            lanes: Map::new(),
            syncs: Map::new(),
            works: Map::new(),
            slow: Map::new(),
            latencies: Map::new(),
            clocks: Map::new(),
            network_rng: rng.split(),
            disk_rng: rng.split(),
        }
    }

    /// What is planned, in order.
    pub(super) const fn queue(&self) -> &Map<Key, Planned<T>> {
        &self.queue
    }

    pub(super) fn pop(&mut self) -> Option<(Key, Planned<T>)> {
        self.queue.pop_first()
    }

    pub(super) fn push(&mut self, at: Micros, planned: Planned<T>) -> Key {
        let key = (at, self.next_seq);
        self.next_seq += 1;
        self.queue.insert(key, planned);
        key
    }

    /// True if this is the latest setting of the timer.
    pub(super) fn is_current(&self, node: NodeId, timer: T, key: Key) -> bool {
        self.timers.get(&(node, timer)) == Some(&key)
    }

    /// When an armed timer fires.
    pub(super) fn timer_at(&self, node: NodeId, timer: T) -> Option<Micros> {
        self.timers.get(&(node, timer)).map(|key| key.0)
    }

    /// Takes out what this node, and not the network, should have done by now.
    pub(super) fn take_due(&mut self, now: Micros, node: NodeId) -> Vec<(Key, Planned<T>)> {
        let due = self.queue.iter().take_while(|(key, _)| key.0 <= now);
        let own: Vec<Key> =
            due.filter(|(_, planned)| planned.node() == Some(node)).map(|(key, _)| *key).collect();
        own.into_iter().filter_map(|key| Some((key, self.queue.remove(&key)?))).collect()
    }

    /// Plans again what had to wait.
    pub(super) fn replan(&mut self, at: Micros, old: Key, planned: Planned<T>) {
        if let Planned::Fire(node, timer) = planned {
            if self.is_current(node, timer, old) {
                let key = self.push(at, planned);
                self.timers.insert((node, timer), key);
            }
        } else {
            self.push(at, planned);
        }
    }

    /// Puts a time on what a step left to do. `Resumed` needs none.
    pub(super) fn plan(&mut self, now: Micros, due: Due<T>) {
        match due {
            Due::Deliver(posted) => {
                let at = self.arrival(now, posted);
                self.push(at, Planned::Deliver(posted.to, posted.id));
            }
            Due::Flush(node, id) => {
                let at = self.sync(now, node);
                self.push(at, Planned::Flush(node, id));
            }
            Due::Work(node, id) => {
                let after = self.syncs.get(&node).map_or(now, |sync| sync.end.max(now));
                let took = self.disk_us(node);
                let last = self.works.get_or_insert(node, Micros(0));
                *last = after.plus(took).max(*last);
                let at = *last;
                self.push(at, Planned::Work(node, id));
            }
            Due::Fire(node, timer, after) => {
                let clock = self.clocks.get(&node).unwrap_or(&Clock::TRUE);
                let us = Micros::from_ms(after.0).0;
                let at = now.plus(scale_up(us, clock.den.into(), clock.num.into()));
                if let Some(old) = self.timers.remove(&(node, timer)) {
                    self.queue.remove(&old);
                }
                let key = self.push(at, Planned::Fire(node, timer));
                self.timers.insert((node, timer), key);
            }
            Due::Opening(end, stream) => {
                let at = now.plus(Micros::from_ms(self.settings.connect_timeout_ms).0);
                self.push(at, Planned::GiveUp(end, stream));
            }
            Due::Resumed(_) => {}
        }
    }

    /// Plans the end of streams that a cut stops.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn plan_lapse(
        &mut self,
        now: Micros,
        ends: &[(End, u64)],
        cut: (NodeId, NodeId),
        since: u64,
    ) {
        let Some(after_ms) = self.settings.break_after_ms else { return };
        for &(end, stream) in ends {
            let spread = self.network_rng.below(self.settings.jitter_us.saturating_add(1));
            let at = now.plus(Micros::from_ms(after_ms).0).plus(spread);
            self.push(at, Planned::Lapse(end, stream, cut, since));
        }
    }

    /// A process ended: its disk is idle.
    pub(super) fn process_gone(&mut self, node: NodeId) {
        self.syncs.remove(&node);
        self.works.remove(&node);
    }

    /// How many times as long each disk access of a node takes.
    pub(super) fn slow_of(&self, node: NodeId) -> u32 {
        self.slow.get(&node).copied().unwrap_or(1)
    }

    pub(super) fn set_slow(&mut self, node: NodeId, factor: u32) {
        self.slow.insert(node, factor);
    }

    pub(super) fn set_latency(&mut self, from: NodeId, to: NodeId, base_us: u64, jitter_us: u64) {
        self.latencies.insert((from, to), (base_us, jitter_us));
    }

    pub(super) fn set_wall_offset(&mut self, node: NodeId, offset_ms: i64) {
        self.clocks.get_or_insert(node, Clock::TRUE).wall_offset_ms = offset_ms;
    }

    /// Changes the speed of a clock; armed timers keep what they have left on it.
    pub(super) fn set_rate(&mut self, now: Micros, node: NodeId, num: u32, den: u32) {
        let old = *self.clocks.get_or_insert(node, Clock::TRUE);
        let new = Clock { num, den, mono_us: old.mono_us(now), since: now, ..old };
        self.clocks.insert(node, new);
        let armed: Vec<(T, Key)> = self
            .timers
            .iter()
            .filter(|((owner, _), _)| *owner == node)
            .map(|((_, timer), key)| (*timer, *key))
            .collect();
        for (timer, key) in armed {
            if self.queue.remove(&key).is_some() {
                let left = key.0.0.saturating_sub(now.0);
                let (num, den) = (u64::from(old.num), u64::from(old.den));
                let left = scale_up(left, num * u64::from(new.den), den * u64::from(new.num));
                let key = self.push(now.plus(left), Planned::Fire(node, timer));
                self.timers.insert((node, timer), key);
            }
        }
    }

    /// The clocks of a node.
    pub(super) fn clocks_of(&self, now: Micros, node: NodeId) -> Now {
        let clock = self.clocks.get(&node).unwrap_or(&Clock::TRUE);
        let passed_ms = i64::try_from(now.0 / 1000).unwrap_or(i64::MAX);
        let wall_ms = self.settings.wall_start_ms.saturating_add(passed_ms);
        Now {
            mono: Millis(clock.mono_us(now) / 1000),
            wall_ms: wall_ms.saturating_add(clock.wall_offset_ms),
        }
    }

    fn arrival(&mut self, now: Micros, posted: Posted) -> Micros {
        // Lanes of the past delay nothing. Cleared now and then, they do not pile up with the
        // connections of clients.
        if self.lanes.len() > 256 {
            self.lanes.retain(|_, last| *last > now);
        }
        let pair = (posted.from.node, posted.to.node);
        let usual = (self.settings.latency_us, self.settings.jitter_us);
        let (base_us, jitter_us) = self.latencies.get(&pair).copied().unwrap_or(usual);
        let drawn = now.plus(base_us).plus(self.network_rng.below(jitter_us.saturating_add(1)));
        let lane = self.lanes.get_or_insert(posted.to, Micros(0));
        *lane = drawn.max(*lane);
        *lane
    }

    /// When a write that is issued now is durable: the sync that runs does not cover it, the next
    /// one covers all that have come until it starts.
    fn sync(&mut self, now: Micros, node: NodeId) -> Micros {
        let last = self.syncs.get(&node).copied().filter(|sync| now < sync.end);
        match last {
            Some(sync) if now <= sync.start => sync.end,
            Some(Sync { end: start, .. }) => self.next_sync(node, start),
            None => self.next_sync(node, now),
        }
    }

    fn next_sync(&mut self, node: NodeId, start: Micros) -> Micros {
        let end = start.plus(self.disk_us(node));
        self.syncs.insert(node, Sync { start, end });
        end
    }

    fn disk_us(&mut self, node: NodeId) -> u64 {
        let drawn = self.disk_rng.below(self.settings.disk_jitter_us.saturating_add(1));
        let factor = self.slow_of(node);
        self.settings.disk_us.saturating_add(drawn).saturating_mul(u64::from(factor))
    }
}
