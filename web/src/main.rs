//! Entry point of the page's wasm module.

use zabscope_web::{app::App, panic};

fn main() {
    panic::install();
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id("app"))
        .expect("index.html has an element with the id app");
    yew::Renderer::<App>::with_root(root).render();
}
