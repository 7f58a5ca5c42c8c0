//! Safety of the protocol: the committed history, leaders, promises and disks.

use super::model::Model;
use super::proposals::Proposals;
use super::violation::{Found, Oracle};
use crate::base::{Effect, Epoch, Map, NodeId, Sid, Zxid};
use crate::ensemble::{Actor, Note};
use crate::server::message::{Job, Msg, Packet, Payload, Write};
use crate::server::{self, Disk, Server};
use crate::sim::{Action, Item, StepRecord, Wire, World};
use crate::zab::{self, Entry, Phase, Reason, Rules, ServerState};
use alloc::format;
use alloc::vec::Vec;

/// One committed transaction.
#[derive(Clone, Debug)]
struct Committed {
    zxid: Zxid,
    /// `None`: it came with a state whose transactions nobody has any more.
    payload: Option<Payload>,
    /// Of the tree after it, once somebody had it.
    digest: Option<i64>,
}

/// What was seen of one server.
#[derive(Clone, Debug, Default)]
struct Seen {
    accepted: Epoch,
    current: Epoch,
    /// It serves; deliveries up to `checked` were compared.
    serving: bool,
    checked: Zxid,
    /// The last committed transaction that its disk had.
    held: Zxid,
    /// The same when it was last sent TRUNC or SNAP: what is committed on other disks until it
    /// obeys is sent again behind that.
    kept: Option<Zxid>,
}

/// The oracle of safety. Its memory outlives all servers.
#[derive(Clone, Debug)]
pub struct Safety {
    committed: Vec<Committed>,
    /// Parts of the committed history of which only the end is known.
    vague: Vec<(Zxid, Zxid)>,
    leaders: Map<Epoch, Sid>,
    seen: Map<NodeId, Seen>,
    proposals: Proposals,
    /// The newest epoch in which something was proposed.
    proposed: Epoch,
    /// To whom each voter promised an epoch so that it counted.
    promised: Map<(Sid, Epoch), NodeId>,
    /// The state after the committed history; `None` since a part of it is not known.
    model: Option<Model>,
}

impl Default for Safety {
    fn default() -> Self {
        Self {
            committed: Vec::new(),
            vague: Vec::new(),
            leaders: Map::new(),
            seen: Map::new(),
            proposals: Proposals::default(),
            proposed: Epoch(0),
            promised: Map::new(),
            model: Some(Model::new()),
        }
    }
}

impl Safety {
    /// The naive tree after the committed history; `None` if a part of that is not known.
    #[must_use]
    pub const fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// How many transactions are committed.
    #[must_use]
    pub const fn commits(&self) -> usize {
        self.committed.len()
    }

    /// The last committed transaction.
    #[must_use]
    pub fn last(&self) -> Zxid {
        self.committed.last().map_or(Zxid::ZERO, |last| last.zxid)
    }

    /// The newest epoch that has had a leader.
    #[must_use]
    pub fn newest(&self) -> Option<Epoch> {
        self.leaders.last_key_value().map(|(epoch, _)| *epoch)
    }

    /// Is it committed?
    #[must_use]
    pub fn has(&self, zxid: Zxid) -> bool {
        self.place(zxid).is_ok()
    }

    fn place(&self, zxid: Zxid) -> Result<usize, usize> {
        self.committed.binary_search_by_key(&zxid, |committed| committed.zxid)
    }

    /// Judges one step.
    ///
    /// # Errors
    /// The rule that it broke.
    pub fn look<R: Rules>(
        &mut self,
        world: &World<Actor<R>>,
        record: &StepRecord<Actor<R>>,
    ) -> Result<(), Found> {
        let node = record.action().and_then(Action::node);
        if let Some(fault) = record.faults.first() {
            return Err((Oracle::ProcessSound, node, format!("{fault:?}")));
        }
        let Some(node @ NodeId::Server(sid)) = node else { return Ok(()) };
        let Some(slot) = world.slot(node) else { return Ok(()) };
        self.epochs(node, slot.disk())?;
        if matches!(record.action(), Some(Action::Flush(_))) && !slot.disk().holds(self.last()) {
            self.on_quorum(world, node)?;
        }
        self.keeps(node, slot.disk())?;
        let Some(server) = slot.process().and_then(Actor::server) else {
            self.seen.get_or_insert(node, Seen::default()).serving = false;
            return Ok(());
        };
        for note in record.notes() {
            if let Note::Server(note) = note {
                self.note(node, sid, server, note)?;
            }
        }
        for effect in &record.effects {
            self.effect(node, server, effect)?;
        }
        for item in record.sent.iter().filter(|item| item.from.node == node) {
            match &item.wire {
                Wire::Data(Msg::Packet(Packet::Ack(zxid))) => {
                    Self::ack(world, server, slot.disk(), item, *zxid)?;
                }
                Wire::Data(Msg::Packet(Packet::AckEpoch { current_epoch: Some(_), .. })) => {
                    self.promise(sid, server, item)?;
                }
                Wire::Data(Msg::Packet(Packet::Trunc { .. } | Packet::Snap { .. })) => {
                    let learner = self.seen.get_or_insert(item.to.node, Seen::default());
                    learner.kept = Some(learner.held);
                }
                _ => {}
            }
        }
        counted(world, node, server)?;
        self.deliveries(world, node, server)
    }

