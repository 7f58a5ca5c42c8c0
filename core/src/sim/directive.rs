//! What a person, a script or a seed does to a simulation. Everything here goes on the tape.

use super::action::Action;
use super::network::{End, Item, Wire};
use crate::base::{Node, NodeId};
use alloc::vec::Vec;

/// Something that is kept from being delivered until it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// One item, and so all behind it in its queue.
    Item(u64),
    /// Everything on its way to one end.
    To(End),
    /// Everything from the first node to the second.
    Between(NodeId, NodeId),
}

impl Hold {
    /// True if it keeps this item back. The news of a break is no packet: only its own hold
    /// keeps it.
    pub fn keeps<M>(self, item: &Item<M>) -> bool {
        let packet = !matches!(item.wire, Wire::Reset);
        match self {
            Self::Item(id) => item.id == id,
            Self::To(end) => packet && item.to == end,
            Self::Between(from, to) => packet && (item.from.node, item.to.node) == (from, to),
        }
    }
}

/// One order to the simulation.
#[derive(Clone, Debug)]
pub enum Directive<N: Node> {
    /// Makes an action happen at once: start, crash, cut, heal, break, a call; or something that
    /// was due later, like a delivery (held or not), a write, or a timer. An action that is not
    /// enabled changes nothing.
    Act(Action<N>),
    /// Adds a node that is down and has an empty disk.
    Add(NodeId, N::Config),
    /// Keeps something back.
    Hold(Hold),
    /// Lets it go; what was due meanwhile is due at once.
    Release(Hold),
    /// Stops a process as SIGSTOP does: packets, timers and durable writes wait.
    Freeze(NodeId),
    /// Lets it go on; what was due meanwhile is due at once, in order.
    Thaw(NodeId),
    /// Each disk access of this node takes so many times as long, from 1.
    SlowDisk(NodeId, u32),
    /// The node's monotonic clock and timers run at `num / den` of the true speed, both from 1
    /// to [`super::schedule::RATE_MAX`]. Armed timers keep what they have left on that clock.
    ClockRate {
        /// Whose.
        node: NodeId,
        /// Milliseconds of the node.
        num: u32,
        /// In so many true milliseconds.
        den: u32,
    },
    /// Sets the node's wall clock off by so much, milliseconds.
    WallClock(NodeId, i64),
    /// Latency of one direction from here on.
    Latency {
        /// Sender.
        from: NodeId,
        /// Receiver.
        to: NodeId,
        /// Shortest, microseconds.
        base_us: u64,
        /// Up to so much more, microseconds.
        jitter_us: u64,
    },
}

impl<N: Node> Directive<N> {
    /// Cuts (or heals) both ways between each node of one group and each of the other.
    pub fn partition(left: &[NodeId], right: &[NodeId], cut: bool) -> Vec<Self> {
        let mut all = Vec::new();
        for &a in left {
            for &b in right.iter().filter(|b| **b != a) {
                for (from, to) in [(a, b), (b, a)] {
                    let action = if cut { Action::Cut(from, to) } else { Action::Heal(from, to) };
                    all.push(Self::Act(action));
                }
            }
        }
        all
    }
}
