//! The spine on a telephone: turned by a quarter. Columns are participants, time runs down, the
//! bottom row says what each holds. Dragging it scrubs: what is above has been.

use super::axis::Axis;
use super::marks::{self, line};
use super::score::{AHEAD_US, Arrow, Bar, Fate, Lane, Mark, PAST_US, Score, Sign};
use super::{SpineView, lanes};
use crate::order::{Order, Selection};
use crate::scene::layout::{Point, number};
use crate::scene::servers::sign;
use crate::travel::Travel;
use crate::view::{Role, View, time_text};
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId, Sid};
use zabscope_core::sim::Micros;

/// Size of the drawing in its own units.
const WIDTH: f32 = 360.0;
/// Room for the times at the left.
const GUTTER: f32 = 50.0;
/// Room for the heads above the lanes, and for what is held below.
const HEAD: f32 = 52.0;
const FOOT: f32 = 40.0;
/// Units of a millisecond.
const SCALE: f32 = 1.8;
/// Length and half the width of an arrowhead.
const ARROWHEAD: (f32, f32) = (8.0, 3.0);
/// Width of a letter, in units, on the smallest screen.
const LETTER: f32 = 11.5;

/// What it is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct UprightProps {
    /// The moment.
    pub view: Rc<View>,
    /// What the participants hold.
    pub spine: Rc<SpineView>,
    /// Lanes and messages.
    pub score: Rc<Score>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// Where things stand.
#[derive(Clone, Copy, Debug)]
struct Frame {
    now: Micros,
    columns: usize,
}

#[allow(clippy::cast_precision_loss, reason = "positions on the screen")]
impl Frame {
    /// Height of the lanes.
    fn height() -> f32 {
        (PAST_US + AHEAD_US) as f32 * SCALE / 1000.0
    }

    /// The middle of a column.
    fn x(self, column: usize) -> f32 {
        GUTTER + (column as f32 + 0.5) * (WIDTH - GUTTER) / self.columns.max(1) as f32
    }

    /// Place of a time on the way down.
    fn y(self, at: Micros) -> f32 {
        let us = at.0 as f32 - self.now.0 as f32 + PAST_US as f32;
        HEAD + us * SCALE / 1000.0
    }

    /// The same, not above the lanes.
    fn y_in(self, at: Micros) -> f32 {
        self.y(at).max(HEAD)
    }
}

/// A finger that drags.
#[derive(Clone, Copy, Debug)]
struct Drag {
    from: f32,
    at: Micros,
    /// Units of the drawing in a pixel.
    zoom: f32,
}

/// The diagram.
#[component]
pub fn Upright(props: &UprightProps) -> Html {
    let UprightProps { view, spine, score, selection, order } = props;
    let frame = Frame { now: score.now, columns: score.lanes.len() };
    let drag = use_mut_ref(|| None::<Drag>);
    let (ondown, onmove, onup) = drags(&drag, score.now, order);
    let chosen = match selection {
        Some(Selection::Message(id)) => Some(*id),
        _ => None,
    };
    let bottom = HEAD + Frame::height();
    let view_box = format!("0 0 {} {}", number(WIDTH), number(bottom + FOOT));
    let now = frame.y(score.now);
    let active = chosen.filter(|id| score.arrow(*id).is_some()).map(|id| format!("arrow-{id}"));
    let names = named(score, frame, chosen);
    let time = seconds(score.now);
    html! {
        <div class="upright">
            <svg viewBox={view_box} role="group" aria-label="Servers and time" id="upright"
                onpointerdown={ondown} onpointermove={onmove} onpointerup={onup.clone()} onpointercancel={onup}>
                <g class="lanes" id="lanes-down" tabindex="0" role="listbox" aria-label="Messages in time"
                    aria-activedescendant={active} onkeydown={lanes::keys(order)}>
                    <rect class="ahead" x={number(GUTTER)} y={number(now)} width={number(WIDTH - GUTTER)}
                        height={number(bottom - now)} />
                    { for ticks(score.now).map(|at| tick(frame, at)) }
                    { for score.lanes.iter().enumerate().map(|(column, lane)| life(frame, lane, column)) }
                    { for score.arrows.iter().zip(names).map(|(arrow, named)| {
                        message(score, frame, arrow, (chosen == Some(arrow.id), named), order)
                    }) }
                    { for score.bars.iter().map(|bar| write(frame, bar)) }
                    { for score.signs.iter().map(|mark| sign_at(frame, mark, is_covered(score, frame, mark))) }
                </g>
                <path class="playhead" d={format!("M0 {}H{}", number(now), number(WIDTH))} />
                <g class="now" transform={Point { x: 0.0, y: now }.translate()}>
                    <rect y="-11" width={(9 * time.len()).to_string()} height="22" rx="4" />
                    <text x={(9 * time.len() / 2).to_string()} y="4">{ time.clone() }</text>
                </g>
                { for score.lanes.iter().enumerate().map(|(column, lane)| {
                    head(view, frame, lane, column, selection.as_ref(), order)
                }) }
                { for rows_below(spine, view).into_iter().zip([16.0, 32.0]).map(|(word, y)| html! {
                    <text class="second" x="0" y={number(bottom + y)}>{ word }</text>
                }) }
                { for score.lanes.iter().enumerate().map(|(column, lane)| {
                    holds(view, spine, frame, lane, column, bottom)
                }) }
            </svg>
        </div>
    }
}

