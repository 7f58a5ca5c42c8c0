//! From keys to a [`Config`]: what each key means, then the rules that concern several.

use super::ignored;
use super::servers::parse_port;
use super::{
    Autopurge, Compression, Config, ConfigError, HostPort, Mode, PeerType, ServerSpec, Warning,
    Whitelist, properties, read,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use zabscope_core::base::limits::{
    FRAME_BYTES_CEILING, FRAME_BYTES_MAX, QUORUM_UNSENT_BYTES_MAX, RECENT_TXNS,
};
use zabscope_core::base::{Millis, Sid};

/// Smallest `jute.maxbuffer`: a client that connects, and its ping, need less.
const FRAME_BYTES_LEAST: usize = 1024;

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
    peer_type: PeerType,
    standalone_enabled: bool,
    enforce_auth: bool,
    enforced_schemes: Vec<String>,
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
            peer_type: PeerType::Participant,
            standalone_enabled: true,
            enforce_auth: false,
            enforced_schemes: Vec::new(),
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
            self.servers.insert(server_id(sid)?, ServerSpec::parse(value)?);
            return Ok(());
        }
        // Java sets any other key as a system property with this prefix, so both forms are in use.
        let key = key.strip_prefix("zookeeper.").unwrap_or(key);
        if self.take_basic(key, value)? || self.take_tuning(key, value)? {
            return Ok(());
        }
        if let Some(what) = ignored::judge(key, value)? {
            self.warn(self.line, what);
        }
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
            "maxClientCnxns" => config.max_client_cnxns = no_limit_below_0(value)?,
            "maxCnxns" => config.max_cnxns = no_limit_below_0(value)?,
            "clientPortListenBacklog" => config.client_port_listen_backlog = optional(value)?,
            "snapCount" => config.snap_count = number::<u32>(value)?.max(2),
            "snapSizeLimitInKb" => config.snap_size_limit_kb = no_limit_below_0(value)?,
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
            "commitLogCount" => self.take_recent(value)?,
            "leaderServes" => config.leader_serves = boolean(value)?,
            "quorumListenOnAllIPs" => config.quorum_listen_on_all_ips = boolean(value)?,
            "extendedTypesEnabled" => config.extended_types_enabled = boolean(value)?,
            "enforceQuota" => config.enforce_quota = boolean(value)?,
            "skipACL" => config.skip_acl = boolean(value)?,
            "enforce.auth.enabled" => self.enforce_auth = boolean(value)?,
            "enforce.auth.schemes" => self.enforced_schemes = schemes(value)?,
            "snapshot.trust.empty" => config.trust_empty_snapshot = boolean(value)?,
            "fsync.warningthresholdms" => config.fsync_warning = Millis(number(value)?),
            "DigestAuthenticationProvider.superDigest" => {
                config.super_digest = Some(value.to_owned());
            }
            "snapshot.compression.method" => config.compression = compression(value)?,
            "autopurge.snapRetainCount" => self.take_retain(value)?,
            "autopurge.purgeInterval" => config.autopurge.interval = interval(value)?,
            "4lw.commands.whitelist" => config.whitelist = whitelist(value),
            "forceSync" if !boolean(value)? => {
                let what = "forceSync=no is ignored: acknowledged writes would be lost".into();
                self.warn(self.line, what);
            }
            "forceSync" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_recent(&mut self, value: &str) -> Value<()> {
        let count: usize = number(value)?;
        if count > RECENT_TXNS {
            let what = format!(
                "commitLogCount {count} is lowered to {RECENT_TXNS}: what is older comes from the \
                 log files"
            );
            self.warn(self.line, what);
        }
        self.config.commit_log_count = count.min(RECENT_TXNS);
        Ok(())
    }

    fn take_retain(&mut self, value: &str) -> Value<()> {
        let retain: usize = number(value)?;
        if retain < 3 {
            self.warn(self.line, format!("autopurge.snapRetainCount {retain} is raised to 3"));
        }
        self.config.autopurge.retain = retain.max(3);
        Ok(())
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
        self.enforced_schemes()?;
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

    /// Schemes alone demand nothing, as in Java.
    fn enforced_schemes(&mut self) -> Result<(), ConfigError> {
        let schemes = std::mem::take(&mut self.enforced_schemes);
        if self.enforce_auth {
            if schemes.is_empty() {
                let what = "enforce.auth.enabled=true needs enforce.auth.schemes";
                return Err(self.error(0, what.into()));
            }
            self.config.enforced_schemes = schemes;
        } else if !schemes.is_empty() {
            let what = "enforce.auth.schemes has no effect without enforce.auth.enabled=true";
            self.warn(0, what.into());
        }
        Ok(())
    }

    fn warn(&mut self, line: usize, what: String) {
        self.warnings.push(Warning { line, what });
    }

    fn error(&self, line: usize, what: String) -> ConfigError {
        ConfigError { file: self.file.clone(), line, what }
    }
}

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
        commit_log_count: RECENT_TXNS,
        frame_bytes_max: FRAME_BYTES_MAX,
        quorum_unsent_bytes: QUORUM_UNSENT_BYTES_MAX,
        leader_serves: true,
        quorum_listen_on_all_ips: false,
        extended_types_enabled: false,
        enforce_quota: false,
        skip_acl: false,
        super_digest: None,
        enforced_schemes: Vec::new(),
        trust_empty_snapshot: false,
        fsync_warning: Millis(1000),
        compression: Compression::None,
        autopurge: Autopurge { retain: 3, interval: Millis(0) },
        whitelist: Whitelist::Only(vec!["srvr".into()]),
        warnings: Vec::new(),
    }
}

