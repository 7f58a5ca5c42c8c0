//! What is chosen, and what can be done to it.

use super::gives;
use super::packet::packet;
use crate::detail::Details;
use crate::detail::facts::Fact;
use crate::message::node_name;
use crate::order::{Order, Selection};
use crate::scene::servers::spoken;
use crate::tell::sentence;
use crate::view::{LinkView, Role, ServerView, View};
use std::rc::Rc;
use yew::prelude::*;
use zabscope_core::base::{NodeId, Sid};

/// What the inspector is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct InspectorProps {
    /// The moment.
    pub view: Rc<View>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// What is known of it in detail.
    pub details: Details,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The inspector.
#[component]
pub fn Inspector(props: &InspectorProps) -> Html {
    let InspectorProps { view, selection, details, order } = props;
    let content = match *selection {
        Some(Selection::Server(sid)) => {
            view.server(sid).map(|server| of_server(view, server, &details.facts, order))
        }
        Some(Selection::Link(a, b)) => Some(of_link(&link(view, a, b), order)),
        Some(Selection::Message(_)) => details.packet.as_ref().map(|it| packet(it, order)),
        None => None,
    };
    html! {
        <div class="inspector" id="inspector">
            if let Some(content) = content {
                { content }
            } else {
                <h2>{ "Press a server or a link" }</h2>
                <p class="hint">
                    { "Kill it, pull its plug, cut its cable, one way or both. Every step can be \
                       taken back." }
                </p>
                <p class="keys">
                    <kbd>{ "Space" }</kbd>{ " play " }<kbd>{ "←" }</kbd><kbd>{ "→" }</kbd>
                    { " one event " }<kbd>{ "1" }</kbd>{ "–" }<kbd>{ "7" }</kbd>
                    { " choose " }<kbd>{ "K" }</kbd>{ " kill " }<kbd>{ "R" }</kbd>
                    { " restart " }<kbd>{ "+" }</kbd><kbd>{ "−" }</kbd>{ " speed" }
                </p>
            }
        </div>
    }
}

fn link(view: &View, a: NodeId, b: NodeId) -> LinkView {
    let found = view.links.iter().find(|link| (link.a, link.b) == (a, b));
    found.cloned().unwrap_or(LinkView { a, b, cut_ab: false, cut_ba: false, used: false })
}

fn of_server(view: &View, server: &ServerView, facts: &[Fact], order: &Callback<Order>) -> Html {
    let sid = server.sid;
    let me = NodeId::Server(Sid(sid));
    let others = view.servers.iter().filter(|other| other.sid != sid).map(|other| {
        let other = NodeId::Server(Sid(other.sid));
        cut_row(&link(view, me.min(other), me.max(other)), me, other, order)
    });
    html! {
        <>
            <h2>{ format!("Server {sid}") }</h2>
            <p class="hint">{ format!("{}.", spoken(server)) }</p>
            <div class="acts">
                if server.role == Role::Down {
                    <button class="other" id="restart" onclick={gives(order, Order::Restart(sid))}>
                        { "Restart" }</button>
                } else {
                    <button class="other" id="kill" onclick={gives(order, Order::Kill(sid, false))}>
                        { "Kill process" }</button>
                    <button class="other" id="power" onclick={gives(order, Order::Kill(sid, true))}>
                        { "Power loss" }</button>
                }
            </div>
            { knows(facts) }
            <table class="cuts">
                <caption class="unseen">{ "Its links" }</caption>
                <tbody>{ for others }</tbody>
            </table>
        </>
    }
}

/// What a server knows; what the last step changed stands with what it was.
fn knows(facts: &[Fact]) -> Html {
    html! {
        <dl class="knows" id="knows">
            { for facts.iter().map(|fact| html! {
                <div class={classes!(fact.was.as_ref().map(|_| "changed"))}>
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

/// Is the way from one to another cut?
fn is_cut(link: &LinkView, from: NodeId) -> bool {
    if link.a == from { link.cut_ab } else { link.cut_ba }
}

fn toggle(link: &LinkView, from: NodeId, to: NodeId, order: &Callback<Order>) -> Html {
    let cut = is_cut(link, from);
    let verb = if cut { "Heal" } else { "Cut" };
    let words =
        format!("{verb} {from} → {to}, the way from {} to {}", node_name(from), node_name(to));
    html! {
        <button class="plain" aria-label={words} aria-pressed={cut.to_string()}
            id={format!("cut-{from}-{to}")} onclick={gives(order, Order::Cut(from, to, !cut))}>
            { format!("{verb} {from} → {to}") }</button>
    }
}

fn cut_row(link: &LinkView, me: NodeId, other: NodeId, order: &Callback<Order>) -> Html {
    html! {
        <tr key={other.to_string()}>
            <td>{ toggle(link, me, other, order) }</td>
            <td>{ toggle(link, other, me, order) }</td>
        </tr>
    }
}

fn of_link(link: &LinkView, order: &Callback<Order>) -> Html {
    let (a, b) = (link.a, link.b);
    let state = match (link.cut_ab, link.cut_ba) {
        (false, false) => "Everything passes.".to_owned(),
        (true, true) => "Nothing passes. What is on its way waits, as TCP would.".to_owned(),
        (true, false) => format!("Only the way from {} works.", node_name(b)),
        (false, true) => format!("Only the way from {} works.", node_name(a)),
    };
    let both = link.cut_ab || link.cut_ba;
    let cut_both = {
        let order = order.clone();
        Callback::from(move |_: MouseEvent| {
            order.emit(Order::Cut(a, b, !both));
            order.emit(Order::Cut(b, a, !both));
        })
    };
    html! {
        <>
            <h2>{ sentence(&format!("{} to {}", node_name(a), node_name(b))) }</h2>
            <p class="hint">{ state }</p>
            <div class="acts">
                <button class="other" id="cut-both" onclick={cut_both}>
                    { if both { "Heal the link" } else { "Cut the link" } }</button>
                { toggle(link, a, b, order) }
                { toggle(link, b, a, order) }
            </div>
        </>
    }
}
