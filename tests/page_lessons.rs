//! The first screen and the guided runs, as somebody meets them who has no mouse.
//!
//! `UPDATE_GOLDENFILES=1` records anew what the live region says.

mod view;

use anyhow::{Context, Result, ensure};
use std::fs;
use view::{console_is_empty, open, script, tab_to, text};
use zabscope_core::guide::{Moved, RUNS, Script, Walk, plain};
use zabscope_core::sim::Sim;
use zabscope_tests::browser::{Browser, key};
use zabscope_tests::root;

/// Presses of Tab from anywhere to anything, at most.
const TABS_MAX: usize = 60;

fn said(browser: &Browser) -> Result<String> {
    script(browser, "return document.querySelector('#said').textContent")
}

fn hash(browser: &Browser) -> Result<String> {
    script(browser, "return document.querySelector('.lesson').dataset.hash")
}

fn heading(browser: &Browser) -> Result<String> {
    text(browser, "#lesson-step")
}

/// Waits until time stands still, at the end of a step or before its beginning.
fn wait_for_rest(browser: &Browser) -> Result<()> {
    browser.wait_until("the step to end", || {
        let over = "return !!document.querySelector('#lesson-close') ||
            document.querySelector('#lesson-hint').textContent.startsWith('Go on')";
        (browser.script(over).ok()? == true).then_some(())
    })
}

