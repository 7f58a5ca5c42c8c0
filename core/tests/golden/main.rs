//! Every byte that was captured from real ZooKeeper servers and clients is decoded, encoded again
//! and compared. The captures are described in their own `README.md`; they are looked for in
//! `$ZABSCOPE_GOLDEN`, else in `../shared/golden` beside the repository.
#![allow(clippy::unwrap_used, reason = "a test")]

mod client;
mod election;
mod fields;
mod quorum;
mod storage;

use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The captures and the tally of what was found in them.
struct Golden {
    base: PathBuf,
    index: Value,
}

/// How often what was seen.
#[derive(Default)]
struct Counts(BTreeMap<String, usize>);

/// Where a message is in the stream of its direction: offset and length, as in the detail files.
type Span = (usize, usize);

impl Golden {
    /// `None`, with a loud line, if there are no captures here.
    fn load() -> Option<Self> {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/golden");
        let base = std::env::var_os("ZABSCOPE_GOLDEN").map_or_else(|| beside.into(), PathBuf::from);
        let Ok(text) = std::fs::read(base.join("index.json")) else {
            println!("SKIPPED: no captures in {} (set ZABSCOPE_GOLDEN)", base.display());
            return None;
        };
        Some(Self { base, index: serde_json::from_slice(&text).unwrap() })
    }

    fn connections(&self, kind: &str) -> Vec<&Value> {
        let all = self.index["connections"].as_array().unwrap();
        all.iter().filter(|connection| connection["kind"] == kind).collect()
    }

    fn file(&self, name: &str) -> Bytes {
        std::fs::read(self.base.join(name)).unwrap_or_else(|error| panic!("{name}: {error}")).into()
    }

    /// The bytes of a direction, `c2s` or `s2c`; empty if nothing was sent.
    fn stream(&self, connection: &Value, direction: &str) -> Bytes {
        let bytes = connection[direction].as_str().map_or_else(Bytes::new, |name| self.file(name));
        assert_eq!(connection[format!("{direction}_bytes")], bytes.len(), "length of the file");
        bytes
    }

    /// Compares the places of the messages with those that the recorder's own decoder found.
    fn check_spans(&self, connection: &Value, direction: &str, spans: &[Span]) {
        let detail = self.file(connection["detail"].as_str().unwrap());
        let detail: Value = serde_json::from_slice(&detail).unwrap();
        let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
        let messages = detail["messages"].as_array().unwrap().iter();
        let expected: Vec<Span> = messages
            .filter(|message| message[0] == direction)
            .map(|message| (number(&message[1]), number(&message[2])))
            .collect();
        assert_eq!(spans, expected, "{} {direction}", connection["id"]);
    }
}

impl Counts {
    fn add(&mut self, what: impl Into<String>) {
        self.add_many(what, 1);
    }

    fn add_many(&mut self, what: impl Into<String>, count: usize) {
        *self.0.entry(what.into()).or_default() += count;
    }

    fn get(&self, what: &str) -> usize {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// Sum over everything whose name starts with `prefix`.
    fn sum(&self, prefix: &str) -> usize {
        self.0.iter().filter(|(what, _)| what.starts_with(prefix)).map(|(_, count)| count).sum()
    }

    fn print(&self) {
        for (what, count) in &self.0 {
            println!("{what:40} {count:6}");
        }
    }
}

/// Cuts a valid record everywhere and changes each of its bytes. Every cut must be an error, but
/// for those that the format itself takes for a whole record; a change may be anything but a
/// panic.
fn abuse<T: std::fmt::Debug, E>(
    bytes: &Bytes,
    whole_too: &[usize],
    decode: impl Fn(Bytes) -> Result<T, E>,
) {
    for len in 0..bytes.len() {
        let cut = decode(bytes.slice(..len));
        assert_eq!(
            cut.is_ok(),
            whole_too.contains(&len),
            "cut to {len} of {bytes:?}: {:?}",
            cut.ok()
        );
    }
    let mut changed = bytes.to_vec();
    for at in 0..bytes.len() {
        for bits in [0xff, 0x80, 0x01] {
            changed[at] ^= bits;
            let _ = decode(Bytes::copy_from_slice(&changed));
            changed[at] ^= bits;
        }
    }
}

/// The words of administrators are no messages of a codec; they are counted because the total of
/// the captures includes them, and because they must be seen before the first frame is.
fn four_letter_words(golden: &Golden, counts: &mut Counts) {
    use zabscope_core::proto::frame::FrameBuffer;
    for connection in golden.connections("4lw") {
        let command = golden.stream(connection, "c2s");
        let mut buffer = FrameBuffer::client();
        buffer.push(&command);
        assert!(buffer.unread()[..4].iter().all(u8::is_ascii_lowercase));
        assert!(buffer.next_frame().is_err(), "a word is no length of a frame");
        counts.add("4lw.c2s");
        if !golden.stream(connection, "s2c").is_empty() {
            counts.add("4lw.s2c");
        }
    }
}

#[test]
fn every_captured_message_is_written_as_it_came() {
    let Some(golden) = Golden::load() else { return };
    let mut messages = Counts::default();
    let mut counts = Counts::default();
    client::check_all(&golden, &mut messages, &mut counts);
    election::check_all(&golden, &mut messages, &mut counts);
    let proposals = quorum::check_all(&golden, &mut messages, &mut counts);
    four_letter_words(&golden, &mut messages);
    storage::check_all(&golden, &proposals, &mut counts);
    counts.print();
    messages.print();
    for (what, expected) in MESSAGES {
        assert_eq!(messages.get(what), expected, "{what}");
    }
    for (what, expected) in COUNTS {
        assert_eq!(counts.get(what), expected, "{what}");
    }
    assert_eq!(messages.sum(""), 4903, "messages in all");
}

/// Messages by port and direction. A snapshot inside a quorum stream counts as one, and so does the
/// unfinished frame of a client.
const MESSAGES: [(&str, usize); 8] = [
    ("4lw.c2s", 54),
    ("4lw.s2c", 53),
    ("client.c2s", 572),
    ("client.s2c", 601),
    ("election.c2s", 108),
    ("election.s2c", 80),
    ("quorum.c2s", 1374),
    ("quorum.s2c", 2061),
];

/// What else is known about the captures.
const COUNTS: [(&str, usize); 15] = [
    ("client.ConnectRequest", 58),
    ("client.ConnectRequest without readOnly", 3),
    ("client.ConnectResponse expired", 4),
    ("client.password", 50),
    ("client.request malformed on purpose", 2),
    ("election.InitialMessage.V1", 43),
    ("election.InitialMessage.V2", 2),
    ("quorum.forwarded malformed multi", 1),
    ("quorum.snapshot", 2),
    ("quorum.snapshot nodes", 100),
    ("quorum.touched sessions", 56),
    ("storage.log entry", 1272),
    ("storage.log file", 16),
    ("storage.padding bytes", 235_253),
    ("storage.proposal equals log entry", 866),
];
