//! Runs that nobody looks at now, and that can be gone back to: of the playground, while a lesson is
//! on or after a reload, and those before a new one.

use super::App;
use crate::lab::Lab;
use crate::route::Route;
use crate::share::tab;
use crate::tour::Tour;
use crate::view::time_text;
use std::rc::Rc;
use zabscope_core::base::counted;

/// Runs before the present one that are kept; then the oldest goes.
const EARLIER_MAX: usize = 4;

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Runs before the present one, oldest first.
    earlier: Vec<Lab>,
    /// What they are, in words.
    words: Rc<[String]>,
    /// The run of the playground, while another one is looked at elsewhere.
    played: Option<Lab>,
    /// The run that is looked at is one of the playground.
    is_own: bool,
}

/// A run in the list of those before the present one.
fn about(lab: &Lab) -> String {
    let settings = lab.settings();
    let counts = [
        (settings.voters, "voter", "voters"),
        (settings.observers, "observer", "observers"),
        (settings.clients, "client", "clients"),
    ];
    let mut words = String::new();
    for (count, one, many) in counts.iter().filter(|(count, ..)| *count > 0) {
        words.push_str(&counted(u64::from(*count), one, many));
        words.push_str(", ");
    }
    words.push_str(&format!("seed {}, at {}", lab.seed(), time_text(lab.now())));
    words
}

impl Kept {
    /// The runs before the present one, in words.
    pub(super) fn words(&self) -> Rc<[String]> {
        self.words.clone()
    }

    /// Keeps a run if there is something in it that a person did. True if it does.
    fn keep(&mut self, lab: Lab) -> bool {
        let keeps = lab.is_touched();
        if keeps {
            if self.earlier.len() >= EARLIER_MAX {
                self.earlier.remove(0);
            }
            self.earlier.push(lab);
        }
        self.told();
        keeps
    }

    fn told(&mut self) {
        self.words = self.earlier.iter().map(about).collect();
    }
}

impl App {
    /// Another run of the playground instead of the present one, which is kept.
    #[inline(never)]
    pub(super) fn replace_run(&mut self, lab: Lab) {
        let tour = self.tour.take();
        let old = self.new_run(lab);
        self.set_aside(tour, old);
    }

    /// A run that was looked at, with its lesson if it had one, for another one of the playground.
    pub(super) fn set_aside(&mut self, tour: Option<Tour>, old: Lab) {
        let mut keeps = match tour {
            Some(tour) => {
                self.left = Some((tour, Some(old)));
                false
            }
            None => self.kept.keep(old),
        };
        if let Some(played) = self.kept.played.take() {
            keeps |= self.kept.keep(played);
        }
        self.kept.is_own = true;
        self.keep_in_tab();
        if keeps {
            "The run before is kept: it is in the list of branches."
                .clone_into(&mut self.pace.notice);
        }
    }

    /// Back to a run before the present one.
    #[inline(never)]
    pub(super) fn again(&mut self, place: usize) {
        if place >= self.kept.earlier.len() {
            return;
        }
        let lab = self.kept.earlier.remove(place);
        self.kept.told();
        self.replace_run(lab);
        self.playing = false;
        if !self.route.has_panels() || matches!(self.route, Route::Lesson(..)) {
            self.route = Route::Play;
            super::go_to(&Route::Play.fragment());
        }
    }

    /// A lesson begins: the run of the playground waits until somebody comes back there.
    pub(super) fn leave_playground(&mut self) {
        self.keep_in_tab();
        if self.tour.is_none() && core::mem::take(&mut self.kept.is_own) {
            self.kept.played = Some(self.lab.clone());
        }
    }

    /// The tab keeps the run of the playground while it is looked at: the page may end at any time.
    #[inline(never)]
    pub(super) fn keep_in_tab(&self) {
        if self.kept.is_own {
            tab::keep(&self.lab, &self.seen());
        }
    }

    /// The playground is looked at. What was left there goes on, unless the run of a lesson that is
    /// over shall be played with.
    #[inline(never)]
    pub(super) fn enter_playground(&mut self) {
        if core::mem::replace(&mut self.kept.is_own, true) {
            return;
        }
        let played = self.kept.played.take().map(|lab| (lab, None));
        let played = played.or_else(|| tab::take().map(|(lab, seen)| (lab, Some(seen))));
        let Some((played, seen)) = played else { return self.play_with_lesson() };
        let is_over = |lab: &Lab| {
            self.tour.as_ref().is_some_and(|tour| {
                tour.walk().at() + 1 == tour.walk().script().steps.len() && tour.is_done(lab)
            })
        };
        if is_over(&self.lab) {
            let keeps = self.kept.keep(played);
            self.play_with_lesson();
            if keeps {
                self.pace.notice.push_str(" The one before is in the list of branches.");
            }
            return;
        }
        let tour = self.tour.take();
        let old = self.new_run(played);
        self.playing = false;
        // Without a lesson it is the first screen's, which is there again whenever one comes back.
        if let Some(tour) = tour {
            self.left = Some((tour, Some(old)));
        }
        match seen {
            Some(seen) => {
                self.see_as(seen);
                self.keep_in_tab();
                self.tell("This tab kept your run: it goes on here. New begins another one.");
            }
            None => "Your run goes on here.".clone_into(&mut self.pace.notice),
        }
    }

    /// Who leaves a guided run keeps it: in the playground it can be played with.
    fn play_with_lesson(&mut self) {
        let Some(tour) = self.tour.take() else { return };
        let title = &tour.walk().script().title;
        let notice = format!("The run of “{title}” goes on here. New begins another one.");
        self.left = Some((tour, None));
        self.ends();
        self.pace.notice = notice;
    }
}
