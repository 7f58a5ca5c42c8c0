//! Sorted maps and sets for small numbers of entries: one sorted vector.
//!
//! The order of iteration is that of the keys, as everywhere in this crate. Looking up costs
//! O(log n), inserting and removing O(n) moves of whole entries, which up to a few hundred is
//! faster than a tree, and a tenth of its code in wasm. What can grow with the clients of a real
//! server (sessions, connections, watches) belongs into a tree instead.

use alloc::vec::{self, Vec};
use core::{mem, slice};

/// A sorted map.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Map<K, V>(Vec<(K, V)>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Map<K, V> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Number of entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// All entries, in the order of their keys.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter(self.0.iter())
    }

    /// All entries, the values to be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// All values, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.0.iter().map(|(_, value)| value)
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// All values, in the order of their keys.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.0.into_iter().map(|(_, value)| value)
    }

    /// The entry with the smallest key.
    #[must_use]
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.0.first().map(|(key, value)| (key, value))
    }

    /// The entry with the largest key.
    #[must_use]
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.0.last().map(|(key, value)| (key, value))
    }

    /// Takes the entry with the smallest key.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }

    /// Takes the entry with the largest key.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        self.0.pop()
    }

    /// Keeps only the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }
}

impl<K: Ord, V> Map<K, V> {
    fn find(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(key))
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.find(key).ok().map(|at| &self.0[at].1)
    }

    /// The value of `key`, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.find(key).ok().map(|at| &mut self.0[at].1)
    }

    /// Is there a `key`?
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    /// Sets the value of `key`; the old one, if there was one.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => Some(mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Removes `key`; its value, if it was there.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.find(key).ok().map(|at| self.0.remove(at).1)
    }

    /// The value of `key`, which is `value` if there was none.
    pub fn get_or_insert(&mut self, key: K, value: V) -> &mut V {
        let at = self.find(&key).unwrap_or_else(|at| {
            self.0.insert(at, (key, value));
            at
        });
        &mut self.0[at].1
    }

    /// The entries with keys from `key` on.
    #[must_use]
    pub fn from(&self, key: &K) -> Iter<'_, K, V> {
        let at = self.find(key).unwrap_or_else(|at| at);
        Iter(self.0[at..].iter())
    }

    /// The last entry with a key up to `key`.
    #[must_use]
    pub fn at_or_before(&self, key: &K) -> Option<(&K, &V)> {
        let end = self.find(key).map_or_else(|at| at, |at| at + 1);
        self.0[..end].last().map(|(key, value)| (key, value))
    }

    /// Cuts off the entries with keys from `key` on.
    pub fn truncate_from(&mut self, key: &K) {
        let at = self.find(key).unwrap_or_else(|at| at);
        self.0.truncate(at);
    }
}

impl<K: Ord, V> core::ops::Index<&K> for Map<K, V> {
    type Output = V;

    /// # Panics
    /// If `key` is not there.
    fn index(&self, key: &K) -> &V {
        self.get(key).expect("the key is there")
    }
}

/// Entries in the order of their keys.
#[derive(Debug)]
pub struct Iter<'a, K, V>(slice::Iter<'a, (K, V)>);

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (key, value))
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

/// A sorted set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Set<K>(Vec<K>);

impl<K> Default for Set<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Set<K> {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Number of members.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// All members, in order.
    pub fn iter(&self) -> slice::Iter<'_, K> {
        self.0.iter()
    }

    /// The smallest.
    #[must_use]
    pub fn first(&self) -> Option<&K> {
        self.0.first()
    }

    /// The largest.
    #[must_use]
    pub fn last(&self) -> Option<&K> {
        self.0.last()
    }

    /// Takes the smallest.
    pub fn pop_first(&mut self) -> Option<K> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }

    /// Keeps only the members for which `keep` says so.
    pub fn retain(&mut self, keep: impl FnMut(&K) -> bool) {
        self.0.retain(keep);
    }
}

impl<K: Ord> Set<K> {
    /// Is it a member?
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.0.binary_search(key).is_ok()
    }

    /// Adds it; false if it was there.
    pub fn insert(&mut self, key: K) -> bool {
        let found = self.0.binary_search(&key);
        if let Err(at) = found {
            self.0.insert(at, key);
        }
        found.is_err()
    }

    /// Removes it; false if it was not there.
    pub fn remove(&mut self, key: &K) -> bool {
        let found = self.0.binary_search(key);
        if let Ok(at) = found {
            self.0.remove(at);
        }
        found.is_ok()
    }
}

impl<'a, K> IntoIterator for &'a Set<K> {
    type Item = &'a K;
    type IntoIter = slice::Iter<'a, K>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K> IntoIterator for Set<K> {
    type Item = K;
    type IntoIter = vec::IntoIter<K>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Ord> Extend<K> for Set<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        for key in keys {
            self.insert(key);
        }
    }
}

impl<K: Ord> FromIterator<K> for Set<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut set = Self::new();
        set.extend(keys);
        set
    }
}

impl<K: Ord, const N: usize> From<[K; N]> for Set<K> {
    fn from(keys: [K; N]) -> Self {
        keys.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use std::collections::{BTreeMap, BTreeSet};

    /// The same operations on a tree of the standard library.
    #[test]
    fn a_map_does_what_a_tree_does() {
        let mut rng = Rng::new(1);
        let (mut map, mut tree) = (Map::new(), BTreeMap::new());
        for step in 0..5_000_u64 {
            let key = rng.below(40);
            match rng.below(8) {
                0..=2 => assert_eq!(map.insert(key, step), tree.insert(key, step)),
                3 => assert_eq!(map.remove(&key), tree.remove(&key)),
                4 => assert_eq!(map.get_or_insert(key, step), tree.entry(key).or_insert(step)),
                5 => assert_eq!(map.pop_first(), tree.pop_first()),
                6 => assert_eq!(map.get(&key), tree.get(&key)),
                _ => {
                    assert!(map.from(&key).eq(tree.range(key..)));
                    assert_eq!(map.at_or_before(&key), tree.range(..=key).next_back());
                }
            }
            assert!(map.iter().eq(tree.iter()) && map.len() == tree.len());
            assert_eq!(map.last_key_value(), tree.last_key_value());
        }
        map.truncate_from(&20);
        map.retain(|key, _| key % 2 == 0);
        tree.retain(|key, _| *key < 20 && key % 2 == 0);
        assert!(map.into_iter().eq(tree));
    }

    #[test]
    fn a_set_does_what_a_tree_does() {
        let mut rng = Rng::new(2);
        let (mut set, mut tree) = (Set::new(), BTreeSet::new());
        for _ in 0..5_000 {
            let key = rng.below(40);
            match rng.below(3) {
                0 => assert_eq!(set.insert(key), tree.insert(key)),
                1 => assert_eq!(set.remove(&key), tree.remove(&key)),
                _ => assert_eq!(set.contains(&key), tree.contains(&key)),
            }
            assert!(set.iter().eq(tree.iter()));
        }
        assert!(set.into_iter().eq(tree));
    }
}
