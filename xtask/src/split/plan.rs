//! Which function goes into which half.

use super::{BRING, Belongs, List, numbered, places, table, uses};
use anyhow::{Context, Result, ensure};
use rustc_demangle::demangle;
use std::collections::{BTreeMap, BTreeSet};
use walrus::{ExportItem, FunctionId, FunctionKind, Module};

/// What has to be there while the second half is brought in: memory may be asked for, and what is
/// asked for memory must not be interrupted by that.
const ALWAYS: [&str; 5] =
    ["dlmalloc", "__rust", "__rdl", "wasm_bindgen::externref", "wasm_bindgen::__rt"];

/// Functions by their place in the module, which is the same each time it is read.
pub(super) struct Plan {
    /// Those that come later.
    pub(super) later: BTreeSet<usize>,
    /// Those of them that the first half calls or that stand in the table of functions.
    pub(super) wanted: BTreeSet<usize>,
    /// Slots in the table of functions: all of those that had one, one of those that get one.
    pub(super) slots: BTreeMap<usize, Vec<u32>>,
    /// The function that brings in the second half.
    pub(super) bring: usize,
    /// A slot of each function that stays and has one.
    pub(super) known: BTreeMap<usize, u32>,
    /// Number of slots of that table.
    pub(super) size: u64,
}

/// What the functions of a module call, and what they weigh.
struct Graph {
    calls: Vec<Vec<usize>>,
    /// In instructions; none for an import.
    weights: Vec<Option<u64>>,
}

impl Graph {
    fn of(module: &Module, ids: &[FunctionId]) -> Self {
        let place = numbered(ids);
        let (mut calls, mut weights) = (Vec::new(), Vec::new());
        for id in ids {
            let (called, weight) = match &module.funcs.get(*id).kind {
                FunctionKind::Local(body) => {
                    let called = uses(body).functions.iter().map(|callee| place[callee]).collect();
                    (called, Some(body.size()))
                }
                _ => (Vec::new(), None),
            };
            calls.push(called);
            weights.push(weight);
        }
        Self { calls, weights }
    }

    /// All that is reached by calls from `open` without a call of what is `closed`.
    fn reached(&self, mut open: Vec<usize>, closed: impl Fn(usize) -> bool) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        while let Some(at) = open.pop() {
            if found.insert(at) {
                open.extend(self.calls[at].iter().filter(|callee| !closed(**callee)));
            }
        }
        found
    }
}

/// The name of each function, without what differs between compilers.
pub(crate) fn names(module: &Module) -> Vec<String> {
    let plain = |name: &str| {
        // What stands behind a last dot is a number by which the linker tells copies apart.
        let name = format!("{:#}", demangle(name));
        let number =
            name.rsplit_once('.').filter(|(_, end)| end.bytes().all(|sign| sign.is_ascii_digit()));
        number.map_or(name.clone(), |(name, _)| name.to_owned())
    };
    module.funcs.iter().map(|it| it.name.as_deref().map_or_else(String::new, plain)).collect()
}

impl Plan {
    pub(super) fn new(module: &Module, list: &List) -> Result<Self> {
        let ids = places(module);
        let place = numbered(&ids);
        let graph = Graph::of(module, &ids);
        let (table, segments) = table(module)?;
        let mut slots: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (_, offset, functions) in &segments {
            for (slot, function) in (*offset..).zip(functions) {
                slots.entry(place[function]).or_default().push(slot);
            }
        }
        let exported: BTreeMap<&str, usize> = module
            .exports
            .iter()
            .filter_map(|export| match export.item {
                ExportItem::Function(function) => Some((export.name.as_str(), place[&function])),
                _ => None,
            })
            .collect();
        let bring = *exported.get(BRING).with_context(|| format!("no export {BRING}"))?;

        let (mut named, mut typed) = (BTreeSet::new(), BTreeSet::new());
        let mut always = vec![bring];
        for (place, name) in names(module).iter().enumerate() {
            if ALWAYS.iter().any(|begin| name.trim_start_matches('<').starts_with(begin)) {
                always.push(place);
                continue;
            }
            match list.belongs(name) {
                Some(Belongs::Itself) => drop(named.insert(place)),
                Some(Belongs::ByType) => drop(typed.insert(place)),
                None => {}
            }
        }
        ensure!(!named.is_empty(), "no function has a name of the list");

        let started = module.start.map(|start| place[&start]);
        let taken = slots.keys().copied();
        let taken = taken.filter(|place| !named.contains(place) && !typed.contains(place));
        let open = exported.values().copied().chain(started).chain(taken).chain(always);
        let first = graph.reached(open.collect(), |callee| named.contains(&callee));
        let later: BTreeSet<usize> = (0..ids.len())
            .filter(|place| !first.contains(place) && graph.weights[*place].is_some())
            .collect();
        let (mut slots, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            slots.into_iter().partition(|(place, _)| later.contains(place));
        let known = others.into_iter().filter_map(|(place, slots)| Some((place, *slots.first()?)));
        let known = known.collect();
        let called = first.iter().flat_map(|place| graph.calls[*place].iter().copied());
        let mut wanted: BTreeSet<usize> = called.filter(|place| later.contains(place)).collect();
        let mut size = module.tables.get(table).initial;
        for place in &wanted {
            if !slots.contains_key(place) {
                slots.insert(*place, vec![u32::try_from(size)?]);
                size += 1;
            }
        }
        wanted.extend(slots.keys());
        Ok(Self { later, wanted, slots, known, bring, size })
    }
}
