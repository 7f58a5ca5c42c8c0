//! What the page does about links and files.

use super::{App, Order, Selection};
use crate::route::Route;
use crate::run_view::RunCache;
use crate::share::{self, Seen, Shared, Sharing};
use crate::travel::SPEEDS;
use yew::prelude::*;

impl App {
    /// What goes with the run.
    pub(super) fn seen(&self) -> Seen {
        let speed = u8::try_from(self.pace.speed).unwrap_or(0);
        Seen { speed, selection: self.selection.clone() }
    }

    /// Links and files.
    #[inline(never)]
    pub(super) fn share(&mut self, sharing: Sharing, order: &Callback<Order>) {
        let seen = self.seen();
        let tell = |message: String, alarm| (message, alarm);
        let (message, alarm) = match sharing {
            Sharing::Dismiss => tell(String::new(), false),
            Sharing::Make => {
                self.playing = false;
                match share::text_of(&self.lab, &seen) {
                    Ok(text) => {
                        let branch = self.lab.branch().id().0;
                        let link = share::browser::link(&text);
                        self.shared.link = Some((branch, self.lab.index(), link));
                        return;
                    }
                    Err(why) => tell(format!("No link: {why}."), true),
                }
            }
            Sharing::Copy => {
                if let Some((.., link)) = &self.shared.link {
                    let order = order.clone();
                    let then = Callback::from(move |sharing| order.emit(Order::Share(sharing)));
                    share::browser::copy(link, then);
                }
                return;
            }
            Sharing::Copied(true) => tell("The link is in the clipboard.".to_owned(), false),
            Sharing::Copied(false) => {
                tell("The browser gave no clipboard: mark the link and copy it.".to_owned(), true)
            }
            Sharing::Save => {
                let name = format!("zabscope-seed-{}.jsonl", self.lab.seed());
                let saved = share::file_of(&self.lab, &seen);
                let saved = saved.and_then(|file| {
                    share::browser::save(&name, &file).map_err(|_| "the browser refused".to_owned())
                });
                match saved {
                    Ok(()) => tell(format!("Saved as {name}."), false),
                    Err(why) => tell(format!("Not saved: {why}."), true),
                }
            }
            Sharing::Unread(why) => tell(format!("{why}."), true),
            Sharing::Open(name, content) => return self.open(&name, &content),
        };
        self.shared.message = message;
        self.shared.alarm = alarm;
    }

    /// True if this run has what a link says was chosen. A znode may be one that is gone.
    fn is_there(&self, selection: &Selection) -> bool {
        let has = |node| self.lab.world().slot(node).is_some();
        match selection {
            Selection::Server(_) | Selection::Session(_) => selection.node().is_some_and(has),
            Selection::Link(a, b) => has(*a) && has(*b),
            Selection::Message(id) => self.lab.flight(*id).is_some(),
            Selection::Znode(_) => true,
        }
    }

    /// Speed and choice of whoever saw the run before.
    pub(super) fn see_as(&mut self, seen: Seen) {
        self.pace.speed = usize::from(seen.speed).min(SPEEDS.len() - 1);
        self.select(seen.selection.filter(|it| self.is_there(it)));
    }

    /// Opens what somebody shared; if that is impossible, says so and stays.
    #[inline(never)]
    pub(super) fn open(&mut self, name: &str, content: &str) {
        match share::open(content) {
            Err(why) => {
                self.shared.message =
                    format!("{name} cannot be opened: {why}. You see a run of your own.");
                self.shared.alarm = true;
            }
            Ok((lab, seen, strange)) => {
                let old = core::mem::replace(&mut self.lab, lab);
                let tour = self.tour.take();
                self.route = Route::Play;
                self.selection = None;
                self.playing = false;
                self.shared = Shared {
                    alarm: strange.is_some(),
                    message: strange.unwrap_or_default(),
                    link: None,
                };
                self.pace.moved(&self.lab);
                self.set_aside(tour, old);
                self.run.replace(RunCache::default());
                self.details.take();
                self.refresh();
                self.see_as(seen);
                self.arrange();
                // A file can be dropped on any page; the run is looked at where all can be done.
                if matches!(self.route.mode(), "first" | "text") {
                    super::go_to(&Route::Play.fragment());
                }
            }
        }
    }
}