#[test]
fn the_first_screen_says_what_this_is_and_offers_three_ways() -> Result<()> {
    let browser = open("")?;
    ensure!(text(&browser, ".pitch")?.contains("the way ZooKeeper does"));
    for id in ["start", "run-leader-dies", "run-lock", "to-play", "to-cluster"] {
        browser.find(&format!("#{id}"))?;
    }
    // Nothing moves before somebody says so; then time passes.
    let placed = "return [...document.querySelectorAll('.message')]
        .map(m => m.getAttribute('transform')).join()";
    let before = script(&browser, placed)?;
    ensure!(!before.is_empty(), "a write is under way");
    assert_eq!(script(&browser, placed)?, before);
    browser.click(&browser.find("#play")?)?;
    browser
        .wait_until("time to pass", || (script(&browser, placed).ok()? != before).then_some(()))?;
    // The question is answered by what happens.
    ensure!(text(&browser, "#fate")?.contains("is the write lost?"));
    browser.click(&browser.find("#kill-leader")?)?;
    browser.wait_until("the write's fate", || {
        text(&browser, "#fate").ok()?.contains("leads, and the write is not lost").then_some(())
    })?;
    browser.find("#first-back")?;
    for (link, shown) in [("to-cluster", "#cluster"), ("to-play", "#ask")] {
        browser.script(&format!("document.querySelector('#{link}').click()"))?;
        browser.wait_for(shown)?;
        browser.script("history.back()")?;
        browser.wait_for(&format!("#{link}"))?;
    }
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn an_address_that_leads_nowhere_is_said_and_the_page_works() -> Result<()> {
    let browser = open("#/run/nothing/1")?;
    browser.wait_until("the message", || {
        script(&browser, "return document.body.innerText")
            .ok()?
            .contains("leads nowhere")
            .then_some(())
    })?;
    browser.find("#start")?;
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_guided_run_is_completed_with_the_keyboard_alone() -> Result<()> {
    let browser = open("")?;
    tab_to(&browser, "start", TABS_MAX)?;
    browser.press(key::ENTER)?;
    browser.wait_for("#lesson-step")?;
    for _ in 0..3 {
        browser.press("+")?;
    }
    let steps = Script::parse(RUNS[0].1)?.steps;
    let mut narration = String::new();
    for (number, step) in steps.iter().enumerate() {
        assert_eq!(heading(&browser)?, step.title);
        if step.question.is_some() {
            narration.push_str(&format!("{}\n", said(&browser)?));
            // A wrong answer, then whatever is right, both by keyboard.
            for id in ["answer-1", "answer-4"] {
                tab_to(&browser, id, TABS_MAX)?;
                browser.press(key::ENTER)?;
                browser.wait_for("#graded")?;
                // Time goes on, to what is said of the end of the step.
                wait_for_rest(&browser)?;
                narration.push_str(&format!("{}\n", said(&browser)?));
                // Both futures after a wrong answer, none after a right one.
                let futures =
                    browser.script("return document.querySelectorAll('.future').length")?;
                assert_eq!(futures.as_u64(), Some(if id == "answer-1" { 2 } else { 0 }));
            }
        }
        // Where something is asked, time waits for the answer.
        wait_for_rest(&browser)?;
        narration.push_str(&format!("{}\n", said(&browser)?));
        if number + 1 < steps.len() {
            browser.press("n")?;
            browser.wait_until("the next step", || {
                (heading(&browser).ok()? != step.title).then_some(())
            })?;
        }
    }
    let file = root().join("tests/lessons/leader-dies.said");
    if std::env::var_os("UPDATE_GOLDENFILES").is_some() {
        fs::create_dir_all(file.parent().context("no folder")?)?;
        fs::write(&file, &narration)?;
    }
    assert_eq!(fs::read_to_string(&file)?, narration);
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

/// The hash of the trace where each step begins, from the engine outside of the browser.
fn beginnings(run: usize) -> Result<Vec<(String, String)>> {
    let script = Script::parse(RUNS[run].1)?;
    let mut sim = Sim::new(script.settings.setup());
    let mut walk = Walk::begin(script, &mut sim)?;
    let mut found = Vec::new();
    loop {
        found.push((walk.step().title.clone(), format!("{:016x}", sim.hash())));
        if walk.next(&mut sim)? != Moved::Next {
            return Ok(found);
        }
    }
}

#[test]
fn back_enters_a_step_exactly_and_so_does_its_address() -> Result<()> {
    let expected = beginnings(1)?;
    let browser = open("#/run/one-write/1")?;
    browser.wait_for("#lesson-step")?;
    for _ in 0..2 {
        for (title, _) in &expected[1..] {
            browser.press("n")?;
            browser.wait_until("the next step", || {
                (heading(&browser).ok()? == *title).then_some(())
            })?;
        }
        for (title, hash_then) in expected.iter().rev().skip(1) {
            browser.press("N")?;
            browser.wait_until("the step before", || {
                (heading(&browser).ok()? == *title).then_some(())
            })?;
            assert_eq!(hash(&browser)?, *hash_then, "{title}");
        }
    }
    let there = open("#/run/one-write/4")?;
    there.wait_for("#lesson-step")?;
    assert_eq!((heading(&there)?, hash(&there)?), expected[3]);
    Ok(())
}

#[test]
fn a_learner_who_goes_another_way_is_told_and_comes_back() -> Result<()> {
    let browser = open("#/run/leader-dies/2")?;
    browser.wait_for("#lesson-step")?;
    for sid in [1, 2, 3] {
        browser.script(&format!("document.querySelector('#server-{sid}').dispatchEvent(new MouseEvent('click', {{ bubbles: true }}))"))?;
        browser.press("k")?;
    }
    browser.press("n")?;
    browser.wait_until("the message", || {
        text(&browser, "#lesson-hint").ok()?.contains("leads elsewhere").then_some(())
    })?;
    browser.press("N")?;
    browser.wait_until("the first step", || {
        heading(&browser).ok()?.starts_with("Five servers").then_some(())
    })?;
    Ok(())
}

/// What is lit: parts of the page, then servers, clients and znodes.
fn lit(browser: &Browser) -> Result<String> {
    let things = "return document.documentElement.dataset.lit + ':' +
        [...new Set([...document.querySelectorAll('.lit')].map(it => it.dataset.of))].sort()";
    script(browser, things)
}

#[test]
fn a_step_lights_what_it_speaks_of() -> Result<()> {
    let browser = open("#/run/leader-dies/1")?;
    browser.wait_for("#server-5.lit")?;
    assert_eq!(lit(&browser)?, ":s5");
    browser.find("#row-5.lit")?;
    // Also while time passes and what is lit is drawn anew.
    browser.press("n")?;
    browser.wait_until("the whole stage", || (lit(&browser).ok()? == "stage:").then_some(()))?;
    for (place, expected) in [("leader-dies/3", "votes:"), ("ephemeral/1", ":c1,z/here")] {
        browser.script(&format!("location.hash = '#/run/{place}'"))?;
        browser.wait_until(expected, || (lit(&browser).ok()? == expected).then_some(()))?;
    }
    browser.find(".znode.lit[data-path='/here']")?;
    browser.script("location.hash = '#/play'")?;
    browser.wait_until("nothing", || (lit(&browser).ok()? == ":").then_some(()))?;
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_step_lets_do_what_it_is_about_and_nothing_else() -> Result<()> {
    let browser = open("#/run/leader-dies/1")?;
    browser.wait_for("#lesson-step")?;
    ensure!(browser.find("#lesson-acts").is_err(), "the first step is for looking");
    browser.press("2")?;
    browser.press("k")?;
    browser.wait_until("a refusal", || {
        said(&browser).ok()?.contains("does not ask for that").then_some(())
    })?;
    ensure!(browser.find("#server-2.down").is_err());
    // The list of orders has what looks and what moves in time, and no acts.
    let offered = |browser: &Browser| -> Result<String> {
        browser.chord(&[key::CONTROL, "k"])?;
        browser.wait_for("#palette-list li")?;
        let list = script(
            browser,
            "const field = document.querySelector('#palette'); field.value = 'server 2:';
             field.dispatchEvent(new InputEvent('input', { bubbles: true }));
             return new Promise(done => setTimeout(() => done(
                [...document.querySelectorAll('#palette-list li span')].map(it => it.innerText).join()), 100))",
        )?;
        browser.press(key::ESCAPE)?;
        Ok(list)
    };
    let list = offered(&browser)?;
    ensure!(list.contains("choose it") && !list.contains("crash"), "{list}");
    browser.script("location.hash = '#/run/leader-dies/7'")?;
    // First the question of the step.
    browser.click(&browser.wait_for("#answer-4")?)?;
    browser.wait_for("#lesson-acts")?;
    browser.press("2")?;
    let acts = "return [...document.querySelectorAll('#acts .act')].map(it => it.id).join()";
    assert_eq!(script(&browser, acts)?, "act-crash,act-power,act-freeze,act-isolate");
    ensure!(offered(&browser)?.contains("crash"));
    browser.click(&browser.wait_for("#act-crash")?)?;
    browser.wait_for("#server-2.down")?;
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_word_is_explained_with_the_focus_and_goes_with_escape() -> Result<()> {
    let browser = open("#/run/leader-dies/1")?;
    browser.wait_for(".term")?;
    let tip = "return [...document.querySelectorAll('.tip')].filter(it => !it.hidden)
        .map(it => it.innerText).join()";
    assert_eq!(script(&browser, tip)?, "");
    browser.script("document.querySelector('.term').focus()")?;
    browser.wait_until("the explanation", || {
        script(&browser, tip).ok()?.contains("puts all changes in order").then_some(())
    })?;
    let described = "const term = document.querySelector('.term');
        return document.getElementById(term.getAttribute('aria-describedby')).textContent";
    ensure!(script(&browser, described)?.contains("puts all changes in order"));
    browser.press(key::ESCAPE)?;
    browser.wait_until("it to go", || script(&browser, tip).ok()?.is_empty().then_some(()))?;
    ensure!(text(&browser, "#lesson-step")?.starts_with("Five"), "the step stays");
    browser.click(&browser.find(".term")?)?;
    browser.wait_until("the explanation", || {
        (!script(&browser, tip).ok()?.is_empty()).then_some(())
    })?;
    view::picture(&browser, "term")?;
    browser.script("location.hash = '#/words'")?;
    browser.wait_for("#word-zxid")?;
    ensure!(text(&browser, "#word-leader")?.contains("In the sources: primary"));
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_run_that_was_left_goes_on_where_it_was() -> Result<()> {
    let browser = open("#/run/one-write/1")?;
    browser.wait_for("#lesson-step")?;
    for _ in 0..2 {
        let before = heading(&browser)?;
        browser.press("n")?;
        browser
            .wait_until("the next step", || (heading(&browser).ok()? != before).then_some(()))?;
    }
    let (title, _) = beginnings(1)?[2].clone();
    assert_eq!(heading(&browser)?, title);
    browser.click(&browser.find("#answer-3")?)?;
    // Something of the learner's own, then away: the playground has the very run.
    wait_for_rest(&browser)?;
    let index = "return document.querySelector('#slider').value";
    let there = script(&browser, index)?;
    browser.script("location.hash = '#/play'")?;
    browser.wait_for("#do-faults")?;
    assert_eq!(script(&browser, index)?, there);
    browser.press(".")?;
    // Back at the beginning, the place is offered.
    browser.script("location.hash = '#/run/one-write/1'")?;
    browser.wait_for("#resume")?;
    ensure!(text(&browser, "#resume")?.contains("step 3"));
    browser.click(&browser.find("#lesson-resume")?)?;
    browser.wait_until("the step", || (heading(&browser).ok()? == title).then_some(()))?;
    ensure!(script(&browser, "return location.hash")? == "#/run/one-write/3");
    // Also in another visit, by replay; and once begun anew, no more.
    browser.script("location.hash = '#/'; location.reload()")?;
    browser.wait_for("#run-one-write")?;
    browser.script("location.hash = '#/run/one-write/1'")?;
    browser.wait_for("#lesson-resume")?;
    browser.click(&browser.find("#lesson-resume")?)?;
    browser.wait_until("the step", || (heading(&browser).ok()? == title).then_some(()))?;
    let hash_then = beginnings(1)?[2].1.clone();
    assert_eq!(hash(&browser)?, hash_then);
    browser.click(&browser.find("#lesson-restart")?)?;
    browser.wait_until("the first step", || {
        (script(&browser, "return location.hash").ok()? == "#/run/one-write/1").then_some(())
    })?;
    ensure!(browser.find("#resume").is_err());
    assert_eq!(hash(&browser)?, beginnings(1)?[0].1);
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn the_end_of_a_step_is_read_and_heard_and_what_it_is_about_is_explained_before_and_after()
-> Result<()> {
    let browser = open("#/run/one-write/4")?;
    let why = |what: &str| {
        browser.wait_until(what, || text(&browser, "#why").ok()?.contains(what).then_some(()))
    };
    let end = "Three of five: it is committed.";
    // One comes there, and nothing has happened yet.
    ensure!(!text(&browser, ".lesson")?.contains(end));
    why("is not committed")?;
    browser.click(&browser.find("#play")?)?;
    wait_for_rest(&browser)?;
    ensure!(text(&browser, ".lesson")?.contains(end));
    ensure!(said(&browser)?.contains(end), "{}", said(&browser)?);
    why("is committed")?;
    // What is over is not said of an earlier moment.
    browser.click(&browser.find("#back")?)?;
    browser.wait_until("the moment before", || {
        (!text(&browser, ".lesson").ok()?.contains(end)).then_some(())
    })
}

/// What is said at the end of a run, and what may lie over it or beyond the edge.
const END: &str = "const box = css => document.querySelector(css).getBoundingClientRect();
    const [close, link, next] = ['#lesson-close', '#lesson-play', '#lesson-next'].map(box);
    const narrow = innerWidth < 700, bar = box('.timeline').top;
    const top = narrow ? box('#stage').bottom : box('section.say').top, bad = [];
    if (close.top < top) bad.push('begins at ' + close.top + ', above ' + top);
    if (close.bottom > (narrow ? bar : next.top)) bad.push('ends at ' + close.bottom);
    for (const { left, top, bottom } of [close, link, next])
        for (const y of [top + 12, bottom - 6])
            if (!document.elementFromPoint(left + 16, y)?.closest('.foot, .timeline')) bad.push('is covered at ' + y);
    const verdict = document.querySelector('#verdict')?.getBoundingClientRect();
    if (verdict && (verdict.top < top || verdict.bottom > close.top)) bad.push('covers the verdict');
    return bad.join('; ')";

#[test]
fn what_to_take_home_is_in_sight_at_the_end_of_a_run() -> Result<()> {
    let browser = open("#/keys")?;
    for (width, height) in [(1440, 900), (1280, 800), (390, 844)] {
        browser.viewport(width, height)?;
        for (run, (name, source)) in RUNS.iter().enumerate() {
            let steps = Script::parse(source)?.steps;
            browser.script("location.hash = '#/keys'")?;
            browser.wait_for(".key-list")?;
            browser.script(&format!("location.hash = '#/run/{name}/{}'", steps.len()))?;
            browser.wait_for("#lesson-step")?;
            if steps.last().is_some_and(|step| step.question.is_some()) {
                // A wrong answer has the longest text.
                browser.script("document.querySelector('#answer-1').click()")?;
                browser.wait_for("#verdict")?;
            } else if browser.find("#lesson-close").is_err() {
                browser.script("document.querySelector('#play').click()")?;
            }
            browser.wait_for("#lesson-close").with_context(|| (*name).to_owned())?;
            view::picture(&browser, &format!("end-{run}"))?;
            browser.viewport(width, height)?;
            assert_eq!(script(&browser, END)?, "", "{name} at {width}");
            ensure!(said(&browser)?.ends_with(&plain(&Script::parse(source)?.close)), "{name}");
        }
    }
    console_is_empty(&browser)
}
