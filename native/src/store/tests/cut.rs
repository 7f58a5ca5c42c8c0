//! The end of a log after a loss of power, and what may be done with it.

use super::*;

const LOG: &str = "log.100000001";
const PAGE: usize = 4096;
static DATA: [u8; 700] = [7; 700];
static LARGE: [u8; 1 << 20] = [7; 1 << 20];

/// The first log file of a server, with what one batch wrote; these transactions were in it.
fn batch() -> (Fixture, u32) {
    let fixture = Fixture::new();
    let (mut store, _) = fixture.open();
    for counter in 1..=40 {
        store.write(Write::Append(entry_with(z(counter), &DATA)));
    }
    marks(&mut store, 40);
    drop(store);
    (fixture, 40)
}

fn stopped(fixture: &Fixture) -> StoppedLog {
    StoppedLog::lock(&fixture.config).unwrap()
}

#[test]
fn a_batch_that_lost_a_page_is_cut_on_demand() {
    let (whole, count) = batch();
    let log = fs::read(whole.path(LOG)).unwrap();
    let end = log.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for page in 0..=end / PAGE {
        let fixture = whole.copy();
        let mut torn = log.clone();
        torn[page * PAGE..(page + 1) * PAGE].fill(0);
        fs::write(fixture.path(LOG), &torn).unwrap();
        if page == end / PAGE {
            // Nothing is behind it: a start cuts by itself.
            assert_eq!(stopped(&fixture).torn_tail().unwrap(), None);
            assert!(fixture.recover().last_zxid < z(count));
            continue;
        }
        let error = fixture.error();
        assert!(error.contains("a sound entry follows at offset"), "page {page}: {error}");
        assert!(error.contains("zabscope cut-log"), "page {page}: {error}");
        let tail = stopped(&fixture).torn_tail().unwrap().expect("a hole");
        assert_eq!((tail.last, tail.path.clone()), (z(count), fixture.path(LOG)));
        assert_eq!(tail.offset + tail.bytes, end as u64);
        assert_eq!(
            tail.last.counter() - tail.first.counter() + 1,
            u32::try_from(tail.txns).unwrap()
        );
        assert!(tail.kept.counter() + 1 < tail.first.counter(), "page {page}: {tail:?}");
        assert_eq!(fs::read(fixture.path(LOG)).unwrap(), torn, "looking changes nothing");
        let copy = stopped(&fixture).cut(&tail).unwrap();
        assert_eq!(fs::read(copy).unwrap(), torn);
        assert_eq!(stopped(&fixture).torn_tail().unwrap(), None);
        let kept = tail.kept.counter();
        assert_eq!(fixture.recover().image, image_of(kept), "page {page}");
        // The history goes on, in a file of the same name where nothing was left of the old one.
        fixture.append([z(kept + 1)]);
        assert_eq!(fixture.recover().last_zxid, z(kept + 1));
    }
}

/// The state after so many of the transactions of [`batch`].
fn image_of(count: u32) -> Version {
    let mut image = Version::default();
    for counter in 1..=count {
        let entry = entry_with(z(counter), &DATA);
        image.apply(&TxnRecord::from_all(entry.payload).unwrap());
    }
    image
}

#[test]
fn what_no_loss_of_power_explains_is_not_cut() {
    let hole = |fixture: &Fixture| {
        let mut log = fs::read(fixture.path(LOG)).unwrap();
        log[2 * PAGE..3 * PAGE].fill(0);
        fs::write(fixture.path(LOG), log).unwrap();
        stopped(fixture).torn_tail().unwrap_err().to_string()
    };
    let (fixture, count) = batch();
    fixture.append([z(count + 1)]);
    let error = hole(&fixture);
    assert!(error.contains("a later log file was begun behind it"), "{error}");

    let fixture = Fixture::new();
    let (mut store, _) = fixture.open();
    for counter in 1..=24 {
        store.write(Write::Append(entry_with(z(counter), &LARGE)));
    }
    marks(&mut store, 24);
    drop(store);
    let error = hole(&fixture);
    assert!(error.contains("more than one batch"), "{error}");

    // A whole entry that has changed is none that was never written.
    let (fixture, _) = batch();
    let mut log = fs::read(fixture.path(LOG)).unwrap();
    log[2 * PAGE] ^= 1;
    fs::write(fixture.path(LOG), log).unwrap();
    let error = stopped(&fixture).torn_tail().unwrap_err().to_string();
    assert!(error.contains("the disk changed it"), "{error}");
}

#[test]
fn a_log_in_use_is_not_looked_at() {
    let (fixture, _) = batch();
    let running = fixture.open();
    let error = StoppedLog::lock(&fixture.config).unwrap_err().to_string();
    assert!(error.contains("is in use by another server"), "{error}");
    drop(running);
    let nowhere = Fixture::new();
    stopped(&nowhere).torn_tail().unwrap_err();
    assert!(!nowhere.path("").exists(), "a mistaken folder is not made");
}

#[test]
fn an_earlier_copy_stays() {
    let (fixture, _) = batch();
    let mut torn = fs::read(fixture.path(LOG)).unwrap();
    torn[PAGE..2 * PAGE].fill(0);
    let mut copies = Vec::new();
    for _ in 0..3 {
        fs::write(fixture.path(LOG), &torn).unwrap();
        let log = stopped(&fixture);
        copies.push(log.cut(&log.torn_tail().unwrap().unwrap()).unwrap());
    }
    copies.dedup();
    assert_eq!(copies.len(), 3);
    assert!(copies.iter().all(|copy| fs::read(copy).unwrap() == torn));
    fixture.recover();
}

#[test]
fn a_batch_has_a_largest_size() {
    let fixture = Fixture::new();
    let (mut store, _) = fixture.open();
    for counter in 1..=40 {
        store.write(Write::Append(entry_with(z(counter), &LARGE)));
    }
    let mut reports = Vec::new();
    while reports.iter().sum::<usize>() < 40 {
        if let Report::Durable(marks) = store.wait().unwrap() {
            reports.push(marks.len());
        }
    }
    assert!(reports.iter().all(|count| *count <= 5), "{reports:?}");
}
