//! What is drawn anew, and what stays.

use super::App;
use crate::act::Possible;
use crate::page::{SLOTS, Snapshot};
use crate::panels::why;
use crate::scene::StageProps;
use std::rc::Rc;
use yew::Html;

impl App {
    /// What the page and each panel show.
    pub(super) fn panels(&self) -> (Snapshot, [Snapshot; SLOTS]) {
        let mut panels = self.panels.borrow_mut();
        let now = panels.get_or_insert_with(|| Snapshot::new(self.shown())).clone();
        let mut slots = self.slots.borrow_mut();
        let slots = slots.get_or_insert_with(|| core::array::from_fn(|_| now.clone()));
        for (place, slot) in slots.iter_mut().enumerate() {
            if self.turn.is_none_or(|turn| turn == place) {
                *slot = now.clone();
            }
        }
        (now, slots.clone())
    }

    /// What the stage shows.
    pub(super) fn stage(&self) -> StageProps {
        StageProps {
            view: self.staged.clone(),
            scene: self.scene.clone(),
            layout: self.layout.clone(),
            client: self.client,
            selection: self.selection.clone(),
            messages: self.group.clone(),
            order: self.order.clone(),
        }
    }

    /// Why what is chosen is as it is; while nothing is, why what the step is about is so.
    pub(super) fn why(&self) -> Html {
        let topic = self.tour.as_ref().and_then(|tour| tour.walk().subject(self.lab.sim()));
        why::why(&self.lab, self.selection.as_ref(), topic)
    }

    /// What can be done.
    pub(super) fn possible(&self) -> Rc<Possible> {
        let new = || Rc::new(Possible::of(&self.lab, self.selection.as_ref()));
        self.possible.borrow_mut().get_or_insert_with(new).clone()
    }

    /// The title of the browser's window.
    pub(super) fn name_the_page(&self) {
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            document.set_title(self.route.title());
        }
    }
}
