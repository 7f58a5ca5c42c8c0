//! Clients: boxes at the upper corners.

use super::layout::{CLIENT_HALF_WIDTH, Layout};
use crate::app::Order;
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
            transform={format!("translate({} {})", seat.x, seat.y)}>
            <rect class="box" x={(-half).to_string()} y="-16" width={(2.0 * half).to_string()}
                height="28" rx="3" />
            <line class="foot" x1={(-half - 5.0).to_string()} x2={(half + 5.0).to_string()} y1="16"
                y2="16" />
            <text class="number" y="3">{ format!("c{}", client.id) }</text>
            <text class="fact" y="36">{ client.state }</text>
        </g>
    }
}
