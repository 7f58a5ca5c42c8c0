//! What is chosen, in full, with the acts that can be done to it: those of a server stand before
//! all that is known of it, which is long.

use super::gives;
use super::held;
use super::packet::packet;
use crate::detail::Details;
use crate::detail::facts::Fact;
use crate::message::node_name;
use crate::order::{Order, Selection};
use crate::scene::servers::spoken;
use crate::tell::sentence;
use crate::view::{LinkView, ServerView, View};
use std::rc::Rc;
use yew::prelude::*;
use zabscope_core::base::{NodeId, Sid};

/// The keys that are used most, and what they do.
const KEYS: [(&str, &str); 6] = [
    ("Space", "play"),
    ("← →", "one event"),
    ("1 … 9", "choose"),
    ("K", "kill"),
    ("R", "restart"),
    ("+ −", "speed"),
];

/// What the inspector is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct InspectorProps {
    /// The moment.
    pub view: Rc<View>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// What is known of it in detail.
    pub details: Details,
    /// What can be done to it.
    pub acts: Option<Html>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The inspector.
#[component]
pub fn Inspector(props: &InspectorProps) -> Html {
    let InspectorProps { view, selection, details, acts, order } = props;
    let content = match selection {
        Some(Selection::Server(sid)) => {
            view.server(*sid).map(|server| of_server(view, server, details, acts.clone(), order))
        }
        Some(Selection::Link(a, b)) => Some(of_link(&link(view, *a, *b))),
        Some(Selection::Message(_)) => details.packet.as_ref().map(|it| packet(it, order)),
        Some(Selection::Session(_)) => details.session.as_ref().map(|it| held::session(it, order)),
        Some(Selection::Znode(_)) => details.znode.as_ref().map(|it| held::znode(it, order)),
        None => None,
    };
    let acts = acts.clone().filter(|_| !matches!(selection, Some(Selection::Server(_))));
    html! {
        <>
        <div class="inspector" id="inspector">
            if let Some(content) = content {
                { content }
            } else {
                <h2>{ "Press anything on the stage" }</h2>
                <p class="hint">
                    { "A server, a link, a message, a client or a znode: here is all that is known \
                       of it, and why it is so." }
                </p>
                <p class="keys">
                    { for KEYS.iter().map(|(keys, words)| html! {
                        <span>{ for keys.split(' ').map(|key| html! { <kbd>{ key }</kbd> }) }{ words }</span>
                    }) }
                </p>
            }
        </div>
        { acts }
        </>
    }
}

fn link(view: &View, a: NodeId, b: NodeId) -> LinkView {
    let found = view.links.iter().find(|link| (link.a, link.b) == (a, b));
    found.cloned().unwrap_or(LinkView {
        a,
        b,
        cut_ab: false,
        cut_ba: false,
        held_ab: false,
        held_ba: false,
        used: false,
    })
}

fn of_server(
    view: &View,
    server: &ServerView,
    details: &Details,
    acts: Option<Html>,
    order: &Callback<Order>,
) -> Html {
    let sid = server.sid;
    let me = NodeId::Server(Sid(sid));
    let others = view.servers.iter().filter(|other| other.sid != sid);
    html! {
        <>
            <h2>{ format!("Server {sid}") }</h2>
            <p class="hint">{ format!("{}.", spoken(server)) }</p>
            { acts }
            { knows(&details.facts) }
            <h3>{ "Its links" }</h3>
            <ul class="holdings" id="its-links">
                { for others.map(|other| to_link(view, me, NodeId::Server(Sid(other.sid)), order)) }
            </ul>
        </>
    }
}

/// A way to the link between two servers, with what passes there.
fn to_link(view: &View, me: NodeId, other: NodeId, order: &Callback<Order>) -> Html {
    let (a, b) = (me.min(other), me.max(other));
    let link = link(view, a, b);
    let state = match (link.cut_ab, link.cut_ba) {
        (false, false) if link.held_ab || link.held_ba => " messages are held",
        (false, false) => "",
        (true, true) => " cut off",
        (true, false) if me == a => " is not heard there",
        (false, true) if me == b => " is not heard there",
        (true, false) | (false, true) => " hears nothing from there",
    };
    html! {
        <li key={other.to_string()}>
            <button class="plain" id={format!("to-{other}")} data-of={format!("l{a}-{b}")}
                onclick={gives(order, Order::Select(Some(Selection::Link(a, b))))}>
                { node_name(other) }</button>
            if !state.is_empty() { <b>{ state }</b> }
        </li>
    }
}

/// True for what needs a line of its own.
fn is_long(fact: &Fact) -> bool {
    fact.name.len() + fact.value.len() > 19
}

/// What is known of something; what the last step changed stands with what it was.
pub(super) fn knows(facts: &[Fact]) -> Html {
    html! {
        <dl class="knows" id="knows">
            { for facts.iter().map(|fact| html! {
                <div class={classes!(fact.was.as_ref().map(|_| "changed"), is_long(fact).then_some("long"))}>
                    <dt>{ fact.name }</dt>
                    <dd>
                        <code>{ &fact.value }</code>
                        if let Some(was) = &fact.was {
                            <span class="was">{ format!(" was {was}") }</span>
                        }
                    </dd>
                </div>
            }) }
        </dl>
    }
}

fn of_link(link: &LinkView) -> Html {
    let (a, b) = (link.a, link.b);
    let held = |from, to| {
        let (from, to) = (node_name(from), node_name(to));
        format!("What {from} sends to {to} is held: it waits until it is released.")
    };
    let state = match (link.cut_ab, link.cut_ba) {
        (false, false) if link.held_ab && link.held_ba => {
            "All is held: what is sent waits until it is released.".to_owned()
        }
        (false, false) if link.held_ab => held(a, b),
        (false, false) if link.held_ba => held(b, a),
        (false, false) => "Everything passes.".to_owned(),
        (true, true) => "Nothing passes. What is on its way waits, as TCP would.".to_owned(),
        (true, false) if link.held_ba => format!("Nothing passes: one way is cut. {}", held(b, a)),
        (false, true) if link.held_ab => format!("Nothing passes: one way is cut. {}", held(a, b)),
        (true, false) => format!("Only the way from {} works.", node_name(b)),
        (false, true) => format!("Only the way from {} works.", node_name(a)),
    };
    html! {
        <>
            <h2>{ sentence(&format!("{} to {}", node_name(a), node_name(b))) }</h2>
            <p class="hint">{ state }</p>
        </>
    }
}
