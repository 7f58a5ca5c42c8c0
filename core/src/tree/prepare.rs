//! Judging a write (Java: `PrepRequestProcessor`): the transaction it becomes, or why not.
//!
//! The order of the checks decides which error a client sees, so it is Java's, step by step.

use super::acl;
use super::apply::{Applying, Terms};
use super::container::Lifetime;
use super::data_tree::{CONFIG_PATH, QUOTA_PATH, ZOOKEEPER_PATH, compact, split};
use super::image::Image;
use super::quota::{self, data_len};
use super::znode::{Owner, TTL_MS_MAX, Znode};
use crate::base::limits::TXN_BYTES_MAX;
use crate::base::{Cxid, SessionId, path};
use crate::proto::KeeperError;
use crate::proto::data::{Acl, Id, perms};
use crate::proto::request::{CreateOp, CreateRequest};
use crate::proto::txn::{CreateKind, CreateTxn, TXN_FRAME_BYTES, Txn, TxnHeader};
use crate::wire::{Buffer, Text};
use alloc::format;
use alloc::vec::Vec;

/// Switches of a server that change what may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteRules {
    /// TTL znodes are allowed (`zookeeper.extendedTypesEnabled`).
    pub extended_types: bool,
    /// Nobody's permissions are looked at (`zookeeper.skipACL`).
    pub skip_acl: bool,
    /// Hard quotas refuse writes (`zookeeper.enforceQuota`).
    pub enforce_quota: bool,
    /// Largest transaction, twice `jute.maxbuffer`.
    pub txn_bytes_max: usize,
}

impl Default for WriteRules {
    fn default() -> Self {
        let txn_bytes_max = TXN_BYTES_MAX;
        Self { extended_types: false, skip_acl: false, enforce_quota: false, txn_bytes_max }
    }
}

impl WriteRules {
    /// May somebody with these identities do one of `perms` where `acl` rules, or does nobody
    /// look? Writes, reads and watch events ask this alike.
    #[must_use]
    pub fn allow(&self, acl: Option<&[Acl]>, perms: i32, ids: &[Id]) -> bool {
        self.skip_acl || acl::allows(acl, perms, ids)
    }

    fn fits(&self, txn: &Txn) -> bool {
        txn.record_bytes() + TXN_FRAME_BYTES <= self.txn_bytes_max
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The session.
    pub session: SessionId,
    /// The identities of its connection.
    pub ids: &'a [Id],
    /// What else is wrong with the session (it moved), raised where Java checks the session.
    pub session_error: Option<KeeperError>,
}

/// A write as the client asks for it. A null path of setData, setACL or check is an empty one
/// here; of create and delete it is a marshalling error before this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOp {
    /// The end of the caller's session, by itself or by expiry.
    CloseSession,
    /// create, create2, createContainer, createTTL
    Create(CreateRequest),
    /// delete
    Delete {
        /// Which znode.
        path: Text,
        /// Its version, or -1.
        version: i32,
    },
    /// deleteContainer, which only the leader itself asks for.
    DeleteContainer {
        /// Which znode.
        path: Text,
        /// It goes only if its time is over still.
        lifetime: Lifetime,
    },
    /// setData
    SetData {
        /// Which znode.
        path: Text,
        /// Its new data.
        data: Buffer,
        /// Its version, or -1.
        version: i32,
    },
    /// setACL
    SetAcl {
        /// Which znode.
        path: Text,
        /// The ACL as sent.
        acl: Option<Vec<Acl>>,
        /// Its aversion, or -1.
        version: i32,
    },
    /// check, in a multi only
    Check {
        /// Which znode.
        path: Text,
        /// Its version, or -1.
        version: i32,
    },
    /// All or nothing; not nested.
    Multi(Vec<Self>),
}

