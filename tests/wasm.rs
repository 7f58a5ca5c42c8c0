//! The engine computes the same natively and in wasm, and asks nothing of its host.
//!
//! Run by `cargo xtask test wasm`, which builds the probe for wasm and names the file.

use anyhow::{Context, Result};
use std::fs;
use zabscope_core::guide::RUNS;
use zabscope_probe::{digest, lesson};
use zabscope_tests::browser::Browser;
use zabscope_tests::{given, root, serve};

/// Instantiating with an empty object fails if the module imports anything.
const RUN: &str = "
    const module = await WebAssembly.compileStreaming(fetch('./probe.wasm'));
    const { exports } = await WebAssembly.instantiate(module, {});
    const unsigned = value => BigInt.asUintN(64, value).toString();
    return SEEDS.map(seed => unsigned(exports.probe_digest(seed)))
        .concat(LESSONS.map(number => unsigned(exports.probe_lesson(number))));
";

#[test]
fn runs_are_the_same_natively_and_in_wasm() -> Result<()> {
    let seeds = [0, 1, 7, u64::MAX / 2];
    let folder = root().join("target/probe-page");
    fs::create_dir_all(&folder)?;
    fs::copy(given("ZABSCOPE_PROBE")?, folder.join("probe.wasm"))?;
    fs::write(folder.join("index.html"), "<!doctype html><link rel=icon href='data:,'>")?;

    let browser = Browser::start()?;
    browser.open(&format!("http://{}/", serve::start(&folder, 0)?))?;
    let list = seeds.map(|seed| format!("{seed}n")).join(",");
    let lessons: Vec<usize> = (0..RUNS.len()).collect();
    let script = RUN.replace("SEEDS", &format!("[{list}]"));
    let script = script.replace("LESSONS", &format!("{lessons:?}"));
    let there = browser.script(&format!("return (async () => {{ {script} }})()"))?;

    let there: Vec<_> = there.as_array().context("no list")?.iter().collect();
    let digests = seeds.into_iter().map(|seed| (format!("seed {seed}"), digest(seed)));
    let lessons = lessons.into_iter().map(|number| (RUNS[number].0.to_owned(), lesson(number)));
    let here: Vec<_> = digests.chain(lessons).collect();
    assert_eq!(there.len(), here.len());
    for ((name, here), there) in here.into_iter().zip(there) {
        assert_eq!(there.as_str(), Some(here.to_string().as_str()), "{name}");
    }
    Ok(())
}
