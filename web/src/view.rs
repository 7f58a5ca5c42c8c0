//! Plain data of one moment: all that is drawn comes from here, and nothing here reaches back
//! into the engine. Equal tape, cursor and clock give an equal view.

mod links;
#[cfg(test)]
mod tests;

pub use links::LinkView;

use crate::committed::committed;
use crate::lab::Lab;
use crate::later;
use crate::living;
use crate::message::Look;
use crate::tell;

use std::rc::Rc;
use zabscope_core::base::{Link, NodeId, SessionId, Sid, Zxid};
use zabscope_core::client;
use zabscope_core::ensemble::Actor;
use zabscope_core::server::message::{Msg, Packet};
use zabscope_core::server::{Disk, Server};
use zabscope_core::sim::{Hold, Micros, Slot, Wire};
use zabscope_core::zab::{Phase, ServerState};

/// Lines of the log that are shown.
pub const LOG_LINES: usize = 40;
/// Requests of a client that are shown.
pub const TALKS: usize = 12;

/// What a server is, in the words of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its process does not run.
    Down,
    /// It searches for a leader.
    Looking,
    /// It follows.
    Following,
    /// It leads.
    Leading,
    /// It follows without a vote.
    Observing,
}

/// Entries of a log that are shown beside a server.
const TILES: usize = 5;
/// Commits that are looked through for an entry that waits: a leader has no more under way that
/// fit into the tiles.
const COMMITS: usize = 64;

/// An entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Which.
    pub zxid: Zxid,
    /// How far it has come on this server.
    pub state: TileState,
}

/// How far an entry has come on one server, the nearest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TileState {
    /// Its PROPOSAL is on the way.
    Proposed,
    /// On its way to the disk.
    Writing,
    /// In the log, which is on disk.
    Logged,
    /// In the log, and the leader has counted a majority for it.
    Committed,
    /// In the tree, but still on its way to the disk: others make the majority.
    Ahead,
    /// In the log and in the tree.
    Applied,
}

impl TileState {
    /// Name of the style class.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Writing => "writing",
            Self::Logged => "logged",
            Self::Committed => "committed",
            Self::Ahead => "ahead",
            Self::Applied => "applied",
        }
    }
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerView {
    /// Its id.
    pub sid: i64,
    /// What it is.
    pub role: Role,
    /// How far its reign has come, in one word.
    pub phase: &'static str,
    /// True if clients are served.
    pub serving: bool,
    /// acceptedEpoch
    pub accepted_epoch: i64,
    /// currentEpoch
    pub current_epoch: i64,
    /// Last zxid of its log, which is on disk.
    pub logged: String,
    /// Last zxid that is on its way to the disk; empty if none is.
    pub writing: String,
    /// Last zxid in its tree that is known to be committed.
    pub committed: String,
    /// The last entries of its log, oldest first.
    pub tiles: Vec<Tile>,
    /// Whom it votes for, while it looks.
    pub vote: Option<i64>,
    /// Whom it follows; itself if it leads.
    pub leader: Option<i64>,
    /// Znodes in its tree.
    pub znodes: usize,
    /// Connections of clients.
    pub clients: usize,
    /// Watches.
    pub watches: usize,
    /// It has no vote, whatever it does.
    pub observer: bool,
    /// Its process is stopped, as SIGSTOP does.
    pub frozen: bool,
    /// Each access to its disk takes so many times as long as usual.
    pub disk_slowness: u32,
}

impl ServerView {
    /// The phase in at most nine letters, where there is no room for more.
    #[must_use]
    pub fn short_phase(&self) -> &'static str {
        if self.phase == "synchronization" { "sync" } else { self.phase }
    }
}

/// One client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientView {
    /// Its number.
    pub id: u32,
    /// Its process runs.
    pub runs: bool,
    /// State of the session, in words.
    pub state: &'static str,
    /// True if a server serves it.
    pub connected: bool,
    /// True while there is, or may be, a session.
    pub alive: bool,
    /// Server of the connection, or the one that is tried.
    pub server: Option<i64>,
    /// Its process is stopped, as SIGSTOP does.
    pub frozen: bool,
    /// The id of its session as hexadecimal; empty if it has none: neither does it think so, nor
    /// does one live that it had.
    pub session: String,
    /// The session, while it lives at the leader and can be expired.
    pub lives: Option<SessionId>,
    /// Session timeout, milliseconds.
    pub timeout_ms: i32,
    /// Requests without answer.
    pub waiting: usize,
    /// The last requests and news, newest first.
    pub talks: Vec<TalkView>,
}

