//! An unmodified kazoo against three servers.
//!
//! Run by `cargo xtask test kazoo`, which builds the server, installs kazoo, and names both.

mod support;

use anyhow::{Context, Result, ensure};
use std::process::Command;
use support::{Ensemble, QUICK, eventually};
use zabscope_tests::{given, root};

/// Runs one scenario of tests/kazoo/basic.py against these servers.
fn scenario(ensemble: &Ensemble, name: &str) -> Result<()> {
    let output = Command::new(given("ZABSCOPE_PYTHON")?)
        .arg(root().join("tests/kazoo/basic.py"))
        .arg(name)
        .args(ensemble.all_hosts())
        .output()
        .context("python")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{name}: {}\n{text}{errors}", output.status);
    ensure!(text.ends_with("done\n"), "{name} stopped early: {text}");
    Ok(())
}

fn with_ensemble(name: &str) -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    ensemble.wait_until_equal()?;
    scenario(&ensemble, name)?;
    ensemble.check_alive()
}

#[test]
fn znodes_at_each_server() -> Result<()> {
    with_ensemble("znodes")
}

#[test]
fn watches_fire_across_servers() -> Result<()> {
    with_ensemble("watches")
}

#[test]
fn transactions_are_all_or_nothing() -> Result<()> {
    with_ensemble("transactions")
}

#[test]
fn locks_and_elections_have_one_holder() -> Result<()> {
    with_ensemble("recipes")
}

#[test]
fn a_killed_client_loses_its_session() -> Result<()> {
    with_ensemble("expiry")
}

#[test]
fn a_session_moves_to_another_server() -> Result<()> {
    with_ensemble("move")
}

#[test]
fn the_end_of_a_session_ends_its_newest_connection() -> Result<()> {
    with_ensemble("close_by_old")
}

#[test]
fn a_client_survives_the_leader() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let leader = ensemble.wait_for_leader()?;
    let mut python = Command::new(given("ZABSCOPE_PYTHON")?);
    python.arg(root().join("tests/kazoo/basic.py")).arg("survive").args(ensemble.all_hosts());
    let file = tempfile::NamedTempFile::new()?;
    let mut child = python.stdout(file.reopen()?).spawn()?;
    let says = |part: &str| {
        eventually(part, || Ok(std::fs::read_to_string(file.path())?.contains(part).then_some(())))
    };
    says("ready")?;
    ensemble.kill(leader)?;
    says("done")?;
    ensure!(child.wait()?.success());
    Ok(())
}
