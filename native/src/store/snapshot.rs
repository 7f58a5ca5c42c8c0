//! Snapshot files: packing, the last seal, writing in one piece (Java: `FileSnap`, `SnapStream`).
//! What is inside is the business of [`Image`](super::Image).

use super::error::{During, StoreError};
use super::files::{Named, Packing};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use simd_adler32::adler32;
use std::fs;
use std::io::{Read, Write};

/// "/" as a `ustring`, the end of every snapshot.
const END: [u8; 5] = [0, 0, 0, 1, b'/'];
/// Checksum (long) and end.
const SEAL_LEN: usize = 8 + END.len();
const SNAPPY_MAGIC: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// Bytes that snappy-java packs together.
const SNAPPY_BLOCK: usize = 32 * 1024;
/// Largest block that is unpacked.
const SNAPPY_BLOCK_MAX: usize = 64 * 1024 * 1024;

/// The uncompressed bytes of a snapshot file whose last seal is right. The inner error says what
/// is wrong with the content, the outer one is the operating system's.
pub(super) fn read(file: &Named) -> Result<Result<Bytes, String>, StoreError> {
    let bytes = fs::read(&file.path).during("read", &file.path)?;
    Ok(unpack(bytes, file.packing).and_then(|bytes| {
        check_seal(&bytes)?;
        Ok(bytes.into())
    }))
}

/// The last seal covers every byte before it, earlier seals included.
fn check_seal(bytes: &[u8]) -> Result<(), String> {
    let Some((content, seal)) = bytes.split_last_chunk::<SEAL_LEN>() else {
        return Err("it is too short".into());
    };
    if seal[8..] != END {
        return Err("its end is missing".into());
    }
    if seal[..8] != u64::from(adler32(&content)).to_be_bytes() {
        return Err("its checksum is wrong".into());
    }
    Ok(())
}

fn unpack(bytes: Vec<u8>, packing: Packing) -> Result<Vec<u8>, String> {
    match packing {
        Packing::Plain => Ok(bytes),
        Packing::Gz => {
            let mut out = Vec::new();
            let read = GzDecoder::new(&bytes[..]).read_to_end(&mut out);
            read.map(|_| out).map_err(|error| format!("it cannot be unpacked: {error}"))
        }
        Packing::Snappy => unsnappy(&bytes),
    }
}

fn unsnappy(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut rest = bytes.strip_prefix(&SNAPPY_MAGIC).ok_or("it is not a snappy stream")?;
    let mut out = Vec::new();
    while let Some((len, tail)) = rest.split_first_chunk::<4>() {
        let len = u32::from_be_bytes(*len) as usize;
        let block = tail.get(..len).ok_or("it ends inside a snappy block")?;
        let size = snap::raw::decompress_len(block).map_err(|error| error.to_string())?;
        if size > SNAPPY_BLOCK_MAX {
            return Err("a snappy block is unreasonably large".into());
        }
        let unpacked = snap::raw::Decoder::new().decompress_vec(block);
        out.extend(unpacked.map_err(|error| error.to_string())?);
        rest = &tail[len..];
    }
    if rest.is_empty() { Ok(out) } else { Err("it ends inside a snappy block".into()) }
}

/// The bytes of a snapshot file with this content.
pub(super) fn pack(content: &[u8], packing: Packing) -> Vec<u8> {
    match packing {
        Packing::Plain => content.into(),
        Packing::Gz => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).expect("a Vec takes everything");
            encoder.finish().expect("a Vec takes everything")
        }
        Packing::Snappy => {
            let mut out = SNAPPY_MAGIC.to_vec();
            for block in content.chunks(SNAPPY_BLOCK) {
                let packed = snap::raw::Encoder::new().compress_vec(block);
                let packed = packed.expect("a block is far below 4 GiB");
                let len = u32::try_from(packed.len()).expect("a block is far below 4 GiB");
                out.extend_from_slice(&len.to_be_bytes());
                out.extend_from_slice(&packed);
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packing_unpacks() {
        let content: Vec<u8> = (0..100_000_u32).map(|i| (i / 7).to_le_bytes()[0]).collect();
        for packing in [Packing::Plain, Packing::Gz, Packing::Snappy] {
            let packed = pack(&content, packing);
            assert_eq!(unpack(packed.clone(), packing).unwrap(), content);
            if packing != Packing::Plain {
                assert!(unpack(packed[..packed.len() - 1].into(), packing).is_err());
            }
        }
    }

    #[test]
    fn a_seal_covers_every_byte_before_it() {
        let mut bytes = b"content".to_vec();
        bytes.extend_from_slice(&u64::from(adler32(&&b"content"[..])).to_be_bytes());
        bytes.extend_from_slice(&END);
        check_seal(&bytes).unwrap();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 4;
            assert!(check_seal(&flipped).is_err(), "{at}");
            assert!(check_seal(&bytes[..at]).is_err(), "{at}");
        }
    }
}
