//! Commands that stay until something happens: watch, lock, elect.

use super::handle::Heard;
use super::znodes::show;
use super::{Cli, CliError, LOOK, print};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use zabscope_core::base::SessionId;
use zabscope_core::cli::Command;
use zabscope_core::client::{Call, Reply, State};
use zabscope_core::proto::KeeperError;
use zabscope_core::proto::request::Request;
use zabscope_core::proto::watch::{AddWatchMode, WatcherType};
use zabscope_core::recipes::{Ask, Election, Lock, Phase, Place};
use zabscope_core::wire::Buffer;

/// Of the recipe's requests; the others of this client have none.
const TAG: u32 = 1;
/// Longest wait until a place is given back.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs such a command until it ends or is interrupted.
///
/// # Errors
/// As the servers say, or if what was held is lost.
pub fn run(cli: &Cli, command: Command) -> Result<(), CliError> {
    match command {
        Command::Watch { path, recursive } => watch(cli, &path, recursive),
        Command::Lock { path, run } => lock(cli, &path, &run),
        Command::Elect { path, data } => elect(cli, &path, data.map(Into::into)),
        _ => Ok(()),
    }
}

// --- watch -------------------------------------------------------------------------------

fn watch(cli: &Cli, path: &str, recursive: bool) -> Result<(), CliError> {
    let heard = cli.handle.follow();
    let (mode, kind) = match recursive {
        true => (AddWatchMode::PersistentRecursive, WatcherType::PersistentRecursive),
        false => (AddWatchMode::Persistent, WatcherType::Persistent),
    };
    cli.ask(path, Request::AddWatch { path: cli.path(path), mode: mode as i32 })?;
    eprintln!("watching {path} until Ctrl-C");
    let result = show_events(cli, &heard);
    cli.interrupted.store(false, std::sync::atomic::Ordering::Relaxed);
    if result.is_ok() {
        // For the prompt, which goes on with the same session. Servers before 3.9 know no such
        // kind, and there the watch stays.
        drop(cli.ask(path, Request::RemoveWatches { path: cli.path(path), kind: kind as i32 }));
    }
    result
}