    fn epochs(&mut self, node: NodeId, disk: &Disk) -> Result<(), Found> {
        let (accepted, current) = (disk.accepted_epoch(), disk.current_epoch());
        let seen = self.seen.get_or_insert(node, Seen::default());
        if accepted < seen.accepted || current < seen.current {
            let what = format!(
                "epochs on disk went back from ({}, {}) to ({accepted}, {current})",
                seen.accepted, seen.current
            );
            return Err((Oracle::EpochMonotone, Some(node), what));
        }
        (seen.accepted, seen.current) = (accepted, current);
        if current > accepted {
            let what = format!("currentEpoch {current} above acceptedEpoch {accepted}");
            return Err((Oracle::EpochOrder, Some(node), what));
        }
        Ok(())
    }

    /// What is committed and on a disk stays there.
    fn keeps(&mut self, node: NodeId, disk: &Disk) -> Result<(), Found> {
        let last = self.last();
        let seen = self.seen.get_or_insert(node, Seen::default());
        if disk.holds(last) {
            seen.held = last;
        } else if seen.held != Zxid::ZERO && !disk.holds(seen.held) {
            let kept = seen.kept.unwrap_or(seen.held);
            if kept != Zxid::ZERO && !disk.holds(kept) {
                let what = format!("{kept} is committed and was on its disk");
                return Err((Oracle::CommittedLogDurability, Some(node), what));
            }
            seen.held = kept;
        }
        Ok(())
    }

    /// Proposals that go to the log, and states that go to disks and learners.
    fn effect<R: Rules>(
        &mut self,
        node: NodeId,
        server: &Server<R>,
        effect: &Effect<Actor<R>>,
    ) -> Result<(), Found> {
        let (zxid, image) = match effect {
            Effect::Persist(Write::Append(entry)) => {
                self.proposals.logged(node, server, entry)?;
                if server.is_leader() {
                    self.proposed = self.proposed.max(entry.zxid.epoch());
                    if !knows(server, self.last()) && self.proposed == entry.zxid.epoch() {
                        let what = format!("proposes {} without {}", entry.zxid, self.last());
                        return Err((Oracle::PrimaryIntegrity, Some(node), what));
                    }
                }
                return Ok(());
            }
            Effect::Persist(Write::Install { zxid, image })
            | Effect::Job(Job::Snapshot { zxid, image })
            | Effect::Send(_, Msg::Packet(Packet::Snap { zxid, image })) => (*zxid, image),
            _ => return Ok(()),
        };
        let known = self.place(zxid).ok().and_then(|place| self.committed[place].digest);
        if image.zxid != zxid || known.is_some_and(|known| known != image.tree.digest()) {
            let what = format!("a snapshot of {zxid} holds another state ({})", image.zxid);
            return Err((Oracle::SnapshotSound, Some(node), what));
        }
        Ok(())
    }

    /// An ACKEPOCH that counts is under way.
    fn promise<R: Rules>(
        &mut self,
        sid: Sid,
        server: &Server<R>,
        item: &Item<Msg>,
    ) -> Result<(), Found> {
        let epoch = server.peer().accepted_epoch();
        let leader = *self.promised.get_or_insert((sid, epoch), item.to.node);
        if leader != item.to.node {
            let what = format!("promises epoch {epoch} to {} after {leader}", item.to.node);
            return Err((Oracle::VoteOncePerEpoch, Some(item.from.node), what));
        }
        Ok(())
    }

