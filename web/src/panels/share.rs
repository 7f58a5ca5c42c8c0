//! The link of this moment, the file, and what was wrong with what somebody opened.

use super::gives;
use crate::order::Order;
use crate::share::{LINK_MAX, Shared, Sharing, browser};
use wasm_bindgen::JsCast;
use web_sys::{HtmlDetailsElement, HtmlInputElement};
use yew::prelude::*;

/// What the message is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct ShareProps {
    /// What there is to show.
    pub shared: Shared,
    /// Where clicks go.
    pub order: Callback<Order>,
}

fn share(order: &Callback<Order>, sharing: Sharing) -> Callback<MouseEvent> {
    gives(order, Order::Share(sharing))
}

/// Gives a chosen or dropped file to the page.
pub fn take_file(file: web_sys::File, order: &Callback<Order>) {
    let order = order.clone();
    browser::read(file, Callback::from(move |sharing| order.emit(Order::Share(sharing))));
}

/// What the sheet is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct SheetProps {
    /// The link of this moment, if it was made.
    pub link: Option<String>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// A button that opens the sheet.
#[component]
pub fn Share(props: &SheetProps) -> Html {
    let SheetProps { link, order } = props;
    let ontoggle = {
        let order = order.clone();
        Callback::from(move |event: Event| {
            let details = event.target().and_then(|target| target.dyn_into().ok());
            if details.is_some_and(|details: HtmlDetailsElement| details.open()) {
                order.emit(Order::Share(Sharing::Make));
            }
        })
    };
    let onfile = {
        let order = order.clone();
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                take_file(file, &order);
            }
            // The same file can be chosen again.
            input.set_value("");
        })
    };
    html! {
        <details class="branches share" id="share" name="sheets" {ontoggle}>
            <summary id="share-open">{ "Share" }</summary>
            <div class="sheet">
                <h2>{ "This exact run, at this moment" }</h2>
                if let Some(link) = link {
                    if link.len() <= LINK_MAX {
                        <div class="row">
                            <input id="link" readonly=true value={link.clone()} aria-label="Link" />
                            <button class="other" id="copy-link"
                                onclick={share(order, Sharing::Copy)}>{ "Copy" }</button>
                        </div>
                        <p class="second">{ format!("{} characters; everything is in the link, no \
                            server keeps it.", link.len()) }</p>
                    } else {
                        <p class="second" id="link-too-long">{ format!("The run is too long for a link \
                            ({} characters, {LINK_MAX} fit): save it as a file.", link.len()) }</p>
                    }
                } else {
                    <button class="other" id="make-link" onclick={share(order, Sharing::Make)}>
                        { "Link to this moment" }</button>
                }
                <div class="row">
                    <button class="other" id="save-file" onclick={share(order, Sharing::Save)}>
                        { "Save as a file" }</button>
                    <label class="second">{ "Open a file " }
                        <input type="file" id="open-file" accept=".jsonl,.txt" onchange={onfile} />
                    </label>
                </div>
                <p class="second">{ "Or drop a file anywhere on the page." }</p>
            </div>
        </details>
    }
}

/// What is to be told about a link or a file.
#[component]
pub fn ShareMessage(props: &ShareProps) -> Html {
    let ShareProps { shared, order, .. } = props;
    let role = if shared.alarm { "alert" } else { "status" };
    html! {
        <div class={classes!("share-message", shared.alarm.then_some("alarm"))}
            hidden={shared.message.is_empty()}>
            <p id="share-message" {role}>{ &shared.message }</p>
            <button class="plain" id="share-dismiss" onclick={share(order, Sharing::Dismiss)}>
                { "Close" }</button>
        </div>
    }
}
