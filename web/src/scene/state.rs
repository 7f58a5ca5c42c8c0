//! What the stage shows beyond servers, links and messages: where clients stand, sessions, the
//! ephemeral znodes that they own, watches, and how much time the timers have left. It comes with
//! the second half of the page's code.

use crate::lab::Lab;
use crate::living::{self, Left};
use crate::message::Shape;
use crate::tell::state_text;
use std::rc::Rc;
use zabscope_core::base::{ClientId, Map, NodeId, SessionId, Sid};
use zabscope_core::client::{Client, State};
use zabscope_core::ensemble::{self, Actor};
use zabscope_core::server::{Server, message::Timer};
use zabscope_core::sim::Micros;
use zabscope_core::watch::{WatchKind, WatchKinds};
use zabscope_core::zab::{self, ServerState};

/// Most sessions whose ephemeral znodes are looked at.
const ZNODES_MAX: usize = 64;
/// Most watches of one server that are looked at: what a person sees is less.
const WATCHES_MAX: usize = 64;

/// A znode that somebody owns or watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZnodeView {
    /// Its path.
    pub path: Rc<str>,
    /// The client whose session owns it, if it is ephemeral.
    pub owner: Option<u32>,
    /// It exists, by the tree of the most advanced server.
    pub exists: bool,
    /// Who watches it.
    pub watchers: Vec<WatchView>,
}

/// One watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchView {
    /// Whose.
    pub client: u32,
    /// It stays when it fires.
    pub persistent: bool,
    /// It has fired: its event is on the way.
    pub fired: bool,
}

/// What of the stage changes seldom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SceneView {
    /// For each client, the id of the server that it stands beside.
    pub docks: Vec<Option<i64>>,
    /// Znodes that somebody owns or watches, by path.
    pub znodes: Vec<ZnodeView>,
}

/// Whose time a ring shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingOf {
    /// The timer of a server that decides something next.
    Server(i64),
    /// A session, as the leader counts it.
    Client(u32),
}

/// Time that runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingView {
    /// Whose.
    pub of: RingOf,
    /// What for; where nothing runs out, why not.
    pub what: &'static str,
    /// When it is over; `None` if it does not run out.
    pub until: Option<Micros>,
    /// How long it lasts when it is full, microseconds.
    pub whole_us: u64,
}

impl RingView {
    const fn idle(of: RingOf, what: &'static str) -> Self {
        Self { of, what, until: None, whole_us: 1 }
    }

    /// What is left at a time, in hundredths of the whole.
    #[must_use]
    pub fn percent(&self, now: Micros) -> u32 {
        let percent = self.left_us(now).unwrap_or(0) * 100 / self.whole_us.max(1);
        u32::try_from(percent).unwrap_or(100).min(100)
    }

    /// What is left at a time, microseconds.
    #[must_use]
    pub fn left_us(&self, now: Micros) -> Option<u64> {
        self.until.map(|until| until.0.saturating_sub(now.0))
    }
}

impl SceneView {
    /// The moment at the lab's cursor.
    #[must_use]
    #[inline(never)]
    pub fn of(lab: &Lab) -> Self {
        let owners = owners(lab);
        let tree = newest(lab);
        let owner = |session: SessionId| owners.get(&session).map(|client| client.0);
        let mut znodes: Map<Rc<str>, ZnodeView> = Map::new();
        let fresh = |path: &str| ZnodeView {
            path: path.into(),
            owner: None,
            exists: tree.is_some_and(|server| server.image().tree.contains(path)),
            watchers: Vec::new(),
        };
        for (session, paths) in
            tree.into_iter().flat_map(|it| it.image().tree.ephemerals()).take(ZNODES_MAX)
        {
            for path in paths {
                let znode = ZnodeView { owner: owner(session), ..fresh(path) };
                znodes.insert(znode.path.clone(), znode);
            }
        }
        let mut watch = |path: &str, watch: WatchView| {
            let znode = znodes.get_or_insert(path.into(), fresh(path));
            if !znode.watchers.iter().any(|other| other.client == watch.client) {
                znode.watchers.push(watch);
            }
        };
        // Fired ones first: another watch on the same path may be set before the event arrives.
        for (client, path) in fired(lab) {
            watch(&path, WatchView { client, persistent: false, fired: true });
        }
        for server in servers(lab) {
            for (path, conn, kinds) in server.watches().iter().take(WATCHES_MAX) {
                let connection = server.connections().get(&conn);
                let Some(client) = connection.and_then(|it| owner(it.session())) else { continue };
                let stays = [WatchKind::Persistent, WatchKind::Recursive];
                let persistent = stays.iter().any(|kind| kinds.any_of(WatchKinds::only(*kind)));
                watch(path, WatchView { client, persistent, fired: false });
            }
        }
        Self { docks: docks(lab, tree), znodes: znodes.values().cloned().collect() }
    }

    /// How many ephemeral znodes and watches a client has.
    #[must_use]
    #[inline(never)]
    pub fn holds(&self, client: u32) -> (usize, usize) {
        let owned = self.znodes.iter().filter(|znode| znode.owner == Some(client)).count();
        let watches = self.znodes.iter().flat_map(|znode| &znode.watchers);
        (owned, watches.filter(|watch| watch.client == client && !watch.fired).count())
    }
}

fn servers(lab: &Lab) -> impl Iterator<Item = &Server> {
    lab.world().slots().values().filter_map(|slot| slot.process().and_then(Actor::server))
}