impl ClientView {
    /// What it does, in a word or two.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match (self.runs, self.frozen) {
            (false, _) => "killed",
            (true, true) => "frozen",
            (true, false) => self.state,
        }
    }
}

/// A request and its answer, or news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalkView {
    /// Its step, which is unique.
    pub step: u64,
    /// What was asked; empty for news.
    pub asked: String,
    /// The answer; `None` while there is none.
    pub answer: Option<String>,
    /// False if the answer is an error.
    pub good: bool,
}

/// A message under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlightView {
    /// Unique in the run.
    pub id: u64,
    /// Sender.
    pub from: NodeId,
    /// Receiver.
    pub to: NodeId,
    /// When it was sent.
    pub sent_at: Micros,
    /// When it arrives if nothing stops it.
    pub due_at: Micros,
    /// A cut stops it.
    pub stopped: bool,
    /// Somebody holds it, or all of its way.
    pub held: bool,
    /// How it is drawn.
    pub look: Rc<Look>,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its place in the log of the run.
    pub number: usize,
    /// Its step.
    pub step: u64,
    /// Virtual time, in words.
    pub at: String,
    /// What happened.
    pub text: String,
}

/// One moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Virtual time of the last step, in words.
    pub last_at: String,
    /// Steps before this moment.
    pub index: u64,
    /// Steps of the known run.
    pub end: u64,
    /// The last step, in one sentence.
    pub step: String,
    /// All servers, by id.
    pub servers: Vec<ServerView>,
    /// All clients, by number.
    pub clients: Vec<ClientView>,
    /// All ways between nodes.
    pub links: Vec<LinkView>,
    /// All messages under way, in the order of sending.
    pub flights: Vec<FlightView>,
    /// The newest lines of the log, newest first.
    pub log: Rc<[LogLine]>,
    /// The server that leads a majority.
    pub leader: Option<i64>,
    /// How many make a majority.
    pub quorum: usize,
}

impl Role {
    /// The protocol's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Down => "DOWN",
            Self::Looking => "LOOKING",
            Self::Following => "FOLLOWING",
            Self::Leading => "LEADING",
            Self::Observing => "OBSERVING",
        }
    }

    /// Name of the style class.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Looking => "looking",
            Self::Following => "following",
            Self::Leading => "leading",
            Self::Observing => "observing",
        }
    }
}

impl FlightView {
    /// Share of the way that is done at `now`, 0 to [`Self::end`].
    #[must_use]
    pub fn share(&self, now: Micros) -> f32 {
        let whole = self.due_at.0.saturating_sub(self.sent_at.0).max(1);
        let done = now.0.saturating_sub(self.sent_at.0).min(whole);
        #[allow(clippy::cast_precision_loss, reason = "a position on the screen")]
        let share = done as f32 / whole as f32;
        share.min(self.end())
    }

    /// The share of its way where it waits if it may not arrive: half-way before a cut.
    #[must_use]
    pub const fn end(&self) -> f32 {
        if self.stopped { 0.5 } else { 1.0 }
    }
}

/// Virtual time in words: `+1.234 s`.
#[must_use]
pub fn time_text(at: Micros) -> String {
    format!("+{}.{:03} s", at.0 / 1_000_000, at.0 / 1000 % 1000)
}

impl View {
    /// The moment at the lab's cursor.
    #[must_use]
    pub fn of(lab: &Lab) -> Self {
        let mut servers: Vec<ServerView> = lab
            .world()
            .slots()
            .iter()
            .filter_map(|(node, slot)| match node {
                NodeId::Server(sid) => Some(ServerView {
                    observer: sid.0 > i64::from(lab.voters()),
                    frozen: lab.sim().frozen().contains(node),
                    disk_slowness: lab.sim().disk_slowness(*node),
                    ..server_view(*sid, slot)
                }),
                NodeId::Client(_) => None,
            })
            .collect();
        // Its code comes later: the first picture does without.
        if later::is_here() {
            go_on(lab, &mut servers);
        }
        let last = lab.last();
        Self {
            last_at: time_text(last.map_or(Micros(0), |last| last.at)),
            index: lab.index(),
            end: lab.end(),
            step: last.map_or_else(|| "Nothing has happened yet.".to_owned(), |l| l.text.clone()),
            leader: servers.iter().find(|s| s.role == Role::Leading && s.serving).map(|s| s.sid),
            quorum: usize::from(lab.voters()) / 2 + 1,
            servers,
            clients: clients(lab),
            links: links::of(lab),
            flights: flights(lab),
            log: log(lab),
        }
    }

    /// Who won an election, whether it serves already or not.
    #[must_use]
    pub fn elected(&self) -> Option<i64> {
        self.servers.iter().find(|server| server.role == Role::Leading).map(|server| server.sid)
    }

