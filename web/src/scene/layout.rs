//! Where things stand. A pure function of how many there are and of the shape of the screen.

use zabscope_core::base::{ClientId, NodeId, Sid};

/// The shape of the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Labels beside the seats.
    Wide,
    /// For telephones: labels above and below, fewer words.
    Narrow,
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
}

/// Fixed seats for servers and clients.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Of the screen.
    pub shape: Shape,
    /// Width of the drawing.
    pub width: f32,
    /// Height of the drawing.
    pub height: f32,
    /// Radius of a server.
    pub radius: f32,
    centre: Point,
    servers: Vec<Point>,
    clients: Vec<Point>,
}

/// Half the width of a client's box.
pub const CLIENT_HALF_WIDTH: f32 = 24.0;
/// Distance of a message from the axis of its link, so that both directions are seen.
const LANE: f32 = 5.0;
/// Height of a line of a label.
pub const LINE: f32 = 17.0;

impl Layout {
    /// Seats for so many servers and clients.
    #[must_use]
    pub fn new(servers: usize, clients: usize, shape: Shape) -> Self {
        let (width, height, centre, ring, radius) = match shape {
            Shape::Wide => {
                let radius = if servers > 5 { 27.0 } else { 32.0 };
                (628.0, 540.0, Point { x: 314.0, y: 308.0 }, Point { x: 166.0, y: 190.0 }, radius)
            }
            Shape::Narrow => {
                let radius = if servers > 5 { 20.0 } else { 24.0 };
                (360.0, 400.0, Point { x: 180.0, y: 216.0 }, Point { x: 126.0, y: 122.0 }, radius)
            }
        };
        let seat = |place: usize| {
            let unit = on_circle(place, servers);
            Point { x: centre.x + ring.x * unit.x, y: centre.y + ring.y * unit.y }
        };
        let edge = match shape {
            Shape::Wide => 64.0,
            Shape::Narrow => 40.0,
        };
        let client = |place: usize| {
            let share = if clients < 2 { 0.0 } else { part(place, clients - 1) };
            Point { x: edge + (width - 2.0 * edge) * share, y: 34.0 }
        };
        Self {
            shape,
            width,
            height,
            radius,
            centre,
            servers: (0..servers).map(seat).collect(),
            clients: (0..clients).map(client).collect(),
        }
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
        Some(match self.shape {
            Shape::Wide => {
                let left = seat.x < self.centre.x - 20.0;
                let (side, anchor) = if left { (-1.0, "end") } else { (1.0, "start") };
                let x = seat.x + side * (self.radius + 13.0);
                Label { at: Point { x, y: seat.y + 5.0 - rest / 2.0 }, anchor }
            }
            Shape::Narrow => {
                let above = seat.y < self.centre.y - 20.0;
                let y = if above {
                    seat.y - self.radius - 8.0 - rest
                } else {
                    seat.y + self.radius + 17.0
                };
                Label { at: Point { x: seat.x, y }, anchor: "middle" }
            }
        })
    }

    fn reach(&self, node: NodeId) -> f32 {
        match node {
            NodeId::Server(_) => self.radius + 4.0,
            NodeId::Client(_) => CLIENT_HALF_WIDTH + 2.0,
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn part(number: usize, of: usize) -> f32 {
    number as f32 / of.max(1) as f32
}

/// A point of the unit circle, clockwise from the top. By a series, exact enough for a drawing:
/// the library's functions are right for all arguments, at 8 kB of code.
fn on_circle(place: usize, of: usize) -> Point {
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

fn direction(from: Point, to: Point) -> Point {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = dx.hypot(dy).max(1.0);
    Point { x: dx / length, y: dy / length }
}

fn along(from: Point, unit: Point, length: f32) -> Point {
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
    #[allow(clippy::cast_possible_truncation, reason = "a drawing is small")]
    let whole = value.round() as i32;
    whole.to_string()
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
