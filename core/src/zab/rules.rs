//! The protocol's decisions as switches, so that a checker and the page can break one at a time.
//!
//! A [`Peer`](super::Peer) asks its type parameter a question at each guard whose loss is a known
//! bug. [`Sound`] answers every one with "no" and has no state: it is what a real server runs, and
//! no flag, file or message can change it. [`Broken`] answers "yes" to the mutants it was made
//! with.

use core::fmt::Debug;

macro_rules! switches {
    ($($mutant:ident $question:ident $doc:literal;)*) => {
        /// A seeded bug: one guard of the protocol that is missing or stands in the wrong place.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mutant {
            $(#[doc = $doc] $mutant,)*
        }

        impl Mutant {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$mutant),*];

            /// Its number as `M01`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$mutant => stringify!($mutant),)* }
            }

            /// Its name as `ack_before_fsync`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$mutant => stringify!($question),)* }
            }

            /// What it does wrong.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self { $(Self::$mutant => $doc,)* }
            }

            /// By number or name.
            #[must_use]
            pub fn find(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|mutant| {
                    mutant.id().eq_ignore_ascii_case(text) || mutant.name() == text
                })
            }
        }

        /// Does this engine make the mistake? Every answer is "no" unless an implementation says
        /// otherwise.
        pub trait Rules: Clone + Debug {
            $(
                #[doc = $doc]
                #[inline(always)]
                fn $question(&self) -> bool { false }
            )*
        }

        impl Rules for Broken {
            $(fn $question(&self) -> bool { self.has(Mutant::$mutant) })*
        }
    };
}

switches! {
    M01 ack_before_fsync "A follower acknowledges a proposal when the write is issued, not when it is durable.";
    M02 leader_counts_unsynced_self "The leader counts itself among those who have a proposal before its own disk has it.";
    M03 half_quorum "Exactly half of the voters is enough to commit.";
    M04 apply_on_proposal "A follower applies a transaction when it logs it, before COMMIT.";
    M05 epoch_not_persisted "A follower keeps its promise, acceptedEpoch, in memory only.";
    M06 count_same_epoch_ack "A second promise of the same epoch counts as the first did.";
    M07 accept_lower_epoch "A follower accepts LEADERINFO with an epoch below the one it promised.";
    M08 elect_by_sid "Votes are ordered by server id only.";
    M09 vote_ignores_current_epoch "Votes compare zxid and id, not currentEpoch first.";
    M10 no_ahead_check "The leader does not refuse a follower that knows more than itself.";
    M11 epoch_ignores_followers "The new epoch is the leader's own acceptedEpoch + 1, whatever followers report.";
    M12 ack_newleader_before_log "The transactions of a DIFF go to the log after UPTODATE; NEWLEADER is acknowledged before.";
    M13 ack_newleader_before_fsync "The acknowledgement of NEWLEADER does not wait for the history's fsync.";
    M14 current_epoch_before_log "At NEWLEADER, currentEpoch becomes durable before the history.";
    M15 current_epoch_at_uptodate "currentEpoch is written at UPTODATE instead of at NEWLEADER.";
    M16 serve_before_newleader_quorum "The leader serves as soon as the epoch is promised.";
    M17 no_trunc_in_range "A learner between two transactions of the leader gets a DIFF without a cut.";
    M18 trunc_too_much "TRUNC cuts one transaction too many.";
    M19 trunc_keeps_snapshot "TRUNC cuts the log, but the tree keeps what was cut.";
    M20 trunc_leaves_log_open "The appender keeps its old file position after TRUNC.";
    M21 retain_database "On leaving a role the tree is kept without what is logged and not applied, and votes.";
    M22 no_drain_on_shutdown "On leaving a role, queued log writes are neither waited for nor counted.";
    M23 keep_partial_sync "The state of an interrupted SNAP or TRUNC is kept and reported.";
    M24 hole_in_recent_log "Transactions applied during synchronization are missing in the cache of recent ones.";
    M25 empty_diff "A learner without history is taken for equal: it gets an empty DIFF.";
}

/// The protocol as it should be. Every question has its default answer, known when compiling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sound;

impl Rules for Sound {}

/// The protocol with some of its guards switched off: for checkers and lessons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Broken(u32);

impl Broken {
    /// Nothing is switched off: the same behaviour as [`Sound`], from the type of the mutants.
    pub const NOTHING: Self = Self(0);

    /// One mutant. M08 and M09 are harmless while the leader refuses followers that know more, so
    /// they come with M10.
    #[must_use]
    pub const fn new(mutant: Mutant) -> Self {
        let alone = Self::NOTHING.and(mutant);
        if matches!(mutant, Mutant::M08 | Mutant::M09) { alone.and(Mutant::M10) } else { alone }
    }

    /// These and one more.
    #[must_use]
    pub const fn and(self, mutant: Mutant) -> Self {
        Self(self.0 | (1 << mutant as u32))
    }

    const fn has(self, mutant: Mutant) -> bool {
        self.0 & (1 << mutant as u32) != 0
    }
}

// What a real server runs has no room for a switch.
const _: () = assert!(size_of::<Sound>() == 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        assert_eq!(Mutant::ALL.len(), 25);
        for (index, mutant) in Mutant::ALL.iter().enumerate() {
            assert_eq!(mutant.id()[1..].parse(), Ok(index + 1));
            assert_eq!(Mutant::find(mutant.id()), Some(*mutant));
            assert_eq!(Mutant::find(mutant.name()), Some(*mutant));
        }
    }

    #[test]
    fn a_broken_engine_breaks_what_it_was_told_to() {
        assert!(!Broken::NOTHING.ack_before_fsync());
        assert!(Broken::new(Mutant::M01).ack_before_fsync());
        assert!(!Broken::new(Mutant::M01).half_quorum());
        let seniority = Broken::new(Mutant::M08);
        assert!(seniority.elect_by_sid() && seniority.no_ahead_check());
        assert!(!Sound.ack_before_fsync());
    }
}
