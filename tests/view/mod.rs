//! The finished page for the browser tests: opened, read, walked through by Tab, photographed.

#![allow(dead_code, reason = "each test target uses a part of it")]

pub(crate) mod runs;

use anyhow::{Result, bail};
use std::path::Path;
use zabscope_tests::browser::{Browser, key};
use zabscope_tests::{given, serve};

/// A place of the page, which is served from now on, in a browser of its own.
pub(crate) fn open(place: &str) -> Result<Browser> {
    let address = serve::start(&given("ZABSCOPE_PAGE")?, 0)?;
    let browser = Browser::start()?;
    browser.open(&format!("http://{address}/{place}"))?;
    browser.wait_for("#app main")?;
    Ok(browser)
}

/// The visible text of the first element that matches.
pub(crate) fn text(browser: &Browser, css: &str) -> Result<String> {
    // A drawing that comes between the two questions may have put another element there.
    browser.text(&browser.find(css)?).or_else(|_| browser.text(&browser.find(css)?))
}

/// Waits until the visible text of an element fits.
pub(crate) fn until(browser: &Browser, css: &str, fits: impl Fn(&str) -> bool) -> Result<String> {
    browser.wait_until(css, || text(browser, css).ok().filter(|text| fits(text)))
}

/// The playground with the run of the first screen, standing still: a write is half-way.
pub(crate) fn open_half_way() -> Result<Browser> {
    let browser = open("#/")?;
    browser.script("location.hash = '#/play'")?;
    browser.wait_for("#lanes")?;
    Ok(browser)
}

/// The text that a script returns; empty if it returns something else.
pub(crate) fn script(browser: &Browser, body: &str) -> Result<String> {
    Ok(browser.script(body)?.as_str().unwrap_or_default().to_owned())
}

/// The id of what has the focus.
pub(crate) fn focused(browser: &Browser) -> Result<String> {
    script(browser, "return document.activeElement.id")
}

/// Presses Tab, at most so often, until an element of this id has the focus.
pub(crate) fn tab_to(browser: &Browser, id: &str, at_most: usize) -> Result<()> {
    let mut met = Vec::new();
    for _ in 0..at_most {
        browser.press(key::TAB)?;
        met.push(focused(browser)?);
        if met.last().is_some_and(|last| last == id) {
            return Ok(());
        }
    }
    bail!("Tab does not come to #{id}, but to {}", met.join(" "))
}

/// Nothing was written to the console since it was last read.
pub(crate) fn console_is_empty(browser: &Browser) -> Result<()> {
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

/// For people who want to look: `SHOTS=folder` keeps what the tests see.
pub(crate) fn picture(browser: &Browser, name: &str) -> Result<()> {
    let Some(folder) = std::env::var_os("SHOTS") else { return Ok(()) };
    for (size, width, height, shape) in [("wide", 1440, 900, 628), ("narrow", 390, 844, 360)] {
        for theme in ["light", "dark"] {
            browser.viewport(width, height)?;
            browser.wait_for(&format!("#stage[viewBox^='0 0 {shape}']"))?;
            browser.theme(theme)?;
            let file = Path::new(&folder).join(format!("{name}-{size}-{theme}.png"));
            std::fs::write(file, browser.screenshot()?)?;
        }
    }
    browser.viewport(1440, 900)?;
    browser.wait_for("#stage[viewBox^='0 0 628']").map(drop)
}
