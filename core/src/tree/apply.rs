//! One committed transaction to the image (Java: `DataTree.processTxn`).
//!
//! Applying never fails: a record that does not fit (it was applied before, or the log is odd)
//! has an error as its result and changes as little as Java lets it change.

use super::data_tree::{NewNode, Written, compact, shown, split};
use super::image::Image;
use super::znode::{AclList, Owner};
use crate::base::SessionId;
use crate::proto::KeeperError;
use crate::proto::data::Stat;
use crate::proto::txn::{CreateKind, CreateTxn, Txn, TxnHeader, TxnRecord};
use crate::wire::{Buffer, Text};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What a transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What a reply needs.
    pub result: TxnResult,
    /// What watches need, in the order in which they fire.
    pub changes: Vec<Change>,
}

/// The outcome of a transaction, or of one of a multi.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxnResult {
    /// create, create2, createContainer, createTTL
    Created {
        /// The final path.
        path: Text,
        /// The new znode.
        stat: Stat,
    },
    /// delete, deleteContainer
    Deleted,
    /// setData, reconfig
    DataSet {
        /// The znode after it.
        stat: Stat,
    },
    /// setACL
    AclSet {
        /// The znode after it.
        stat: Stat,
    },
    /// check
    Checked,
    /// One result for each operation. Of a failed multi all are errors: 0 before the one that
    /// failed, -2 behind it.
    Multi(Vec<Self>),
    /// createSession
    SessionCreated {
        /// The negotiated timeout.
        timeout_ms: i32,
    },
    /// closeSession
    SessionClosed,
    /// Nothing was changed.
    Error {
        /// A code of [`KeeperError`], as the log has it; 0 in a failed multi.
        code: i32,
    },
}

/// What happened to a znode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was made: its parent has one more child.
    Created,
    /// It is gone: its parent has one child less.
    Deleted,
    /// It was written.
    DataChanged,
}

/// A change that watches may have waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// To which znode.
    pub path: Arc<str>,
    /// The znode's ACL, a deleted one's last; who may not READ gets no event. `None`: open.
    pub acl: Option<AclList>,
    /// The parent's ACL, for events about its children. `None`: open.
    pub parent_acl: Option<AclList>,
}

impl Change {
    /// The parent as watches know it, for a create or a delete.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        match self.kind {
            ChangeKind::DataChanged => None,
            ChangeKind::Created | ChangeKind::Deleted => split(&self.path).map(|at| shown(at.0)),
        }
    }
}

/// How a transaction is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Somebody wants to know the changes.
    pub told: bool,
    /// It is as [`super::prepare()`] made it: its data has memory of its own, which versions of
    /// the tree can share.
    pub prepared: bool,
}

impl Terms {
    /// For a version ahead, of which nobody is told.
    pub const AHEAD: Self = Self { told: false, prepared: true };
}

/// A transaction on its way into the tree.
#[derive(Debug)]
pub(super) struct Applying {
    terms: Terms,
    changes: Vec<Change>,
}

impl Applying {
    pub(super) const fn new(terms: Terms) -> Self {
        Self { terms, changes: Vec::new() }
    }

    fn data(&self, data: &Buffer) -> Buffer {
        let data = data.clone();
        if self.terms.prepared { data } else { compact(data) }
    }

    fn tell(&mut self, change: impl FnOnce() -> Change) {
        if self.terms.told {
            self.changes.push(change());
        }
    }
}

impl Image {
    /// Applies the next transaction, or one that a fuzzy snapshot holds already.
    pub fn apply(&mut self, record: &TxnRecord) -> Applied {
        self.apply_on(record, Terms { told: true, prepared: false })
    }

    /// The same on these terms.
    pub fn apply_on(&mut self, record: &TxnRecord, terms: Terms) -> Applied {
        let mut applying = Applying::new(terms);
        let result = self.apply_txn(&record.header, &record.txn, &mut applying);
        self.zxid = self.zxid.max(record.header.zxid);
        Applied { result, changes: applying.changes }
    }

