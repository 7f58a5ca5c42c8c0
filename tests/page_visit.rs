//! What a first visitor stumbled over: typed words that were not taken, sheets that stayed, keys that
//! led away, and what was not said.

mod view;

use anyhow::{Result, ensure};
use view::{console_is_empty, focused, open_half_way, script, text, until};
use zabscope_tests::browser::{Browser, key};

/// Selects what stands in a field and types over it.
fn over(browser: &Browser, css: &str, words: &str) -> Result<()> {
    let field = browser.find(css)?;
    browser.click(&field)?;
    browser.script(&format!("document.querySelector('{css}').select()"))?;
    browser.type_into(&field, words)
}

fn seed(browser: &Browser) -> Result<String> {
    script(browser, "return document.querySelector('#seed').value")
}

#[test]
fn a_new_run_has_the_seed_that_was_typed() -> Result<()> {
    let browser = open_half_way()?;
    over(&browser, "#seed", "42")?;
    browser.click(&browser.find("#new-run")?)?;
    browser.wait_until("the run", || (seed(&browser).ok()? == "42").then_some(()))?;
    // Without another seed it is the next one.
    browser.click(&browser.find("#new-run")?)?;
    browser.wait_until("the next run", || (seed(&browser).ok()? == "43").then_some(()))?;
    over(&browser, "#seed", "banana")?;
    browser.click(&browser.find("#new-run")?)?;
    ensure!(text(&browser, "#seed-wrong")?.contains("whole number"));
    assert_eq!(seed(&browser)?, "banana");
    console_is_empty(&browser)
}

#[test]
fn a_moment_is_read_as_the_page_writes_it_and_the_keys_go_on() -> Result<()> {
    let browser = open_half_way()?;
    over(&browser, "#goto", "+0.500 s")?;
    browser.press(key::ENTER)?;
    until(&browser, "#clock", |text| text == "+0.500 s")?;
    ensure!(focused(&browser)? != "goto");
    browser.press(".")?;
    until(&browser, "#clock", |text| text != "+0.500 s")?;
    over(&browser, "#goto", "banana")?;
    browser.press(key::ENTER)?;
    until(&browser, ".notice", |text| text.contains("no time (12.05s"))?;
    // Escape leaves the field.
    browser.click(&browser.find("#goto")?)?;
    browser.press(key::ESCAPE)?;
    ensure!(focused(&browser)? != "goto");
    console_is_empty(&browser)
}

#[test]
fn one_sheet_is_open_at_most_and_goes_with_escape_or_a_press_elsewhere() -> Result<()> {
    let browser = open_half_way()?;
    let opened = || {
        script(
            &browser,
            "return [...document.querySelectorAll('details[open]')].map(d => d.id).join()",
        )
    };
    for closes in ["share", "escape", "press"] {
        browser.click(&browser.find("#branches-open")?)?;
        assert_eq!(opened()?, "branches");
        match closes {
            "share" => {
                browser.click(&browser.find("#share-open")?)?;
                assert_eq!(opened()?, "share");
                browser.press(key::ESCAPE)?;
            }
            "escape" => browser.press(key::ESCAPE)?,
            _ => browser.click(&browser.find("#headline")?)?,
        }
        browser.wait_until("no sheet", || opened().ok()?.is_empty().then_some(()))?;
    }
    console_is_empty(&browser)
}

#[test]
fn a_branch_says_that_it_begins() -> Result<()> {
    let browser = open_half_way()?;
    browser.press("k")?;
    until(&browser, "#headline", |text| text.contains("Who leads"))?;
    browser.press(" ")?;
    over(&browser, "#goto", "+0.600 s")?;
    browser.press(key::ENTER)?;
    until(&browser, "#clock", |text| text == "+0.600 s")?;
    browser.press("w")?;
    until(&browser, ".notice", |text| text.contains("begins here") && text.contains("is kept"))?;
    console_is_empty(&browser)
}

#[test]
fn what_stays_is_named_and_help_is_in_sight() -> Result<()> {
    let browser = open_half_way()?;
    // From the acts that break things the key leads to the command line as well.
    browser.click(&browser.find("#do-faults")?)?;
    browser.press(":")?;
    browser
        .wait_until("the command line", || (focused(&browser).ok()? == "command").then_some(()))?;
    let line = browser.find("#command")?;
    browser.type_into(&line, "deleteall /zookeeper")?;
    browser.press(key::ENTER)?;
    until(&browser, "#command-said", |text| text.contains("ZooKeeper's own"))?;
    browser.type_into(&line, "help")?;
    browser.press(key::ENTER)?;
    until(&browser, "#command-said", |text| text.contains("make a znode"))?;
    let seen = "const box = document.querySelector('section.say').getBoundingClientRect();
        const said = document.querySelector('#command-said').getBoundingClientRect();
        return String(said.bottom <= box.bottom + 1)";
    browser
        .wait_until("help in sight", || (script(&browser, seen).ok()? == "true").then_some(()))?;
    console_is_empty(&browser)
}

#[test]
fn escape_leads_back_from_the_keys() -> Result<()> {
    let browser = open_half_way()?;
    browser.press("?")?;
    browser.wait_for(".key-list")?;
    browser.press(key::ESCAPE)?;
    browser.wait_for("#part-clients")?;
    console_is_empty(&browser)
}

#[test]
fn a_restarted_server_has_the_same_tree() -> Result<()> {
    let browser = open_half_way()?;
    browser.press("2")?;
    browser.press("k")?;
    browser.wait_for("#server-2.down")?;
    browser.press("r")?;
    browser.wait_for("#server-2:not(.down)")?;
    browser.press(" ")?;
    browser.wait_for("#server-2.following")?;
    browser.click(&browser.find("#tab-tree")?)?;
    until(&browser, "#trees [role=status]", |text| text.contains("have the same znodes"))?;
    console_is_empty(&browser)
}
