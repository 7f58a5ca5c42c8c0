//! Equal values once, under small numbers: what makes a state a few words.
//!
//! The tables are ours because the crate has no unordered map, and because ids are handed out in
//! the order of discovery: two searches give the same numbers, and nothing depends on the hash.

use alloc::vec;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// A quick hash for tables inside of one process; its values never leave it.
#[derive(Clone, Copy, Debug, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(FACTOR);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        let high = self.0 ^ (self.0 >> 32);
        high.wrapping_mul(FACTOR) >> 8
    }
}

fn hash_of<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut mix = Mix::default();
    value.hash(&mut mix);
    mix.finish()
}

/// A slot's place: the low bits of a hash.
#[allow(clippy::cast_possible_truncation, reason = "the mask leaves less than the type holds")]
const fn place(hash: u64, mask: usize) -> usize {
    hash as usize & mask
}

/// Slots of an open table: an id plus one, or 0 for an empty slot.
#[derive(Clone, Debug)]
struct Slots {
    slots: Vec<u32>,
    used: usize,
}

impl Slots {
    fn new() -> Self {
        Self { slots: vec![0; 16], used: 0 }
    }

    /// The id whose value is `same`, or the slot to put a new one into.
    fn find(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = place(hash, mask);
        loop {
            match self.slots[at] {
                0 => return Err(at),
                full if same(full - 1) => return Ok(full - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Fills the slot that `find` gave; the table grows before it is three quarters full.
    fn fill(&mut self, at: usize, id: u32, hash: impl Fn(u32) -> u64) {
        self.slots[at] = id + 1;
        self.used += 1;
        if 4 * self.used < 3 * self.slots.len() {
            return;
        }
        let bigger = vec![0; 2 * self.slots.len()];
        let mask = bigger.len() - 1;
        for full in core::mem::replace(&mut self.slots, bigger) {
            if full == 0 {
                continue;
            }
            let mut at = place(hash(full - 1), mask);
            while self.slots[at] != 0 {
                at = (at + 1) & mask;
            }
            self.slots[at] = full;
        }
    }
}

/// Number of the next item of a table.
fn next_id(len: usize) -> u32 {
    u32::try_from(len).expect("a search of four thousand million values does not fit in memory")
}

/// Values with their ids.
#[derive(Clone, Debug)]
pub struct Interner<T> {
    items: Vec<T>,
    slots: Slots,
}

impl<T: Hash + Eq> Interner<T> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self { items: Vec::new(), slots: Slots::new() }
    }

    /// The id of the value, a new one if it was not seen before.
    pub fn put(&mut self, item: T) -> u32 {
        match self.slots.find(hash_of(&item), |id| self.items[id as usize] == item) {
            Ok(id) => id,
            Err(slot) => {
                let id = next_id(self.items.len());
                self.items.push(item);
                let items = &self.items;
                self.slots.fill(slot, id, |id| hash_of(&items[id as usize]));
                id
            }
        }
    }

    /// The value of an id that this table gave.
    #[must_use]
    pub fn get(&self, id: u32) -> &T {
        &self.items[id as usize]
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T: Hash + Eq> Default for Interner<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A map from words to numbers, for results that are computed once.
#[derive(Clone, Debug)]
pub struct Memo {
    pairs: Vec<(u64, u32)>,
    slots: Slots,
}

impl Memo {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self { pairs: Vec::new(), slots: Slots::new() }
    }

    /// The number of a key.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<u32> {
        let found = self.slots.find(hash_of(&key), |id| self.pairs[id as usize].0 == key);
        found.ok().map(|id| self.pairs[id as usize].1)
    }

    /// Remembers a number for a key that has none.
    pub fn set(&mut self, key: u64, value: u32) {
        if let Err(slot) = self.slots.find(hash_of(&key), |id| self.pairs[id as usize].0 == key) {
            let id = next_id(self.pairs.len());
            self.pairs.push((key, value));
            let pairs = &self.pairs;
            self.slots.fill(slot, id, |id| hash_of(&pairs[id as usize].0));
        }
    }
}

impl Default for Memo {
    fn default() -> Self {
        Self::new()
    }
}

/// States of one width, in the order in which they were found, each with the one it came from.
#[derive(Clone, Debug)]
pub struct States {
    width: usize,
    /// Blocks of equal size, so that growing copies nothing.
    blocks: Vec<Vec<u32>>,
    slots: Slots,
    len: usize,
}

/// States in a block.
const BLOCK: usize = 1 << 16;

impl States {
    /// None yet, of `width` words each.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { width, blocks: Vec::new(), slots: Slots::new(), len: 0 }
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn row(&self, id: u32) -> &[u32] {
        let (block, at) = (id as usize / BLOCK, id as usize % BLOCK);
        let stride = self.width + 1;
        &self.blocks[block][at * stride..(at + 1) * stride]
    }

    /// The state with this number.
    #[must_use]
    pub fn get(&self, id: u32) -> &[u32] {
        &self.row(id)[..self.width]
    }

    /// The number of the state from which it was first reached; its own for the first of all.
    #[must_use]
    pub fn parent(&self, id: u32) -> u32 {
        self.row(id)[self.width]
    }

    /// Adds a state unless it is known: true if it was new.
    pub fn add(&mut self, state: &[u32], parent: u32) -> bool {
        let Err(slot) = self.slots.find(hash_of(state), |id| self.get(id) == state) else {
            return false;
        };
        let id = next_id(self.len);
        if self.len.is_multiple_of(BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK * (self.width + 1)));
        }
        if let Some(block) = self.blocks.last_mut() {
            block.extend_from_slice(state);
            block.push(parent);
        }
        self.len += 1;
        let mut slots = core::mem::replace(&mut self.slots, Slots { slots: Vec::new(), used: 0 });
        slots.fill(slot, id, |id| hash_of(self.get(id)));
        self.slots = slots;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_id() {
        let mut table = Interner::new();
        for round in 0..2 {
            for value in 0..5_000_u32 {
                assert_eq!(table.put((value, value % 7)), value, "round {round}");
            }
        }
        assert_eq!(table.len(), 5_000);
        assert_eq!(*table.get(4_321), (4_321, 4_321 % 7));
    }

    #[test]
    fn a_memo_keeps_the_first_number() {
        let mut memo = Memo::new();
        for key in 0..3_000_u64 {
            assert_eq!(memo.get(key << 32), None);
            memo.set(key << 32, u32::try_from(key).unwrap());
        }
        memo.set(5 << 32, 9);
        assert_eq!(memo.get(5 << 32), Some(5));
        assert_eq!(memo.get(2_999 << 32), Some(2_999));
    }

    #[test]
    fn states_are_kept_once_with_their_parents() {
        let mut states = States::new(3);
        for value in 0..200_000_u32 {
            assert!(states.add(&[value, value / 2, 7], value / 2));
            assert!(!states.add(&[value, value / 2, 7], 0));
        }
        assert_eq!(states.len(), 200_000);
        assert_eq!(
            (states.get(150_001), states.parent(150_001)),
            (&[150_001, 75_000, 7][..], 75_000)
        );
    }
}
