//! Where things stand. A pure function of how many there are, of where clients are connected, and
//! of the shape of the screen.

use super::room::{Thing, around};
use zabscope_core::base::{ClientId, NodeId, Sid};

/// The shape of the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Labels beside the seats.
    Wide,
    /// For telephones: fewer words, below the seats.
    Narrow,
}

/// How many words a seat has room for: the more servers, the fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Density {
    /// Up to five: the log tiles and all facts.
    Roomy,
    /// Six or seven: a word and a fact.
    Tight,
    /// Eight or nine: a word.
    Full,
}

/// Who is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crew {
    /// Servers with a vote; their ids are 1, 2, ...
    pub voters: usize,
    /// Servers without; their ids follow.
    pub observers: usize,
    /// For each client, the id of the server that it stands beside.
    pub docks: Vec<Option<i64>>,
}

/// A place in the drawing's own units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// Where the words of a seat stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// Where the first line begins, ends, or has its middle.
    pub at: Point,
    /// SVG's `text-anchor`.
    pub anchor: &'static str,
    /// They stand below the seat, with the log below them.
    pub below: bool,
}

/// Fixed seats for servers; seats for clients, beside their servers or at the edge.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Of the screen.
    pub shape: Shape,
    /// Room for words.
    pub density: Density,
    /// Width of the drawing.
    pub width: f32,
    /// Height of the drawing.
    pub height: f32,
    /// Radius of a server that votes.
    pub radius: f32,
    /// Radius of an observer.
    pub observer_radius: f32,
    /// Radius of the ring around a client.
    pub client_radius: f32,
    centre: Point,
    ring: Point,
    /// Clients stand in a row below the servers, in order of their numbers.
    pub row: bool,
    crew: Crew,
    servers: Vec<Point>,
    clients: Vec<Point>,
}

/// From so many clients on they stand in a row, where servers leave the room.
const ROW_MIN: usize = 3;
/// Least room between things, and around the words of a client.
const CLEAR: f32 = 5.0;
/// Places at the edges for clients without a server, and how many are in a column.
const PARKS: usize = 40;
const PARK_ROWS: usize = 5;
/// What a client's place costs, in units of way: lines that pass over something, the side of the
/// ensemble where messages fly, another server that is as near.
const CROSSING: f32 = 60.0;
const WIRE: f32 = 10.0;
const INWARD: f32 = 16.0;
const AMBIGUOUS: f32 = 90.0;

/// Distance of a message from the axis of its link, so that both directions are seen.
const LANE: f32 = 5.0;
/// Height of a line of a label.
pub const LINE: f32 = 17.0;
/// Beyond this share of the ring's half width a narrow label stands below its seat.
const FAR_SHARE: f32 = 0.55;

/// Beyond this share of the ring's half height a seat is one of the lowest.
const LOW_SHARE: f32 = 0.5;
/// Between words and the edge of a narrow drawing.
const EDGE: f32 = 3.0;

/// Measures of a drawing: size, middle and half axes of the ring, and the line of the observers or
/// of the clients.
struct Frame {
    width: f32,
    height: f32,
    centre: Point,
    ring: Point,
    line: f32,
    edge: f32,
    client_radius: f32,
}

impl Frame {
    const fn of(shape: Shape, density: Density, observers: bool, row: bool) -> Self {
        let roomy = matches!(density, Density::Roomy);
        let (height, y, ring, line) = match (shape, row, observers) {
            (Shape::Wide, true, _) => (400.0, 137.0, 75.0, 288.0),
            (Shape::Narrow, true, _) => (300.0, 106.0, 57.0, 218.0),
            (Shape::Wide, _, true) => (440.0, 192.0, 110.0, 396.0),
            (Shape::Narrow, _, true) => (350.0, 150.0, 84.0, 312.0),
            (Shape::Wide, ..) if roomy => (446.0, 202.0, 142.0, 0.0),
            (Shape::Narrow, ..) if roomy => (308.0, 146.0, 97.0, 0.0),
            (Shape::Wide, ..) => (440.0, 232.0, 142.0, 0.0),
            (Shape::Narrow, ..) => (350.0, 186.0, 112.0, 0.0),
        };
        let (width, x, edge, client_radius) = match shape {
            Shape::Wide if roomy => (628.0, 162.0, 30.0, 21.0),
            Shape::Wide => (628.0, 172.0, 30.0, 21.0),
            Shape::Narrow => (360.0, 126.0, 19.0, 15.0),
        };
        let (centre, ring) = (Point { x: width / 2.0, y }, Point { x, y: ring });
        Self { width, height, centre, ring, line, edge, client_radius }
    }
}

