//! Snapshot files and their packing (Java: `FileSnap`, `SnapStream`). What is inside is written
//! and read by [`zabscope_core::tree`].

use super::error::{During, StoreError};
use super::files::{Named, Packing};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::fs;
use std::io::{self, Read, Write};
use zabscope_core::base::Zxid;
use zabscope_core::proto::snapshot::SnapshotForm;
use zabscope_core::tree::{Image, SnapshotLoader};

const SNAPPY_MAGIC: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// Bytes that snappy-java packs together.
const SNAPPY_BLOCK: usize = 32 * 1024;
/// Largest block that is unpacked.
const SNAPPY_BLOCK_MAX: usize = 64 * 1024 * 1024;
/// Bytes that the loader gets at once.
const PIECE: usize = 256 * 1024;

/// Reads a snapshot and checks all its seals. The inner error says what is wrong with the
/// content, the outer one is the operating system's.
pub(super) fn read(file: &Named) -> Result<Result<Image, String>, StoreError> {
    let bytes = fs::read(&file.path).during("read", &file.path)?;
    Ok(unpack(bytes, file.packing).and_then(|bytes| load(&bytes, file.zxid)))
}

fn load(bytes: &[u8], label: Zxid) -> Result<Image, String> {
    let mut loader = SnapshotLoader::new(SnapshotForm::File);
    for piece in bytes.chunks(PIECE) {
        loader.push(piece).map_err(|error| error.to_string())?;
    }
    let (image, tail) = loader.finish_file(label).map_err(|error| error.to_string())?;
    if let Some(digest) = tail.digest
        && digest.zxid == label
        // Apache's server writes 0 for the tree that it starts with.
        && label != Zxid::ZERO
        && digest.digest != image.tree.digest()
    {
        // The bytes are those that were written, so another copy would not be better.
        tracing::warn!(%label, "the tree in the snapshot has not the digest that it names");
    }
    Ok(image)
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

/// Writes the snapshot of `image`.
pub(super) fn write(image: &Image, packing: Packing, out: &mut impl Write) -> io::Result<()> {
    pack(image.snapshot(SnapshotForm::File), packing, out)
}

fn pack<B: AsRef<[u8]>>(
    mut pieces: impl Iterator<Item = B>,
    packing: Packing,
    out: &mut impl Write,
) -> io::Result<()> {
    match packing {
        Packing::Plain => pieces.try_for_each(|piece| out.write_all(piece.as_ref())),
        Packing::Gz => {
            let mut gz = GzEncoder::new(out, Compression::default());
            pieces.try_for_each(|piece| gz.write_all(piece.as_ref()))?;
            gz.finish().map(drop)
        }
        Packing::Snappy => {
            out.write_all(&SNAPPY_MAGIC)?;
            for piece in pieces {
                for block in piece.as_ref().chunks(SNAPPY_BLOCK) {
                    let packed = snap::raw::Encoder::new().compress_vec(block)?;
                    let len = u32::try_from(packed.len()).expect("a block is far below 4 GiB");
                    out.write_all(&len.to_be_bytes())?;
                    out.write_all(&packed)?;
                }
            }
            Ok(())
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
            let mut packed = Vec::new();
            pack(content.chunks(70_000), packing, &mut packed).unwrap();
            assert_eq!(unpack(packed.clone(), packing).unwrap(), content);
            if packing != Packing::Plain {
                assert!(unpack(packed[..packed.len() - 1].into(), packing).is_err());
            }
        }
    }
}
