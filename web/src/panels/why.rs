//! Why what is chosen is as it is: the guards of the protocol with their present values, two votes
//! beside each other, and what is still to come. If nothing is chosen, whatever is awaited now.

use crate::lab::Lab;
use crate::message::Shape;
use crate::order::Selection;
use crate::view::time_text;
use std::cmp::Ordering;
use yew::prelude::*;
use zabscope_core::base::{ClientId, NodeId, Sid};
use zabscope_core::ensemble::Actor;
use zabscope_core::server::Server;
use zabscope_core::sim::Sim;
use zabscope_core::why::{
    Awaited, Guard, Subject, VoteTable, When, Why, explain, oldest_held, order_text,
};
use zabscope_core::zab::ServerState;

/// What there is to explain.
fn subjects(lab: &Lab, selection: Option<&Selection>, topic: Option<Subject>) -> Vec<Subject> {
    let of_node = |node| match node {
        NodeId::Server(sid) => vec![Subject::Server(sid), Subject::Sync(sid)],
        NodeId::Client(client) => vec![Subject::Client(client)],
    };
    match selection {
        Some(Selection::Server(sid)) => of_node(NodeId::Server(Sid(*sid))),
        Some(Selection::Session(client)) => of_node(NodeId::Client(*client)),
        Some(Selection::Znode(path)) => of_znode(lab, path),
        // Servers come before clients: of a client's link the client is meant.
        Some(Selection::Link(a, b)) => {
            let mut all = of_node(*b);
            all.insert(0, Subject::Link(*a, *b));
            all
        }
        Some(Selection::Message(id)) => {
            let mut all = vec![Subject::Message(*id)];
            let asks = asks(lab, *id).map(Subject::Client);
            all.extend(asks.or_else(|| open(lab, topic)).filter(|it| *it != Subject::Message(*id)));
            all
        }
        None => open(lab, topic).into_iter().collect(),
    }
}

/// What is awaited by all: the topic of a step, the oldest write, a leader, or a release.
fn open(lab: &Lab, topic: Option<Subject>) -> Option<Subject> {
    let servers = || lab.world().slots().values().filter_map(|slot| slot.process()?.server());
    let commit = || {
        let leader = servers().find(|server| server.is_leader())?;
        Some(Subject::Commit(leader.peer().history().tail().front()?.zxid))
    };
    let me = |server: &Server| Subject::Server(server.peer().config().me);
    let looking = || servers().find(|server| server.peer().state() == ServerState::Looking).map(me);
    let held = || oldest_held(lab.sim()).map(Subject::Message);
    topic.or_else(commit).or_else(looking).or_else(held)
}

/// The client whose request this message is, while it has no answer.
fn asks(lab: &Lab, id: u64) -> Option<ClientId> {
    let way = lab.record().trail.way(id)?;
    let NodeId::Client(client) = way.from else { return None };
    let flight = lab.flight(id).filter(|flight| flight.look.shape == Shape::Triangle)?;
    let asked = lab.talks().find(|talk| talk.client == client && talk.step <= flight.step)?;
    let answered = asked.answer.as_ref().is_some_and(|(step, ..)| *step < lab.index());
    (asked.asked.is_some() && !answered).then_some(client)
}

/// While a change of a znode is not everywhere: how far its transaction is. Else its owner.
fn of_znode(lab: &Lab, path: &str) -> Vec<Subject> {
    let deed = lab.deeds().find(|deed| deed.change_of(path).is_some());
    let Some(deed) = deed else { return Vec::new() };
    let behind = lab.world().slots().values().filter_map(|slot| slot.process()?.server());
    let mut behind = behind.filter(|server| server.peer().history().applied() < deed.zxid);
    behind.next().map(|_| Subject::Commit(deed.zxid)).into_iter().collect()
}

/// The explanations of what is chosen; while nothing is, of the `topic` of a step.
#[inline(never)]
pub fn why(lab: &Lab, selection: Option<&Selection>, topic: Option<Subject>) -> Html {
    let sim = lab.sim();
    let found = subjects(lab, selection, topic).into_iter();
    let found: Vec<Why> = found.filter_map(|subject| explain(sim, subject)).collect();
    html! { <div class="whys" id="why">{ for found.iter().map(|why| one(sim, why)) }</div> }
}

fn one(sim: &Sim<Actor>, why: &Why) -> Html {
    html! {
        <section class="why">
            <p class="second">{ format!("At {}", time_text(sim.now())) }</p>
            <h2>{ &why.title }</h2>
            { for why.votes.as_ref().map(votes) }
            <ul class="guards">
                { for why.guards.iter().map(|guard| row(guard, why.failed() == Some(guard))) }
            </ul>
            if !why.awaited.is_empty() {
                <ul class="awaited" aria-label="Still to come">
                    { for why.awaited.iter().map(|awaited| coming(sim, awaited)) }
                </ul>
            }
            <p class="because">{ &why.sentence }</p>
        </section>
    }
}

/// A condition with its values; the one that decides is marked.
pub(super) fn row(guard: &Guard, decides: bool) -> Html {
    let (mark, word) = if guard.holds {
        ("M2 8.5 6 12.5 14 3.5", "Holds")
    } else {
        ("M3 3 13 13M13 3 3 13", "Fails")
    };
    html! {
        <li class={if guard.holds { "holds" } else { "fails" }}>
            <svg viewBox="0 0 16 16" role="img" aria-label={word}><path d={mark} /></svg>
            <b>{ guard.name }</b>
            { for guard.values.iter().enumerate().map(|(place, value)| {
                let marked = decides && place == 0;
                html! { <code><span class={classes!(marked.then_some("marked"))}>{ value }</span></code> }
            }) }
        </li>
    }
}

fn coming(sim: &Sim<Actor>, awaited: &Awaited) -> Html {
    let when = match awaited.when {
        When::At(at) => format!("{} ms", at.0.saturating_sub(sim.now().0) / 1_000),
        When::Never => "never".to_owned(),
        When::Released => "held".to_owned(),
        When::Open => String::new(),
    };
    let stuck = matches!(awaited.when, When::Never | When::Released);
    html! {
        <li class={classes!(stuck.then_some("never"))}>
            <span class="seat">{ awaited.from.0 }</span>
            <span>{ &awaited.what }</span>
            <span>{ when }</span>
        </li>
    }
}

fn votes(table: &VoteTable) -> Html {
    html! {
        <table class="compared">
            <thead><tr>
                <th scope="col">{ "read downwards" }</th>
                <th scope="col">{ format!("for {}", table.better) }</th>
                <td></td>
                <th scope="col">{ format!("for {}", table.other) }</th>
            </tr></thead>
            <tbody>
                { for table.rows.iter().map(|row| html! {
                    <tr class={classes!(row.decides.then_some("decides"))}>
                        <th scope="row">{ row.name }</th>
                        <td>{ &row.better }</td>
                        <td aria-label={match row.order {
                            Ordering::Less => "less than",
                            Ordering::Equal => "equal to",
                            Ordering::Greater => "greater than",
                        }}>{ order_text(row.order) }</td>
                        <td>{ &row.other }</td>
                    </tr>
                }) }
            </tbody>
        </table>
    }
}
