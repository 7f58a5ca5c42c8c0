//! From page to page, and through guided runs.

use super::{App, Order, SEED, opening};
use crate::lab::Lab;
use crate::lit;
use crate::panels::lesson::{self, Around};
use crate::progress;
use crate::route::Route;
use crate::run_view::RunCache;
use crate::share;
use crate::tour::{self, Tour};
use zabscope_core::guide::{RUNS, plain};

/// The browser's clock, as frames have it.
fn now_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}

impl App {
    /// The address has another fragment, or is read for the first time.
    #[inline(never)]
    pub(super) fn visit(&mut self, route: Route) {
        if self.route.mode() != route.mode() {
            to_the_top();
        }
        self.route = route;
        if self.tour.is_none() {
            self.pace.slow_by(0);
        }
        match (route, &self.tour) {
            (Route::Shared, _) => {
                self.tour = None;
                if let Some(fragment) = share::browser::fragment() {
                    self.open("The link", &fragment);
                }
            }
            (Route::Lesson(run, step), Some(tour))
                if tour.run() == run && tour.walk().at() == step => {}
            (Route::Lesson(run, step), _) => self.begin_tour(run, step),
            // A text is read while the run waits.
            (route, _) if !route.has_stage() => self.playing = false,
            (Route::First | Route::Unknown, Some(_)) => {
                self.tour = None;
                self.new_run(opening::half_way(SEED));
                self.playing = false;
            }
            (Route::Play, _) => self.enter_playground(),
            _ => {}
        }
    }

    /// What stands around the text of a step.
    #[inline(never)]
    pub(super) fn around(&self, tour: &Tour) -> Around {
        let left_at = (tour.walk().at() == 0).then(|| self.left_at(tour.run())).flatten();
        Around { playing: self.playing, left_at, narrow: self.narrow.holds() }
    }

    /// The step of a guided run at which somebody left off, in this visit or in an earlier one.
    fn left_at(&self, run: usize) -> Option<usize> {
        let here = self.left.as_ref().filter(|(tour, _)| tour.run() == run);
        let step = here.map_or_else(|| progress::of(run), |(tour, _)| tour.walk().at());
        let count = RUNS.get(run).map_or(0, |(_, text)| text.matches("\nstep ").count());
        Some(step).filter(|step| (1..count).contains(step))
    }

    /// True if a guided run lets the learner do this now, or there is none.
    #[inline(never)]
    pub(super) fn permits(&mut self, order: &Order) -> bool {
        let (Some(tour), Some(permit)) = (&self.tour, order.permit()) else { return true };
        let may = tour.permits(permit);
        if !may {
            self.tell("This step does not ask for that. In the playground you may do everything.");
        }
        may
    }

    /// Lights what the step speaks of.
    #[inline(never)]
    pub(super) fn light(&mut self) {
        let (parts, things) = lit::of(self.tour.as_ref(), self.lab.sim());
        super::mark_root("data-lit", &parts);
        if !things.is_empty() || !self.lit.is_empty() {
            lit::show(&things);
        }
        self.lit = things;
    }

    /// On where the learner left off: with the very run if it is there, else by replay.
    fn resume(&mut self, run: usize) {
        let Some(step) = self.left_at(run) else { return };
        match self.left.take().filter(|(tour, _)| tour.run() == run) {
            Some((tour, Some(mut lab))) => {
                lab.switch(tour.branch());
                self.tour = Some(tour);
                self.new_run(lab);
                self.playing = false;
                self.tell_step();
            }
            _ => self.begin_tour(run, step),
        }
        self.come_to_step();
    }

    /// The address is that of the step, and its heading has the focus.
    fn come_to_step(&mut self) {
        let Some(tour) = &self.tour else { return };
        progress::note(tour.run(), tour.walk().at());
        self.route = Route::Lesson(tour.run(), tour.walk().at());
        super::go_to(&self.route.fragment());
        self.ends();
        self.focus_step = true;
    }

