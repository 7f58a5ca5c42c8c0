//! Requests of a connection, in order (Java: `FollowerRequestProcessor`, `CommitProcessor`).
//!
//! Each connection has a queue. A write waits there for its transaction; whatever comes behind it
//! waits for it, so replies keep the order of requests. Other connections do not wait.

use super::auth::{add_ids, authenticate};
use super::connection::{Stage, Waiting};
use super::message::Closed;
use super::server::{Effects, Server};
use crate::base::limits::{OUTSTANDING_REQUESTS_MAX, REQUESTS_PER_CONN_MAX};
use crate::base::{Conn, Cxid, Effect, Link, Now, Zxid};
use crate::proto::client::{ToClient, ToServer};
use crate::proto::opcode as op;
use crate::proto::reply::{Reply, ReplyHeader, xid};
use crate::proto::request::{Request, RequestHeader};
use crate::proto::{Id, KeeperError};
use crate::wire::{Encode, Reader};
use crate::zab::Forward;
use crate::zab::Rules;
use bytes::Bytes;

impl<R: Rules> Server<R> {
    /// A message of a client.
    pub(super) fn on_client(&mut self, now: Now, conn: Conn, msg: ToServer, out: &mut Effects<R>) {
        let Some(connection) = self.conns.get(&conn) else { return };
        match (connection.stage, msg) {
            (Stage::Fresh, ToServer::Connect(request)) => {
                self.on_connect(now, conn, &request, out);
            }
            (Stage::Ready, ToServer::Request { header, body }) => {
                self.touch(conn);
                self.on_request(now, conn, header, body, out);
            }
            (Stage::Fresh | Stage::Attaching | Stage::Ready, _) => {
                self.close(conn, Closed::Protocol, out);
            }
        }
    }

    /// Any request keeps the session alive, reads and pings too.
    fn touch(&mut self, conn: Conn) {
        let Some(connection) = self.conns.get(&conn) else { return };
        let (session, timeout_ms) = (connection.session, connection.timeout_ms);
        if self.is_leader() {
            self.tracker.touch(session, timeout_ms);
        } else {
            self.touched.insert(session, timeout_ms);
        }
    }

    fn on_request(
        &mut self,
        now: Now,
        conn: Conn,
        header: RequestHeader,
        body: Bytes,
        out: &mut Effects<R>,
    ) {
        let opens = matches!(header.op, op::AUTH | op::SASL);
        if !opens && !self.is_authenticated(conn) {
            let refused = Err(KeeperError::SessionClosedRequireAuth);
            self.reply(conn, header.xid, Zxid::ZERO, refused, out);
            self.close(conn, Closed::AuthMissing, out);
            return;
        }
        match header.op {
            op::PING => self.reply(conn, xid::PING, self.last_processed(), Ok(Reply::Empty), out),
            op::AUTH => self.on_auth(conn, header, body, out),
            // Without SASL a null token tells the client to go on without.
            op::SASL => self.enqueue_read(conn, header, Request::Sasl { token: None }, out),
            op::CREATE
            | op::CREATE2
            | op::CREATE_CONTAINER
            | op::CREATE_TTL
            | op::DELETE
            | op::SET_DATA
            | op::SET_ACL
            | op::RECONFIG
            | op::MULTI
            | op::CLOSE_SESSION => self.on_write(now, conn, header, body, out),
            op::SYNC => self.on_sync_request(now, conn, header, body, out),
            _ => self.on_read(conn, header, body, out),
        }
    }

    /// Has the connection an identity of a scheme that this server demands
    /// (Java: `AuthenticationHelper`)?
    fn is_authenticated(&self, conn: Conn) -> bool {
        let demanded = &self.config.enforced_schemes;
        let is_demanded = |id: &Id| demanded.iter().any(|scheme| *scheme == id.scheme.to_str());
        demanded.is_empty()
            || self.conns.get(&conn).is_some_and(|found| found.ids.iter().any(is_demanded))
    }

    // --- writes --------------------------------------------------------------------------

    fn on_write(
        &mut self,
        now: Now,
        conn: Conn,
        header: RequestHeader,
        body: Bytes,
        out: &mut Effects<R>,
    ) {
        let cxid = Cxid(header.xid);
        self.enqueue(conn, Waiting::Write { cxid, op: header.op }, out);
        if let Some(forward) = self.forward_of(conn, header, body) {
            self.hand_to_leader(now, forward, out);
        }
    }

