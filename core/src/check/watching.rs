//! Watches as their owner sees them: each fires once, for the first change behind the answer that
//! set it, and before any answer that knows that change.

use super::model::{Change, Model, Wrong};
use super::violation::Oracle;
use crate::base::{Map, Zxid};
use crate::proto::KeeperError;
use crate::proto::reply::Reply as Answer;
use crate::proto::request::Request;
use crate::proto::watch::{EventType, WatcherEvent};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A change or the end of a znode.
    Data,
    /// The creation of one.
    Exist,
    /// A change among the children of one, or its end.
    Child,
}

impl Kind {
    const fn answers_to(self, event: EventType) -> bool {
        match self {
            Self::Data => matches!(event, EventType::DataChanged | EventType::Deleted),
            Self::Exist => matches!(event, EventType::Created),
            Self::Child => matches!(event, EventType::ChildrenChanged | EventType::Deleted),
        }
    }
}

/// The watches of one session: path and kind, and the zxid of the answer that set it.
#[derive(Clone, Debug, Default)]
pub struct Watching {
    armed: Map<(String, Kind), Zxid>,
}

impl Watching {
    /// The session is over, or its owner.
    pub fn forget(&mut self) {
        self.armed.clear();
    }

    /// A read was answered with the state after `zxid`.
    pub fn arm(&mut self, request: &Request, zxid: Zxid, result: &Result<Answer, KeeperError>) {
        let (path, kind) = match (request, result) {
            (Request::GetData { path, watch: true }, Ok(_))
            | (Request::Exists { path, watch: true }, Ok(_)) => (path, Kind::Data),
            (Request::Exists { path, watch: true }, Err(KeeperError::NoNode)) => {
                (path, Kind::Exist)
            }
            (Request::GetChildren2 { path, watch: true }, Ok(_)) => (path, Kind::Child),
            _ => return,
        };
        self.armed.insert((path.to_str().into(), kind), zxid);
    }

    /// The first change behind `since` that the watch answers to.
    fn due<'m>(model: &'m Model, path: &str, kind: Kind, since: Zxid) -> Option<&'m Change> {
        model
            .changes_after(since)
            .find(|change| change.path == path && kind.answers_to(change.event))
    }

    /// An event came. `zxid` is -1 if the server made it for a client that came back.
    ///
    /// # Errors
    /// It was not due.
    pub fn fire(&mut self, model: &Model, zxid: Zxid, event: &WatcherEvent) -> Result<(), Wrong> {
        let path = event.path.to_str();
        let fired: Vec<((String, Kind), Zxid)> = self
            .armed
            .iter()
            .filter(|((at, kind), _)| *at == path && kind.answers_to(event.kind))
            .map(|(key, since)| (key.clone(), *since))
            .collect();
        if fired.is_empty() {
            let what = format!("an event of {path} ({:?}) without a watch", event.kind);
            return Err((Oracle::WatchAtMostOnce, what));
        }
        for ((path, kind), since) in fired {
            self.armed.remove(&(path.clone(), kind));
            let due = Self::due(model, &path, kind, since);
            let right = match due {
                None => false,
                // Which of the changes of the meantime a client that came back is told, its server
                // cannot know; nor that a znode came and went.
                Some(_) if zxid == Zxid(-1) => true,
                Some(_) if kind == Kind::Exist => model
                    .changes_after(since)
                    .any(|change| change.zxid == zxid && change.path == path),
                Some(due) => model
                    .changes_after(since)
                    .take_while(|change| change.zxid <= due.zxid)
                    .any(|change| {
                        change.zxid == zxid && change.path == path && change.event == event.kind
                    }),
            };
            if !right {
                let what = format!("{:?} of {path} at {zxid}; due is {due:?}", event.kind);
                return Err((Oracle::WatchTrue, what));
            }
        }
        Ok(())
    }

    /// An answer shows the state after `zxid`: no event of before it may be missing.
    ///
    /// # Errors
    /// One is.
    pub fn answered(&self, model: &Model, zxid: Zxid) -> Result<(), Wrong> {
        match self.missed(model, zxid) {
            Some(what) => Err((Oracle::WatchBeforeData, format!("an answer of {zxid}: {what}"))),
            None => Ok(()),
        }
    }

    /// A watch whose event is due after `zxid` and did not come.
    #[must_use]
    pub fn missed(&self, model: &Model, zxid: Zxid) -> Option<String> {
        self.armed.iter().find_map(|((path, kind), since)| {
            let due = Self::due(model, path, *kind, *since).filter(|due| due.zxid <= zxid)?;
            // A znode that came and went while the client was away is no news to it.
            if *kind == Kind::Exist && model.at(path, zxid).is_none() {
                return None;
            }
            Some(format!("{:?} of {path} at {} was not told", due.event, due.zxid))
        })
    }
}
