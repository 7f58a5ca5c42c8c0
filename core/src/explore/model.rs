//! All servers and the streams between them as a few words, and what one action makes of them.

use super::action::{Action, bit, number, sid};
use super::ghost::Ghost;
use super::glance::Glance;
use super::intern::{Interner, Memo};
use super::invariant::Found;
use super::local::{Effect, Event, Fact, Local, Message, config};
use super::wires::{CLOSED, ENDING, OPEN, Wire, Wires};
use crate::base::Sid;
use crate::zab::{Config, Packet, Rules};
use alloc::vec;
use alloc::vec::Vec;
use core::hash::Hash;

/// How far a search goes, each kind of event bounded by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Servers, all with a vote; at most 8.
    pub servers: u8,
    /// Writes of clients.
    pub txns: u8,
    /// Losses of power.
    pub crashes: u8,
    /// Streams that break, and leaders that give up though a quorum is there.
    pub breaks: u8,
    /// Elections. Joining a leader that runs is none.
    pub elections: u8,
    /// Discovery message by message; otherwise an election and its discovery are one action.
    pub fine: bool,
}

/// What was used up, a byte each.
#[derive(Clone, Copy)]
pub(super) enum Spent {
    Txns = 0,
    Crashes = 8,
    Breaks = 16,
    Elections = 24,
}

/// What a remembered step leads to; servers and packets by number.
#[derive(Clone, Debug)]
struct Step {
    next: u32,
    effects: Vec<Sent>,
    facts: Vec<Fact>,
    broken: Option<Found>,
}

#[derive(Clone, Copy, Debug)]
enum Sent {
    Packet(u8, u32),
    Hangup(u8),
}

/// The system under search. A state is one word for each server, for each direction between two,
/// for the memory outside of them, and for what was used up.
#[derive(Debug)]
pub struct Model<R> {
    bounds: Bounds,
    rules: R,
    configs: Vec<Config>,
    pub(super) locals: Interner<Local<R>>,
    pub(super) glances: Vec<Glance>,
    pub(super) packets: Interner<Message>,
    pub(super) wires: Wires,
    ghosts: Interner<Ghost>,
    known: Memo,
    steps: Vec<Step>,
    remembers: bool,
}

/// A state with nothing abbreviated: equal states have equal values, in every search.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unpacked<R> {
    locals: Vec<Local<R>>,
    wires: Vec<(Wire, Vec<Message>)>,
    ghost: Ghost,
    spent: u32,
}

impl<R: Rules + Eq + Hash> Model<R> {
    /// A model in which nothing happened yet.
    #[must_use]
    pub fn new(bounds: Bounds, rules: R) -> Self {
        let configs = (1..=bounds.servers).map(|me| config(sid(me), bounds.servers)).collect();
        Self {
            bounds,
            rules,
            configs,
            locals: Interner::new(),
            glances: Vec::new(),
            packets: Interner::new(),
            wires: Wires::new(),
            ghosts: Interner::new(),
            known: Memo::new(),
            steps: Vec::new(),
            remembers: true,
        }
    }

    /// Makes every step anew instead of remembering its result: for a second opinion.
    #[must_use]
    pub const fn forgetful(mut self) -> Self {
        self.remembers = false;
        self
    }

    /// Words of a state.
    #[must_use]
    pub fn width(&self) -> usize {
        let servers = usize::from(self.bounds.servers);
        servers * servers + 2
    }

    pub(super) const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// How many different servers were met, with their disks.
    #[must_use]
    pub const fn locals(&self) -> usize {
        self.locals.len()
    }

    /// All servers started, without a history.
    ///
    /// # Errors
    /// A start alone breaks an invariant.
    pub fn first(&mut self) -> Result<Vec<u32>, Found> {
        let mut state = vec![CLOSED; self.width()];
        let blank = self.put_local(Local::new(), 1);
        let ghost = self.ghosts.put(Ghost::new(self.bounds.servers));
        self.set_ghost(&mut state, ghost);
        for server in 1..=self.bounds.servers {
            state[usize::from(server - 1)] = blank;
        }
        for server in 1..=self.bounds.servers {
            self.step(&mut state, server, &Event::Start)?;
        }
        Ok(state)
    }

    // --- words -----------------------------------------------------------------------------

