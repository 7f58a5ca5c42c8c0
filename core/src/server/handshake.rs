//! How a client gets, or gets back, its session (Java: `ZooKeeperServer.processConnectRequest`,
//! `createSession`, `reopenSession`).

use super::connection::Stage;
use super::message::{Closed, Note};
use super::server::{Effects, Server};
use crate::base::{Conn, Cxid, Effect, Link, Now, SessionId};
use crate::proto::client::ToClient;
use crate::proto::connect::{ConnectRequest, ConnectResponse, PASSWORD_BYTES, password};
use crate::proto::opcode as op;
use crate::session::negotiate;
use crate::wire::Writer;
use crate::zab::Rules;
use crate::zab::{Forward, Packet, Touch};
use bytes::Bytes;

impl<R: Rules> Server<R> {
    /// First message of a connection.
    pub(super) fn on_connect(
        &mut self,
        now: Now,
        conn: Conn,
        request: &ConnectRequest,
        out: &mut Effects<R>,
    ) {
        if !self.takes_clients() {
            self.close(conn, Closed::NotServing, out);
            return;
        }
        // The single system image: a client never sees an older state than it has seen.
        if request.last_zxid_seen > self.peer.last_processed() {
            self.close(conn, Closed::ZxidAhead, out);
            return;
        }
        let (min_ms, max_ms) =
            (self.config.session_timeout_min_ms, self.config.session_timeout_max_ms);
        let Some(connection) = self.conns.get_mut(&conn) else { return };
        connection.timeout_ms = negotiate(request.timeout_ms, min_ms, max_ms);
        connection.read_only_byte = request.read_only.is_some();
        connection.stage = Stage::Attaching;
        connection.paused = true;
        // Nothing is read until the session stands: its requests must come behind it.
        out.push(Effect::Pause(Link::Client(conn)));
        if request.session == SessionId(0) {
            self.create_session(now, conn, out);
        } else {
            self.reopen_session(conn, request, out);
        }
    }

    fn create_session(&mut self, now: Now, conn: Conn, out: &mut Effects<R>) {
        let session = self.next_session;
        self.next_session = SessionId(session.0 + 1);
        let Some(connection) = self.conns.get_mut(&conn) else { return };
        connection.session = session;
        let timeout_ms = connection.timeout_ms;
        self.attached.insert(session, conn);
        let mut body = Writer::new();
        body.i32(timeout_ms);
        let forward = Forward {
            session,
            cxid: Cxid(0),
            op: op::CREATE_SESSION,
            body: body.into_bytes(),
            ids: None,
        };
        self.hand_to_leader(now, forward, out);
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn reopen_session(&mut self, conn: Conn, request: &ConnectRequest, out: &mut Effects<R>) {
        let session = request.session;
        // An older connection of the session ends, even if the password turns out wrong.
        if let Some(older) = self.attached.get(&session).copied() {
            self.close(older, Closed::Moved, out);
        }
        if request.password.as_deref() != Some(password(session).as_slice()) {
            self.refuse_session(conn, out);
            return;
        }
        let me = self.config.zab.me;
        let is_leader = self.is_leader();
        let Some(connection) = self.conns.get_mut(&conn) else { return };
        connection.session = session;
        let timeout_ms = connection.timeout_ms;
        self.attached.insert(session, conn);
        if is_leader {
            let valid = self.tracker.reattach(session, timeout_ms, me);
            self.on_revalidated(session, valid, out);
        } else {
            self.send_to_leader(Packet::Revalidate(Touch { session, timeout_ms }), out);
        }
    }

    /// The leader knows the session, or does not.
    pub(super) fn on_revalidated(&mut self, session: SessionId, valid: bool, out: &mut Effects<R>) {
        let Some(conn) = self.attached.get(&session).copied() else { return };
        let attaching =
            self.conns.get(&conn).is_some_and(|connection| connection.stage == Stage::Attaching);
        if !attaching {
            return;
        }
        if valid { self.finish_session(conn, out) } else { self.refuse_session(conn, out) }
    }

    /// The session stands: answer, and read on.
    pub(super) fn finish_session(&mut self, conn: Conn, out: &mut Effects<R>) {
        let Some(connection) = self.conns.get_mut(&conn) else { return };
        connection.stage = Stage::Ready;
        connection.paused = false;
        let session = connection.session;
        let secret: [u8; PASSWORD_BYTES] = password(session);
        let response = ConnectResponse {
            protocol_version: 0,
            timeout_ms: connection.timeout_ms,
            session,
            password: Some(Bytes::copy_from_slice(&secret)),
            read_only: connection.read_only_byte.then_some(false),
        };
        self.touched.insert(session, connection.timeout_ms);
        self.send(conn, ToClient::Connected(response), out);
        out.push(Effect::Resume(Link::Client(conn)));
        out.push(Effect::Note(Note::Attached { session, conn }));
    }

    /// Wrong password, or no such session: the client takes this for the end of its session.
    fn refuse_session(&mut self, conn: Conn, out: &mut Effects<R>) {
        let Some(connection) = self.conns.get(&conn) else { return };
        let byte = connection.read_only_byte.then_some(false);
        self.send(conn, ToClient::Connected(ConnectResponse::expired(byte)), out);
        self.close(conn, Closed::SessionOver, out);
    }
}
