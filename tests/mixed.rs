//! Apache's servers and ours in one ensemble.
//!
//! Run by `cargo xtask test mixed`, which names Apache's classes where they are found.

mod support;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use std::sync::mpsc::Receiver;
use std::thread::sleep;
use std::time::Duration;
use support::clients::{
    EPHEMERALS, TIMEOUT_MS, Tree, Writers, ask, check_all_there, children, create, get, insist,
    make_ephemerals, same_trees,
};
use support::{Ensemble, eventually};
use zabscope::cli::handle::{Handle, Heard};
use zabscope_core::client;
use zabscope_core::proto::reply::Reply;
use zabscope_core::proto::request::{CreateMode, Request};

/// Apache's server takes longer to start than a tick of the other tests allows for.
const PATIENT: &str = "tickTime=500\ninitLimit=20\nsyncLimit=10\nmaxClientCnxns=0\n\
                       4lw.commands.whitelist=*\npreAllocSize=64\n";

fn set(path: &str, data: &str) -> Request {
    Request::SetData { path: path.into(), data: Some(data.as_bytes().to_vec().into()), version: -1 }
}

fn client_of(ensemble: &Ensemble, sids: &[u8]) -> Handle {
    Handle::start(ensemble.hosts(sids), TIMEOUT_MS, 0)
}

fn serving(ensemble: &Ensemble, sid: u8) -> Result<String> {
    eventually("the server to serve", || Ok(ensemble.srvr(sid).map(|srvr| srvr.mode)))
}

/// Both kinds of server compare the digest of their tree with the leader's after each transaction.
fn no_digest_differs(ensemble: &Ensemble) -> Result<()> {
    for sid in ensemble.sids() {
        let log = ensemble.log(sid).to_lowercase();
        let bad = log.lines().find(|line| {
            line.contains("digests are not matching") || line.contains("digest mismatch")
        });
        ensure!(bad.is_none(), "server {sid}: {bad:?}");
    }
    Ok(())
}

fn a_watch_fires(heard: &Receiver<Heard>) -> Result<()> {
    eventually("the watch to fire", || {
        let is_event = |heard| matches!(heard, Heard::Reply(_, client::Reply::Event { .. }));
        Ok(heard.try_iter().any(is_event).then_some(()))
    })
}

/// A write through each server is read through every other one, and watches fire there.
fn every_server_serves(ensemble: &Ensemble, round: &str) -> Result<()> {
    for writer in ensemble.sids() {
        let writes = client_of(ensemble, &[writer]);
        let path = format!("/{round}-by-{writer}");
        insist(&writes, &create(&path, b"1", CreateMode::Persistent))??;
        for reader in ensemble.sids() {
            let reads = client_of(ensemble, &[reader]);
            insist(&reads, &Request::Sync { path: path.as_str().into() })??;
            let heard = reads.follow();
            ask(&reads, Request::GetData { path: path.as_str().into(), watch: true })??;
            ask(&writes, set(&path, "2"))??;
            a_watch_fires(&heard).with_context(|| format!("{path} watched at {reader}"))?;
            reads.close();
        }
        writes.close();
    }
    Ok(())
}

/// A session with its ephemeral and a watch goes from one server to the other when its server is
/// killed, and back.
fn a_session_moves(ensemble: &mut Ensemble, between: [u8; 2]) -> Result<()> {
    let client = client_of(ensemble, &between);
    let path = format!("/moving-{}-{}", between[0], between[1]);
    insist(&client, &create(&path, b"", CreateMode::Ephemeral))??;
    let owner = |reply: Reply| match reply {
        Reply::Data { stat, .. } => Some(stat.ephemeral_owner),
        _ => None,
    };
    let before = owner(insist(&client, &get(&path))??);
    let heard = client.follow();
    for (sid, other) in [(between[0], between[1]), (between[1], between[0])] {
        let watched = Request::GetData { path: path.as_str().into(), watch: true };
        insist(&client, &watched)??;
        ensemble.kill(sid)?;
        ensure!(owner(insist(&client, &get(&path))??) == before, "another owner");
        let writer = client_of(ensemble, &[other]);
        insist(&writer, &set(&path, "moved"))??;
        a_watch_fires(&heard).with_context(|| format!("{path} watched, and {sid} killed"))?;
        writer.close();
        ensemble.run(sid)?;
        serving(ensemble, sid)?;
    }
    client.close();
    Ok(())
}

