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
    /// What recovery finds is not of a later epoch than currentEpoch.
    EpochOfHistory,
    /// An epoch has one leader for ever.
    LeadershipUnique,
    /// A voter promises an epoch to one leader so that it counts.
    VoteOncePerEpoch,
    /// Nobody in the quorum that promised an epoch knows more than its leader.
    ElectedIsNewest,
    /// In every log zxids increase, without a hole inside an epoch.
    HistoryIncreasing,
    /// A zxid names one transaction.
    ZxidUnique,
    /// Logs that have a transaction in common have the same one before it.
    LogMatching,
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
    /// TRUNC, SNAP and recovery take nothing that is committed from a disk.
    CommittedLogDurability,
    /// A synchronized learner has no transaction that its leader has not.
    ProcessConsistency,
    /// What is delivered was proposed.
    Integrity,
    /// What one leader proposed is delivered in that order, and nothing of it is left out.
    LocalPrimaryOrder,
    /// Nothing of an older epoch is delivered after something of a newer one.
    GlobalPrimaryOrder,
    /// Who proposes knows everything committed before, and nothing older is committed later.
    PrimaryIntegrity,
    /// Who serves again serves nothing older than before.
    CommittedLogMonotonicity,
    /// Nothing is shown to clients before it is committed.
    DeliveredOnlyCommitted,
    /// The cache of recent transactions has no hole and ends with the tree.
    RecentLogContiguous,
    /// TRUNC leaves exactly what it names, on the disk and in memory.
    TruncExact,
    /// A learner obeys its leader and nobody else.
    SingleSource,
    /// All servers deliver the same transactions in the same order, without holes.
    PrefixConsistency,
    /// Trees after the same transaction are equal.
    DigestAgreement,
    /// A snapshot holds the state after the transaction that it is named after.
    SnapshotSound,
    /// A tree equals that of a naive implementation with the same history.
    ModelEquality,
    /// So does the table of sessions.
    SessionTableAgreement,
    /// A session is opened once.
    SessionIdUnique,
    /// A session is not over before its timeout is.
    ExpiryNotEarly,
    /// A session that was closed changes nothing.
    NoWriteAfterClose,
    /// A request of a session is at most one transaction.
    AtMostOnce,
    /// The answers to one client come in the order of its calls.
    FifoClientOrder,
    /// A read is answered with the state after the zxid of its answer.
    ReadAtZxid,
    /// A client never goes back in time.
    SessionMonotonic,
    /// After a sync through the newest leader a client sees what was committed when it asked.
    SyncThenRead,
    /// A write that began after another one ended is behind it, both are committed, and their
    /// answers are what the history says.
    LinearizableWrites,
    /// The event of a change comes before an answer that shows the change.
    WatchBeforeData,
    /// A watch fires once.
    WatchAtMostOnce,
    /// It fires for the first change behind the answer that set it.
    WatchTrue,
    /// Events come in the order of the changes.
    WatchOrder,
    /// No two clients hold a lock with one token.
    FencedExclusion,
    /// Who believes to be first is first in the state that it has seen.
    OneLeaderView,
    /// An ephemeral znode has a session that is open.
    EphemeralOwnerLive,
    /// L1: after the faults there is one leader in time.
    LeaderInTime,
    /// L2: all servers of the core serve in time.
    Served,
    /// L3: a leader without a quorum stops in time.
    MinorityStops,
    /// L4: they have the same history and tree in the end.
    Converged,
    /// L5: every call was answered.
    EveryOpAnswered,
    /// L6: sessions of dead clients are closed.
    DeadSessionsClosed,
    /// L7: every change that a client waits for was told.
    NoLostWatch,
    /// Everybody who waits for a lock gets it, and nothing is left of those who stopped.
    LockProgress,
    /// L8: without clients' calls there are pings and nothing else.
    Quiet,
    /// L9: without calls in flight queues are empty, and tables as large as their contents.
    Bounded,
}

