//! The left column: narration in a guided run, else what can be done.

use super::Shown;
use crate::lab::{CLIENTS_MAX, SERVERS_MAX};
use crate::order::{Doing, Ensemble, Order};
use crate::panels::acts::Breaking;
use crate::panels::client::ClientPanel;
use crate::panels::controls::Headline;
use crate::panels::gives;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;
use zabscope_core::guide::Permit;

/// The column.
#[component]
pub fn Left(shown: &Shown) -> Html {
    if let Some(lesson) = &shown.lesson {
        return lesson.clone();
    }
    html! {
        <>
            <Headline view={shown.view.clone()} order={shown.order.clone()} />
            <Picker now={Ensemble { voters: shown.voters, observers: shown.observers,
                clients: shown.clients, seed: shown.seed }} order={shown.order.clone()} />
            { parts(shown) }
            { breaking(shown, shown.doing != Doing::Faults) }
            <div class={classes!("part", (shown.doing != Doing::Clients).then_some("away"))}
                id="part-clients">
                <ClientPanel view={shown.view.clone()} chosen={shown.client}
                    playing={shown.run.playing} console={shown.console.clone()}
                    order={shown.order.clone()} />
            </div>
        </>
    }
}

/// A list of what can be acted on, and partitions.
#[inline(never)]
fn breaking(shown: &Shown, away: bool) -> Html {
    html! {
        <div class={classes!("part", away.then_some("away"))} id="part-faults">
            if let Some(possible) = &shown.possible {
                <Breaking view={shown.view.clone()} selection={shown.selection.clone()}
                    possible={possible.clone()} side={shown.side.clone()}
                    playing={shown.run.playing} permits={None::<Vec<Permit>>}
                    order={shown.order.clone()} />
            }
        </div>
    }
}

/// What of the column is open.
#[inline(never)]
fn parts(shown: &Shown) -> Html {
    let parts = [
        (Doing::Clients, "do-clients", "Ask as a client"),
        (Doing::Faults, "do-faults", "Break things"),
    ];
    html! {
        <div class="parts" role="group" aria-label="What you do">
            { for parts.map(|(doing, id, words)| html! {
                <button class="tab" {id} aria-pressed={(shown.doing == doing).to_string()}
                    onclick={gives(&shown.order, Order::Doing(doing))}>{ words }</button>
            }) }
        </div>
    }
}

/// A list of numbers; the chosen one makes a new run.
fn numbers(
    id: &'static str,
    label: &'static str,
    range: core::ops::RangeInclusive<u8>,
    chosen: u8,
    then: Callback<u8>,
) -> Html {
    let onchange = Callback::from(move |event: Event| {
        let list = event.target_dyn_into::<HtmlSelectElement>();
        if let Some(count) = list.and_then(|list| list.value().parse().ok()) {
            then.emit(count);
        }
    });
    html! {
        <label class="second">{ label }
            <select {id} {onchange} aria-label={format!("{label} of a new run")}>
                { for range.map(|count| html! {
                    <option value={count.to_string()} selected={count == chosen}>{ count }</option>
                }) }
            </select>
        </label>
    }
}

/// What the choice of an ensemble is drawn from.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct PickerProps {
    /// The present one.
    pub now: Ensemble,
    /// Where clicks go.
    pub order: Callback<Order>,
}

/// How far a press of the button for a new run has come.
#[derive(Clone, Copy, PartialEq)]
enum Press {
    None,
    Begun,
    /// A seed was typed, which the press took from the field.
    Typed,
}

/// Which ensemble, and a new run of it. By itself, because a drawing writes the seed into its
/// field: it must not while somebody types there and time passes.
#[component]
pub fn Picker(props: &PickerProps) -> Html {
    let PickerProps { now, order } = props;
    let now = *now;
    let Ensemble { voters, observers, clients, seed } = &now;
    let with = |change: fn(Ensemble, u8) -> Ensemble| {
        let order = order.clone();
        Callback::from(move |count| order.emit(Order::Run(change(now, count))))
    };
    // What was typed and is no seed stays, with a word about it, until there is another run.
    let typed = use_state(|| None::<(Ensemble, String)>);
    let wrong = typed.as_ref().filter(|(then, _)| *then == now).map(|(_, text)| text.clone());
    // A press on the button ends typing first: the seed that is typed then is the one that is wanted.
    let press = use_mut_ref(|| Press::None);
    let onseed = {
        let (order, press) = (order.clone(), press.clone());
        Callback::from(move |event: Event| {
            let Some(field) = event.target_dyn_into::<HtmlInputElement>() else { return };
            let mut press = press.borrow_mut();
            if *press == Press::Begun {
                *press = Press::Typed;
            }
            match field.value().trim().parse() {
                Ok(seed) => {
                    typed.set(None);
                    order.emit(Order::Run(Ensemble { seed, ..now }));
                }
                Err(_) => typed.set(Some((now, field.value()))),
            }
        })
    };
    let onpointerdown = {
        let press = press.clone();
        Callback::from(move |_: PointerEvent| *press.borrow_mut() = Press::Begun)
    };
    let onnew = {
        let order = order.clone();
        Callback::from(move |_: MouseEvent| {
            if press.replace(Press::None) != Press::Typed {
                order.emit(Order::Run(Ensemble { seed: now.seed.wrapping_add(1), ..now }));
            }
        })
    };
    let voters_then = with(|now, voters| Ensemble {
        voters,
        observers: now.observers.min(SERVERS_MAX.saturating_sub(voters)),
        ..now
    });
    html! {
        <div class="run" role="group" aria-label="The run">
            { numbers("voters", "Voters", 1..=SERVERS_MAX, *voters, voters_then) }
            { numbers("observers", "Observers", 0..=SERVERS_MAX.saturating_sub(*voters), *observers,
                with(|now, observers| Ensemble { observers, ..now })) }
            { numbers("clients", "Clients", 1..=CLIENTS_MAX, *clients,
                with(|now, clients| Ensemble { clients, ..now })) }
            <label class="second">{ "Seed" }
                <input id="seed" inputmode="numeric" maxlength="20"
                    value={wrong.clone().unwrap_or_else(|| seed.to_string())}
                    aria-invalid={wrong.is_some().to_string()}
                    aria-describedby={wrong.is_some().then_some("seed-wrong")}
                    autocomplete="off" onchange={onseed} />
            </label>
            <button class="plain" id="new-run" aria-label="A new run with another seed"
                {onpointerdown} onclick={onnew}>{ "New" }</button>
            if wrong.is_some() {
                <p class="wrong" id="seed-wrong" role="alert">
                    { format!("A seed is a whole number from 0 to {}. The run stays.", u64::MAX) }</p>
            }
        </div>
    }
}
