//! Time that runs out, as rings: like messages they are drawn outside of Yew, since every frame
//! changes them. Yew makes the circles; here they are found by their ids and given their share.

use super::state::{RingOf, RingView};
use crate::svg::{Often, set, write};
use web_sys::{Document, Element};
use zabscope_core::sim::Micros;

/// The rings that are in the page.
#[derive(Debug, Default)]
pub struct Rings {
    shown: Vec<Ring>,
}

#[derive(Debug)]
struct Ring {
    view: RingView,
    arc: Element,
    /// Where the time left stands in words.
    count: Option<Element>,
    percent: Option<u32>,
    words: Option<(Option<u64>, &'static str)>,
}

fn ids(of: RingOf) -> (String, Option<String>) {
    match of {
        RingOf::Server(sid) => (format!("ring-{sid}"), None),
        RingOf::Client(id) => (format!("ring-c{id}"), Some(format!("count-c{id}"))),
    }
}

impl Rings {
    /// From now on these run out.
    #[inline(never)]
    pub fn show(&mut self, document: &Document, views: &[RingView]) {
        let mut before = core::mem::take(&mut self.shown);
        for view in views {
            let known = before.iter().position(|ring| ring.view.of == view.of);
            let known = known.map(|place| before.swap_remove(place));
            // A narrow drawing has no words, a wide one has: they come and go.
            let is_whole = |ring: &Ring| {
                let server = matches!(view.of, RingOf::Server(_));
                ring.arc.is_connected()
                    && ring.count.as_ref().map_or(server, |count| count.is_connected())
            };
            if let Some(ring) = known.filter(is_whole) {
                self.shown.push(Ring { view: *view, ..ring });
                continue;
            }
            let (arc, count) = ids(view.of);
            let Some(arc) = document.get_element_by_id(&arc) else { continue };
            let count = count.and_then(|id| document.get_element_by_id(&id));
            self.shown.push(Ring { view: *view, arc, count, percent: None, words: None });
        }
    }

    /// Sets every ring to what is left at this time.
    #[inline(never)]
    pub fn place(&mut self, now: Micros) {
        for ring in &mut self.shown {
            let percent = ring.view.percent(now);
            if ring.percent != Some(percent) {
                ring.percent = Some(percent);
                fill(&ring.arc, percent);
            }
            let Some(count) = &ring.count else { continue };
            let tenths = ring.view.left_us(now).map(|us| us / 100_000);
            let words = Some((tenths, ring.view.what));
            if ring.words != words {
                ring.words = words;
                let text = tenths.map(|tenths| format!("{}.{} s", tenths / 10, tenths % 10));
                write(count, text.as_deref().unwrap_or(ring.view.what));
            }
        }
    }
}

fn fill(arc: &Element, percent: u32) {
    set(arc, Often::Dashes, &format!("{percent} 100"));
    set(arc, Often::Left, &percent.to_string());
}
