//! Servers on their seats.

use super::layout::{Density, LINE, Label, Layout, Point, Shape, number};
use crate::order::{Order, Selection};
use crate::view::{Role, ServerView, TileState};
use std::rc::Rc;
use yew::prelude::*;
use zabscope_core::base::{NodeId, Sid};

/// What a seat is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct SeatProps {
    /// The server.
    pub server: ServerView,
    /// Where it stands.
    pub layout: Rc<Layout>,
    /// It is chosen.
    pub selected: bool,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The sign of a role, around the origin, 20 units wide.
#[must_use]
pub const fn glyph(role: Role) -> &'static str {
    match role {
        Role::Leading => "M-10 7V-5l5 5L0-8l5 8 5-5V7z",
        Role::Following => "M-6 10V-9H8L4-4.5 8 0H-3.5V10z",
        Role::Looking => "M-7-2a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0zM2.5 2.5 8 8",
        Role::Observing => "M-9 0C-5-7 5-7 9 0 5 7-5 7-9 0zM-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
        Role::Down => "M-6-6 6 6M6-6-6 6",
    }
}

/// The sign of a process that is stopped.
const FROZEN: &str = "M0-10V10M-8.7-5 8.7 5M-8.7 5 8.7-5M-3-8.5 0-5.5 3-8.5M-3 8.5 0 5.5 3 8.5";

/// The facts of a server in one sentence, for those who do not see the drawing.
#[must_use]
pub fn spoken(server: &ServerView) -> String {
    let ServerView { sid, role, logged, writing, committed, current_epoch, .. } = server;
    let mut words = match role {
        Role::Down => format!("Server {sid}, DOWN, logged {logged}"),
        Role::Looking => {
            let vote = server.vote.map_or_else(String::new, |vote| format!(", votes for {vote}"));
            format!("Server {sid}, LOOKING{vote}, logged {logged}")
        }
        Role::Leading | Role::Following | Role::Observing => format!(
            "Server {sid}, {} in {}, epoch {current_epoch}, logged {logged}, committed {committed}",
            role.word(),
            server.phase
        ),
    };
    if server.accepted_epoch > *current_epoch {
        words.push_str(&format!(", accepted epoch {}", server.accepted_epoch));
    }
    if !writing.is_empty() {
        words.push_str(&format!(", writing {writing}"));
    }
    if server.frozen {
        words.push_str(", frozen");
    }
    if server.disk_slowness > 1 {
        words.push_str(&format!(", its disk is {} times slower", server.disk_slowness));
    }
    words
}

/// The words beside a seat: the role first, then as many facts as there is room for.
fn words(server: &ServerView, layout: &Layout) -> Vec<String> {
    let role = server.role.word();
    let narrow = layout.shape == Shape::Narrow;
    if server.role == Role::Down {
        let roomy = layout.density == Density::Roomy && !narrow && !server.observer;
        let logged = roomy.then(|| format!("logged {}", server.logged));
        return [role.to_owned()].into_iter().chain(logged).collect();
    }
    let state = match server.role {
        _ if server.frozen => "frozen".to_owned(),
        Role::Looking => {
            server.vote.map_or_else(|| "has no vote".to_owned(), |vote| format!("votes for {vote}"))
        }
        _ if server.serving => format!("epoch {}", server.current_epoch),
        // A newer epoch is promised, but the history is still that of the older one.
        _ if server.accepted_epoch > server.current_epoch => {
            format!(
                "{}, e{} → e{}",
                server.short_phase(),
                server.current_epoch,
                server.accepted_epoch
            )
        }
        _ => server.phase.to_owned(),
    };
    match layout.density {
        // The fact stands for the role where both do not fit; the glyph still tells the role.
        Density::Tight | Density::Full if narrow && server.serving => {
            vec![format!("epoch {}", server.current_epoch)]
        }
        Density::Tight | Density::Full if narrow => vec![state],
        Density::Full => vec![role.to_owned()],
        _ if server.observer => vec![role.to_owned()],
        Density::Tight => vec![role.to_owned(), state],
        Density::Roomy if narrow => vec![role.to_owned(), state],
        Density::Roomy => vec![
            role.to_owned(),
            state,
            match &*server.writing {
                "" => format!("logged {}", server.logged),
                writing => format!("writing {writing}"),
            },
            format!("committed {}", server.committed),
        ],
    }
}

/// Side of a tile, and from one to the next.
const TILE: f32 = 13.0;
const TILE_PITCH: f32 = 16.0;

/// Entries that a telephone has room for.
const NARROW_TILES: usize = 3;

/// The last entries of the log: above the words, below them where these are below the seat.
fn tiles(server: &ServerView, label: Label, narrow: bool, lines: usize) -> Html {
    let skipped = if narrow { server.tiles.len().saturating_sub(NARROW_TILES) } else { 0 };
    let count = server.tiles.len() - skipped;
    let pitch = |place: usize| (0..place).fold(0.0, |x, _| x + TILE_PITCH);
    let start = match label.anchor {
        "end" => 3.0 - pitch(count),
        "middle" => (3.0 - pitch(count)) / 2.0,
        _ => 0.0,
    };
    let y = if label.below {
        (0..lines).fold(label.at.y - 11.0, |y, _| y + LINE)
    } else {
        label.at.y - LINE - TILE - 1.0
    };
    html! {
        { for server.tiles.iter().skip(skipped).enumerate().map(|(place, tile)| {
            let at = Point { x: label.at.x + start + pitch(place), y };
            let epoch = (tile.zxid.epoch().0 & 3) as usize;
            let epoch = ["e0", "e1", "e2", "e3"].get(epoch).copied().unwrap_or("e0");
            html! {
                <g class={classes!("tile", epoch, tile.state.class())} transform={at.translate()}
                    data-zxid={tile.zxid.to_string()}>
                    <rect width="13" height="13" rx="2" />
                    if tile.state == TileState::Logged { <path class="half" d="M2 11.5V6.5H11V11.5z" /> }
                    if tile.state >= TileState::Ahead { <path d="M3 6.5 5.5 9 10 3.5" /> }
                </g>
            }
        }) }
    }
}

