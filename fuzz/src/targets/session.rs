//! A client that sends anything to a server that works.

use bytes::Bytes;
use std::collections::VecDeque;
use zabscope_core::base::{
    Conn, Effect, Event, Link, Millis, Node, Now, Origin, SessionId, Sid, Zxid,
};
use zabscope_core::ensemble::EnsembleSettings;
use zabscope_core::proto::client::ToServer;
use zabscope_core::proto::connect::ConnectRequest;
use zabscope_core::proto::request::RequestHeader;
use zabscope_core::server::Server;
use zabscope_core::server::codec;
use zabscope_core::server::message::Msg;
use zabscope_core::wire::Reader;

const CLIENT: Link = Link::Client(Conn(1));

/// Opcodes that servers know, and some that they do not.
const OPS: &[i32] = &[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 100, 101, 102, 103, 104,
    105, 106, 107, 22, -10, -11, -1, 0, 10, 99, 1_000,
];

/// A standalone server with its disk.
struct Standalone {
    server: Server,
    disk: <Server as Node>::Disk,
    now: Now,
}

/// Each request is a byte for its opcode, two for the length of its record, and the record.
pub(super) fn requests(data: &[u8]) {
    let mut standalone = Standalone::new();
    let mut input = Reader::new(Bytes::copy_from_slice(data));
    let mut xid = 0;
    while let (Ok(op), Ok(high), Ok(low)) = (input.u8(), input.u8(), input.u8()) {
        let op = OPS[usize::from(op) % OPS.len()];
        let rest = input.rest();
        let len = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (body, rest) = (rest.slice(..len), rest.slice(len..));
        xid += 1;
        let header = RequestHeader { xid, op };
        standalone.message(ToServer::Request { header, body });
        input = Reader::new(rest);
    }
    standalone.tick();
}

impl Standalone {
    fn new() -> Self {
        let settings = EnsembleSettings { voters: 1, ..EnsembleSettings::default() };
        let mut config = settings.server_config(Sid(1));
        config.zab.standalone = true;
        let disk = <Server as Node>::Disk::default();
        let recovered = <Server as Node>::recover(&config, &disk);
        let server = <Server as Node>::boot(&config, recovered);
        let now = Now { mono: Millis(1_000), wall_ms: 1_700_000_000_000 };
        let mut standalone = Self { server, disk, now };
        standalone.happen(Event::Start);
        standalone.happen(Event::Linked(CLIENT, Origin::default()));
        standalone.message(ToServer::Connect(ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: Zxid::ZERO,
            timeout_ms: 10_000,
            session: SessionId(0),
            password: Some(Bytes::from_static(&[0; 16])),
            read_only: Some(false),
        }));
        standalone
    }

    fn message(&mut self, message: ToServer) {
        self.now.mono = self.now.mono + Millis(1);
        self.now.wall_ms += 1;
        self.happen(Event::Received(CLIENT, Msg::ToServer(message)));
    }

    fn tick(&mut self) {
        for _ in 0..3 {
            self.now.mono = self.now.mono + Millis(2_000);
            self.happen(Event::Timer(zabscope_core::server::message::Timer::SessionTick));
        }
    }

    /// One event and all that follows from it.
    fn happen(&mut self, event: Event<Server>) {
        let mut events = VecDeque::from([event]);
        let mut out = Vec::new();
        while let Some(event) = events.pop_front() {
            self.server.step(self.now, event, &mut out);
            for effect in out.drain(..) {
                match effect {
                    Effect::Persist(write) => {
                        events.push_back(Event::Durable(<Server as Node>::keep(
                            &mut self.disk,
                            write,
                        )));
                    }
                    Effect::Job(job) => {
                        events.push_back(Event::Done(<Server as Node>::work(&mut self.disk, job)));
                    }
                    Effect::Send(_, msg) => {
                        codec::check(&msg).expect("an answer is decoded the same");
                    }
                    Effect::Halt(why) => panic!("a client made the server stop: {why}"),
                    _ => {}
                }
            }
        }
    }
}
