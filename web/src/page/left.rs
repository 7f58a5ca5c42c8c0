//! The left column: narration in a guided run, else what can be done.

use super::Shown;
use crate::order::Order;
use crate::panels::client::ClientPanel;
use crate::panels::controls::Headline;
use crate::panels::gives;
use yew::prelude::*;

/// The column.
#[component]
pub fn Left(shown: &Shown) -> Html {
    if let Some(lesson) = &shown.lesson {
        return lesson.clone();
    }
    html! {
        <>
            <Headline view={shown.view.clone()} order={shown.order.clone()} />
            { ensemble(shown) }
            <ClientPanel view={shown.view.clone()} chosen={shown.client}
                playing={shown.run.playing} order={shown.order.clone()} />
        </>
    }
}

/// Which ensemble, and a new run of it.
fn ensemble(shown: &Shown) -> Html {
    let Shown { voters, seed, order, .. } = shown;
    html! {
        <div class="run" role="group" aria-label="The run">
            <span class="second" id="servers-label">{ "Servers" }</span>
            { for [3_u8, 5, 7].map(|count| html! {
                <button class="choice" id={format!("voters-{count}")}
                    aria-pressed={(count == *voters).to_string()}
                    aria-label={format!("A new run with {count} servers")}
                    onclick={gives(order, Order::Run(count, *seed))}>{ count }</button>
            }) }
            <button class="plain" id="new-run" aria-label="A new run with another seed"
                onclick={gives(order, Order::Run(*voters, seed + 1))}>{ "New run" }</button>
            <span class="second">{ format!("seed {seed}") }</span>
        </div>
    }
}