/// The sign of a slow disk, and how slow it is.
///
/// It stands towards the middle, away from the words, which a telephone has below the seat.
#[inline(never)]
fn slow_disk(slowness: u32, layout: &Layout, radius: f32, side: f32) -> Html {
    let x = if side < 0.0 { radius * 0.6 } else { -radius * 0.6 - 46.0 };
    let y = if layout.shape == Shape::Narrow { -radius * 0.4 } else { radius * 0.8 };
    let at = Point { x, y };
    html! {
        <g class="slow" transform={at.translate()}>
            <rect x="-3" y="-10" width="52" height="20" rx="3" />
            <path d="M1-5c0-4 12-4 12 0V5c0 4-12 4-12 0zM1-5c0 4 12 4 12 0" />
            <text x="17" y="4">{ format!("×{slowness}") }</text>
        </g>
    }
}

/// The sign of what a server is: a snowflake while its process is stopped.
pub fn sign(role: Role, frozen: bool, transform: &str) -> Html {
    let (class, d) = if frozen { ("glyph snow", FROZEN) } else { ("glyph", glyph(role)) };
    html! { <path {class} {d} transform={transform.to_owned()} /> }
}

/// A server.
#[component]
pub fn Seat(props: &SeatProps) -> Html {
    let SeatProps { server, layout, selected, order } = props;
    let words = words(server, layout);
    let Some(label) = layout.label(server.sid, words.len()) else { return Html::default() };
    let sid = server.sid;
    let chosen = move || Order::Select(Some(Selection::Server(sid)));
    let (onclick, onkeydown) = super::pressed(order, chosen);
    let narrow = layout.shape == Shape::Narrow;
    html! {
        <g class={classes!("seat", server.role.class(), selected.then_some("selected"),
                server.observer.then_some("small"),
                (layout.density == Density::Full).then_some("dense"),
                server.frozen.then_some("frozen"))}
            id={format!("server-{}", server.sid)} role="button" tabindex="0"
            data-of={format!("s{}", server.sid)}
            aria-label={spoken(server)} aria-pressed={selected.to_string()}
            data-role={server.role.word()} {onclick} {onkeydown}>
            <Body {sid} role={server.role} frozen={server.frozen}
                disk_slowness={server.disk_slowness} layout={layout.clone()} />
            if layout.shows_log(sid) {
                <g aria-hidden="true">{ tiles(server, label, narrow, words.len()) }</g>
            }
        </g>
    }
}

/// What of a server is drawn on its seat.
#[derive(Clone, Debug, PartialEq, Properties)]
struct BodyProps {
    sid: i64,
    role: Role,
    frozen: bool,
    disk_slowness: u32,
    layout: Rc<Layout>,
}

/// The circle with the signs on it. It changes far more seldom than what is heard of the server.
#[component]
fn Body(props: &BodyProps) -> Html {
    let BodyProps { sid, role, frozen, disk_slowness, layout } = props;
    let Some(seat) = layout.seat(NodeId::Server(Sid(*sid))) else { return Html::default() };
    let radius = layout.radius_of(*sid);
    let planted = Point { x: 0.0, y: -radius - 12.0 }.translate();
    html! {
        // The name says all of it.
        <g transform={seat.translate()} aria-hidden="true">
            <circle class="halo" r={number(radius + 9.0)} />
            <circle class="body" r={number(radius)} />
            { (*role == Role::Leading).then(|| html! {
                <circle class="inner" r={number(radius - 5.0)} />
            }) }
            if *frozen { <circle class="ice" r={number(radius - 3.0)} /> }
            <text class="number" y="8">{ *sid }</text>
            { sign(*role, *frozen, &planted) }
            <circle class="arc" r={number(radius - 6.0)} id={format!("ring-{sid}")}
                pathLength="100" transform="rotate(-90)" />
            if *disk_slowness > 1 { { slow_disk(*disk_slowness, layout, radius, layout.side(seat)) } }
        </g>
    }
}

/// What the words of a server are drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct WordsProps {
    sid: i64,
    words: Vec<String>,
    label: Option<Label>,
    order: Callback<Order>,
}

impl WordsProps {
    pub(super) fn of(server: &ServerView, layout: &Layout, order: &Callback<Order>) -> Self {
        let words = words(server, layout);
        let label = layout.label(server.sid, words.len());
        Self { sid: server.sid, words, label, order: order.clone() }
    }
}

/// The words of a server. They are drawn above the messages, which pass below them.
#[component]
pub(super) fn Words(props: &WordsProps) -> Html {
    let WordsProps { sid, words, label, order } = props;
    let (sid, Some(label)) = (*sid, *label) else { return Html::default() };
    let (onclick, _) = super::pressed(order, move || Order::Select(Some(Selection::Server(sid))));
    let x = number(label.at.x);
    html! {
        <text class="label" id={format!("words-{sid}")} aria-hidden="true" {onclick}
            data-of={format!("s{sid}")} text-anchor={label.anchor} x={x.clone()} y={number(label.at.y)}>
            { for words.iter().enumerate().map(|(line, word)| html! {
                <tspan class={if line == 0 { "role-word" } else { "fact" }} x={x.clone()}
                    dy={number(if line == 0 { 0.0 } else { LINE })}>{ word }</tspan>
            }) }
        </text>
    }
}
