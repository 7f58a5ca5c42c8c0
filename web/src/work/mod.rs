//! Long work, and what only those need who ask for it: searches, measurements, drawn charts.
//!
//! All of this is in a second wasm module, loaded at first use: by a worker for [`answer`], by the
//! page itself for [`chart::draw`], which measures its labels with the page's fonts. The two sides
//! exchange lines of text:
//!
//! | request | lines of the answer |
//! |---|---|
//! | `search WHAT VOTERS FIRST COUNT` | `progress DONE COUNT`, `found SEED RUN`, at the end `done` |
//! | `sweep SEED WRITES` | `progress DONE COUNT`, `point SERVERS MEDIAN_US P95_US`, at the end `done` |
//!
//! Nothing can be asked meanwhile: to stop the work is to end the worker.

pub mod chart;
pub mod search;
pub mod sweep;

use core::str::SplitWhitespace;

/// Does what a request asks; `tell` gets each line of the answer.
pub fn answer(request: &str, tell: &mut dyn FnMut(&str)) {
    let mut words = request.split_whitespace();
    let known = match words.next() {
        Some("search") => search::answer(&mut words, tell),
        Some("sweep") => sweep::answer(&mut words, tell),
        _ => None,
    };
    tell(if known.is_some() { "done" } else { "unknown" });
}

/// The next word as a number.
fn number<T: core::str::FromStr>(words: &mut SplitWhitespace<'_>) -> Option<T> {
    words.next()?.parse().ok()
}

fn progress(done: u64, count: u64, tell: &mut dyn FnMut(&str)) {
    tell(&format!("progress {done} {count}"));
}
