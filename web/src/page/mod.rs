//! The page: what stands where in each of its modes.
//!
//! Every slot but the stage is a component that gets the same [`Shown`] and may draw any of it.
//! The stage changes more often, and gets what it needs by itself:
//!
//! * [`masthead`]: name, facts of the run, ways to the other pages.
//! * [`left`]: narration in a guided run ([`crate::panels::lesson`]), else headline, ensemble, client.
//! * the stage in the middle ([`crate::scene`]).
//! * [`right`]: what is chosen, and why it is so; below it what happened ([`crate::panels::log`]).
//! * [`dock`]: below, with tabs: diagram, events, tree, charts.
//! * the transport at the bottom ([`crate::panels::timeline`]).
//! * [`first`]: the first screen. [`text`]: the pages without a stage.

pub mod dock;
pub mod first;
pub mod left;
pub mod masthead;
pub mod right;
pub mod text;

use crate::act::Possible;
use crate::chart::Chart;
use crate::console::Console;
use crate::detail::Details;
use crate::order::{Doing, Order, Selection, Speech, Tab};
use crate::panels::log::Log;
use crate::panels::timeline::Timeline;
use crate::route::Route;
use crate::run_view::RunView;
use crate::scene::layout::Layout;
use crate::scene::{Stage, StageProps};
use crate::share::Shared;
use crate::spine::score::Score;
use crate::spine::{SpineView, dock_height};
use crate::view::View;
use dock::Dock;
use left::Left;
use masthead::Masthead;
use right::Right;
use std::rc::Rc;
use text::Text;
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId};
use zabscope_core::guide::Permit;

/// All that is drawn, for every slot.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct Shown {
    /// Which page.
    pub route: Route,
    /// The step of a guided run, while there is one.
    pub lesson: Option<Html>,
    /// Back and Next of a guided run, where they stand in the transport.
    pub turn: Option<Html>,
    /// On the first screen, what became of the write.
    pub fate: Option<String>,
    /// What is known in detail of what is chosen.
    pub details: Details,
    /// Why what is chosen is as it is.
    pub why: Option<Html>,
    /// The moment.
    pub view: Rc<View>,
    /// The moment, for what servers hold.
    pub spine: Rc<SpineView>,
    /// Lanes and messages, where the diagram is turned and looked at.
    pub score: Option<Rc<Score>>,
    /// The run around it.
    pub run: RunView,
    /// Where things stand on the stage.
    pub layout: Rc<Layout>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// The client that asks.
    pub client: ClientId,
    /// What the dock shows.
    pub tab: Tab,
    /// What can be done to what is chosen.
    pub possible: Option<Rc<Possible>>,
    /// What may be done to the run; `None`: everything.
    pub permits: Option<Vec<Permit>>,
    /// The command line.
    pub console: Rc<Console>,
    /// What of the left column is open.
    pub doing: Doing,
    /// One side of a partition that is being marked.
    pub side: Vec<NodeId>,
    /// Single letters are orders.
    pub letters: bool,
    /// Messages travel.
    pub motion: bool,
    /// How much is read aloud.
    pub speech: Speech,
    /// Servers of the run that vote.
    pub voters: u8,
    /// Servers that do not.
    pub observers: u8,
    /// Its clients.
    pub clients: u8,
    /// Its seed.
    pub seed: u64,
    /// The branch that is looked at.
    pub branch: u32,
    /// Links and files.
    pub shared: Shared,
    /// The charts of the run, while somebody looks at them.
    pub charts: Option<Rc<Vec<Chart>>>,
    /// The place of the clock, outside of Yew's sight.
    pub clock: NodeRef,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// What the slots show. It is made anew when they shall be drawn, and they are drawn when it is
/// another one: nobody looks into it for that.
#[derive(Clone, Debug)]
pub struct Snapshot(Rc<Shown>);

impl Snapshot {
    /// Of what is shown now.
    #[must_use]
    pub fn new(shown: Shown) -> Self {
        Self(Rc::new(shown))
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// What the page is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct PageProps {
    /// For the page as a whole.
    pub shown: Snapshot,
    /// For each slot.
    pub slots: [Snapshot; SLOTS],
    /// For the stage.
    pub stage: StageProps,
}

/// Number of slots beside the stage.
pub const SLOTS: usize = 6;

/// The slots, in the order in which they are drawn while time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Timeline,
    Left,
    Right,
    Happened,
    Dock,
    Masthead,
}

/// What a slot is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
struct SlotProps {
    place: Place,
    shown: Snapshot,
}

/// One slot: it stays as it is while only the stage changes.
#[component]
fn Slot(props: &SlotProps) -> Html {
    if props.place == Place::Masthead {
        let shown = &*props.shown.0;
        return html! { <Masthead ..shown.clone() /> };
    }
    beside(props)
}

/// A slot that the first screen does not have.
#[inline(never)]
fn beside(props: &SlotProps) -> Html {
    let shown = &*props.shown.0;
    match props.place {
        Place::Masthead => Html::default(),
        Place::Left => html! { <Left ..shown.clone() /> },
        Place::Right => html! { <Right ..shown.clone() /> },
        Place::Happened if shown.tab == Tab::Events => Html::default(),
        Place::Happened => {
            html! { <Log view={shown.view.clone()} order={shown.order.clone()} /> }
        }
        Place::Dock => html! { <Dock ..shown.clone() /> },
        Place::Timeline => html! {
            <Timeline turn={shown.turn.clone()} run={shown.run.clone()}
                selection={shown.selection.clone()} clock={shown.clock.clone()} shared={shown.shared.clone()} branch={shown.branch}
                order={shown.order.clone()} />
        },
    }
}

/// A slot of the page.
fn slot(props: &PageProps, place: Place) -> Html {
    let shown = props.slots.get(place as usize).unwrap_or(&props.shown);
    html! { <Slot {place} shown={shown.clone()} /> }
}

/// The whole page.
#[component]
pub fn Page(props: &PageProps) -> Html {
    let shown = &*props.shown.0;
    html! {
        <div class="page" data-mode={shown.route.mode()} data-tab={shown.tab.name()}>
            { slot(props, Place::Masthead) }
            if shown.route == Route::Unknown {
                <p class="lost" role="alert" id="unknown">
                    { "This address leads nowhere on this page. You see the first screen." }</p>
            }
            if shown.route.mode() == "first" {
                { first::first(shown, stage(props), key()) }
            } else if shown.route.has_stage() {
                <Work ..props.clone() />
            } else {
                <Text ..shown.clone() />
            }
        </div>
    }
}

/// The stage with everything around it.
#[component]
fn Work(props: &PageProps) -> Html {
    let slot = |place| slot(props, place);
    let view = &props.shown.0.view;
    let dock = dock_height(view.servers.len() + view.clients.len());
    html! {
        <>
            <main class="work" id="main" tabindex="-1" style={format!("--dock:{dock}px")}>
                <h1 class="unseen">{ props.shown.0.route.title() }</h1>
                <section class="say" aria-label="Narration">{ slot(Place::Left) }</section>
                <section class="scene" aria-label="Stage">{ stage(props) }</section>
                { key() }
                <section class="side" aria-label="Details">
                    { slot(Place::Right) }{ slot(Place::Happened) }</section>
                { slot(Place::Dock) }
            </main>
            { slot(Place::Timeline) }
        </>
    }
}

/// What the boxes beside servers mean.
fn key() -> Html {
    Html::from_html_unchecked(AttrValue::Static(include_str!("key.html")))
}

/// The drawing.
fn stage(props: &PageProps) -> Html {
    html! { <Stage ..props.stage.clone() /> }
}
