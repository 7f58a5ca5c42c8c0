//! Settings of a server.

use crate::tree::WriteRules;
use crate::zab::{self, Sound};
use alloc::string::String;
use alloc::vec::Vec;

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
    /// The same for the bytes of logged transactions; 0 is without limit (`snapSizeLimitInKb`).
    pub snap_bytes: u64,
    /// Switches for writes.
    pub rules: WriteRules,
    /// For the few random choices of a server.
    pub seed: u64,
    /// `user:base64(sha1(user:password))` of the super user, if there is one.
    pub super_digest: Option<String>,
    /// A connection is served only after it has an identity of one of these schemes; empty: no
    /// identity is needed (`enforce.auth.schemes`).
    pub enforced_schemes: Vec<String>,
    /// The leader of an ensemble takes clients too (`leaderServes`).
    pub leader_serves: bool,
}
