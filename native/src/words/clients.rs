//! Client connections, one a line (Java: `ServerCnxn.dumpConnectionInfo`).

use crate::stats::answers::{Answers, short_name};
use std::fmt::Write as _;
use std::net::SocketAddr;
use zabscope_core::base::{Conn, SessionId};
use zabscope_core::server::Server;

/// One client connection.
#[derive(Clone, Debug)]
pub struct ClientLine {
    /// Where it comes from.
    pub address: Option<SocketAddr>,
    /// Its name in the engine.
    pub conn: Conn,
    /// When it was accepted, milliseconds since 1970.
    pub since_ms: i64,
    /// When it will be closed if nothing more comes, milliseconds since 1970.
    pub ends_ms: Option<i64>,
    /// Messages from it.
    pub received: u64,
    /// Messages to it.
    pub sent: u64,
    /// Requests without an answer.
    pub waiting: usize,
    /// What is told of its answers.
    pub answers: Answers,
    /// It is the one that asks.
    pub asks: bool,
}

impl ClientLine {
    /// The address as Java prints it.
    pub(super) fn address(&self) -> String {
        self.address.map(|at| format!("/{at}")).unwrap_or_default()
    }

    /// Its session; 0 if there is none.
    pub(super) fn session(&self, server: &Server) -> SessionId {
        server.connections().get(&self.conn).map(|found| found.session()).unwrap_or_default()
    }
}

/// A line for each client, with its session and what is known of its requests, or without.
pub(super) fn lines(server: &Server, clients: &[ClientLine], whole: bool) -> String {
    let mut text = String::new();
    for client in clients {
        // Java shows what it waits for on the socket: nothing more is read from the asker.
        let interest = u8::from(!client.asks);
        let _ = write!(
            text,
            " {}[{interest}](queued={},recved={},sent={}",
            client.address(),
            client.waiting,
            client.received,
            client.sent
        );
        let session = client.session(server);
        if whole && session != SessionId(0) {
            let timeout_ms = server.connections().get(&client.conn).map(|found| found.timeout_ms());
            details(client, session, timeout_ms.unwrap_or(0), &mut text);
        }
        text.push_str(")\n");
    }
    text
}

fn details(client: &ClientLine, session: SessionId, timeout_ms: i32, text: &mut String) {
    let answers = &client.answers;
    let (name, since_ms) = (short_name(answers.op), client.since_ms);
    let _ = write!(text, ",sid={session},lop={name},est={since_ms},to={timeout_ms}");
    if answers.cxid >= 0 {
        let _ = write!(text, ",lcxid=0x{:x}", answers.cxid);
    }
    let took = answers.took.told_ms();
    let _ = write!(
        text,
        ",lzxid=0x{:x},lresp={},llat={},minlat={},avglat={},maxlat={}",
        answers.zxid.0,
        answers.at_ms,
        answers.took_us / 1000,
        took.min,
        took.sum.checked_div(took.count).unwrap_or(0),
        took.max
    );
}
