//! The list of all orders, and what keys and lists wish.

use super::{App, Msg, element, go_to};
use crate::keys::Wish;
use crate::order::Doing;
use crate::palette::{Around, Palette, Pick};
use crate::rove;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;

impl App {
    /// Does what is wished.
    #[inline(never)]
    pub(super) fn grant(&mut self, ctx: &Context<Self>, wish: Wish) -> bool {
        match wish {
            Wish::Order(order) => Component::update(self, ctx, Msg::Order(order)),
            Wish::Focus("command") if self.doing != Doing::Clients => {
                self.doing = Doing::Clients;
                self.focus = Some("command");
                true
            }
            Wish::Focus(id) => {
                if let Some(field) = element(id) {
                    // Focus that cannot be set stays where it is.
                    field.focus().ok();
                }
                false
            }
            Wish::Go(address) => {
                go_to(address);
                false
            }
        }
    }

    /// Opens, narrows or ends the list of all orders.
    #[inline(never)]
    pub(super) fn pick(&mut self, ctx: &Context<Self>, pick: Pick) -> bool {
        let Some(palette) = &mut self.palette else {
            if pick == Pick::Toggle {
                self.open_palette();
            }
            return pick == Pick::Toggle;
        };
        let place = match pick {
            Pick::Toggle | Pick::Close => {
                self.close_palette();
                return true;
            }
            Pick::Filter(filter) => {
                palette.narrow(&filter);
                return true;
            }
            Pick::Move(down) => {
                palette.step(down);
                return true;
            }
            Pick::Done => palette.at,
            Pick::One(place) => place,
        };
        let wish = self.palette.as_ref().and_then(|palette| palette.wish(place));
        if let Some(wish) = wish {
            self.close_palette();
            self.grant(ctx, wish);
        }
        true
    }

    fn open_palette(&mut self) {
        let around = Around {
            selection: self.selection.clone(),
            client: self.client,
            guided: self.tour.is_some(),
            letters: self.letters,
            permits: self.tour.as_ref().map(|tour| tour.walk().step().allow.clone()),
        };
        self.palette = Some(Palette::open(&self.lab, &around));
        self.focus = Some("palette");
        let document = web_sys::window().and_then(|window| window.document());
        let here = document.and_then(|document| document.active_element());
        self.before_palette = here.and_then(|element| element.dyn_into().ok());
    }

    fn close_palette(&mut self) {
        self.palette = None;
        if let Some(before) = self.before_palette.take() {
            // It may be gone; then the focus goes where it can. If it was nowhere, it stays there.
            before.focus().ok();
            rove::note(Some(before.into()));
        }
    }

    /// What opened has the focus, and the mark of the list is seen.
    #[inline(never)]
    pub(super) fn focus_opened(&mut self) {
        if let Some(field) = self.focus.take().and_then(element) {
            field.focus().ok();
        }
        // Turned, the diagram is longer than a telephone is high.
        if self.show_now
            && let Some(now) = first(".upright .playhead")
        {
            self.show_now = false;
            into_sight(&now);
        }
        if let Some(palette) = &self.palette
            && let Some(item) = element(&format!("order-{}", palette.at))
        {
            item.scroll_into_view_with_bool(false);
        }
        if core::mem::take(&mut self.show_talk)
            && let Some(newest) = newest_words()
        {
            into_sight(&newest);
        }
    }
}

/// The first element that matches.
fn first(css: &str) -> Option<Element> {
    web_sys::window()?.document()?.query_selector(css).ok()?
}

/// What the command line says, or else the newest of what its client was told.
fn newest_words() -> Option<Element> {
    let said = element("command-said").map(Element::from);
    said.or_else(|| element("talks")?.first_element_child())
}

/// Closes the sheets that stand over the page, but for the one in which this is.
#[inline(never)]
pub(super) fn close_sheets(within: Option<&Element>) {
    let open = first("details.branches[open]");
    if let Some(open) = open.filter(|open| within.is_none_or(|it| !open.contains(Some(it)))) {
        open.remove_attribute("open").ok();
    }
}

/// Scrolls no farther than it must for something to be seen.
pub(super) fn into_sight(element: &Element) {
    let nearest = ScrollIntoViewOptions::new();
    nearest.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&nearest);
}

/// What had the focus before the list.
pub(super) type Before = Option<HtmlElement>;
