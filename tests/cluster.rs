//! Servers are killed, stopped and started again; what was acknowledged stays.
//!
//! Run by `cargo xtask test cluster`, which builds the server and names it.

mod support;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::clients::{
    TIMEOUT_MS, Writers, ask, check_all_there, create, get, insist, same_trees, tree,
};
use support::{Ensemble, QUICK, eventually};
use zabscope::cli::handle::Handle;
use zabscope_core::proto::KeeperError;
use zabscope_core::proto::request::{CreateMode, Request};

#[test]
fn a_leader_that_is_killed_loses_nothing_and_catches_up() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let writers = Writers::start(&ensemble, 3)?;
    sleep(Duration::from_secs(1));
    let old = ensemble.wait_for_leader()?;
    ensemble.kill(old)?;
    let new = ensemble.wait_for_leader()?;
    ensure!(new != old, "the killed server leads");
    sleep(Duration::from_secs(1));
    ensemble.run(old)?;
    eventually("the old leader as a follower", || {
        Ok(ensemble.srvr(old).filter(|srvr| srvr.mode == "follower"))
    })?;
    sleep(Duration::from_millis(500));
    let acknowledged = writers.stop()?;
    check_all_there(&same_trees(&ensemble)?, &acknowledged)?;
    ensemble.check_alive()
}

#[test]
fn each_server_in_turn_is_killed_under_writes() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let writers = Writers::start(&ensemble, 2)?;
    for sid in ensemble.sids() {
        sleep(Duration::from_millis(500));
        ensemble.kill(sid)?;
        ensemble.wait_for_leader()?;
        sleep(Duration::from_millis(300));
        ensemble.run(sid)?;
        eventually("the server to serve again", || Ok(ensemble.srvr(sid)))?;
    }
    let acknowledged = writers.stop()?;
    check_all_there(&same_trees(&ensemble)?, &acknowledged)?;
    ensemble.check_alive()
}

#[test]
fn all_servers_are_killed_at_once_and_sessions_end_in_time() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let dead = Handle::start(ensemble.all_hosts(), 2000, 0);
    ask(&dead, create("/of-the-dead", b"", CreateMode::Ephemeral))??;
    let alive = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 1);
    ask(&alive, create("/of-the-living", b"", CreateMode::Ephemeral))??;
    let writers = Writers::start(&ensemble, 3)?;
    sleep(Duration::from_secs(1));
    for sid in ensemble.sids() {
        ensemble.kill(sid)?;
    }
    drop(dead);
    let acknowledged = writers.stop()?;
    for sid in ensemble.sids() {
        ensemble.run(sid)?;
    }
    ensemble.wait_for_leader()?;
    let started = Instant::now();
    let found = insist(&alive, &get("/of-the-dead"))?;
    // A session gets one more timeout after the election, and this read came right behind it.
    ensure!(found.is_ok() || started.elapsed() > Duration::from_secs(1), "gone before its time");
    eventually("the end of the dead client's session", || {
        Ok(insist(&alive, &get("/of-the-dead"))?.err().filter(|why| *why == KeeperError::NoNode))
    })?;
    insist(&alive, &get("/of-the-living"))?.context("the living client's ephemeral")?;
    check_all_there(&same_trees(&ensemble)?, &acknowledged)?;
    alive.close();
    ensemble.check_alive()
}

#[test]
fn sigterm_stops_within_two_seconds_and_data_stays() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let client = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    ask(&client, create("/stays", b"x", CreateMode::Persistent))??;
    client.close();
    for sid in ensemble.sids() {
        let (status, took) = ensemble.stop(sid)?;
        ensure!(status.success(), "server {sid}: {status}");
        ensure!(took < Duration::from_secs(2), "server {sid} took {took:?}");
    }
    for sid in ensemble.sids() {
        ensemble.run(sid)?;
    }
    ensure!(same_trees(&ensemble)?.contains_key("/stays"));
    Ok(())
}

/// Puts half of a log entry behind the last whole one, as a crash in the middle of a write does.
fn tear_log(ensemble: &Ensemble, sid: u8) -> Result<()> {
    let folder = ensemble.data(sid).join("version-2");
    let mut logs: Vec<_> = fs::read_dir(&folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.file_name().is_some_and(|it| it.to_string_lossy().starts_with("log.")))
        .collect();
    logs.sort_by_key(|path| fs::metadata(path).and_then(|found| found.modified()).ok());
    let path = logs.pop().context("no log file")?;
    let mut bytes = Vec::new();
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.read_to_end(&mut bytes)?;
    // An entry ends with a letter, and behind the last one there are zeros only.
    let end = bytes.iter().rposition(|byte| *byte != 0).context("an empty log")? + 1;
    file.seek(SeekFrom::Start(u64::try_from(end)?))?;
    let half = [0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    file.write_all(&half)?;
    Ok(())
}

#[test]
fn a_torn_end_of_the_log_is_cut_off() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let writers = Writers::start(&ensemble, 2)?;
    sleep(Duration::from_millis(700));
    for sid in ensemble.sids() {
        ensemble.kill(sid)?;
    }
    let acknowledged = writers.stop()?;
    for sid in ensemble.sids() {
        tear_log(&ensemble, sid)?;
        ensemble.run(sid)?;
    }
    ensemble.wait_for_leader()?;
    let more = Writers::start(&ensemble, 1)?;
    sleep(Duration::from_millis(300));
    more.stop()?;
    check_all_there(&same_trees(&ensemble)?, &acknowledged)?;
    // What was written behind the cut is read again.
    for sid in ensemble.sids() {
        ensemble.kill(sid)?;
        ensemble.run(sid)?;
    }
    ensemble.wait_for_leader()?;
    check_all_there(&same_trees(&ensemble)?, &acknowledged)
}

