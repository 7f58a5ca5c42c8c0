//! What a start makes of files that are not as they should be.

use super::*;
use zabscope_core::base::limits::{FIELD_BYTES_MAX, TXN_BYTES_MAX};

/// Snapshot 0 and one log file with transactions 1 to 4, padded.
fn sample() -> Fixture {
    let fixture = Fixture::new();
    fixture.append((1..=4).map(z));
    fixture
}

const LOG: &str = "log.100000001";

/// Offsets where entries 1 to 4 begin, and where the last one ends.
fn offsets() -> Vec<usize> {
    let mut at = 16;
    let mut offsets = vec![at];
    for counter in 1..=4 {
        at += entry(z(counter)).payload.len() + 13;
        offsets.push(at);
    }
    offsets
}

#[test]
fn the_first_start_writes_snapshot_and_epochs() {
    let fixture = Fixture::new();
    let recovered = fixture.recover();
    assert_eq!((recovered.last_zxid, recovered.current_epoch), (Zxid::ZERO, Epoch(0)));
    assert_eq!(*recovered.image, Image::new());
    assert_eq!(fixture.names(), ["acceptedEpoch", "currentEpoch", "snapshot.0"]);
    let mut fixture = Fixture::new();
    fixture.config.standalone = true;
    fixture.recover();
    assert_eq!(fixture.names(), ["snapshot.0"]);
}

#[test]
fn what_was_written_is_recovered() {
    let recovered = sample().recover();
    assert_eq!(recovered.image, image((1..=4).map(z)));
    assert_eq!(recovered.recent, (1..=4).map(|c| entry(z(c))).collect::<Vec<_>>());
    // The log is in epoch 1, currentEpoch was 0 (rule E3).
    assert_eq!((recovered.accepted_epoch, recovered.current_epoch), (Epoch(1), Epoch(1)));
}

#[test]
fn every_torn_tail_is_cut_and_the_log_goes_on() {
    let sample = sample();
    let log = fs::read(sample.path(LOG)).unwrap();
    let (start, end) = (offsets()[3], offsets()[4]);
    for at in start..end {
        let mut zeros_behind = log.clone();
        zeros_behind[at..end].fill(0);
        for torn in [&log[..at], &zeros_behind] {
            let fixture = sample.copy();
            fs::write(fixture.path(LOG), torn).unwrap();
            let recovered = fixture.recover();
            assert_eq!(recovered.image, image((1..=3).map(z)), "byte {at}");
            fixture.append([z(4)]);
            assert_eq!(fixture.recover().image, image((1..=4).map(z)));
        }
    }
}

#[test]
fn a_flipped_bit_before_the_last_entry_is_refused_with_its_place() {
    let sample = sample();
    let log = fs::read(sample.path(LOG)).unwrap();
    let offsets = offsets();
    for at in offsets[1]..offsets[2] {
        let fixture = sample.copy();
        let mut flipped = log.clone();
        flipped[at] ^= 0x10;
        fs::write(fixture.path(LOG), flipped).unwrap();
        let error = fixture.error();
        let place = format!("{LOG} is damaged at offset {}: ", offsets[1]);
        assert!(error.contains(&place), "byte {at}: {error}");
        assert_eq!(fs::metadata(fixture.path(LOG)).unwrap().len(), log.len() as u64);
    }
}

#[test]
fn a_flipped_bit_in_the_body_of_the_last_entry_is_refused_too() {
    let sample = sample();
    let log = fs::read(sample.path(LOG)).unwrap();
    for at in offsets()[3] + 12..offsets()[4] - 1 {
        let fixture = sample.copy();
        let mut flipped = log.clone();
        flipped[at] ^= 1;
        fs::write(fixture.path(LOG), flipped).unwrap();
        assert!(fixture.error().contains("the checksum of a complete entry is wrong"));
    }
}

#[test]
fn zeros_in_the_middle_are_no_end() {
    let fixture = sample();
    let mut log = fs::read(fixture.path(LOG)).unwrap();
    log[offsets()[1]..offsets()[2]].fill(0);
    fs::write(fixture.path(LOG), log).unwrap();
    assert!(fixture.error().contains("a sound entry follows at offset"));
}

#[test]
fn garbage_behind_the_end_is_no_entry() {
    let fixture = sample();
    let mut log = fs::read(fixture.path(LOG)).unwrap();
    let end = offsets()[4];
    log[end + 20..end + 40].fill(0xab);
    // A whole entry that is older than the last one is a trace of nothing either.
    let old = log[offsets()[0]..offsets()[1]].to_vec();
    log[end + 50..end + 50 + old.len()].copy_from_slice(&old);
    fs::write(fixture.path(LOG), log).unwrap();
    assert_eq!(fixture.recover().last_zxid, z(4));
}

