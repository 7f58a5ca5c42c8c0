//! The invariants that need more than one server, looked at after every step of one.

use super::action::sid;
use super::disk::{Image, Txn};
use super::ghost::last;
use super::glance::Glance;
use super::invariant::{Found, Invariant};
use super::local::Fact;
use super::model::Model;
use crate::base::Zxid;
use crate::zab::Rules;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::Hash;

type Judged = Result<(), Found>;

fn found(invariant: Invariant, server: u8, sentence: String) -> Judged {
    Err(Found { invariant, server: sid(server), sentence })
}

fn holds(history: &[Txn], zxid: Zxid) -> bool {
    history.iter().any(|txn| txn.zxid == zxid)
}

impl<R: Rules + Eq + Hash> Model<R> {
    /// Judges a step of `server`, which was the local state `before`.
    pub(super) fn judge(
        &mut self,
        state: &mut [u32],
        server: u8,
        before: u32,
        facts: &[Fact],
    ) -> Judged {
        let concerns = self.ghost(state).concerns(server, self.glance(state, server));
        if concerns || !facts.is_empty() {
            let mut ghost = self.ghost(state).clone();
            for fact in facts {
                ghost.learn(sid(server), self.glance(state, server), fact)?;
            }
            if concerns {
                ghost.deliver(server, self.glance(state, server))?;
            }
            self.put_ghost(state, ghost);
        }
        for fact in facts {
            if let Fact::AckedNewLeader(leader) = fact {
                self.acked(state, server, *leader)?;
            }
        }
        let (was, is) = (&self.glances[before as usize], self.glance(state, server));
        if was.disk != is.disk || concerns {
            self.durable(state, server, &was.disk, facts)?;
        }
        if was.memory != is.memory {
            self.matching(state, server)?;
        }
        self.complete(state)?;
        for leader in self.servers() {
            self.counted(state, leader)?;
            self.consistent(state, leader)?;
        }
        if concerns { self.prefixes(state, server) } else { Ok(()) }
    }

    /// NEWLEADER was acknowledged.
    fn acked(&self, state: &[u32], server: u8, leader: crate::base::Sid) -> Judged {
        let linked = |other: &u8| sid(*other) == leader && self.is_linked(state, server, *other);
        let Some(leads) = self.servers().find(linked) else { return Ok(()) };
        let leads = self.glance(state, leads);
        if leads.leading && leads.in_synchronization {
            let disk = &self.glance(state, server).disk;
            if !disk.starts_with(&leads.memory) {
                let (has, of) = (last(disk), last(&leads.memory));
                let what =
                    format!("acknowledges NEWLEADER with {has} on disk, the leader has {of}");
                return found(Invariant::NewLeaderAckImpliesDurable, server, what);
            }
        }
        Ok(())
    }

    /// What is committed stays, and is on a quorum of disks.
    ///
    /// A leader cuts a learner's log at its own last committed transaction, and sends again what
    /// waits; such a one may be committed by others before the cut is made. The cut disk is not
    /// one of their quorum, which is looked at in any case.
    fn durable(&self, state: &[u32], server: u8, was: &Image, facts: &[Fact]) -> Judged {
        let committed = &self.ghost(state).committed;
        let disk = &self.glance(state, server).disk;
        let lost = committed.iter().find(|txn| was.contains(txn) && !disk.contains(txn));
        if let Some(lost) = lost.filter(|_| !facts.contains(&Fact::Replaced)) {
            let what = format!("removes {} from its disk, which is committed", lost.zxid);
            return found(Invariant::CommittedLogDurability, server, what);
        }
        let holders = self
            .servers()
            .filter(|other| self.glance(state, *other).disk.starts_with(committed))
            .count();
        if 2 * holders <= usize::from(self.bounds().servers) {
            let what = format!("{} is committed and on {holders} disks", last(committed));
            return found(Invariant::CommittedDurableOnQuorum, server, what);
        }
        Ok(())
    }

