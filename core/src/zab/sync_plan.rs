//! DIFF, TRUNC or SNAP: how a leader brings a learner to its own history
//! (Java: `LearnerHandler.syncFollower`, `queueCommittedProposals`). Pure functions.
//!
//! What is walked here has no hole inside an epoch. So one row of Java's table is not needed, the
//! TRUNC for a learner whose last transaction falls into such a hole: a history with a hole is
//! not sent as a DIFF at all (`has_hole`), its learners get SNAP.

use super::message::Entry;
use crate::base::Zxid;

/// What to send. `from` is the index of the first transaction to send behind the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// The learner's history is a prefix of ours: DIFF, then the rest.
    Diff {
        /// Named in the packet.
        zxid: Zxid,
        /// First transaction to send.
        from: usize,
    },
    /// The learner has more than was committed: TRUNC, then the rest.
    Trunc {
        /// Last zxid that the learner keeps.
        zxid: Zxid,
        /// First transaction to send.
        from: usize,
    },
    /// Send the whole state.
    Snap,
    /// The learner is behind what is in memory: look into the log files.
    ReadLog,
}

impl Plan {
    /// The index of the first transaction to send; behind all of them if there is none.
    #[must_use]
    pub const fn from(self) -> usize {
        match self {
            Self::Diff { from, .. } | Self::Trunc { from, .. } => from,
            Self::Snap | Self::ReadLog => usize::MAX,
        }
    }
}

/// Chooses from what is in memory.
///
/// `learner` is the last zxid of ACKEPOCH, `applied` the leader's last applied zxid, and `recent`
/// its last applied transactions, oldest first, ending at `applied`.
pub fn plan<'a, P: 'a>(
    learner: Zxid,
    applied: Zxid,
    recent: impl ExactSizeIterator<Item = &'a Entry<P>> + Clone,
) -> Plan {
    let min = recent.clone().next().map_or(applied, |entry| entry.zxid);
    let count = recent.len();
    if learner == applied {
        return Plan::Diff { zxid: applied, from: count };
    }
    if learner > applied {
        // An epoch's start is no transaction, so there is nothing that could be cut.
        return if learner.is_epoch_start() {
            Plan::Snap
        } else {
            Plan::Trunc { zxid: applied, from: count }
        };
    }
    if learner < min {
        return Plan::ReadLog;
    }
    walk(learner, applied, recent)
}

/// Finds the learner's place among consecutive transactions that begin at or below it.
pub fn walk<'a, P: 'a>(
    learner: Zxid,
    applied: Zxid,
    entries: impl Iterator<Item = &'a Entry<P>>,
) -> Plan {
    for (index, entry) in entries.enumerate() {
        if entry.zxid == learner {
            return Plan::Diff { zxid: applied, from: index + 1 };
        }
        if entry.zxid > learner {
            if learner.is_epoch_start() {
                return Plan::Diff { zxid: applied, from: index };
            }
            // The learner has more of an older epoch than was committed. Cutting across an epoch
            // from the middle of the log is left to SNAP, as in Java.
            return Plan::Snap;
        }
    }
    if learner.is_epoch_start() {
        Plan::Diff { zxid: applied, from: usize::MAX }
    } else {
        Plan::Snap
    }
}

/// Does a transaction between two of these seem to be missing? No ensemble makes such a history,
/// but files that were damaged or put together by hand can hold one.
pub fn has_hole<P>(entries: &[Entry<P>]) -> bool {
    !entries.is_sorted_by(|a, b| b.zxid.follows(a.zxid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Epoch;
    use alloc::vec::Vec;

    fn z(epoch: i64, counter: u32) -> Zxid {
        Zxid::new(Epoch(epoch), counter)
    }

    fn log(zxids: &[Zxid]) -> Vec<Entry<u8>> {
        zxids.iter().map(|zxid| Entry { zxid: *zxid, payload: 0 }).collect()
    }

    fn choose(learner: Zxid, recent: &[Zxid], applied: Zxid) -> Plan {
        plan(learner, applied, log(recent).iter())
    }

    #[test]
    fn every_row_of_the_table() {
        let recent = [z(1, 3), z(1, 4), z(3, 1), z(3, 2)];
        let at = z(3, 2);
        // Row 2: equal.
        assert_eq!(choose(at, &recent, at), Plan::Diff { zxid: at, from: 4 });
        assert_eq!(choose(Zxid::ZERO, &[], Zxid::ZERO), Plan::Diff { zxid: Zxid::ZERO, from: 0 });
        // Row 3: ahead of everything committed, in this epoch or in a later one.
        assert_eq!(choose(z(3, 9), &recent, at), Plan::Trunc { zxid: at, from: 4 });
        assert_eq!(choose(z(4, 1), &recent, at), Plan::Trunc { zxid: at, from: 4 });
        assert_eq!(choose(z(4, 0), &recent, at), Plan::Snap, "an epoch's start is not cut");
        // Row 4: in range; found, not found in the same epoch, not found in another epoch.
        assert_eq!(choose(z(1, 3), &recent, at), Plan::Diff { zxid: at, from: 1 });
        assert_eq!(choose(z(1, 4), &recent, at), Plan::Diff { zxid: at, from: 2 });
        assert_eq!(choose(z(1, 7), &recent, at), Plan::Snap, "the next one is of epoch 3");
        assert_eq!(choose(z(2, 1), &recent, at), Plan::Snap);
        assert_eq!(choose(z(3, 0), &recent, at), Plan::Diff { zxid: at, from: 2 });
        // Row 5: below.
        assert_eq!(choose(z(1, 2), &recent, at), Plan::ReadLog);
        assert_eq!(choose(Zxid::ZERO, &recent, at), Plan::ReadLog);
    }

    #[test]
    fn a_hole_is_seen() {
        assert!(!has_hole(&log(&[z(1, 3), z(1, 4), z(3, 1), z(3, 2)])));
        assert!(!has_hole(&log(&[z(1, 3)])) && !has_hole(&log(&[])));
        assert!(has_hole(&log(&[z(1, 3), z(1, 5)])));
        assert!(has_hole(&log(&[z(1, 3), z(2, 2)])), "the first of an epoch is missing");
        assert!(has_hole(&log(&[z(1, 3), z(1, 3)])));
    }
}
