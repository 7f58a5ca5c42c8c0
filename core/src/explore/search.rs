//! Breadth first through everything that can happen.

use super::action::Action;
use super::intern::States;
use super::invariant::Found;
use super::model::{Bounds, Model};
use crate::zab::Rules;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::Hash;

/// How a search stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Different states found.
    pub unique: u64,
    /// States whose actions were all tried.
    pub done: u64,
    /// Actions tried.
    pub transitions: u64,
    /// Actions from the first state to the ones that are looked at.
    pub depth: u32,
    /// Different servers met, with their disks.
    pub locals: u64,
    /// States in which nothing can happen any more.
    pub ends: u64,
}

/// An invariant that broke, and the shortest way there.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// What broke.
    pub found: Found,
    /// The actions, in words.
    pub way: Vec<String>,
}

/// A search under way.
#[derive(Debug)]
pub struct Search<R> {
    model: Model<R>,
    states: States,
    /// The next state to look at.
    next: u32,
    /// The first one of the next level.
    level_end: u32,
    progress: Progress,
    broken: Option<Counterexample>,
    /// What is being tried, for a caller that catches a panic of the engine.
    trying: Option<(u32, Action)>,
}

impl<R: Rules + Eq + Hash> Search<R> {
    /// A search at its beginning.
    #[must_use]
    pub fn new(bounds: Bounds, rules: R) -> Self {
        let mut model = Model::new(bounds, rules);
        let mut states = States::new(model.width());
        let mut broken = None;
        match model.first() {
            Ok(first) => {
                states.add(&first, 0);
            }
            Err(found) => broken = Some(Counterexample { found, way: Vec::new() }),
        }
        let progress = Progress { unique: 1, ..Progress::default() };
        Self { model, states, next: 0, level_end: 1, progress, broken, trying: None }
    }

    /// How it stands.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// What it found.
    #[must_use]
    pub const fn broken(&self) -> Option<&Counterexample> {
        self.broken.as_ref()
    }

    /// Was everything looked at, and nothing broken?
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.broken.is_none() && self.next as usize == self.states.len()
    }

    /// The way to what is being tried, in words: after a panic of the engine.
    #[must_use]
    pub fn trying(&mut self) -> Vec<String> {
        self.trying.map(|(state, action)| self.way(state, action)).unwrap_or_default()
    }

    /// Looks at this many states more; false when there is nothing left to look at, or an
    /// invariant broke.
    pub fn advance(&mut self, states: u32) -> bool {
        let (mut actions, mut state) = (Vec::new(), Vec::new());
        for _ in 0..states {
            if self.broken.is_some() || self.next as usize >= self.states.len() {
                return false;
            }
            if self.next == self.level_end {
                self.progress.depth += 1;
                self.level_end = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
            }
            let from = self.next;
            self.model.enabled(self.states.get(from), &mut actions);
            if actions.is_empty() {
                self.progress.ends += 1;
            }
            for action in &actions {
                state.clear();
                state.extend_from_slice(self.states.get(from));
                self.progress.transitions += 1;
                self.trying = Some((from, *action));
                if let Err(found) = self.model.apply(&mut state, *action) {
                    self.broken = Some(Counterexample { found, way: self.way(from, *action) });
                    return false;
                }
                self.states.add(&state, from);
            }
            self.next += 1;
            self.progress.done += 1;
            self.progress.unique = self.states.len() as u64;
            self.progress.locals = self.model.locals() as u64;
        }
        true
    }

    /// The actions that lead to a state, and one more.
    fn way(&mut self, last: u32, action: Action) -> Vec<String> {
        let (mut chain, mut at) = (Vec::new(), last);
        while self.states.parent(at) != at {
            chain.push((self.states.parent(at), at));
            at = self.states.parent(at);
        }
        let mut told: Vec<String> =
            chain.into_iter().rev().map(|(from, to)| self.between(from, to)).collect();
        told.push(self.model.tell(self.states.get(last), action));
        told
    }

    /// The action that leads from one state to the next.
    fn between(&mut self, from: u32, to: u32) -> String {
        let mut actions = Vec::new();
        self.model.enabled(self.states.get(from), &mut actions);
        let leads = actions.into_iter().find(|action| {
            let mut state = self.states.get(from).to_vec();
            self.model.apply(&mut state, *action).is_ok() && state == self.states.get(to)
        });
        leads.map(|action| self.model.tell(self.states.get(from), action)).unwrap_or_default()
    }
}