    fn forward_of(&self, conn: Conn, header: RequestHeader, body: Bytes) -> Option<Forward> {
        let connection = self.conns.get(&conn)?;
        Some(Forward {
            session: connection.session,
            cxid: Cxid(header.xid),
            op: header.op,
            body,
            ids: Some(connection.ids.clone()),
        })
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn on_sync_request(
        &mut self,
        now: Now,
        conn: Conn,
        header: RequestHeader,
        body: Bytes,
        out: &mut Effects<R>,
    ) {
        let decoded = Request::decode(op::SYNC, &mut Reader::new(body.clone()));
        let Ok(Request::Sync { path }) = decoded else {
            self.enqueue_read_error(conn, header, out);
            return;
        };
        if self.is_leader() {
            // Like a read: it waits for the session's own writes, and everything committed is
            // applied here.
            self.enqueue_read(conn, header, Request::Sync { path }, out);
            return;
        }
        let cxid = Cxid(header.xid);
        self.enqueue(conn, Waiting::Sync { cxid, path, done: false }, out);
        self.syncs.push_back(conn);
        if let Some(forward) = self.forward_of(conn, header, body) {
            self.hand_to_leader(now, forward, out);
        }
    }

    /// SYNC came: it answers the oldest sync that was forwarded.
    pub(super) fn on_synced(&mut self, out: &mut Effects<R>) {
        let Some(conn) = self.syncs.pop_front() else { return };
        let Some(connection) = self.conns.get_mut(&conn) else {
            self.in_flight -= 1;
            return;
        };
        let open = connection.queue.iter_mut().find_map(|waiting| match waiting {
            Waiting::Sync { done, .. } if !*done => Some(done),
            Waiting::Sync { .. } | Waiting::Write { .. } | Waiting::Read { .. } => None,
        });
        if let Some(done) = open {
            *done = true;
        }
        self.drain(conn, out);
    }

    // --- reads ---------------------------------------------------------------------------

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn on_read(&mut self, conn: Conn, header: RequestHeader, body: Bytes, out: &mut Effects<R>) {
        match Request::decode(header.op, &mut Reader::new(body)) {
            Ok(
                Request::Check { .. }
                | Request::Create(_)
                | Request::Delete { .. }
                | Request::SetData { .. }
                | Request::SetAcl { .. }
                | Request::Multi(_)
                | Request::Reconfig { .. }
                | Request::CloseSession,
            ) => self.refuse_opcode(conn, header, out),
            Ok(request) => self.enqueue_read(conn, header, request, out),
            Err(crate::wire::DecodeError::Unknown { what: "opcode", .. }) => {
                self.refuse_opcode(conn, header, out);
            }
            Err(_) => self.enqueue_read_error(conn, header, out),
        }
    }

    fn enqueue_read(
        &mut self,
        conn: Conn,
        header: RequestHeader,
        request: Request,
        out: &mut Effects<R>,
    ) {
        self.enqueue(conn, Waiting::Read { cxid: Cxid(header.xid), request }, out);
        self.drain(conn, out);
    }

    /// A record that cannot be read keeps its place in the order too.
    fn enqueue_read_error(&mut self, conn: Conn, header: RequestHeader, out: &mut Effects<R>) {
        let malformed = Request::AddWatch { path: "".into(), mode: -1 };
        self.enqueue_read(conn, header, malformed, out);
    }

    /// An opcode that no client may send: the answer has no zxid, and the connection ends.
    fn refuse_opcode(&mut self, conn: Conn, header: RequestHeader, out: &mut Effects<R>) {
        self.reply(conn, header.xid, Zxid(-1), Err(KeeperError::Unimplemented), out);
        self.close(conn, Closed::UnknownOpcode, out);
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn on_auth(&mut self, conn: Conn, header: RequestHeader, body: Bytes, out: &mut Effects<R>) {
        let super_digest = self.config.super_digest.as_deref();
        let added = match Request::decode(header.op, &mut Reader::new(body)) {
            Ok(Request::Auth { scheme, auth, .. }) => self.conns.get(&conn).and_then(|found| {
                let auth = auth.unwrap_or_default();
                authenticate(&scheme.to_str(), &auth, &found.ids, super_digest)
            }),
            Ok(_) | Err(_) => None,
        };
        let fits = added.is_some_and(|added| {
            self.conns.get_mut(&conn).is_some_and(|found| add_ids(&mut found.ids, added))
        });
        if !fits {
            self.reply(conn, header.xid, Zxid::ZERO, Err(KeeperError::AuthFailed), out);
            self.close(conn, Closed::AuthFailed, out);
            return;
        }
        self.reply(conn, header.xid, Zxid::ZERO, Ok(Reply::Empty), out);
    }

    // --- the queue -----------------------------------------------------------------------

    fn enqueue(&mut self, conn: Conn, waiting: Waiting, out: &mut Effects<R>) {
        let Some(connection) = self.conns.get_mut(&conn) else { return };
        self.in_flight += usize::from(waiting.is_in_flight());
        connection.queue.push_back(waiting);
        let too_many = self.in_flight >= OUTSTANDING_REQUESTS_MAX;
        if (too_many || connection.queue.len() >= REQUESTS_PER_CONN_MAX) && !connection.paused {
            connection.paused = true;
            out.push(Effect::Pause(Link::Client(conn)));
            if too_many {
                self.throttled.insert(conn);
            }
        }
    }

    /// Takes the head of a connection's queue.
    pub(super) fn dequeue(&mut self, conn: Conn) -> Option<Waiting> {
        let waiting = self.conns.get_mut(&conn)?.queue.pop_front()?;
        self.in_flight -= usize::from(waiting.is_in_flight());
        Some(waiting)
    }

    /// Answers what stands at the head of the queue and waits for nothing any more.
    pub(super) fn drain(&mut self, conn: Conn, out: &mut Effects<R>) {
        while let Some(connection) = self.conns.get_mut(&conn) {
            match connection.queue.front() {
                Some(Waiting::Read { .. } | Waiting::Sync { done: true, .. }) => {}
                Some(Waiting::Write { .. } | Waiting::Sync { done: false, .. }) | None => break,
            }
            match self.dequeue(conn) {
                Some(Waiting::Read { cxid, request }) => self.answer_read(conn, cxid, request, out),
                Some(Waiting::Sync { cxid, path, .. }) => {
                    self.reply(conn, cxid.0, self.last_processed(), Ok(Reply::Path(path)), out);
                }
                Some(Waiting::Write { .. }) | None => {}
            }
        }
        self.resume(conn, out);
    }

    /// With room in the pipeline again, the connections that filled it are read on.
    pub(super) fn resume_throttled(&mut self, out: &mut Effects<R>) {
        while self.in_flight < OUTSTANDING_REQUESTS_MAX / 2
            && let Some(conn) = self.throttled.pop_first()
        {
            self.resume(conn, out);
        }
    }

    fn resume(&mut self, conn: Conn, out: &mut Effects<R>) {
        let Some(connection) = self.conns.get_mut(&conn) else { return };
        if connection.paused
            && connection.stage == Stage::Ready
            && connection.queue.len() < REQUESTS_PER_CONN_MAX / 2
            && !self.throttled.contains(&conn)
        {
            connection.paused = false;
            out.push(Effect::Resume(Link::Client(conn)));
        }
    }

    /// Sends an answer. An error has no record.
    pub(super) fn reply(
        &self,
        conn: Conn,
        xid: i32,
        zxid: Zxid,
        answer: Result<Reply, KeeperError>,
        out: &mut Effects<R>,
    ) {
        let (err, body) = match answer {
            Ok(reply) => (0, reply.to_bytes()),
            Err(error) => (error.code(), Bytes::new()),
        };
        let header = ReplyHeader { xid, zxid, err };
        self.send(conn, ToClient::Reply { header, body }, out);
    }

    /// The zxid that answers carry: the last transaction applied here. A new leader that has
    /// committed nothing does not show the start of its epoch, as Java does: its followers, which
    /// have not seen that zxid, would refuse the client until the next write.
    pub(super) fn last_processed(&self) -> Zxid {
        self.image.zxid
    }
}
