//! From page to page, and through guided runs.

use super::{App, SEED, VOTERS, opening};
use crate::lab::Lab;
use crate::panels::lesson;
use crate::route::Route;
use crate::run_view::RunCache;
use crate::share;
use crate::tour::{self, Tour};

/// The browser's clock, as frames have it.
fn now_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}

impl App {
    /// The address has another fragment, or is read for the first time.
    #[inline(never)]
    pub(super) fn visit(&mut self, route: Route) {
        self.route = route;
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
            (_, Some(_)) => {
                self.tour = None;
                self.new_run(Lab::elected(VOTERS, SEED));
            }
            (_, None) => {}
        }
    }

    #[inline(never)]
    pub(super) fn begin_tour(&mut self, run: usize, step: usize) {
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
        let at = tour.walk().at();
        self.playing = tour.go(&mut self.lab, pace);
        self.pace.moved(&self.lab);
        self.refresh();
        self.tell_step();
        let Some(tour) = &self.tour else { return };
        if tour.walk().at() != at {
            self.route = Route::Lesson(tour.run(), tour.walk().at());
            super::go_to(&self.route.fragment());
            self.ends();
            self.focus_step = true;
        }
    }

    /// Playing ends where the step ends.
    pub(super) fn ends(&mut self) {
        let ends = self.tour.as_ref().map(|tour| tour.walk().step().until.clone());
        self.lab.end_at(ends.unwrap_or_default());
    }

    /// The step, or what was said about an answer, for the live region.
    #[inline(never)]
    pub(super) fn tell_step(&mut self) {
        let Some(tour) = &self.tour else { return };
        let step = tour.walk().step();
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
                said
            }
            _ => {
                let text = tour.walk().fill(&step.say.join(" "), self.lab.sim());
                format!("{}. {}", step.title, text.replace(['*', '`'], ""))
            }
        };
        self.said_at_ms = now_ms();
        self.said_step = self.lab.index();
    }

    pub(super) fn new_run(&mut self, lab: Lab) {
        self.lab = lab;
        self.selection = None;
        self.choose_known();
        self.playing = true;
        self.pace.moved(&self.lab);
        self.run.replace(RunCache::default());
        self.details.take();
        self.refresh();
        self.arrange();
        self.ends();
    }
}
