//! What a read costs at least: programs that take requests and write answers of a get's size, each
//! ready connection one read and one write a turn, and do nothing else. Nearly all of it is the
//! kernel's, so it is the same for every server.

use super::load::{CONNECTIONS, DATA_BYTES};
use super::process;
use anyhow::{Context, Result, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

/// A get with its length: header, path, watch.
const REQUEST_BYTES: usize = 4 + 8 + 4 + "/bench/key-0000".len() + 1;
/// Its answer with its length: header, data, Stat.
const ANSWER_BYTES: usize = 4 + 16 + 4 + DATA_BYTES + 68;
/// As many as there are servers.
const PROGRAMS: usize = 3;

/// CPU time of the programs for each answer, microseconds, with so many requests on the way on
/// each connection.
pub(crate) fn measure(depth: usize, time: Duration) -> Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut asking = Vec::new();
    let mut programs = Vec::new();
    for _ in 0..PROGRAMS {
        let mut answering = Vec::new();
        for _ in 0..CONNECTIONS / PROGRAMS {
            asking.push(ready(std::net::TcpStream::connect(address)?)?);
            answering.push(ready(listener.accept()?.0)?);
        }
        programs.push(thread::spawn(move || answer(answering)));
    }
    let answers = ask(asking, depth, time)?;
    let mut cpu_us = 0;
    for program in programs {
        cpu_us += program.join().ok().context("a program panicked")??;
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    Ok(cpu_us as f64 / answers as f64)
}

fn ready(stream: std::net::TcpStream) -> Result<TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}

/// Hands each stream with its number to `each` whenever there is something to read, until it says
/// that it is enough.
fn turns(
    streams: &mut [TcpStream],
    mut each: impl FnMut(usize, &mut TcpStream) -> Result<bool>,
) -> Result<()> {
    let mut poll = Poll::new()?;
    for (number, stream) in streams.iter_mut().enumerate() {
        poll.registry().register(stream, Token(number), Interest::READABLE)?;
    }
    let mut events = Events::with_capacity(CONNECTIONS);
    loop {
        poll.poll(&mut events, Some(super::load::SILENCE))?;
        ensure!(!events.is_empty(), "silence");
        for event in &events {
            let number = event.token().0;
            if each(number, &mut streams[number])? {
                return Ok(());
            }
        }
    }
}

/// What one read gives; `None` at the end of the stream.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<Option<usize>> {
    match stream.read(buffer) {
        Ok(0) => Ok(None),
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Some(0)),
        Err(error) => Err(error.into()),
    }
}

/// Answers until the streams end. CPU time of this thread, microseconds.
fn answer(mut streams: Vec<TcpStream>) -> Result<u64> {
    let before = process::cpu_us_of_thread()?;
    let mut buffer = vec![0; 64 * 1024];
    let answers = vec![0; ANSWER_BYTES * buffer.len() / REQUEST_BYTES];
    let mut begun = vec![0; streams.len()];
    turns(&mut streams, |number, stream| {
        let Some(count) = read(stream, &mut buffer)? else { return Ok(true) };
        let whole = begun[number] + count;
        begun[number] = whole % REQUEST_BYTES;
        stream.write_all(&answers[..whole / REQUEST_BYTES * ANSWER_BYTES])?;
        Ok(false)
    })?;
    Ok(process::cpu_us_of_thread()? - before)
}

/// Keeps `depth` requests on the way on each stream until the time is over, then waits for the last
/// answers; how many there were.
fn ask(mut streams: Vec<TcpStream>, depth: usize, time: Duration) -> Result<u64> {
    let mut buffer = vec![0; 64 * 1024];
    let requests = vec![0; REQUEST_BYTES * depth];
    for stream in &mut streams {
        stream.write_all(&requests)?;
    }
    let started = Instant::now();
    let (mut begun, mut answers, mut missing) = (vec![0; streams.len()], 0, depth * streams.len());
    turns(&mut streams, |number, stream| {
        let count = read(stream, &mut buffer)?.context("a program ended")?;
        let whole = begun[number] + count;
        begun[number] = whole % ANSWER_BYTES;
        let answered = whole / ANSWER_BYTES;
        answers += answered as u64;
        if started.elapsed() < time {
            stream.write_all(&requests[..answered * REQUEST_BYTES])?;
        } else {
            missing -= answered;
        }
        Ok(missing == 0)
    })?;
    for stream in &streams {
        stream.shutdown(Shutdown::Both)?;
    }
    Ok(answers)
}