impl Layout {
    /// Seats for these servers and clients.
    #[must_use]
    pub fn new(crew: &Crew, shape: Shape) -> Self {
        let (voters, observers) = (crew.voters, crew.observers);
        let (density, wide, narrow) = match voters + observers {
            0..=3 => (Density::Roomy, 34.0, 26.0),
            4 | 5 => (Density::Roomy, 30.0, 24.0),
            6 | 7 => (Density::Tight, 25.0, 20.0),
            _ => (Density::Full, 21.0, 17.0),
        };
        let leaves_room = observers == 0 && matches!(voters, 1 | 3);
        let row = leaves_room && crew.docks.len() >= ROW_MIN;
        let frame = Frame::of(shape, density, observers > 0, row);
        let Frame { width, height, centre, ring, client_radius, .. } = frame;
        let radius = if shape == Shape::Wide { wide } else { narrow };
        let mut servers: Vec<Point> = (0..voters)
            .map(|place| {
                let unit = on_circle(place, voters);
                Point { x: centre.x + ring.x * unit.x, y: centre.y + ring.y * unit.y }
            })
            .collect();
        if let [only] = &mut servers[..] {
            *only = centre;
        }
        // Outside of the ring, on a line below it that is bent a little, as an outer ring is.
        servers.extend((0..observers).map(|place| {
            let share = (part(place, 1) + 0.5) / part(observers, 1);
            let bend = 1.0 - (2.0 * share - 1.0) * (2.0 * share - 1.0);
            Point { x: width * share, y: bend * 0.03 * height + frame.line - 8.0 }
        }));
        let observer_radius = if radius > 24.0 { 18.0 } else { radius * 0.72 };
        let mut layout = Self {
            shape,
            density,
            width,
            height,
            radius,
            observer_radius,
            client_radius,
            centre,
            ring,
            row,
            crew: crew.clone(),
            servers,
            clients: Vec::new(),
        };
        if row {
            layout.line_up(frame.line);
        } else {
            layout.place_clients(frame.edge);
        }
        layout
    }

    /// True if this is the layout of a crew.
    #[must_use]
    pub fn is_of(&self, crew: &Crew, shape: Shape) -> bool {
        self.shape == shape && self.crew == *crew
    }

    /// Clients in a row. Two of them change places only if a line passes over a server otherwise.
    #[inline(never)]
    fn line_up(&mut self, y: f32) {
        let count = self.crew.docks.len();
        // Words beside the last need room too.
        let width = self.width - if self.shape == Shape::Wide { 28.0 } else { 0.0 };
        let pitch = width / part(count.max(4), 1);
        let first = (width - pitch * part(count - 1, 1)) / 2.0;
        self.clients = (0..count).map(|at| Point { x: first + pitch * part(at, 1), y }).collect();
        for a in 0..count {
            for b in a + 1..count {
                let before = self.crossed(a) + self.crossed(b);
                self.clients.swap(a, b);
                if self.crossed(a) + self.crossed(b) >= before {
                    self.clients.swap(a, b);
                }
            }
        }
    }

    /// How many servers a client's line passes over.
    #[inline(never)]
    fn crossed(&self, client: usize) -> usize {
        let Some(Some(sid)) = self.crew.docks.get(client).copied() else { return 0 };
        let seat = self.seat(NodeId::Server(Sid(sid)));
        let Some((from, to)) = self.clients.get(client).copied().zip(seat) else { return 0 };
        let others = (1..).zip(&self.servers).filter(|(other, _)| *other != sid);
        let disc = |(_, at): (i64, &Point)| Thing::disc(*at, self.radius + 4.0);
        others.map(disc).filter(|disc| disc.is_crossed((from, to))).count()
    }

    /// Each client beside its server; at the edges who has none, those first.
    fn place_clients(&mut self, edge: f32) {
        let docks = self.crew.docks.clone();
        let mut things = self.things();
        let mut seats: Vec<Option<Point>> = vec![None; docks.len()];
        let mut lines = Vec::new();
        for is_docked in [false, true] {
            for (client, (seat, dock)) in seats.iter_mut().zip(&docks).enumerate() {
                if dock.is_some() != is_docked {
                    continue;
                }
                let found = dock.and_then(|sid| self.stand_by(sid, &things, &lines));
                let at = found.unwrap_or_else(|| self.park(client, edge, &things));
                *seat = Some(at);
                things.extend(self.things_of_client(at));
                let server = dock.and_then(|sid| self.seat(NodeId::Server(Sid(sid))));
                lines.extend(server.map(|server| (at, server)));
            }
        }
        self.clients = seats.into_iter().flatten().collect();
    }

