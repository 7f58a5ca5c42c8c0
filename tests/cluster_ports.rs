//! Bad peers on every port: they cost a connection, and the others notice nothing.

mod support;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::clients::{TIMEOUT_MS, ask, create, get};
use support::frames::{connect, connect_frame, request_frame, wait_for_end};
use support::{Ensemble, QUICK, eventually, my_turn};
use zabscope::cli::handle::Handle;
use zabscope_core::proto::request::CreateMode;

/// Resident memory of a server that many bad clients use, KiB.
const MEMORY_MAX_KB: u64 = 60_000;

/// A write still works, on the same ensemble.
fn works(ensemble: &Ensemble, path: &str) -> Result<()> {
    let client = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    ask(&client, create(path, b"", CreateMode::Persistent))??;
    client.close();
    Ok(())
}

#[test]
fn garbage_on_each_port_ends_only_its_connection() -> Result<()> {
    let mut ensemble = Ensemble::start(3, QUICK)?;
    let leader = ensemble.wait_for_leader()?;
    // Bytes that look like no protocol at all, from a fixed generator.
    let mut state = 7_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    })
    .take(8192)
    .collect();
    let giant = 0x7fff_ffff_i32.to_be_bytes().repeat(8);
    let negative = (-2_i32).to_be_bytes().repeat(8);
    for port in 0..3 {
        for bytes in [&noise[..], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", &giant, &negative] {
            let mut stream = connect(&ensemble, leader, port)?;
            // The other end may close in the middle.
            let _ = stream.write_all(bytes);
            let took = wait_for_end(&mut stream).with_context(|| format!("port {port}"))?;
            ensure!(took < Duration::from_secs(20), "port {port}: {took:?}");
        }
    }
    ensemble.check_alive()?;
    ensure!(ensemble.leader() == Some(leader), "another leader");
    works(&ensemble, "/after-garbage")
}

#[test]
fn streams_that_say_nothing_are_closed() -> Result<()> {
    let ensemble = Ensemble::start(3, QUICK)?;
    let leader = ensemble.wait_for_leader()?;
    let mut streams = Vec::new();
    for port in 0..3 {
        streams.push(connect(&ensemble, leader, port)?);
    }
    let mut half = connect(&ensemble, leader, 0)?;
    half.write_all(&connect_frame(4000)[..20])?;
    streams.push(half);
    let started = Instant::now();
    for stream in &mut streams {
        wait_for_end(stream)?;
    }
    let took = started.elapsed();
    println!("silent and half-open streams on each port are closed after at most {took:?}");
    ensure!(took > Duration::from_secs(10) && took < Duration::from_secs(20), "{took:?}");
    works(&ensemble, "/after-silence")
}

#[test]
fn a_stream_that_ends_behind_its_last_bytes_is_closed_at_once() -> Result<()> {
    // The timeout of a session is far behind the patience of this test.
    let ensemble = Ensemble::start(1, &QUICK.replace("tickTime=300", "tickTime=6000"))?;
    ensemble.wait_for_leader()?;
    let mut stream = connect(&ensemble, 1, 0)?;
    stream.write_all(&connect_frame(120_000))?;
    stream.read_exact(&mut [0; 41])?;
    // While it is stopped, the bytes and the end behind them arrive as one event.
    ensemble.signal(1, Signal::STOP)?;
    stream.write_all(&request_frame(-2, 11, b"")?)?;
    stream.shutdown(Shutdown::Write)?;
    ensemble.signal(1, Signal::CONT)?;
    wait_for_end(&mut stream)?;
    Ok(())
}

#[test]
fn an_oversized_frame_ends_its_connection_at_once() -> Result<()> {
    let ensemble = Ensemble::start(1, QUICK)?;
    let mut stream = connect(&ensemble, 1, 0)?;
    stream.write_all(&connect_frame(4000))?;
    let mut answer = [0; 41];
    stream.read_exact(&mut answer)?;
    stream.write_all(&0x0010_0000_i32.to_be_bytes())?;
    let took = wait_for_end(&mut stream)?;
    println!("a length of 1 MB and one byte ends its connection after {took:?}");
    ensure!(took < Duration::from_secs(2));
    works(&ensemble, "/after-giant")
}

