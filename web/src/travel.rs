//! Through time: what a person can want of it, and what the page says about it.

use crate::deadline::Deadline;
use crate::lab::find::{Goal, Wanted};
use crate::lab::{BranchId, Lab, STEPS_PER_FRAME_MAX, StopAt};
use crate::view::time_text;
use zabscope_core::sim::Micros;

/// How many times slower than the servers' time, from slow to fast.
pub const SPEEDS: [u32; 8] = [1000, 300, 100, 50, 20, 10, 3, 1];
/// Place of the first speed.
pub const SPEED_DEFAULT: usize = 4;
/// How much faster time runs while there are only heartbeats.
const IDLE_FACTOR: u64 = 10;
/// Shortest stretch of heartbeats that is told, microseconds.
const TOLD_US_MIN: u64 = 300_000;

/// What a person wants of time.
#[derive(Clone, Debug, PartialEq)]
pub enum Travel {
    /// To behind the next step of this kind.
    Next(Wanted),
    /// Back to behind the one before.
    Previous(Wanted),
    /// To a typed place.
    Go(String),
    /// To this place of the run's scale.
    Place(u32),
    /// Playing ends there.
    StopAt(StopAt),
    /// The first speed again.
    SpeedDefault,
    /// Without the last act.
    Undo,
    /// With it again.
    Redo,
    /// Look at another branch.
    Branch(BranchId),
    /// Another name for a branch.
    Rename(BranchId, String),
}

/// What is said after an act while nobody plays.
pub const STANDS_STILL: &str = "Time stands still: Space lets it pass.";

/// How time passes.
#[derive(Debug)]
pub struct Pace {
    /// Place in [`SPEEDS`].
    pub speed: usize,
    /// How many places slower that is than somebody chose, for a step of a guided run.
    slowed: usize,
    /// Heartbeats are passed quickly.
    pub skip_idle: bool,
    /// Where playing ends.
    pub stop: StopAt,
    /// Nothing but heartbeats is under way.
    pub idle: bool,
    /// What the page says about the last journey.
    pub notice: String,
    /// Since when only heartbeats were passed quickly.
    idle_since: Option<Micros>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            speed: SPEED_DEFAULT,
            slowed: 0,
            skip_idle: true,
            stop: StopAt::Never,
            idle: false,
            notice: String::new(),
            idle_since: None,
        }
    }
}

/// The ratio in words.
#[must_use]
pub fn ratio_text(speed: usize) -> String {
    match SPEEDS.get(speed) {
        Some(1) | None => "1 s of theirs takes 1 s".to_owned(),
        Some(ratio) => format!("1 s of theirs takes {ratio} s"),
    }
}

/// `1.8 s`, or `350 ms` below one second.
#[must_use]
pub fn span_text(us: u64) -> String {
    if us < 1_000_000 {
        return format!("{} ms", us / 1000);
    }
    format!("{}.{} s", us / 1_000_000, us / 100_000 % 10)
}

fn skipped(us: u64) -> String {
    format!("skipped {} of heartbeats", span_text(us))
}

