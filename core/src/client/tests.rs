//! A client against a scripted server: messages in, messages out.

use super::*;
use crate::base::{ClientId, Effect, Event, Link, Millis, Node, Now, Origin, SessionId, Sid, Zxid};
use crate::proto::client::{ToClient, ToServer};
use crate::proto::connect::{ConnectRequest, ConnectResponse};
use crate::proto::data::Stat;
use crate::proto::opcode as op;
use crate::proto::reply::{self, ReplyHeader, xid};
use crate::proto::request::{Request, WatchLists};
use crate::proto::watch::{EventType, KeeperState, WatcherEvent};
use crate::proto::{KeeperError, request::RequestHeader};
use crate::wire::{Encode, Reader, Text};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::vec::Vec;
use std::{format, vec};

const SESSION: SessionId = SessionId(0x100_0000_0000_0001);
const TIMEOUT_MS: i32 = 6000;

/// A client and what it wanted so far.
struct Bench {
    client: Client,
    sent: Vec<ToServer>,
    replies: Vec<Reply>,
    notes: Vec<Note>,
    timers: BTreeMap<Timer, Millis>,
    /// The link it asked for or has.
    link: Option<Link>,
    dialled: Vec<Sid>,
    hung_up: u32,
}

impl Bench {
    fn new() -> Self {
        let config = Config::new(ClientId(1), vec![Sid(1), Sid(2), Sid(3)], TIMEOUT_MS, 11);
        let mut bench = Self {
            client: Client::boot(&config, ()),
            sent: vec![],
            replies: vec![],
            notes: vec![],
            timers: BTreeMap::new(),
            link: None,
            dialled: vec![],
            hung_up: 0,
        };
        bench.step(Event::Start);
        bench
    }

    /// Connected, with an empty slate.
    fn connected() -> Self {
        let mut bench = Self::new();
        bench.serve(TIMEOUT_MS);
        bench.forget();
        bench
    }

    fn forget(&mut self) {
        self.sent.clear();
        self.replies.clear();
        self.notes.clear();
    }

    fn step(&mut self, event: Event<Client>) {
        let mut out = vec![];
        self.client.step(Now::default(), event, &mut out);
        for effect in out {
            match effect {
                Effect::SetTimer(timer, after) => {
                    self.timers.insert(timer, after);
                }
                Effect::CancelTimer(timer) => {
                    self.timers.remove(&timer);
                }
                Effect::Connect(link) => {
                    assert_eq!(self.link.replace(link), None, "one connection at a time");
                    let Link::Server(sid) = link else { panic!("{link:?}") };
                    self.dialled.push(sid);
                }
                Effect::Hangup(link) => {
                    assert_eq!(self.link.take(), Some(link));
                    self.hung_up += 1;
                }
                Effect::Send(link, Msg::ToServer(msg)) => {
                    assert_eq!(self.link, Some(link));
                    self.sent.push(msg);
                }
                Effect::Reply(reply) => self.replies.push(reply),
                Effect::Note(note) => self.notes.push(note),
                other => panic!("{other:?}"),
            }
        }
    }

    fn link_up(&mut self) {
        let origin = Origin { dialled: true, ip: None };
        self.step(Event::Linked(self.link.expect("it dials"), origin));
    }

    fn link_down(&mut self) {
        let link = self.link.take().expect("it has a link");
        self.step(Event::Unlinked(link));
    }

    fn fire(&mut self, timer: Timer) {
        assert!(self.timers.remove(&timer).is_some(), "{timer:?} is not set");
        self.step(Event::Timer(timer));
    }

    fn receive(&mut self, msg: ToClient) {
        self.step(Event::Received(self.link.expect("it has a link"), Msg::ToClient(msg)));
    }

    /// The server under trial answers the handshake.
    fn serve(&mut self, timeout_ms: i32) {
        self.link_up();
        let response = ConnectResponse {
            protocol_version: 0,
            timeout_ms,
            session: SESSION,
            password: Some(Bytes::from_static(b"secret")),
            read_only: Some(false),
        };
        self.receive(ToClient::Connected(response));
    }

    fn call(&mut self, id: u64, request: Request) {
        self.step(Event::Call(Call::Request { id: CallId(id), request }));
    }

    fn answer(&mut self, xid: i32, zxid: i64, reply: &reply::Reply) {
        let header = ReplyHeader { xid, zxid: Zxid(zxid), err: 0 };
        self.receive(ToClient::Reply { header, body: reply.to_bytes() });
    }

