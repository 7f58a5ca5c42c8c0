//! Several futures of one run. Acting in the past starts another one and keeps the old.

use super::record::Record;
use std::rc::Rc;
use zabscope_core::ensemble::Actor;
use zabscope_core::sim::{Micros, Sim};

/// Branches that are kept; then the oldest that nobody looks at goes.
pub const BRANCHES_MAX: usize = 24;

/// Names a branch for as long as the page is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BranchId(pub u32);

/// Where a branch left another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The other one.
    pub parent: BranchId,
    /// The first step that is not common to both.
    pub step: u64,
    /// When.
    pub at: Micros,
}

/// One future.
#[derive(Clone, Debug)]
pub struct Branch {
    pub(super) id: BranchId,
    pub(super) name: String,
    pub(super) origin: Option<Origin>,
    pub(super) sim: Sim<Actor>,
    pub(super) record: Record,
    /// The first step of each thing that a person did.
    pub(super) acts: Vec<u64>,
}

/// All futures, and which one is looked at.
#[derive(Clone, Debug)]
pub struct Branches {
    all: Vec<Branch>,
    current: usize,
    next: u32,
    /// For redo: what was before each undo.
    undone: Vec<Undone>,
}

/// What an undo left.
#[derive(Clone, Debug)]
struct Undone {
    /// The branch that was looked at.
    id: BranchId,
    /// Its cursor.
    cursor: u64,
    /// What that was, if the undo took it further back.
    before: Option<Rc<Branch>>,
}

impl Branch {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> BranchId {
        self.id
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it left another one; `None` for the first.
    #[must_use]
    pub const fn origin(&self) -> Option<Origin> {
        self.origin
    }

    /// What its first step of its own is, in words.
    #[must_use]
    pub fn about(&self) -> Option<&str> {
        let step = usize::try_from(self.origin?.step).ok()?;
        Some(&self.record.happenings.get(step)?.text)
    }

    /// Its number of steps so far.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.sim.end()
    }

    /// True if a person did something in it.
    pub(super) const fn is_touched(&self) -> bool {
        !self.acts.is_empty()
    }

    /// The last thing a person did before the cursor.
    fn last_act(&self) -> Option<u64> {
        let index = self.sim.index();
        self.acts.iter().copied().rfind(|step| *step < index)
    }

    /// In one place: what a copy consists of is much code.
    #[inline(never)]
    fn copy(&self) -> Self {
        self.clone()
    }

    /// Leaves its parent at an earlier step, with nothing behind it.
    fn take_back(&mut self, step: u64) {
        self.sim.seek(step);
        self.sim.forget_future();
        self.truncate(step);
        let at = self.sim.now();
        self.origin = self.origin.map(|origin| Origin { step, at, ..origin });
    }

    pub(super) fn truncate(&mut self, index: u64) {
        self.record.truncate(index);
        self.acts.retain(|step| *step < index);
    }
}

impl Branches {
    pub(super) fn new(sim: Sim<Actor>) -> Self {
        let first = Branch {
            id: BranchId(1),
            name: "Run 1".to_owned(),
            origin: None,
            sim,
            record: Record::default(),
            acts: Vec::new(),
        };
        Self { all: vec![first], current: 0, next: 2, undone: Vec::new() }
    }

    pub(super) fn here(&self) -> &Branch {
        self.all.get(self.current).expect("there is always one branch")
    }

    pub(super) fn here_mut(&mut self) -> &mut Branch {
        self.all.get_mut(self.current).expect("there is always one branch")
    }

    pub(super) fn all(&self) -> &[Branch] {
        &self.all
    }

    fn place(&self, id: BranchId) -> Option<usize> {
        self.all.iter().position(|branch| branch.id == id)
    }

