//! Why something is so, on the page: guards with their values, beside the drawing.

mod view;

use anyhow::{Context, Result, ensure};
use view::{open, picture};
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
