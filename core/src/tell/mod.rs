//! What happens in a run, in plain English sentences: for the list of events, for those who
//! listen instead of looking, for lessons, scripts and the command line.
//!
//! A sentence tells who did what and why, in words that need no knowledge of the protocol's
//! internals; the protocol's own words stand in it in their usual spelling. [`lines`] gives the
//! facts worth a line of a log, [`step`] one sentence for any step, [`Teller`] both for somebody
//! who follows a run from its start.

pub mod fields;
mod look;
mod requests;
mod teller;

pub use look::{Look, Shape, Tone, node_name, op_name};
pub use requests::acl_text;
pub use teller::{Teller, Told, lines, step};

use crate::base::{NodeId, Zxid, counted};
use crate::client::{self, Lost, Reply, State};
use crate::ensemble::{Actor, Call, Note, Timer};
use crate::proto::reply;
use crate::proto::request::Request;
use crate::recipes::{self, Program};
use crate::server;
use crate::sim::{Action, Cause, Directive, Hold, Kept};
use crate::wire::Text;
use crate::zab::{self, Reason, SyncKind};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The first letter in upper case.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    core::iter::once(first.to_ascii_uppercase()).chain(letters).collect()
}

/// What somebody did, if the step was an order.
#[must_use]
pub fn order(cause: &Cause<Actor>) -> Option<String> {
    let Cause::Told(directive) = cause else { return None };
    Some(match directive {
        Directive::Act(action) => ordered(action),
        Directive::Add(node, _) => format!("You added {}.", node_name(*node)),
        Directive::Hold(hold) => format!("You hold back {}.", held(*hold)),
        Directive::Release(hold) => format!("You let {} go.", held(*hold)),
        Directive::Freeze(node) => format!("You froze {}: it does nothing.", node_name(*node)),
        Directive::Thaw(node) => format!("You thawed {}: it goes on.", node_name(*node)),
        Directive::SlowDisk(node, 1) => {
            format!("You gave {} its normal disk back.", node_name(*node))
        }
        Directive::SlowDisk(node, factor) => {
            format!("You made the disk of {} {factor} times as slow.", node_name(*node))
        }
        Directive::ClockRate { node, .. } | Directive::WallClock(node, _) => {
            format!("You changed the clock of {}.", node_name(*node))
        }
        Directive::Latency { from, to, .. } => {
            format!("You changed the way from {} to {}.", node_name(*from), node_name(*to))
        }
    })
}

fn ordered(action: &Action<Actor>) -> String {
    match action {
        Action::Start(node) => format!("{} starts.", who(*node)),
        Action::Crash { node, kept: Kept::All } => match node {
            NodeId::Server(_) => {
                format!("You killed {}; its disk keeps everything.", node_name(*node))
            }
            NodeId::Client(_) => format!("You killed {}.", node_name(*node)),
        },
        Action::Crash { node, .. } => {
            format!("Power loss at {}: what was not on disk is gone.", node_name(*node))
        }
        Action::Cut(from, to) => {
            format!("You cut the link from {} to {}.", node_name(*from), node_name(*to))
        }
        Action::Heal(from, to) => {
            format!("You healed the link from {} to {}.", node_name(*from), node_name(*to))
        }
        Action::Break(a, b) => {
            let (a, b) = (node_name(*a), node_name(*b));
            format!("You broke the connections between {a} and {b}.")
        }
        Action::Call(node, Call::Client(call)) => {
            format!("{} asks: {}.", who(*node), call_text(call))
        }
        Action::Call(node, Call::Run(program)) => {
            format!("{} {}.", who(*node), program_text(program))
        }
        Action::Call(node, Call::Server(server::Call::ExpireSession(session))) => {
            format!("You had {} expire session {session}.", node_name(*node))
        }
        Action::Call(node, Call::Server(_)) => {
            format!("You had {} take a snapshot.", node_name(*node))
        }
        Action::Fire(node, timer) => {
            format!("You fired a timer: {} {}.", node_name(*node), timer_text(*timer))
        }
        Action::Deliver(end) => {
            format!("You let {} receive its next message.", node_name(end.node))
        }
        Action::Flush(node) | Action::Work(node) => {
            format!("You let the disk of {} finish one piece of work.", node_name(*node))
        }
        Action::Reset(end) => format!("You reset a connection of {}.", node_name(end.node)),
    }
}

