//! The controls around the drawing.

pub mod acts;
pub mod ask;
pub mod chain;
pub mod client;
pub mod command;
pub mod controls;
pub mod held;
pub mod inspector;
pub mod lesson;
pub mod log;
pub mod packet;
pub mod palette;
pub mod share;
pub mod strip;
pub mod term;
pub mod timeline;
pub mod trees;
pub mod ways;
pub mod why;

use crate::order::Order;
use yew::prelude::*;

/// A callback of a button that gives an order.
#[must_use]
pub fn gives(to: &Callback<Order>, order: Order) -> Callback<MouseEvent> {
    let to = to.clone();
    Callback::from(move |_| to.emit(order.clone()))
}