    fn refuse(&mut self, xid: i32, zxid: i64, error: KeeperError) {
        let header = ReplyHeader { xid, zxid: Zxid(zxid), err: error.code() };
        self.receive(ToClient::Reply { header, body: Bytes::new() });
    }

    fn event(&mut self, kind: EventType, path: &str) {
        let event = WatcherEvent { kind, state: KeeperState::SyncConnected, path: path.into() };
        self.receive(ToClient::Event { zxid: Zxid(-1), event });
    }

    /// Numbers and requests sent, decoded.
    fn requests(&self) -> Vec<(i32, Request)> {
        let decoded = self.sent.iter().filter_map(|msg| match msg {
            ToServer::Connect(_) => None,
            ToServer::Request { header: RequestHeader { xid, op }, body } => {
                let request = Request::decode(*op, &mut Reader::new(body.clone()));
                Some((*xid, request.expect("a good request")))
            }
        });
        decoded.collect()
    }

    fn results(&self) -> Vec<(u64, Result<reply::Reply, KeeperError>)> {
        let done = self.replies.iter().filter_map(|reply| match reply {
            Reply::Done { id, result, .. } => Some((id.0, result.clone())),
            Reply::Event { .. } | Reply::State(_) => None,
        });
        done.collect()
    }

    fn states(&self) -> Vec<State> {
        let states = self.replies.iter().filter_map(|reply| match reply {
            Reply::State(state) => Some(*state),
            Reply::Event { .. } | Reply::Done { .. } => None,
        });
        states.collect()
    }

    fn events(&self) -> usize {
        self.replies.iter().filter(|reply| matches!(reply, Reply::Event { .. })).count()
    }
}

fn exists(path: &str) -> Request {
    Request::Exists { path: path.into(), watch: true }
}

fn get(path: &str, watch: bool) -> Request {
    Request::GetData { path: path.into(), watch }
}

fn data() -> reply::Reply {
    reply::Reply::Data { data: None, stat: Stat::default() }
}

#[test]
fn a_new_session_is_asked_for_and_kept_alive() {
    let mut bench = Bench::new();
    assert_eq!(bench.timers[&Timer::Connect], Millis(2000), "a third of the timeout each");
    bench.serve(4500);
    let ToServer::Connect(ConnectRequest { session, last_zxid_seen, timeout_ms, .. }) =
        &bench.sent[0]
    else {
        panic!("{:?}", bench.sent)
    };
    assert_eq!((*session, *last_zxid_seen, *timeout_ms), (SessionId(0), Zxid(0), TIMEOUT_MS));
    assert_eq!(bench.states(), [State::Connecting, State::Connected]);
    assert_eq!((bench.client.session(), bench.client.timeout_ms()), (SESSION, 4500));
    assert_eq!(bench.timers[&Timer::Ping], Millis(1500));
    assert_eq!(bench.timers[&Timer::Silence], Millis(3000));
    assert!(!bench.timers.contains_key(&Timer::Connect));

    bench.fire(Timer::Ping);
    assert_eq!(bench.requests(), [(xid::PING, Request::Ping)]);
    assert!(bench.timers.contains_key(&Timer::Ping), "and again");
    bench.timers.remove(&Timer::Silence);
    bench.answer(xid::PING, 70, &reply::Reply::Empty);
    assert!(bench.timers.contains_key(&Timer::Silence), "the server lives");
    assert_eq!(bench.client.last_zxid(), Zxid(0), "a ping's zxid is not seen, as in Java");
}

#[test]
fn calls_are_numbered_and_answered_in_order() {
    let mut bench = Bench::connected();
    bench.call(10, get("/a", false));
    bench.call(11, Request::Delete { path: "/b".into(), version: -1 });
    let numbers: Vec<i32> = bench.requests().iter().map(|(xid, _)| *xid).collect();
    assert_eq!(numbers, [1, 2]);
    bench.answer(1, 5, &data());
    bench.refuse(2, 6, KeeperError::NoNode);
    assert_eq!(bench.results(), [(10, Ok(data())), (11, Err(KeeperError::NoNode))]);
    assert_eq!((bench.client.last_zxid(), bench.client.outstanding()), (Zxid(6), 0));
}

