//! What can happen in a world, and what a step leaves to be done.

use super::network::{End, Item, Posted};
use crate::base::{Effect, Millis, Node, NodeId};
use alloc::vec::Vec;

/// How many of the writes that are not durable yet reach the disk when a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// All of them: the process died, the page cache survives.
    All,
    /// The first so many: the power failed. What the node had sent is lost as well.
    First(u32),
}

impl Kept {
    /// Power loss in its worst form: nothing that was not durable is kept.
    pub const NONE: Self = Self::First(0);
}

/// One thing that happens. Each steps at most one node.
#[derive(Clone, Debug)]
pub enum Action<N: Node> {
    /// A process starts on its disk.
    Start(NodeId),
    /// The next item on its way to this end arrives.
    Deliver(End),
    /// The oldest pending write of this node becomes durable.
    Flush(NodeId),
    /// The oldest job of this node is done.
    Work(NodeId),
    /// An armed timer fires, whatever the clock says.
    Fire(NodeId, N::Timer),
    /// An order from outside.
    Call(NodeId, N::Call),
    /// A process ends.
    Crash {
        /// Whose.
        node: NodeId,
        /// What its disk keeps.
        kept: Kept,
    },
    /// All streams between two nodes break; both are told.
    Break(NodeId, NodeId),
    /// The system of one node gives a stream up; the other end is not told.
    Reset(End),
    /// Nothing passes from the first to the second any more.
    Cut(NodeId, NodeId),
    /// It passes again.
    Heal(NodeId, NodeId),
}

impl<N: Node> Action<N> {
    /// The node it steps or ends, if it is about one.
    pub const fn node(&self) -> Option<NodeId> {
        match self {
            Self::Start(node)
            | Self::Flush(node)
            | Self::Work(node)
            | Self::Fire(node, _)
            | Self::Call(node, _)
            | Self::Crash { node, .. } => Some(*node),
            Self::Deliver(end) | Self::Reset(end) => Some(end.node),
            Self::Break(..) | Self::Cut(..) | Self::Heal(..) => None,
        }
    }
}

/// Work that a step created, for a scheduler to put a time on. A checker ignores it and asks
/// [`super::World::enabled`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due<T> {
    /// An item is under way.
    Deliver(Posted),
    /// A write waits; ids increase.
    Flush(NodeId, u64),
    /// A job waits; ids increase.
    Work(NodeId, u64),
    /// A timer is armed; an earlier setting of it is void.
    Fire(NodeId, T, Millis),
    /// A SYN was sent for this stream; after some time its opener gives up.
    Opening(End, u64),
    /// An end reads again.
    Resumed(End),
}

/// Something that must not happen in a run of a sound node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process said that its disk or its history cannot be trusted.
    Halt(NodeId, &'static str),
    /// The queue of a disk is longer than `SIM_DISK_QUEUE_MAX`; the process was ended.
    DiskQueue(NodeId),
    /// A message that was sent did not pass the check of messages.
    Message(NodeId, alloc::string::String),
}

/// What one action did. Reused from step to step: `apply` clears it first.
#[derive(Clone, Debug)]
pub struct Outcome<N: Node> {
    /// For a scheduler.
    pub due: Vec<Due<N::Timer>>,
    /// What the node asked for, in order, including its notes and replies.
    pub effects: Vec<Effect<N>>,
    /// What was sent, by the node or by the world for it, in order.
    pub posted: Vec<Posted>,
    /// What a `Deliver` took from the wire, without the message.
    pub arrived: Option<Item<()>>,
    /// True if it arrived at nobody.
    pub lost: bool,
    /// Messages that were sent on a link that is not open.
    pub unsent: u32,
    /// What must not happen.
    pub faults: Vec<Fault>,
}

impl<N: Node> Default for Outcome<N> {
    fn default() -> Self {
        Self {
            due: Vec::new(),
            effects: Vec::new(),
            posted: Vec::new(),
            arrived: None,
            lost: false,
            unsent: 0,
            faults: Vec::new(),
        }
    }
}

impl<N: Node> Outcome<N> {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.due.clear();
        self.effects.clear();
        self.posted.clear();
        self.arrived = None;
        self.lost = false;
        self.unsent = 0;
        self.faults.clear();
    }
}
