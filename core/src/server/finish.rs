//! A committed transaction is applied, watches fire, and its client is answered
//! (Java: `FinalRequestProcessor`, `DataTree.processTxn`).
//!
//! The order on a connection is: events of the transaction, then the reply to the request that
//! caused it, then reads that waited. So a client that watches a znode never sees its new state
//! before the event, and sees the event of its own write before the reply.

use super::connection::{Stage, Waiting};
use super::message::{Closed, Note, Payload};
use super::server::{Effects, Server};
use crate::base::{Conn, Cxid, Effect, Zxid};
use crate::proto::KeeperError;
use crate::proto::client::ToClient;
use crate::proto::data::perms;
use crate::proto::multi::MultiResult;
use crate::proto::opcode as op;
use crate::proto::reply::Reply;
use crate::proto::txn::{CreateKind, Txn, TxnHeader, TxnRecord};
use crate::proto::watch::{KeeperState, WatcherEvent};
use crate::tree::digest::DIGEST_VERSION;
use crate::tree::{Applied, Change, ChangeKind, Terms, TxnResult};
use crate::watch::{Notice, Subject, ZnodeEvent};
use crate::zab::Entry;
use crate::zab::Rules;
use alloc::vec::Vec;

impl<R: Rules> Server<R> {
    /// Applies the next transaction of the order.
    pub(super) fn deliver(&mut self, entry: Entry<Payload>, out: &mut Effects<R>) {
        let (zxid, bytes) = (entry.zxid, entry.payload.len());
        let (record, prepared) = if let Some(record) = self.ahead.take(zxid) {
            (record, true)
        } else {
            let read = self.take_proposed(&entry);
            let Some(record) = read.or_else(|| TxnRecord::from_all(entry.payload).ok()) else {
                // It is committed, so every other server has it too: going on without it would
                // be another history.
                out.push(Effect::Halt("a committed transaction cannot be read"));
                return;
            };
            (record, false)
        };
        let told = !self.watches.is_empty();
        let applied = self.image.apply_on(&record, Terms { told, prepared });
        self.check_digest(&record, out);
        self.fire_watches(zxid, &applied.changes, out);
        self.finish_sessions(&record, out);
        self.answer_write(&record, applied, out);
        self.release_syncs(zxid, out);
        self.count_txn(bytes, out);
    }

    fn check_digest(&self, record: &TxnRecord, out: &mut Effects<R>) {
        let own = self.image.tree.digest();
        let differs = record
            .digest
            .is_some_and(|digest| digest.version == DIGEST_VERSION && digest.tree != own);
        if differs {
            out.push(Effect::Note(Note::DigestMismatch(record.header.zxid)));
        }
    }

    // --- watches -------------------------------------------------------------------------

    fn fire_watches(&mut self, zxid: Zxid, changes: &[Change], out: &mut Effects<R>) {
        for change in changes {
            let (conns, rules) = (&self.conns, &self.config.rules);
            let may_read = |conn: Conn, subject: Subject| {
                let list = match subject {
                    Subject::Node => change.acl.as_deref(),
                    Subject::Parent => change.parent_acl.as_deref(),
                };
                conns.get(&conn).is_some_and(|found| rules.allow(list, perms::READ, &found.ids))
            };
            let event = match change.kind {
                ChangeKind::Created => ZnodeEvent::Created,
                ChangeKind::Deleted => ZnodeEvent::Deleted,
                ChangeKind::DataChanged => ZnodeEvent::DataChanged,
            };
            for notice in self.watches.fire(event, &change.path, may_read) {
                out.push(Effect::Note(Note::WatchFired { conn: notice.conn, zxid }));
                self.send_event(zxid, notice, out);
            }
        }
    }

    /// Tells a connection of a change.
    pub(super) fn send_event(&self, zxid: Zxid, notice: Notice, out: &mut Effects<R>) {
        let event = WatcherEvent {
            kind: notice.event,
            state: KeeperState::SyncConnected,
            path: (&*notice.path).into(),
        };
        self.send(notice.conn, ToClient::Event { zxid, event }, out);
    }

    // --- sessions ------------------------------------------------------------------------

