use super::*;
use crate::base::Zxid;
use crate::proto::txn::TxnRecord;
use crate::tree::TxnResult;
use KeeperError::*;
use std::string::ToString;
use std::vec;

const RULES: WriteRules = WriteRules {
    extended_types: true,
    skip_acl: false,
    enforce_quota: false,
    txn_bytes_max: TXN_BYTES_MAX,
};
const SESSION: SessionId = SessionId(7);
const ME: Caller<'_> = Caller { session: SESSION, ids: &[], session_error: None };
const SESSION_MADE: Txn = Txn::CreateSession { timeout_ms: 1000 };

fn create(path: &str, flags: i32) -> CreateRequest {
    let acl = Some(Acl::open());
    CreateRequest { kind: CreateOp::Create, path: path.into(), data: None, acl, flags }
}

fn create_op(path: &str, flags: i32) -> WriteOp {
    WriteOp::Create(create(path, flags))
}

fn create_acl(path: &str, acl: Vec<Acl>) -> WriteOp {
    WriteOp::Create(CreateRequest { acl: Some(acl), ..create(path, 0) })
}

fn write(image: &mut Image, caller: &Caller<'_>, op: &WriteOp, rules: &WriteRules) -> TxnResult {
    let txn = prepare(image, caller, op, rules).unwrap();
    apply(image, caller, txn)
}

fn apply(image: &mut Image, caller: &Caller<'_>, txn: Txn) -> TxnResult {
    let header = TxnHeader {
        session: caller.session,
        cxid: Cxid(0),
        zxid: image.zxid.next(),
        time_ms: 5,
        kind: txn.kind(),
    };
    image.apply(&TxnRecord { header, txn, digest: None }).result
}

/// `/a` with child `/a/b`, `/eph` ephemeral, `/shut` that nobody may touch but all may read,
/// `/dark` that nobody may even read, with a child.
fn image() -> Image {
    let mut image = Image::new();
    apply(&mut image, &ME, SESSION_MADE);
    for op in [
        create_op("/a", 0),
        create_op("/a/b", 0),
        create_op("/eph", 1),
        create_acl("/shut", Acl::world(perms::READ)),
        create_acl("/dark", Acl::world(perms::CREATE)),
        create_op("/dark/x", 0),
    ] {
        write(&mut image, &ME, &op, &RULES);
    }
    image
}

fn judged(op: &WriteOp) -> Result<Txn, KeeperError> {
    prepare(&image(), &ME, op, &RULES)
}

fn refused(op: &WriteOp) -> KeeperError {
    judged(op).unwrap_err()
}

const STRANGER: Caller<'_> = Caller { session: SessionId(9), ..ME };

#[test]
fn create_checks_in_order() {
    let no_acl = |path, flags| WriteOp::Create(CreateRequest { acl: None, ..create(path, flags) });
    // Each line would also fail the checks of the lines below it.
    assert_eq!(prepare(&image(), &STRANGER, &no_acl("x", 9), &RULES), Err(BadArguments));
    let off = WriteRules { extended_types: false, ..RULES };
    assert_eq!(prepare(&image(), &STRANGER, &no_acl("x", 5), &off), Err(Unimplemented));
    assert_eq!(prepare(&image(), &STRANGER, &no_acl("x", 5), &RULES), Err(BadArguments));
    assert_eq!(prepare(&image(), &STRANGER, &no_acl("x", 0), &RULES), Err(SessionExpired));
    assert_eq!(refused(&no_acl("x", 0)), BadArguments);
    assert_eq!(refused(&no_acl("/no/\0", 0)), BadArguments);
    assert_eq!(refused(&no_acl("/no/..", 0)), InvalidAcl);
    assert_eq!(refused(&create_op("/no/..", 0)), NoNode);
    assert_eq!(refused(&create_op("/shut/..", 0)), NoAuth);
    assert_eq!(refused(&create_op("/eph/..", 0)), BadArguments);
    assert_eq!(refused(&create_op("/a/b", 0)), NodeExists);
    assert_eq!(refused(&create_op("/eph/x", 0)), NoChildrenForEphemerals);
    assert_eq!(refused(&create_op("/", 0)), NodeExists);
    assert_eq!(refused(&create_op("/a/", 0)), BadArguments);
    assert_eq!(refused(&create_op("/no/", 0)), NoNode);
}

