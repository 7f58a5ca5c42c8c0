//! Transaction logs.

use super::quorum::{Proposals, check_txn};
use super::{Counts, Golden};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use zabscope_core::base::Zxid;
use zabscope_core::proto::log::{FileHeader, LogEnd, LogReader, LogStep, encode_entry};
use zabscope_core::wire::{Encode, Writer};

/// Entry bodies by zxid. Servers of one scenario may hold different ones: an old leader's tail.
type Logged = BTreeMap<Zxid, BTreeSet<Bytes>>;

pub(super) fn check_all(golden: &Golden, proposals: &Proposals, counts: &mut Counts) {
    let mut logged: BTreeMap<String, Logged> = BTreeMap::new();
    for set in golden.index["storage"].as_array().unwrap() {
        let logged = logged.entry(set["scenario"].as_str().unwrap().into()).or_default();
        for name in set["files"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            let Some((_, first)) = name.rsplit_once("log.") else { continue };
            if name.ends_with(".txt") {
                continue;
            }
            let first = Zxid(i64::from_str_radix(first, 16).unwrap());
            let file = golden.file(&format!("{}/{name}", set["dir"].as_str().unwrap()));
            check_log(&file, first, logged, counts);
        }
    }
    for (scenario, sent) in proposals {
        let Some(logged) = logged.get(scenario) else { continue };
        for (zxid, bytes) in sent {
            let Some(bodies) = logged.get(zxid) else { continue };
            assert!(bodies.contains(bytes), "{scenario} {zxid}: sent and logged differ");
            counts.add("storage.proposal equals log entry");
        }
    }
}

fn check_log(file: &Bytes, first: Zxid, logged: &mut Logged, counts: &mut Counts) {
    counts.add("storage.log file");
    let mut out = Writer::new();
    FileHeader::LOG.encode(&mut out);
    let mut reader = LogReader::new(file.clone()).unwrap();
    loop {
        match reader.next_entry() {
            LogStep::Entry(entry) => {
                assert_eq!(entry.offset, out.len() as u64);
                encode_entry(&entry.body, &mut out);
                assert_eq!(entry.end, out.len() as u64);
                let zxid = check_txn(&entry.body).header.zxid;
                if entry.offset == 16 {
                    assert_eq!(zxid, first, "a log is named by its first transaction");
                }
                logged.entry(zxid).or_default().insert(entry.body);
                counts.add("storage.log entry");
            }
            LogStep::End { offset, why } => {
                assert_eq!(offset, out.len() as u64);
                assert!(why.is_clean(), "{why:?}");
                assert_eq!(why == LogEnd::EndOfFile, reader.rest().is_empty());
                break;
            }
        }
    }
    assert!(reader.rest().iter().all(|byte| *byte == 0), "padding is zero");
    counts.add_many("storage.padding bytes", reader.rest().len());
    let written = out.into_bytes();
    assert_eq!(file.slice(..written.len()), written);
}