#[test]
fn a_server_without_its_data_gets_a_snapshot() -> Result<()> {
    let mut ensemble = Ensemble::start(3, &format!("{QUICK}snapCount=20\n"))?;
    let writers = Writers::start(&ensemble, 4)?;
    sleep(Duration::from_secs(3));
    let acknowledged = writers.stop()?;
    let leader = ensemble.wait_for_leader()?;
    let wiped = ensemble.sids().into_iter().find(|sid| *sid != leader).context("a follower")?;
    ensemble.kill(wiped)?;
    fs::remove_dir_all(ensemble.data(wiped).join("version-2"))?;
    ensemble.run(wiped)?;
    let synced = format!("learner={wiped} with=Snap");
    eventually("SNAP for the server without data", || {
        Ok(ensemble.log(leader).contains(&synced).then_some(()))
    })?;
    check_all_there(&same_trees(&ensemble)?, &acknowledged)
}

/// The leader logs a write that nobody else has, and all servers die. The others go on without
/// it; with `write_before` they have written when the old leader returns, which is then brought to
/// the common history by `packet`.
fn take_back(write_before: bool, packet: &str) -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let leader = ensemble.wait_for_leader()?;
    let others: Vec<u8> = ensemble.sids().into_iter().filter(|sid| *sid != leader).collect();
    let client = Handle::start(ensemble.hosts(&[leader]), TIMEOUT_MS, 0);
    ask(&client, create("/kept", b"", CreateMode::Persistent))??;
    ensemble.wait_until_equal()?;
    for sid in &others {
        ensemble.signal(*sid, Signal::STOP)?;
    }
    // Proposed to servers that do not run: in the leader's log only.
    let answer = client.ask(create("/lost", b"", CreateMode::Persistent));
    sleep(Duration::from_millis(500));
    ensure!(answer.try_recv().is_err(), "acknowledged without a quorum");
    for sid in &others {
        ensemble.kill(*sid)?;
    }
    ensemble.kill(leader)?;
    drop(client);
    for sid in &others {
        ensemble.run(*sid)?;
    }
    let new = ensemble.wait_for_leader()?;
    let hosts = ensemble.hosts(&[new]);
    let write = |path: &str| -> Result<()> {
        let client = Handle::start(hosts.clone(), TIMEOUT_MS, 0);
        insist(&client, &create(path, b"", CreateMode::Persistent))??;
        client.close();
        Ok(())
    };
    if write_before {
        write("/before")?;
    }
    let place = ensemble.log(new).len();
    ensemble.run(leader)?;
    eventually(packet, || {
        let log = ensemble.log(new);
        Ok(log[place..].contains(&format!("learner={leader} with={packet}")).then_some(()))
    })?;
    let tree = same_trees(&ensemble)?;
    ensure!(tree.contains_key("/kept") && tree.contains_key("/before") == write_before);
    ensure!(!tree.contains_key("/lost"), "a write that no quorum had");
    Ok(())
}

#[test]
fn what_only_the_old_leader_logged_is_cut_off() -> Result<()> {
    take_back(false, "Trunc")
}

#[test]
fn what_only_the_old_leader_logged_is_replaced_by_a_later_epoch() -> Result<()> {
    take_back(true, "Snap")
}

#[test]
fn a_session_and_its_ephemeral_move_when_their_server_dies() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let client = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    ask(&client, create("/mine", b"", CreateMode::Ephemeral))??;
    for sid in ensemble.sids() {
        ensemble.kill(sid)?;
        insist(&client, &Request::Sync { path: "/".into() })?.context("sync")?;
        insist(&client, &get("/mine"))?.with_context(|| format!("after server {sid} died"))?;
        ensemble.run(sid)?;
        ensemble.wait_until_equal()?;
    }
    client.close();
    eventually("its end with the session", || {
        let all = ensemble.sids().into_iter().map(|sid| tree(&ensemble, sid));
        let all = all.collect::<Result<Vec<_>>>()?;
        Ok(all.iter().all(|tree| !tree.contains_key("/mine")).then_some(()))
    })
}

#[test]
fn a_standalone_server_keeps_its_data() -> Result<()> {
    let mut ensemble = Ensemble::start(1, QUICK)?;
    let writers = Writers::start(&ensemble, 2)?;
    sleep(Duration::from_millis(500));
    ensemble.kill(1)?;
    let acknowledged = writers.stop()?;
    ensemble.run(1)?;
    ensemble.wait_for_leader()?;
    check_all_there(&tree(&ensemble, 1)?, &acknowledged)
}
