//! How time passes on the page: one picture after the other.

use super::{App, Msg, matches};
use crate::chart;
use crate::spine::SpineView;
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
        let passed_ms = (at_ms - self.last_frame_ms.unwrap_or(at_ms)).clamp(0.0, FRAME_MS_MAX);
        self.last_frame_ms = Some(at_ms);
        let before = self.lab.index();
        if matches(self.still.as_ref()) {
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
            self.spine = Rc::new(SpineView::of(&self.lab));
        }
    }

    /// What is drawn follows the lab.
    pub(super) fn refresh(&mut self) {
        self.view = Rc::new(View::of(&self.lab));
        self.see_spine();
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
        if let Some(group) = self.group.cast::<Element>()
            && show
        {
            self.messages.show(&group, &self.view.flights, &self.layout);
        }
        self.messages.place(self.lab.now(), matches(self.still.as_ref()));
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
        let fresh = self.view.log.iter().take_while(|line| line.step >= self.said_step);
        let mut fresh: Vec<&str> = fresh.take(3).map(|line| line.text.as_str()).collect();
        if !fresh.is_empty() {
            fresh.reverse();
            self.said = fresh.join(" ");
            self.said_at_ms = at_ms;
        }
        self.said_step = self.lab.index();
    }

    pub(super) fn stepped(&mut self) {
        self.playing = false;
        self.refresh();
        self.said.clone_from(&self.view.step);
        self.said_step = self.lab.index();
    }
}
