//! What can be done to servers, links and messages: every act as a button with words, and the key
//! that does the same.

use super::gives;
use crate::act::{Act, Possible, Target};
use crate::message::node_name;
use crate::order::{Order, Selection};
use std::rc::Rc;
use web_sys::HtmlSelectElement;
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId, Sid};

/// What the panel is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct ActsProps {
    /// What is chosen.
    pub selection: Option<Selection>,
    /// What can be done to it.
    pub possible: Rc<Possible>,
    /// One side of a partition that is being marked.
    pub side: Vec<NodeId>,
    /// Time passes.
    pub playing: bool,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// A button: id, words, key, and whether it can be pressed now. It stays where it is while it
/// cannot, so that the focus stays too.
fn button(id: &str, words: &str, key: &str, can: bool, order: &Callback<Order>, act: Act) -> Html {
    let onclick = if can { gives(order, Order::Act(act)) } else { Callback::noop() };
    html! {
        <button class="plain act" key={id.to_owned()} id={id.to_owned()}
            aria-disabled={(!can).to_string()} {onclick}>
            { words }
            if !key.is_empty() { <kbd aria-hidden="true">{ key }</kbd> }
        </button>
    }
}

/// The panel.
#[component]
pub fn Acts(props: &ActsProps) -> Html {
    let ActsProps { selection, possible, order, .. } = props;
    let acts = match (selection, &possible.target) {
        (Some(Selection::Server(sid)), Some(target)) => {
            of_server(NodeId::Server(Sid(*sid)), target, order)
        }
        (Some(Selection::Link(a, b)), Some(target)) => of_link(*a, *b, target, order),
        (Some(Selection::Message(id)), Some(target)) => of_message(*id, target, order),
        _ => html! {
            <p class="hint">{ "Choose what to act on: here, on the stage, or a server by its number." }</p>
        },
    };
    html! {
        <div class="faults" id="acts">
            { chooser(props) }
            { acts }
            { partition(props) }
        </div>
    }
}

/// The value of an option, and back.
fn name_of(selection: Selection) -> String {
    let node = |node| match node {
        NodeId::Server(Sid(sid)) => format!("s{sid}"),
        NodeId::Client(ClientId(id)) => format!("c{id}"),
    };
    match selection {
        Selection::Server(sid) => format!("s{sid}"),
        Selection::Link(a, b) => format!("{}-{}", node(a), node(b)),
        Selection::Message(id) => format!("m{id}"),
    }
}

/// What an option stands for.
#[must_use]
pub fn selection_of(name: &str) -> Option<Selection> {
    let node = |text: &str| {
        if let Some(sid) = text.strip_prefix('s') {
            return Some(NodeId::Server(Sid(sid.parse().ok()?)));
        }
        Some(NodeId::Client(ClientId(text.strip_prefix('c')?.parse().ok()?)))
    };
    if let Some((a, b)) = name.split_once('-') {
        return Some(Selection::Link(node(a)?, node(b)?));
    }
    if let Some(id) = name.strip_prefix('m') {
        return id.parse().ok().map(Selection::Message);
    }
    name.strip_prefix('s')?.parse().ok().map(Selection::Server)
}

/// A list of all that can be chosen, for those who do not press the stage.
fn chooser(props: &ActsProps) -> Html {
    let ActsProps { selection, possible, playing, order, .. } = props;
    let onchange = {
        let order = order.clone();
        Callback::from(move |event: Event| {
            let list = event.target_dyn_into::<HtmlSelectElement>();
            order.emit(Order::Select(list.and_then(|list| selection_of(&list.value()))));
        })
    };
    let option = |one: Selection, words: String| {
        html! {
            <option value={name_of(one)} selected={*selection == Some(one)}>{ words }</option>
        }
    };
    let nodes = &possible.nodes;
    let pairs = nodes
        .iter()
        .enumerate()
        .flat_map(|(place, &a)| nodes.iter().skip(place + 1).map(move |&b| (a, b)));
    let has_server = |(a, _): &(NodeId, NodeId)| matches!(a, NodeId::Server(_));
    let chosen_message = match selection {
        Some(Selection::Message(id)) if possible.messages.iter().all(|(other, _)| other != id) => {
            possible.target.as_ref().map(|target| (*id, target.title.clone()))
        }
        _ => None,
    };
    // A list that changes while it is open cannot be used.
    let under_way = if *playing { &[] } else { possible.messages.as_slice() };
    html! {
        <select id="act-on" aria-label="Act on" {onchange}>
            <option value="" selected={selection.is_none()}>{ "Act on …" }</option>
            <optgroup label="Servers">
                { for nodes.iter().filter_map(|node| match node {
                    NodeId::Server(Sid(sid)) => Some(option(Selection::Server(*sid), format!("Server {sid}"))),
                    NodeId::Client(_) => None,
                }) }
            </optgroup>
            <optgroup label="Links">
                { for pairs.filter(has_server).map(|(a, b)| {
                    option(Selection::Link(a, b), format!("{} to {}", node_name(a), node_name(b)))
                }) }
            </optgroup>
            <optgroup label={if *playing { "Messages: when time stands still" } else { "Messages" }}>
                { for chosen_message.into_iter().chain(under_way.iter().cloned()).map(|(id, words)| {
                    option(Selection::Message(id), words)
                }) }
            </optgroup>
        </select>
    }
}