#[test]
fn a_reply_out_of_order_ends_the_connection() {
    let mut bench = Bench::connected();
    bench.call(10, get("/a", false));
    bench.call(11, get("/b", false));
    bench.answer(2, 5, &data());
    assert_eq!(bench.hung_up, 1);
    let lost = Err(KeeperError::ConnectionLoss);
    assert_eq!(bench.results(), [(10, lost.clone()), (11, lost)]);
    assert_eq!(bench.client.state(), State::Connecting);
    assert_eq!(bench.client.last_zxid(), Zxid(0));
    assert_eq!(bench.dialled, [Sid(1), Sid(2)]);
}

#[test]
fn a_reply_that_cannot_be_read_ends_the_connection() {
    let mut bench = Bench::connected();
    bench.call(10, get("/a", false));
    let header = ReplyHeader { xid: 1, zxid: Zxid(9), err: 0 };
    bench.receive(ToClient::Reply { header, body: Bytes::from_static(b"?") });
    assert_eq!((bench.hung_up, bench.client.state()), (1, State::Connecting));
    // A reply that nobody asked for does as well.
    let mut bench = Bench::connected();
    bench.answer(1, 5, &data());
    assert_eq!(bench.hung_up, 1);
}

#[test]
fn what_was_sent_is_unknown_and_what_was_not_waits() {
    let mut bench = Bench::connected();
    bench.call(1, get("/a", false));
    bench.answer(1, 0x2_0000_0007, &data());
    bench.call(2, get("/sent", false));
    bench.link_down();
    assert_eq!(bench.results()[1..], [(2, Err(KeeperError::ConnectionLoss))]);
    bench.forget();
    bench.call(3, get("/waits", false));
    assert_eq!((bench.client.waiting(), bench.results().len()), (1, 0));
    bench.serve(TIMEOUT_MS);
    let ToServer::Connect(request) = &bench.sent[0] else { panic!("{:?}", bench.sent) };
    assert_eq!(request.session, SESSION);
    assert_eq!(request.password.as_deref(), Some(b"secret".as_slice()));
    assert_eq!(request.last_zxid_seen, Zxid(0x2_0000_0007));
    assert_eq!(bench.requests(), [(3, get("/waits", false))]);
}

#[test]
fn a_silent_server_is_left_with_the_session() {
    let mut bench = Bench::connected();
    bench.fire(Timer::Silence);
    assert_eq!((bench.hung_up, bench.states()), (1, vec![State::Connecting]));
    assert_eq!(bench.dialled, [Sid(1), Sid(2)]);
    // The next one is not there, the third does not answer, then there is a pause.
    bench.link_down();
    bench.link_up();
    bench.fire(Timer::Connect);
    assert!(matches!(bench.notes.last(), Some(Note::Pausing { .. })), "{:?}", bench.notes);
    assert_eq!(bench.link, None);
    bench.fire(Timer::Retry);
    assert_eq!(bench.dialled, [Sid(1), Sid(2), Sid(3), Sid(1)]);
    bench.serve(TIMEOUT_MS);
    assert_eq!(bench.client.state(), State::Connected);
}

#[test]
fn expiry_is_final_until_the_next_start() {
    let mut bench = Bench::connected();
    bench.call(1, exists("/a"));
    bench.answer(1, 9, &reply::Reply::Stat(Stat::default()));
    bench.link_down();
    bench.call(2, get("/waits", false));
    bench.forget();
    bench.serve(0);
    assert_eq!(bench.states(), [State::Expired]);
    assert_eq!(bench.results(), [(2, Err(KeeperError::SessionExpired))]);
    assert!(bench.client.watches().is_empty() && bench.link.is_none() && bench.timers.is_empty());
    bench.call(3, get("/late", false));
    assert_eq!(bench.results()[1..], [(3, Err(KeeperError::SessionExpired))]);

    bench.forget();
    bench.step(Event::Call(Call::Start));
    bench.serve(TIMEOUT_MS);
    let ToServer::Connect(request) = &bench.sent[0] else { panic!("{:?}", bench.sent) };
    assert_eq!((request.session, request.last_zxid_seen), (SessionId(0), Zxid(0)));
    bench.call(4, get("/a", false));
    assert_eq!(bench.requests(), [(1, get("/a", false))], "numbers start anew");
}

