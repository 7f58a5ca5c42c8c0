//! The leader removes containers that lost their last child, and TTL znodes whose time is over
//! (Java: `ContainerManager`).

use super::server::{Effects, Server};
use crate::base::limits::{REAP_INTERVAL_MS, REAPED_PER_INTERVAL_MAX};
use crate::base::{Cxid, Now, SessionId};
use crate::tree::{self, Caller, Lifetime, WriteOp};
use crate::zab::Rules;
use alloc::collections::VecDeque;
use alloc::sync::Arc;

/// A container that never had a child stays for ever, as in the release that is spoken here.
const NEVER_USED_MS: i64 = 0;
/// The reaper's transactions have no client.
const NOBODY: SessionId = SessionId(0);

/// What the last look found. Time is counted in session ticks, so that a tree without such znodes
/// costs no timer.
#[derive(Clone, Debug, Default)]
pub(super) struct Reaper {
    since_ms: u64,
    due: VecDeque<Arc<str>>,
}

impl<R: Rules> Server<R> {
    /// A tick has passed at a leader that serves.
    pub(super) fn reap_on_tick(&mut self, now: Now, out: &mut Effects<R>) {
        let tick_ms = self.config.zab.tick_ms.0;
        self.reaper.since_ms = self.reaper.since_ms.saturating_add(tick_ms);
        if self.reaper.since_ms >= REAP_INTERVAL_MS {
            let found = self.image.tree.reap_candidates(lifetime(now));
            let due = found.take(REAPED_PER_INTERVAL_MAX).cloned().collect();
            self.reaper = Reaper { since_ms: 0, due };
        }
        // Spread over the ticks of the interval: a burst would hold up the clients.
        let ticks = (REAP_INTERVAL_MS / tick_ms.max(1)).max(1);
        let share = REAPED_PER_INTERVAL_MAX.div_ceil(usize::try_from(ticks).unwrap_or(1));
        for _ in 0..share {
            let Some(path) = self.reaper.due.pop_front() else { return };
            self.reap(now, &path, out);
        }
    }

    /// Judged like any write, on the newest version: a child or a write may have come meanwhile.
    fn reap(&mut self, now: Now, path: &str, out: &mut Effects<R>) {
        let newest = self.take_newest();
        let nobody = Caller { session: NOBODY, ids: &[], session_error: None };
        let write = WriteOp::DeleteContainer { path: path.into(), lifetime: lifetime(now) };
        let judged = tree::prepare(&newest, &nobody, &write, &self.config.rules);
        // Nobody waits for an answer, so what is refused needs no transaction.
        match judged {
            Ok(_) => self.propose(now, newest, NOBODY, Cxid(0), judged, out),
            Err(_) => self.put_newest(newest),
        }
    }
}

const fn lifetime(now: Now) -> Lifetime {
    Lifetime { now_ms: now.wall_ms, never_used_ms: NEVER_USED_MS }
}