    /// True if another moment shows the same but for messages under way and the place in the run:
    /// so it is for most steps.
    #[must_use]
    pub fn stands_like(&self, other: &Self) -> bool {
        self.servers == other.servers
            && self.clients == other.clients
            && self.links == other.links
            && self.log == other.log
    }

    /// One server.
    #[must_use]
    pub fn server(&self, sid: i64) -> Option<&ServerView> {
        self.servers.iter().find(|server| server.sid == sid)
    }

    /// Number of servers that run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.servers.iter().filter(|server| server.role != Role::Down).count()
    }

    /// How many of them have a vote.
    #[must_use]
    pub fn voters_running(&self) -> usize {
        let runs = |server: &&ServerView| server.role != Role::Down && !server.observer;
        self.servers.iter().filter(runs).count()
    }
}

/// One server, without what the world around it does to it.
pub(crate) fn server_view(sid: Sid, slot: &Slot<Actor>) -> ServerView {
    let Some(server) = slot.process().and_then(Actor::server) else {
        return down(sid, slot.disk());
    };
    let peer = server.peer();
    let role = match peer.state() {
        ServerState::Looking => Role::Looking,
        ServerState::Following => Role::Following,
        ServerState::Leading => Role::Leading,
        ServerState::Observing => Role::Observing,
    };
    ServerView {
        sid: sid.0,
        role,
        phase: match peer.phase() {
            Phase::Election => "election",
            Phase::Discovery => "discovery",
            Phase::Synchronization => "synchronization",
            Phase::Broadcast => "broadcast",
        },
        serving: peer.is_serving(),
        accepted_epoch: peer.accepted_epoch().0,
        current_epoch: peer.current_epoch().0,
        logged: peer.durable().to_string(),
        writing: Some(peer.history().logged())
            .filter(|last| *last > peer.durable())
            .map_or_else(String::new, |last| last.to_string()),
        committed: peer.history().applied().to_string(),
        tiles: tiles(server),
        vote: (role == Role::Looking).then(|| peer.ballot().0.leader.0).filter(|sid| *sid >= 0),
        leader: peer.leader().map(|sid| sid.0),
        znodes: server.image().tree.len(),
        clients: server.connections().len(),
        watches: watches(server),
        observer: false,
        frozen: false,
        disk_slowness: 1,
    }
}

/// The last entries of a log. What else is known of them is added by [`go_on`].
fn tiles(server: &Server) -> Vec<Tile> {
    let peer = server.peer();
    let (history, durable) = (peer.history(), peer.durable());
    let recent = history.recent().iter().chain(history.tail());
    let skipped = (history.recent().len() + history.tail().len()).saturating_sub(TILES);
    let tiles = recent.skip(skipped).map(|entry| entry.zxid);
    tiles.map(|zxid| Tile { zxid, state: state(zxid, history.applied(), durable) }).collect()
}

/// How far an entry of a history has come, by what of it is applied and what is on disk.
fn state(zxid: Zxid, applied: Zxid, durable: Zxid) -> TileState {
    match (zxid <= applied, zxid <= durable) {
        (true, true) => TileState::Applied,
        (true, false) => TileState::Ahead,
        (false, true) => TileState::Logged,
        (false, false) => TileState::Writing,
    }
}

/// What the servers' own state does not say of their entries: that a majority was counted, and
/// what is on its way to them.
#[inline(never)]
fn go_on(lab: &Lab, servers: &mut [ServerView]) {
    for server in servers.iter_mut().filter(|server| server.phase != "broadcast") {
        take_back(lab, server);
    }
    // What a leader did not count one by one is known by the trees of others.
    let tiles = servers.iter().flat_map(|server| &server.tiles);
    let applied = tiles.filter(|tile| tile.state >= TileState::Ahead).map(|tile| tile.zxid);
    let commits = lab.commits().take(COMMITS).map(|commit| commit.zxid);
    let known: Vec<Zxid> = applied.chain(commits).collect();
    let waits = |tile: &&mut Tile| tile.state == TileState::Logged;
    for tile in servers.iter_mut().flat_map(|server| &mut server.tiles).filter(waits) {
        if known.contains(&tile.zxid) {
            tile.state = TileState::Committed;
        }
    }
    for (end, queue) in lab.world().network().queues() {
        let (NodeId::Server(to), Link::Quorum(_)) = (end.node, end.link) else { continue };
        let Some(server) = servers.iter_mut().find(|server| server.sid == to.0) else { continue };
        for item in queue {
            let Wire::Data(Msg::Packet(Packet::Proposal(entry) | Packet::Inform(entry))) =
                &item.wire
            else {
                continue;
            };
            if server.tiles.iter().all(|tile| tile.zxid < entry.zxid) {
                server.tiles.push(Tile { zxid: entry.zxid, state: TileState::Proposed });
            }
        }
        let much = server.tiles.len().saturating_sub(TILES);
        server.tiles.drain(..much);
    }
}

