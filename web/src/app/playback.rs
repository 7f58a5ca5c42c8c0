//! How time passes on the page: one picture after the other.

use super::{App, Msg, Selection, Speech};
use crate::chart;
use crate::later;
use crate::rove;
use crate::scene::state::{SceneView, rings};
use crate::spine::SpineView;
use crate::spine::score::Score;
use crate::view::{View, time_text};
use gloo_render::request_animation_frame;
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

/// Longest time between two pictures that counts: a tab that was hidden does not catch up.
const FRAME_MS_MAX: f64 = 50.0;
/// Pause between two events when nothing may move.
const STILL_STEP_MS: f64 = 1200.0;
/// Shortest pause between two sentences that are read aloud while time runs.
const SPEECH_MS: f64 = 1500.0;
/// Sentences that are said at once, at most.
const SENTENCES_MAX: usize = 3;
/// The same in a guided run: the text of a step is heard to its end.
const STEP_SPEECH_MS: f64 = 15_000.0;
/// Shortest pause between two drawings of the charts while time runs.
const CHARTS_MS: f64 = 1000.0;

impl App {
    pub(super) fn ask_for_frame(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        let frame = request_animation_frame(move |at_ms| link.send_message(Msg::Frame(at_ms)));
        self.frame = Some(frame);
    }

    /// Lets time pass. True if the page has to be drawn anew.
    #[inline(never)]
    pub(super) fn pass(&mut self, ctx: &Context<Self>, at_ms: f64) -> bool {
        self.frame = None;
        if !self.playing {
            return false;
        }
        // Before anything moves: the browser has laid out the last picture and need not do it again
        // for an answer to what is drawn.
        rove::settle();
        let passed_ms = (at_ms - self.last_frame_ms.unwrap_or(at_ms)).clamp(0.0, FRAME_MS_MAX);
        self.last_frame_ms = Some(at_ms);
        let before = self.lab.index();
        if self.is_still() {
            self.still_ms += passed_ms;
            if self.still_ms >= STILL_STEP_MS {
                self.still_ms = 0.0;
                self.playing = !self.pace.play_event(&mut self.lab);
            }
        } else {
            self.playing = !self.pace.play(&mut self.lab, passed_ms);
        }
        if self.lab.is_full() {
            self.playing = false;
        }
        let changed = self.lab.index() != before || !self.playing;
        if changed {
            self.refresh();
            self.speak(at_ms);
        } else {
            self.place(false);
        }
        self.ask_for_frame(ctx);
        changed
    }

    /// The diagram follows the lab where somebody looks at it.
    pub(super) fn see_spine(&mut self) {
        if self.route.has_panels() && self.tab.has_diagram() {
            self.score = Score::of(&self.lab);
            let spine = SpineView::of(&self.lab);
            if *self.spine != spine {
                self.spine = Rc::new(spine);
            }
        }
    }

    /// So do sessions, what they hold, and the timers.
    pub(super) fn see_scene(&mut self) {
        let seen = self.route.has_panels() && later::is_here();
        let scene = if seen { SceneView::of(&self.lab) } else { SceneView::default() };
        if *self.scene != scene {
            self.scene = Rc::new(scene);
            self.arrange();
        }
        self.ring_views = if seen { rings(&self.lab) } else { Vec::new() };
    }

    /// What is drawn follows the lab.
    pub(super) fn refresh(&mut self) {
        self.view = Rc::new(View::of(&self.lab));
        self.see_spine();
        self.watch_quorum();
        self.see_scene();
        if !self.calm.stands_like(&self.view) {
            self.calm = self.view.clone();
        }
        let at_ms = self.last_frame_ms.unwrap_or_default();
        if let Some((drawn_ms, charts)) = &mut self.charts
            && (!self.playing || (at_ms - *drawn_ms).abs() > CHARTS_MS)
        {
            *drawn_ms = at_ms;
            *charts = Rc::new(chart::of_run(&self.lab));
        }
    }

    /// Moves messages and clock; with `show` also makes and removes messages.
    pub(super) fn place(&mut self, show: bool) {
        let chosen = match self.selection {
            Some(Selection::Message(id)) => Some(id),
            _ => None,
        };
        if let Some(document) = web_sys::window().and_then(|window| window.document())
            && show
            && later::is_here()
        {
            self.diagram.show(&document, &self.score, chosen);
        }
        if let Some(group) = self.group.cast::<Element>()
            && show
        {
            self.messages.show(&group, &self.view.flights, &self.layout, chosen);
            if let Some(document) = group.owner_document()
                && later::is_here()
            {
                self.rings.show(&document, &self.ring_views);
            }
        }
        if later::is_here() {
            self.rings.place(self.lab.now());
            self.diagram.place(self.lab.now());
        }
        self.messages.place(self.lab.now(), self.is_still());
        if let Some(clock) = self.clock.cast::<Element>() {
            clock.set_text_content(Some(&time_text(self.lab.now())));
        }
    }

    /// Sentences for the live region, at most one each while.
    fn speak(&mut self, at_ms: f64) {
        let pause_ms = if self.tour.is_some() { STEP_SPEECH_MS } else { SPEECH_MS };
        if at_ms - self.said_at_ms < pause_ms {
            return;
        }
        let said = match self.speech {
            Speech::Off => String::new(),
            Speech::Milestones => {
                let fresh = self.view.log.iter().take_while(|line| line.step >= self.said_step);
                let mut fresh: Vec<&str> =
                    fresh.take(SENTENCES_MAX).map(|line| line.text.as_str()).collect();
                fresh.reverse();
                fresh.join(" ")
            }
            Speech::All => self.all_that_happened(),
        };
        if !said.is_empty() {
            self.said = said;
            self.said_at_ms = at_ms;
        }
        self.said_step = self.lab.index();
    }

    /// The steps since something was said, the first of them in sentences.
    fn all_that_happened(&self) -> String {
        let steps = self.said_step..self.lab.index();
        let texts = steps.clone().filter_map(|step| self.lab.happening(step));
        let texts = texts.take(SENTENCES_MAX).map(|happening| happening.text.as_str());
        let mut said = texts.collect::<Vec<_>>().join(" ");
        let more = (steps.end - steps.start).saturating_sub(SENTENCES_MAX as u64);
        if more > 0 {
            said.push_str(&format!(" And {more} more events."));
        }
        said
    }

    /// Says at once that too few servers run; silent again when enough do.
    #[inline(never)]
    fn watch_quorum(&mut self) {
        let (running, quorum) = (self.view.voters_running(), self.view.quorum);
        if running >= quorum {
            self.alarm.clear();
        } else {
            self.alarm = format!(
                "The quorum is lost: {running} voting servers run, {quorum} are needed. Nothing can be written."
            );
        }
    }

    pub(super) fn stepped(&mut self) {
        self.playing = false;
        self.refresh();
        self.said.clone_from(&self.view.step);
        self.said_step = self.lab.index();
    }
}
