//! The spine: one table whose middle column is time. A row is a participant: who it is, its lane
//! with what it sent and got, and what it holds at the line.
//!
//! * [`trail`]: what has to be known of a run. [`score`]: what is drawn of a moment.
//! * [`matrix`], [`votes`]: what the participants hold. [`walk`], [`chain`]: cause and effect.
//! * [`lanes`], [`holds`]: through Yew, when they change. [`upright`]: the same on a telephone.
//! * [`diagram`]: outside of Yew, in every frame, with [`axis`] and [`marks`].

pub mod axis;
pub mod chain;
pub mod diagram;
pub mod holds;
pub mod lanes;
pub mod marks;
pub mod matrix;
pub mod score;
pub mod trail;
pub mod upright;
pub mod votes;
pub mod walk;

use crate::lab::Lab;
use crate::order::{Order, Selection};
use crate::panels::gives;
use crate::scene::servers::sign;
use crate::view::{ClientView, Role, ServerView, View};
use holds::{Tiles, TilesProps};
use lanes::{Lanes, Ruler};
use matrix::Matrix;
use std::rc::Rc;
use votes::Votes;
use yew::prelude::*;
use zabscope_core::base::ClientId;

/// Transactions that the right column has room for.
const COLUMNS_MAX: usize = 10;

/// What the spine shows of a moment on the right, beside the view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpineView {
    /// The right column.
    pub matrix: Matrix,
    /// The right column while somebody looks for a leader.
    pub votes: Vec<Option<Votes>>,
}

impl SpineView {
    /// The moment at the lab's cursor.
    #[must_use]
    #[inline(never)]
    pub fn of(lab: &Lab) -> Self {
        Self { matrix: Matrix::of(lab, COLUMNS_MAX), votes: votes::of(lab) }
    }
}

/// What the spine is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct SpineProps {
    /// The moment.
    pub view: Rc<View>,
    /// The moment, for the right column.
    pub spine: Rc<SpineView>,
    /// What is chosen.
    pub selection: Option<Selection>,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// The dock is as high as so many rows of the table need, at least: lists need it too.
const DOCK_ROWS_MIN: usize = 5;

/// Height of a row in pixels: fewer servers have more room.
#[must_use]
pub const fn pitch(rows: usize) -> u32 {
    match rows {
        0..=5 => 36,
        6 | 7 => 32,
        _ => 27,
    }
}

/// Height of the table's head with the room below the table, in pixels.
const HEAD: usize = 38;

/// Height of the dock in pixels, whatever it shows: the stage above it shall not change with that.
#[must_use]
pub fn dock_height(rows: usize) -> usize {
    HEAD + rows.max(DOCK_ROWS_MIN) * pitch(rows) as usize
}

/// The table.
#[component]
pub fn Spine(props: &SpineProps) -> Html {
    let SpineProps { view, spine, selection, order } = props;
    let rows = view.servers.len() + view.clients.len();
    let election = spine.votes.len() == view.servers.len();
    html! {
        <section class="spine" aria-label="Servers and time" style={format!("--pitch:{}px", pitch(rows))}>
            <table id="servers">
                <thead><tr>
                    <th scope="col">{ "Server" }</th>
                    <th scope="col" class="zxid">{ "logged" }</th>
                    <th scope="col" class="zxid">{ "committed" }</th>
                    <th scope="col" class="lane">
                        <span class="unseen">{ "messages in time" }</span>
                        <Ruler />
                    </th>
                    <th scope="col" class="holds">
                        <span class="unseen">{ if election { "votes" } else { "log" } }</span>
                        if election { { holds::votes_head(spine) } }
                        else { { holds::matrix_head(&spine.matrix) } }
                    </th>
                </tr></thead>
                <tbody>
                    { for view.servers.iter().enumerate().map(|(row, server)| html! {
                        <ServerRow key={server.sid} who={Who::of(server)}
                            logged={server.logged.clone()} committed={server.committed.clone()}
                            selected={*selection == Some(Selection::Server(server.sid))}
                            lanes={(row == 0).then_some(rows)} quorum={view.quorum}
                            votes={spine.votes.get(row).filter(|_| election).cloned()}
                            tiles={TilesProps::of(&spine.matrix, row).filter(|_| !election)}
                            order={order.clone()} />
                    }) }
                    { for view.clients.iter().map(|client| {
                        let chosen = Selection::Session(ClientId(client.id));
                        let selected = selection.as_ref() == Some(&chosen);
                        client_row(client, selected, gives(order, Order::Select(Some(chosen))))
                    }) }
                </tbody>
            </table>
        </section>
    }
}

