//! Requests that are small and ask for much: what is answered with success is there after a crash
//! of all servers, and what is refused costs its client only.

mod support;

use anyhow::{Result, ensure};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use support::clients::{
    EPHEMERALS, TIMEOUT_MS, ask, children, create, insist, make_ephemerals, multi_create,
    same_trees,
};
use support::frames::{connect, connect_frame, request_frame};
use support::{Ensemble, QUICK, eventually, my_turn};
use zabscope::cli::handle::Handle;
use zabscope_core::proto::KeeperError;
use zabscope_core::proto::data::{Acl, Id, perms};
use zabscope_core::proto::multi::{MultiReadOp, MultiResult};
use zabscope_core::proto::reply::Reply;
use zabscope_core::proto::request::{CreateMode, Request};

fn kill_all_and_run_again(ensemble: &mut Ensemble) -> Result<()> {
    for sid in ensemble.sids() {
        ensemble.kill(sid)?;
    }
    ensemble.run_all()?;
    ensemble.wait_for_leader()?;
    ensemble.check_alive()
}

/// A client of a follower, as what it asks goes from server to server then.
fn client_of_a_follower(ensemble: &Ensemble) -> Result<(u8, Handle)> {
    let leader = ensemble.wait_for_leader()?;
    ensemble.wait_until_equal()?;
    let follower = ensemble.sids().into_iter().find(|sid| *sid != leader).unwrap_or(leader);
    Ok((follower, Handle::start(ensemble.hosts(&[follower]), TIMEOUT_MS, 0)))
}

#[test]
fn a_small_request_for_a_giant_transaction_is_refused() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let (_, client) = client_of_a_follower(&ensemble)?;
    for number in 0..20 {
        let auth = Some(format!("user{number:03}:pw").into_bytes().into());
        ask(&client, Request::Auth { kind: 0, scheme: "digest".into(), auth })??;
    }
    let all_of_me =
        || vec![Acl { perms: perms::ALL, id: Id { scheme: "auth".into(), id: "".into() } }];
    let multi = |count: usize| {
        let op = |number| multi_create(format!("/x{number}"), all_of_me(), CreateMode::Persistent);
        Request::Multi((0..count).map(op).collect())
    };
    let refused = ask(&client, multi(5000))?;
    ensure!(matches!(refused, Err(KeeperError::MarshallingError)), "{refused:?}");
    ask(&client, multi(50))??;
    client.close();
    kill_all_and_run_again(&mut ensemble)?;
    // Nobody but that client may read them; that they are there shows in their number.
    let nodes = ensemble.wait_until_equal()?.nodes;
    ensure!(nodes.parse::<u32>()? >= 50, "{nodes} znodes");
    Ok(())
}

#[test]
fn a_session_with_very_many_ephemerals_ends() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let (_, client) = client_of_a_follower(&ensemble)?;
    make_ephemerals(&client)?;
    let watcher = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    ensure!(children(&watcher)? == EPHEMERALS, "not all are there");
    // Without a word: its session expires.
    drop(client);
    eventually("the ephemerals to go", || Ok((children(&watcher)? == 0).then_some(())))?;
    insist(&watcher, &create("/after", b"", CreateMode::Persistent))??;
    watcher.close();
    kill_all_and_run_again(&mut ensemble)?;
    let tree = same_trees(&ensemble)?;
    ensure!(tree.contains_key("/after") && tree.len() == 3, "{:?}", tree.keys());
    Ok(())
}

