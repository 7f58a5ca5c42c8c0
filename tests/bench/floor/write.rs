//! Writes: forwarded to the first program, proposed, appended to a log by all with one fdatasync a
//! turn, acknowledged, committed, answered; and reads between them, each answered at once unless an
//! earlier request of its client waits. Messages have the sizes of real ones; of their content there
//! is only what tells whom to answer.

use super::super::process;
use super::request::Kind;
use super::{BUFFER_BYTES, CLIENTS, CONNECTIONS, Program, pair, poll_of, read, wait};
use anyhow::{Context, Result, bail};
use mio::net::TcpStream;
use mio::{Events, Poll};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::TcpListener;
use std::os::unix::fs::FileExt;
use std::thread;

/// Kind, zxid, length of the data, list of identities.
const PACKET_BYTES: usize = 4 + 8 + 4 + 4;
/// Header of a transaction; digest.
const TXN_EXTRA_BYTES: usize = 32 + 12;
/// Checksum, length; end of record.
const RECORD_EXTRA_BYTES: usize = 8 + 4 + 1;
/// The log is written over again from its beginning: no block of it is ever new.
const LOG_BYTES: usize = 16 * 1024 * 1024;

/// So many of the programs have a write on their disks before it is committed.
const QUORUM: usize = 2;

/// Packets between the programs, by their first byte.
const REQUEST: u8 = 1;
const PROPOSAL: u8 = 2;
const ACK: u8 = 3;
const COMMIT: u8 = 4;

const fn packet_bytes(packet: u8, kind: Kind) -> usize {
    match packet {
        // Session, cxid, operation.
        REQUEST => PACKET_BYTES + 16 + kind.body_bytes(),
        PROPOSAL => PACKET_BYTES + TXN_EXTRA_BYTES + kind.body_bytes(),
        _ => PACKET_BYTES,
    }
}

pub(super) fn start(
    mut clients: Vec<Vec<TcpStream>>,
    listener: &TcpListener,
) -> Result<Vec<Program>> {
    let mut links = Vec::new();
    for streams in &mut clients[1..] {
        let (leader, follower) = pair(listener)?;
        links.push(leader);
        streams.push(follower);
    }
    clients[0].append(&mut links);
    let start = |(me, streams)| {
        let program = Replica::new(me, streams)?;
        Ok(thread::spawn(move || program.run()))
    };
    clients.into_iter().enumerate().map(start).collect()
}

/// What a write is, and whom it is of.
#[derive(Clone, Copy, Debug)]
struct Origin {
    program: u8,
    client: u8,
    kind: Kind,
}

/// For packets that are of no client.
const NOBODY: Origin = Origin { program: 0, client: 0, kind: Kind::Set };

#[derive(Debug)]
struct Stream {
    stream: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// One program. The first one leads. Behind its clients' streams stand those to the others: the
/// leader's to each, a follower's to the leader.
#[derive(Debug)]
struct Replica {
    me: usize,
    streams: Vec<Stream>,
    poll: Poll,
    log: File,
    log_at: usize,
    /// Writes appended since the last fdatasync, and their bytes.
    unsynced: (usize, usize),
    /// Writes that each has on its disk, as far as the leader knows; its own one is the first.
    durable: Vec<usize>,
    committed: usize,
    /// Writes without COMMIT, oldest first.
    proposed: VecDeque<Origin>,
    /// Requests of each client from its first write without an answer on.
    waiting: Vec<VecDeque<Kind>>,
}

impl Replica {
    fn new(me: usize, mut streams: Vec<TcpStream>) -> Result<Self> {
        let log = tempfile::tempfile()?;
        log.write_all_at(&vec![0; LOG_BYTES], 0)?;
        log.sync_all()?;
        let poll = poll_of(streams.iter_mut())?;
        let durable = vec![0; streams.len() - CLIENTS + 1];
        let wrap = |stream| Stream { stream, input: Vec::new(), output: Vec::new() };
        let streams = streams.into_iter().map(wrap).collect();
        let waiting = vec![VecDeque::new(); CLIENTS];
        let (log_at, unsynced, committed, proposed) = (0, (0, 0), 0, VecDeque::new());
        Ok(Self { me, streams, poll, log, log_at, unsynced, durable, committed, proposed, waiting })
    }

    /// Until a stream ends: that is after the last answer.
    fn run(mut self) -> Result<u64> {
        let before = process::cpu_us_of_thread()?;
        let mut events = Events::with_capacity(CONNECTIONS);
        let mut buffer = vec![0; BUFFER_BYTES];
        while self.turn(&mut events, &mut buffer)? {}
        Ok(process::cpu_us_of_thread()? - before)
    }

