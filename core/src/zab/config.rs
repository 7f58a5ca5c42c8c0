//! What a server is told about its ensemble.

use crate::base::quorum::Voters;
use crate::base::{Millis, Set, Sid};
use bytes::Bytes;

/// Settings of the protocol; the names are those of zoo.cfg.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// This server.
    pub me: Sid,
    /// Members with a vote.
    pub voters: Voters,
    /// Members without.
    pub observers: Set<Sid>,
    /// Unit of all limits.
    pub tick_ms: Millis,
    /// Ticks for discovery and synchronization.
    pub init_limit: u32,
    /// Ticks that a member may be silent.
    pub sync_limit: u32,
    /// The configuration as text, as NEWLEADER and notifications carry it.
    pub text: Bytes,
    /// One server without an ensemble: no election, no epochs; zxids stay in epoch 0.
    pub standalone: bool,
}

impl Config {
    /// True if this server votes.
    #[must_use]
    pub fn is_voter(&self) -> bool {
        self.voters.contains(self.me)
    }

    /// Everybody whom this server tells its vote: the voters but itself.
    pub fn others(&self) -> impl Iterator<Item = Sid> {
        let me = self.me;
        self.voters.iter().filter(move |sid| *sid != me)
    }

    /// initLimit as time.
    #[must_use]
    pub const fn init_limit_ms(&self) -> Millis {
        self.tick_ms.times(self.init_limit)
    }
}
