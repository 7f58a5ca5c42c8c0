//! Clients: boxes at the upper corners.

use super::layout::{CLIENT_HALF_WIDTH, Layout, number};
use crate::order::Order;
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
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// A client. A click chooses it in the client panel, which is the way for the keyboard too.
#[component]
pub fn Client(props: &ClientProps) -> Html {
    let ClientProps { client, layout, order } = props;
    let id = ClientId(client.id);
    let Some(seat) = layout.seat(NodeId::Client(id)) else { return Html::default() };
    let onclick = {
        let order = order.clone();
        Callback::from(move |_: MouseEvent| order.emit(Order::ChooseClient(id)))
    };
    let half = CLIENT_HALF_WIDTH;
    html! {
        <g class={classes!("client", client.connected.then_some("connected"))} {onclick}
            id={format!("client-{}", client.id)} role="img"
            aria-label={format!("Client {}, {}", client.id, client.state)}
            transform={seat.translate()}>
            <rect class="box" x={number(-half)} y="-16" width={number(2.0 * half)}
                height="28" rx="3" />
            <line class="foot" x1={number(-half - 5.0)} x2={number(half + 5.0)} y1="16"
                y2="16" />
            <text class="number" y="3">{ format!("c{}", client.id) }</text>
            <text class="fact" y="36">{ client.state }</text>
        </g>
    }
}
