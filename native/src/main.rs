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
    let name = match Args::parse().command {
        Command::Server { .. } => "server",
        Command::Cluster { .. } => "cluster",
        Command::Cli { .. } => "cli",
    };
    eprintln!("zabscope {name}: not built yet");
    ExitCode::from(2)
}
