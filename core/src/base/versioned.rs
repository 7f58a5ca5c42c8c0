//! Sorted maps and sets whose versions share what they have in common.
//!
//! A clone costs nothing. A change copies the nodes between the root and the changed entry, as far
//! as another version has them too; without one it is made in place. So a version of a tree can be
//! kept as a snapshot while the next transactions come, and costs nothing more once it is gone.
//!
//! This is a B-tree with all entries in its leaves. Small nodes would be cheaper to copy, large
//! ones are cheaper to search, which is what happens most.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::fmt::{self, Debug};
use core::slice;

/// Entries of a full node. With one more, just before it is split, it fills what a vector of
/// entries grows to.
const FULL: usize = 31;
/// A node with fewer is joined with a neighbour if they fit into one.
const FEW: usize = 8;

/// A sorted map; `clone` is O(1), everything else O(log n).
#[derive(Clone)]
pub struct VersionedMap<K, V> {
    root: Option<Arc<Node<K, V>>>,
    len: usize,
}

/// All leaves are equally deep. No node but the root of a map that is being changed is empty.
#[derive(Clone)]
enum Node<K, V> {
    Leaf(Vec<(K, V)>),
    /// Each child with a lower bound of its keys that is above all keys of the child before it. The
    /// first one's bound is not looked at: that child has everything below the second bound.
    Inner(Vec<Child<K, V>>),
}

type Child<K, V> = (K, Arc<Node<K, V>>);

impl<K, V> Default for VersionedMap<K, V> {
    fn default() -> Self {
        Self { root: None, len: 0 }
    }
}

impl<K: Debug, V: Debug> Debug for VersionedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for VersionedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.root, &other.root) {
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        same || (self.len == other.len && self.iter().eq(other.iter()))
    }
}

impl<K: Eq, V: Eq> Eq for VersionedMap<K, V> {}

/// The place of the child that `key` belongs to.
fn child_of<K: Borrow<Q>, V, Q: Ord + ?Sized>(children: &[Child<K, V>], key: &Q) -> usize {
    children.get(1..).map_or(0, |rest| rest.partition_point(|(low, _)| low.borrow() <= key))
}

fn find<K: Borrow<Q>, V, Q: Ord + ?Sized>(entries: &[(K, V)], key: &Q) -> Result<usize, usize> {
    entries.binary_search_by(|(other, _)| other.borrow().cmp(key))
}

/// The second part of a node that has become too large, if it has. What comes in order, at the end
/// or before somebody else's keys, shall leave full nodes behind.
fn split<T>(items: &mut Vec<T>, inserted: usize) -> Option<Vec<T>> {
    if items.len() <= FULL {
        return None;
    }
    let at = if inserted >= FULL / 2 { (inserted + 1).min(FULL) } else { FULL / 2 };
    let mut behind = Vec::with_capacity(FULL + 1);
    behind.extend(items.drain(at..));
    Some(behind)
}

impl<K, V> Node<K, V> {
    fn len(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Inner(children) => children.len(),
        }
    }
}

impl<K: Clone + Ord, V: Clone> Node<K, V> {
    /// Sets the value of `key`; the old one, and the part that was split off. `last`: no node of
    /// this depth is behind this one.
    ///
    /// Keys mostly come in order, of the whole map or of those below a common beginning: so the
    /// last place is looked at first, which is one comparison instead of a search.
    fn insert(&mut self, key: K, value: V, last: bool) -> (Option<V>, Option<Child<K, V>>) {
        match self {
            Self::Leaf(entries) => {
                let found = match entries.last() {
                    Some((highest, _)) if *highest < key => Err(entries.len()),
                    _ => find(entries, &key),
                };
                let at = match found {
                    Ok(at) => return (Some(core::mem::replace(&mut entries[at].1, value)), None),
                    Err(at) => at,
                };
                entries.insert(at, (key, value));
                let behind = split(entries, at);
                (None, behind.map(|behind| (behind[0].0.clone(), Arc::new(Self::Leaf(behind)))))
            }
            Self::Inner(children) => {
                let end = children.len() - 1;
                let at =
                    if last && children[end].0 <= key { end } else { child_of(children, &key) };
                let last = last && at == end;
                let (old, behind) = Arc::make_mut(&mut children[at].1).insert(key, value, last);
                let Some(behind) = behind else { return (old, None) };
                children.insert(at + 1, behind);
                let behind = split(children, at + 1);
                (old, behind.map(|behind| (behind[0].0.clone(), Arc::new(Self::Inner(behind)))))
            }
        }
    }

    fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::Leaf(entries) => find(entries, key).ok().map(|at| entries.remove(at).1),
            Self::Inner(children) => {
                let at = child_of(children, key);
                let removed = Arc::make_mut(&mut children[at].1).remove(key)?;
                match children[at].1.len() {
                    0 => drop(children.remove(at)),
                    1..FEW => join(children, at),
                    _ => {}
                }
                Some(removed)
            }
        }
    }

    /// Takes in the entries of the node behind it, whose keys begin at `low`.
    fn append(&mut self, low: K, behind: &mut Self) {
        match (self, behind) {
            (Self::Leaf(entries), Self::Leaf(behind)) => entries.append(behind),
            (Self::Inner(children), Self::Inner(behind)) => {
                if let Some(first) = behind.first_mut() {
                    first.0 = low;
                }
                children.append(behind);
            }
            (Self::Leaf(_), Self::Inner(_)) | (Self::Inner(_), Self::Leaf(_)) => {
                unreachable!("all leaves are equally deep")
            }
        }
    }
}

/// Joins a small child with the one before or behind it, if they fit into one.
fn join<K: Clone + Ord, V: Clone>(children: &mut Vec<Child<K, V>>, at: usize) {
    let first = at.saturating_sub(1);
    if first + 1 >= children.len() || children[first].1.len() + children[first + 1].1.len() > FULL {
        return;
    }
    let (low, mut behind) = children.remove(first + 1);
    Arc::make_mut(&mut children[first].1).append(low, Arc::make_mut(&mut behind));
}

/// Hands out the values below `node`, as far as this was the last version that had them.
fn dissolve<K, V>(node: Arc<Node<K, V>>, each: &mut impl FnMut(V)) {
    match Arc::into_inner(node) {
        None => {}
        Some(Node::Leaf(entries)) => entries.into_iter().for_each(|(_, value)| each(value)),
        Some(Node::Inner(children)) => {
            children.into_iter().for_each(|(_, child)| dissolve(child, each));
        }
    }
}

impl<K: Ord + Clone, V: Clone> VersionedMap<K, V> {
    /// The key and the value of `key`.
    #[must_use]
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let mut node = self.root.as_ref()?;
        loop {
            match &**node {
                Node::Inner(children) => node = &children[child_of(children, key)].1,
                Node::Leaf(entries) => {
                    let (key, value) = &entries[find(entries, key).ok()?];
                    return Some((key, value));
                }
            }
        }
    }

    /// The value of `key`.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// The value of `key`, to be changed in this version only.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.get_key_value_mut(key).map(|(_, value)| value)
    }

    /// The key and the value of `key`, the value to be changed in this version only.
    pub fn get_key_value_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(&K, &mut V)>
    where
        K: Borrow<Q>,
    {
        let mut node = self.root.as_mut()?;
        loop {
            match Arc::make_mut(node) {
                Node::Inner(children) => {
                    let at = child_of(children, key);
                    node = &mut children[at].1;
                }
                Node::Leaf(entries) => {
                    let at = find(entries, key).ok()?;
                    let (key, value) = &mut entries[at];
                    return Some((key, value));
                }
            }
        }
    }

    /// Is there a `key`? One that is above all others, as those that come in order are, is found to
    /// be missing by one comparison at each depth.
    #[must_use]
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        let mut node = self.root.as_deref();
        while let Some(Node::Inner(children)) = node
            && let Some((low, last)) = children.last()
            && low.borrow() <= key
        {
            node = Some(last);
        }
        match node {
            Some(Node::Leaf(entries)) if entries.last().is_some_and(|(k, _)| k.borrow() < key) => {
                false
            }
            _ => self.get_key_value(key).is_some(),
        }
    }

    /// Sets the value of `key`; the old one, if there was one. The key that is there stays.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let root = self.root.get_or_insert_with(|| Arc::new(Node::Leaf(Vec::new())));
        let low = key.clone();
        let (old, behind) = Arc::make_mut(root).insert(key, value, true);
        if let Some(behind) = behind {
            let children = alloc::vec![(low, Arc::clone(root)), behind];
            *root = Arc::new(Node::Inner(children));
        }
        self.len += usize::from(old.is_none());
        old
    }

    /// Removes `key`; its value, if it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let root = self.root.as_mut()?;
        let removed = Arc::make_mut(root).remove(key)?;
        self.len -= 1;
        if self.len == 0 {
            self.root = None;
            return Some(removed);
        }
        // The root of one child is that child.
        while let Node::Inner(children) = &**root
            && let [(_, only)] = &children[..]
        {
            *root = Arc::clone(only);
        }
        Some(removed)
    }

    /// The entries whose keys are above `key`, in order.
    #[must_use]
    pub fn above<Q: Ord + ?Sized>(&self, key: &Q) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let mut iter = Iter::default();
        let Some(mut node) = self.root.as_deref() else { return iter };
        loop {
            match node {
                Node::Inner(children) => {
                    let at = child_of(children, key);
                    iter.inner.push(children[at + 1..].iter());
                    node = &children[at].1;
                }
                Node::Leaf(entries) => {
                    let at = find(entries, key).map_or_else(|at| at, |at| at + 1);
                    iter.leaf = entries[at..].iter();
                    return iter;
                }
            }
        }
    }
}

