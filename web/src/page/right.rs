//! The right column: what is chosen, why it is so, and what happened.

use super::Shown;
use crate::order::Tab;
use crate::panels::inspector::Inspector;
use crate::panels::log::Log;
use yew::prelude::*;

/// The column.
#[component]
pub fn Right(shown: &Shown) -> Html {
    let (view, order) = (&shown.view, &shown.order);
    html! {
        <>
            <Inspector view={view.clone()} selection={shown.selection}
                details={shown.details.clone()} order={order.clone()} />
            { shown.why.clone() }
            if shown.tab != Tab::Events { <Log view={view.clone()} order={order.clone()} /> }
        </>
    }
}
