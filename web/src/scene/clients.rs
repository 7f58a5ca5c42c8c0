//! Clients: a screen in the ring of its session, which empties while the leader hears nothing.

use super::layout::{Layout, Shape, number};
use crate::order::{Order, Selection};
use crate::view::ClientView;
use std::rc::Rc;
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId};

/// What a client is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct ClientProps {
    /// The client.
    pub client: ClientView,
    /// Where it stands.
    pub layout: Rc<Layout>,
    /// Ephemeral znodes of its session, and its watches.
    pub holds: (usize, usize),
    /// It is the one that asks.
    pub asks: bool,
    /// It and its session are chosen.
    pub selected: bool,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// A client in words, for those who do not see the drawing.
fn spoken(client: &ClientView, (owned, watched): (usize, usize)) -> String {
    let mut words = format!("Client {}, {}", client.id, state(client));
    if let Some(sid) = client.server.filter(|_| client.connected) {
        words.push_str(&format!(" to server {sid}"));
    }
    for (count, what) in [(owned, "ephemeral znodes"), (watched, "watches")] {
        if count > 0 {
            words.push_str(&format!(", {what}: {count}"));
        }
    }
    words
}

/// How far it is, in a word or two.
const fn state(client: &ClientView) -> &'static str {
    if client.runs { client.state } else { "killed" }
}

/// A client. Who presses it chooses it with its session.
#[component]
pub fn Client(props: &ClientProps) -> Html {
    let ClientProps { client, layout, holds, asks, selected, order } = props;
    let id = ClientId(client.id);
    let Some(seat) = layout.seat(NodeId::Client(id)) else { return Html::default() };
    let chosen = move || Order::Select(Some(Selection::Session(id)));
    let (onclick, onkeydown) = super::pressed(order, chosen);
    let r = layout.client_radius;
    let wide = layout.shape == Shape::Wide;
    let ring = number(r - 2.0);
    // In a small ring the screen is smaller, so that what is left of the session is seen around it.
    let (corner, width, height, foot, line) =
        if wide { ("-11", "22", "16", "14", "9") } else { ("-8", "16", "13", "9", "7.5") };
    let top = if wide { "-10" } else { "-8" };
    // Below those in a row are their znodes.
    let (x, y) = if layout.row { (r + 4.0, -6.0) } else { (0.0, r + 13.0) };
    let (x, y) = (number(x), number(y));
    let class = classes!(
        "client",
        client.connected.then_some("connected"),
        (!client.runs).then_some("dead"),
        asks.then_some("asks"),
        selected.then_some("selected")
    );
    html! {
        <g {class} {onclick} {onkeydown} id={format!("client-{}", client.id)} role="button" tabindex="0"
            aria-pressed={selected.to_string()}
            data-of={format!("c{}", client.id)}
            aria-label={spoken(client, *holds)} transform={seat.translate()}>
            <circle class="halo" r={number(r + 4.0)} />
            <circle class="back" r={number(r)} />
            <circle class="track" r={ring.clone()} />
            <circle class="arc" r={ring} id={format!("ring-c{}", client.id)} pathLength="100"
                transform="rotate(-90)" />
            <rect class="box" x={corner} y={top} {width} {height} rx="2" />
            <line class="foot" x1={format!("-{foot}")} x2={foot} y1={line} y2={line} />
            <text class="number" y="2">{ client.id }</text>
            if wide {
                // What is left to the session is written here without Yew, as the ring is.
                <text class={classes!("fact", layout.row.then_some("beside"))} {x} {y}
                    id={format!("count-c{}", client.id)} />
            }
        </g>
    }
}
