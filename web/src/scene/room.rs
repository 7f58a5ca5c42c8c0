//! Where there is room on the stage: what stands where, and the nearest place that lies over
//! nothing.

use super::layout::{Point, along, on_circle};

/// Directions that are tried around a point.
const DIRECTIONS: usize = 24;
/// How far away is tried, in the drawing's units, and what it costs: so far that a message is seen
/// on its way, if that can be.
const STEPS: [(f32, f32); 8] = [
    (30.0, 0.0),
    (46.0, 6.0),
    (20.0, 8.0),
    (64.0, 15.0),
    (10.0, 20.0),
    (0.0, 30.0),
    (88.0, 35.0),
    (116.0, 60.0),
];
/// A line is looked at in so many places.
const SAMPLES: usize = 24;

/// Something that has its place: a box with round corners. A disc is a box of no size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thing {
    /// Its middle.
    pub at: Point,
    half: Point,
    round: f32,
}

impl Thing {
    /// A disc.
    #[must_use]
    pub const fn disc(at: Point, radius: f32) -> Self {
        Self { at, half: Point { x: 0.0, y: 0.0 }, round: radius }
    }

    /// A box by its middle and size.
    #[must_use]
    pub fn sized(at: Point, width: f32, height: f32) -> Self {
        Self { at, half: Point { x: width / 2.0, y: height / 2.0 }, round: 0.0 }
    }

    /// A box by its edges.
    #[must_use]
    pub fn edges(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        let at = Point { x: f32::midpoint(left, right), y: f32::midpoint(top, bottom) };
        Self::sized(at, right - left, bottom - top)
    }

    /// How much room is between two things; less than nothing if they lie over each other.
    #[must_use]
    #[inline(never)]
    pub fn gap(&self, other: &Self) -> f32 {
        let apart = |a: f32, b: f32, sizes: f32| ((a - b).abs() - sizes).max(0.0);
        let x = apart(self.at.x, other.at.x, self.half.x + other.half.x);
        let y = apart(self.at.y, other.at.y, self.half.y + other.half.y);
        x.hypot(y) - self.round - other.round
    }

    /// True if all of it is in a drawing of this size.
    #[must_use]
    #[inline(never)]
    pub fn fits(&self, width: f32, height: f32) -> bool {
        let inside = |at: f32, half: f32, size: f32| {
            let reach = half + self.round;
            at >= reach && at + reach <= size
        };
        inside(self.at.x, self.half.x, width) && inside(self.at.y, self.half.y, height)
    }

    /// True if a line passes over it.
    #[must_use]
    #[inline(never)]
    pub fn is_crossed(&self, (from, to): (Point, Point)) -> bool {
        // Most lines are far away.
        let beside = |from: f32, to: f32, at: f32, half: f32| {
            let reach = half + self.round + 2.0;
            from.min(to) > at + reach || from.max(to) < at - reach
        };
        if beside(from.x, to.x, self.at.x, self.half.x)
            || beside(from.y, to.y, self.at.y, self.half.y)
        {
            return false;
        }
        let mut point = from;
        #[allow(clippy::cast_precision_loss, reason = "a small number")]
        let of = SAMPLES as f32;
        let step = Point { x: (to.x - from.x) / of, y: (to.y - from.y) / of };
        (0..=SAMPLES).any(|_| {
            let over = self.gap(&Self::disc(point, 2.0)) < 0.0;
            point = Point { x: point.x + step.x, y: point.y + step.y };
            over
        })
    }
}

/// The best place for something of a size (half its width and height, and how round it is) around a
/// point: near, and at little cost. `cost` gives nothing where it cannot stand.
#[inline(never)]
pub fn around(
    near: Point,
    reach: f32,
    half: Point,
    cost: &dyn Fn(Point, Point) -> Option<f32>,
) -> Option<Point> {
    let mut best: Option<(f32, Point)> = None;
    for (step, way) in STEPS {
        for place in 0..DIRECTIONS {
            if best.is_some_and(|(least, _)| least <= way) {
                break;
            }
            let unit = on_circle(place, DIRECTIONS);
            let out = reach + step + half.x * unit.x.abs() + half.y * unit.y.abs();
            let at = along(near, unit, out);
            let Some(cost) = cost(at, unit) else { continue };
            if best.is_none_or(|(least, _)| way + cost < least) {
                best = Some((way + cost, at));
            }
        }
    }
    best.map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    #[test]
    fn gaps_are_those_of_boxes_and_discs() {
        let disc = Thing::disc(point(0.0, 0.0), 10.0);
        assert!((disc.gap(&Thing::disc(point(30.0, 0.0), 10.0)) - 10.0).abs() < 0.01);
        let words = Thing::edges(20.0, -5.0, 60.0, 5.0);
        assert!((disc.gap(&words) - 10.0).abs() < 0.01);
        assert!(disc.gap(&Thing::sized(point(12.0, 12.0), 10.0, 10.0)) < 0.0);
        assert!(words.is_crossed((point(40.0, -40.0), point(40.0, 40.0))));
        assert!(!words.is_crossed((point(0.0, -40.0), point(40.0, -10.0))));
        assert!(disc.fits(20.0, 20.0) == Thing::disc(point(10.0, 9.0), 10.0).fits(20.0, 20.0));
        assert!(Thing::disc(point(10.0, 10.0), 10.0).fits(20.0, 20.0));
    }

    #[test]
    fn the_nearest_free_place_is_found() {
        let wall = Thing::edges(-100.0, -100.0, 100.0, -12.0);
        let free = |at: Point, _| (wall.gap(&Thing::disc(at, 5.0)) > 0.0).then_some(at.x.abs());
        let at = around(point(0.0, 0.0), 10.0, point(0.0, 0.0), &free).unwrap();
        assert!(at.x.abs() < 0.5 && (at.y - 40.0).abs() < 0.5, "{at:?}");
        assert_eq!(around(point(0.0, 0.0), 30.0, point(0.0, 0.0), &|_, _| None), None);
    }
}
