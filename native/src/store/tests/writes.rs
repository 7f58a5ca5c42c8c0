//! Writes, jobs, and what they leave in the files.

use super::super::disk::{self, Files};
use super::super::install::truncate;
use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use zabscope_core::base::Sid;

fn log_len(fixture: &Fixture, name: &str) -> u64 {
    fs::metadata(fixture.path(name)).unwrap().len()
}

#[test]
fn marks_come_in_the_order_of_the_writes() {
    let fixture = Fixture::new();
    let (mut store, _) = fixture.open();
    store.write(Write::AcceptedEpoch(Epoch(1)));
    store.write(Write::Append(entry(z(1))));
    store.write(Write::Append(entry(z(2))));
    store.write(Write::CurrentEpoch(Epoch(1)));
    store.write(Write::Append(entry(z(3))));
    let expected = [
        Mark::AcceptedEpoch(Epoch(1)),
        Mark::Log(z(1)),
        Mark::Log(z(2)),
        Mark::CurrentEpoch(Epoch(1)),
        Mark::Log(z(3)),
    ];
    assert_eq!(marks(&mut store, 5), expected);
    drop(store);
    let recovered = fixture.recover();
    assert_eq!((recovered.last_zxid, recovered.current_epoch), (z(3), Epoch(1)));
}

#[test]
fn files_grow_in_the_steps_of_java() {
    let fixture = Fixture::new();
    let (mut store, _) = fixture.open();
    let mut sizes = Vec::new();
    static DATA: [u8; 1000] = [1; 1000];
    for counter in 1..=40 {
        store.write(Write::Append(entry_with(z(counter), &DATA)));
        marks(&mut store, 1);
        sizes.push(log_len(&fixture, "log.100000001"));
    }
    sizes.dedup();
    assert_eq!(sizes, [16_400, 32_784, 49_168]);
    // Larger than a step: the next multiple behind the position, then as before.
    static LARGE: [u8; 100_000] = [1; 100_000];
    store.write(Write::Append(entry_with(z(41), &LARGE)));
    store.write(Write::Append(entry(z(42))));
    marks(&mut store, 2);
    let position = 16
        + (1..=40).map(|c| entry_with(z(c), &DATA).payload.len() as u64 + 13).sum::<u64>()
        + entry_with(z(41), &LARGE).payload.len() as u64
        + 13;
    assert_eq!(log_len(&fixture, "log.100000001"), (position + 16_384) / 16_384 * 16_384);
    drop(store);
    assert_eq!(fixture.recover().last_zxid, z(42));
}

#[test]
fn a_file_above_the_size_limit_is_followed_by_a_new_one() {
    let mut fixture = Fixture::new();
    fixture.config.log_bytes_max = Some(300);
    fixture.config.pre_alloc_bytes = 0;
    fixture.append((1..=9).map(z));
    assert!(fixture.names().iter().filter(|name| name.starts_with("log.")).count() >= 3);
    assert_eq!(fixture.recover().image, image((1..=9).map(z)));
}

#[test]
fn an_entry_that_does_not_follow_ends_the_store() {
    for wrong in [z(2), z(4), Zxid::new(Epoch(2), 2)] {
        let fixture = Fixture::new();
        fixture.append([z(1), z(2)]);
        let (mut store, _) = fixture.open();
        store.write(Write::Append(entry(wrong)));
        store.write(Write::Append(entry(z(3))));
        assert!(failure(&mut store).contains("does not follow it"));
        drop(store);
        assert_eq!(fixture.recover().last_zxid, z(2), "nothing is written after a failure");
    }
}

/// Three log files (1 to 3, 4 to 6, 7 to 9) and a snapshot at each of their ends.
fn three_files() -> Fixture {
    let fixture = Fixture::new();
    let (mut store, _) = fixture.open();
    for counter in 1..=9 {
        store.write(Write::Append(entry(z(counter))));
        if counter % 3 == 0 {
            let done = work(&mut store, snapshot(z(counter), image((1..=counter).map(z))));
            assert_eq!(done, Done::Snapshot(z(counter)));
        }
    }
    drop(store);
    assert_eq!(
        fixture.names(),
        [
            "acceptedEpoch",
            "currentEpoch",
            "log.100000001",
            "log.100000004",
            "log.100000007",
            "snapshot.0",
            "snapshot.100000003",
            "snapshot.100000006",
            "snapshot.100000009",
        ]
    );
    fixture
}

