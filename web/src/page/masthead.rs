//! The head of the page: its name, the facts of the run, the ways to the other pages.

use super::Shown;
use crate::order::Order;
use crate::panels::gives;
use crate::route::Route;
use yew::prelude::*;

/// The pages that are named at the top: address, words.
const WAYS: [(&str, &str); 5] = [
    ("#/run/leader-dies/1", "Lessons"),
    ("#/play", "Playground"),
    ("#/cluster", "Real cluster"),
    ("#/real", "What is real here"),
    ("#/keys", "Keys"),
];

/// The head.
#[component]
pub fn Masthead(shown: &Shown) -> Html {
    let here = shown.route.fragment();
    let current = |address: &str| {
        let guided = matches!(shown.route, Route::Lesson(..)) && address.starts_with("#/run/");
        (guided || address == here).then_some("page")
    };
    html! {
        <header class="masthead">
            <a class="brand" href="#/" aria-label="Zabscope, first screen">
                <svg viewBox="-14 -14 28 28" aria-hidden="true">
                    <path class="ring" d="M0-9 8.6-2.8 5.3 7.3H-5.3L-8.6-2.8z" />
                    <circle class="lead" cy="-9" r="4.5" />
                    <circle cx="8.6" cy="-2.8" r="3" /><circle cx="5.3" cy="7.3" r="3" />
                    <circle cx="-5.3" cy="7.3" r="3" /><circle cx="-8.6" cy="-2.8" r="3" />
                </svg>
                <span>{ "Zabscope" }</span>
            </a>
            if matches!(shown.route.mode(), "guided" | "play") { { facts(shown) } }
            <nav aria-label="Pages">
                <ul>
                    { for WAYS.map(|(address, words)| html! {
                        <li><a href={address} aria-current={current(address)}>{ words }</a></li>
                    }) }
                </ul>
            </nav>
            <button class="plain" id="theme" aria-label="The other theme"
                onclick={gives(&shown.order, Order::Theme)}>
                <svg viewBox="-8 -8 16 16" aria-hidden="true">
                    <circle r="6" class="moon" /><path d="M0-6a6 6 0 0 1 0 12z" />
                </svg>
            </button>
        </header>
    }
}

#[inline(never)]
fn facts(shown: &Shown) -> Html {
    let view = &shown.view;
    let epoch = view.servers.iter().map(|server| server.current_epoch).max().unwrap_or(0);
    let leader = match (view.leader, view.elected()) {
        (Some(leader), _) => leader.to_string(),
        (None, Some(elected)) => format!("{elected}, not serving yet"),
        (None, None) => "none".to_owned(),
    };
    let up = format!("{} of {}", view.running(), view.servers.len());
    let facts = [
        ("epoch", epoch.to_string()),
        ("leader", leader),
        ("up", up),
        ("quorum", view.quorum.to_string()),
    ];
    html! {
        <dl class="facts">
            { for facts.into_iter().map(|(name, value)| html! {
                <div><dt>{ name }</dt><dd>{ value }</dd></div>
            }) }
        </dl>
    }
}
