//! Settings of zoo.cfg that change what clients and operators see.
//!
//! Run by `cargo xtask test cluster`, which builds the server and names it.

mod support;

use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::{Command, Output};
use support::clients::{TIMEOUT_MS, ask, create, get};
use support::frames::{connect, connect_frame, request_frame, wait_for_end};
use support::{Ensemble, QUICK, eventually, my_turn};
use zabscope::cli::handle::Handle;
use zabscope_core::proto::data::perms;
use zabscope_core::proto::request::{CreateMode, Request};
use zabscope_core::proto::{Acl, Id};
use zabscope_tests::given;

/// Length, xid, zxid and error of an answer.
fn header(stream: &mut TcpStream) -> Result<(i32, i32)> {
    let mut header = [0; 20];
    stream.read_exact(&mut header)?;
    let number =
        |at: usize| -> Result<i32> { Ok(i32::from_be_bytes(header[at..at + 4].try_into()?)) };
    Ok((number(4)?, number(16)?))
}

fn open_session(ensemble: &Ensemble) -> Result<TcpStream> {
    let mut stream = connect(ensemble, 1, 0)?;
    stream.write_all(&connect_frame(4000))?;
    stream.read_exact(&mut [0; 41])?;
    Ok(stream)
}

/// As Apache's server answers: -124 to everything but the authentication, then the end.
#[test]
fn a_client_without_a_demanded_identity_is_refused() -> Result<()> {
    let demand = "enforce.auth.enabled=true\nenforce.auth.schemes=digest\n";
    let ensemble = Ensemble::start(1, &format!("{QUICK}{demand}"))?;
    for (xid, op, body) in [(1, 3, &[0, 0, 0, 1, b'/', 0][..]), (-2, 11, &[]), (7, -11, &[])] {
        let mut stream = open_session(&ensemble)?;
        stream.write_all(&request_frame(xid, op, body)?)?;
        ensure!(header(&mut stream)? == (xid, -124), "opcode {op}");
        wait_for_end(&mut stream)?;
    }
    let mut stream = open_session(&ensemble)?;
    let digest =
        [&[0; 4][..], &6_i32.to_be_bytes(), b"digest", &3_i32.to_be_bytes(), b"u:p"].concat();
    stream.write_all(&request_frame(-4, 100, &digest)?)?;
    ensure!(header(&mut stream)? == (-4, 0));
    stream.write_all(&request_frame(-2, 11, &[])?)?;
    ensure!(header(&mut stream)? == (-2, 0), "who has authenticated is served");
    Ok(())
}

/// What `server` says and how it ends with these lines in its zoo.cfg.
fn start_alone(ensemble: &Ensemble, settings: &str) -> Result<Output> {
    let file = ensemble.folder(1).join("other.cfg");
    let data = ensemble.folder(1).join("other");
    fs::write(&file, format!("dataDir={}\nclientPort=1\n{settings}\n", data.display()))?;
    let mut command = Command::new(given("ZABSCOPE_BIN")?);
    Ok(command.arg("server").arg("--config").arg(file).arg("--stop-with-stdin").output()?)
}

#[test]
fn a_server_does_not_start_without_the_protection_that_is_asked_for() -> Result<()> {
    let ensemble = Ensemble::prepare(1, &[], &[], QUICK)?;
    for line in [
        "enforce.auth.enabled=true",
        "enforce.auth.schemes=sasl",
        "sessionRequireClientSASLAuth=true",
        "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
        "ssl.keyStore.location=/keys",
        "DigestAuthenticationProvider.digestAlg=SHA256",
        "audit.enable=true",
    ] {
        let output = start_alone(&ensemble, line)?;
        let said = String::from_utf8_lossy(&output.stderr);
        let (key, _) = line.split_once('=').context("a key")?;
        ensure!(!output.status.success() && said.contains(key), "{line}: {said}");
        ensure!(!ensemble.folder(1).join("other").exists(), "{line}: it was about to start");
    }
    Ok(())
}

