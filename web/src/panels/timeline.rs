//! Time: play, step, scrub, speed, and the futures of the run.

use super::gives;
use super::share::Share;
use super::strip::RunStrip;
use crate::lab::StopAt;
use crate::lab::find::Wanted;
use crate::message::node_name;
use crate::order::{Order, Selection};
use crate::run_view::{BranchView, RunView};
use crate::share::Shared;
use crate::travel::{Travel, ratio_text};
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;
use zabscope_core::base::{NodeId, Sid};

/// What the timeline is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct TimelineProps {
    /// Back and Next of a guided run, on a narrow page.
    pub turn: Option<Html>,
    /// The run.
    pub run: RunView,
    /// What is chosen: its own events can be stepped through.
    pub selection: Option<Selection>,
    /// Where the clock is written, outside of Yew's sight.
    pub clock: NodeRef,
    /// Links and files.
    pub shared: Shared,
    /// The branch that is looked at.
    pub branch: u32,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The stop conditions: value, words, what it is.
const STOPS: [(&str, &str, StopAt); 4] = [
    ("never", "play on", StopAt::Never),
    ("commit", "until a commit", StopAt::Commit),
    ("leader", "until a leader serves", StopAt::Leader),
    ("phase", "until the phase changes", StopAt::Phase),
];

fn travel(order: &Callback<Order>, travel: Travel) -> Callback<MouseEvent> {
    gives(order, Order::Travel(travel))
}

/// A callback with the text of the field that changed.
pub(super) fn with_text(
    order: &Callback<Order>,
    make: impl Fn(String) -> Option<Order> + 'static,
) -> Callback<Event> {
    let order = order.clone();
    Callback::from(move |event: Event| {
        let input = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value());
        let value =
            input.or_else(|| event.target_dyn_into::<HtmlSelectElement>().map(|list| list.value()));
        if let Some(wanted) = value.and_then(&make) {
            order.emit(wanted);
        }
    })
}

fn step(id: &'static str, label: &str, path: &'static str, onclick: Callback<MouseEvent>) -> Html {
    html! {
        <button class="step" {id} aria-label={label.to_owned()} title={label.to_owned()} {onclick}>
            <svg viewBox="-10 -10 20 20" aria-hidden="true"><path d={path} /></svg>
        </button>
    }
}

/// The bar at the bottom. Most of it stays as it is while time passes: those parts are components
/// of their own, which are drawn again only when something of theirs changes.
#[component]
pub fn Timeline(props: &TimelineProps) -> Html {
    let TimelineProps { turn, run, selection, clock, shared, branch, order } = props;
    let link = shared.link.as_ref().filter(|link| (link.0, link.1) == (*branch, run.index));
    html! {
        <footer class="timeline" aria-label="Time">
            { turn.clone() }
            <Transport playing={run.playing} order={order.clone()} />
            <div class="when">
                <b class="clock" id="clock" ref={clock.clone()}></b>
                <span class="second" id="event">
                    { format!("event {} of {}", run.index, run.end) }</span>
            </div>
            <div class="scrub">
                <RunStrip run={run.clone()} order={order.clone()} />
                <p class="step-text" id="step">{ &run.step }</p>
                <p class="notice" id="notice">{ &run.notice }</p>
            </div>
            <Speed speed={run.speed} order={order.clone()} />
            <Ways selection={selection.clone()} stop={run.stop} skip_idle={run.skip_idle}
                branches={run.branches.clone()} earlier={run.earlier.clone()} can_undo={run.can_undo} can_redo={run.can_redo}
                link={link.map(|link| link.2.clone())} order={order.clone()} />
        </footer>
    }
}

/// What the buttons of the transport are drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct TransportProps {
    /// Time passes.
    playing: bool,
    /// Where clicks go.
    order: Callback<Order>,
}

/// Play, and a step in either direction.
#[component]
pub fn Transport(props: &TransportProps) -> Html {
    let TransportProps { playing, order } = props;
    let play = if *playing { "Pause" } else { "Play" };
    html! {
        <div class="transport">
            { step("phase-back", "To the previous change of phase", "M-8-7V7H-6V-7zM1-7V7L-6 0zM9-7V7L2 0z",
                travel(order, Travel::Previous(Wanted::Phase))) }
            { step("back", "One event back", "M-7-7V7H-4.5V-7zM6-7V7L-4 0z",
                gives(order, Order::Back)) }
            <button class="play" id="play" aria-label={play} onclick={gives(order, Order::Toggle)}>
                <svg viewBox="-10 -10 20 20" aria-hidden="true">
                    if *playing { <path d="M-6-8H-1.5V8H-6zM1.5-8H6V8H1.5z" /> }
                    else { <path d="M-5-8.5 9 0-5 8.5z" /> }
                </svg>
            </button>
            { step("forward", "One event forward", "M7-7V7H4.5V-7zM-6-7V7L4 0z",
                gives(order, Order::Forward)) }
            { step("phase-forward", "To the next change of phase", "M8-7V7H6V-7zM-1-7V7L6 0zM-9-7V7L-2 0z",
                travel(order, Travel::Next(Wanted::Phase))) }
        </div>
    }
}

/// What the speed is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct SpeedProps {
    /// Place in [`crate::travel::SPEEDS`].
    speed: usize,
    /// Where clicks go.
    order: Callback<Order>,
}

/// The speed, with the ratio in words.
#[component]
pub fn Speed(props: &SpeedProps) -> Html {
    let SpeedProps { speed, order } = props;
    html! {
        <div class="speed" role="group" aria-label="Speed">
            <button class="step" id="slower" aria-label="Slower"
                onclick={gives(order, Order::Faster(false))}>{ "−" }</button>
            <span id="ratio">{ ratio_text(*speed) }</span>
            <button class="step" id="faster" aria-label="Faster"
                onclick={gives(order, Order::Faster(true))}>{ "+" }</button>
        </div>
    }
}

