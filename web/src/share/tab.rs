//! What a tab keeps of its run: after a reload, or when the browser had put the tab away, it goes on
//! where somebody stood. It goes with the tab. A store that is missing, full, or full of something
//! else is as good as an empty one.

use super::{Seen, open, saved};
use crate::lab::Lab;
use web_sys::Storage;

/// Where it is kept: the text of a link.
const KEY: &str = "zabscope.run";
/// Longest text that is kept, in characters: some ten thousand acts. Browsers give a page a few
/// millions.
const KEPT_MAX: usize = 512 * 1024;

fn store() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// Keeps the run, where that can be; else nothing, which is better than another moment.
#[inline(never)]
pub fn keep(lab: &Lab, seen: &Seen) {
    let Some(store) = store() else { return };
    let text = saved(lab, seen).to_text().ok().filter(|text| text.len() <= KEPT_MAX);
    if text.is_none_or(|text| store.set_item(KEY, &text).is_err()) {
        // A store that takes nothing has nothing.
        store.remove_item(KEY).ok();
    }
}

/// The run that was kept, which is kept no more: one that ends the page does so once.
#[inline(never)]
pub fn take() -> Option<(Lab, Seen)> {
    let store = store()?;
    let text = store.get_item(KEY).ok()??;
    store.remove_item(KEY).ok()?;
    let (lab, seen, strange) = open(&text).ok()?;
    // What another engine makes of it is not what somebody saw.
    strange.is_none().then_some((lab, seen))
}
