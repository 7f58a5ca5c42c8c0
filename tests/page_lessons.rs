//! The first screen and the guided runs, as somebody meets them who has no mouse.
//!
//! `UPDATE_GOLDENFILES=1` records anew what the live region says.

mod view;

use anyhow::{Context, Result, ensure};
use std::fs;
use view::{open, script, tab_to, text};
use zabscope_core::guide::{Moved, RUNS, Script, Walk};
use zabscope_core::sim::Sim;
use zabscope_tests::browser::{Browser, key};
use zabscope_tests::{given, root, serve};

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
        let hint = text(browser, "#lesson-hint").ok()?;
        hint.starts_with("Go on").then_some(())
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
        narration.push_str(&format!("{}\n", said(&browser)?));
        wait_for_rest(&browser)?;
        if step.question.is_some() {
            // A wrong answer, then whatever is right, both by keyboard.
            for id in ["answer-1", "answer-4"] {
                tab_to(&browser, id, TABS_MAX)?;
                browser.press(key::ENTER)?;
                browser.wait_for("#graded")?;
                narration.push_str(&format!("{}\n", said(&browser)?));
                // Both futures after a wrong answer, none after a right one.
                let futures =
                    browser.script("return document.querySelectorAll('.future').length")?;
                assert_eq!(futures.as_u64(), Some(if id == "answer-1" { 2 } else { 0 }));
            }
        }
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
