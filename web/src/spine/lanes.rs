//! The middle column of the spine: time from left to right, the moment at a fixed line, what
//! comes if nobody acts behind it.
//!
//! Coordinates are pixels; the origin is the right edge, so a narrower window shows less past.

use super::score::{AHEAD_US, Arrow, Bar, Fate, Lane, PAST_US, Score, Sign};
use super::{SpineView, pitch};
use crate::order::{Order, Selection};
use crate::scene::layout::number;
use crate::view::{View, time_text};
use std::rc::Rc;
use yew::prelude::*;
use zabscope_core::base::NodeId;
use zabscope_core::sim::Micros;

/// Pixels of a millisecond.
const SCALE: f32 = 5.0;
/// Between two lines of the ruler, microseconds.
const TICK_US: u64 = 20_000;

/// What the lanes are drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct LanesProps {
    /// The moment.
    pub view: Rc<View>,
    /// The moment, for the diagram.
    pub spine: Rc<SpineView>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// Place of a time on the axis: 0 at the right edge, negative before.
fn x(score: &Score, at: Micros) -> f32 {
    #[allow(clippy::cast_precision_loss, reason = "a position on the screen")]
    let us =
        if at >= score.now { (at.0 - score.now.0) as f32 } else { -((score.now.0 - at.0) as f32) };
    (us - AHEAD_US as f32) * SCALE / 1000.0
}

/// Times of the ruler's lines inside the window.
fn ticks(score: &Score) -> impl Iterator<Item = Micros> {
    let first = score.now.0.saturating_sub(PAST_US).div_ceil(TICK_US);
    (first..=(score.now.0 + AHEAD_US) / TICK_US).map(|tick| Micros(tick * TICK_US))
}

/// Times above the lanes.
pub fn ruler(score: &Score) -> Html {
    let now = x(score, score.now);
    let far = |at: &Micros| (x(score, *at) - now).abs() > 78.0 && x(score, *at) < -24.0;
    html! {
        <svg class="ruler" width="100%" height="28" role="presentation">
            <svg x="100%" overflow="visible" role="presentation">
                { for ticks(score).filter(far).map(|at| html! {
                    <text x={number(x(score, at))} y="18">
                        { time_text(at).trim_end_matches(" s").to_owned() }</text>
                }) }
                <g class="now" transform={format!("translate({})", number(now))}>
                    <rect x="-37" y="2" width="74" height="22" rx="4" />
                    <text y="18">{ time_text(score.now) }</text>
                </g>
            </svg>
        </svg>
    }
}

/// The lanes.
#[component]
pub fn Lanes(props: &LanesProps) -> Html {
    let LanesProps { spine, selection, order, .. } = props;
    let score = &spine.score;
    let pitch = pitch(score.lanes.len());
    #[allow(clippy::cast_precision_loss, reason = "a few rows of a few pixels")]
    let y = move |row: usize| (row as f32 + 0.5) * pitch as f32;
    let height = score.lanes.len() * pitch as usize;
    let chosen = match selection {
        Some(Selection::Message(id)) => Some(*id),
        _ => None,
    };
    let now = x(score, score.now);
    let active = chosen.filter(|id| score.arrow(*id).is_some()).map(|id| format!("arrow-{id}"));
    let keys = keys(order);
    html! {
        <div class="lanes" id="lanes" tabindex="0" role="listbox" aria-label="Messages in time"
            aria-activedescendant={active} onkeydown={keys}>
            <svg width="100%" height={height.to_string()} role="presentation">
                <svg x="100%" overflow="visible" role="presentation">
                    <rect class="ahead" x={number(now)} y="0" width={number(-now)}
                        height={height.to_string()} />
                    <g class="grid">
                        { for ticks(score).map(|at| html! {
                            <path d={format!("M{} 0V{height}", number(x(score, at)))} />
                        }) }
                    </g>
                    { for score.lanes.iter().enumerate().map(|(row, lane)| {
                        lifeline(score, lane, y(row))
                    }) }
                    { for score.arrows.iter().zip(named(score, y, chosen)).map(|(arrow, named)| {
                        message(score, arrow, y, (chosen == Some(arrow.id), named), order)
                    }) }
                    { for score.bars.iter().map(|bar| write(score, bar, y(bar.row))) }
                    { for score.signs.iter().map(|(row, at, sign)| {
                        let (x, y_here) = (x(score, *at), y(*row));
                        mark(x, y_here, *sign, y)
                    }) }
                    <path class="playhead" d={format!("M{} 0V{height}", number(now))} />
                </svg>
            </svg>
        </div>
    }
}