#[test]
fn truncation_takes_log_files_and_snapshots_above() {
    for to in 1..=9 {
        let fixture = three_files();
        let (mut store, _) = fixture.open();
        store.write(Write::Truncate(z(to)));
        assert_eq!(marks(&mut store, 1), [Mark::Truncated(z(to))]);
        let Done::State(state) = work(&mut store, Job::ReadState) else { panic!("another answer") };
        assert_eq!((state.last_zxid, &state.image), (z(to), &image((1..=to).map(z))));
        // Another history from here on.
        let next = Zxid::new(Epoch(2), 1);
        store.write(Write::Append(entry(next)));
        assert_eq!(marks(&mut store, 1), [Mark::Log(next)]);
        drop(store);
        let recovered = fixture.recover();
        assert_eq!(recovered.image, image((1..=to).map(z).chain([next])), "to {to}");
        for file in fixture.names() {
            let hex = file.strip_prefix("snapshot.").map(|hex| u64::from_str_radix(hex, 16));
            assert!(hex.is_none_or(|zxid| zxid.unwrap() <= z(to).0 as u64), "{file}");
        }
    }
}

#[test]
fn a_truncation_that_the_files_do_not_reach_changes_nothing() {
    let fixture = three_files();
    fs::remove_file(fixture.path("snapshot.0")).unwrap();
    let names = fixture.names();
    for to in [z(2), z(12), Zxid::new(Epoch(0), 5), Zxid::ZERO] {
        let (mut store, _) = fixture.open();
        store.write(Write::Truncate(to));
        marks(&mut store, 1);
        let Done::State(state) = work(&mut store, Job::ReadState) else { panic!("another answer") };
        assert_eq!(state.last_zxid, z(9), "{to}");
        drop(store);
        assert_eq!(fixture.names(), names);
    }
}

#[test]
fn a_truncation_cut_short_leaves_a_part_that_contains_its_target() {
    let whole = three_files();
    // In the order in which they go.
    let steps = ["snapshot.100000009", "snapshot.100000006", "log.100000007", "log.100000004"];
    for done in 0..=steps.len() {
        let fixture = whole.copy();
        for name in &steps[..done] {
            fs::remove_file(fixture.path(name)).unwrap();
        }
        let last = fixture.recover().last_zxid;
        assert!(last >= z(3), "{last}");
        let (mut store, _) = fixture.open();
        store.write(Write::Truncate(z(2)));
        marks(&mut store, 1);
        drop(store);
        assert_eq!(fixture.recover().image, image([z(1), z(2)]));
    }
}

#[test]
fn an_installed_image_replaces_everything() {
    let fixture = three_files();
    let (mut store, _) = fixture.open();
    store.write(Write::Append(entry(z(10))));
    store.write(Write::Install { zxid: z(5), image: image((1..=5).map(z)) });
    store.write(Write::Append(entry(z(6))));
    assert_eq!(marks(&mut store, 3), [Mark::Log(z(10)), Mark::Installed(z(5)), Mark::Log(z(6))]);
    drop(store);
    let logs = ["acceptedEpoch", "currentEpoch", "log.100000006", "snapshot.100000005"];
    assert_eq!(fixture.names(), logs);
    assert_eq!(fixture.recover().image, image((1..=6).map(z)));
}

#[test]
fn purging_keeps_what_the_kept_snapshots_need() {
    let mut fixture = three_files();
    fixture.config.retain = Some(3);
    let (mut store, _) = fixture.open();
    store.write(Write::Append(entry(z(10))));
    work(&mut store, snapshot(z(10), image((1..=10).map(z))));
    drop(store);
    let kept: Vec<String> =
        fixture.names().into_iter().filter(|name| !name.ends_with("Epoch")).collect();
    let expected = [
        "log.100000007",
        "log.10000000a",
        "snapshot.100000006",
        "snapshot.100000009",
        "snapshot.10000000a",
    ];
    assert_eq!(kept, expected);
    for name in ["snapshot.10000000a", "snapshot.100000009"] {
        fs::write(fixture.path(name), "damaged").unwrap();
    }
    assert_eq!(fixture.recover().image, image((1..=10).map(z)));
}