    fn turn(&mut self, events: &mut Events, buffer: &mut [u8]) -> Result<bool> {
        for number in wait(&mut self.poll, events)? {
            let Some(count) = read(&mut self.streams[number].stream, buffer)? else {
                return Ok(false);
            };
            self.streams[number].input.extend_from_slice(&buffer[..count]);
            self.take_input(number)?;
        }
        // The others are to sync at the same time.
        if !self.flush()? {
            return Ok(false);
        }
        self.sync()?;
        self.flush()
    }

    fn take_input(&mut self, number: usize) -> Result<()> {
        let input = std::mem::take(&mut self.streams[number].input);
        let mut rest = input.as_slice();
        while rest.len() >= 4 {
            let [packet, program, client, of] = [rest[0], rest[1], rest[2], rest[3]];
            let is_request = number < CLIENTS;
            let kind = if is_request { packet } else { of };
            let kind = Kind::of(kind).context("no such kind")?;
            let bytes = if is_request { kind.request_bytes() } else { packet_bytes(packet, kind) };
            let Some((_, behind)) = rest.split_at_checked(bytes) else { break };
            rest = behind;
            if is_request {
                self.on_request(number, kind);
            } else {
                self.on_packet(number, packet, Origin { program, client, kind })?;
            }
        }
        self.streams[number].input = rest.to_vec();
        Ok(())
    }

    fn on_request(&mut self, client: usize, kind: Kind) {
        if kind == Kind::Get && self.waiting[client].is_empty() {
            kind.answer(&mut self.streams[client].output);
            return;
        }
        self.waiting[client].push_back(kind);
        if kind == Kind::Get {
            return;
        }
        let byte = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
        let origin = Origin { program: byte(self.me), client: byte(client), kind };
        if self.me == 0 {
            self.propose(origin);
        } else {
            self.send(CLIENTS, REQUEST, origin);
        }
    }

    fn on_packet(&mut self, number: usize, packet: u8, origin: Origin) -> Result<()> {
        match packet {
            REQUEST => self.propose(origin),
            PROPOSAL => self.append(origin),
            ACK => {
                self.durable[number - CLIENTS + 1] += 1;
                self.commit();
            }
            COMMIT => self.answer(),
            other => bail!("no packet begins with {other}"),
        }
        Ok(())
    }

    fn propose(&mut self, origin: Origin) {
        for number in CLIENTS..self.streams.len() {
            self.send(number, PROPOSAL, origin);
        }
        self.append(origin);
    }

    fn append(&mut self, origin: Origin) {
        self.unsynced.0 += 1;
        self.unsynced.1 += RECORD_EXTRA_BYTES + TXN_EXTRA_BYTES + origin.kind.body_bytes();
        self.proposed.push_back(origin);
    }

    /// Writes what a quorum has on its disks are committed.
    fn commit(&mut self) {
        let mut durable = self.durable.clone();
        durable.sort_unstable();
        let quorum = durable[durable.len() - QUORUM];
        while self.committed < quorum {
            self.committed += 1;
            for number in CLIENTS..self.streams.len() {
                self.send(number, COMMIT, NOBODY);
            }
            self.answer();
        }
    }

    /// The oldest write is committed: its client is told by the program that has it.
    fn answer(&mut self) {
        let Some(origin) = self.proposed.pop_front() else { return };
        if usize::from(origin.program) != self.me {
            return;
        }
        let client = usize::from(origin.client);
        let output = &mut self.streams[client].output;
        let waiting = &mut self.waiting[client];
        // The write, and the reads that waited behind it.
        waiting.pop_front();
        origin.kind.answer(output);
        while waiting.front() == Some(&Kind::Get) {
            waiting.pop_front();
            Kind::Get.answer(output);
        }
    }

    fn send(&mut self, number: usize, packet: u8, origin: Origin) {
        let output = &mut self.streams[number].output;
        let end = output.len() + packet_bytes(packet, origin.kind);
        output.extend_from_slice(&[packet, origin.program, origin.client, origin.kind as u8]);
        output.resize(end, 0);
    }

    /// Appends what came in this turn.
    fn sync(&mut self) -> Result<()> {
        let (count, bytes) = std::mem::take(&mut self.unsynced);
        if count == 0 {
            return Ok(());
        }
        let records = vec![1; bytes];
        if self.log_at + records.len() > LOG_BYTES {
            self.log_at = 0;
        }
        self.log.write_all_at(&records, self.log_at as u64)?;
        self.log.sync_data()?;
        self.log_at += records.len();
        if self.me == 0 {
            self.durable[0] += count;
            self.commit();
        } else {
            for _ in 0..count {
                self.send(CLIENTS, ACK, NOBODY);
            }
        }
        Ok(())
    }

    /// False if a stream has ended.
    fn flush(&mut self) -> Result<bool> {
        for Stream { stream, output, .. } in &mut self.streams {
            if output.is_empty() {
                continue;
            }
            match stream.write_all(output) {
                Ok(()) => output.clear(),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                    ) =>
                {
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }
}