    /// A place at an edge: from the upper corners down, by turns, and towards the middle.
    #[inline(never)]
    fn park(&self, client: usize, edge: f32, things: &[Thing]) -> Point {
        let pitch = 2.0 * self.client_radius + 18.0;
        let place = |step: usize| {
            // Down the edge first, then along the next column.
            let (column, row) = (part((step / 2) / PARK_ROWS, 1), part((step / 2) % PARK_ROWS, 1));
            let x = edge + pitch * column;
            let x = if (client + step).is_multiple_of(2) { x } else { self.width - x };
            Point { x, y: edge + pitch * row }
        };
        let is_free = |at: &Point| self.has_room(*at, 1.0, things);
        (0..PARKS).map(place).find(is_free).unwrap_or_else(|| place(0))
    }

    /// The best place beside a server, among other things and the lines of other clients: outwards,
    /// nearer to it than to any other, and with a line that passes over nothing.
    #[inline(never)]
    fn stand_by(&self, sid: i64, things: &[Thing], lines: &[(Point, Point)]) -> Option<Point> {
        let seat = self.seat(NodeId::Server(Sid(sid)))?;
        let outwards = direction(self.centre, seat);
        let reach = self.radius_of(sid) + self.client_radius + 12.0;
        let far = |a: Point, b: Point| (a.x - b.x).hypot(a.y - b.y);
        around(seat, reach, Point { x: 0.0, y: 0.0 }, &|at, unit| {
            if !self.has_room(at, CLEAR, things) {
                return None;
            }
            let line = (along(seat, unit, self.radius_of(sid) + 12.0), at);
            let crossed = things.iter().filter(|thing| thing.is_crossed(line)).count();
            let disc = Thing::disc(at, self.client_radius);
            let over = lines.iter().filter(|line| disc.is_crossed(**line)).count();
            let mut others = self.servers.iter().filter(|other| **other != seat);
            let nearer = others.any(|other| far(at, *other) < far(at, seat) * 1.2);
            let mut wires = 0;
            for (place, a) in self.servers.iter().enumerate() {
                let others = self.servers.iter().take(place);
                wires += others.filter(|b| disc.is_crossed((*a, **b))).count();
            }
            let inwards = 1.0 - (unit.x * outwards.x + unit.y * outwards.y);
            let ambiguous = if nearer { AMBIGUOUS } else { 0.0 };
            let passed = part(crossed + over, 1) * CROSSING + part(wires, 1) * WIRE;
            Some(passed + inwards * INWARD + ambiguous)
        })
    }

    /// True if a client has room somewhere, and so much of it between things.
    #[inline(never)]
    fn has_room(&self, at: Point, clear: f32, things: &[Thing]) -> bool {
        self.things_of_client(at).iter().all(|own| {
            own.fits(self.width, self.height) && things.iter().all(|it| own.gap(it) >= clear)
        })
    }

    /// Servers with their signs and words, which nothing may lie over.
    #[inline(never)]
    fn things(&self) -> Vec<Thing> {
        let mut things = Vec::new();
        for (sid, at) in (1..).zip(&self.servers) {
            let radius = self.radius_of(sid);
            things.push(Thing::disc(*at, radius + 3.0));
            things.push(Thing::sized(Point { x: at.x, y: at.y - radius - 12.0 }, 22.0, 22.0));
            things.extend(self.words_of(sid));
        }
        things
    }

    /// Everything that stands: servers, their words, and clients.
    #[must_use]
    #[inline(never)]
    pub fn all_things(&self) -> Vec<Thing> {
        let mut things = self.things();
        things.extend(self.clients.iter().flat_map(|at| self.things_of_client(*at)));
        things
    }

    /// The lines from clients to their servers.
    #[must_use]
    #[inline(never)]
    pub fn client_lines(&self) -> Vec<(Point, Point)> {
        let seat = |dock: Option<i64>| self.seat(NodeId::Server(Sid(dock?)));
        let lines = self.clients.iter().zip(&self.crew.docks);
        lines.filter_map(|(at, dock)| Some((*at, seat(*dock)?))).collect()
    }

