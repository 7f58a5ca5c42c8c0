//! The simulated network: reliable FIFO streams between nodes, with TCP's manners and no clock.
//!
//! A stream has two [`End`]s, each named as its owner names it: server 1's `Quorum(3)` and server
//! 3's `Quorum(1)`, client 7's `Server(2)` and server 2's `Client(conn)`. What travels towards an
//! end waits in that end's queue as [`Item`]s; delivering the front of a queue is the only way it
//! gets shorter, except for a break. A stream that follows another one under the same name uses
//! the same queues, so it cannot overtake what the old one still has under way; each item says
//! which stream it belongs to.
//!
//! Rules:
//!
//! * `Connect` sends a SYN. A node that runs answers with a SYN-ACK and both ends are told
//!   `Linked`, each when its packet arrives. A node that is down refuses with a FIN. A link that
//!   the other node does not want is linked first; hanging up is that node's business.
//! * Crossing connects (both ends opening): the one of the larger node wins, as
//!   `QuorumCnxManager` does it for election connections; the other SYN is ignored on arrival.
//! * A packet that finds no stream is answered with a FIN, as TCP answers with RST. That ends
//!   half-open streams as soon as somebody uses them.
//! * While a direction between two nodes is cut, nothing in it is delivered and nothing is lost:
//!   TCP would repeat it. Streams stay up until a protocol timeout, a break or a reset ends them.
//! * A *break* loses all that is under way between two nodes and tells every end ([`Wire::Reset`],
//!   which needs no network and so passes cuts). A *reset* ends one end only: half-open.
//! * A process that dies leaves what it sent; a FIN follows. Power loss takes that away too.

use crate::base::limits::SIM_IN_FLIGHT_MAX;
use crate::base::{Conn, Link, Map, NodeId, Set};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

/// One end of a stream: a node and its name for the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    /// The owner.
    pub node: NodeId,
    /// The owner's name for the stream.
    pub link: Link,
}

impl End {
    /// The end of `node` that it calls `link`.
    #[must_use]
    pub const fn new(node: NodeId, link: Link) -> Self {
        Self { node, link }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.link {
            Link::Election(sid) => write!(f, "{}.election({sid})", self.node),
            Link::Quorum(sid) => write!(f, "{}.quorum({sid})", self.node),
            Link::Client(conn) => write!(f, "{}.client({})", self.node, conn.0),
            Link::Server(sid) => write!(f, "{}.server({sid})", self.node),
        }
    }
}

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire<M> {
    /// Asks for a stream.
    Syn,
    /// Grants it.
    SynAck,
    /// A message of the node.
    Data(M),
    /// The other end is gone, or did not want the stream.
    Fin,
    /// The stream broke: the owner's own system says so, without the network.
    Reset,
}

/// One thing under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<M> {
    /// Unique and increasing in the order of sending, over the whole world.
    pub id: u64,
    /// The stream it belongs to.
    pub stream: u64,
    /// Who sent it.
    pub from: End,
    /// Where it arrives.
    pub to: End,
    /// What it is.
    pub wire: Wire<M>,
}

/// Where an item went, without the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The item.
    pub id: u64,
    /// Who sent it.
    pub from: End,
    /// The queue it is in.
    pub to: End,
}

/// What the delivery of an item means for its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival<M> {
    /// A stream is open.
    Linked {
        /// The receiver's name for it.
        link: Link,
        /// The receiver asked for it.
        dialled: bool,
    },
    /// A stream ended.
    Unlinked(Link),
    /// A message came.
    Received(Link, M),
    /// Nobody there, or not for any stream that still exists.
    Lost,
}

/// State of one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// The stream; numbers are never used again.
    pub stream: u64,
    /// The other end.
    pub peer: End,
    /// False while the SYN-ACK is awaited.
    pub open: bool,
    /// The owner does not read.
    pub paused: bool,
}

/// All streams.
#[derive(Clone, Debug)]
pub struct Network<M> {
    sockets: Map<End, Socket>,
    queues: Map<End, VecDeque<Item<M>>>,
    cuts: Set<(NodeId, NodeId)>,
    next_item: u64,
    next_stream: u64,
    next_conn: u64,
}

