//! Loads the second wasm module: into a worker for long work, or into the page to draw.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, MessageEvent, Url, Worker, WorkerOptions, WorkerType};
use yew::Callback;

#[wasm_bindgen]
extern "C" {
    /// `url => import(url)`, in index.html: Rust has no word for it.
    #[wasm_bindgen(js_name = zabscopeLoad, catch)]
    fn load(url: &str) -> Result<Promise, JsValue>;
}

/// Addresses of the script and of its wasm. A build may have put its stamp behind them.
fn addresses() -> Option<(String, String)> {
    let document = web_sys::window()?.document()?;
    let meta = document.query_selector("meta[name=zabscope-worker]").ok().flatten();
    let script = meta.and_then(|meta| meta.get_attribute("content"));
    let script = script.unwrap_or_else(|| "./worker.js".to_owned());
    let base = document.base_uri().ok().flatten()?;
    let script = Url::new_with_base(&script, &base).ok()?.href();
    let wasm = script.replace("worker.js", "worker_bg.wasm");
    Some((script, wasm))
}

/// Loads the module into the page and gives its function that draws.
///
/// # Errors
/// It cannot be fetched.
pub(super) async fn drawer() -> Result<Function, JsValue> {
    let (script, wasm) = addresses().ok_or(JsValue::NULL)?;
    let module = JsFuture::from(load(&script)?).await?;
    let init: Function = Reflect::get(&module, &"default".into())?.unchecked_into();
    let options = Object::new();
    Reflect::set(&options, &"module_or_path".into(), &wasm.into())?;
    let loaded: Promise = init.call1(&JsValue::NULL, &options)?.unchecked_into();
    JsFuture::from(loaded).await?;
    Ok(Reflect::get(&module, &"draw".into())?.unchecked_into())
}

/// Work under way. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Job {
    worker: Worker,
    _onmessage: Closure<dyn FnMut(MessageEvent)>,
    _onerror: Closure<dyn FnMut(JsValue)>,
}

impl Job {
    /// Starts a worker on a request; `then` gets each line of the answer, `failed` at last if the
    /// worker cannot run.
    pub(super) fn start(request: String, then: Callback<String>) -> Result<Self, JsValue> {
        let (script, wasm) = addresses().ok_or(JsValue::NULL)?;
        // The file that a worker starts from has to be a script of this page's origin.
        let starter =
            format!("import init from '{script}'; await init({{ module_or_path: '{wasm}' }});");
        let kind = BlobPropertyBag::new();
        kind.set_type("text/javascript");
        let parts = Array::of1(&starter.into());
        let blob = Blob::new_with_str_sequence_and_options(&parts, &kind)?;
        let url = Url::create_object_url_with_blob(&blob)?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&url, &options)?;
        let port = worker.clone();
        let failed = then.clone();
        let onmessage = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let line = event.data().as_string().unwrap_or_default();
            if line == "ready" {
                Url::revoke_object_url(&url).ok();
                // Text can always be cloned.
                port.post_message(&request.clone().into()).ok();
            } else {
                then.emit(line);
            }
        });
        let onerror = Closure::<dyn FnMut(JsValue)>::new(move |_| failed.emit("failed".to_owned()));
        worker.set_onmessage(Some(onmessage.as_ref().unchecked_ref()));
        worker.set_onerror(Some(onerror.as_ref().unchecked_ref()));
        Ok(Self { worker, _onmessage: onmessage, _onerror: onerror })
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
