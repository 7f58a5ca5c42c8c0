//! What belongs together lights up together: a message on the stage and its arrow in the diagram,
//! a server and its row. Elements of one thing carry the same `data-of`; the one under the pointer
//! or with the focus gives all of them the class `hot`. Nothing is drawn anew for it.

use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, Event, MouseEvent};

thread_local! {
    /// What is lit.
    static LIT: RefCell<String> = const { RefCell::new(String::new()) };
}

fn thing(event: &Event) -> Option<(Element, String)> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let element = target.closest("[data-of]").ok()??;
    let of = element.get_attribute("data-of")?;
    Some((element, of))
}

/// The message that was clicked, by its number in the run.
#[must_use]
#[inline(never)]
pub fn message(event: &MouseEvent) -> Option<u64> {
    thing(event)?.1.strip_prefix('m')?.parse().ok()
}

/// The pointer or the focus is somewhere else.
#[inline(never)]
pub fn moved(event: &Event) {
    let of = thing(event).map(|(_, of)| of).unwrap_or_default();
    let document = web_sys::window().and_then(|window| window.document());
    let Some(document) = document else { return };
    LIT.with(|lit| {
        let before = lit.replace(of.clone());
        if before != of {
            light(&document, &before, false);
            light(&document, &of, true);
        }
    });
}

/// A name of ours needs no escape in a selector but for what a path may contain.
fn light(document: &Document, of: &str, on: bool) {
    if of.is_empty() {
        return;
    }
    let quoted = of.replace('\\', "\\\\").replace('"', "\\\"");
    let Ok(all) = document.query_selector_all(&format!("[data-of=\"{quoted}\"]")) else { return };
    for place in 0..all.length() {
        if let Some(element) = all.item(place).and_then(|node| node.dyn_into::<Element>().ok()) {
            // The name of the class is valid: this cannot fail.
            element.class_list().toggle_with_force("hot", on).ok();
        }
    }
}
