//! A message: each field beside its bytes, and the ways to its cause and its effects.

use super::gives;
use crate::detail::packet::{FieldView, PacketView};
use crate::order::Order;
use crate::spine::walk::Toward;
use yew::prelude::*;

/// The message.
pub fn packet(packet: &PacketView, order: &Callback<Order>) -> Html {
    let walk = |toward, words: &'static str, id: &'static str| {
        html! {
            <button class="plain" {id} onclick={gives(order, Order::Walk(toward))}>{ words }</button>
        }
    };
    html! {
        <>
            <h2>{ &packet.title }</h2>
            <p class="hint">{ format!("From {}, {}.", packet.way, packet.times) }</p>
            <div class="acts">
                <button class="other" id="go-there" onclick={gives(order, Order::GoThere)}>
                    { "Go there" }</button>
                { walk(Toward::Cause, "Its cause", "to-cause") }
                { walk(Toward::Effect, "Its effect", "to-effect") }
            </div>
            <div class="bytes" tabindex="0" role="group" aria-label="Bytes of the message">
                <table id="bytes">
                    <caption>{ format!("{} bytes, as they go over TCP", packet.length) }</caption>
                    <thead><tr>
                        <th scope="col">{ "at" }</th><th scope="col">{ "bytes" }</th>
                        <th scope="col">{ "field" }</th>
                    </tr></thead>
                    <tbody>{ for packet.fields.iter().map(field) }</tbody>
                </table>
                if packet.more_fields > 0 {
                    <p class="second">{ format!("and {} more fields", packet.more_fields) }</p>
                }
            </div>
        </>
    }
}

fn field(field: &FieldView) -> Html {
    let depth = format!("depth-{}", field.depth.min(4));
    html! {
        <tr>
            <td class="at">{ field.start }</td>
            <td class="hex">
                <code>{ &field.hex }</code>
                if field.more > 0 { <span class="second">{ format!(" … {} more", field.more) }</span> }
            </td>
            <td class={depth}><span class="second">{ field.name }</span>{ " " }<b>{ &field.value }</b></td>
        </tr>
    }
}
