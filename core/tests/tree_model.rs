//! The tree against a naive one: thousands of random transactions, everything compared.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::cast_possible_truncation, reason = "random bits, cut to size")]

use bytes::Bytes;
use std::collections::BTreeMap;
use zabscope_core::base::rng::Rng;
use zabscope_core::base::{Cxid, SessionId, Zxid};
use zabscope_core::proto::data::{Acl, StatPersisted};
use zabscope_core::proto::request::{CreateOp, CreateRequest};
use zabscope_core::proto::snapshot::SnapshotForm;
use zabscope_core::proto::txn::{CreateKind, Txn, TxnHeader, TxnRecord};
use zabscope_core::tree::{
    Caller, Image, Lifetime, SnapshotLoader, TxnResult, WriteOp, WriteRules, prepare,
};

/// A znode of the naive tree.
#[derive(Clone, Debug, PartialEq)]
struct Plain {
    data: Option<Vec<u8>>,
    acl: Option<Vec<Acl>>,
    stat: StatPersisted,
}

/// Paths (the root is "/") to znodes; children and owners are looked for, not kept.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    nodes: BTreeMap<String, Plain>,
    sessions: BTreeMap<i64, i32>,
}

fn parent_of(path: &str) -> String {
    let at = path.rfind('/').unwrap();
    if at == 0 { "/".into() } else { path[..at].into() }
}

impl Model {
    fn new() -> Self {
        let stat = StatPersisted::default();
        let empty = |acl, stat| Plain { data: Some(Vec::new()), acl, stat };
        let mut model = Self::default();
        for path in ["/", "/zookeeper", "/zookeeper/quota"] {
            model.nodes.insert(path.into(), empty(None, stat));
        }
        let config = StatPersisted { aversion: -1, ..stat };
        model.nodes.insert("/zookeeper/config".into(), empty(Some(Acl::world(1)), config));
        model
    }

    fn children(&self, path: &str) -> Vec<String> {
        let below = self.nodes.keys().filter(|key| *key != "/" && parent_of(key) == path);
        below.map(|key| key[key.rfind('/').unwrap() + 1..].to_owned()).collect()
    }

    fn owned_by(&self, session: i64) -> Vec<String> {
        let owned = self.nodes.iter().filter(|(_, node)| node.stat.ephemeral_owner == session);
        owned.map(|(path, _)| path.clone()).collect()
    }

    fn delete(&mut self, path: &str, zxid: Zxid) {
        self.nodes.remove(path).unwrap();
        self.nodes.get_mut(&parent_of(path)).unwrap().stat.pzxid = zxid;
    }

    /// A record that fits: what `prepare` made of a write.
    fn apply(&mut self, header: &TxnHeader, txn: &Txn) {
        let zxid = header.zxid;
        match txn {
            Txn::CreateSession { timeout_ms } => {
                self.sessions.insert(header.session.0, *timeout_ms);
            }
            Txn::CloseSession { .. } => {
                for path in self.owned_by(header.session.0) {
                    self.delete(&path, zxid);
                }
                self.sessions.remove(&header.session.0);
            }
            Txn::Error { .. } | Txn::Check { .. } => {}
            Txn::Create(create) => {
                let path = create.path.to_str().into_owned();
                let ephemeral_owner = match create.kind {
                    CreateKind::Plain { ephemeral: true, .. } => header.session.0,
                    CreateKind::Plain { .. } => 0,
                    CreateKind::Container => i64::MIN,
                    CreateKind::Ttl { ttl_ms } => -(1 << 56) + ttl_ms,
                };
                let parent = self.nodes.get_mut(&parent_of(&path)).unwrap();
                parent.stat.cversion += 1;
                parent.stat.pzxid = zxid;
                let stat = StatPersisted {
                    czxid: zxid,
                    mzxid: zxid,
                    ctime_ms: header.time_ms,
                    mtime_ms: header.time_ms,
                    ephemeral_owner,
                    pzxid: zxid,
                    ..StatPersisted::default()
                };
                let data = create.data.as_ref().map(|data| data.to_vec());
                let node = Plain { data, acl: create.acl.clone(), stat };
                assert!(self.nodes.insert(path, node).is_none());
            }
            Txn::Delete { path, .. } => self.delete(&path.to_str(), zxid),
            Txn::SetData { path, data, .. } => {
                let node = self.nodes.get_mut(path.to_str().as_ref()).unwrap();
                node.data = data.as_ref().map(|data| data.to_vec());
                node.stat.version += 1;
                node.stat.mzxid = zxid;
                node.stat.mtime_ms = header.time_ms;
            }
            Txn::SetAcl { path, acl, .. } => {
                let node = self.nodes.get_mut(path.to_str().as_ref()).unwrap();
                node.acl = acl.clone();
                node.stat.aversion += 1;
            }
            Txn::Multi(txns) => {
                if !txns.iter().any(|txn| matches!(txn, Txn::Error { .. })) {
                    txns.iter().for_each(|txn| self.apply(header, txn));
                }
            }
        }
    }

