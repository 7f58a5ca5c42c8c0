//! Znodes that somebody owns or watches, beside their clients: a line to the owner of an ephemeral
//! one, a dashed line from the eye of each watcher. Below clients in a row each has its column, so
//! that a crowd around one znode and a line of neighbours look as they are.

use super::layout::{Layout, Point, Shape, along, direction, number, part};
use super::room::{Thing, around};
use super::state::{SceneView, WatchView, ZnodeView};
use crate::order::{Order, Selection};
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId};

/// Height of a znode's box, and from one to the next in a column.
const HEIGHT: f32 = 19.0;
const PITCH: f32 = 23.0;
/// Least room around a box.
const CLEAR: f32 = 4.0;
/// What it costs, in units of way, that a line passes over something.
const CROSSING: f32 = 40.0;
/// Most boxes beside one client, and below one.
const BOXES_MAX: usize = 3;
const COLUMN_MAX: usize = 2;

/// Measures that follow from the shape of the drawing.
struct Sizes {
    /// Width of a box.
    width: f32,
    /// Letters of a name that fit into it.
    letters: usize,
    /// From a client in a row down to the middle of its first box.
    drop: f32,
    /// Where the eye of a client in a row is, aside and down.
    eye: Point,
    /// Radius of an eye.
    round: f32,
}

const fn sizes(layout: &Layout) -> Sizes {
    match layout.shape {
        Shape::Wide => {
            let eye = Point { x: 25.0, y: 26.0 };
            Sizes { width: 84.0, letters: 11, drop: 68.0, eye, round: 8.0 }
        }
        Shape::Narrow => {
            let eye = Point { x: 17.0, y: 20.0 };
            Sizes { width: 55.0, letters: 6, drop: 48.0, eye, round: 7.0 }
        }
    }
}

/// The znodes with their lines.
#[inline(never)]
pub fn znodes(
    scene: &SceneView,
    layout: &Layout,
    selection: Option<&Selection>,
    order: &Callback<Order>,
) -> Html {
    let places = places(scene, layout);
    let hidden = scene.znodes.len() - places.len();
    html! {
        <g class="znodes">
            { for places.iter().map(|it| lines(layout, it, is_chosen(it.znode, selection))) }
            { for places.iter().map(|it| {
                boxed(layout, it, is_chosen(it.znode, selection), order)
            }) }
            if layout.row { { for families(layout, &places) } }
            if hidden > 0 {
                <text class="fact more" x={number(layout.width)} y={number(layout.height)}>
                    { format!("and {hidden} more znodes") }</text>
            }
        </g>
    }
}

fn is_chosen(znode: &ZnodeView, selection: Option<&Selection>) -> bool {
    matches!(selection, Some(Selection::Znode(path)) if *path == znode.path)
}

/// Where a znode stands.
struct Placed<'a> {
    znode: &'a ZnodeView,
    /// The middle of its box.
    at: Point,
    /// Its watches, and where their eyes are.
    watches: Vec<(WatchView, Point)>,
}

/// Each box by its owner, else by the first who watches it.
fn places<'a>(scene: &'a SceneView, layout: &Layout) -> Vec<Placed<'a>> {
    let standing = layout.all_things();
    let mut things = standing.clone();
    let links = layout.client_lines();
    let mut used: Vec<u32> = Vec::new();
    let mut places = Vec::new();
    for znode in &scene.znodes {
        let first = || znode.watchers.first().map(|watch| watch.client);
        let Some(client) = znode.owner.or_else(first) else { continue };
        let Some((home, _)) = seat(layout, client) else { continue };
        let before = used.iter().filter(|other| **other == client).count();
        let found = if layout.row {
            (before < COLUMN_MAX).then(|| below(layout, home, before))
        } else {
            let room = || beside(layout, home, &things, &links);
            (before < BOXES_MAX).then(room).flatten()
        };
        let Some(at) = found else { continue };
        used.push(client);
        things.push(Thing::sized(at, sizes(layout).width, HEIGHT));
        let eye = |watch: &WatchView| {
            Some((*watch, eye_at(layout, &standing, seat(layout, watch.client)?, at)))
        };
        let watches = znode.watchers.iter().filter_map(eye).collect();
        places.push(Placed { znode, at, watches });
    }
    places
}

