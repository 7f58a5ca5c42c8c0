//! The sides of a partition: servers between which nothing passes, not even through others. A hull
//! lies behind each side.

use super::layout::{Layout, Point, Shape, number, part};
use super::room::Thing;
use crate::view::{Role, View};
use yew::prelude::*;
use zabscope_core::base::{NodeId, Sid};

/// From the middle of a seat to the edge of its hull, beyond the seat's radius.
const MARGIN: f32 = 20.0;
/// Where the words of a side are tried, beside their first place.
const SHIFTS: [f32; 7] = [0.0, 24.0, -24.0, 56.0, -56.0, 96.0, -96.0];

/// The sides, each with its servers in order; one if the ensemble is whole.
///
/// Two servers are on one side if something passes between them in one direction at least: a
/// one-way cut does not part them. A server that is down still has its cables.
#[must_use]
pub fn sides(view: &View) -> Vec<Vec<i64>> {
    let mut sides: Vec<Vec<i64>> = view.servers.iter().map(|server| vec![server.sid]).collect();
    for link in view.links.iter().filter(|link| !(link.cut_ab && link.cut_ba)) {
        let (NodeId::Server(Sid(a)), NodeId::Server(Sid(b))) = (link.a, link.b) else { continue };
        let place = |sid: i64| sides.iter().position(|side| side.contains(&sid));
        if let (Some(one), Some(other)) = (place(a), place(b))
            && one != other
        {
            let joined = sides.remove(one.max(other));
            if let Some(side) = sides.get_mut(one.min(other)) {
                side.extend(joined);
                side.sort_unstable();
            }
        }
    }
    sides
}

/// A side in words: who, and whether it can elect a leader. A telephone has room for less.
fn words(view: &View, side: &[i64], shape: Shape) -> String {
    let voters = || side.iter().filter_map(|sid| view.server(*sid)).filter(|it| !it.observer);
    let live = voters().filter(|server| server.role != Role::Down).count();
    let all = view.servers.iter().filter(|server| !server.observer).count();
    let are = if live < voters().count() { " live" } else { "" };
    let is_majority = live >= view.quorum;
    if shape == Shape::Narrow {
        let can = if is_majority { "enough" } else { "too few" };
        return format!("{live} of {all}{are}: {can}");
    }
    let can = if is_majority { "a majority" } else { "no majority" };
    format!("{live} of {all} votes{are}: {can}")
}

/// The hulls, if there is more than one side.
#[inline(never)]
pub fn hulls(view: &View, layout: &Layout) -> Html {
    let sides = sides(view);
    if sides.len() < 2 {
        return Html::default();
    }
    let mut things = layout.all_things();
    html! {
        <g class="hulls">
            { for sides.iter().enumerate().map(|(place, side)| {
                hull(view, layout, place, side, &mut things)
            }) }
        </g>
    }
}

/// One hull. Its words take their place among the `things`.
fn hull(view: &View, layout: &Layout, place: usize, side: &[i64], things: &mut Vec<Thing>) -> Html {
    let seat = |sid: &i64| layout.seat(NodeId::Server(Sid(*sid)));
    let points: Vec<Point> = side.iter().filter_map(seat).collect();
    let reach = layout.radius + MARGIN;
    let ids: Vec<String> = side.iter().map(ToString::to_string).collect();
    let spoken = words(view, side, Shape::Wide);
    let label = format!("A side of the partition: servers {}; {spoken}", ids.join(", "));
    let words = words(view, side, layout.shape);
    let room = place_words(layout, &points, words.len(), things);
    things.push(room);
    html! {
        <g class={classes!("hull", if place.is_multiple_of(2) { "even" } else { "odd" })}
            role="img" aria-label={label} data-side={ids.join(" ")}>
            <path d={around(&points, reach)} />
            <text x={number(room.at.x)} y={number(room.at.y + 5.0)}>{ words }</text>
        </g>
    }
}

