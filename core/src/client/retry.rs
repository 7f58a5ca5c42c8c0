//! Which server to try next, and when (Java: `StaticHostProvider`).
//!
//! One after another without delay; when all failed in a row, a pause that doubles up to a bound.
//! The seed's jitter keeps clients that lost the same server from coming back in step.

use crate::base::rng::Rng;
use crate::base::{Millis, Sid};
use alloc::vec::Vec;

/// First pause; later ones double.
const PAUSE_MIN_MS: u64 = 50;

/// The servers of a client and its place among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers {
    servers: Vec<Sid>,
    /// Place of the next one to try.
    next: usize,
    /// Tried since the last success.
    failures: usize,
    pause_max_ms: u64,
    rng: Rng,
}

impl Servers {
    pub(super) fn new(servers: Vec<Sid>, first: u32, pause_max_ms: u64, rng: Rng) -> Self {
        let next = usize::try_from(first).unwrap_or(0) % servers.len().max(1);
        Self { servers, next, failures: 0, pause_max_ms, rng }
    }

    /// In the order of preference.
    #[must_use]
    pub fn list(&self) -> &[Sid] {
        &self.servers
    }

    /// The server to try; the one after it is next. `None` if there are none.
    pub(super) fn take(&mut self) -> Option<Sid> {
        let server = self.servers.get(self.next).copied()?;
        self.next = (self.next + 1) % self.servers.len();
        Some(server)
    }

    /// This one next; false if it is not in the list.
    pub(super) fn prefer(&mut self, server: Sid) -> bool {
        let place = self.servers.iter().position(|other| *other == server);
        self.next = place.unwrap_or(self.next);
        place.is_some()
    }

    /// A server serves: pauses start short again.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// A server was lost or did not serve. How long to wait before the next; `None`: not at all.
    pub(super) fn failed(&mut self) -> Option<Millis> {
        let count = self.servers.len().max(1);
        self.failures = self.failures.saturating_add(1);
        if !self.failures.is_multiple_of(count) {
            return None;
        }
        let round = u32::try_from(self.failures / count - 1).unwrap_or(u32::MAX).min(16);
        let pause_ms = (PAUSE_MIN_MS << round).min(self.pause_max_ms).max(2);
        Some(Millis(pause_ms / 2 + self.rng.below(pause_ms / 2 + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_and_round_with_growing_bounded_pauses() {
        let list = [Sid(3), Sid(1), Sid(2)];
        let mut servers = Servers::new(list.to_vec(), 1, 1000, Rng::new(7));
        let mut longest = [0; 12];
        for pause in &mut longest {
            for at in [1, 2, 0] {
                assert_eq!(servers.take(), Some(list[at]));
                let wait = servers.failed();
                assert_eq!(wait.is_some(), at == 0, "a pause only after the third");
                *pause = wait.map_or(*pause, |wait| wait.0);
            }
        }
        assert!((25..=50).contains(&longest[0]), "{longest:?}");
        assert!((100..=200).contains(&longest[2]), "{longest:?}");
        assert!(longest[6..].iter().all(|pause| (500..=1000).contains(pause)), "{longest:?}");
        servers.succeeded();
        assert!(servers.prefer(Sid(2)) && !servers.prefer(Sid(9)));
        assert_eq!((servers.take(), servers.failed()), (Some(Sid(2)), None));
    }

    #[test]
    fn no_servers_is_no_server() {
        let mut servers = Servers::new(Vec::new(), 5, 1000, Rng::new(7));
        assert_eq!(servers.take(), None);
    }
}
