//! From keys to a [`Config`]: what each key means, then the rules that concern several.

use super::servers::parse_port;
use super::{
    Autopurge, Compression, Config, ConfigError, HostPort, Mode, PeerType, ServerSpec, Warning,
    Whitelist, properties, read,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use zabscope_core::base::limits::{FRAME_BYTES_CEILING, FRAME_BYTES_MAX, QUORUM_UNSENT_BYTES_MAX};
use zabscope_core::base::{Millis, Sid};

/// Smallest `jute.maxbuffer`: a client that connects, and its ping, need less.
const FRAME_BYTES_LEAST: usize = 1024;

/// Keys of Apache that are known and have no effect here.
const WITHOUT_EFFECT: [&str; 9] = [
    "electionAlg",
    "syncEnabled",
    "flushDelay",
    "maxBatchSize",
    "maxWriteQueuePollTime",
    "admin.commandURL",
    "admin.idleTimeout",
    "metricsProvider.className",
    "tcpKeepAlive",
];

/// Features that are known and not there; a server without them still serves.
const NOT_YET: [&str; 3] =
    ["localSessionsEnabled", "localSessionsUpgradingEnabled", "reconfigEnabled"];

/// Keys that only mean something together with a feature that is not there, with the value that
/// asks for nothing.
const UNSUPPORTED: [(&str, Option<&str>); 9] = [
    ("secureClientPort", None),
    ("secureClientPortAddress", None),
    ("sslQuorum", Some("false")),
    ("portUnification", Some("false")),
    ("client.portUnification", Some("false")),
    ("quorum.auth.enableSasl", Some("false")),
    ("multiAddress.enabled", Some("false")),
    ("oraclePath", None),
    ("observerMasterPort", None),
];

/// Values as the file gives them; `None` = not given.
pub(super) struct Draft {
    file: PathBuf,
    line: usize,
    warnings: Vec<Warning>,
    data_dir: Option<PathBuf>,
    data_log_dir: Option<PathBuf>,
    dynamic_file: Option<PathBuf>,
    client_port: Option<(usize, u16)>,
    client_address: Option<String>,
    tick_ms: u64,
    min_session_ms: Option<u64>,
    max_session_ms: Option<u64>,
    init_limit: Option<u32>,
    sync_limit: Option<u32>,
    connect_limit: Option<u32>,
    peer_type: PeerType,
    standalone_enabled: bool,
    admin_enabled: Option<bool>,
    servers: BTreeMap<Sid, ServerSpec>,
    config: Config,
}

type Value<T> = Result<T, String>;

impl Draft {
    pub(super) fn new(file: &Path) -> Self {
        Self {
            file: file.into(),
            line: 0,
            warnings: Vec::new(),
            data_dir: None,
            data_log_dir: None,
            dynamic_file: None,
            client_port: None,
            client_address: None,
            tick_ms: 3000,
            min_session_ms: None,
            max_session_ms: None,
            init_limit: None,
            sync_limit: None,
            connect_limit: None,
            peer_type: PeerType::Participant,
            standalone_enabled: true,
            admin_enabled: None,
            servers: BTreeMap::new(),
            config: defaults(),
        }
    }

    /// Takes every property of the text, then those of the dynamic file.
    pub(super) fn take_all(&mut self, text: &str) -> Result<(), ConfigError> {
        for property in properties::parse(text) {
            self.line = property.line;
            self.take(&property.key, &property.value)
                .map_err(|what| self.error(property.line, format!("{}: {what}", property.key)))?;
        }
        let Some(dynamic) = self.dynamic_file.take() else { return Ok(()) };
        for property in properties::parse(&read(&dynamic)?) {
            let taken = match property.key.as_str() {
                "version" => Ok(()),
                key if key.starts_with("server.") => self.take(key, &property.value),
                key => Err(format!("{key} does not belong into a dynamic configuration file")),
            };
            taken.map_err(|what| ConfigError {
                file: dynamic.clone(),
                line: property.line,
                what,
            })?;
        }
        Ok(())
    }

    fn take(&mut self, key: &str, value: &str) -> Value<()> {
        if let Some(sid) = key.strip_prefix("server.") {
            let sid = sid.parse().map_err(|_| format!("{sid:?} is not a server id"))?;
            self.servers.insert(Sid(sid), ServerSpec::parse(value)?);
            return Ok(());
        }
        // Java sets any other key as a system property with this prefix, so both forms are in use.
        let key = key.strip_prefix("zookeeper.").unwrap_or(key);
        if self.take_basic(key, value)? || self.take_tuning(key, value)? {
            return Ok(());
        }
        self.refuse_unsupported(key, value)?;
        let what = if NOT_YET.contains(&key) {
            // Switched off is what it is.
            if value.eq_ignore_ascii_case("false") {
                return Ok(());
            }
            format!("{key}={value} has no effect: it is not supported yet")
        } else if WITHOUT_EFFECT.contains(&key) {
            format!("{key} has no effect in this server")
        } else {
            format!("{key} is not known and ignored")
        };
        self.warn(self.line, what);
        Ok(())
    }

    /// Keys that most files have. False: not one of them.
    fn take_basic(&mut self, key: &str, value: &str) -> Value<bool> {
        match key {
            "dataDir" => self.data_dir = Some(path(value)?),
            "dataLogDir" => self.data_log_dir = Some(path(value)?),
            "dynamicConfigFile" => self.dynamic_file = Some(path(value)?),
            "clientPort" => self.client_port = Some((self.line, parse_port(value)?)),
            "clientPortAddress" => self.client_address = Some(address(value)?),
            "tickTime" => self.tick_ms = at_least(value, 1)?,
            "initLimit" => self.init_limit = Some(at_least(value, 1)?),
            "syncLimit" => self.sync_limit = Some(at_least(value, 1)?),
            "connectToLearnerMasterLimit" => self.connect_limit = Some(at_least(value, 1)?),
            "minSessionTimeout" => self.min_session_ms = optional(value)?,
            "maxSessionTimeout" => self.max_session_ms = optional(value)?,
            "peerType" => self.peer_type = PeerType::parse(value)?,
            "standaloneEnabled" => self.standalone_enabled = boolean(value)?,
            "electionAlg" if value != "3" => return Err("only election algorithm 3 exists".into()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The other keys. False: not one of them.
    fn take_tuning(&mut self, key: &str, value: &str) -> Value<bool> {
        let config = &mut self.config;
        match key {
            "maxClientCnxns" => config.max_client_cnxns = number(value)?,
            "maxCnxns" => config.max_cnxns = number(value)?,
            "clientPortListenBacklog" => config.client_port_listen_backlog = optional(value)?,
            "snapCount" => config.snap_count = number::<u32>(value)?.max(2),
            "snapSizeLimitInKb" => {
                config.snap_size_limit_kb = optional(value)?.unwrap_or_default();
            }
            "preAllocSize" => config.pre_alloc_kb = number(value)?,
            "txnLogSizeLimitInKb" => {
                config.txn_log_size_limit_kb = optional(value)?.filter(|limit| *limit > 0);
            }
            "jute.maxbuffer" => {
                config.frame_bytes_max = at_least(value, FRAME_BYTES_LEAST)?;
                if config.frame_bytes_max > FRAME_BYTES_CEILING {
                    return Err(format!("{value} is above {FRAME_BYTES_CEILING}"));
                }
            }
            // A key of this server, which Apache's ignores.
            "quorumUnsentLimitInKb" => {
                config.quorum_unsent_bytes = at_least::<usize>(value, 1)?.saturating_mul(1024);
            }
            "commitLogCount" => config.commit_log_count = number(value)?,
            "globalOutstandingLimit" => config.global_outstanding_limit = at_least(value, 1)?,
            "leaderServes" => config.leader_serves = boolean(value)?,
            "quorumListenOnAllIPs" => config.quorum_listen_on_all_ips = boolean(value)?,
            "cnxTimeout" => config.cnx_timeout = Millis(at_least(value, 1)?),
            "extendedTypesEnabled" => config.extended_types_enabled = boolean(value)?,
            "enforceQuota" => config.enforce_quota = boolean(value)?,
            "skipACL" => config.skip_acl = boolean(value)?,
            "readonlymode.enabled" => config.read_only_mode_enabled = boolean(value)?,
            "digest.enabled" => config.digest_enabled = boolean(value)?,
            "fsync.warningthresholdms" => config.fsync_warning = Millis(number(value)?),
            "DigestAuthenticationProvider.superDigest" => {
                config.super_digest = Some(value.to_owned());
            }
            "snapshot.compression.method" => config.compression = compression(value)?,
            "autopurge.snapRetainCount" => self.take_retain(value)?,
            "autopurge.purgeInterval" => config.autopurge.interval = interval(value)?,
            "4lw.commands.whitelist" => config.whitelist = whitelist(value),
            "admin.enableServer" => self.admin_enabled = Some(boolean(value)?),
            "admin.serverPort" => config.admin_port = Some(parse_port(value)?),
            "forceSync" if !boolean(value)? => {
                let what = "forceSync=no is ignored: acknowledged writes would be lost".into();
                self.warn(self.line, what);
            }
            "forceSync" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_retain(&mut self, value: &str) -> Value<()> {
        let retain: usize = number(value)?;
        if retain < 3 {
            self.warn(self.line, format!("autopurge.snapRetainCount {retain} is raised to 3"));
        }
        self.config.autopurge.retain = retain.max(3);
        Ok(())
    }

    /// Features whose absence an operator must see. What would weaken security if it were ignored
    /// is an error, the rest a warning.
    fn refuse_unsupported(&mut self, key: &str, value: &str) -> Value<()> {
        if key.starts_with("group.") || key.starts_with("weight.") {
            return Err("hierarchical quorums are not supported".into());
        }
        if key.starts_with("authProvider") && value.to_ascii_lowercase().contains("sasl") {
            return Err("SASL is not supported".into());
        }
        match UNSUPPORTED.iter().find(|(name, _)| *name == key) {
            Some((_, Some(off))) if value.eq_ignore_ascii_case(off) => Ok(()),
            Some(_) => Err(format!("{value} is not supported by this server")),
            None => Ok(()),
        }
    }

    /// Applies the rules that concern several keys.
    pub(super) fn finish(mut self) -> Result<Config, ConfigError> {
        let Some(data_dir) = self.data_dir.take() else {
            return Err(self.error(0, "dataDir is not set".into()));
        };
        let voters = self.servers.values().filter(|s| s.peer_type == PeerType::Participant).count();
        let observers = self.servers.len() - voters;
        if observers > 0 && (voters == 0 || (voters == 1 && self.standalone_enabled)) {
            return Err(self.error(0, "observers need an ensemble that votes".into()));
        }
        let standalone = voters == 0 || (voters == 1 && self.standalone_enabled);
        let mode = if standalone { Mode::Standalone } else { self.ensemble(&data_dir, voters)? };
        self.config.client = self.client(&mode)?;
        self.config.mode = mode;
        self.session_bounds()?;
        match self.admin_enabled {
            Some(true) => {
                self.config.admin_port.get_or_insert(ADMIN_PORT_DEFAULT);
            }
            Some(false) => self.config.admin_port = None,
            None => {}
        }
        self.config.data_log_dir = self.data_log_dir.take().unwrap_or_else(|| data_dir.clone());
        self.config.data_dir = data_dir;
        self.config.warnings = self.warnings;
        Ok(self.config)
    }

    fn ensemble(&mut self, data_dir: &Path, voters: usize) -> Result<Mode, ConfigError> {
        let limit = |given: Option<u32>, name: &str| {
            given.ok_or_else(|| self.error(0, format!("{name} must be set in an ensemble")))
        };
        let init_limit_ticks = limit(self.init_limit, "initLimit")?;
        let sync_limit_ticks = limit(self.sync_limit, "syncLimit")?;
        let my_id = read_my_id(&data_dir.join("myid"))?;
        let Some(me) = self.servers.get(&my_id) else {
            let what = format!("there is no line server.{my_id} for the id {my_id} in myid");
            return Err(self.error(0, what));
        };
        let peer_type = me.peer_type;
        if self.peer_type == PeerType::Observer && peer_type == PeerType::Participant {
            let what = format!("peerType is observer, but the line server.{my_id} wins: it votes");
            self.warn(0, what);
        }
        if voters.is_multiple_of(2) {
            let what = format!("{voters} voters tolerate no more failures than {}", voters - 1);
            self.warn(0, what);
        }
        Ok(Mode::Ensemble {
            my_id,
            peer_type,
            servers: std::mem::take(&mut self.servers),
            init_limit_ticks,
            sync_limit_ticks,
            connect_limit_ticks: self.connect_limit.unwrap_or(init_limit_ticks),
        })
    }

    fn client(&self, mode: &Mode) -> Result<HostPort, ConfigError> {
        // A standalone server may have one server line, with its client port in it.
        let own = match mode {
            Mode::Standalone => self.servers.values().next(),
            Mode::Ensemble { my_id, servers, .. } => servers.get(my_id),
        };
        let in_line = own.and_then(|server| server.client.clone());
        match (self.client_port, in_line) {
            (None, None) => Err(self.error(0, "clientPort is not set".into())),
            (None, Some(client)) => Ok(client),
            (Some((line, port)), Some(client)) if client.port != port => {
                let what = format!("clientPort {port} differs from {client} in the server line");
                Err(self.error(line, what))
            }
            (Some((_, port)), in_line) => {
                let host = self.client_address.clone().or(in_line.map(|client| client.host));
                Ok(HostPort { host: host.unwrap_or_else(|| "0.0.0.0".into()), port })
            }
        }
    }

    fn session_bounds(&mut self) -> Result<(), ConfigError> {
        let config = &mut self.config;
        config.tick = Millis(self.tick_ms);
        config.min_session_timeout = self.min_session_ms.map_or(config.tick.times(2), Millis);
        config.max_session_timeout = self.max_session_ms.map_or(config.tick.times(20), Millis);
        if config.min_session_timeout <= config.max_session_timeout {
            return Ok(());
        }
        let (min, max) = (config.min_session_timeout.0, config.max_session_timeout.0);
        Err(self.error(0, format!("minSessionTimeout {min} is above maxSessionTimeout {max}")))
    }

    fn warn(&mut self, line: usize, what: String) {
        self.warnings.push(Warning { line, what });
    }

    fn error(&self, line: usize, what: String) -> ConfigError {
        ConfigError { file: self.file.clone(), line, what }
    }
}

/// Java: `admin.serverPort`.
const ADMIN_PORT_DEFAULT: u16 = 8080;

fn defaults() -> Config {
    Config {
        mode: Mode::Standalone,
        data_dir: PathBuf::new(),
        data_log_dir: PathBuf::new(),
        client: HostPort { host: String::new(), port: 0 },
        tick: Millis(0),
        min_session_timeout: Millis(0),
        max_session_timeout: Millis(0),
        max_client_cnxns: 60,
        max_cnxns: 0,
        client_port_listen_backlog: None,
        snap_count: 100_000,
        snap_size_limit_kb: 4_194_304,
        pre_alloc_kb: 65_536,
        txn_log_size_limit_kb: None,
        commit_log_count: 500,
        frame_bytes_max: FRAME_BYTES_MAX,
        quorum_unsent_bytes: QUORUM_UNSENT_BYTES_MAX,
        global_outstanding_limit: 1000,
        leader_serves: true,
        quorum_listen_on_all_ips: false,
        cnx_timeout: Millis(5000),
        extended_types_enabled: false,
        enforce_quota: false,
        skip_acl: false,
        super_digest: None,
        read_only_mode_enabled: false,
        digest_enabled: true,
        fsync_warning: Millis(1000),
        compression: Compression::None,
        autopurge: Autopurge { retain: 3, interval: Millis(0) },
        whitelist: Whitelist::Only(vec!["srvr".into()]),
        admin_port: None,
        warnings: Vec::new(),
    }
}

fn read_my_id(file: &Path) -> Result<Sid, ConfigError> {
    let error = |what: String| ConfigError { file: file.into(), line: 0, what };
    let text = std::fs::read_to_string(file).map_err(|cause| {
        error(format!("cannot be read: {cause} (a member of an ensemble needs its server id here)"))
    })?;
    let text = text.trim();
    text.parse().map(Sid).map_err(|_| error(format!("{text:?} is not a server id")))
}

fn number<T: FromStr>(value: &str) -> Value<T> {
    value.parse().map_err(|_| format!("{value:?} is not a number in range"))
}

/// -1 means "not set", as in Java.
fn optional<T: FromStr>(value: &str) -> Value<Option<T>> {
    if value == "-1" { Ok(None) } else { number(value).map(Some) }
}

fn at_least<T: FromStr + PartialOrd + std::fmt::Display>(value: &str, least: T) -> Value<T> {
    let number = number(value)?;
    if number < least { Err(format!("{value} is below {least}")) } else { Ok(number) }
}

fn boolean(value: &str) -> Value<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" => Ok(true),
        "false" | "no" => Ok(false),
        _ => Err(format!("{value:?} is neither true nor false")),
    }
}

fn path(value: &str) -> Value<PathBuf> {
    if value.is_empty() { Err("the path is empty".into()) } else { Ok(value.into()) }
}

fn address(value: &str) -> Value<String> {
    let inner = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(value);
    if inner.is_empty() { Err("the address is empty".into()) } else { Ok(inner.into()) }
}

fn compression(value: &str) -> Value<Compression> {
    match value {
        "" => Ok(Compression::None),
        "gz" => Ok(Compression::Gz),
        "snappy" => Ok(Compression::Snappy),
        _ => Err(format!("{value:?} is neither gz nor snappy")),
    }
}

fn whitelist(value: &str) -> Whitelist {
    let words: Vec<String> =
        value.split(',').map(str::trim).filter(|word| !word.is_empty()).map(Into::into).collect();
    if words.iter().any(|word| word == "*") { Whitelist::All } else { Whitelist::Only(words) }
}

/// Hours, or a number with a unit: `10m`, `2h`, `1d`.
fn interval(value: &str) -> Value<Millis> {
    let (digits, unit_ms) = match value.chars().last() {
        Some('s') => (&value[..value.len() - 1], 1000),
        Some('m') => (&value[..value.len() - 1], 60_000),
        Some('h') => (&value[..value.len() - 1], 3_600_000),
        Some('d') => (&value[..value.len() - 1], 86_400_000),
        _ => (value, 3_600_000),
    };
    Ok(Millis(number::<u64>(digits.trim())?.saturating_mul(unit_ms)))
}
