//! Each word about a server whose state and clock are given.

use super::*;
use crate::cmd::server::engine_config;
use crate::stats::answers::{Answers, Asked};
use std::path::Path;
use std::time::{Duration, Instant};
use zabscope_core::base::{
    Conn, Effect, Epoch, Event, Link, Millis, Node, Now, Origin, SessionId, Zxid,
};
use zabscope_core::proto::client::ToServer;
use zabscope_core::proto::connect::ConnectRequest;
use zabscope_core::proto::data::Acl;
use zabscope_core::proto::opcode as op;
use zabscope_core::proto::request::{CreateMode, CreateOp, CreateRequest, Request, RequestHeader};
use zabscope_core::server::message::{Msg, Recovered};
use zabscope_core::tree::Image;
use zabscope_core::wire::Encode;
use zabscope_core::zab::Logged;

/// Sun Nov 22 07:03:00 UTC 2026
const NOW_MS: i64 = 1_795_330_980_000;
const CONN: Conn = Conn(1);

/// A standalone server with a client that owns `/q` and watches it and `/a`'s children.
struct Fixture {
    server: Server,
    stats: Stats,
    digests: Digests,
    words: Words,
    session: SessionId,
}

impl Fixture {
    fn new(settings: &str) -> Self {
        let text = format!("dataDir=/zabscope-test\nclientPort=2181\ntickTime=2000\n{settings}");
        let config = Config::parse(Path::new("zoo.cfg"), &text).unwrap();
        let recovered = Recovered {
            accepted_epoch: Epoch(0),
            current_epoch: Epoch(0),
            last_zxid: Zxid::ZERO,
            recent: Vec::new(),
            behind_snapshot: Logged::default(),
            image: Image::new().into(),
        };
        let mut fixture = Self {
            server: Server::boot(&engine_config(&config), recovered),
            stats: Stats::default(),
            digests: Digests::default(),
            words: Words::new(config),
            session: SessionId(0),
        };
        fixture.feed(Event::Start);
        fixture
    }

    fn with_client(settings: &str) -> Self {
        let mut fixture = Self::new(settings);
        let link = Link::Client(CONN);
        fixture.feed(Event::Linked(link, Origin::default()));
        let connect = ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: Zxid::ZERO,
            timeout_ms: 10_000,
            session: SessionId(0),
            password: None,
            read_only: None,
        };
        fixture.feed(Event::Received(link, Msg::ToServer(ToServer::Connect(connect))));
        let create = |path: &str, mode: CreateMode| {
            Request::Create(CreateRequest {
                kind: CreateOp::Create,
                path: path.into(),
                data: None,
                acl: Some(Acl::open()),
                flags: mode as i32,
            })
        };
        fixture.ask(1, op::CREATE, &create("/q", CreateMode::Ephemeral));
        fixture.ask(2, op::CREATE, &create("/a", CreateMode::Persistent));
        fixture.ask(3, op::GET_DATA, &Request::GetData { path: "/q".into(), watch: true });
        fixture.ask(4, op::GET_CHILDREN, &Request::GetChildren { path: "/a".into(), watch: true });
        fixture.session = fixture.server.connections().get(&CONN).unwrap().session();
        fixture
    }

    /// One event; what is to be written is durable at once.
    fn feed(&mut self, event: Event<Server>) {
        let mut out = Vec::new();
        self.server.step(Now { mono: Millis(0), wall_ms: NOW_MS }, event, &mut out);
        for effect in out {
            if let Effect::Persist(write) = effect {
                self.feed(Event::Durable(write.mark()));
            }
        }
    }

    fn ask(&mut self, xid: i32, op: i32, request: &Request) {
        let header = RequestHeader { xid, op };
        let msg = ToServer::Request { header, body: request.to_bytes() };
        self.feed(Event::Received(Link::Client(CONN), Msg::ToServer(msg)));
    }

    fn told(&mut self, word: &str) -> String {
        self.told_of(word, 0, &[])
    }

    fn told_of(&mut self, word: &str, argument: i64, clients: &[ClientLine]) -> String {
        let mut subject = Subject {
            server: &self.server,
            stats: &mut self.stats,
            digests: &self.digests,
            wall_ms: NOW_MS,
            session_tick_in_ms: 1500,
        };
        self.words.answer(word, argument, &mut subject, || clients.to_vec()).text
    }
}

/// The client of the fixture, and whoever asks.
fn clients() -> [ClientLine; 2] {
    let mut answers = Answers::default();
    let now = Instant::now();
    answers.add(Asked::new(now, 3, op::SET_DATA), Zxid(0xb7), 5, Duration::from_micros(2900));
    answers.add(Asked::new(now, 4, op::GET_DATA), Zxid(0xb8), 7, Duration::from_micros(200));
    let client = |port: u16, conn| ClientLine {
        address: Some(([127, 0, 0, 1], port).into()),
        conn,
        since_ms: NOW_MS - 100,
        ends_ms: Some(NOW_MS + 12_001),
        received: 5,
        sent: 6,
        waiting: 0,
        answers,
        asks: false,
    };
    [
        client(50_606, CONN),
        ClientLine { received: 1, sent: 0, asks: true, ..client(50_652, Conn(2)) },
    ]
}

const ALL: &str = "4lw.commands.whitelist=*\n";