    pub(super) fn servers(&self) -> impl Iterator<Item = u8> + use<R> {
        1..=self.bounds.servers
    }

    pub(super) fn glance(&self, state: &[u32], server: u8) -> &Glance {
        &self.glances[state[usize::from(server - 1)] as usize]
    }

    fn place(&self, from: u8, to: u8) -> usize {
        let servers = usize::from(self.bounds.servers);
        let (from, to) = (usize::from(from - 1), usize::from(to - 1));
        servers + from * (servers - 1) + to - usize::from(to > from)
    }

    pub(super) fn wire(&self, state: &[u32], from: u8, to: u8) -> u32 {
        state[self.place(from, to)]
    }

    fn set_wire(&self, state: &mut [u32], from: u8, to: u8, wire: u32) {
        state[self.place(from, to)] = wire;
    }

    /// Is the stream between the two whole, in both directions?
    pub(super) fn is_linked(&self, state: &[u32], a: u8, b: u8) -> bool {
        self.wires.is_live(self.wire(state, a, b)) && self.wires.is_live(self.wire(state, b, a))
    }

    pub(super) fn ghost(&self, state: &[u32]) -> &Ghost {
        self.ghosts.get(state[self.width() - 2])
    }

    fn set_ghost(&self, state: &mut [u32], ghost: u32) {
        state[self.width() - 2] = ghost;
    }

    pub(super) fn put_ghost(&mut self, state: &mut [u32], ghost: Ghost) {
        let ghost = self.ghosts.put(ghost);
        self.set_ghost(state, ghost);
    }

    pub(super) fn spent(&self, state: &[u32], what: Spent) -> u8 {
        state[self.width() - 1].to_le_bytes()[what as usize / 8]
    }

    pub(super) fn left(&self, state: &[u32], what: Spent, of: u8) -> bool {
        self.spent(state, what) < of
    }

    fn spend(&self, state: &mut [u32], what: Spent) {
        state[self.width() - 1] += 1 << what as u32;
    }

    fn put_local(&mut self, local: Local<R>, server: u8) -> u32 {
        let id = self.locals.put(local);
        if id as usize == self.glances.len() {
            let config = &self.configs[usize::from(server - 1)];
            self.glances.push(Glance::of(config.me, &config.voters, self.locals.get(id)));
        }
        id
    }

    /// The state without abbreviations.
    #[must_use]
    pub fn unpack(&self, state: &[u32]) -> Unpacked<R> {
        let servers = usize::from(self.bounds.servers);
        let wires = state[servers..self.width() - 2].iter().map(|wire| {
            let wire = self.wires.get(*wire).clone();
            // Packets in full; their numbers depend on the order of discovery.
            match wire {
                Wire::Closed => (Wire::Closed, Vec::new()),
                Wire::Open { packets, ends } => {
                    let full = packets.iter().map(|id| self.packets.get(*id).clone()).collect();
                    (Wire::Open { packets: Vec::new(), ends }, full)
                }
            }
        });
        Unpacked {
            locals: state[..servers].iter().map(|id| self.locals.get(*id).clone()).collect(),
            wires: wires.collect(),
            ghost: self.ghost(state).clone(),
            spent: state[self.width() - 1],
        }
    }

    /// The words of a state.
    pub fn pack(&mut self, unpacked: &Unpacked<R>) -> Vec<u32> {
        let mut state = Vec::new();
        for (server, local) in self.servers().zip(&unpacked.locals) {
            state.push(self.put_local(local.clone(), server));
        }
        for (wire, messages) in &unpacked.wires {
            let ids = messages.iter().map(|message| self.packets.put(message.clone())).collect();
            state.push(self.wires.put(match wire {
                Wire::Closed => Wire::Closed,
                Wire::Open { ends, .. } => Wire::Open { packets: ids, ends: *ends },
            }));
        }
        state.push(self.ghosts.put(unpacked.ghost.clone()));
        state.push(unpacked.spent);
        state
    }

    // --- what happens ----------------------------------------------------------------------

