//! Figures of an ensemble of three servers, beside one of Apache's where its classes are found.
//!
//! Run by `cargo xtask bench`, which builds what this needs. Both ensembles are up at once, get
//! the same settings and the same load in turns; what is compared are ratios of one run.

#[path = "../support/mod.rs"]
mod support;

mod first;
mod floor;
mod load;
mod process;
mod report;
mod steps;

use anyhow::{Context, Result, bail, ensure};
use first::first_write;
use load::{Load, Work};
use process::{Memory, cpu_us};
use rustix::process::Signal;
use std::fs;
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::{Ensemble, eventually};
use zabscope_tests::{given, root};

/// Lines of zoo.cfg: a stock file's times, no bound for connections from one address.
const SETTINGS: &str = "tickTime=2000\ninitLimit=10\nsyncLimit=5\nmaxClientCnxns=0\n\
                        4lw.commands.whitelist=*\n";
const SERVERS: u8 = 3;
/// Of a stock start script.
const JAVA_HEAP: &str = "-Xmx512m";
/// A server at rest for so long is idle.
const REST: Duration = Duration::from_secs(4);

const WORKS: [Work; 4] = [Work::Create, Work::Set, Work::Get, Work::Mixed];
/// Requests on the way on each connection.
const DEPTHS: [usize; 2] = [8, 1];

/// How much is done.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Load on each ensemble before anything counts.
    warm: Duration,
    /// One work at one depth.
    phase: Duration,
    rounds: usize,
    /// Starts of an empty ensemble.
    starts: usize,
    /// Leaders killed.
    kills: usize,
    /// Seeds simulated.
    seeds: u64,
}

const FULL: Extent = Extent {
    warm: Duration::from_secs(30),
    phase: Duration::from_secs(4),
    rounds: 2,
    starts: 3,
    kills: 10,
    seeds: 60,
};
const QUICK: Extent = Extent {
    warm: Duration::from_secs(6),
    phase: Duration::from_secs(1),
    rounds: 1,
    starts: 1,
    kills: 1,
    seeds: 10,
};

/// One ensemble under test.
#[derive(Debug)]
struct Subject {
    name: &'static str,
    apache: bool,
    ensemble: Ensemble,
    load: Load,
    figures: Figures,
}

/// What was measured of an ensemble.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// From the start of the processes to the first acknowledged write; the middle one.
    first_write: Duration,
    idle: Memory,
    loaded: Memory,
    /// In the order of works and, within, of depths.
    phases: Vec<Phase>,
    /// From the kill of the leader to the first new acknowledged write.
    failovers: Vec<Duration>,
}

/// A work at a depth, over all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Phase {
    operations: u64,
    cpu_us: u64,
    took: Duration,
}

fn main() -> Result<()> {
    let mut extent = FULL;
    let mut only = None;
    let mut kills_only = None;
    let mut floors_only = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => extent = QUICK,
            // Only our servers, and only this work, for a profiler.
            "--only" => only = Some(arguments.next().context("--only needs a work")?),
            // Only so many failovers of each ensemble, in turns.
            "--failovers" => {
                kills_only = Some(arguments.next().context("--failovers needs a number")?.parse()?);
            }
            // Only what every server would spend.
            "--floors" => floors_only = true,
            // Cargo says so to every benchmark.
            "--bench" => {}
            other => bail!("cannot understand {other}"),
        }
    }
    if floors_only {
        return floors(extent).map(drop);
    }
    if let Some(name) = only {
        return only_ours(&name, extent);
    }
    let apache = std::env::var_os("ZABSCOPE_APACHE").is_some();
    if !apache {
        println!(
            "There is no Java here, or no Debian package `zookeeper`: nothing to compare with."
        );
    }
    let kinds: &[(&str, bool)] = &[("Zabscope", false), ("Apache", true)];
    let kinds = if apache { kinds } else { &kinds[..1] };
    if let Some(kills) = kills_only {
        return only_failovers(kinds, kills);
    }
    let module = given("ZABSCOPE_PROBE")?;
    let steps = steps::measure(extent.seeds, &module)?;
    println!("{steps:?}");
    let mut subjects = Vec::new();
    for (name, apache) in kinds {
        subjects.push(start(name, *apache, extent.starts)?);
    }
    sleep(REST);
    for subject in &mut subjects {
        subject.figures.idle = subject.memory()?;
        println!("{}: idle {:?}", subject.name, subject.figures.idle);
    }
    measure_load(&mut subjects, extent)?;
    for subject in &mut subjects {
        subject.figures.loaded = subject.memory()?;
    }
    let floors = floors(extent)?;
    fail_over(&mut subjects, extent.kills)?;
    let quick = extent.rounds < FULL.rounds;
    let text = report::text(&subjects, &floors, &steps, quick)?;
    println!("\n{text}");
    if !quick {
        fs::write(root().join("docs/BENCH.md"), text)?;
        println!("written: docs/BENCH.md");
    }
    Ok(())
}

/// What requests cost at least, in the order of the phases.
fn floors(extent: Extent) -> Result<Vec<f64>> {
    let mut floors = Vec::new();
    for (work, depth) in phases() {
        let us = floor::measure(work, depth, extent.phase)?;
        println!("floor     {work:?} x {depth}: {us:.1} us");
        floors.push(us);
    }
    Ok(floors)
}

/// Kills leaders, in turns.
fn fail_over(subjects: &mut [Subject], kills: usize) -> Result<()> {
    for _ in 0..kills {
        for subject in subjects.iter_mut() {
            subject.fail_over()?;
        }
    }
    Ok(())
}

