//! The pages without a stage.

use super::Shown;
use crate::keys;
use crate::order::Order;
use crate::panels::{gives, ways};
use crate::route::Route;
use yew::prelude::*;

/// A page of text.
#[component]
pub fn Text(shown: &Shown) -> Html {
    html! {
        <main class="text" id="main" tabindex="-1">
            { match shown.route {
                Route::Real => ways::real(),
                Route::Cluster => ways::cluster(),
                _ => keys_page(shown),
            } }
        </main>
    }
}

fn keys_page(shown: &Shown) -> Html {
    let switch = gives(&shown.order, Order::Letters(!shown.letters));
    html! {
        <>
            <h1>{ "Keys" }</h1>
            <p class="voice">{ "Every key is also a button. Letters do nothing while you write in a field." }</p>
            <label class="flag"><input type="checkbox" id="letters" checked={shown.letters} onclick={switch} />
                { "Single letters, digits and signs are orders" }</label>
            <dl class="key-list">{ for keys::LIST.map(|(keys, words)| html! {
                <div><dt>{ for keys.split(' ').map(|key| html! { <kbd>{ key }</kbd> }) }</dt><dd>{ words }</dd></div>
            }) }</dl>
            <p><a class="other" href="#/play">{ "Open the playground" }</a></p>
        </>
    }
}
