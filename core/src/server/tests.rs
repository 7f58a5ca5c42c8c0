//! One standalone server whose disk is as slow as a test wants.

use super::message::{Msg, Timer};
use super::{Server, connection::Stage};
use crate::base::limits::{OUTSTANDING_REQUESTS_MAX, REQUESTS_PER_CONN_MAX};
use crate::base::{Conn, Effect, Event, Link, Millis, Node, Now, Origin, SessionId, Sid, Zxid};
use crate::ensemble::EnsembleSettings;
use crate::proto::client::{ToClient, ToServer};
use crate::proto::connect::{ConnectRequest, password};
use crate::proto::data::Acl;
use crate::proto::opcode as op;
use crate::proto::reply::xid;
use crate::proto::request::{CreateOp, CreateRequest, Request, RequestHeader};
use crate::wire::Encode;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;

const NOW: Now = Now { mono: Millis(1_000), wall_ms: 1_700_000_000_000 };

struct Standalone {
    server: Server,
    disk: <Server as Node>::Disk,
    /// What the disk was told and has not done.
    writes: VecDeque<<Server as Node>::Mark>,
    /// Numbers of the replies to each connection.
    replies: Vec<(Conn, i32)>,
    /// Connections that are read on.
    resumed: Vec<Conn>,
}

impl Standalone {
    fn new() -> Self {
        let settings = EnsembleSettings { voters: 1, ..EnsembleSettings::default() };
        let mut config = settings.server_config(Sid(1));
        config.zab.standalone = true;
        let disk = <Server as Node>::Disk::default();
        let recovered = <Server as Node>::recover(&config, &disk);
        let server = <Server as Node>::boot(&config, recovered);
        let (writes, replies, resumed) = (VecDeque::new(), Vec::new(), Vec::new());
        let mut standalone = Self { server, disk, writes, replies, resumed };
        standalone.happen(Event::Start);
        standalone.write_all();
        standalone
    }

    fn happen(&mut self, event: Event<Server>) {
        let mut out = Vec::new();
        self.server.step(NOW, event, &mut out);
        for effect in out {
            match effect {
                Effect::Persist(write) => {
                    self.writes.push_back(<Server as Node>::keep(&mut self.disk, write));
                }
                Effect::Send(Link::Client(conn), Msg::ToClient(ToClient::Reply { header, .. })) => {
                    self.replies.push((conn, header.xid));
                }
                Effect::Resume(Link::Client(conn)) => self.resumed.push(conn),
                _ => {}
            }
        }
    }

    /// The disk does the oldest write.
    fn write_one(&mut self) {
        if let Some(mark) = self.writes.pop_front() {
            self.happen(Event::Durable(mark));
        }
    }

    fn write_all(&mut self) {
        while !self.writes.is_empty() {
            self.write_one();
        }
    }

    /// A client comes, with its session if it has one; its session.
    fn connect(&mut self, conn: u64, session: SessionId) -> SessionId {
        let conn = Conn(conn);
        self.happen(Event::Linked(Link::Client(conn), Origin::default()));
        self.message(
            conn,
            ToServer::Connect(ConnectRequest {
                protocol_version: 0,
                last_zxid_seen: Zxid::ZERO,
                timeout_ms: 10_000,
                session,
                password: Some(Bytes::copy_from_slice(&password(session))),
                read_only: Some(false),
            }),
        );
        if session == SessionId(0) {
            self.write_all();
        }
        let found = &self.server.connections()[&conn];
        assert_eq!(found.stage(), Stage::Ready);
        found.session()
    }

    fn message(&mut self, conn: Conn, message: ToServer) {
        self.happen(Event::Received(Link::Client(conn), Msg::ToServer(message)));
    }

    fn leave(&mut self, conn: u64) {
        self.happen(Event::Unlinked(Link::Client(Conn(conn))));
    }

    fn create(&mut self, conn: u64, number: i32, path: &str) {
        let request = Request::Create(CreateRequest {
            kind: CreateOp::Create,
            path: path.into(),
            data: None,
            acl: Some(Acl::open()),
            flags: 0,
        });
        let header = RequestHeader { xid: number, op: op::CREATE };
        self.message(Conn(conn), ToServer::Request { header, body: request.to_bytes() });
    }
}

/// kazoo numbers its requests from 1 on in each connection.
#[test]
fn a_write_of_a_lost_connection_answers_nobody() {
    let mut one = Standalone::new();
    let session = one.connect(1, SessionId(0));
    one.create(1, 1, "/of-the-lost-one");
    one.leave(1);
    one.connect(2, session);
    one.create(2, 1, "/of-the-new-one");
    one.write_one();
    assert!(one.server.image().tree.get("/of-the-lost-one").is_some());
    assert_eq!(one.replies, []);
    one.write_one();
    assert_eq!(one.replies, [(Conn(2), 1)]);
    assert_eq!(one.server.in_flight, 0);
}

#[test]
fn the_end_of_a_session_settles_its_writes() {
    let mut one = Standalone::new();
    let session = one.connect(1, SessionId(0));
    one.create(1, 1, "/a");
    let header = RequestHeader { xid: 2, op: op::CLOSE_SESSION };
    one.message(Conn(1), ToServer::Request { header, body: Bytes::new() });
    one.create(1, 3, "/behind-the-end");
    one.leave(1);
    one.write_all();
    assert!(one.server.image().sessions().all(|(open, _)| open != session));
    assert_eq!((one.server.in_flight, one.replies.len()), (0, 0));
}

/// Those that filled the pipeline leave: who waited for room is read on, when there is some.
#[test]
fn the_end_of_some_connections_leaves_room_for_others() {
    let mut one = Standalone::new();
    let many = OUTSTANDING_REQUESTS_MAX.div_ceil(REQUESTS_PER_CONN_MAX) as u64;
    for conn in 1..=many + 1 {
        one.connect(conn, SessionId(0));
    }
    for conn in 1..=many {
        for number in 1..=REQUESTS_PER_CONN_MAX as i32 {
            one.create(conn, number, "/a");
        }
    }
    let last = many + 1;
    one.create(last, 1, "/of-the-last");
    assert!(one.server.throttled.contains(&Conn(last)));
    one.resumed.clear();
    for conn in 1..=many {
        one.leave(conn);
    }
    assert_eq!(one.resumed, [], "what they asked for is under way all the same");
    while !one.writes.is_empty() && one.server.in_flight > OUTSTANDING_REQUESTS_MAX / 2 {
        one.write_one();
    }
    one.write_one();
    assert_eq!(one.resumed, [Conn(last)]);
    one.write_all();
    assert_eq!(one.replies, [(Conn(last), 1)]);
    assert_eq!(one.server.in_flight, 0);
    one.happen(Event::Timer(Timer::SessionTick));
}

#[test]
fn a_ping_of_a_new_connection_is_answered_while_old_writes_are_under_way() {
    let mut one = Standalone::new();
    let session = one.connect(1, SessionId(0));
    one.create(1, 1, "/a");
    one.leave(1);
    one.connect(2, session);
    let header = RequestHeader { xid: xid::PING, op: op::PING };
    one.message(Conn(2), ToServer::Request { header, body: Bytes::new() });
    assert_eq!(one.replies, [(Conn(2), xid::PING)]);
}
