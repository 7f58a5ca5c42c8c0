//! What is counted while messages go by, and told by the four-letter words.

use super::sockets::{Client, Kind, Slot};
use super::{Clock, Driver};
use crate::stats::Stats;
use crate::stats::answers::{Answers, Asked, take_asked};
use crate::store::Measured;
use crate::words::{ClientLine, Subject};
use std::time::Instant;
use zabscope_core::base::{SessionId, Zxid};
use zabscope_core::proto::client::{ToClient, ToServer};
use zabscope_core::proto::opcode as op;
use zabscope_core::server::message::{Packet, Timer, Write};
use zabscope_core::zab::ServerState;

/// Length of a frame, in front of it: not counted as part of a message.
const FRAME_HEAD_BYTES: usize = 4;

/// A client sent this.
pub(super) fn count_received(client: &mut Client, stats: &mut Stats, msg: &ToServer, clock: Clock) {
    client.received += 1;
    stats.counted.received += 1;
    client.input.asked.push_back(match msg {
        ToServer::Connect(request) => {
            stats.counted.connects += 1;
            stats.counted.reconnects += u64::from(request.session != SessionId(0));
            Asked::new(clock.mono, 0, op::CREATE_SESSION)
        }
        ToServer::Request { header, .. } => Asked::new(clock.mono, header.xid, header.op),
    });
}

/// A client is sent this, in so many bytes; `applied` is the last transaction applied here.
pub(super) fn count_sent(
    client: &mut Client,
    stats: &mut Stats,
    msg: &ToClient,
    bytes: usize,
    clock: Clock,
    applied: Zxid,
) {
    client.sent += 1;
    stats.on_sent(msg, bytes.saturating_sub(FRAME_HEAD_BYTES));
    let (xid, zxid, err) = match msg {
        ToClient::Connected(_) => (0, applied, 0),
        ToClient::Reply { header, .. } => (header.xid, header.zxid, header.err),
        ToClient::Event { .. } => return,
    };
    let Some(asked) = take_asked(&mut client.input.asked, xid) else { return };
    // No operation: Java answers it before its pipeline, where operations are counted.
    if asked.op == op::AUTH {
        stats.counted.auth_failures += u64::from(err != 0);
        return;
    }
    let took = clock.mono.saturating_duration_since(asked.at);
    stats.on_answer(asked, took);
    client.answers.add(asked, zxid, clock.now.mono.0, took);
}

impl Driver {
    pub(super) fn on_measured(&mut self, measured: Measured) {
        let counted = &mut self.stats.counted;
        match measured {
            Measured::Sync { took, txns } => {
                counted.fsyncs.add_time(took);
                counted.batches.add(txns);
                if took > self.limits.fsync_warning {
                    tracing::warn!(
                        ms = took.as_millis(),
                        "fsync-ing the write ahead log took long: give it a disk of its own"
                    );
                }
            }
            Measured::Snapshot(took) => counted.snapshots.add_time(took),
        }
    }

    /// The engine gives this to the disk.
    pub(super) fn count_write(&mut self, write: &Write) {
        if let Write::Append(entry) = write
            && self.server.peer().state() == ServerState::Leading
            && !self.server.config().zab.standalone
        {
            self.stats.on_proposal(entry.zxid, entry.payload.len(), self.clock.mono);
        }
    }

    /// Another server sent this.
    pub(super) fn count_packet(&mut self, packet: &Packet) {
        let count = match packet {
            Packet::Proposal(_) => &mut self.stats.counted.proposals_received,
            Packet::Commit(_) => &mut self.stats.counted.commits_received,
            Packet::Revalidate(_) => &mut self.stats.counted.revalidations,
            _ => return,
        };
        // What comes before belongs to the synchronization.
        *count += u64::from(self.server.peer().is_serving());
    }

    /// Remembers the tree's digest where it is due.
    pub(super) fn look_at_digest(&mut self) {
        let image = self.server.image();
        if !self.digests.is_at(image.zxid) {
            let recent = self.server.peer().history().recent();
            self.digests.look(image.zxid, image.tree.digest(), recent);
        }
    }

    pub(super) fn answer_word(&mut self, token: usize, word: &str, argument: i64) {
        self.count_word(token);
        let clock = self.clock;
        let clients = || {
            let line = |(at, slot): (&usize, &Slot)| client_line(slot, *at == token, clock);
            self.slots.iter().filter_map(line).collect()
        };
        let tick = self.timers.get(&Timer::SessionTick);
        let mut subject = Subject {
            server: &self.server,
            stats: &mut self.stats,
            digests: &self.digests,
            wall_ms: clock.now.wall_ms,
            session_tick_in_ms: tick.map_or(0, |at| ms_until(*at, clock)),
        };
        let answer = self.words.answer(word, argument, &mut subject, clients);
        if answer.forget_connections {
            self.reset_connections();
        }
        self.stats.counted.sent += 1;
        if let Some(slot) = self.slots.get_mut(&token) {
            slot.socket.append(&mut self.spare, |out| out.raw(answer.text.as_bytes()));
            slot.close_when_sent();
            self.dirty.insert(token);
        }
    }

    /// A word is a message like others, and its answer too.
    fn count_word(&mut self, token: usize) {
        self.stats.counted.received += 1;
        if let Some(Slot { kind: Kind::Client(client), .. }) = self.slots.get_mut(&token) {
            client.received += 1;
        }
    }

    /// Forgets what was counted for each client.
    fn reset_connections(&mut self) {
        for slot in self.slots.values_mut() {
            if let Kind::Client(client) = &mut slot.kind {
                client.received = 0;
                client.sent = 0;
                client.answers = Answers::default();
            }
        }
    }
}

fn client_line(slot: &Slot, asks: bool, clock: Clock) -> Option<ClientLine> {
    let Kind::Client(client) = &slot.kind else { return None };
    Some(ClientLine {
        address: slot.socket.peer(),
        conn: client.conn,
        since_ms: client.since_ms,
        ends_ms: slot.deadline.map(|at| clock.now.wall_ms.saturating_add(ms_until(at, clock))),
        received: client.received,
        sent: client.sent,
        waiting: client.input.asked.len(),
        answers: client.answers,
        asks,
    })
}

/// Milliseconds from now; 0 if it is over.
fn ms_until(at: Instant, clock: Clock) -> i64 {
    i64::try_from(at.saturating_duration_since(clock.mono).as_millis()).unwrap_or(i64::MAX)
}
