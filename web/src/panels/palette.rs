//! The list of all orders, over the page.

use crate::order::Order;
use crate::palette::{Palette, Pick};
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// What the list is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct PaletteListProps {
    /// The open list.
    pub palette: Rc<Palette>,
    /// Where what is done goes.
    pub order: Callback<Order>,
}

/// A field to filter with, and what fits.
#[component]
pub fn PaletteList(props: &PaletteListProps) -> Html {
    let PaletteListProps { palette, order } = props;
    let pick = {
        let order = order.clone();
        move |pick| order.emit(Order::Pick(pick))
    };
    let oninput = {
        let pick = pick.clone();
        Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                pick(Pick::Filter(input.value()));
            }
        })
    };
    let onkeydown = {
        let pick = pick.clone();
        Callback::from(move |event: KeyboardEvent| {
            let picked = match event.key().as_str() {
                "ArrowDown" => Pick::Move(true),
                "ArrowUp" => Pick::Move(false),
                "Enter" => Pick::Done,
                // The field is all that the list has for the keyboard, so Tab ends it.
                "Escape" | "Tab" => Pick::Close,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            pick(picked);
        })
    };
    let close = {
        let pick = pick.clone();
        Callback::from(move |_: MouseEvent| pick(Pick::Close))
    };
    let shown = palette.shown();
    let active = format!("order-{}", palette.at);
    html! {
        <div class="over" onclick={close}>
            <div class="palette" role="dialog" aria-modal="true" aria-label="All orders"
                onclick={Callback::from(|event: MouseEvent| event.stop_propagation())}>
                <input id="palette" role="combobox" aria-expanded="true" aria-controls="palette-list"
                    aria-activedescendant={(!shown.is_empty()).then_some(active)}
                    aria-label="Filter of all orders" aria-autocomplete="list"
                    placeholder="What do you want to do?" value={palette.filter.clone()}
                    spellcheck="false" autocomplete="off" {oninput} {onkeydown} />
                <ul id="palette-list" role="listbox" aria-label="Orders">
                    { for shown.iter().enumerate().map(|(place, item)| {
                        let pick = pick.clone();
                        html! {
                            <li id={format!("order-{place}")} role="option"
                                aria-selected={(place == palette.at).to_string()}
                                onclick={Callback::from(move |_: MouseEvent| pick(Pick::One(place)))}>
                                { words(&item.words) }
                                if !item.key.is_empty() { <kbd>{ item.key }</kbd> }
                            </li>
                        }
                    }) }
                </ul>
                if shown.is_empty() { <p class="hint">{ "No order has these words." }</p> }
                <p class="second ends" aria-hidden="true">
                    <kbd>{ "↑" }</kbd><kbd>{ "↓" }</kbd>{ " move " }<kbd>{ "Enter" }</kbd>
                    { " does it " }<kbd>{ "Esc" }</kbd>{ " closes" }
                </p>
            </div>
        </div>
    }
}

/// An order in words: first what it is about, then what it does.
fn words(words: &str) -> Html {
    match words.split_once(": ") {
        Some((about, rest)) => html! {
            <span><span class="about">{ format!("{about}: ") }</span>{ rest }</span>
        },
        None => html! { <span>{ words }</span> },
    }
}