#[test]
fn create_ttl() {
    let ttl = |flags, ttl_ms| {
        refused_or_kind(CreateRequest { kind: CreateOp::Ttl { ttl_ms }, ..create("/t", flags) })
    };
    assert_eq!(ttl(5, 1), Ok(CreateKind::Ttl { ttl_ms: 1 }));
    assert_eq!(ttl(6, TTL_MS_MAX), Ok(CreateKind::Ttl { ttl_ms: TTL_MS_MAX }));
    for (flags, ttl_ms) in [(5, 0), (5, -1), (5, TTL_MS_MAX + 1), (0, 5), (0, -1), (1, -1)] {
        assert_eq!(ttl(flags, ttl_ms), Err(BadArguments), "{flags} {ttl_ms}");
    }
}

fn refused_or_kind(request: CreateRequest) -> Result<CreateKind, KeeperError> {
    match judged(&WriteOp::Create(request))? {
        Txn::Create(create) => Ok(create.kind),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_opcode_decides_the_kind_and_the_flags_the_rest() {
    let of = |kind, flags| refused_or_kind(CreateRequest { kind, ..create("/n", flags) }).unwrap();
    let plain = |with_stat, ephemeral| CreateKind::Plain { with_stat, ephemeral };
    assert_eq!(of(CreateOp::Create, 3), plain(false, true));
    assert_eq!(of(CreateOp::Create2, 0), plain(true, false));
    assert_eq!(of(CreateOp::Create, 4), plain(false, false));
    assert_eq!(of(CreateOp::Container, 0), CreateKind::Container);
}

#[test]
fn sequence_numbers_are_the_parents_counter() {
    let mut image = image();
    let mut next = |path: &str| match write(&mut image, &ME, &create_op(path, 2), &RULES) {
        TxnResult::Created { path, .. } => path.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(next("/a/s-"), "/a/s-0000000001", "/a/b took 0");
    assert_eq!(next("/a/"), "/a/0000000002");
    assert_eq!(next("/"), "/0000000004");
    assert_eq!(next("/dark/x"), "/dark/x0000000001");
}

#[test]
fn a_moved_session_is_told_so_where_the_session_is_checked() {
    let moved = Caller { session_error: Some(SessionMoved), ..ME };
    assert_eq!(prepare(&image(), &moved, &create_op("x", 9), &RULES), Err(BadArguments));
    for op in [create_op("x", 0), delete("x", 0), set_data("x", 0), set_acl("x", 0)] {
        assert_eq!(prepare(&image(), &moved, &op, &RULES), Err(SessionMoved));
    }
}

fn delete(path: &str, version: i32) -> WriteOp {
    WriteOp::Delete { path: path.into(), version }
}

fn set_data(path: &str, version: i32) -> WriteOp {
    WriteOp::SetData { path: path.into(), data: None, version }
}

fn set_acl(path: &str, version: i32) -> WriteOp {
    WriteOp::SetAcl { path: path.into(), acl: Some(Acl::open()), version }
}

fn check(path: &str, version: i32) -> KeeperError {
    let multi = judged(&WriteOp::Multi(vec![WriteOp::Check { path: path.into(), version }]));
    match multi.unwrap() {
        Txn::Multi(txns) => match txns[0] {
            Txn::Error { code } => KeeperError::from_code(code).unwrap(),
            ref other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn delete_checks_in_order() {
    for special in ["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", "x", "/a\0"] {
        assert_eq!(refused(&delete(special, 5)), BadArguments);
    }
    assert_eq!(refused(&delete("/no/x", 5)), NoNode);
    assert_eq!(refused(&delete("/shut/no", 5)), NoAuth, "asked of the parent, before the node");
    assert_eq!(refused(&delete("/a/no", 5)), NoNode);
    assert_eq!(refused(&delete("/a/..", 5)), NoNode, "no full check");
    assert_eq!(refused(&delete("/a", 5)), BadVersion);
    assert_eq!(refused(&delete("/a", -1)), NotEmpty);
    assert!(judged(&delete("/shut", 0)).is_ok(), "the node's own list does not matter");
}

#[test]
fn set_data_set_acl_and_check_look_at_the_path_first() {
    let null_acl = |path: &str| WriteOp::SetAcl { path: path.into(), acl: None, version: 5 };
    for bad in ["", "x", "/a/", "/a/.."] {
        assert_eq!(refused(&set_data(bad, 5)), BadArguments);
        assert_eq!(refused(&null_acl(bad)), BadArguments);
        assert_eq!(check(bad, 5), BadArguments);
    }
    assert_eq!(refused(&set_data("/no", 5)), NoNode);
    assert_eq!(refused(&set_data("/shut", 5)), NoAuth);
    assert_eq!(refused(&set_data("/a", 5)), BadVersion);
    assert!(judged(&set_data("/", 0)).is_ok());

    assert_eq!(refused(&null_acl("/no")), InvalidAcl);
    assert_eq!(refused(&set_acl("/no", 5)), NoNode);
    assert_eq!(refused(&set_acl("/shut", 5)), NoAuth);
    assert_eq!(refused(&set_acl("/a", 5)), BadVersion);

    assert_eq!(check("/no", 5), NoNode);
    assert_eq!(check("/dark", 5), NoAuth);
    assert_eq!(check("/shut", 5), BadVersion);
    let bare = WriteOp::Check { path: "/a".into(), version: -1 };
    assert_eq!(refused(&bare), Unimplemented);
    let free = WriteRules { skip_acl: true, ..RULES };
    assert!(prepare(&image(), &ME, &set_data("/shut", 0), &free).is_ok());
}

#[test]
fn versions_skip_minus_one() {
    assert_eq!(next_version(3, 3), Ok(4));
    assert_eq!(next_version(3, -1), Ok(4));
    assert_eq!(next_version(3, 4), Err(BadVersion));
    assert_eq!(next_version(i32::MAX, -1), Ok(i32::MIN));
    assert_eq!(next_version(-2, -1), Ok(0));
}

#[test]
fn a_multi_sees_its_own_effects() {
    let mut image = image();
    let multi = WriteOp::Multi(vec![
        create_op("/m", 0),
        create_op("/m/s", 2),
        set_data("/m", 0),
        WriteOp::Check { path: "/m".into(), version: 1 },
        delete("/m/s0000000000", 0),
        delete("/m", 1),
    ]);
    let TxnResult::Multi(results) = write(&mut image, &ME, &multi, &RULES) else { panic!() };
    assert!(
        matches!(&results[1], TxnResult::Created { path, .. } if path.as_bytes() == "/m/s0000000000")
    );
    assert!(matches!(results[2], TxnResult::DataSet { stat } if stat.version == 1));
    assert_eq!(results[3..], [TxnResult::Checked, TxnResult::Deleted, TxnResult::Deleted]);
    assert!(!image.tree.contains("/m"));
    assert_eq!(image.tree.get("/").unwrap().stat().pzxid, image.zxid);
}

#[test]
fn a_failed_multi_keeps_its_record_and_changes_nothing() {
    let mut image = image();
    let before = image.tree.clone();
    let ops = vec![create_op("/m", 0), delete("/no", -1), create_op("/n", 0)];
    let Ok(Txn::Multi(txns)) = prepare(&image, &ME, &WriteOp::Multi(ops.clone()), &RULES) else {
        panic!()
    };
    assert!(matches!(txns[0], Txn::Create(_)));
    assert_eq!(txns[1..], [NoNode, RuntimeInconsistency].map(|e| Txn::Error { code: e.code() }));
    let zxid = image.zxid.next();
    let result = write(&mut image, &ME, &WriteOp::Multi(ops), &RULES);
    let codes = [0, NoNode.code(), RuntimeInconsistency.code()];
    assert_eq!(result, TxnResult::Multi(codes.map(|code| TxnResult::Error { code }).into()));
    assert_eq!((image.zxid, image.tree), (zxid, before));
}

#[test]
fn a_session_takes_its_ephemerals_along() {
    let mut image = image();
    write(&mut image, &ME, &create_op("/a/e", 1), &RULES);
    let txn = prepare(&image, &ME, &WriteOp::CloseSession, &RULES);
    assert_eq!(txn, Ok(Txn::CloseSession { paths: Some(vec!["/a/e".into(), "/eph".into()]) }));
    assert_eq!(write(&mut image, &ME, &WriteOp::CloseSession, &RULES), TxnResult::SessionClosed);
    assert!(!image.tree.contains("/eph") && image.tree.contains("/a/b"));
    assert_eq!(image.tree.ephemerals().count(), 0);
    assert_eq!(prepare(&image, &ME, &create_op("/z", 0), &RULES), Err(SessionExpired));
}

#[test]
fn only_what_may_be_reaped_is_reaped() {
    let mut image = image();
    let reap_at = |path: &str, now_ms| {
        let lifetime = Lifetime { now_ms, never_used_ms: 0 };
        WriteOp::DeleteContainer { path: path.into(), lifetime }
    };
    let reap = |path: &str| reap_at(path, 1_000_000);
    let container =
        |path| WriteOp::Create(CreateRequest { kind: CreateOp::Container, ..create(path, 4) });
    write(&mut image, &ME, &container("/c"), &RULES);
    let nobody = Caller { session: SessionId(0), ..ME };
    let candidates = |image: &Image, now_ms, never_used_ms| {
        image
            .tree
            .reap_candidates(Lifetime { now_ms, never_used_ms })
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert!(candidates(&image, 1_000_000, 0).is_empty(), "never used");
    assert_eq!(candidates(&image, 1_000_000, 300_000), ["/c"]);
    write(&mut image, &ME, &create_op("/c/x", 0), &RULES);
    assert_eq!(prepare(&image, &nobody, &reap("/c"), &RULES), Err(NotEmpty));
    assert!(candidates(&image, 1_000_000, 300_000).is_empty());
    write(&mut image, &ME, &delete("/c/x", -1), &RULES);
    assert_eq!(candidates(&image, 5, 0), ["/c"]);
    let ttl = CreateRequest { kind: CreateOp::Ttl { ttl_ms: 10 }, ..create("/t", 5) };
    write(&mut image, &ME, &WriteOp::Create(ttl), &RULES);
    assert_eq!(candidates(&image, 15, 0), ["/c"], "made at 5");
    assert_eq!(candidates(&image, 16, 0), ["/c", "/t"]);
    assert!(prepare(&image, &nobody, &reap_at("/t", 16), &RULES).is_ok());
    let early = prepare(&image, &nobody, &reap_at("/t", 15), &RULES);
    assert_eq!(early, Err(BadVersion), "as after a write that came before its turn");
    for (path, error) in [("/no", NoNode), ("/eph", BadVersion), ("/a/b", BadVersion)] {
        assert_eq!(prepare(&image, &nobody, &reap(path), &RULES), Err(error));
    }
    assert_eq!(write(&mut image, &nobody, &reap("/c"), &RULES), TxnResult::Deleted);
}

#[test]
fn quotas_count_and_hard_ones_refuse() {
    let mut image = image();
    let text = |path: &str, text: &str| {
        let data = Some(text.to_string().into());
        WriteOp::Create(CreateRequest { data, ..create(path, 0) })
    };
    let limits = "count=-1,bytes=-1=;byteHardLimit=9;countHardLimit=3";
    for op in [
        create_op("/zookeeper/quota/a", 0),
        text("/zookeeper/quota/a/zookeeper_limits", limits),
        text("/zookeeper/quota/a/zookeeper_stats", "count=0,bytes=0"),
        text("/a/c", "12345"),
    ] {
        write(&mut image, &ME, &op, &RULES);
    }
    let stats = |image: &Image| {
        let node = image.tree.get("/zookeeper/quota/a/zookeeper_stats").unwrap();
        (node.data().clone().unwrap(), node.stat().version)
    };
    assert_eq!(stats(&image), ("count=3,bytes=5".into(), 0));
    let enforced = WriteRules { enforce_quota: true, ..RULES };
    let quota = |op: &WriteOp| prepare(&image, &ME, op, &enforced).err();
    assert_eq!(quota(&create_op("/a/d", 0)), Some(QuotaExceeded));
    let long = |version| WriteOp::SetData {
        path: "/a/c".into(),
        data: Some("1234567890".into()),
        version,
    };
    assert_eq!(quota(&long(77)), Some(QuotaExceeded), "before the version");
    assert_eq!(quota(&set_data("/a/c", 0)), None);
    assert_eq!(
        prepare(&image, &ME, &text("/zookeeper/quota/zookeeper_limits", "x"), &RULES),
        Err(BadArguments)
    );
    write(&mut image, &ME, &long(0), &RULES);
    assert_eq!(stats(&image).0, "count=3,bytes=10");
    write(&mut image, &ME, &delete("/a/c", -1), &RULES);
    assert_eq!(stats(&image).0, "count=2,bytes=0");
    assert_eq!(image.zxid, Zxid(13));
}

fn encoded_bytes(txn: &Txn) -> usize {
    let mut out = crate::wire::Writer::new();
    txn.encode_record(&mut out);
    out.len()
}

#[test]
fn the_size_of_a_record_is_known_before_it_is_written() {
    let data = Some(bytes::Bytes::from_static(b"data"));
    let ttl = CreateRequest { kind: CreateOp::Ttl { ttl_ms: 9 }, ..create("/a/ttl", 5) };
    let container = CreateRequest { kind: CreateOp::Container, ..create("/a/container", 4) };
    let with_data = CreateRequest { data, kind: CreateOp::Create2, ..create("/a/data", 2) };
    let checked = WriteOp::Check { path: "/a".into(), version: -1 };
    let ops = vec![
        WriteOp::Create(ttl),
        WriteOp::Create(container),
        WriteOp::Create(with_data),
        set_data("/a", -1),
        set_acl("/a", -1),
        checked,
        delete("/a/b", -1),
    ];
    let multi = judged(&WriteOp::Multi(ops)).unwrap();
    let Txn::Multi(subs) = &multi else { panic!("{multi:?}") };
    assert!(!subs.iter().any(|sub| matches!(sub, Txn::Error { .. })), "{subs:?}");
    let failed = judged(&WriteOp::Multi(vec![delete("/no", -1), set_data("/a", -1)])).unwrap();
    let closed = judged(&WriteOp::CloseSession).unwrap();
    assert_eq!(closed, Txn::CloseSession { paths: Some(vec!["/eph".into()]) });
    let bare = Txn::CloseSession { paths: None };
    for txn in subs.iter().chain([&multi, &failed, &closed, &SESSION_MADE, &bare]) {
        assert_eq!(txn.record_bytes(), encoded_bytes(txn), "{txn:?}");
    }
}

#[test]
fn what_would_be_too_large_a_transaction_is_refused() {
    let bulk = |bytes: usize| bytes::Bytes::from(vec![b'x'; bytes]);
    let with = |bytes| {
        let data = Some(bulk(bytes));
        WriteOp::SetData { path: "/a".into(), data, version: -1 }
    };
    let largest = TXN_BYTES_MAX - TXN_FRAME_BYTES - (4 + 2) - 4 - 4;
    assert_eq!(encoded_bytes(&judged(&with(largest)).unwrap()) + TXN_FRAME_BYTES, TXN_BYTES_MAX);
    assert_eq!(refused(&with(largest + 1)), MarshallingError);
    let twice = WriteRules { txn_bytes_max: 2 * TXN_BYTES_MAX, ..RULES };
    assert!(prepare(&image(), &ME, &with(largest + 1), &twice).is_ok());
    let multi = |count| WriteOp::Multi(vec![with(TXN_BYTES_MAX / 4); count]);
    assert!(judged(&multi(3)).is_ok());
    assert_eq!(refused(&multi(4)), MarshallingError, "as a whole");
}

#[test]
fn an_acl_for_all_identities_of_a_caller_is_bounded_too() {
    let id = |number| Id { scheme: "digest".into(), id: std::format!("user{number}:x").into() };
    let ids: Vec<Id> = (0..1000).map(id).collect();
    let caller = Caller { ids: &ids, ..ME };
    let auth = |perms| Acl { perms, id: Id { scheme: "auth".into(), id: "".into() } };
    let made = |op: &WriteOp| prepare(&image(), &caller, op, &RULES);
    assert!(made(&create_acl("/x", vec![auth(1)])).is_ok());
    let many = (0..1000).map(auth).collect();
    assert_eq!(made(&create_acl("/x", many)), Err(MarshallingError));
    // Small requests of a small multi: 18 bytes become 20 kB.
    let ops = (0..200).map(|n| create_acl(&std::format!("/x{n}"), vec![auth(1)])).collect();
    assert_eq!(made(&WriteOp::Multi(ops)), Err(MarshallingError));
}

#[test]
fn a_session_with_more_ephemerals_than_a_transaction_can_list_ends_all_the_same() {
    let mut image = image();
    let long = "n".repeat(TXN_BYTES_MAX / 4);
    for number in 0..5 {
        write(&mut image, &ME, &create_op(&std::format!("/{long}{number}"), 1), &RULES);
    }
    assert_eq!(
        prepare(&image, &ME, &WriteOp::CloseSession, &RULES),
        Ok(Txn::CloseSession { paths: None })
    );
    write(&mut image, &ME, &WriteOp::CloseSession, &RULES);
    assert_eq!(image.tree.ephemerals_of(SESSION).count(), 0);
    assert!(image.tree.get("/eph").is_none() && image.session_timeout_ms(SESSION).is_none());
}