#[test]
fn the_log_is_read_across_files() {
    let fixture = three_files();
    let (mut store, _) = fixture.open();
    let mut read = |from, to| match work(&mut store, Job::ReadLog { learner: Sid(2), from, to }) {
        Done::Log { learner: Sid(2), entries } => {
            entries.map(|entries| entries.iter().map(|entry| entry.zxid.counter()).collect())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(read(z(2), z(8)), Some(vec![2, 3, 4, 5, 6, 7, 8]));
    assert_eq!(read(z(3), z(4)), Some(vec![3, 4]));
    assert_eq!(read(z(9), z(9)), Some(vec![9]));
    assert_eq!(read(Zxid::ZERO, z(4)), None, "what is before the first entry is not known");
    assert_eq!(read(z(8), z(12)), None, "not that far");
    drop(store);
    fs::remove_file(fixture.path("log.100000004")).unwrap();
    let (mut store, _) = fixture.open();
    let job = Job::ReadLog { learner: Sid(2), from: z(2), to: z(8) };
    assert_eq!(work(&mut store, job), Done::Log { learner: Sid(2), entries: None }, "a hole");
}

#[test]
fn a_log_that_would_fill_the_memory_is_not_read() {
    static DATA: [u8; 1 << 20] = [7; 1 << 20];
    let fixture = Fixture::new();
    let (mut store, _) = fixture.open();
    for counter in 1..=70 {
        store.write(Write::Append(entry_with(z(counter), &DATA)));
    }
    let mut read = |from, to| match work(&mut store, Job::ReadLog { learner: Sid(2), from, to }) {
        Done::Log { entries, .. } => entries.map(|entries| entries.len()),
        other => panic!("{other:?}"),
    };
    // Only what the learner gets counts, not what is read over.
    assert_eq!(read(z(10), z(70)), Some(61));
    assert_eq!(read(z(2), z(70)), None);
}

#[test]
fn a_job_sees_the_writes_before_it_and_no_later_ones() {
    let fixture = Fixture::new();
    let (mut store, _) = fixture.open();
    for counter in 1..=50 {
        store.write(Write::Append(entry(z(counter))));
        store.job(Job::ReadState);
    }
    let mut seen = 0;
    while seen < 50 {
        match store.wait().unwrap() {
            Report::Done(Done::State(state)) => {
                seen += 1;
                assert_eq!(state.last_zxid, z(seen));
            }
            Report::Durable(_) | Report::Measured(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_snapshot_of_a_history_that_was_cut_never_appears() {
    let fixture = three_files();
    let (files, mut log, ..): (Files, _, _, _) = disk::open(fixture.config.clone()).unwrap();
    let job = snapshot(z(8), image((1..=8).map(z)));
    let horizon = files.horizon(&job, z(9));
    truncate(&files, &mut log, z(7)).unwrap();
    files.work(job, horizon).unwrap();
    drop(files);
    assert!(!fixture.names().iter().any(|name| name.contains("100000008")));
    assert_eq!(fixture.recover().last_zxid, z(7));
}

#[test]
fn compressed_snapshots_are_written_and_read() {
    for (compression, suffix) in [(Compression::Gz, ".gz"), (Compression::Snappy, ".snappy")] {
        let mut fixture = Fixture::new();
        fixture.config.compression = compression;
        let (mut store, _) = fixture.open();
        store.write(Write::Install { zxid: z(3), image: image((1..=3).map(z)) });
        marks(&mut store, 1);
        drop(store);
        assert!(fixture.names().contains(&format!("snapshot.100000003{suffix}")));
        assert_eq!(fixture.recover().image, image((1..=3).map(z)));
    }
}

#[test]
fn an_error_of_the_disk_is_reported_and_final() {
    let fixture = Fixture::new();
    let (mut store, _) = fixture.open();
    fs::remove_dir_all(fixture.path("")).unwrap();
    store.write(Write::Append(entry(z(1))));
    store.write(Write::CurrentEpoch(Epoch(1)));
    let error = failure(&mut store);
    assert!(error.contains("log.100000001"), "{error}");
    assert!(store.wait().is_none(), "nothing follows");
}

/// Opens a store whose waker panics the first time that this thread calls it.
fn open_with_panic_in(fixture: &Fixture, thread: &'static str) -> Store {
    let happened = Arc::new(AtomicBool::new(false));
    let wake = move || {
        if thread::current().name() == Some(thread) && !happened.swap(true, Ordering::Relaxed) {
            panic!("as ordered by the test");
        }
    };
    Store::open(fixture.config.clone(), wake).unwrap().0
}

#[test]
fn a_panic_of_a_disk_thread_is_a_failure() {
    for thread in ["disk-writer", "disk-jobs"] {
        let fixture = three_files();
        let mut store = open_with_panic_in(&fixture, thread);
        // A truncation waits for the jobs before it: not for those that nobody does any more.
        store.job(Job::ReadState);
        store.job(Job::ReadState);
        store.write(Write::Truncate(z(5)));
        let error = failure(&mut store);
        assert!(error.contains(thread) && error.contains("panicked"), "{error}");
    }
}
