//! Parts of the page in a real browser, without the finished page around them.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "clippy does not know these functions as tests")]

use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use zabscope_core::base::ClientId;
use zabscope_core::sim::Micros;
use zabscope_web::deadline::Deadline;
use zabscope_web::lab::{Lab, create};
use zabscope_web::panic;
use zabscope_web::scene::layout::{Crew, Layout, Shape, between};
use zabscope_web::scene::messages::Messages;
use zabscope_web::view::View;

wasm_bindgen_test_configure!(run_in_browser);

fn document() -> web_sys::Document {
    web_sys::window().unwrap().document().unwrap()
}

/// An empty element in the page, with an id.
fn place(id: &str) -> web_sys::Element {
    let place = document().create_element("div").unwrap();
    place.set_id(id);
    document().body().unwrap().append_child(&place).unwrap();
    place
}

#[wasm_bindgen_test]
fn a_panic_is_shown_in_the_page() {
    let place = place("panic");
    place.set_attribute("hidden", "").unwrap();
    panic::show("index 7 is out of bounds");
    assert!(!place.has_attribute("hidden"));
    assert!(place.text_content().unwrap().contains("index 7 is out of bounds"));
    place.remove();
}

#[wasm_bindgen_test]
async fn the_page_starts_with_an_elected_ensemble() {
    let place = place("app");
    let window = web_sys::window().unwrap();
    window.location().set_hash("#/play").unwrap();
    let app = yew::Renderer::<zabscope_web::app::App>::with_root(place.clone()).render();
    gloo_timers::future::TimeoutFuture::new(0).await;
    let headline = place.query_selector("#headline").unwrap().unwrap();
    assert_eq!(headline.text_content().unwrap(), "Server 3 leads.");
    assert_eq!(place.query_selector_all(".stage .seat").unwrap().length(), 3);
    app.destroy();
    place.remove();
    window.location().set_hash("").unwrap();
}

#[wasm_bindgen_test]
fn messages_are_put_where_their_share_of_the_way_says() {
    let place = place("scene");
    place.set_inner_html("<svg viewBox='0 0 628 540'><g></g></svg>");
    let group = place.query_selector("g").unwrap().unwrap();
    let layout = Layout::new(&Crew { voters: 3, observers: 0, docks: vec![None; 2] }, Shape::Wide);
    let mut lab = Lab::elected(3, 7);
    // A request of a client is under way at once.
    lab.ask(ClientId(1), create("/a", "1", 0));
    let view = View::of(&lab);
    let flight = view.flights.iter().find(|f| f.look.name == "REQUEST").unwrap();
    let mut messages = Messages::default();
    messages.show(&group, &view.flights, &layout, None, Deadline::NEVER);
    let (from, to) = layout.way(flight.from, flight.to).unwrap();
    let half = Micros((flight.sent_at.0 + flight.due_at.0) / 2);
    messages.place(half, false);
    let shown = group.query_selector("[data-name=REQUEST]").unwrap().unwrap();
    let place_of = |element: &web_sys::Element| {
        let element = element.dyn_ref::<web_sys::SvgGraphicsElement>().unwrap();
        let matrix = element.transform().base_val().get_item(0).unwrap().matrix();
        (matrix.e(), matrix.f())
    };
    let middle = between(from, to, 0.5);
    let (x, y) = place_of(&shown);
    assert!((x - middle.x).abs() < 0.5 && (y - middle.y).abs() < 0.5, "{x} {y} {middle:?}");
    messages.show(&group, &[], &layout, None, Deadline::NEVER);
    assert_eq!(group.child_element_count(), 0);
    place.remove();
}
