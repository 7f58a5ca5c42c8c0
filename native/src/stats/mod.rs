//! Counters of a server, for the four-letter words.

use std::time::{Duration, Instant};

/// Plain counters; the driver's thread owns them.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Messages from clients.
    pub received: u64,
    /// Messages to clients.
    pub sent: u64,
    /// Connections refused because of a limit.
    pub rejected: u64,
    /// When the process began.
    pub started: Instant,
    latency_count: u64,
    latency_sum_us: u64,
    latency_min_us: u64,
    latency_max_us: u64,
    fsync_count: u64,
    fsync_max_us: u64,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            received: 0,
            sent: 0,
            rejected: 0,
            started: Instant::now(),
            latency_count: 0,
            latency_sum_us: 0,
            latency_min_us: u64::MAX,
            latency_max_us: 0,
            fsync_count: 0,
            fsync_max_us: 0,
        }
    }
}

impl Stats {
    /// A request was answered after this time.
    pub fn on_latency(&mut self, took: Duration) {
        let us = micros(took);
        self.latency_count += 1;
        self.latency_sum_us += us;
        self.latency_min_us = self.latency_min_us.min(us);
        self.latency_max_us = self.latency_max_us.max(us);
    }

    /// An fsync of the log took this time.
    pub fn on_fsync(&mut self, took: Duration) {
        self.fsync_count += 1;
        self.fsync_max_us = self.fsync_max_us.max(micros(took));
    }

    /// Smallest, mean and largest latency in milliseconds.
    pub fn latency_ms(&self) -> (u64, f64, u64) {
        if self.latency_count == 0 {
            return (0, 0.0, 0);
        }
        #[allow(clippy::cast_precision_loss, reason = "for people")]
        let mean = self.latency_sum_us as f64 / self.latency_count as f64 / 1000.0;
        (self.latency_min_us / 1000, mean, self.latency_max_us / 1000)
    }

    /// fsyncs so far and the longest one in milliseconds.
    pub const fn fsyncs(&self) -> (u64, u64) {
        (self.fsync_count, self.fsync_max_us / 1000)
    }

    /// Forgets everything but the start (`srst`).
    pub fn reset(&mut self) {
        *self = Self { started: self.started, ..Self::default() };
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