/// In the column of a client.
fn below(layout: &Layout, home: Point, before: usize) -> Point {
    let step = if before == 0 { 0.0 } else { PITCH };
    Point { x: home.x, y: home.y + sizes(layout).drop + step }
}

/// Where there is room beside a client, and no line passes over anything.
#[inline(never)]
fn beside(
    layout: &Layout,
    home: Point,
    things: &[Thing],
    links: &[(Point, Point)],
) -> Option<Point> {
    let width = sizes(layout).width;
    let half = Point { x: width / 2.0, y: HEIGHT / 2.0 };
    around(home, layout.client_radius + CLEAR, half, &|at, unit| {
        let own = Thing::sized(at, width, HEIGHT);
        let is_free = things.iter().all(|thing| own.gap(thing) >= CLEAR);
        if !is_free || !own.fits(layout.width, layout.height) {
            return None;
        }
        let line = (along(home, unit, layout.client_radius + CLEAR), at);
        let crossed = things.iter().filter(|thing| thing.is_crossed(line)).count();
        let over = links.iter().filter(|link| own.is_crossed(**link)).count();
        Some(part(crossed + over, 1) * CROSSING)
    })
}

/// The parents of znodes in a row: a bracket below all who own or watch one of the same.
fn families(layout: &Layout, places: &[Placed<'_>]) -> Vec<Html> {
    let mut families: Vec<(&str, f32, f32)> = Vec::new();
    for Placed { znode, at, .. } in places {
        let Some((parent, _)) = znode.path.rsplit_once('/').filter(|(it, _)| !it.is_empty()) else {
            continue;
        };
        let watchers = znode.watchers.iter().filter_map(|watch| seat(layout, watch.client));
        let span = |(left, right): (f32, f32), x: f32| (left.min(x), right.max(x));
        let (left, right) = watchers.map(|(seat, _)| seat.x).fold((at.x, at.x), span);
        match families.iter_mut().find(|(other, ..)| *other == parent) {
            Some((_, l, r)) => (*l, *r) = (l.min(left), r.max(right)),
            None => families.push((parent, left, right)),
        }
    }
    let half = sizes(layout).width / 2.0;
    let lowest = places.iter().fold(0.0, |y: f32, it| y.max(it.at.y));
    let y = lowest + HEIGHT / 2.0 + 8.0;
    let mut drawn: Vec<(f32, f32)> = Vec::new();
    let mut brackets = Vec::new();
    for (parent, left, right) in families {
        // Where families mix there is no room for all brackets.
        if drawn.iter().any(|(l, r)| left < *r && *l < right) {
            continue;
        }
        drawn.push((left - half, right + half));
        let (from, to) = (number(left - half), number(right + half));
        let (high, low) = (number(y - 4.0), number(y));
        brackets.push(html! {
            <g class="family" data-path={parent.to_owned()}>
                <path d={format!("M{from} {high}V{low}H{to}V{high}")} />
                <text x={number(f32::midpoint(left, right))} y={number(y + 14.0)}>{ parent }</text>
            </g>
        });
    }
    brackets
}

/// The end of a name, which is what differs; with its slash below the root.
fn short(path: &str, letters: usize) -> String {
    let name = match path.rsplit_once('/') {
        Some((parent, name)) if !parent.is_empty() => name,
        _ => path,
    };
    let count = name.chars().count();
    if count <= letters {
        return name.to_owned();
    }
    core::iter::once('…').chain(name.chars().skip(count + 1 - letters)).collect()
}

fn seat(layout: &Layout, client: u32) -> Option<(Point, f32)> {
    let node = NodeId::Client(ClientId(client));
    Some((layout.seat(node)?, layout.reach(node)))
}

/// Where a line from here to a box ends: in a row at its upper edge, else at its nearer upright
/// edge, or at its middle from above and below.
fn port(layout: &Layout, from: Point, at: Point) -> Point {
    let half = sizes(layout).width / 2.0;
    if layout.row {
        let aside = (from.x - at.x).max(-half / 3.0).min(half / 3.0);
        Point { x: at.x + aside, y: at.y - HEIGHT / 2.0 }
    } else if (from.x - at.x).abs() < half {
        let y = if from.y > at.y { HEIGHT / 2.0 } else { -HEIGHT / 2.0 };
        Point { x: from.x, y: at.y + y }
    } else {
        Point { x: at.x + if from.x > at.x { half } else { -half }, y: at.y }
    }
}

/// The eye of a client that watches a box: at its own end of the line, where it hides no name.
fn eye_at(layout: &Layout, things: &[Thing], (seat, reach): (Point, f32), at: Point) -> Point {
    let Sizes { eye, round, width, .. } = sizes(layout);
    if !layout.row {
        // The first place on the way where it lies over nothing; beside the box if that is so near
        // that there is none.
        let unit = direction(seat, port(layout, seat, at));
        let place = |step: f32| along(seat, unit, reach + round + step);
        let own = Thing::sized(at, width, HEIGHT);
        let is_free = |at: &Point| {
            let eye = Thing::disc(*at, round);
            things.iter().chain([&own]).all(|thing| eye.gap(thing) >= 0.0)
        };
        let steps = [0.0, 12.0, 24.0, 40.0, 60.0, 90.0, 120.0, 160.0, 200.0];
        let end = |side: f32| Point { x: at.x + side * (width / 2.0 + round), y: at.y };
        let places = steps.into_iter().map(place).chain([-1.0, 1.0].map(end));
        return places.into_iter().find(is_free).unwrap_or_else(|| place(0.0));
    }
    let side = match at.x - seat.x {
        aside if aside > 1.0 => 1.0,
        aside if aside < -1.0 => -1.0,
        _ => return Point { x: seat.x, y: seat.y + reach + round },
    };
    Point { x: seat.x + side * eye.x, y: seat.y + eye.y }
}

fn lines(layout: &Layout, placed: &Placed<'_>, chosen: bool) -> Html {
    let (znode, at) = (placed.znode, placed.at);
    let line = |class: Classes, client: u32, from: Point| {
        let to = port(layout, from, at);
        html! {
            <line {class} x1={number(from.x)} y1={number(from.y)} x2={number(to.x)}
                y2={number(to.y)} data-client={client.to_string()} data-path={znode.path.to_string()} />
        }
    };
    let chosen = chosen.then_some("chosen");
    html! {
        <>
            { for placed.watches.iter().map(|(watch, eye)| {
                let class = classes!("watches", watch.fired.then_some("fired"), chosen);
                line(class, watch.client, *eye)
            }) }
            { for znode.owner.iter().filter_map(|client| {
                let (seat, reach) = seat(layout, *client)?;
                let from = along(seat, direction(seat, port(layout, seat, at)), reach - 2.0);
                Some(line(classes!("owns", chosen), *client, from))
            }) }
        </>
    }
}

fn boxed(layout: &Layout, placed: &Placed<'_>, chosen: bool, order: &Callback<Order>) -> Html {
    let (znode, at) = (placed.znode, placed.at);
    let class = classes!(
        "znode",
        znode.owner.map(|_| "ephemeral"),
        (!znode.exists).then_some("absent"),
        chosen.then_some("selected")
    );
    let path = znode.path.clone();
    let (onclick, onkeydown) =
        super::pressed(order, move || Order::Select(Some(Selection::Znode(path.clone()))));
    let Sizes { width, letters, .. } = sizes(layout);
    let (left, top) = (number(-width / 2.0), number(-HEIGHT / 2.0));
    html! {
        <g {class} {onclick} {onkeydown} role="button" tabindex="0" aria-pressed={chosen.to_string()}
            aria-label={spoken(znode)} data-path={znode.path.to_string()}
            data-of={format!("z{}", znode.path)} transform={at.translate()}>
            // A finger needs more room than the box.
            <rect class="reach" x={left.clone()} y="-12" width={number(width)} height="24" />
            <rect x={left} y={top} width={number(width)} height={number(HEIGHT)} rx="4" />
            <text y="4">{ short(&znode.path, letters) }</text>
            { for placed.watches.iter().map(|(watch, eye_at)| {
                let place = Point { x: eye_at.x - at.x, y: eye_at.y - at.y };
                eye(layout, watch, place)
            }) }
        </g>
    }
}

/// The mark of a watch, beside the client; a fired one bursts.
fn eye(layout: &Layout, watch: &WatchView, place: Point) -> Html {
    let round = number(sizes(layout).round);
    let class =
        classes!("watch", watch.persistent.then_some("persistent"), watch.fired.then_some("fired"));
    html! {
        <g {class} transform={place.translate()} data-client={watch.client.to_string()}>
            <circle r={round} />
            if watch.fired {
                <path d="M0-7V7M-7 0H7M-5-5 5 5M-5 5 5-5" />
            } else {
                <path d="M-6 0C-3-5 3-5 6 0 3 5-3 5-6 0z" /><circle class="pupil" r="1.8" />
            }
        </g>
    }
}

fn spoken(znode: &ZnodeView) -> String {
    let mut words = format!("Znode {}", znode.path);
    if let Some(owner) = znode.owner {
        words.push_str(&format!(", ephemeral of client {owner}"));
    }
    if !znode.exists {
        words.push_str(", does not exist");
    }
    for watch in &znode.watchers {
        let how = match (watch.fired, watch.persistent) {
            (true, _) => "its watch has fired for",
            (false, true) => "watched for good by",
            (false, false) => "watched by",
        };
        words.push_str(&format!(", {how} client {}", watch.client));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::layout::Crew;

    #[test]
    fn names_are_cut_where_they_are_alike() {
        let short = |path| short(path, 11);
        assert_eq!(short("/"), "/");
        assert_eq!(short("/here"), "/here");
        assert_eq!(short("/line/a"), "a");
        assert_eq!(short("/line/elevenchars"), "elevenchars");
        assert_eq!(short("/line/lock-0000000007"), "…0000000007");
    }

    fn znode(path: &str, owner: Option<u32>, watchers: &[u32]) -> ZnodeView {
        let watch = |client: &u32| WatchView { client: *client, persistent: false, fired: false };
        let watchers = watchers.iter().map(watch).collect();
        ZnodeView { path: path.into(), owner, exists: true, watchers }
    }

    /// Boxes and eyes of a scene.
    fn things(scene: &SceneView, layout: &Layout) -> Vec<Thing> {
        let mut things = Vec::new();
        let Sizes { width, round, .. } = sizes(layout);
        for Placed { znode, at, watches } in places(scene, layout) {
            things.push(Thing::sized(at, width, HEIGHT));
            assert_eq!(watches.len(), znode.watchers.len());
            things.extend(watches.into_iter().map(|(_, eye)| Thing::disc(eye, round)));
        }
        things
    }

    #[test]
    fn boxes_and_eyes_lie_over_nothing() {
        let locks = vec![
            znode("/crowd/holder", Some(1), &[2, 3]),
            znode("/line/0000000000", Some(4), &[6]),
            znode("/line/0000000001", Some(6), &[5]),
            znode("/line/0000000002", Some(5), &[]),
        ];
        let one = vec![znode("/here", Some(1), &[2])];
        let alone = vec![znode("/h", None, &[2])];
        for shape in [Shape::Wide, Shape::Narrow] {
            for (voters, clients, znodes) in
                [(3, 6, &locks), (3, 2, &one), (5, 2, &one), (3, 2, &alone), (5, 2, &alone)]
            {
                for at in 0..voters {
                    let sid = |client: usize| i64::try_from((client * 2 + at) % voters + 1).ok();
                    let docks: Vec<_> = (0..clients).map(sid).collect();
                    let layout = Layout::new(&Crew { voters, observers: 0, docks }, shape);
                    let scene = SceneView { znodes: znodes.clone(), ..SceneView::default() };
                    let own = things(&scene, &layout);
                    let eyes = znodes.iter().map(|it| it.watchers.len()).sum::<usize>();
                    assert_eq!(own.len(), znodes.len() + eyes, "all are drawn");
                    let standing = layout.all_things();
                    for (place, thing) in own.iter().enumerate() {
                        let others = own.iter().skip(place + 1).chain(&standing);
                        let over: Vec<_> = others.filter(|it| thing.gap(it) < -0.1).collect();
                        assert!(over.is_empty(), "{shape:?} {voters}: {thing:?} over {over:?}");
                    }
                }
            }
        }
    }
}
