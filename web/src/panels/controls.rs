//! What this is, and the one obvious action.

use super::gives;
use crate::act::Act;
use crate::order::Order;
use crate::view::{Role, View};
use std::rc::Rc;
use yew::prelude::*;
use zabscope_core::base::{NodeId, Sid};

/// What the headline is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct HeadlineProps {
    /// The moment.
    pub view: Rc<View>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The state in a few large words, what this is, and what to do.
#[component]
pub fn Headline(props: &HeadlineProps) -> Html {
    let HeadlineProps { view, order } = props;
    let down: Vec<i64> =
        view.servers.iter().filter(|s| s.role == Role::Down).map(|s| s.sid).collect();
    let headline = match (view.leader, view.elected()) {
        (Some(leader), _) => format!("Server {leader} leads."),
        _ if view.running() < view.quorum => "No majority, no service.".to_owned(),
        (None, Some(elected)) => format!("Server {elected} is elected."),
        (None, None) => "Who leads now?".to_owned(),
    };
    let kill = match view.leader {
        Some(_) => gives(order, Order::KillLeader(false)),
        None => Callback::noop(),
    };
    html! {
        <div class="headline">
            <h1 id="headline">{ headline }</h1>
            <div class="acts">
                <button class="main" key="kill" id="kill-leader" onclick={kill}
                    aria-disabled={view.leader.is_none().to_string()}>
                    { "Kill the leader" }<kbd>{ "K" }</kbd>
                </button>
                { for down.iter().map(|sid| html! {
                    // Short, so that the first stands beside the other: nothing below moves.
                    <button class="other" key={*sid} id={format!("restart-{sid}")}
                        aria-label={format!("Restart server {sid}")}
                        onclick={gives(order, Order::Act(Act::Start(NodeId::Server(Sid(*sid)))))}>
                        { format!("Restart {sid}") }</button>
                }) }
            </div>
        </div>
    }
}
