//! The page through time: branches, journeys, sharing.
//!
//! Run by `cargo xtask test page`, which builds the page first and names its folder.

use anyhow::{Result, ensure};
use zabscope_tests::browser::{Browser, key};
use zabscope_tests::{given, serve};

fn open_page() -> Result<Browser> {
    let address = serve::start(&given("ZABSCOPE_PAGE")?, 0)?;
    let browser = Browser::start()?;
    browser.open(&format!("http://{address}/#/play"))?;
    browser.wait_for("#app main")?;
    browser.wait_for("#event")?;
    Ok(browser)
}

fn text(browser: &Browser, css: &str) -> Result<String> {
    browser.text(&browser.find(css)?)
}

fn click(browser: &Browser, css: &str) -> Result<()> {
    browser.click(&browser.find(css)?)
}

fn pause(browser: &Browser) -> Result<()> {
    if browser.find("#play[aria-label=Pause]").is_ok() {
        click(browser, "#play")?;
    }
    browser.wait_for("#play[aria-label=Play]").map(drop)
}

/// Number of events before the cursor.
fn event(browser: &Browser) -> Result<u64> {
    let words = text(browser, "#event")?;
    Ok(words.split(' ').nth(1).unwrap_or_default().parse()?)
}

/// What the drawing shows of the servers, and the last step.
fn moment(browser: &Browser) -> Result<String> {
    let script = "return [...document.querySelectorAll('.seat[data-role]')]
        .map(seat => seat.id + seat.dataset.role)
        .concat(['#servers', '#step'].map(css => document.querySelector(css).innerText))
        .concat([...document.querySelectorAll('.message')].map(m =>
            m.dataset.name + m.getAttribute('transform')).sort()).join('\\n')";
    Ok(browser.script(script)?.as_str().unwrap_or_default().to_owned())
}

/// Puts text into a field as a person does: focus, type, Enter.
fn enter(browser: &Browser, css: &str, words: &str) -> Result<()> {
    browser.script(&format!(
        "const field = document.querySelector('{css}'); field.focus(); field.value = ''"
    ))?;
    browser.type_into(&browser.find(css)?, words)?;
    browser.press(key::ENTER)
}

fn wait_notice(browser: &Browser, part: &str) -> Result<()> {
    browser.wait_until(&format!("the notice {part}"), || {
        text(browser, "#notice").ok()?.contains(part).then_some(())
    })
}

