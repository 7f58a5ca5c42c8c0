//! Groups of controls with one tab stop each: the arrow keys move within. And the focus, which is
//! not lost when what has it goes away.
//!
//! Which of a group can be reached by Tab stands in the document and nowhere else, so what draws
//! the group need not know of this.

use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, Event, HtmlElement, KeyboardEvent, Node, SvgElement};

/// The groups, and what is moved between in each.
const GROUPS: [(&str, &str); 6] = [
    ("#stage", "[tabindex]"),
    ("#upright", ".head"),
    ("#log", "button"),
    ("#chain", "button"),
    (".dock-tabs", "button"),
    (".parts", "button"),
];
/// What can have the focus.
const FOCUSABLE: &str = "button, a[href], input, select, summary, [tabindex]";

/// What had the focus last.
struct Last {
    element: Element,
    /// Its id and those of what it stands in, from the inside out.
    ids: Vec<String>,
}

thread_local! {
    static BY_POINTER: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

/// Notes whether a pointer or the keyboard moves the focus. A browser's own notion of that
/// (`:focus-visible`) changes with the next key, whatever it is.
pub fn meet(kind: &str, event: &Event) {
    let is_tab = || event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == "Tab");
    match kind {
        "pointerdown" => BY_POINTER.set(true),
        "keydown" if is_tab() => BY_POINTER.set(false),
        _ => {}
    }
}

/// True if a click has put the focus where it is: Space is not meant for what has it.
#[must_use]
pub fn is_by_pointer() -> bool {
    BY_POINTER.get()
}

/// All elements below one that match, drawn or not.
fn matching(within: &Element, css: &str) -> Vec<Element> {
    let Ok(list) = within.query_selector_all(css) else { return Vec::new() };
    (0..list.length()).filter_map(|place| list.get(place)?.dyn_into().ok()).collect()
}

/// True if it is drawn. The browser lays the page out for an answer, so few are asked.
fn is_drawn(element: &Element) -> bool {
    element.get_client_rects().length() > 0
}

/// All elements below one that match and are drawn.
fn all(within: &Element, css: &str) -> Vec<Element> {
    matching(within, css).into_iter().filter(is_drawn).collect()
}

fn focus(element: &Element) {
    // Focus that cannot be set stays where it is.
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        element.focus().ok();
    } else if let Some(element) = element.dyn_ref::<SvgElement>() {
        element.focus().ok();
    }
}

fn is_stop(element: &Element) -> bool {
    element.get_attribute("tabindex").is_none_or(|index| index != "-1")
}

/// Makes one of a group its tab stop.
fn stop_at(items: &[Element], chosen: &Element) {
    for item in items {
        let index = if item == chosen { "0" } else { "-1" };
        if item.get_attribute("tabindex").as_deref() != Some(index) {
            // The attribute has a valid name: this cannot fail.
            item.set_attribute("tabindex", index).ok();
        }
    }
}

/// Moves the focus within a group, if the key means that. True if it did.
#[inline(never)]
pub fn moves(event: &KeyboardEvent) -> bool {
    let forward = match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => true,
        "ArrowLeft" | "ArrowUp" => false,
        _ => return false,
    };
    if event.ctrl_key() || event.alt_key() || event.meta_key() || event.shift_key() {
        return false;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let Some(target) = target else { return false };
    let node: &Node = target.as_ref();
    for (group, css) in GROUPS {
        let Ok(Some(group)) = target.closest(group) else { continue };
        let items = all(&group, css);
        let Some(at) = items.iter().position(|item| item.contains(Some(node))) else { continue };
        let to = if forward { at + 1 } else { at + items.len() - 1 };
        if let Some(next) = items.get(to % items.len()) {
            stop_at(&items, next);
            BY_POINTER.set(false);
            focus(next);
        }
        return true;
    }
    false
}

/// Gives every group its one tab stop: what has the focus, else what is chosen, else the one that
/// was it, else the first.
pub fn settle() {
    let Some(document) = document() else { return };
    let here = document.active_element();
    for (group, css) in GROUPS {
        let Ok(Some(group)) = document.query_selector(group) else { continue };
        let items = matching(&group, css);
        let has_focus = |item: &&Element| here.as_ref() == Some(*item);
        let is_chosen =
            |item: &&Element| item.get_attribute("aria-pressed").is_some_and(|is| is == "true");
        let drawn = |fits: &dyn Fn(&&Element) -> bool| {
            items.iter().filter(fits).find(|item| is_drawn(item))
        };
        let one = drawn(&has_focus).or_else(|| drawn(&is_chosen));
        let one = one.or_else(|| drawn(&|item| is_stop(item))).or_else(|| drawn(&|_| true));
        if let Some(one) = one {
            stop_at(&items, one);
        }
    }
}

/// Notes what has the focus now.
#[inline(never)]
pub fn note(target: Option<Element>) {
    let Some(element) = target else { return };
    let mut ids = Vec::new();
    let mut next = Some(element.clone());
    while let Some(one) = next {
        if !one.id().is_empty() {
            ids.push(one.id());
        }
        next = one.parent_element();
    }
    LAST.with(|last| last.replace(Some(Last { element, ids })));
}

/// If what had the focus is gone, gives it to what took its place, or to what is nearest. After a
/// click it goes to nothing that another key would press.
pub fn keep() {
    let Some(document) = document() else { return };
    let is_lost = document.active_element().is_none_or(|here| here.tag_name() == "BODY");
    let lost =
        LAST.with(|last| last.borrow_mut().take_if(|last| is_lost && !last.element.is_connected()));
    let Some(lost) = lost else { return };
    for id in lost.ids {
        let Some(place) = document.get_element_by_id(&id) else { continue };
        let itself = place.matches(FOCUSABLE).unwrap_or(false);
        if !itself && is_by_pointer() {
            continue;
        }
        let next = if itself { Some(place) } else { all(&place, FOCUSABLE).into_iter().next() };
        if let Some(next) = next {
            focus(&next);
            return;
        }
    }
}
