//! The text of a guided run: where one is in it, what is said, what is asked, back and next.

use super::gives;
use crate::lab::Lab;
use crate::order::Order;
use crate::route::Route;
use crate::tour::{Graded, Pace, Tour};
use yew::prelude::*;
use zabscope_core::guide::{Choices, Future, OFFERS, Question, RUNS};

/// The panel of the step at which the learner is.
#[inline(never)]
pub fn lesson(tour: &Tour, lab: &Lab, playing: bool, order: &Callback<Order>) -> Html {
    let walk = tour.walk();
    let (at, count) = (walk.at(), walk.script().steps.len());
    let step = walk.step();
    let go = |pace| gives(order, Order::Tour(pace));
    html! {
        <article class="lesson" data-hash={format!("{:016x}", lab.sim().hash())}>
            <p class="second">{ format!("{} · step {} of {count}", walk.script().title, at + 1) }</p>
            <div class="progress" aria-hidden="true">
                { for (0..count).map(|step| html! { <i class={classes!((step <= at).then_some("on"))} /> }) }
            </div>
            <h1 id="lesson-step" tabindex="-1">{ &step.title }</h1>
            { for step.say.iter().map(|text| paragraph(&walk.fill(text, lab.sim()))) }
            { for step.question.iter().map(|question| ask(question, tour, lab, order)) }
            <p class="hint" id="lesson-hint">{ hint(tour, lab, playing) }</p>
            <div class="turn">
                <button class="other" id="lesson-back" onclick={go(Pace::Back)}
                    aria-disabled={(at == 0).to_string()}>{ "Back" }</button>
                { if at + 1 < count {
                    html! { <button class="main" id="lesson-next" onclick={go(Pace::Next)}>
                        { "Next step" }<kbd>{ "N" }</kbd></button> }
                } else {
                    let (next, text) = match RUNS.get(tour.run() + 1) {
                        Some(_) => (Route::Lesson(tour.run() + 1, 0), "Next run"),
                        None => (Route::Play, "Play freely"),
                    };
                    html! { <a class="main" id="lesson-next" href={next.fragment()}>{ text }</a> }
                } }
            </div>
        </article>
    }
}

fn hint(tour: &Tour, lab: &Lab, playing: bool) -> Html {
    if tour.is_stuck() {
        return html! { <b role="alert">{
        "What you did leads elsewhere: this step cannot come to its end. Go back, or on with Next \
         from where it began." }</b> };
    }
    let text = match (playing, tour.is_done(lab)) {
        (true, true) => "Time passes. Space stops it.",
        (true, false) => "Watch: it stops where this step ends.",
        (false, true) => "Go on when you like. Step back and look again with the arrow keys.",
        (false, false) => "It stands still. Space lets time pass.",
    };
    html! { { text } }
}

/// A paragraph; what stands between stars is marked, between backquotes it is code.
fn paragraph(text: &str) -> Html {
    let parts = text.split('*').enumerate().map(|(number, part)| {
        let pieces = part.split('`').enumerate().map(|(number, piece)| {
            if number % 2 == 0 {
                html! { { piece } }
            } else {
                html! { <code>{ piece }</code> }
            }
        });
        if number % 2 == 0 {
            html! { { for pieces } }
        } else {
            html! { <span class="marked">{ for pieces }</span> }
        }
    });
    html! { <p class="voice">{ for parts }</p> }
}

fn ask(question: &Question, tour: &Tour, lab: &Lab, order: &Callback<Order>) -> Html {
    let given = tour.answer();
    let fork = lab.sim().branch(tour.walk().begun());
    let choices = question.choices(&fork);
    html! {
        <div class="question">
            <h2 id="question">{ &question.ask }</h2>
            <div class="choices" role="group" aria-labelledby="question">
                { for choices.into_iter().map(|choice| {
                    let pressed = given.is_some_and(|graded| graded.chosen == choice);
                    html! {
                        <button class="choice" id={format!("answer-{choice}")}
                            aria-pressed={pressed.to_string()}
                            onclick={gives(order, Order::Tour(Pace::Answer(choice)))}>
                            { name(&question.choices, choice) }</button>
                    }
                }) }
            </div>
            { for given.map(|graded| outcome(question, graded)) }
        </div>
    }
}

/// What came of an answer; after a wrong one both futures.
fn outcome(question: &Question, graded: &Graded) -> Html {
    let right = graded.right.value;
    let verdict = verdict(&question.choices, graded.chosen, right);
    html! {
        <div class="graded" id="graded">
            <p><b>{ verdict }</b>{ " " }{ &question.then }</p>
            if graded.chosen != right {
                { future("As it is", &graded.right.future) }
                { for graded.other.iter().map(|other| future(&other_title(question, graded, other), other)) }
            }
        </div>
    }
}

fn future(title: &str, future: &Future) -> Html {
    html! {
        <section class="future">
            <h3>{ title }</h3>
            <ol>
                { for future.facts.iter().map(|(us, fact)| html! {
                    <li><span class="second">{ format!("+{} ms", us / 1_000) }</span>{ fact }</li>
                }) }
            </ol>
        </section>
    }
}

/// What another future is about, and what comes of it.
#[must_use]
pub fn other_title(question: &Question, graded: &Graded, other: &Future) -> String {
    let number = |text: &str, name: &str, value: u64| text.replace(name, &value.to_string());
    let about = number(&question.instead, "{guess}", graded.chosen);
    let about = number(&about, "{right}", graded.right.value);
    let came = match other.value {
        Some(0) | None => "nobody".to_owned(),
        Some(value) => name(&question.choices, value).to_ascii_lowercase(),
    };
    format!("{about}: {came}.")
}

fn name(choices: &Choices, value: u64) -> String {
    match choices {
        Choices::Servers => format!("Server {value}"),
        Choices::Clients => format!("Client {value}"),
        Choices::Numbers(_) => value.to_string(),
    }
}

/// What is said first about an answer.
#[must_use]
pub fn verdict(choices: &Choices, chosen: u64, right: u64) -> String {
    let right_name = name(choices, right);
    if chosen == right {
        format!("Yes: {right_name}.")
    } else {
        format!("You said {}. Run on, the engine comes to: {right_name}.", name(choices, chosen))
    }
}

/// The list of guided runs.
#[component]
pub fn Runs() -> Html {
    html! {
        <ul class="runs">
            { for OFFERS.iter().enumerate().map(|(run, offer)| html! {
                <li><a id={format!("run-{}", offer.name)} href={Route::Lesson(run, 0).fragment()}>
                    { offer.title }</a><span>{ offer.about }</span></li>
            }) }
        </ul>
    }
}
