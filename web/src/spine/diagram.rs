//! The space-time diagram, drawn outside of Yew: time from left to right, the moment at a fixed
//! line, what comes if nobody acts behind it.
//!
//! Everything has its place in time ([`super::axis`]) and is drawn once ([`super::marks`]); a
//! picture moves the groups that hold it. What has been is in a window that ends at the line.
//! Coordinates are pixels from the right edge, so a narrower window shows less past.

use super::axis::{AHEAD, Axis, PAST};
use super::marks::{self, Cross, Grid, Hit, Marks, Name, Rests, Way};
use super::pitch;
use super::score::{Bar, Lane, Mark, Score};
use crate::deadline::Deadline;
use crate::scene::layout::number;
use crate::svg::{add, own_transform, shift, write};
use crate::view::{Role, time_text};
use std::collections::VecDeque;
use wasm_bindgen::JsValue;
use web_sys::{Document, Element, SvgTransform};
use zabscope_core::base::NodeId;
use zabscope_core::sim::Micros;

/// So near to the line's own time, and so near to the edge, a time of the ruler is left out.
const FAR: f32 = 78.0;
const EDGE: f32 = 24.0;

/// The diagram in the page, if it is there.
#[derive(Debug, Default)]
pub struct Diagram {
    sheet: Option<Sheet>,
}

/// What it is drawn on.
#[derive(Debug)]
struct Sheet {
    /// The element that Yew knows.
    host: Element,
    nodes: Vec<NodeId>,
    grid: Grid,
    /// Groups that move with time, and where the base stands in each at the line.
    moved: Vec<(SvgTransform, f32)>,
    lines: Element,
    times: Element,
    /// Lines of the ruler from the first on: line, time, whether the time is seen.
    ticks: (u64, VecDeque<(Element, Element, bool)>),
    lives: Element,
    lanes: Vec<Lane>,
    /// The lifelines that are drawn.
    drawn: Vec<Life>,
    hits: Marks<Hit>,
    ways: Marks<Way>,
    crosses: Marks<Cross>,
    names: Marks<Name>,
    rests: Rests,
    /// Writes, and what of them is done.
    bars: [Marks<Bar>; 2],
    signs: Marks<Mark>,
    /// What is behind the line's own time, and for how many letters.
    pill: (Element, usize),
    clock: Element,
    active: Option<u64>,
    /// Nothing is missing, and nothing of what is seen.
    is_whole: bool,
    is_seen: bool,
}

impl Diagram {
    /// Draws a moment where the page has room for it; what is missing at the deadline, or what the
    /// browser refuses, is drawn with another picture.
    #[inline(never)]
    pub fn show(
        &mut self,
        document: &Document,
        score: &Score,
        chosen: Option<u64>,
        deadline: Deadline,
    ) {
        let Some(host) = document.get_element_by_id("lanes") else {
            self.sheet = None;
            return;
        };
        let axis = Axis::of(score.now);
        let nodes = || score.lanes.iter().map(|lane| lane.node);
        let fits = |sheet: &Sheet| {
            sheet.host == host && sheet.grid.axis == axis && sheet.nodes.iter().copied().eq(nodes())
        };
        if !self.sheet.as_ref().is_some_and(fits) {
            self.sheet = Sheet::new(document, host, axis, nodes().collect()).ok();
        }
        if let Some(sheet) = &mut self.sheet
            && sheet.show(score, chosen, deadline).is_err()
        {
            self.sheet = None;
        }
    }

    /// True if the moment is drawn wholly, as far as there is room for it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.sheet.as_ref().is_none_or(|sheet| sheet.is_whole)
    }

    /// True if all is drawn that is seen.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.sheet.as_ref().is_none_or(|sheet| sheet.is_seen)
    }

    /// Moves it to a time.
    #[inline(never)]
    pub fn place(&mut self, now: Micros) {
        if let Some(sheet) = &mut self.sheet
            && sheet.place(now).is_err()
        {
            self.sheet = None;
        }
    }
}

