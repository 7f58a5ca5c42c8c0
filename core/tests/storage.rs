//! Data folders of real servers: recover them, check every digest on the way, compare the end.
//!
//! The captures are beside the repository, or where `ZABSCOPE_GOLDEN` says. Compressed snapshots
//! are not read here: decompression is the driver's.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zabscope_core::base::{SessionId, Zxid};
use zabscope_core::proto::log::{LogReader, LogStep};
use zabscope_core::proto::snapshot::{
    SnapshotDecoder, SnapshotForm, SnapshotItem, SnapshotTail, SnapshotWriter,
};
use zabscope_core::proto::txn::TxnRecord;
use zabscope_core::tree::{Image, SnapshotLoader, Znode, digest::DIGEST_VERSION};
use zabscope_core::wire::{DecodeError, Encode, Text};

/// The folder of captures; prints that the test is skipped if there is none.
fn golden() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden");
    let golden = std::env::var_os("ZABSCOPE_GOLDEN").map_or(beside, PathBuf::from);
    if golden.is_dir() {
        return Some(golden);
    }
    println!("SKIPPED: no captures at {} (set ZABSCOPE_GOLDEN)", golden.display());
    None
}

/// Storage sets, in order.
fn sets() -> Vec<PathBuf> {
    let Some(golden) = golden() else { return Vec::new() };
    let folder = golden.join("storage").read_dir().unwrap();
    let mut sets: Vec<_> = folder.map(|set| set.unwrap().path()).collect();
    sets.sort();
    assert!(!sets.is_empty());
    sets
}

/// Files `prefix<hex zxid>` of a set, in the order of the zxid.
fn files(set: &Path, prefix: &str) -> Vec<(Zxid, Bytes)> {
    let mut files = Vec::new();
    for entry in set.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(hex) = name.strip_prefix(prefix) else { continue };
        if let Ok(zxid) = i64::from_str_radix(hex, 16) {
            files.push((Zxid(zxid), Bytes::from(std::fs::read(&path).unwrap())));
        }
    }
    files.sort_by_key(|(zxid, _)| *zxid);
    files
}

fn records(log: &Bytes) -> Vec<TxnRecord> {
    let mut reader = LogReader::new(log.clone()).unwrap();
    let mut records = Vec::new();
    loop {
        match reader.next_entry() {
            LogStep::Entry(entry) => records.push(TxnRecord::from_all(entry.body).unwrap()),
            LogStep::End { why, .. } => {
                assert!(why.is_clean(), "{why:?}");
                return records;
            }
        }
    }
}

fn load(zxid: Zxid, file: &[u8]) -> (Image, SnapshotTail) {
    let mut loader = SnapshotLoader::new(SnapshotForm::File);
    loader.push(file).unwrap();
    loader.finish_file(zxid).unwrap()
}

/// Recovers a set from its oldest snapshot that its logs continue, checking digests and later
/// snapshots on the way. Returns the image, and how many transactions, digests and later snapshots
/// there were.
fn replay(set: &Path) -> (Image, [u64; 3]) {
    let snapshots = files(set, "snapshot.");
    let logs = files(set, "log.");
    // A set that came by SNAP has an initial snapshot that its log does not continue.
    let first = logs.first().map_or(Zxid(i64::MAX), |(_, log)| records(log)[0].header.zxid);
    let at = snapshots.iter().rposition(|(zxid, _)| *zxid < first).unwrap();
    let (zxid, file) = &snapshots[at];
    let (mut image, tail) = load(*zxid, file);
    check_tail(&image, &tail);
    let mut later = snapshots[at + 1..].iter().peekable();
    let mut counts = [0; 3];
    for record in logs.iter().flat_map(|(_, log)| records(log)) {
        if record.header.zxid <= image.zxid {
            continue;
        }
        image.apply(&record);
        counts[0] += 1;
        if let Some(expected) = record.digest {
            assert_eq!(expected.version, DIGEST_VERSION);
            assert_eq!(image.tree.digest(), expected.tree, "{} {record:?}", set.display());
            counts[1] += 1;
        }
        assert_eq!(image.zxid, record.header.zxid);
        if let Some((zxid, file)) = later.next_if(|(zxid, _)| *zxid == image.zxid) {
            let (stored, tail) = load(*zxid, file);
            check_tail(&stored, &tail);
            assert_same(&stored, &image);
            counts[2] += 1;
        }
    }
    assert!(later.peek().is_none(), "a later snapshot was not reached");
    (image, counts)
}