fn program_text(program: &Program) -> String {
    match program {
        Program::None => "stops its recipe".into(),
        Program::Lock(turns) => format!("wants the lock {} in turn", turns.root),
        Program::NaiveLock(turns) => format!("wants the lock {} with a herd", turns.root),
        Program::Election { root } => format!("stands for the office {root}"),
    }
}

fn held(hold: Hold) -> String {
    match hold {
        Hold::Item(_) => "one message".into(),
        Hold::To(end) => format!("all messages of one stream to {}", node_name(end.node)),
        Hold::Between(from, to) => {
            format!("all messages from {} to {}", node_name(from), node_name(to))
        }
    }
}

/// What happened by itself, without a message; the words for deliveries are the lab's.
#[must_use]
pub fn event(action: &Action<Actor>) -> String {
    match action {
        Action::Flush(node) => format!("{}: a write is on disk.", who(*node)),
        Action::Work(node) => format!("{}: the disk has read.", who(*node)),
        Action::Fire(node, timer) => format!("{} {}.", who(*node), timer_text(*timer)),
        Action::Reset(end) => format!("{} gives a stream up.", who(end.node)),
        Action::Start(node) => format!("{} starts.", who(*node)),
        Action::Deliver(end) => format!("{} receives something.", who(end.node)),
        Action::Call(node, _) => format!("{} is asked.", who(*node)),
        Action::Crash { node, .. } => format!("{} ends.", who(*node)),
        Action::Break(..) | Action::Cut(..) | Action::Heal(..) => "The network changes.".into(),
    }
}

fn who(node: NodeId) -> String {
    sentence(&node_name(node))
}

/// What a timer does, as a predicate: who does it stands before it.
#[must_use]
pub const fn timer_text(timer: Timer) -> &'static str {
    match timer {
        Timer::Server(server::message::Timer::SessionTick) => "counts a tick of session time",
        Timer::Server(server::message::Timer::Zab(timer)) => match timer {
            zab::Timer::Resend => "sends its vote again",
            zab::Timer::Settle => "has waited long enough for a better vote",
            zab::Timer::ConnectRetry => "tries the leader again",
            zab::Timer::InitLimit => "has reached initLimit",
            zab::Timer::HalfTick => "sends heartbeats",
            zab::Timer::Tick => "counts a tick",
        },
        Timer::Client(recipes::Timer::Hold) => "has held the lock for its time",
        Timer::Client(recipes::Timer::Rest) => "has rested",
        Timer::Client(recipes::Timer::Client(timer)) => match timer {
            client::Timer::Connect => "waited too long for the handshake",
            client::Timer::Retry => "tries the servers again",
            client::Timer::Ping => "sends a heartbeat",
            client::Timer::Silence => "heard nothing of its server for too long",
        },
    }
}

/// A fact worth a line of the log; `None` for the rest.
#[must_use]
pub fn note(node: NodeId, note: &Note) -> Option<String> {
    let text = match note {
        Note::Server(note) => server_note(note)?,
        Note::Client(recipes::Note::Client(note)) => client_note(note)?,
        Note::Client(recipes::Note::Phase { phase, token }) => phase_text(*phase, *token),
    };
    Some(format!("{} {text}.", who(node)))
}

fn phase_text(phase: recipes::Phase, token: Option<Zxid>) -> String {
    let text = match phase {
        recipes::Phase::Idle => "has given its place back",
        recipes::Phase::Joining => "wants to be first",
        // Who has no znode of its own stands in no line.
        recipes::Phase::Waiting if token.is_none() => {
            "waits for the holder to go, as all others do"
        }
        recipes::Phase::Waiting => "waits for the one before it",
        recipes::Phase::First => {
            return match token {
                Some(token) => format!("is first, with token {token}"),
                None => "is first".into(),
            };
        }
        recipes::Phase::Leaving => "gives its place back",
        recipes::Phase::Lost => "has lost its place with its session",
        recipes::Phase::Failed(error) => return format!("cannot go on: {error}"),
    };
    text.into()
}

