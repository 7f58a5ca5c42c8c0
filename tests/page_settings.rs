//! What is chosen on the page stays in this browser.

mod view;

use anyhow::{Result, ensure};
use view::{console_is_empty, open, script};
use zabscope_tests::browser::Browser;

/// A script that runs in the page before its own.
fn before_the_page(browser: &Browser, script: &str) -> Result<()> {
    let source = serde_json::json!({ "source": script });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", &source).map(drop)
}

#[test]
fn settings_survive_a_reload_and_a_broken_store_harms_nobody() -> Result<()> {
    let browser = open("#/keys")?;
    let state = "return [document.documentElement.dataset.theme ?? '',
        document.documentElement.dataset.motion ?? '', document.querySelector('#letters').checked,
        document.querySelector('#motion').checked,
        [...document.querySelectorAll('[name=speech]')].findIndex(it => it.checked)].join()";
    browser.wait_for("#letters")?;
    let first = script(&browser, state)?;
    assert_eq!(first, ",,true,true,1");
    for press in ["#theme", "#letters", "#motion", "[name=speech]"] {
        browser.script(&format!("document.querySelector('{press}').click()"))?;
    }
    let chosen = browser.wait_until("all to be chosen", || {
        script(&browser, state).ok().filter(|now| now.ends_with("off,false,false,0"))
    })?;
    browser.script("location.reload()")?;
    browser.wait_until("the same after a reload", || {
        script(&browser, state).ok().filter(|now| *now == chosen)
    })?;
    // On the first screen too, before the second half of the code is there.
    browser.script("location.hash = '#/'; location.reload()")?;
    browser.wait_for("#play")?;
    let root = "return JSON.stringify({ ...document.documentElement.dataset })";
    ensure!(script(&browser, root)?.contains("\"motion\":\"off\""));
    // What cannot be read is as good as nothing.
    browser.script(
        "localStorage.setItem('zabscope.settings', '\u{0}= theme=red speech {}');
         location.hash = '#/keys'; location.reload()",
    )?;
    browser.wait_until("a page as on the first visit", || {
        script(&browser, state).ok().filter(|now| *now == first)
    })?;
    before_the_page(
        &browser,
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no') } })",
    )?;
    browser.script("location.reload()")?;
    browser.wait_until("a page without a store", || {
        script(&browser, state).ok().filter(|now| *now == first)
    })?;
    browser.script("document.querySelector('#letters').click()")?;
    browser.wait_until("a choice that holds until the end of the visit", || {
        script(&browser, state).ok().filter(|now| *now == ",,false,true,1")
    })?;
    console_is_empty(&browser)
}