fn read_my_id(file: &Path) -> Result<Sid, ConfigError> {
    let error = |what: String| ConfigError { file: file.into(), line: 0, what };
    let text = std::fs::read_to_string(file).map_err(|cause| {
        error(format!("cannot be read: {cause} (a member of an ensemble needs its server id here)"))
    })?;
    server_id(text.trim()).map_err(error)
}

/// Java takes any number, and refuses those above 254 only if TTL znodes are allowed. But 257 would
/// give out the sessions of 1, and TTL znodes are recognised here whatever is allowed.
fn server_id(text: &str) -> Value<Sid> {
    let sid = text.parse().map(Sid).map_err(|_| format!("{text:?} is not a server id"))?;
    match (Sid(0)..=Sid::MAX).contains(&sid) {
        true => Ok(sid),
        false => Err(format!("{sid} is not a server id: they are from 0 to {}", Sid::MAX)),
    }
}

fn number<T: FromStr>(value: &str) -> Value<T> {
    value.parse().map_err(|_| format!("{value:?} is not a number in range"))
}

/// -1 means "not set", as in Java.
fn optional<T: FromStr>(value: &str) -> Value<Option<T>> {
    if value == "-1" { Ok(None) } else { number(value).map(Some) }
}

/// What is negative or 0 stands for no limit, as in Java.
fn no_limit_below_0<T: FromStr + Default>(value: &str) -> Value<T> {
    if value.starts_with('-') { number::<i64>(value).map(|_| T::default()) } else { number(value) }
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

/// Schemes by which a client can authenticate here.
fn schemes(value: &str) -> Value<Vec<String>> {
    let schemes = value.split(',').map(str::trim).filter(|scheme| !scheme.is_empty());
    schemes
        .map(|scheme| match scheme {
            "digest" | "ip" => Ok(scheme.to_owned()),
            _ => Err(format!("the scheme {scheme:?} is not available; digest and ip are")),
        })
        .collect()
}

/// Hours, or a number with a unit: `10m`, `2h`, `1d`.
///
/// What is negative or 0 switches purging off, as in Java.
fn interval(value: &str) -> Value<Millis> {
    if value.starts_with('-') {
        return number::<i64>(value).map(|_| Millis(0));
    }
    let (digits, unit_ms) = match value.chars().last() {
        Some('s') => (&value[..value.len() - 1], 1000),
        Some('m') => (&value[..value.len() - 1], 60_000),
        Some('h') => (&value[..value.len() - 1], 3_600_000),
        Some('d') => (&value[..value.len() - 1], 86_400_000),
        _ => (value, 3_600_000),
    };
    Ok(Millis(number::<u64>(digits.trim())?.saturating_mul(unit_ms)))
}