pub(super) fn keys(order: &Callback<Order>) -> Callback<KeyboardEvent> {
    use super::walk::Toward;
    let order = order.clone();
    Callback::from(move |event: KeyboardEvent| {
        let what = match event.key().as_str() {
            "ArrowLeft" => Order::Walk(Toward::Cause),
            "ArrowRight" => Order::Walk(Toward::Effect),
            "ArrowUp" => Order::Walk(Toward::Before),
            "ArrowDown" => Order::Walk(Toward::After),
            "Enter" => Order::GoThere,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        order.emit(what);
    })
}

fn lifeline(score: &Score, lane: &Lane, y: f32) -> Html {
    let y = number(y);
    let end = x(score, score.now);
    let begin = x(score, Micros(score.now.0.saturating_sub(PAST_US)));
    let until =
        |place: usize| lane.roles.get(place + 1).map_or(end, |(at, _)| x(score, *at).max(begin));
    html! {
        <>
            <path class="later" d={format!("M{} {y}H0", number(end))} />
            if let NodeId::Client(_) = lane.node {
                <path class="life client" d={format!("M{} {y}H{}", number(begin), number(end))} />
            }
            { for lane.roles.iter().enumerate().map(|(place, (at, role))| {
                let (from, to) = (x(score, *at).max(begin), until(place));
                let path = format!("M{} {y}H{}", number(from), number(to));
                let leads = role.class() == "leading";
                html! {
                    <>
                        <path class={classes!("life", role.class())} d={path.clone()} />
                        if leads { <path class="inner" d={path} /> }
                    </>
                }
            }) }
        </>
    }
}

fn message(
    score: &Score,
    arrow: &Arrow,
    y: impl Fn(usize) -> f32,
    (chosen, named): (bool, bool),
    order: &Callback<Order>,
) -> Html {
    let (from, to) =
        ((x(score, arrow.sent_at), y(arrow.from)), (x(score, arrow.end_at), y(arrow.to)));
    let now = x(score, score.now);
    let line = |(ax, ay): (f32, f32), (bx, by): (f32, f32)| {
        format!("M{} {}L{} {}", number(ax), number(ay), number(bx), number(by))
    };
    let between = |share: f32| (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
    let share = ((now - from.0) / (to.0 - from.0).max(0.1)).clamp(0.0, 1.0);
    // What a cut stops waits half-way.
    let share = match arrow.fate {
        Fate::Arrived => 1.0,
        Fate::Lost | Fate::Stopped => share.min(0.5),
        Fate::Flying => share,
        Fate::Ahead => 0.0,
    };
    let here = between(share);
    let title = arrow.look.title();
    let spoken = score.spoken(arrow);
    let id = arrow.id;
    let order = order.clone();
    let onclick = Callback::from(move |_: MouseEvent| {
        order.emit(Order::Select(Some(Selection::Message(id))));
    });
    let class = classes!(
        "msg",
        arrow.look.tone.class(),
        fate_class(arrow.fate),
        chosen.then_some("selected")
    );
    html! {
        <g {class} id={format!("arrow-{id}")} data-of={format!("m{id}")} role="option"
            aria-selected={chosen.to_string()}
            aria-label={spoken} {onclick} data-id={id.to_string()}>
            if chosen { <path class="halo" d={line(from, to)} /> }
            <path class="hit" d={line(from, to)} />
            if share > 0.0 { <path class="way" d={line(from, here)} /> }
            if share < 1.0 && matches!(arrow.fate, Fate::Flying | Fate::Ahead) {
                <path class="rest" d={line(here, to)} />
            }
            { end_of(arrow.fate, from, here) }
            if named {
                <text class="name" x={number(from.0 + 5.0)} y={number(name_y(from.1, to.1))}>
                    { if chosen { title } else { arrow.look.name.to_owned() } }</text>
            }
        </g>
    }
}

/// Where a name stands that belongs to an arrow from one row to another: on the side of its start
/// that the arrow does not take.
fn name_y(from: f32, to: f32) -> f32 {
    if to > from { from - 3.0 } else { from + 11.0 }
}

/// Which arrows have their names written: the chosen one, and the first of a fan unless its name
/// would lie over one that is written already.
fn named(score: &Score, y: impl Fn(usize) -> f32, chosen: Option<u64>) -> Vec<bool> {
    let mut taken: Vec<(f32, f32, f32)> = Vec::new();
    let mut free = |arrow: &Arrow, letters: usize| {
        let (left, line) = (x(score, arrow.sent_at) + 5.0, name_y(y(arrow.from), y(arrow.to)));
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
        let loud = arrow.look.tone.class() != "quiet" && arrow.fate != Fate::Ahead;
        chosen == Some(arrow.id) || arrow.first && loud && free(arrow, arrow.look.name.len())
    };
    score.arrows.iter().map(is_named).collect()
}

fn end_of(fate: Fate, from: (f32, f32), here: (f32, f32)) -> Html {
    let (dx, dy) = (here.0 - from.0, here.1 - from.1);
    let length = dx.hypot(dy).max(1.0);
    let (ux, uy) = (dx / length, dy / length);
    let at = format!("translate({} {})", number(here.0), number(here.1));
    match fate {
        Fate::Arrived => {
            let point = |along: f32, aside: f32| {
                format!(
                    "{} {}",
                    number(ux.mul_add(-along, -uy * aside)),
                    number(uy.mul_add(-along, ux * aside))
                )
            };
            let d = format!("M0 0L{}L{}z", point(7.0, 2.6), point(7.0, -2.6));
            html! { <path class="head" transform={at} {d} /> }
        }
        Fate::Lost | Fate::Stopped => {
            html! { <path class="lost" transform={at} d="M-4-4 4 4M-4 4 4-4" /> }
        }
        Fate::Flying => html! { <circle class="dot" transform={at} r="3.5" /> },
        Fate::Ahead => Html::default(),
    }
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

fn write(score: &Score, bar: &Bar, y: f32) -> Html {
    let now = x(score, score.now);
    let from = x(score, bar.from).min(now);
    let to = bar.to.map_or(from + 4.0 * SCALE, |to| x(score, to));
    let class = match bar.zxid {
        None => "e",
        Some(zxid) => {
            ["e0", "e1", "e2", "e3"].get((zxid.epoch().0 & 3) as usize).copied().unwrap_or("e0")
        }
    };
    let rect = |class: &'static str, from: f32, to: f32| {
        html! {
            <rect {class} x={number(from)} y={number(y - 4.5)} width={number((to - from).max(1.0))}
                height="9" rx="2" />
        }
    };
    html! {
        <g class={classes!("fsync", class)}>
            if to > now || bar.to.is_none() { { rect("open", from, to) } }
            if from < now { { rect("done", from, to.min(now)) } }
        </g>
    }
}

fn mark(x: f32, y: f32, sign: Sign, row: impl Fn(usize) -> f32) -> Html {
    let at = format!("translate({} {})", number(x), number(y));
    match sign {
        Sign::Vote(sid, first) => html! {
            <g class={classes!("ballot", (!first).then_some("changed"))} transform={at}>
                <path d="M0-10 10 0 0 10-10 0z" /><text y="4">{ sid }</text>
            </g>
        },
        Sign::Crash => html! {
            <g class="crash" transform={at}>
                <path d="M-5-5 5 5M-5 5 5-5" /><text x="10" y="4">{ "crash" }</text>
            </g>
        },
        Sign::Start => html! {
            <g class="begin" transform={at}><path d="M0-7V7" /><text x="6" y="-4">{ "start" }</text></g>
        },
        Sign::Cut(other) | Sign::Heal(other) => {
            let class = if matches!(sign, Sign::Cut(_)) { "cutting" } else { "healing" };
            html! {
                <path {class} d={format!("M{} {}V{}", number(x), number(y), number(row(other)))} />
            }
        }
    }
}
