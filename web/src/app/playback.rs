//! How time passes on the page: one picture after the other.

use super::{App, Msg, Selection, Speech};
use crate::chart;
use crate::deadline::Deadline;
use crate::later;
use crate::order::{Doing, Tab};
use crate::page::SLOTS;
use crate::scene::layout::Density;
use crate::scene::looks_like;
use crate::scene::state::{SceneView, rings};
use crate::spine::SpineView;
use crate::spine::score::Score;
use crate::svg::write;
use crate::view::{FlightView, View, flights, time_text};
use gloo_render::request_animation_frame;
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;
use zabscope_core::base::counted;

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
/// Shortest pause between two drawings of the panels while time runs: nobody reads faster. Clock and
/// what moves are in each picture; when time stands still, all is of that moment.
const PANELS_MS: f64 = 100.0;
/// Work in one picture while pictures follow each other: what is late by then waits for the next
/// one.
const WORK_MS: f64 = 3.0;
/// After so many pictures of which none was whole less time passes in each.
const PATIENCE: u32 = 6;
/// By so much less, and by so much more after a whole one.
const STRIDES: (f64, f64) = (0.8, 1.25);
/// Least time that passes in one: what a browser's picture usually lasts, so that time is slowed
/// only where pictures come later.
const STRIDE_MS_MIN: f64 = 16.7;
/// Shortest pause between two drawings of the charts while time runs.
const CHARTS_MS: f64 = 1000.0;

/// Number of parts that take turns.
const TURNS: usize = 4;

/// What is drawn by turns while pictures follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Turn {
    /// Messages on the stage.
    #[default]
    Stage,
    /// The diagram, and time that runs out.
    Spine,
    /// What Yew draws from.
    View,
    /// What Yew draws.
    Page,
}

/// What has happened and is not drawn yet.
#[derive(Debug)]
pub(super) struct Late {
    stage: bool,
    spine: bool,
    page: bool,
    /// Yew has another stage to draw, or other words to say.
    fresh: bool,
    /// What the panels show is made, and none of them is drawn from it.
    ready: bool,
    turn: Turn,
    /// Until when the present picture goes on.
    until: Deadline,
    /// What Yew drew last took longer.
    slow: bool,
    /// Then it was a panel, not the stage.
    panel: bool,
    /// Pictures since the last one that was whole.
    behind: u32,
    /// Time passes no faster than it can be drawn: so much in one picture, at most.
    stride_ms: f64,
}

impl Default for Late {
    fn default() -> Self {
        Self {
            stage: false,
            spine: false,
            page: false,
            fresh: false,
            ready: false,
            turn: Turn::default(),
            until: Deadline::NEVER,
            slow: false,
            panel: false,
            behind: 0,
            stride_ms: FRAME_MS_MAX,
        }
    }
}

impl Late {
    /// Something has happened, or nothing.
    const fn note(&mut self, changed: bool) {
        self.stage |= changed;
        self.spine |= changed;
        self.page |= changed;
    }

    /// Nothing is late any more. True if something was.
    pub(super) const fn forget(&mut self) -> bool {
        let was = self.stage || self.spine || self.page;
        (self.stage, self.spine, self.page, self.ready) = (false, false, false, false);
        was
    }

    /// Yew has drawn.
    pub(super) fn drawn(&mut self) {
        self.fresh = false;
        self.slow = self.until.is_over();
    }

    /// Whose turn it is; the next one comes after it.
    const fn next(&mut self) -> Turn {
        let turn = self.turn;
        self.turn = match turn {
            Turn::Stage => Turn::Spine,
            Turn::Spine => Turn::View,
            Turn::View => Turn::Page,
            Turn::Page => Turn::Stage,
        };
        turn
    }