/// Where the words of a side stand, and the room that they take: outside, at the edge that is away
/// from the middle of the stage, where they lie over nothing; else between the seats there; else at
/// the other edge.
#[inline(never)]
fn place_words(layout: &Layout, points: &[Point], length: usize, things: &[Thing]) -> Thing {
    let reach = layout.radius + MARGIN;
    let fold = |pick: fn(f32, f32) -> f32, start: f32| points.iter().map(|p| p.y).fold(start, pick);
    let (top, bottom) = (fold(f32::min, f32::MAX), fold(f32::max, 0.0));
    let (wide, far) = if layout.shape == Shape::Wide { (6.4, 12.0) } else { (6.1, 21.0) };
    let outside = top + bottom < layout.height;
    let mut first = None;
    let over = (top, (top - reach - 12.0).max(8.0));
    let under = (bottom, (bottom + reach + far).min(layout.height - 7.0));
    let [near, other] = if outside { [over, under] } else { [under, over] };
    let between = |(edge, _): (f32, f32)| (edge, edge - 12.0);
    for (edge, y) in [near, between(near), other, between(other)] {
        let mut ends = points.iter().filter(|point| (point.y - edge).abs() < 1.0);
        let left = ends.next().map_or(0.0, |it| it.x);
        let middle = f32::midpoint(left, ends.next_back().map_or(left, |it| it.x));
        for shift in SHIFTS {
            let words = Thing::sized(Point { x: middle + shift, y }, part(length, 1) * wide, 14.0);
            let fits = words.fits(layout.width, layout.height);
            if fits && things.iter().all(|it| it.gap(&words) > 0.0) {
                return words;
            }
            first = first.or(Some(words));
        }
    }
    first.unwrap_or(Thing::disc(Point { x: 0.0, y: 0.0 }, 0.0))
}

/// The outline that keeps this distance from the convex hull of some points.
#[inline(never)]
fn around(points: &[Point], reach: f32) -> String {
    let corners = convex(points);
    let r = number(reach);
    let mut path = String::new();
    for (place, corner) in corners.iter().enumerate() {
        let before = corners.get((place + corners.len() - 1) % corners.len()).unwrap_or(corner);
        let after = corners.get((place + 1) % corners.len()).unwrap_or(corner);
        // Where the edges before and behind this corner touch its circle.
        let (from, to) = (aside(*before, *corner, reach), aside(*corner, *after, reach));
        let start = Point { x: corner.x + from.x, y: corner.y + from.y };
        let end = Point { x: corner.x + to.x, y: corner.y + to.y };
        let command = if path.is_empty() { 'M' } else { 'L' };
        path.push_str(&format!("{command}{} {}", number(start.x), number(start.y)));
        path.push_str(&format!("A{r} {r} 0 0 1 {} {}", number(end.x), number(end.y)));
    }
    if let [only] = corners[..] {
        let (left, y) = (number(only.x - reach), number(only.y));
        path = format!("M{left} {y}A{r} {r} 0 1 1 {left} {}", number(only.y + 1.0));
    }
    path.push('z');
    path
}

/// To the left of a way, as far as this, on a screen whose y goes down: outwards for corners in
/// clockwise order.
fn aside(from: Point, to: Point, reach: f32) -> Point {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = dx.hypot(dy).max(1.0);
    Point { x: dy / length * reach, y: -dx / length * reach }
}

/// The corners of the convex hull, clockwise on the screen (Andrew's chain).
fn convex(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_unstable_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    if sorted.len() < 2 {
        return sorted;
    }
    let cross =
        |o: Point, a: Point, b: Point| (a.x - o.x).mul_add(b.y - o.y, -(a.y - o.y) * (b.x - o.x));
    let half = |points: &mut dyn Iterator<Item = Point>| {
        let mut chain: Vec<Point> = Vec::new();
        for point in points {
            while let [.., before, last] = chain[..]
                && cross(before, last, point) <= 0.0
            {
                chain.pop();
            }
            chain.push(point);
        }
        // The last is the first of the other half.
        chain.pop();
        chain
    };
    let mut corners = half(&mut sorted.iter().copied());
    corners.extend(half(&mut sorted.iter().rev().copied()));
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    #[test]
    fn the_hull_of_a_square_leaves_out_what_is_inside() {
        let corners = convex(&[
            point(0.0, 0.0),
            point(10.0, 0.0),
            point(5.0, 5.0),
            point(10.0, 10.0),
            point(0.0, 10.0),
        ]);
        assert_eq!(
            corners,
            [point(0.0, 0.0), point(10.0, 0.0), point(10.0, 10.0), point(0.0, 10.0)]
        );
    }

    #[test]
    fn the_outline_goes_around_one_two_and_three() {
        assert_eq!(around(&[point(50.0, 50.0)], 20.0), "M30 50A20 20 0 1 1 30 51z");
        let two = around(&[point(0.0, 0.0), point(100.0, 0.0)], 20.0);
        assert_eq!(two, "M0 20A20 20 0 0 1 0 -20L100 -20A20 20 0 0 1 100 20z");
        let three = around(&[point(0.0, 0.0), point(100.0, 0.0), point(50.0, 80.0)], 20.0);
        assert_eq!(three.matches('A').count(), 3);
    }
}
