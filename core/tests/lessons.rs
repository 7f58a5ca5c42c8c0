//! The guided runs: each is walked through, back and forth, with its recorded outcome.
//!
//! `UPDATE_GOLDENFILES=1` writes `lessons/recorded` anew; the page's tests walk the same in wasm.

use std::path::Path;
use zabscope_core::ensemble::Actor;
use zabscope_core::guide::{Focus, Moved, RUNS, Script, SpanKind, Value, Walk, plain, spans, term};
use zabscope_core::sim::Sim;
use zabscope_core::why::explain;

fn script(name: &str) -> Script {
    let (_, text) = RUNS.iter().find(|(known, _)| *known == name).expect("it is there");
    Script::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn names() -> impl Iterator<Item = &'static str> {
    RUNS.iter().map(|(name, _)| *name)
}

fn begin(script: &Script) -> (Walk, Sim<Actor>) {
    let mut sim = Sim::new(script.settings.setup());
    let walk = Walk::begin(script.clone(), &mut sim).expect("it begins");
    (walk, sim)
}

/// Step, hash at its beginning, right answer; then the hash at the end.
fn walked(script: &Script) -> String {
    let (mut walk, mut sim) = begin(script);
    let mut text = String::new();
    loop {
        let (at, hash) = (walk.at() + 1, sim.hash());
        let answer = walk.step().question.as_ref().map(|question| {
            let choices = question.choices(&sim);
            let answer = question.decide(&sim).expect("the question is decided").value;
            assert!(choices.contains(&answer), "step {at}: {answer} is none of {choices:?}");
            assert!(choices.len() > 1, "step {at}: nothing to choose from");
            answer
        });
        let answer = answer.map_or("-".into(), |answer| answer.to_string());
        text.push_str(&format!(
            "{at} {hash:016x} {answer}
"
        ));
        match walk.next(&mut sim).expect("commands work") {
            Moved::Next => {}
            Moved::End => break,
            Moved::Stuck => panic!("step {at} does not end"),
        }
    }
    assert!(sim.faults().is_empty());
    text
}

#[test]
fn the_guided_runs_come_out_as_recorded() {
    let text: String = names().map(|name| format!("{name}\n{}", walked(&script(name)))).collect();
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../lessons/recorded"));
    if std::env::var_os("UPDATE_GOLDENFILES").is_some() {
        std::fs::write(file, &text).expect("it can be written");
    }
    assert_eq!(std::fs::read_to_string(file).expect("it is there"), text);
}

#[test]
fn they_work_with_other_seeds() {
    for name in names() {
        for seed in 100..110 {
            let mut script = script(name);
            script.settings.world.seed = seed;
            walked(&script);
        }
    }
}

#[test]
fn back_and_next_come_to_the_very_same_moments() {
    for name in names() {
        let (mut walk, mut sim) = begin(&script(name));
        let mut hashes = vec![sim.hash()];
        while walk.next(&mut sim) == Ok(Moved::Next) {
            hashes.push(sim.hash());
        }
        for hash in hashes.iter().rev().skip(1) {
            assert!(walk.back(&mut sim));
            assert_eq!(sim.hash(), *hash, "{name}, step {}", walk.at() + 1);
        }
        assert!(!walk.back(&mut sim), "there is nothing before the first step");
        for hash in &hashes[1..] {
            assert_eq!(walk.next(&mut sim), Ok(Moved::Next));
            assert_eq!(sim.hash(), *hash, "{name}, step {}", walk.at() + 1);
        }
    }
}

/// A question of a run at the moment at which its step begins.
fn asked(name: &str, at: usize) -> (Sim<Actor>, zabscope_core::guide::Question) {
    let (mut walk, mut sim) = begin(&script(name));
    while walk.at() < at {
        assert_eq!(walk.next(&mut sim), Ok(Moved::Next));
    }
    let question = walk.step().question.clone().expect("it asks");
    (sim, question)
}

