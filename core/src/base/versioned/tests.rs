use super::*;
use crate::base::rng::Rng;
use std::collections::BTreeMap;

/// Depth of the leaves, and how many entries the nodes have. Every bound must hold.
fn check(node: &Node<u64, u64>, low: Option<u64>, high: Option<u64>) -> (usize, usize) {
    let within = |key: u64| low.is_none_or(|low| low <= key) && high.is_none_or(|high| key < high);
    match node {
        Node::Leaf(entries) => {
            assert!(entries.iter().all(|(key, _)| within(*key)));
            assert!(!entries.is_empty() && entries.len() <= FULL);
            (0, entries.len())
        }
        Node::Inner(children) => {
            assert!(!children.is_empty() && children.len() <= FULL);
            let mut depths = Vec::new();
            let mut count = 0;
            for (at, (_, child)) in children.iter().enumerate() {
                let low = if at == 0 { low } else { Some(children[at].0) };
                let high = children.get(at + 1).map_or(high, |(next, _)| Some(*next));
                let (depth, len) = check(child, low, high);
                depths.push(depth);
                count += len;
            }
            assert!(depths.iter().all(|depth| *depth == depths[0]));
            (depths[0] + 1, count)
        }
    }
}

fn check_all(map: &VersionedMap<u64, u64>, model: &BTreeMap<u64, u64>) {
    assert!(map.iter().eq(model.iter()) && map.len() == model.len());
    let mut iter = map.iter();
    let leaves = core::iter::from_fn(|| iter.next_leaf());
    assert!(leaves.flatten().map(|(key, value)| (key, value)).eq(model.iter()));
    let count = map.root.as_ref().map_or(0, |root| check(root, None, None).1);
    assert_eq!(count, model.len());
}

/// The same operations on a tree of the standard library; old versions stay as they were.
#[test]
fn a_map_does_what_a_tree_does_and_versions_stay() {
    for seed in 0..20 {
        let mut rng = Rng::new(seed);
        let (mut map, mut model) = (VersionedMap::default(), BTreeMap::new());
        let mut versions = Vec::new();
        for step in 0..6_000_u64 {
            // It grows, then it shrinks.
            let removes = if step < 3_000 { 2 } else { 7 };
            let key = rng.below(1 << (4 + seed % 8));
            match rng.below(10) {
                chance if chance < removes => {
                    assert_eq!(map.remove(&key), model.remove(&key));
                }
                9 => assert_eq!(map.get_mut(&key), model.get_mut(&key)),
                8 => {
                    if let Some(value) = map.get_mut(&key) {
                        *value = step;
                        model.insert(key, step);
                    }
                }
                _ => assert_eq!(map.insert(key, step), model.insert(key, step)),
            }
            assert_eq!(map.get(&key), model.get(&key));
            let other = rng.below(1 << (5 + seed % 8));
            assert_eq!(map.contains(&other), model.contains_key(&other));
            if step % 97 == 0 {
                check_all(&map, &model);
                versions.push((map.clone(), model.clone()));
                let range = (core::ops::Bound::Excluded(key), core::ops::Bound::Unbounded);
                assert!(map.above(&key).eq(model.range(range)));
            }
        }
        for (map, model) in &versions {
            check_all(map, model);
        }
        let (last, _) = versions.last().unwrap();
        assert!(*last == last.clone() && (map == *last) == map.iter().eq(last.iter()));
        for key in model.into_keys() {
            assert!(map.remove(&key).is_some());
        }
        assert_eq!(map, VersionedMap::default());
    }
}

#[test]
fn what_comes_in_order_fills_its_nodes() {
    let mut map = VersionedMap::default();
    // Two that write in turns, each in order.
    for number in 0..10_000_u64 {
        map.insert((number % 2) * 1_000_000 + number, number);
    }
    let mut nodes = Vec::from([map.root.clone().unwrap()]);
    let mut leaves = 0;
    while let Some(node) = nodes.pop() {
        match &*node {
            Node::Leaf(_) => leaves += 1,
            Node::Inner(children) => nodes.extend(children.iter().map(|(_, child)| child.clone())),
        }
    }
    assert!(leaves < 10_000 / (FULL - 2), "{leaves}");
}

#[test]
fn what_no_version_has_any_more_is_handed_out_once() {
    let mut old: VersionedMap<u64, u64> = VersionedMap::default();
    for key in 0..1_000 {
        old.insert(key, key);
    }
    let mut new = old.clone();
    new.insert(1_000, 1_000);
    let mut handed = Vec::new();
    old.dissolve(|value| handed.push(value));
    // The newer version has copied the nodes above its new entry, and shares all others.
    assert!(!handed.is_empty() && handed.len() <= FULL, "{}", handed.len());
    handed.clear();
    new.dissolve(|value| handed.push(value));
    assert!(handed.iter().copied().eq(0..=1_000));
}

#[test]
fn a_set_of_texts() {
    let mut set: VersionedSet<Arc<str>> = VersionedSet::default();
    assert!(set.insert("b".into()) && set.insert("a".into()) && !set.insert("a".into()));
    assert!(set.contains("a") && !set.contains("c") && set.len() == 2);
    assert!(set.iter().map(|text| &**text).eq(["a", "b"]));
    assert!(set.remove("a") && !set.remove("a") && !set.is_empty());
}
