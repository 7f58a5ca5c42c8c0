//! A place in a queue: an ephemeral sequential znode, watching the one before it.
//!
//! ```text
//! join:   create root/<guid>-<word>-  EPHEMERAL_SEQUENTIAL
//! look:   getChildren root, no watch
//!         mine is the lowest number      -> first
//!         getData <the one below>, watch -> there: wait for its event, then look
//!                                        -> gone: look
//! leave:  delete mine, again and again until it is gone
//! ```
//!
//! (`exists` would leave a watch behind on a name that never comes back.) Going back to `look` after an event, and not straight to "first", is needed because the one
//! before may have given up while others before it still wait.
//!
//! The guid is the session with two numbers of the client. It finds a znode whose `create` was
//! never answered, and it cannot find one of an earlier session, which a server that is behind may
//! still show (Curator issue 498).

use super::ask::{
    Ask, Asker, Counts, Phase, create_ephemeral, create_parent, delete, exists, lineage, sequence,
};
use crate::base::{SessionId, Zxid, path};
use crate::client::{Reply, State};
use crate::proto::KeeperError;
use crate::proto::data::Stat;
use crate::proto::reply;
use crate::proto::request::{CreateMode, Request};
use crate::proto::watch::WatcherEvent;
use crate::wire::{Buffer, Text};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What the open request is for.
#[derive(Clone, Debug)]
enum Step {
    /// Make the parent at this place of the lineage.
    Root(usize),
    Create,
    /// The outcome of a create is unknown: delete what never was, then look. A sync does not wait
    /// for proposals that are under way at the leader; this write is behind them.
    Barrier,
    Look,
    /// Read the token of a znode that was found by its guid.
    Adopt,
    Watch,
    Delete,
}

/// The own znode.
#[derive(Clone, Debug)]
struct Znode {
    path: Text,
    /// Zxid of its create, once known.
    token: Option<Zxid>,
}

/// A place in a queue.
///
/// Invariants: `Waiting` has `waiting_for`; `First` and `Waiting` have a `znode` with a token, and
/// no open request.
#[derive(Clone, Debug)]
pub struct Place {
    root: String,
    word: &'static str,
    data: Buffer,
    asker: Asker<Step>,
    phase: Phase,
    /// The owner wants the place.
    wanted: bool,
    /// The session, while the client has one.
    session: Option<SessionId>,
    /// How often it joined, for the guid.
    joins: u32,
    guid: String,
    znode: Option<Znode>,
    waiting_for: Option<Text>,
    /// Name of the lowest when it looked last.
    lowest: Option<String>,
}

impl Place {
    pub(super) fn new(root: &str, word: &'static str, tag: u32, data: Buffer) -> Self {
        Self {
            root: root.into(),
            word,
            data,
            asker: Asker::new(tag),
            phase: Phase::Idle,
            wanted: false,
            session: None,
            joins: 0,
            guid: String::new(),
            znode: None,
            waiting_for: None,
            lowest: None,
        }
    }

