//! What is drawn once and stays where it is in time: arrows, writes, signs. Each is an element
//! that is made when it comes into the window and removed when it leaves it. What has been of an
//! arrow or a write is cut off at the line by the drawing itself, so that nothing of it changes
//! while the line passes through.

use super::axis::Axis;
use super::holds::epoch_class;
use super::score::{Arrow, Bar, Fate, Mark, Score, Sign};
use crate::deadline::Share;
use crate::message::{Look, Tone};
use crate::scene::layout::{Point, between, number, put, tenths};
use crate::svg::{self, Often, add, element};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;
use zabscope_core::sim::Micros;

/// Length and half the width of an arrowhead.
const HEAD: (f32, f32) = (6.5, 2.1);
/// A cross where a message was lost.
pub(super) const CROSS: &str = "M-4-4 4 4M-4 4 4-4";
/// A snowflake where a process was stopped.
pub(super) const SNOW: &str = "M0-7V7M-6-3.5 6 3.5M-6 3.5 6-3.5";
/// What a cut stops waits at this share of its way.
const HALF: f32 = 0.5;

/// Where rows and times are in the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Times.
    pub axis: Axis,
    /// Height of a row.
    pub pitch: f32,
}

impl Grid {
    /// The middle of a row.
    #[must_use]
    pub fn y(self, row: usize) -> f32 {
        #[allow(clippy::cast_precision_loss, reason = "a few rows of a few pixels")]
        let row = row as f32;
        (row + 0.5) * self.pitch
    }

    /// The way of an arrow.
    #[must_use]
    pub fn way(self, arrow: &Arrow) -> (Point, Point) {
        (self.point(arrow.sent_at, arrow.from), self.point(arrow.end_at, arrow.to))
    }

    fn point(self, at: Micros, row: usize) -> Point {
        Point { x: self.axis.x(at), y: self.y(row) }
    }
}

/// Something with a number that grows with time.
pub trait Numbered {
    /// The number.
    fn id(&self) -> u64;

    /// True if a drawing of `other` shows this.
    fn is_drawn_by(&self, other: &Self) -> bool;
}

macro_rules! numbered {
    ($($name:ty),*) => {$(
        impl Numbered for $name {
            fn id(&self) -> u64 {
                self.id
            }

            fn is_drawn_by(&self, other: &Self) -> bool {
                self == other
            }
        }
    )*};
}

numbered!(Way, Cross, Name, Bar, Mark);

/// All drawn things of a kind, by their numbers, in one group.
#[derive(Debug)]
pub struct Marks<T> {
    group: Element,
    model: Element,
    shown: Vec<(T, Element)>,
}

impl<T: Numbered> Marks<T> {
    /// None yet. Each will be a copy of an element of this name with these attributes.
    ///
    /// # Errors
    /// The browser refuses an element.
    pub fn new(within: &Element, name: &str, attributes: &[(&str, &str)]) -> Result<Self, JsValue> {
        let group = add(within, "g", &[])?;
        let model = element(name)?;
        for (name, value) in attributes {
            model.set_attribute(name, value)?;
        }
        Ok(Self { group, model, shown: Vec::new() })
    }

    /// Makes the group hold these, by their numbers; `draw` fills the element of one, or changes it
    /// from what it was. What has no `share` waits. True if nothing does.
    ///
    /// # Errors
    /// The browser refuses an element: what is missing then is drawn with the next picture.
    pub fn show(
        &mut self,
        wanted: impl Iterator<Item = T>,
        share: &mut Share,
        draw: impl Fn(&T, Option<&T>, &Element),
    ) -> Result<bool, JsValue> {
        let mut is_whole = true;
        let mut old = core::mem::take(&mut self.shown).into_iter().peekable();
        for item in wanted {
            while let Some((_, gone)) = old.next_if(|(other, _)| other.id() < item.id()) {
                gone.remove();
            }
            let known = old.next_if(|(other, _)| other.id() == item.id());
            if let Some((before, whole)) = known {
                let is_drawn = item.is_drawn_by(&before);
                if is_drawn || !share.take() {
                    is_whole &= is_drawn;
                    self.shown.push((before, whole));
                    continue;
                }
                draw(&item, Some(&before), &whole);
                self.shown.push((item, whole));
            } else if share.take() {
                let whole = self.model.clone_node()?.unchecked_into::<Element>();
                draw(&item, None, &whole);
                let next = old.peek().map(|(_, next)| next.as_ref());
                self.group.insert_before(&whole, next)?;
                self.shown.push((item, whole));
            } else {
                is_whole = false;
            }
        }
        old.for_each(|(_, gone)| gone.remove());
        Ok(is_whole)
    }
}

