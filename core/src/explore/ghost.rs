//! What is remembered outside of the servers: it outlives every crash.

use super::disk::{Image, Txn};
use super::glance::Glance;
use super::invariant::{Found, Invariant};
use super::local::Fact;
use crate::base::{Epoch, Map, Sid, Zxid};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// The canonical history, and who promised, led, proposed and showed what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ghost {
    /// The committed history; it never shrinks.
    pub(super) committed: Image,
    /// The one leader of each epoch.
    pub(super) leaders: Map<Epoch, Sid>,
    /// For whom a server was counted in an epoch.
    promises: Map<(Epoch, Sid), Sid>,
    /// All proposals, in order.
    proposed: Vec<(Sid, Txn)>,
    /// How much of the committed history each server has shown.
    shown: Vec<u8>,
}

type Judged = Result<(), Found>;

fn found(invariant: Invariant, server: Sid, sentence: String) -> Judged {
    Err(Found { invariant, server, sentence })
}

pub(super) fn last(list: &[Txn]) -> Zxid {
    list.last().map_or(Zxid::ZERO, |txn| txn.zxid)
}

impl Ghost {
    /// Before anything happened.
    #[must_use]
    pub fn new(servers: u8) -> Self {
        Self {
            committed: Image::new(),
            leaders: Map::new(),
            promises: Map::new(),
            proposed: Vec::new(),
            shown: vec![0; servers.into()],
        }
    }

    /// The newest epoch that was established, and its leader.
    pub(super) fn newest(&self) -> Option<(Epoch, Sid)> {
        self.leaders.last_key_value().map(|(epoch, sid)| (*epoch, *sid))
    }

    /// Takes a fact of a step of `server`, whose state after it is `glance`.
    pub(super) fn learn(&mut self, server: Sid, glance: &Glance, fact: &Fact) -> Judged {
        match fact {
            Fact::Promised(epoch, sid) => {
                let leader = *self.promises.get_or_insert((*epoch, *sid), server);
                if leader != server {
                    let what = format!("counts {sid} for epoch {epoch}, as {leader} did");
                    return found(Invariant::VoteOncePerEpoch, server, what);
                }
            }
            Fact::Established(epoch) => {
                let leader = *self.leaders.get_or_insert(*epoch, server);
                if leader != server {
                    let what = format!("leads epoch {epoch}, as {leader} did");
                    return found(Invariant::LeadershipUnique, server, what);
                }
            }
            Fact::Proposed(epoch, txn) => return self.propose(server, glance, *epoch, txn),
            Fact::AckedNewLeader(_) | Fact::Replaced => {}
        }
        Ok(())
    }

    fn propose(&mut self, server: Sid, glance: &Glance, epoch: Epoch, txn: &Txn) -> Judged {
        if self.proposed.iter().any(|(_, other)| other.zxid == txn.zxid) {
            let what = format!("proposes a second transaction as {}", txn.zxid);
            return found(Invariant::ZxidUnique, server, what);
        }
        let earlier: Image =
            self.committed.iter().filter(|txn| txn.zxid.epoch() < epoch).cloned().collect();
        if !glance.tree.starts_with(&earlier) {
            let what = format!("proposes {} without {}", txn.zxid, last(&earlier));
            return found(Invariant::PrimaryIntegrity, server, what);
        }
        self.proposed.push((server, txn.clone()));
        Ok(())
    }

    /// Does this state change what is remembered, or contradict it?
    pub(super) fn concerns(&self, server: u8, glance: &Glance) -> bool {
        let shown = self.shown[usize::from(server - 1)];
        glance.serving
            && (glance.tree.len() != usize::from(shown)
                || !self.committed.starts_with(&glance.tree))
    }

    /// What a server that serves shows to clients.
    pub(super) fn deliver(&mut self, server: u8, glance: &Glance) -> Judged {
        let (index, sid) = (usize::from(server - 1), Sid(server.into()));
        let tree = &glance.tree;
        self.order(sid, tree)?;
        if !self.committed.starts_with(tree) {
            if !tree.starts_with(&self.committed) {
                let what = format!("shows {}, committed is {}", list(tree), list(&self.committed));
                return found(Invariant::PrefixConsistency, sid, what);
            }
            if !glance.leading {
                let what = format!("shows {}; committed is {}", last(tree), last(&self.committed));
                return found(Invariant::DeliveredOnlyCommitted, sid, what);
            }
            self.commit(sid, tree)?;
        }
        if tree.len() < usize::from(self.shown[index]) {
            let what = format!("shows {} after {} transactions", list(tree), self.shown[index]);
            return found(Invariant::CommittedLogMonotonicity, sid, what);
        }
        self.shown[index] = u8::try_from(tree.len()).unwrap_or(u8::MAX);
        Ok(())
    }

    fn commit(&mut self, sid: Sid, tree: &[Txn]) -> Judged {
        let proposed = self.proposed.iter().map(|(_, txn)| txn.zxid.epoch()).max();
        for txn in &tree[self.committed.len()..] {
            if proposed.is_some_and(|newest| txn.zxid.epoch() < newest) {
                let what = format!("commits {} after a proposal of a later epoch", txn.zxid);
                return found(Invariant::PrimaryIntegrity, sid, what);
            }
        }
        self.committed = tree.to_vec();
        Ok(())
    }

    /// The orders that a delivered history must respect.
    fn order(&self, sid: Sid, tree: &[Txn]) -> Judged {
        for (index, txn) in tree.iter().enumerate() {
            let Some((primary, _)) = self.proposed.iter().find(|(_, other)| other == txn) else {
                let what = format!("shows {}, which nobody proposed", txn.zxid);
                return found(Invariant::Integrity, sid, what);
            };
            if index > 0 && tree[index - 1].zxid.epoch() > txn.zxid.epoch() {
                let what = format!("shows {} after a later epoch", txn.zxid);
                return found(Invariant::GlobalPrimaryOrder, sid, what);
            }
            let epoch = txn.zxid.epoch();
            let earlier = self
                .proposed
                .iter()
                .take_while(|(_, other)| other != txn)
                .filter(|(leader, other)| leader == primary && other.zxid.epoch() == epoch);
            for (_, other) in earlier {
                if !tree[..index].contains(other) {
                    let what = format!("shows {} without {} before", txn.zxid, other.zxid);
                    return found(Invariant::LocalPrimaryOrder, sid, what);
                }
            }
        }
        Ok(())
    }
}

/// A history for people.
fn list(txns: &[Txn]) -> String {
    let names: Vec<String> = txns.iter().map(|txn| format!("{}", txn.zxid)).collect();
    format!("[{}]", names.join(" "))
}
