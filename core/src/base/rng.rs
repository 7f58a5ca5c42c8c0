//! A seeded generator (SplitMix64): the same draws on every machine, natively and in wasm.

/// Seeded random numbers. Not for secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(u64);

impl Rng {
    /// A generator that starts from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias of the plain remainder is below 2^-32 for every bound used here.
        if bound == 0 { 0 } else { self.next_u64() % bound }
    }

    /// A generator of its own, so that a new draw in one place does not shift another.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self(self.next_u64())
    }
}
