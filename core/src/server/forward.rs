//! Between a learner and its leader, beside the protocol: writes and syncs of the learner's
//! clients, sessions that come back, and who is alive
//! (Java: `Learner.request`, `LearnerHandler`, `Leader.processSync`).

use super::message::{Note, Packet, Payload};
use super::server::{Effects, Server};
use crate::base::limits::DECODED_PROPOSALS_MAX;
use crate::base::{Effect, Link, Now, Sid, Zxid};
use crate::proto::opcode as op;
use crate::proto::txn::TxnRecord;
use crate::zab::Rules;
use crate::zab::{Entry, Forward, Touch};

impl<R: Rules> Server<R> {
    /// A packet on a quorum link: the service's own ones are read here, all go to the protocol,
    /// for which any of them is a sign of life.
    pub(super) fn on_packet(&mut self, now: Now, from: Sid, packet: Packet, out: &mut Effects<R>) {
        let from_leader = self.peer.leader() == Some(from);
        if let Packet::Proposal(entry) | Packet::Inform(entry) = &packet {
            let Some(record) = read(entry) else {
                // It must not get into the log: no restart could read it.
                out.push(Effect::Note(Note::Malformed(from)));
                let link = Link::Quorum(from);
                out.push(Effect::Hangup(link));
                self.with_peer(now, out, |peer, outs| peer.on_unlinked(link, outs));
                return;
            };
            if from_leader && self.proposed.len() < DECODED_PROPOSALS_MAX {
                self.proposed.push_back(record);
            }
        }
        let serving = self.peer.serves_learner(from);
        match &packet {
            Packet::Request(forward) if serving => self.on_forwarded(now, from, forward, out),
            Packet::Revalidate(touch) if serving => self.on_revalidate(from, *touch, out),
            Packet::Ping { touched: Some(touched), .. } if serving => {
                for touch in touched {
                    self.tracker.touch(touch.session, touch.timeout_ms);
                }
            }
            Packet::Ping { zxid, touched: None } if from_leader => self.answer_ping(*zxid, out),
            Packet::Revalidated { session, valid } if from_leader => {
                self.on_revalidated(*session, *valid, out);
            }
            Packet::Sync if from_leader => self.on_synced(out),
            _ => {}
        }
        self.with_peer(now, out, |peer, outs| peer.on_packet(from, packet, outs));
    }

    // --- learner -------------------------------------------------------------------------

    /// The transaction of a proposal that was read when it came.
    pub(super) fn take_proposed(&mut self, entry: &Entry<Payload>) -> Option<TxnRecord> {
        // What the history had already is not delivered again.
        while self.proposed.front().is_some_and(|record| record.header.zxid < entry.zxid) {
            self.proposed.pop_front();
        }
        let is_next = self.proposed.front().is_some_and(|next| next.header.zxid == entry.zxid);
        let record = if is_next { self.proposed.pop_front() } else { None };
        debug_assert!(record.is_none() || record == read(entry), "{} was another", entry.zxid);
        record
    }

    /// Hands a write or a sync of an own client to the leader, which may be this server.
    pub(super) fn hand_to_leader(&mut self, now: Now, forward: Forward, out: &mut Effects<R>) {
        if self.is_leader() {
            let me = self.config.zab.me;
            self.prepare(now, me, &forward, out);
        } else {
            self.send_to_leader(Packet::Request(forward), out);
        }
    }

    pub(super) fn send_to_leader(&self, packet: Packet, out: &mut Effects<R>) {
        if let Some(leader) = self.peer.leader() {
            out.push(Effect::Send(Link::Quorum(leader), super::Msg::Packet(packet)));
        }
    }

    /// The answer carries every session that showed life since the last one: that is the only way
    /// in which the leader learns of it.
    fn answer_ping(&mut self, zxid: Zxid, out: &mut Effects<R>) {
        // Before UPTODATE the leader does not expect an answer, and a Java leader takes the
        // first packet after NEWLEADER for its ACK.
        if !self.peer.is_serving() {
            return;
        }
        let touched = core::mem::take(&mut self.touched);
        let touched = touched
            .into_iter()
            .map(|(session, timeout_ms)| Touch { session, timeout_ms })
            .collect();
        self.send_to_leader(Packet::Ping { zxid, touched: Some(touched) }, out);
    }

    // --- leader --------------------------------------------------------------------------

    fn on_forwarded(&mut self, now: Now, from: Sid, forward: &Forward, out: &mut Effects<R>) {
        if forward.op == op::SYNC {
            self.on_forwarded_sync(from, out);
        } else {
            self.prepare(now, from, forward, out);
        }
    }

    /// SYNC goes out behind the COMMIT of everything proposed so far, at once if that is done.
    fn on_forwarded_sync(&mut self, from: Sid, out: &mut Effects<R>) {
        if self.outstanding() == 0 {
            out.push(Effect::Send(Link::Quorum(from), super::Msg::Packet(Packet::Sync)));
        } else {
            self.held_syncs.push_back((self.peer.last_proposed(), from));
        }
    }

    /// Everything up to `zxid` is committed.
    pub(super) fn release_syncs(&mut self, zxid: Zxid, out: &mut Effects<R>) {
        while let Some((behind, learner)) = self.held_syncs.front().copied() {
            if behind > zxid {
                break;
            }
            self.held_syncs.pop_front();
            out.push(Effect::Send(Link::Quorum(learner), super::Msg::Packet(Packet::Sync)));
        }
    }

    fn on_revalidate(&mut self, from: Sid, touch: Touch, out: &mut Effects<R>) {
        let valid = self.tracker.reattach(touch.session, touch.timeout_ms, from);
        let answer = Packet::Revalidated { session: touch.session, valid };
        out.push(Effect::Send(Link::Quorum(from), super::Msg::Packet(answer)));
    }
}

/// The transaction, if every server can read it and it is the one that the packet names.
fn read(entry: &Entry<Payload>) -> Option<TxnRecord> {
    let record = TxnRecord::from_all(entry.payload.clone()).ok()?;
    (record.header.zxid == entry.zxid).then_some(record)
}
