//! A client with the session that it has, or had last: who counts its time, what it owns, what it
//! watches, and where it has been.

use super::facts::{self, Fact};
use crate::lab::Lab;
use crate::lab::deeds::Change;
use crate::living::{self, Left};
use crate::tell::state_text;
use crate::view::time_text;
use std::rc::Rc;
use zabscope_core::base::{ClientId, Conn, NodeId, SessionId};
use zabscope_core::client::{Client, State};
use zabscope_core::ensemble::Actor;
use zabscope_core::server::Server;
use zabscope_core::sim::Sim;
use zabscope_core::watch::{WatchKind, WatchKinds};

/// Events that are listed; of more, the newest.
const EVENTS_MAX: usize = 12;
/// Znodes and watches that are listed; of more, the first.
pub const HOLDS_MAX: usize = 40;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The client.
    pub client: u32,
    /// The session, as hexadecimal; empty if it never had one.
    pub id: String,
    /// What is known, and what the last step changed of it.
    pub facts: Rc<[Fact]>,
    /// Its ephemeral znodes, as the most advanced server has them.
    pub owns: Vec<Rc<str>>,
    /// What it watches.
    pub watches: Vec<WatchAt>,
    /// Where it was, and how it ended: newest first.
    pub events: Vec<Event>,
}

/// A watch, and where it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchAt {
    /// The znode.
    pub path: Rc<str>,
    /// The server that keeps it.
    pub server: i64,
    /// Which kind, in words.
    pub kind: String,
    /// Whose session has set it; 0 if that client is not known.
    pub client: u32,
}

/// Something that happened to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The step that did it.
    pub step: u64,
    /// When, in words.
    pub at: String,
    /// What, in words.
    pub text: String,
}

/// The kinds of a watch, in words.
fn kind_text(kinds: WatchKinds) -> String {
    let all = [
        (WatchKind::Data, "data"),
        (WatchKind::Child, "children"),
        (WatchKind::Persistent, "persistent"),
        (WatchKind::Recursive, "with all below"),
    ];
    let held = all.iter().filter(|(kind, _)| kinds.any_of(WatchKinds::only(*kind)));
    held.map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
}

/// All watches that fit, by server and path, at most [`HOLDS_MAX`].
pub(super) fn watches(lab: &Lab, fits: impl Fn(&str, SessionId) -> bool) -> Vec<WatchAt> {
    let mut found = Vec::new();
    for (sid, server) in super::znodes::servers(lab.world()) {
        let session =
            |conn: Conn| server.connections().get(&conn).map_or(SessionId(0), |it| it.session());
        for (path, conn, kinds) in server.watches().iter() {
            let session = session(conn);
            if found.len() < HOLDS_MAX && fits(path, session) {
                let client = lab.owner(session).map_or(0, |client| client.0);
                let (path, kind) = (Rc::from(&**path), kind_text(kinds));
                found.push(WatchAt { path, server: sid, kind, client });
            }
        }
    }
    found
}

/// The server that has applied most.
pub(super) fn most(sim: &Sim<Actor>) -> Option<&Server> {
    let servers = super::znodes::servers(sim.world()).map(|(_, server)| server);
    servers.max_by_key(|server| server.image().zxid)
}

/// The session of a client; `None` if there is no such client.
#[must_use]
pub fn of(lab: &Lab, before: Option<&Sim<Actor>>, client: ClientId) -> Option<SessionView> {
    lab.world().slot(NodeId::Client(client))?;
    let session = living::of(lab, client);
    let now = list(lab.sim(), client, session);
    let old = before.map(|sim| list(sim, client, session));
    let owned = most(lab.sim()).into_iter().flat_map(|it| it.image().tree.ephemerals_of(session));
    Some(SessionView {
        client: client.0,
        id: if session.0 == 0 { String::new() } else { session.to_string() },
        facts: facts::compared(&now, old.as_deref()),
        owns: owned.take(HOLDS_MAX).map(|path| Rc::from(&**path)).collect(),
        watches: watches(lab, |_, other| other == session && session.0 != 0),
        events: events(lab, client),
    })
}

fn list(sim: &Sim<Actor>, client: ClientId, session: SessionId) -> Vec<(&'static str, String)> {
    let node = NodeId::Client(client);
    let process = sim.world().process(node).and_then(Actor::client);
    let none = || "–".to_owned();
    let state = match process {
        None => "killed",
        Some(_) if sim.frozen().contains(&node) => "frozen",
        Some(client) => state_text(client.state()),
    };
    let has_connection = process.is_some_and(|client| client.state() == State::Connected);
    let (at, asked) =
        if has_connection { ("", "") } else { ("nobody; tries ", ", when connected") };
    let server = process.and_then(Client::server);
    let server = server.map_or_else(none, |sid| format!("{at}server {sid}"));
    let waits = process.map_or(0, |it| it.outstanding() + it.waiting());
    let waits = format!("{waits}{}", if waits > 0 { asked } else { "" });
    let tracker = living::leader(sim.world()).map(|(_, server)| server.tracker());
    let owner = tracker.and_then(|tracker| tracker.owner(session));
    let timeout = most(sim).and_then(|server| server.image().session_timeout_ms(session));
    let deadline = living::left(sim, session).map(|left| match left {
        Left::Until(at) => time_text(at),
        Left::Over => "it is over".to_owned(),
    });
    let tree = most(sim).map(|server| &server.image().tree);
    let owned = tree.map_or(0, |tree| tree.ephemerals_of(session).count());
    vec![
        ("client", state.to_owned()),
        ("connected to", server),
        ("timeout", timeout.map_or_else(none, |ms| format!("{ms} ms"))),
        ("expires, if silent", deadline.unwrap_or_else(none)),
        ("leader says it is at", owner.map_or_else(none, |sid| format!("server {sid}"))),
        ("zxid seen", process.map_or_else(none, |client| client.last_zxid().to_string())),
        ("waits for answers", waits),
        ("ephemeral znodes", owned.to_string()),
    ]
}

/// Where a client's sessions were and how they ended, newest first.
fn events(lab: &Lab, client: ClientId) -> Vec<Event> {
    let mut own: Vec<_> = lab.attached().filter(|it| it.client == client).copied().collect();
    own.reverse();
    let mut events: Vec<(u64, String)> = Vec::new();
    let mut before = (SessionId(0), None);
    for it in &own {
        let text = match (it.session.0 != 0 && it.session != before.0, before.1, it.server) {
            (_, _, None) if it.session.0 == 0 => "has no session any more".to_owned(),
            (_, _, None) => "is connected to nobody".to_owned(),
            (true, _, Some(sid)) => format!("session {} begins at server {sid}", it.session),
            (false, Some(old), Some(sid)) => format!("moves from server {old} to server {sid}"),
            (false, None, Some(sid)) => format!("is back, at server {sid}"),
        };
        events.push((it.step, text));
        before = (it.session, it.server.or(before.1));
    }
    let ended = lab.deeds().filter(|deed| {
        deed.changes.contains(&Change::Closed) && own.iter().any(|it| it.session == deed.session)
    });
    events.extend(ended.map(|deed| {
        let with = deed.with_ephemerals();
        (deed.step, format!("{} ends session {}{with}", deed.zxid, deed.session))
    }));
    events.sort_by_key(|(step, _)| core::cmp::Reverse(*step));
    let told = events.into_iter().take(EVENTS_MAX).map(|(step, text)| {
        let at = lab.happening(step).map_or_else(String::new, |it| time_text(it.at));
        Event { step, at, text }
    });
    told.collect()
}
