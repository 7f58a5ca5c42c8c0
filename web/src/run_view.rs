//! Plain data of the whole run: what the strip, the slider and the list of branches are drawn
//! from.

use crate::lab::record::Record;
use crate::lab::{BranchId, Lab, Stage, StopAt};
use crate::travel::{Pace, span_text};
use crate::view::time_text;
use std::rc::Rc;

/// Marks and folds of the strip that are drawn; of more, the newest.
const MARKS_MAX: usize = 80;

/// What a run consists of, on the scale on which heartbeats take no room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strip {
    /// From this place on the ensemble is in this stage.
    pub bands: Vec<(u32, Stage)>,
    /// Place and length, in words, of a stretch of heartbeats.
    pub folds: Vec<(u32, String)>,
    /// What somebody did: place and words.
    pub marks: Vec<(u32, String)>,
}

/// A branch in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchView {
    /// Which.
    pub id: BranchId,
    /// Its name.
    pub name: String,
    /// Where it began and with what.
    pub about: String,
    /// It is looked at.
    pub here: bool,
}

/// The run, its cursor, its branches, and how time passes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunView {
    /// Steps before the cursor.
    pub index: u64,
    /// Steps of the known run.
    pub end: u64,
    /// The cursor on the scale without heartbeats.
    pub place: u32,
    /// Length of that scale.
    pub places: u32,
    /// The last step, in one sentence.
    pub step: String,
    /// When it was.
    pub at: String,
    /// What a person has to know about the moment.
    pub notice: String,
    /// The strip.
    pub strip: Rc<Strip>,
    /// All branches.
    pub branches: Rc<[BranchView]>,
    /// Runs before this one, in words.
    pub earlier: Rc<[String]>,
    /// There is an act to undo.
    pub can_undo: bool,
    /// There is an undo to take back.
    pub can_redo: bool,
    /// Time passes.
    pub playing: bool,
    /// Place in [`crate::travel::SPEEDS`].
    pub speed: usize,
    /// Heartbeats are passed quickly.
    pub skip_idle: bool,
    /// Where playing ends.
    pub stop: StopAt,
}

/// What was drawn last, and is drawn again while it is the same.
#[derive(Debug, Default)]
pub struct RunCache {
    strip: Option<([usize; 4], Rc<Strip>)>,
    branches: Option<Rc<[BranchView]>>,
}

impl RunCache {
    /// The run of the lab at its cursor.
    #[must_use]
    pub fn view(
        &mut self,
        lab: &Lab,
        pace: &Pace,
        playing: bool,
        earlier: Rc<[String]>,
    ) -> RunView {
        let record = lab.record();
        let last = lab.last();
        RunView {
            index: lab.index(),
            end: lab.end(),
            place: record.place(lab.index()),
            places: record.place(lab.end()).max(1),
            step: last.map_or_else(|| "Nothing has happened yet.".to_owned(), |l| l.text.clone()),
            at: last.map_or_else(String::new, |last| time_text(last.at)),
            notice: pace.notice(lab, playing),
            strip: self.strip(lab),
            branches: self.branches(lab),
            earlier,
            can_undo: lab.can_undo(),
            can_redo: lab.can_redo(),
            playing,
            speed: pace.speed,
            skip_idle: pace.skip_idle,
            stop: pace.stop,
        }
    }

    #[inline(never)]
    fn strip(&mut self, lab: &Lab) -> Rc<Strip> {
        let record = lab.record();
        let branch = usize::try_from(lab.branch().id().0).unwrap_or(usize::MAX);
        let key = [branch, record.bands.len(), record.folds.len(), record.told.len()];
        match &self.strip {
            Some((then, strip)) if *then == key => strip.clone(),
            _ => {
                let strip = Rc::new(Strip::of(record, lab.opening()));
                self.strip = Some((key, strip.clone()));
                strip
            }
        }
    }

    fn branches(&mut self, lab: &Lab) -> Rc<[BranchView]> {
        let here = lab.branch().id();
        let views = lab.branches().iter().map(|branch| BranchView {
            id: branch.id(),
            name: branch.name().to_owned(),
            about: match (branch.origin(), branch.about()) {
                (None, _) => "the first".to_owned(),
                (Some(origin), None) => format!("from {}", time_text(origin.at)),
                (Some(origin), Some(about)) => format!("from {}: {about}", time_text(origin.at)),
            },
            here: branch.id() == here,
        });
        let views: Rc<[BranchView]> = views.collect();
        if let Some(then) = self.branches.as_ref().filter(|then| **then == views) {
            return then.clone();
        }
        self.branches = Some(views.clone());
        views
    }
}

impl Strip {
    fn of(record: &Record, opening: u64) -> Self {
        let bands = record.bands.iter().map(|band| (record.place(band.step), band.stage));
        let folds = record.folds.before(usize::MAX).take(MARKS_MAX);
        let folds = folds.map(|fold| (record.place(fold.step), span_text(fold.us)));
        let told = record.told.before(usize::MAX).take_while(|step| **step >= opening);
        let marks = told.take(MARKS_MAX).filter_map(|step| {
            let place = usize::try_from(*step).ok()?;
            Some((record.place(*step), record.happenings.get(place)?.text.clone()))
        });
        Self { bands: bands.collect(), folds: folds.collect(), marks: marks.collect() }
    }
}
