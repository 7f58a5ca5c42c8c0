//! The second half of the page's code, which is loaded when somebody goes beyond the first
//! screen: panels, diagram, guided runs, explanations, links (`web/later.txt` lists it).
//!
//! `cargo xtask build` cuts the wasm module in two and gives the page a function that loads the
//! second half. Where there is no such function, as in a page by trunk, all is there at once.

use js_sys::{Function, Promise, Reflect};
use std::cell::Cell;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The function of the page that loads, and gives a promise.
const LOADER: &str = "zabscopeLater";
/// What is said if it cannot be loaded.
pub const MISSING: &str =
    "The rest of this page could not be loaded. Look at the network, then try again.";

thread_local! {
    static IS_HERE: Cell<bool> = const { Cell::new(false) };
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
