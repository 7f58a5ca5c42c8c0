//! CRC-32, as zlib counts it. The quick implementation carries 16 kB of tables, so the page has
//! another one.

/// CRC-32 of the parts in a row.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn crc32(parts: &[&[u8]]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.finalize()
}

/// CRC-32 of the parts in a row.
#[cfg(target_arch = "wasm32")]
#[must_use]
pub fn crc32(parts: &[&[u8]]) -> u32 {
    small_crc32(parts)
}

/// With one table of 1 kB.
#[cfg(any(target_arch = "wasm32", test))]
fn small_crc32(parts: &[&[u8]]) -> u32 {
    const CRC_32: crc::Crc<u32, crc::Table<1>> =
        crc::Crc::<u32, crc::Table<1>>::new(&crc::CRC_32_ISO_HDLC);
    let mut crc = CRC_32.digest();
    parts.iter().for_each(|part| crc.update(part));
    crc.finalize()
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use alloc::vec::Vec;

    #[test]
    fn both_ways_to_count_agree() {
        let mut rng = Rng::new(5);
        let bytes: Vec<u8> = (0..3_000).map(|_| rng.below(256).to_le_bytes()[0]).collect();
        for cut in [0, 1, 7, 64, 1_000, 3_000] {
            let parts = [&bytes[..cut], &bytes[cut..]];
            assert_eq!(crc32(&parts), small_crc32(&parts), "cut at {cut}");
        }
        assert_eq!(crc32(&[b"123456789"]), 0xcbf4_3926);
    }
}
