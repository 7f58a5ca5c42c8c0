//! What may happen in a state, and its name for people.

use super::action::{Action, bit};
use super::model::{Model, Spent};
use super::wires::ENDING;
use crate::zab::{Packet, Rules};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::hash::Hash;

impl<R: Rules + Eq + Hash> Model<R> {
    /// Everything that may happen next.
    pub fn enabled(&self, state: &[u32], actions: &mut Vec<Action>) {
        actions.clear();
        self.elections(state, actions);
        for server in self.servers() {
            self.of_server(state, server, actions);
            for other in self.servers().filter(|other| *other != server) {
                let wire = self.wire(state, server, other);
                if wire == ENDING || self.wires.front(wire).is_some() {
                    actions.push(Action::Deliver(server, other));
                }
            }
        }
        if !self.left(state, Spent::Breaks, self.bounds().breaks) {
            return;
        }
        for a in self.servers() {
            for b in a + 1..=self.bounds().servers {
                let live = |from, to| self.wires.is_live(self.wire(state, from, to));
                if live(a, b) || live(b, a) {
                    actions.push(Action::Break(a, b));
                }
            }
        }
    }

    fn elections(&self, state: &[u32], actions: &mut Vec<Action>) {
        let looking = self
            .servers()
            .filter(|server| self.glance(state, *server).candidacy.is_some())
            .fold(0, |set, server| set | bit(server));
        if self.left(state, Spent::Elections, self.bounds().elections) {
            for members in 1..=looking {
                let is_part = members & !looking == 0;
                let enough = 2 * members.count_ones() > u32::from(self.bounds().servers);
                if is_part
                    && enough
                    && let Some(leader) = self.best(state, members)
                {
                    actions.push(Action::Elect { leader, members });
                }
            }
        }
        for server in self.servers().filter(|server| looking & bit(*server) != 0) {
            for leader in self.servers() {
                let glance = self.glance(state, leader);
                if glance.leading && (self.bounds().fine || glance.established.is_some()) {
                    actions.push(Action::Join(server, leader));
                }
            }
        }
    }

    /// Whom these servers elect.
    fn best(&self, state: &[u32], members: u8) -> Option<u8> {
        let mut best = None;
        for server in self.servers().filter(|server| members & bit(*server) != 0) {
            let local = self.locals.get(state[usize::from(server - 1)]);
            let peer = &local.process.as_ref()?.peer;
            let vote = peer.candidacy()?;
            if best.is_none_or(|(_, other)| peer.beats(vote, other)) {
                best = Some((server, vote));
            }
        }
        best.map(|(server, _)| server)
    }

    fn of_server(&self, state: &[u32], server: u8, actions: &mut Vec<Action>) {
        let glance = self.glance(state, server);
        if !glance.up {
            actions.push(Action::Restart(server));
            return;
        }
        if glance.connecting {
            actions.push(Action::Connect(server));
        }
        if glance.can_flush {
            actions.push(Action::Flush(server));
        }
        if glance.can_work {
            actions.push(Action::Work(server));
        }
        if glance.can_propose && self.left(state, Spent::Txns, self.bounds().txns) {
            actions.push(Action::Propose(server));
        }
        if glance.leading && glance.serving && !glance.has_quorum {
            actions.push(Action::NoQuorum(server));
        }
        let breaks = self.left(state, Spent::Breaks, self.bounds().breaks);
        if glance.leading && !glance.serving && (!glance.has_quorum || breaks) {
            actions.push(Action::GiveUp(server));
        }
        if self.left(state, Spent::Crashes, self.bounds().crashes) {
            actions.push(Action::Crash(server));
        }
    }

    /// The action in words, with the packet that arrives.
    #[must_use]
    pub fn tell(&self, state: &[u32], action: Action) -> String {
        let Action::Deliver(from, to) = action else { return action.to_string() };
        let Some(packet) = self.wires.front(self.wire(state, from, to)) else {
            return format!("{action} the stream ends");
        };
        let message = self.packets.get(packet);
        let about = match message {
            Packet::Proposal(txn) => txn.zxid.to_string(),
            Packet::Ack(zxid) | Packet::Commit(zxid) => zxid.to_string(),
            Packet::Diff { zxid } | Packet::Trunc { zxid } | Packet::Snap { zxid, .. } => {
                zxid.to_string()
            }
            Packet::NewLeader { epoch, .. } | Packet::LeaderInfo { epoch } => epoch.to_string(),
            Packet::AckEpoch { last_zxid, current_epoch } => match current_epoch {
                Some(epoch) => format!("{epoch} {last_zxid}"),
                None => format!("-1 {last_zxid}"),
            },
            Packet::FollowerInfo { accepted_epoch, .. } => accepted_epoch.to_string(),
            _ => String::new(),
        };
        format!("{action} {} {about}", message.name()).trim_end().into()
    }
}
