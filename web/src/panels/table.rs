//! The servers as a table: all that the drawing says, in text.

use super::gives;
use crate::order::{Order, Selection};
use crate::scene::servers::glyph;
use crate::view::{Role, ServerView, View};
use std::rc::Rc;
use yew::prelude::*;

/// What the table is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct TableProps {
    /// The moment.
    pub view: Rc<View>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The table.
#[component]
pub fn Table(props: &TableProps) -> Html {
    let TableProps { view, selection, order } = props;
    html! {
        <section class="spine" aria-label="Servers" tabindex="0">
            <table id="servers">
                <thead><tr>
                    <th scope="col">{ "Server" }</th><th scope="col">{ "Role" }</th>
                    <th scope="col">{ "Phase" }</th>
                    <th scope="col">{ "accepted epoch" }</th><th scope="col">{ "current epoch" }</th>
                    <th scope="col">{ "logged" }</th><th scope="col">{ "on disk" }</th>
                    <th scope="col">{ "committed" }</th><th scope="col">{ "znodes" }</th>
                    <th scope="col">{ "clients" }</th><th scope="col">{ "watches" }</th>
                </tr></thead>
                <tbody>
                    { for view.servers.iter().map(|server| html! {
                        <Row key={server.sid} server={server.clone()} order={order.clone()}
                            selected={*selection == Some(Selection::Server(server.sid))} />
                    }) }
                </tbody>
            </table>
        </section>
    }
}

/// What one row is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct RowProps {
    /// The server.
    server: ServerView,
    /// It is chosen.
    selected: bool,
    /// Where clicks go.
    order: Callback<Order>,
}

/// One server: drawn again only when something of it changes.
#[component]
pub fn Row(props: &RowProps) -> Html {
    let RowProps { server, selected, order } = props;
    let choose = gives(order, Order::Select(Some(Selection::Server(server.sid))));
    let up = server.role != Role::Down;
    let number = |value: usize| if up { value.to_string() } else { "–".to_owned() };
    let epoch = |value: i64| if up { value.to_string() } else { "–".to_owned() };
    html! {
        <tr class={classes!(server.role.class(), selected.then_some("selected"))}
            id={format!("row-{}", server.sid)}>
            <th scope="row"><button class="sid" onclick={choose}
                aria-label={format!("Choose server {}", server.sid)}>{ server.sid }</button></th>
            <td class="role">
                <svg viewBox="-12 -12 24 24" class={classes!("seat", server.role.class())}
                    aria-hidden="true"><path class="glyph" d={glyph(server.role)} /></svg>
                { server.role.word() }
            </td>
            <td>{ server.phase }</td>
            <td>{ epoch(server.accepted_epoch) }</td><td>{ epoch(server.current_epoch) }</td>
            <td class="zxid">{ &server.logged }</td><td class="zxid">{ &server.durable }</td>
            <td class="zxid">{ &server.committed }</td><td>{ number(server.znodes) }</td>
            <td>{ number(server.clients) }</td><td>{ number(server.watches) }</td>
        </tr>
    }
}
