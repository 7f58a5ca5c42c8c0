//! What is chosen, down to the bytes, and the trees of all servers beside each other.

mod view;

use anyhow::{Context, Result, ensure};
use view::{console_is_empty, open_half_way, picture};
use zabscope_tests::browser::{Browser, key};

fn text(browser: &Browser, css: &str) -> Option<String> {
    let script = format!("return document.querySelector('{css}').innerText");
    Some(browser.script(&script).ok()?.as_str()?.to_owned())
}

#[test]
fn a_message_shows_its_bytes_field_by_field() -> Result<()> {
    let browser = open_half_way()?;
    browser.script(
        "const arrows = [...document.querySelectorAll('#lanes [role=option]')];
         const arrow = arrows.find(arrow => arrow.ariaLabel.includes('PROPOSAL'));
         arrow.dispatchEvent(new MouseEvent('click', { bubbles: true }))",
    )?;
    let table = browser.wait_until("the bytes", || text(&browser, "#bytes"))?;
    // The type of the packet, as QuorumPacket has it, then the transaction.
    for words in ["00000002", "PROPOSAL", "zxid", "/half", "create"] {
        ensure!(table.contains(words), "{words} is missing in {table}");
    }
    let sum = browser.script(
        "return [...document.querySelectorAll('#bytes .hex')].map(cell => {
            const more = cell.querySelector('.second');
            return cell.querySelector('code').textContent.replaceAll(' ', '').length / 2
                + (more ? parseInt(more.textContent.replace(/[^0-9]/g, '')) : 0);
        }).reduce((a, b) => a + b, 0)",
    )?;
    let caption = text(&browser, "#bytes caption").context("no caption")?;
    let length: f64 = caption.split(' ').next().unwrap_or_default().parse()?;
    assert_eq!(sum.as_f64(), Some(length), "fields cover the message");
    picture(&browser, "detail-message")?;
    // Its cause is one key away, and has bytes too.
    browser.find("#to-cause")?;
    browser.script("document.querySelector('#to-cause').click()")?;
    browser.wait_until("the request behind it", || {
        text(&browser, "#inspector h2").filter(|title| title.starts_with("REQUEST"))
    })?;
    console_is_empty(&browser)
}

#[test]
fn trees_differ_while_a_commit_travels() -> Result<()> {
    let browser = open_half_way()?;
    browser.script("document.querySelector('#tab-tree').click()")?;
    let summary = browser.wait_until("the trees", || text(&browser, "#trees > p"))?;
    assert_eq!(summary, "All running servers have the same znodes.");
    // One event after the other: the leader applies first.
    let mut differed = false;
    for _ in 0..60 {
        browser.press(".")?;
        let summary = text(&browser, "#trees > p").context("no summary")?;
        if summary.contains("differ") {
            let row = "#trees tr[data-path=\"/half-way\"]";
            browser.find(&format!("{row}.differs"))?;
            let row = text(&browser, row).context("no row")?;
            ensure!(row.contains("missing") && row.contains("v0 e1.c"), "{row}");
            ensure!(browser.find("#trees td.changed").is_ok(), "what this step changed is marked");
            browser.script(
                "document.querySelector('#trees [data-path=\"/half-way\"] button').click()",
            )?;
            let stat = browser.wait_until("the stat", || text(&browser, "#stat"))?;
            ensure!(stat.contains("czxid") && stat.contains("world:anyone:cdrwa"), "{stat}");
            picture(&browser, "detail-trees")?;
            differed = true;
            break;
        }
    }
    ensure!(differed, "the write is applied by one server after the other");
    for _ in 0..60 {
        browser.press(".")?;
    }
    browser.wait_until("all to be equal", || {
        text(&browser, "#trees > p").filter(|text| text.starts_with("All running servers"))
    })?;
    console_is_empty(&browser)
}

#[test]
fn a_server_shows_what_the_last_step_changed() -> Result<()> {
    let browser = open_half_way()?;
    let facts = browser.script("return document.querySelector('.headline') !== null")?;
    assert_eq!(facts, true);
    let mut changed = String::new();
    for sid in ["1", "2", "3", "4", "5"] {
        browser.press(sid)?;
        browser.wait_for("#knows")?;
    }
    for _ in 0..40 {
        browser.press(".")?;
        changed = text(&browser, "#knows .changed").unwrap_or_default();
        if !changed.is_empty() {
            break;
        }
    }
    ensure!(changed.contains("was "), "a fact with its value one step ago: {changed}");
    picture(&browser, "detail-server")?;
    // Going back and forth marks the same.
    browser.press(key::LEFT)?;
    browser.press(key::RIGHT)?;
    browser.wait_until("the same marks", || {
        (text(&browser, "#knows .changed").unwrap_or_default() == changed).then_some(())
    })?;
    console_is_empty(&browser)
}