    fn digest(&self) -> i64 {
        let counted = self.nodes.iter().filter(|(path, _)| !path.starts_with("/zookeeper/"));
        counted.fold(0, |sum: i64, (path, node)| {
            let stat = &node.stat;
            let mut bytes = if path == "/" { Vec::new() } else { path.clone().into_bytes() };
            bytes.extend(node.data.iter().flatten());
            for long in [stat.czxid.0, stat.mzxid.0, stat.pzxid.0, stat.ctime_ms, stat.mtime_ms] {
                bytes.extend(long.to_be_bytes());
            }
            for int in [stat.version, stat.cversion, stat.aversion] {
                bytes.extend(int.to_be_bytes());
            }
            bytes.extend(stat.ephemeral_owner.to_be_bytes());
            sum.wrapping_add(i64::from(crc32(&bytes)))
        })
    }
}

/// Bit by bit, so that it shares nothing with what it checks.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

fn compare(image: &Image, model: &Model) {
    let tree = &image.tree;
    let paths: Vec<&str> = model.nodes.keys().map(String::as_str).collect();
    let mut known: Vec<String> = tree.iter().map(|(path, _)| path).collect();
    known.sort_unstable();
    assert_eq!(known, paths);
    for (path, expected) in &model.nodes {
        let node = tree.get(path).unwrap();
        assert_eq!(node.data().as_deref(), expected.data.as_deref(), "{path}");
        assert_eq!(node.stat(), &expected.stat, "{path}");
        assert_eq!(node.acl().map(|acl| acl.to_vec()), expected.acl, "{path}");
        let children = model.children(path);
        assert_eq!(node.children().map(|name| name.to_string()).collect::<Vec<_>>(), children);
        let stat = node.client_stat();
        assert_eq!(stat.num_children as usize, children.len());
        assert_eq!(stat.cversion, 2 * expected.stat.cversion - stat.num_children);
        let below = if path == "/" { "/".into() } else { format!("{path}/") };
        let below = paths.iter().filter(|other| other.len() > 1 && other.starts_with(&below));
        assert_eq!(tree.count_below(path), Some(below.count()), "{path}");
    }
    assert_eq!(tree.digest(), model.digest());
    for session in 1..=SESSIONS {
        let owned: Vec<String> =
            tree.ephemerals_of(SessionId(session)).map(|path| path.to_string()).collect();
        assert_eq!(owned, model.owned_by(session));
    }
    let sessions = image.sessions().map(|(id, timeout_ms)| (id.0, timeout_ms)).collect();
    assert_eq!(model.sessions, sessions);
    let bytes = |(path, node): (&String, &Plain)| {
        path.trim_end_matches('/').len() + node.data.as_ref().map_or(0, Vec::len)
    };
    assert_eq!(tree.size_bytes(), model.nodes.iter().map(bytes).sum::<usize>() as u64);
}

const SESSIONS: i64 = 4;

