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
/// Bytes that one byte of a block can stand for.
const SNAPPY_RATIO_MAX: usize = 64;
/// Bytes that the loader gets at once.
const PIECE: usize = 256 * 1024;

/// Reads a snapshot and checks all its seals. The inner error says what is wrong with the
/// content, the outer one is the operating system's.
pub(super) fn read(file: &Named) -> Result<Result<Image, String>, StoreError> {
    let bytes = fs::read(&file.path).during("read", &file.path)?;
    Ok(load(&bytes, file.packing, file.zxid))
}

fn load(bytes: &[u8], packing: Packing, label: Zxid) -> Result<Image, String> {
    let mut loader = SnapshotLoader::new(SnapshotForm::File);
    unpack(bytes, packing, &mut |piece| {
        loader.push(piece).map(|_| ()).map_err(|error| error.to_string())
    })?;
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

/// Hands out what is packed, a piece at a time: a few bytes can be packed gigabytes, and what
/// makes no sense ends the reading before they are all unpacked.
fn unpack(
    bytes: &[u8],
    packing: Packing,
    take: &mut impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    match packing {
        Packing::Plain => bytes.chunks(PIECE).try_for_each(take),
        Packing::Gz => {
            let mut gz = GzDecoder::new(bytes);
            let mut piece = vec![0; PIECE];
            loop {
                match gz.read(&mut piece) {
                    Ok(0) => return Ok(()),
                    Ok(len) => take(&piece[..len])?,
                    Err(error) => return Err(format!("it cannot be unpacked: {error}")),
                }
            }
        }
        Packing::Snappy => unsnappy(bytes, take),
    }
}

fn unsnappy(
    bytes: &[u8],
    take: &mut impl FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let mut rest = bytes.strip_prefix(&SNAPPY_MAGIC).ok_or("it is not a snappy stream")?;
    while let Some((len, tail)) = rest.split_first_chunk::<4>() {
        let len = u32::from_be_bytes(*len) as usize;
        let block = tail.get(..len).ok_or("it ends inside a snappy block")?;
        let size = snap::raw::decompress_len(block).map_err(|error| error.to_string())?;
        // Three bytes become 64 at most, so a larger size is a lie that would cost its memory.
        if size > SNAPPY_BLOCK_MAX || size / SNAPPY_RATIO_MAX > block.len() {
            return Err("a snappy block is unreasonably large".into());
        }
        let unpacked = snap::raw::Decoder::new().decompress_vec(block);
        take(&unpacked.map_err(|error| error.to_string())?)?;
        rest = &tail[len..];
    }
    if rest.is_empty() { Ok(()) } else { Err("it ends inside a snappy block".into()) }
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

    fn unpacked(bytes: &[u8], packing: Packing) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        unpack(bytes, packing, &mut |piece| {
            out.extend_from_slice(piece);
            Ok(())
        })
        .map(|()| out)
    }

    #[test]
    fn every_packing_unpacks() {
        let content: Vec<u8> = (0..100_000_u32).map(|i| (i / 7).to_le_bytes()[0]).collect();
        let zeros = vec![0; 3 * PIECE];
        for (packing, content) in [Packing::Plain, Packing::Gz, Packing::Snappy]
            .into_iter()
            .flat_map(|packing| [(packing, &content), (packing, &zeros)])
        {
            let mut packed = Vec::new();
            pack(content.chunks(70_000), packing, &mut packed).unwrap();
            assert_eq!(&unpacked(&packed, packing).unwrap(), content);
            if packing != Packing::Plain {
                assert!(unpacked(&packed[..packed.len() - 1], packing).is_err());
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_not_unpacked_to_its_end() {
        let mut packed = Vec::new();
        pack([[0; PIECE]].iter().cycle().take(400), Packing::Gz, &mut packed).unwrap();
        let mut pieces = 0;
        let result = unpack(&packed, Packing::Gz, &mut |_| {
            pieces += 1;
            if pieces == 3 { Err("enough".into()) } else { Ok(()) }
        });
        assert_eq!((result, pieces), (Err("enough".to_owned()), 3));
        let mut lie = SNAPPY_MAGIC.to_vec();
        lie.extend_from_slice(&[0, 0, 0, 6, 0x80, 0x80, 0x80, 0x1f, 0, 0]);
        assert!(unpacked(&lie, Packing::Snappy).unwrap_err().contains("unreasonably large"));
    }
}
