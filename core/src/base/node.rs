//! The contract between a state machine and its driver.
//!
//! 1. One thread owns a node. Feed one event, perform all effects in order, feed the next.
//! 2. Per link, sends keep their order; after [`Event::Unlinked`] nothing of the old stream
//!    arrives. TCP gives that, and so does the simulated wire: it loses the tail of a cut stream
//!    and nothing in the middle.
//! 3. [`Effect::Persist`] is FIFO. Each is answered by one [`Event::Durable`], in the same order,
//!    after its bytes would survive a power cut.
//! 4. No effect is unsafe to perform early or late with respect to another one. When a message
//!    must wait for the disk, the node waits for `Durable` and only then emits `Send`. The driver
//!    needs to know no rule about that.
//! 5. [`Effect::SetTimer`] replaces; a fired or cancelled timer is gone. An early, late or extra
//!    timer may cost liveness, never safety.
//! 6. [`Effect::Job`] is disk work beside the FIFO (reading the log, writing a background
//!    snapshot), started when all writes persisted before it are durable; each is answered by
//!    one [`Event::Done`]. Writes persisted after it need not wait for it.
//! 7. [`Effect::Note`] has no meaning to the machine. Drivers print it, draw it, count it.

use super::{Conn, Millis, Sid};
use alloc::vec::Vec;
use core::fmt::Debug;

/// Both clocks, read once by the driver for each step. Only time stamps and latencies use them:
/// timers are effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Monotonic clock of this node.
    pub mono: Millis,
    /// Wall clock of this node, milliseconds since 1970.
    pub wall_ms: i64,
}

/// One reliable FIFO stream, as its owner names it. A new `Linked` is a new stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// Between two servers, for notifications.
    Election(Sid),
    /// Between a learner and its leader; `Sid` is the other side.
    Quorum(Sid),
    /// A server's end of a client connection.
    Client(Conn),
    /// A client's end of a connection to this server.
    Server(Sid),
}

/// What only the driver knows about a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// It answers a `Connect` of this node; otherwise the other end asked for it.
    pub dialled: bool,
    /// Address of the other end, if there is one. The driver gives that of an IPv4 client as IPv4 at
    /// an IPv6 port too: ACLs name it so.
    pub ip: Option<core::net::IpAddr>,
}

/// A deterministic state machine: servers, clients, and compositions of them.
pub trait Node: Sized + Clone + Debug {
    /// What the node is told once, at boot.
    type Config: Clone + Debug;
    /// What travels on its links.
    type Msg: Clone + Debug + PartialEq;
    /// Names of its timers.
    type Timer: Copy + Debug + Ord;
    /// One write to its disk.
    type Write: Clone + Debug;
    /// Names durable content ("log up to e5.c12").
    type Mark: Clone + Debug + PartialEq;
    /// Disk work beside the FIFO of writes.
    type Job: Clone + Debug;
    /// The answer to a `Job`.
    type Done: Clone + Debug;
    /// What a restarted process finds on its disk.
    type Recovered: Clone + Debug;
    /// A simulated disk; `keep` is the only way it changes.
    type Disk: Clone + Debug + Default;
    /// An order from outside: a person, a script, a program.
    type Call: Clone + Debug;
    /// The answer to a `Call`.
    type Reply: Clone + Debug;
    /// A fact for people.
    type Note: Clone + Debug;

    /// A fresh process on what its disk holds.
    fn boot(config: &Self::Config, recovered: Self::Recovered) -> Self;
    /// One event in, effects appended to `out`.
    fn step(&mut self, now: Now, event: Event<Self>, out: &mut Vec<Effect<Self>>);
    /// Puts one write on a simulated disk.
    fn keep(disk: &mut Self::Disk, write: Self::Write) -> Self::Mark;
    /// The mark that a write will report, without performing it.
    fn mark(write: &Self::Write) -> Self::Mark;
    /// Does a job on a simulated disk.
    fn work(disk: &mut Self::Disk, job: Self::Job) -> Self::Done;
    /// What a process started on this simulated disk finds.
    fn recover(config: &Self::Config, disk: &Self::Disk) -> Self::Recovered;
    /// About how many bytes a copy of this simulated disk takes, without what copies share; 0 where
    /// disks stay small.
    fn disk_bytes(_disk: &Self::Disk) -> u64 {
        0
    }
}

/// What happens to a node.
#[derive(Clone, Debug)]
pub enum Event<N: Node> {
    /// First event after `boot`.
    Start,
    /// A timer fired.
    Timer(N::Timer),
    /// A stream is open; [`Origin::dialled`] says who asked for it.
    Linked(Link, Origin),
    /// A stream ended, or could not be opened.
    Unlinked(Link),
    /// A message came.
    Received(Link, N::Msg),
    /// A write is durable.
    Durable(N::Mark),
    /// A job is done.
    Done(N::Done),
    /// An order from outside.
    Call(N::Call),
}

/// What a node wants done.
#[derive(Clone, Debug)]
pub enum Effect<N: Node> {
    /// Fire this timer after the delay; replaces an earlier setting.
    SetTimer(N::Timer, Millis),
    /// Forget this timer.
    CancelTimer(N::Timer),
    /// Open a stream. Answered by `Linked` or `Unlinked`.
    Connect(Link),
    /// Close a stream after what was sent. No `Unlinked` follows for it.
    Hangup(Link),
    /// Send a message; dropped if the stream is gone.
    Send(Link, N::Msg),
    /// Write to disk. FIFO, answered by `Durable` in the same order.
    Persist(N::Write),
    /// Work of the disk beside the FIFO, answered by `Done`.
    Job(N::Job),
    /// Stop reading from this stream until `Resume`.
    Pause(Link),
    /// Read from this stream again.
    Resume(Link),
    /// Answer a `Call`.
    Reply(N::Reply),
    /// A fact for people; no code may read it back.
    Note(N::Note),
    /// The process must end: its disk or its history cannot be trusted.
    Halt(&'static str),
}