impl Oracle {
    /// All, in the order of their names above.
    pub const ALL: &[(Self, &str)] = &[
        (Self::ProcessSound, "ProcessSound"),
        (Self::MessageLegal, "MessageLegal"),
        (Self::EpochMonotone, "EpochMonotone"),
        (Self::EpochOrder, "EpochOrder"),
        (Self::EpochOfHistory, "EpochOfHistory"),
        (Self::LeadershipUnique, "LeadershipUnique"),
        (Self::VoteOncePerEpoch, "VoteOncePerEpoch"),
        (Self::ElectedIsNewest, "ElectedIsNewest"),
        (Self::HistoryIncreasing, "HistoryIncreasing"),
        (Self::ZxidUnique, "ZxidUnique"),
        (Self::LogMatching, "LogMatching"),
        (Self::LeaderLogCompleteness, "LeaderLogCompleteness"),
        (Self::AckImpliesDurable, "AckImpliesDurable"),
        (Self::NewLeaderAckImpliesDurable, "NewLeaderAckImpliesDurable"),
        (Self::NewLeaderAckImpliesEpoch, "NewLeaderAckImpliesEpoch"),
        (Self::CountedAckStillHeld, "CountedAckStillHeld"),
        (Self::CommittedDurableOnQuorum, "CommittedDurableOnQuorum"),
        (Self::CommittedLogDurability, "CommittedLogDurability"),
        (Self::ProcessConsistency, "ProcessConsistency"),
        (Self::Integrity, "Integrity"),
        (Self::LocalPrimaryOrder, "LocalPrimaryOrder"),
        (Self::GlobalPrimaryOrder, "GlobalPrimaryOrder"),
        (Self::PrimaryIntegrity, "PrimaryIntegrity"),
        (Self::CommittedLogMonotonicity, "CommittedLogMonotonicity"),
        (Self::DeliveredOnlyCommitted, "DeliveredOnlyCommitted"),
        (Self::RecentLogContiguous, "RecentLogContiguous"),
        (Self::TruncExact, "TruncExact"),
        (Self::SingleSource, "SingleSource"),
        (Self::PrefixConsistency, "PrefixConsistency"),
        (Self::DigestAgreement, "DigestAgreement"),
        (Self::SnapshotSound, "SnapshotSound"),
        (Self::ModelEquality, "ModelEquality"),
        (Self::SessionTableAgreement, "SessionTableAgreement"),
        (Self::SessionIdUnique, "SessionIdUnique"),
        (Self::ExpiryNotEarly, "ExpiryNotEarly"),
        (Self::NoWriteAfterClose, "NoWriteAfterClose"),
        (Self::AtMostOnce, "AtMostOnce"),
        (Self::FifoClientOrder, "FifoClientOrder"),
        (Self::ReadAtZxid, "ReadAtZxid"),
        (Self::SessionMonotonic, "SessionMonotonic"),
        (Self::SyncThenRead, "SyncThenRead"),
        (Self::LinearizableWrites, "LinearizableWrites"),
        (Self::WatchBeforeData, "WatchBeforeData"),
        (Self::WatchAtMostOnce, "WatchAtMostOnce"),
        (Self::WatchTrue, "WatchTrue"),
        (Self::WatchOrder, "WatchOrder"),
        (Self::FencedExclusion, "FencedExclusion"),
        (Self::OneLeaderView, "OneLeaderView"),
        (Self::EphemeralOwnerLive, "EphemeralOwnerLive"),
        (Self::LeaderInTime, "LeaderInTime"),
        (Self::Served, "Served"),
        (Self::MinorityStops, "MinorityStops"),
        (Self::Converged, "Converged"),
        (Self::EveryOpAnswered, "EveryOpAnswered"),
        (Self::DeadSessionsClosed, "DeadSessionsClosed"),
        (Self::NoLostWatch, "NoLostWatch"),
        (Self::LockProgress, "LockProgress"),
        (Self::Quiet, "Quiet"),
        (Self::Bounded, "Bounded"),
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
            Self::LeaderInTime
                | Self::Served
                | Self::MinorityStops
                | Self::Converged
                | Self::EveryOpAnswered
                | Self::DeadSessionsClosed
                | Self::NoLostWatch
                | Self::LockProgress
                | Self::Quiet
                | Self::Bounded
        )
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(oracle, _)| *oracle == self).map_or("?", |(_, name)| name)
    }
}

/// A rule that is broken, by whom, and how; the step is known to the one who asked.
pub type Found = (Oracle, Option<NodeId>, String);

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