fn server_note(note: &server::Note) -> Option<String> {
    Some(match note {
        server::Note::Zab(note) => zab_note(note)?,
        server::Note::Attached { session, .. } => format!("serves session {session}"),
        server::Note::Expired(session) => format!("lets session {session} expire"),
        server::Note::Refused { zxid, error } => format!("refuses a write at {zxid}: {error}"),
        server::Note::WatchFired { zxid, .. } => format!("fires a watch for {zxid}"),
        server::Note::DigestMismatch(zxid) => {
            format!("holds another tree than the leader at {zxid}: a bug")
        }
        server::Note::ConnectionClosed { .. } | server::Note::Malformed(_) => return None,
    })
}

fn zab_note(note: &zab::Note) -> Option<String> {
    Some(match note {
        zab::Note::Looking { round } => format!("looks for a leader, round {}", round.0),
        zab::Note::Voted(vote) => {
            format!("votes for server {}, whose log ends at {}", vote.leader, vote.zxid)
        }
        zab::Note::Elected { leader } => format!("counts a majority for server {leader}"),
        zab::Note::EpochChosen(epoch) => format!("proposes epoch {epoch}"),
        zab::Note::Established(epoch) => format!("has a majority's promise for epoch {epoch}"),
        zab::Note::Syncing { learner, with, zxid, txns } => {
            sync_text(*with, &learner.to_string(), &zxid.to_string(), *txns)
        }
        zab::Note::Synced(learner) => format!("knows that server {learner} has its history"),
        zab::Note::Serving(epoch) => format!("serves clients in epoch {epoch}"),
        zab::Note::Committed(zxid) => format!("has a majority for {zxid}: committed"),
        zab::Note::LearnerLost { learner, why } => {
            format!("lost server {learner}: {}", reason(*why))
        }
        zab::Note::Leaving(why) => format!("gives its role up: {}", reason(*why)),
        zab::Note::EpochRepaired(epoch) => format!("raised its current epoch to {epoch}"),
        zab::Note::Snapshot(zxid) => format!("has a snapshot of {zxid} on disk"),
    })
}

fn sync_text(with: SyncKind, learner: &str, zxid: &str, txns: u32) -> String {
    match with {
        SyncKind::Diff if txns == 0 => format!("sends server {learner} DIFF: nothing is missing"),
        SyncKind::Diff => {
            let missing = counted(txns.into(), "transaction", "transactions");
            format!("sends server {learner} DIFF: {missing}")
        }
        SyncKind::Trunc => format!("sends server {learner} TRUNC: cut the log behind {zxid}"),
        SyncKind::Snap => format!("sends server {learner} SNAP: the whole tree at {zxid}"),
    }
}

fn reason(why: Reason) -> &'static str {
    match why {
        Reason::LinkLost => "the connection broke",
        Reason::Silent => "nothing was heard for too long",
        Reason::NoLeader => "the leader cannot be reached",
        Reason::InitLimit => "synchronization took longer than initLimit",
        Reason::NoQuorum => "it does not hear a majority any more",
        Reason::OldEpoch => "the offered epoch is older than one it promised",
        Reason::LearnerAhead => "it knows more than the leader",
        Reason::Protocol(what) => what,
        Reason::CounterExhausted => "the counter of the epoch is used up",
        Reason::Replaced => "a new connection took its place",
        Reason::CannotTruncate => "its log does not reach back to the cut",
        Reason::SlowAck => "an ACK took too long",
    }
}

