//! What one step of a simulation did, for people, pictures and checks.

use super::action::{Action, Fault, Kept};
use super::directive::{Directive, Hold};
use super::network::{End, Item, Wire};
use super::schedule::Micros;
use crate::base::{Effect, Node};
use crate::trace::{Digest, TraceHasher};
use alloc::vec::Vec;

/// A node whose run can be hashed.
///
/// Notes are left out: nothing reads them back, and what they tell shows in messages, writes and
/// timers. So are the contents of calls and replies, for the same reason.
pub trait Traced: Node<Msg: Digest, Timer: Digest, Write: Digest> {}

impl<N: Node<Msg: Digest, Timer: Digest, Write: Digest>> Traced for N {}

/// Why a step happened.
#[derive(Clone, Debug)]
pub enum Cause<N: Node> {
    /// Its time had come.
    Due(Action<N>),
    /// Somebody wanted it.
    Told(Directive<N>),
}

/// One step.
#[derive(Clone, Debug)]
pub struct StepRecord<N: Node> {
    /// Its number, from 0.
    pub index: u64,
    /// When it happened.
    pub at: Micros,
    /// Why, and what.
    pub cause: Cause<N>,
    /// False if a directive changed nothing.
    pub applied: bool,
    /// What was taken from the wire, without the message (the record of its sending has it).
    pub arrived: Option<Item<()>>,
    /// True if it arrived at nobody.
    pub lost: bool,
    /// What the node asked for, in order.
    pub effects: Vec<Effect<N>>,
    /// What was sent, by the node or by the world for it, in order.
    pub sent: Vec<Item<N::Msg>>,
    /// Messages for links that were not open.
    pub unsent: u32,
    /// What must not happen.
    pub faults: Vec<Fault>,
}

impl<N: Node> StepRecord<N> {
    /// The action, whoever wanted it; `None` for the directives that are none.
    pub const fn action(&self) -> Option<&Action<N>> {
        match &self.cause {
            Cause::Due(action) | Cause::Told(Directive::Act(action)) => Some(action),
            Cause::Told(_) => None,
        }
    }

    /// The facts that the node told.
    pub fn notes(&self) -> impl Iterator<Item = &N::Note> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::Note(note) = effect { Some(note) } else { None })
    }

    /// Its answers to calls.
    pub fn replies(&self) -> impl Iterator<Item = &N::Reply> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::Reply(reply) = effect { Some(reply) } else { None })
    }
}

impl Digest for End {
    fn digest(&self, hasher: &mut TraceHasher) {
        (self.node, self.link).digest(hasher);
    }
}

impl<M: Digest> Digest for Item<M> {
    fn digest(&self, hasher: &mut TraceHasher) {
        (self.id, self.stream).digest(hasher);
        (self.from, self.to).digest(hasher);
        match &self.wire {
            Wire::Syn => hasher.word(1),
            Wire::SynAck => hasher.word(2),
            Wire::Data(message) => {
                hasher.word(3);
                message.digest(hasher);
            }
            Wire::Fin => hasher.word(4),
            Wire::Reset => hasher.word(5),
        }
    }
}

impl<N: Traced> Digest for Action<N> {
    fn digest(&self, hasher: &mut TraceHasher) {
        match self {
            Self::Start(node) => (1u8, *node).digest(hasher),
            Self::Deliver(end) => (2u8, *end).digest(hasher),
            Self::Flush(node) => (3u8, *node).digest(hasher),
            Self::Work(node) => (4u8, *node).digest(hasher),
            Self::Fire(node, timer) => (5u8, (*node, timer)).digest(hasher),
            Self::Call(node, _) => (6u8, *node).digest(hasher),
            Self::Crash { node, kept: Kept::All } => (7u8, *node).digest(hasher),
            Self::Crash { node, kept: Kept::First(kept) } => (12u8, (*node, *kept)).digest(hasher),
            Self::Break(a, b) => (8u8, (*a, *b)).digest(hasher),
            Self::Reset(end) => (9u8, *end).digest(hasher),
            Self::Cut(from, to) => (10u8, (*from, *to)).digest(hasher),
            Self::Heal(from, to) => (11u8, (*from, *to)).digest(hasher),
        }
    }
}

impl Digest for Hold {
    fn digest(&self, hasher: &mut TraceHasher) {
        match self {
            Self::Item(id) => (1u8, *id).digest(hasher),
            Self::To(end) => (2u8, *end).digest(hasher),
            Self::Between(from, to) => (3u8, (*from, *to)).digest(hasher),
        }
    }
}

impl<N: Traced> Digest for Directive<N> {
    fn digest(&self, hasher: &mut TraceHasher) {
        match self {
            Self::Act(action) => (1u8, action).digest(hasher),
            Self::Add(node, _) => (2u8, *node).digest(hasher),
            Self::Hold(hold) => (3u8, hold).digest(hasher),
            Self::Release(hold) => (4u8, hold).digest(hasher),
            Self::Freeze(node) => (5u8, *node).digest(hasher),
            Self::Thaw(node) => (6u8, *node).digest(hasher),
            Self::SlowDisk(node, factor) => (7u8, (*node, *factor)).digest(hasher),
            Self::ClockRate { node, num, den } => (8u8, (*node, (*num, *den))).digest(hasher),
            Self::WallClock(node, offset_ms) => (9u8, (*node, *offset_ms)).digest(hasher),
            Self::Latency { from, to, base_us, jitter_us } => {
                (10u8, ((*from, *to), (*base_us, *jitter_us))).digest(hasher);
            }
        }
    }
}

impl<N: Traced> Digest for StepRecord<N> {
    fn digest(&self, hasher: &mut TraceHasher) {
        (self.index, self.at.0).digest(hasher);
        match &self.cause {
            Cause::Due(action) => action.digest(hasher),
            Cause::Told(directive) => directive.digest(hasher),
        }
        hasher.word(u64::from(self.applied));
        self.sent.digest(hasher);
        for effect in &self.effects {
            match effect {
                Effect::Persist(write) => (1u8, write).digest(hasher),
                Effect::Halt(why) => (3u8, *why).digest(hasher),
                Effect::SetTimer(timer, after) => (4u8, (timer, *after)).digest(hasher),
                Effect::CancelTimer(timer) => (5u8, timer).digest(hasher),
                Effect::Reply(_) => hasher.word(2),
                // Sent items are above; jobs and links show in the steps that follow.
                Effect::Send(..)
                | Effect::Note(_)
                | Effect::Job(_)
                | Effect::Connect(_)
                | Effect::Hangup(_)
                | Effect::Pause(_)
                | Effect::Resume(_) => {}
            }
        }
        hasher.length(self.effects.len());
    }
}
