//! Builds, serves and tests everything. `cargo xtask help` lists the commands.
//!
//! Nothing has to be installed beforehand but rustup's cargo: what a command lacks it installs by
//! the ordinary package clients, and says so (see `need`). Versions of wasm-bindgen agree by
//! construction, because its command line is used as a library.

mod bench;
mod fuzz;
mod kinds;
mod later;
mod layers;
mod markup;
mod need;
mod page;
mod probe;
mod screenshots;
mod serve;
mod shell;
mod split;
mod tidy;
mod wasm;

use anyhow::{Context, Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  serve [--port N] [--release]  build the page, serve it on 127.0.0.1, rebuild when a source changes
  build                         build the finished page into dist/, check the size of the download
  test [KIND...]                run the tests, all kinds unless some are named
  bench [--quick]               measure real servers beside Apache's, write docs/BENCH.md; 10 minutes
  fuzz TARGET [--runs N]        feed one reader of bytes (or `all`) with a million inputs
  fuzz --replay                 only the inputs that are kept in fuzz/corpus
  later                         measure what the first screen runs, write web/later.txt; 3 minutes
  screenshots [VIEW...]         draw docs/images and docs/VIEWS.md anew; all views unless some are named
  help                          print this

Kinds of tests, in the order in which they run:
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    let (command, rest) = arguments.split_first().unwrap_or((&"help", &[]));
    match *command {
        "serve" => serve::run(&serve_options(rest)?),
        "build" if rest.is_empty() => page::build_checked(),
        "test" => kinds::run(rest),
        "bench" => bench::run_with(rest),
        "fuzz" => fuzz::run(rest),
        "screenshots" => screenshots::run(rest),
        "later" if rest.is_empty() => later::run(),
        "help" | "--help" | "-h" => {
            print!("{HELP}{}", kinds::help());
            Ok(())
        }
        _ => bail!("cannot understand `{}`; see cargo xtask help", arguments.join(" ")),
    }
}

fn serve_options(arguments: &[&str]) -> Result<serve::Options> {
    let mut options = serve::Options::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--release" => options.release = true,
            "--port" => {
                let port = rest.next().context("--port needs a number")?;
                options.port = Some(port.parse().with_context(|| format!("port {port}"))?);
            }
            other => bail!("serve does not know `{other}`; see cargo xtask help"),
        }
    }
    Ok(options)
}
