//! What is chosen besides servers, links and messages: a client with its session, and a znode.

use super::gives;
use super::inspector::knows;
use crate::detail::session::{SessionView, WatchAt};
use crate::detail::znode::{Copy, ZnodeView};
use crate::order::{Order, Selection};
use std::rc::Rc;
use yew::prelude::*;
use zabscope_core::base::ClientId;

fn to_znode(path: &Rc<str>, order: &Callback<Order>) -> Html {
    let of = format!("z{path}");
    html! {
        <button class="plain path" data-of={of}
            onclick={gives(order, Order::Select(Some(Selection::Znode(path.clone()))))}>{ &**path }</button>
    }
}

fn to_client(id: u32, order: &Callback<Order>) -> Html {
    let chosen = Selection::Session(ClientId(id));
    html! {
        <button class="plain" data-of={format!("c{id}")}
            onclick={gives(order, Order::Select(Some(chosen)))}>{ format!("client {id}") }</button>
    }
}

/// A client and its session.
#[inline(never)]
pub fn session(view: &SessionView, order: &Callback<Order>) -> Html {
    let title = if view.id.is_empty() { "No session yet".to_owned() } else { view.id.clone() };
    html! {
        <>
            <h2>{ format!("Client {}", view.client) }</h2>
            <p class="hint" id="session-id">{ "Session " }<code>{ title }</code></p>
            { knows(&view.facts) }
            if !view.owns.is_empty() {
                <h3>{ "Its ephemeral znodes" }</h3>
                <ul class="holdings" id="owns">
                    { for view.owns.iter().map(|path| html! { <li>{ to_znode(path, order) }</li> }) }
                </ul>
            }
            if !view.watches.is_empty() {
                <h3>{ "Its watches" }</h3>
                <ul class="holdings">
                    { for view.watches.iter().map(|watch| html! {
                        <li>{ to_znode(&watch.path, order) }
                            <span class="second">{ format!(" {}, kept at server {}", watch.kind, watch.server) }</span></li>
                    }) }
                </ul>
            }
            <h3>{ "What happened to it" }</h3>
            <ol class="happened" id="session-events">
                { for view.events.iter().map(|event| html! {
                    <li key={event.step}>
                        <button class="plain time" onclick={gives(order, Order::Seek(event.step + 1))}
                            aria-label={format!("Go to {}: {}", event.at, event.text)}>{ &event.at }</button>
                        <span>{ &event.text }</span>
                    </li>
                }) }
            </ol>
        </>
    }
}

/// A znode on every server.
#[inline(never)]
pub fn znode(view: &ZnodeView, order: &Callback<Order>) -> Html {
    let gone = view.facts.is_empty();
    let changed = if gone { "gone now" } else { "made now" };
    html! {
        <>
            <h2><code>{ &*view.path }</code></h2>
            <p class={classes!("hint", view.turned.then_some("now"))} id="znode-kind">
                { if gone { "It does not exist." } else if view.kind.is_empty() { "A persistent znode." } else { "" } }
                { &view.kind }
                { for view.owner.map(|client| html! { <>{ ": " }{ to_client(client, order) }</> }) }
                if view.turned { <b>{ format!(" {changed}") }</b> }
            </p>
            { knows(&view.facts) }
            <h3>{ "On the servers" }</h3>
            <table class="copies" id="copies"><tbody>{ for view.copies.iter().map(copy) }</tbody></table>
            if !view.watches.is_empty() {
                <h3>{ "Who watches it" }</h3>
                <ul class="holdings" id="watchers">
                    { for view.watches.iter().map(|watch| watcher(watch, order)) }
                </ul>
            }
            if !view.children.is_empty() {
                <h3>{ "Below it" }</h3>
                <ul class="holdings">
                    { for view.children.iter().map(|path| html! { <li>{ to_znode(path, order) }</li> }) }
                </ul>
            }
        </>
    }
}

fn copy(copy: &Copy) -> Html {
    let class = classes!((!copy.same).then_some("unlike"), copy.changed.then_some("changed"));
    html! {
        <tr key={copy.server} {class}>
            <th scope="row">{ format!("server {}", copy.server) }</th>
            <td class="second">{ format!("applied {}", copy.applied) }</td>
            <td>
                if !copy.same { <b aria-hidden="true">{ "≠ " }</b><span class="unseen">{ "differs: " }</span> }
                <code>{ &copy.state }</code>
                if copy.changed { <span class="now">{ " now" }</span> }
            </td>
        </tr>
    }
}

fn watcher(watch: &WatchAt, order: &Callback<Order>) -> Html {
    html! {
        <li>
            if watch.client > 0 { { to_client(watch.client, order) } } else { { "a client" } }
            <span class="second">{ format!(" {}, kept at server {}", watch.kind, watch.server) }</span>
        </li>
    }
}
