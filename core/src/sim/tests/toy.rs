//! A node that does what it is told, persists what it hears and answers when that is durable.

use crate::base::{ClientId, Effect, Event, Link, Millis, Node, NodeId, Now, Sid};
use crate::trace::{Digest, TraceHasher};
use std::collections::{BTreeSet, VecDeque};
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

#[derive(Clone, Debug, Default)]
pub(super) struct Config {
    /// Streams to open at the start.
    pub(super) dial: Vec<Link>,
    /// Sends a ping on every link this often, and dials again.
    pub(super) tick_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Msg {
    Ping(u64),
    Pong(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Tick,
    Once(u8),
}

#[derive(Clone, Debug)]
pub(super) enum Call {
    Connect(Link),
    Hangup(Link),
    Say(Link, u64),
    Pause(Link),
    Resume(Link),
    Persist(u64),
    Count,
    SetTimer(u8, u64),
    CancelTimer(u8),
    Halt,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Toy {
    config: Config,
    pings: u64,
    owed: VecDeque<Option<(Link, u64)>>,
    pub(super) links: BTreeSet<Link>,
    pub(super) found: Vec<u64>,
    pub(super) heard: Vec<String>,
    pub(super) fired_at: Vec<(Timer, Now)>,
}

impl Toy {
    fn tick(&mut self, out: &mut Vec<Effect<Self>>) {
        for &link in &self.links {
            self.pings += 1;
            out.push(Effect::Send(link, Msg::Ping(self.pings)));
        }
        out.extend(self.config.dial.iter().map(|&link| Effect::Connect(link)));
        if let Some(tick_ms) = self.config.tick_ms {
            out.push(Effect::SetTimer(Timer::Tick, Millis(tick_ms)));
        }
    }

    fn call(&mut self, call: Call, out: &mut Vec<Effect<Self>>) {
        out.push(match call {
            Call::Connect(link) => Effect::Connect(link),
            Call::Hangup(link) => {
                self.links.remove(&link);
                Effect::Hangup(link)
            }
            Call::Say(link, number) => Effect::Send(link, Msg::Ping(number)),
            Call::Pause(link) => Effect::Pause(link),
            Call::Resume(link) => Effect::Resume(link),
            Call::Persist(number) => {
                self.owed.push_back(None);
                Effect::Persist(number)
            }
            Call::Count => Effect::Job(()),
            Call::SetTimer(name, ms) => Effect::SetTimer(Timer::Once(name), Millis(ms)),
            Call::CancelTimer(name) => Effect::CancelTimer(Timer::Once(name)),
            Call::Halt => Effect::Halt("told to"),
        });
    }
}

impl Node for Toy {
    type Config = Config;
    type Msg = Msg;
    type Timer = Timer;
    type Write = u64;
    type Mark = u64;
    type Job = ();
    type Done = u64;
    type Recovered = Vec<u64>;
    type Disk = Vec<u64>;
    type Call = Call;
    type Reply = u64;
    type Note = u64;

    fn boot(config: &Config, found: Vec<u64>) -> Self {
        Self { config: config.clone(), found, ..Self::default() }
    }

    fn step(&mut self, now: Now, event: Event<Self>, out: &mut Vec<Effect<Self>>) {
        match event {
            Event::Start => self.tick(out),
            Event::Timer(timer) => {
                self.fired_at.push((timer, now));
                if timer == Timer::Tick {
                    self.tick(out);
                }
            }
            Event::Linked(link, _) => {
                assert!(self.links.insert(link), "{link:?} is linked twice");
                self.heard.push(format!("+{link:?}"));
            }
            Event::Unlinked(link) => {
                self.links.remove(&link);
                self.heard.push(format!("-{link:?}"));
            }
            Event::Received(link, message) => {
                assert!(self.links.contains(&link), "{message:?} without a link");
                self.heard.push(format!("{message:?}"));
                match message {
                    Msg::Ping(number) => {
                        self.owed.push_back(Some((link, number)));
                        out.push(Effect::Persist(number));
                    }
                    Msg::Pong(number) => out.push(Effect::Note(number)),
                }
            }
            Event::Durable(mark) => {
                let owed = self.owed.pop_front().expect("one answer for each write");
                if let Some((link, number)) = owed {
                    assert_eq!(number, mark);
                    out.push(Effect::Send(link, Msg::Pong(number)));
                }
            }
            Event::Done(count) => out.push(Effect::Reply(count)),
            Event::Call(call) => self.call(call, out),
        }
    }

    fn keep(disk: &mut Vec<u64>, write: u64) -> u64 {
        disk.push(write);
        write
    }

    fn mark(write: &u64) -> u64 {
        *write
    }

    fn work(disk: &mut Vec<u64>, (): ()) -> u64 {
        disk.len() as u64
    }

    fn recover(_: &Config, disk: &Vec<u64>) -> Vec<u64> {
        disk.clone()
    }
}

impl Digest for Msg {
    fn digest(&self, hasher: &mut TraceHasher) {
        match self {
            Self::Ping(number) => (1u8, *number).digest(hasher),
            Self::Pong(number) => (2u8, *number).digest(hasher),
        }
    }
}

impl Digest for Timer {
    fn digest(&self, hasher: &mut TraceHasher) {
        match self {
            Self::Tick => hasher.word(1),
            Self::Once(number) => (2u8, *number).digest(hasher),
        }
    }
}

pub(super) const fn server(sid: i64) -> NodeId {
    NodeId::Server(Sid(sid))
}

pub(super) const fn client(id: u32) -> NodeId {
    NodeId::Client(ClientId(id))
}

pub(super) const fn quorum(sid: i64) -> Link {
    Link::Quorum(Sid(sid))
}

pub(super) const fn election(sid: i64) -> Link {
    Link::Election(Sid(sid))
}

/// Servers that dial every smaller one and ping each other, and a client of server 1.
pub(super) fn busy_nodes() -> Vec<(NodeId, Config)> {
    let node = |dial| Config { dial, tick_ms: Some(100) };
    vec![
        (server(1), node(vec![])),
        (server(2), node(vec![quorum(1)])),
        (server(3), node(vec![quorum(1), quorum(2)])),
        (client(7), node(vec![Link::Server(Sid(1))])),
    ]
}
