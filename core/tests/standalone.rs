//! One server alone, as its driver feeds it: what a client is sent, by settings that no script has.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use bytes::Bytes;
use std::collections::BTreeSet;
use zabscope_core::base::limits::{REAP_INTERVAL_MS, REAPED_PER_INTERVAL_MAX};
use zabscope_core::base::quorum::Voters;
use zabscope_core::base::{
    Conn, Effect, Epoch, Event, Link, Millis, Node, Now, Origin, SessionId, Sid, Zxid,
};
use zabscope_core::proto::Id;
use zabscope_core::proto::client::{ToClient, ToServer};
use zabscope_core::proto::connect::ConnectRequest;
use zabscope_core::proto::data::{Acl, perms};
use zabscope_core::proto::request::{CreateOp, CreateRequest, Request, RequestHeader};
use zabscope_core::proto::watch::{EventType, WatcherEvent};
use zabscope_core::server::message::Recovered;
use zabscope_core::server::{Config, Msg, Server, Timer};
use zabscope_core::tree::{Image, WriteRules};
use zabscope_core::wire::Encode;
use zabscope_core::zab::{self, Logged, Sound};

/// The server, with a disk that is done at once.
struct Alone {
    server: Server,
    now: Now,
    xid: i32,
}

impl Alone {
    fn new(rules: WriteRules) -> Self {
        let zab = zab::Config {
            me: Sid(0),
            voters: Voters::new([Sid(0)]),
            observers: [].into(),
            tick_ms: Millis(2000),
            init_limit: 10,
            sync_limit: 5,
            text: Bytes::new(),
            standalone: true,
        };
        let config = Config {
            switches: Sound,
            zab,
            session_timeout_min_ms: 4_000,
            session_timeout_max_ms: 400_000,
            snap_count: 100_000,
            snap_bytes: 0,
            rules,
            seed: 1,
            super_digest: None,
            enforced_schemes: Vec::new(),
            leader_serves: true,
        };
        let recovered = Recovered {
            accepted_epoch: Epoch(0),
            current_epoch: Epoch(0),
            last_zxid: Zxid::ZERO,
            recent: Vec::new(),
            behind_snapshot: Logged::default(),
            image: Image::new().into(),
        };
        let server = Server::boot(&config, recovered);
        let mut alone = Self { server, now: Now::default(), xid: 0 };
        alone.step(Event::Start);
        alone
    }

    /// What clients are sent for this event and for the writes that it causes.
    fn step(&mut self, event: Event<Server>) -> Vec<(Conn, ToClient)> {
        let mut effects = Vec::new();
        self.server.step(self.now, event, &mut effects);
        let mut sent = Vec::new();
        let mut marks = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send(Link::Client(conn), Msg::ToClient(msg)) => sent.push((conn, msg)),
                Effect::Persist(write) => marks.push(<Server>::mark(&write)),
                _ => {}
            }
        }
        for mark in marks {
            sent.extend(self.step(Event::Durable(mark)));
        }
        sent
    }

    fn connect(&mut self, conn: Conn) {
        let link = Link::Client(conn);
        self.step(Event::Linked(link, Origin::default()));
        let request = ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: Zxid::ZERO,
            timeout_ms: 400_000,
            session: SessionId(0),
            password: None,
            read_only: None,
        };
        let sent = self.step(Event::Received(link, Msg::ToServer(ToServer::Connect(request))));
        assert!(matches!(&sent[..], [(_, ToClient::Connected(_))]), "{sent:?}");
    }

    fn ask(&mut self, conn: Conn, request: &Request) -> Vec<(Conn, ToClient)> {
        self.xid += 1;
        let header = RequestHeader { xid: self.xid, op: request.op() };
        let body = request.to_bytes();
        let msg = Msg::ToServer(ToServer::Request { header, body });
        self.step(Event::Received(Link::Client(conn), msg))
    }
}

fn create(path: &str, acl: Vec<Acl>) -> CreateRequest {
    let (kind, acl) = (CreateOp::Create, Some(acl));
    CreateRequest { kind, path: path.into(), data: None, acl, flags: 0 }
}

fn set(path: &str) -> Request {
    Request::SetData { path: path.into(), data: None, version: -1 }
}

/// Events that these messages bring.
fn events(sent: &[(Conn, ToClient)]) -> Vec<(Conn, EventType)> {
    let event = |(conn, msg): &(Conn, ToClient)| match msg {
        ToClient::Event { event: WatcherEvent { kind, .. }, .. } => Some((*conn, *kind)),
        ToClient::Connected(_) | ToClient::Reply { .. } => None,
    };
    sent.iter().filter_map(event).collect()
}

#[test]
fn who_may_read_may_hear_of_changes() {
    let (owner, other) = (Conn(1), Conn(2));
    for skip_acl in [false, true] {
        let mut alone = Alone::new(WriteRules { skip_acl, ..WriteRules::default() });
        alone.connect(owner);
        alone.connect(other);
        let id = Id { scheme: "digest".into(), id: "ada:hash".into() };
        let acl = vec![Acl { perms: perms::ALL, id }];
        alone.ask(owner, &Request::Create(create("/open", Acl::open())));
        alone.ask(owner, &Request::Create(create("/open/own", acl)));
        for path in ["/open", "/open/own"] {
            alone.ask(other, &Request::GetData { path: path.into(), watch: true });
        }
        let mut heard = |path| events(&alone.ask(owner, &set(path)));
        assert_eq!(heard("/open"), [(other, EventType::DataChanged)]);
        let expected = skip_acl.then_some((other, EventType::DataChanged));
        assert_eq!(heard("/open/own"), Vec::from_iter(expected), "skipACL={skip_acl}");
    }
}

/// More expired TTL znodes than one tick takes; one that is written before its turn stays.
#[test]
fn a_ttl_znode_that_is_written_before_its_turn_stays() {
    const TTL_MS: i64 = 1_000;
    let conn = Conn(1);
    let mut alone = Alone::new(WriteRules { extended_types: true, ..WriteRules::default() });
    alone.connect(conn);
    let path = |index: usize| format!("/t{index:04}");
    for index in 0..REAPED_PER_INTERVAL_MAX {
        let kind = CreateOp::Ttl { ttl_ms: TTL_MS };
        let request = CreateRequest { kind, flags: 5, ..create(&path(index), Acl::open()) };
        alone.ask(conn, &Request::Create(request));
    }
    let names = |alone: &Alone| {
        let root = alone.server.image().tree.get("/").unwrap();
        root.children().filter(|name| name.starts_with('t')).map(str::to_owned).collect()
    };
    let all: BTreeSet<String> = names(&alone);
    assert_eq!(all.len(), REAPED_PER_INTERVAL_MAX);
    let ticks = REAP_INTERVAL_MS.div_ceil(2_000);
    let tick = |alone: &mut Alone| {
        alone.now.wall_ms += 1;
        alone.step(Event::Timer(Timer::SessionTick));
    };
    alone.now.wall_ms += TTL_MS;
    while names(&alone) == all {
        tick(&mut alone);
    }
    let last = path(REAPED_PER_INTERVAL_MAX - 1);
    assert!(names(&alone).contains(&last[1..]), "it has to wait for its turn");
    alone.ask(conn, &set(&last));
    for _ in 0..ticks {
        tick(&mut alone);
    }
    assert_eq!(Vec::from_iter(names(&alone)), [&last[1..]]);
}
