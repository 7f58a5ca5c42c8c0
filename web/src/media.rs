//! What the browser says of its screen, and of what a person prefers.

use gloo_events::EventListener;
use std::cell::Cell;
use std::rc::Rc;
use web_sys::MediaQueryList;

/// A media query. Its answer is kept: to ask for it in every picture costs more than what depends on
/// it.
#[derive(Debug)]
pub struct Media {
    holds: Rc<Cell<bool>>,
    _listener: Option<EventListener>,
}

fn list(query: &str) -> Option<MediaQueryList> {
    web_sys::window()?.match_media(query).ok().flatten()
}

/// Asks once.
#[must_use]
pub fn holds(query: &str) -> bool {
    list(query).is_some_and(|list| list.matches())
}

impl Media {
    /// Asks, and calls `changed` whenever the answer is another one. Where there is no browser the
    /// answer is no.
    #[must_use]
    pub fn new(query: &str, changed: impl Fn() + 'static) -> Self {
        let list = list(query);
        let holds = Rc::new(Cell::new(list.as_ref().is_some_and(MediaQueryList::matches)));
        let listener = list.map(|list| {
            let (asked, kept) = (list.clone(), holds.clone());
            EventListener::new(&list, "change", move |_| {
                kept.set(asked.matches());
                changed();
            })
        });
        Self { holds, _listener: listener }
    }

    /// The answer.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.holds.get()
    }
}
