//! Makes saved runs shorter: what was written before is named instead of written again.
//!
//! A run of literal bytes is its length less one and the bytes. A copy is 0x80 with its length
//! less [`COPY_MIN`], then the distance back in seven bits a byte. Both sides begin behind
//! [`COMMON`], which counts as written. One pass, no state between calls: the same bytes natively
//! and in the browser, and an unpacker that fits a screen.

use super::SavedError;
use super::bytes::{In, Out};
use alloc::vec;
use alloc::vec::Vec;

/// What most runs contain: the parts of a create request as jute writes it.
const COMMON: &[u8] = b"\0\0\0\0\0\0\0\x06/lock-\0\0\0\x05lock-\0\0\0\x01/\0\0\0\x06/hello\0\0\0\x0bfirst words\0\0\0\x01\0\0\0\x1f\0\0\0\x05world\0\0\0\x06anyone\0\0\0\0\xff\xff\xff\xff";

/// Shortest copy: it takes two bytes or more.
const COPY_MIN: usize = 4;
/// Longest copy.
const COPY_MAX: usize = COPY_MIN + 0x7f;
/// Longest run of literal bytes.
const LITERALS_MAX: usize = 0x80;
/// Places remembered by what stands there.
const SLOTS: usize = 4096;

/// The shorter form of `bytes`.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::from(COMMON);
    all.extend_from_slice(bytes);
    let mut seen = vec![None; SLOTS];
    let mut out = Out::default();
    let (mut at, mut literals) = (0, COMMON.len());
    while at < all.len() {
        let before = slot(&all, at).and_then(|slot| seen[slot].replace(at));
        let length = before.map_or(0, |before: usize| common(&all, before, at));
        if at < COMMON.len() || length < COPY_MIN {
            at += 1;
            continue;
        }
        write_literals(&all[literals..at], &mut out);
        out.0.push(0x80 | byte(length - COPY_MIN));
        out.number((at - before.unwrap_or(at)) as u64);
        for passed in at + 1..at + length {
            if let Some(slot) = slot(&all, passed) {
                seen[slot] = Some(passed);
            }
        }
        at += length;
        literals = at;
    }
    write_literals(&all[literals..], &mut out);
    out.0
}

/// Where the next [`COPY_MIN`] bytes are remembered.
fn slot(all: &[u8], at: usize) -> Option<usize> {
    let bytes = all.get(at..at + COPY_MIN)?;
    let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    Some((word.wrapping_mul(0x9e37_79b1) >> 20) as usize % SLOTS)
}

/// How many bytes are equal from both places on.
fn common(all: &[u8], before: usize, at: usize) -> usize {
    let pairs = all[before..].iter().zip(&all[at..]);
    pairs.take(COPY_MAX).take_while(|(a, b)| a == b).count()
}

fn write_literals(bytes: &[u8], out: &mut Out) {
    for part in bytes.chunks(LITERALS_MAX) {
        out.0.push(byte(part.len() - 1));
        out.0.extend_from_slice(part);
    }
}

const fn byte(value: usize) -> u8 {
    value.to_le_bytes()[0]
}

/// The bytes that were packed.
///
/// # Errors
/// These are none, or more than `max`.
pub(super) fn unpack(packed: &[u8], max: usize) -> Result<Vec<u8>, SavedError> {
    let mut all = Vec::from(COMMON);
    let max = max.saturating_add(COMMON.len());
    let mut input = In::new(packed);
    while !input.rest.is_empty() {
        let head = usize::from(input.byte());
        let length = if head < 0x80 { head + 1 } else { (head & 0x7f) + COPY_MIN };
        if all.len() + length > max {
            return Err(SavedError::Large);
        }
        if head < 0x80 {
            all.extend_from_slice(input.take(length));
            continue;
        }
        let back = usize::try_from(input.number()).ok().filter(|back| *back > 0);
        match back.and_then(|back| all.len().checked_sub(back)) {
            // Byte by byte: a copy may reach into itself.
            Some(from) => (from..from + length).for_each(|place| all.push(all[place])),
            None => input.fail(SavedError::Value("distance")),
        }
    }
    input.finish()?;
    Ok(all.split_off(COMMON.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn what_is_packed_comes_out_again() {
        let mut rng = Rng::new(1);
        for round in 0..2_000_u64 {
            let letters = 1 + rng.next_u64() % 5;
            let count = rng.next_u64() % if round < 1990 { 300 } else { 50_000 };
            let bytes: Vec<u8> = (0..count)
                .map(|_| {
                    let draw = rng.next_u64();
                    // Now and then a byte of any value, so that copies end.
                    (if draw.is_multiple_of(9) { draw >> 32 } else { draw % letters } & 0xff) as u8
                })
                .collect();
            let packed = pack(&bytes);
            assert!(packed.len() <= bytes.len() + bytes.len() / LITERALS_MAX + 1);
            assert_eq!(unpack(&packed, bytes.len()).unwrap(), bytes);
            if !bytes.is_empty() {
                assert_eq!(unpack(&packed, bytes.len() - 1), Err(SavedError::Large));
            }
        }
    }

    #[test]
    fn repetitions_cost_little() {
        let text = b"create /queue/item- with some data; ".repeat(100);
        assert!(pack(&text).len() < 130, "{}", pack(&text).len());
        let rights = b"\0\0\0\x05world\0\0\0\x06anyone";
        assert!(pack(rights).len() < 6, "{}", pack(rights).len());
    }

    #[test]
    fn any_bytes_are_unpacked_or_refused() {
        let mut rng = Rng::new(2);
        let (mut good, mut bad) = (0, 0);
        for _ in 0..20_000 {
            let count = rng.next_u64() % 40;
            let bytes: Vec<u8> = (0..count).map(|_| (rng.next_u64() >> 24 & 0xff) as u8).collect();
            match unpack(&bytes, 1000) {
                Ok(all) => {
                    assert!(all.len() <= 1000);
                    good += 1;
                }
                Err(_) => bad += 1,
            }
        }
        assert!(good > 100 && bad > 100, "{good} {bad}");
    }
}