impl<M> Default for Network<M> {
    fn default() -> Self {
        Self {
            sockets: Map::new(),
            queues: Map::new(),
            cuts: Set::new(),
            next_item: 1,
            next_stream: 1,
            next_conn: 1,
        }
    }
}

impl<M> Network<M> {
    /// The ends that exist.
    pub const fn sockets(&self) -> &Map<End, Socket> {
        &self.sockets
    }

    /// What is under way to each end, in the order of delivery. No queue is empty.
    pub const fn queues(&self) -> &Map<End, VecDeque<Item<M>>> {
        &self.queues
    }

    /// The directions in which nothing passes: (from, to).
    pub const fn cuts(&self) -> &Set<(NodeId, NodeId)> {
        &self.cuts
    }

    /// The item with this id on its way to `to`.
    pub fn item(&self, to: End, id: u64) -> Option<&Item<M>> {
        let queue = self.queues.get(&to)?;
        let found = queue.binary_search_by_key(&id, |item| item.id).ok()?;
        queue.get(found)
    }

    /// The next item for `to`.
    pub fn head(&self, to: End) -> Option<&Item<M>> {
        self.queues.get(&to)?.front()
    }

    /// True if the next item for `to` may arrive: no cut and no pause stops it.
    pub fn deliverable(&self, to: End) -> bool {
        let Some(head) = self.head(to) else { return false };
        if matches!(head.wire, Wire::Reset) {
            return true;
        }
        let paused = self.socket_of(to, head.stream).is_some_and(|socket| socket.paused);
        !paused && !self.cuts.contains(&(head.from.node, to.node))
    }

    /// Starts or ends a cut. False if nothing changed.
    pub fn set_cut(&mut self, from: NodeId, to: NodeId, cut: bool) -> bool {
        if cut { from != to && self.cuts.insert((from, to)) } else { self.cuts.remove(&(from, to)) }
    }

    /// Opens a stream, unless the end exists. True if a SYN is under way because of it.
    ///
    /// A link that names no other node (oneself, or a server's `Client`) ends with a reset.
    pub fn connect(&mut self, from: End, posted: &mut Vec<Posted>) -> bool {
        if self.sockets.contains_key(&from) {
            return false;
        }
        let peer = self.other_end(from);
        let stream = self.next_stream;
        self.next_stream += 1;
        let socket = Socket { stream, peer: peer.unwrap_or(from), open: false, paused: false };
        self.sockets.insert(from, socket);
        match peer {
            Some(peer) => self.post(from, peer, stream, Wire::Syn, posted),
            None => self.post(from, from, stream, Wire::Reset, posted),
        }
        peer.is_some()
    }

    /// Closes an end after what was sent.
    pub fn hang_up(&mut self, end: End, posted: &mut Vec<Posted>) {
        if let Some(socket) = self.sockets.remove(&end) {
            self.post(end, socket.peer, socket.stream, Wire::Fin, posted);
        }
    }

    /// Sends on an open end. False if there is none, or if too much was under way already: then
    /// the stream breaks.
    pub fn send(&mut self, from: End, message: M, posted: &mut Vec<Posted>) -> bool {
        let Some(socket) = self.sockets.get(&from).filter(|socket| socket.open) else {
            return false;
        };
        let (peer, stream) = (socket.peer, socket.stream);
        if self.queues.get(&peer).is_some_and(|queue| queue.len() >= SIM_IN_FLIGHT_MAX) {
            self.sever(from, peer, stream, posted);
            return false;
        }
        self.post(from, peer, stream, Wire::Data(message), posted);
        true
    }

    /// Stops or goes on reading. True if reading goes on because of it.
    pub fn set_paused(&mut self, end: End, paused: bool) -> bool {
        let Some(socket) = self.sockets.get_mut(&end) else { return false };
        let was = core::mem::replace(&mut socket.paused, paused);
        was && !paused
    }