fn check_tail(image: &Image, tail: &SnapshotTail) {
    // Before the first transaction Java writes an empty block.
    if let Some(digest) = tail.digest.filter(|digest| digest.zxid > Zxid::ZERO) {
        assert_eq!((digest.version, digest.digest), (DIGEST_VERSION, image.tree.digest()));
        assert_eq!(digest.zxid, image.zxid, "none of the captured snapshots is fuzzy");
    }
    if let Some(zxid) = tail.last_zxid {
        assert_eq!(zxid, image.zxid);
    }
}

/// Equal but for what a server changes by itself: counts of quotas, and the configuration, which
/// is put there at every start.
fn assert_same(stored: &Image, replayed: &Image) {
    let sessions = |image: &Image| image.sessions().collect::<Vec<_>>();
    assert_eq!(sessions(stored), sessions(replayed));
    let nodes = |image: &Image| -> BTreeMap<String, Znode> {
        let counted =
            |path: &str| !path.ends_with("/zookeeper_stats") && path != "/zookeeper/config";
        let nodes = image.tree.iter().filter(|(path, _)| counted(path));
        nodes.map(|(path, node)| (path, node.clone())).collect()
    };
    let (stored, replayed) = (nodes(stored), nodes(replayed));
    assert_eq!(stored.keys().collect::<Vec<_>>(), replayed.keys().collect::<Vec<_>>());
    for (path, node) in &stored {
        assert_eq!(node, &replayed[path], "{path}");
    }
}