fn of_server(node: NodeId, target: &Target, order: &Callback<Order>) -> Html {
    let Target { up, frozen, slow, timers, .. } = target;
    let me = Vec::from([node]);
    html! {
        <>
            <div class="acts" role="group" aria-label={target.title.clone()}>
                { if *up {
                    button("act-crash", "Crash", "K", true, order, Act::Crash { node, power: false })
                } else {
                    button("act-crash", "Restart", "R", true, order, Act::Start(node))
                } }
                { button("act-power", "Power loss", "⇧K", *up, order, Act::Crash { node, power: true }) }
                { button("act-freeze", if *frozen { "Let it go on" } else { "Freeze" }, "Z", *up, order,
                    Act::Freeze(node, !frozen)) }
                { button("act-slow", if *slow { "Normal disk" } else { "Slow disk" }, "", true, order,
                    Act::SlowDisk(node, !slow)) }
                { button("act-isolate", "Cut it off", "", true, order, Act::Partition(me)) }
                { button("act-snapshot", "Snapshot", "", *up, order, Act::Snapshot(node)) }
            </div>
            if !timers.is_empty() {
                <ul class="timers" aria-label="Its timers">
                    { for timers.iter().enumerate().map(|(place, timer)| {
                        let act = Act::Fire(node, timer.timer);
                        html! {
                            <li key={timer.words.clone()}>
                                <span>{ &timer.words }</span>
                                { button(&format!("act-fire-{place}"), "Fire", if place == 0 { "T" } else { "" },
                                    true, order, act) }
                            </li>
                        }
                    }) }
                </ul>
            }
        </>
    }
}

fn of_link(a: NodeId, b: NodeId, target: &Target, order: &Callback<Order>) -> Html {
    let ways = [(a, b, 0), (b, a, 1)];
    let (cut, held) = (target.cut, target.held);
    let both_cut = cut[0] && cut[1];
    let both_held = held[0] && held[1];
    let one = |from, to, place: usize, verbs: [&str; 2], on: bool| {
        (
            format!("{}-{place}", verbs[0].to_ascii_lowercase()),
            format!("{} {from} → {to}", verbs[usize::from(on)]),
        )
    };
    html! {
        <div class="acts" role="group" aria-label={target.title.clone()}>
            { button("act-cut", if both_cut { "Heal the link" } else { "Cut the link" }, "", true, order,
                Act::CutBoth(a, b, !both_cut)) }
            { for ways.map(|(from, to, place)| {
                let on = cut.get(place).copied().unwrap_or(false);
                let (id, words) = one(from, to, place, ["Cut", "Heal"], on);
                button(&format!("act-{id}"), &words, "", true, order, Act::Cut(from, to, !on))
            }) }
            { button("act-break", "Break the connection", "D", true, order, Act::Break(a, b)) }
            { if both_held {
                button("act-hold", "Release messages", "U", true, order, Act::HoldBoth(a, b, false))
            } else {
                button("act-hold", "Hold messages", "H", true, order, Act::HoldBoth(a, b, true))
            } }
            { for ways.map(|(from, to, place)| {
                let on = held.get(place).copied().unwrap_or(false);
                let (id, words) = one(from, to, place, ["Hold", "Release"], on);
                button(&format!("act-{id}"), &words, "", true, order, Act::Hold(from, to, !on))
            }) }
        </div>
    }
}

fn of_message(id: u64, target: &Target, order: &Callback<Order>) -> Html {
    let Target { up, held, ends, title, .. } = target;
    let held = held[0];
    let way = ends.map_or_else(
        || "It is not under way.".to_owned(),
        |(from, to)| format!("From {} to {}.", node_name(from), node_name(to)),
    );
    html! {
        <>
            <p class="hint">{ format!("{title}. {way}") }</p>
            <div class="acts" role="group" aria-label={title.clone()}>
                { button("act-drop", "Drop: break its connection", "D", *up, order, Act::Drop(id)) }
                { if held {
                    button("act-hold", "Release", "U", true, order, Act::HoldMessage(id, false))
                } else {
                    button("act-hold", "Hold", "H", *up, order, Act::HoldMessage(id, true))
                } }
            </div>
        </>
    }
}

/// Both sides of a partition, and what takes all cuts and holds away.
fn partition(props: &ActsProps) -> Html {
    let ActsProps { possible, side, order, .. } = props;
    let some = !side.is_empty();
    html! {
        <div class="partition" role="group" aria-label="Partition">
            <p class="hint">{ "Partition: these on one side, all others on the other." }</p>
            <div class="acts">
                { for possible.nodes.iter().map(|&node| html! {
                    <button class="choice" key={format!("side-{node}")} id={format!("side-{node}")}
                        aria-label={format!("{node}: {}", node_name(node))} aria-pressed={side.contains(&node).to_string()}
                        onclick={gives(order, Order::Mark(node))}>{ node.to_string() }</button>
                }) }
            </div>
            <div class="acts">
                <button class="plain act" id="act-partition" key="partition"
                    aria-disabled={(!some).to_string()} onclick={gives(order, Order::Letter('\n'))}>
                    { "Cut them off" }<kbd aria-hidden="true">{ "P" }</kbd></button>
                { button("act-heal-all", "Heal all links", "P", possible.cuts > 0, order, Act::HealAll) }
                { button("act-release-all", "Release all", "", possible.holds > 0, order, Act::ReleaseAll) }
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_has_a_name_that_leads_back() {
        let (s, c) = (NodeId::Server(Sid(3)), NodeId::Client(ClientId(2)));
        for one in [Selection::Server(7), Selection::Link(s, c), Selection::Message(12)] {
            assert_eq!(selection_of(&name_of(one)), Some(one));
        }
        for wrong in ["", "s", "x1", "s1-", "m", "s1-x2", "c1", "-"] {
            assert_eq!(selection_of(wrong), None, "{wrong}");
        }
    }
}