const fn fate_class(fate: Fate) -> &'static str {
    match fate {
        Fate::Arrived => "arrived",
        Fate::Lost => "gone",
        Fate::Flying => "flying",
        Fate::Stopped => "stopped",
        Fate::Ahead => "coming",
    }
}

/// An arrow as what a pointer meets and a reader hears: its whole way, broad and unseen until it
/// is lit.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    id: u64,
    way: (Point, Point),
    chosen: bool,
    /// It says how far the message is; `None` if it has a name alone, because all of that changes
    /// with each picture.
    told: Option<Fate>,
}

impl Numbered for Hit {
    fn id(&self) -> u64 {
        self.id
    }

    fn is_drawn_by(&self, other: &Self) -> bool {
        let told = self.told.is_none() || self.told == other.told;
        told && self.chosen == other.chosen && self.way == other.way
    }
}

impl Hit {
    /// Of an arrow; `told` if it has to be described.
    #[must_use]
    pub fn of(arrow: &Arrow, grid: Grid, chosen: Option<u64>, told: bool) -> Self {
        let told = told.then_some(arrow.fate);
        Self { id: arrow.id, way: grid.way(arrow), chosen: chosen == Some(arrow.id), told }
    }

    /// Fills its element.
    pub fn draw(&self, before: Option<&Self>, whole: &Element, score: &Score) {
        if before.is_none() {
            svg::set(whole, Often::Of, &format!("m{}", self.id));
        }
        if before.is_none_or(|before| before.way != self.way) {
            svg::set(whole, Often::D, &line(self.way));
        }
        if before.is_some_and(|before| before.chosen) != self.chosen {
            // A pointer may have given it another class. Neither name can be refused.
            whole.class_list().toggle_with_force("selected", self.chosen).ok();
            whole.set_attribute("aria-selected", if self.chosen { "true" } else { "false" }).ok();
        }
        let Some(arrow) = score.arrow(self.id) else { return };
        if self.told.is_some() && self.told != before.and_then(|before| before.told) {
            whole.set_id(&format!("arrow-{}", self.id));
            svg::set(whole, Often::Label, &score.spoken(arrow));
        } else if before.is_none() {
            svg::set_word(whole, Often::Label, arrow.look.name);
        }
    }
}

/// The line of an arrow with its head. It is cut off where the moment is.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    id: u64,
    way: (Point, Point),
    tone: Tone,
    fate: Fate,
    chosen: bool,
}

impl Way {
    /// Of an arrow.
    #[must_use]
    pub fn of(arrow: &Arrow, grid: Grid, chosen: Option<u64>) -> Self {
        let (tone, fate) = (arrow.look.tone, arrow.fate);
        Self { id: arrow.id, way: grid.way(arrow), tone, fate, chosen: chosen == Some(arrow.id) }
    }

    /// Fills its element.
    pub fn draw(&self, before: Option<&Self>, whole: &Element) {
        let words = |of: &Self| (of.fate, of.chosen);
        if before.map(words) != Some(words(self)) {
            let selected = if self.chosen { " selected" } else { "" };
            let (tone, fate) = (self.tone.class(), fate_class(self.fate));
            svg::set_word(whole, Often::Class, &[tone, " ", fate, selected].concat());
        }
        let ends = |of: &Self| (of.way, is_broken(of.fate));
        if before.map(ends) != Some(ends(self)) {
            let way = if is_broken(self.fate) { half(self.way) } else { self.way };
            let mut path = line(way);
            if !is_broken(self.fate) {
                add_head(&mut path, way);
            }
            svg::set(whole, Often::D, &path);
        }
    }
}