impl<K, V> VersionedMap<K, V> {
    /// Takes this version apart: what no other version has goes to `each`.
    pub fn dissolve(self, mut each: impl FnMut(V)) {
        if let Some(root) = self.root {
            dissolve(root, &mut each);
        }
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All entries in the order of the keys.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, K, V> {
        let mut iter = Iter::default();
        if let Some(root) = self.root.as_deref() {
            iter.descend(root);
        }
        iter
    }
}

/// Entries in the order of their keys.
pub struct Iter<'a, K, V> {
    /// What is left of each node between the root and the leaf.
    inner: Vec<slice::Iter<'a, Child<K, V>>>,
    leaf: slice::Iter<'a, (K, V)>,
}

impl<K, V> Default for Iter<'_, K, V> {
    fn default() -> Self {
        Self { inner: Vec::new(), leaf: [].iter() }
    }
}

impl<K, V> Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iter")
    }
}

impl<'a, K, V> Iter<'a, K, V> {
    /// Goes on with the first entry of `node`.
    fn descend(&mut self, mut node: &'a Node<K, V>) {
        loop {
            match node {
                Node::Leaf(entries) => {
                    self.leaf = entries.iter();
                    return;
                }
                Node::Inner(children) => {
                    let mut children = children.iter();
                    let Some((_, first)) = children.next() else { return };
                    self.inner.push(children);
                    node = first;
                }
            }
        }
    }

    /// The next entries, as far as they lie in one leaf. `None`: there are no more.
    pub fn next_leaf(&mut self) -> Option<&'a [(K, V)]> {
        while self.leaf.as_slice().is_empty() {
            match self.inner.last_mut()?.next() {
                Some((_, child)) => self.descend(child),
                None => drop(self.inner.pop()),
            }
        }
        Some(core::mem::take(&mut self.leaf).as_slice())
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.leaf.as_slice().is_empty() {
            self.leaf = self.next_leaf()?.iter();
        }
        self.leaf.next().map(|(key, value)| (key, value))
    }
}

/// A sorted set; `clone` is O(1), everything else O(log n).
#[derive(Clone, PartialEq, Eq)]
pub struct VersionedSet<T>(VersionedMap<T, ()>);

impl<T> Default for VersionedSet<T> {
    fn default() -> Self {
        Self(VersionedMap::default())
    }
}

impl<T: Debug> Debug for VersionedSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<T: Ord + Clone> VersionedSet<T> {
    /// Is `item` in the set?
    #[must_use]
    pub fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.contains(item)
    }

    /// Adds `item`; false if it was there.
    pub fn insert(&mut self, item: T) -> bool {
        self.0.insert(item, ()).is_none()
    }

    /// Removes `item`; false if it was not there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.remove(item).is_some()
    }
}

impl<T> VersionedSet<T> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All items in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(item, ())| item)
    }
}

#[cfg(test)]
mod tests;