#[test]
fn log_files_that_were_never_begun_are_deleted() {
    let sample = sample();
    for len in (0..16).chain([64, 16_400]) {
        let fixture = sample.copy();
        let header = fs::read(fixture.path(LOG)).unwrap();
        let content = if len < 16 { header[..len].to_vec() } else { vec![0; len] };
        fs::write(fixture.path("log.100000005"), content).unwrap();
        assert_eq!(fixture.recover().last_zxid, z(4), "{len} bytes");
        assert!(!fixture.names().contains(&"log.100000005".to_owned()));
    }
    let fixture = sample.copy();
    fs::write(fixture.path("log.100000005"), [7; 100]).unwrap();
    assert!(fixture.error().contains("log.100000005 is damaged at offset 0: "));
}

#[test]
fn a_file_with_a_torn_end_may_be_continued_by_the_next() {
    // Java leaves the torn end and writes the same transaction to a new file.
    let fixture = sample();
    fixture.append([z(5)]);
    let log = fs::read(fixture.path(LOG)).unwrap();
    let torn = &log[..offsets()[4] - 1];
    let second = fs::read(fixture.path("log.100000005")).unwrap();
    fs::write(fixture.path(LOG), torn).unwrap();
    let error = fixture.error();
    assert!(error.contains("transactions are missing: e1.c5"), "{error}");
    assert!(error.contains("follows e1.c3 directly"), "{error}");
    assert_eq!(fs::read(fixture.path("log.100000005")).unwrap(), second);
    fs::remove_file(fixture.path("log.100000005")).unwrap();
    fixture.append([z(4), z(5)]);
    fs::write(fixture.path(LOG), torn).unwrap();
    assert_eq!(fixture.recover().image, image((1..=5).map(z)));
}

#[test]
fn a_log_without_a_snapshot_is_refused() {
    let fixture = sample();
    fs::remove_file(fixture.path("snapshot.0")).unwrap();
    let error = fixture.error();
    assert!(error.contains("no usable snapshot in "), "{error}");
    assert_eq!(fixture.names(), ["acceptedEpoch", "currentEpoch", LOG]);
}

#[test]
fn a_damaged_snapshot_is_replaced_by_the_log_or_refused() {
    let fixture = sample();
    let (mut store, _) = fixture.open();
    work(&mut store, snapshot(z(4), image((1..=4).map(z))));
    drop(store);
    fixture.append([z(5)]);
    let file = fixture.path("snapshot.100000004");
    let whole = fs::read(&file).unwrap();
    for at in (0..whole.len()).step_by(11) {
        let mut damaged = whole.clone();
        damaged[at] ^= 4;
        fs::write(&file, damaged).unwrap();
        assert_eq!(fixture.recover().image, image((1..=5).map(z)), "byte {at}");
    }
    fs::write(&file, []).unwrap();
    assert_eq!(fixture.recover().last_zxid, z(5));
    // Now the log cannot make up for it.
    fs::remove_file(fixture.path(LOG)).unwrap();
    fs::remove_file(fixture.path("log.100000005")).unwrap();
    let error = fixture.error();
    assert!(error.contains("snapshot.100000004 is damaged"), "{error}");
    fs::remove_file(fixture.path("snapshot.0")).unwrap();
    assert!(fixture.error().contains("no other snapshot is sound"));
}

#[test]
fn leftovers_of_a_crash_before_a_rename_are_deleted() {
    let fixture = sample();
    let before = fixture.recover();
    let names = fixture.names();
    for name in ["snapshot.100000004.tmp", "currentEpoch.tmp", "installing.100000009.tmp"] {
        fs::write(fixture.path(name), "half").unwrap();
    }
    assert_eq!(fixture.recover(), before);
    assert_eq!(fixture.names(), names);
}

#[test]
fn an_installation_is_finished_by_the_next_start() {
    let fixture = sample();
    let (mut store, _) = fixture.open();
    work(&mut store, snapshot(z(4), image((1..=4).map(z))));
    drop(store);
    // A server that only knows the snapshot of 2, to be installed over the history up to 4.
    let other = Fixture::new();
    let (mut store, _) = other.open();
    store.write(Write::Install { zxid: z(2), image: image([z(1), z(2)]) });
    assert_eq!(marks(&mut store, 1), [Mark::Installed(z(2))]);
    drop(store);
    assert_eq!(other.names(), ["acceptedEpoch", "currentEpoch", "snapshot.100000002"]);
    fs::copy(other.path("snapshot.100000002"), fixture.path("installing.100000002")).unwrap();
    for already_gone in [&[][..], &["snapshot.100000004"], &["snapshot.100000004", LOG]] {
        let fixture = fixture.copy();
        for name in already_gone {
            fs::remove_file(fixture.path(name)).unwrap();
        }
        let recovered = fixture.recover();
        assert_eq!((recovered.image, recovered.recent), (image([z(1), z(2)]), vec![]));
        assert_eq!(fixture.names(), other.names());
    }
}