/// True for what stays half-way.
const fn is_broken(fate: Fate) -> bool {
    matches!(fate, Fate::Lost | Fate::Stopped)
}

fn half((from, to): (Point, Point)) -> (Point, Point) {
    (from, between(from, to, HALF))
}

/// Where a message was lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Cross {
    id: u64,
    at: Point,
}

impl Cross {
    /// Of an arrow that does not arrive.
    #[must_use]
    pub fn of(arrow: &Arrow, grid: Grid) -> Option<Self> {
        is_broken(arrow.fate).then(|| Self { id: arrow.id, at: half(grid.way(arrow)).1 })
    }

    /// Fills its element.
    pub fn draw(&self, whole: &Element) {
        svg::set(whole, Often::Transform, &at(self.at));
    }
}

/// The name of an arrow, at its start.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    id: u64,
    at: Point,
    chosen: bool,
    look: Rc<Look>,
}

impl Name {
    /// Of an arrow.
    #[must_use]
    pub fn of(arrow: &Arrow, grid: Grid, chosen: Option<u64>) -> Self {
        let (from, to) = grid.way(arrow);
        let at = Point { x: from.x + 5.0, y: name_y(from.y, to.y) };
        Self { id: arrow.id, at, chosen: chosen == Some(arrow.id), look: arrow.look.clone() }
    }

    /// Fills its element.
    pub fn draw(&self, before: Option<&Self>, whole: &Element) {
        let title = self.chosen.then(|| self.look.title());
        whole.set_text_content(Some(title.as_deref().unwrap_or(self.look.name)));
        if before.is_none_or(|it| it.at.x != self.at.x) {
            svg::set(whole, Often::X, &number(self.at.x));
        }
        if before.is_none_or(|it| it.at.y != self.at.y) {
            svg::set(whole, Often::Y, &number(self.at.y));
        }
        if before.is_some_and(|it| it.chosen) != self.chosen {
            let class = if self.chosen { "name selected" } else { "name" };
            svg::set_word(whole, Often::Class, class);
        }
    }
}

/// What is not past of arrows, in one path for each tone: the whole way dashed below what is done,
/// and a dot where it is.
#[derive(Debug)]
pub struct Rests {
    /// For each tone the path of the ways and that of the dots, with what is drawn.
    paths: Vec<[(Element, String); 2]>,
    ways: Vec<(usize, (Point, Point), f32)>,
}

/// As many as there are tones.
const TONES: [Tone; 5] =
    [Tone::Election, Tone::Recovery, Tone::Broadcast, Tone::Client, Tone::Quiet];

impl Rests {
    /// None yet: `moved` moves with time, `fixed` does not, and has the line at `x`.
    ///
    /// # Errors
    /// The browser refuses an element.
    pub fn new(moved: &Element, fixed: &Element) -> Result<Self, JsValue> {
        let path = |within: &Element, tone: Tone| {
            let made = add(within, "path", &[("class", tone.class()), ("d", "")])?;
            Ok::<_, JsValue>((made, String::new()))
        };
        let paths = TONES.map(|tone| Ok([path(moved, tone)?, path(fixed, tone)?]));
        Ok(Self { paths: paths.into_iter().collect::<Result<_, JsValue>>()?, ways: Vec::new() })
    }

    /// From now on these are under way.
    pub fn show(&mut self, score: &Score, grid: Grid) {
        self.ways.clear();
        let mut texts = TONES.map(|_| String::new());
        for arrow in &score.arrows {
            let Some(place) = TONES.iter().position(|tone| *tone == arrow.look.tone) else {
                continue;
            };
            let way = grid.way(arrow);
            if matches!(arrow.fate, Fate::Flying | Fate::Ahead)
                && let Some(text) = texts.get_mut(place)
            {
                add_line(text, way);
            }
            match arrow.fate {
                Fate::Flying => self.ways.push((place, way, 1.0)),
                Fate::Stopped => self.ways.push((place, way, HALF)),
                _ => {}
            }
        }
        for ([way, _], text) in self.paths.iter_mut().zip(texts) {
            draw_again(way, text);
        }
    }