#[test]
fn a_client_that_never_reads_is_cut_off_and_harms_nobody() -> Result<()> {
    let mut ensemble = Ensemble::start(1, QUICK)?;
    let other = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    ask(&other, create("/big", &vec![7; 900_000], CreateMode::Persistent))??;
    let mut deaf = connect(&ensemble, 1, 0)?;
    deaf.set_write_timeout(Some(Duration::from_secs(2)))?;
    deaf.write_all(&connect_frame(60_000))?;
    let body = [&4_i32.to_be_bytes()[..], b"/big", &[0]].concat();
    // Until nothing more is taken from it.
    let refused = (1..1_000_000).any(|xid| {
        let sent = request_frame(xid, 4, &body).map(|frame| deaf.write_all(&frame));
        !matches!(sent, Ok(Ok(())))
    });
    ensure!(refused, "a million large answers were promised to a client that does not read");
    let memory = ensemble.memory_kb(1)?;
    println!("a client that never reads: at most {memory} KiB for the whole server");
    ensure!(memory < MEMORY_MAX_KB, "{memory} KiB");
    let started = Instant::now();
    ask(&other, get("/big"))??;
    ensure!(started.elapsed() < Duration::from_secs(2), "others wait {:?}", started.elapsed());
    eventually("the end of its connection with its session", || {
        sleep(Duration::from_millis(200));
        Ok(ensemble.word(1, "srvr")?.contains("Connections: 2\n").then_some(()))
    })?;
    other.close();
    ensemble.check_alive()
}

/// Clients with a session each that ask nothing.
const IDLE: u64 = 2000;
/// What one of them may cost the server that it is connected to, KiB.
const IDLE_MAX_KB: u64 = 8;

#[test]
fn an_answer_larger_than_what_may_wait_comes_whole() -> Result<()> {
    const NAMES: usize = 700;
    const NAME_BYTES: usize = 60_000;
    let ensemble = Ensemble::start(1, QUICK)?;
    ensemble.wait_for_leader()?;
    let client = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
    ask(&client, create("/many", b"", CreateMode::Persistent))??;
    for number in 0..NAMES {
        let path = format!("/many/{number:0NAME_BYTES$}");
        ask(&client, create(&path, b"", CreateMode::Persistent))??;
    }
    client.close();
    let mut stream = connect(&ensemble, 1, 0)?;
    stream.write_all(&connect_frame(30_000))?;
    stream.read_exact(&mut [0; 41])?;
    let path = b"/many";
    let body = [&5_i32.to_be_bytes()[..], path, &[0]].concat();
    stream.write_all(&request_frame(1, 8, &body)?)?;
    // It is not taken at once.
    sleep(Duration::from_millis(300));
    let mut head = [0; 4 + 16 + 4];
    stream.read_exact(&mut head)?;
    let number = |at| anyhow::Ok(u32::from_be_bytes(head[at..at + 4].try_into()?) as usize);
    let (length, count) = (number(0)?, number(20)?);
    ensure!(count == NAMES, "{count} names");
    let mut names = vec![0; length - 20];
    stream.read_exact(&mut names)?;
    ensure!(names.len() == NAMES * (4 + NAME_BYTES), "{} bytes", names.len());
    works(&ensemble, "/after-many")
}

#[test]
fn two_thousand_idle_clients_cost_little_and_harm_nobody() -> Result<()> {
    let mut ensemble = Ensemble::start(3, &format!("{QUICK}maxSessionTimeout=60000\n"))?;
    let leader = ensemble.wait_for_leader()?;
    works(&ensemble, "/before-the-idle")?;
    let before = ensemble.memory_kb(leader)?;
    let mut streams = Vec::new();
    for _ in 0..IDLE {
        let mut stream = connect(&ensemble, leader, 0)?;
        stream.write_all(&connect_frame(40_000))?;
        streams.push(stream);
    }
    for stream in &mut streams {
        // Length, protocol version, timeout, session id, password with its length, read-only.
        let mut reply = [0; 41];
        stream.read_exact(&mut reply)?;
        ensure!(reply[12..20] != [0; 8], "no session");
    }
    let after = ensemble.memory_kb(leader)?;
    let cost = after.saturating_sub(before);
    println!("{IDLE} idle clients: from {before} to {after} KiB");
    ensure!(cost <= IDLE * IDLE_MAX_KB, "{cost} KiB for {IDLE} idle clients");
    let started = Instant::now();
    works(&ensemble, "/beside-the-idle")?;
    let took = started.elapsed();
    ensure!(took < Duration::from_secs(2), "a write beside them took {took:?}");
    ensure!(ensemble.leader() == Some(leader), "another leader");
    ensemble.check_alive()
}

#[test]
fn connections_of_one_address_are_limited() -> Result<()> {
    let ensemble = Ensemble::start(1, "tickTime=300\nmaxClientCnxns=5\n")?;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(connect(&ensemble, 1, 0)?);
    }
    let mut sixth = connect(&ensemble, 1, 0)?;
    ensure!(wait_for_end(&mut sixth)? < Duration::from_secs(2));
    drop(streams.pop());
    eventually("room for another one", || Ok(ensemble.srvr(1)))?;
    Ok(())
}

