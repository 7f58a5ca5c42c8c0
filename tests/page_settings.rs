//! What is chosen on the page stays in this browser, and the run in this tab.

mod view;

use anyhow::{Context, Result, ensure};
use view::{console_is_empty, open, script, text};
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

/// Where somebody stands: the text of the link, which has the run, its moment, speed and choice.
fn stands(browser: &Browser) -> Result<String> {
    browser.script("document.querySelector('#share').open = false")?;
    browser.wait_for("#share:not([open])")?;
    browser.script(
        "document.querySelector('#link')?.setAttribute('value', '');
        document.querySelector('#share').open = true",
    )?;
    let link = browser.wait_until("a link", || {
        let link = "return document.querySelector('#link')?.value";
        script(browser, link).ok().filter(|link| link.contains("#r="))
    })?;
    Ok(link)
}

/// Another document at the same address.
fn reload(browser: &Browser) -> Result<()> {
    browser.script("window.isOld = true; location.reload()")?;
    let is_new = "return !window.isOld && !!document.querySelector('#app main')";
    browser.wait_until("another document", || (browser.script(is_new).ok()? == true).then_some(()))
}

/// To another page of the same document.
fn go(browser: &Browser, place: &str, css: &str) -> Result<()> {
    browser.script(&format!("location.hash = '{place}'"))?;
    browser.wait_for(css).map(drop)
}

const NOTICE: &str = "return document.querySelector('#notice').textContent";

#[test]
fn a_run_goes_on_after_a_reload_where_somebody_stood() -> Result<()> {
    let browser = open("#/play")?;
    browser.wait_for("#kill-leader")?;
    let first = stands(&browser)?;
    let kept = "return sessionStorage.getItem('zabscope.run') ?? ''";
    let before = script(&browser, kept)?;
    browser.script("document.querySelector('#kill-leader').click()")?;
    // An act is kept at once, however the page ends.
    browser.wait_until("the act to be kept", || {
        script(&browser, kept).ok().filter(|now| *now != before)
    })?;
    browser.wait_for(".seat.down")?;
    let moment = stands(&browser)?;
    for key in ["+", "+", ",", ",", "2"] {
        browser.press(key)?;
    }
    let here = stands(&browser)?;
    ensure!(here != moment && here != first, "{here}");
    reload(&browser)?;
    ensure!(script(&browser, NOTICE)?.contains("kept your run"), "nothing is said of it");
    assert_eq!(stands(&browser)?, here);
    browser.find("#play[aria-label=Play]")?;
    // From a text and from a lesson, which itself is at its step, one comes back to it too.
    go(&browser, "#/keys", ".key-list")?;
    reload(&browser)?;
    go(&browser, "#/play", "#kill-leader")?;
    assert_eq!(stands(&browser)?, here);
    go(&browser, "#/run/leader-dies/3", "#lesson-step")?;
    let step = text(&browser, "#lesson-step")?;
    reload(&browser)?;
    assert_eq!(text(&browser, "#lesson-step")?, step);
    reload(&browser)?;
    go(&browser, "#/play", "#kill-leader")?;
    assert_eq!(stands(&browser)?, here);
    // What an address says comes before what is kept; and the home page is what it is.
    let link = format!("location.hash = '{}'", first.split_once('#').map_or("", |(_, run)| run));
    browser.script(&link)?;
    reload(&browser)?;
    assert_eq!(stands(&browser)?, first);
    go(&browser, "#/", "#play")?;
    reload(&browser)?;
    ensure!(script(&browser, "return document.querySelector('.lede').textContent")?.len() > 20);
    // A new run is one press away.
    go(&browser, "#/play", "#new-run")?;
    browser.script("document.querySelector('#new-run').click()")?;
    browser.wait_for("#play[aria-label=Pause]")?;
    console_is_empty(&browser)
}

#[test]
fn a_run_that_cannot_be_kept_begins_anew() -> Result<()> {
    let key = "zabscope.run";
    let refuse =
        |what: &str| format!("Storage.prototype.{what} = () => {{ throw new DOMException('no') }}");
    for broken in [
        format!("sessionStorage.setItem('{key}', '2.abc')"),
        format!("sessionStorage.setItem('{key}', '1.abc')"),
        format!("sessionStorage.setItem('{key}', '\u{0}{{}}'.repeat(1000))"),
        refuse("setItem"),
        refuse("getItem"),
        refuse("removeItem"),
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no') } })".to_owned(),
    ] {
        let browser = open("#/play")?;
        browser.wait_for("#kill-leader")?;
        before_the_page(&browser, &broken)?;
        reload(&browser)?;
        if broken.contains("prototype.setItem") {
            // What was kept before is taken; what comes then cannot be.
            reload(&browser)?;
        }
        // A new run plays by itself.
        browser.wait_for("#play[aria-label=Pause]").with_context(|| broken.clone())?;
        browser.script("document.querySelector('#kill-leader').click()")?;
        browser.wait_for(".seat.down")?;
        browser.script("dispatchEvent(new Event('pagehide'))")?;
        ensure!(!script(&browser, NOTICE)?.contains("kept"), "{broken}");
        console_is_empty(&browser)?;
    }
    Ok(())
}
