//! A list that grows at its end and is cheap to copy: two branches share what is equal.

use std::rc::Rc;

/// Elements that are shared or copied together.
const CHUNK: usize = 256;

/// A list whose copies share all full chunks.
#[derive(Clone, Debug)]
pub struct List<T> {
    chunks: Vec<Rc<Vec<T>>>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T: Clone> List<T> {
    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        // All chunks but the last are full.
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// An element by its place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&T> {
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    /// An element by its place, to change it in this copy only.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        Rc::make_mut(self.chunks.get_mut(place / CHUNK)?).get_mut(place % CHUNK)
    }

    /// The last element.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.chunks.last()?.last()
    }

    /// Adds at the end.
    pub fn push(&mut self, value: T) {
        if self.chunks.last().is_none_or(|last| last.len() >= CHUNK) {
            self.chunks.push(Rc::new(Vec::new()));
        }
        if let Some(last) = self.chunks.last_mut() {
            Rc::make_mut(last).push(value);
        }
    }

    /// Forgets all from this place on.
    pub fn truncate(&mut self, len: usize) {
        self.chunks.truncate(len.div_ceil(CHUNK));
        if let Some(last) = self.chunks.last_mut()
            && !len.is_multiple_of(CHUNK)
            && last.len() > len % CHUNK
        {
            Rc::make_mut(last).truncate(len % CHUNK);
        }
    }

    /// The first place whose element does not have the property; all before it must have it.
    pub fn partition_point(&self, mut has: impl FnMut(&T) -> bool) -> usize {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_none_or(&mut has));
        let inside = self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(has));
        (chunk * CHUNK + inside).min(self.len())
    }

    /// All elements, from either end.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The elements before this place, the newest first.
    pub fn before(&self, place: usize) -> impl Iterator<Item = &T> {
        let end = place.min(self.len());
        (0..end).rev().filter_map(|place| self.get(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_the_other_forgets() {
        let mut list = List::default();
        for value in 0..1000_usize {
            list.push(value);
            assert_eq!(list.len(), value + 1);
        }
        let copy = list.clone();
        for len in [1000, 999, 768, 700, 512, 511, 1, 0] {
            list.truncate(len);
            assert_eq!(list.len(), len);
            assert_eq!(list.last().copied(), len.checked_sub(1));
            assert!(list.iter().copied().eq(0..len));
            assert!(list.before(5000).copied().eq((0..len).rev()));
        }
        list.push(7);
        assert!(copy.iter().copied().eq(0..1000));
    }

    #[test]
    fn places_are_found_across_chunks() {
        let mut list = List::default();
        (0..600_usize).for_each(|value| list.push(value * 2));
        for wanted in [0, 1, 255, 256, 257, 511, 512, 599, 600, 9999] {
            let found = list.partition_point(|value| *value < wanted * 2);
            assert_eq!(found, wanted.min(600));
        }
        *list.get_mut(300).unwrap() = 1;
        assert_eq!((list.get(300), list.get(600)), (Some(&1), None));
    }
}