/// Clients number this request as they like: Java's and kazoo's say -4, that in Go counts it with
/// the others.
#[test]
fn an_auth_request_is_answered_under_its_own_number() -> Result<()> {
    let ensemble = Ensemble::start(1, QUICK)?;
    works(&ensemble, "/a")?;
    for xid in [-4_i32, 1] {
        let mut stream = connect(&ensemble, 1, 0)?;
        stream.write_all(&connect_frame(4000))?;
        let scheme = [&6_i32.to_be_bytes()[..], b"digest", &3_i32.to_be_bytes(), b"u:p"].concat();
        stream.write_all(&request_frame(xid, 100, &[&[0; 4][..], &scheme].concat())?)?;
        // The answer to the connect request, then a header: length, xid, zxid 0, no error.
        let mut answer = [0; 41 + 20];
        stream.read_exact(&mut answer)?;
        let expected = [&16_i32.to_be_bytes()[..], &xid.to_be_bytes(), &[0; 12]].concat();
        ensure!(answer[41..] == expected, "answered {:?}", &answer[41..]);
    }
    Ok(())
}

#[test]
fn a_flood_of_connections_goes_by() -> Result<()> {
    let ensemble = Ensemble::start(1, QUICK)?;
    let before = ensemble.memory_kb(1)?;
    let streams: Vec<TcpStream> =
        (0..800).map(|_| connect(&ensemble, 1, 0)).collect::<Result<_>>()?;
    works(&ensemble, "/in-the-flood")?;
    let text = ensemble.word(1, "srvr")?;
    ensure!(text.contains("Connections: 80"), "{text}");
    let grown = ensemble.memory_kb(1)?.saturating_sub(before);
    ensure!(grown < 40_000, "800 idle connections cost {grown} KiB");
    // Although nobody closes them on this side.
    eventually("the end of all idle connections", || {
        sleep(Duration::from_millis(500));
        Ok(ensemble.word(1, "srvr")?.contains("Connections: 1\n").then_some(()))
    })?;
    drop(streams);
    Ok(())
}

#[test]
fn a_client_that_vanishes_without_a_word_is_closed_after_its_timeout() -> Result<()> {
    let ensemble = Ensemble::start(1, QUICK)?;
    let mut stream = connect(&ensemble, 1, 0)?;
    stream.write_all(&connect_frame(1000))?;
    let took = wait_for_end(&mut stream)?;
    ensure!(took > Duration::from_millis(900) && took < Duration::from_secs(4), "{took:?}");
    Ok(())
}

/// A follower that is stopped while the leader goes on: what it does not read has a bound.
#[test]
fn a_learner_that_never_reads_is_dropped_and_comes_back() -> Result<()> {
    // No limit of ticks ends it first.
    let settings = "tickTime=1000\ninitLimit=100\nsyncLimit=100\nmaxClientCnxns=0\n\
                    4lw.commands.whitelist=*\npreAllocSize=64\nquorumUnsentLimitInKb=8192\n";
    let mut ensemble = Ensemble::start(3, settings)?;
    let leader = ensemble.wait_for_leader()?;
    // A server that is stopped before it follows has no link that could fill.
    ensemble.wait_until_equal()?;
    let deaf = *ensemble.sids().iter().find(|sid| **sid != leader).context("a follower")?;
    let client = Handle::start(ensemble.hosts(&[leader]), TIMEOUT_MS, 0);
    ensemble.signal(deaf, Signal::STOP)?;
    let dropped = || ensemble.log(leader).contains("another server does not read what it is sent");
    let data = vec![7; 500_000];
    let mut written = 0;
    // The system's own buffers take several MB before the server's grow.
    while !dropped() {
        ensure!(written < 400, "200 MB wait for a server that reads nothing");
        ask(&client, create(&format!("/n{written}"), &data, CreateMode::Persistent))??;
        written += 1;
    }
    println!("a deaf follower's link ends after {written} writes of 500 kB");
    ensure!(written > 16, "dropped after {written} writes of 500 kB");
    // What it missed is more than may wait for a server that reads nothing, and than the system
    // takes at once: it comes by DIFF all the same.
    while written < 80 {
        ask(&client, create(&format!("/n{written}"), &data, CreateMode::Persistent))??;
        written += 1;
    }
    ensure!(ensemble.leader() == Some(leader), "another leader");
    client.close();
    let before = ensemble.log(leader).matches("synchronizing a learner").count();
    ensemble.signal(deaf, Signal::CONT)?;
    ensemble.wait_until_equal()?;
    let log = ensemble.log(leader);
    let rounds = log.matches("synchronizing a learner").count() - before;
    ensure!(rounds == 1, "it took {rounds} rounds");
    ensure!(log.contains("with=Diff zxid=e1.c8"), "not by DIFF: {log}");
    ensemble.check_alive()
}

#[test]
fn servers_are_found_by_their_names() -> Result<()> {
    let _turn = my_turn();
    let mut ensemble = Ensemble::prepare(3, &[], &[], QUICK)?.with_names("localhost")?;
    ensemble.run_all()?;
    ensemble.wait_for_leader()?;
    works(&ensemble, "/by-name")?;
    ensemble.wait_until_equal()?;
    ensemble.check_alive()
}