    #[inline(never)]
    pub(super) fn begin_tour(&mut self, run: usize, step: usize) {
        self.leave_playground();
        // What was played with after leaving a guided run can be come back to.
        if let Some((tour, lab @ None)) = &mut self.left
            && tour.run() == run
        {
            *lab = Some(core::mem::replace(
                &mut self.lab,
                Lab::new(tour.walk().script().settings.clone()),
            ));
        }
        let Some((mut tour, mut lab)) = Tour::begin(run) else { return };
        while tour.walk().at() < step {
            let at = tour.walk().at();
            tour.go(&mut lab, tour::Pace::Next);
            if tour.walk().at() == at {
                break;
            }
        }
        self.tour = Some(tour);
        self.new_run(lab);
        self.playing = false;
        self.tell_step();
    }

    /// On, or back, in a guided run.
    #[inline(never)]
    pub(super) fn go(&mut self, pace: tour::Pace) {
        let Some(tour) = &mut self.tour else { return };
        let (run, at) = (tour.run(), tour.walk().at());
        match pace {
            tour::Pace::Resume => return self.resume(run),
            tour::Pace::Restart => {
                self.left = None;
                self.begin_tour(run, 0);
                return self.come_to_step();
            }
            _ => {}
        }
        self.show_verdict = matches!(pace, tour::Pace::Answer(_));
        self.playing = tour.go(&mut self.lab, pace);
        self.pace.moved(&self.lab);
        self.refresh();
        self.tell_step();
        let Some(tour) = &self.tour else { return };
        if tour.walk().at() != at {
            self.left = None;
            self.come_to_step();
        }
    }

    /// Playing ends where the step ends, and goes as slowly as it says.
    pub(super) fn ends(&mut self) {
        let step = self.tour.as_ref().map(|tour| tour.walk().step());
        self.pace.slow_by(step.map_or(0, |step| step.slower));
        self.lab.end_at(step.map(|step| step.until.clone()).unwrap_or_default());
    }

    /// The step, or what was said about an answer, for the live region.
    #[inline(never)]
    pub(super) fn tell_step(&mut self) {
        let Some(tour) = &self.tour else { return };
        let step = tour.walk().step();
        let true_now = tour.walk().said(self.lab.sim());
        self.said = match (tour.answer(), &step.question) {
            (Some(graded), Some(question)) => {
                let mut said =
                    lesson::verdict(&question.choices, graded.chosen, graded.right.value);
                said.push(' ');
                said.push_str(&question.then);
                if let Some(other) = &graded.other {
                    said.push(' ');
                    said.push_str(&lesson::other_title(question, graded, other));
                }
                for done in true_now.iter().skip(step.say.len()) {
                    said.push(' ');
                    said.push_str(&plain(done));
                }
                said
            }
            _ => format!("{}. {}", step.title, plain(&true_now.join(" "))),
        };
        if lesson::is_over(tour, &self.lab) {
            self.said.push(' ');
            self.said.push_str(&plain(&tour.walk().script().close));
        }
        self.said_at_ms = now_ms();
        self.said_step = self.lab.index();
    }

    /// The same once more when time has come to the end of a step: what is true there belongs to it,
    /// and the step may have been on for a moment only.
    #[inline(never)]
    pub(super) fn tell_end(&mut self) {
        let tour = self.tour.as_ref();
        if tour.is_some_and(|tour| !tour.walk().step().done.is_empty() && tour.is_done(&self.lab)) {
            // More is said there than before: the verdict must not lie behind it.
            self.show_verdict |= tour.is_some_and(|tour| tour.answer().is_some());
            self.tell_step();
        }
    }

    /// Looks at another run. The one before.
    pub(super) fn new_run(&mut self, lab: Lab) -> Lab {
        let old = core::mem::replace(&mut self.lab, lab);
        self.selection = None;
        self.choose_known();
        self.playing = true;
        self.pace.moved(&self.lab);
        self.run.replace(RunCache::default());
        self.details.take();
        self.refresh();
        self.arrange();
        self.ends();
        old
    }
}

/// Another page begins at its top, however far the one before it was scrolled.
fn to_the_top() {
    let Some(window) = web_sys::window() else { return };
    window.scroll_to_with_x_and_y(0.0, 0.0);
    let Some(document) = window.document() else { return };
    let columns = document.get_elements_by_tag_name("section");
    for place in 0..columns.length() {
        if let Some(column) = columns.item(place) {
            column.set_scroll_top(0);
        }
    }
}
