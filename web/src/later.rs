//! The second half of the page's code, which is loaded when somebody goes beyond the first
//! screen: panels, diagram, guided runs, explanations, links (`web/later.txt` lists it).
//!
//! `cargo xtask build` cuts the wasm module in two and gives the page a function that loads the
//! second half. Where there is no such function, as in a page by trunk, all is there at once.
//!
//! What the first screen needs is measured; where the measurement has missed something, the first
//! half calls [`bring`], and the page stands still for the moment that the loading takes.

use crate::panic;
use js_sys::{Function, Promise, Reflect};
use std::cell::Cell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The function of the page that loads, and gives a promise.
const LOADER: &str = "zabscopeLater";
/// What is said if it cannot be loaded.
pub const MISSING: &str =
    "The rest of this page could not be loaded. Look at the network, then try again.";

/// What is said if it cannot be loaded and something was called that is not there.
const LOST: &str = "The rest of this page could not be loaded, and it cannot go on without. Look at \
     the network, then reload.";
/// Where the page's functions look for what the second half is made from.
const FIRST: &str = "zabscopeFirst";

#[wasm_bindgen]
extern "C" {
    /// Loads at once, on this thread. False if that is impossible. No value goes either way that
    /// would need memory: this may be called wherever the program is.
    #[wasm_bindgen(js_name = zabscopeNow)]
    fn now() -> bool;
}

thread_local! {
    static IS_HERE: Cell<bool> = const { Cell::new(false) };
    static IS_LOST: Cell<bool> = const { Cell::new(false) };
}

/// Shows the page's functions what the second half needs of the first. To be called before anything
/// else.
pub fn offer() {
    // A global object takes any property.
    Reflect::set(&js_sys::global(), &FIRST.into(), &wasm_bindgen::exports()).ok();
}

/// Loads it at once: something was called that is not there. Returns only when all is there.
pub fn bring() {
    if !now() {
        panic::say(LOST);
        IS_LOST.with(|lost| lost.set(true));
        wasm_bindgen::throw_str(LOST);
    }
}

/// True if the page cannot go on, because a part of it could not be loaded.
#[must_use]
pub fn is_lost() -> bool {
    IS_LOST.with(Cell::get)
}

fn loader() -> Option<Function> {
    Reflect::get(&js_sys::global(), &LOADER.into()).ok()?.dyn_into().ok()
}

/// True if code that comes later may be called.
#[must_use]
pub fn is_here() -> bool {
    // Outside of a browser nothing is loaded: tests on the host have all.
    cfg!(not(target_arch = "wasm32"))
        || IS_HERE.with(|here| {
            if !here.get() && loader().is_none() {
                here.set(true);
            }
            here.get()
        })
}

/// Loads it, unless it is there.
///
/// # Errors
/// What the browser says: it can be tried again.
pub async fn load() -> Result<(), JsValue> {
    if !is_here()
        && let Some(loader) = loader()
    {
        let promise: Promise = loader.call0(&JsValue::NULL)?.dyn_into()?;
        JsFuture::from(promise).await?;
        IS_HERE.with(|here| here.set(true));
    }
    Ok(())
}