    /// Puts the dots where they are when the line is at `line`; it is drawn at `x`.
    pub fn place(&mut self, line: f32, x: f32) {
        let mut texts = TONES.map(|_| String::new());
        for (place, (from, to), limit) in &self.ways {
            let share = (line - from.x) / (to.x - from.x).max(0.1);
            if share < *limit
                && let Some(text) = texts.get_mut(*place)
            {
                text.push('M');
                put(text, x);
                text.push(' ');
                tenths(text, between(*from, *to, share.max(0.0)).y);
                text.push_str("h0");
            }
        }
        for ([_, dots], text) in self.paths.iter_mut().zip(texts) {
            draw_again(dots, text);
        }
    }
}

fn draw_again((path, drawn): &mut (Element, String), text: String) {
    if *drawn != text {
        svg::set(path, Often::D, &text);
        *drawn = text;
    }
}

fn at(point: Point) -> String {
    format!("translate({} {})", number(point.x), number(point.y))
}

/// A straight way as a path.
pub(super) fn line(way: (Point, Point)) -> String {
    let mut path = String::with_capacity(64);
    add_line(&mut path, way);
    path
}

fn add_line(path: &mut String, (from, to): (Point, Point)) {
    path.push('M');
    put(path, from.x);
    path.push(' ');
    put(path, from.y);
    path.push('L');
    put(path, to.x);
    path.push(' ');
    put(path, to.y);
}

/// Adds an arrowhead to a path that ends with this way.
fn add_head(path: &mut String, way: (Point, Point)) {
    let [a, b] = corners(way, HEAD);
    path.push_str("m0 0l");
    tenths(path, a.x);
    path.push(' ');
    tenths(path, a.y);
    path.push('l');
    tenths(path, b.x - a.x);
    path.push(' ');
    tenths(path, b.y - a.y);
    path.push('z');
}

/// The two corners of an arrowhead around the end of a way, seen from there: its length, and half
/// of its width.
fn corners((from, to): (Point, Point), (length, half): (f32, f32)) -> [Point; 2] {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let whole = dx.hypot(dy).max(1.0);
    let (ux, uy) = (dx / whole, dy / whole);
    [half, -half].map(|aside| Point {
        x: ux.mul_add(-length, -uy * aside),
        y: uy.mul_add(-length, ux * aside),
    })
}

/// An arrowhead as a path around its point.
pub(super) fn head(way: (Point, Point), size: (f32, f32)) -> String {
    let [a, b] = corners(way, size).map(|it| format!("{} {}", number(it.x), number(it.y)));
    format!("M0 0L{a}L{b}z")
}

/// Where a name stands that belongs to an arrow from one row to another: on the side of its start
/// that the arrow does not take.
fn name_y(from: f32, to: f32) -> f32 {
    if to > from { from - 3.0 } else { from + 11.0 }
}

/// A place for words: from left to right, and the height of their line.
pub(super) type Span = (f32, f32, f32);

/// Which arrows have their names written: the chosen one, and the first of a fan, unless its name
/// would lie over one that is written already, or over what is `taken` beforehand. Lines so far
/// `apart` do not touch; `span` says where a name would stand, if there is room at all.
pub(super) fn names(
    score: &Score,
    chosen: Option<u64>,
    mut taken: Vec<Span>,
    apart: f32,
    span: impl Fn(&Arrow) -> Option<Span>,
) -> Vec<bool> {
    let mut fits = |arrow: &Arrow| {
        let free = span(arrow).filter(|(left, right, line)| {
            let hits = |(from, to, other): &Span| {
                (line - other).abs() < apart && left < to && from < right
            };
            !taken.iter().any(hits)
        });
        taken.extend(free);
        free.is_some()
    };
    // The chosen one takes its place before all others.
    let first = chosen.and_then(|id| score.arrow(id)).map(|arrow| (arrow.id, fits(arrow)));
    let is_named = |arrow: &Arrow| match first {
        Some((id, free)) if id == arrow.id => free,
        _ => {
            let loud = !arrow.look.is_quiet() && arrow.fate != Fate::Ahead;
            arrow.first && loud && fits(arrow)
        }
    };
    score.arrows.iter().map(is_named).collect()
}

