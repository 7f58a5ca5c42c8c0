//! Entry point of the page's wasm module.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use zabscope_web::route::Route;
use zabscope_web::{app::App, later, panic};

fn main() {
    later::offer();
    panic::install();
    if Route::here() == Route::First || later::is_here() {
        render();
        return;
    }
    // Every page but the first screen needs all of the code.
    spawn_local(async {
        match later::load().await {
            Ok(()) => render(),
            Err(_) => panic::say(later::MISSING),
        }
    });
}

/// Called by the first half of the code where it calls something that is in the second one and not
/// there yet (`xtask/src/split`).
#[wasm_bindgen(js_name = zabscopeBring)]
pub fn bring() {
    later::bring();
}

fn render() {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("app"))
        .expect("index.html has an element with the id app");
    yew::Renderer::<App>::with_root(root).render();
}
