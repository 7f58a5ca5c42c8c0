//! The binary `zabscope`: a server, a cluster of them on this machine, and a client.

use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use zabscope::cli;
use zabscope::cmd::{check, cluster, cut_log, explore, server};
use zabscope_core::explore::Bounds;
use zabscope_core::zab::Mutant;

#[derive(Debug, Parser)]
#[command(name = "zabscope", version, about = "A ZooKeeper server, in Rust, that can be watched")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one server from its zoo.cfg
    Server {
        /// Configuration file in the format of ZooKeeper's zoo.cfg
        #[arg(long)]
        config: PathBuf,
        /// Stop when standard input ends, as it does when the process that started this one dies
        #[arg(long, hide = true)]
        stop_with_stdin: bool,
    },
    /// Run an ensemble of several server processes on this machine
    Cluster(ClusterArgs),
    /// Search for a seed of faults that breaks a rule, in simulation
    Check(CheckArgs),
    /// Try everything that can happen to a small ensemble, within bounds
    Explore(ExploreArgs),
    /// Run a tape of `check` again
    Replay {
        /// The tape
        tape: PathBuf,
        /// Under the sound protocol, whatever the tape names
        #[arg(long)]
        sound: bool,
    },
    /// Show what a loss of power has torn at the end of a stopped server's log, and cut it off
    CutLog {
        /// The server's configuration file
        #[arg(long)]
        config: PathBuf,
        /// Cut, and keep a copy beside the file
        #[arg(long)]
        confirm: bool,
    },
    /// Talk to an ensemble, as zkCli.sh does: one command, or a prompt for several
    Cli {
        /// Addresses host:port,host:port with an optional /chroot
        #[arg(short, long, default_value = "127.0.0.1:2181")]
        server: String,
        /// Session timeout in milliseconds
        #[arg(short, long, default_value_t = 30_000)]
        timeout: i32,
        /// A command and its arguments; `help` lists the commands
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
struct ClusterArgs {
    /// Number of voting servers; 1 is a standalone server
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=cluster::SERVERS_MAX))]
    servers: u8,
    /// Number of observers beside them
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=cluster::SERVERS_MAX))]
    observers: u8,
    /// Folder for configuration, data and logs; an ensemble that is there goes on
    #[arg(long)]
    dir: PathBuf,
    /// Client port of the first server; the others follow
    #[arg(long, default_value_t = 2181)]
    client_port: u16,
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// How many seeds
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Switch one guard of the protocol off: M01 or its name
    #[arg(long, value_parser = mutant)]
    mutant: Option<Mutant>,
    /// Threads; 0 is one for each core
    #[arg(long, default_value_t = 0)]
    jobs: usize,
    /// Folder for the tape of a failure
    #[arg(long, default_value = ".")]
    out: PathBuf,
    /// Kill every mutant (or the one of --mutant) by seeds and by the scripts in this folder, keep
    /// the shortest tapes there, and print the table
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = "tests/mutants")]
    mutants: Option<PathBuf>,
    /// Document that the table is written into, with --mutants
    #[arg(long, requires = "mutants")]
    doc: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct ExploreArgs {
    /// Servers
    #[arg(value_parser = clap::value_parser!(u8).range(1..=7))]
    servers: u8,
    /// Writes of clients
    #[arg(value_name = "WRITES")]
    txns: u8,
    /// Losses of power
    crashes: u8,
    /// Broken streams
    breaks: u8,
    /// Elections
    elections: u8,
    /// Cut discovery into its messages
    #[arg(long)]
    fine: bool,
    /// Switch one guard of the protocol off: M01 or its name
    #[arg(long, value_parser = mutant)]
    mutant: Option<Mutant>,
    /// Stop after so many states; a million takes about 120 MB
    #[arg(long, default_value_t = 100_000_000)]
    states_max: u64,
}

impl ExploreArgs {
    const fn options(&self) -> explore::Options {
        let Self { servers, txns, crashes, breaks, elections, fine, mutant, states_max } = *self;
        let bounds = Bounds { servers, txns, crashes, breaks, elections, fine };
        explore::Options { bounds, mutant, states_max }
    }
}

fn mutant(text: &str) -> Result<Mutant, String> {
    Mutant::find(text).ok_or_else(|| {
        let all: Vec<String> =
            Mutant::ALL.iter().map(|m| format!("{} {}", m.id(), m.name())).collect();
        format!("there are {}", all.join(", "))
    })
}

fn main() -> ExitCode {
    init_log();
    let result: anyhow::Result<ExitCode> = match Args::parse().command {
        Command::Server { config, stop_with_stdin } => {
            server::run(&config, stop_with_stdin).map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
        Command::Cluster(ClusterArgs { servers, observers, dir, client_port }) => {
            let options = cluster::Options { servers, observers, dir, client_port };
            cluster::run(&options).map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
        Command::Check(CheckArgs { seeds, from, mutant, mutants: Some(folder), doc, .. }) => {
            let options = check::TableOptions { seeds, from, only: mutant, folder, doc };
            check::table(&options).map_err(Into::into)
        }
        Command::Check(CheckArgs { seeds, from, mutant, jobs, out, .. }) => {
            check::run(&check::Options { seeds, from, mutant, jobs, out }).map_err(Into::into)
        }
        Command::Explore(args) => Ok(explore::run(&args.options())),
        Command::Replay { tape, sound } => check::replay(&tape, sound).map_err(Into::into),
        Command::CutLog { config, confirm } => {
            cut_log::run(&config, confirm).map(|()| ExitCode::SUCCESS)
        }
        Command::Cli { server, timeout, command } => {
            cli::run(&cli::Options { server, timeout_ms: timeout, command }).map_err(Into::into)
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("zabscope: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Log lines go to standard error; `RUST_LOG` chooses what is seen.
fn init_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}
