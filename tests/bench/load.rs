//! The load: a closed loop of pipelined requests on several connections, all from one thread.

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use zabscope_core::base::rng::Rng;
use zabscope_core::base::{SessionId, Zxid};
use zabscope_core::proto::client::ToClient;
use zabscope_core::proto::connect::{ConnectRequest, ConnectResponse};
use zabscope_core::proto::data::Acl;
use zabscope_core::proto::frame::FrameBuffer;
use zabscope_core::proto::multi::MultiOp;
use zabscope_core::proto::reply::xid;
use zabscope_core::proto::request::{CreateMode, CreateOp, CreateRequest, Request, RequestHeader};
use zabscope_core::wire::{Decode, Encode, Writer};

/// Connections, spread evenly over the servers.
pub(crate) const CONNECTIONS: usize = 24;
/// Bytes of data in each create and set, and read by each get.
pub(crate) const DATA_BYTES: usize = 100;
/// Znodes that are set and read.
const KEYS: u64 = 1000;
/// Of ten mixed operations so many are reads.
pub(crate) const READS_OF_TEN: u64 = 7;
/// The longest that a stock server grants: the other ensemble is at work meanwhile.
const TIMEOUT_MS: i32 = 40_000;
/// Longest silence of all servers.
pub(crate) const SILENCE: Duration = Duration::from_secs(20);
const PARENT: &str = "/bench";
/// Deletes in one multi, when what was created is cleared away.
const DELETES: u64 = 200;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// New znodes.
    Create,
    /// Replaces data.
    Set,
    /// Reads data.
    Get,
    /// 70 % get, 30 % set.
    Mixed,
}

/// What was done, and in which time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    pub(crate) operations: u64,
    pub(crate) took: Duration,
}

/// Sessions at one ensemble.
#[derive(Debug)]
pub(crate) struct Load {
    poll: Poll,
    conns: Vec<Connection>,
    rng: Rng,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Connection {
    number: usize,
    stream: TcpStream,
    input: FrameBuffer,
    output: Vec<u8>,
    /// Numbers of the requests without an answer, oldest first.
    waiting: VecDeque<i32>,
    last_xid: i32,
    /// Znodes below the connection's own parent: named by their numbers from 1 on.
    created: u64,
}

impl Load {
    /// Connects, and makes what the requests need.
    pub(crate) fn start(servers: &[SocketAddr]) -> Result<Self> {
        let poll = Poll::new()?;
        let mut conns = Vec::new();
        for number in 0..CONNECTIONS {
            let mut conn = Connection::open(number, servers[number % servers.len()])?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut conn.stream, Token(number), interest)?;
            conns.push(conn);
        }
        let mut load = Self { poll, conns, rng: Rng::new(1), buffer: vec![0; 64 * 1024] };
        load.conns[0].ask(&create(PARENT));
        load.answers(&mut |_, _| ())?;
        for conn in &mut load.conns {
            let parent = conn.parent();
            conn.ask(&create(&parent));
        }
        load.answers(&mut |_, _| ())?;
        for key in 0..KEYS {
            load.conns[0].ask(&create(&key_path(key)));
        }
        load.answers(&mut |_, _| ())?;
        Ok(load)
    }

    /// Deletes what [`Self::run`] created, so that every phase begins on the same tree: else the
    /// ensemble that creates more in its time would work on a larger one from then on.
    pub(crate) fn clear(&mut self) -> Result<()> {
        loop {
            for conn in &mut self.conns {
                let last = conn.created;
                conn.created = last.saturating_sub(DELETES);
                let deletes: Vec<_> = (conn.created + 1..=last)
                    .map(|number| MultiOp::Delete { path: conn.child(number).into(), version: -1 })
                    .collect();
                if !deletes.is_empty() {
                    conn.ask(&Request::Multi(deletes));
                }
            }
            if self.answers(&mut |_, _| ())? == 0 {
                return Ok(());
            }
        }
    }

    /// Keeps `depth` requests on the way on each connection until the time is over, then waits
    /// for the last answers.
    pub(crate) fn run(&mut self, work: Work, depth: usize, time: Duration) -> Result<Done> {
        let started = Instant::now();
        let mut rng = self.rng.split();
        for conn in &mut self.conns {
            for _ in 0..depth {
                let request = request(work, conn, &mut rng);
                conn.ask(&request);
            }
        }
        let operations = self.answers(&mut |conn, now| {
            if now - started < time {
                let request = request(work, conn, &mut rng);
                conn.ask(&request);
            }
        })?;
        Ok(Done { operations, took: started.elapsed() })
    }

    /// Takes answers until none is missing; how many there were. `each` may ask further.
    fn answers(&mut self, each: &mut dyn FnMut(&mut Connection, Instant)) -> Result<u64> {
        let mut events = Events::with_capacity(CONNECTIONS);
        let mut count = 0;
        loop {
            for conn in &mut self.conns {
                conn.flush()?;
            }
            if self.conns.iter().all(|conn| conn.waiting.is_empty()) {
                return Ok(count);
            }
            self.poll.poll(&mut events, Some(SILENCE))?;
            ensure!(!events.is_empty(), "no answer in {SILENCE:?}");
            let now = Instant::now();
            for event in &events {
                let conn = &mut self.conns[event.token().0];
                conn.read(&mut self.buffer)?;
                while conn.take_answer()? {
                    count += 1;
                    each(conn, now);
                }
            }
        }
    }
}

