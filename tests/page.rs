//! The finished page, in a real browser, from its first paint on.
//!
//! Run by `cargo xtask test page`, which builds the page first and names its folder.

use anyhow::Result;
use zabscope_tests::browser::Browser;
use zabscope_tests::{given, serve};

fn open_page() -> Result<Browser> {
    let address = serve::start(&given("ZABSCOPE_PAGE")?, 0)?;
    let browser = Browser::start()?;
    browser.open(&format!("http://{address}/"))?;
    browser.wait_for("#app main")?;
    Ok(browser)
}

#[test]
fn the_counter_counts_and_the_console_stays_empty() -> Result<()> {
    let browser = open_page()?;
    let button = browser.find("#count")?;
    assert_eq!(browser.text(&button)?, "Pressed 0 times");
    browser.click(&button)?;
    browser.click(&button)?;
    browser.wait_until("the count of 2", || {
        (browser.text(&button).ok()? == "Pressed 2 times").then_some(())
    })?;
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn the_page_fits_a_phone_in_both_themes() -> Result<()> {
    let browser = open_page()?;
    browser.viewport(390, 844)?;
    let paper = |theme| -> Result<String> {
        browser.theme(theme)?;
        let colour = browser.script("return getComputedStyle(document.body).backgroundColor")?;
        Ok(colour.to_string())
    };
    assert_ne!(paper("light")?, paper("dark")?);
    let width = browser.script("return document.documentElement.scrollWidth")?;
    assert_eq!(width, 390, "the page is wider than the screen");
    Ok(())
}
