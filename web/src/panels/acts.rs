//! What can be done to servers, links and messages: every act as a button with words, and the key
//! that does the same.

use super::gives;
use crate::act::{Act, Possible, Target};
use crate::message::node_name;
use crate::order::{Order, Selection};
use crate::view::View;
use std::rc::Rc;
use web_sys::HtmlSelectElement;
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId, Sid};
use zabscope_core::guide::Permit;

/// What the panel is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct ActsProps {
    /// The moment.
    pub view: Rc<View>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// What can be done to it.
    pub possible: Rc<Possible>,
    /// One side of a partition that is being marked.
    pub side: Vec<NodeId>,
    /// Time passes.
    pub playing: bool,
    /// What may be done; `None`: everything.
    pub permits: Option<Vec<Permit>>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// What every button of the panel needs.
#[derive(Clone, Copy, Debug)]
struct Panel<'a> {
    order: &'a Callback<Order>,
    permits: Option<&'a [Permit]>,
}

impl Panel<'_> {
    fn may(self, permit: Permit) -> bool {
        self.permits.is_none_or(|permits| permits.contains(&permit))
    }

    /// A button: id, words, key, and whether it can be pressed now. It stays where it is while it
    /// cannot, so that the focus stays too. What a step of a guided run does not permit is not
    /// there.
    fn button(self, id: &str, words: &str, key: &str, can: bool, act: Act) -> Html {
        if !self.may(act.permit()) {
            return Html::default();
        }
        let onclick = if can { gives(self.order, Order::Act(act)) } else { Callback::noop() };
        html! {
            <button class="plain act" key={id.to_owned()} id={id.to_owned()}
                aria-disabled={(!can).to_string()} {onclick}>
                { words }
                if !key.is_empty() { <kbd aria-hidden="true">{ key }</kbd> }
            </button>
        }
    }
}

/// What can be done to what is chosen: it stands with it. Nothing where nothing may be done.
#[component]
pub fn Acts(props: &ActsProps) -> Html {
    let ActsProps { view, selection, possible, order, permits, .. } = props;
    let panel = Panel { order, permits: permits.as_deref() };
    if permits.as_ref().is_some_and(Vec::is_empty) {
        return Html::default();
    }
    let acts = match (selection, &possible.target) {
        (Some(Selection::Server(sid)), Some(target)) => {
            of_server(NodeId::Server(Sid(*sid)), target, panel)
        }
        (Some(Selection::Session(client)), Some(target)) => of_client(*client, view, target, panel),
        (Some(Selection::Link(a, b)), Some(target)) => of_link(*a, *b, target, panel),
        (Some(Selection::Message(id)), Some(target)) => of_message(*id, target, panel),
        _ => return Html::default(),
    };
    html! { <div class="faults" id="acts">{ acts }</div> }
}

/// What is done without choosing something on the stage: a list of all that can be chosen, and a
/// partition.
#[component]
pub fn Breaking(props: &ActsProps) -> Html {
    html! {
        <div class="faults" id="breaking">
            { chooser(props) }
            { partition(props) }
        </div>
    }
}

