//! A simulated log as the bytes of one file, for checks of what its writer does with positions.
//! Runs that look at nothing below whole transactions do without.

use super::message::{Payload, Write};
use crate::base::{Map, Zxid};
use crate::proto::log::{LogReader, LogStep, encode_entry};
use crate::proto::txn::TxnHeader;
use crate::wire::{Decode, Reader, Writer};
use alloc::vec::Vec;
use bytes::Bytes;

/// The file, and where its writer stands.
#[derive(Clone, Debug)]
pub struct LogFile {
    bytes: Vec<u8>,
    at: usize,
    /// The writer keeps its place when the file is cut: mutant M20.
    left_open: bool,
    /// How it obeys a write; a pointer, so that who never has such a file does not carry the code.
    obey: fn(&mut Self, &Write),
    read: fn(&Self) -> Map<Zxid, Payload>,
}

impl PartialEq for LogFile {
    fn eq(&self, other: &Self) -> bool {
        (&self.bytes, self.at, self.left_open) == (&other.bytes, other.at, other.left_open)
    }
}

impl Eq for LogFile {}

impl LogFile {
    /// An empty file.
    #[must_use]
    pub fn new(left_open: bool) -> Self {
        Self { bytes: Vec::new(), at: 0, left_open, obey, read }
    }

    /// Makes one write durable. Says what a reader finds after it.
    pub fn write(&mut self, write: &Write) -> Map<Zxid, Payload> {
        (self.obey)(self, write);
        (self.read)(self)
    }
}

fn obey(file: &mut LogFile, write: &Write) {
    match write {
        Write::Append(entry) => {
            let mut out = Writer::new();
            encode_entry(&entry.payload, &mut out);
            let entry = out.into_bytes();
            let end = file.at + entry.len();
            // What lies between the end of the file and the writer becomes zeros.
            if file.bytes.len() < end {
                file.bytes.resize(end, 0);
            }
            file.bytes[file.at..end].copy_from_slice(&entry);
            file.at = end;
        }
        Write::Truncate(zxid) => {
            let kept = entries(file).take_while(|(at, ..)| at <= zxid);
            let end = kept.last().map_or(0, |(_, end, _)| end);
            file.bytes.truncate(end);
            if !file.left_open {
                file.at = end;
            }
        }
        Write::Install { .. } => {
            file.bytes.clear();
            file.at = 0;
        }
        Write::AcceptedEpoch(_) | Write::CurrentEpoch(_) => {}
    }
}

fn read(file: &LogFile) -> Map<Zxid, Payload> {
    entries(file).map(|(zxid, _, payload)| (zxid, payload)).collect()
}

/// Zxid, end and content of each entry, until one cannot be read.
fn entries(file: &LogFile) -> impl Iterator<Item = (Zxid, usize, Payload)> + use<> {
    let mut reader = LogReader::at(Bytes::copy_from_slice(&file.bytes), 0);
    core::iter::from_fn(move || {
        let LogStep::Entry(entry) = reader.next_entry() else { return None };
        let header = TxnHeader::decode(&mut Reader::new(entry.body.clone())).ok()?;
        Some((header.zxid, usize::try_from(entry.end).ok()?, entry.body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::base::{Cxid, Epoch, SessionId};
    use crate::proto::txn::{Txn, TxnRecord};
    use crate::wire::Encode;
    use crate::zab::Entry;

    fn append(counter: u32) -> Write {
        let zxid = Zxid::new(Epoch(1), counter);
        let txn = Txn::CreateSession { timeout_ms: 4000 };
        let (session, kind) = (SessionId(5), txn.kind());
        let header = TxnHeader { session, cxid: Cxid(0), zxid, time_ms: 7, kind };
        let payload = TxnRecord { header, txn, digest: None }.to_bytes();
        Write::Append(Entry { zxid, payload })
    }

    fn cut(counter: u32) -> Write {
        Write::Truncate(Zxid::new(Epoch(1), counter))
    }

    #[test]
    fn a_file_that_is_cut_goes_on_at_the_cut() {
        let mut rng = Rng::new(1);
        let mut file = LogFile::new(false);
        let mut last = 0;
        for _ in 0..200 {
            let write = if rng.below(5) == 0 {
                last = u32::try_from(rng.below(u64::from(last) + 1)).expect("it is smaller");
                cut(last)
            } else {
                last += 1;
                append(last)
            };
            let found = file.write(&write);
            assert_eq!(found.len() as u64, u64::from(last));
            assert!(found.keys().enumerate().all(|(at, zxid)| zxid.counter() as usize == at + 1));
        }
    }

    #[test]
    fn a_writer_that_keeps_its_place_leaves_a_hole() {
        let mut file = LogFile::new(true);
        for counter in 1..=3 {
            file.write(&append(counter));
        }
        assert_eq!(file.write(&cut(1)).len(), 1);
        assert_eq!(file.write(&append(2)).len(), 1, "reading stops at the hole");
    }
}
