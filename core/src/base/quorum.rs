//! When is a set of voters a quorum? More than half of them (Java: `QuorumMaj`).

use super::Sid;
use super::map::Set;
use alloc::vec::Vec;

/// The voters of an ensemble, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Voters(Vec<Sid>);

impl Voters {
    /// Voters from any list; order and repetitions do not matter.
    #[must_use]
    pub fn new(sids: impl IntoIterator<Item = Sid>) -> Self {
        Self(sids.into_iter().collect::<Set<_>>().into_iter().collect())
    }

    /// Is `sid` a voter?
    #[must_use]
    pub fn contains(&self, sid: Sid) -> bool {
        self.0.binary_search(&sid).is_ok()
    }

    /// The smallest number of voters that is a quorum.
    #[must_use]
    pub fn quorum_size(&self) -> usize {
        self.0.len() / 2 + 1
    }

    /// Are the voters among `sids` a quorum? Two quorums always share a voter, which is what the
    /// whole protocol rests on: hence more than half, and never exactly half.
    pub fn is_quorum<'a>(&self, sids: impl IntoIterator<Item = &'a Sid>) -> bool {
        2 * sids.into_iter().filter(|sid| self.contains(**sid)).count() > self.0.len()
    }

    /// All voters in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Sid> {
        self.0.iter().copied()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_no_quorum() {
        let voters = Voters::new([1, 2, 3, 4].map(Sid));
        assert!(!voters.is_quorum(&[Sid(1), Sid(2)]));
        assert!(voters.is_quorum(&[Sid(1), Sid(2), Sid(4)]));
        assert!(!voters.is_quorum(&[Sid(1), Sid(2), Sid(9)]), "only voters count");
        assert_eq!(voters.quorum_size(), 3);
    }
}
