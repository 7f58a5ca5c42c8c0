//! The lock of the textbook's first page: everybody wants to make the same ephemeral.
//!
//! One makes it; the others are told that it exists, watch it, and are all woken when it goes, of
//! whom one makes it. With `n` clients waiting, a turn costs `n` events and `n` creates, and
//! nobody is first in line: that is the herd, and it is why [`super::Lock`] exists.

use super::ask::{Ask, Asker, Counts, Phase, create_ephemeral, create_parent, delete, lineage};
use crate::base::{SessionId, Zxid};
use crate::client::{Reply, State};
use crate::proto::KeeperError;
use crate::proto::data::Stat;
use crate::proto::reply;
use crate::proto::request::{CreateMode, Request};
use crate::wire::{Buffer, Text};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What the open request is for.
#[derive(Clone, Copy, Debug)]
enum Step {
    Root(usize),
    Create,
    /// Whose is it? Watches it too.
    Look,
    Delete,
    /// The delete's outcome is unknown.
    Sync,
    /// Is it still the own one?
    Check,
}

/// An exclusive lock where everybody wakes.
#[derive(Clone, Debug)]
pub struct NaiveLock {
    root: String,
    path: Text,
    data: Buffer,
    asker: Asker<Step>,
    phase: Phase,
    wanted: bool,
    session: Option<SessionId>,
    token: Option<Zxid>,
}

