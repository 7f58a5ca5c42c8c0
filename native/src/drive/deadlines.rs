//! Connections that do not become what they should, or fall silent, are closed: each one costs a
//! descriptor, and a flood of them must not stay (Java: `NIOServerCnxnFactory`'s
//! `cnxnExpiryQueue`, `zookeeper.nio.sessionlessCnxnTimeout`, `cnxTimeout`).

use super::Driver;
use super::sockets::{Kind, Slot};
use std::time::{Duration, Instant};

/// How often deadlines are looked at.
pub(super) const SWEEP: Duration = Duration::from_secs(1);
/// A client that has not begun a session. Java closes it after 10 to 20 s.
const SESSIONLESS: Duration = Duration::from_secs(12);
/// A stream to or from another server that is not open, or has not said whose it is.
const NAMELESS: Duration = Duration::from_secs(5);
/// A stream that only waits for its last bytes to be taken.
const CLOSING: Duration = Duration::from_secs(10);
/// Above the session timeout, so that the ensemble decides first about a silent client.
const GRACE: Duration = Duration::from_secs(4);

/// How long a new socket may be what it is.
pub(super) const fn patience(kind: &Kind) -> Duration {
    match kind {
        Kind::Client(_) => SESSIONLESS,
        _ => NAMELESS,
    }
}

impl Slot {
    /// Nothing more is sent; a peer that does not take the rest is not waited for.
    pub(super) fn close_when_sent(&mut self) {
        self.socket.close_when_sent();
        self.deadline = Some(Instant::now() + CLOSING);
    }
}

impl Driver {
    /// A client with a session is heard of at least once in its timeout. If not, its end of the
    /// stream may be gone without a word, and the session may live at another server.
    pub(super) fn client_was_heard(&mut self, token: usize) {
        let Some(slot) = self.slots.get_mut(&token) else { return };
        let Kind::Client(client) = &slot.kind else { return };
        if slot.socket.is_closing() {
            return;
        }
        let timeout_ms =
            self.server.connections().get(&client.conn).map(|found| found.timeout_ms());
        let timeout_ms = timeout_ms.and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0);
        if let Some(ms) = timeout_ms {
            slot.deadline = Some(self.clock.mono + Duration::from_millis(ms) + GRACE);
        }
    }

    /// Closes what is past its deadline, and accepts what could not be accepted.
    pub(super) fn sweep(&mut self) {
        let now = self.clock.mono;
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now + SWEEP;
        let late = |(token, slot): &(&usize, &Slot)| {
            let waits = slot.is_waiting() || self.held.contains(token);
            slot.deadline.is_some_and(|at| at <= now) && !waits
        };
        let over: Vec<usize> = self.slots.iter().filter(late).map(|(token, _)| *token).collect();
        for token in over {
            tracing::debug!(token, "silent for too long: the connection is closed");
            self.lose(token);
        }
        for token in std::mem::take(&mut self.accept_again) {
            self.accept(token);
        }
    }
}

impl Slot {
    /// The client is silent because this server lets it wait.
    fn is_waiting(&self) -> bool {
        match &self.kind {
            Kind::Client(client) => {
                !self.socket.is_closing() && (self.paused || !client.input.asked.is_empty())
            }
            _ => false,
        }
    }
}
