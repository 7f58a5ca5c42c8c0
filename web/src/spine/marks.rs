//! What is drawn once and stays where it is in time: arrows, writes, signs. Each is an element
//! that is made when it comes into the window and removed when it leaves it; between two steps
//! only those change that the line passes through right now.

use super::axis::Axis;
use super::score::{Arrow, Bar, Fate, Mark, Score, Sign};
use crate::scene::layout::{Point, between, number};
use crate::svg::{add, element, transform_of};
use std::cell::Cell;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, SvgLength, SvgLineElement, SvgRectElement, SvgTransform};
use zabscope_core::sim::Micros;

/// Width of a write whose end nobody knows.
const BAR: f32 = 20.0;

/// Length and half the width of an arrowhead.
const HEAD: (f32, f32) = (7.0, 2.6);
/// A cross where a message was lost.
pub(super) const CROSS: &str = "M-4-4 4 4M-4 4 4-4";

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

    fn point(self, at: Micros, row: usize) -> Point {
        Point { x: self.axis.x(at), y: self.y(row) }
    }
}

/// An arrow with what only the drawing has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// It.
    pub arrow: Arrow,
    /// It is chosen.
    pub chosen: bool,
    /// Its name is written.
    pub named: bool,
}

/// Something with a number that grows with time.
pub trait Numbered: PartialEq {
    /// The number.
    fn id(&self) -> u64;
}

impl Numbered for Drawn {
    fn id(&self) -> u64 {
        self.arrow.id
    }
}

impl Numbered for Bar {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Numbered for Mark {
    fn id(&self) -> u64 {
        self.id
    }
}

/// All drawn things of a kind, by their numbers, in one group.
#[derive(Debug)]
pub struct Marks<T> {
    group: Element,
    shown: Vec<(T, Element, Option<Moving>)>,
}

impl<T: Numbered> Marks<T> {
    /// None yet.
    #[must_use]
    pub const fn new(group: Element) -> Self {
        Self { group, shown: Vec::new() }
    }

    /// The group that all of them are in.
    #[must_use]
    pub const fn group(&self) -> &Element {
        &self.group
    }

    /// Makes the group hold these, by their numbers; `draw` fills the element of one, or changes it
    /// from what it was. At most `most` are drawn. True if that was enough.
    ///
    /// # Errors
    /// The browser refuses an element: what is missing then is drawn with the next picture.
    pub fn show(
        &mut self,
        wanted: impl Iterator<Item = T>,
        most: usize,
        draw: impl Fn(&T, Option<&T>, &Element) -> Result<Option<Moving>, JsValue>,
    ) -> Result<bool, JsValue> {
        let mut left = most;
        let mut enough = true;
        let mut old = core::mem::take(&mut self.shown).into_iter().peekable();
        for item in wanted {
            while let Some((_, gone, _)) = old.next_if(|(other, ..)| other.id() < item.id()) {
                gone.remove();
            }
            let known = old.next_if(|(other, ..)| other.id() == item.id());
            if known.as_ref().is_none_or(|(other, ..)| *other != item) {
                if left == 0 {
                    self.shown.extend(known);
                    enough = false;
                    continue;
                }
                left -= 1;
            }
            let (whole, moving) = match known {
                Some((same, whole, moving)) if same == item => (whole, moving),
                Some((before, whole, _)) => {
                    let hot = whole.class_list().contains("hot");
                    let moving = draw(&item, Some(&before), &whole)?;
                    if hot {
                        whole.class_list().add_1("hot")?;
                    }
                    (whole, moving)
                }
                None => {
                    let whole = element("g")?;
                    let next = old.peek().map(|(_, next, _)| next.as_ref());
                    self.group.insert_before(&whole, next)?;
                    let moving = draw(&item, None, &whole)?;
                    (whole, moving)
                }
            };
            self.shown.push((item, whole, moving));
        }
        old.for_each(|(_, gone, _)| gone.remove());
        Ok(enough)
    }