    /// Delivers the next item for `to`, which must be deliverable; `up` says whether the owner
    /// runs. `None` if nothing is deliverable.
    ///
    /// A SYN that finds the end of an older stream first ends that one and stays at the front.
    pub fn deliver(
        &mut self,
        to: End,
        up: bool,
        posted: &mut Vec<Posted>,
    ) -> Option<(Item<()>, Arrival<M>)> {
        if !self.deliverable(to) {
            return None;
        }
        let head = self.head(to)?;
        let (stream, from) = (head.stream, head.from);
        if matches!(head.wire, Wire::Syn) && up && self.superseded(to) {
            let label = Item { id: head.id, stream, from, to, wire: Wire::Syn };
            self.sockets.remove(&to);
            return Some((label, Arrival::Unlinked(to.link)));
        }
        let item = self.pop(to)?;
        let label = |wire| Item { id: item.id, stream, from, to, wire };
        Some(match item.wire {
            Wire::Syn => (label(Wire::Syn), self.accept(to, from, stream, up, posted)),
            Wire::SynAck => {
                let arrival = match self.sockets.get_mut(&to) {
                    Some(socket) if socket.stream == stream && !socket.open => {
                        socket.open = true;
                        Arrival::Linked { link: to.link, dialled: true }
                    }
                    Some(_) | None => self.stray(to, from, stream, posted),
                };
                (label(Wire::SynAck), arrival)
            }
            Wire::Data(message) => {
                let arrival = match self.socket_of(to, stream) {
                    Some(_) => Arrival::Received(to.link, message),
                    None => self.stray(to, from, stream, posted),
                };
                (label(Wire::Data(())), arrival)
            }
            Wire::Fin => (label(Wire::Fin), self.finish(to, stream)),
            Wire::Reset => (label(Wire::Reset), self.finish(to, stream)),
        })
    }

    /// Ends one end without the other knowing; what it sent and what has not arrived is lost.
    /// False if there is no such end.
    pub fn reset(&mut self, end: End, posted: &mut Vec<Posted>) -> bool {
        let Some(socket) = self.sockets.remove(&end) else { return false };
        self.purge(socket.peer, |item| item.stream == socket.stream && item.from == end);
        self.refuse_waiting(|peer| peer == end, posted);
        true
    }

    /// Breaks every stream between two nodes. False if there is none.
    pub fn break_between(&mut self, a: NodeId, b: NodeId, posted: &mut Vec<Posted>) -> bool {
        let between = |one: NodeId, other: NodeId| (one, other) == (a, b) || (one, other) == (b, a);
        let before = self.next_item;
        let busy: Vec<End> = self.queues.keys().copied().collect();
        let mut lost = false;
        for to in busy {
            lost |= self.purge(to, |item| between(item.from.node, item.to.node));
        }
        let broken: Vec<(End, Socket)> = self
            .sockets
            .iter()
            .filter(|(end, socket)| between(end.node, socket.peer.node))
            .map(|(end, socket)| (*end, *socket))
            .collect();
        for (end, socket) in broken {
            self.post(socket.peer, end, socket.stream, Wire::Reset, posted);
        }
        lost || self.next_item != before
    }

    /// Ends all streams of a node whose process is gone.
    pub fn process_gone(&mut self, node: NodeId, power_lost: bool, posted: &mut Vec<Posted>) {
        let busy: Vec<End> = self.queues.keys().copied().collect();
        for to in busy {
            // A SYN on its way here may find the next process.
            self.purge(to, |item| {
                (item.to.node == node && !matches!(item.wire, Wire::Syn))
                    || (power_lost && item.from.node == node)
            });
        }
        let own: Vec<(End, Socket)> = self
            .sockets
            .iter()
            .filter(|(end, _)| end.node == node)
            .map(|(end, socket)| (*end, *socket))
            .collect();
        for (end, socket) in own {
            self.sockets.remove(&end);
            if self.knows(socket.peer, socket.stream) {
                self.post(end, socket.peer, socket.stream, Wire::Fin, posted);
            }
        }
        self.refuse_waiting(|peer| peer.node == node, posted);
    }

