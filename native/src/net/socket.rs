//! A non-blocking socket with its output queue.
//!
//! Output is gathered over a turn and written once: a write for each message costs several times
//! as much as all the rest of a request.

use mio::net::TcpStream;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use zabscope_core::tree::SnapshotChunks;
use zabscope_core::wire::Writer;

/// A client with so many unsent bytes is not read from.
const UNSENT_STALL_BYTES: usize = 1024 * 1024;
/// Bytes read at a time.
pub const READ_BYTES: usize = 64 * 1024;
/// Buffers kept for later output, of all sockets together.
const SPARE_BUFFERS_MAX: usize = 32;
/// Larger ones are given back to the system.
const SPARE_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// A snapshot is encoded only as far ahead as this.
const SNAPSHOT_AHEAD_BYTES: usize = 256 * 1024;

/// Output buffers that were sent, kept for the next ones: a buffer that grows from nothing in every
/// turn costs as much as the rest of a small turn.
#[derive(Debug, Default)]
pub struct Spare(Vec<Vec<u8>>);

impl Spare {
    fn take(&mut self) -> Vec<u8> {
        self.0.pop().unwrap_or_default()
    }

    fn put(&mut self, mut bytes: Vec<u8>) {
        if self.0.len() < SPARE_BUFFERS_MAX && bytes.capacity() <= SPARE_BUFFER_BYTES_MAX {
            bytes.clear();
            self.0.push(bytes);
        }
    }
}

/// A stream and what waits to be sent on it.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    queue: VecDeque<Part>,
    sent: usize,
    unsent: usize,
    /// So many of the unsent bytes, the oldest, are no fault of the peer.
    excused: usize,
    /// The peer sends nothing behind what is there.
    ended: bool,
    /// Close it once everything is sent.
    closing: bool,
    /// The last write could not take everything: a writable event will come.
    blocked: bool,
}

#[derive(Debug)]
enum Part {
    Bytes(Vec<u8>),
    /// A version of the tree, encoded as the peer takes it.
    Snapshot(Box<SnapshotChunks>),
}

/// What a read or a write found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More may be there.
    More,
    /// Nothing now.
    Idle,
    /// The stream is over.
    Closed,
}

impl Socket {
    /// A socket that is connected, or connecting.
    pub fn new(stream: TcpStream) -> Self {
        // Answers are small and wanted at once.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            queue: VecDeque::new(),
            sent: 0,
            unsent: 0,
            excused: 0,
            ended: false,
            closing: false,
            blocked: false,
        }
    }

    /// The stream, for registration.
    pub const fn stream_mut(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// The other end's address; that of an IPv4 client is IPv4 at an IPv6 port too.
    pub fn peer(&self) -> Option<std::net::SocketAddr> {
        let address = self.stream.peer_addr().ok()?;
        Some(std::net::SocketAddr::new(address.ip().to_canonical(), address.port()))
    }

    /// Has an opening stream been accepted? `Err`: it has failed.
    pub fn connected(&self) -> io::Result<bool> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads once into `buffer`; how many bytes came.
    pub fn read(&mut self, buffer: &mut [u8]) -> (usize, Progress) {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return (0, Progress::Closed),
                // A short read means that the socket is empty for now, and an event will come. Not
                // after the end: its event came with these bytes, and it is found by reading on.
                Ok(count) if count < buffer.len() && !self.ended => {
                    return (count, Progress::Idle);
                }
                Ok(count) => return (count, Progress::More),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return (0, Progress::Idle),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return (0, Progress::Closed),
            }
        }
    }

    /// Appends to the output; it goes out with the next [`Self::flush`]. Returns how many bytes.
    pub fn append(&mut self, spare: &mut Spare, encode: impl FnOnce(&mut Writer)) -> usize {
        let buffer = match self.queue.pop_back() {
            Some(Part::Bytes(bytes)) => bytes,
            Some(snapshot) => {
                self.queue.push_back(snapshot);
                spare.take()
            }
            None => spare.take(),
        };
        let before = buffer.len();
        let mut writer = Writer::append_to(buffer);
        encode(&mut writer);
        let bytes = writer.len() - before;
        self.unsent += bytes;
        self.queue.push_back(Part::Bytes(writer.into_vec()));
        bytes
    }

    /// Appends a snapshot, which is encoded while it is sent.
    pub fn append_snapshot(&mut self, chunks: SnapshotChunks) {
        self.queue.push_back(Part::Snapshot(Box::new(chunks)));
    }

    /// True if the peer should take what there is before more is made for it.
    pub const fn is_behind(&self) -> bool {
        self.unsent > UNSENT_STALL_BYTES
    }

    /// Bytes that the peer should have taken by now and has not.
    pub const fn overdue_bytes(&self) -> usize {
        self.unsent.saturating_sub(self.excused)
    }

    /// What waits now was made all at once: that it waits does not speak against the peer.
    pub const fn excuse(&mut self) {
        self.excused = self.unsent;
    }

    /// The system says that nothing comes behind the input that is there.
    pub const fn input_ends(&mut self) {
        self.ended = true;
    }

    /// Nothing more is appended: close when everything is sent.
    pub const fn close_when_sent(&mut self) {
        self.closing = true;
    }

    /// True if it only waits for its output.
    pub const fn is_closing(&self) -> bool {
        self.closing
    }

    /// A writable event came.
    pub const fn unblock(&mut self) {
        self.blocked = false;
    }

    /// Writes what is there. `Closed` also when it was to be closed and everything is sent.
    pub fn flush(&mut self, spare: &mut Spare) -> Progress {
        if self.blocked {
            return Progress::Idle;
        }
        while let Some(front) = self.queue.front_mut() {
            if let Part::Snapshot(_) = front {
                self.encode_ahead();
                continue;
            }
            let Part::Bytes(bytes) = front else { break };
            if self.sent == bytes.len() {
                spare.put(std::mem::take(bytes));
                self.queue.pop_front();
                self.sent = 0;
                continue;
            }
            match self.stream.write(&bytes[self.sent..]) {
                Ok(0) => return Progress::Closed,
                Ok(count) => {
                    self.sent += count;
                    self.unsent = self.unsent.saturating_sub(count);
                    self.excused = self.excused.saturating_sub(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.blocked = true;
                    return Progress::Idle;
                }
                Err(error) if error.kind() == ErrorKind::NotConnected => return Progress::Idle,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Progress::Closed,
            }
        }
        if self.closing {
            let _ = self.stream.shutdown(std::net::Shutdown::Write);
            return Progress::Closed;
        }
        Progress::Idle
    }

    /// Turns the beginning of a snapshot at the head of the queue into bytes.
    fn encode_ahead(&mut self) {
        let Some(Part::Snapshot(mut chunks)) = self.queue.pop_front() else { return };
        let mut bytes = Vec::new();
        let mut more = false;
        for chunk in chunks.by_ref() {
            bytes.extend_from_slice(&chunk);
            if bytes.len() >= SNAPSHOT_AHEAD_BYTES {
                more = true;
                break;
            }
        }
        if more {
            self.queue.push_front(Part::Snapshot(chunks));
        }
        self.unsent += bytes.len();
        self.excused += bytes.len();
        self.sent = 0;
        self.queue.push_front(Part::Bytes(bytes));
    }
}