/// Answers of the server to these auth packets; it ends the connection after a refusal.
fn authenticate(stream: &mut TcpStream, count: usize, padding: usize) -> Result<Vec<i32>> {
    stream.write_all(&connect_frame(TIMEOUT_MS))?;
    let mut connected = [0; 41];
    stream.read_exact(&mut connected)?;
    let mut answers = Vec::new();
    for number in 0..count {
        let auth = format!("{number}{}:p", "u".repeat(padding)).into_bytes();
        let len = i32::try_from(auth.len())?.to_be_bytes();
        let scheme = [&6_i32.to_be_bytes()[..], b"digest", &len, &auth].concat();
        let mut answer = [0; 20];
        let sent = stream.write_all(&request_frame(-4, 100, &[&[0; 4][..], &scheme].concat())?);
        match sent.and_then(|()| stream.read_exact(&mut answer)) {
            Ok(()) => answers.push(i32::from_be_bytes(answer[16..].try_into()?)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(answers)
}

#[test]
fn a_client_with_very_many_identities_harms_nobody_else() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let (follower, bystander) = client_of_a_follower(&ensemble)?;
    let refused = KeeperError::AuthFailed.code();
    // Its address is one identity of each.
    for (count, padding, taken) in [(1500, 0, 1500), (3000, 0, 2047), (8, 900_000, 0)] {
        let mut stream = TcpStream::connect(ensemble.address(follower, 0))?;
        let mut answers = authenticate(&mut stream, count, padding)?;
        if taken < count {
            ensure!(answers.pop() == Some(refused), "{count} identities: not refused");
        }
        ensure!(answers == vec![0; taken], "{count} identities: {} are taken", answers.len());
        if taken == count {
            let path = b"\0\0\0\x04/all\0\0\0\0\0\0\0\x01\0\0\0\x1f\0\0\0\x05world\0\0\0\x06anyone\0\0\0\0";
            stream.write_all(&request_frame(1, 1, path)?)?;
            let mut answer = [0; 20];
            stream.read_exact(&mut answer)?;
            ensure!(answer[16..] == [0; 4], "the leader does not take them all: {answer:?}");
        }
        // The same connection: no `insist` here.
        let path = format!("/by{count}");
        ask(&bystander, create(&path, b"", CreateMode::Persistent))??;
    }
    ensure!(!ensemble.log(follower).contains("Leaving"), "{}", ensemble.log(follower));
    ensemble.check_alive()
}

#[test]
fn a_multi_read_has_a_largest_answer() -> Result<()> {
    let ensemble = Ensemble::start(1, QUICK)?;
    let client = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    insist(&client, &create("/large", &vec![b'x'; 1_000_000], CreateMode::Persistent))??;
    let read = |count: usize| {
        let op = || MultiReadOp::GetData { path: "/large".into(), watch: false };
        ask(&client, Request::MultiRead((0..count).map(|_| op()).collect()))
    };
    let refused = read(1000)?;
    ensure!(matches!(refused, Err(KeeperError::MarshallingError)), "{refused:?}");
    let Reply::Multi(results) = read(4)?? else { anyhow::bail!("not a multi's answer") };
    let whole = |result: &MultiResult| matches!(result, MultiResult::GetData { data: Some(data), .. } if data.len() == 1_000_000);
    ensure!(results.len() == 4 && results.iter().all(whole), "{results:?}");
    Ok(())
}

/// Descriptors of a process in these tests, and what is left of them for clients in an ensemble of
/// three.
const DESCRIPTORS: u32 = 64;
const CLIENTS: usize = 16;

/// Connections to a server until one is refused; each of those that are not has a session.
fn fill(ensemble: &Ensemble, sid: u8) -> Result<Vec<TcpStream>> {
    let mut served = Vec::new();
    while served.len() < 2 * CLIENTS {
        let mut stream = connect(ensemble, sid, 0)?;
        // A refused one may be closed already.
        let sent = stream.write_all(&connect_frame(30_000));
        let mut answer = [0; 41];
        match sent.and_then(|()| stream.read_exact(&mut answer)) {
            Ok(()) => served.push(stream),
            Err(_) => return Ok(served),
        }
    }
    anyhow::bail!("{} clients of a server with {DESCRIPTORS} descriptors", served.len())
}

fn count_files(ensemble: &Ensemble, sid: u8, prefix: &str) -> Result<usize> {
    let mut count = 0;
    for file in std::fs::read_dir(ensemble.data(sid).join("version-2"))? {
        count += usize::from(file?.file_name().to_string_lossy().starts_with(prefix));
    }
    Ok(count)
}

#[test]
fn clients_leave_the_descriptors_that_files_and_servers_need() -> Result<()> {
    let _turn = my_turn();
    let settings = format!("{QUICK}snapCount=10\nmaxSessionTimeout=60000\n");
    let mut ensemble = Ensemble::prepare(3, &[], &[], &settings)?;
    ensemble.descriptors = Some(DESCRIPTORS);
    ensemble.run_all()?;
    let leader = ensemble.wait_for_leader()?;
    ensemble.wait_until_equal()?;
    let client = Handle::start(ensemble.hosts(&[leader]), TIMEOUT_MS, 0);
    insist(&client, &create("/n", b"", CreateMode::Persistent))??;
    let mut held = Vec::new();
    for sid in ensemble.sids() {
        let mut served = fill(&ensemble, sid)?;
        ensure!(served.len() == CLIENTS - usize::from(sid == leader), "{} clients", served.len());
        // Whoever says nothing at the other ports may not have all the rest.
        for port in [1, 2, 2] {
            held.extend((0..DESCRIPTORS / 2).flat_map(|_| connect(&ensemble, sid, port)));
        }
        held.append(&mut served);
    }
    let before =
        (count_files(&ensemble, leader, "log.")?, count_files(&ensemble, leader, "snapshot.")?);
    for number in 0..100 {
        insist(&client, &create(&format!("/n/{number}"), b"", CreateMode::Persistent))??;
    }
    eventually("log files and snapshots", || {
        let logs = count_files(&ensemble, leader, "log.")?;
        let snapshots = count_files(&ensemble, leader, "snapshot.")?;
        Ok((logs > before.0 + 2 && snapshots > before.1 + 2).then_some(()))
    })?;
    ensemble.check_alive()?;
    ensure!(ensemble.log(leader).contains("ulimit -n"), "nobody was told why");
    client.close();
    drop(held);
    let refused: u64 = eventually("room for a word", || {
        let text = ensemble.word(leader, "mntr")?;
        let mut lines = text.lines();
        let count = lines.find_map(|line| line.strip_prefix("zk_connection_rejected\t"));
        Ok(count.map(str::parse).transpose()?)
    })?;
    ensure!(refused > 0, "no refusal is counted");
    ensemble.kill(leader)?;
    ensemble.wait_for_leader()?;
    ensemble.check_alive()
}

#[test]
fn a_server_with_too_few_descriptors_says_so() -> Result<()> {
    let _turn = my_turn();
    let mut ensemble = Ensemble::prepare(1, &[], &[], QUICK)?;
    ensemble.descriptors = Some(20);
    ensemble.run_all()?;
    eventually("the reason", || {
        Ok(ensemble.log(1).contains("20 descriptors are too few").then_some(()))
    })
}

/// Resident memory of an observer whose disk has come to a halt, KiB: what may wait for the disk,
/// and as much again for everything else.
const MEMORY_MAX_KB: u64 = 2 * 64 * 1024;

#[test]
fn a_server_with_a_disk_that_stands_still_keeps_its_size() -> Result<()> {
    let settings = QUICK.replace("syncLimit=8", "syncLimit=200\ncommitLogCount=10");
    let mut ensemble = Ensemble::start_mixed(4, &[], &[4], &settings)?;
    let leader = ensemble.wait_for_leader()?;
    eventually("the observer to serve", || Ok(ensemble.srvr(4)))?;
    // Its first log file: who opens a pipe for writing waits until somebody reads.
    let folder = ensemble.data(4).join("version-2");
    let epoch: u64 = std::fs::read_to_string(folder.join("currentEpoch"))?.trim().parse()?;
    let pipe = folder.join(format!("log.{epoch:x}00000001"));
    ensure!(Command::new("mkfifo").arg(&pipe).status()?.success(), "no pipe");
    let client = Handle::start(ensemble.hosts(&[leader]), TIMEOUT_MS, 0);
    insist(&client, &create("/n", b"", CreateMode::Persistent))??;
    let data = vec![7; 900_000];
    for _ in 0..250 {
        let set =
            Request::SetData { path: "/n".into(), data: Some(data.clone().into()), version: -1 };
        insist(&client, &set)??;
    }
    let memory = ensemble.memory_kb(4)?;
    println!("an observer without a disk, behind 225 MB of writes: {memory} KiB");
    ensure!(memory > MEMORY_MAX_KB / 4, "{memory} KiB: the disk does not stand still");
    ensure!(memory < MEMORY_MAX_KB, "{memory} KiB");
    ensure!(ensemble.leader() == Some(leader), "another leader");
    client.close();
    ensemble.check_alive()
}