/// The transaction of a write, judged by `image`: the version with everything that was prepared
/// before. Its data does not share the memory of the request. The record of a multi says which
/// operation failed.
///
/// No transaction is larger than `txn_bytes_max`, as what is proposed must be read again: from
/// the log, and by every other server. `MarshallingError`: this one would be; a multi fails as a
/// whole then. A closeSession cannot be refused: it goes without its list, which every server has.
pub fn prepare(
    image: &Image,
    caller: &Caller<'_>,
    op: &WriteOp,
    rules: &WriteRules,
) -> Result<Txn, KeeperError> {
    let judge = Judge { image, caller, rules };
    let txn = match op {
        WriteOp::CloseSession => {
            let paths = image.tree.ephemerals_of(caller.session);
            let paths = Some(paths.map(|path| (&**path).into()).collect());
            let listed = Txn::CloseSession { paths };
            return Ok(if rules.fits(&listed) {
                listed
            } else {
                Txn::CloseSession { paths: None }
            });
        }
        WriteOp::Multi(ops) => prepare_multi(image, caller, ops, rules),
        WriteOp::Check { .. } => Err(KeeperError::Unimplemented),
        WriteOp::Create(_)
        | WriteOp::Delete { .. }
        | WriteOp::DeleteContainer { .. }
        | WriteOp::SetData { .. }
        | WriteOp::SetAcl { .. } => judge.judge(op),
    }?;
    if rules.fits(&txn) { Ok(txn) } else { Err(KeeperError::MarshallingError) }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn prepare_multi(
    image: &Image,
    caller: &Caller<'_>,
    ops: &[WriteOp],
    rules: &WriteRules,
) -> Result<Txn, KeeperError> {
    let mut bytes = 0;
    let mut scratch = image.clone();
    let mut failed = false;
    let mut txns = Vec::with_capacity(ops.len());
    for op in ops {
        if failed {
            txns.push(Txn::Error { code: KeeperError::RuntimeInconsistency.code() });
            continue;
        }
        let judge = Judge { image: &scratch, caller, rules };
        match judge.judge(op) {
            Ok(txn) => {
                // Which zxid and when shows in no check, only that it is later.
                let header = TxnHeader {
                    session: caller.session,
                    cxid: Cxid(0),
                    zxid: image.zxid.next(),
                    time_ms: 0,
                    kind: txn.kind(),
                };
                bytes += txn.sub_bytes();
                // Not when all are judged: together they can take gigabytes.
                if bytes > rules.txn_bytes_max {
                    return Err(KeeperError::MarshallingError);
                }
                scratch.apply_txn(&header, &txn, &mut Applying::new(Terms::AHEAD));
                txns.push(txn);
            }
            Err(error) => {
                failed = true;
                txns.push(Txn::Error { code: error.code() });
            }
        }
    }
    Ok(Txn::Multi(txns))
}

/// What the checks of one operation look at.
struct Judge<'a> {
    image: &'a Image,
    caller: &'a Caller<'a>,
    rules: &'a WriteRules,
}

/// The bits of `CreateMode`.
#[derive(Clone, Copy)]
struct Mode {
    ephemeral: bool,
    sequential: bool,
    ttl: bool,
}

impl Mode {
    fn of(flags: i32) -> Result<Self, KeeperError> {
        let (ephemeral, sequential, ttl) = match flags {
            0 | 4 => (false, false, false),
            1 => (true, false, false),
            2 => (false, true, false),
            3 => (true, true, false),
            5 => (false, false, true),
            6 => (false, true, true),
            _ => return Err(KeeperError::BadArguments),
        };
        Ok(Self { ephemeral, sequential, ttl })
    }
}

