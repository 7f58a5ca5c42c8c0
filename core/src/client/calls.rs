//! Requests and their answers (Java: `ClientCnxn.queuePacket`, `SendThread.readResponse`).
//!
//! A server answers a connection in the order of its requests, so the oldest request without
//! answer is the one that the next reply is for; another number in it means that one side is
//! broken. Pings and authentications have numbers of their own and stand outside this order.

use super::message::{CallId, Lost, Note, Reply, State};
use super::session::{Client, Effects};
use super::watches::Change;
use crate::base::limits::{CLIENT_AUTHS_MAX, CLIENT_CALLS_MAX, CLIENT_WATCHES_MAX};
use crate::base::{Effect, Zxid};
use crate::proto::KeeperError;
use crate::proto::client::ToServer;
use crate::proto::opcode as op;
use crate::proto::reply::{self, ReplyHeader, xid};
use crate::proto::request::{Request, RequestHeader};
use crate::proto::watch::WatcherEvent;
use crate::wire::{Encode, Reader};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;

/// Requests of one client.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// Number of the last request; the first is 1.
    xid: i32,
    /// For the next connection, oldest first.
    waiting: VecDeque<(CallId, Request)>,
    /// Sent and not answered, oldest first.
    sent: VecDeque<Sent>,
    /// Repeated on every connection.
    auths: Vec<Auth>,
    /// Places in `auths` of those that were sent and not answered, oldest first.
    auths_sent: VecDeque<usize>,
    closing: bool,
}

/// A request without answer.
#[derive(Clone, Debug)]
struct Sent {
    xid: i32,
    op: i32,
    what: What,
}

/// Why it was sent.
#[derive(Clone, Debug)]
enum What {
    /// The owner asked.
    Call(CallId, Change),
    /// One of the packets that set the watches again; true for the last.
    Rewatch(bool),
    Close,
}

/// An authentication. Its owner is told once, by the first server that answers.
#[derive(Clone, Debug)]
struct Auth {
    request: Request,
    call: Option<CallId>,
}

/// An answer that no server gave.
fn done(id: CallId, error: KeeperError, out: &mut Effects) {
    out.push(Effect::Reply(Reply::Done { id, zxid: Zxid::ZERO, result: Err(error) }));
}

impl Calls {
    pub(super) fn outstanding(&self) -> usize {
        self.sent.len()
    }

    pub(super) fn asked(&self, xid: i32) -> Option<i32> {
        self.sent.iter().find(|sent| sent.xid == xid).map(|sent| sent.op)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// The connection broke: nobody knows what became of what was sent.
    pub(super) fn lose(&mut self, out: &mut Effects) {
        self.auths_sent.clear();
        for sent in self.sent.drain(..) {
            if let What::Call(id, _) = sent.what {
                done(id, KeeperError::ConnectionLoss, out);
            }
        }
    }

    /// The session is over in this state: nothing will be asked or answered any more.
    pub(super) fn end(&mut self, state: State, out: &mut Effects) {
        let error = error_of(state);
        let sent = self.sent.drain(..).filter_map(|sent| match sent.what {
            What::Call(id, _) => Some(id),
            What::Rewatch(_) | What::Close => None,
        });
        for id in sent.chain(self.waiting.drain(..).map(|(id, _)| id)) {
            done(id, error, out);
        }
        for auth in &mut self.auths {
            if let Some(id) = auth.call.take() {
                done(id, error, out);
            }
        }
        self.auths_sent.clear();
        self.closing = false;
        self.xid = 0;
    }

    fn next_xid(&mut self) -> i32 {
        // Negative numbers have meanings of their own.
        self.xid = if self.xid == i32::MAX { 1 } else { self.xid + 1 };
        self.xid
    }
}

/// What a request is answered with in a state without a session.
const fn error_of(state: State) -> KeeperError {
    match state {
        State::AuthFailed => KeeperError::AuthFailed,
        State::Connecting | State::Connected | State::Expired | State::Closed => {
            KeeperError::SessionExpired
        }
    }
}

impl Client {
    // --- asking --------------------------------------------------------------------------

    pub(super) fn request(&mut self, id: CallId, request: Request, out: &mut Effects) {
        if let Some(error) = self.refusal(&request) {
            done(id, error, out);
            return;
        }
        if let Request::Auth { .. } = request {
            self.authenticate(id, request, out);
        } else if self.state == State::Connected {
            self.ask(id, &request, out);
        } else {
            self.calls.waiting.push_back((id, request));
        }
    }

    fn refusal(&self, request: &Request) -> Option<KeeperError> {
        if !self.state.is_alive() || self.calls.closing {
            return Some(error_of(self.state));
        }
        let full = self.calls.waiting.len() + self.calls.sent.len() >= CLIENT_CALLS_MAX
            || self.watches.len() + self.calls.sent.len() >= CLIENT_WATCHES_MAX
                && Change::of(request).adds()
            || self.calls.auths.len() >= CLIENT_AUTHS_MAX
                && matches!(request, Request::Auth { .. });
        if full {
            return Some(KeeperError::ThrottledOp);
        }
        match request {
            Request::Ping
            | Request::SetWatches(_)
            | Request::SetWatches2 { .. }
            | Request::CloseSession => Some(KeeperError::BadArguments),
            Request::Check { .. } => Some(KeeperError::Unimplemented),
            _ => None,
        }
    }

    fn ask(&mut self, id: CallId, request: &Request, out: &mut Effects) {
        let change = Change::of(request);
        self.transmit(What::Call(id, change), request, out);
    }

