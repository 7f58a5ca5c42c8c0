//! What a key means. Each key is also a button, so nothing here is the only way.

use crate::lab::find::Wanted;
use crate::order::{Order, Selection, Tab};
use crate::palette::Pick;
use crate::rove;
use crate::tour;
use crate::travel::Travel;
use crate::view::View;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};
use zabscope_core::base::{NodeId, Sid};

/// The list for people: keys, and what they do.
pub const LIST: [(&str, &str); 26] = [
    ("Space", "play, pause"),
    (". ,", "one event forward, back; also →\u{a0}←"),
    ("> <", "next, previous event of the chosen server or client"),
    ("] [", "next, previous change of phase"),
    ("Home End", "start, latest moment"),
    ("+ − 0", "faster, slower, first speed"),
    ("G", "go to a time, a zxid or an event"),
    ("N", "next step of a guided run; with Shift the step before"),
    ("1 … 9", "choose a server"),
    ("K", "crash the chosen server or client, else the leader; with Shift the power fails"),
    ("R", "restart the chosen server or client"),
    ("Z", "freeze the chosen server or client, or let it go on"),
    ("T", "fire its next timer now"),
    ("P", "partition: mark servers by number, then Enter; again P heals"),
    ("D", "break the chosen connection, or that of the chosen message: what is on it is lost"),
    ("H U", "hold, release the chosen message or link"),
    ("W E", "write, read /hello as the chosen client"),
    ("X", "expire the session of the chosen client"),
    ("L", "the text of the guided run"),
    (":", "command line of the chosen client"),
    ("Ctrl+Z", "undo; with Shift redo"),
    ("B", "list of branches"),
    ("Ctrl+K", "list of all orders"),
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

/// What Space and Enter press where the keyboard has come to it.
const PRESSED: &str = "button, [role=button], summary";

/// What keys depend on.
#[derive(Clone, Debug)]
pub struct Here<'a> {
    /// What is chosen.
    pub selection: Option<Selection>,
    /// A guided run is under way.
    pub guided: bool,
    /// The sides of a partition are being marked.
    pub marking: bool,
    /// Single letters are orders.
    pub letters: bool,
    /// The moment.
    pub view: &'a View,
}

/// What a key means at this moment, unless it belongs to a field or a button.
#[must_use]
pub fn wish(event: &KeyboardEvent, here: Here<'_>) -> Option<Wish> {
    let Here { selection, guided, marking, letters, view } = here;
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let inside = |css: &str| {
        target.as_ref().is_some_and(|target| target.closest(css).ok().flatten().is_some())
    };
    let key = event.key();
    let control = event.ctrl_key() || event.meta_key();
    if control && !event.shift_key() && key.eq_ignore_ascii_case("k") {
        return Some(Wish::Order(Order::Pick(Pick::Toggle)));
    }
    if inside("input, select, textarea") {
        let leaves = key == "Escape" && inside("#goto, #seed, #rename, #link");
        return leaves.then_some(Wish::Focus("main"));
    }
    if event.ctrl_key() || event.alt_key() || event.meta_key() {
        return with_modifier(event, &key).map(Wish::Order);
    }
    if !letters && key != " " && key.chars().count() == 1 {
        return None;
    }
    let by = selection.as_ref().and_then(Selection::node).map(Wanted::By);
    // A press there is one of what has the focus, unless a click has left the focus there.
    let pressed = || inside("a") || !rove::is_by_pointer() && inside(PRESSED);
    let order = match key.as_str() {
        " " if !pressed() => Order::Toggle,
        "ArrowRight" | "." => Order::Forward,
        "ArrowLeft" | "," => Order::Back,
        ">" => by.map_or(Order::Letter('>'), |by| Order::Travel(Travel::Next(by))),
        "<" => by.map_or(Order::Letter('<'), |by| Order::Travel(Travel::Previous(by))),
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
        "Escape" if marking => Order::Marking(false),
        "Escape" if inside(".text, body:has(.text)") => return Some(Wish::Go("#/play")),
        "Escape" => Order::Select(None),
        "Enter" if marking && !pressed() => Order::Letter('\n'),
        "n" if guided => Order::Tour(tour::Pace::Next),
        "N" if guided => Order::Tour(tour::Pace::Back),
        "l" if guided => return Some(Wish::Focus("lesson-step")),
        ":" => return Some(Wish::Focus("command")),
        "k" | "K" if by.is_none() => Order::KillLeader(key == "K"),
        "k" | "K" | "r" | "z" | "t" | "p" | "d" | "h" | "u" | "w" | "e" | "x" => {
            Order::Letter(key.chars().next()?)
        }
        digit => {
            let sid = digit.parse().ok()?;
            view.server(sid)?;
            if marking {
                Order::Mark(NodeId::Server(Sid(sid)))
            } else {
                Order::Select(Some(Selection::Server(sid)))
            }
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
