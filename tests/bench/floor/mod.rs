//! What a request costs at least: three programs, a thread each, that move the bytes of a request as
//! every server of this protocol must, and do nothing else. Nearly all of it is the kernel's, so it
//! is the same for every server.

mod read;
mod request;
mod write;

use super::load::{CONNECTIONS, READS_OF_TEN, SILENCE, Work};
use anyhow::{Context, Result, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use request::Kind;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// As many as there are servers.
const PROGRAMS: usize = 3;
const CLIENTS: usize = CONNECTIONS / PROGRAMS;
const BUFFER_BYTES: usize = 64 * 1024;

/// A program: its thread gives the CPU time that it has used, microseconds.
type Program = JoinHandle<Result<u64>>;

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
    let programs = match work {
        Work::Get => read::start(clients),
        Work::Create | Work::Set | Work::Mixed => write::start(clients, &listener)?,
    };
    let answers = ask(asking, work, depth, time)?;
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

/// The kinds of a work's requests, one after the other.
fn kinds(work: Work) -> impl Iterator<Item = Kind> {
    (0..10).cycle().map(move |number| match work {
        Work::Create => Kind::Create,
        Work::Set => Kind::Set,
        Work::Mixed if number >= READS_OF_TEN => Kind::Set,
        Work::Get | Work::Mixed => Kind::Get,
    })
}

/// A connection of one who asks.
#[derive(Debug)]
struct Asking<K> {
    stream: TcpStream,
    /// Of what it asks.
    kinds: K,
    /// Without an answer, oldest first.
    waiting: VecDeque<Kind>,
    /// Bytes of the oldest one's answer that are there.
    begun: usize,
}

impl<K: Iterator<Item = Kind>> Asking<K> {
    fn send(&mut self, count: usize) -> Result<()> {
        let mut requests = Vec::new();
        for kind in self.kinds.by_ref().take(count) {
            self.waiting.push_back(kind);
            kind.write(&mut requests);
        }
        Ok(self.stream.write_all(&requests)?)
    }

    /// Whole answers, after so many more bytes.
    fn take(&mut self, bytes: usize) -> usize {
        self.begun += bytes;
        let before = self.waiting.len();
        while let Some(kind) = self.waiting.front()
            && self.begun >= kind.answer_bytes()
        {
            self.begun -= kind.answer_bytes();
            self.waiting.pop_front();
        }
        before - self.waiting.len()
    }
}

/// Keeps `depth` requests on the way on each stream until the time is over, then waits for the last
/// answers; how many there were.
fn ask(streams: Vec<TcpStream>, work: Work, depth: usize, time: Duration) -> Result<u64> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut all = Vec::new();
    for (number, stream) in streams.into_iter().enumerate() {
        // They do not all begin with the same one.
        let kinds = kinds(work).skip(number);
        all.push(Asking { stream, kinds, waiting: VecDeque::new(), begun: 0 });
    }
    for asking in &mut all {
        asking.send(depth)?;
    }
    let mut poll = poll_of(all.iter_mut().map(|asking| &mut asking.stream))?;
    let mut events = Events::with_capacity(CONNECTIONS);
    let started = Instant::now();
    let (mut answers, mut missing) = (0, depth * all.len());
    while missing > 0 {
        for number in wait(&mut poll, &mut events)? {
            let asking = &mut all[number];
            let count = read(&mut asking.stream, &mut buffer)?.context("a program ended")?;
            let answered = asking.take(count);
            answers += answered as u64;
            if started.elapsed() < time {
                asking.send(answered)?;
            } else {
                missing -= answered;
            }
        }
    }
    for asking in &all {
        asking.stream.shutdown(Shutdown::Both)?;
    }
    Ok(answers)
}
