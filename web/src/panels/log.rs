//! What happened, in sentences, newest first. A line leads to its moment.

use super::gives;
use crate::order::Order;
use crate::view::{LOG_LINES, LogLine, View};
use std::rc::Rc;
use yew::prelude::*;

/// What the log is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct LogProps {
    /// The moment.
    pub view: Rc<View>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The log. A new line takes the element of the one that goes for it: its words change, and nothing is
/// made.
#[component]
pub fn Log(props: &LogProps) -> Html {
    let LogProps { view, order } = props;
    html! {
        <div class="log">
            <h2>{ "What happened" }</h2>
            <ol reversed={true} id="log" aria-label="What happened, newest first">
                { for view.log.iter().map(|line| html! {
                    <Row key={line.number % LOG_LINES} line={line.clone()} order={order.clone()} />
                }) }
            </ol>
        </div>
    }
}

/// What one line is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct RowProps {
    /// What it says.
    line: LogLine,
    /// Where clicks go.
    order: Callback<Order>,
}

/// One line: it is drawn when it is another one, however often the log is.
#[component]
pub fn Row(props: &RowProps) -> Html {
    let RowProps { line, order } = props;
    html! {
        <li>
            <button class="time" aria-label={format!("Go to {}", line.at)}
                onclick={gives(order, Order::Seek(line.step + 1))}>{ &line.at }</button>
            <span>{ &line.text }</span>
        </li>
    }
}