/// Each server is killed and started again while clients write.
fn failover_under_load(ensemble: &mut Ensemble, sids: &[u8]) -> Result<Tree> {
    let writers = Writers::start(ensemble, 2)?;
    for sid in sids {
        sleep(Duration::from_millis(700));
        ensemble.kill(*sid)?;
        ensemble.wait_for_leader()?;
        sleep(Duration::from_millis(500));
        ensemble.run(*sid)?;
        serving(ensemble, *sid)?;
    }
    let acknowledged = writers.stop()?;
    let tree = same_trees(ensemble)?;
    check_all_there(&tree, &acknowledged)?;
    no_digest_differs(ensemble)?;
    Ok(tree)
}

#[test]
fn ours_follows_two_of_apache() -> Result<()> {
    let mut ensemble = Ensemble::start_mixed(3, &[2, 3], &[], PATIENT)?;
    ensure!(serving(&ensemble, 1)? == "follower");
    every_server_serves(&ensemble, "first")?;
    a_session_moves(&mut ensemble, [1, 2])?;
    failover_under_load(&mut ensemble, &[3, 2, 1])?;
    every_server_serves(&ensemble, "last")?;
    no_digest_differs(&ensemble)
}

#[test]
fn ours_leads_two_of_apache() -> Result<()> {
    let mut ensemble = Ensemble::start_mixed(3, &[1, 2], &[], PATIENT)?;
    ensure!(ensemble.wait_for_leader()? == 3);
    every_server_serves(&ensemble, "first")?;
    a_session_moves(&mut ensemble, [2, 1])?;
    ensure!(serving(&ensemble, 3)? == "leader");
    failover_under_load(&mut ensemble, &[3, 1, 2])?;
    no_digest_differs(&ensemble)
}

#[test]
fn observers_of_either_kind() -> Result<()> {
    // Ours observes two voters of Apache's and one of ours; then the other way round.
    for (apache, observer) in [(&[2, 3][..], 4), (&[1, 4][..], 4)] {
        let mut ensemble = Ensemble::start_mixed(4, apache, &[observer], PATIENT)?;
        ensure!(serving(&ensemble, observer)? == "observer");
        every_server_serves(&ensemble, "observed")?;
        a_session_moves(&mut ensemble, [observer, 2])?;
        every_sync(&mut ensemble, observer)?;
        ensure!(serving(&ensemble, observer)? == "observer");
        no_digest_differs(&ensemble)?;
    }
    Ok(())
}

/// What the leader says that it sent a learner.
fn sent(ensemble: &Ensemble, leader: u8, words: &[&str]) -> Result<()> {
    eventually(words[0], || {
        let log = ensemble.log(leader);
        Ok(words.iter().any(|words| log.contains(words)).then_some(()))
    })
}

const DIFF: [&str; 2] = ["with=Diff", "Sending DIFF"];
const SNAP: [&str; 2] = ["with=Snap", "Sending snapshot"];
const TRUNC: [&str; 2] = ["with=Trunc", "Sending TRUNC"];

/// The learner is brought up to date by a DIFF, then with an empty disk by a SNAP.
fn every_sync(ensemble: &mut Ensemble, learner: u8) -> Result<()> {
    let others: Vec<u8> = ensemble.sids().into_iter().filter(|sid| *sid != learner).collect();
    let client = client_of(ensemble, &others);
    let write = |name: &str| insist(&client, &create(name, b"x", CreateMode::Persistent));

    ensemble.kill(learner)?;
    for number in 0..20 {
        write(&format!("/before-diff-{number}"))??;
    }
    let leader = ensemble.wait_for_leader()?;
    ensemble.run(learner)?;
    serving(ensemble, learner)?;
    sent(ensemble, leader, &DIFF)?;

    ensemble.kill(learner)?;
    ensemble.wipe(learner)?;
    write("/before-snap")??;
    ensemble.run(learner)?;
    serving(ensemble, learner)?;
    sent(ensemble, leader, &SNAP)?;
    same_trees(ensemble)?;
    client.close();
    Ok(())
}