/// What the lower row is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct WaysProps {
    /// What is chosen.
    selection: Option<Selection>,
    /// Where playing ends.
    stop: StopAt,
    /// Heartbeats are passed quickly.
    skip_idle: bool,
    /// All branches.
    branches: Rc<[BranchView]>,
    /// Runs before this one, in words.
    earlier: Rc<[String]>,
    /// There is an act to undo.
    can_undo: bool,
    /// There is an undo to take back.
    can_redo: bool,
    /// The link of this moment, if it was made.
    link: Option<String>,
    /// Where clicks go.
    order: Callback<Order>,
}

/// Other ways through time, the futures, and the ways out of the page.
#[component]
pub fn Ways(props: &WaysProps) -> Html {
    let WaysProps { selection, stop, skip_idle, link, order, .. } = props;
    let go = with_text(order, |text| Some(Order::Travel(Travel::Go(text))));
    // Who has gone there goes on with the keys of time.
    let onplace = Callback::from(move |event: Event| {
        let field = event.target_dyn_into::<HtmlInputElement>();
        go.emit(event);
        field.map(|field| field.blur());
    });
    html! {
        <div class="ways" role="group" aria-label="More of time">
            <input class="goto" id="goto" placeholder="12.05s, +3s, e2.c7" onchange={onplace}
                aria-label="Go to a time, a zxid or an event: 12.05s, +3s, e2.c7, 0x200000007, 120" />
            { own_events(selection.as_ref(), order) }
            { stops(*stop, order) }
            { heartbeats(*skip_idle, order) }
            { branches(props) }
            <Share link={link.clone()} order={order.clone()} />
        </div>
    }
}

/// The events of the chosen server or client.
fn own_events(selection: Option<&Selection>, order: &Callback<Order>) -> Html {
    let Some(node) = selection.and_then(Selection::node) else {
        return html! { <span class="own"></span> };
    };
    let (own, name) = (Wanted::By(node), node_name(node));
    html! {
        <span class="own" role="group" aria-label={format!("Events of {name}")}>
            { step("own-back", &format!("Previous event of {name}"), "M6-7V7L-4 0z",
                travel(order, Travel::Previous(own))) }
            { match node {
                NodeId::Server(Sid(sid)) => sid.to_string(),
                NodeId::Client(_) => node.to_string(),
            } }
            { step("own-forward", &format!("Next event of {name}"), "M-6-7V7L4 0z",
                travel(order, Travel::Next(own))) }
        </span>
    }
}

fn stops(chosen: StopAt, order: &Callback<Order>) -> Html {
    let onchange = with_text(order, |value| {
        let stop = STOPS.iter().find(|(name, ..)| *name == value)?.2;
        Some(Order::Travel(Travel::StopAt(stop)))
    });
    html! {
        <select id="stop" aria-label="Play" {onchange}>
            { for STOPS.iter().map(|(value, words, stop)| html! {
                <option value={*value} selected={*stop == chosen}>{ *words }</option> }) }
        </select>
    }
}

fn heartbeats(skip_idle: bool, order: &Callback<Order>) -> Html {
    html! {
        <label class="second">
            <input type="checkbox" id="skip" checked={skip_idle}
                onclick={gives(order, Order::SkipIdle(!skip_idle))} />
            { "skip heartbeats" }
        </label>
    }
}

/// The list of branches, and what leads from one to the other.
fn branches(props: &WaysProps) -> Html {
    let WaysProps { branches, earlier, can_undo, can_redo, order, .. } = props;
    let here = branches.iter().find(|branch| branch.here);
    let name = here.map_or_else(String::new, |branch| branch.name.clone());
    let rename = here.map(|branch| branch.id);
    let onrename = with_text(order, move |text| Some(Order::Travel(Travel::Rename(rename?, text))));
    html! {
        <>
            <button class="plain" id="undo" aria-disabled={(!can_undo).to_string()}
                onclick={travel(order, Travel::Undo)}>{ "Undo" }</button>
            <button class="plain" id="redo" aria-disabled={(!can_redo).to_string()}
                onclick={travel(order, Travel::Redo)}>{ "Redo" }</button>
            <details class="branches" id="branches" name="sheets">
                <summary id="branches-open">{ format!("{name} ({} of {})",
                    branches.iter().position(|branch| branch.here).map_or(0, |at| at + 1),
                    branches.len()) }</summary>
                <div class="sheet">
                    <ul>
                        { for branches.iter().map(|branch| html! {
                            <li key={branch.id.0}>
                                <button class="choice" id={format!("branch-{}", branch.id.0)}
                                    aria-pressed={branch.here.to_string()}
                                    onclick={travel(order, Travel::Branch(branch.id))}>
                                    { &branch.name }</button>
                                <span class="second">{ &branch.about }</span>
                            </li>
                        }) }
                    </ul>
                    if !earlier.is_empty() {
                        <p class="second">{ "Runs before this one" }</p>
                        <ul id="earlier">
                            { for earlier.iter().enumerate().map(|(place, words)| html! {
                                <li><button class="choice" id={format!("earlier-{place}")}
                                    onclick={gives(order, Order::Again(place))}>{ words }</button></li>
                            }) }
                        </ul>
                    }
                    <label class="second">{ "Name of this branch " }
                        <input id="rename" maxlength="40" value={name} onchange={onrename} /></label>
                </div>
            </details>
        </>
    }
}
