//! A guided run on the page: where the learner is, what was answered, and what to do next.

use crate::lab::{BranchId, Lab};
use zabscope_core::ensemble::Actor;
use zabscope_core::guide::{Answer, Future, Moved, Permit, RUNS, Run, Script, Walk};
use zabscope_core::sim::{Directive, Sim};

/// What a learner wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The next step.
    Next,
    /// The step before.
    Back,
    /// This step from its beginning.
    Again,
    /// On where the learner left off.
    Resume,
    /// The run from its beginning.
    Restart,
    /// An answer to the question.
    Answer(u64),
}

/// An answer, graded.
#[derive(Clone, Debug)]
pub struct Graded {
    /// What was answered.
    pub chosen: u64,
    /// What is right, and the future that says so.
    pub right: Answer,
    /// The other future, if the answer was wrong and the question has one.
    pub other: Option<Future>,
}

/// A guided run under way.
#[derive(Debug)]
pub struct Tour {
    run: usize,
    walk: Walk,
    /// The branch that follows the script; a learner may have made others.
    branch: BranchId,
    /// For each step: what was answered, and what came of it.
    answers: Vec<Option<Graded>>,
    stuck: bool,
}

impl Tour {
    /// Begins a guided run. `None` if there is no such run.
    #[must_use]
    pub fn begin(run: usize) -> Option<(Self, Lab)> {
        let script = Script::parse(RUNS.get(run)?.1).ok()?;
        let mut lab = Lab::new(script.settings.clone());
        let answers = vec![None; script.steps.len()];
        let walk = Walk::begin(script, &mut lab).ok()?;
        lab.opened();
        let branch = lab.branch().id();
        Some((Self { run, walk, branch, answers, stuck: false }, lab))
    }

    /// Its number in [`RUNS`].
    #[must_use]
    pub const fn run(&self) -> usize {
        self.run
    }

    /// The way through it.
    #[must_use]
    pub const fn walk(&self) -> &Walk {
        &self.walk
    }

    /// The branch that follows the script.
    #[must_use]
    pub const fn branch(&self) -> BranchId {
        self.branch
    }

    /// True if the learner may do this in the present step.
    #[must_use]
    pub fn permits(&self, permit: Permit) -> bool {
        self.walk.step().allow.contains(&permit)
    }

    /// What was answered in this step, and what is right.
    #[must_use]
    pub fn answer(&self) -> Option<&Graded> {
        self.answers.get(self.walk.at())?.as_ref()
    }

    /// True if this step cannot come to its end any more.
    #[must_use]
    pub const fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// True if the cursor is where this step ends.
    #[must_use]
    pub fn is_done(&self, lab: &Lab) -> bool {
        self.walk.is_done(lab.sim())
    }

    /// Does what the learner wants. True if time should pass now.
    pub fn go(&mut self, lab: &mut Lab, pace: Pace) -> bool {
        if pace != Pace::Next || !self.stuck {
            lab.switch(self.branch);
        }
        self.stuck = false;
        match pace {
            Pace::Next => match self.walk.next(lab) {
                Ok(Moved::Next) => return self.goes_on(lab),
                Ok(Moved::End) => {}
                Ok(Moved::Stuck) | Err(_) => self.stuck = true,
            },
            Pace::Back => {
                self.walk.back(lab);
            }
            Pace::Again => {
                self.walk.again(lab);
                return self.goes_on(lab);
            }
            // Then it is seen who was right.
            Pace::Answer(chosen) => {
                self.grade(lab, chosen);
                self.walk.again(lab);
                return self.goes_on(lab);
            }
            // Another run, or another tour: the page does it.
            Pace::Resume | Pace::Restart => {}
        }
        false
    }

    /// True while the question of this step is open.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.walk.step().question.is_some() && self.answer().is_none()
    }

    /// True if time has to pass until this step ends; a question is answered first.
    fn goes_on(&self, lab: &Lab) -> bool {
        !self.asks() && !self.is_done(lab)
    }

    /// The question is decided from the moment at which the step began, wherever the cursor is.
    fn grade(&mut self, lab: &Lab, chosen: u64) {
        let Some(question) = &self.walk.step().question else { return };
        let fork = lab.sim().branch(self.walk.begun());
        let Some(right) = question.decide(&fork) else { return };
        let wrong = chosen != right.value;
        let other = wrong.then(|| question.other(&fork, chosen, right.value)).flatten();
        if let Some(place) = self.answers.get_mut(self.walk.at()) {
            *place = Some(Graded { chosen, right, other });
        }
    }
}

impl Run for Lab {
    fn sim(&self) -> &Sim<Actor> {
        Self::sim(self)
    }

    fn direct(&mut self, directives: Vec<Directive<Actor>>) {
        for directive in directives {
            self.put(directive);
        }
    }

    fn step(&mut self) -> bool {
        Self::step(self)
    }

    fn seek(&mut self, index: u64) {
        Self::seek(self, index);
    }
}