#[test]
fn a_wrong_answer_has_a_future_of_its_own() {
    let (sim, question) = asked("leader-dies", 2);
    let hash = sim.hash();
    let right = question.decide(&sim).expect("decided");
    assert_eq!(right.value, 4);
    let last = right.future.facts.last().expect("facts");
    assert!(question.other(&sim, 2, 4).is_some_and(|it| it.why.is_some()), "nobody has a reason");
    assert_eq!(last.1, "Server 4 serves clients in epoch 2.");
    // With those who beat it gone, server 3 would lead; server 2 would be one of two in five.
    let other = |guess| question.other(&sim, guess, right.value).expect("there is one").value;
    assert_eq!((other(3), other(2), other(1)), (Some(3), None, None));
    assert_eq!(sim.hash(), hash, "looking into futures changes nothing");

    let (sim, question) = asked("one-write", 2);
    let right = question.decide(&sim).expect("decided").value;
    let other = question.other(&sim, 5, right).expect("there is one");
    assert!(right == 3 && other.value >= Some(3), "a majority in either");
    let time_us = |future: &zabscope_core::guide::Future| future.us;
    assert!(time_us(&other) > 2 * time_us(&question.decide(&sim).expect("decided").future));

    let (sim, question) = asked("lock", 4);
    let right = question.decide(&sim).expect("decided").value;
    let other = question.other(&sim, 1, right).expect("there is one");
    assert_ne!(other.value, Some(right));
}

/// The facts under an answer are about what is asked, and lead to it, right or wrong, in any run.
#[test]
fn the_facts_of_a_future_prove_its_answer() {
    for (name, at) in [
        ("leader-dies", 2),
        ("leader-dies", 6),
        ("one-write", 2),
        ("ephemeral", 1),
        ("lock", 2),
        ("lock", 4),
    ] {
        let (sim, question) = asked(name, at);
        let right = question.decide(&sim).expect("decided");
        let guesses = question.choices(&sim).into_iter().filter(|guess| *guess != right.value);
        let others = guesses.filter_map(|guess| question.other(&sim, guess, right.value));
        for future in core::iter::once(right.future.clone()).chain(others) {
            let facts: Vec<&str> = future.facts.iter().map(|(_, fact)| fact.as_str()).collect();
            let place = format!("{name}, step {}: {future:?}", at + 1);
            let Some(value) = future.value else {
                let why = future.why.as_ref().unwrap_or_else(|| panic!("{place}"));
                assert!(why.failed().is_some() && facts.is_empty(), "{place}");
                continue;
            };
            let count = |part: &str| facts.iter().filter(|fact| fact.contains(part)).count() as u64;
            let proved = match &question.value {
                Value::Leader | Value::Elected => count(&format!("erver {value}")) > 0,
                Value::Durable => count("on disk") == value && count("is told: /color") == 1,
                Value::Holder(_) => count(&format!("Client {value} is first")) == 1,
                Value::Wakeups(_) => count("is told: watch: /crowd") == value,
            };
            assert!(proved && future.why.is_none(), "{place}");
            assert!(count("error") == 0 && count("lost its connection") == 0, "{place}");
        }
    }
}

#[test]
fn a_value_counts_in_words() {
    let (walk, sim) = begin(&script("lock"));
    let text =
        walk.fill("{wakeups /crowd|time|times}, {leader|one|many}, {leader}, {nobody}", &sim);
    assert_eq!(text, "0 times, 3 many, 3, nobody");
}

#[test]
fn what_a_step_is_about_is_explained_before_and_after() {
    for (name, at, before, after) in [
        ("leader-dies", 3, "has no leader yet", "is elected"),
        ("one-write", 3, "is not committed", "is committed"),
    ] {
        let (mut walk, mut sim) = begin(&script(name));
        while walk.at() < at {
            assert_eq!(walk.next(&mut sim), Ok(Moved::Next));
        }
        let title = |sim: &Sim<Actor>| {
            let why = walk.subject(sim).and_then(|subject| explain(sim, subject));
            (why.expect("it is explained").title, walk.said(sim).len())
        };
        let (first, said) = title(&sim);
        assert!(first.ends_with(before), "{first}");
        while !walk.is_done(&sim) {
            sim.step();
        }
        let (last, said_then) = title(&sim);
        assert!(last.ends_with(after) && said_then == said + 1, "{last}");
    }
}

