//! The leader judges writes and proposes transactions (Java: `PrepRequestProcessor`,
//! `ProposalRequestProcessor`).
//!
//! A write is judged against the tree *plus everything proposed and not committed*. Java keeps
//! change records for that; here the tree is persistent, so there is a version ahead, to which
//! each proposal is applied at once: that gives the digest that goes with the proposal. The commit
//! applies it to the committed version, as at every learner. One version for each proposal would
//! save this second time, but then no change could be made in place: each would copy a path of
//! the tree, which costs several times as much.

use super::message::{Note, Payload};
use super::server::{Effects, Server};
use crate::base::{Cxid, Effect, Now, SessionId, Sid, Zxid};
use crate::proto::KeeperError;
use crate::proto::multi::MultiOp;
use crate::proto::opcode as op;
use crate::proto::request::Request;
use crate::proto::txn::{Txn, TxnDigest, TxnHeader, TxnRecord};
use crate::session::Check;
use crate::tree::digest::DIGEST_VERSION;
use crate::tree::{self, Caller, Image, Terms, WriteOp};
use crate::wire::{DecodeError, Encode, Reader};
use crate::zab::Forward;
use crate::zab::Rules;
use alloc::collections::VecDeque;

/// What a leader has proposed and not committed.
///
/// Invariant: `image`, if there is one, is the committed version with `records` applied to it; if
/// there is none, there are no records.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    /// Kept while writes come, so that two versions are made that change in place.
    image: Option<Image>,
    /// Oldest first.
    records: VecDeque<TxnRecord>,
}

impl Ahead {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The transaction of `zxid`, if that is the oldest.
    pub(super) fn take(&mut self, zxid: Zxid) -> Option<TxnRecord> {
        let is_next = self.records.front().is_some_and(|oldest| oldest.header.zxid == zxid);
        if is_next { self.records.pop_front() } else { None }
    }

    /// Without proposals the version ahead is the committed one: it need not be kept twice.
    fn forget_copy(&mut self) {
        if self.records.is_empty() {
            self.image = None;
        }
    }
}

impl<R: Rules> Server<R> {
    /// A write of a client of `from`: becomes a transaction, whatever it is. A learner waits for
    /// one transaction for each request that it forwarded.
    pub(super) fn prepare(&mut self, now: Now, from: Sid, forward: &Forward, out: &mut Effects<R>) {
        let newest = self.take_newest();
        let judged = self.judge(&newest, from, forward);
        if forward.op == op::CLOSE_SESSION && judged.is_ok() {
            self.tracker.set_closing(forward.session);
        }
        self.propose(now, newest, forward.session, forward.cxid, judged, out);
    }

    /// The tree with everything that is proposed. Taken out, so that it has one owner and changes
    /// in place; [`Self::propose`] or [`Self::put_newest`] takes it back.
    pub(super) fn take_newest(&mut self) -> Image {
        self.ahead.image.take().unwrap_or_else(|| self.image.clone())
    }

    /// Takes back what [`Self::take_newest`] gave.
    pub(super) fn put_newest(&mut self, image: Image) {
        self.ahead.image = Some(image);
    }

    fn judge(&mut self, image: &Image, from: Sid, forward: &Forward) -> Result<Txn, KeeperError> {
        let session = forward.session;
        if forward.op == op::CREATE_SESSION {
            let timeout_ms = Reader::new(forward.body.clone()).i32();
            let timeout_ms = timeout_ms.map_err(|_| KeeperError::MarshallingError)?;
            self.tracker.add(session, timeout_ms, Some(from));
            return Ok(Txn::CreateSession { timeout_ms });
        }
        // closeSession is not owner-checked: expiry has no owner.
        let moved = match self.tracker.check(session, from) {
            Check::Valid => None,
            Check::Expired => return Err(KeeperError::SessionExpired),
            Check::Moved if forward.op == op::CLOSE_SESSION => None,
            Check::Moved => return Err(KeeperError::SessionMoved),
        };
        let ids = forward.ids.as_deref().unwrap_or_default();
        let caller = Caller { session, ids, session_error: moved };
        let write = read_write(forward)?;
        tree::prepare(image, &caller, &write, &self.config.rules)
    }