    pub(super) fn apply_txn(
        &mut self,
        header: &TxnHeader,
        txn: &Txn,
        applying: &mut Applying,
    ) -> TxnResult {
        let done = match txn {
            Txn::CreateSession { timeout_ms } => {
                self.sessions.insert(header.session, *timeout_ms);
                Ok(TxnResult::SessionCreated { timeout_ms: *timeout_ms })
            }
            Txn::CloseSession { paths } => {
                self.close_session(header, paths.as_deref().unwrap_or_default(), applying);
                Ok(TxnResult::SessionClosed)
            }
            Txn::Error { code } => Ok(TxnResult::Error { code: *code }),
            Txn::Create(create) => self.create(header, create, applying),
            Txn::Delete { path, .. } => self.delete(header, &path.to_str(), applying),
            Txn::SetData { path, data, version, .. } => {
                self.set_data(header, &path.to_str(), data, *version, applying)
            }
            Txn::SetAcl { path, acl, version } => self
                .tree
                .set_acl(&path.to_str(), acl.as_deref(), *version)
                .map(|node| TxnResult::AclSet { stat: node.client_stat() }),
            Txn::Check { .. } => Ok(TxnResult::Checked),
            Txn::Multi(txns) => Ok(TxnResult::Multi(self.multi(header, txns, applying))),
        };
        done.unwrap_or_else(|error| TxnResult::Error { code: error.code() })
    }

    fn create(
        &mut self,
        header: &TxnHeader,
        create: &CreateTxn,
        applying: &mut Applying,
    ) -> Result<TxnResult, KeeperError> {
        let path = create.path.to_str();
        let owner = match create.kind {
            CreateKind::Plain { ephemeral: true, .. } => Owner::of(header.session.0),
            CreateKind::Plain { ephemeral: false, .. } => Owner::Nobody,
            CreateKind::Container => Owner::Container,
            CreateKind::Ttl { ttl_ms } => Owner::Ttl { ttl_ms },
        };
        let new = NewNode {
            data: applying.data(&create.data),
            acl: create.acl.as_deref(),
            owner,
            zxid: header.zxid,
            time_ms: header.time_ms,
        };
        let made = self.tree.create(&path, new, create.parent_cversion).inspect_err(|error| {
            // The other create types do not do this in Java either.
            let is_opcode_1 = matches!(create.kind, CreateKind::Plain { with_stat: false, .. });
            if *error == KeeperError::NodeExists && is_opcode_1 {
                self.tree.advance_parent(&path, create.parent_cversion, header.zxid);
            }
        })?;
        let Written { stat, acl } = made;
        applying.tell(|| Change {
            kind: ChangeKind::Created,
            path: (&*path).into(),
            acl,
            parent_acl: self.tree.parent_acl(&path),
        });
        Ok(TxnResult::Created { path: create.path.clone(), stat })
    }

    fn delete(
        &mut self,
        header: &TxnHeader,
        path: &str,
        applying: &mut Applying,
    ) -> Result<TxnResult, KeeperError> {
        let node = self.tree.delete(path, header.zxid)?;
        applying.tell(|| Change {
            kind: ChangeKind::Deleted,
            path: shown(path).into(),
            acl: node.acl().cloned(),
            parent_acl: self.tree.parent_acl(path),
        });
        Ok(TxnResult::Deleted)
    }

    fn set_data(
        &mut self,
        header: &TxnHeader,
        path: &str,
        data: &Buffer,
        version: i32,
        applying: &mut Applying,
    ) -> Result<TxnResult, KeeperError> {
        let data = applying.data(data);
        let Written { stat, acl } =
            self.tree.set_data(path, data, version, header.zxid, header.time_ms)?;
        let kind = ChangeKind::DataChanged;
        applying.tell(|| Change { kind, path: shown(path).into(), acl, parent_acl: None });
        Ok(TxnResult::DataSet { stat })
    }

    /// The listed ephemerals go in the order of the record, then those it forgot.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn close_session(&mut self, header: &TxnHeader, paths: &[Text], applying: &mut Applying) {
        for path in paths {
            let _ = self.delete(header, &path.to_str(), applying);
        }
        let session: SessionId = header.session;
        let rest: Vec<Arc<str>> = self.tree.ephemerals_of(session).cloned().collect();
        for path in rest {
            let _ = self.delete(header, &path, applying);
        }
        self.sessions.remove(&session);
    }

    fn multi(
        &mut self,
        header: &TxnHeader,
        txns: &[Txn],
        applying: &mut Applying,
    ) -> Vec<TxnResult> {
        if !txns.iter().any(|txn| matches!(txn, Txn::Error { .. })) {
            return txns.iter().map(|txn| self.apply_txn(header, txn, applying)).collect();
        }
        let mut behind = false;
        let mut code_of = |txn: &Txn| {
            if let Txn::Error { code } = txn {
                behind = true;
                return *code;
            }
            if behind { KeeperError::RuntimeInconsistency.code() } else { 0 }
        };
        txns.iter().map(|txn| TxnResult::Error { code: code_of(txn) }).collect()
    }
}
