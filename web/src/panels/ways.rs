//! The ways in: a guided run, free play, a real cluster; and what is real here.

use super::lesson;
use crate::route::Route;
use yew::prelude::*;

/// Below the headline of the first screen.
pub fn first() -> Html {
    html! {
        <nav class="entries" aria-label="Ways in">
            <section>
                <h2>{ "Learn, in two minutes" }</h2>
                { lesson::list() }
            </section>
            <section>
                <h2><a id="to-play" href={Route::Play.fragment()}>{ "Play, without a script" }</a></h2>
                <p>{ "Ask as a client, break what you like, and take every step back." }</p>
            </section>
            <section>
                <h2><a id="to-cluster" href={Route::Cluster.fragment()}>{ "Run a real cluster" }</a></h2>
                <p>{ "The same engine serves ordinary ZooKeeper clients over TCP." }</p>
            </section>
        </nav>
    }
}

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