fn request(work: Work, conn: &mut Connection, rng: &mut Rng) -> Request {
    match work {
        Work::Create => {
            conn.created += 1;
            create(&conn.child(conn.created))
        }
        Work::Mixed if rng.below(10) >= READS_OF_TEN => request(Work::Set, conn, rng),
        Work::Set => {
            let data = Some(vec![b's'; DATA_BYTES].into());
            Request::SetData { path: key_path(rng.below(KEYS)).into(), data, version: -1 }
        }
        Work::Get | Work::Mixed => {
            Request::GetData { path: key_path(rng.below(KEYS)).into(), watch: false }
        }
    }
}

fn key_path(key: u64) -> String {
    format!("{PARENT}/key-{key:04}")
}

fn create(path: &str) -> Request {
    Request::Create(CreateRequest {
        kind: CreateOp::Create,
        path: path.into(),
        data: Some(vec![b'c'; DATA_BYTES].into()),
        acl: Some(Acl::open()),
        flags: CreateMode::Persistent as i32,
    })
}

/// Opens a connection and a session on it.
pub(crate) fn open_session(
    server: SocketAddr,
    timeout_ms: i32,
    patience: Duration,
) -> Result<std::net::TcpStream> {
    let mut stream = std::net::TcpStream::connect_timeout(&server, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    let hello = ConnectRequest {
        protocol_version: 0,
        last_zxid_seen: Zxid(0),
        timeout_ms,
        session: SessionId(0),
        password: Some(vec![0; 16].into()),
        read_only: Some(false),
    };
    stream.write_all(&framed(|out| hello.encode(out)))?;
    let answer = ConnectResponse::from_bytes(read_frame(&mut stream)?.into())?;
    ensure!(answer.timeout_ms > 0, "the session was refused");
    Ok(stream)
}

/// Creates a znode with a number behind its name and waits for the answer.
pub(crate) fn write_once(stream: &mut std::net::TcpStream, name: &str) -> Result<()> {
    let request = Request::Create(CreateRequest {
        kind: CreateOp::Create,
        path: name.into(),
        data: None,
        acl: Some(Acl::open()),
        flags: CreateMode::PersistentSequential as i32,
    });
    stream.write_all(&framed(|out| encode(&request, 1, out)))?;
    match ToClient::decode(read_frame(stream)?.into(), false)? {
        ToClient::Reply { header, .. } if header.xid == 1 && header.err == 0 => Ok(()),
        other => bail!("not the answer to create: {other:?}"),
    }
}

fn read_frame(stream: &mut std::net::TcpStream) -> Result<Vec<u8>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let mut frame = vec![0; u32::from_be_bytes(head).try_into()?];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

fn framed(encode: impl FnOnce(&mut Writer)) -> Vec<u8> {
    append_frame(Vec::new(), encode)
}

fn append_frame(output: Vec<u8>, encode: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut out = Writer::append_to(output);
    let start = out.begin_frame();
    encode(&mut out);
    out.end_frame(start);
    out.into_vec()
}

fn encode(request: &Request, xid: i32, out: &mut Writer) {
    RequestHeader { xid, op: request.op() }.encode(out);
    request.encode(out);
}

impl Connection {
    fn open(number: usize, server: SocketAddr) -> Result<Self> {
        let stream = open_session(server, TIMEOUT_MS, SILENCE)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            number,
            stream: TcpStream::from_std(stream),
            input: FrameBuffer::client(),
            output: Vec::new(),
            waiting: VecDeque::new(),
            last_xid: 0,
            created: 0,
        })
    }

    /// The znode below which it creates.
    fn parent(&self) -> String {
        format!("{PARENT}/{}", self.number)
    }

    fn child(&self, number: u64) -> String {
        format!("{}/{number:08}", self.parent())
    }

    fn ask(&mut self, request: &Request) {
        self.last_xid = if self.last_xid == i32::MAX { 1 } else { self.last_xid + 1 };
        let output = std::mem::take(&mut self.output);
        self.output = append_frame(output, |out| encode(request, self.last_xid, out));
        self.waiting.push_back(self.last_xid);
    }

    fn flush(&mut self) -> Result<()> {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(count) => drop(self.output.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("a connection broke"),
            }
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<()> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => bail!("a server closed connection {}", self.number),
                Ok(count) => {
                    self.input.push(&buffer[..count]);
                    if count < buffer.len() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("a connection broke"),
            }
        }
    }

    /// The next answer, which must be the one to the oldest request, and a success.
    fn take_answer(&mut self) -> Result<bool> {
        let Some(frame) = self.input.next_frame()? else { return Ok(false) };
        let ToClient::Reply { header, .. } = ToClient::decode(frame, false)? else {
            bail!("an event without a watch")
        };
        ensure!(header.xid != xid::EVENT && header.err == 0, "refused: error {}", header.err);
        let asked = self.waiting.pop_front().context("an answer without a request")?;
        ensure!(header.xid == asked, "answer {} to request {asked}", header.xid);
        Ok(true)
    }
}
