//! The pages without a stage.

use super::Shown;
use crate::keys;
use crate::route::Route;
use yew::prelude::*;

/// What is real, and what is simplified: one line each.
const REAL: [(&str, &str); 8] = [
    (
        "The protocol",
        "Election, discovery, synchronization and broadcast run in the same code that serves TCP.",
    ),
    (
        "The messages",
        "Every message that you see is the record that goes over the wire, field by field.",
    ),
    (
        "The disk",
        "A write is on disk when its simulated disk says so; power loss takes what is not.",
    ),
    ("The tree, the sessions, the watches", "Those of the server, not of the page."),
    (
        "Time is simulated",
        "A hop takes 15 to 25 ms, a tick 400 ms, a write 4 to 6 ms; a real cluster is faster and ticks slower.",
    ),
    ("Connections are TCP as it behaves", "In order, or broken; nothing is lost in the middle."),
    ("No second model", "What is drawn is read from the servers' own state."),
    (
        "A run is its seed and what you did",
        "The same seed and acts give the same run, here and in the command line tool.",
    ),
];

/// A page of text.
#[component]
pub fn Text(shown: &Shown) -> Html {
    html! {
        <main class="text" id="main" tabindex="-1">
            { match shown.route {
                Route::Real => real(),
                Route::Keys => keys_page(),
                _ => cluster(),
            } }
        </main>
    }
}

fn real() -> Html {
    html! {
        <>
            <h1>{ "What is real here" }</h1>
            <dl>{ for REAL.map(|(what, words)| html! { <div><dt>{ what }</dt><dd>{ words }</dd></div> }) }</dl>
        </>
    }
}

fn keys_page() -> Html {
    html! {
        <>
            <h1>{ "Keys" }</h1>
            <p class="voice">{ "Every key is also a button. Letters do nothing while you write in a field." }</p>
            <dl class="key-list">{ for keys::LIST.map(|(keys, words)| html! {
                <div><dt>{ for keys.split(' ').map(|key| html! { <kbd>{ key }</kbd> }) }</dt><dd>{ words }</dd></div>
            }) }</dl>
            <p><a class="other" href="#/play">{ "Open the playground" }</a></p>
        </>
    }
}

fn cluster() -> Html {
    html! {
        <>
            <h1>{ "A real cluster" }</h1>
            <p class="voice">{ "The program zabscope is a ZooKeeper server made of the same engine. It reads zoo.cfg, keeps \
                ZooKeeper's files, and serves its clients and its other servers over TCP." }</p>
            <pre><code>{ "cargo build --release -p zabscope\ntarget/release/zabscope cluster --servers 3 --dir data\ntarget/release/zabscope cli create /hello world" }</code></pre>
            <p class="voice">{ "A file that a run was saved to opens here: drop it on the page." }</p>
        </>
    }
}
