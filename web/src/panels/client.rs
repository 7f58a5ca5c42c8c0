//! Asking the ensemble something, as one of its clients.

use super::gives;
use crate::act::Act;
use crate::lab::create;
use crate::order::Order;
use crate::view::{ClientView, View};
use std::rc::Rc;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId};
use zabscope_core::proto::request::Request;

/// What the panel is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct ClientPanelProps {
    /// The moment.
    pub view: Rc<View>,
    /// Which client.
    pub chosen: ClientId,
    /// Time passes.
    pub playing: bool,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// What can be asked: the word, and what it means.
const VERBS: [(&str, &str); 5] = [
    ("create", "create"),
    ("get", "get"),
    ("set", "set"),
    ("ls", "ls (children)"),
    ("delete", "delete"),
];

/// The request that the fields describe. `flags` are those of create.
#[must_use]
pub fn request(verb: &str, path: &str, data: &str, flags: i32) -> Option<Request> {
    let path_text = path.into();
    Some(match verb {
        "create" => create(path, data, flags),
        "get" => Request::GetData { path: path_text, watch: false },
        "set" => Request::SetData {
            path: path_text,
            data: Some(data.as_bytes().to_vec().into()),
            version: -1,
        },
        "ls" => Request::GetChildren { path: path_text, watch: false },
        "delete" => Request::Delete { path: path_text, version: -1 },
        _ => return None,
    })
}

/// The panel.
#[component]
pub fn ClientPanel(props: &ClientPanelProps) -> Html {
    let ClientPanelProps { view, chosen, playing, order } = props;
    let verb = use_state(|| "create".to_owned());
    // Yew puts back what a field has that its state has not, so all typing goes through states.
    let (path, data) = (use_state(|| "/a".to_owned()), use_state(|| "1".to_owned()));
    let (ephemeral, sequence) = (use_state(|| false), use_state(|| false));
    let Some(client) = view.clients.iter().find(|client| client.id == chosen.0) else {
        return Html::default();
    };
    let onchange = {
        let verb = verb.clone();
        Callback::from(move |event: Event| {
            if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
                verb.set(select.value());
            }
        })
    };
    let onsubmit = {
        let (order, verb, client) = (order.clone(), verb.clone(), *chosen);
        let (path, data) = (path.clone(), data.clone());
        let flags = i32::from(*ephemeral) + 2 * i32::from(*sequence);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(request) = request(&verb, path.trim(), &data, flags) {
                order.emit(Order::Ask(client, request));
            }
        })
    };
    let creates = *verb == "create";
    let has_data = creates || *verb == "set";
    html! {
        <div class="clients">
            <h2>{ "Ask as a client" }</h2>
            <div class="tabs" role="group" aria-label="Which client">
                { for view.clients.iter().map(|other| html! {
                    <button class="choice" aria-pressed={(other.id == chosen.0).to_string()}
                        id={format!("choose-client-{}", other.id)}
                        onclick={gives(order, Order::ChooseClient(ClientId(other.id)))}>
                        { format!("Client {}", other.id) }</button>
                }) }
            </div>
            { session(client, order) }
            <form class="ask" {onsubmit}>
                <select id="verb" aria-label="What to ask" {onchange}>
                    { for VERBS.map(|(value, words)| html! {
                        <option {value} selected={*verb == value}>{ words }</option>
                    }) }
                </select>
                <input type="text" id="path" aria-label="Path" value={(*path).clone()} oninput={typed(&path)}
                    spellcheck="false" autocomplete="off" />
                <input type="text" id="data" aria-label="Data" value={(*data).clone()} oninput={typed(&data)}
                    class={(!has_data).then_some("gone")} spellcheck="false" autocomplete="off" />
                <label class={classes!("flag", (!creates).then_some("gone"))}>
                    <input type="checkbox" id="ephemeral" checked={*ephemeral} onchange={switched(&ephemeral)} />{ "ephemeral" }
                </label>
                <label class={classes!("flag", (!creates).then_some("gone"))}>
                    <input type="checkbox" id="sequence" checked={*sequence} onchange={switched(&sequence)} />{ "sequential" }
                </label>
                <button class="other" id="ask" type="submit">{ "Ask" }</button>
            </form>
            <ul class="talks" id="talks" aria-label={format!("Answers to client {}", client.id)}>
                { for client.talks.iter().map(|talk| html! {
                    <li class={(!talk.good).then_some("bad")}>
                        if !talk.asked.is_empty() { <code>{ &talk.asked }</code> }
                        <span>{ match &talk.answer {
                            Some(answer) => answer.clone(),
                            None if *playing => "under way …".to_owned(),
                            None => "waits: time stands still, press play".to_owned(),
                        } }</span>
                    </li>
                }) }
            </ul>
        </div>
    }
}

fn typed(state: &UseStateHandle<String>) -> Callback<InputEvent> {
    let state = state.clone();
    Callback::from(move |event: InputEvent| {
        if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
            state.set(input.value());
        }
    })
}

fn switched(state: &UseStateHandle<bool>) -> Callback<Event> {
    let state = state.clone();
    Callback::from(move |event: Event| {
        if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
            state.set(input.checked());
        }
    })
}

fn session(client: &ClientView, order: &Callback<Order>) -> Html {
    let id = ClientId(client.id);
    let node = NodeId::Client(id);
    let at = match client.server {
        Some(server) if client.connected => format!(" at server {server}"),
        Some(server) => format!(", tries server {server}"),
        None => String::new(),
    };
    let words = if !client.runs {
        "Its process does not run.".to_owned()
    } else if client.session.is_empty() {
        format!("No session; {}{at}.", client.state)
    } else {
        format!(
            "Session {}, {}{at}, timeout {} ms.",
            client.session, client.state, client.timeout_ms
        )
    };
    html! {
        <p class="session" id="session">
            { words }{ " " }
            <button class="plain" id="close-session" aria-disabled={(!client.runs).to_string()}
                onclick={gives(order, Order::Session(id, !client.alive))}>
                { if client.alive { "Close it" } else { "Start a new one" } }</button>
            <button class="plain" id="expire-session" aria-disabled={client.session.is_empty().to_string()}
                onclick={gives(order, Order::Act(Act::Expire(id)))}>
                { "Expire it" }<kbd aria-hidden="true">{ "X" }</kbd></button>
            <button class="plain" id="stop-client" onclick={gives(order, Order::Act(if client.runs {
                Act::Crash { node, power: false }
            } else {
                Act::Start(node)
            }))}>{ if client.runs { "Stop the client" } else { "Start the client" } }</button>
        </p>
    }
}
