//! What one step of a simulation did, for people, pictures and checks.

use super::action::{Action, Fault};
use super::directive::Directive;
use super::network::{End, Item, Wire};
use super::schedule::Micros;
use crate::base::{Effect, Node};
use crate::trace::{Digest, TraceHasher};
use alloc::vec::Vec;

/// A node whose run can be hashed.
pub trait Traced: Node<Msg: Digest, Timer: Digest, Write: Digest, Note: Digest> {}

impl<N: Node<Msg: Digest, Timer: Digest, Write: Digest, Note: Digest>> Traced for N {}

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
            // Orders come with directives, which are rare and hashed as text.
            Self::Call(node, _) => (6u8, *node).digest(hasher),
            Self::Crash { node, .. } => (7u8, *node).digest(hasher),
            Self::Break(a, b) => (8u8, (*a, *b)).digest(hasher),
            Self::Reset(end) => (9u8, *end).digest(hasher),
            Self::Cut(from, to) => (10u8, (*from, *to)).digest(hasher),
            Self::Heal(from, to) => (11u8, (*from, *to)).digest(hasher),
        }
    }
}

impl<N: Traced> Digest for StepRecord<N> {
    fn digest(&self, hasher: &mut TraceHasher) {
        (self.index, self.at.0).digest(hasher);
        match &self.cause {
            Cause::Due(action) => action.digest(hasher),
            Cause::Told(directive) => hasher.debug(directive),
        }
        hasher.word(u64::from(self.applied));
        self.sent.digest(hasher);
        for effect in &self.effects {
            match effect {
                Effect::Persist(write) => (1u8, write).digest(hasher),
                Effect::Note(note) => (2u8, note).digest(hasher),
                Effect::Reply(reply) => hasher.debug(reply),
                Effect::Halt(why) => (3u8, *why).digest(hasher),
                Effect::SetTimer(timer, after) => (4u8, (timer, *after)).digest(hasher),
                Effect::CancelTimer(timer) => (5u8, timer).digest(hasher),
                // Sent items are above; jobs and links show in the steps that follow.
                Effect::Send(..)
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