/// A finger on the drawing: what is under it stays under it, so time goes the other way.
type Drags = (Callback<PointerEvent>, Callback<PointerEvent>, Callback<PointerEvent>);

fn drags(drag: &Rc<RefCell<Option<Drag>>>, now: Micros, order: &Callback<Order>) -> Drags {
    let down = {
        let drag = drag.clone();
        Callback::from(move |event: PointerEvent| {
            let Some(drawing) = event.target_dyn_into::<Element>() else { return };
            let wide = drawing.closest("svg").ok().flatten().map(|it| it.client_width());
            #[allow(clippy::cast_precision_loss, reason = "a width in pixels")]
            let zoom = WIDTH / wide.unwrap_or(1).max(1) as f32;
            #[allow(clippy::cast_precision_loss, reason = "a place in pixels")]
            let from = event.client_y() as f32;
            drag.replace(Some(Drag { from, at: now, zoom }));
        })
    };
    let moves = {
        let (drag, order) = (drag.clone(), order.clone());
        Callback::from(move |event: PointerEvent| {
            let Some(Drag { from, at, zoom }) = *drag.borrow() else { return };
            #[allow(clippy::cast_precision_loss, reason = "a place in pixels")]
            let gone = (from - event.client_y() as f32) * zoom;
            // A tap is no drag.
            if gone.abs() < 6.0 {
                return;
            }
            #[allow(clippy::cast_possible_truncation, reason = "at most a screen of time")]
            let us = (gone / SCALE * 1000.0) as i64;
            let to = at.0.saturating_add_signed(us);
            order.emit(Order::Travel(Travel::Go(format!("{}.{:03}ms", to / 1000, to % 1000))));
        })
    };
    let end = {
        let drag = drag.clone();
        Callback::from(move |_: PointerEvent| {
            drag.replace(None);
        })
    };
    (down, moves, end)
}

/// Seconds with thousandths.
fn seconds(at: Micros) -> String {
    time_text(at).trim_start_matches('+').trim_end_matches(" s").to_owned()
}

fn ticks(now: Micros) -> impl Iterator<Item = Micros> {
    let (first, end) = Axis::ticks(now);
    (first..end).map(Axis::tick)
}

fn tick(frame: Frame, at: Micros) -> Html {
    let y = frame.y(at);
    let near = (y - frame.y(frame.now)).abs() < 22.0;
    html! {
        <g class="grid">
            <path d={format!("M{} {}H{}", number(GUTTER), number(y), number(WIDTH))} />
            if !near && y > HEAD + 6.0 {
                <text x={number(GUTTER - 5.0)} y={number(y + 4.0)}>{ format!(".{:03}", at.0 / 1000 % 1000) }</text>
            }
        </g>
    }
}

