//! Recipes: who believes to hold a lock or an office, and may.

use super::faults::{LOCK, OFFICE};
use super::safety::Safety;
use super::violation::{Found, Oracle};
use crate::base::{Map, NodeId, Set, Zxid};
use crate::ensemble::{Actor, Note};
use crate::recipes::{self, Phase, Program};
use crate::sim::{Action, StepRecord, World};
use crate::zab::Rules;
use alloc::format;

/// The oracle of recipes.
#[derive(Clone, Debug, Default)]
pub struct Locks {
    /// Who was first with which fencing token: a resource that it protects lets nobody else in
    /// with it, and no older one.
    tokens: Map<Zxid, NodeId>,
    /// Who was first since the last fault.
    lately: Set<NodeId>,
}

impl Locks {
    /// From now on it counts who gets his turn.
    pub fn healed(&mut self) {
        self.lately = Set::new();
    }

    /// Judges one step.
    ///
    /// # Errors
    /// The rule that it broke.
    pub fn look<R: Rules>(
        &mut self,
        world: &World<Actor<R>>,
        safety: &Safety,
        record: &StepRecord<Actor<R>>,
    ) -> Result<(), Found> {
        let Some(node) = record.action().and_then(Action::node) else { return Ok(()) };
        for note in record.notes() {
            if let Note::Client(recipes::Note::Phase { phase: Phase::First, token }) = note {
                self.first(world, safety, node, *token)?;
            }
        }
        Ok(())
    }

    fn first<R: Rules>(
        &mut self,
        world: &World<Actor<R>>,
        safety: &Safety,
        node: NodeId,
        token: Option<Zxid>,
    ) -> Result<(), Found> {
        let Some(token) = token else {
            let what = "is first and has no token".into();
            return Err((Oracle::FencedExclusion, Some(node), what));
        };
        let owner = *self.tokens.get_or_insert(token, node);
        if owner != node {
            let what = format!("is first with {token}, the token of {owner}");
            return Err((Oracle::FencedExclusion, Some(node), what));
        }
        self.lately.insert(node);
        let Some(worker) = world.process(node).and_then(Actor::worker) else { return Ok(()) };
        let root = if matches!(worker.program(), Program::Election { .. }) { OFFICE } else { LOCK };
        let seen = worker.client().last_zxid();
        let Some(model) = safety.model() else { return Ok(()) };
        let number = |name: &&str| {
            name.get(name.len().saturating_sub(10)..).and_then(|n| n.parse::<i64>().ok())
        };
        let lowest = model.children_at(root, seen).into_iter().min_by_key(number);
        let lowest = lowest.map(|name| format!("{root}/{name}"));
        let made = lowest.as_ref().and_then(|path| model.at(path, seen)).map(|z| z.stat.czxid);
        if made != Some(token) {
            let what = format!("is first with {token} at {seen}, where {lowest:?} is the lowest");
            return Err((Oracle::OneLeaderView, Some(node), what));
        }
        Ok(())
    }

    /// Everybody who wants a lock must have had it since the last fault, and an office is taken.
    ///
    /// # Errors
    /// Somebody waits.
    pub fn judge_turns<R: Rules>(&self, world: &World<Actor<R>>) -> Result<(), Found> {
        let mut candidates = 0;
        let mut elected = 0;
        for (node, slot) in world.slots() {
            let Some(worker) = slot.process().and_then(Actor::worker) else { continue };
            match worker.program() {
                Program::Lock(_) | Program::NaiveLock(_) if !self.lately.contains(node) => {
                    let phase = worker.recipe().map(recipes::Recipe::phase);
                    let what = format!("never had the lock since the healing: {phase:?}");
                    return Err((Oracle::LockProgress, Some(*node), what));
                }
                Program::Election { .. } => {
                    candidates += 1;
                    elected += u32::from(worker.is_first());
                }
                Program::Lock(_) | Program::NaiveLock(_) | Program::None => {}
            }
        }
        if candidates > 0 && elected != 1 {
            let what = format!("{elected} of {candidates} candidates lead");
            return Err((Oracle::LockProgress, None, what));
        }
        Ok(())
    }

    /// After all recipes stopped nothing of theirs is left.
    ///
    /// # Errors
    /// Something is.
    pub fn judge_end(&self, safety: &Safety) -> Result<(), Found> {
        let Some(model) = safety.model() else { return Ok(()) };
        for root in [LOCK, OFFICE] {
            if let Some(left) = model.children_at(root, safety.last()).first() {
                let what = format!("{root}/{left} is left of a recipe that stopped");
                return Err((Oracle::LockProgress, None, what));
            }
        }
        Ok(())
    }
}
