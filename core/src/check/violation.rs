//! What an oracle says when something must not be.

use crate::base::NodeId;
use crate::sim::Micros;
use alloc::string::String;

/// A rule that is looked at from outside the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oracle {
    /// A process ended itself, or its driver's contract was broken.
    ProcessSound,
    /// Every message fits the state of its receiver.
    MessageLegal,
    /// acceptedEpoch and currentEpoch on disk never decrease.
    EpochMonotone,
    /// currentEpoch is never above acceptedEpoch.
    EpochOrder,
    /// An epoch has one leader for ever.
    LeadershipUnique,
    /// The leader of the newest epoch knows everything that was committed.
    LeaderLogCompleteness,
    /// An acknowledged proposal is on the disk of who acknowledged it.
    AckImpliesDurable,
    /// Who acknowledges NEWLEADER has the leader's history on disk.
    NewLeaderAckImpliesDurable,
    /// And currentEpoch.
    NewLeaderAckImpliesEpoch,
    /// Who is counted for a proposal has it on disk.
    CountedAckStillHeld,
    /// What is committed is on the disks of a quorum.
    CommittedDurableOnQuorum,
    /// A synchronized learner has no transaction that its leader has not.
    ProcessConsistency,
    /// Nothing is shown to clients before it is committed.
    DeliveredOnlyCommitted,
    /// The cache of recent transactions has no hole and ends with the tree.
    RecentLogContiguous,
    /// All servers deliver the same transactions in the same order, without holes.
    PrefixConsistency,
    /// Trees after the same transaction are equal.
    DigestAgreement,
    /// The answers to one client come in the order of its calls.
    FifoClientOrder,
    /// A client never goes back in time.
    SessionMonotonic,
    /// A write that began after another one ended is behind it, and both are committed.
    LinearizableWrites,
    /// The event of a change comes before an answer that shows the change.
    WatchBeforeData,
    /// A watch fires once.
    WatchAtMostOnce,
    /// An ephemeral znode has a session that is open.
    EphemeralOwnerLive,
    /// L1, L2: after the faults a leader and all servers serve in time.
    Served,
    /// L4: they have the same history and tree in the end.
    Converged,
    /// L5: every call was answered.
    EveryOpAnswered,
    /// L6: sessions of dead clients are closed.
    DeadSessionsClosed,
    /// L7: every change that a client waits for was told.
    NoLostWatch,
}

impl Oracle {
    /// All, in the order of their names above.
    pub const ALL: &[(Self, &str)] = &[
        (Self::ProcessSound, "ProcessSound"),
        (Self::MessageLegal, "MessageLegal"),
        (Self::EpochMonotone, "EpochMonotone"),
        (Self::EpochOrder, "EpochOrder"),
        (Self::LeadershipUnique, "LeadershipUnique"),
        (Self::LeaderLogCompleteness, "LeaderLogCompleteness"),
        (Self::AckImpliesDurable, "AckImpliesDurable"),
        (Self::NewLeaderAckImpliesDurable, "NewLeaderAckImpliesDurable"),
        (Self::NewLeaderAckImpliesEpoch, "NewLeaderAckImpliesEpoch"),
        (Self::CountedAckStillHeld, "CountedAckStillHeld"),
        (Self::CommittedDurableOnQuorum, "CommittedDurableOnQuorum"),
        (Self::ProcessConsistency, "ProcessConsistency"),
        (Self::DeliveredOnlyCommitted, "DeliveredOnlyCommitted"),
        (Self::RecentLogContiguous, "RecentLogContiguous"),
        (Self::PrefixConsistency, "PrefixConsistency"),
        (Self::DigestAgreement, "DigestAgreement"),
        (Self::FifoClientOrder, "FifoClientOrder"),
        (Self::SessionMonotonic, "SessionMonotonic"),
        (Self::LinearizableWrites, "LinearizableWrites"),
        (Self::WatchBeforeData, "WatchBeforeData"),
        (Self::WatchAtMostOnce, "WatchAtMostOnce"),
        (Self::EphemeralOwnerLive, "EphemeralOwnerLive"),
        (Self::Served, "Served"),
        (Self::Converged, "Converged"),
        (Self::EveryOpAnswered, "EveryOpAnswered"),
        (Self::DeadSessionsClosed, "DeadSessionsClosed"),
        (Self::NoLostWatch, "NoLostWatch"),
    ];

    /// By name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(oracle, _)| *oracle)
    }

    /// Is it about the end of a healed phase, not about a step?
    #[must_use]
    pub const fn is_progress(self) -> bool {
        matches!(
            self,
            Self::EphemeralOwnerLive
                | Self::Served
                | Self::Converged
                | Self::EveryOpAnswered
                | Self::DeadSessionsClosed
                | Self::NoLostWatch
        )
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(oracle, _)| *oracle == self).map_or("?", |(_, name)| name)
    }
}

/// An oracle was contradicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub oracle: Oracle,
    /// At which step of the run.
    pub step: u64,
    /// When.
    pub at: Micros,
    /// Whose deed it was, if it is one node's.
    pub node: Option<NodeId>,
    /// What happened, with values.
    pub sentence: String,
}
