//! The head of the page: what this is, the one obvious action, and which run it is.

use super::gives;
use crate::app::Order;
use crate::route::Route;
use crate::view::{Role, View};
use std::rc::Rc;
use yew::prelude::*;

/// The parts of the page that the masthead leads to.
const PARTS: [(Route, &str); 4] = [
    (Route::First, "Start"),
    (Route::Play, "Playground"),
    (Route::Cluster, "Real cluster"),
    (Route::Real, "What is real here"),
];

/// What the masthead is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct MastheadProps {
    /// The moment.
    pub view: Rc<View>,
    /// Seed of the run.
    pub seed: u64,
    /// Servers of the run.
    pub voters: u8,
    /// Which part of the page this is.
    pub route: Route,
    /// The theme, if it was chosen.
    pub dark: Option<bool>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// Name, state of the ensemble, choice of the run, theme.
#[component]
pub fn Masthead(props: &MastheadProps) -> Html {
    let MastheadProps { view, seed, voters, route, order, .. } = props;
    let epoch = view.servers.iter().map(|server| server.current_epoch).max().unwrap_or(0);
    let fact = |name: &str, value: String| {
        html! { <span class="fact">{ format!("{name} ") }<b>{ value }</b></span> }
    };
    html! {
        <header class="masthead">
            <strong class="brand">
                <svg viewBox="-14 -14 28 28" aria-hidden="true">
                    <path class="ring" d="M0-9 8.6-2.8 5.3 7.3H-5.3L-8.6-2.8z" />
                    <circle class="lead" cy="-9" r="4.5" />
                    <circle cx="8.6" cy="-2.8" r="3" /><circle cx="5.3" cy="7.3" r="3" />
                    <circle cx="-5.3" cy="7.3" r="3" /><circle cx="-8.6" cy="-2.8" r="3" />
                </svg>
                { "Zabscope" }
            </strong>
            <nav class="nav" aria-label="Parts of the page">
                { for PARTS.iter().map(|(part, name)| html! {
                    <a href={part.fragment()} aria-current={(part == route).then_some("page")}>
                        { *name }</a>
                }) }
            </nav>
            <div class="facts">
                { fact("epoch", epoch.to_string()) }
                { fact("leader", view.leader.map_or_else(|| "none".to_owned(), |l| l.to_string())) }
                { fact("up", format!("{} of {}", view.running(), view.servers.len())) }
                { fact("majority", view.quorum.to_string()) }
            </div>
            <div class="run" role="group" aria-label="The run">
                { for (!matches!(route, Route::Lesson(..))).then(|| choose_run(*seed, *voters, order)) }
                <button class="plain" id="theme" aria-label="The other theme"
                    onclick={gives(order, Order::Theme)}>
                    <svg viewBox="-8 -8 16 16" aria-hidden="true">
                        <circle r="6" class="moon" /><path d="M0-6a6 6 0 0 1 0 12z" />
                    </svg>
                </button>
            </div>
        </header>
    }
}

fn choose_run(seed: u64, voters: u8, order: &Callback<Order>) -> Html {
    html! {
        <>
            <span class="second" id="servers-label">{ "Servers" }</span>
                { for [3_u8, 5, 7].map(|count| html! {
                <button class="choice" id={format!("voters-{count}")}
                        aria-pressed={(count == voters).to_string()}
                        aria-label={format!("A new run with {count} servers")}
                        onclick={gives(order, Order::Run(count, seed))}>{ count }</button>
                }) }
            <span class="second">{ format!("seed {seed}") }</span>
            <button class="plain" id="new-run"
                    onclick={gives(order, Order::Run(voters, seed + 1))}>{ "New run" }</button>
        </>
    }
}

/// What the headline is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct HeadlineProps {
    /// The moment.
    pub view: Rc<View>,
    /// On the first screen, where the first way in is the thing to do.
    pub first: bool,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The state in a few large words, what this is, and what to do.
#[component]
pub fn Headline(props: &HeadlineProps) -> Html {
    let HeadlineProps { view, first, order } = props;
    let down: Vec<i64> =
        view.servers.iter().filter(|s| s.role == Role::Down).map(|s| s.sid).collect();
    let headline = match view.leader {
        Some(leader) => format!("Server {leader} leads."),
        None if view.running() < view.quorum => "No majority, no service.".to_owned(),
        None => "Who leads now?".to_owned(),
    };
    let kill = match view.leader {
        Some(_) => gives(order, Order::KillLeader),
        None => Callback::noop(),
    };
    html! {
        <div class="headline">
            <h1 id="headline">{ headline }</h1>
            <p class="voice">
                { format!("{} servers keep one history, the way ZooKeeper does: every change in \
                   the same order, on most of the disks, before anyone calls it done. ",
                   number(view.servers.len())) }
                <span class="marked">{ "The engine is real and runs in this tab." }</span>
            </p>
            <div class="acts">
                { for first.then(|| html! {
                    <a class="main" id="start" href={Route::Lesson(0, 0).fragment()}>
                        { "See an election" }</a>
                }) }
                <button class={if *first { "other" } else { "main" }} id="kill-leader" onclick={kill}
                    aria-disabled={view.leader.is_none().to_string()}>
                    { "Kill the leader" }<kbd>{ "K" }</kbd>
                </button>
                { for down.iter().map(|sid| html! {
                    <button class="other" id={format!("restart-{sid}")}
                        onclick={gives(order, Order::Restart(*sid))}>
                        { format!("Restart server {sid}") }</button>
                }) }
            </div>
        </div>
    }
}

fn number(count: usize) -> String {
    match count {
        3 => "Three".to_owned(),
        5 => "Five".to_owned(),
        7 => "Seven".to_owned(),
        _ => count.to_string(),
    }
}
