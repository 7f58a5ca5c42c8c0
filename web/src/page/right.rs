//! The right column: what is chosen, and the figure that decides.

use super::Shown;
use crate::panels::inspector::Inspector;
use yew::prelude::*;

/// The column.
#[component]
pub fn Right(shown: &Shown) -> Html {
    html! {
        <Inspector view={shown.view.clone()} selection={shown.selection}
            order={shown.order.clone()} />
    }
}
