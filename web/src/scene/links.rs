//! Links between nodes. A click chooses one; the inspector offers the same for the keyboard.

use super::layout::{Layout, between, degrees, number, rotate};
use crate::order::{Order, Selection};
use crate::view::LinkView;
use std::rc::Rc;
use yew::prelude::*;

/// What a link is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct LinkProps {
    /// The link.
    pub link: LinkView,
    /// Where its ends stand.
    pub layout: Rc<Layout>,
    /// It is chosen.
    pub selected: bool,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// A link.
#[component]
pub fn Link(props: &LinkProps) -> Html {
    let LinkProps { link, layout, selected, order } = props;
    let Some((a, b)) = layout.link(link.a, link.b) else { return Html::default() };
    let onclick = {
        let (order, chosen) = (order.clone(), Selection::Link(link.a, link.b));
        Callback::from(move |_: MouseEvent| order.emit(Order::Select(Some(chosen))))
    };
    let (ax, ay, bx, by) = (number(a.x), number(a.y), number(b.x), number(b.y));
    let line = |class: &'static str| {
        html! {
            <line {class} x1={ax.clone()} y1={ay.clone()} x2={bx.clone()} y2={by.clone()} />
        }
    };
    let middle = between(a, b, 0.5);
    let cut = link.cut_ab || link.cut_ba;
    // One way: the arrow shows the direction that still works.
    let way = match (link.cut_ab, link.cut_ba) {
        (true, false) => Some(degrees(b, a)),
        (false, true) => Some(degrees(a, b)),
        (true, true) | (false, false) => None,
    };
    let class = classes!(
        "link",
        link.used.then_some("used"),
        cut.then_some("cut"),
        selected.then_some("selected")
    );
    html! {
        <g {class} id={format!("link-{}-{}", link.a, link.b)} {onclick} aria-hidden="true">
            { line("reach") }
            { line("wire") }
            if cut {
                <g transform={middle.translate()}>
                    <circle class="break" r="9" />
                    if let Some(way) = way {
                        <path class="through" d="M-5-5 3 0-5 5" transform={rotate(way)} />
                    } else {
                        <path class="through" d="M-4-4 4 4M4-4-4 4" />
                    }
                </g>
            }
        </g>
    }
}