impl NaiveLock {
    /// The lock `root/holder`; `root` is made if it is not there. `tag` and `data` as in
    /// [`super::Lock::new`].
    #[must_use]
    pub fn new(root: &str, tag: u32, data: Buffer) -> Self {
        Self {
            root: root.into(),
            path: format!("{root}/holder").into(),
            data,
            asker: Asker::new(tag),
            phase: Phase::Idle,
            wanted: false,
            session: None,
            token: None,
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

    /// Fencing token: the zxid of the create.
    #[must_use]
    pub const fn token(&self) -> Option<Zxid> {
        self.token
    }

    /// The znode that everybody wants.
    #[must_use]
    pub const fn path(&self) -> &Text {
        &self.path
    }

    /// Wants the lock. After the end of a session it wants it again in the next one.
    pub fn acquire(&mut self, out: &mut Vec<Ask>) {
        self.wanted = true;
        if matches!(self.phase, Phase::Idle | Phase::Lost | Phase::Failed(_)) {
            self.phase = Phase::Joining;
            self.create(out);
        }
    }

    /// Gives it back, or up.
    pub fn release(&mut self, out: &mut Vec<Ask>) {
        self.wanted = false;
        match self.phase {
            Phase::Idle | Phase::Leaving => {}
            Phase::First => self.delete(out),
            Phase::Joining if self.asker.is_busy() => self.phase = Phase::Leaving,
            Phase::Joining | Phase::Waiting | Phase::Lost | Phase::Failed(_) => {
                self.phase = Phase::Idle;
            }
        }
    }

    /// The client of this session told its owner `heard`.
    pub fn hear(&mut self, session: SessionId, heard: &Reply, out: &mut Vec<Ask>) {
        match heard {
            Reply::State(State::Connected) => {
                let known = self.session.replace(session);
                if known.is_none() && self.wanted && !self.asker.is_busy() {
                    self.phase = Phase::Joining;
                    self.create(out);
                }
            }
            Reply::State(State::Connecting) => {}
            Reply::State(State::Expired | State::Closed | State::AuthFailed) => self.lose(),
            Reply::Event { event, .. } => {
                if self.phase == Phase::Waiting && event.path == self.path {
                    self.asker.counts.wakeups += 1;
                    self.phase = Phase::Joining;
                    self.create(out);
                }
            }
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
        self.token = None;
        if matches!(self.phase, Phase::Joining | Phase::Waiting | Phase::First) {
            self.phase = Phase::Lost;
        } else if self.phase == Phase::Leaving {
            self.phase = Phase::Idle;
        }
    }

    fn on_answer(
        &mut self,
        step: Step,
        result: &Result<reply::Reply, KeeperError>,
        out: &mut Vec<Ask>,
    ) {
        use KeeperError as E;
        match (step, result) {
            (_, Err(E::SessionExpired)) => self.lose(),
            (step, Err(E::ConnectionLoss)) => {
                self.asker.counts.losses += 1;
                self.on_loss(step, out);
            }
            (Step::Root(at), Ok(_) | Err(E::NodeExists)) => self.make_root(at + 1, out),
            (Step::Create, Ok(reply::Reply::PathStat { stat, .. })) => self.on_own(stat, out),
            (Step::Create, Err(E::NoNode)) => self.make_root(0, out),
            (Step::Create, Err(E::NodeExists)) => self.look(out),
            (Step::Look, Ok(reply::Reply::Data { stat, .. })) => self.on_seen(stat, out),
            (Step::Look, Err(E::NoNode)) if self.wanted => self.create(out),
            (Step::Look, Err(E::NoNode)) => self.on_left(out),
            (Step::Delete, Ok(_) | Err(E::NoNode)) => self.on_left(out),
            (Step::Sync, Ok(_)) => self.check(out),
            (Step::Check, Ok(reply::Reply::Data { stat, .. })) if self.owns(stat) => {
                self.delete(out);
            }
            (Step::Check, Ok(reply::Reply::Data { .. }) | Err(E::NoNode)) => self.on_left(out),
            (
                Step::Root(_) | Step::Create | Step::Look | Step::Delete | Step::Sync | Step::Check,
                result,
            ) => {
                let error = result.as_ref().err().copied();
                self.phase = Phase::Failed(error.unwrap_or(E::MarshallingError));
            }
        }
    }

    fn on_loss(&mut self, step: Step, out: &mut Vec<Ask>) {
        match step {
            Step::Root(at) => self.make_root(at, out),
            // A second create is refused if the first one worked, and then it is seen whose it is.
            Step::Create => self.create(out),
            Step::Look => self.look(out),
            // The delete may have worked, and somebody else's znode have the name by now. So it
            // is looked at first, at a server that has caught up.
            Step::Delete | Step::Sync | Step::Check => {
                self.asker.ask(Step::Sync, Request::Sync { path: self.path.clone() }, out);
            }
        }
    }

    fn owns(&self, stat: &Stat) -> bool {
        self.session == Some(stat.ephemeral_owner)
    }

    fn on_own(&mut self, stat: &Stat, out: &mut Vec<Ask>) {
        self.token = Some(stat.czxid);
        if self.wanted {
            self.asker.counts.turns += 1;
            self.phase = Phase::First;
        } else {
            self.delete(out);
        }
    }

    fn on_seen(&mut self, stat: &Stat, out: &mut Vec<Ask>) {
        if self.owns(stat) {
            self.on_own(stat, out);
        } else if self.wanted {
            self.phase = Phase::Waiting;
        } else {
            self.on_left(out);
        }
    }

    fn create(&mut self, out: &mut Vec<Ask>) {
        if self.session.is_some() {
            let path = self.path.to_str();
            let request = create_ephemeral(&path, self.data.clone(), CreateMode::Ephemeral);
            self.asker.ask(Step::Create, request, out);
        }
    }

    fn make_root(&mut self, at: usize, out: &mut Vec<Ask>) {
        match lineage(&self.root).get(at) {
            _ if !self.wanted => self.on_left(out),
            Some(parent) => self.asker.ask(Step::Root(at), create_parent(parent), out),
            None => self.create(out),
        }
    }

    fn look(&mut self, out: &mut Vec<Ask>) {
        let request = Request::GetData { path: self.path.clone(), watch: true };
        self.asker.ask(Step::Look, request, out);
    }

    fn check(&mut self, out: &mut Vec<Ask>) {
        let request = Request::GetData { path: self.path.clone(), watch: false };
        self.asker.ask(Step::Check, request, out);
    }

    fn delete(&mut self, out: &mut Vec<Ask>) {
        self.phase = Phase::Leaving;
        self.asker.ask(Step::Delete, delete(&self.path), out);
    }

    fn on_left(&mut self, out: &mut Vec<Ask>) {
        self.token = None;
        self.phase = Phase::Idle;
        if self.wanted {
            self.phase = Phase::Joining;
            self.create(out);
        }
    }
}