    /// Histories that share a transaction are equal before it.
    fn matching(&self, state: &[u32], server: u8) -> Judged {
        let mine = &self.glance(state, server).memory;
        for other in self.servers().filter(|other| *other != server) {
            let theirs = &self.glance(state, other).memory;
            let same = mine.iter().zip(theirs).take_while(|(a, b)| a == b).count();
            for txn in &mine[same..] {
                let Some(twin) = theirs[same..].iter().find(|twin| twin.zxid == txn.zxid) else {
                    continue;
                };
                let rule = if twin == txn { Invariant::LogMatching } else { Invariant::ZxidUnique };
                let what = format!("and {other} have {} and differ before or in it", txn.zxid);
                return found(rule, server, what);
            }
        }
        Ok(())
    }

    /// The leader of the newest epoch has everything.
    fn complete(&self, state: &[u32]) -> Judged {
        let ghost = self.ghost(state);
        let Some((epoch, leader)) = ghost.newest() else { return Ok(()) };
        let Some(leader) = self.servers().find(|other| sid(*other) == leader) else {
            return Ok(());
        };
        let glance = self.glance(state, leader);
        if glance.established == Some(epoch) && !glance.memory.starts_with(&ghost.committed) {
            let (has, all) = (last(&glance.memory), last(&ghost.committed));
            let what = format!("leads epoch {epoch} with {has}; committed is {all}");
            return found(Invariant::LeaderLogCompleteness, leader, what);
        }
        Ok(())
    }

    /// Who is counted for a proposal has it.
    fn counted(&self, state: &[u32], leader: u8) -> Judged {
        let glance = self.glance(state, leader);
        if !glance.serving || glance.acks.is_empty() {
            return Ok(());
        }
        for (zxid, sids) in &glance.acks {
            for other in self.servers().filter(|other| sids.contains(&sid(*other))) {
                let theirs = self.glance(state, other);
                let newer = glance.epoch.is_some_and(|epoch| theirs.accepted > epoch);
                if !newer && !holds(&theirs.disk, *zxid) {
                    let what = format!("counts {other} for {zxid}, which is not on its disk");
                    return found(Invariant::CountedAckStillHeld, leader, what);
                }
            }
        }
        Ok(())
    }

    /// A synchronized learner of the newest leader has nothing that the leader has not.
    fn consistent(&self, state: &[u32], learner: u8) -> Judged {
        let mine = self.glance(state, learner);
        let Some(leader) = mine.leader.filter(|_| mine.synced) else { return Ok(()) };
        let Some(leads) = self.servers().find(|other| sid(*other) == leader) else {
            return Ok(());
        };
        let theirs: &Glance = self.glance(state, leads);
        let newest = self.ghost(state).newest().map(|(epoch, _)| epoch);
        let judged = theirs.established.is_some()
            && theirs.established == newest
            && self.is_linked(state, learner, leads);
        let fits = theirs.memory.starts_with(&mine.memory) && theirs.memory.starts_with(&mine.tree);
        if judged && !fits {
            let (has, of) = (last(&mine.memory), last(&theirs.memory));
            let what = format!("is synchronized and has {has}, its leader {of}");
            return found(Invariant::ProcessConsistency, learner, what);
        }
        Ok(())
    }

    /// Two servers that serve show prefixes of one another: a second opinion.
    fn prefixes(&self, state: &[u32], server: u8) -> Judged {
        let mine = self.glance(state, server);
        let others: Vec<u8> = self.servers().filter(|other| *other != server).collect();
        for other in others {
            let theirs = self.glance(state, other);
            let fits = mine.tree.starts_with(&theirs.tree) || theirs.tree.starts_with(&mine.tree);
            if mine.serving && theirs.serving && !fits {
                let (a, b) = (last(&mine.tree), last(&theirs.tree));
                let what = format!("shows {a}, {other} shows {b}");
                return found(Invariant::PrefixConsistency, server, what);
            }
        }
        Ok(())
    }
}