fn show_events(cli: &Cli, heard: &Receiver<Heard>) -> Result<(), CliError> {
    let mut connected = true;
    loop {
        if cli.check_interrupt().is_err() {
            return Ok(());
        }
        match heard.recv_timeout(LOOK) {
            Ok(Heard::Reply(_, Reply::Event { event, .. })) => {
                let path = event.path.to_str();
                show(print::event(&event, cli.hosts.local(&path)).as_bytes())?;
            }
            Ok(Heard::Reply(_, Reply::State(state))) => {
                let now = state == State::Connected;
                if now != connected {
                    show(
                        format!("WatchedEvent state:{} type:None path:null", print::state(state))
                            .as_bytes(),
                    )?;
                }
                connected = now;
                if !state.is_alive() {
                    return Err(CliError::Lost("the session is over".into()));
                }
            }
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

// --- lock and elect ----------------------------------------------------------------------

enum Recipe {
    Lock(Lock),
    Election(Election),
}

impl Recipe {
    fn join(&mut self, out: &mut Vec<Ask>) {
        match self {
            Self::Lock(lock) => lock.acquire(out),
            Self::Election(election) => election.run(out),
        }
    }

    fn leave(&mut self, out: &mut Vec<Ask>) {
        match self {
            Self::Lock(lock) => lock.release(out),
            Self::Election(election) => election.resign(out),
        }
    }

    fn hear(&mut self, session: SessionId, heard: &Reply, out: &mut Vec<Ask>) {
        match self {
            Self::Lock(lock) => lock.hear(session, heard, out),
            Self::Election(election) => election.hear(session, heard, out),
        }
    }

    const fn place(&self) -> &Place {
        match self {
            Self::Lock(lock) => lock.place(),
            Self::Election(election) => election.place(),
        }
    }
}

/// A recipe beside a client.
struct Stand<'a> {
    cli: &'a Cli,
    recipe: Recipe,
    heard: Receiver<Heard>,
    path: &'a str,
    connected: bool,
}

impl<'a> Stand<'a> {
    fn new(cli: &'a Cli, path: &'a str, recipe: Recipe) -> Self {
        let heard = cli.handle.follow();
        Self { cli, recipe, heard, path, connected: true }
    }

    fn send(&self, asks: Vec<Ask>) {
        for ask in asks {
            self.cli.handle.call(Call::from(ask));
        }
    }

    fn join(&mut self) {
        let mut asks = Vec::new();
        self.recipe.join(&mut asks);
        self.send(asks);
    }

    /// Listens for a moment. The phase afterwards.
    fn listen(&mut self) -> Result<Phase, CliError> {
        if let Ok(Heard::Reply(session, reply)) = self.heard.recv_timeout(LOOK) {
            let mut asks = Vec::new();
            self.recipe.hear(session, &reply, &mut asks);
            self.send(asks);
            if let Reply::State(state) = reply {
                self.on_state(state);
            }
        }
        match self.recipe.place().phase() {
            Phase::Lost => {
                Err(CliError::Lost(format!("the session is over, and with it {}", self.path)))
            }
            Phase::Failed(error) => Err(CliError::Keeper { error, path: self.path.to_owned() }),
            phase => Ok(phase),
        }
    }

    fn on_state(&mut self, state: State) {
        let now = state == State::Connected;
        if self.connected && !now && state.is_alive() {
            eprintln!("connection lost: what is held is lost too after the session timeout");
        } else if !self.connected && now {
            eprintln!("connected again, the session goes on");
        }
        self.connected = now;
    }

    fn leave(&mut self) -> Result<(), CliError> {
        let mut asks = Vec::new();
        self.recipe.leave(&mut asks);
        self.send(asks);
        let end = Instant::now() + LEAVE_TIMEOUT;
        while self.recipe.place().phase() != Phase::Idle && Instant::now() < end {
            match self.listen() {
                // The end of the session gives it back too.
                Err(CliError::Lost(_)) => break,
                other => drop(other?),
            }
        }
        Ok(())
    }

    fn token(&self) -> i64 {
        self.recipe.place().token().map_or(0, |zxid| zxid.0)
    }
}

/// A name for people who look at the znode.
fn who() -> Buffer {
    Some(format!("zabscope cli, process {}", std::process::id()).into())
}

fn lock(cli: &Cli, path: &str, run: &[String]) -> Result<(), CliError> {
    let root = cli.hosts.absolute(path);
    let mut stand = Stand::new(cli, path, Recipe::Lock(Lock::new(&root, TAG, who())));
    stand.join();
    let mut shown = Phase::Idle;
    let held = loop {
        let phase = stand.listen()?;
        if phase == Phase::First {
            break true;
        }
        if phase == Phase::Waiting && shown != phase {
            eprintln!("waiting for {path}");
        }
        shown = phase;
        if cli.check_interrupt().is_err() {
            break false;
        }
    };
    let result = match held {
        true => hold(&mut stand, run),
        false => Err(CliError::Interrupted),
    };
    stand.leave()?;
    result
}

/// The lock is held: runs the program, or waits for Ctrl-C.
fn hold(stand: &mut Stand<'_>, run: &[String]) -> Result<(), CliError> {
    show(format!("Locked {} (fencing token 0x{:x})", stand.path, stand.token()).as_bytes())?;
    let Some((program, arguments)) = run.split_first() else {
        eprintln!("holding it until Ctrl-C");
        loop {
            stand.listen()?;
            if stand.cli.check_interrupt().is_err() {
                return Ok(());
            }
        }
    };
    let io_error = |cause| CliError::Io { what: program.clone(), cause };
    let mut child = std::process::Command::new(program)
        .args(arguments)
        .env("ZABSCOPE_LOCK_TOKEN", format!("0x{:x}", stand.token()))
        .spawn()
        .map_err(io_error)?;
    loop {
        if let Err(error) = stand.listen() {
            end(&mut child);
            return Err(error);
        }
        if let Some(status) = child.try_wait().map_err(io_error)? {
            return match status.code() {
                Some(0) => Ok(()),
                code => Err(CliError::Status(
                    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
                )),
            };
        }
        // Ctrl-C in a terminal reaches the program too; a SIGTERM does not.
        if stand.cli.check_interrupt().is_err() {
            end(&mut child);
            return Err(CliError::Interrupted);
        }
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn elect(cli: &Cli, path: &str, data: Buffer) -> Result<(), CliError> {
    let root = cli.hosts.absolute(path);
    let election = Election::new(&root, TAG, data.or_else(who));
    let mut stand = Stand::new(cli, path, Recipe::Election(election));
    stand.join();
    let mut shown = (Phase::Idle, None);
    while cli.check_interrupt().is_ok() {
        let phase = match stand.listen() {
            // Somebody else leads by now; this candidate goes to the end of the queue.
            Err(CliError::Lost(_)) => {
                show(b"Lost: the session is over")?;
                cli.renew();
                stand.join();
                Phase::Joining
            }
            other => other?,
        };
        let leader = match &stand.recipe {
            Recipe::Election(election) => election.leader(),
            Recipe::Lock(_) => None,
        };
        if shown != (phase, leader) {
            match (phase, leader) {
                (Phase::First, _) => {
                    show(
                        format!("Elected: this client leads (term 0x{:x})", stand.token())
                            .as_bytes(),
                    )?;
                }
                (Phase::Waiting, Some(leader)) => {
                    show(format!("Waiting: session 0x{:x} leads", leader.0).as_bytes())?;
                }
                _ => {}
            }
            if matches!(phase, Phase::First | Phase::Waiting) {
                shown = (phase, leader);
            }
        }
    }
    stand.leave()
}

/// True if a new session helps.
pub(super) const fn is_session_over(error: &CliError) -> bool {
    matches!(error, CliError::Lost(_) | CliError::Keeper { error: KeeperError::SessionExpired, .. })
}
