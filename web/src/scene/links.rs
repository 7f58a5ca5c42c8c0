//! Links between nodes. A click chooses one; the inspector offers the same for the keyboard.

use super::layout::{Layout, Point, between, degrees, number, rotate};
use crate::order::{Order, Selection};
use crate::view::LinkView;
use std::rc::Rc;
use yew::prelude::*;
use zabscope_core::base::NodeId;

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

/// A link. Where nothing passes it is dotted, with two bars across; a one-way cut has only the half
/// of the sender that is not heard, and an arrow for the direction that works. A direction that is
/// held has a pause mark near its sender.
#[component]
pub fn Link(props: &LinkProps) -> Html {
    let LinkProps { link, layout, selected, order } = props;
    let Some((a, b)) = layout.link(link.a, link.b) else { return Html::default() };
    let onclick = {
        let (order, chosen) = (order.clone(), Selection::Link(link.a, link.b));
        Callback::from(move |_: MouseEvent| order.emit(Order::Select(Some(chosen.clone()))))
    };
    let class = classes!(
        "link",
        link.used.then_some("used"),
        match (link.cut_ab, link.cut_ba) {
            (false, false) => None,
            (true, true) => Some("cut"),
            (true, false) | (false, true) => Some("half"),
        },
        selected.then_some("selected")
    );
    html! {
        <g {class} id={format!("link-{}-{}", link.a, link.b)} {onclick} aria-hidden="true"
            data-of={format!("l{}-{}", link.a, link.b)}>
            { line("reach", a, b) }
            { match (link.cut_ab, link.cut_ba) {
                (false, false) => line("wire", a, b),
                (true, true) => html! { <>{ line("wire", a, b) }{ bars(a, b) }</> },
                (true, false) => half(layout, (link.a, a), (link.b, b)),
                (false, true) => half(layout, (link.b, b), (link.a, a)),
            } }
            if link.held_ab { { pause(layout, link.a, link.b) } }
            if link.held_ba { { pause(layout, link.b, link.a) } }
        </g>
    }
}

fn line(class: &'static str, from: Point, to: Point) -> Html {
    html! {
        <line {class} x1={number(from.x)} y1={number(from.y)} x2={number(to.x)} y2={number(to.y)} />
    }
}

/// The two bars of a cut, across the middle.
#[inline(never)]
fn bars(from: Point, to: Point) -> Html {
    let at = between(from, to, 0.5).translate();
    html! {
        <path class="bars" d="M-7 8-1-8M1 8 7-8"
            transform={format!("{at} {}", rotate(degrees(from, to)))} />
    }
}

/// What is sent from the first to the second waits.
#[inline(never)]
fn pause(layout: &Layout, from: NodeId, to: NodeId) -> Html {
    let Some((from, to)) = layout.way(from, to) else { return Html::default() };
    html! {
        <g class="pause" transform={between(from, to, 0.4).translate()}>
            <circle r="9" /><path d="M-3-4V4M3-4V4" />
        </g>
    }
}

/// Nothing passes from `mute` to `heard`, what comes back does: each direction in its own lane.
#[inline(never)]
fn half(layout: &Layout, mute: (NodeId, Point), heard: (NodeId, Point)) -> Html {
    let Some((from, to)) = layout.way(mute.0, heard.0) else { return Html::default() };
    let Some((back, home)) = layout.way(heard.0, mute.0) else { return Html::default() };
    let end = between(from, to, 0.5);
    let arrow = between(back, home, 0.72);
    html! {
        <>
            { line("wire dead", from, end) }
            { bars(from, to) }
            { line("wire open", back, home) }
            <path class="works" d="M-5-5 4 0-5 5" data-from={heard.0.to_string()}
                data-to={mute.0.to_string()}
                transform={format!("{} {}", arrow.translate(), rotate(degrees(back, home)))} />
        </>
    }
}
