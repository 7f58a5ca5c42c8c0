//! Files: what an operator wrote, and what a disk gives back.

use bytes::Bytes;
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use zabscope::config::{Compression, Config};
use zabscope::store::{Store, StoreConfig};
use zabscope_core::base::Zxid;
use zabscope_core::proto::log::FileHeader;
use zabscope_core::proto::log::{LogReader, LogStep, encode_entry};
use zabscope_core::proto::snapshot::SnapshotForm;
use zabscope_core::proto::txn::TxnRecord;
use zabscope_core::tree::SnapshotLoader;
use zabscope_core::wire::{Encode, Writer};

/// Label of the files that are written for the store.
const LABEL: &str = "100000001";

/// A data folder that is filled anew for each input.
struct Folder {
    dir: PathBuf,
    /// The snapshot of an empty tree, without which a log is refused.
    empty: Vec<u8>,
}

thread_local! {
    static FOLDER: RefCell<Option<Folder>> = const { RefCell::new(None) };
}

impl Folder {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let thread = std::thread::current().id();
        let dir = base.join(format!("zabscope-fuzz-{}-{thread:?}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("a folder for the store");
        drop(Store::open(settings(&dir), || ()).expect("an empty folder is a fresh server"));
        let empty = fs::read(dir.join("version-2/snapshot.0")).expect("its first snapshot");
        Self { dir, empty }
    }

    /// Starts a store on these files; it may refuse them.
    fn open(&self, files: &[(&str, &[u8])]) {
        let version = self.dir.join("version-2");
        let _ = fs::remove_dir_all(&version);
        fs::create_dir_all(&version).expect("a folder for the files");
        for (name, content) in files {
            fs::write(version.join(name), content).expect("a file for the store");
        }
        if let Ok((store, recovered)) = Store::open(settings(&self.dir), || ()) {
            // A second start finds what the first one left.
            drop(store);
            let again = Store::open(settings(&self.dir), || ());
            let (_store, again) = again.expect("what was recovered once is recovered again");
            assert_eq!(again.last_zxid, recovered.last_zxid);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn settings(dir: &Path) -> StoreConfig {
    StoreConfig {
        data_dir: dir.to_owned(),
        data_log_dir: dir.to_owned(),
        pre_alloc_bytes: 0,
        log_bytes_max: None,
        recent_max: 500,
        retain: None,
        compression: Compression::None,
        trust_empty_snapshot: false,
        standalone: false,
    }
}

fn with_folder(work: impl FnOnce(&Folder)) {
    FOLDER.with_borrow_mut(|folder| work(folder.get_or_insert_with(Folder::new)));
}

/// A transaction log. The first byte says whether the rest is the file, or entries (two bytes of
/// length and a body) that get a header and right checksums.
pub(super) fn log(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let file = if first & 1 == 0 { rest.to_vec() } else { built(rest) };
    if let Ok(mut reader) = LogReader::new(Bytes::from(file.clone())) {
        while let LogStep::Entry(entry) = reader.next_entry() {
            if let Ok(record) = TxnRecord::from_all(entry.body.clone()) {
                let again = TxnRecord::from_all(record.to_bytes());
                assert_eq!(again.as_ref(), Ok(&record), "a transaction that was encoded");
            }
        }
    }
    with_folder(|folder| {
        let name = format!("log.{LABEL}");
        folder.open(&[("snapshot.0", &folder.empty), (&name, &file)]);
    });
}

fn built(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Writer::new();
    FileHeader::LOG.encode(&mut out);
    while let Some((len, tail)) = rest.split_first_chunk::<2>() {
        let len = usize::from(u16::from_be_bytes(*len)).min(tail.len());
        encode_entry(&tail[..len], &mut out);
        rest = &tail[len..];
    }
    out.into_bytes().to_vec()
}

/// A snapshot: as a file, as a stream in pieces, and packed.
pub(super) fn snapshot(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let label = Zxid(0x1_0000_0001);
    match first % 5 {
        0 => {
            let mut loader = SnapshotLoader::new(SnapshotForm::File);
            if loader.push(rest).is_ok() {
                let _ = loader.finish_file(label);
            }
        }
        1 => {
            let mut loader = SnapshotLoader::new(SnapshotForm::Stream);
            for piece in rest.chunks(usize::from(first / 5) + 1) {
                match loader.push(piece) {
                    Ok(false) => {}
                    Ok(true) => {
                        let _ = loader.finish_stream(label);
                        return;
                    }
                    Err(_) => return,
                }
            }
        }
        2 => with_folder(|folder| folder.open(&[(&format!("snapshot.{LABEL}"), rest)])),
        3 => with_folder(|folder| folder.open(&[(&format!("snapshot.{LABEL}.gz"), rest)])),
        _ => with_folder(|folder| folder.open(&[(&format!("snapshot.{LABEL}.snappy"), rest)])),
    }
}

/// `zoo.cfg`.
pub(super) fn zoo_cfg(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(config) = Config::parse(Path::new("/nonexistent/zoo.cfg"), &text) {
        let _ = config.configuration_text();
        let _ = StoreConfig::from_config(&config);
    }
}
