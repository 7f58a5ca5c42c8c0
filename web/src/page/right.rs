//! The right column: what is chosen, and why it is so.

use super::Shown;
use crate::panels::acts::Acts;
use crate::panels::chain::chain;
use crate::panels::inspector::Inspector;
use yew::prelude::*;

/// The column.
#[component]
pub fn Right(shown: &Shown) -> Html {
    let (view, order) = (&shown.view, &shown.order);
    let acts = shown.possible.as_ref().map(|possible| {
        html! {
            <Acts view={view.clone()} selection={shown.selection.clone()}
                possible={possible.clone()} side={shown.side.clone()}
                playing={shown.run.playing} permits={shown.permits.clone()} order={order.clone()} />
        }
    });
    html! {
        <>
            <Inspector view={view.clone()} selection={shown.selection.clone()}
                details={shown.details.clone()} {acts} order={order.clone()} />
            { chain(&shown.details.chain, shown.run.index, order) }
            { shown.why.clone() }
        </>
    }
}
