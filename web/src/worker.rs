//! Entry point of the second wasm module: in a worker it waits for requests, on the page it only
//! draws.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};
use zabscope_web::work;

fn main() {
    let global = js_sys::global();
    // On the page this is a window, and there is nothing to wait for.
    let Ok(scope) = global.dyn_into::<DedicatedWorkerGlobalScope>() else { return };
    let port = scope.clone();
    let onmessage = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let request = event.data().as_string().unwrap_or_default();
        work::answer(&request, &mut |line| {
            // Text can always be cloned.
            port.post_message(&JsValue::from_str(line)).ok();
        });
    });
    scope.set_onmessage(Some(onmessage.as_ref().unchecked_ref()));
    // It lives as long as the worker.
    onmessage.forget();
    // What is sent to a worker before it listens may be lost.
    scope.post_message(&JsValue::from_str("ready")).ok();
}

/// The drawing of a chart as SVG, for a screen of this kind; empty if there is none.
#[wasm_bindgen]
#[must_use]
pub fn draw(chart: &str, narrow: bool) -> String {
    work::chart::draw(chart, narrow).unwrap_or_default()
}
