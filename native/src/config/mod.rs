//! `zoo.cfg`, `myid` and what follows from them (Java: `QuorumPeerConfig`).
//!
//! Defaults are Apache's. A key that means nothing here becomes a [`Warning`]; a value that makes
//! no sense, or asks for something that is not there and must not be left out silently (TLS,
//! SASL, audit, hierarchical quorums), is an error that names the file and the line.
//!
//! Differences from Java: a boolean that is neither true nor false is refused instead of false,
//! and so is a standalone server without a client port.

mod ignored;
mod keys;
mod properties;
mod servers;
#[cfg(test)]
mod tests;

pub use servers::{HostPort, PeerType, ServerSpec, configuration_text};

use keys::Draft;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use zabscope_core::base::{Millis, Sid};

/// Why a configuration cannot be used. Line 0 stands for the file as a whole.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {what}", file.display(), if *line == 0 { String::new() } else { format!(":{line}") })]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 if it is about no single line.
    pub line: usize,
    /// What is wrong, as a sentence without a full stop.
    pub what: String,
}

/// Something that is ignored or looks like a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The line, from 1; 0 if it is about no single line.
    pub line: usize,
    /// What, as a sentence without a full stop.
    pub what: String,
}

/// How snapshots are compressed (`snapshot.compression.method`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gz,
    /// The stream format of snappy-java.
    Snappy,
}

/// Which four-letter words are answered (`4lw.commands.whitelist`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whitelist {
    /// `*`
    All,
    /// These.
    Only(Vec<String>),
}

impl Whitelist {
    /// Is this word answered?
    #[must_use]
    pub fn allows(&self, word: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(words) => words.iter().any(|allowed| allowed == word),
        }
    }
}

/// What a server does alone, or with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No server lines, or one line while `standaloneEnabled` is true.
    Standalone,
    /// A member of an ensemble.
    Ensemble {
        /// From the file `myid`.
        my_id: Sid,
        /// Voting or not.
        peer_type: PeerType,
        /// All members, this one included.
        servers: BTreeMap<Sid, ServerSpec>,
        /// `initLimit`, at least 1.
        init_limit_ticks: u32,
        /// `syncLimit`, at least 1.
        sync_limit_ticks: u32,
    },
}

/// Purging of old files (`autopurge.*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autopurge {
    /// Snapshots to keep, at least 3.
    pub retain: usize,
    /// Time between two purges; 0 = never.
    pub interval: Millis,
}

/// The configuration of one server, complete and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Alone or in an ensemble.
    pub mode: Mode,
    /// Snapshots, epochs, `myid`.
    pub data_dir: PathBuf,
    /// Transaction logs; equal to `data_dir` if not given.
    pub data_log_dir: PathBuf,
    /// Where clients connect: `clientPort` and `clientPortAddress`, or the server line.
    pub client: HostPort,
    /// `tickTime`, above 0.
    pub tick: Millis,
    /// Smallest session timeout.
    pub min_session_timeout: Millis,
    /// Largest session timeout.
    pub max_session_timeout: Millis,
    /// Connections of one client address; 0 = no limit.
    pub max_client_cnxns: u32,
    /// Connections of all clients; 0 = no limit.
    pub max_cnxns: u32,
    /// Listen backlog; `None` = the driver's choice.
    pub client_port_listen_backlog: Option<u32>,
    /// Transactions between two snapshots, at least 2.
    pub snap_count: u32,
    /// Log KiB between two snapshots; 0 = no such limit.
    pub snap_size_limit_kb: u64,
    /// Steps in which a log file grows, KiB; 0 = no padding.
    pub pre_alloc_kb: u32,
    /// Largest log file, KiB; `None` = no limit.
    pub txn_log_size_limit_kb: Option<u64>,
    /// Committed transactions in memory for DIFF, at most
    /// [`zabscope_core::base::limits::RECENT_TXNS`].
    pub commit_log_count: usize,
    /// `jute.maxbuffer`: largest request of a client, and half of the largest transaction. Apache's
    /// servers take it as a system property only.
    pub frame_bytes_max: usize,
    /// `quorumUnsentLimitInKb`, a key of this server only: unsent bytes after which the link to
    /// another server is closed.
    pub quorum_unsent_bytes: usize,
    /// Does the leader take clients?
    pub leader_serves: bool,
    /// Bind quorum and election ports to all addresses?
    pub quorum_listen_on_all_ips: bool,
    /// TTL nodes.
    pub extended_types_enabled: bool,
    /// Hard quota.
    pub enforce_quota: bool,
    /// No access control at all.
    pub skip_acl: bool,
    /// Digest of the user who passes every check.
    pub super_digest: Option<String>,
    /// Schemes by which a client must have authenticated (`enforce.auth.*`); empty = it need not.
    pub enforced_schemes: Vec<String>,
    /// A log without a snapshot is taken for a whole one (`snapshot.trust.empty`).
    pub trust_empty_snapshot: bool,
    /// fsyncs that take longer are logged.
    pub fsync_warning: Millis,
    /// Form of snapshot files that are written.
    pub compression: Compression,
    /// Purging.
    pub autopurge: Autopurge,
    /// Four-letter words that are answered.
    pub whitelist: Whitelist,
    /// Ignored keys and likely mistakes, in the order of the file.
    pub warnings: Vec<Warning>,
}

impl Config {
    /// Reads `file`, the dynamic file that it names, and `myid`.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = read(file)?;
        Self::parse(file, &text)
    }

    /// As [`Self::load`], with the text of `file` given. Reads the dynamic file and `myid`.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut draft = Draft::new(file);
        draft.take_all(text)?;
        draft.finish()
    }

    /// The configuration text that a leader sends with NEWLEADER and that clients read in
    /// `/zookeeper/config`. Empty for a standalone server.
    #[must_use]
    pub fn configuration_text(&self) -> String {
        match &self.mode {
            Mode::Standalone => String::new(),
            Mode::Ensemble { servers, .. } => configuration_text(servers, 0),
        }
    }
}

/// No configuration is longer; a wrong path may name a device that never ends.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

fn read(file: &Path) -> Result<String, ConfigError> {
    let error = |what: String| ConfigError { file: file.into(), line: 0, what };
    let mut bytes = Vec::new();
    fs::File::open(file)
        .and_then(|opened| opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|cause| error(format!("cannot be read: {cause}")))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(error("is too long for a configuration".into()));
    }
    let text = String::from_utf8_lossy(&bytes);
    // Editors of some systems begin a file with a byte order mark.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}