#[test]
fn a_step_that_cannot_end_any_more_says_so() {
    let (mut walk, mut sim) = begin(&script("leader-dies"));
    assert_eq!(walk.next(&mut sim), Ok(Moved::Next));
    // Two of five are left once these are dead too.
    for sid in [1, 2] {
        let node = zabscope_core::base::NodeId::Server(zabscope_core::base::Sid(sid));
        let kept = zabscope_core::sim::Kept::All;
        let crash = zabscope_core::sim::Action::Crash { node, kept };
        sim.direct(zabscope_core::sim::Directive::Act(crash));
    }
    assert_eq!(walk.next(&mut sim), Ok(Moved::Stuck));
    assert_eq!(walk.at(), 1, "it stays where it is");
}

#[test]
fn steps_are_short_and_mark_one_thing() {
    for name in names() {
        let script = script(name);
        assert!((5..=7).contains(&script.steps.len()), "{name} has five to seven steps");
        assert!(script.steps.iter().any(|step| step.question.is_some()), "{name} asks something");
        for step in &script.steps {
            let text = step.say.join(" ");
            let words = text.split_whitespace().count();
            assert!((10..=60).contains(&words), "{name}, {}: {words} words", step.title);
            let said = step.done.len() == usize::from(!step.until.is_empty());
            assert!(said, "{name}, {}: its end is said once", step.title);
            assert_eq!(text.matches('*').count(), 2, "{name}, {}: one mark", step.title);
        }
    }
}

#[test]
fn what_is_no_script_is_refused_with_its_line() {
    let wrong = |text: &str| Script::parse(text).expect_err("it is wrong").to_string();
    assert_eq!(wrong(""), "line 0: no title, or no step");
    assert_eq!(wrong("title A\nsay early"), "line 2: this belongs into a step");
    assert_eq!(wrong("title A\nstep B\nuntil never"), "line 3: unknown state");
    assert_eq!(wrong("title A\nstep B\nuntil looking many"), "line 3: not a number of servers");
    assert_eq!(wrong("ensemble 10"), "line 1: a number is missing or too large");
    assert_eq!(wrong("step B\nanswer leader when leads"), "line 2: unknown word");
    assert_eq!(wrong("step B\nask?"), "line 2: a word and its text are needed");
    assert_eq!(wrong("step B\nask so\nanswer leader"), "line 3: `when` is missing");
    assert_eq!(wrong(&"# line\n".repeat(501)), "line 501: too many lines");
}

#[test]
fn every_step_lights_something_and_its_new_words_stand_in_the_glossary() {
    for name in names() {
        let script = script(name);
        let mut met = Vec::new();
        for (at, step) in script.steps.iter().enumerate() {
            let place = format!("{name}, step {}", at + 1);
            assert!(!step.focus.is_empty(), "{place} speaks of nothing");
            let words: usize = step.say.iter().map(|text| plain(text).split(' ').count()).sum();
            assert!(words <= 80, "{place}: {words} words");
            for span in step.say.iter().flat_map(|text| spans(text)) {
                let SpanKind::Term(word) = span.kind else { continue };
                assert!(term(word).is_some(), "{place}: {word} is not explained");
                met.push(word);
            }
        }
        assert!(met.len() >= 3, "{name} explains {met:?}");
    }
}

#[test]
fn what_a_step_speaks_of_is_there() {
    for name in names() {
        let (mut walk, mut sim) = begin(&script(name));
        loop {
            let nodes = walk.step().focus.iter().filter(|it| matches!(it, Focus::Node(_))).count();
            let found = walk.focused(&sim).len();
            assert!(found >= nodes.min(1), "{name}, step {}: nobody", walk.at() + 1);
            if walk.next(&mut sim) != Ok(Moved::Next) {
                break;
            }
        }
    }
}

#[test]
fn an_unknown_act_is_refused() {
    let text = "title T\nensemble 1\nstep S\nallow fly\n";
    assert_eq!(
        Script::parse(text).map_err(|error| error.to_string()),
        Err("line 4: unknown act".into())
    );
}
