//! The pages without a stage.

use super::Shown;
use crate::keys;
use crate::order::{Order, Speech};
use crate::panels::term::words;
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
                Route::Words => words(),
                _ => keys_page(shown),
            } }
        </main>
    }
}

#[inline(never)]
fn keys_page(shown: &Shown) -> Html {
    let switch = gives(&shown.order, Order::Letters(!shown.letters));
    html! {
        <>
            <h1>{ "Keys and settings" }</h1>
            <p class="voice">{ "Every key is also a button. Letters do nothing while you write in a field." }</p>
            <label class="flag"><input type="checkbox" id="letters" checked={shown.letters} onclick={switch} />
                { "Single letters, digits and signs are orders" }</label>
            <label class="flag"><input type="checkbox" id="motion" checked={shown.motion}
                onclick={gives(&shown.order, Order::Motion(!shown.motion))} />
                { "Messages travel; without, they stand as arrows and time goes from event to event" }</label>
            <fieldset class="speech">
                <legend>{ "While time passes, a screen reader is told" }</legend>
                { for Speech::ALL.map(|(speech, words)| html! {
                    <label class="flag"><input type="radio" name="speech" checked={speech == shown.speech}
                        onclick={gives(&shown.order, Order::Speech(speech))} />{ words }</label>
                }) }
            </fieldset>
            <dl class="key-list">{ for keys::LIST.map(|(keys, words)| html! {
                <div><dt>{ for keys.split(' ').map(|key| html! { <kbd>{ key }</kbd> }) }</dt><dd>{ words }</dd></div>
            }) }</dl>
            <p><a class="other" href="#/words">{ "Words of the guided runs" }</a>{ " " }
                <a class="other" href="#/play">{ "Open the playground" }</a></p>
        </>
    }
}