/// Failovers without load.
fn only_failovers(kinds: &[(&'static str, bool)], kills: usize) -> Result<()> {
    let subjects: Result<Vec<_>> =
        kinds.iter().map(|(name, apache)| start(name, *apache, 1)).collect();
    let mut subjects = subjects?;
    fail_over(&mut subjects, kills)?;
    for Subject { name, figures, .. } in &subjects {
        println!("{name}: the middle one is {:?}", middle(&figures.failovers));
    }
    Ok(())
}

/// Load of one kind on our servers for a while.
fn only_ours(name: &str, extent: Extent) -> Result<()> {
    let work = WORKS.into_iter().find(|work| format!("{work:?}").eq_ignore_ascii_case(name));
    let work = work.with_context(|| format!("no work is called {name}"))?;
    let mut ours = start("Zabscope", false, 1)?;
    let pids: Vec<_> = ours.ensemble.sids().into_iter().map(|sid| ours.ensemble.pid(sid)).collect();
    println!("processes {pids:?}, leader {}", ours.ensemble.wait_for_leader()?);
    for depth in DEPTHS {
        let phase = ours.measure(work, depth, extent.phase * 4)?;
        report::show(&ours, work, depth, &phase);
    }
    Ok(())
}

/// Starts empty ensembles until the first write; the last one stays.
fn start(name: &'static str, apache: bool, starts: usize) -> Result<Subject> {
    let mut times = Vec::new();
    let mut last = None;
    for _ in 0..starts {
        drop(last.take());
        let sids: Vec<u8> = (1..=SERVERS).collect();
        let apache = if apache { sids.as_slice() } else { &[] };
        let mut ensemble = Ensemble::prepare(SERVERS, apache, &[], SETTINGS)?;
        ensemble.java_heap = JAVA_HEAP;
        let started = Instant::now();
        ensemble.run_all()?;
        let written = first_write(&addresses(&ensemble, &ensemble.sids()))?;
        times.push(written - started);
        println!("{name}: first write after {:?}", written - started);
        last = Some(ensemble);
    }
    let ensemble = last.context("no start")?;
    all_serve(&ensemble)?;
    let load = Load::start(&addresses(&ensemble, &ensemble.sids()))?;
    let figures = Figures {
        first_write: middle(&times),
        phases: vec![Phase::default(); WORKS.len() * DEPTHS.len()],
        ..Figures::default()
    };
    Ok(Subject { name, apache, ensemble, load, figures })
}

/// Warms both up and measures them, in turns.
fn measure_load(subjects: &mut [Subject], extent: Extent) -> Result<()> {
    let slice = extent.warm / 10;
    for turn in 0..10 {
        for subject in subjects.iter_mut() {
            subject.load.run(WORKS[turn % WORKS.len()], DEPTHS[0], slice)?;
            subject.load.clear()?;
        }
    }
    for round in 0..extent.rounds {
        for (number, (work, depth)) in phases().enumerate() {
            for turn in 0..subjects.len() {
                // Who is first changes, so that nobody always follows the other's work.
                let turn = if round % 2 == 0 { turn } else { subjects.len() - 1 - turn };
                let subject = &mut subjects[turn];
                let phase = subject.measure(work, depth, extent.phase)?;
                report::show(subject, work, depth, &phase);
                let sum = &mut subject.figures.phases[number];
                sum.operations += phase.operations;
                sum.cpu_us += phase.cpu_us;
                sum.took += phase.took;
            }
        }
    }
    Ok(())
}

/// Every work at every depth.
fn phases() -> impl Iterator<Item = (Work, usize)> {
    WORKS.into_iter().flat_map(|work| DEPTHS.into_iter().map(move |depth| (work, depth)))
}

fn addresses(ensemble: &Ensemble, sids: &[u8]) -> Vec<SocketAddr> {
    sids.iter().map(|sid| ensemble.address(*sid, 0)).collect()
}

fn all_serve(ensemble: &Ensemble) -> Result<()> {
    for sid in ensemble.sids() {
        eventually("every server to serve", || Ok(ensemble.srvr(sid)))?;
    }
    Ok(())
}

fn middle(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

impl Subject {
    fn measure(&mut self, work: Work, depth: usize, time: Duration) -> Result<Phase> {
        let before = self.cpu_us()?;
        let done = self.load.run(work, depth, time)?;
        let cpu_us = self.cpu_us()? - before;
        ensure!(done.operations > 0, "nothing was done");
        self.load.clear()?;
        Ok(Phase { operations: done.operations, cpu_us, took: done.took })
    }

    fn cpu_us(&self) -> Result<u64> {
        self.ensemble.sids().into_iter().map(|sid| cpu_us(self.ensemble.pid(sid)?)).sum()
    }

    fn memory(&self) -> Result<Memory> {
        self.ensemble.sids().into_iter().try_fold(Memory::default(), |sum, sid| {
            Ok(sum.add(Memory::of(self.ensemble.pid(sid)?)?))
        })
    }

    /// SIGKILL for the leader; how soon the others take a write.
    fn fail_over(&mut self) -> Result<()> {
        let leader = self.ensemble.wait_for_leader()?;
        let others: Vec<u8> =
            self.ensemble.sids().into_iter().filter(|sid| *sid != leader).collect();
        let others = addresses(&self.ensemble, &others);
        let killed = Instant::now();
        self.ensemble.signal(leader, Signal::KILL)?;
        let took = first_write(&others)? - killed;
        println!("{}: written again {took:?} after the kill of server {leader}", self.name);
        self.figures.failovers.push(took);
        self.ensemble.kill(leader)?;
        self.ensemble.run(leader)?;
        all_serve(&self.ensemble)?;
        sleep(Duration::from_secs(1));
        Ok(())
    }
}
