//! The drawing of the ensemble.

pub mod clients;
pub mod layout;
pub mod links;
pub mod messages;
pub mod servers;
pub mod sides;

use crate::later;
use crate::order::{Order, Selection};
use crate::view::View;
use clients::Client;
use layout::{Layout, number};
use links::Link;
use servers::Seat;
use std::rc::Rc;
use yew::prelude::*;

/// What the stage is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct StageProps {
    /// The moment.
    pub view: Rc<View>,
    /// Where things stand.
    pub layout: Rc<Layout>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// The empty group that the messages are put into, outside of Yew's sight.
    pub messages: NodeRef,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// Servers, clients and links; the messages are drawn into it by [`messages::Messages`].
#[component]
pub fn Stage(props: &StageProps) -> Html {
    let StageProps { view, layout, selection, messages, order } = props;
    let view_box = format!("0 0 {} {}", number(layout.width), number(layout.height));
    html! {
        <svg class="stage" id="stage" viewBox={view_box} role="group" aria-label="The ensemble">
            <defs>
                <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"
                    patternTransform="rotate(45)">
                    <line y2="6" class="hatch" />
                </pattern>
            </defs>
            // The code of the hulls comes later: before that nobody can cut anything.
            if later::is_here() { { sides::hulls(view, layout) } }
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
                        order={order.clone()} />
                }) }
            </g>
            <g class="messages" ref={messages.clone()} aria-hidden="true"></g>
        </svg>
    }
}