    /// More or less time may pass from now on, as a picture was `whole` or not.
    fn pace(&mut self, whole: bool) {
        self.behind = if whole { 0 } else { self.behind.saturating_add(1) };
        let by = match self.behind {
            0 => STRIDES.1,
            1..PATIENCE => 1.0,
            _ => STRIDES.0,
        };
        self.stride_ms = (self.stride_ms * by).clamp(STRIDE_MS_MIN, FRAME_MS_MAX);
    }
}

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
        self.late.until = Deadline::after(WORK_MS);
        let most_ms = if self.is_still() { FRAME_MS_MAX } else { self.late.stride_ms };
        let passed_ms = (at_ms - self.last_frame_ms.unwrap_or(at_ms)).clamp(0.0, most_ms);
        self.last_frame_ms = Some(at_ms);
        let before = self.lab.index();
        if self.is_still() {
            self.still_ms += passed_ms;
            if self.still_ms >= STILL_STEP_MS {
                self.still_ms = 0.0;
                self.playing = !self.pace.play_event(&mut self.lab);
            }
        } else {
            self.playing = !self.pace.play(&mut self.lab, passed_ms, self.late.until);
        }
        if self.lab.is_full() {
            self.playing = false;
        }
        let changed = self.lab.index() != before || !self.playing;
        self.late.note(changed);
        let redraw = if self.hurries() {
            self.work(at_ms)
        } else {
            if core::mem::take(&mut self.late.page) {
                self.look(at_ms);
            }
            let redraw = self.follow(at_ms, true);
            if !self.playing {
                self.tell_end();
            }
            if !redraw {
                if (self.late.stage || self.late.spine) && !self.hurries() {
                    self.show_all();
                }
                self.place();
            }
            redraw
        };
        self.ask_for_frame(ctx);
        redraw
    }

    /// Does what is late, one part after the other, as far as this picture goes; what moves, moves.
    /// True if Yew has something to draw.
    fn work(&mut self, at_ms: f64) -> bool {
        let until = self.late.until;
        let (mut redraw, mut shown, mut busy) = (false, false, false);
        for _ in 0..TURNS {
            // What Yew draws takes nobody knows how long: it has a picture of its own.
            if self.late.turn == Turn::Page && (shown || busy) {
                break;
            }
            match self.late.next() {
                Turn::Stage if self.late.stage => {
                    let flights = flights(&self.lab);
                    self.show_stage(&flights, until);
                    shown = true;
                }
                Turn::Spine if self.late.spine => {
                    self.see_score();
                    self.show_spine(until);
                    shown = true;
                }
                Turn::View => busy = self.prepare(at_ms),
                Turn::Page => redraw = self.draw_page(at_ms),
                Turn::Stage | Turn::Spine => continue,
            }
            if redraw || until.is_over() {
                break;
            }
        }
        if shown {
            self.late.pace(self.messages.is_whole() && self.diagram.is_seen());
        }
        if !redraw {
            self.place();
        }
        redraw
    }

    /// Looks at the moment, for the stage or for all panels. False if that is not late.
    fn prepare(&mut self, at_ms: f64) -> bool {
        if !self.late.ready && self.are_panels_due(at_ms) {
            self.renew_panels(at_ms);
            self.panels();
            self.late.ready = true;
            return true;
        }
        let late = core::mem::take(&mut self.late.page);
        if late {
            self.look(at_ms);
        }
        late
    }

    /// Has Yew draw the stage and a panel, or one of them where both take too long. False if there
    /// is nothing to draw.
    fn draw_page(&mut self, at_ms: f64) -> bool {
        self.late.panel = self.late.slow && !self.late.panel;
        if self.late.panel && self.next_panel(at_ms) {
            return true;
        }
        self.follow(at_ms, !self.late.slow)
    }

    /// True while pictures follow each other so fast that each need not have all: what is drawn
    /// outside of Yew and what Yew draws take turns, and of much that is new some waits.
    pub(super) fn hurries(&self) -> bool {
        self.playing && self.turn.is_some() && !self.is_still()
    }

    /// What Yew draws of the stage follows the lab, and so does what is said.
    #[inline(never)]
    fn look(&mut self, at_ms: f64) {
        let before = (self.staged.clone(), self.scene.clone(), self.layout.clone());
        let (said_at_ms, quiet) = (self.said_at_ms, self.alarm.is_empty());
        self.refresh();
        self.speak(at_ms);
        self.panels_late = true;
        let same_stage = Rc::ptr_eq(&before.0, &self.staged)
            && Rc::ptr_eq(&before.1, &self.scene)
            && Rc::ptr_eq(&before.2, &self.layout);
        let same_words =
            quiet == self.alarm.is_empty() && (said_at_ms - self.said_at_ms).abs() < f64::EPSILON;
        self.late.fresh |= !same_stage || !same_words;
    }

    /// What is late of the stage, and a `panel`, are drawn. True if Yew has something to draw.
    fn follow(&mut self, at_ms: f64, panel: bool) -> bool {
        let panels = panel && self.next_panel(at_ms);
        panels || self.late.fresh
    }

    /// True if the panels show what is over, and it is time that they follow.
    fn are_panels_due(&self, at_ms: f64) -> bool {
        let all_follow = self.turn.is_none_or(|turn| turn >= SLOTS);
        let due = all_follow && (at_ms - self.panels_ms).abs() >= PANELS_MS;
        self.panels_late && (due || !self.playing)
    }

    /// From now on the panels show this moment.
    fn renew_panels(&mut self, at_ms: f64) {
        self.panels.take();
        // Acts are not looked for where nobody sees them.
        if !self.playing || self.doing == Doing::Faults || self.tour.is_some() {
            self.possible.take();
        }
        self.panels_ms = at_ms;
        self.panels_late = false;
    }

    /// Which panel is drawn in this picture: one after the other, so that none has to draw all.
    /// False if none.
    fn next_panel(&mut self, at_ms: f64) -> bool {
        let due = self.are_panels_due(at_ms);
        if due {
            self.renew_panels(at_ms);
        }
        if core::mem::take(&mut self.late.ready) || due {
            self.turn = self.playing.then_some(0);
            return true;
        }
        let turn = self.turn.map_or(SLOTS, |turn| (turn + 1).min(SLOTS));
        let before = self.turn.replace(turn);
        // What is heard of the stage is the last.
        if turn == SLOTS && before != Some(SLOTS) { self.restage() } else { turn < SLOTS }
    }

    /// True if the diagram is in sight: on a narrow screen only behind its own tab.
    pub(super) fn sees_diagram(&self) -> bool {
        let narrow = self.narrow.holds();
        let tab = if narrow { self.tab == Tab::Diagram } else { self.tab.has_diagram() };
        self.route.has_panels() && tab
    }

    /// The diagram follows the lab where somebody looks at it.
    pub(super) fn see_spine(&mut self) {
        self.see_score();
        self.see_holds();
    }

    fn see_score(&mut self) {
        if self.sees_diagram() {
            self.score = Score::of(&self.lab);
        }
    }

    fn see_holds(&mut self) {
        if self.sees_diagram() {
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
        // The diagram has its own turn.
        if !self.hurries() {
            self.see_score();
        }
        self.see_holds();
        self.watch_quorum();
        self.see_scene();
        if !self.calm.stands_like(&self.view) {
            self.calm = self.view.clone();
        }
        let facts = self.layout.density == Density::Roomy;
        if !self.hurries() || !looks_like(&self.staged, &self.calm, facts) {
            self.restage();
        }
        let at_ms = self.last_frame_ms.unwrap_or_default();
        if let Some((drawn_ms, charts)) = &mut self.charts
            && (!self.playing || (at_ms - *drawn_ms).abs() > CHARTS_MS)
        {
            *drawn_ms = at_ms;
            *charts = Rc::new(chart::of_run(&self.lab));
        }
    }

    /// All that is known of the moment is drawn and told on the stage. True if something was not.
    pub(super) fn restage(&mut self) -> bool {
        let late = !Rc::ptr_eq(&self.staged, &self.calm);
        if late {
            self.staged = self.calm.clone();
        }
        late
    }

    /// Draws all that is outside of Yew.
    pub(super) fn show_all(&mut self) {
        let view = self.view.clone();
        self.show_stage(&view.flights, Deadline::NEVER);
        if later::is_here() {
            self.show_spine(Deadline::NEVER);
        }
    }

    /// The message that is chosen.
    const fn chosen(&self) -> Option<u64> {
        match self.selection {
            Some(Selection::Message(id)) => Some(id),
            _ => None,
        }
    }

    /// Makes and removes messages.
    fn show_stage(&mut self, flights: &[FlightView], until: Deadline) {
        if let Some(group) = self.group.cast::<Element>() {
            let chosen = self.chosen();
            self.messages.show(&group, flights, &self.layout, chosen, until);
        }
        self.late.stage = !self.messages.is_whole();
    }

    /// What the first screen has not: the diagram, and time that runs out.
    #[inline(never)]
    fn show_spine(&mut self, until: Deadline) {
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            self.diagram.show(&document, &self.score, self.chosen(), until);
            self.rings.show(&document, &self.ring_views);
        }
        self.late.spine = !self.diagram.is_whole();
    }

    /// Moves what is drawn outside of Yew to where it is now.
    pub(super) fn place(&mut self) {
        let now = self.lab.now();
        if later::is_here() {
            self.rings.place(now);
            self.diagram.place(now);
        }
        self.messages.place(now, self.is_still());
        if let Some(clock) = self.clock.cast::<Element>() {
            write(&clock, &time_text(now));
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
                "The quorum is lost: {}, of {quorum} needed. Nothing can be written.",
                counted(running as u64, "voting server runs", "voting servers run")
            );
        }
    }

    #[inline(never)]
    pub(super) fn stepped(&mut self) {
        self.playing = false;
        self.refresh();
        // Of a journey that led nowhere, why.
        let stays = self.said_step == self.lab.index() && !self.pace.notice.is_empty();
        self.said.clone_from(if stays { &self.pace.notice } else { &self.view.step });
        self.said_step = self.lab.index();
    }
}