impl Sheet {
    fn new(
        document: &Document,
        host: Element,
        axis: Axis,
        nodes: Vec<NodeId>,
    ) -> Result<Self, JsValue> {
        let rows = nodes.len();
        #[allow(clippy::cast_precision_loss, reason = "a few pixels")]
        let grid = Grid { axis, pitch: pitch(rows) as f32 };
        let height = (rows * pitch(rows) as usize).to_string();
        let ruler = document.get_element_by_id("ruler").ok_or(JsValue::NULL)?;
        let paper = host.first_element_child().ok_or(JsValue::NULL)?;
        let from_right = [("x", "100%"), ("overflow", "visible"), ("role", "presentation")];
        let cleared = |svg: &Element| {
            svg.set_text_content(None);
            add(svg, "svg", &from_right)
        };
        let (ruler, paper) = (cleared(&ruler)?, cleared(&paper)?);
        let (left, wide) = (number(-AHEAD), number(AHEAD));
        let ahead = [("class", "ahead"), ("x", &*left), ("width", &wide), ("height", &height)];
        add(&paper, "rect", &ahead)?;
        let lines = add(&paper, "g", &[("class", "grid")])?;
        for row in 0..rows {
            let y = number(grid.y(row));
            add(&paper, "path", &[("class", "later"), ("d", &format!("M{left} {y}H0"))])?;
        }
        let below = add(&paper, "g", &[])?;
        let hits = [("class", "msg"), ("role", "option"), ("aria-selected", "false")];
        let hits = Marks::new(&below, "path", &hits)?;
        let open = Marks::new(&fsyncs(&below, "open")?, "path", &[])?;
        // What has been is drawn beyond the line, and cut off there.
        let (start, past) = (number(-AHEAD - PAST), number(PAST));
        let window = [("x", &*start), ("width", &past), ("height", &height)];
        let window = add(&paper, "svg", &window)?;
        let been = add(&window, "g", &[])?;
        let lives = add(&been, "g", &[])?;
        let done = Marks::new(&fsyncs(&been, "done")?, "path", &[])?;
        let ways = Marks::new(&add(&been, "g", &[("class", "arrows")])?, "path", &[])?;
        let cross = [("class", "lost"), ("d", marks::CROSS)];
        let crosses = Marks::new(&been, "path", &cross)?;
        let above = add(&paper, "g", &[])?;
        let rests = add(&above, "g", &[("class", "arrows rests")])?;
        let names = Marks::new(&above, "text", &[("class", "name")])?;
        let signs = Marks::new(&above, "g", &[])?;
        let dots = add(&paper, "g", &[("class", "arrows dots")])?;
        let rests = Rests::new(&rests, &dots)?;
        add(&paper, "path", &[("class", "playhead"), ("d", &format!("M{left} 0V{height}"))])?;
        let times = add(&ruler, "g", &[])?;
        let now =
            add(&ruler, "g", &[("class", "now"), ("transform", &format!("translate({left})"))])?;
        let pill = add(&now, "rect", &[("y", "2"), ("height", "22"), ("rx", "4")])?;
        let clock = add(&now, "text", &[("y", "18")])?;
        let mut moved = Vec::from([(own_transform(&been)?, PAST)]);
        for group in [&lines, &times, &below, &above] {
            moved.push((own_transform(group)?, -AHEAD));
        }
        // It is told by hand which one is chosen.
        host.remove_attribute("aria-activedescendant")?;
        Ok(Self {
            host,
            nodes,
            grid,
            moved,
            lines,
            times,
            ticks: (0, VecDeque::new()),
            lives,
            lanes: Vec::new(),
            drawn: Vec::new(),
            hits,
            ways,
            crosses,
            names,
            rests,
            bars: [open, done],
            signs,
            pill: (pill, 0),
            clock,
            active: None,
            is_whole: true,
            is_seen: true,
        })
    }

    fn show(
        &mut self,
        score: &Score,
        chosen: Option<u64>,
        deadline: Deadline,
    ) -> Result<(), JsValue> {
        let grid = self.grid;
        let share = &mut deadline.share();
        let arrows = || score.arrows.iter();
        self.rests.show(score, grid);
        let ways = arrows().map(|arrow| Way::of(arrow, grid, chosen));
        let mut is_seen = self.ways.show(ways, share, Way::draw)?;
        for (bars, done) in self.bars.iter_mut().zip([false, true]) {
            let all = score.bars.iter().copied();
            is_seen &= bars.show(all, share, |bar, before, whole| {
                marks::write(bar, before, whole, grid, done);
            })?;
        }
        let crosses = arrows().filter_map(|arrow| Cross::of(arrow, grid));
        is_seen &= self.crosses.show(crosses, share, |cross, _, whole| cross.draw(whole))?;
        let named = arrows().zip(marks::named(score, grid, chosen)).filter(|(_, named)| *named);
        let names = named.map(|(arrow, _)| Name::of(arrow, grid, chosen));
        is_seen &= self.names.show(names, share, Name::draw)?;
        let signs = score.signs.iter().copied();
        let sign = |mark: &Mark, _: Option<&Mark>, whole: &Element| {
            // What the browser refuses of a sign stays away.
            marks::sign(mark, whole, grid).ok();
        };
        is_seen &= self.signs.show(signs, share, sign)?;
        // Unseen, so they are the last.
        let told = deadline.is_never();
        let hits = arrows().map(|arrow| Hit::of(arrow, grid, chosen, told));
        let draw =
            |hit: &Hit, before: Option<&Hit>, whole: &Element| hit.draw(before, whole, score);
        self.is_whole = self.hits.show(hits, share, draw)? && is_seen;
        self.is_seen = is_seen;
        if self.lanes != score.lanes {
            self.lanes.clone_from(&score.lanes);
        }
        let active = chosen.filter(|id| score.arrow(*id).is_some());
        if self.active != active {
            self.active = active;
            match active {
                Some(id) => {
                    self.host.set_attribute("aria-activedescendant", &format!("arrow-{id}"))?;
                }
                None => self.host.remove_attribute("aria-activedescendant")?,
            }
        }
        Ok(())
    }

