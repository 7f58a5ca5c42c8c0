//! Where things stand. A pure function of how many there are, of where clients are connected, and
//! of the shape of the screen.

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
    voters: usize,
    servers: Vec<Point>,
    clients: Vec<Point>,
}

/// Distance of a message from the axis of its link, so that both directions are seen.
const LANE: f32 = 5.0;
/// Height of a line of a label.
pub const LINE: f32 = 17.0;
/// Beyond this share of the ring's half width a narrow label stands below its seat.
const FAR_SHARE: f32 = 0.55;

/// Measures of a drawing: size, middle and half axes of the ring, and the line of the observers.
struct Frame {
    width: f32,
    height: f32,
    centre: Point,
    ring: Point,
    observers_y: f32,
    edge: f32,
    client_radius: f32,
}

impl Frame {
    const fn of(shape: Shape, observers: bool) -> Self {
        match shape {
            Shape::Wide => Self {
                width: 628.0,
                height: 440.0,
                centre: Point { x: 314.0, y: if observers { 192.0 } else { 232.0 } },
                ring: Point { x: 172.0, y: if observers { 110.0 } else { 142.0 } },
                observers_y: 396.0,
                edge: 30.0,
                client_radius: 21.0,
            },
            Shape::Narrow => Self {
                width: 360.0,
                height: 350.0,
                centre: Point { x: 180.0, y: if observers { 150.0 } else { 186.0 } },
                ring: Point { x: 126.0, y: if observers { 84.0 } else { 112.0 } },
                observers_y: 312.0,
                edge: 19.0,
                client_radius: 15.0,
            },
        }
    }
}

impl Layout {
    /// Seats for these servers and clients.
    #[must_use]
    pub fn new(crew: &Crew, shape: Shape) -> Self {
        let (voters, observers) = (crew.voters, crew.observers);
        let Frame { width, height, centre, ring, observers_y, edge, client_radius } =
            Frame::of(shape, observers > 0);
        let (density, wide, narrow) = match voters + observers {
            0..=3 => (Density::Roomy, 34.0, 26.0),
            4 | 5 => (Density::Roomy, 30.0, 24.0),
            6 | 7 => (Density::Tight, 25.0, 20.0),
            _ => (Density::Full, 21.0, 17.0),
        };
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
            Point { x: width * share, y: bend * 0.03 * height + observers_y - 8.0 }
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
            voters,
            servers,
            clients: Vec::new(),
        };
        for client in 0..crew.docks.len() {
            // The code for docks comes later: before that nobody stands at one.
            let docked = crew.docks.get(client).is_some_and(Option::is_some);
            let seat = docked.then(|| layout.dock(&crew.docks, client)).flatten();
            let seat = seat.unwrap_or_else(|| {
                // Not connected: at the upper corners, by turns.
                let step = (2.0 * client_radius + 10.0) * part(client / 2, 1);
                let x = if client.is_multiple_of(2) { edge + step } else { width - edge - step };
                Point { x, y: edge }
            });
            layout.clients.push(seat);
        }
        layout
    }

    /// Beside the server, outwards and above its label (below it where there is no room above); the
    /// next clients beside the first, two in a row.
    #[inline(never)]
    fn dock(&self, docks: &[Option<i64>], client: usize) -> Option<Point> {
        let sid = docks.get(client).copied().flatten()?;
        let seat = self.seat(NodeId::Server(Sid(sid)))?;
        let before = docks.iter().take(client).filter(|dock| **dock == Some(sid)).count();
        let radius = self.radius_of(sid);
        // At the top the label stands to the right: clients to the left, in one row.
        let top = !self.is_observer(sid) && (seat.x - self.centre.x).abs() < 20.0;
        let low = seat.y > self.centre.y + 0.6 * self.ring.y;
        let far = (seat.x - self.centre.x).abs() > FAR_SHARE * self.ring.x;
        let side = !top && !self.is_observer(sid);
        // Below there are observers, unless the ring is full of voters.
        let shared = self.servers.len() > self.voters && self.density != Density::Full;
        let (out, up) = match (self.shape, self.density) {
            (Shape::Narrow, Density::Full) if side && far => (radius + 20.0, 8.0),
            (Shape::Narrow, Density::Tight | Density::Full) if side && low && !far => {
                (radius + 13.0, -30.0)
            }
            (Shape::Narrow, _) => (radius + 16.0, radius + 14.0),
            _ if self.is_observer(sid) => (radius + 28.0, radius + 26.0),
            _ if top => (radius + 60.0, 30.0),
            (_, Density::Roomy) => (radius + 40.0, 96.0),
            _ if low && !shared => (radius + 62.0, -40.0),
            (_, Density::Tight) => (radius + 42.0, 66.0),
            (_, Density::Full) => (radius + 62.0, 66.0),
        };
        let side = if top { -1.0 } else { self.side(seat) };
        let pitch = 2.0 * self.client_radius + 12.0;
        let (column, row) =
            if top { (part(before, 1), 0.0) } else { (part(before % 2, 1), part(before / 2, 1)) };
        let rise = (pitch + 4.0) * row;
        let x = (seat.x + side * (pitch * column + out))
            .max(self.client_radius)
            .min(self.width - self.client_radius);
        let y = seat.y - up + if up < 0.0 { rise } else { -rise };
        Some(Point { x, y: y.max(self.client_radius + 1.0) })
    }

    /// -1 if the outside of a seat is to its left, 1 if it is to its right.
    #[must_use]
    pub fn side(&self, seat: Point) -> f32 {
        if seat.x < self.centre.x - 20.0 { -1.0 } else { 1.0 }
    }

    const fn is_observer(&self, sid: i64) -> bool {
        sid > self.voters as i64
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
            let at = Point { x: seat.x, y: seat.y + radius + 15.0 };
            return Some(Label { at, anchor: "middle" });
        }
        let side = self.side(seat);
        let gap = if self.shape == Shape::Wide { 13.0 } else { 8.0 };
        // In a full ring the next seat's glyph is beside the one at the top.
        let top = (seat.x - self.centre.x).abs() < 20.0 && self.density == Density::Full;
        let lift = if top { 21.0 } else { 0.0 };
        let y = seat.y + 5.0 - rest / 2.0 - lift;
        let at = Point { x: seat.x + side * (radius + gap), y };
        Some(Label { at, anchor: if side < 0.0 { "end" } else { "start" } })
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
mod tests {
    use super::*;