    /// Does an action that is enabled.
    ///
    /// # Errors
    /// The invariant that it breaks.
    pub fn apply(&mut self, state: &mut [u32], action: Action) -> Result<(), Found> {
        match action {
            Action::Elect { leader, members } => {
                self.spend(state, Spent::Elections);
                let mut learners = Vec::new();
                self.step(state, leader, &Event::Elect(sid(leader)))?;
                for member in self.servers().filter(|server| members & bit(*server) != 0) {
                    if member != leader {
                        self.step(state, member, &Event::Elect(sid(leader)))?;
                        learners.push(member);
                    }
                }
                self.discover(state, leader, &learners)
            }
            Action::Join(server, leader) => {
                self.step(state, server, &Event::Elect(sid(leader)))?;
                self.discover(state, leader, &[server])
            }
            Action::Connect(server) => self.connect(state, server),
            Action::Deliver(from, to) => self.deliver(state, from, to),
            Action::Flush(server) => {
                self.step(state, server, &Event::Flush)?;
                self.read_disk(state, server)
            }
            Action::Work(server) => self.step(state, server, &Event::Work),
            Action::Propose(server) => {
                self.spend(state, Spent::Txns);
                let write = self.spent(state, Spent::Txns);
                self.step(state, server, &Event::Propose(write))
            }
            Action::GiveUp(server) => {
                if self.glance(state, server).has_quorum {
                    self.spend(state, Spent::Breaks);
                }
                self.step(state, server, &Event::GiveUp)
            }
            Action::NoQuorum(server) => self.step(state, server, &Event::Tick),
            Action::Crash(server) => {
                self.spend(state, Spent::Crashes);
                for other in self.servers().filter(|other| *other != server) {
                    self.cut(state, server, other);
                    self.set_wire(state, other, server, CLOSED);
                }
                self.step(state, server, &Event::Crash)
            }
            Action::Restart(server) => self.step(state, server, &Event::Start),
            Action::Break(a, b) => {
                self.spend(state, Spent::Breaks);
                self.cut(state, a, b);
                self.cut(state, b, a);
                Ok(())
            }
        }
    }

    /// Nothing that is under way arrives any more, and the receiver will notice.
    fn cut(&self, state: &mut [u32], from: u8, to: u8) {
        if self.wire(state, from, to) != CLOSED {
            self.set_wire(state, from, to, ENDING);
        }
    }

    /// The forced steps of discovery: streams open, epochs are reported, offered, promised.
    fn discover(&mut self, state: &mut [u32], leader: u8, learners: &[u8]) -> Result<(), Found> {
        if self.bounds.fine {
            return Ok(());
        }
        loop {
            let before = state.to_vec();
            for &learner in learners {
                if self.glance(state, learner).connecting {
                    self.connect(state, learner)?;
                }
                for (from, to) in [(learner, leader), (leader, learner)] {
                    while self.is_forced(state, from, to) {
                        self.deliver(state, from, to)?;
                    }
                }
                while self.glance(state, learner).writes_epoch {
                    self.step(state, learner, &Event::Flush)?;
                }
            }
            while self.glance(state, leader).writes_epoch {
                self.step(state, leader, &Event::Flush)?;
            }
            self.read_disk(state, leader)?;
            if state == before.as_slice() {
                return Ok(());
            }
        }
    }

    /// Is a packet of discovery the next to arrive, or the end of a stream that was refused?
    fn is_forced(&self, state: &[u32], from: u8, to: u8) -> bool {
        let wire = self.wire(state, from, to);
        wire == ENDING
            || self.wires.front(wire).is_some_and(|packet| {
                matches!(
                    self.packets.get(packet),
                    Packet::FollowerInfo { .. }
                        | Packet::LeaderInfo { .. }
                        | Packet::AckEpoch { .. }
                )
            })
    }

    /// Without the steps between: what a disk reads is there when its writes are.
    fn read_disk(&mut self, state: &mut [u32], server: u8) -> Result<(), Found> {
        while !self.bounds.fine && self.glance(state, server).can_work {
            self.step(state, server, &Event::Work)?;
        }
        Ok(())
    }

    /// A learner tries to reach its leader, until it has a stream or looks for another one.
    fn connect(&mut self, state: &mut [u32], server: u8) -> Result<(), Found> {
        while self.glance(state, server).connecting {
            let Some(leader) = self.glance(state, server).leader else { return Ok(()) };
            let leader = number(leader);
            if self.glance(state, leader).up {
                // A new stream takes the place of an old one.
                self.set_wire(state, server, leader, OPEN);
                self.set_wire(state, leader, server, OPEN);
                self.step(state, leader, &Event::Linked(sid(server), false))?;
                if self.is_linked(state, server, leader) {
                    return self.step(state, server, &Event::Linked(sid(leader), true));
                }
                self.set_wire(state, leader, server, CLOSED);
            }
            self.step(state, server, &Event::Unlinked(sid(leader)))?;
        }
        Ok(())
    }

