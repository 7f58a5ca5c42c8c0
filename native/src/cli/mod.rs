//! `zabscope cli`: a command line client, one command or a session of them (Java:
//! `ZooKeeperMain`).
//!
//! | module | holds |
//! |---|---|
//! | [`hosts`] | connect strings |
//! | [`handle`] | a client of the engine on sockets |
//! | [`zabscope_core::cli`] | what is typed |
//! | [`mod@print`] | what is shown |
//! | [`znodes`] | commands that ask and are answered |
//! | [`standing`] | commands that stay: watch, lock, elect |
//! | [`shell`] | the prompt |

pub mod handle;
pub mod hosts;
pub mod print;
pub mod shell;
pub mod standing;
pub mod znodes;

use handle::{Handle, Heard};
use hosts::Hosts;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};
use zabscope_core::cli::{Command, UsageError, parse};
use zabscope_core::client::{Call, Reply, State};
use zabscope_core::proto::KeeperError;
use zabscope_core::proto::reply;
use zabscope_core::proto::request::Request;

/// How long a command waits for servers that do not answer: an election takes some seconds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a wait looks whether it was interrupted.
pub(crate) const LOOK: Duration = Duration::from_millis(50);
/// A read is asked again so often when connections break.
const READ_TRIES: u32 = 5;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connect string.
    pub server: String,
    /// Wanted session timeout in milliseconds.
    pub timeout_ms: i32,
    /// The words of one command; empty for the prompt.
    pub command: Vec<String>,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// What was typed cannot be understood.
    #[error("{0}")]
    Usage(String),
    /// The servers refused it.
    #[error("{}", print::error(*error, path))]
    Keeper {
        /// Why.
        error: KeeperError,
        /// About which znode.
        path: String,
    },
    /// No server answered in time.
    #[error("no server answered in {seconds} s: {0}", seconds = ANSWER_TIMEOUT.as_secs())]
    NoServer(String),
    /// A program that should run under a lock, the terminal, or an output.
    #[error("{what}: {cause}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed. No `source`: the prompt prints no chain, and a chain would say it twice.
        cause: io::Error,
    },
    /// A multi of which an operation was refused.
    #[error("nothing was done: an operation of the multi was refused")]
    Undone,
    /// A lock or an office was lost while it was held.
    #[error("{0}")]
    Lost(String),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The program under a lock ended with this status.
    #[error("the command ended with status {0}")]
    Status(u8),
}

impl From<UsageError> for CliError {
    fn from(error: UsageError) -> Self {
        Self::Usage(error.0)
    }
}

/// A connected client and what commands need beside it.
#[derive(Debug)]
pub struct Cli {
    /// The client.
    pub handle: Handle,
    /// Its servers and its chroot.
    pub hosts: Hosts,
    /// Ctrl-C was pressed.
    pub interrupted: Arc<AtomicBool>,
}

/// Runs the command, or the prompt.
///
/// # Errors
/// If the words make no sense, no server answers, or the command fails.
pub fn run(options: &Options) -> Result<ExitCode, CliError> {
    let hosts = Hosts::parse(&options.server)?;
    let command = parse(&options.command)?;
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))
            .map_err(|cause| CliError::Io { what: "signals".into(), cause })?;
    }
    match command {
        Some(Command::Help) => {
            print!("{}", shell::help());
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Version) => {
            println!("{}", shell::version());
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let handle = Handle::start(hosts.servers.clone(), options.timeout_ms, seed());
    let cli = Cli { handle, hosts, interrupted };
    let result = match command {
        Some(command) => cli.wait_for_session().and_then(|()| cli.run_one(command)),
        None => shell::run(&cli),
    };
    cli.handle.close();
    match result {
        Err(CliError::Status(status)) => Ok(ExitCode::from(status)),
        other => other.map(|()| ExitCode::SUCCESS),
    }
}

/// Spreads clients over the servers.
fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |time| u64::from(time.subsec_micros()))
}

impl Cli {
    /// Waits until a server serves the session.
    ///
    /// # Errors
    /// If none does in time.
    pub fn wait_for_session(&self) -> Result<(), CliError> {
        let heard = self.handle.follow();
        let end = Instant::now() + ANSWER_TIMEOUT;
        loop {
            self.check_interrupt()?;
            match heard.recv_timeout(LOOK) {
                Ok(Heard::Reply(_, Reply::State(State::Connected))) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => break,
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
            if Instant::now() >= end {
                break;
            }
        }
        Err(CliError::NoServer(self.hosts.servers.join(",")))
    }

    pub(crate) fn check_interrupt(&self) -> Result<(), CliError> {
        match self.interrupted.load(Ordering::Relaxed) {
            true => Err(CliError::Interrupted),
            false => Ok(()),
        }
    }

    /// Asks and waits for the answer. What only reads is asked again when a connection breaks.
    pub(crate) fn ask(&self, path: &str, request: Request) -> Result<reply::Reply, CliError> {
        let repeats = is_read(&request);
        for tries in 1.. {
            let answer = self.handle.ask(request.clone());
            let end = Instant::now() + ANSWER_TIMEOUT;
            let result = loop {
                self.check_interrupt()?;
                match answer.recv_timeout(LOOK) {
                    Ok(result) => break result,
                    Err(RecvTimeoutError::Timeout) if Instant::now() < end => {}
                    Err(_) => return Err(CliError::NoServer(self.hosts.servers.join(","))),
                }
            };
            match result {
                Err(KeeperError::ConnectionLoss) if repeats && tries < READ_TRIES => {}
                Err(error) => return Err(CliError::Keeper { error, path: path.to_owned() }),
                Ok(reply) => return Ok(reply),
            }
        }
        Err(CliError::NoServer(self.hosts.servers.join(",")))
    }

    /// One command from the command line of the system.
    fn run_one(&self, command: Command) -> Result<(), CliError> {
        match command {
            Command::Watch { .. } | Command::Lock { .. } | Command::Elect { .. } => {
                standing::run(self, command)
            }
            command => znodes::run(self, command),
        }
    }

    /// Starts a new session after the end of the old one.
    pub(crate) fn renew(&self) {
        self.handle.call(Call::Start);
    }
}

fn is_read(request: &Request) -> bool {
    matches!(
        request,
        Request::GetData { .. }
            | Request::Exists { .. }
            | Request::GetChildren { .. }
            | Request::GetChildren2 { .. }
            | Request::GetAcl { .. }
            | Request::Sync { .. }
            | Request::AddWatch { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_the_system_is_told_with_its_cause_once() {
        let cause = io::Error::from(io::ErrorKind::NotFound);
        let error = CliError::Io { what: "no-such-program".into(), cause };
        let text = error.to_string();
        assert_eq!(text, "no-such-program: entity not found");
        assert_eq!(format!("{:#}", anyhow::Error::from(error)), text);
    }
}
