//! `cargo xtask bench`: figures of real servers beside Apache's, written into docs/BENCH.md.

use crate::need::{self, WASM};
use crate::shell::{cargo, run, target_dir};
use anyhow::Result;

/// Builds what is measured, then runs `tests/bench`; `options` are for that.
pub(crate) fn run_with(options: &[&str]) -> Result<()> {
    need::wasm_target()?;
    run(&mut cargo(["build", "--release", "-p", "zabscope", "--bin", "zabscope"]))?;
    let profile = "wasm-release";
    let probe = ["build", "-p", "zabscope-probe", "--lib", "--target", WASM, "--profile", profile];
    run(&mut cargo(probe))?;
    let mut bench = cargo(["bench", "-p", "zabscope-tests", "--bench", "ensemble", "--"]);
    bench.args(options);
    bench.env("ZABSCOPE_BIN", target_dir()?.join("release/zabscope"));
    bench.env("ZABSCOPE_PROBE", target_dir()?.join(WASM).join(profile).join("zabscope_probe.wasm"));
    if let Some(classes) = need::apache()? {
        bench.env("ZABSCOPE_APACHE", classes);
    }
    run(&mut bench)
}
