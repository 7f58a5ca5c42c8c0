//! `zabscope server`: one server from its zoo.cfg, in the foreground.

use crate::config::{Config, HostPort, Mode, PeerType};
use crate::descriptors::{Room, TooFew};
use crate::drive::{Addresses, DriveError, Driver, Limits, Member, Parts, poll_and_waker};
use crate::store::{Store, StoreConfig, StoreError};
use crate::words::Words;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use zabscope_core::base::quorum::Voters;
use zabscope_core::base::{Millis, Set, Sid};
use zabscope_core::server;
use zabscope_core::tree::WriteRules;
use zabscope_core::zab;

/// Why a server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// The data directories cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives too little.
    #[error(transparent)]
    Descriptors(#[from] TooFew),
    /// It ran, and had to end.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// An address or the system.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

/// Runs a server until SIGTERM or SIGINT, or until the end of standard input if that is wanted.
///
/// # Errors
/// If it cannot start, or its disk fails.
pub fn run(file: &Path, stop_with_stdin: bool) -> Result<(), ServerError> {
    let config = Config::load(file)?;
    for warning in &config.warnings {
        let line = (warning.line > 0).then_some(warning.line);
        tracing::warn!(line, "{}", warning.what);
    }
    let others = match &config.mode {
        Mode::Standalone => 0,
        Mode::Ensemble { servers, .. } => servers.len().saturating_sub(1),
    };
    let room = Room::make(others)?;
    let (poll, waker) = poll_and_waker().map_err(|source| io_error("poll", source))?;
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(&stop, &waker)?;
    if stop_with_stdin {
        stop_at_end_of_input(&stop, &waker);
    }
    let wake = {
        let waker = Arc::clone(&waker);
        move || {
            let _ = waker.wake();
        }
    };
    let (store, recovered) = Store::open(StoreConfig::from_config(&config), wake)?;
    let engine = engine_config(&config);
    tracing::info!(
        sid = %engine.zab.me,
        zxid = %recovered.last_zxid,
        znodes = recovered.image.tree.len(),
        client = %config.client,
        "starting"
    );
    let parts = Parts {
        addresses: addresses(&config)?,
        limits: Limits {
            client_cnxns_per_ip: config.max_client_cnxns,
            client_cnxns: config.max_cnxns,
            room,
            frame_bytes_max: config.frame_bytes_max,
            quorum_unsent_bytes: config.quorum_unsent_bytes,
            fsync_warning: Duration::from_millis(config.fsync_warning.0),
            backlog: config.client_port_listen_backlog,
        },
        words: Words::new(config),
        config: engine,
        recovered,
        store,
        poll,
        waker,
        stop,
    };
    Driver::new(parts)?.run()?;
    tracing::info!("stopped");
    Ok(())
}

fn io_error(what: &str, source: io::Error) -> ServerError {
    ServerError::Io { what: what.to_owned(), source }
}

fn stop_on_signal(stop: &Arc<AtomicBool>, waker: &Arc<mio::Waker>) -> Result<(), ServerError> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])
        .map_err(|source| io_error("signals", source))?;
    let (stop, waker) = (Arc::clone(stop), Arc::clone(waker));
    std::thread::spawn(move || {
        for _ in signals.forever() {
            stop.store(true, Ordering::Relaxed);
            let _ = waker.wake();
        }
    });
    Ok(())
}

/// The other end of a pipe is closed by the system even when its process is killed.
fn stop_at_end_of_input(stop: &Arc<AtomicBool>, waker: &Arc<mio::Waker>) {
    let (stop, waker) = (Arc::clone(stop), Arc::clone(waker));
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        stop.store(true, Ordering::Relaxed);
        let _ = waker.wake();
    });
}

/// The engine's settings from those of the file.
#[must_use]
pub fn engine_config(config: &Config) -> server::Config {
    let text = config.configuration_text().into();
    let zab = match &config.mode {
        Mode::Standalone => zab::Config {
            me: Sid(1),
            voters: Voters::new([Sid(1)]),
            observers: Set::new(),
            tick_ms: config.tick,
            init_limit: 1,
            sync_limit: 1,
            text,
            standalone: true,
        },
        Mode::Ensemble { my_id, servers, init_limit_ticks, sync_limit_ticks, .. } => {
            let of = |role: PeerType| {
                servers.iter().filter(move |(_, spec)| spec.peer_type == role).map(|(sid, _)| *sid)
            };
            zab::Config {
                me: *my_id,
                voters: Voters::new(of(PeerType::Participant)),
                observers: of(PeerType::Observer).collect(),
                tick_ms: config.tick,
                init_limit: *init_limit_ticks,
                sync_limit: *sync_limit_ticks,
                text,
                standalone: false,
            }
        }
    };
    server::Config {
        switches: zab::Sound,
        session_timeout_min_ms: clamp(config.min_session_timeout),
        session_timeout_max_ms: clamp(config.max_session_timeout),
        snap_count: config.snap_count,
        snap_bytes: config.snap_size_limit_kb.saturating_mul(1024),
        rules: WriteRules {
            extended_types: config.extended_types_enabled,
            skip_acl: config.skip_acl,
            enforce_quota: config.enforce_quota,
            txn_bytes_max: 2 * config.frame_bytes_max,
        },
        seed: seed(zab.me),
        super_digest: config.super_digest.clone(),
        enforced_schemes: config.enforced_schemes.clone(),
        leader_serves: config.leader_serves,
        zab,
    }
}

fn clamp(ms: Millis) -> i32 {
    i32::try_from(ms.0).unwrap_or(i32::MAX)
}

/// Differs from server to server and from start to start; only spreads snapshots over time.
fn seed(me: Sid) -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = since.map(|time| time.subsec_nanos()).unwrap_or_default();
    (me.0.cast_unsigned() << 32) | u64::from(nanos)
}

fn addresses(config: &Config) -> Result<Addresses, ServerError> {
    let client = resolve(&config.client)?;
    let Mode::Ensemble { my_id, servers, .. } = &config.mode else {
        return Ok(Addresses {
            client,
            election: None,
            quorum: None,
            election_name: String::new(),
            members: BTreeMap::new(),
        });
    };
    let own = &servers[my_id];
    let listen = |at: &HostPort| -> Result<SocketAddr, ServerError> {
        let address = resolve(at)?;
        Ok(if config.quorum_listen_on_all_ips {
            let any: IpAddr = match address.is_ipv6() {
                true => Ipv6Addr::UNSPECIFIED.into(),
                false => Ipv4Addr::UNSPECIFIED.into(),
            };
            SocketAddr::new(any, address.port())
        } else {
            address
        })
    };
    let election = resolve(&own.election_address())?;
    let members = servers
        .iter()
        .map(|(sid, spec)| {
            let quorum = spec.quorum_address().to_string();
            (*sid, Member { quorum, election: spec.election_address().to_string() })
        })
        .collect();
    Ok(Addresses {
        client,
        election: Some(listen(&own.election_address())?),
        quorum: Some(listen(&own.quorum_address())?),
        election_name: election.to_string(),
        members,
    })
}

fn resolve(at: &HostPort) -> Result<SocketAddr, ServerError> {
    let text = at.to_string();
    let mut found = text.to_socket_addrs().map_err(|source| io_error(&text, source))?;
    found.next().ok_or_else(|| io_error(&text, io::Error::from(io::ErrorKind::AddrNotAvailable)))
}
