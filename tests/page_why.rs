//! Why something is so, on the page: guards with their values, beside the drawing.

mod view;

use anyhow::{Context, Result, ensure};
use view::{open, picture, script};
use zabscope_tests::browser::{Browser, key};

fn why(browser: &Browser) -> Result<String> {
    let text = browser.script("return document.querySelector('#why').innerText")?;
    Ok(text.as_str().context("no text")?.to_owned())
}

fn wait(browser: &Browser, what: &str, fits: impl Fn(&str) -> bool) -> Result<String> {
    browser.wait_until(what, || why(browser).ok().filter(|text| fits(text)))
}

#[test]
fn an_election_tells_what_is_missing_and_why_a_vote_changed() -> Result<()> {
    let browser = open("#/run/leader-dies/3")?;
    browser.wait_for("#lesson-step")?;
    // One event after the other, until somebody has changed its vote.
    for _ in 0..60 {
        browser.press("1")?;
        if why(&browser)?.contains("for 4") {
            break;
        }
        browser.press(".")?;
    }
    let text = wait(&browser, "the comparison of votes", |text| text.contains("for 4"))?;
    for words in ["server id", "last logged", "epoch", "More than half vote alike", "3 needed"] {
        ensure!(text.contains(words), "{words} is missing in {text}");
    }
    ensure!(browser.find(".compared .decides").is_ok(), "one row decides");
    picture(&browser, "why-vote")?;
    // The dead one has a reason too.
    browser.press("5")?;
    let text = wait(&browser, "the dead server", |text| text.contains("server 5 does nothing"))?;
    ensure!(text.contains("down since +"), "{text}");
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_write_that_lacks_acknowledgements_says_whose() -> Result<()> {
    let browser = open("#/run/one-write/3")?;
    browser.wait_for("#lesson-step")?;
    browser.press(key::ESCAPE)?;
    let text = wait(&browser, "the zxid that waits", |text| text.contains("is not committed"))?;
    for words in
        ["More than half have acknowledged it", "acks = {", "writing to disk", "1 ACK of 3 needed"]
    {
        ensure!(text.contains(words), "{words} is missing in {text}");
    }
    picture(&browser, "why-commit")?;
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn what_is_held_back_is_named_with_what_frees_it() -> Result<()> {
    let browser = open("#/play")?;
    browser.wait_for("#server-3[data-role=LEADING]")?;
    browser.press(" ")?;
    browser.wait_for("#play[aria-label=Play]")?;
    browser.click(&browser.find("#do-faults")?)?;
    browser.wait_for("#act-on")?;
    for link in ["s1-s3", "s2-s3"] {
        browser.set_value("#act-on", link)?;
        browser.wait_for("#act-hold")?;
        browser.press("h")?;
        wait(&browser, link, |text| text.contains("nothing waits there"))?;
    }
    browser.press("w")?;
    browser.press(key::ESCAPE)?;
    // The write comes to the leader by server 1, or is the leader's own client's.
    let held = wait_stepping(&browser, |text| text.contains("held back since"))?;
    ensure!(held.contains("release 1 → 3") || held.contains("release 3 → 1"), "{held}");
    picture(&browser, "why-held")?;
    // What is held is asked why it does not move.
    let first = "return [...document.querySelectorAll('#act-on option[value^=m]')]
        .find(it => /REQUEST|PROPOSAL/.test(it.text))?.value ?? ''";
    browser.set_value("#act-on", &script(&browser, first)?)?;
    let text = wait(&browser, "the message", |text| text.contains("does not move"))?;
    for words in ["No message of it is held back", "frees it: release", "and it goes on"] {
        ensure!(text.contains(words), "{words} is missing in {text}");
    }
    browser.set_value("#act-on", "s1-s3")?;
    wait(&browser, "the link", |text| text.contains("Why not all passes between server 1"))?;
    // Released, it goes on, and nothing is left to explain.
    browser.press("u")?;
    wait(&browser, "the released link", |text| !text.contains("held back"))?;
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

/// Goes on event by event until the explanation fits.
fn wait_stepping(browser: &Browser, fits: impl Fn(&str) -> bool) -> Result<String> {
    for _ in 0..20 {
        let text = why(browser)?;
        if fits(&text) {
            return Ok(text);
        }
        browser.press(".")?;
    }
    why(browser)
}

#[test]
fn a_request_of_a_client_without_a_connection_has_its_reason() -> Result<()> {
    let browser = open("#/play")?;
    browser.wait_for("#server-3[data-role=LEADING]")?;
    browser.press("k")?;
    browser.wait_for("#server-3[data-role=DOWN]")?;
    browser.press("2")?;
    browser.press("k")?;
    browser.wait_for("#server-2[data-role=DOWN]")?;
    browser.click(&browser.find("#client-1 .number")?)?;
    let client = || browser.text(&browser.find("#inspector").ok()?).ok();
    browser.wait_until("no connection", || client()?.contains("connecting").then_some(()))?;
    browser.press(" ")?;
    browser.wait_for("#play[aria-label=Play]")?;
    browser.press("w")?;
    let text = wait(&browser, "the request", |text| text.contains("1 request waits"))?;
    ensure!(text.contains("server 3 is down") && text.contains("So 1 request waits"), "{text}");
    let told = client().context("no client")?;
    ensure!(told.contains("1, when connected"), "{told}");
    ensure!(!told.contains("connected to\nserver"), "{told}");
    let talk = browser.text(&browser.find("#talks")?)?;
    ensure!(talk.contains("waits for a connection"), "{talk}");
    picture(&browser, "why-unconnected")?;
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

/// What of some elements lies below the edge of the column that scrolls with them.
const BELOW: &str = "const bad = [];
    for (const css of CSS) {
        const it = document.querySelector(css);
        if (!it) { bad.push(css + ' is not there'); continue; }
        const { top, bottom } = it.getBoundingClientRect();
        const column = it.closest('section.side, section.say').getBoundingClientRect();
        const foot = document.querySelector('.lesson .foot')?.getBoundingClientRect();
        const edge = it.closest('.say') && foot ? foot.top : column.bottom;
        if (top < column.top - 0.5 || bottom > Math.min(edge, innerHeight) + 0.5)
            bad.push(css + ' from ' + top + ' to ' + bottom + ', seen to ' + edge);
    }
    return bad.join('; ')";

fn below(browser: &Browser, elements: &[&str]) -> Result<String> {
    let script = BELOW.replace("CSS", &serde_json::to_string(elements)?);
    Ok(browser.script(&script)?.as_str().context("no text")?.to_owned())
}

#[test]
fn why_stands_beside_what_is_chosen_without_scrolling() -> Result<()> {
    let browser = open("#/play")?;
    browser.viewport(1440, 900)?;
    for voters in ["3", "5", "7"] {
        browser.set_value("#voters", voters)?;
        browser.wait_for(&format!("#server-{voters}"))?;
        assert_eq!(below(&browser, &["#command"])?, "", "{voters} voters");
        browser.press("2")?;
        wait(&browser, "a reason", |text| text.contains("server 2"))?;
        assert_eq!(below(&browser, &[".why h2", ".guards li"])?, "", "{voters} voters");
        browser.press("k")?;
        wait(&browser, "the dead server", |text| text.contains("server 2 does nothing"))?;
        assert_eq!(below(&browser, &[".why h2", ".guards li"])?, "", "{voters} voters");
        let facts = browser.script("return document.querySelector('#knows').innerText")?;
        ensure!(facts.as_str().is_some_and(|it| it.contains("e1.c3")), "its disk: {facts}");
    }
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn two_futures_are_seen_together() -> Result<()> {
    let browser = open("#/keys")?;
    browser.viewport(1440, 900)?;
    for (place, guesses) in [("leader-dies/3", [2, 3]), ("one-write/3", [1, 5])] {
        for guess in guesses {
            browser.script("location.hash = '#/keys'")?;
            browser.wait_for(".key-list")?;
            browser.script(&format!("location.hash = '#/run/{place}'"))?;
            browser.wait_for(&format!("#answer-{guess}"))?;
            browser.script(&format!("document.querySelector('#answer-{guess}').click()"))?;
            browser.wait_for("#verdict")?;
            let seen = || below(&browser, &["#verdict", "#graded"]).ok();
            browser
                .wait_until("both futures", || seen().filter(String::is_empty))
                .with_context(|| format!("{place}, {guess}: {:?}", seen()))?;
        }
    }
    Ok(())
}
