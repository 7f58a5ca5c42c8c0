//! The command line of the chosen client.

use crate::console::{Console, Typed};
use crate::order::Order;
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use zabscope_core::base::ClientId;

/// What the command line is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct CommandLineProps {
    /// What stands in it.
    pub console: Rc<Console>,
    /// Who asks.
    pub client: ClientId,
    /// Where it goes.
    pub order: Callback<Order>,
}

/// A field for commands, what would go on from there, and what the page itself says.
#[component]
pub fn CommandLine(props: &CommandLineProps) -> Html {
    let CommandLineProps { console, client, order } = props;
    let gives = |order: &Callback<Order>, typed| order.emit(Order::Type(typed));
    let oninput = {
        let order = order.clone();
        Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                gives(&order, Typed::Edit(input.value()));
            }
        })
    };
    let onkeydown = {
        let (order, grows) = (order.clone(), console.grows);
        Callback::from(move |event: KeyboardEvent| {
            let plain = !event.shift_key() && !event.ctrl_key() && !event.alt_key();
            let typed = match event.key().as_str() {
                "ArrowUp" => Typed::Older,
                "ArrowDown" => Typed::Newer,
                // With nothing to add, Tab goes on to the next control.
                "Tab" if plain && grows => Typed::Complete,
                _ => return,
            };
            event.prevent_default();
            gives(&order, typed);
        })
    };
    let onsubmit = {
        let order = order.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            gives(&order, Typed::Enter);
        })
    };
    html! {
        <form class="command" {onsubmit}>
            <label for="command">{ format!("c{}>", client.0) }</label>
            <input type="text" id="command" aria-label={format!("Command of client {}", client.0)}
                placeholder="get /hello, or help" value={console.line.clone()} {oninput} {onkeydown}
                aria-describedby="command-offers" aria-invalid={console.failed.to_string()}
                spellcheck="false" autocomplete="off" autocapitalize="off" />
            <p class="offers" id="command-offers">{ console.offered.join("  ") }</p>
            if !console.said.is_empty() {
                <ul class={classes!("console-said", console.failed.then_some("bad"))} id="command-said"
                    tabindex="0" aria-label="The command line says">
                    { for console.said.iter().map(|line| html! { <li>{ line }</li> }) }
                </ul>
            }
        </form>
    }
}