fn life(frame: Frame, lane: &Lane, column: usize) -> Html {
    let x = number(frame.x(column));
    let (end, bottom) = (frame.y(frame.now), HEAD + Frame::height());
    let until = |place: usize| lane.roles.get(place + 1).map_or(end, |(at, _)| frame.y_in(*at));
    html! {
        <>
            <path class="later" d={format!("M{x} {}V{}", number(end), number(bottom))} />
            if let NodeId::Client(_) = lane.node {
                <path class="life client" d={format!("M{x} {}V{}", number(HEAD), number(end))} />
            }
            { for lane.roles.iter().enumerate().map(|(place, (at, role))| {
                let path = format!("M{x} {}V{}", number(frame.y_in(*at)), number(until(place)));
                html! {
                    <>
                        <path class={classes!("life", role.class())} d={path.clone()} />
                        if *role == Role::Leading { <path class="inner" d={path} /> }
                    </>
                }
            }) }
            { for lane.frozen.iter().map(|(at, to)| {
                let to = to.map_or(end, |to| frame.y_in(to));
                let path = format!("M{x} {}V{}", number(frame.y_in(*at)), number(to));
                html! { <><path class="life frozen" d={path.clone()} /><path class="ice" d={path} /></> }
            }) }
        </>
    }
}

fn message(
    score: &Score,
    frame: Frame,
    arrow: &Arrow,
    (chosen, named): (bool, bool),
    order: &Callback<Order>,
) -> Html {
    let from = Point { x: frame.x(arrow.from), y: frame.y(arrow.sent_at) };
    let to = Point { x: frame.x(arrow.to), y: frame.y(arrow.end_at) };
    let now = frame.y(score.now);
    let share = ((now - from.y) / (to.y - from.y).max(0.1)).clamp(0.0, 1.0);
    let share = match arrow.fate {
        Fate::Arrived => 1.0,
        // What a cut stops waits half-way.
        Fate::Lost | Fate::Stopped => share.min(0.5),
        Fate::Flying => share,
        Fate::Ahead => 0.0,
    };
    let here = Point { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
    let (id, spoken) = (arrow.id, score.spoken(arrow));
    let choose = {
        let order = order.clone();
        Callback::from(move |_: MouseEvent| {
            order.emit(Order::Select(Some(Selection::Message(id))));
        })
    };
    let class = classes!("msg", arrow.look.tone.class(), chosen.then_some("selected"));
    let on_its_way = matches!(arrow.fate, Fate::Flying | Fate::Ahead);
    html! {
        <g {class} id={format!("arrow-{id}")} data-of={format!("m{id}")} data-id={id.to_string()}
            role="option" aria-selected={chosen.to_string()} aria-label={spoken} onclick={choose}>
            if chosen { <path class="halo" d={line((from, to))} /> }
            <path class="hit" d={line((from, to))} />
            if share > 0.0 { <path class="way" d={line((from, here))} /> }
            if share < 1.0 && on_its_way { <path class="rest" d={line((here, to))} /> }
            { end_of(arrow.fate, from, here) }
            if named {
                <text class="name" x={number(name_x(arrow, frame))} y={number(from.y - 4.0)}
                    text-anchor={if to.x > from.x { "start" } else { "end" }}>{ arrow.look.name }</text>
            }
        </g>
    }
}

/// Where the name of an arrow begins, or ends if the arrow goes to the left.
fn name_x(arrow: &Arrow, frame: Frame) -> f32 {
    frame.x(arrow.from) + if arrow.to > arrow.from { 5.0 } else { -5.0 }
}

/// Which arrows have their names written: see [`marks::names`]. A name has to fit between the edges
/// and keeps away from votes too.
fn named(score: &Score, frame: Frame, chosen: Option<u64>) -> Vec<bool> {
    let mut taken = Vec::new();
    for mark in &score.signs {
        if matches!(mark.sign, Sign::Vote(..) | Sign::Crash | Sign::Freeze) {
            let x = frame.x(mark.row);
            let wide = if matches!(mark.sign, Sign::Vote(..)) { 12.0 } else { 56.0 };
            taken.push((x - 12.0, x + wide, frame.y(mark.at)));
        }
    }
    marks::names(score, chosen, taken, 18.0, |arrow| {
        #[allow(clippy::cast_precision_loss, reason = "a few letters")]
        let length = arrow.look.name.len() as f32 * LETTER;
        let start = name_x(arrow, frame);
        let (left, right) =
            if arrow.to > arrow.from { (start, start + length) } else { (start - length, start) };
        let line = frame.y(arrow.sent_at) - 8.0;
        let near_now = (line - frame.y(frame.now)).abs() < 12.0 && left < GUTTER;
        let inside = left > GUTTER - 8.0 && right < WIDTH && line > HEAD + 6.0;
        (inside && !near_now).then_some((left, right, line))
    })
}

fn end_of(fate: Fate, from: Point, here: Point) -> Html {
    let transform = here.translate();
    match fate {
        Fate::Arrived => {
            html! { <path class="head" {transform} d={marks::head((from, here), ARROWHEAD)} /> }
        }
        Fate::Lost | Fate::Stopped => {
            html! { <path class="lost" {transform} d={marks::CROSS} /> }
        }
        Fate::Flying => html! { <circle class="dot" {transform} r="4" /> },
        Fate::Ahead => Html::default(),
    }
}

fn write(frame: Frame, bar: &Bar) -> Html {
    let (now, x) = (frame.y(frame.now), frame.x(bar.row));
    let from = frame.y_in(bar.from).min(now);
    // Nobody knows when it ends: it goes on.
    let to = bar.to.map_or(now, |to| frame.y_in(to));
    let rect = |class: &'static str, from: f32, to: f32| {
        html! {
            <rect {class} x={number(x - 5.0)} y={number(from)} width="10"
                height={number((to - from).max(1.0))} rx="2" />
        }
    };
    html! {
        <g class={classes!("fsync", marks::write_class(bar))}>
            if to > now { { rect("open", from, to) } }
            if from < now { { rect("done", from, to.min(now)) } }
        </g>
    }
}

