//! Real servers for the tests: processes of the binary that `cargo xtask test` has built.

#![allow(dead_code, reason = "each test target uses a part of it")]

pub(crate) mod clients;
pub(crate) mod frames;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use zabscope::cli::handle::Handle;
use zabscope_core::proto::request::Request;
use zabscope_tests::given;

/// Longest wait for anything that should take a second.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
/// Short ticks, so that elections and expiries are over soon.
pub(crate) const QUICK: &str = "tickTime=300\ninitLimit=20\nsyncLimit=8\nmaxClientCnxns=0\n\
                         4lw.commands.whitelist=*\npreAllocSize=64\n";

/// One ensemble at a time: several would make each other late on a small machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Waits until no other ensemble runs, and keeps others away.
pub(crate) fn my_turn() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Servers on free ports of 127.0.0.1, with a folder that goes with them.
#[derive(Debug)]
pub(crate) struct Ensemble {
    folder: TempDir,
    ports: BTreeMap<u8, [u16; 3]>,
    running: BTreeMap<u8, Child>,
    /// Servers that are Apache's.
    pub(crate) apache: BTreeSet<u8>,
    /// Servers without a vote.
    observers: BTreeSet<u8>,
    /// Descriptors that each of our processes may have; else what this one may.
    pub(crate) descriptors: Option<u32>,
    /// What Apache's processes are told about their memory.
    pub(crate) java_heap: &'static str,
    turn: Option<MutexGuard<'static, ()>>,
}

/// What `srvr` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Srvr {
    pub(crate) mode: String,
    pub(crate) zxid: String,
    pub(crate) nodes: String,
}

impl Ensemble {
    /// Writes the files of `count` servers and starts them all; `settings` are lines of zoo.cfg.
    pub(crate) fn start(count: u8, settings: &str) -> Result<Self> {
        Self::start_mixed(count, &[], &[], settings)
    }

    /// The same with Apache's server in the place of some of ours, and with observers.
    pub(crate) fn start_mixed(
        count: u8,
        apache: &[u8],
        observers: &[u8],
        settings: &str,
    ) -> Result<Self> {
        let turn = my_turn();
        let mut ensemble = Self::prepare(count, apache, observers, settings)?;
        ensemble.turn = Some(turn);
        ensemble.run_all()?;
        ensemble.wait_for_leader()?;
        Ok(ensemble)
    }

    /// The files only; others may run beside it.
    pub(crate) fn prepare(
        count: u8,
        apache: &[u8],
        observers: &[u8],
        settings: &str,
    ) -> Result<Self> {
        let mut ports = BTreeMap::new();
        let mut held = Vec::new();
        for sid in 1..=count {
            let mut free = || -> Result<u16> {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                let port = listener.local_addr()?.port();
                held.push(listener);
                Ok(port)
            };
            ports.insert(sid, [free()?, free()?, free()?]);
        }
        drop(held);
        let folder = tempfile::tempdir()?;
        let ensemble = Self {
            folder,
            ports,
            running: BTreeMap::new(),
            apache: apache.iter().copied().collect(),
            observers: observers.iter().copied().collect(),
            descriptors: None,
            java_heap: "-Xmx256m",
            turn: None,
        };
        for sid in ensemble.sids() {
            ensemble.write_files(sid, settings)?;
        }
        Ok(ensemble)
    }

    /// Lets the servers find each other by this name of the machine.
    pub(crate) fn with_names(self, host: &str) -> Result<Self> {
        for sid in self.sids() {
            let file = self.folder(sid).join("zoo.cfg");
            let text = fs::read_to_string(&file)?;
            let named = |line: &str| match line.starts_with("server.") {
                true => line.replace("127.0.0.1", host) + "\n",
                false => line.to_owned() + "\n",
            };
            fs::write(&file, text.lines().map(named).collect::<String>())?;
        }
        Ok(self)
    }

    /// Starts every server, without waiting for anything.
    pub(crate) fn run_all(&mut self) -> Result<()> {
        self.sids().into_iter().try_for_each(|sid| self.run(sid))
    }

    fn write_files(&self, sid: u8, settings: &str) -> Result<()> {
        fs::create_dir_all(self.data(sid))?;
        fs::write(self.data(sid).join("myid"), sid.to_string())?;
        let [client, ..] = self.ports[&sid];
        let mut text =
            format!("dataDir={}\nclientPort={client}\n{settings}", self.data(sid).display());
        if !settings.contains("clientPortAddress=") {
            text.push_str("clientPortAddress=127.0.0.1\n");
        }
        if self.ports.len() > 1 {
            for (other, [_, quorum, election]) in &self.ports {
                let role = if self.observers.contains(other) { ":observer" } else { "" };
                writeln!(text, "server.{other}=127.0.0.1:{quorum}:{election}{role}")?;
            }
            if self.observers.contains(&sid) {
                text.push_str("peerType=observer\n");
            }
        }
        fs::write(self.folder(sid).join("zoo.cfg"), text)?;
        Ok(())
    }

    pub(crate) fn sids(&self) -> Vec<u8> {
        self.ports.keys().copied().collect()
    }

    pub(crate) fn folder(&self, sid: u8) -> PathBuf {
        self.folder.path().join(sid.to_string())
    }

    pub(crate) fn data(&self, sid: u8) -> PathBuf {
        self.folder(sid).join("data")
    }