    fn server(sid: i64) -> NodeId {
        NodeId::Server(Sid(sid))
    }

    #[test]
    fn all_have_their_place_and_none_overlap() {
        for shape in [Shape::Wide, Shape::Narrow] {
            let crews =
                [(1, 0), (2, 0), (3, 0), (5, 0), (7, 0), (9, 0), (3, 1), (5, 2), (3, 6), (7, 2)];
            for (voters, observers) in crews {
                let mut crew = Crew { voters, observers, docks: Vec::new() };
                let servers = i64::try_from(voters + observers).unwrap();
                // A client beside each server.
                crew.docks = (1..=servers).map(Some).collect();
                let layout = Layout::new(&crew, shape);
                let clients =
                    (1..=u32::try_from(servers).unwrap()).map(|id| NodeId::Client(ClientId(id)));
                let nodes: Vec<_> = (1..=servers).map(server).chain(clients).collect();
                let round = |node: &NodeId| match node {
                    NodeId::Server(sid) => layout.radius_of(sid.0),
                    NodeId::Client(_) => layout.client_radius,
                };
                for (place, a) in nodes.iter().enumerate() {
                    let (at, r) = (layout.seat(*a).unwrap(), round(a));
                    let inside = |x: f32, width: f32| x >= r && x <= width - r + 0.1;
                    let fits = inside(at.x, layout.width) && inside(at.y, layout.height);
                    assert!(fits, "{shape:?} {voters}+{observers}: {a} at {at:?}");
                    for b in &nodes[place + 1..] {
                        let other = layout.seat(*b).unwrap();
                        let apart = (at.x - other.x).hypot(at.y - other.y);
                        assert!(
                            apart > r + round(b),
                            "{shape:?} {voters}+{observers}: {a} and {b}"
                        );
                    }
                }
                // The first stands at the top, in the middle; it does not move for who comes or goes.
                let first = layout.seat(server(1)).unwrap();
                assert!((first.x - layout.width / 2.0).abs() < 0.5);
                crew.docks.fill(None);
                let alone = Layout::new(&crew, shape);
                for sid in 1..=servers {
                    assert!(layout.seat(server(sid)).unwrap().y >= first.y);
                    assert_eq!(alone.seat(server(sid)), layout.seat(server(sid)));
                }
                assert_eq!(layout.seat(server(servers + 1)), None);
                assert_eq!(layout.seat(server(0)), None);
            }
        }
    }
}
