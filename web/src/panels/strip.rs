//! The whole run in one line: phases, what was done, where heartbeats were left out; and the
//! slider through it.

use crate::lab::Stage;
use crate::order::Order;
use crate::run_view::RunView;
use crate::travel::Travel;
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

/// A place on the scale as a share of the width.
fn left(place: u32, places: u32) -> String {
    let share = u64::from(place.min(places)) * 10_000 / u64::from(places.max(1));
    format!("left:{}.{:02}%", share / 100, share % 100)
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
            <div class="bands" aria-hidden="true">
                { for bands.map(|((from, stage), _)| html! {
                    <i class={classes!("band", stage.word())} style={left(*from, run.places)}
                        title={stage.word()}></i> }) }
                { for strip.folds.iter().map(|(place, words)| html! {
                    <i class="fold" style={left(*place, run.places)}
                        title={format!("{words} of heartbeats")}>{ "//" }</i> }) }
                { for strip.marks.iter().map(|(place, words)| html! {
                    <i class="mark" style={left(*place, run.places)} title={words.clone()}></i> }) }
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