/// The server that has applied most.
fn newest(lab: &Lab) -> Option<&Server> {
    servers(lab).max_by_key(|server| server.image().zxid)
}

/// The last sessions that clients had, by the record.
fn owners(lab: &Lab) -> Map<SessionId, ClientId> {
    let attached = lab.attached().filter(|attached| attached.session.0 != 0);
    attached.map(|attached| (attached.session, attached.client)).collect()
}

/// Watch events on their way.
fn fired(lab: &Lab) -> Vec<(u32, String)> {
    let mut fired = Vec::new();
    for (end, queue) in lab.world().network().queues() {
        let NodeId::Client(client) = end.node else { continue };
        for flight in queue.iter().filter_map(|item| lab.flight(item.id)) {
            if flight.look.shape == Shape::Star {
                fired.push((client.0, flight.look.about.clone()));
            }
        }
    }
    fired
}

/// Beside which server each client stands: the one that it is, or was last, connected to, as long
/// as it or its session lives.
fn docks(lab: &Lab, tree: Option<&Server>) -> Vec<Option<i64>> {
    let nodes = lab.world().slots().iter();
    let clients = nodes.filter_map(|(node, slot)| match node {
        NodeId::Client(client) => Some((*client, slot.process().and_then(Actor::client))),
        NodeId::Server(_) => None,
    });
    let dock = |(client, process): (ClientId, Option<&Client>)| {
        let mut own = lab.attached().filter(|attached| attached.client == client);
        let last = own.find(|attached| attached.server.is_some())?;
        let alive = match process {
            Some(process) => process.state().is_alive(),
            None => tree.is_some_and(|it| it.image().session_timeout_ms(last.session).is_some()),
        };
        last.server.filter(|_| alive).map(|sid| sid.0)
    };
    clients.map(dock).collect()
}

/// All time that runs out at the lab's cursor: one ring for each server and each client.
#[must_use]
#[inline(never)]
pub fn rings(lab: &Lab) -> Vec<RingView> {
    let mut rings = Vec::new();
    for (node, slot) in lab.world().slots() {
        let NodeId::Server(sid) = *node else { continue };
        let of = RingOf::Server(sid.0);
        let server = slot.process().and_then(Actor::server);
        let ring = server.and_then(|server| timer(lab, sid, server));
        rings.push(ring.unwrap_or_else(|| RingView::idle(of, "")));
    }
    for (node, slot) in lab.world().slots() {
        let NodeId::Client(client) = *node else { continue };
        let process = slot.process().and_then(Actor::client);
        rings.push(session(lab, client).unwrap_or_else(|| {
            let what = match process.map(Client::state) {
                None => "killed",
                Some(State::Connected) => "no leader",
                Some(state) => state_text(state),
            };
            RingView::idle(RingOf::Client(client.0), what)
        }));
    }
    rings
}

/// When a timer of a server is due.
fn due(lab: &Lab, sid: Sid, timer: Timer) -> Option<Micros> {
    lab.sim().timer_at(NodeId::Server(sid), ensemble::Timer::Server(timer))
}

/// The timer that decides something next on a server.
fn timer(lab: &Lab, sid: Sid, server: &Server) -> Option<RingView> {
    let peer = server.peer();
    let config = &server.config().zab;
    let tick_us = config.tick_ms.0 * 1000;
    let at = |timer| due(lab, sid, Timer::Zab(timer));
    let of = RingOf::Server(sid.0);
    if peer.state() == ServerState::Looking {
        let until = at(zab::Timer::Settle)?;
        let what = "the wait for a better vote";
        let until = Some(until);
        return Some(RingView { of, what, until, whole_us: zab::election::SETTLE_MS * 1000 });
    }
    if let Some(until) = at(zab::Timer::InitLimit) {
        let whole_us = config.init_limit_ms().0 * 1000;
        return Some(RingView { of, what: "initLimit", until: Some(until), whole_us });
    }
    if peer.state() == ServerState::Leading {
        let until = Some(at(zab::Timer::HalfTick)?);
        return Some(RingView { of, what: "the next PING", until, whole_us: tick_us / 2 });
    }
    // It leaves with the tick that makes the silence longer than syncLimit.
    let (_, silent) = peer.learning()?;
    let limit = u64::from(config.sync_limit);
    let next = at(zab::Timer::Tick)?;
    let until = Some(next.plus(limit.saturating_sub(u64::from(silent)) * tick_us));
    let what = "its patience with the leader";
    Some(RingView { of, what, until, whole_us: (limit + 1) * tick_us })
}

/// What is left to a client's session, as the leader counts it.
fn session(lab: &Lab, client: ClientId) -> Option<RingView> {
    let (_, leader) = living::leader(lab.world())?;
    let session = lab.attached().find(|it| it.client == client)?.session;
    let until = match living::left(lab.sim(), session)? {
        Left::Until(until) => Some(until),
        Left::Over => Some(lab.now()),
    };
    let tick_us = leader.config().zab.tick_ms.0 * 1000;
    let timeout_ms = leader.image().session_timeout_ms(session).unwrap_or(0);
    let timeout_us = u64::try_from(timeout_ms).unwrap_or(0) * 1000;
    // A session is over with the first tick behind its timeout.
    let of = RingOf::Client(client.0);
    Some(RingView { of, what: "session", until, whole_us: timeout_us + tick_us })
}
