//! Znodes one after the other: each before those below it, siblings in the order of their names.

use super::data_tree::{Tree, names};
use super::znode::Znode;
use crate::base::VersionedIter;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hint::black_box;
use core::slice;
use smol_str::SmolStr;

/// A znode with its name.
type Named = (SmolStr, Arc<Znode>);

/// Znodes with the same parent that are still to come.
#[derive(Debug)]
struct Siblings<'a> {
    /// Those that lie together with the one that came last.
    near: slice::Iter<'a, Named>,
    far: VersionedIter<'a, SmolStr, Arc<Znode>>,
}

impl<'a> Siblings<'a> {
    fn new(all: VersionedIter<'a, SmolStr, Arc<Znode>>) -> Self {
        Self { near: [].iter(), far: all }
    }

    fn next(&mut self) -> Option<&'a Named> {
        if self.near.as_slice().is_empty() {
            let near = self.far.next_leaf()?;
            fetch(near);
            self.near = near.iter();
        }
        self.near.next()
    }
}

/// Reads a little of each znode and of its data, which lie all over the memory. The processor waits
/// for many of them at once, when nothing is done between; a walk that works on each one before it
/// reads the next would wait for every one by itself, and spend most of its time so.
fn fetch(znodes: &[Named]) {
    black_box(znodes.iter().fold(0, |sum, (_, node)| sum ^ node.stat.czxid.0 ^ node.stat.pzxid.0));
    let data = znodes.iter().filter_map(|(_, node)| node.data.as_deref());
    black_box(
        data.filter_map(|data| Some(data.first()? ^ data.last()?)).fold(0, |sum, ends| sum ^ ends),
    );
}

/// A way through a tree.
#[derive(Debug)]
pub struct Walk<'a> {
    /// Key of the znode that came last.
    key: String,
    /// From the top down: siblings that are still to come, and the length of their parent's key.
    ahead: Vec<(Siblings<'a>, usize)>,
}

impl<'a> Walk<'a> {
    /// Through all that is below `node`, which has this key; itself not.
    pub(super) fn below(node: &'a Znode, key: &str) -> Self {
        Self {
            key: key.into(),
            ahead: Vec::from([(Siblings::new(node.children.iter()), key.len())]),
        }
    }

    /// Through all that comes behind `key` in the whole tree. The znode of `key` is there.
    pub(super) fn behind(tree: &'a Tree, key: &str) -> Self {
        let mut walk = Self { key: key.into(), ahead: Vec::new() };
        let (Some(mut node), Some(names)) = (tree.get(""), names(key)) else { return walk };
        let mut len = 0;
        for name in names {
            walk.ahead.push((Siblings::new(node.children.above(name)), len));
            len += 1 + name.len();
            let Some(child) = node.children.get(name) else { return walk };
            node = child;
        }
        walk.ahead.push((Siblings::new(node.children.iter()), len));
        walk
    }

    /// The next znode.
    pub fn advance(&mut self) -> Option<&'a Znode> {
        loop {
            let (siblings, parent_len) = self.ahead.last_mut()?;
            self.key.truncate(*parent_len);
            let Some((name, node)) = siblings.next() else {
                self.ahead.pop();
                continue;
            };
            self.key.push('/');
            self.key.push_str(name);
            if node.num_children() > 0 {
                self.ahead.push((Siblings::new(node.children.iter()), self.key.len()));
            }
            return Some(node);
        }
    }

    /// The key of the znode that came last.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::data::StatPersisted;

    fn tree(keys: &[&str]) -> Tree {
        let mut tree = Tree::empty();
        for key in keys {
            assert!(tree.add(key, Znode::new(None, None, StatPersisted::default())), "{key}");
        }
        tree
    }

    fn rest(mut walk: Walk<'_>) -> Vec<String> {
        let keys = core::iter::from_fn(|| walk.advance().map(|_| walk.key().into()));
        keys.collect()
    }

    #[test]
    fn every_znode_comes_behind_those_above_it() {
        // A name can have a character that is below the slash.
        let keys = ["", "/a", "/a/b", "/a/b/c", "/a/d", "/a-b", "/a-b/c"];
        let tree = tree(&keys);
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(rest(Walk::behind(&tree, key)), keys[place + 1..], "behind {key}");
        }
        assert_eq!(rest(tree.below("/a").unwrap()), ["/a/b", "/a/b/c", "/a/d"]);
        assert!(rest(tree.below("/a/d").unwrap()).is_empty() && tree.below("/x").is_none());
        assert!(
            tree.iter()
                .map(|(path, _)| path)
                .eq(core::iter::once("/").chain(keys[1..].iter().copied()))
        );
    }

    #[test]
    fn no_path_is_too_deep() {
        let mut tree = tree(&[""]);
        let mut key = String::new();
        for _ in 0..1_000 {
            key.push_str("/a");
            assert!(tree.add(&key, Znode::new(None, None, StatPersisted::default())));
        }
        let old = tree.clone();
        assert_eq!(tree.change(&key, |node| node.stat.version = 1).unwrap().stat().version, 1);
        assert_eq!((old.get(&key).unwrap().stat().version, old.count_below("/a")), (0, Some(999)));
        assert_eq!(rest(Walk::behind(&old, &"/a".repeat(999))), [key]);
        let removed = tree.delete("/a", crate::base::Zxid(1)).unwrap();
        assert_eq!((tree.len(), removed.num_children()), (1, 1));

        // So many that a call within a call for each would overflow the stack.
        let mut top = Znode::new(None, None, StatPersisted::default());
        for _ in 0..300_000 {
            let mut above = Znode::new(None, None, StatPersisted::default());
            above.children.insert("a".into(), Arc::new(top));
            top = above;
        }
        drop(top);
    }
}
