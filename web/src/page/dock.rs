//! Below the stage: one of several views of the run, chosen by tabs. On a telephone the columns
//! beside the stage are tabs too.

use super::Shown;
use crate::desk::Desk;
use crate::order::{Order, Tab};
use crate::panels::gives;
use crate::panels::log::Log;
use crate::panels::trees::Trees;
use crate::route::Route;
use crate::scene::layout::Shape;
use crate::spine::Spine;
use crate::spine::upright::Upright;
use yew::prelude::*;

/// The word on a tab.
const fn word(tab: Tab, guided: bool) -> &'static str {
    match tab {
        Tab::Say if guided => "Lesson",
        Tab::Say => "Do",
        Tab::Inspect => "Inspect",
        Tab::Diagram => "Diagram",
        Tab::Events => "Events",
        Tab::Tree => "Tree",
        Tab::Charts => "Charts",
    }
}

/// The tabs with what they show.
#[component]
pub fn Dock(shown: &Shown) -> Html {
    let guided = matches!(shown.route, Route::Lesson(..));
    // Beside the stage there is room for the columns, and the dock shows the diagram.
    let shows = match shown.tab {
        Tab::Say | Tab::Inspect => Tab::Diagram,
        tab => tab,
    };
    let tabs = Tab::ALL.map(|tab| {
        let current = shown.tab == tab || (tab == Tab::Diagram && shows == tab);
        html! {
            <button class={classes!("tab", tab.name())} id={format!("tab-{}", tab.name())}
                aria-pressed={current.to_string()} onclick={gives(&shown.order, Order::Tab(tab))}>
                { word(tab, guided) }</button>
        }
    });
    html! {
        <>
            <div class="dock-tabs" role="group" aria-label="What is shown below">{ for tabs }</div>
            <section class="dock" aria-label={word(shows, guided)}>{ content(shown, shows) }</section>
        </>
    }
}

#[inline(never)]
fn content(shown: &Shown, tab: Tab) -> Html {
    let (view, order) = (&shown.view, &shown.order);
    match tab {
        Tab::Events => html! { <Log view={view.clone()} order={order.clone()} /> },
        Tab::Charts => html! {
            <Desk charts={shown.charts.clone()} voters={shown.voters} seed={shown.seed}
                narrow={shown.layout.shape == Shape::Narrow} />
        },
        Tab::Tree => {
            html! { <Trees znodes={shown.details.znodes.clone()} selection={shown.selection.clone()}
            order={order.clone()} /> }
        }
        Tab::Say | Tab::Inspect | Tab::Diagram if shown.layout.shape == Shape::Narrow => html! {
            if let Some(score) = &shown.score {
                <Upright view={view.clone()} spine={shown.spine.clone()} score={score.clone()}
                    selection={shown.selection.clone()} order={order.clone()} />
            }
        },
        Tab::Say | Tab::Inspect | Tab::Diagram => html! {
            <Spine view={view.clone()} spine={shown.spine.clone()} selection={shown.selection.clone()}
                order={order.clone()} />
        },
    }
}