    fn place(&mut self, now: Micros) -> Result<(), JsValue> {
        self.rule(now)?;
        self.live(now)?;
        let line = self.grid.axis.x(now);
        for (group, at) in &self.moved {
            shift(group, at - line, 0.0);
        }
        self.rests.place(line, -AHEAD);
        let time = time_text(now);
        let (pill, letters) = &mut self.pill;
        if *letters != time.len() {
            *letters = time.len();
            let width = 10 + 8 * time.len();
            pill.set_attribute("width", &width.to_string())?;
            pill.set_attribute("x", &format!("-{}", width / 2))?;
        }
        write(&self.clock, &time);
        Ok(())
    }

    /// The lines of the ruler that are in the window, with their times.
    fn rule(&mut self, now: Micros) -> Result<(), JsValue> {
        let (first, end) = Axis::ticks(now);
        let (from, ticks) = &mut self.ticks;
        if first < *from || first > *from + ticks.len() as u64 {
            ticks.drain(..).for_each(|(line, time, _)| {
                line.remove();
                time.remove();
            });
            *from = first;
        }
        while *from < first
            && let Some((line, time, _)) = ticks.pop_front()
        {
            line.remove();
            time.remove();
            *from += 1;
        }
        while *from + ticks.len() as u64 > end
            && let Some((line, time, _)) = ticks.pop_back()
        {
            line.remove();
            time.remove();
        }
        let axis = self.grid.axis;
        let height = number(self.grid.y(self.nodes.len()) - self.grid.pitch / 2.0);
        for tick in *from + ticks.len() as u64..end {
            let at = Axis::tick(tick);
            let x = number(axis.x(at));
            let line = add(&self.lines, "path", &[("d", &format!("M{x} 0V{height}"))])?;
            let time = add(&self.times, "text", &[("x", &x), ("y", "18")])?;
            time.set_text_content(Some(time_text(at).trim_end_matches(" s")));
            ticks.push_back((line, time, true));
        }
        for (tick, (_, time, seen)) in (*from..).zip(ticks.iter_mut()) {
            let from_line = axis.x(Axis::tick(tick)) - axis.x(now);
            let has_room = from_line.abs() > FAR && from_line < AHEAD - EDGE;
            if *seen != has_room {
                *seen = has_room;
                if has_room {
                    time.remove_attribute("display")?;
                } else {
                    time.set_attribute("display", "none")?;
                }
            }
        }
        Ok(())
    }

    /// The lifelines, if they are not drawn so.
    fn live(&mut self, now: Micros) -> Result<(), JsValue> {
        let rows = self.lanes.iter().enumerate();
        let lives: Vec<Life> = rows.flat_map(|(row, lane)| lifelines(lane, row, now)).collect();
        if self.drawn == lives {
            return Ok(());
        }
        self.lives.set_text_content(None);
        for life in &lives {
            let Life { row, kind, from, to } = *life;
            let (axis, y) = (self.grid.axis, number(self.grid.y(row)));
            let d = format!("M{} {y}H{}", number(axis.x(from)), number(axis.x(to)));
            let line = [("class", &*format!("life {}", kind.class())), ("d", &d)];
            add(&self.lives, "path", &line)?;
            if kind == Kind::Server(Role::Leading) {
                add(&self.lives, "path", &[("class", "inner"), ("d", &d)])?;
            }
            if kind == Kind::Frozen {
                add(&self.lives, "path", &[("class", "ice"), ("d", &d)])?;
            }
        }
        self.drawn = lives;
        Ok(())
    }
}

/// A group for writes to disk.
fn fsyncs(within: &Element, class: &str) -> Result<Element, JsValue> {
    add(within, "g", &[("class", &format!("fsync {class}"))])
}

/// A stretch of a lifeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Life {
    row: usize,
    kind: Kind,
    from: Micros,
    to: Micros,
}

/// What somebody is meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Client,
    Server(Role),
    /// Its process is stopped: over what it is else.
    Frozen,
}

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server(role) => role.class(),
            Self::Frozen => "frozen",
        }
    }
}

fn lifelines(lane: &Lane, row: usize, now: Micros) -> impl Iterator<Item = Life> {
    let life = move |begun: Micros, to: Micros, kind: Kind| Life {
        row,
        kind,
        from: Axis::drawn_from(begun, now),
        to,
    };
    let until = Axis::drawn_until(now);
    let is_client = matches!(lane.node, NodeId::Client(_));
    let client = is_client.then(|| life(Micros(0), until, Kind::Client));
    let roles = lane.roles.iter().enumerate().map(move |(place, (begun, role))| {
        let end = lane.roles.get(place + 1).map_or(until, |(at, _)| *at);
        life(*begun, end, Kind::Server(*role))
    });
    let stopped = lane.frozen.iter();
    let frozen = stopped.map(move |(begun, end)| life(*begun, end.unwrap_or(until), Kind::Frozen));
    client.into_iter().chain(roles).chain(frozen)
}