impl Judge<'_> {
    fn judge(&self, op: &WriteOp) -> Result<Txn, KeeperError> {
        match op {
            WriteOp::Create(create) => self.create(create),
            WriteOp::Delete { path, version } => self.delete(path, *version),
            WriteOp::DeleteContainer { path, lifetime } => self.delete_container(path, *lifetime),
            WriteOp::SetData { path, data, version } => self.set_data(path, data, *version),
            WriteOp::SetAcl { path, acl, version } => self.set_acl(path, acl.as_deref(), *version),
            WriteOp::Check { path, version } => self.check(path, *version),
            WriteOp::CloseSession | WriteOp::Multi(_) => Err(KeeperError::MarshallingError),
        }
    }

    fn create(&self, op: &CreateRequest) -> Result<Txn, KeeperError> {
        let mode = Mode::of(op.flags)?;
        self.check_ttl(op.kind, mode)?;
        self.check_session()?;
        let asked = op.path.to_str();
        let parent_path = quick_check(&asked)?;
        let acl = acl::fixup(op.acl.as_deref(), self.caller.ids, self.rules.txn_bytes_max)?;
        let parent = self.node(parent_path)?;
        self.permit(parent, perms::CREATE)?;
        let counter = parent.stat().cversion;
        // A legal path has nothing malformed in it: its bytes may stay as they came.
        let final_path: Text = match mode.sequential {
            true => format!("{asked}{counter:010}").into(),
            false => op.path.clone(),
        };
        let path = final_path.to_str();
        full_check(&path)?;
        let is_there = split(&path).is_some_and(|(_, name)| parent.has_child(name));
        if is_there || path == "/" {
            return Err(KeeperError::NodeExists);
        }
        if matches!(parent.owner(), Owner::Session(_)) {
            return Err(KeeperError::NoChildrenForEphemerals);
        }
        self.check_quota(&path, op.data.as_deref(), 1, 0)?;
        let kind = match op.kind {
            CreateOp::Create => CreateKind::Plain { with_stat: false, ephemeral: mode.ephemeral },
            CreateOp::Create2 => CreateKind::Plain { with_stat: true, ephemeral: mode.ephemeral },
            CreateOp::Container => CreateKind::Container,
            CreateOp::Ttl { ttl_ms } => CreateKind::Ttl { ttl_ms },
        };
        Ok(Txn::Create(CreateTxn {
            path: final_path.clone(),
            data: compact(op.data.clone()),
            acl: Some(acl),
            kind,
            parent_cversion: counter.wrapping_add(1),
        }))
    }

    fn check_ttl(&self, call: CreateOp, mode: Mode) -> Result<(), KeeperError> {
        if mode.ttl && !self.rules.extended_types {
            return Err(KeeperError::Unimplemented);
        }
        // Stricter than Java, which lets createTTL without the flag pass if ttl is negative and
        // then proposes a record that it cannot apply.
        match call {
            CreateOp::Ttl { ttl_ms } if mode.ttl && (1..=TTL_MS_MAX).contains(&ttl_ms) => Ok(()),
            CreateOp::Ttl { .. } => Err(KeeperError::BadArguments),
            CreateOp::Create | CreateOp::Create2 | CreateOp::Container => match mode.ttl {
                true => Err(KeeperError::BadArguments),
                false => Ok(()),
            },
        }
    }

    fn delete(&self, path: &Text, version: i32) -> Result<Txn, KeeperError> {
        self.check_session()?;
        let name = path.to_str();
        let parent = self.node(parent_for_delete(&name)?)?;
        self.permit(parent, perms::DELETE)?;
        let node = self.node(&name)?;
        next_version(node.stat().version, version)?;
        if node.num_children() > 0 {
            return Err(KeeperError::NotEmpty);
        }
        Ok(Txn::Delete { path: path.clone(), container: false })
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn delete_container(&self, path: &Text, lifetime: Lifetime) -> Result<Txn, KeeperError> {
        let name = path.to_str();
        parent_for_delete(&name)?;
        let node = self.node(&name)?;
        if node.num_children() > 0 {
            return Err(KeeperError::NotEmpty);
        }
        // Since the reaper saw it, it may have been written, or come back as another kind. (Java
        // asks about the kind only, and deletes a TTL znode whose write is acknowledged.)
        match lifetime.is_over(node) {
            true => Ok(Txn::Delete { path: path.clone(), container: true }),
            false => Err(KeeperError::BadVersion),
        }
    }

    fn set_data(&self, path: &Text, data: &Buffer, version: i32) -> Result<Txn, KeeperError> {
        self.check_session()?;
        let name = path.to_str();
        full_check(&name)?;
        let node = self.node(&name)?;
        self.permit(node, perms::WRITE)?;
        self.check_quota(&name, data.as_deref(), 0, data_len(node.data().as_deref()))?;
        let version = next_version(node.stat().version, version)?;
        let data = compact(data.clone());
        Ok(Txn::SetData { path: path.clone(), data, version, reconfig: false })
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn set_acl(&self, path: &Text, acl: Option<&[Acl]>, version: i32) -> Result<Txn, KeeperError> {
        self.check_session()?;
        let name = path.to_str();
        full_check(&name)?;
        let acl = acl::fixup(acl, self.caller.ids, self.rules.txn_bytes_max)?;
        let node = self.node(&name)?;
        self.permit(node, perms::ADMIN)?;
        let version = next_version(node.stat().aversion, version)?;
        Ok(Txn::SetAcl { path: path.clone(), acl: Some(acl), version })
    }

    fn check(&self, path: &Text, version: i32) -> Result<Txn, KeeperError> {
        self.check_session()?;
        let name = path.to_str();
        full_check(&name)?;
        let node = self.node(&name)?;
        self.permit(node, perms::READ)?;
        let version = next_version(node.stat().version, version)?;
        Ok(Txn::Check { path: path.clone(), version })
    }

    fn check_session(&self) -> Result<(), KeeperError> {
        if let Some(error) = self.caller.session_error {
            return Err(error);
        }
        let known = self.image.session_timeout_ms(self.caller.session).is_some();
        if known { Ok(()) } else { Err(KeeperError::SessionExpired) }
    }

    /// Hard limits, and texts that a peer could not apply.
    fn check_quota(
        &self,
        path: &str,
        data: Option<&[u8]>,
        more_nodes: i64,
        old_bytes: i64,
    ) -> Result<(), KeeperError> {
        if self.rules.enforce_quota {
            self.image.tree.check_quota(path, more_nodes, data_len(data) - old_bytes)?;
        }
        if quota::is_harmful(path, data) { Err(KeeperError::BadArguments) } else { Ok(()) }
    }

    fn node(&self, path: &str) -> Result<&Znode, KeeperError> {
        self.image.tree.get(path).ok_or(KeeperError::NoNode)
    }

    fn permit(&self, node: &Znode, perm: i32) -> Result<(), KeeperError> {
        let acl = node.acl().map(|acl| &**acl);
        match self.rules.allow(acl, perm, self.caller.ids) {
            true => Ok(()),
            false => Err(KeeperError::NoAuth),
        }
    }
}

/// The parent's key, for a path that may be illegal in other ways.
fn quick_check(path: &str) -> Result<&str, KeeperError> {
    let (parent, _) = split(path).ok_or(KeeperError::BadArguments)?;
    if path.contains('\0') { Err(KeeperError::BadArguments) } else { Ok(parent) }
}

fn parent_for_delete(path: &str) -> Result<&str, KeeperError> {
    match path {
        "/" | ZOOKEEPER_PATH | QUOTA_PATH | CONFIG_PATH => Err(KeeperError::BadArguments),
        _ => quick_check(path),
    }
}

fn full_check(path: &str) -> Result<(), KeeperError> {
    if path::is_valid(path) { Ok(()) } else { Err(KeeperError::BadArguments) }
}

/// The version after `current`, if a client that expects `expected` may write. -1 expects
/// anything, so no znode gets it as a version.
fn next_version(current: i32, expected: i32) -> Result<i32, KeeperError> {
    if expected != -1 && expected != current {
        return Err(KeeperError::BadVersion);
    }
    Ok(match current.wrapping_add(1) {
        -1 => 0,
        next => next,
    })
}

#[cfg(test)]
mod tests;