/// An IPv4 client of a port for both families is known, limited and shown by its IPv4 address.
#[test]
fn an_address_is_the_same_at_a_port_of_both_families() -> Result<()> {
    for host in ["0.0.0.0", "::"] {
        let settings = format!("{QUICK}clientPortAddress={host}\n");
        let ensemble = Ensemble::start(1, &settings)?;
        let at = ensemble.address(1, 0);
        let client = Handle::start(vec![at.to_string()], TIMEOUT_MS, 0);
        for (n, (id, allowed)) in [("127.0.0.1", true), ("127.0.0.0/8", true), ("10.0.0.1", false)]
            .into_iter()
            .enumerate()
        {
            let path = format!("/only-{n}");
            let mut request = create(&path, b"", CreateMode::Persistent);
            if let Request::Create(create) = &mut request {
                let id = Id { scheme: "ip".into(), id: id.into() };
                create.acl = Some(vec![Acl { perms: perms::ALL, id }]);
            }
            ask(&client, request)??;
            ensure!(ask(&client, get(&path))?.is_ok() == allowed, "{host} {path}");
        }
        let cons = ensemble.word(1, "cons")?;
        ensure!(cons.contains("/127.0.0.1:") && !cons.contains("ffff"), "{cons}");
        let six = SocketAddr::from((Ipv6Addr::LOCALHOST, at.port()));
        let has_ipv6 = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
        ensure!(TcpStream::connect(six).is_ok() == has_ipv6, "{host}");
        TcpStream::connect((Ipv4Addr::LOCALHOST, at.port()))?;
        client.close();
    }
    Ok(())
}

#[test]
fn a_leader_that_does_not_serve_leaves_clients_to_the_others() -> Result<()> {
    let _turn = my_turn();
    let mut ensemble = Ensemble::prepare(3, &[], &[], &format!("{QUICK}leaderServes=no\n"))?;
    ensemble.run_all()?;
    let leader = eventually("two followers", || {
        let follows = |sid: &u8| ensemble.srvr(*sid).is_some_and(|it| it.mode == "follower");
        let (followers, others): (Vec<u8>, Vec<u8>) =
            ensemble.sids().into_iter().partition(follows);
        Ok((followers.len() == 2).then(|| others[0]))
    })?;
    let text = ensemble.word(leader, "srvr")?;
    ensure!(text.contains("not currently serving requests"), "{text}");
    let mut stream = connect(&ensemble, leader, 0)?;
    stream.write_all(&connect_frame(4000))?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    ensure!(answer.is_empty(), "the leader has answered");
    // A client that knows them all finds the others.
    let client = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    ask(&client, create("/a", b"", CreateMode::Persistent))??;
    client.close();
    Ok(())
}

fn snapshots(ensemble: &Ensemble) -> Result<usize> {
    let names = fs::read_dir(ensemble.data(1).join("version-2"))?;
    let names = names.map(|item| Ok(item?.file_name())).collect::<Result<Vec<_>>>()?;
    Ok(names.iter().filter(|name| name.to_string_lossy().starts_with("snapshot.")).count())
}

/// Waits for a snapshot behind the empty one of the first start.
fn wait_for_snapshot(ensemble: &Ensemble) -> Result<()> {
    eventually("a snapshot", || Ok((snapshots(ensemble)? > 1).then_some(())))
}

#[test]
fn a_snapshot_follows_when_enough_bytes_are_logged() -> Result<()> {
    let ensemble = Ensemble::start(1, &format!("{QUICK}snapSizeLimitInKb=100\n"))?;
    let client = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    for n in 0..11 {
        ask(&client, create(&format!("/n{n}"), &[1; 10_000], CreateMode::Persistent))??;
    }
    wait_for_snapshot(&ensemble)?;
    client.close();
    Ok(())
}

#[test]
fn what_was_logged_before_a_start_counts_for_the_next_snapshot() -> Result<()> {
    let mut ensemble = Ensemble::start(1, &format!("{QUICK}snapCount=20\n"))?;
    // No single run logs the ten transactions that are due at least.
    for round in 0..6 {
        let client = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
        for n in 0..3 {
            ask(&client, create(&format!("/n{round}-{n}"), b"", CreateMode::Persistent))??;
        }
        ensemble.kill(1)?;
        drop(client);
        ensemble.run(1)?;
        ensemble.wait_for_leader()?;
    }
    let client = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    ask(&client, create("/last", b"", CreateMode::Persistent))??;
    wait_for_snapshot(&ensemble)?;
    client.close();
    Ok(())
}

/// What an operator reads when a port is taken: once, with the address.
#[test]
fn a_port_that_is_taken_is_told_once() -> Result<()> {
    let ensemble = Ensemble::start(1, QUICK)?;
    let port = ensemble.address(1, 0).port();
    let output = start_alone(&ensemble, &format!("clientPort={port}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(said.matches("in use").count() == 1 && said.contains(&port.to_string()), "{said}");
    Ok(())
}
