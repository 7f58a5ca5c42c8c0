//! What belongs together lights up together: a message on the stage and its arrow in the diagram,
//! a server and its row. Elements of one thing carry the same `data-of`; the one under the pointer
//! or with the focus gives all of them the class `hot`. Nothing is drawn anew for it.

use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, Event, MouseEvent, NodeList};

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

/// True if something is lit.
#[must_use]
pub fn is_lit() -> bool {
    LIT.with(|lit| !lit.borrow().is_empty())
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
            mark(&document, &before, "hot", false);
            mark(&document, &of, "hot", true);
        }
    });
}

/// An element of a list.
pub(crate) fn named(list: &NodeList, place: u32) -> Option<Element> {
    list.item(place)?.dyn_into().ok()
}

/// Gives all elements of a thing a class, or takes it. A name of ours needs no escape in a selector
/// but for what a path may contain.
pub(crate) fn mark(document: &Document, of: &str, class: &str, on: bool) {
    if of.is_empty() {
        return;
    }
    let quoted = of.replace('\\', "\\\\").replace('"', "\\\"");
    let Ok(all) = document.query_selector_all(&format!("[data-of=\"{quoted}\"]")) else { return };
    for place in 0..all.length() {
        if let Some(element) = named(&all, place) {
            // The name of the class is valid: this cannot fail.
            element.class_list().toggle_with_force(class, on).ok();
        }
    }
}
