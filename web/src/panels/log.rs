//! What happened, in sentences, newest first. A line leads to its moment.

use crate::order::Order;
use crate::view::{LOG_LINES, LogLine, View};
use std::rc::Rc;
use web_sys::Element;
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
    let order = order.clone();
    let onclick = Callback::from(move |event: MouseEvent| {
        let pressed = event.target_dyn_into::<Element>();
        let step = pressed.and_then(|it| it.get_attribute("data-step")?.parse::<u64>().ok());
        if let Some(step) = step {
            order.emit(Order::Seek(step.saturating_add(1)));
        }
    });
    html! {
        <div class="log">
            <h2>{ "What happened" }</h2>
            <ol reversed={true} id="log" aria-label="What happened, newest first" {onclick}>
                { for view.log.iter().map(|line| html! {
                    <Row key={line.number % LOG_LINES} line={line.clone()} />
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
}

/// One line: it is drawn when it is another one, however often the log is. The list hears its button,
/// so that no callback is made for each line.
#[component]
pub fn Row(props: &RowProps) -> Html {
    let LogLine { step, at, text, .. } = &props.line;
    html! {
        <li>
            <button class="time" aria-label={format!("Go to {at}")} data-step={step.to_string()}>
                { at }</button>
            <span>{ text }</span>
        </li>
    }
}
