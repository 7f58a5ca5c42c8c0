//! The prompt.

use super::handle::Heard;
use super::standing::is_session_over;
use super::{Cli, CliError, print, standing, znodes};
use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History as _, SearchDirection};
use rustyline::{Editor, ExternalPrinter};
use std::fmt::Write as _;
use std::io::{IsTerminal, stdin};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::thread;
use zabscope_core::cli::{Command, HELP, parse, split};
use zabscope_core::client::{Reply, State};

/// Where lines are kept between two runs, in the home directory.
const HISTORY: &str = ".zabscope_history";
/// Lines that `history` shows.
const SHOWN: usize = 20;

type Prompt = Editor<(), FileHistory>;

/// The list of commands.
#[must_use]
pub fn help() -> String {
    HELP.iter().fold(String::new(), |mut text, (command, what)| {
        let _ = writeln!(text, "{command:<50} {what}");
        text
    })
}

/// The version of this program.
#[must_use]
pub fn version() -> String {
    format!("zabscope {}", env!("CARGO_PKG_VERSION"))
}

/// Reads commands until `quit` or the end of the input.
///
/// # Errors
/// If the terminal fails, no server is found, or (for input from a file) a command fails.
pub fn run(cli: &Cli) -> Result<(), CliError> {
    let io_error = |error: ReadlineError| CliError::Io {
        what: "terminal".into(),
        cause: std::io::Error::other(error),
    };
    let mut prompt = Prompt::new().map_err(io_error)?;
    let people = stdin().is_terminal();
    let history = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(HISTORY));
    if let Some(file) = history.as_ref().filter(|_| people) {
        let _ = prompt.load_history(file);
    }
    if people {
        println!("Connecting to {}; `help` lists the commands.", cli.hosts.servers.join(","));
    }
    show_events(cli, &mut prompt, people);
    cli.wait_for_session()?;
    let result = read_lines(cli, &mut prompt, people);
    if let Some(file) = history.as_ref().filter(|_| people) {
        let _ = prompt.save_history(file);
    }
    result
}

fn read_lines(cli: &Cli, prompt: &mut Prompt, people: bool) -> Result<(), CliError> {
    let mut failed = None;
    for number in 0.. {
        let line =
            match prompt.readline(&format!("[zk: {}] {number}> ", cli.hosts.servers.join(","))) {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => continue,
                Err(_) => break,
            };
        let _ = prompt.add_history_entry(line.as_str());
        cli.interrupted.store(false, Ordering::Relaxed);
        match perform(cli, prompt, &line) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                eprintln!("{error}");
                if is_session_over(&error) {
                    eprintln!("a new session is started; ephemeral znodes of the old one are gone");
                    cli.renew();
                }
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if !people => Err(error),
        _ => Ok(()),
    }
}

/// False to leave.
fn perform(cli: &Cli, prompt: &Prompt, line: &str) -> Result<bool, CliError> {
    let Some(command) = parse(&split(line)?)? else { return Ok(true) };
    match command {
        Command::Quit => return Ok(false),
        Command::History => {
            let history = prompt.history();
            for at in history.len().saturating_sub(SHOWN)..history.len() {
                if let Ok(Some(found)) = history.get(at, SearchDirection::Forward) {
                    println!("{at} - {}", found.entry);
                }
            }
        }
        Command::Watch { .. } | Command::Lock { .. } | Command::Elect { .. } => {
            standing::run(cli, command)?;
        }
        command => znodes::run(cli, command)?,
    }
    Ok(true)
}

/// Prints events and changes of the session while the prompt waits for a line.
fn show_events(cli: &Cli, prompt: &mut Prompt, people: bool) {
    let heard = cli.handle.follow();
    let hosts = cli.hosts.clone();
    let mut printer = if people { prompt.create_external_printer().ok() } else { None };
    thread::spawn(move || {
        let mut last = State::Connecting;
        for heard in heard {
            let text = match heard {
                Heard::Reply(_, Reply::Event { event, .. }) => {
                    print::event(&event, hosts.local(&event.path.to_str()))
                }
                Heard::Reply(_, Reply::State(state)) if state != last && state != State::Closed => {
                    last = state;
                    format!("WatchedEvent state:{} type:None path:null", print::state(state))
                }
                _ => continue,
            };
            let text = format!("WATCHER::\n\n{text}\n");
            match &mut printer {
                Some(printer) => drop(printer.print(text)),
                None => print!("{text}"),
            }
        }
    });
}