    /// A client's ring, and the time left below it; in a row beside it.
    #[inline(never)]
    fn things_of_client(&self, at: Point) -> [Thing; 2] {
        let r = self.client_radius;
        let ring = Thing::disc(at, r);
        let words = match (self.shape, self.row) {
            (Shape::Narrow, _) => ring,
            (Shape::Wide, true) => {
                Thing::edges(at.x + r + 2.0, at.y - 18.0, at.x + r + 36.0, at.y - 3.0)
            }
            (Shape::Wide, false) => {
                Thing::edges(at.x - 20.0, at.y + r, at.x + 20.0, at.y + r + 16.0)
            }
        };
        [ring, words]
    }

    /// True if there is room for the last entries of a server's log.
    #[must_use]
    #[inline(never)]
    pub fn shows_log(&self, sid: i64) -> bool {
        let crowded = self.shape == Shape::Narrow && (self.row || self.crew.observers > 0);
        self.density == Density::Roomy && !self.is_observer(sid) && !crowded
    }

    /// The room that the words of a server take.
    #[inline(never)]
    fn words_of(&self, sid: i64) -> Option<Thing> {
        let wide = self.shape == Shape::Wide;
        let (lines, width) = match (self.density, wide) {
            _ if self.is_observer(sid) && wide => (1, 96.0),
            (Density::Roomy, true) => (4, 122.0),
            (Density::Tight, true) | (Density::Roomy, false) => (2, 96.0),
            (Density::Full, true) => (1, 96.0),
            (Density::Tight | Density::Full, false) => (1, 62.0),
        };
        let Label { at, anchor, below } = self.label(sid, lines)?;
        let shows_log = self.shows_log(sid);
        let below = shows_log && below;
        let lines = if below { lines + 1 } else { lines };
        let left = match anchor {
            "end" => at.x - width,
            "middle" => at.x - width / 2.0,
            _ => at.x,
        };
        // Above the words are the last entries of the log.
        let top = if shows_log && !below { 32.0 } else { 11.0 };
        let bottom = at.y + LINE * part(lines - 1, 1) + 4.0;
        Some(Thing::edges(left, at.y - top, left + width, bottom))
    }

    /// -1 if the outside of a seat is to its left, 1 if it is to its right.
    #[must_use]
    pub fn side(&self, seat: Point) -> f32 {
        if seat.x < self.centre.x - 20.0 { -1.0 } else { 1.0 }
    }

    const fn is_observer(&self, sid: i64) -> bool {
        sid > self.crew.voters as i64
    }

    /// Radius of a server.
    #[must_use]
    pub const fn radius_of(&self, sid: i64) -> f32 {
        if self.is_observer(sid) { self.observer_radius } else { self.radius }
    }

    /// The middle of a node; `None` if there is no such node.
    #[must_use]
    pub fn seat(&self, node: NodeId) -> Option<Point> {
        let place = |number: i64| usize::try_from(number - 1).ok();
        match node {
            NodeId::Server(Sid(sid)) => self.servers.get(place(sid)?).copied(),
            NodeId::Client(ClientId(id)) => self.clients.get(place(id.into())?).copied(),
        }
    }

    /// The middles of two nodes, as ends of a link.
    #[must_use]
    pub fn link(&self, a: NodeId, b: NodeId) -> Option<(Point, Point)> {
        let (from, to) = (self.seat(a)?, self.seat(b)?);
        let unit = direction(from, to);
        let from = along(from, unit, self.reach(a));
        let to = along(to, unit, -self.reach(b));
        Some((from, to))
    }

    /// The way of a message: beside the axis, on the right as seen by who travels.
    #[must_use]
    pub fn way(&self, from: NodeId, to: NodeId) -> Option<(Point, Point)> {
        let (start, end) = self.link(from, to)?;
        let unit = direction(start, end);
        let aside = |point: Point| Point { x: point.x - unit.y * LANE, y: point.y + unit.x * LANE };
        Some((aside(start), aside(end)))
    }