    fn transmit(&mut self, what: What, request: &Request, out: &mut Effects) {
        let (xid, op) = (self.calls.next_xid(), request.op());
        self.calls.sent.push_back(Sent { xid, op, what });
        let header = RequestHeader { xid, op };
        self.send(ToServer::Request { header, body: request.to_bytes() }, out);
    }

    pub(super) fn send_ping(&self, out: &mut Effects) {
        let header = RequestHeader { xid: xid::PING, op: op::PING };
        self.send(ToServer::Request { header, body: Bytes::new() }, out);
    }

    pub(super) fn send_close(&mut self, out: &mut Effects) {
        if !self.calls.closing {
            self.calls.closing = true;
            self.transmit(What::Close, &Request::CloseSession, out);
        }
    }

    fn authenticate(&mut self, id: CallId, request: Request, out: &mut Effects) {
        self.calls.auths.push(Auth { request, call: Some(id) });
        if self.state == State::Connected {
            self.send_auth(self.calls.auths.len() - 1, out);
        }
    }

    fn send_auth(&mut self, place: usize, out: &mut Effects) {
        let Some(auth) = self.calls.auths.get(place) else { return };
        let header = RequestHeader { xid: xid::AUTH, op: op::AUTH };
        let body = auth.request.to_bytes();
        self.calls.auths_sent.push_back(place);
        self.send(ToServer::Request { header, body }, out);
    }

    /// A new connection: who this is, what it watches, what it wants, in this order. Watches are
    /// set with the rights of the identity, and before a read could show a change unannounced.
    pub(super) fn resume(&mut self, out: &mut Effects) {
        for place in 0..self.calls.auths.len() {
            self.send_auth(place, out);
        }
        self.rewatch(out);
        while let Some((id, request)) = self.calls.waiting.pop_front() {
            self.ask(id, &request, out);
        }
    }

    /// The zxid to compare with stays the same until a server has seen all packets: the answer to
    /// the first one is later than what happened to the watches in the second.
    fn rewatch(&mut self, out: &mut Effects) {
        let from = self.rewatch_from.unwrap_or(self.last_zxid);
        let packets = self.watches.requests(from);
        if packets.is_empty() {
            self.rewatch_from = None;
            return;
        }
        self.rewatch_from = Some(from);
        out.push(Effect::Note(Note::Rewatched {
            watches: u32::try_from(self.watches.len()).unwrap_or(u32::MAX),
            packets: u32::try_from(packets.len()).unwrap_or(u32::MAX),
        }));
        let last = packets.len() - 1;
        for (number, packet) in packets.iter().enumerate() {
            self.transmit(What::Rewatch(number == last), packet, out);
        }
    }

    // --- answers -------------------------------------------------------------------------

    pub(super) fn on_reply(&mut self, header: ReplyHeader, body: Bytes, out: &mut Effects) {
        match header.xid {
            xid::PING => self.server_is_good(),
            xid::AUTH => self.on_auth_reply(header, out),
            _ => self.on_answer(header, body, out),
        }
    }

    fn on_answer(&mut self, header: ReplyHeader, body: Bytes, out: &mut Effects) {
        let expected = self.calls.sent.front();
        let Some(decoded) = expected.and_then(|sent| decode(sent, header, body)) else {
            self.lose(Lost::Protocol, out);
            return;
        };
        let Some(Sent { what, .. }) = self.calls.sent.pop_front() else { return };
        self.server_is_good();
        self.last_zxid = self.last_zxid.max(header.zxid);
        match what {
            What::Call(id, change) => {
                self.watches.apply(change, &decoded);
                let zxid = header.zxid;
                out.push(Effect::Reply(Reply::Done { id, zxid, result: decoded }));
            }
            What::Rewatch(last) => {
                if last {
                    self.rewatch_from = None;
                }
            }
            What::Close => self.end(State::Closed, out),
        }
    }

    fn on_auth_reply(&mut self, header: ReplyHeader, out: &mut Effects) {
        let Some(place) = self.calls.auths_sent.pop_front() else {
            self.lose(Lost::Protocol, out);
            return;
        };
        self.server_is_good();
        if header.err != 0 {
            // The end answers its call. It must not spoil the next session too.
            self.end(State::AuthFailed, out);
            self.calls.auths.remove(place);
        } else if let Some(id) = self.calls.auths.get_mut(place).and_then(|auth| auth.call.take()) {
            let result = Ok(reply::Reply::Empty);
            out.push(Effect::Reply(Reply::Done { id, zxid: header.zxid, result }));
        }
    }

    pub(super) fn on_event(&mut self, zxid: Zxid, event: WatcherEvent, out: &mut Effects) {
        // `last_zxid` stays: other events of the same transaction may be lost with the
        // connection, and a later setWatches has to bring them.
        let effect = if self.watches.fire(&event) {
            Effect::Reply(Reply::Event { zxid, event })
        } else {
            Effect::Note(Note::StrayEvent)
        };
        out.push(effect);
    }
}

/// The answer to `sent`; `None` if it is not one.
fn decode(
    sent: &Sent,
    header: ReplyHeader,
    body: Bytes,
) -> Option<Result<reply::Reply, KeeperError>> {
    if header.xid != sent.xid {
        return None;
    }
    if header.err != 0 {
        // A number that no server of today sends still means that it was refused.
        let error = KeeperError::from_code(header.err).unwrap_or(KeeperError::MarshallingError);
        return Some(Err(error));
    }
    reply::Reply::decode(sent.op, &mut Reader::new(body)).ok().map(Ok)
}