    fn finish_sessions(&mut self, record: &TxnRecord, out: &mut Effects<R>) {
        let session = record.header.session;
        match &record.txn {
            Txn::CreateSession { timeout_ms } => {
                if self.is_leader() {
                    self.tracker.add(session, *timeout_ms, None);
                }
                let attaching = self.attached.get(&session).copied().filter(|conn| {
                    self.conns.get(conn).is_some_and(|found| found.stage == Stage::Attaching)
                });
                if let Some(conn) = attaching {
                    self.finish_session(conn, out);
                }
            }
            Txn::CloseSession { .. } => {
                self.tracker.remove(session);
                self.touched.remove(&session);
                self.in_flight -= self.unclaimed.forget(session);
                // A client that asked for it is answered first. If it asked on another connection
                // that it had before this one, or did not ask, this one just ends.
                if let Some(conn) = self.attached.get(&session).copied()
                    && !self.waits_for_close(conn, record.header.cxid)
                {
                    self.close(conn, Closed::SessionOver, out);
                }
            }
            Txn::Error { .. }
            | Txn::Create(_)
            | Txn::Delete { .. }
            | Txn::SetData { .. }
            | Txn::SetAcl { .. }
            | Txn::Check { .. }
            | Txn::Multi(_) => {}
        }
    }

    fn waits_for_close(&self, conn: Conn, cxid: Cxid) -> bool {
        let own = Waiting::Write { cxid, op: op::CLOSE_SESSION };
        self.conns.get(&conn).is_some_and(|connection| connection.queue.contains(&own))
    }

    // --- replies -------------------------------------------------------------------------

    /// Answers the client of this transaction, if it is connected here and this is the write at
    /// the head of its queue.
    fn answer_write(&mut self, record: &TxnRecord, applied: Applied, out: &mut Effects<R>) {
        let TxnHeader { session, cxid, zxid, .. } = record.header;
        let settled = self.unclaimed.settle(session, cxid);
        if settled > 0 {
            self.in_flight -= settled;
            return;
        }
        let Some(conn) = self.attached.get(&session).copied() else { return };
        let Some(connection) = self.conns.get(&conn) else { return };
        let asked = match connection.queue.front() {
            Some(Waiting::Write { cxid: asked, op }) if *asked == cxid => *op,
            Some(Waiting::Write { .. } | Waiting::Sync { .. } | Waiting::Read { .. }) | None => {
                return;
            }
        };
        self.dequeue(conn);
        let answer = reply_of(asked, record, applied.result);
        match answer {
            // The client has another connection by now; this one learns it by its end.
            Err(KeeperError::SessionMoved) => {
                self.close(conn, Closed::Moved, out);
                return;
            }
            Err(KeeperError::SessionExpired) => {
                self.close(conn, Closed::SessionOver, out);
                return;
            }
            answer => self.reply(conn, cxid.0, zxid, answer, out),
        }
        if asked == op::CLOSE_SESSION {
            self.close(conn, Closed::Finished, out);
        } else {
            self.drain(conn, out);
        }
    }
}

/// The reply to a request with opcode `asked`.
fn reply_of(asked: i32, record: &TxnRecord, result: TxnResult) -> Result<Reply, KeeperError> {
    match result {
        TxnResult::Created { path, stat } => {
            Ok(if asked == op::CREATE { Reply::Path(path) } else { Reply::PathStat { path, stat } })
        }
        TxnResult::DataSet { stat } | TxnResult::AclSet { stat } => Ok(Reply::Stat(stat)),
        TxnResult::Multi(results) => Ok(Reply::Multi(multi_results(&record.txn, results))),
        TxnResult::Deleted
        | TxnResult::Checked
        | TxnResult::SessionCreated { .. }
        | TxnResult::SessionClosed => Ok(Reply::Empty),
        TxnResult::Error { code } => match KeeperError::from_code(code) {
            Some(error) => Err(error),
            None => Err(KeeperError::MarshallingError),
        },
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn multi_results(txn: &Txn, results: Vec<TxnResult>) -> Vec<MultiResult> {
    let none = Vec::new();
    let subs = if let Txn::Multi(subs) = txn { subs } else { &none };
    results
        .into_iter()
        .zip(subs)
        .map(|(result, sub)| match result {
            TxnResult::Created { path, stat } => {
                if answers_path_only(sub) {
                    MultiResult::Create { path }
                } else {
                    MultiResult::Create2 { path, stat }
                }
            }
            TxnResult::DataSet { stat } | TxnResult::AclSet { stat } => {
                MultiResult::SetData { stat }
            }
            TxnResult::Deleted | TxnResult::SessionClosed => MultiResult::Delete,
            TxnResult::Checked | TxnResult::SessionCreated { .. } | TxnResult::Multi(_) => {
                MultiResult::Check
            }
            TxnResult::Error { code } => MultiResult::Error { code },
        })
        .collect()
}

/// Of the creates in a multi only type 1 is answered with the path alone.
fn answers_path_only(sub: &Txn) -> bool {
    matches!(
        sub,
        Txn::Create(create) if matches!(create.kind, CreateKind::Plain { with_stat: false, .. })
    )
}