/// A list of all that can be chosen, for those who do not press the stage.
fn chooser(props: &ActsProps) -> Html {
    let ActsProps { view, selection, possible, playing, order, .. } = props;
    let onchange = {
        let order = order.clone();
        Callback::from(move |event: Event| {
            let list = event.target_dyn_into::<HtmlSelectElement>();
            order.emit(Order::Select(list.and_then(|list| Selection::named(&list.value()))));
        })
    };
    let option = |one: Selection, words: String| {
        html! {
            <option value={one.name()} selected={selection.as_ref() == Some(&one)}>{ words }</option>
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
            <option value="" selected={selection.is_none()}>{ "Act on … – its acts come beside it" }</option>
            <optgroup label="Servers">
                { for view.servers.iter().map(|server| {
                    option(Selection::Server(server.sid), format!("Server {}", server.sid))
                }) }
            </optgroup>
            <optgroup label="Clients">
                { for view.clients.iter().map(|client| {
                    let one = Selection::Session(ClientId(client.id));
                    option(one, format!("Client {}", client.id))
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

fn of_server(node: NodeId, target: &Target, panel: Panel<'_>) -> Html {
    let Target { up, frozen, slow, timers, .. } = target;
    let me = Vec::from([node]);
    html! {
        <>
            <div class="acts" role="group" aria-label={target.title.clone()}>
                { if *up {
                    panel.button("act-crash", "Crash", "K", true, Act::Crash { node, power: false })
                } else {
                    panel.button("act-crash", "Restart", "R", true, Act::Start(node))
                } }
                { panel.button("act-power", "Power loss", "⇧K", *up, Act::Crash { node, power: true }) }
                { panel.button("act-freeze", if *frozen { "Let it go on" } else { "Freeze" }, "Z", *up,
                    Act::Freeze(node, !frozen)) }
                { panel.button("act-slow", if *slow { "Normal disk" } else { "Slow disk" }, "", true,
                    Act::SlowDisk(node, !slow)) }
                { panel.button("act-isolate", "Cut it off", "", true, Act::Partition(me)) }
                { panel.button("act-snapshot", "Snapshot", "", *up, Act::Snapshot(node)) }
            </div>
            if !timers.is_empty() && panel.may(Permit::Timer) {
                <ul class="timers" aria-label="Its timers">
                    { for timers.iter().enumerate().map(|(place, timer)| {
                        let act = Act::Fire(node, timer.timer);
                        html! {
                            <li key={timer.words.clone()}>
                                <span>{ &timer.words }</span>
                                { panel.button(&format!("act-fire-{place}"), "Fire", if place == 0 { "T" } else { "" },
                                    true, act) }
                            </li>
                        }
                    }) }
                </ul>
            }
        </>
    }
}

/// A client and its session.
fn of_client(id: ClientId, view: &View, target: &Target, panel: Panel<'_>) -> Html {
    let (node, up) = (NodeId::Client(id), target.up);
    let client = view.clients.iter().find(|client| client.id == id.0);
    let lives = client.and_then(|client| client.lives);
    let at = client.and_then(|client| client.server);
    html! {
        <div class="acts" role="group" aria-label={target.title.clone()}>
            { if up {
                panel.button("act-crash", "Crash", "K", true, Act::Crash { node, power: false })
            } else {
                panel.button("act-crash", "Start", "R", true, Act::Start(node))
            } }
            { panel.button("act-freeze", if target.frozen { "Let it go on" } else { "Freeze" }, "Z", up,
                Act::Freeze(node, !target.frozen)) }
            { panel.button("act-expire", "Expire its session", "X", lives.is_some(),
                Act::Expire(lives.unwrap_or_default())) }
            { panel.button("act-isolate", "Cut it off", "", true, Act::Partition(vec![node])) }
            { for view.servers.iter().map(|server| {
                let sid = server.sid;
                panel.button(&format!("act-move-{sid}"), &format!("Move to server {sid}"), "",
                    up && at != Some(sid), Act::Move(id, Sid(sid)))
            }) }
        </div>
    }
}

fn of_link(a: NodeId, b: NodeId, target: &Target, panel: Panel<'_>) -> Html {
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
            { panel.button("act-cut", if both_cut { "Heal the link" } else { "Cut the link" }, "", true,
                Act::CutBoth(a, b, !both_cut)) }
            { for ways.map(|(from, to, place)| {
                let on = cut.get(place).copied().unwrap_or(false);
                let (id, words) = one(from, to, place, ["Cut", "Heal"], on);
                panel.button(&format!("act-{id}"), &words, "", true, Act::Cut(from, to, !on))
            }) }
            { panel.button("act-break", "Break the connection", "D", true, Act::Break(a, b)) }
            { if both_held {
                panel.button("act-hold", "Release messages", "U", true, Act::HoldBoth(a, b, false))
            } else {
                panel.button("act-hold", "Hold messages", "H", true, Act::HoldBoth(a, b, true))
            } }
            { for ways.map(|(from, to, place)| {
                let on = held.get(place).copied().unwrap_or(false);
                let (id, words) = one(from, to, place, ["Hold", "Release"], on);
                panel.button(&format!("act-{id}"), &words, "", true, Act::Hold(from, to, !on))
            }) }
        </div>
    }
}

fn of_message(id: u64, target: &Target, panel: Panel<'_>) -> Html {
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
                { panel.button("act-drop", "Drop: break its connection", "D", *up, Act::Drop(id)) }
                { if held {
                    panel.button("act-hold", "Release", "U", true, Act::HoldMessage(id, false))
                } else {
                    panel.button("act-hold", "Hold", "H", *up, Act::HoldMessage(id, true))
                } }
            </div>
        </>
    }
}

/// Both sides of a partition, and what takes all cuts and holds away.
fn partition(props: &ActsProps) -> Html {
    let ActsProps { possible, side, order, .. } = props;
    let panel = Panel { order, permits: None };
    let some = !side.is_empty();
    html! {
        <div class="partition" role="group" aria-label="Partition">
            <p class="hint">{ "Partition: these against all the others." }</p>
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
                { panel.button("act-heal-all", "Heal all links", "P", possible.cuts > 0, Act::HealAll) }
                { panel.button("act-release-all", "Release all", "", possible.holds > 0, Act::ReleaseAll) }
            </div>
        </div>
    }
}
