//! The first screen: what this is, an ensemble in the middle of a write, one obvious action, and
//! three ways in.

use super::Shown;
use crate::order::Order;
use crate::panels::gives;
use crate::panels::lesson::Runs;
use yew::prelude::*;

/// A way in: title, words, id, address and words of the link.
const WAYS: [(&str, &str, &str, &str, &str); 3] = [
    (
        "Learn, in two minutes",
        "A leader dies and another is elected, in short steps. You guess what comes next; the \
         engine marks it.",
        "start",
        "#/run/leader-dies/1",
        "Start the first lesson",
    ),
    (
        "Play, without a script",
        "Crashes, power loss, cut links, your own writes, and a step back that is exact.",
        "to-play",
        "#/play",
        "Open the playground",
    ),
    (
        "Run a real cluster",
        "The same engine serves ordinary ZooKeeper clients over TCP.",
        "to-cluster",
        "#/cluster",
        "Start three servers",
    ),
];

/// What is asked before somebody knows.
const QUESTION: &str = "If the leader dies now, is the write lost? Guess, then look.";

/// The screen, with the drawing and what its boxes mean.
pub fn first(shown: &Shown, stage: Html, key: Html) -> Html {
    let Shown { view, run, order, .. } = shown;
    let play = if run.playing { "Pause" } else { "Play on" };
    html! {
        <main class="hero" id="main" tabindex="-1">
            <section class="pitch" aria-label="What this is">
                <h1 class="display">{ "Pull the plug in the middle of a write." }</h1>
                <p class="lede">
                    { "Five servers in this page keep one history, the way ZooKeeper does: every \
                       change in the same order, on most of the disks, before anyone calls it \
                       done. The engine is real. Step it, cut its cables, crash its leader." }
                </p>
                <div class="acts">
                    <button class="main big" id="play" aria-keyshortcuts="Space"
                        onclick={gives(order, Order::Toggle)}>
                        <svg viewBox="-8 -8 16 16" aria-hidden="true">
                            if run.playing { <path d="M-5-6H-1.5V6H-5zM1.5-6H5V6H1.5z" /> }
                            else { <path d="M-5-7 7 0-5 7z" /> }
                        </svg>
                        { play }<kbd aria-hidden="true">{ "Space" }</kbd>
                    </button>
                    if let Some(leader) = view.leader {
                        <button class="other big" id="kill-leader"
                            onclick={gives(order, Order::KillLeader(false))}>
                            { format!("Crash server {leader}") }<kbd>{ "K" }</kbd>
                        </button>
                    }
                </div>
                <p class="second" id="fate">
                    { shown.fate.as_deref().unwrap_or(QUESTION) }<br />
                    if !run.playing && shown.fate.is_none() {
                        { "Nothing moves before you press; every step can be taken back." }
                    } else {
                        <button class="plain" id="first-back" aria-keyshortcuts="ArrowLeft"
                            onclick={gives(order, Order::Back)}>{ "One step back" }</button>
                    }
                </p>
            </section>
            <section class="pic" aria-label="Stage">{ stage }</section>
            { key }
            <div class="ways-in">
                { for WAYS.map(|(title, words, id, address, link)| html! {
                    <section>
                        <h2>{ title }</h2><p>{ words }</p>
                        <a {id} href={address}>{ link }</a>
                        if id == "start" { <Runs /> }
                    </section>
                }) }
            </div>
        </main>
    }
}