    fn note<R: Rules>(
        &mut self,
        node: NodeId,
        sid: Sid,
        server: &Server<R>,
        note: &server::Note,
    ) -> Result<(), Found> {
        match note {
            server::Note::DigestMismatch(zxid) => Err((
                Oracle::DigestAgreement,
                Some(node),
                format!("the tree after {zxid} is not the leader's"),
            )),
            server::Note::Zab(
                zab::Note::Leaving(Reason::Protocol(why))
                | zab::Note::LearnerLost { why: Reason::Protocol(why), .. },
            ) => Err((Oracle::MessageLegal, Some(node), (*why).into())),
            server::Note::Zab(zab::Note::Established(epoch)) => {
                let leader = *self.leaders.get_or_insert(*epoch, sid);
                if leader != sid {
                    let what = format!("epoch {epoch} had {leader} as leader already");
                    return Err((Oracle::LeadershipUnique, Some(node), what));
                }
                let newest = self.leaders.last_key_value().is_some_and(|(last, _)| last == epoch);
                if newest && !knows(server, self.last()) {
                    let what = format!(
                        "leads epoch {epoch} with {} and without {}, which is committed",
                        server.peer().history().logged(),
                        self.last()
                    );
                    return Err((Oracle::LeaderLogCompleteness, Some(node), what));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// An ACK is under way.
    fn ack<R: Rules>(
        world: &World<Actor<R>>,
        server: &Server<R>,
        disk: &Disk,
        item: &Item<Msg>,
        zxid: Zxid,
    ) -> Result<(), Found> {
        let node = item.from.node;
        if !zxid.is_epoch_start() {
            let what = || format!("acknowledged {zxid}; its disk ends at {}", disk.last_zxid());
            let holds = disk.holds(zxid);
            return if holds {
                Ok(())
            } else {
                Err((Oracle::AckImpliesDurable, Some(node), what()))
            };
        }
        if disk.current_epoch() < zxid.epoch() {
            let what = format!(
                "acknowledged epoch {} with {} on disk",
                zxid.epoch(),
                disk.current_epoch()
            );
            return Err((Oracle::NewLeaderAckImpliesEpoch, Some(node), what));
        }
        let history = server.peer().history();
        let own = history.recent().iter().map(|entry| entry.zxid).chain([history.applied()]);
        if let Some(missing) = own.into_iter().find(|own| *own != Zxid::ZERO && !disk.holds(*own)) {
            let what = format!("acknowledged NEWLEADER; {missing} of its tree is not on its disk");
            return Err((Oracle::NewLeaderAckImpliesDurable, Some(node), what));
        }
        // On a link that is over nobody will count it.
        let socket = world.network().sockets().get(&item.to);
        if socket.is_none_or(|socket| socket.stream != item.stream) {
            return Ok(());
        }
        let leader = world.process(item.to.node).and_then(Actor::server);
        let leads = |leader: &&Server<R>| {
            leader.peer().state() == ServerState::Leading
                && leader.peer().current_epoch() == zxid.epoch()
        };
        let Some(leader) = leader.filter(leads) else { return Ok(()) };
        if leader.peer().phase() == Phase::Synchronization {
            let missing = leader.peer().history().recent().iter().find(|e| !disk.holds(e.zxid));
            if let Some(entry) = missing {
                let what = format!(
                    "acknowledged NEWLEADER; {} of the history is not on its disk",
                    entry.zxid
                );
                return Err((Oracle::NewLeaderAckImpliesDurable, Some(node), what));
            }
        }
        if let Some(extra) = not_of(leader, server, disk) {
            let what = format!("acknowledged NEWLEADER and has {extra}, which its leader has not");
            return Err((Oracle::ProcessConsistency, Some(node), what));
        }
        Ok(())
    }

    /// Everything that a server shows to clients.
    fn deliveries<R: Rules>(
        &mut self,
        world: &World<Actor<R>>,
        node: NodeId,
        server: &Server<R>,
    ) -> Result<(), Found> {
        let history = server.peer().history();
        let applied = history.applied();
        let seen = self.seen.get_or_insert(node, Seen::default());
        let (was_serving, checked) = (seen.serving, seen.checked);
        seen.serving = server.peer().is_serving();
        if !seen.serving || (was_serving && applied == checked) {
            return Ok(());
        }
        seen.checked = applied;
        if let Some(last) = history.recent().back().filter(|last| last.zxid != applied) {
            let what = format!("recent transactions end at {}, the tree at {applied}", last.zxid);
            return Err((Oracle::RecentLogContiguous, Some(node), what));
        }
        let since = if was_serving { checked } else { Zxid::ZERO };
        let leads = server.peer().state() == ServerState::Leading;
        let grown = self.commits();
        if applied < checked {
            let what = format!("serves the state after {applied} and served {checked} before");
            return Err((Oracle::CommittedLogMonotonicity, Some(node), what));
        }
        if leads && let Some(chain) = self.proposals.chain(self.last(), applied) {
            for (zxid, payload) in chain {
                self.commit(node, zxid, Some(payload))?;
            }
        }
        let recent: Vec<&Entry<Payload>> =
            history.recent().iter().rev().take_while(|entry| entry.zxid > since).collect();
        let mut before = was_serving.then_some(checked);
        for entry in recent.into_iter().rev() {
            self.deliver(node, leads, before, entry)?;
            before = Some(entry.zxid);
        }
        if applied != Zxid::ZERO && !self.has(applied) {
            if !leads {
                let what = format!("shows the state after {applied}, which is not committed");
                return Err((Oracle::DeliveredOnlyCommitted, Some(node), what));
            }
            self.vague.push((self.last(), applied));
            self.commit(node, applied, None)?;
        }
        self.state(node, server, applied)?;
        if self.commits() > grown { self.on_quorum(world, node) } else { Ok(()) }
    }

    /// The committed history grows.
    fn commit(&mut self, node: NodeId, zxid: Zxid, payload: Option<Payload>) -> Result<(), Found> {
        if zxid.epoch() < self.proposed {
            let what = format!("commits {zxid}; epoch {} has proposed without it", self.proposed);
            return Err((Oracle::PrimaryIntegrity, Some(node), what));
        }
        match (&mut self.model, &payload) {
            (Some(model), Some(payload)) => {
                model.commit(zxid, payload).map_err(|(oracle, what)| (oracle, Some(node), what))?;
            }
            _ => self.model = None,
        }
        self.committed.push(Committed { zxid, payload, digest: None });
        Ok(())
    }

    fn deliver(
        &mut self,
        node: NodeId,
        leads: bool,
        before: Option<Zxid>,
        entry: &Entry<Payload>,
    ) -> Result<(), Found> {
        let zxid = entry.zxid;
        if !self.proposals.has(entry) {
            let what = format!("delivers {zxid}, which nobody proposed");
            return Err((Oracle::Integrity, Some(node), what));
        }
        let place = match self.place(zxid) {
            Ok(place) => {
                let known = &mut self.committed[place].payload;
                if known.get_or_insert_with(|| entry.payload.clone()) != &entry.payload {
                    let what = format!("delivers another transaction as {zxid}");
                    return Err((Oracle::PrefixConsistency, Some(node), what));
                }
                place
            }
            Err(place) if place == self.committed.len() && leads => place,
            Err(place) if self.vague.iter().any(|(from, to)| *from < zxid && zxid < *to) => place,
            Err(place) if place == self.committed.len() => {
                let what = format!("delivers {zxid}; committed is up to {}", self.last());
                return Err((Oracle::DeliveredOnlyCommitted, Some(node), what));
            }
            Err(_) => {
                let what = format!("delivers {zxid}, which the committed history has not");
                return Err((Oracle::PrefixConsistency, Some(node), what));
            }
        };
        if self.committed.get(place).is_none_or(|found| found.zxid != zxid) {
            let payload = Some(entry.payload.clone());
            if place == self.committed.len() {
                self.commit(node, zxid, payload)?;
            } else {
                self.committed.insert(place, Committed { zxid, payload, digest: None });
            }
        }
        if let Some(before) = before {
            self.in_primary_order(node, before, zxid)?;
        }
        let expected = place.checked_sub(1).map_or(Zxid::ZERO, |last| self.committed[last].zxid);
        if before.is_some_and(|before| before < expected) {
            let what = format!("delivers {zxid} without {expected}");
            return Err((Oracle::PrefixConsistency, Some(node), what));
        }
        Ok(())
    }

    /// Two transactions that a server delivers one after the other: what one primary proposed
    /// before the second is not left out, and no older primary comes after a newer one.
    fn in_primary_order(&self, node: NodeId, before: Zxid, zxid: Zxid) -> Result<(), Found> {
        let epochs = before.epoch().cmp(&zxid.epoch());
        let oracle =
            if epochs.is_gt() { Oracle::GlobalPrimaryOrder } else { Oracle::LocalPrimaryOrder };
        if zxid <= before {
            return Err((oracle, Some(node), format!("delivers {zxid} after {before}")));
        }
        match self.proposals.left_out(before, zxid) {
            None => Ok(()),
            Some(other) => {
                let what = format!("delivers {zxid} behind {before}; {other} was proposed first");
                Err((Oracle::LocalPrimaryOrder, Some(node), what))
            }
        }
    }

    /// The state after `zxid`: the model's, and the same on all servers.
    fn state<R: Rules>(
        &mut self,
        node: NodeId,
        server: &Server<R>,
        zxid: Zxid,
    ) -> Result<(), Found> {
        let image = server.image();
        let Ok(place) = self.place(zxid) else { return Ok(()) };
        let digest = image.tree.digest();
        if let Some(model) = &self.model {
            // With the digest of a tree that was compared, comparing that is enough.
            let fresh = self.committed[place].digest.is_none();
            let compared = if fresh {
                model.compare(image, zxid)
            } else {
                model.compare_sessions(image, zxid)
            };
            compared.map_err(|(oracle, what)| (oracle, Some(node), what))?;
        }
        if *self.committed[place].digest.get_or_insert(digest) != digest {
            let what = format!("its tree after {zxid} differs from others'");
            return Err((Oracle::DigestAgreement, Some(node), what));
        }
        Ok(())
    }

    /// The last committed transaction must be on the disks of a quorum.
    fn on_quorum<R: Rules>(&self, world: &World<Actor<R>>, node: NodeId) -> Result<(), Found> {
        let last = self.last();
        let holders: Vec<Sid> = world
            .slots()
            .iter()
            .filter(|(_, slot)| slot.disk().holds(last))
            .filter_map(|(id, _)| if let NodeId::Server(sid) = id { Some(*sid) } else { None })
            .collect();
        let voters = world.slots().values().find_map(|slot| match slot.config() {
            crate::ensemble::Config::Server(config) => Some(&config.zab.voters),
            crate::ensemble::Config::Client(_) => None,
        });
        if last == Zxid::ZERO || voters.is_none_or(|voters| voters.is_quorum(&holders)) {
            return Ok(());
        }
        let what = format!("{last} is committed and on the disks of {} voters", holders.len());
        Err((Oracle::CommittedDurableOnQuorum, Some(node), what))
    }
}

/// Who is counted for the oldest and the newest outstanding proposal has it on disk, unless it
/// has promised a newer epoch, whose leader then knows it.
fn counted<R: Rules>(
    world: &World<Actor<R>>,
    node: NodeId,
    server: &Server<R>,
) -> Result<(), Found> {
    let peer = server.peer();
    if peer.state() != ServerState::Leading || peer.phase() != Phase::Broadcast {
        return Ok(());
    }
    let tail = peer.history().tail();
    for entry in tail.front().into_iter().chain(tail.back()) {
        for sid in peer.acks(entry.zxid).unwrap_or_default() {
            let Some(slot) = world.slot(NodeId::Server(sid)) else { continue };
            let newer = slot.disk().accepted_epoch() > peer.current_epoch();
            if !newer && !slot.disk().holds(entry.zxid) {
                let what = format!("counts server {sid} for {}, which it has not", entry.zxid);
                return Err((Oracle::CountedAckStillHeld, Some(node), what));
            }
        }
    }
    Ok(())
}

/// Does the server's history contain `zxid`, as far as its memory reaches?
fn knows<R: Rules>(server: &Server<R>, zxid: Zxid) -> bool {
    let history = server.peer().history();
    let first = history.recent().front().map_or(history.applied(), |entry| entry.zxid);
    zxid <= first
        || zxid == history.applied()
        || history.recent().iter().chain(history.tail()).any(|entry| entry.zxid == zxid)
}

/// A transaction in the learner's memory or log that is not in its leader's history.
fn not_of<R: Rules>(leader: &Server<R>, learner: &Server<R>, disk: &Disk) -> Option<Zxid> {
    let theirs = leader.peer().history();
    let first = theirs.recent().front()?.zxid;
    let known = |zxid: Zxid| theirs.recent().iter().chain(theirs.tail()).any(|e| e.zxid == zxid);
    let mine = learner.peer().history();
    let memory = mine.recent().iter().chain(mine.tail()).map(|entry| entry.zxid);
    let on_disk = disk.log().rev().map(|(zxid, _)| zxid).take_while(|zxid| *zxid >= first);
    memory.filter(|zxid| *zxid >= first).chain(on_disk).find(|zxid| !known(*zxid))
}

#[cfg(test)]
mod tests;
