//! What travels between servers, as typed messages. The bytes are in [`crate::proto::quorum`] and
//! [`crate::proto::election`]; `server::codec` turns one into the other.

use crate::base::{Cxid, Epoch, Round, SessionId, Sid, Zxid};
use crate::proto::Id;
use alloc::vec::Vec;
use bytes::Bytes;

/// One transaction of a history. The zxid alone identifies it, if the protocol is right.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry<P> {
    /// Its place in the total order.
    pub zxid: Zxid,
    /// What it does. Encoded once: log, PROPOSAL and memory share it.
    pub payload: P,
}

/// Whom a server wants as leader, and how much that one knows.
///
/// The derived order is *the* order of votes (`FastLeaderElection.totalOrderPredicate`): larger
/// peer epoch first, then larger zxid, then larger id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vote {
    /// currentEpoch of the server voted for; after the election the established epoch.
    pub peer_epoch: Epoch,
    /// Last logged zxid of the server voted for.
    pub zxid: Zxid,
    /// The server voted for.
    pub leader: Sid,
}

impl Vote {
    /// The vote of an observer: it loses against every other.
    pub const OBSERVER: Self =
        Self { peer_epoch: Epoch(i64::MIN), zxid: Zxid(i64::MIN), leader: Sid(i64::MIN) };
}

/// What a server is doing (`QuorumPeer.ServerState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerState {
    /// Searching for a leader.
    Looking,
    /// Connected, or connecting, to a leader, with a vote.
    Following,
    /// Elected.
    Leading,
    /// As Following, without a vote.
    Observing,
}

/// How far a reign has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// No leader yet.
    Election,
    /// A quorum agrees on a new epoch.
    Discovery,
    /// Learners get the leader's history.
    Synchronization,
    /// Transactions are proposed and committed.
    Broadcast,
}

/// A vote as sent on the election port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Notification {
    /// State of the sender.
    pub state: ServerState,
    /// Its vote.
    pub vote: Vote,
    /// Its round; votes of different rounds are not counted together.
    pub round: Round,
    /// The configuration that it knows, as text; joiners learn new members from it.
    pub config: Bytes,
}

/// A session that a learner heard from since its last PING reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Touch {
    /// Which.
    pub session: SessionId,
    /// Its timeout as negotiated at that learner.
    pub timeout_ms: i32,
}

/// A client's write (or sync) on its way from a learner to the leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Forward {
    /// Whose.
    pub session: SessionId,
    /// The client's number of it.
    pub cxid: Cxid,
    /// Opcode.
    pub op: i32,
    /// The record as the client sent it, undecoded: the leader judges it.
    pub body: Bytes,
    /// Identities of the client's connection; `None` for createSession.
    pub ids: Option<Vec<Id>>,
}

/// A packet of the quorum port (`Leader`'s packet types). Where paper and code differ: CEPOCH is
/// FOLLOWERINFO, NEWEPOCH is LEADERINFO, ACK-E is ACKEPOCH, ACK-LD is ACK of `(e,0)`, COMMIT-LD
/// is UPTODATE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Packet<P, I> {
    /// Learner, first packet: the last epoch it promised, so that the new one is larger.
    FollowerInfo {
        /// Its acceptedEpoch.
        accepted_epoch: Epoch,
        /// Its id.
        sid: Sid,
        /// Version of the configuration it knows.
        config_version: i64,
    },
    /// The same from a learner without a vote.
    ObserverInfo {
        /// Its acceptedEpoch.
        accepted_epoch: Epoch,
        /// Its id.
        sid: Sid,
        /// Version of the configuration it knows.
        config_version: i64,
    },
    /// Leader: the new epoch, larger than all that a quorum has promised.
    LeaderInfo {
        /// The epoch.
        epoch: Epoch,
    },
    /// Learner: the epoch is promised (on disk); how much it knows.
    AckEpoch {
        /// Its last logged zxid.
        last_zxid: Zxid,
        /// Its currentEpoch; `None` (-1): it had promised this epoch before, do not count it.
        current_epoch: Option<Epoch>,
    },
    /// Leader: what you lack follows as PROPOSALs with COMMITs.
    Diff {
        /// The leader's last committed zxid when it looked; informative.
        zxid: Zxid,
    },
    /// Leader: cut your log behind this zxid; what you have more was never committed.
    Trunc {
        /// Last zxid to keep.
        zxid: Zxid,
    },
    /// Leader: replace your state by this one.
    Snap {
        /// Last zxid in it.
        zxid: Zxid,
        /// The state: a version of the tree, sent as a raw snapshot behind the packet.
        image: I,
    },
    /// Leader: that was my history; ACK `(epoch, 0)` when it is on disk.
    NewLeader {
        /// The epoch.
        epoch: Epoch,
        /// The leader's configuration as text.
        config: Bytes,
    },
    /// Leader: a quorum has my history; serve clients.
    UpToDate,
    /// Leader: log this.
    Proposal(Entry<P>),
    /// Follower: this is on my disk; `(e, 0)` means the whole of NEWLEADER.
    Ack(Zxid),
    /// Leader: a quorum has it; apply it.
    Commit(Zxid),
    /// Leader to observers: log and apply this, it is committed.
    Inform(Entry<P>),
    /// Leader: are you there? The reply also says which sessions are alive.
    Ping {
        /// The leader's last proposed zxid.
        zxid: Zxid,
        /// `None` from the leader; the sessions heard from in a reply.
        touched: Option<Vec<Touch>>,
    },
    /// Learner: a client of mine wants this.
    Request(Forward),
    /// Learner: does this session, which came to me, still exist?
    Revalidate(Touch),
    /// Leader: the answer; if valid, the learner owns the session from now on.
    Revalidated {
        /// Which session.
        session: SessionId,
        /// Does it exist?
        valid: bool,
    },
    /// Leader: everything that was proposed before your oldest unanswered sync is committed.
    Sync,
}

impl<P, I> Packet<P, I> {
    /// The name of the packet, in the protocol's capitals.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FollowerInfo { .. } => "FOLLOWERINFO",
            Self::ObserverInfo { .. } => "OBSERVERINFO",
            Self::LeaderInfo { .. } => "LEADERINFO",
            Self::AckEpoch { .. } => "ACKEPOCH",
            Self::Diff { .. } => "DIFF",
            Self::Trunc { .. } => "TRUNC",
            Self::Snap { .. } => "SNAP",
            Self::NewLeader { .. } => "NEWLEADER",
            Self::UpToDate => "UPTODATE",
            Self::Proposal(_) => "PROPOSAL",
            Self::Ack(_) => "ACK",
            Self::Commit(_) => "COMMIT",
            Self::Inform(_) => "INFORM",
            Self::Ping { .. } => "PING",
            Self::Request(_) => "REQUEST",
            Self::Revalidate(_) | Self::Revalidated { .. } => "REVALIDATE",
            Self::Sync => "SYNC",
        }
    }
}