    /// Client, quorum and election port.
    pub(crate) fn address(&self, sid: u8, port: usize) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports[&sid][port]).into()
    }

    /// `host:port` of these servers.
    pub(crate) fn hosts(&self, sids: &[u8]) -> Vec<String> {
        sids.iter().map(|sid| self.address(*sid, 0).to_string()).collect()
    }

    pub(crate) fn all_hosts(&self) -> Vec<String> {
        self.hosts(&self.sids())
    }

    // --- processes -----------------------------------------------------------------------

    pub(crate) fn run(&mut self, sid: u8) -> Result<()> {
        let log =
            File::options().create(true).append(true).open(self.folder(sid).join("server.log"))?;
        let config = self.folder(sid).join("zoo.cfg");
        let mut command = if self.apache.contains(&sid) {
            let mut java = Command::new("java");
            java.arg(self.java_heap)
                .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=info")
                .arg("-Dzookeeper.admin.enableServer=false")
                .arg("-cp")
                .arg(given("ZABSCOPE_APACHE")?)
                .arg("org.apache.zookeeper.server.quorum.QuorumPeerMain")
                .arg(config);
            java
        } else {
            let mut ours = match self.descriptors {
                None => Command::new(given("ZABSCOPE_BIN")?),
                Some(limit) => {
                    let mut shell = Command::new("sh");
                    shell.arg("-c").arg(format!("ulimit -n {limit}; exec \"$0\" \"$@\""));
                    shell.arg(given("ZABSCOPE_BIN")?);
                    shell
                }
            };
            ours.arg("server").arg("--config").arg(config).arg("--stop-with-stdin");
            ours
        };
        let child = command
            .env("RUST_LOG", "info")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.running.insert(sid, child);
        Ok(())
    }

    /// Takes the history of a server that is down.
    pub(crate) fn wipe(&self, sid: u8) -> Result<()> {
        Ok(fs::remove_dir_all(self.data(sid).join("version-2"))?)
    }

    pub(crate) fn pid(&self, sid: u8) -> Result<Pid> {
        let child = self.running.get(&sid).context("the server does not run")?;
        let id = i32::try_from(child.id())?;
        Pid::from_raw(id).context("no process id")
    }

    pub(crate) fn signal(&self, sid: u8, signal: Signal) -> Result<()> {
        Ok(kill_process(self.pid(sid)?, signal)?)
    }

    /// SIGKILL: no byte more is written by it.
    pub(crate) fn kill(&mut self, sid: u8) -> Result<()> {
        let mut child = self.running.remove(&sid).context("the server does not run")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// SIGTERM; how it ended and how long that took.
    pub(crate) fn stop(&mut self, sid: u8) -> Result<(ExitStatus, Duration)> {
        self.signal(sid, Signal::TERM)?;
        let mut child = self.running.remove(&sid).context("the server does not run")?;
        let started = Instant::now();
        let status = child.wait()?;
        Ok((status, started.elapsed()))
    }

    /// Every server that was started still runs.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        for (sid, child) in &mut self.running {
            if let Some(status) = child.try_wait()? {
                bail!("server {sid} has ended: {status}");
            }
        }
        Ok(())
    }

    pub(crate) fn log(&self, sid: u8) -> String {
        fs::read_to_string(self.folder(sid).join("server.log")).unwrap_or_default()
    }

    /// The most memory that the process has had, in KiB.
    pub(crate) fn memory_kb(&self, sid: u8) -> Result<u64> {
        let path = format!("/proc/{}/status", self.pid(sid)?.as_raw_nonzero());
        let text = fs::read_to_string(path)?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    // --- what they say -------------------------------------------------------------------

    pub(crate) fn word(&self, sid: u8, word: &str) -> Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.address(sid, 0), Duration::from_secs(5))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(word.as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    pub(crate) fn srvr(&self, sid: u8) -> Option<Srvr> {
        let text = self.word(sid, "srvr").ok()?;
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name));
            value.map(|value| value.trim().to_owned())
        };
        Some(Srvr { mode: field("Mode:")?, zxid: field("Zxid:")?, nodes: field("Node count:")? })
    }

    pub(crate) fn leader(&self) -> Option<u8> {
        let leads = |sid: &u8| {
            self.srvr(*sid).is_some_and(|srvr| ["leader", "standalone"].contains(&&*srvr.mode))
        };
        self.running.keys().copied().find(leads)
    }

    pub(crate) fn wait_for_leader(&self) -> Result<u8> {
        eventually("a leader", || Ok(self.leader()))
    }

    /// Waits until every running server serves and has applied the same. In a new epoch they
    /// show different zxids until something is written, so a session comes and goes first.
    pub(crate) fn wait_until_equal(&self) -> Result<Srvr> {
        let running: Vec<u8> = self.running.keys().copied().collect();
        eventually("every server to serve", || {
            Ok(running.iter().all(|sid| self.srvr(*sid).is_some()).then_some(()))
        })?;
        let client = Handle::start(self.hosts(&running), clients::TIMEOUT_MS, 0);
        clients::insist(&client, &Request::Sync { path: "/".into() })??;
        client.close();
        eventually("the same zxid on every server", || {
            let all: Vec<Option<Srvr>> = self.running.keys().map(|sid| self.srvr(*sid)).collect();
            let Some(Some(first)) = all.first() else { return Ok(None) };
            let same = |srvr: &Option<Srvr>| {
                srvr.as_ref().is_some_and(|it| (&it.zxid, &it.nodes) == (&first.zxid, &first.nodes))
            };
            Ok(all.iter().all(same).then(|| first.clone()))
        })
    }
}

impl Drop for Ensemble {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for sid in self.sids() {
                let log = self.log(sid);
                let lines: Vec<&str> = log.lines().collect();
                let tail = &lines[lines.len().saturating_sub(25)..];
                eprintln!("--- last lines of server {sid}\n{}", tail.join("\n"));
            }
        }
        for child in self.running.values_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until `look` finds something; fails with what was waited for.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        // A panic, so that the servers' last lines are shown.
        assert!(Instant::now() < end, "waited {PATIENCE:?} in vain for {what}");
        sleep(Duration::from_millis(50));
    }
}
