//! States kept along a run, so that going back costs a short replay.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// Clones of a state at every so many steps, in bounded number.
///
/// When a bound is reached, in number or in bytes, every second one goes and the distance doubles: a
/// run of any length keeps between half the bound and the bound, evenly spread. Copies of the whole share the states:
/// a branch of a run costs no more memory than what it does differently.
#[derive(Clone, Debug)]
pub struct Keyframes<T> {
    every: u64,
    max: usize,
    bytes_max: u64,
    frames: Vec<Frame<T>>,
}

#[derive(Clone, Debug)]
struct Frame<T> {
    index: u64,
    bytes: u64,
    state: Arc<T>,
}

impl<T: Clone> Keyframes<T> {
    /// Starts with the state at index 0, which is never dropped.
    ///
    /// `every` is the first distance in steps and at least 1; `max` is at least 2; `bytes_max` is
    /// compared with the sum of what [`Keyframes::offer`] was told.
    #[must_use]
    pub fn new(every: u64, max: usize, bytes_max: u64, first: T) -> Self {
        let frames = vec![Frame { index: 0, bytes: 0, state: Arc::new(first) }];
        Self { every: every.max(1), max: max.max(2), bytes_max, frames }
    }

    /// Keeps a clone of `state`, which is the state before step `index`, if one is due there.
    /// `bytes` estimates what a clone costs.
    pub fn offer(&mut self, index: u64, state: &T, bytes: impl FnOnce(&T) -> u64) {
        let newer = self.frames.last().is_none_or(|last| last.index < index);
        if !newer || !index.is_multiple_of(self.every) {
            return;
        }
        let bytes = bytes(state);
        while self.frames.len() > 1
            && (self.frames.len() >= self.max || self.bytes() + bytes > self.bytes_max)
        {
            self.every = self.every.saturating_mul(2);
            let every = self.every;
            self.frames.retain(|frame| frame.index.is_multiple_of(every));
        }
        if index.is_multiple_of(self.every) {
            self.frames.push(Frame { index, bytes, state: Arc::new(state.clone()) });
        }
    }

    /// The latest state at or before `index`.
    pub fn nearest(&self, index: u64) -> (u64, &T) {
        let after = self.frames.partition_point(|frame| frame.index <= index);
        let nearest = self.frames.get(after.saturating_sub(1));
        let frame = nearest.expect("the state at index 0 is never dropped");
        (frame.index, &frame.state)
    }

    /// Forgets the states after `index`: the future is another one now.
    pub fn truncate(&mut self, index: u64) {
        let kept = self.frames.partition_point(|frame| frame.index <= index);
        self.frames.truncate(kept.max(1));
    }

    /// What all together cost, by the estimates.
    pub fn bytes(&self) -> u64 {
        self.frames.iter().map(|frame| frame.bytes).sum()
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
        let mut frames = Keyframes::new(4, 8, 1000, 0);
        for index in 1..=1000 {
            frames.offer(index, &index, |_| 1);
            assert!(frames.count() <= 8, "{} at {index}", frames.count());
        }
        for index in 0..=1000 {
            let (at, state) = frames.nearest(index);
            assert_eq!(at, *state);
            assert!(at <= index && index - at < 256, "{at} for {index}");
        }
        // Each costs as much as ten of the others.
        for index in 1001..=4000 {
            frames.offer(index, &index, |_| 300);
            assert!(frames.bytes() <= 1000, "{} at {index}", frames.bytes());
        }
        assert!(frames.count() > 2);
        frames.truncate(300);
        assert!(frames.nearest(1000).0 <= 300);
        frames.truncate(0);
        assert_eq!(frames.nearest(1000), (0, &0));
    }
}