    /// Moves what the line passes through to this place of it.
    pub fn place(&self, line: f32) {
        for moving in self.shown.iter().filter_map(|(.., moving)| moving.as_ref()) {
            moving.place(line);
        }
    }
}

/// What changes while the line passes.
#[derive(Debug)]
pub enum Moving {
    /// The end of the part of a way that is done, and what stands there.
    Way {
        /// The part that is done.
        end: Option<[SvgLength; 2]>,
        /// What stands at its end.
        tip: SvgTransform,
        /// The whole way.
        way: (Point, Point),
        /// It ends at this share.
        limit: f32,
        /// The share that is drawn.
        drawn: Cell<f32>,
    },
    /// The part of a write that is done.
    Write {
        /// Width of that part.
        width: SvgLength,
        /// From where to where it goes.
        from: f32,
        /// See `from`.
        to: f32,
        /// The width that is drawn.
        drawn: Cell<f32>,
    },
}

impl Moving {
    /// Setting fails for what is no longer in the page alone: nobody sees it.
    fn place(&self, line: f32) {
        match self {
            Self::Way { end, tip, way: (from, to), limit, drawn } => {
                let share = share(*from, *to, line).min(*limit);
                if (drawn.replace(share) - share).abs() > 0.0 {
                    let at = between(*from, *to, share);
                    if let Some([x, y]) = end {
                        x.set_value(at.x).ok();
                        y.set_value(at.y).ok();
                    }
                    tip.set_translate(at.x, at.y).ok();
                }
            }
            Self::Write { width, from, to, drawn } => {
                let wide = (line.min(*to) - from).max(0.0);
                if (drawn.replace(wide) - wide).abs() > 0.0 {
                    width.set_value(wide).ok();
                }
            }
        }
    }
}

/// The share of a way that lies before the line.
fn share(from: Point, to: Point, line: f32) -> f32 {
    ((line - from.x) / (to.x - from.x).max(0.1)).clamp(0.0, 1.0)
}

fn at(point: Point) -> String {
    format!("translate({} {})", number(point.x), number(point.y))
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

/// Fills the element of an arrow. Its parts are made from text in one go: one call of the browser
/// instead of thirty.
pub fn arrow(
    drawn: &Drawn,
    before: Option<&Drawn>,
    whole: &Element,
    score: &Score,
    grid: Grid,
) -> Result<Option<Moving>, JsValue> {
    let Drawn { arrow, chosen, named } = drawn;
    let way = (grid.point(arrow.sent_at, arrow.from), grid.point(arrow.end_at, arrow.to));
    if before.is_none_or(|before| before.chosen != *chosen) {
        identify(arrow.id, *chosen, whole)?;
    }
    let (tone, fate) = (arrow.look.tone.class(), fate_class(arrow.fate));
    let selected = if *chosen { " selected" } else { "" };
    whole.set_attribute("class", &format!("msg {tone} {fate}{selected}"))?;
    whole.set_attribute("aria-label", &score.spoken(arrow))?;
    let moves = matches!(arrow.fate, Fate::Flying | Fate::Lost | Fate::Stopped);
    whole.set_inner_html(&parts(drawn, way));
    let last = whole.last_element_child();
    let tip = if *named {
        let words = last.ok_or(JsValue::NULL)?;
        let title = chosen.then(|| arrow.look.title());
        words.set_text_content(Some(title.as_deref().unwrap_or(arrow.look.name)));
        words.previous_element_sibling()
    } else {
        last
    };
    if moves { under_way(&tip.ok_or(JsValue::NULL)?, arrow.fate, way).map(Some) } else { Ok(None) }
}

/// The parts of an arrow, without any words: what is under way ends with the part that is done and
/// what stands at its end; the rest lies below them.
fn parts(drawn: &Drawn, way: (Point, Point)) -> String {
    let Drawn { arrow, chosen, named } = drawn;
    let line = line(way);
    let path = |class: &str| format!("<path class=\"{class}\" d=\"{line}\"/>");
    let mut parts = if *chosen { path("halo") } else { String::new() };
    parts.push_str(&path("hit"));
    if matches!(arrow.fate, Fate::Flying | Fate::Ahead) {
        parts.push_str(&path("rest"));
    }
    let tip = match arrow.fate {
        Fate::Ahead => "",
        Fate::Arrived => {
            parts.push_str(&path("way"));
            let (place, d) = (at(way.1), head(way, HEAD));
            &format!("<path class=\"head\" transform=\"{place}\" d=\"{d}\"/>")
        }
        fate => {
            let (x, y) = (number(way.0.x), number(way.0.y));
            parts.push_str(&format!("<line class=\"way\" x1=\"{x}\" y1=\"{y}\"/>"));
            if fate == Fate::Flying {
                "<circle class=\"dot\" transform=\"translate(0)\" r=\"3.5\"/>"
            } else {
                &format!("<path class=\"lost\" transform=\"translate(0)\" d=\"{CROSS}\"/>")
            }
        }
    };
    parts.push_str(tip);
    if *named {
        let (x, y) = (number(way.0.x + 5.0), number(name_y(way.0.y, way.1.y)));
        parts.push_str(&format!("<text class=\"name\" x=\"{x}\" y=\"{y}\"></text>"));
    }
    parts
}

/// What of an arrow's element does not change with its fate.
fn identify(id: u64, chosen: bool, whole: &Element) -> Result<(), JsValue> {
    for (name, value) in [
        ("class", ""),
        ("id", &*format!("arrow-{id}")),
        ("data-of", &format!("m{id}")),
        ("data-id", &id.to_string()),
        ("role", "option"),
        ("aria-selected", if chosen { "true" } else { "false" }),
    ] {
        whole.set_attribute(name, value)?;
    }
    Ok(())
}

/// A straight way as a path.
pub(super) fn line((from, to): (Point, Point)) -> String {
    format!("M{} {}L{} {}", number(from.x), number(from.y), number(to.x), number(to.y))
}

/// An arrowhead around the end of a way, in its direction: its length, and half of its width.
pub(super) fn head((from, to): (Point, Point), (length, half): (f32, f32)) -> String {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let whole = dx.hypot(dy).max(1.0);
    let (ux, uy) = (dx / whole, dy / whole);
    let point = |along: f32, aside: f32| {
        let x = ux.mul_add(-along, -uy * aside);
        let y = uy.mul_add(-along, ux * aside);
        format!("{} {}", number(x), number(y))
    };
    format!("M0 0L{}L{}z", point(length, half), point(length, -half))
}

/// The way of what has not arrived, by what stands where it is.
fn under_way(tip: &Element, fate: Fate, way: (Point, Point)) -> Result<Moving, JsValue> {
    let done = tip.previous_element_sibling().and_then(|it| it.dyn_into::<SvgLineElement>().ok());
    let end = done.map(|line| [line.x2().base_val(), line.y2().base_val()]);
    // What a cut stops waits half-way.
    let limit = if fate == Fate::Flying { 1.0 } else { 0.5 };
    Ok(Moving::Way { end, tip: transform_of(tip)?, way, limit, drawn: Cell::new(-1.0) })
}

/// Where a name stands that belongs to an arrow from one row to another: on the side of its start
/// that the arrow does not take.
fn name_y(from: f32, to: f32) -> f32 {
    if to > from { from - 3.0 } else { from + 11.0 }
}

/// Which arrows have their names written: the chosen one, and the first of a fan unless its name
/// would lie over one that is written already.
#[must_use]
pub fn named(score: &Score, grid: Grid, chosen: Option<u64>) -> Vec<bool> {
    let mut taken: Vec<(f32, f32, f32)> = Vec::new();
    let mut free = |arrow: &Arrow, letters: usize| {
        let left = grid.axis.x(arrow.sent_at) + 5.0;
        let line = name_y(grid.y(arrow.from), grid.y(arrow.to));
        #[allow(clippy::cast_precision_loss, reason = "a few letters")]
        let right = left + letters as f32 * 8.0;
        let hit = |(from, to, other): &(f32, f32, f32)| {
            (line - other).abs() < 12.0 && left < *to && *from < right
        };
        let free = !taken.iter().any(hit);
        if free {
            taken.push((left, right, line));
        }
        free
    };
    // The chosen one takes its place before all others.
    if let Some(arrow) = chosen.and_then(|id| score.arrow(id)) {
        free(arrow, arrow.look.title().len());
    }
    let is_named = |arrow: &Arrow| {
        let loud = !arrow.look.is_quiet() && arrow.fate != Fate::Ahead;
        chosen == Some(arrow.id) || arrow.first && loud && free(arrow, arrow.look.name.len())
    };
    score.arrows.iter().map(is_named).collect()
}

/// The class of a write: neighbouring epochs differ in colour.
pub(super) fn epoch_class(bar: &Bar) -> &'static str {
    bar.zxid.map_or("e", |zxid| {
        ["e0", "e1", "e2", "e3"].get((zxid.epoch().0 & 3) as usize).copied().unwrap_or("e0")
    })
}

/// Fills the element of a write.
pub fn write(bar: &Bar, whole: &Element, grid: Grid) -> Result<Option<Moving>, JsValue> {
    whole.set_text_content(None);
    whole.set_attribute("class", &format!("fsync {}", epoch_class(bar)))?;
    let from = grid.axis.x(bar.from);
    let to = bar.to.map_or(from + BAR, |to| grid.axis.x(to));
    let rect = |class: &str| {
        let (x, y) = (number(from), number(grid.y(bar.row) - 4.5));
        let width = number((to - from).max(1.0));
        let shape = [
            ("class", class),
            ("x", &x),
            ("y", &y),
            ("width", &width),
            ("height", "9"),
            ("rx", "2"),
        ];
        add(whole, "rect", &shape)
    };
    rect("open")?;
    let done = rect("done")?.dyn_into::<SvgRectElement>()?;
    let width = done.width().base_val();
    Ok(Some(Moving::Write { width, from, to: to.max(from + 1.0), drawn: Cell::new(-1.0) }))
}

/// Fills the element of a sign.
pub fn sign(mark: &Mark, whole: &Element, grid: Grid) -> Result<Option<Moving>, JsValue> {
    let here = grid.point(mark.at, mark.row);
    let class = match mark.sign {
        Sign::Vote(_, true) => "ballot",
        Sign::Vote(_, false) => "ballot changed",
        Sign::Crash => "crash",
        Sign::Start => "begin",
        Sign::Cut(_) => "cutting",
        Sign::Heal(_) => "healing",
    };
    whole.set_text_content(None);
    whole.set_attribute("class", class)?;
    whole.set_attribute("transform", &at(here))?;
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
        Sign::Cut(other) | Sign::Heal(other) => {
            let far = number(grid.y(other) - here.y);
            add(whole, "path", &[("d", &format!("M0 0V{far}"))])?;
        }
    }
    Ok(None)
}
