//! What led to what is chosen, as a list to walk along: the arrow keys go from cause to effect,
//! Enter goes to the moment.

use super::gives;
use crate::order::Order;
use crate::spine::chain::Link;
use crate::view::time_text;
use yew::prelude::*;

/// The list; nothing if there is nothing behind it. `here` is the moment that is looked at.
#[inline(never)]
pub fn chain(links: &[Link], here: u64, order: &Callback<Order>) -> Html {
    if links.is_empty() {
        return Html::default();
    }
    html! {
        <section class="chain" aria-labelledby="chain-title">
            <h2 id="chain-title">{ "What led to it" }</h2>
            <ol id="chain">
                { for links.iter().map(|link| one(link, link.step + 1 == here, order)) }
            </ol>
            <p class="second">
                { "Cause above, effect below. " }<kbd>{ "←" }</kbd><kbd>{ "→" }</kbd>
                { " walk, " }<kbd>{ "Enter" }</kbd>{ " goes there." }
            </p>
        </section>
    }
}

fn one(link: &Link, is_here: bool, order: &Callback<Order>) -> Html {
    html! {
        <li key={link.step}>
            <button class="cause" aria-current={is_here.then_some("step")}
                data-of={link.message.map(|id| format!("m{id}"))}
                onclick={gives(order, Order::Trace(link.step))}>
                <span class="second">{ time_text(link.at) }</span>
                <span>{ &link.text }</span>
            </button>
        </li>
    }
}
