//! Parts of the page in a real browser, without the finished page around them.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "clippy does not know these functions as tests")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use zabscope_web::panic;

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
async fn the_top_component_draws_the_engines_limit() {
    let place = place("app");
    yew::Renderer::<zabscope_web::app::App>::with_root(place.clone()).render();
    gloo_timers::future::TimeoutFuture::new(0).await;
    assert!(place.inner_html().contains("1048575 bytes"), "{}", place.inner_html());
    place.remove();
}
