//! Pages of text: a real cluster, and what is real here.

use yew::prelude::*;

/// How to start a real cluster.
pub fn cluster() -> Html {
    page(include_str!("cluster.html"))
}

/// What is simplified on this page.
pub fn real() -> Html {
    page(include_str!("real.html"))
}

/// Text that never changes costs a tenth as a piece of markup of what it costs as code.
fn page(markup: &'static str) -> Html {
    Html::from_html_unchecked(AttrValue::Static(markup))
}
