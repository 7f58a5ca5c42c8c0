//! The binary `zabscope`: a server, a cluster of them on this machine, and a client.

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

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
    },
    /// Run an ensemble of several servers on this machine
    Cluster {
        /// Number of voting servers
        #[arg(default_value_t = 3)]
        servers: u8,
    },
    /// Talk to an ensemble, as zkCli.sh does
    Cli {
        /// Addresses host:port,host:port with an optional /chroot
        #[arg(short, long, default_value = "127.0.0.1:2181")]
        server: String,
    },
}

fn main() -> ExitCode {
    init_log();
    let result = match Args::parse().command {
        Command::Server { config } => zabscope::cmd::server::run(&config).map_err(Into::into),
        Command::Cluster { .. } => Err(anyhow::anyhow!("cluster: not built yet")),
        Command::Cli { .. } => Err(anyhow::anyhow!("cli: not built yet")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
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
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
