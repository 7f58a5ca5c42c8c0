//! The text of a guided run: where one is in it, what is said, what is asked, back and next.

use super::gives;
use super::term::TermWord;
use super::why::row;
use crate::lab::Lab;
use crate::order::Order;
use crate::route::Route;
use crate::tour::{Graded, Pace, Tour};
use yew::prelude::*;
use zabscope_core::guide::{Choices, Future, OFFERS, Permit, Question, SpanKind, spans};
use zabscope_core::why::Why;

/// What stands in the panel of a step besides the step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around {
    /// Time passes.
    pub playing: bool,
    /// The step at which the learner left off, while at the first one.
    pub left_at: Option<usize>,
    /// Back and Next stand in the transport.
    pub narrow: bool,
}

/// The panel of the step at which the learner is.
#[inline(never)]
pub fn lesson(tour: &Tour, lab: &Lab, around: Around, order: &Callback<Order>) -> Html {
    let Around { playing, left_at, .. } = around;
    let walk = tour.walk();
    let (at, count) = (walk.at(), walk.script().steps.len());
    let step = walk.step();
    let go = |pace| gives(order, Order::Tour(pace));
    let is_last = at + 1 == count;
    let is_over = is_over(tour, lab);
    html! {
        <article class={classes!("lesson", is_last.then_some("last"))} data-hash={format!("{:016x}", lab.sim().hash())}>
            <p class="second whereabouts">
                <span>{ format!("{} · step {} of {count}", walk.script().title, at + 1) }</span>
                if at > 0 {
                    <button class="plain" id="lesson-restart" onclick={go(Pace::Restart)}>
                        { "Begin anew" }</button>
                }
            </p>
            <div class="progress" aria-hidden="true">
                { for (0..count).map(|step| html! { <i class={classes!((step <= at).then_some("on"))} /> }) }
            </div>
            <h1 id="lesson-step" tabindex="-1">{ &step.title }</h1>
            if let Some(step) = left_at {
                <div class="resume" id="resume" role="group" aria-label="Where you left off">
                    <p>{ format!("You left off at step {}.", step + 1) }</p>
                    <button class="other" id="lesson-resume" onclick={go(Pace::Resume)}>
                        { "Go on there" }</button>
                    <button class="plain" id="lesson-anew" onclick={go(Pace::Restart)}>
                        { "Begin anew" }</button>
                </div>
            }
            { for walk.said(lab.sim()).iter().map(|text| paragraph(text)) }
            { for step.question.iter().map(|question| ask(question, tour, lab, order)) }
            if !is_over {
                <p class="hint" id="lesson-hint">{ hint(tour, lab, playing) }</p>
            }
            if !tour.asks() { { may(&step.allow) } }
            <div class="foot">
                if is_over { { close(&walk.script().close) } }
                if !around.narrow { { turn(tour, order, false) } }
            </div>
        </article>
    }
}

/// True at the end of the last step: then it is said what to take home, and what to do next.
#[must_use]
pub fn is_over(tour: &Tour, lab: &Lab) -> bool {
    let walk = tour.walk();
    walk.at() + 1 == walk.script().steps.len() && tour.is_done(lab) && !tour.asks()
}

/// What to take home.
fn close(text: &str) -> Html {
    html! {
        <div class="close" id="lesson-close">
            { paragraph(text) }
            <p><a id="lesson-play" href={Route::Play.fragment()}>{ "Play on with this run" }</a></p>
        </div>
    }
}

/// Back and Next: below the text, or in short in the transport of a narrow page.
#[inline(never)]
pub fn turn(tour: &Tour, order: &Callback<Order>, narrow: bool) -> Html {
    let walk = tour.walk();
    let (at, count) = (walk.at(), walk.script().steps.len());
    let go = |pace| gives(order, Order::Tour(pace));
    html! {
        <div class="turn">
            if narrow && tour.asks() {
                <button class="plain answer-first" id="to-question" onclick={Callback::from(to_question)}>
                    { "Answer first: to the question" }</button>
            }
            <button class="other" id="lesson-back" onclick={go(Pace::Back)}
                aria-disabled={(at == 0).to_string()}>{ "Back" }</button>
            { if at + 1 < count {
                html! { <button class="main" id="lesson-next" onclick={go(Pace::Next)}>
                    { if narrow { "Next" } else { "Next step" } }<kbd>{ "N" }</kbd></button> }
            } else {
                let (next, text) = match OFFERS.get(tour.run() + 1) {
                    Some(_) if narrow => (Route::Lesson(tour.run() + 1, 0), "Next lesson".to_owned()),
                    Some(offer) => {
                        (Route::Lesson(tour.run() + 1, 0), format!("Next: {}", offer.title))
                    }
                    None => (Route::Play, "Play freely".to_owned()),
                };
                html! { <a class="main" id="lesson-next" href={next.fragment()}>{ text }</a> }
            } }
        </div>
    }
}

