//! The right column: what is chosen, and why it is so. Why a server is so stands before the long list
//! of what it knows.

use super::Shown;
use crate::order::Selection;
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
    let is_server = matches!(shown.selection, Some(Selection::Server(_)));
    let (before, behind) =
        if is_server { (shown.why.clone(), None) } else { (None, shown.why.clone()) };
    let acts = (acts.is_some() || before.is_some()).then(|| html! { <>{ acts }{ before }</> });
    html! {
        <>
            <Inspector view={view.clone()} selection={shown.selection.clone()}
                details={shown.details.clone()} {acts} order={order.clone()} />
            { chain(&shown.details.chain, shown.run.index, order) }
            { behind }
        </>
    }
}