    /// Proposes what was judged on `image`, an `error` transaction if it was refused.
    pub(super) fn propose(
        &mut self,
        now: Now,
        mut image: Image,
        session: SessionId,
        cxid: Cxid,
        judged: Result<Txn, KeeperError>,
        out: &mut Effects<R>,
    ) {
        let Some(zxid) = self.peer.next_zxid() else { return };
        let txn = judged.unwrap_or_else(|error| {
            out.push(Effect::Note(Note::Refused { zxid, error }));
            Txn::Error { code: error.code() }
        });
        // Behind a closeSession without its list a digest would be read as that list.
        let bare = matches!(txn, Txn::Error { .. } | Txn::CloseSession { paths: None });
        let kind = txn.kind();
        let header = TxnHeader { session, cxid, zxid, time_ms: now.wall_ms, kind };
        let mut record = TxnRecord { header, txn, digest: None };
        image.apply_on(&record, Terms::AHEAD);
        if !bare {
            record.digest = Some(TxnDigest { version: DIGEST_VERSION, tree: image.tree.digest() });
        }
        let payload: Payload = record.to_bytes();
        self.put_newest(image);
        self.ahead.records.push_back(record);
        self.with_peer(now, out, |peer, outs| peer.propose(zxid, payload, outs));
    }

    // --- session time --------------------------------------------------------------------

    /// A tick of session time at the leader.
    pub(super) fn on_session_tick(&mut self, now: Now, out: &mut Effects<R>) {
        if !self.is_leader() {
            return;
        }
        out.push(Effect::SetTimer(super::message::Timer::SessionTick, self.config.zab.tick_ms));
        for session in self.tracker.on_tick() {
            out.push(Effect::Note(Note::Expired(session)));
            self.expire(now, session, out);
        }
        self.reap_on_tick(now, out);
        self.ahead.forget_copy();
    }

    /// Closes a session without its client (`Call::ExpireSession` does so at once).
    pub(super) fn expire(&mut self, now: Now, session: SessionId, out: &mut Effects<R>) {
        if !self.is_leader() || self.tracker.ticks_left(session).is_none() {
            return;
        }
        let close = Forward {
            session,
            cxid: Cxid(0),
            op: op::CLOSE_SESSION,
            body: bytes::Bytes::new(),
            ids: None,
        };
        let me = self.config.zab.me;
        self.prepare(now, me, &close, out);
    }
}

/// Decodes the record of a write.
fn read_write(forward: &Forward) -> Result<WriteOp, KeeperError> {
    if forward.op == op::CLOSE_SESSION {
        return Ok(WriteOp::CloseSession);
    }
    let decoded = Request::decode(forward.op, &mut Reader::new(forward.body.clone()));
    match decoded {
        Ok(Request::Create(create)) => Ok(WriteOp::Create(create)),
        Ok(Request::Delete { path, version }) => Ok(WriteOp::Delete { path, version }),
        Ok(Request::SetData { path, data, version }) => {
            Ok(WriteOp::SetData { path, data, version })
        }
        Ok(Request::SetAcl { path, acl, version }) => Ok(WriteOp::SetAcl { path, acl, version }),
        Ok(Request::Multi(ops)) => Ok(WriteOp::Multi(ops.into_iter().map(multi_op).collect())),
        Ok(Request::Reconfig { .. }) => Err(KeeperError::ReconfigDisabled),
        // A null path: Java's setData and setACL validate it, the others fail to read it.
        Err(DecodeError::Null) if matches!(forward.op, op::SET_DATA | op::SET_ACL) => {
            Err(KeeperError::BadArguments)
        }
        Ok(_) | Err(_) => Err(KeeperError::MarshallingError),
    }
}

fn multi_op(op: MultiOp) -> WriteOp {
    match op {
        MultiOp::Create(create) => WriteOp::Create(create),
        MultiOp::Delete { path, version } => WriteOp::Delete { path, version },
        MultiOp::SetData { path, data, version } => WriteOp::SetData { path, data, version },
        MultiOp::Check { path, version } => WriteOp::Check { path, version },
    }
}
