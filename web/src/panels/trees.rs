//! The znodes of all servers beside each other: what one lacks, what is older, what just changed.

use super::gives;
use crate::detail::znodes::{Cell, ROWS_MAX, Row, Znodes};
use crate::order::{Order, Selection};
use std::rc::Rc;
use yew::prelude::*;

/// What the trees are drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct TreesProps {
    /// The trees; `None` before somebody looks.
    pub znodes: Option<Rc<Znodes>>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The trees. The chosen znode shows its whole stat on every server.
#[component]
pub fn Trees(props: &TreesProps) -> Html {
    let TreesProps { znodes, selection, order } = props;
    let Some(znodes) = znodes else { return Html::default() };
    if znodes.servers.is_empty() {
        return html! { <p class="second" id="trees">{ "No server runs: there is no tree." }</p> };
    }
    let summary = match znodes.differing {
        0 => "All running servers have the same znodes.".to_owned(),
        1 => "1 znode differs between servers.".to_owned(),
        count => format!("{count} znodes differ between servers."),
    };
    let open = match selection {
        Some(Selection::Znode(path)) => Some(&**path),
        _ => None,
    };
    let opened = open.and_then(|path| znodes.row(path));
    html! {
        <div class="trees" id="trees">
            <p class="second" role="status">{ summary }</p>
            <div class="tree-tables">
                <div class="tree-table" tabindex="0" role="group" aria-label="Znodes">
                    <table style={columns(znodes)}>
                        <thead><tr>
                            <th scope="col">{ "znode" }</th><th scope="col">{ "data" }</th>
                            { for znodes.servers.iter().map(|(sid, applied)| html! {
                                <th scope="col">{ of_server(*sid) }
                                    <span class="second">{ applied }</span></th>
                            }) }
                        </tr></thead>
                        <tbody>
                            { for znodes.rows.iter().map(|row| path(row, open == Some(row.path.as_str()), order)) }
                        </tbody>
                    </table>
                    if znodes.more > 0 {
                        <p class="second">{ format!("The first {ROWS_MAX} paths; {} more.", znodes.more) }</p>
                    }
                </div>
                if let Some(row) = opened { { whole(row, znodes) } }
            </div>
        </div>
    }
}

/// How many columns share the width.
fn columns(znodes: &Znodes) -> String {
    format!("--servers:{}", znodes.servers.len())
}

/// The head of a server's column; a narrow one shows its number only.
fn of_server(sid: i64) -> Html {
    html! { <><span class="word">{ "server " }</span>{ sid }{ " " }</> }
}

fn path(row: &Row, is_open: bool, order: &Callback<Order>) -> Html {
    let chosen = (!is_open).then(|| Selection::Znode(row.path.as_str().into()));
    let press = gives(order, Order::Select(chosen));
    let indent = format!("padding-inline-start:{}px", 14 * row.depth.min(12));
    html! {
        <tr key={row.path.clone()} data-path={row.path.clone()}
            data-of={format!("z{}", row.path)}
            class={classes!(row.differs.then_some("differs"), is_open.then_some("selected"))}>
            <th scope="row" style={indent}>
                <button class="plain" aria-expanded={is_open.to_string()} onclick={press}
                    aria-label={row.path.clone()} title={row.path.clone()}>{ &row.name }</button>
                if !row.kind.is_empty() { <span class="second">{ " " }{ &row.kind }</span> }
            </th>
            <td><code>{ &row.data }</code></td>
            { for row.cells.iter().map(cell) }
        </tr>
    }
}

/// What a server has, in a few characters; a sign besides the colour tells what differs.
fn cell(cell: &Cell) -> Html {
    let value = |name| cell.stat.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value);
    let (sign, words) = match (cell.stat.is_empty(), cell.like_most) {
        (true, true) => ("", "not there"),
        (true, false) => ("–", "missing"),
        (false, true) => ("", ""),
        (false, false) => ("≠", "differs"),
    };
    let class = classes!((!cell.like_most).then_some("unlike"), cell.changed.then_some("changed"),);
    html! {
        <td {class}>
            if !sign.is_empty() { <b aria-hidden="true">{ sign }{ " " }</b> }
            if !words.is_empty() { <span class="unseen">{ words }</span> }
            if !cell.stat.is_empty() {
                <code>{ format!("v{} {}", value("version"), value("mzxid")) }</code>
                if value("children") != "0" {
                    <span class="second">{ format!(" {} below", value("children")) }</span>
                }
            }
            if cell.changed { <span class="now">{ " now" }</span> }
        </td>
    }
}

/// One znode on every server.
fn whole(row: &Row, znodes: &Znodes) -> Html {
    let names = row.cells.iter().find(|cell| !cell.stat.is_empty());
    let names = names.map(|cell| cell.stat.as_slice()).unwrap_or_default();
    let most = &row.cells[znodes.most].stat;
    html! {
        <div class="tree-table" tabindex="0" role="group" aria-label={format!("Stat of {}", row.path)}>
            <table id="stat" style={columns(znodes)}>
                <caption><code>{ &row.path }</code></caption>
                <thead><tr>
                    <td></td>
                    { for znodes.servers.iter().map(|(sid, _)| html! {
                        <th scope="col">{ of_server(*sid) }</th>
                    }) }
                </tr></thead>
                <tbody>
                    { for names.iter().enumerate().map(|(place, (name, _))| html! {
                        <tr>
                            <th scope="row">{ *name }</th>
                            { for row.cells.iter().map(|cell| {
                                let value = cell.stat.get(place).map(|(_, value)| value);
                                let unlike = row.differs && value != most.get(place).map(|(_, value)| value);
                                html! {
                                    <td class={classes!(unlike.then_some("unlike"))}>
                                        <code>{ value.map_or("–", |value| value) }</code></td>
                                }
                            }) }
                        </tr>
                    }) }
                </tbody>
            </table>
        </div>
    }
}
