//! What a [`super::Peer`] wants done. Its owner performs the outputs in order; most become
//! effects of the driver, some are for the owner itself.

use super::disk::{Job, Write};
use super::message::{Entry, Notification, Packet, Phase, ServerState, Vote};
use crate::base::{Epoch, Link, Millis, Round, Sid, Zxid};

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out<P, I> {
    /// For the driver.
    SetTimer(Timer, Millis),
    /// For the driver.
    CancelTimer(Timer),
    /// For the driver.
    Connect(Link),
    /// For the driver.
    Hangup(Link),
    /// Send on the election link.
    Notify(Sid, Notification),
    /// Send on the quorum link.
    Send(Sid, Packet<P, I>),
    /// Send [`Packet::Snap`] with the owner's present state, whose last zxid this is.
    SendSnap(Sid, Zxid),
    /// Write.
    Persist(Write<P, I>),
    /// Persist [`Write::Install`] with the owner's present state, whose last zxid this is.
    PersistState(Zxid),
    /// Disk work.
    Job(Job<I>),
    /// Apply this transaction to the tree. Whether clients may see it depends on the phase.
    Deliver(Entry<P>),
    /// Replace the tree by this one.
    Restore(I),
    /// State or phase changed.
    Entered(ServerState, Phase),
    /// The learner of this link is gone, with all that hangs on it.
    LearnerLost(Sid),
    /// A fact for people.
    Note(Note),
}

/// Timers of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Send the vote again.
    Resend,
    /// The wait for a better vote is over.
    Settle,
    /// Try the leader again.
    ConnectRetry,
    /// A new leader has no quorum in time, or a learner is not synchronized in time.
    InitLimit,
    /// Half a tick: a leader pings, and counts ticks.
    HalfTick,
    /// A tick: a learner counts the silence of its leader.
    Tick,
}

/// A fact for people: pictures, logs, counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// An election began.
    Looking {
        /// Its round.
        round: Round,
    },
    /// The own vote changed.
    Voted(Vote),
    /// The election ended for this server.
    Elected {
        /// The winner.
        leader: Sid,
    },
    /// The leader chose this epoch from what a quorum had promised.
    EpochChosen(Epoch),
    /// A quorum promised the epoch to this leader.
    Established(Epoch),
    /// How a learner is synchronized.
    Syncing {
        /// Which learner.
        learner: Sid,
        /// DIFF, TRUNC or SNAP.
        with: SyncKind,
        /// Zxid of that packet.
        zxid: Zxid,
        /// Transactions behind it.
        txns: u32,
    },
    /// A learner acknowledged NEWLEADER.
    Synced(Sid),
    /// A quorum acknowledged NEWLEADER, or UPTODATE came: clients are served.
    Serving(Epoch),
    /// A transaction is committed.
    Committed(Zxid),
    /// A learner's link ended.
    LearnerLost {
        /// Which learner.
        learner: Sid,
        /// Why.
        why: Reason,
    },
    /// This server goes back to LOOKING.
    Leaving(Reason),
    /// The last zxid of the log is of a later epoch than currentEpoch: a crash came between the
    /// two writes. currentEpoch was raised (rule E3).
    EpochRepaired(Epoch),
    /// A snapshot is on disk.
    Snapshot(Zxid),
}

/// How a learner gets the leader's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyncKind {
    /// Only what it lacks.
    Diff,
    /// Cut first.
    Trunc,
    /// Everything.
    Snap,
}

/// Why a link or a role ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The stream broke.
    LinkLost,
    /// Nothing was heard for too long.
    Silent,
    /// The leader cannot be reached.
    NoLeader,
    /// Discovery and synchronization took longer than initLimit.
    InitLimit,
    /// The leader does not hear a quorum any more.
    NoQuorum,
    /// The epoch offered is older than one that was promised.
    OldEpoch,
    /// The learner knows more than the leader, which would lose it.
    LearnerAhead,
    /// A packet that does not fit.
    Protocol(&'static str),
    /// The counter of the epoch is used up.
    CounterExhausted,
    /// A new connection of the same server took its place.
    Replaced,
    /// The history on disk does not reach back to where it is to be cut: SNAP is asked for.
    CannotTruncate,
    /// It left a proposal without its ACK for too long.
    SlowAck,
}
