//! Tests of the store as a whole, on real files in temporary directories.

mod cut;
mod golden;
mod recovery;
mod writes;

use super::*;
use crate::config::Compression;
use bytes::Bytes;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zabscope_core::base::{Cxid, Epoch, SessionId, Zxid};
use zabscope_core::proto::txn::{CreateKind, CreateTxn, Txn, TxnHeader, TxnRecord};
use zabscope_core::server::message::{Done, Job, Recovered, Version, Write};
use zabscope_core::tree::Image;
use zabscope_core::wire::Encode;
use zabscope_core::zab::{Logged, Mark};

/// Epoch 1, this counter.
fn z(counter: u32) -> Zxid {
    Zxid::new(Epoch(1), counter)
}

/// A transaction that creates a znode named after its zxid.
fn entry(zxid: Zxid) -> LogEntry {
    entry_with(zxid, b"data")
}

fn entry_with(zxid: Zxid, data: &'static [u8]) -> LogEntry {
    let header = TxnHeader {
        session: SessionId(7),
        cxid: Cxid(1),
        zxid,
        time_ms: 1_700_000_000_000,
        kind: 1,
    };
    let txn = Txn::Create(CreateTxn {
        path: format!("/{:x}", zxid.0).into(),
        data: Some(Bytes::from_static(data)),
        acl: None,
        kind: CreateKind::Plain { with_stat: false, ephemeral: false },
        parent_cversion: i32::try_from(zxid.counter()).unwrap(),
    });
    LogEntry { zxid, payload: TxnRecord { header, txn, digest: None }.to_bytes() }
}

/// The state after these transactions.
fn image(zxids: impl IntoIterator<Item = Zxid>) -> Version {
    let mut image = Version::default();
    for zxid in zxids {
        image.apply(&TxnRecord::from_all(entry(zxid).payload).unwrap());
    }
    image
}

fn config(dir: &Path) -> StoreConfig {
    StoreConfig {
        data_dir: dir.into(),
        data_log_dir: dir.into(),
        pre_alloc_bytes: 16 * 1024,
        log_bytes_max: None,
        recent_max: 500,
        retain: None,
        compression: Compression::None,
        trust_empty_snapshot: false,
        standalone: false,
    }
}

/// A data directory, and what a test does with it.
struct Fixture {
    dir: TempDir,
    config: StoreConfig,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        Self { dir, config }
    }

    fn try_open(&self) -> Result<(Store, Recovered), StoreError> {
        Store::open(self.config.clone(), || {})
    }

    fn open(&self) -> (Store, Recovered) {
        self.try_open().unwrap()
    }

    fn recover(&self) -> Recovered {
        self.open().1
    }

    fn error(&self) -> String {
        self.try_open().map(|(_, recovered)| recovered).expect_err("recovers").to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("version-2").join(name)
    }

    /// Names in `version-2`, sorted.
    fn names(&self) -> Vec<String> {
        let files = fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Starts, appends these and stops.
    fn append(&self, zxids: impl IntoIterator<Item = Zxid>) {
        let (mut store, _) = self.open();
        let zxids: Vec<Zxid> = zxids.into_iter().collect();
        for zxid in &zxids {
            store.write(Write::Append(entry(*zxid)));
        }
        assert_eq!(
            marks(&mut store, zxids.len()),
            zxids.into_iter().map(Mark::Log).collect::<Vec<_>>()
        );
    }

    /// Copies everything to a new directory.
    fn copy(&self) -> Self {
        let copy = Self::new();
        fs::create_dir(copy.path("")).unwrap();
        for name in self.names() {
            fs::copy(self.path(&name), copy.path(&name)).unwrap();
        }
        copy
    }
}

/// Waits for this many marks.
fn marks(store: &mut Store, count: usize) -> Vec<Mark> {
    let mut marks = Vec::new();
    while marks.len() < count {
        match store.wait().expect("the threads live") {
            Report::Durable(more) => marks.extend(more),
            Report::Measured(_) => {}
            other => panic!("{other:?}"),
        }
    }
    marks
}

/// Gives a job and waits for its answer.
fn work(store: &mut Store, job: Job) -> Done {
    store.job(job);
    loop {
        match store.wait().expect("the threads live") {
            Report::Done(done) => return done,
            Report::Durable(_) | Report::Measured(_) => {}
            Report::Failed(error) => panic!("{error}"),
        }
    }
}

/// Waits for the failure that the orders given lead to.
fn failure(store: &mut Store) -> String {
    loop {
        if let Report::Failed(error) = store.wait().expect("a failure is reported") {
            return error.to_string();
        }
    }
}

fn snapshot(zxid: Zxid, image: Version) -> Job {
    Job::Snapshot { zxid, image }
}
