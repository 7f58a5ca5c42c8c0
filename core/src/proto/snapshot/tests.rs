use super::*;
use crate::base::rng::Rng;
use std::vec;

fn node(path: &str, data: Option<&'static str>) -> NodeRecord {
    let data = data.map(|data| Bytes::from_static(data.as_bytes()));
    let stat = StatPersisted { version: 3, pzxid: Zxid(9), ..StatPersisted::default() };
    NodeRecord { path: path.into(), data, acl_key: 1, stat }
}

fn parts() -> Vec<SnapshotItem> {
    vec![
        SnapshotItem::Session(SessionEntry { session: SessionId(5), timeout_ms: 6 }),
        SnapshotItem::Acl(AclEntry { key: 1, acl: [Acl::open(), Acl::world(1)].concat() }),
        SnapshotItem::Node(node("", Some(""))),
        SnapshotItem::Node(node("/a", None)),
        SnapshotItem::Node(node("/a/b", Some("data"))),
        SnapshotItem::End,
    ]
}

fn written(form: SnapshotForm, tail: &SnapshotTail) -> Vec<u8> {
    let mut writer = SnapshotWriter::new(form);
    let mut bytes = Vec::new();
    for item in parts() {
        match item {
            SnapshotItem::Session(session) => {
                writer.fields().count(1);
                session.encode(writer.fields());
            }
            SnapshotItem::Acl(acl) => {
                writer.fields().count(1);
                acl.encode(writer.fields());
            }
            SnapshotItem::Node(node) => node.encode(writer.fields()),
            SnapshotItem::End => writer.end_nodes(),
        }
        // The seals do not depend on when pieces are taken.
        bytes.extend_from_slice(&writer.take());
    }
    match form {
        SnapshotForm::File => writer.finish_file(tail),
        SnapshotForm::Stream => writer.sign(),
    }
    bytes.extend_from_slice(&writer.take());
    bytes
}

fn read(
    form: SnapshotForm,
    bytes: &[u8],
) -> Result<(Vec<SnapshotItem>, SnapshotDecoder), DecodeError> {
    let mut decoder = SnapshotDecoder::new(form);
    decoder.push(bytes);
    let mut items = Vec::new();
    while items.last() != Some(&SnapshotItem::End) {
        items.push(decoder.next_item()?);
    }
    Ok((items, decoder))
}

#[test]
fn every_combination_of_blocks_is_told_apart() {
    let digest = Some(ZxidDigest { zxid: Zxid(7), version: 2, digest: -8 });
    for digest in [None, digest] {
        for last_zxid in [None, Some(Zxid(7))] {
            let tail = SnapshotTail { digest, last_zxid };
            let (items, decoder) =
                read(SnapshotForm::File, &written(SnapshotForm::File, &tail)).unwrap();
            assert_eq!((items, decoder.tail()), (parts(), Ok(tail)));
        }
    }
}

#[test]
fn a_digest_of_version_1_is_passed_over() {
    let mut writer = SnapshotWriter::new(SnapshotForm::File);
    for _ in 0..2 {
        writer.fields().count(0);
    }
    writer.end_nodes();
    writer.seal();
    writer.fields().i64(7);
    writer.fields().i32(1);
    writer.fields().string("abcdef");
    writer.seal();
    let (_, decoder) = read(SnapshotForm::File, &writer.take()).unwrap();
    assert_eq!(decoder.tail(), Ok(SnapshotTail::default()));
}

#[test]
fn a_stream_ends_behind_its_signature() {
    let mut stream = written(SnapshotForm::Stream, &SnapshotTail::default());
    for end in 0..stream.len() {
        assert_eq!(read(SnapshotForm::Stream, &stream[..end]).err(), Some(DecodeError::Short));
    }
    stream.extend_from_slice(b"more");
    let (items, decoder) = read(SnapshotForm::Stream, &stream).unwrap();
    assert_eq!((items, decoder.rest()), (parts(), "more".into()));
    let at = stream.len() - 5;
    stream[at] = b'?';
    let error = DecodeError::Malformed("no signature behind a snapshot");
    assert_eq!(read(SnapshotForm::Stream, &stream).err(), Some(error));
}

#[test]
fn any_bytes_are_read_or_refused() {
    let stream = written(SnapshotForm::Stream, &SnapshotTail::default());
    let mut rng = Rng::new(1);
    let mut at = |len: usize| usize::try_from(rng.below(len as u64)).unwrap();
    for _ in 0..20_000 {
        let mut bytes = stream.clone();
        for _ in 0..=at(3) {
            let place = at(bytes.len());
            bytes[place] = [0, 1, 0x7f, 0x80, 0xff][at(5)];
        }
        let _ = read(SnapshotForm::Stream, &bytes);
    }
}

#[test]
fn lengths_are_judged_before_their_bytes_come() {
    let mut decoder = SnapshotDecoder::new(SnapshotForm::Stream);
    decoder.push(&[0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(decoder.next_item(), Err(DecodeError::Short));
    decoder.push(&[0x7f, 0, 0, 0]);
    assert_eq!(decoder.next_item(), Err(DecodeError::Length(0x7f00_0000)));
    let mut decoder = SnapshotDecoder::new(SnapshotForm::Stream);
    decoder.push(&[0xff, 0xff, 0xff, 0xfe]);
    assert_eq!(decoder.next_item(), Err(DecodeError::Length(-2)));
}
