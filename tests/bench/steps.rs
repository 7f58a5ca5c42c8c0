//! How many simulated steps of whole servers, with all oracles, one core makes a second: natively
//! and in wasm, the same seeds.

use super::process::cpu_us;
use anyhow::{Context, Result, ensure};
use rustix::process::getpid;
use std::path::Path;
use std::process::Command;
use zabscope_probe::steps;

/// Prints steps and the microseconds of CPU time they took.
const SCRIPT: &str = "
    const [file, seeds] = process.argv.slice(1);
    const bytes = require('fs').readFileSync(file);
    WebAssembly.instantiate(bytes, {}).then(({ instance: { exports } }) => {
        exports.probe_steps(0n);
        const before = process.cpuUsage();
        let steps = 0n;
        for (let seed = 0n; seed < BigInt(seeds); seed += 1n) steps += exports.probe_steps(seed);
        const { user, system } = process.cpuUsage(before);
        console.log(`${steps} ${user + system}`);
    });
";

/// Steps a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    pub(crate) seeds: u64,
    pub(crate) steps: u64,
    pub(crate) native: f64,
    /// `None`: there is no Node.js here.
    pub(crate) wasm: Option<f64>,
}

pub(crate) fn measure(seeds: u64, module: &Path) -> Result<Steps> {
    let before = cpu_us(getpid())?;
    let here: u64 = (0..seeds).map(steps).sum();
    let native = rate(here, cpu_us(getpid())? - before);
    let node =
        Command::new("node").args(["-e", SCRIPT]).arg(module).arg(seeds.to_string()).output();
    let Ok(output) = node else {
        println!("There is no Node.js on PATH: the steps in wasm are not measured.");
        return Ok(Steps { seeds, steps: here, native, wasm: None });
    };
    ensure!(output.status.success(), "node: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let (there, took) = text.trim().split_once(' ').context("node printed no figures")?;
    ensure!(there.parse() == Ok(here), "{there} steps in wasm and {here} natively");
    Ok(Steps { seeds, steps: here, native, wasm: Some(rate(here, took.parse()?)) })
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn rate(steps: u64, took_us: u64) -> f64 {
    steps as f64 * 1e6 / took_us.max(1) as f64
}
