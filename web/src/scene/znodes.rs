//! Znodes that somebody owns or watches, beside their clients: a line to the owner of an ephemeral
//! one, a dashed line with an eye to each watcher.

use super::layout::{Layout, Point, Shape, along, direction, number};
use super::state::{SceneView, WatchView, ZnodeView};
use crate::order::{Order, Selection};
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId};

/// Size of a znode's box.
const WIDTH: f32 = 84.0;
const HEIGHT: f32 = 19.0;
/// From one box to the next in a column.
const PITCH: f32 = 24.0;
/// From a client's ring to the first box.
const GAP: f32 = 12.0;
/// Most boxes beside one server.
const BOXES_MAX: usize = 3;
/// Letters of a name that fit into a box.
const LETTERS: usize = 11;

/// The znodes, where there is room for them.
#[inline(never)]
pub fn znodes(
    scene: &SceneView,
    layout: &Layout,
    selection: Option<&Selection>,
    order: &Callback<Order>,
) -> Html {
    if layout.shape == Shape::Narrow {
        return Html::default();
    }
    let places = places(scene, layout);
    let hidden = scene.znodes.len() - places.len();
    html! {
        <g class="znodes">
            { for places.iter().map(|(znode, at)| lines(layout, znode, *at, is_chosen(znode, selection))) }
            { for places.iter().map(|(znode, at)| {
                boxed(layout, znode, *at, is_chosen(znode, selection), order)
            }) }
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

/// The middle of each box: beside the clients of the server where its owner, or the first who
/// watches it, is connected; above them if there is no room beside them.
fn places<'a>(scene: &'a SceneView, layout: &Layout) -> Vec<(&'a ZnodeView, Point)> {
    let home = |znode: &ZnodeView| {
        let client = znode.owner.or_else(|| znode.watchers.first().map(|watch| watch.client))?;
        let dock = |client: u32| {
            let place = usize::try_from(client).ok()?.checked_sub(1)?;
            scene.docks.get(place).copied()
        };
        // The outermost client of the same server says where its neighbours end.
        let mine = dock(client)?;
        let last = (1..).zip(&scene.docks).filter(|(id, dock)| match mine {
            Some(_) => **dock == mine,
            None => *id == client,
        });
        let seats = last.filter_map(|(id, _)| layout.seat(NodeId::Client(ClientId(id))));
        let seats: Vec<Point> = seats.collect();
        let side = layout.side(*seats.first()?);
        let out = seats.iter().fold(0.0, |out: f32, seat| out.max(seat.x * side + layout.width));
        let top = seats.iter().fold(f32::MAX, |top, seat| top.min(seat.y));
        Some((side, (out - layout.width) * side, top))
    };
    let mut used: Vec<(f32, f32, usize)> = Vec::new();
    let mut places = Vec::new();
    for znode in &scene.znodes {
        let Some((side, x, y)) = home(znode) else { continue };
        let place = match used.iter_mut().find(|(other, top, _)| (*other, *top) == (x, y)) {
            Some((_, _, count)) => {
                *count += 1;
                *count - 1
            }
            None => {
                used.push((x, y, 1));
                0
            }
        };
        if place >= BOXES_MAX {
            continue;
        }
        #[allow(clippy::cast_precision_loss, reason = "three")]
        let step = place as f32 * PITCH;
        let beside = x + side * (layout.client_radius + GAP + WIDTH / 2.0);
        let half = WIDTH / 2.0;
        let at = if beside - half >= -8.0 && beside + half <= layout.width + 8.0 {
            Point { x: beside, y: (y - PITCH / 2.0).max(HEIGHT / 2.0 + 1.0) + step }
        } else {
            let x = if side > 0.0 { layout.width - half } else { half };
            Point { x, y: y - layout.client_radius - GAP - HEIGHT / 2.0 - step }
        };
        if at.y > HEIGHT / 2.0 {
            places.push((znode, at));
        }
    }
    places
}

/// The end of a name, which is what differs.
fn short(path: &str) -> String {
    let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(path);
    let count = name.chars().count();
    if count <= LETTERS {
        return name.to_owned();
    }
    core::iter::once('…').chain(name.chars().skip(count + 1 - LETTERS)).collect()
}

fn seat(layout: &Layout, client: u32) -> Option<(Point, f32)> {
    let node = NodeId::Client(ClientId(client));
    Some((layout.seat(node)?, layout.reach(node)))
}

/// Where a line from here to a box ends: at its nearer upright edge, or at its middle from above
/// and below.
fn port(from: Point, at: Point) -> Point {
    let half = WIDTH / 2.0;
    if (from.x - at.x).abs() < half {
        let y = if from.y > at.y { HEIGHT / 2.0 } else { -HEIGHT / 2.0 };
        Point { x: from.x, y: at.y + y }
    } else {
        Point { x: at.x + if from.x > at.x { half } else { -half }, y: at.y }
    }
}

fn lines(layout: &Layout, znode: &ZnodeView, at: Point, chosen: bool) -> Html {
    let line = |class: Classes, client: u32| {
        let Some((seat, reach)) = seat(layout, client) else { return Html::default() };
        let to = port(seat, at);
        let from = along(seat, direction(seat, to), reach - 2.0);
        html! {
            <line {class} x1={number(from.x)} y1={number(from.y)} x2={number(to.x)}
                y2={number(to.y)} data-client={client.to_string()} data-path={znode.path.to_string()} />
        }
    };
    html! {
        <>
            { for znode.watchers.iter().map(|watch| {
                let fired = watch.fired.then_some("fired");
                line(classes!("watches", fired, chosen.then_some("chosen")), watch.client)
            }) }
            { for znode.owner.iter().map(|client| line(classes!("owns", chosen.then_some("chosen")), *client)) }
        </>
    }
}

fn boxed(
    layout: &Layout,
    znode: &ZnodeView,
    at: Point,
    chosen: bool,
    order: &Callback<Order>,
) -> Html {
    let class = classes!(
        "znode",
        znode.owner.map(|_| "ephemeral"),
        (!znode.exists).then_some("absent"),
        chosen.then_some("selected")
    );
    let path = znode.path.clone();
    let (onclick, onkeydown) =
        super::pressed(order, move || Order::Select(Some(Selection::Znode(path.clone()))));
    let (left, top) = (number(-WIDTH / 2.0), number(-HEIGHT / 2.0));
    html! {
        <g {class} {onclick} {onkeydown} role="button" tabindex="0" aria-pressed={chosen.to_string()}
            aria-label={spoken(znode)} data-path={znode.path.to_string()}
            data-of={format!("z{}", znode.path)} transform={at.translate()}>
            // A finger needs more room than the box.
            <rect class="reach" x={left.clone()} y="-12" width={number(WIDTH)} height="24" />
            <rect x={left} y={top} width={number(WIDTH)} height={number(HEIGHT)} rx="4" />
            <text y="4">{ short(&znode.path) }</text>
            { for znode.watchers.iter().map(|watch| eye(layout, watch, at)) }
        </g>
    }
}

/// The mark of a watch, where its line meets the box; a fired one bursts.
fn eye(layout: &Layout, watch: &WatchView, at: Point) -> Html {
    let Some((seat, _)) = seat(layout, watch.client) else { return Html::default() };
    let end = port(seat, at);
    let place = Point { x: end.x - at.x, y: end.y - at.y };
    let class =
        classes!("watch", watch.persistent.then_some("persistent"), watch.fired.then_some("fired"));
    html! {
        <g {class} transform={place.translate()} data-client={watch.client.to_string()}>
            <circle r="8" />
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
    use super::short;

    #[test]
    fn names_are_cut_where_they_are_alike() {
        assert_eq!(short("/"), "/");
        assert_eq!(short("/line/a"), "a");
        assert_eq!(short("/line/elevenchars"), "elevenchars");
        assert_eq!(short("/line/lock-0000000007"), "…0000000007");
    }
}