/// A leader logs a write that nobody else gets, dies, and has to take it back.
fn trunc(ensemble: &mut Ensemble, old: u8) -> Result<()> {
    let others: Vec<u8> = ensemble.sids().into_iter().filter(|sid| *sid != old).collect();
    ensure!(ensemble.wait_for_leader()? == old, "server {old} does not lead");
    let lonely = client_of(ensemble, &[old]);
    insist(&lonely, &get("/"))??;
    for sid in &others {
        ensemble.signal(*sid, Signal::STOP)?;
    }
    // Each of many threads stops when it is its turn.
    sleep(Duration::from_millis(300));
    let _unanswered =
        lonely.ask(create(&format!("/only-{old}-has-it"), b"", CreateMode::Persistent));
    // Long enough for the disk, too short for the leader to give up.
    sleep(Duration::from_millis(400));
    ensemble.kill(old)?;
    for sid in &others {
        ensemble.kill(*sid)?;
    }
    for sid in &others {
        ensemble.run(*sid)?;
    }
    let leader = ensemble.wait_for_leader()?;
    let client = client_of(ensemble, &others);
    insist(&client, &create(&format!("/after-{old}"), b"", CreateMode::Persistent))??;
    client.close();
    ensemble.run(old)?;
    serving(ensemble, old)?;
    // Across epochs either choice is right.
    sent(ensemble, leader, &[TRUNC[0], TRUNC[1], SNAP[0], SNAP[1]])?;
    let tree = same_trees(ensemble)?;
    ensure!(tree.contains_key(&format!("/after-{old}")));
    assert!(!tree.contains_key(&format!("/only-{old}-has-it")), "a write that no majority had");
    no_digest_differs(ensemble)
}

#[test]
fn apache_brings_ours_up_to_date() -> Result<()> {
    let mut ensemble = Ensemble::start_mixed(3, &[2, 3], &[], PATIENT)?;
    every_sync(&mut ensemble, 1)?;
    no_digest_differs(&ensemble)
}

#[test]
fn ours_brings_apache_up_to_date() -> Result<()> {
    let mut ensemble = Ensemble::start_mixed(3, &[1, 2], &[], PATIENT)?;
    every_sync(&mut ensemble, 1)?;
    no_digest_differs(&ensemble)
}

#[test]
fn what_only_a_dead_leader_has_is_taken_back() -> Result<()> {
    // Ours leads and is cut by one of Apache's; then one of Apache's, that leads while ours is
    // down, by ours.
    let mut ensemble = Ensemble::start_mixed(3, &[1, 2], &[], PATIENT)?;
    trunc(&mut ensemble, 3)?;
    ensemble.kill(3)?;
    let apache = ensemble.wait_for_leader()?;
    ensemble.run(3)?;
    ensure!(serving(&ensemble, 3)? == "follower");
    trunc(&mut ensemble, apache)
}

#[test]
fn a_data_folder_moves_between_both_kinds() -> Result<()> {
    let mut ensemble = Ensemble::start_mixed(3, &[1, 2, 3], &[], PATIENT)?;
    for apache in [&[][..], &[1, 2, 3][..], &[2][..]] {
        every_server_serves(&ensemble, &format!("kinds-{}", apache.len()))?;
        let before = same_trees(&ensemble)?;
        for sid in ensemble.sids() {
            ensemble.stop(sid)?;
        }
        ensemble.apache = apache.iter().copied().collect();
        for sid in ensemble.sids() {
            ensemble.run(sid)?;
        }
        ensemble.wait_for_leader()?;
        ensure!(same_trees(&ensemble)? == before, "the other kind reads another tree");
    }
    no_digest_differs(&ensemble)
}

/// Its closeSession has no list of them: each server, and each restart, looks them up.
#[test]
fn a_session_with_very_many_ephemerals_ends() -> Result<()> {
    let mut ensemble = Ensemble::start_mixed(3, &[1, 2], &[], PATIENT)?;
    ensure!(ensemble.wait_for_leader()? == 3);
    let owner = client_of(&ensemble, &[3]);
    make_ephemerals(&owner)?;
    owner.close();
    for sid in ensemble.sids() {
        let reader = client_of(&ensemble, &[sid]);
        ensure!(children(&reader)? == 0, "server {sid} has some of {EPHEMERALS}");
        reader.close();
    }
    let before = same_trees(&ensemble)?;
    for sid in ensemble.sids() {
        ensemble.kill(sid)?;
    }
    ensemble.run_all()?;
    ensemble.wait_for_leader()?;
    ensure!(same_trees(&ensemble)? == before, "another tree after a restart of all");
    no_digest_differs(&ensemble)
}