#[test]
fn a_second_server_and_swapped_directories_are_refused() {
    let fixture = sample();
    let first = fixture.open();
    assert!(fixture.error().contains("is in use by another server"));
    drop(first);
    let mut swapped = sample();
    let logs = tempfile::tempdir().unwrap();
    swapped.config.data_log_dir = logs.path().into();
    assert!(swapped.error().contains("belongs into"), "a log in the snapshot directory");
    fs::remove_file(swapped.path(LOG)).unwrap();
    swapped.append([z(1)]);
    assert!(logs.path().join("version-2").join(LOG).exists());
    assert_eq!(swapped.recover().last_zxid, z(1));
}

#[test]
fn a_transaction_of_another_order_is_refused() {
    let fixture = sample();
    let mut log = fs::read(fixture.path(LOG)).unwrap();
    log.truncate(offsets()[4]);
    let last = log[offsets()[3]..].to_vec();
    log.extend_from_slice(&last);
    fs::write(fixture.path(LOG), &log).unwrap();
    assert_eq!(fixture.recover().last_zxid, z(4), "the same entry twice is harmless");
    let second = log[offsets()[1]..offsets()[2]].to_vec();
    log.truncate(offsets()[4]);
    log.extend_from_slice(&second);
    fs::write(fixture.path(LOG), &log).unwrap();
    assert!(fixture.error().contains("e1.c2 comes after e1.c4"));
}

/// A log as a server with a larger `jute.maxbuffer` writes it.
#[test]
fn transactions_above_what_is_proposed_are_read_up_to_a_bound() {
    let log_with = |bytes: usize, behind: bool| {
        let fixture = Fixture::new();
        let (mut store, _) = fixture.open();
        let data = vec![b'x'; bytes].leak();
        let mut entries = vec![entry(z(1)), entry_with(z(2), data)];
        entries.extend(behind.then(|| entry(z(3))));
        let count = entries.len();
        entries.into_iter().for_each(|entry| store.write(Write::Append(entry)));
        marks(&mut store, count);
        drop(store);
        fixture
    };
    for behind in [false, true] {
        let recovered = log_with(3 * TXN_BYTES_MAX, behind).recover();
        assert_eq!(recovered.last_zxid, z(2 + u32::from(behind)));
        // What surrounds the data in the body.
        let header = entry_with(z(2), b"").payload.len();
        let largest = FIELD_BYTES_MAX - header;
        assert_eq!(log_with(largest, behind).recover().last_zxid, z(2 + u32::from(behind)));
        // Nothing that is whole is cut off as if it were torn.
        for bytes in [largest + 1, largest + 12, largest + 13, FIELD_BYTES_MAX] {
            let error = log_with(bytes, behind).error();
            assert!(error.contains(&format!("at most {FIELD_BYTES_MAX} are read")), "{error}");
            assert!(error.contains("jute.maxbuffer"), "{error}");
        }
    }
}

#[test]
fn what_is_behind_the_newest_snapshot_is_counted() {
    let fixture = sample();
    let bytes = |from: u32| (from..=4).map(|c| entry(z(c)).payload.len() as u64).sum();
    assert_eq!(fixture.recover().behind_snapshot, Logged { txns: 4, bytes: bytes(1) });
    let (mut store, _) = fixture.open();
    assert_eq!(store.loaded().txns, 4);
    let job = Job::Snapshot { zxid: z(3), image: image((1..=3).map(z)) };
    assert!(matches!(work(&mut store, job), Done::Snapshot(_)));
    drop(store);
    assert_eq!(fixture.recover().behind_snapshot, Logged { txns: 1, bytes: bytes(4) });
}

#[test]
fn a_log_without_a_snapshot_is_trusted_only_on_demand() {
    let mut fixture = sample();
    fs::remove_file(fixture.path("snapshot.0")).unwrap();
    assert!(fixture.error().contains("snapshot.trust.empty=true"), "{}", fixture.error());
    fixture.config.trust_empty_snapshot = true;
    assert_eq!(fixture.recover().image, image((1..=4).map(z)));
    fixture.config.trust_empty_snapshot = false;
    assert_eq!(fixture.recover().image, image((1..=4).map(z)), "a snapshot was written");
}

#[test]
fn a_folder_with_the_name_of_a_file_is_none() {
    let fixture = sample();
    fs::create_dir(fixture.path("log.100000005")).unwrap();
    fs::create_dir(fixture.path("snapshot.100000009")).unwrap();
    assert_eq!(fixture.recover().image, image((1..=4).map(z)));
}