#[test]
fn connections_with_their_requests() {
    let mut fixture = Fixture::with_client(ALL);
    let session = fixture.session;
    let expected = format!(
        " /127.0.0.1:50606[1](queued=0,recved=5,sent=6,sid={session},lop=GETD,est=1795330979900,\
         to=10000,lcxid=0x4,lzxid=0xb8,lresp=7,llat=0,minlat=0,avglat=1,maxlat=2)\n \
         /127.0.0.1:50652[0](queued=0,recved=1,sent=0)\n\n"
    );
    assert_eq!(fixture.told_of("cons", 0, &clients()), expected);
    let [mut client, _] = clients();
    client.answers = Answers::default();
    let fresh = fixture.told_of("cons", 0, &[client]);
    let part =
        "lop=NA,est=1795330979900,to=10000,lzxid=0xffffffffffffffff,lresp=0,llat=0,minlat=0,";
    assert!(fresh.contains(part), "{fresh}");
}

#[test]
fn sessions_and_connections_by_the_time_of_their_end() {
    let mut fixture = Fixture::with_client(ALL);
    let session = fixture.session;
    // Six ticks of 2 s: 10 s, one for the part of a tick that may be over, the first in 1.5 s.
    let expected = format!(
        "SessionTracker dump:\nSession Sets (1)/(1):\n\
         1 expire at Sun Nov 22 07:03:11 UTC 2026:\n\t{session}\n\
         ephemeral nodes dump:\nSessions with Ephemerals (1):\n{session}:\n\t/q\n\
         Connections dump:\nConnections Sets (1)/(2):\n\
         2 expire at Sun Nov 22 07:03:13 UTC 2026:\n\
         \tip: /127.0.0.1:50606 sessionId: {session}\n\
         \tip: /127.0.0.1:50652 sessionId: 0x0\n"
    );
    assert_eq!(fixture.told_of("dump", 0, &clients()), expected);
}

#[test]
fn watches_by_number_session_and_path() {
    let mut fixture = Fixture::with_client(ALL);
    let session = fixture.session;
    assert_eq!(fixture.told("wchs"), "1 connections watching 2 paths\nTotal watches:2\n");
    assert_eq!(fixture.told("wchc"), format!("{session}\n\t/a\n\t/q\n\n"));
    assert_eq!(fixture.told("wchp"), format!("/a\n\t{session}\n/q\n\t{session}\n\n"));
}

#[test]
fn the_trace_mask_is_kept() {
    let mut fixture = Fixture::new(ALL);
    assert_eq!(fixture.told("gtmk"), "306");
    assert_eq!(fixture.told_of("stmk", 43, &[]), "43");
    assert_eq!(fixture.told("gtmk"), "43");
    let mut closed = Fixture::new("");
    let refused = "stmk is not executed because it is not in the whitelist.\n";
    assert_eq!(closed.told_of("stmk", 43, &[]), refused);
}

#[test]
fn a_standalone_server_tells_its_settings() {
    let mut fixture = Fixture::new(ALL);
    assert_eq!(
        fixture.told("conf"),
        "clientPort=2181\nsecureClientPort=-1\ndataDir=/zabscope-test/version-2\ndataDirSize=0\n\
         dataLogDir=/zabscope-test/version-2\ndataLogSize=0\ntickTime=2000\nmaxClientCnxns=60\n\
         minSessionTimeout=4000\nmaxSessionTimeout=40000\nclientPortListenBacklog=-1\nserverId=0\n"
    );
}

#[test]
fn latencies_are_told_as_java_prints_them() {
    let mut fixture = Fixture::new(ALL);
    assert!(fixture.told("srvr").contains("\nLatency min/avg/max: 0/0.0/0\n"));
    let now = Instant::now();
    for (op, took) in [(op::GET_DATA, 200), (op::SET_DATA, 1050), (op::PING, 9000)] {
        fixture.stats.on_answer(Asked::new(now, 1, op), Duration::from_micros(took));
    }
    let srvr = fixture.told("srvr");
    assert!(srvr.contains("\nLatency min/avg/max: 0/0.625/1\n"), "{srvr}");
    assert!(!srvr.contains("Proposal sizes"), "nobody is proposed anything: {srvr}");
    let mntr = fixture.told("mntr");
    for line in [
        "zk_server_state\tstandalone\n",
        "zk_avg_latency\t0.625\n",
        "zk_avg_updatelatency\t1.05\n",
        "zk_cnt_updatelatency\t1\n",
        "zk_cnt_readlatency\t1\n",
        "zk_last_client_response_size\t-1\n",
        "zk_watch_count\t0\n",
    ] {
        assert!(mntr.contains(line), "no {line:?} in {mntr}");
    }
    assert!(!mntr.contains("peer_state") && !mntr.contains("quorum_size"), "{mntr}");
    fixture.told("srst");
    assert!(fixture.told("srvr").contains("\nLatency min/avg/max: 0/0.0/0\n"));
}

#[test]
fn digests_of_the_past() {
    let mut fixture = Fixture::new(ALL);
    assert_eq!(fixture.told("hash"), "");
    for counter in 127..=256 {
        let zxid = Zxid((1 << 32) + counter);
        fixture.digests.look(zxid, 95_883_810_038 - 128 + counter, &[].into());
    }
    assert_eq!(fixture.told("hash"), "100000080: 95883810038\n100000100: 95883810166\n");
}
