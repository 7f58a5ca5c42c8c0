//! Streams between servers, as numbers: what is under way in one direction, and whether its end is.

use super::intern::{Interner, Memo};
use alloc::vec::Vec;

/// One direction of a stream, as the receiver will see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// The receiver has no stream from there.
    Closed,
    /// It has.
    Open {
        /// Packets under way, by number, oldest first.
        packets: Vec<u32>,
        /// Behind them the stream ends.
        ends: bool,
    },
}

/// The number of [`Wire::Closed`].
pub(super) const CLOSED: u32 = 0;
/// The number of a stream with nothing under way.
pub(super) const OPEN: u32 = 1;
/// The number of a stream of which only the end is under way.
pub(super) const ENDING: u32 = 2;

/// All contents that were met.
#[derive(Clone, Debug)]
pub struct Wires {
    table: Interner<Wire>,
    pushed: Memo,
    popped: Memo,
}

impl Wires {
    /// Only the three that have a name.
    #[must_use]
    pub fn new() -> Self {
        let mut table = Interner::new();
        table.put(Wire::Closed);
        table.put(Wire::Open { packets: Vec::new(), ends: false });
        table.put(Wire::Open { packets: Vec::new(), ends: true });
        Self { table, pushed: Memo::new(), popped: Memo::new() }
    }

    /// The wire of a number.
    #[must_use]
    pub fn get(&self, wire: u32) -> &Wire {
        self.table.get(wire)
    }

    /// The number of a wire.
    pub fn put(&mut self, wire: Wire) -> u32 {
        self.table.put(wire)
    }

    /// Does what is sent now arrive?
    #[must_use]
    pub fn is_live(&self, wire: u32) -> bool {
        matches!(self.table.get(wire), Wire::Open { ends: false, .. })
    }

    /// The oldest packet.
    #[must_use]
    pub fn front(&self, wire: u32) -> Option<u32> {
        match self.table.get(wire) {
            Wire::Closed => None,
            Wire::Open { packets, .. } => packets.first().copied(),
        }
    }

    /// With one packet more; what is sent into a stream that ends is lost.
    pub(super) fn push(&mut self, wire: u32, packet: u32) -> u32 {
        let key = u64::from(wire) << 32 | u64::from(packet);
        if let Some(known) = self.pushed.get(key) {
            return known;
        }
        let mut next = self.table.get(wire).clone();
        if let Wire::Open { packets, ends: false } = &mut next {
            packets.push(packet);
        }
        let next = self.table.put(next);
        self.pushed.set(key, next);
        next
    }

    /// Without its oldest packet.
    pub(super) fn pop(&mut self, wire: u32) -> u32 {
        if let Some(known) = self.popped.get(wire.into()) {
            return known;
        }
        let mut next = self.table.get(wire).clone();
        if let Wire::Open { packets, .. } = &mut next
            && !packets.is_empty()
        {
            packets.remove(0);
        }
        let next = self.table.put(next);
        self.popped.set(wire.into(), next);
        next
    }

    /// Ended by its sender, behind what is under way.
    pub(super) fn end(&mut self, wire: u32) -> u32 {
        let mut next = self.table.get(wire).clone();
        if let Wire::Open { ends, .. } = &mut next {
            *ends = true;
        }
        self.table.put(next)
    }
}

impl Default for Wires {
    fn default() -> Self {
        Self::new()
    }
}
