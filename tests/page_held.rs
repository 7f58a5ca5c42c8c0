//! Sessions and znodes chosen on the stage, in the diagram and in the trees: what is known of them,
//! what led to it, and links that carry them.

mod view;

use anyhow::{Context, Result, ensure};
use view::{console_is_empty, focused, open, picture, tab_to, text, until};
use zabscope_tests::browser::{Browser, key};

/// The guided run about an ephemeral znode, at this step, standing still.
fn ephemeral(step: u32) -> Result<Browser> {
    let browser = open(&format!("#/run/ephemeral/{step}"))?;
    browser.wait_for("#lesson-step")?;
    Ok(browser)
}

#[test]
fn a_session_and_its_znode_are_chosen_with_the_pointer() -> Result<()> {
    let browser = ephemeral(1)?;
    browser.click(&browser.find("#client-1 .number")?)?;
    let facts = until(&browser, "#inspector", |text| text.starts_with("Client 1"))?;
    for words in ["0x", "connected to", "timeout", "expires, if silent", "2000 ms", "/here"] {
        ensure!(facts.contains(words), "{words} is missing in {facts}");
    }
    browser.find("#client-1.selected[aria-pressed=true]")?;
    browser.find("#row-c1.selected")?;
    ensure!(text(&browser, "#session-events")?.contains("begins at server"));
    picture(&browser, "session")?;
    // What it owns is one press away, and the other way round.
    browser.click(&browser.find("#owns button")?)?;
    let facts = until(&browser, "#inspector", |text| text.starts_with("/here"))?;
    let whole = [
        "czxid",
        "mzxid",
        "pzxid",
        "ctime",
        "mtime",
        "version",
        "cversion",
        "aversion",
        "owner",
        "dataLength",
        "children",
        "ephemeral of 0x",
        "client 1",
        "server 3",
    ];
    for words in whole {
        ensure!(facts.contains(words), "{words} is missing in {facts}");
    }
    browser.find(".znode.selected[data-path='/here']")?;
    browser.find(".owns.chosen[data-path='/here']")?;
    picture(&browser, "znode")?;
    // The trees have the same choice.
    browser.click(&browser.find("#tab-tree")?)?;
    browser.wait_for("#trees tr.selected[data-path='/here']")?;
    browser.find("#stat")?;
    console_is_empty(&browser)
}

#[test]
fn the_keyboard_chooses_them_too() -> Result<()> {
    let browser = ephemeral(1)?;
    tab_to(&browser, "server-1", 60)?;
    let mut met = Vec::new();
    for _ in 0..12 {
        browser.press(key::RIGHT)?;
        let of = "return document.activeElement.dataset.of || ''";
        met.push(browser.script(of)?.as_str().unwrap_or_default().to_owned());
        if met.last().is_some_and(|of| of == "z/here") {
            break;
        }
    }
    ensure!(met.contains(&"z/here".to_owned()), "{met:?}");
    browser.press(key::ENTER)?;
    until(&browser, "#inspector h2", |title| title == "/here")?;
    for _ in 0..12 {
        if focused(&browser)? == "client-1" {
            break;
        }
        browser.press(key::RIGHT)?;
    }
    browser.press(key::ENTER)?;
    until(&browser, "#inspector h2", |title| title == "Client 1")?;
    // Its own key, on what is chosen.
    browser.press("z")?;
    until(&browser, "#knows", |facts| facts.contains("frozen"))?;
    console_is_empty(&browser)
}

#[test]
fn a_znode_that_vanished_leads_back_to_the_death_of_its_client() -> Result<()> {
    let browser = ephemeral(5)?;
    // Until every server has applied the end of the session.
    for _ in 0..80 {
        browser.press(".")?;
    }
    browser.click(&browser.find("#client-1 .number")?)?;
    let chain = until(&browser, "#chain", |text| text.contains("expire"))?;
    let events =
        ["The last sign of life of client 1", "killed client 1", "1 ephemeral", "committed"];
    for words in events {
        ensure!(chain.contains(words), "{words} is missing in {chain}");
    }
    ensure!(text(&browser, "#why")?.contains("client 1 does nothing"));
    // Along it with the arrow keys: Enter goes there, and the list stays.
    browser.script("document.querySelector('#chain li:last-child button').focus()")?;
    let before = text(&browser, "#chain")?;
    browser.press(key::LEFT)?;
    browser.press(key::LEFT)?;
    browser.press(key::ENTER)?;
    browser.wait_for("#chain [aria-current=step]")?;
    let here = text(&browser, "#chain [aria-current=step]")?;
    ensure!(here.contains("killed client 1"), "{here}");
    assert_eq!(text(&browser, "#chain")?, before, "the list stays while one walks along it");
    picture(&browser, "chain")?;
    console_is_empty(&browser)
}

#[test]
fn a_link_carries_what_is_chosen() -> Result<()> {
    let browser = open("#/play")?;
    browser.wait_for("#lanes")?;
    browser.press(" ")?;
    browser.click(&browser.find("#tab-tree")?)?;
    let row = "#trees tr[data-path='/hello'] button";
    browser.click(&browser.wait_for(row)?)?;
    until(&browser, "#inspector h2", |title| title == "/hello")?;
    for (make, title) in
        [("", "/hello"), ("#client-2 .number", "Client 2"), ("#server-2", "Server 2")]
    {
        if !make.is_empty() {
            browser.click(&browser.find(make)?)?;
        }
        until(&browser, "#inspector h2", |now| now == title)?;
        browser.click(&browser.find("#share-open")?)?;
        let link = browser.wait_until("the link", || {
            let value = browser.script("return document.querySelector('#link')?.value").ok()?;
            Some(value.as_str()?.to_owned()).filter(|link| link.contains("#r="))
        })?;
        let fragment = link.split_once('#').context("no fragment")?.1;
        let other = open(&format!("#{fragment}"))?;
        until(&other, "#inspector h2", |now| now == title)?;
        console_is_empty(&other)?;
        browser.press(key::ESCAPE)?;
        browser.press(".")?;
    }
    console_is_empty(&browser)
}