fn console_is_empty(browser: &Browser) -> Result<()> {
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn acting_in_the_past_keeps_the_old_future() -> Result<()> {
    let browser = open_page()?;
    pause(&browser)?;
    let fork = event(&browser)?;
    // One future: the leader dies and another one serves.
    let stop = "const s = document.querySelector('#stop'); s.value = 'leader';
        s.dispatchEvent(new Event('change', { bubbles: true }))";
    browser.script(stop)?;
    click(&browser, "#kill-leader")?;
    for _ in 0..3 {
        click(&browser, "#faster")?;
    }
    wait_notice(&browser, "a leader serves")?;
    let (old_event, old) = (event(&browser)?, moment(&browser)?);
    assert!(old.contains("server-3DOWN"), "{old}");
    // Back, and another one.
    enter(&browser, "#goto", &fork.to_string())?;
    browser.wait_until("the fork", || (event(&browser).ok()? == fork).then_some(()))?;
    wait_notice(&browser, "starts another branch")?;
    click(&browser, "#server-1")?;
    browser.press("k")?;
    browser.wait_until("a second branch", || {
        text(&browser, "#branches-open").ok()?.contains("Run 2 (2 of 2)").then_some(())
    })?;
    assert!(moment(&browser)?.contains("server-1DOWN"));
    // The old one stands as it was.
    browser.press("b")?;
    click(&browser, "#branch-1")?;
    enter(&browser, "#goto", &old_event.to_string())?;
    browser.wait_until("the old future", || (moment(&browser).ok()? == old).then_some(()))?;
    // A name, and the list says where the second began.
    enter(&browser, "#rename", "the leader dies")?;
    browser.wait_until("the name", || {
        text(&browser, "#branches-open").ok()?.starts_with("the leader dies").then_some(())
    })?;
    let list = text(&browser, "#branches ul")?;
    assert!(list.contains("You killed server 1"), "{list}");
    console_is_empty(&browser)
}

#[test]
fn an_act_is_undone_and_done_again() -> Result<()> {
    let browser = open_page()?;
    pause(&browser)?;
    let before = moment(&browser)?;
    click(&browser, "#server-2")?;
    browser.press("k")?;
    browser
        .wait_until("a death", || moment(&browser).ok()?.contains("server-2DOWN").then_some(()))?;
    let after = moment(&browser)?;
    click(&browser, "#undo")?;
    browser.wait_until("the undo", || (moment(&browser).ok()? == before).then_some(()))?;
    // What goes on from here is a future without it.
    click(&browser, "#forward")?;
    assert!(!moment(&browser)?.contains("DOWN"));
    click(&browser, "#redo")?;
    browser.wait_until("the redo", || (moment(&browser).ok()? == after).then_some(()))?;
    click(&browser, "#redo")?;
    wait_notice(&browser, "Nothing to redo")?;
    console_is_empty(&browser)
}

#[test]
fn journeys_end_where_they_should() -> Result<()> {
    let browser = open_page()?;
    pause(&browser)?;
    let latest = event(&browser)?;
    let go = |place: &str| enter(&browser, "#goto", place);
    let clock = || text(&browser, "#clock");
    // A time, later and earlier, and ahead of what is known.
    go("0.5s")?;
    browser.wait_until("half a second", || (clock().ok()? == "+0.500 s").then_some(()))?;
    go("+100ms")?;
    browser.wait_until("later", || (clock().ok()? == "+0.600 s").then_some(()))?;
    go("-0.35s")?;
    browser.wait_until("earlier", || (clock().ok()? == "+0.250 s").then_some(()))?;
    go("3s")?;
    browser.wait_until("three seconds", || (clock().ok()? == "+3.000 s").then_some(()))?;
    ensure!(event(&browser)? > latest);
    // A transaction, in both ways of writing it.
    go("e1.c3")?;
    browser.wait_until("the commit", || {
        text(&browser, "#log").ok()?.lines().any(|l| l.contains("e1.c3: committed")).then_some(())
    })?;
    let there = event(&browser)?;
    go("0")?;
    browser.wait_until("the start", || (event(&browser).ok()? == 0).then_some(()))?;
    go("0x100000003")?;
    browser.wait_until("the commit", || (event(&browser).ok()? == there).then_some(()))?;
    for nowhere in ["e9.c9", "tomorrow", "99999999"] {
        go(nowhere)?;
        wait_notice(&browser, "This run has no")?;
        assert_eq!(event(&browser)?, there);
    }
    // Phase by phase through the election, and back over the same places.
    go("0")?;
    let mut places = Vec::new();
    for _ in 0..5 {
        click(&browser, "#phase-forward")?;
        places.push((event(&browser)?, moment(&browser)?));
    }
    for (place, then) in places.iter().rev().skip(1) {
        click(&browser, "#phase-back")?;
        assert_eq!((event(&browser)?, &moment(&browser)?), (*place, then));
    }
    // Only what server 2 does.
    click(&browser, "#server-2")?;
    for _ in 0..3 {
        click(&browser, "#own-forward")?;
        assert!(text(&browser, "#step")?.contains("erver 2"), "{}", text(&browser, "#step")?);
    }
    // Heartbeats are passed over, and the page says so.
    go("1.2s")?;
    click(&browser, "#forward")?;
    wait_notice(&browser, "heartbeats")?;
    console_is_empty(&browser)
}

/// A link to the moment that is looked at.
fn link(browser: &Browser) -> Result<String> {
    browser.script("document.querySelector('#share').open = false")?;
    click(browser, "#share-open")?;
    browser.wait_for("#link")?;
    let link = browser.script("return document.querySelector('#link').value")?;
    Ok(link.as_str().unwrap_or_default().to_owned())
}

/// A page with an act, in the middle of what it led to.
fn lively_page() -> Result<Browser> {
    let browser = open_page()?;
    pause(&browser)?;
    click(&browser, "#kill-leader")?;
    browser.wait_until("a vote under way", || {
        browser.find(".message[data-name=VOTE]").ok().map(drop)
    })?;
    pause(&browser)?;
    Ok(browser)
}

#[test]
fn a_link_carries_the_exact_run() -> Result<()> {
    let browser = lively_page()?;
    let (then, at) = (moment(&browser)?, text(&browser, "#clock")?);
    let link = link(&browser)?;
    assert!(link.contains("#r=1.") && link.len() < 300, "{link}");
    // In another tab, which knows nothing else.
    browser.open("about:blank")?;
    browser.open(&link)?;
    browser.wait_for("#event")?;
    browser.wait_until("the same moment", || (moment(&browser).ok()? == then).then_some(()))?;
    assert_eq!(text(&browser, "#clock")?, at);
    assert_eq!(self::link(&browser)?, link, "the link of what a link shows");
    // And it goes on: the next leader is elected, and the past can be walked.
    browser.script("document.querySelector('#share').open = false")?;
    click(&browser, "#undo")?;
    browser.wait_until("the leader again", || {
        moment(&browser).ok()?.contains("server-3LEADING").then_some(())
    })?;
    console_is_empty(&browser)
}

#[test]
fn what_cannot_be_opened_is_told_and_the_page_works() -> Result<()> {
    let browser = lively_page()?;
    let link = link(&browser)?;
    let (page, run) = link.split_once("#r=").unwrap_or_default();
    let mut letters = run.to_owned();
    letters.replace_range(30..31, if &run[30..31] == "A" { "B" } else { "A" });
    for (broken, words) in [
        (format!("{page}#r={letters}"), "saved run"),
        (format!("{page}#r={}", &run[..run.len() / 2]), "saved run"),
        (format!("{page}#r=2{}", &run[1..]), "format 2"),
        (format!("{page}#r=nonsense"), "not a saved run"),
    ] {
        browser.open("about:blank")?;
        browser.open(&broken)?;
        browser.wait_for("#share-message[role=alert]")?;
        let message = text(&browser, "#share-message")?;
        assert!(message.contains(words), "{broken}: {message}");
        assert!(moment(&browser)?.contains("server-3LEADING"));
        click(&browser, "#share-dismiss")?;
        pause(&browser)?;
        click(&browser, "#forward")?;
    }
    // A fragment that is put behind the address of the open page works too.
    browser.script(&format!("location.hash = 'r={run}'"))?;
    browser
        .wait_until("the run", || moment(&browser).ok()?.contains("server-3DOWN").then_some(()))?;
    console_is_empty(&browser)
}

#[test]
fn a_file_goes_out_and_comes_in() -> Result<()> {
    let browser = lively_page()?;
    let then = moment(&browser)?;
    // What is offered for saving is kept here instead.
    browser.script(
        "window.saved = []; const make = URL.createObjectURL;
         URL.createObjectURL = blob => { blob.text().then(t => window.saved.push(t)); return make(blob) };
         HTMLAnchorElement.prototype.click = function() { window.savedAs = this.download }",
    )?;
    click(&browser, "#share-open")?;
    click(&browser, "#save-file")?;
    browser.wait_until("the file", || {
        (browser.script("return window.saved.length").ok()? == 1).then_some(())
    })?;
    let name = browser.script("return window.savedAs")?;
    assert_eq!(name, "zabscope-seed-7.jsonl");
    let file = browser.script("return window.saved[0]")?;
    let file = file.as_str().unwrap_or_default().to_owned();
    for line in file.lines() {
        serde_json::from_str::<serde_json::Value>(line)?;
    }
    let folder = std::env::temp_dir().join(format!("zabscope-file-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("run.jsonl");
    std::fs::write(&path, &file)?;
    // By the file chooser, on a fresh page.
    let address = browser.script("return location.href")?;
    browser.open("about:blank")?;
    browser.open(address.as_str().unwrap_or_default())?;
    browser.wait_for("#share-open")?;
    click(&browser, "#share-open")?;
    browser.type_into(&browser.find("#open-file")?, &path.display().to_string())?;
    browser.wait_until("the same moment", || (moment(&browser).ok()? == then).then_some(()))?;
    // By a drop: one that is no run is told, then the run.
    let drop_text = |text: &str| {
        let text = serde_json::Value::from(text);
        browser.script(&format!(
            "const data = new DataTransfer(); data.items.add(new File([{text}], 'it.jsonl'));
             document.querySelector('main').dispatchEvent(
                 new DragEvent('drop', {{ bubbles: true, cancelable: true, dataTransfer: data }}))"
        ))
    };
    drop_text("a shopping list")?;
    browser.wait_for("#share-message[role=alert]")?;
    browser.wait_until("what is wrong", || {
        let message = text(&browser, "#share-message").ok()?;
        message.contains("it.jsonl cannot be opened: this is not a saved run").then_some(())
    })?;
    assert_eq!(moment(&browser)?, then);
    browser.script("document.querySelector('#share').open = false")?;
    click(&browser, "#forward")?;
    drop_text(&file)?;
    browser.wait_until("the same moment", || (moment(&browser).ok()? == then).then_some(()))?;
    std::fs::remove_dir_all(&folder)?;
    console_is_empty(&browser)
}
