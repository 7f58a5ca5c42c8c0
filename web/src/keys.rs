//! What a key means. Each key is also a button, so nothing here is the only way.

use crate::lab::find::Wanted;
use crate::order::{Order, Selection, Tab};
use crate::tour;
use crate::travel::Travel;
use crate::view::View;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};
use zabscope_core::base::{NodeId, Sid};

/// The list for people: keys, and what they do.
pub const LIST: [(&str, &str); 16] = [
    ("Space", "play, pause"),
    (". ,", "one event forward, back; also → ←"),
    ("> <", "next, previous event of the chosen server"),
    ("] [", "next, previous change of phase"),
    ("Home End", "start, latest moment"),
    ("+ − 0", "faster, slower, first speed"),
    ("G", "go to a time, a zxid or an event"),
    ("N", "next step of a guided run; with Shift the step before"),
    ("1 … 9", "choose a server"),
    ("K", "crash the chosen server, or the leader"),
    ("R", "restart the chosen server"),
    ("Ctrl+Z", "undo; with Shift redo"),
    ("B", "list of branches"),
    ("Alt+1 … 6", "tabs"),
    ("?", "these keys"),
    ("Esc", "choose nothing"),
];

/// What a press asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Give this order.
    Order(Order),
    /// Put the focus there.
    Focus(&'static str),
    /// Go to this address.
    Go(&'static str),
}

/// What a key means at this moment, unless it belongs to a field or a button.
#[must_use]
pub fn wish(
    event: &KeyboardEvent,
    selection: Option<Selection>,
    guided: bool,
    view: &View,
) -> Option<Wish> {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let inside = |css: &str| {
        target.as_ref().is_some_and(|target| target.closest(css).ok().flatten().is_some())
    };
    if inside("input, select, textarea") {
        return None;
    }
    let key = event.key();
    if event.ctrl_key() || event.alt_key() || event.meta_key() {
        return with_modifier(event, &key).map(Wish::Order);
    }
    let chosen = match selection {
        Some(Selection::Server(sid)) => Some(sid),
        Some(Selection::Link(..) | Selection::Message(_)) | None => None,
    };
    let by = |sid| Wanted::By(NodeId::Server(Sid(sid)));
    let order = match key.as_str() {
        " " if !inside("button, a, [role=button], summary") => Order::Toggle,
        "ArrowRight" | "." => Order::Forward,
        "ArrowLeft" | "," => Order::Back,
        ">" => Order::Travel(Travel::Next(by(chosen?))),
        "<" => Order::Travel(Travel::Previous(by(chosen?))),
        "]" => Order::Travel(Travel::Next(Wanted::Phase)),
        "[" => Order::Travel(Travel::Previous(Wanted::Phase)),
        "0" => Order::Travel(Travel::SpeedDefault),
        "b" => Order::Branches,
        "g" => return Some(Wish::Focus("goto")),
        "?" => return Some(Wish::Go("#/keys")),
        "Home" => Order::Seek(0),
        "End" => Order::Seek(view.end),
        "+" | "=" => Order::Faster(true),
        "-" => Order::Faster(false),
        "Escape" => Order::Select(None),
        "n" if guided => Order::Tour(tour::Pace::Next),
        "N" if guided => Order::Tour(tour::Pace::Back),
        "k" => chosen.map_or(Order::KillLeader, |sid| Order::Kill(sid, false)),
        "r" => Order::Restart(chosen?),
        digit => {
            let sid = digit.parse().ok()?;
            view.server(sid)?;
            Order::Select(Some(Selection::Server(sid)))
        }
    };
    Some(Wish::Order(order))
}

fn with_modifier(event: &KeyboardEvent, key: &str) -> Option<Order> {
    if event.ctrl_key() && key.eq_ignore_ascii_case("z") {
        let travel = if event.shift_key() { Travel::Redo } else { Travel::Undo };
        return Some(Order::Travel(travel));
    }
    if event.alt_key() {
        let place: usize = key.parse().ok()?;
        return Some(Order::Tab(*Tab::ALL.get(place.checked_sub(1)?)?));
    }
    None
}
