//! What the page hears of the browser.

use super::picking::close_sheets;
use super::{App, Msg};
use crate::scene::hover;
use crate::{later, panic, rove};
use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, Window};
use yew::prelude::*;

/// Listens, as long as what it gives lives.
pub(super) fn listen(ctx: &Context<App>) -> Vec<EventListener> {
    let mut listeners = Vec::new();
    let Some(window): Option<Window> = web_sys::window() else { return listeners };
    let link = ctx.link().clone();
    listeners.push(EventListener::new(&window, "hashchange", move |_| {
        link.send_message(Msg::Address);
    }));
    for kind in ["mouseover", "focusin", "pointerdown"] {
        listeners.push(EventListener::new(&window, kind, move |event| {
            rove::meet(kind, event);
            if !later::is_here() {
                return;
            }
            let target = || event.target().and_then(|target| target.dyn_into().ok());
            match kind {
                "pointerdown" => return close_sheets(target().as_ref()),
                "focusin" => rove::note(target()),
                _ => {}
            }
            hover::moved(event);
        }));
    }
    for kind in ["pagehide", "visibilitychange"] {
        let link = ctx.link().clone();
        listeners.push(EventListener::new(&window, kind, move |_| {
            // Before all the code is there, nothing is there to be kept.
            if later::is_here() && !panic::has_stopped() {
                link.send_message(Msg::Leaving);
            }
        }));
    }
    let link = ctx.link().clone();
    let active = EventListenerOptions::enable_prevent_default();
    listeners.push(EventListener::new_with_options(&window, "keydown", active, move |event| {
        rove::meet("keydown", event);
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            link.send_message(Msg::Key(event.clone()));
        }
    }));
    listeners
}