/// Brings the question into sight, above the transport.
fn to_question(_: MouseEvent) {
    let document = web_sys::window().and_then(|window| window.document());
    let question = document.and_then(|document| document.query_selector(".question").ok()?);
    if let Some(question) = question {
        question.scroll_into_view_with_bool(false);
    }
}

/// What the learner may do in this step.
fn may(allow: &[Permit]) -> Html {
    if allow.is_empty() {
        return Html::default();
    }
    let words: Vec<&str> = allow.iter().map(|permit| permit_text(*permit)).collect();
    html! {
        <p class="second" id="lesson-acts">
            { format!(
                "Here you may {}: press what you mean. Its buttons stand beside the picture, on a \
                 narrow screen under Inspect.",
                listed(&words)
            ) }
        </p>
    }
}

/// `crash, restart or freeze`
fn listed(words: &[&str]) -> String {
    match words {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => words.concat(),
    }
}

const fn permit_text(permit: Permit) -> &'static str {
    match permit {
        Permit::Crash => "crash",
        Permit::Start => "restart",
        Permit::Freeze => "freeze",
        Permit::Disk => "slow a disk",
        Permit::Cut => "cut links",
        Permit::Hold => "hold messages",
        Permit::Timer => "fire timers",
        Permit::Session => "end sessions",
        Permit::Ask => "ask as a client",
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
        (false, false) if tour.asks() => "Answer, and see what happens.",
        (false, false) => "It stands still. Space lets time pass.",
    };
    html! { { text } }
}

/// A paragraph with its marked sentence, its code, and the words that the glossary explains.
fn paragraph(text: &str) -> Html {
    let spans = spans(text);
    let parts = spans.chunk_by(|a, b| a.marked == b.marked).map(|chunk| {
        let pieces = chunk.iter().map(|span| match span.kind {
            SpanKind::Plain => html! { { span.text } },
            SpanKind::Code => html! { <code>{ span.text }</code> },
            SpanKind::Term(word) => html! {
                <TermWord shown={span.text.to_owned()} word={word.to_owned()} />
            },
        });
        if chunk.iter().any(|span| span.marked) {
            html! { <span class="marked">{ for pieces }</span> }
        } else {
            html! { { for pieces } }
        }
    });
    html! { <div class="voice">{ for parts }</div> }
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
            <p id="verdict"><b>{ verdict }</b>{ " " }{ &question.then }</p>
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
                    <li><span class="second">{ format!("+{} ms", us / 1_000) }</span>{ short(fact) }</li>
                }) }
            </ol>
            { for future.why.iter().map(reason) }
        </section>
    }
}

/// A fact without what is told of it besides: two futures shall be seen together.
fn short(fact: &str) -> String {
    fact.split_once(", whose").map_or_else(|| fact.to_owned(), |(fact, _)| format!("{fact}."))
}

/// Why a future does not come to an answer: the guard that fails, with its values.
fn reason(why: &Why) -> Html {
    html! {
        <>
            <ul class="guards">{ for why.failed().iter().map(|guard| row(guard, true)) }</ul>
            <p class="because">{ &why.sentence }</p>
        </>
    }
}

/// What another future is about, and what comes of it.
#[must_use]
pub fn other_title(question: &Question, graded: &Graded, other: &Future) -> String {
    let number = |text: &str, name: &str, value: u64| text.replace(name, &value.to_string());
    let about = number(&question.instead, "{guess}", graded.chosen);
    let about = number(&about, "{right}", graded.right.value);
    let came = match (other.value, &question.choices) {
        (None, Choices::Numbers(_)) => "it does not come to that".to_owned(),
        (Some(0) | None, _) => "nobody".to_owned(),
        (Some(value), choices) => name(choices, value).to_ascii_lowercase(),
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