#[test]
fn watches_fire_once_unless_they_are_persistent() {
    let mut bench = Bench::connected();
    bench.call(1, get("/data", true));
    bench.answer(1, 1, &data());
    bench.call(2, exists("/none"));
    bench.refuse(2, 1, KeeperError::NoNode);
    bench.call(3, get("/none", true));
    bench.refuse(3, 1, KeeperError::NoNode);
    bench.call(4, Request::GetChildren { path: "/data".into(), watch: true });
    bench.answer(4, 1, &reply::Reply::Names(vec![]));
    bench.call(5, Request::AddWatch { path: "/tree".into(), mode: 1 });
    bench.answer(5, 1, &reply::Reply::ErrorCode(0));
    let held = bench.client.watches();
    assert_eq!((held.data.len(), held.exist.len(), held.child.len()), (1, 1, 1));
    assert_eq!((held.recursive.len(), held.persistent.len()), (1, 0));

    bench.event(EventType::Created, "/none");
    bench.event(EventType::Created, "/none");
    assert_eq!(bench.events(), 1, "an exists watch is spent");
    bench.event(EventType::Deleted, "/data");
    assert!(bench.client.watches().data.is_empty() && bench.client.watches().child.is_empty());
    bench.event(EventType::Created, "/tree/a/b");
    bench.event(EventType::Deleted, "/tree/a/b");
    bench.event(EventType::Created, "/treehouse");
    assert_eq!(bench.events(), 4);
    bench.call(6, Request::RemoveWatches { path: "/tree".into(), kind: 3 });
    bench.answer(6, 1, &reply::Reply::Empty);
    assert!(bench.client.watches().is_empty());
    assert_eq!(bench.client.last_zxid(), Zxid(1), "events leave it");
}

#[test]
fn a_new_server_is_told_identity_then_watches_then_calls() {
    let mut bench = Bench::connected();
    let auth = Request::Auth { kind: 0, scheme: "digest".into(), auth: Some("a:b".into()) };
    bench.call(1, auth.clone());
    bench.answer(xid::AUTH, 0, &reply::Reply::Empty);
    bench.call(2, exists("/a"));
    bench.refuse(1, 40, KeeperError::NoNode);
    assert_eq!(bench.results()[0], (1, Ok(reply::Reply::Empty)));
    bench.link_down();
    bench.call(3, get("/b", false));
    bench.forget();
    bench.serve(TIMEOUT_MS);
    let lists = WatchLists {
        relative_zxid: Zxid(40),
        data: Some(vec![]),
        exist: Some(vec!["/a".into()]),
        child: Some(vec![]),
    };
    let wanted = [(xid::AUTH, auth), (2, Request::SetWatches(lists)), (3, get("/b", false))];
    assert_eq!(bench.requests(), wanted);
    bench.answer(xid::AUTH, 0, &reply::Reply::Empty);
    bench.event(EventType::Created, "/a");
    bench.answer(2, 50, &reply::Reply::Empty);
    bench.answer(3, 50, &data());
    assert_eq!(bench.results(), [(3, Ok(data()))], "an authentication is answered once");
    assert_eq!(bench.events(), 1);
}

#[test]
fn many_watches_are_split_and_keep_their_zxid_until_all_are_set() {
    let mut bench = Bench::connected();
    for number in 0..300 {
        let path = format!("/{number:0>1000}");
        bench.call(number, Request::AddWatch { path: path.as_str().into(), mode: 0 });
        let xid = i32::try_from(number).unwrap() + 1;
        bench.answer(xid, 7, &reply::Reply::ErrorCode(0));
    }
    let relative = |bench: &Bench| -> Vec<(i64, usize)> {
        let split = bench.requests().into_iter().map(|(_, request)| match request {
            Request::SetWatches2 { lists, persistent, .. } => {
                (lists.relative_zxid.0, persistent.unwrap().len())
            }
            other => panic!("{other:?}"),
        });
        split.collect()
    };
    bench.link_down();
    bench.forget();
    bench.serve(TIMEOUT_MS);
    assert_eq!(relative(&bench), [(7, 130), (7, 130), (7, 40)]);
    let first = bench.requests()[0].0;
    bench.answer(first, 90, &reply::Reply::Empty);
    // Only the first part was set; the other parts have seen nothing since 7.
    bench.link_down();
    bench.forget();
    bench.serve(TIMEOUT_MS);
    assert_eq!(relative(&bench), [(7, 130), (7, 130), (7, 40)]);
    for part in 3..6 {
        bench.answer(first + part, 91, &reply::Reply::Empty);
    }
    bench.link_down();
    bench.forget();
    bench.serve(TIMEOUT_MS);
    assert_eq!(relative(&bench)[0], (91, 130));
}