/// True if a later vote of the same server lies over one from this time.
fn is_covered(score: &Score, frame: Frame, mark: &Mark) -> bool {
    score.signs.iter().any(|later| {
        later.row == mark.row
            && later.at > mark.at
            && matches!(later.sign, Sign::Vote(..))
            && frame.y(later.at) - frame.y(mark.at) < 18.0
    })
}

fn sign_at(frame: Frame, mark: &Mark, covered: bool) -> Html {
    let (x, y) = (frame.x(mark.row), frame.y(mark.at));
    if y < HEAD {
        return Html::default();
    }
    let transform = Point { x, y }.translate();
    match mark.sign {
        Sign::Vote(sid, first) => html! {
            <g class={classes!("ballot", (!first).then_some("changed"))} {transform}>
                <path d="M0-10 10 0 0 10-10 0z" />
                if !covered { <text y="4">{ sid }</text> }
            </g>
        },
        Sign::Crash => html! {
            <g class="crash" {transform}>
                <path d="M-5-5 5 5M-5 5 5-5" />
                { beside(x, "crash") }
            </g>
        },
        Sign::Freeze => html! {
            <g class="freezing" {transform}><path d={marks::SNOW} />{ beside(x, "frozen") }</g>
        },
        Sign::Start | Sign::Thaw => html! { <g class="begin" {transform}><path d="M-7 0H7" /></g> },
        Sign::Cut(other) | Sign::Heal(other) => {
            let class = if matches!(mark.sign, Sign::Cut(_)) { "cutting" } else { "healing" };
            html! { <path {class} d={format!("M{} {}H{}", number(x), number(y), number(frame.x(other)))} /> }
        }
    }
}

/// The word beside a sign. At the right edge there is room to the left alone.
fn beside(x: f32, word: &'static str) -> Html {
    if x > WIDTH - 60.0 {
        html! { <text x="-10" y="4" text-anchor="end">{ word }</text> }
    } else {
        html! { <text x="10" y="4">{ word }</text> }
    }
}

