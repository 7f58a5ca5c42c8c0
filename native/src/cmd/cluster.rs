//! `zabscope cluster`: an ensemble of server processes on this machine.
//!
//! Each server is this same binary with `server --config`, in a folder of its own. A pipe to its
//! standard input ties it to this process: however this one ends, the servers see the end of the
//! pipe and stop. Their own process groups keep Ctrl-C away from them, so that they are stopped
//! in one place.

use super::cluster_files::{Layout, Place};
use super::srvr::{self, Role};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Most voting servers, and most observers.
pub const SERVERS_MAX: i64 = 9;
/// How often the servers are asked who they are.
const POLL: Duration = Duration::from_millis(250);
/// A server that does not stop in this time is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// An ensemble without a leader for so long is worth a line.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// Voting servers.
    pub servers: u8,
    /// Observers.
    pub observers: u8,
    /// Where everything is kept.
    pub dir: PathBuf,
    /// Client port of the first server.
    pub client_port: u16,
}

/// Why an ensemble did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The options cannot be met.
    #[error("{0}")]
    Refused(String),
    /// A file, a port or a process.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// No server is left.
    #[error("all servers have ended; see the logs in {0}")]
    AllEnded(PathBuf),
}

pub(super) fn io_error(what: impl Into<String>, source: io::Error) -> ClusterError {
    ClusterError::Io { what: what.into(), source }
}

/// Runs the ensemble until SIGINT or SIGTERM.
///
/// # Errors
/// If a port is taken, the folder cannot be used, or every server ends by itself.
pub fn run(options: &Options) -> Result<(), ClusterError> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|source| io_error("signals", source))?;
    }
    let layout = Layout::plan(options)?;
    fs::create_dir_all(&options.dir)
        .map_err(|source| io_error(format!("cannot create {}", options.dir.display()), source))?;
    let _lock = lock(&options.dir)?;
    layout.check_existing()?;
    check_ports(&layout)?;
    layout.write()?;
    let mut ensemble = Ensemble::start(&layout)?;
    introduce(&layout);
    let result = ensemble.watch(&stop);
    ensemble.stop();
    result
}

/// Two ensembles in one folder would run over each other.
fn lock(dir: &Path) -> Result<File, ClusterError> {
    let path = dir.join("cluster.lock");
    let file =
        File::create(&path).map_err(|source| io_error(path.display().to_string(), source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => {
            let text = format!("another `zabscope cluster` runs in {}", dir.display());
            Err(ClusterError::Refused(text))
        }
    }
}

/// A port that is taken is found here, where it can be named, and not in the log of a server.
fn check_ports(layout: &Layout) -> Result<(), ClusterError> {
    for place in &layout.places {
        for (what, port) in place.ports(layout.is_standalone()) {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| {
                let sid = place.sid;
                let text = format!(
                    "port {port}, {what} port of server {sid}, cannot be used ({source}); \
                     choose others with --client-port"
                );
                ClusterError::Refused(text)
            })?;
        }
    }
    Ok(())
}

fn introduce(layout: &Layout) {
    let hosts = layout.connect_string();
    println!("\nconnect string: {hosts}\n");
    println!("  {} cli --server {hosts} create /hello world", program());
    println!(
        "  python3 -c 'from kazoo.client import KazooClient as K; z = K(\"{hosts}\"); z.start(); print(z.get_children(\"/\"))'"
    );
    println!("  kill -9 a server's process and see what happens; Ctrl-C stops them all\n");
}

/// How this program was called: what is printed to be pasted works where it was started.
fn program() -> String {
    let name = std::env::args_os().next().unwrap_or_else(|| "zabscope".into());
    shell_word(&name.to_string_lossy())
}

/// `text` as one word of a shell.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:=@%".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// The running servers.
struct Ensemble<'a> {
    layout: &'a Layout,
    running: BTreeMap<u8, Child>,
    /// What was last said about each server.
    shown: BTreeMap<u8, Role>,
}

impl<'a> Ensemble<'a> {
    fn start(layout: &'a Layout) -> Result<Self, ClusterError> {
        let mut ensemble = Self { layout, running: BTreeMap::new(), shown: BTreeMap::new() };
        for place in &layout.places {
            match spawn(place) {
                Ok(child) => {
                    println!(
                        "server {}: client port {}, process {}, log {}",
                        place.sid,
                        place.client_port,
                        child.id(),
                        place.log_file().display()
                    );
                    ensemble.running.insert(place.sid, child);
                }
                Err(error) => {
                    ensemble.stop();
                    return Err(error);
                }
            }
        }
        Ok(ensemble)
    }

