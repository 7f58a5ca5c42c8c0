//! The middle column of the spine, as far as Yew knows it: the place of the ruler and of the
//! lanes, with the keys and clicks. What is in them is drawn by [`super::diagram`].

use super::pitch;
use super::walk::Toward;
use crate::order::{Order, Selection};
use crate::scene::hover;
use yew::prelude::*;

/// What the lanes are made from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct LanesProps {
    /// How many there are.
    pub rows: usize,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// Times above the lanes.
#[component]
pub fn Ruler() -> Html {
    html! { <svg class="ruler" id="ruler" width="100%" height="28" role="presentation"></svg> }
}

/// The lanes.
#[component]
pub fn Lanes(props: &LanesProps) -> Html {
    let LanesProps { rows, order } = props;
    let height = rows * pitch(*rows) as usize;
    let choose = {
        let order = order.clone();
        Callback::from(move |event: MouseEvent| {
            if let Some(id) = hover::message(&event) {
                order.emit(Order::Select(Some(Selection::Message(id))));
            }
        })
    };
    html! {
        <div class="lanes" id="lanes" tabindex="0" role="listbox" aria-label="Messages in time"
            onkeydown={keys(order)} onclick={choose}>
            <svg width="100%" height={height.to_string()} role="presentation"></svg>
        </div>
    }
}

pub(super) fn keys(order: &Callback<Order>) -> Callback<KeyboardEvent> {
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