/// A path that exists, one below it, or any.
fn random_path(rng: &mut Rng, image: &Image) -> String {
    let name = ["a", "b", "a-b"][rng.below(3) as usize];
    let ours = |path: &String| path != "/" && !path.starts_with("/zookeeper");
    let known: Vec<String> = image.tree.iter().map(|(path, _)| path).filter(ours).collect();
    let known = known.get(rng.below(known.len() as u64) as usize);
    match (rng.below(4), known) {
        (0 | 1, Some(known)) => return known.to_string(),
        (2, Some(known)) if known.len() < 8 => return format!("{known}/{name}"),
        _ => {}
    }
    let depth = 1 + rng.below(2);
    (0..depth).map(|_| format!("/{}", ["a", "b", "a-b"][rng.below(3) as usize])).collect()
}

fn random_data(rng: &mut Rng) -> Option<Bytes> {
    match rng.below(6) {
        0 => None,
        1 => Some(Bytes::new()),
        2 => Some(vec![rng.below(256) as u8; 5000].into()),
        _ => Some(rng.next_u64().to_be_bytes().to_vec().into()),
    }
}

/// Every container and TTL znode without children may go.
const LIFETIME: Lifetime = Lifetime { now_ms: i64::MAX, never_used_ms: 1 };

fn random_op(rng: &mut Rng, image: &Image, nested: bool) -> WriteOp {
    let path = random_path(rng, image).into();
    let version = if rng.below(3) == 0 { rng.below(3) as i32 } else { -1 };
    match rng.below(if nested { 10 } else { 13 }) {
        0..=4 => {
            let (kind, flags) = [
                (CreateOp::Create, 0),
                (CreateOp::Create2, 0),
                (CreateOp::Create, 1),
                (CreateOp::Create2, 2),
                (CreateOp::Create, 3),
                (CreateOp::Container, 4),
                (CreateOp::Ttl { ttl_ms: 77 }, 5),
            ][rng.below(7) as usize];
            let acl = Some(Acl::world(31 - (rng.below(8) / 7) as i32));
            WriteOp::Create(CreateRequest { kind, path, data: random_data(rng), acl, flags })
        }
        5 | 6 => WriteOp::Delete { path, version },
        7 => WriteOp::SetData { path, data: random_data(rng), version },
        8 => WriteOp::SetAcl { path, acl: Some(Acl::world(31)), version },
        9 if nested => WriteOp::Check { path, version },
        9 => WriteOp::DeleteContainer { path, lifetime: LIFETIME },
        10 => WriteOp::CloseSession,
        _ => WriteOp::Multi((0..rng.below(4)).map(|_| random_op(rng, image, true)).collect()),
    }
}

/// One random write, prepared on `image` and made a record.
fn random_record(rng: &mut Rng, image: &Image) -> TxnRecord {
    let session = SessionId(1 + rng.below(SESSIONS as u64) as i64);
    let caller = Caller { session, ids: &[], session_error: None };
    let rules = WriteRules { extended_types: true, ..WriteRules::default() };
    let is_new = image.session_timeout_ms(session).is_none();
    let txn = if rng.below(if is_new { 2 } else { 14 }) == 0 {
        // The leader makes it so, whatever the tree is.
        Txn::CreateSession { timeout_ms: 1000 + rng.below(9) as i32 }
    } else {
        prepare(image, &caller, &random_op(rng, image, false), &rules)
            .unwrap_or_else(|error| Txn::Error { code: error.code() })
    };
    let (zxid, time_ms) = (image.zxid.next(), 1_000_000 + rng.below(1000) as i64);
    let header = TxnHeader { session, cxid: Cxid(1), zxid, time_ms, kind: txn.kind() };
    TxnRecord { header, txn, digest: None }
}

fn is_failure(result: &TxnResult) -> bool {
    match result {
        TxnResult::Error { .. } => true,
        TxnResult::Multi(results) => results.iter().any(is_failure),
        _ => false,
    }
}