    /// Says what changes until it is told to stop.
    fn watch(&mut self, stop: &AtomicBool) -> Result<(), ClusterError> {
        let mut without_leader = Some(Instant::now());
        while !stop.load(Ordering::Relaxed) {
            self.bury()?;
            let roles = self.ask();
            if roles != self.shown {
                describe(&roles);
                self.shown = roles;
            }
            let has_leader = self.shown.values().any(|role| role.leads());
            match without_leader {
                _ if has_leader => without_leader = None,
                None => without_leader = Some(Instant::now()),
                Some(since) if since.elapsed() > PATIENCE => {
                    println!("still no leader; more than half of the voting servers must run");
                    without_leader = Some(Instant::now());
                }
                Some(_) => {}
            }
            sleep(POLL);
        }
        println!("stopping");
        Ok(())
    }

    /// Tells of servers that have ended.
    fn bury(&mut self) -> Result<(), ClusterError> {
        let mut ended = Vec::new();
        for (sid, child) in &mut self.running {
            if let Ok(Some(status)) = child.try_wait() {
                ended.push((*sid, status));
            }
        }
        for (sid, status) in ended {
            self.running.remove(&sid);
            let Some(place) = self.layout.place(sid) else { continue };
            println!("server {sid} has ended: {}", reason(status, place));
            println!(
                "  start it again: {} server --config {}",
                program(),
                shell_word(&place.config_file().to_string_lossy())
            );
        }
        match self.running.is_empty() {
            true => Err(ClusterError::AllEnded(self.layout.dir.clone())),
            false => Ok(()),
        }
    }

    /// The roles of those that serve; also of servers that somebody started again by hand.
    fn ask(&self) -> BTreeMap<u8, Role> {
        let roles = self.layout.places.iter().map(|place| {
            let role = srvr::role((Ipv4Addr::LOCALHOST, place.client_port).into());
            (place.sid, role)
        });
        roles.collect()
    }

    fn stop(&mut self) {
        for child in self.running.values_mut() {
            // The end of its input is the order to stop.
            drop(child.stdin.take());
        }
        let end = Instant::now() + STOP_TIMEOUT;
        for (sid, child) in &mut self.running {
            while let Ok(None) = child.try_wait() {
                if Instant::now() >= end {
                    println!("server {sid} does not stop: it is killed");
                    let _ = child.kill();
                    let _ = child.wait();
                    break;
                }
                sleep(Duration::from_millis(20));
            }
        }
        self.running.clear();
    }
}

fn spawn(place: &Place) -> Result<Child, ClusterError> {
    let log_file = place.log_file();
    let log = File::options()
        .create(true)
        .append(true)
        .open(&log_file)
        .map_err(|source| io_error(log_file.display().to_string(), source))?;
    let log_too = log.try_clone().map_err(|source| io_error("log file", source))?;
    let binary = std::env::current_exe().map_err(|source| io_error("this program", source))?;
    Command::new(binary)
        .arg("server")
        .arg("--config")
        .arg(place.config_file())
        .arg("--stop-with-stdin")
        .stdin(Stdio::piped())
        .stdout(log)
        .stderr(log_too)
        .process_group(0)
        .spawn()
        .map_err(|source| io_error(format!("server {}", place.sid), source))
}

/// How a server ended, with the last line of its log if it ended by itself.
fn reason(status: ExitStatus, place: &Place) -> String {
    use std::os::unix::process::ExitStatusExt;
    if let Some(signal) = status.signal() {
        return format!("signal {signal}");
    }
    let text = fs::read(place.log_file()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    format!("{status}; {}", text.lines().next_back().unwrap_or("its log is empty"))
}

/// One line: who leads and who else serves.
fn describe(roles: &BTreeMap<u8, Role>) {
    let list = |wanted: fn(&Role) -> bool| {
        let sids: Vec<String> =
            roles.iter().filter(|(_, role)| wanted(role)).map(|(sid, _)| sid.to_string()).collect();
        sids.join(", ")
    };
    let mut parts = Vec::new();
    for (sid, role) in roles {
        match role {
            Role::Leader(epoch) => parts.push(format!("server {sid} leads, epoch {}", epoch)),
            Role::Standalone => parts.push(format!("server {sid} serves alone")),
            Role::Follower | Role::Observer | Role::Silent => {}
        }
    }
    if parts.is_empty() {
        parts.push("no leader".to_owned());
    }
    for (name, sids) in [
        ("following", list(|role| matches!(role, Role::Follower))),
        ("observing", list(|role| matches!(role, Role::Observer))),
        ("not serving", list(|role| matches!(role, Role::Silent))),
    ] {
        if !sids.is_empty() {
            parts.push(format!("{name}: {sids}"));
        }
    }
    println!("{}", parts.join("; "));
}