/// Who a column is; a press chooses it.
fn head(
    view: &View,
    frame: Frame,
    lane: &Lane,
    column: usize,
    selection: Option<&Selection>,
    order: &Callback<Order>,
) -> Html {
    let frozen = lane.frozen.last().is_some_and(|(_, to)| to.is_none());
    let (chosen, of, mut words, role) = match lane.node {
        NodeId::Server(Sid(sid)) => {
            let role = view.server(sid).map_or(Role::Down, |server| server.role);
            let words = format!("Server {sid}, {}", role.word());
            (Selection::Server(sid), format!("s{sid}"), words, Some(role))
        }
        NodeId::Client(id @ ClientId(number)) => {
            (Selection::Session(id), format!("c{number}"), format!("Client {number}"), None)
        }
    };
    if frozen {
        words.push_str(", frozen");
    }
    let selected = selection == Some(&chosen);
    let class = classes!(
        "head",
        "seat",
        role.map_or("client-head", Role::class),
        selected.then_some("selected")
    );
    let id = format!("head-{}", lane.node);
    let (onclick, onkeydown) =
        crate::scene::pressed(order, move || Order::Select(Some(chosen.clone())));
    let at = Point { x: frame.x(column), y: 32.0 };
    html! {
        <g {class} {id} data-of={of} role="button" tabindex="0" aria-pressed={selected.to_string()}
            aria-label={words} {onclick} {onkeydown} transform={at.translate()}>
            <rect class="reach" x="-22" y="-31" width="44" height="48" />
            <circle class="halo" r="18" />
            <circle class="body" r="13" />
            if let Some(role) = role {
                { sign(role, frozen, "translate(0 -22) scale(.7)") }
            }
            <text class="number" y="5">{ lane.node.to_string() }</text>
        </g>
    }
}

/// True if the rows below the lanes tell of votes.
const fn is_election(spine: &SpineView, view: &View) -> bool {
    spine.votes.len() == view.servers.len()
}

/// What the rows below the lanes are.
const fn rows_below(spine: &SpineView, view: &View) -> [&'static str; 2] {
    if is_election(spine, view) { ["equal", "votes"] } else { ["logged", "applied"] }
}

/// What a participant holds at the line: equal votes, or the end of its log.
fn holds(
    view: &View,
    spine: &SpineView,
    frame: Frame,
    lane: &Lane,
    column: usize,
    bottom: f32,
) -> Html {
    let NodeId::Server(Sid(sid)) = lane.node else { return Html::default() };
    let Some(server) = view.server(sid) else { return Html::default() };
    let (above, below) = match spine.votes.get(column) {
        _ if server.role == Role::Down && is_election(spine, view) => {
            ("down".to_owned(), String::new())
        }
        Some(Some(votes)) if is_election(spine, view) => {
            // More may be equal than are needed.
            let sign = if votes.equal > view.quorum { "≥" } else { "of" };
            (format!("{} {sign} {}", votes.equal, view.quorum), String::new())
        }
        _ => (server.logged.clone(), server.committed.clone()),
    };
    // Where columns are narrow the epoch, which the heads share, is left out.
    let short = |text: String| match text.split_once('.') {
        Some((_, counter)) if frame.columns > 6 => counter.to_owned(),
        _ => text,
    };
    let (above, below) = (short(above), short(below));
    let x = number(frame.x(column));
    html! {
        <g class="held">
            <text {x} y={number(bottom + 16.0)}>{ above }</text>
            <text class="second" x={number(frame.x(column))} y={number(bottom + 32.0)}>{ below }</text>
        </g>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tour::{Pace, Tour};
    use zabscope_core::guide::RUNS;

    #[test]
    fn names_that_are_written_keep_away_from_each_other() {
        for run in 0..RUNS.len() {
            let (mut tour, mut lab) = Tour::begin(run).unwrap();
            tour.go(&mut lab, Pace::Next);
            for _ in 0..300 {
                lab.step();
                let score = Score::of(&lab);
                let frame = Frame { now: score.now, columns: score.lanes.len() };
                let names = named(&score, frame, None);
                let written: Vec<&Arrow> = score
                    .arrows
                    .iter()
                    .zip(names)
                    .filter(|(_, named)| *named)
                    .map(|it| it.0)
                    .collect();
                let span = |arrow: &Arrow| {
                    #[allow(clippy::cast_precision_loss, reason = "a few letters")]
                    let length = arrow.look.name.len() as f32 * LETTER;
                    let start = name_x(arrow, frame);
                    let left = if arrow.to > arrow.from { start } else { start - length };
                    (left, left + length, frame.y(arrow.sent_at))
                };
                for (place, a) in written.iter().enumerate() {
                    for b in &written[place + 1..] {
                        let (a_box, b_box) = (span(a), span(b));
                        let over = a_box.0 < b_box.1 && b_box.0 < a_box.1;
                        assert!(!over || (a_box.2 - b_box.2).abs() >= 18.0, "{a:?} {b:?}");
                    }
                }
            }
        }
    }
}
