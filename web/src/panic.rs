//! What the page does when the program in it stops with a panic.
//!
//! A panic ends the wasm instance: nothing runs after the hook, so the hook itself writes the
//! message into the page. Without it the page would freeze and say nothing.

use crate::later;
use std::cell::Cell;

thread_local! {
    static HAS_STOPPED: Cell<bool> = const { Cell::new(false) };
}

/// True after a panic: what the browser still tells the page reaches nobody.
#[must_use]
pub fn has_stopped() -> bool {
    HAS_STOPPED.with(Cell::get)
}

/// Shows every panic from here on in the page and on the console.
pub fn install() {
    // Not the standard hook: Yew would put its own over it.
    yew::set_custom_panic_hook(Box::new(|info| {
        HAS_STOPPED.with(|stopped| stopped.set(true));
        let message = info.to_string();
        web_sys::console::error_1(&message.as_str().into());
        // What follows from code that could not be loaded is no bug, and said already.
        if !later::is_lost() {
            show(&message);
        }
    }));
}

/// Says that the page has stopped, and why.
pub fn show(message: &str) {
    say(&format!(
        "This page has stopped because of a bug in it. Reload to start again.\n\n{message}"
    ));
}

/// Shows `words` in the element with the id `panic`; without such an element nothing happens.
pub fn say(words: &str) {
    let place = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("panic"));
    if let Some(place) = place {
        place.set_text_content(Some(words));
        // Failing to unhide it leaves the message on the console.
        place.remove_attribute("hidden").ok();
    }
}
