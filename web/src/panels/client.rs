//! Asking the ensemble something, as one of its clients.

use super::ask::Ask;
use super::command::CommandLine;
use super::gives;
use crate::act::Act;
use crate::console::Console;
use crate::order::Order;
use crate::view::{ClientView, View};
use std::rc::Rc;
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId};

/// What the panel is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct ClientPanelProps {
    /// The moment.
    pub view: Rc<View>,
    /// Which client.
    pub chosen: ClientId,
    /// Time passes.
    pub playing: bool,
    /// The command line.
    pub console: Rc<Console>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The panel.
#[component]
pub fn ClientPanel(props: &ClientPanelProps) -> Html {
    let ClientPanelProps { view, chosen, playing, console, order } = props;
    let Some(client) = view.clients.iter().find(|client| client.id == chosen.0) else {
        return Html::default();
    };
    html! {
        <div class="clients">
            <div class="tabs" role="group" aria-label="Which client">
                { for view.clients.iter().map(|other| html! {
                    <button class="choice" aria-pressed={(other.id == chosen.0).to_string()}
                        id={format!("choose-client-{}", other.id)}
                        onclick={gives(order, Order::ChooseClient(ClientId(other.id)))}>
                        { format!("Client {}", other.id) }</button>
                }) }
            </div>
            { session(client, order) }
            <Ask client={*chosen} order={order.clone()} />
            <CommandLine console={console.clone()} client={*chosen} order={order.clone()} />
            <ul class="talks" id="talks" aria-label={format!("Answers to client {}", client.id)}>
                { for client.talks.iter().map(|talk| html! {
                    <li class={(!talk.good).then_some("bad")}>
                        if !talk.asked.is_empty() { <code>{ &talk.asked }</code> }
                        <span>{ match &talk.answer {
                            Some(answer) => answer.clone(),
                            None if !client.connected => "waits for a connection".to_owned(),
                            None if *playing => "under way …".to_owned(),
                            None => "waits: time stands still, press play".to_owned(),
                        } }</span>
                    </li>
                }) }
            </ul>
        </div>
    }
}

fn session(client: &ClientView, order: &Callback<Order>) -> Html {
    let id = ClientId(client.id);
    let node = NodeId::Client(id);
    let at = match client.server {
        Some(server) if client.connected => format!(" at server {server}"),
        Some(server) => format!(", tries server {server}"),
        None => String::new(),
    };
    let ClientView { session, state, timeout_ms, .. } = client;
    let words = match (client.runs, session.is_empty()) {
        (false, true) => "Its process does not run.".to_owned(),
        (false, false) => {
            format!("Its process does not run. Session {session} lives until the leader ends it.")
        }
        (true, true) => format!("No session; {state}{at}."),
        (true, false) if !client.alive => {
            format!("It is {state}. Session {session} lives until the leader ends it.")
        }
        (true, false) => format!("Session {session}, {state}{at}, timeout {timeout_ms} ms."),
    };
    html! {
        <p class="session" id="session">
            <span>{ words }</span>{ " " }
            <button class="plain" id="close-session" aria-disabled={(!client.runs).to_string()}
                onclick={gives(order, Order::Session(id, !client.alive))}>
                { if client.alive { "Close it" } else { "Start a new one" } }</button>
            <button class="plain" id="expire-session" aria-disabled={client.lives.is_none().to_string()}
                onclick={gives(order, Order::Act(Act::Expire(client.lives.unwrap_or_default())))}>
                { "Expire it" }<kbd aria-hidden="true">{ "X" }</kbd></button>
            <button class="plain" id="stop-client" onclick={gives(order, Order::Act(if client.runs {
                Act::Crash { node, power: false }
            } else {
                Act::Start(node)
            }))}>{ if client.runs { "Stop the client" } else { "Start the client" } }</button>
        </p>
    }
}
