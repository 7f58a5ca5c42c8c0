//! The page: what stands where in each of its modes.
//!
//! Every slot is a component that gets the same [`Shown`] and may draw any of it:
//!
//! * [`masthead`]: name, facts of the run, ways to the other pages.
//! * [`left`]: narration in a guided run ([`crate::panels::lesson`]), else headline, ensemble, client.
//! * the stage in the middle ([`crate::scene`]).
//! * [`right`]: what is chosen, and the figure that decides.
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
use crate::panels::timeline::Timeline;
use crate::route::Route;
use crate::run_view::RunView;
use crate::scene::Stage;
use crate::scene::layout::Layout;
use crate::scene::state::SceneView;
use crate::share::Shared;
use crate::spine::SpineView;
use crate::spine::score::Score;
use crate::view::View;
use dock::Dock;
use first::First;
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
    /// The moment, for what the stage shows of sessions.
    pub scene: Rc<SceneView>,
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
    /// The group of the messages, outside of Yew's sight.
    pub messages: NodeRef,
    /// The place of the clock, outside of Yew's sight.
    pub clock: NodeRef,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The whole page.
#[component]
pub fn Page(shown: &Shown) -> Html {
    html! {
        <div class="page" data-mode={shown.route.mode()} data-tab={shown.tab.name()}>
            <Masthead ..shown.clone() />
            if shown.route == Route::Unknown {
                <p class="lost" role="alert" id="unknown">
                    { "This address leads nowhere on this page. You see the first screen." }</p>
            }
            if shown.route.mode() == "first" {
                <First ..shown.clone() />
            } else if shown.route.has_stage() {
                <Work ..shown.clone() />
            } else {
                <Text ..shown.clone() />
            }
        </div>
    }
}

/// The stage with everything around it.
#[component]
fn Work(shown: &Shown) -> Html {
    html! {
        <>
            <main class="work" id="main" tabindex="-1">
                <h1 class="unseen">{ shown.route.title() }</h1>
                <section class="say" aria-label="Narration"><Left ..shown.clone() /></section>
                <section class="scene" aria-label="Stage">{ stage(shown) }</section>
                <section class="side" aria-label="Details"><Right ..shown.clone() /></section>
                <Dock ..shown.clone() />
            </main>
            <Timeline run={shown.run.clone()} selection={shown.selection.clone()}
                clock={shown.clock.clone()} shared={shown.shared.clone()} branch={shown.branch}
                order={shown.order.clone()} />
        </>
    }
}

/// The drawing.
fn stage(shown: &Shown) -> Html {
    html! {
        <Stage view={shown.view.clone()} scene={shown.scene.clone()}
            layout={shown.layout.clone()} client={shown.client}
            selection={shown.selection.clone()} messages={shown.messages.clone()}
            order={shown.order.clone()} />
    }
}
