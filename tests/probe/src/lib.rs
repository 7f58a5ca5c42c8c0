//! One computation of the engine, exported as a plain wasm function and as Rust.
//!
//! The wasm module made of this crate imports nothing at all, so it shows two things: the engine
//! needs nothing from its host, and it computes the same there as on a real machine.

use zabscope_core::base::rng::Rng;

/// How many numbers are drawn from each of the split generators.
const DRAWS: u32 = 1000;

/// A digest of what the engine computes from `seed` (FNV-1a over the little-endian bytes).
#[must_use]
pub fn digest(seed: u64) -> u64 {
    let mut rng = Rng::new(seed);
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for bound in 1..=16 {
        let mut part = rng.split();
        for _ in 0..DRAWS {
            hash = mix(mix(hash, part.next_u64()), part.below(bound));
        }
    }
    hash
}

fn mix(hash: u64, value: u64) -> u64 {
    value
        .to_le_bytes()
        .iter()
        .fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// [`digest`] under a name that JavaScript can call; 64-bit integers are BigInt there.
#[expect(unsafe_code, reason = "an exported name is unsafe by declaration; nothing else is")]
#[unsafe(no_mangle)]
pub extern "C" fn probe_digest(seed: u64) -> u64 {
    digest(seed)
}
