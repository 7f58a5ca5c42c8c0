//! The engine computes the same natively and in wasm, and asks nothing of its host.
//!
//! Run by `cargo xtask test wasm`, which builds the probe for wasm and names the file.

use anyhow::{Context, Result};
use std::fs;
use zabscope_tests::browser::Browser;
use zabscope_tests::{given, root, serve};

/// Instantiating with an empty object fails if the module imports anything.
const RUN: &str = "
    const module = await WebAssembly.compileStreaming(fetch('./probe.wasm'));
    const { exports } = await WebAssembly.instantiate(module, {});
    return SEEDS.map(seed => BigInt.asUintN(64, exports.probe_digest(seed)).toString());
";

#[test]
fn a_digest_is_the_same_natively_and_in_wasm() -> Result<()> {
    let seeds = [0, 1, 7, u64::MAX / 2];
    let folder = root().join("target/probe-page");
    fs::create_dir_all(&folder)?;
    fs::copy(given("ZABSCOPE_PROBE")?, folder.join("probe.wasm"))?;
    fs::write(folder.join("index.html"), "<!doctype html><link rel=icon href='data:,'>")?;

    let browser = Browser::start()?;
    browser.open(&format!("http://{}/", serve::start(&folder, 0)?))?;
    let list = seeds.map(|seed| format!("{seed}n")).join(",");
    let script = RUN.replace("SEEDS", &format!("[{list}]"));
    let there = browser.script(&format!("return (async () => {{ {script} }})()"))?;

    let there: Vec<_> = there.as_array().context("no list")?.iter().collect();
    assert_eq!(there.len(), seeds.len());
    for (seed, there) in seeds.into_iter().zip(there) {
        let here = zabscope_probe::digest(seed).to_string();
        assert_eq!(there.as_str(), Some(here.as_str()), "digest of seed {seed}");
    }
    Ok(())
}