    /// Answers the openers whose SYN is not under way any more and whom nobody else will answer:
    /// it crossed another one that is lost, or its SYN-ACK is.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn refuse_waiting(&mut self, gone: impl Fn(End) -> bool, posted: &mut Vec<Posted>) {
        let waiting: Vec<(End, Socket)> = self
            .sockets
            .iter()
            .filter(|(end, socket)| {
                !socket.open
                    && gone(socket.peer)
                    && !self.in_flight(socket.peer, socket.stream)
                    && !self.in_flight(**end, socket.stream)
            })
            .map(|(end, socket)| (*end, *socket))
            .collect();
        for (end, socket) in waiting {
            self.post(socket.peer, end, socket.stream, Wire::Fin, posted);
        }
    }

    /// The other end of the stream that `from` would open.
    fn other_end(&mut self, from: End) -> Option<End> {
        match (from.node, from.link) {
            (NodeId::Server(me), Link::Election(sid)) if me != sid => {
                Some(End::new(NodeId::Server(sid), Link::Election(me)))
            }
            (NodeId::Server(me), Link::Quorum(sid)) if me != sid => {
                Some(End::new(NodeId::Server(sid), Link::Quorum(me)))
            }
            (NodeId::Client(_), Link::Server(sid)) => {
                let conn = Conn(self.next_conn);
                self.next_conn += 1;
                Some(End::new(NodeId::Server(sid), Link::Client(conn)))
            }
            (NodeId::Server(_) | NodeId::Client(_), _) => None,
        }
    }

    /// True if the SYN at the front for `to` finds an end that is not merely crossing it.
    fn superseded(&self, to: End) -> bool {
        self.sockets.get(&to).is_some_and(|socket| socket.open)
    }

    fn accept(
        &mut self,
        to: End,
        from: End,
        stream: u64,
        up: bool,
        posted: &mut Vec<Posted>,
    ) -> Arrival<M> {
        if !up {
            return self.stray(to, from, stream, posted);
        }
        if self.sockets.contains_key(&to) && to.node > from.node {
            return Arrival::Lost;
        }
        self.sockets.insert(to, Socket { stream, peer: from, open: true, paused: false });
        self.post(to, from, stream, Wire::SynAck, posted);
        Arrival::Linked { link: to.link, dialled: false }
    }

    /// Answers a packet of a stream that does not exist here, if that is news to its sender.
    fn stray(&mut self, to: End, from: End, stream: u64, posted: &mut Vec<Posted>) -> Arrival<M> {
        if self.socket_of(from, stream).is_some() && !self.ends_soon(from, stream) {
            self.post(to, from, stream, Wire::Fin, posted);
        }
        Arrival::Lost
    }

    fn finish(&mut self, to: End, stream: u64) -> Arrival<M> {
        if self.socket_of(to, stream).is_none() {
            return Arrival::Lost;
        }
        self.sockets.remove(&to);
        Arrival::Unlinked(to.link)
    }

    fn sever(&mut self, a: End, b: End, stream: u64, posted: &mut Vec<Posted>) {
        for (end, peer) in [(a, b), (b, a)] {
            self.purge(end, |item| item.stream == stream);
            if self.socket_of(end, stream).is_some() {
                self.post(peer, end, stream, Wire::Reset, posted);
            }
        }
    }

    fn socket_of(&self, end: End, stream: u64) -> Option<&Socket> {
        self.sockets.get(&end).filter(|socket| socket.stream == stream)
    }

    fn in_flight(&self, to: End, stream: u64) -> bool {
        self.queues.get(&to).is_some_and(|queue| queue.iter().any(|item| item.stream == stream))
    }

    /// True if `end` has the stream, or will hear of it.
    fn knows(&self, end: End, stream: u64) -> bool {
        self.socket_of(end, stream).is_some() || self.in_flight(end, stream)
    }

    /// True if the end of the stream is under way to `end`.
    fn ends_soon(&self, end: End, stream: u64) -> bool {
        self.queues.get(&end).is_some_and(|queue| {
            queue
                .iter()
                .any(|item| item.stream == stream && matches!(item.wire, Wire::Fin | Wire::Reset))
        })
    }

    fn post(&mut self, from: End, to: End, stream: u64, wire: Wire<M>, posted: &mut Vec<Posted>) {
        let id = self.next_item;
        self.next_item += 1;
        let queue = self.queues.get_or_insert(to, VecDeque::new());
        queue.push_back(Item { id, stream, from, to, wire });
        posted.push(Posted { id, from, to });
    }

    fn pop(&mut self, to: End) -> Option<Item<M>> {
        let queue = self.queues.get_mut(&to)?;
        let item = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&to);
        }
        item
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn purge(&mut self, to: End, lost: impl Fn(&Item<M>) -> bool) -> bool {
        let Some(queue) = self.queues.get_mut(&to) else { return false };
        let before = queue.len();
        queue.retain(|item| !lost(item));
        let changed = queue.len() != before;
        if queue.is_empty() {
            self.queues.remove(&to);
        }
        changed
    }
}