    /// What it is doing.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// What it did so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.asker.counts
    }

    /// Its znode.
    #[must_use]
    pub fn znode(&self) -> Option<&Text> {
        self.znode.as_ref().map(|znode| &znode.path)
    }

    /// Fencing token: the zxid of the create of its znode. Of two that believe to be first, the
    /// one with the larger token is right.
    #[must_use]
    pub fn token(&self) -> Option<Zxid> {
        self.znode.as_ref().and_then(|znode| znode.token)
    }

    /// The znode it waits for.
    #[must_use]
    pub const fn waiting_for(&self) -> Option<&Text> {
        self.waiting_for.as_ref()
    }

    /// The name of the lowest when it looked last; another may be by now.
    #[must_use]
    pub fn lowest(&self) -> Option<&str> {
        self.lowest.as_deref()
    }

    // --- orders --------------------------------------------------------------------------

    pub(super) fn join(&mut self, out: &mut Vec<Ask>) {
        self.wanted = true;
        if matches!(self.phase, Phase::Idle | Phase::Lost | Phase::Failed(_)) {
            self.phase = Phase::Joining;
            // One that failed later still has its znode.
            if self.znode.is_some() { self.look(out) } else { self.create_anew(out) }
        }
    }

    pub(super) fn leave(&mut self, out: &mut Vec<Ask>) {
        self.wanted = false;
        match self.phase {
            Phase::Idle | Phase::Leaving => {}
            Phase::Failed(_) if self.znode.is_some() => self.delete(out),
            Phase::Lost | Phase::Failed(_) => self.phase = Phase::Idle,
            Phase::Waiting | Phase::First => self.delete(out),
            Phase::Joining => {
                // What is asked has to be answered before it is known what to delete.
                self.phase = if self.asker.is_busy() { Phase::Leaving } else { Phase::Idle };
            }
        }
    }

    // --- what it hears -------------------------------------------------------------------

    /// The client told its owner this; its session is `session`.
    pub(super) fn hear(&mut self, session: SessionId, heard: &Reply, out: &mut Vec<Ask>) {
        match heard {
            Reply::State(State::Connected) => {
                let known = self.session.replace(session);
                if known.is_none() && self.wanted && !self.asker.is_busy() {
                    self.create_anew(out);
                }
            }
            // The session may live, and the znode with it.
            Reply::State(State::Connecting) => {}
            Reply::State(State::Expired | State::Closed | State::AuthFailed) => self.lose(),
            Reply::Event { event, .. } => self.on_event(event, out),
            Reply::Done { id, result, .. } => {
                if let Some(step) = self.asker.answered(*id) {
                    self.on_answer(step, result, out);
                }
            }
        }
    }

    fn lose(&mut self) {
        self.session = None;
        self.asker.forget();
        self.znode = None;
        self.waiting_for = None;
        self.phase = match self.phase {
            Phase::Idle | Phase::Leaving => Phase::Idle,
            Phase::Joining | Phase::Waiting | Phase::First if self.wanted => Phase::Lost,
            Phase::Joining | Phase::Waiting | Phase::First => Phase::Idle,
            Phase::Lost => Phase::Lost,
            Phase::Failed(error) => Phase::Failed(error),
        };
    }

    fn on_event(&mut self, event: &WatcherEvent, out: &mut Vec<Ask>) {
        if self.phase == Phase::Waiting && self.waiting_for.as_ref() == Some(&event.path) {
            self.asker.counts.wakeups += 1;
            self.phase = Phase::Joining;
            self.look(out);
        }
    }

    fn on_answer(
        &mut self,
        step: Step,
        result: &Result<reply::Reply, KeeperError>,
        out: &mut Vec<Ask>,
    ) {
        match (step, result) {
            (_, Err(KeeperError::SessionExpired)) => self.lose(),
            (step, Err(KeeperError::ConnectionLoss)) => {
                self.asker.counts.losses += 1;
                self.on_loss(&step, out);
            }
            (Step::Root(at), Ok(_) | Err(KeeperError::NodeExists)) => self.make_root(at + 1, out),
            (Step::Create, Ok(reply::Reply::PathStat { path, stat })) => {
                self.znode = Some(Znode { path: path.clone(), token: Some(stat.czxid) });
                self.go_on(out);
            }
            (Step::Create, Err(KeeperError::NoNode)) => self.make_root(0, out),
            (Step::Barrier, Ok(_) | Err(KeeperError::NoNode)) => self.look(out),
            (Step::Look, Ok(reply::Reply::Names(names))) => self.on_children(names, out),
            // The root is gone, and what was in it.
            (Step::Look, Err(KeeperError::NoNode)) => self.on_children(&[], out),
            (Step::Adopt, Ok(reply::Reply::Stat(stat))) => self.on_adopted(stat, out),
            (Step::Watch, Ok(_)) if self.wanted => self.phase = Phase::Waiting,
            (Step::Adopt | Step::Watch, Ok(_) | Err(KeeperError::NoNode)) => self.look(out),
            (Step::Delete, Ok(_) | Err(KeeperError::NoNode)) => self.on_left(out),
            (
                Step::Root(_)
                | Step::Create
                | Step::Barrier
                | Step::Look
                | Step::Adopt
                | Step::Watch,
                _,
            )
            | (Step::Delete, Err(_)) => self.fail(result),
        }
    }

    /// What was asked may have happened. Whatever reads can be asked again; so can the delete,
    /// because no other znode will ever have this name.
    fn on_loss(&mut self, step: &Step, out: &mut Vec<Ask>) {
        self.waiting_for = None;
        match step {
            Step::Root(at) => self.make_root(*at, out),
            Step::Create | Step::Barrier => {
                let nobody = format!("{}/{}", self.root, self.guid);
                self.asker.ask(Step::Barrier, delete(&nobody.into()), out);
            }
            Step::Look | Step::Adopt | Step::Watch => self.look(out),
            Step::Delete => self.delete(out),
        }
    }

    fn fail(&mut self, result: &Result<reply::Reply, KeeperError>) {
        let error = result.as_ref().err().copied();
        self.waiting_for = None;
        self.phase = Phase::Failed(error.unwrap_or(KeeperError::MarshallingError));
    }

    // --- steps ---------------------------------------------------------------------------

    /// A new znode, under a name that was never used. Without a session it waits for one.
    fn create_anew(&mut self, out: &mut Vec<Ask>) {
        let Some(session) = self.session else { return };
        self.joins += 1;
        self.guid = format!("{:016x}.{}.{}", session.0, self.asker.tag(), self.joins);
        self.znode = None;
        self.phase = Phase::Joining;
        self.create(out);
    }

    fn create(&mut self, out: &mut Vec<Ask>) {
        let path = format!("{}/{}-{}-", self.root, self.guid, self.word);
        let mode = CreateMode::EphemeralSequential;
        self.asker.ask(Step::Create, create_ephemeral(&path, self.data.clone(), mode), out);
    }

    fn make_root(&mut self, at: usize, out: &mut Vec<Ask>) {
        match lineage(&self.root).get(at) {
            _ if !self.wanted => self.on_left(out),
            Some(parent) => self.asker.ask(Step::Root(at), create_parent(parent), out),
            None => self.create(out),
        }
    }

    /// The znode is there: on with what the owner wants.
    fn go_on(&mut self, out: &mut Vec<Ask>) {
        if self.wanted { self.look(out) } else { self.delete(out) }
    }

    fn look(&mut self, out: &mut Vec<Ask>) {
        self.waiting_for = None;
        let path = self.root.as_str().into();
        self.asker.ask(Step::Look, Request::GetChildren { path, watch: false }, out);
    }

    fn on_children(&mut self, names: &[Text], out: &mut Vec<Ask>) {
        let marker = format!("-{}-", self.word);
        let mut queue: Vec<(i64, String)> = names
            .iter()
            .map(|name| name.to_str().into_owned())
            .filter(|name| name.contains(&marker))
            .filter_map(|name| Some((sequence(&name)?, name)))
            .collect();
        queue.sort();
        self.lowest = queue.first().map(|(_, name)| name.clone());
        let mine = format!("{}{marker}", self.guid);
        let Some(at) = queue.iter().position(|(_, name)| name.starts_with(&mine)) else {
            self.on_missing(out);
            return;
        };
        let path: Text = format!("{}/{}", self.root, queue[at].1).into();
        if !self.wanted {
            self.znode = Some(Znode { path, token: None });
            self.delete(out);
        } else if self.token().is_none() {
            self.asker.ask(Step::Adopt, exists(&path), out);
            self.znode = Some(Znode { path, token: None });
        } else if at == 0 {
            self.asker.counts.turns += 1;
            self.phase = Phase::First;
        } else {
            let before: Text = format!("{}/{}", self.root, queue[at - 1].1).into();
            let request = Request::GetData { path: before.clone(), watch: true };
            self.asker.ask(Step::Watch, request, out);
            self.waiting_for = Some(before);
        }
    }

    /// The znode is not there: it was never made, or somebody deleted it.
    fn on_missing(&mut self, out: &mut Vec<Ask>) {
        if self.wanted { self.create_anew(out) } else { self.on_left(out) }
    }

    fn on_adopted(&mut self, stat: &Stat, out: &mut Vec<Ask>) {
        if Some(stat.ephemeral_owner) != self.session {
            self.on_missing(out);
            return;
        }
        if let Some(znode) = &mut self.znode {
            znode.token = Some(stat.czxid);
        }
        self.go_on(out);
    }

    fn delete(&mut self, out: &mut Vec<Ask>) {
        self.waiting_for = None;
        self.phase = Phase::Leaving;
        if let Some(znode) = &self.znode {
            self.asker.ask(Step::Delete, delete(&znode.path), out);
        }
    }

    /// The znode is gone. The owner may want a new one by now.
    fn on_left(&mut self, out: &mut Vec<Ask>) {
        self.znode = None;
        self.phase = Phase::Idle;
        if self.wanted {
            self.create_anew(out);
        }
    }
}

/// The session in a name that a [`Place`] made.
pub(super) fn session_of(name: &str) -> Option<SessionId> {
    let digits = path::name(name).split('.').next()?.to_string();
    u64::from_str_radix(&digits, 16).ok().map(|id| SessionId(id.cast_signed()))
}
