//! Settings of a simulated ensemble.

use crate::base::quorum::Voters;
use crate::base::{Millis, NodeId, Sid};
use crate::server::{Config, Server};
use crate::sim::{Settings, Setup};
use crate::tree::WriteRules;
use crate::zab;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How many of what, and the limits that all share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnsembleSettings {
    /// Servers with a vote; their ids are 1, 2, ...
    pub voters: u8,
    /// Servers without; their ids follow.
    pub observers: u8,
    /// tickTime
    pub tick_ms: u64,
    /// initLimit
    pub init_limit: u32,
    /// syncLimit
    pub sync_limit: u32,
    /// snapCount
    pub snap_count: u32,
    /// Network and disk.
    pub world: Settings,
}

impl Default for EnsembleSettings {
    fn default() -> Self {
        Self {
            voters: 3,
            observers: 0,
            tick_ms: 2000,
            init_limit: 10,
            sync_limit: 5,
            snap_count: 100_000,
            world: Settings::default(),
        }
    }
}

impl EnsembleSettings {
    /// Ids of all servers.
    pub fn sids(&self) -> impl Iterator<Item = Sid> + use<> {
        (1..=i64::from(self.voters) + i64::from(self.observers)).map(Sid)
    }

    /// The world to start from: all servers down, with empty disks.
    #[must_use]
    pub fn setup(&self) -> Setup<Server> {
        let nodes = self.sids().map(|sid| (NodeId::Server(sid), self.server_config(sid))).collect();
        Setup { settings: self.world.clone(), nodes }
    }

    /// What one server is told.
    #[must_use]
    pub fn server_config(&self, me: Sid) -> Config {
        let voters: Vec<Sid> = self.sids().take(usize::from(self.voters)).collect();
        let observers: BTreeSet<Sid> = self.sids().skip(usize::from(self.voters)).collect();
        let tick = i32::try_from(self.tick_ms).unwrap_or(i32::MAX);
        let text = self.config_text().into();
        Config {
            zab: zab::Config {
                me,
                voters: Voters::new(voters),
                observers,
                tick_ms: Millis(self.tick_ms),
                init_limit: self.init_limit,
                sync_limit: self.sync_limit,
                text,
                standalone: false,
            },
            session_timeout_min_ms: tick.saturating_mul(2),
            session_timeout_max_ms: tick.saturating_mul(20),
            snap_count: self.snap_count,
            rules: WriteRules::default(),
            seed: self.world.seed.wrapping_mul(31).wrapping_add(me.0.cast_unsigned()),
            super_digest: None,
        }
    }

    /// The configuration as NEWLEADER carries it; the addresses are made up.
    fn config_text(&self) -> String {
        let mut text = String::new();
        for sid in self.sids() {
            let role = if sid.0 <= i64::from(self.voters) { "participant" } else { "observer" };
            text.push_str(&format!("server.{sid}=server{sid}:2888:3888:{role}\n"));
        }
        text.push_str("version=0");
        text
    }
}
