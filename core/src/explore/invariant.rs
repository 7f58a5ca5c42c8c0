//! The safety of ZAB as invariants with names, and what the search says when one breaks.

use crate::base::Sid;
use alloc::string::String;

macro_rules! invariants {
    ($($name:ident $doc:literal;)*) => {
        /// A rule that holds in every reachable state, or of every event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Invariant {
            $(#[doc = $doc] $name,)*
        }

        impl Invariant {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// What it says.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self { $(Self::$name => $doc,)* }
            }
        }
    };
}

invariants! {
    EpochMonotone "acceptedEpoch and currentEpoch on disk never decrease, crashes included.";
    EpochOrder "currentEpoch is never above acceptedEpoch.";
    EpochOfHistory "Who waits in an election has no transaction of an epoch above its currentEpoch.";
    LeadershipUnique "An epoch has one leader for ever.";
    VoteOncePerEpoch "A server counts in the ACKEPOCH quorum of at most one leader of an epoch.";
    ElectedIsNewest "Nobody in the quorum that establishes a leader reported more than it knows.";
    HistoryIncreasing "Zxids increase; inside an epoch counters are consecutive and begin at 1.";
    ZxidUnique "One zxid is one transaction.";
    LogMatching "Two histories that share a transaction are equal before it.";
    ProposalContiguity "A PROPOSAL that is accepted in Broadcast follows the history's end.";
    CommitMatchesPending "A COMMIT in Broadcast names the oldest transaction that waits.";
    MessageLegal "Every message fits the state and the phase of its receiver.";
    AckImpliesDurable "An acknowledged transaction is on the disk of who acknowledged it.";
    NewLeaderAckImpliesDurable "Who acknowledges NEWLEADER has the leader's history on disk.";
    NewLeaderAckImpliesEpoch "And currentEpoch.";
    CountedAckStillHeld "Who is counted for a proposal has it on disk, or has promised a newer epoch.";
    CommittedDurableOnQuorum "What is committed is on the disks of a quorum.";
    CommittedLogDurability "Nothing that is committed is removed from a disk, but by a leader that sends it again.";
    LeaderLogCompleteness "The leader of the newest epoch has everything that is committed.";
    ProcessConsistency "History and tree of a synchronized learner are prefixes of its leader's history.";
    Integrity "What is delivered was proposed.";
    DeliveredOnlyCommitted "What is delivered is committed.";
    PrefixConsistency "Of two delivered histories one is a prefix of the other.";
    LocalPrimaryOrder "Transactions of one leader are delivered in the order of its proposals.";
    GlobalPrimaryOrder "Transactions are delivered in the order of their epochs.";
    PrimaryIntegrity "Who proposes has delivered all of earlier epochs, and no more of these is committed later.";
    CommittedLogMonotonicity "A server that serves again shows at least what it showed before.";
    SnapshotSound "A snapshot contains the history up to its label.";
    RecentLogContiguous "The cache of recent transactions is the end of the tree.";
    TruncExact "After TRUNC history and tree end at the cut, and no snapshot is above it.";
    SingleSource "A learner processes only what comes on its present link.";
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub invariant: Invariant,
    /// At which server.
    pub server: Sid,
    /// What happened, with values.
    pub sentence: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        assert_eq!(Invariant::ALL.len(), 31);
        for (index, invariant) in Invariant::ALL.iter().enumerate() {
            let same = |other: &&Invariant| other.name() == invariant.name();
            assert_eq!(Invariant::ALL.iter().filter(same).count(), 1, "{index}");
        }
    }
}
