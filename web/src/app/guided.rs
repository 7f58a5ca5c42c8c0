//! The parts of the page, and guided runs.

use super::{App, Order, SEED, VOTERS};
use crate::lab::Lab;
use crate::panels::client::ClientPanel;
use crate::panels::controls::Headline;
use crate::panels::{lesson, ways};
use crate::route::Route;
use crate::run_view::RunCache;
use crate::tour::{self, Tour};
use yew::prelude::*;

/// The fragment of the page's address.
pub(super) fn address() -> String {
    web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// The browser's clock, as frames have it.
fn now_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}

/// Shows a part of the page in the address.
fn set_address(route: Route) {
    if let Some(window) = web_sys::window() {
        // A fragment is always valid.
        window.location().set_hash(&route.fragment()).ok();
    }
}

impl App {
    /// The left column.
    pub(super) fn say(&self, order: &Callback<Order>) -> Html {
        let view = &self.view;
        let headline = html! {
            <Headline view={view.clone()} first={self.route == Route::First} order={order.clone()} />
        };
        match (&self.tour, self.route) {
            (Some(tour), _) => lesson::lesson(tour, &self.lab, self.playing, order),
            (None, Route::First) => html! { <>{ headline }{ ways::first() }</> },
            (None, Route::Cluster) => ways::cluster(),
            (None, Route::Real) => ways::real(),
            (None, Route::Play | Route::Lesson(..)) => html! {
                <>
                    { headline }
                    <ClientPanel view={view.clone()} chosen={self.client} playing={self.playing}
                        order={order.clone()} />
                </>
            },
        }
    }

    /// Goes to the part of the page that the address names.
    pub(super) fn follow(&mut self, route: Option<Route>) {
        let Some(route) = route else {
            self.shared.message = "This address leads nowhere on this page.".to_owned();
            self.shared.alarm = true;
            return;
        };
        self.route = route;
        match (route, &self.tour) {
            (Route::Lesson(run, step), Some(tour))
                if tour.run() == run && tour.walk().at() == step => {}
            (Route::Lesson(run, step), _) => self.begin_tour(run, step),
            (_, Some(_)) => {
                self.tour = None;
                self.new_run(Lab::elected(VOTERS, SEED));
            }
            (_, None) => {}
        }
    }

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
            set_address(self.route);
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
        self.playing = true;
        self.pace.moved(&self.lab);
        self.run.replace(RunCache::default());
        self.refresh();
        self.arrange();
        self.ends();
    }
}