fn client_note(note: &client::Note) -> Option<String> {
    Some(match note {
        client::Note::Connected { server, session, .. } => {
            format!("is connected to server {server} with session {session}")
        }
        client::Note::Disconnected { server, why, unknown } => {
            let lost = match why {
                Lost::Closed => "lost its connection to",
                Lost::ConnectTimeout => "got no answer from",
                Lost::Silent => "heard nothing from",
                Lost::Protocol => "did not understand",
                Lost::Moved | Lost::Ended => "left",
            };
            if *unknown > 0 {
                let asked = counted(u64::from(*unknown), "request", "requests");
                format!("{lost} server {server}; the outcome of {asked} is unknown")
            } else {
                format!("{lost} server {server}")
            }
        }
        client::Note::Rewatched { watches, .. } => {
            format!("set {} again", counted(u64::from(*watches), "watch", "watches"))
        }
        client::Note::Connecting(_) | client::Note::Pausing { .. } | client::Note::StrayEvent => {
            return None;
        }
    })
}

/// A request, as a user would type it.
#[must_use]
pub fn request_text(request: &Request) -> String {
    match request {
        Request::Create(create) => {
            let mode = requests::mode_text(create);
            format!("create{mode} {} {}", create.path, data_text(create.data.as_deref()))
        }
        Request::Delete { path, version } => {
            format!("delete{} {path}", requests::version_text(*version))
        }
        Request::GetData { path, watch } => format!("get{} {path}", watch_flag(*watch)),
        Request::SetData { path, data, version } => {
            let version = requests::version_text(*version);
            format!("set{version} {path} {}", data_text(data.as_deref()))
        }
        Request::GetChildren { path, watch } | Request::GetChildren2 { path, watch } => {
            format!("ls{} {path}", watch_flag(*watch))
        }
        Request::Exists { path, watch } => format!("exists{} {path}", watch_flag(*watch)),
        Request::Sync { path } => format!("sync {path}"),
        other => requests::other(other),
    }
}

const fn watch_flag(watch: bool) -> &'static str {
    if watch { " -w" } else { "" }
}

fn call_text(call: &client::Call) -> String {
    match call {
        client::Call::Request { request, .. } => request_text(request),
        client::Call::Start => "a new session".into(),
        client::Call::Close => "close the session".into(),
        client::Call::MoveTo(sid) => format!("move to server {sid}"),
    }
}

/// Data as text, quoted.
fn data_text(data: Option<&[u8]>) -> String {
    data.map_or_else(|| "null".into(), |data| format!("“{}”", String::from_utf8_lossy(data)))
}

/// What a client is told, as a sentence.
#[must_use]
pub fn reply_sentence(client: NodeId, reply: &Reply) -> String {
    format!("{} is told: {}.", sentence(&node_name(client)), reply_text(reply))
}

/// What a client is told, in words.
#[must_use]
pub fn reply_text(reply: &Reply) -> String {
    match reply {
        Reply::Done { result: Err(error), .. } => format!("error: {error}"),
        Reply::Done { result: Ok(reply), zxid, .. } => {
            format!("{} (at {zxid})", answer_text(reply))
        }
        Reply::Event { event, .. } => requests::event_text(event),
        Reply::State(state) => format!("session {}", state_text(*state)),
    }
}

fn answer_text(reply: &reply::Reply) -> String {
    match reply {
        reply::Reply::Empty => "done".into(),
        reply::Reply::Path(path) | reply::Reply::PathStat { path, .. } => path.to_string(),
        reply::Reply::Stat(stat) => format!("version {}", stat.version),
        reply::Reply::Data { data, stat } => {
            format!("{}, version {}", data_text(data.as_deref()), stat.version)
        }
        reply::Reply::Names(names) | reply::Reply::NamesStat { names, .. } => names_text(names),
        other => requests::answer(other),
    }
}

fn names_text(names: &[Text]) -> String {
    if names.is_empty() {
        return "no children".into();
    }
    let names: Vec<_> = names.iter().map(Text::to_str).collect();
    names.join(", ")
}

/// The state of a session, in one word.
#[must_use]
pub const fn state_text(state: State) -> &'static str {
    match state {
        State::Connecting => "connecting",
        State::Connected => "connected",
        State::Expired => "expired",
        State::Closed => "closed",
        State::AuthFailed => "authentication failed",
    }
}
