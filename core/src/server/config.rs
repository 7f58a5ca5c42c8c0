//! Settings of a server.

use crate::tree::WriteRules;
use crate::zab::{self, Sound};

/// What a server is told at boot; the names are those of zoo.cfg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config<R = Sound> {
    /// Which guards of the protocol are missing: none in a real server.
    pub switches: R,
    /// The ensemble.
    pub zab: zab::Config,
    /// Shortest session timeout (`minSessionTimeout`, default 2 ticks).
    pub session_timeout_min_ms: i32,
    /// Longest session timeout (`maxSessionTimeout`, default 20 ticks).
    pub session_timeout_max_ms: i32,
    /// A snapshot is written after this many transactions, or after half of them and a random
    /// part of the other half, so that the servers of an ensemble do not write at once
    /// (`snapCount`).
    pub snap_count: u32,
    /// Switches for writes.
    pub rules: WriteRules,
    /// For the few random choices of a server.
    pub seed: u64,
    /// `user:base64(sha1(user:password))` of the super user, if there is one.
    pub super_digest: Option<alloc::string::String>,
}
