//! `cargo xtask fuzz`: everything that reads bytes from outside, under libFuzzer on stable Rust.
//!
//! The crate `fuzz/` is no member of the workspace. Coverage is LLVM's own pass, switched on by
//! flags that only the explicit target gets (build scripts do not). No address sanitizer: the
//! code has no `unsafe` of its own. New inputs stay in `target/fuzz`; one that fails is to be
//! copied to `fuzz/corpus/TARGET`, where the ordinary tests replay it.

use crate::shell::{cargo, root, run as run_shown, target_dir};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::process::Command;

/// The only target with libFuzzer's flags that was tried.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1";
/// Executions unless told otherwise.
const RUNS: u64 = 1_000_000;
/// Bounds of one execution: bytes of input, megabytes in one piece and in all, seconds.
const LIMITS: [&str; 4] =
    ["-max_len=8192", "-malloc_limit_mb=64", "-rss_limit_mb=1024", "-timeout=5"];

/// `fuzz TARGET [--runs N]`, `fuzz all [--runs N]`, `fuzz --replay`.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let (targets, runs) = match arguments {
        ["--replay"] => return replay(),
        ["all"] => (all()?, RUNS),
        ["all", "--runs", runs] => (all()?, number(runs)?),
        [target] => (vec![(*target).to_owned()], RUNS),
        [target, "--runs", runs] => (vec![(*target).to_owned()], number(runs)?),
        _ => bail!("fuzz TARGET [--runs N], fuzz all [--runs N] or fuzz --replay"),
    };
    for target in &targets {
        let known = all()?;
        ensure!(known.contains(target), "no target {target}; there are {}", known.join(", "));
    }
    build()?;
    targets.iter().try_for_each(|target| fuzz(target, runs))
}

fn number(text: &str) -> Result<u64> {
    text.parse().with_context(|| format!("{text} is no number of runs"))
}

/// The targets: each has a folder of inputs.
fn all() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/corpus"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn replay() -> Result<()> {
    run_shown(&mut cargo(["test", "-p", "zabscope-tests", "--test", "fuzz_corpora"]))
}

fn build() -> Result<()> {
    let mut build = cargo(["build", "--release", "--target", TRIPLE]);
    build.current_dir(root().join("fuzz")).env("RUSTFLAGS", FLAGS);
    run_shown(build.env("CARGO_TARGET_DIR", target_dir()?.join("fuzz")))
}

fn fuzz(target: &str, runs: u64) -> Result<()> {
    let folder = target_dir()?.join("fuzz");
    let (new, failed) = (folder.join("new").join(target), folder.join("failed"));
    fs::create_dir_all(&new)?;
    fs::create_dir_all(&failed)?;
    let mut fuzzer = Command::new(folder.join(TRIPLE).join("release/zabscope-fuzz"));
    fuzzer.env("ZABSCOPE_FUZZ_TARGET", target).env("RUST_LOG", "off").args(LIMITS);
    fuzzer.arg(format!("-runs={runs}")).arg("-print_final_stats=1");
    fuzzer.arg(format!("-artifact_prefix={}/{target}-", failed.display()));
    fuzzer.arg(&new).arg(root().join("fuzz/corpus").join(target));
    run_shown(&mut fuzzer).with_context(|| {
        format!("{target} failed; the input is in {}, for fuzz/corpus/{target}", failed.display())
    })
}
