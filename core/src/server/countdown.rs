//! When the next snapshot is due (Java: `SyncRequestProcessor.shouldSnapshot`).

use crate::base::rng::Rng;
use crate::zab::Logged;

/// What may be logged until the next snapshot: a limit, or half of it and a random part of the
/// other half, so that the servers of an ensemble do not write at once.
#[derive(Clone, Debug)]
pub struct Countdown {
    txns_left: u64,
    /// `None`: bytes do not count.
    bytes_left: Option<u64>,
}

impl Countdown {
    /// From these limits; 0 bytes are no limit.
    #[must_use]
    pub fn new(snap_count: u32, snap_bytes: u64, rng: &mut Rng) -> Self {
        let txns_left = interval(snap_count.into(), rng);
        let bytes_left = (snap_bytes > 0).then(|| interval(snap_bytes, rng));
        Self { txns_left, bytes_left }
    }

    /// This was logged.
    pub fn count(&mut self, logged: Logged) {
        self.txns_left = self.txns_left.saturating_sub(logged.txns);
        self.bytes_left = self.bytes_left.map(|left| left.saturating_sub(logged.bytes));
    }

    /// Is a snapshot due?
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.txns_left == 0 || self.bytes_left == Some(0)
    }
}

fn interval(limit: u64, rng: &mut Rng) -> u64 {
    let half = limit / 2;
    (half + rng.below(half.max(1))).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_until_due(snap_count: u32, snap_bytes: u64, seed: u64) -> Logged {
        let mut countdown = Countdown::new(snap_count, snap_bytes, &mut Rng::new(seed));
        let mut logged = Logged::default();
        while !countdown.is_over() {
            countdown.count(Logged { txns: 1, bytes: 100 });
            logged.txns += 1;
            logged.bytes += 100;
        }
        logged
    }

    #[test]
    fn a_snapshot_is_due_between_half_of_a_limit_and_all_of_it() {
        for seed in 0..50 {
            let by_count = count_until_due(1000, 0, seed).txns;
            assert!((500..=1000).contains(&by_count), "{by_count}");
            let by_bytes = count_until_due(1000, 20_000, seed).bytes;
            assert!((10_000..=20_000).contains(&by_bytes), "{by_bytes}");
        }
        assert_ne!(count_until_due(1000, 0, 1), count_until_due(1000, 0, 2), "not all at once");
    }

    #[test]
    fn what_was_logged_before_a_start_counts() {
        let mut countdown = Countdown::new(10, 0, &mut Rng::new(1));
        countdown.count(Logged { txns: 30, bytes: 0 });
        assert!(countdown.is_over());
    }
}