/// A role as a word in a sentence.
const fn word(role: Role) -> &'static str {
    match role {
        Role::Down => "Down",
        Role::Looking => "Looking",
        Role::Following => "Following",
        Role::Leading => "Leading",
        Role::Observing => "Observing",
    }
}

/// What a row says of its server first: it changes seldom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Who {
    sid: i64,
    role: Role,
    phase: &'static str,
    frozen: bool,
}

impl Who {
    fn of(server: &ServerView) -> Self {
        let ServerView { sid, role, frozen, .. } = *server;
        Self { sid, role, phase: server.short_phase(), frozen }
    }

    /// What it does in a word, and more of it in another one: a stopped process does nothing, but
    /// it still is what it was.
    const fn words(self) -> (&'static str, &'static str) {
        match self.role {
            Role::Down => (word(self.role), ""),
            role if self.frozen => ("Frozen", word(role)),
            role => (word(role), self.phase),
        }
    }
}

/// What the row of a server is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
struct RowProps {
    who: Who,
    logged: String,
    committed: String,
    selected: bool,
    /// It is the first one, and holds the lanes of so many rows.
    lanes: Option<usize>,
    /// What it holds while somebody looks for a leader.
    votes: Option<Option<Votes>>,
    quorum: usize,
    /// What it holds else.
    tiles: Option<TilesProps>,
    order: Callback<Order>,
}

/// One server: its row is drawn when something of it is another one.
#[component]
fn ServerRow(props: &RowProps) -> Html {
    let RowProps { who, logged, committed, selected, lanes, votes, quorum, tiles, order } = props;
    let class = classes!(who.role.class(), selected.then_some("selected"));
    html! {
        <tr {class} id={format!("row-{}", who.sid)} data-of={format!("s{}", who.sid)}>
            <RowHead who={*who} order={order.clone()} />
            <td class="zxid">{ logged }</td>
            <td class="zxid second">{ committed }</td>
            if let Some(rows) = *lanes {
                <td class="lane" rowspan={rows.to_string()}>
                    <Lanes {rows} order={order.clone()} />
                </td>
            }
            <td class="holds">
                if let Some(votes) = votes { { holds::votes_row(votes.as_ref(), *quorum) } }
                if let Some(tiles) = tiles { <Tiles ..tiles.clone() /> }
            </td>
        </tr>
    }
}

/// What the head of a row is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
struct RowHeadProps {
    who: Who,
    order: Callback<Order>,
}

/// Which server it is, and what it does.
#[component]
fn RowHead(props: &RowHeadProps) -> Html {
    let RowHeadProps { who, order } = props;
    let Who { sid, role, frozen, .. } = *who;
    let (does, more) = who.words();
    let choose = gives(order, Order::Select(Some(Selection::Server(sid))));
    html! {
        <th scope="row">
            <button class="sid" onclick={choose}>
                <span class="unseen">{ "Choose server " }</span>
                <svg viewBox="-12 -12 24 24" class={classes!("seat", role.class())}
                    aria-hidden="true">{ sign(role, frozen, "") }</svg>
                <b>{ sid }</b>{ " " }{ does }
            </button>
            if !more.is_empty() { <span class="second">{ more }</span> }
        </th>
    }
}

fn client_row(client: &ClientView, selected: bool, choose: Callback<MouseEvent>) -> Html {
    let server = client.server.filter(|_| client.connected);
    html! {
        <tr class={classes!("client", selected.then_some("selected"))} key={format!("client-{}", client.id)}
            id={format!("row-c{}", client.id)}
            data-of={format!("c{}", client.id)}>
            <th scope="row"><button class="sid" onclick={choose}>
                    <span class="unseen">{ "Choose " }</span>{ format!("Client {}", client.id) }</button>
                <span class="second">{ client.word() }</span></th>
            <td class="zxid" colspan="2">
                { server.map(|sid| format!("at server {sid}")) }
            </td>
            <td class="holds second">{ &client.session }</td>
        </tr>
    }
}