    fn deliver(&mut self, state: &mut [u32], from: u8, to: u8) -> Result<(), Found> {
        let wire = self.wire(state, from, to);
        let Some(packet) = self.wires.front(wire) else {
            self.set_wire(state, from, to, CLOSED);
            self.cut(state, to, from);
            self.step(state, to, &Event::Unlinked(sid(from)))?;
            return self.read_disk(state, to);
        };
        let rest = self.wires.pop(wire);
        self.set_wire(state, from, to, rest);
        let message = self.packets.get(packet).clone();
        self.received(state, to, from, packet, message)?;
        self.read_disk(state, to)
    }

    fn received(
        &mut self,
        state: &mut [u32],
        to: u8,
        from: u8,
        packet: u32,
        message: Message,
    ) -> Result<(), Found> {
        let code = 16 + u64::from(from) * (1 << 24) + u64::from(packet);
        self.coded(state, to, code, &Event::Packet(sid(from), message))
    }

    fn step(&mut self, state: &mut [u32], server: u8, event: &Event) -> Result<(), Found> {
        let small = |sid: Sid| u64::from(number(sid));
        let code = match event {
            Event::Start => 0,
            Event::Crash => 1,
            Event::Flush => 2,
            Event::Work => 3,
            Event::GiveUp => 4,
            Event::Tick => 5,
            Event::Elect(sid) => 6 + small(*sid) * 256,
            Event::Linked(sid, dialled) => 7 + small(*sid) * 256 + u64::from(*dialled) * 65_536,
            Event::Unlinked(sid) => 8 + small(*sid) * 256,
            Event::Propose(write) => 9 + u64::from(*write) * 256,
            Event::Packet(from, message) => {
                let packet = self.packets.put(message.clone());
                let from = number(*from);
                return self.received(state, server, from, packet, message.clone());
            }
        };
        self.coded(state, server, code, event)
    }

    /// One step of one server, remembered under a code for the event.
    fn coded(
        &mut self,
        state: &mut [u32],
        server: u8,
        code: u64,
        event: &Event,
    ) -> Result<(), Found> {
        let index = usize::from(server - 1);
        let before = state[index];
        let key = u64::from(before) << 32 | code << 4 | u64::from(server);
        let step = match self.known.get(key).filter(|_| self.remembers) {
            Some(step) => step,
            None => {
                let step = self.make(before, server, event);
                let id = u32::try_from(self.steps.len()).expect("steps fit in memory");
                self.steps.push(step);
                self.known.set(key, id);
                id
            }
        } as usize;
        let (next, facts) = (self.steps[step].next, self.steps[step].facts.len());
        state[index] = next;
        for at in 0..self.steps[step].effects.len() {
            match self.steps[step].effects[at] {
                Sent::Packet(to, packet) => {
                    if self.wire(state, to, server) != CLOSED {
                        let wire = self.wires.push(self.wire(state, server, to), packet);
                        self.set_wire(state, server, to, wire);
                    }
                }
                Sent::Hangup(to) => {
                    let wire = self.wires.end(self.wire(state, server, to));
                    self.set_wire(state, server, to, wire);
                    self.set_wire(state, to, server, CLOSED);
                }
            }
        }
        if let Some(found) = &self.steps[step].broken {
            return Err(found.clone());
        }
        let facts = if facts == 0 { Vec::new() } else { self.steps[step].facts.clone() };
        self.judge(state, server, before, &facts)
    }

    fn make(&mut self, before: u32, server: u8, event: &Event) -> Step {
        let config = &self.configs[usize::from(server - 1)];
        let outcome = self.locals.get(before).step(config, &self.rules, event);
        let effects = outcome.effects.into_iter().map(|effect| match effect {
            Effect::Send(to, message) => Sent::Packet(number(to), self.packets.put(message)),
            Effect::Hangup(to) => Sent::Hangup(number(to)),
        });
        let effects = effects.collect();
        let next = self.put_local(outcome.next, server);
        Step { next, effects, facts: outcome.facts, broken: outcome.broken }
    }
}