/// What is in the tree of a server that does not serve, but not known to be committed, is only on
/// its disk.
fn take_back(lab: &Lab, view: &mut ServerView) {
    let slot = lab.world().slots().get(&NodeId::Server(Sid(view.sid)));
    let Some(server) = slot.and_then(Slot::process).and_then(Actor::server) else { return };
    let known = committed(server, lab.commits().take(COMMITS).map(|commit| commit.zxid));
    let durable = server.peer().durable();
    for tile in &mut view.tiles {
        tile.state = state(tile.zxid, known, durable);
    }
    view.committed = known.to_string();
}

fn watches(server: &Server) -> usize {
    server.watches().count()
}

/// A server without a process: its disk is all that is left of it, and decides the next election.
fn down(sid: Sid, disk: &Disk) -> ServerView {
    let last = disk.log().rev().take(TILES).map(|(zxid, _)| zxid);
    let mut tiles: Vec<Tile> = last.map(|zxid| Tile { zxid, state: TileState::Logged }).collect();
    tiles.reverse();
    ServerView {
        sid: sid.0,
        role: Role::Down,
        phase: "not running",
        serving: false,
        accepted_epoch: disk.accepted_epoch().0,
        current_epoch: disk.current_epoch().0,
        logged: disk.last_zxid().to_string(),
        writing: String::new(),
        committed: "–".to_owned(),
        tiles,
        vote: None,
        leader: None,
        znodes: 0,
        clients: 0,
        watches: 0,
        observer: false,
        frozen: false,
        disk_slowness: 1,
    }
}

fn clients(lab: &Lab) -> Vec<ClientView> {
    let mut clients = Vec::new();
    for (node, slot) in lab.world().slots() {
        let NodeId::Client(id) = *node else { continue };
        let process = slot.process().and_then(Actor::client);
        let state = process.map_or(client::State::Closed, client::Client::state);
        let session = living::of(lab, id);
        let lives = living::lives(lab.world(), session).then_some(session);
        let known = process.filter(|_| state.is_alive()).map(client::Client::session).or(lives);
        let talks = lab.talks().filter(|talk| talk.client == id).take(TALKS);
        let talks = talks.map(|talk| {
            let answer = talk.answer.as_ref().filter(|(step, ..)| *step < lab.index());
            TalkView {
                step: talk.step,
                asked: talk.asked.clone().unwrap_or_default(),
                answer: answer.map(|(_, _, text)| text.clone()),
                good: answer.is_none_or(|(_, good, _)| *good),
            }
        });
        clients.push(ClientView {
            id: id.0,
            runs: process.is_some(),
            state: tell::state_text(state),
            connected: state == client::State::Connected,
            alive: state.is_alive(),
            server: process.and_then(client::Client::server).map(|sid| sid.0),
            frozen: lab.sim().frozen().contains(node),
            session: known
                .filter(|session| session.0 != 0)
                .map_or_else(String::new, |session| session.to_string()),
            lives,
            timeout_ms: process.map_or(0, client::Client::timeout_ms),
            waiting: process.map_or(0, |client| client.outstanding() + client.waiting()),
            talks: talks.collect(),
        });
    }
    clients
}

/// All messages under way at the lab's cursor, in the order of sending.
#[must_use]
pub fn flights(lab: &Lab) -> Vec<FlightView> {
    let (network, holds) = (lab.world().network(), lab.sim().holds());
    let mut flights: Vec<FlightView> = network
        .queues()
        .values()
        .flatten()
        .filter_map(|item| {
            let flight = lab.flight(item.id)?;
            let (from, to) = (item.from.node, item.to.node);
            Some(FlightView {
                id: item.id,
                from,
                to,
                sent_at: flight.sent_at,
                due_at: flight.due_at,
                stopped: network.cuts().contains(&(from, to)),
                held: holds.contains(&Hold::Item(item.id))
                    || holds.contains(&Hold::Between(from, to)),
                look: flight.look.clone(),
            })
        })
        .collect();
    flights.sort_by_key(|flight| flight.id);
    flights
}

fn log(lab: &Lab) -> Rc<[LogLine]> {
    let lines = lab.log().take(LOG_LINES);
    let lines = lines.map(|(number, line)| LogLine {
        number,
        step: line.step,
        at: time_text(line.at),
        text: line.text.clone(),
    });
    lines.collect()
}
