//! Time: play, step, scrub, speed.

use super::gives;
use crate::app::Order;
use crate::view::View;
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// How many times slower than the servers' time, from slow to fast.
pub const SPEEDS: [u32; 8] = [1000, 300, 100, 50, 20, 10, 3, 1];
/// Place of the first speed.
pub const SPEED_DEFAULT: usize = 4;

/// What the timeline is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct TimelineProps {
    /// The moment.
    pub view: Rc<View>,
    /// Time passes.
    pub playing: bool,
    /// Place in [`SPEEDS`].
    pub speed: usize,
    /// Heartbeats are passed quickly.
    pub skip_idle: bool,
    /// They are right now.
    pub idle: bool,
    /// The run is as long as it may be.
    pub full: bool,
    /// Where the clock is written, outside of Yew's sight.
    pub clock: NodeRef,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The ratio in words.
#[must_use]
pub fn ratio_text(speed: usize) -> String {
    match SPEEDS.get(speed) {
        Some(1) | None => "1 s of theirs takes 1 s".to_owned(),
        Some(ratio) => format!("1 s of theirs takes {ratio} s"),
    }
}

/// What a person has to know about the moment, in a few words.
fn notice(props: &TimelineProps) -> String {
    let TimelineProps { view, idle, full, .. } = props;
    if *full {
        "This run is as long as it may be: go back, or start a new one.".to_owned()
    } else if view.index < view.end {
        "In the past: what you do here replaces what came after.".to_owned()
    } else if *idle {
        "Only heartbeats: ten times as fast.".to_owned()
    } else {
        String::new()
    }
}

/// The bar at the bottom.
#[component]
pub fn Timeline(props: &TimelineProps) -> Html {
    let TimelineProps { view, playing, speed, skip_idle, clock, order, .. } = props;
    let oninput = {
        let order = order.clone();
        Callback::from(move |event: InputEvent| {
            let value = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value());
            if let Some(index) = value.and_then(|value| value.parse().ok()) {
                order.emit(Order::Seek(index));
            }
        })
    };
    let onchange = {
        let order = order.clone();
        Callback::from(move |event: Event| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                order.emit(Order::SkipIdle(input.checked()));
            }
        })
    };
    let play = if *playing { "Pause" } else { "Play" };
    let event = format!("event {} of {}", view.index, view.end);
    html! {
        <footer class="timeline" aria-label="Time">
            <div class="transport">
                <button class="step" id="back" aria-label="One event back"
                    onclick={gives(order, Order::Back)}>
                    <svg viewBox="-10 -10 20 20" aria-hidden="true"><path d="M-7-7V7H-4.5V-7zM6-7V7L-4 0z" /></svg>
                </button>
                <button class="play" id="play" aria-label={play} onclick={gives(order, Order::Toggle)}>
                    <svg viewBox="-10 -10 20 20" aria-hidden="true">
                        if *playing { <path d="M-6-8H-1.5V8H-6zM1.5-8H6V8H1.5z" /> }
                        else { <path d="M-5-8.5 9 0-5 8.5z" /> }
                    </svg>
                </button>
                <button class="step" id="forward" aria-label="One event forward"
                    onclick={gives(order, Order::Forward)}>
                    <svg viewBox="-10 -10 20 20" aria-hidden="true"><path d="M7-7V7H4.5V-7zM-6-7V7L4 0z" /></svg>
                </button>
            </div>
            <div class="when">
                <b class="clock" id="clock" ref={clock.clone()}></b>
                <span class="second" id="event">{ &event }</span>
            </div>
            <div class="scrub">
                <input type="range" id="slider" min="0" max={view.end.to_string()}
                    value={view.index.to_string()} aria-label="Event of the run"
                    aria-valuetext={format!("{event}, {}", view.last_at)} {oninput} />
                <p class="step-text" id="step">{ &view.step }</p>
                <p class="notice" id="notice">{ notice(props) }</p>
            </div>
            <div class="speed" role="group" aria-label="Speed">
                <button class="step" id="slower" aria-label="Slower"
                    onclick={gives(order, Order::Faster(false))}>{ "−" }</button>
                <span id="ratio">{ ratio_text(*speed) }</span>
                <button class="step" id="faster" aria-label="Faster"
                    onclick={gives(order, Order::Faster(true))}>{ "+" }</button>
                <label class="second">
                    <input type="checkbox" id="skip" checked={*skip_idle} {onchange} />
                    { "heartbeats quickly" }
                </label>
            </div>
        </footer>
    }
}
