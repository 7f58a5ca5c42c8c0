//! What the transactions of a run did: to which znodes, and to which session.

use core::cell::OnceCell;
use std::rc::Rc;
use zabscope_core::base::{SessionId, Zxid};
use zabscope_core::proto::txn::{Txn, TxnRecord};
use zabscope_core::server::message::Payload;
use zabscope_core::sim::Micros;
use zabscope_core::wire::Text;

/// What a transaction did to one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A znode was made.
    Made(Rc<str>),
    /// It got other data.
    Set(Rc<str>),
    /// It got another ACL.
    Acl(Rc<str>),
    /// It was deleted by a request.
    Deleted(Rc<str>),
    /// It was deleted with the session that owned it.
    Gone(Rc<str>),
    /// The session was opened.
    Opened,
    /// The session was closed, by its client or because it expired.
    Closed,
}

impl Change {
    /// The znode, if it is about one.
    #[must_use]
    pub const fn path(&self) -> Option<&Rc<str>> {
        match self {
            Self::Made(path)
            | Self::Set(path)
            | Self::Acl(path)
            | Self::Deleted(path)
            | Self::Gone(path) => Some(path),
            Self::Opened | Self::Closed => None,
        }
    }
}

/// A transaction, from its first place in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Its place in the order.
    pub zxid: Zxid,
    /// The step that put it into a log first: its leader's.
    pub step: u64,
    /// When.
    pub at: Micros,
    /// The session that asked, or that it is about.
    pub session: SessionId,
    /// What it did; nothing if it was refused.
    pub changes: Rc<[Change]>,
}

/// A transaction as it came into a log first; it is read when somebody asks for it.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its place in the order.
    pub zxid: Zxid,
    /// The step that did it.
    pub step: u64,
    /// When.
    pub at: Micros,
    /// Its bytes, shared with the log.
    pub payload: Payload,
    /// What it did, once somebody has asked.
    pub deed: OnceCell<Option<Deed>>,
}

impl Logged {
    /// What it did; `None` if it cannot be read.
    #[must_use]
    #[inline(never)]
    pub fn deed(&self) -> Option<&Deed> {
        let read = || {
            let record = TxnRecord::from_all(self.payload.clone()).ok()?;
            let mut changes = Vec::new();
            collect(&record.txn, &mut changes);
            let (zxid, step, at) = (self.zxid, self.step, self.at);
            let session = record.header.session;
            Some(Deed { zxid, step, at, session, changes: changes.into() })
        };
        self.deed.get_or_init(read).as_ref()
    }
}

impl Deed {
    /// What ended with the session that it closes, behind a comma; empty if that is nothing.
    #[must_use]
    pub fn with_ephemerals(&self) -> String {
        match self.changes.iter().filter(|it| matches!(it, Change::Gone(_))).count() {
            0 => String::new(),
            1 => ", with 1 ephemeral znode".to_owned(),
            gone => format!(", with {gone} ephemeral znodes"),
        }
    }

    /// What it did to a znode.
    #[must_use]
    pub fn change_of(&self, path: &str) -> Option<&Change> {
        self.changes.iter().find(|change| change.path().is_some_and(|it| **it == *path))
    }
}

fn collect(txn: &Txn, changes: &mut Vec<Change>) {
    let path = |path: &Text| Rc::from(&*path.to_str());
    match txn {
        Txn::CreateSession { .. } => changes.push(Change::Opened),
        Txn::CloseSession { paths } => {
            changes.push(Change::Closed);
            changes.extend(paths.iter().flatten().map(|it| Change::Gone(path(it))));
        }
        Txn::Create(create) => changes.push(Change::Made(path(&create.path))),
        Txn::Delete { path: it, .. } => changes.push(Change::Deleted(path(it))),
        Txn::SetData { path: it, .. } => changes.push(Change::Set(path(it))),
        Txn::SetAcl { path: it, .. } => changes.push(Change::Acl(path(it))),
        // All or nothing.
        Txn::Multi(txns) if txns.iter().any(|txn| matches!(txn, Txn::Error { .. })) => {}
        Txn::Multi(txns) => txns.iter().for_each(|txn| collect(txn, changes)),
        Txn::Error { .. } | Txn::Check { .. } => {}
    }
}
