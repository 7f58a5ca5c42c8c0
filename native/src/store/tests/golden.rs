//! Data folders of real servers.

use super::*;
use serde_json::Value;

fn golden() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden");
    let golden = std::env::var_os("ZABSCOPE_GOLDEN").map_or(beside, PathBuf::from);
    if golden.is_dir() {
        return Some(golden);
    }
    println!("SKIPPED: no captures at {} (set ZABSCOPE_GOLDEN)", golden.display());
    None
}

/// A writable copy of the files of a set that a server reads and `only` lets through.
fn copy_of(set: &Path, only: impl Fn(&str) -> bool) -> Fixture {
    let fixture = Fixture::new();
    fs::create_dir(fixture.path("")).unwrap();
    for file in fs::read_dir(set).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let server = ["log.", "snapshot.", "acceptedEpoch", "currentEpoch"];
        if server.iter().any(|prefix| name.starts_with(prefix)) && only(&name) {
            fs::write(fixture.path(&name), fs::read(file.path()).unwrap()).unwrap();
        }
    }
    fixture
}

#[test]
fn folders_of_real_servers_are_recovered() {
    let Some(golden) = golden() else { return };
    let mut compared = 0;
    for set in fs::read_dir(golden.join("storage")).unwrap() {
        let set = set.unwrap().path();
        let name = set.file_name().unwrap().to_str().unwrap().to_owned();
        let mut fixture = copy_of(&set, |_| true);
        fixture.config.standalone = name.starts_with("standalone");
        let before = fixture.names();
        let recovered = fixture.recover();
        assert_eq!(fixture.names(), before, "{name}: nothing to repair");
        assert_eq!(recovered.last_zxid, recovered.image.zxid);
        if let Some(last) = recovered.recent.last() {
            assert_eq!(last.zxid, recovered.last_zxid);
        }
        if let Ok(epoch) = fs::read_to_string(set.join("currentEpoch")) {
            assert_eq!(recovered.current_epoch, Epoch(epoch.parse().unwrap()));
        }
        let Ok(text) = fs::read_to_string(set.join("expected-tree.json")) else { continue };
        let expected: Value = serde_json::from_str(&text).unwrap();
        let nodes = expected["nodes"].as_object().unwrap();
        assert_eq!(nodes.len(), recovered.image.tree.len(), "{name}");
        assert!(nodes.keys().all(|path| recovered.image.tree.contains(path)), "{name}");
        // Data and stat of every znode outside /zookeeper are in it.
        assert_eq!(expected["tree_digest"].as_i64(), Some(recovered.image.tree.digest()), "{name}");
        assert_eq!(expected["sessions"].as_object().unwrap().len(), recovered.image.num_sessions());
        compared += 1;
    }
    assert_eq!(compared, 5);
}

#[test]
fn compressed_snapshots_of_java_are_read() {
    let Some(golden) = golden() else { return };
    let load = |set: &str, name: &str| {
        let mut fixture = copy_of(&golden.join("storage").join(set), |file| file == name);
        fixture.config.standalone = true;
        fixture.recover().image
    };
    // Two runs of the same commands: times and sessions differ, znodes do not.
    let paths = |image: &Image| image.tree.iter().map(|(p, _)| p).collect::<Vec<_>>();
    let plain = load("standalone-plain", "snapshot.1d");
    assert!(plain.tree.len() > 4);
    for (set, name) in
        [("standalone-gzip", "snapshot.1d.gz"), ("standalone-snappy", "snapshot.1d.snappy")]
    {
        assert_eq!(paths(&load(set, name)), paths(&plain), "{set}");
    }
}

#[test]
fn a_real_log_may_be_cut_anywhere_in_its_last_entry() {
    let Some(golden) = golden() else { return };
    let set = golden.join("storage/standalone-plain");
    let names = ["snapshot.0", "log.1"];
    let fixture = copy_of(&set, |name| names.contains(&name));
    let whole = fixture.recover();
    let log = fs::read(fixture.path("log.1")).unwrap();
    let end = log.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let last = whole.recent.last().unwrap();
    let start = end - last.payload.len() - 13;
    for cut in (start..end).step_by(3) {
        let fixture = copy_of(&set, |name| names.contains(&name));
        fs::write(fixture.path("log.1"), &log[..cut]).unwrap();
        let recovered = fixture.recover();
        assert_eq!(recovered.last_zxid.next(), whole.last_zxid, "cut at {cut}");
        // A checksum begins with zeros, which are as good as nothing.
        let len = fs::metadata(fixture.path("log.1")).unwrap().len();
        assert!((0..4).contains(&(len - start as u64)), "cut at {cut}: {len}");
    }
}

#[test]
fn a_hole_behind_an_old_snapshot_is_not_read_over() {
    let Some(golden) = golden() else { return };
    // The newest snapshot came by SNAP, so the log does not reach back to the older one.
    let fixture =
        copy_of(&golden.join("storage/ensemble-s1-end"), |name| name != "snapshot.1000000c8");
    let error = fixture.error();
    assert!(error.contains("transactions are missing: e1.c201"), "{error}");
}
