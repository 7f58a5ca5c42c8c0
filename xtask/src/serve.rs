//! `cargo xtask serve`: the page on loopback, built anew whenever a source changes.

use crate::page::Purpose;
use crate::{markup, page, shell::root};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// How often the sources are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How many ports are tried when the usual one is taken and none was asked for.
const PORTS: u16 = 20;

/// What was asked for on the command line.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) port: Option<u16>,
    pub(crate) release: bool,
}

impl Options {
    const fn purpose(&self) -> Purpose {
        if self.release { Purpose::Visitors } else { Purpose::Development }
    }
}

/// Builds and serves until it is interrupted.
pub(crate) fn run(options: &Options) -> Result<()> {
    let settings = markup::settings()?;
    if let Some(port) = options.port {
        // Better to learn this before the minutes of compiling.
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
    }
    println!(
        "Zabscope's page: compiles it to wasm ({}), then serves it on this machine only.\n\
         The first time takes two to three minutes; later only what changed is compiled.\n",
        if options.release {
            "small and fast"
        } else {
            "for development; --release for a faster page"
        }
    );
    let started = Instant::now();
    let mut seen = sources(&settings.watch)?;
    let folder = page::build(options.purpose())?;
    let address = listen(&folder, options.port, settings.port)?;
    println!("\nBuilt in {:.0} s.", started.elapsed().as_secs_f64());
    println!(
        "\n    http://{address}/\n\nCtrl-C ends it. Sources are watched: {}.",
        settings.watch.join(", ")
    );
    loop {
        sleep(LOOK);
        let current = sources(&settings.watch)?;
        if current == seen {
            continue;
        }
        seen = current;
        let started = Instant::now();
        println!("\nA source changed.");
        match page::build(options.purpose()) {
            Ok(_) => println!(
                "Built in {:.1} s: reload http://{address}/",
                started.elapsed().as_secs_f64()
            ),
            Err(error) => eprintln!("error: {error:#}\nThe page is still the one from before."),
        }
    }
}

/// Serves on the port asked for, or on the first free one from the usual one on.
fn listen(folder: &Path, asked: Option<u16>, usual: u16) -> Result<SocketAddr> {
    if let Some(port) = asked {
        return zabscope_tests::serve::start(folder, port);
    }
    (usual..usual.saturating_add(PORTS))
        .find_map(|port| zabscope_tests::serve::start(folder, port).ok())
        .with_context(|| format!("no free port from {usual} on; choose one with --port"))
}

/// Every watched file with the time of its last change.
fn sources(watch: &[String]) -> Result<BTreeMap<PathBuf, SystemTime>> {
    let mut found = BTreeMap::new();
    let mut open: Vec<PathBuf> = watch.iter().map(|path| root().join(path)).collect();
    while let Some(path) = open.pop() {
        // A file may vanish between the listing and the look at it: editors save that way.
        let Ok(about) = fs::metadata(&path) else { continue };
        if about.is_dir() {
            let entries = fs::read_dir(&path).with_context(|| path.display().to_string())?;
            open.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
        } else {
            found.insert(path, about.modified()?);
        }
    }
    Ok(found)
}
