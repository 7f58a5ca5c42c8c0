//! Clipboard, files and the address: what the browser does for sharing.

use super::{FILE_BYTES_MAX, FRAGMENT, Sharing};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, File, HtmlAnchorElement, Url};
use yew::Callback;

/// The fragment of the page's address, if it carries a run.
#[must_use]
pub fn fragment() -> Option<String> {
    let hash = web_sys::window()?.location().hash().ok()?;
    hash.starts_with(FRAGMENT).then_some(hash)
}

/// The page's address with this run.
#[must_use]
pub fn link(text: &str) -> String {
    let page = web_sys::window().and_then(|window| window.location().href().ok());
    let page = page.unwrap_or_default();
    let page = page.split('#').next().unwrap_or_default();
    format!("{page}{FRAGMENT}{text}")
}

/// Puts text into the clipboard.
pub fn copy(text: &str, then: Callback<Sharing>) {
    let Some(window) = web_sys::window() else { return };
    let written = window.navigator().clipboard().write_text(text);
    spawn_local(async move {
        then.emit(Sharing::Copied(JsFuture::from(written).await.is_ok()));
    });
}

/// Offers a file to save.
pub fn save(name: &str, content: &str) -> Result<(), JsValue> {
    let kind = BlobPropertyBag::new();
    kind.set_type("application/x-ndjson");
    let parts = js_sys::Array::of1(&JsValue::from_str(content));
    let blob = Blob::new_with_str_sequence_and_options(&parts, &kind)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let document = web_sys::window().and_then(|window| window.document());
    let anchor = document.ok_or(JsValue::NULL)?.create_element("a")?;
    let anchor: HtmlAnchorElement = anchor.unchecked_into();
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    // The browser has taken what it needs when the click returns.
    Url::revoke_object_url(&url)
}

/// Reads a file that somebody chose or dropped.
pub fn read(file: File, then: Callback<Sharing>) {
    let name = file.name();
    if file.size() > FILE_BYTES_MAX {
        then.emit(Sharing::Unread(format!("{name} is too large for a run")));
        return;
    }
    spawn_local(async move {
        let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
        then.emit(match text {
            Some(text) => Sharing::Open(name, text),
            None => Sharing::Unread(format!("{name} cannot be read")),
        });
    });
}
