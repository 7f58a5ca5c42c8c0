//! States kept along a run, so that going back costs a short replay.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// Clones of a state at every so many steps, in bounded number.
///
/// When the bound is reached every second one goes and the distance doubles: a run of any length
/// keeps between half the bound and the bound, evenly spread. Copies of the whole share the states:
/// a branch of a run costs no more memory than what it does differently.
#[derive(Clone, Debug)]
pub struct Keyframes<T> {
    every: u64,
    max: usize,
    frames: Vec<(u64, Arc<T>)>,
}

impl<T: Clone> Keyframes<T> {
    /// Starts with the state at index 0, which is never dropped.
    ///
    /// `every` is the first distance in steps and at least 1; `max` is at least 2.
    #[must_use]
    pub fn new(every: u64, max: usize, first: T) -> Self {
        Self { every: every.max(1), max: max.max(2), frames: vec![(0, Arc::new(first))] }
    }

    /// Keeps a clone of `state`, which is the state before step `index`, if one is due there.
    pub fn offer(&mut self, index: u64, state: &T) {
        let newer = self.frames.last().is_none_or(|(last, _)| *last < index);
        if !newer || !index.is_multiple_of(self.every) {
            return;
        }
        if self.frames.len() >= self.max {
            self.every = self.every.saturating_mul(2);
            let every = self.every;
            self.frames.retain(|(index, _)| index.is_multiple_of(every));
        }
        if index.is_multiple_of(self.every) {
            self.frames.push((index, Arc::new(state.clone())));
        }
    }

    /// The latest state at or before `index`.
    pub fn nearest(&self, index: u64) -> (u64, &T) {
        let after = self.frames.partition_point(|(at, _)| *at <= index);
        let nearest = self.frames.get(after.saturating_sub(1));
        let (at, state) = nearest.expect("the state at index 0 is never dropped");
        (*at, state)
    }

    /// Forgets the states after `index`: the future is another one now.
    pub fn truncate(&mut self, index: u64) {
        let kept = self.frames.partition_point(|(at, _)| *at <= index);
        self.frames.truncate(kept.max(1));
    }

    /// How many are kept.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.frames.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn their_number_is_bounded_and_the_way_back_stays_short() {
        let mut frames = Keyframes::new(4, 8, 0);
        for index in 1..=1000 {
            frames.offer(index, &index);
            assert!(frames.count() <= 8, "{} at {index}", frames.count());
        }
        for index in 0..=1000 {
            let (at, state) = frames.nearest(index);
            assert_eq!(at, *state);
            assert!(at <= index && index - at < 256, "{at} for {index}");
        }
        frames.truncate(300);
        assert!(frames.nearest(1000).0 <= 300);
        frames.truncate(0);
        assert_eq!(frames.nearest(1000), (0, &0));
    }
}