#[test]
fn replayed_logs_have_every_digest() {
    let mut total = [0; 3];
    for set in sets() {
        if files(&set, "snapshot.").is_empty() {
            continue;
        }
        let (_, counts) = replay(&set);
        println!("{}: transactions, digests, later snapshots {counts:?}", set.display());
        total = std::array::from_fn(|at| total[at] + counts[at]);
    }
    assert!(golden().is_none() || (total[1] > 1000 && total[2] >= 3), "{total:?}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_node(path: &str, node: &Znode, expected: &Value) {
    let stat = node.stat();
    let fields = &expected["persisted_stat"];
    for (name, value) in [
        ("czxid", stat.czxid.0),
        ("mzxid", stat.mzxid.0),
        ("pzxid", stat.pzxid.0),
        ("ctime", stat.ctime_ms),
        ("mtime", stat.mtime_ms),
        ("version", stat.version.into()),
        ("cversion", stat.cversion.into()),
        ("aversion", stat.aversion.into()),
        ("ephemeralOwner", stat.ephemeral_owner),
    ] {
        if (path, name) != ("/zookeeper/config", "mtime") {
            assert_eq!(fields[name].as_i64(), Some(value), "{name} of {path}");
        }
    }
    let data = node.data().as_ref().map(|data| hex(data));
    if !path.ends_with("/zookeeper_stats") {
        assert_eq!(expected["data_hex"].as_str(), data.as_deref(), "data of {path}");
    }
    let mut names = expected["children"].as_array().unwrap().clone();
    names.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    let children: Vec<Value> = node.children().map(Value::from).collect();
    assert_eq!(names, children, "children of {path}");
    let text = |text: &Text| Value::from(text.to_str());
    let acl = node.acl_entries();
    let acl: Vec<Value> = acl
        .iter()
        .map(|acl| vec![acl.perms.into(), text(&acl.id.scheme), text(&acl.id.id)].into())
        .collect();
    assert_eq!(expected["acl"], Value::from(acl), "acl of {path}");
}

#[test]
fn recovered_trees_are_the_expected_ones() {
    let mut compared = 0;
    for set in sets() {
        let Ok(text) = std::fs::read_to_string(set.join("expected-tree.json")) else { continue };
        let expected: Value = serde_json::from_str(&text).unwrap();
        let (image, _) = replay(&set);
        let nodes = expected["nodes"].as_object().unwrap();
        assert_eq!(nodes.len(), image.tree.len(), "{}", set.display());
        for (path, node) in image.tree.iter() {
            check_node(&path, node, &nodes[&path]);
        }
        assert_eq!(expected["tree_digest"].as_i64(), Some(image.tree.digest()));
        let sessions = expected["sessions"].as_object().unwrap();
        assert_eq!(sessions.len(), image.num_sessions());
        for (id, timeout_ms) in sessions {
            let id = u64::from_str_radix(id.strip_prefix("0x").unwrap(), 16).unwrap();
            let found = image.session_timeout_ms(SessionId(id.cast_signed()));
            assert_eq!(timeout_ms.as_i64(), found.map(i64::from));
        }
        compared += 1;
    }
    assert!(golden().is_none() || compared == 5, "{compared} sets compared");
}

/// Reads a snapshot in pieces of `piece` bytes.
fn items(file: &[u8], piece: usize) -> (Vec<SnapshotItem>, SnapshotTail) {
    let mut decoder = SnapshotDecoder::new(SnapshotForm::File);
    let mut pieces = file.chunks(piece);
    let mut items = Vec::new();
    while items.last() != Some(&SnapshotItem::End) {
        match decoder.next_item() {
            Ok(item) => items.push(item),
            Err(DecodeError::Short) => decoder.push(pieces.next().expect("bytes are left")),
            Err(error) => panic!("{error}"),
        }
    }
    pieces.for_each(|piece| decoder.push(piece));
    (items, decoder.tail().unwrap())
}

/// Writes items in the order in which they were read.
fn rewrite(items: &[SnapshotItem], tail: &SnapshotTail) -> Bytes {
    let mut writer = SnapshotWriter::new(SnapshotForm::File);
    let count = |of: fn(&SnapshotItem) -> bool| items.iter().filter(|item| of(item)).count();
    let mut acls_counted = false;
    writer.fields().count(count(|item| matches!(item, SnapshotItem::Session(_))));
    for item in items {
        if !acls_counted && !matches!(item, SnapshotItem::Session(_)) {
            acls_counted = true;
            writer.fields().count(count(|item| matches!(item, SnapshotItem::Acl(_))));
        }
        match item {
            SnapshotItem::Session(session) => session.encode(writer.fields()),
            SnapshotItem::Acl(acl) => acl.encode(writer.fields()),
            SnapshotItem::Node(node) => node.encode(writer.fields()),
            SnapshotItem::End => writer.end_nodes(),
        }
    }
    writer.finish_file(tail);
    writer.take()
}

#[test]
fn captured_snapshots_are_written_as_they_were_read() {
    for (_, file) in sets().iter().flat_map(|set| files(set, "snapshot.")) {
        let (read, tail) = items(&file, file.len());
        assert_eq!(rewrite(&read, &tail), file);
        for piece in [1, 7, 1000] {
            assert_eq!(items(&file, piece), (read.clone(), tail));
        }
    }
}

#[test]
fn a_written_image_is_read_back() {
    for (zxid, file) in sets().iter().flat_map(|set| files(set, "snapshot.")) {
        let (image, _) = load(zxid, &file);
        let written: Vec<u8> = image.snapshot(SnapshotForm::File).flatten().collect();
        let (again, tail) = load(zxid, &written);
        assert_eq!(again, image);
        check_tail(&again, &tail);
        assert!(tail.digest.is_some() && tail.last_zxid == Some(zxid));
        assert!(written.ends_with(b"\0\0\0\x01/"));

        let mut loader = SnapshotLoader::new(SnapshotForm::Stream);
        let stream: Vec<u8> = image.snapshot(SnapshotForm::Stream).flatten().collect();
        let (last, most) = stream.split_last().unwrap();
        for byte in most {
            assert!(!loader.push(&[*byte]).unwrap());
        }
        assert!(loader.push(&[*last]).unwrap());
        assert!(loader.push(b"next packet").unwrap());
        assert_eq!(loader.finish_stream(zxid), Ok((image, Bytes::from_static(b"next packet"))));
    }
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let Some(golden) = golden() else { return };
    let file = std::fs::read(golden.join("storage/standalone-3.9.3/snapshot.1d")).unwrap();
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        let mut loader = SnapshotLoader::new(SnapshotForm::File);
        let read = loader.push(&damaged).and_then(|_| loader.finish_file(Zxid(0x1d)));
        assert!(read.is_err(), "byte {at}");
        let mut loader = SnapshotLoader::new(SnapshotForm::File);
        let read = loader.push(&file[..at]).and_then(|_| loader.finish_file(Zxid(0x1d)));
        // A file may end behind each of its three seals, as older servers write it.
        let ends = [file.len() - 54, file.len() - 21];
        assert_eq!(read.is_ok(), ends.contains(&at), "first {at} bytes");
    }
}

#[test]
fn the_captured_stream_behind_snap_is_read() {
    let Some(golden) = golden() else { return };
    let stream = std::fs::read(golden.join("quorum/ensemble-snap-s1-to-s3.s2c.bin")).unwrap();
    // LEADERINFO and SNAP, 24 and 20 bytes.
    let mut loader = SnapshotLoader::new(SnapshotForm::Stream);
    assert!(loader.push(&stream[44..]).unwrap());
    let zxid = Zxid(0x1_0000_00c8);
    let (image, rest) = loader.finish_stream(zxid).unwrap();
    assert_eq!(i32::from_be_bytes(rest[..4].try_into().unwrap()), 10, "NEWLEADER follows");
    let saved = std::fs::read(golden.join("storage/ensemble-s1-end/snapshot.1000000c8")).unwrap();
    assert_same(&load(zxid, &saved).0, &image);
}