    /// Where the words of a server stand: `lines` of them, away from the middle.
    #[must_use]
    pub fn label(&self, sid: i64, lines: usize) -> Option<Label> {
        let seat = self.seat(NodeId::Server(Sid(sid)))?;
        let rest = LINE * part(lines.saturating_sub(1), 1);
        let radius = self.radius_of(sid);
        let far = (seat.x - self.centre.x).abs() > FAR_SHARE * self.ring.x;
        if self.is_observer(sid) || self.shape == Shape::Narrow && far {
            let y = seat.y + radius + 15.0;
            // Links to the seats below pass there: the words stand at the edge of the drawing.
            let passed = self.shows_log(sid) && seat.y < self.centre.y + LOW_SHARE * self.ring.y;
            let (x, anchor) = match self.side(seat) {
                _ if !passed => (seat.x, "middle"),
                side if side < 0.0 => (EDGE, "start"),
                _ => (self.width - EDGE, "end"),
            };
            return Some(Label { at: Point { x, y }, anchor, below: true });
        }
        let side = self.side(seat);
        let gap = if self.shape == Shape::Wide { 13.0 } else { 8.0 };
        // In a full ring the next seat's glyph is beside the one at the top.
        let top = (seat.x - self.centre.x).abs() < 20.0 && self.density == Density::Full;
        // Beside the one at the top of five a link passes below its words.
        let over = self.shape == Shape::Wide
            && (seat.x - self.centre.x).abs() < 1.0
            && self.crew.voters > 3;
        let lift = match (top, over) {
            (true, _) => 21.0,
            (false, true) => 7.0,
            (false, false) => 0.0,
        };
        let y = seat.y + 5.0 - rest / 2.0 - lift;
        let at = Point { x: seat.x + side * (radius + gap), y };
        Some(Label { at, anchor: if side < 0.0 { "end" } else { "start" }, below: false })
    }

    /// How far from the middle of a node its links begin.
    #[must_use]
    pub fn reach(&self, node: NodeId) -> f32 {
        match node {
            NodeId::Server(Sid(sid)) => self.radius_of(sid) + 4.0,
            NodeId::Client(_) => self.client_radius + 3.0,
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
pub(super) fn part(number: usize, of: usize) -> f32 {
    number as f32 / of.max(1) as f32
}

/// A point of the unit circle, clockwise from the top. By a series, exact enough for a drawing:
/// the library's functions are right for all arguments, at 8 kB of code.
pub(super) fn on_circle(place: usize, of: usize) -> Point {
    let mut angle = std::f32::consts::TAU * part(place, of);
    if angle > std::f32::consts::PI {
        angle -= std::f32::consts::TAU;
    }
    let (mut sin, mut cos) = (0.0, 0.0);
    let mut term = 1.0;
    for power in 0..20_usize {
        match power % 4 {
            0 => cos += term,
            1 => sin += term,
            2 => cos -= term,
            _ => sin -= term,
        }
        term *= angle / part(power + 1, 1);
    }
    Point { x: sin, y: -cos }
}

pub(super) fn direction(from: Point, to: Point) -> Point {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = dx.hypot(dy).max(1.0);
    Point { x: dx / length, y: dy / length }
}

pub(super) fn along(from: Point, unit: Point, length: f32) -> Point {
    Point { x: from.x + unit.x * length, y: from.y + unit.y * length }
}

impl Point {
    /// As SVG's `transform`.
    #[must_use]
    pub fn translate(self) -> String {
        format!("translate({} {})", number(self.x), number(self.y))
    }
}

/// A length as SVG text, in whole units: printing fractions would cost the page 10 kB of code.
#[must_use]
pub fn number(value: f32) -> String {
    let mut text = String::with_capacity(8);
    put(&mut text, value);
    text
}

/// The same behind a text: a picture has thousands of them, so without the machinery of formats.
pub fn put(text: &mut String, value: f32) {
    #[allow(clippy::cast_possible_truncation, reason = "a drawing is small")]
    let whole = value.round() as i32;
    if whole < 0 {
        text.push('-');
    }
    digits(text, whole.unsigned_abs());
}

/// The same with one digit behind the point.
pub fn tenths(text: &mut String, value: f32) {
    #[allow(clippy::cast_possible_truncation, reason = "a drawing is small")]
    let tenths = (value * 10.0).round() as i32;
    if tenths < 0 {
        text.push('-');
    }
    digits(text, tenths.unsigned_abs() / 10);
    text.push('.');
    digits(text, tenths.unsigned_abs() % 10);
}

fn digits(text: &mut String, value: u32) {
    let mut power = 1;
    while value / power >= 10 {
        power *= 10;
    }
    while power > 0 {
        // One digit: it is less than 10.
        text.push(char::from(b'0' + (value / power % 10) as u8));
        power /= 10;
    }
}

/// A turn around the origin as SVG's `transform`.
#[must_use]
pub fn rotate(degrees: f32) -> String {
    format!("rotate({})", number(degrees))
}

/// The point at a share of the way, 0 to 1.
#[must_use]
pub fn between(from: Point, to: Point, share: f32) -> Point {
    Point { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}

/// The direction of a way, in degrees clockwise from the right.
#[must_use]
pub fn degrees(from: Point, to: Point) -> f32 {
    (to.y - from.y).atan2(to.x - from.x).to_degrees()
}

#[cfg(test)]
mod tests;
