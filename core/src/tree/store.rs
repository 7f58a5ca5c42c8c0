//! Sorted maps and sets whose versions share what they have in common.
//!
//! A clone costs nothing and a change copies the path to the changed entry only, so that a
//! version of the tree can be kept as a snapshot, and the leader can work on a version ahead of
//! the committed one. No other file names the crate behind them.

use core::borrow::Borrow;
use core::ops::Bound;
use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

/// A sorted map; `clone` is O(1), everything else O(log n).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VersionedMap<K: Ord, V>(RedBlackTreeMapSync<K, V>);

impl<K: Ord, V> Default for VersionedMap<K, V> {
    fn default() -> Self {
        Self(RedBlackTreeMapSync::new_sync())
    }
}

impl<K: Ord + Clone, V: Clone> VersionedMap<K, V> {
    /// The value of `key`.
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key)
    }

    /// The value of `key`, to be changed in this version only.
    pub(super) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.0.get_mut(key)
    }

    /// The key and the value of `key`.
    pub(super) fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.0.get_key_value(key)
    }

    /// Is there a `key`?
    pub(super) fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// Sets the value of `key`.
    pub(super) fn insert(&mut self, key: K, value: V) {
        self.0.insert_mut(key, value);
    }

    /// Removes `key`; false if it was not there.
    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.remove_mut(key)
    }

    /// How many entries there are.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.0.size()
    }

    /// True if there is none.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All entries in the order of the keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter()
    }

    /// The entries whose keys are above `key`, in order.
    pub(super) fn above<'a, Q: Ord + ?Sized>(
        &'a self,
        key: &'a Q,
    ) -> impl Iterator<Item = (&'a K, &'a V)> + 'a
    where
        K: Borrow<Q>,
    {
        self.0.range((Bound::Excluded(key), Bound::Unbounded))
    }
}

/// A sorted set; `clone` is O(1), everything else O(log n).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VersionedSet<T: Ord>(RedBlackTreeSetSync<T>);

impl<T: Ord> Default for VersionedSet<T> {
    fn default() -> Self {
        Self(RedBlackTreeSetSync::new_sync())
    }
}

impl<T: Ord + Clone> VersionedSet<T> {
    /// Is `item` in the set?
    pub(super) fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.contains(item)
    }

    /// Adds `item`.
    pub(super) fn insert(&mut self, item: T) {
        self.0.insert_mut(item);
    }

    /// Removes `item`; false if it was not there.
    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.remove_mut(item)
    }

    /// How many there are.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.0.size()
    }

    /// True if there is none.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All items in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}
