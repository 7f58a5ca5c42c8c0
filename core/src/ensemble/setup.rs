//! Settings of a simulated ensemble.

use super::actor::{self, Actor};
use crate::base::quorum::Voters;
use crate::base::{ClientId, Millis, NodeId, Set, Sid};
use crate::client;
use crate::recipes::{self, Program};
use crate::server::log_file::LogFile;
use crate::server::{Config, Disk};
use crate::sim::{Settings, Setup};
use crate::tree::WriteRules;
use crate::zab::{self, Rules, Sound};
use alloc::boxed::Box;
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
    /// Clients; their ids are 1, 2, ...
    pub clients: u8,
    /// The session timeout that the clients want.
    pub session_timeout_ms: i32,
    /// What all clients do.
    pub program: Program,
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
            clients: 1,
            session_timeout_ms: 10_000,
            program: Program::None,
            tick_ms: 2000,
            init_limit: 10,
            sync_limit: 5,
            snap_count: 100_000,
            world: Settings::default(),
        }
    }
}

impl EnsembleSettings {
    /// Three servers and a client with times that a person can watch: a hop takes 15 to 25 ms, a
    /// tick 400 ms.
    #[must_use]
    pub fn watchable(seed: u64) -> Self {
        Self {
            session_timeout_ms: 4_000,
            tick_ms: 400,
            world: Settings {
                seed,
                latency_us: 15_000,
                jitter_us: 10_000,
                disk_us: 4_000,
                disk_jitter_us: 2_000,
                connect_timeout_ms: 1_000,
                ..Settings::default()
            },
            ..Self::default()
        }
    }

    /// Ids of all servers.
    pub fn sids(&self) -> impl Iterator<Item = Sid> + use<> {
        (1..=i64::from(self.voters) + i64::from(self.observers)).map(Sid)
    }

    /// Ids of all clients.
    pub fn client_ids(&self) -> impl Iterator<Item = ClientId> + use<> {
        (1..=u32::from(self.clients)).map(ClientId)
    }

    /// The world to start from: all are down, with empty disks.
    #[must_use]
    pub fn setup(&self) -> Setup<Actor> {
        self.setup_with(Sound)
    }

    /// The same for servers with other rules, for checkers.
    #[must_use]
    pub fn setup_with<R: Rules>(&self, rules: R) -> Setup<Actor<R>> {
        let server = |sid| {
            let config = self.server_config_with(sid, rules.clone());
            let config = actor::Config::Server(Box::new(config));
            (NodeId::Server(sid), config)
        };
        let client = |id| {
            let (client, program) = (self.client_config(id), self.program.clone());
            let config = recipes::Config { client, program };
            (NodeId::Client(id), actor::Config::Client(config))
        };
        let nodes = self.sids().map(server).chain(self.client_ids().map(client)).collect();
        let mut disks = Vec::new();
        if rules.trunc_leaves_log_open() {
            let disk = || Disk::with_file(LogFile::new(true));
            disks.extend(self.sids().map(|sid| (NodeId::Server(sid), disk())));
        }
        Setup { settings: self.world.clone(), nodes, disks }
    }

    /// What one client is told. Each prefers another server, as a shuffled connect string does.
    #[must_use]
    pub fn client_config(&self, id: ClientId) -> client::Config {
        let servers: Vec<Sid> = self.sids().collect();
        let seed = self.world.seed.wrapping_mul(37).wrapping_add(u64::from(id.0));
        let mut config = client::Config::new(id, servers, self.session_timeout_ms, seed);
        config.first = id.0.saturating_sub(1);
        config
    }

    /// What one server is told.
    #[must_use]
    pub fn server_config(&self, me: Sid) -> Config {
        self.server_config_with(me, Sound)
    }

    fn server_config_with<R: Rules>(&self, me: Sid, switches: R) -> Config<R> {
        let voters: Vec<Sid> = self.sids().take(usize::from(self.voters)).collect();
        let observers: Set<Sid> = self.sids().skip(usize::from(self.voters)).collect();
        let tick = i32::try_from(self.tick_ms).unwrap_or(i32::MAX);
        let text = self.config_text().into();
        Config {
            switches,
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
            snap_bytes: 0,
            rules: WriteRules { extended_types: true, ..WriteRules::default() },
            seed: self.world.seed.wrapping_mul(31).wrapping_add(me.0.cast_unsigned()),
            super_digest: None,
            enforced_schemes: Vec::new(),
            leader_serves: true,
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
