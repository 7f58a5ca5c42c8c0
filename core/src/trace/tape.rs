//! The tape: how a run began, and what was done to it from outside.
//!
//! Everything else follows from these two, so a tape *is* a run: it fits in a link, and replaying
//! it gives the same steps. Keyframes and recorded steps are caches of it.

use crate::base::Millis;
use alloc::vec::Vec;

/// One thing done from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<D> {
    /// Which step of the run it is, from 0.
    pub index: u64,
    /// Virtual time at which it was done, microseconds.
    pub at_us: u64,
    /// What was done.
    pub directive: D,
}

impl<D> Entry<D> {
    /// The virtual time in whole milliseconds, for people.
    #[must_use]
    pub const fn at(&self) -> Millis {
        Millis(self.at_us / 1000)
    }
}

/// Initial settings `S` and the directives `D`, in the order in which they were given.
///
/// Indexes increase strictly and times never decrease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tape<S, D> {
    setup: S,
    entries: Vec<Entry<D>>,
}

impl<S, D> Tape<S, D> {
    /// A tape on which nothing has been done.
    #[must_use]
    pub const fn new(setup: S) -> Self {
        Self { setup, entries: Vec::new() }
    }

    /// How the run begins.
    pub const fn setup(&self) -> &S {
        &self.setup
    }

    /// What is done to it.
    pub fn entries(&self) -> &[Entry<D>] {
        &self.entries
    }

    /// The directive that is step `index`, if that step is one.
    pub fn at(&self, index: u64) -> Option<&Entry<D>> {
        let found = self.entries.binary_search_by_key(&index, |entry| entry.index).ok()?;
        self.entries.get(found)
    }

    /// Puts a directive at the end. False, and nothing changed, if it is not later than the last.
    pub fn push(&mut self, entry: Entry<D>) -> bool {
        let later = self
            .entries
            .last()
            .is_none_or(|last| last.index < entry.index && last.at_us <= entry.at_us);
        if later {
            self.entries.push(entry);
        }
        later
    }

    /// Forgets the directives at `index` and after it.
    pub fn truncate(&mut self, index: u64) {
        let kept = self.entries.partition_point(|entry| entry.index < index);
        self.entries.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_step_and_stay_in_order() {
        let mut tape = Tape::new("setup");
        for (index, at_us) in [(0, 0), (3, 5000), (4, 5000)] {
            assert!(tape.push(Entry { index, at_us, directive: index * 10 }));
        }
        assert!(!tape.push(Entry { index: 4, at_us: 6000, directive: 0 }));
        assert!(!tape.push(Entry { index: 9, at_us: 4999, directive: 0 }));
        assert_eq!(tape.at(3).map(|entry| (entry.directive, entry.at())), Some((30, Millis(5))));
        assert_eq!(tape.at(2), None);
        tape.truncate(3);
        assert_eq!(tape.entries().len(), 1);
        assert_eq!(tape.setup(), &"setup");
    }
}