impl Pace {
    /// Lets this much wall time pass, milliseconds, or less if all that happens meanwhile takes longer
    /// than until the deadline. True if playing ends here.
    #[inline(never)]
    pub fn play(&mut self, lab: &mut Lab, passed_ms: f64, deadline: Deadline) -> bool {
        let quick = self.idle && self.skip_idle;
        let ratio = u64::from(SPEEDS.get(self.speed).copied().unwrap_or(1));
        let factor = if quick { IDLE_FACTOR } else { 1 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
        let us = (passed_ms * 1000.0) as u64 * factor / ratio;
        let from = lab.now();
        let stopped = lab.advance_until(deadline, from.plus(us), self.stop);
        self.idle = lab.is_idle();
        match (self.idle && self.skip_idle, self.idle_since) {
            (true, None) => self.idle_since = Some(lab.now()),
            (false, Some(since)) => {
                self.idle_since = None;
                let us = lab.now().0.saturating_sub(since.0);
                self.notice = if us < TOLD_US_MIN { String::new() } else { skipped(us) };
            }
            _ => {}
        }
        if stopped {
            self.notice = stop_text(self.stop).to_owned();
        }
        stopped
    }

    /// So many places slower than somebody chose, instead of what was slower before.
    pub fn slow_by(&mut self, places: usize) {
        let chosen = (self.speed + self.slowed).min(SPEEDS.len() - 1);
        self.slowed = places.min(chosen);
        self.speed = chosen - self.slowed;
    }

    /// Plays one event at once, for those who want no movement. True if playing ends here.
    pub fn play_event(&mut self, lab: &mut Lab) -> bool {
        lab.next(Wanted::Loud) && lab.last().is_some_and(|last| self.stop.is_met(last.kinds))
    }

    /// One event forward: with heartbeats skipped, the next that is more than that.
    pub fn forward(&mut self, lab: &mut Lab) {
        self.next(lab, if self.skip_idle { Wanted::Loud } else { Wanted::Any });
    }

    /// One event back.
    pub fn back(&mut self, lab: &mut Lab) {
        self.moved(lab);
        lab.previous(if self.skip_idle { Wanted::Loud } else { Wanted::Any });
    }

    fn next(&mut self, lab: &mut Lab, wanted: Wanted) {
        self.moved(lab);
        let (from, index) = (lab.now(), lab.index());
        if !lab.next(wanted) {
            if wanted == Wanted::Loud {
                lab.step();
            }
            self.notice = match wanted {
                Wanted::Phase => "No change of phase is ahead.",
                _ => "Nothing but heartbeats ahead.",
            }
            .to_owned();
        } else if lab.index() > index + 1 && wanted == Wanted::Loud {
            let us = lab.now().0.saturating_sub(from.0);
            self.notice = if us < TOLD_US_MIN { String::new() } else { skipped(us) };
        }
    }

    /// The cursor was moved by hand.
    pub fn moved(&mut self, lab: &Lab) {
        self.notice.clear();
        self.idle_since = None;
        self.idle = lab.is_idle();
    }

    /// Does what a person wants. True if that ends playing.
    pub fn travel(&mut self, lab: &mut Lab, travel: Travel) -> bool {
        match travel {
            Travel::StopAt(stop) => {
                self.stop = stop;
                return false;
            }
            Travel::SpeedDefault => {
                self.speed = SPEED_DEFAULT;
                return false;
            }
            Travel::Rename(id, name) => {
                lab.rename(id, &name);
                return false;
            }
            Travel::Next(wanted) => self.next(lab, wanted),
            Travel::Previous(wanted) => {
                self.moved(lab);
                lab.previous(wanted);
            }
            Travel::Place(place) => {
                self.moved(lab);
                lab.seek(lab.record().index_at(place));
            }
            Travel::Go(text) if text.trim().is_empty() => return false,
            Travel::Go(text) => {
                self.moved(lab);
                self.go(lab, text.trim());
            }
            Travel::Undo => self.change(lab, Lab::undo, "Nothing to undo."),
            Travel::Redo => self.change(lab, Lab::redo, "Nothing to redo."),
            Travel::Branch(id) => self.change(lab, |lab| lab.switch(id), "This branch is gone."),
        }
        true
    }

    /// To a typed place, or as far on the way there as one journey may lead.
    fn go(&mut self, lab: &mut Lab, text: &str) {
        let goal = Goal::parse(text);
        let wanted = goal.and_then(|goal| goal.time(lab.now()));
        if !goal.is_some_and(|goal| lab.go(goal)) {
            self.notice = if goal.is_some() {
                format!("This run has no “{text}”.")
            } else {
                format!("“{text}” is no time (12.05s, +3s), zxid (e2.c7) or event (120).")
            };
        } else if wanted.is_some_and(|at| lab.now() < at) {
            let here = time_text(lab.now());
            self.notice = if lab.is_at_end() {
                format!("Only to {here}: this step of the guided run ends here.")
            } else {
                format!(
                    "Only to {here}: one journey makes at most {STEPS_PER_FRAME_MAX} events. Go on \
                     from here, as with +10s."
                )
            };
        }
    }

    fn change(&mut self, lab: &mut Lab, change: impl Fn(&mut Lab) -> bool, why_not: &str) {
        let done = change(lab);
        self.moved(lab);
        self.notice =
            if done { format!("Now in {}.", lab.branch().name()) } else { why_not.to_owned() };
    }

    /// What a person has to know about the moment, in a few words.
    #[must_use]
    pub fn notice(&self, lab: &Lab, playing: bool) -> String {
        if lab.is_full() {
            "This run is as long as it may be: go back, or start a new one.".to_owned()
        } else if !(self.notice.is_empty() || playing && self.notice == STANDS_STILL) {
            self.notice.clone()
        } else if lab.is_in_the_past() {
            "In the past: what you do here starts another branch.".to_owned()
        } else if self.idle && self.skip_idle && playing {
            "Only heartbeats: ten times as fast.".to_owned()
        } else {
            String::new()
        }
    }
}

const fn stop_text(stop: StopAt) -> &'static str {
    match stop {
        StopAt::Never => "",
        StopAt::Commit => "Stopped: a transaction is committed.",
        StopAt::Leader => "Stopped: a leader serves.",
        StopAt::Phase => "Stopped: a server changed its role or phase.",
    }
}
