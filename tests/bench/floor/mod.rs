//! What a request costs at least: three programs, a thread each, that move the bytes of a request as
//! every server of this protocol must, and do nothing else. Nearly all of it is the kernel's, so it
//! is the same for every server.

mod read;
mod write;

use super::load::{CONNECTIONS, SILENCE, Work};
use anyhow::{Context, Result, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// As many as there are servers.
const PROGRAMS: usize = 3;
const CLIENTS: usize = CONNECTIONS / PROGRAMS;
const BUFFER_BYTES: usize = 64 * 1024;

/// Lengths of a request and its answer, each with the four bytes of its own length.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    request: usize,
    answer: usize,
}

/// A program: its thread gives the CPU time that it has used, microseconds.
type Program = JoinHandle<Result<u64>>;

/// Works that have a floor.
pub(crate) const WORKS: [Work; 2] = [Work::Get, Work::Set];

/// CPU time of the programs for each answer, microseconds, with so many requests on the way on
/// each connection.
pub(crate) fn measure(work: Work, depth: usize, time: Duration) -> Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut asking = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..PROGRAMS {
        let pairs: Result<Vec<_>> = (0..CLIENTS).map(|_| pair(&listener)).collect();
        let (ours, theirs) = pairs?.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        asking.extend(ours);
        clients.push(theirs);
    }
    let (sizes, programs) = match work {
        Work::Get => (read::SIZES, read::start(clients)),
        _ => (write::SIZES, write::start(clients, &listener)?),
    };
    let answers = ask(asking, sizes, depth, time)?;
    let mut cpu_us = 0;
    for program in programs {
        cpu_us += program.join().ok().context("a program panicked")??;
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    Ok(cpu_us as f64 / answers as f64)
}

/// Both ends of a new connection.
fn pair(listener: &TcpListener) -> Result<(TcpStream, TcpStream)> {
    let ours = std::net::TcpStream::connect(listener.local_addr()?)?;
    Ok((ready(ours)?, ready(listener.accept()?.0)?))
}

fn ready(stream: std::net::TcpStream) -> Result<TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}

/// Registers each stream under its number.
fn poll_of<'a>(streams: impl Iterator<Item = &'a mut TcpStream>) -> Result<Poll> {
    let poll = Poll::new()?;
    for (number, stream) in streams.enumerate() {
        poll.registry().register(stream, Token(number), Interest::READABLE)?;
    }
    Ok(poll)
}

/// Waits until some streams have something to read; their numbers.
fn wait(poll: &mut Poll, events: &mut Events) -> Result<Vec<usize>> {
    poll.poll(events, Some(SILENCE))?;
    ensure!(!events.is_empty(), "silence");
    Ok(events.iter().map(|event| event.token().0).collect())
}

/// What one read gives; `None` at the end of the stream.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<Option<usize>> {
    match stream.read(buffer) {
        Ok(0) => Ok(None),
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Some(0)),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Keeps `depth` requests on the way on each stream until the time is over, then waits for the last
/// answers; how many there were.
fn ask(mut streams: Vec<TcpStream>, sizes: Sizes, depth: usize, time: Duration) -> Result<u64> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let requests = vec![0; sizes.request * depth];
    for stream in &mut streams {
        stream.write_all(&requests)?;
    }
    let mut poll = poll_of(streams.iter_mut())?;
    let mut events = Events::with_capacity(CONNECTIONS);
    let started = Instant::now();
    let (mut begun, mut answers, mut missing) = (vec![0; streams.len()], 0, depth * streams.len());
    while missing > 0 {
        for number in wait(&mut poll, &mut events)? {
            let count = read(&mut streams[number], &mut buffer)?.context("a program ended")?;
            let whole = begun[number] + count;
            begun[number] = whole % sizes.answer;
            let answered = whole / sizes.answer;
            answers += answered as u64;
            if started.elapsed() < time {
                streams[number].write_all(&requests[..answered * sizes.request])?;
            } else {
                missing -= answered;
            }
        }
    }
    for stream in &streams {
        stream.shutdown(Shutdown::Both)?;
    }
    Ok(answers)
}