/// The same for the diagram.
#[must_use]
pub fn named(score: &Score, grid: Grid, chosen: Option<u64>) -> Vec<bool> {
    names(score, chosen, Vec::new(), 12.0, |arrow| {
        let is_chosen = chosen == Some(arrow.id);
        let letters = if is_chosen { arrow.look.title().len() } else { arrow.look.name.len() };
        let left = grid.axis.x(arrow.sent_at) + 5.0;
        #[allow(clippy::cast_precision_loss, reason = "a few letters")]
        let right = left + letters as f32 * 9.0;
        Some((left, right, name_y(grid.y(arrow.from), grid.y(arrow.to))))
    })
}

/// The class of a write, by the epoch of what is written.
pub(super) fn write_class(bar: &Bar) -> &'static str {
    bar.zxid.map_or("e", epoch_class)
}

/// Fills the element of a write, or of the part of it that is `done`: they are the same, the other
/// one is cut off at the line. Of a write whose end nobody knows there is only what is done: it
/// reaches behind the line, so that it grows while the line passes through.
pub fn write(bar: &Bar, before: Option<&Bar>, whole: &Element, grid: Grid, done: bool) {
    if before.is_none_or(|before| before.zxid != bar.zxid) {
        svg::set_word(whole, Often::Class, write_class(bar));
    }
    let from = grid.axis.x(bar.from);
    let to = match bar.to {
        Some(to) => grid.axis.x(to).max(from + 1.0),
        None if done => grid.axis.end(),
        None => return svg::set(whole, Often::D, ""),
    };
    let (x, y, wide) = (number(from), number(grid.y(bar.row) - 4.5), number(to - from));
    svg::set(whole, Often::D, &format!("M{x} {y}h{wide}v9h-{wide}z"));
}

/// Fills the element of a sign.
pub fn sign(mark: &Mark, whole: &Element, grid: Grid) -> Result<(), JsValue> {
    let here = grid.point(mark.at, mark.row);
    let class = match mark.sign {
        Sign::Vote(_, true) => "ballot",
        Sign::Vote(_, false) => "ballot changed",
        Sign::Crash => "crash",
        Sign::Start => "begin",
        Sign::Cut(_) => "cutting",
        Sign::Heal(_) => "healing",
        Sign::Freeze => "freezing",
        Sign::Thaw => "begin",
    };
    whole.set_text_content(None);
    svg::set_word(whole, Often::Class, class);
    svg::set(whole, Often::Transform, &at(here));
    match mark.sign {
        Sign::Vote(sid, _) => {
            add(whole, "path", &[("d", "M0-10 10 0 0 10-10 0z")])?;
            add(whole, "text", &[("y", "4")])?.set_text_content(Some(&sid.to_string()));
        }
        Sign::Crash => {
            add(whole, "path", &[("d", "M-5-5 5 5M-5 5 5-5")])?;
            add(whole, "text", &[("x", "10"), ("y", "4")])?.set_text_content(Some("crash"));
        }
        Sign::Start => {
            add(whole, "path", &[("d", "M0-7V7")])?;
            add(whole, "text", &[("x", "6"), ("y", "-4")])?.set_text_content(Some("start"));
        }
        Sign::Freeze => {
            add(whole, "path", &[("d", SNOW)])?;
            add(whole, "text", &[("x", "12"), ("y", "-4")])?.set_text_content(Some("frozen"));
        }
        Sign::Thaw => drop(add(whole, "path", &[("d", "M0-7V7")])?),
        Sign::Cut(other) | Sign::Heal(other) => {
            let far = number(grid.y(other) - here.y);
            add(whole, "path", &[("d", &format!("M0 0V{far}"))])?;
        }
    }
    Ok(())
}
