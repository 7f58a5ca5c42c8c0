//! One server alone, as its driver feeds it: what a client is sent, by settings that no script has.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use bytes::Bytes;
use std::collections::{BTreeSet, VecDeque};
use zabscope_core::base::limits::{
    OUTSTANDING_REQUESTS_MAX, REAP_INTERVAL_MS, REAPED_PER_INTERVAL_MAX, REQUESTS_PER_CONN_MAX,
};
use zabscope_core::base::{Conn, Effect, Event, Link, Node, Now, Origin, SessionId, Sid, Zxid};
use zabscope_core::ensemble::EnsembleSettings;
use zabscope_core::proto::Id;
use zabscope_core::proto::client::{ToClient, ToServer};
use zabscope_core::proto::connect::{ConnectRequest, password};
use zabscope_core::proto::data::{Acl, perms};
use zabscope_core::proto::request::{CreateOp, CreateRequest, Request, RequestHeader};
use zabscope_core::proto::watch::{EventType, WatcherEvent};
use zabscope_core::server::{Disk, Msg, Server, Timer};
use zabscope_core::tree::WriteRules;
use zabscope_core::wire::Encode;
use zabscope_core::zab;

/// The server, with a disk that is done at once, unless a test holds it.
struct Alone {
    server: Server,
    now: Now,
    xid: i32,
    disk_is_held: bool,
    /// What the disk has been told and has not done.
    unwritten: VecDeque<zab::Mark>,
    /// Connections that are not read.
    paused: BTreeSet<Conn>,
}

impl Alone {
    fn new(rules: WriteRules) -> Self {
        let settings = EnsembleSettings { voters: 1, ..EnsembleSettings::default() };
        let mut config = settings.server_config(Sid(1));
        config.zab.standalone = true;
        config.session_timeout_max_ms = 400_000;
        config.rules = rules;
        let recovered = Server::recover(&config, &Disk::default());
        let server = Server::boot(&config, recovered);
        let (unwritten, paused) = (VecDeque::new(), BTreeSet::new());
        let now = Now { wall_ms: 1_700_000_000_000, ..Now::default() };
        let mut alone = Self { server, now, xid: 0, disk_is_held: false, unwritten, paused };
        alone.step(Event::Start);
        alone
    }

