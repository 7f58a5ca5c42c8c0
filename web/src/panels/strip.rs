//! The whole run in one line: phases, what was done, where heartbeats were left out; and the
//! slider through it.

use crate::lab::Stage;
use crate::order::Order;
use crate::run_view::{RunView, Strip};
use crate::travel::Travel;
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// What the strip is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct RunStripProps {
    /// The run.
    pub run: RunView,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// Share of the width below which a band is not drawn: a thousandth.
const BAND_SHARE_MIN: u32 = 1000;

/// A place on the scale: the style makes it a share of the length, which alone changes as the run
/// grows.
fn at(place: u32) -> String {
    format!("--at:{place}")
}

/// What the marks are drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
struct MarksProps {
    strip: Rc<Strip>,
}

/// What was left out, and what was done: the same until somebody acts.
#[component]
fn Marks(props: &MarksProps) -> Html {
    html! {
        <>
            { for props.strip.folds.iter().map(|(place, words)| html! {
                <i class="fold" style={at(*place)}
                    title={format!("{words} of heartbeats")}>{ "//" }</i> }) }
            { for props.strip.marks.iter().map(|(place, words)| html! {
                <i class="mark" style={at(*place)} title={words.clone()}></i> }) }
        </>
    }
}

/// Band, marks, slider.
#[component]
pub fn RunStrip(props: &RunStripProps) -> Html {
    let RunStripProps { run, order } = props;
    let oninput = {
        let order = order.clone();
        Callback::from(move |event: InputEvent| {
            let value = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value());
            if let Some(place) = value.and_then(|value| value.parse().ok()) {
                order.emit(Order::Travel(Travel::Place(place)));
            }
        })
    };
    let strip = &run.strip;
    let ends = strip.bands.iter().skip(1).map(|(place, _)| *place).chain([run.places]);
    let bands = strip
        .bands
        .iter()
        .zip(ends)
        .filter(|((from, _), to)| to.saturating_sub(*from) * BAND_SHARE_MIN >= run.places);
    html! {
        <div class="strip">
            <div class="bands" aria-hidden="true" style={format!("--places:{}", run.places)}>
                { for bands.map(|((from, stage), _)| html! {
                    <i class={classes!("band", stage.word())} style={at(*from)}
                        title={stage.word()}></i> }) }
                <Marks strip={run.strip.clone()} />
            </div>
            <input type="range" id="slider" min="0" max={run.places.to_string()}
                value={run.place.to_string()} aria-label="Moment of the run"
                aria-valuetext={format!("event {} of {}, {}, {}", run.index, run.end, run.at,
                    stage_at(run).word())} {oninput} />
        </div>
    }
}

/// The stage at the cursor.
fn stage_at(run: &RunView) -> Stage {
    let bands = &run.strip.bands;
    let next = bands.partition_point(|(place, _)| *place <= run.place);
    next.checked_sub(1).and_then(|at| bands.get(at)).map_or(Stage::Election, |(_, stage)| *stage)
}