#[test]
fn random_histories_match_the_naive_tree() {
    let (mut changed, mut failed) = (0, 0);
    for seed in 0..20 {
        let mut rng = Rng::new(seed);
        let (mut image, mut model) = (Image::new(), Model::new());
        let mut kept = Vec::new();
        for _ in 0..400 {
            if rng.below(40) == 0 {
                kept.push((image.clone(), model.clone()));
            }
            let record = random_record(&mut rng, &image);
            let applied = image.apply(&record);
            model.apply(&record.header, &record.txn);
            if rng.below(8) == 0 {
                compare(&image, &model);
            }
            match is_failure(&applied.result) {
                true => assert!(applied.changes.is_empty()),
                false => changed += applied.changes.len(),
            }
            failed += usize::from(is_failure(&applied.result));
            if let TxnResult::Created { path, stat } = &applied.result {
                assert_eq!(
                    Some(*stat),
                    image.tree.get(&path.to_str()).map(|node| node.client_stat())
                );
            }
        }
        for (image, model) in kept {
            compare(&image, &model);
        }
        let mut loader = SnapshotLoader::new(SnapshotForm::File);
        for piece in image.snapshot(SnapshotForm::File) {
            loader.push(&piece).unwrap();
        }
        assert_eq!(loader.finish_file(image.zxid).unwrap().0, image);
    }
    assert!(changed > 2000 && failed > 1000, "too tame: {changed} changes, {failed} failures");
}

/// A fuzzy snapshot holds transactions that are then applied again: the end must be the same.
#[test]
fn a_suffix_applied_twice_changes_nothing() {
    for seed in 100..120 {
        let mut rng = Rng::new(seed);
        let mut image = Image::new();
        let mut records = Vec::new();
        let mut versions = vec![image.clone()];
        for _ in 0..150 {
            let record = random_record(&mut rng, &image);
            image.apply(&record);
            records.push(record);
            versions.push(image.clone());
        }
        for _ in 0..20 {
            let fuzzy = rng.below(versions.len() as u64) as usize;
            let from = rng.below(fuzzy as u64 + 1) as usize;
            let mut again = versions[fuzzy].clone();
            records[from..].iter().for_each(|record| drop(again.apply(record)));
            assert_eq!(again, image, "seed {seed}, snapshot {fuzzy}, replay from {from}");
        }
    }
}

/// Records that fit nothing at all do no harm.
#[test]
fn odd_records_never_panic() {
    let mut rng = Rng::new(7);
    let mut image = Image::new();
    let paths = ["", "/", "//", "a", "/a", "/a/", "/a/b", "/zookeeper", "/zookeeper/config", "/\0"];
    for counter in 0..20_000 {
        let path: zabscope_core::wire::Text = paths[rng.below(paths.len() as u64) as usize].into();
        let version = rng.next_u64() as i32;
        let session = SessionId([0, 1, -1, i64::MIN, rng.next_u64() as i64][rng.below(5) as usize]);
        let data = random_data(&mut rng);
        let acl = (rng.below(2) == 0).then(Acl::open);
        let kind = [
            CreateKind::Plain { with_stat: false, ephemeral: true },
            CreateKind::Plain { with_stat: true, ephemeral: false },
            CreateKind::Container,
            CreateKind::Ttl { ttl_ms: rng.next_u64() as i64 },
        ][rng.below(4) as usize];
        let txn = match rng.below(7) {
            0 | 1 => Txn::Create(zabscope_core::proto::txn::CreateTxn {
                path,
                data,
                acl,
                kind,
                parent_cversion: version,
            }),
            2 => Txn::Delete { path, container: rng.below(2) == 0 },
            3 => Txn::SetData { path, data, version, reconfig: false },
            4 => Txn::SetAcl { path, acl, version },
            5 => Txn::CloseSession { paths: (rng.below(2) == 0).then(|| vec![path]) },
            _ => Txn::Multi(vec![Txn::Check { path, version }, Txn::Error { code: version }]),
        };
        let zxid = Zxid(counter);
        let header = TxnHeader { session, cxid: Cxid(0), zxid, time_ms: 0, kind: txn.kind() };
        image.apply(&TxnRecord { header, txn, digest: None });
        assert!(image.tree.contains("/"));
    }
}