#[test]
fn refused_authentication_is_final() {
    let mut bench = Bench::connected();
    bench.call(1, get("/a", false));
    let auth = Request::Auth { kind: 0, scheme: "none".into(), auth: None };
    bench.call(2, auth);
    bench.refuse(xid::AUTH, 0, KeeperError::AuthFailed);
    let failed = Err(KeeperError::AuthFailed);
    assert_eq!(bench.results(), [(1, failed.clone()), (2, failed)]);
    assert_eq!(bench.states(), [State::AuthFailed]);
    // The next session is not spoilt by it.
    bench.step(Event::Call(Call::Start));
    bench.forget();
    bench.serve(TIMEOUT_MS);
    assert_eq!(bench.requests(), []);
}

#[test]
fn close_waits_for_the_answer_or_the_end_of_the_connection() {
    let mut bench = Bench::connected();
    bench.step(Event::Call(Call::Close));
    bench.step(Event::Call(Call::Close));
    assert_eq!(bench.requests(), [(1, Request::CloseSession)]);
    bench.call(5, get("/late", false));
    assert_eq!(bench.results(), [(5, Err(KeeperError::SessionExpired))]);
    bench.answer(1, 9, &reply::Reply::Empty);
    assert_eq!((bench.states(), bench.hung_up), (vec![State::Closed], 1));

    let mut bench = Bench::connected();
    bench.step(Event::Call(Call::Close));
    bench.link_down();
    assert_eq!(bench.states().last(), Some(&State::Closed));
    assert_eq!((bench.link, bench.timers.len()), (None, 0));
}

#[test]
fn it_moves_to_another_server_with_its_session() {
    let mut bench = Bench::connected();
    bench.call(1, get("/a", false));
    bench.step(Event::Call(Call::MoveTo(Sid(1))));
    assert_eq!(bench.hung_up, 0, "it is there");
    bench.step(Event::Call(Call::MoveTo(Sid(3))));
    assert_eq!(bench.dialled, [Sid(1), Sid(3)]);
    assert_eq!(bench.results(), [(1, Err(KeeperError::ConnectionLoss))]);
    bench.serve(TIMEOUT_MS);
    assert_eq!(bench.client.server(), Some(Sid(3)));
}

#[test]
fn a_move_does_not_take_up_a_session_that_was_being_closed() {
    let mut bench = Bench::connected();
    bench.step(Event::Call(Call::Close));
    bench.step(Event::Call(Call::MoveTo(Sid(3))));
    assert_eq!(bench.states(), [State::Connecting, State::Closed]);
    assert_eq!((bench.dialled.as_slice(), bench.client.server()), (&[Sid(1)][..], None));
    bench.step(Event::Call(Call::Start));
    bench.link_up();
    let Some(ToServer::Connect(request)) = bench.sent.last() else { panic!("{:?}", bench.sent) };
    assert_eq!(request.session, SessionId(0));
}

#[test]
fn what_is_not_the_owners_to_ask_is_refused() {
    let mut bench = Bench::connected();
    bench.call(1, Request::Ping);
    bench.call(2, Request::SetWatches(WatchLists::default()));
    bench.call(3, Request::Check { path: Text::from("/"), version: 0 });
    let bad = Err(KeeperError::BadArguments);
    assert_eq!(bench.results(), [(1, bad.clone()), (2, bad), (3, Err(KeeperError::Unimplemented))]);
    assert!(bench.sent.is_empty());
    for id in 0..1001 {
        bench.call(id, get("/a", false));
    }
    assert_eq!(bench.results()[3..], [(1000, Err(KeeperError::ThrottledOp))]);
    assert!(bench.requests().iter().all(|(_, request)| request.op() == op::GET_DATA));
}

#[test]
fn a_second_handshake_or_a_request_from_a_server_ends_the_connection() {
    let mut bench = Bench::connected();
    bench.receive(ToClient::Connected(ConnectResponse::expired(None)));
    assert_eq!((bench.hung_up, bench.client.state()), (1, State::Connecting));
    bench.link_up();
    bench.event(EventType::Created, "/a");
    assert_eq!((bench.hung_up, bench.client.state()), (2, State::Connecting));
}