    /// Leaves the current branch at its cursor for a new one without what comes behind.
    fn fork(&mut self) {
        let here = self.here();
        let (step, at) = (here.sim.index(), here.sim.now());
        let mut fork = here.copy();
        fork.id = BranchId(self.next);
        fork.name = format!("Run {}", self.next);
        fork.origin = Some(Origin { parent: here.id, step, at });
        fork.sim.forget_future();
        fork.truncate(step);
        self.next += 1;
        if self.all.len() >= BRANCHES_MAX {
            let parent = self.here().id;
            if let Some(oldest) = self.all.iter().position(|branch| branch.id != parent) {
                self.all.remove(oldest);
            }
        }
        self.all.push(fork);
        self.current = self.all.len() - 1;
    }

    /// Makes room for something new at the cursor.
    pub(super) fn begin_act(&mut self) {
        if self.here().sim.index() < self.here().sim.end() {
            self.fork();
        }
        self.undone.clear();
        let step = self.here().sim.index();
        self.here_mut().acts.push(step);
    }

    /// Looks at another branch, at the same step or at its end if that is earlier.
    pub(super) fn switch(&mut self, id: BranchId, index: u64) -> bool {
        let Some(place) = self.place(id) else { return false };
        self.current = place;
        let here = self.here_mut();
        here.sim.seek(index.min(here.sim.end()));
        true
    }

    pub(super) fn rename(&mut self, id: BranchId, name: &str) {
        let name: String = name.trim().chars().take(40).collect();
        if let Some(place) = self.place(id)
            && let Some(branch) = self.all.get_mut(place)
            && !name.is_empty()
        {
            branch.name = name;
        }
    }

    /// True if nothing was done in this branch that another one does not keep, and none left it: the
    /// next undo needs no other one.
    fn is_of_an_undo(&self) -> bool {
        let here = self.here();
        let own = |origin: Origin| here.acts.iter().any(|act| *act >= origin.step);
        let leaves = |branch: &Branch| branch.origin.is_some_and(|it| it.parent == here.id);
        let kept = |origin: Origin| self.place(origin.parent).is_some() && !own(origin);
        here.origin.is_some_and(kept) && !self.all.iter().any(leaves)
    }

    /// To the moment before the last act, in a future without it: a branch of its own, which the
    /// next undo takes further back.
    #[inline(never)]
    pub(super) fn undo(&mut self) -> bool {
        let here = self.here();
        let (id, cursor) = (here.id, here.sim.index());
        let Some(act) = here.last_act() else { return false };
        let entries = here.sim.tape().entries().iter();
        let at = entries.filter(|entry| entry.index == act).map(|entry| entry.at_us).next();
        let is_twin = |branch: &&Branch| {
            branch.origin.is_some_and(|origin| (origin.parent, origin.step) == (id, act))
        };
        let other = match here.origin {
            Some(Origin { parent, step, .. }) if step == act => Some(parent),
            _ => self.all.iter().find(is_twin).map(Branch::id),
        };
        let mut before = None;
        if let Some(other) = other.filter(|other| self.place(*other).is_some()) {
            self.switch(other, act);
        } else if self.is_of_an_undo() {
            before = Some(Rc::new(self.here().copy()));
            self.here_mut().take_back(act);
        } else {
            self.here_mut().sim.seek(act);
            self.fork();
        }
        // The clock may have stood between two steps when somebody acted.
        let sim = &mut self.here_mut().sim;
        if let Some(at) = at.map(Micros)
            && sim.next_at().is_none_or(|next| next > at)
        {
            sim.run_until(at);
        }
        self.undone.push(Undone { id, cursor, before });
        true
    }

    /// Back to where the last undo came from.
    pub(super) fn redo(&mut self) -> bool {
        while let Some(Undone { id, cursor, before }) = self.undone.pop() {
            if let Some(place) = self.place(id)
                && let Some((branch, before)) = self.all.get_mut(place).zip(before)
            {
                let mut before = before.copy();
                core::mem::swap(&mut before.name, &mut branch.name);
                *branch = before;
            }
            if self.switch(id, cursor) {
                return true;
            }
        }
        false
    }

    pub(super) fn can_undo(&self) -> bool {
        self.here().last_act().is_some()
    }

    pub(super) const fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }
}