    /// What clients are sent for this event and for the writes that it causes.
    fn step(&mut self, event: Event<Server>) -> Vec<(Conn, ToClient)> {
        let mut effects = Vec::new();
        self.server.step(self.now, event, &mut effects);
        let mut sent = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send(Link::Client(conn), Msg::ToClient(msg)) => sent.push((conn, msg)),
                Effect::Persist(write) => self.unwritten.push_back(<Server>::mark(&write)),
                Effect::Pause(Link::Client(conn)) => drop(self.paused.insert(conn)),
                Effect::Resume(Link::Client(conn)) => drop(self.paused.remove(&conn)),
                _ => {}
            }
        }
        while !self.disk_is_held && !self.unwritten.is_empty() {
            sent.extend(self.write_one());
        }
        sent
    }

    /// The disk does its oldest write.
    fn write_one(&mut self) -> Vec<(Conn, ToClient)> {
        let mark = self.unwritten.pop_front();
        mark.map(|mark| self.step(Event::Durable(mark))).unwrap_or_default()
    }

    fn write_all(&mut self) -> Vec<(Conn, ToClient)> {
        let mut sent = Vec::new();
        while !self.unwritten.is_empty() {
            sent.extend(self.write_one());
        }
        sent
    }

    fn leave(&mut self, conn: Conn) {
        self.step(Event::Unlinked(Link::Client(conn)));
    }

    fn connect(&mut self, conn: Conn) -> SessionId {
        self.connect_with(conn, SessionId(0))
    }

    /// With a session that there was.
    fn connect_with(&mut self, conn: Conn, session: SessionId) -> SessionId {
        let link = Link::Client(conn);
        self.step(Event::Linked(link, Origin::default()));
        let request = ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: Zxid::ZERO,
            timeout_ms: 400_000,
            session,
            password: Some(Bytes::copy_from_slice(&password(session))),
            read_only: None,
        };
        let sent = self.step(Event::Received(link, Msg::ToServer(ToServer::Connect(request))));
        let [(_, ToClient::Connected(found))] = &sent[..] else { panic!("{sent:?}") };
        found.session
    }

    fn ask(&mut self, conn: Conn, request: &Request) -> Vec<(Conn, ToClient)> {
        self.xid += 1;
        self.ask_as(conn, self.xid, request)
    }

    /// Under a number of the test's choice.
    fn ask_as(&mut self, conn: Conn, xid: i32, request: &Request) -> Vec<(Conn, ToClient)> {
        let header = RequestHeader { xid, op: request.op() };
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

/// Numbers of the replies among these messages.
fn replies(sent: &[(Conn, ToClient)]) -> Vec<(Conn, i32)> {
    let reply = |(conn, msg): &(Conn, ToClient)| match msg {
        ToClient::Reply { header, .. } => Some((*conn, header.xid)),
        ToClient::Connected(_) | ToClient::Event { .. } => None,
    };
    sent.iter().filter_map(reply).collect()
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

/// kazoo numbers its requests from 1 on in each connection.
#[test]
fn a_write_of_a_lost_connection_answers_nobody() {
    let (lost, new) = (Conn(1), Conn(2));
    let mut alone = Alone::new(WriteRules::default());
    let session = alone.connect(lost);
    alone.disk_is_held = true;
    alone.ask_as(lost, 1, &Request::Create(create("/of-the-lost-one", Acl::open())));
    alone.leave(lost);
    alone.connect_with(new, session);
    alone.ask_as(new, 1, &Request::Create(create("/of-the-new-one", Acl::open())));
    assert_eq!(replies(&alone.write_one()), []);
    assert!(alone.server.image().tree.get("/of-the-lost-one").is_some());
    assert_eq!(replies(&alone.write_one()), [(new, 1)]);
}

#[test]
fn writes_of_a_session_that_ended_answer_nobody() {
    let (lost, new) = (Conn(1), Conn(2));
    let mut alone = Alone::new(WriteRules::default());
    let session = alone.connect(lost);
    alone.disk_is_held = true;
    alone.ask_as(lost, 1, &Request::Create(create("/a", Acl::open())));
    alone.ask_as(lost, 2, &Request::CloseSession);
    alone.leave(lost);
    assert_eq!(replies(&alone.write_all()), []);
    assert!(alone.server.image().sessions().all(|(open, _)| open != session));
    alone.disk_is_held = false;
    alone.connect(new);
    let create = Request::Create(create("/b", Acl::open()));
    assert_eq!(replies(&alone.ask_as(new, 2, &create)), [(new, 2)]);
}

/// Those that filled the pipeline leave: who waits for room is read on as soon as there is some.
#[test]
fn the_end_of_some_connections_leaves_room_for_others() {
    let mut alone = Alone::new(WriteRules::default());
    let many = OUTSTANDING_REQUESTS_MAX.div_ceil(REQUESTS_PER_CONN_MAX) as u64;
    let (crowd, last) = (Vec::from_iter((1..=many).map(Conn)), Conn(many + 1));
    for conn in crowd.iter().copied().chain([last]) {
        alone.connect(conn);
    }
    alone.disk_is_held = true;
    for conn in &crowd {
        for _ in 0..REQUESTS_PER_CONN_MAX {
            alone.ask(*conn, &Request::Create(create("/a", Acl::open())));
        }
    }
    alone.ask(last, &Request::Create(create("/of-the-last", Acl::open())));
    for conn in &crowd {
        alone.leave(*conn);
    }
    assert!(alone.paused.contains(&last), "what they asked for is under way all the same");
    while alone.unwritten.len() >= OUTSTANDING_REQUESTS_MAX / 2 {
        alone.write_one();
    }
    assert!(!alone.paused.contains(&last));
    assert_eq!(replies(&alone.write_all()), [(last, alone.xid)]);
}
