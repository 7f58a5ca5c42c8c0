//! The drawing of the ensemble.
//!
//! * [`layout`]: where things stand; [`room`]: where there is room; [`state`]: what is drawn beside
//!   servers, links and messages.
//! * [`servers`], [`clients`], [`links`], [`sides`], [`znodes`]: through Yew, when they change.
//! * [`messages`], [`rings`], [`hover`]: outside of Yew, in every frame or with the pointer.

pub mod clients;
pub mod hover;
pub mod layout;
pub mod links;
pub mod messages;
pub mod rings;
pub mod room;
pub mod servers;
pub mod sides;
pub mod state;
pub mod znodes;

use crate::later;
use crate::order::{Order, Selection};
use crate::rove;
use crate::view::{ClientView, ServerView, View};
use clients::Client;
use layout::{Layout, number};
use links::Link;
use servers::{Seat, Words, WordsProps};
use state::SceneView;
use std::rc::Rc;
use yew::prelude::*;
use zabscope_core::base::ClientId;

/// What the stage is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct StageProps {
    /// The moment.
    pub view: Rc<View>,
    /// Sessions, their znodes and watches.
    pub scene: Rc<SceneView>,
    /// Where things stand.
    pub layout: Rc<Layout>,
    /// The client that asks.
    pub client: ClientId,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// The empty group that the messages are put into, outside of Yew's sight.
    pub messages: NodeRef,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// True if two moments look the same on the stage. What a server has logged is heard there, and seen
/// only where there is room for `facts`.
#[must_use]
#[inline(never)]
pub fn looks_like(one: &View, other: &View, facts: bool) -> bool {
    let same_server = |(a, b): (&ServerView, &ServerView)| {
        let seen = |it: &ServerView| {
            let epochs = (it.accepted_epoch, it.current_epoch);
            let state = (it.role, it.phase, it.serving, it.vote, it.leader);
            (it.sid, state, epochs, it.observer, it.frozen, it.disk_slowness)
        };
        let same_facts = || {
            (&a.logged, &a.writing, &a.committed, &a.tiles)
                == (&b.logged, &b.writing, &b.committed, &b.tiles)
        };
        seen(a) == seen(b) && (!facts || same_facts())
    };
    let same_client = |(a, b): (&ClientView, &ClientView)| {
        let seen = |it: &ClientView| (it.id, it.runs, it.state, it.connected, it.server);
        seen(a) == seen(b)
    };
    (one.servers.len(), one.clients.len()) == (other.servers.len(), other.clients.len())
        && one.servers.iter().zip(&other.servers).all(same_server)
        && one.clients.iter().zip(&other.clients).all(same_client)
        && one.links == other.links
}

/// What a press gives, by pointer and by keyboard: an SVG element is no button by itself.
pub(crate) fn pressed(
    order: &Callback<Order>,
    chosen: impl Fn() -> Order + Clone + 'static,
) -> (Callback<MouseEvent>, Callback<KeyboardEvent>) {
    let (click, key) = (order.clone(), order.clone());
    let give = chosen.clone();
    let onclick = Callback::from(move |_: MouseEvent| click.emit(give()));
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        let key_of = event.key();
        if key_of == "Enter" || key_of == " " && !rove::is_by_pointer() {
            event.prevent_default();
            key.emit(chosen());
        }
    });
    (onclick, onkeydown)
}

/// Servers, clients and links; the messages are drawn into it by [`messages::Messages`].
#[component]
pub fn Stage(props: &StageProps) -> Html {
    let StageProps { view, scene, layout, client: asks, selection, messages, order } = props;
    // The code of these comes later: before that nobody can cut or own anything.
    let late = later::is_here();
    let pick = {
        let order = order.clone();
        Callback::from(move |event: MouseEvent| {
            if later::is_here()
                && let Some(id) = hover::message(&event)
            {
                order.emit(Order::Select(Some(Selection::Message(id))));
            }
        })
    };
    let view_box = format!("0 0 {} {}", number(layout.width), number(layout.height));
    html! {
        <svg class="stage" id="stage" viewBox={view_box} role="group" aria-label="The ensemble">
            <defs>
                <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)">
                    <line y2="6" class="hatch" />
                </pattern>
            </defs>
            if late { { sides::hulls(view, layout) } }
            <g class="links">
                { for view.links.iter().map(|link| html! {
                    <Link key={format!("{}-{}", link.a, link.b)} link={link.clone()}
                        layout={layout.clone()} order={order.clone()}
                        selected={*selection == Some(Selection::Link(link.a, link.b))} />
                }) }
            </g>
            <g class="seats">
                { for view.servers.iter().map(|server| html! {
                    <Seat key={server.sid} server={server.clone()} layout={layout.clone()}
                        order={order.clone()}
                        selected={*selection == Some(Selection::Server(server.sid))} />
                }) }
                { for view.clients.iter().map(|client| html! {
                    <Client key={format!("c{}", client.id)} client={client.clone()} layout={layout.clone()}
                        holds={if late { scene.holds(client.id) } else { (0, 0) }}
                        asks={late && client.id == asks.0 && view.clients.len() > 1}
                        selected={*selection == Some(Selection::Session(ClientId(client.id)))}
                        order={order.clone()} />
                }) }
            </g>
            if late { { znodes::znodes(scene, layout, selection.as_ref(), order) } }
            <g class="messages" ref={messages.clone()} onclick={pick} aria-hidden="true"></g>
            <g class="labels">
                { for view.servers.iter().map(|server| html! {
                    <Words key={server.sid} ..WordsProps::of(server, layout, order) />
                }) }
            </g>
        </svg>
    }
}
