//! The page through time: branches, journeys, sharing.
//!
//! Run by `cargo xtask test page`, which builds the page first and names its folder.

mod view;

use anyhow::{Result, ensure};
use view::{console_is_empty, open, script, text};
use zabscope_tests::browser::{Browser, key};
use zabscope_tests::{given, serve};

fn open_page() -> Result<Browser> {
    let browser = open("#/play")?;
    browser.wait_for("#event")?;
    Ok(browser)
}

fn click(browser: &Browser, css: &str) -> Result<()> {
    // The transport lies over the lowest part of the page.
    browser.script(&format!(
        "document.querySelector('{css}')?.scrollIntoView({{ block: 'center' }})"
    ))?;
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
///
/// Without the lanes of the diagram: they end where the clock stands, also between two steps.
fn moment(browser: &Browser) -> Result<String> {
    let script = "return [...document.querySelectorAll('.seat[data-role]')]
        .map(seat => seat.id + seat.dataset.role)
        .concat([...document.querySelectorAll('#servers :is(th, td):not(.lane)')]
            .map(cell => cell.innerText), document.querySelector('#step').innerText)
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

#[test]
fn acting_in_the_past_keeps_the_old_future() -> Result<()> {
    let browser = open_page()?;
    pause(&browser)?;
    let fork = event(&browser)?;
    // One future: the leader dies and another one serves.
    browser.set_value("#stop", "leader")?;
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
fn a_run_that_is_left_can_be_gone_back_to() -> Result<()> {
    let browser = open_page()?;
    pause(&browser)?;
    browser.press("w")?;
    browser.wait_until("a request", || {
        text(&browser, "#step").ok()?.contains("asks: set /hello").then_some(())
    })?;
    let then = (event(&browser)?, moment(&browser)?);
    let is_back =
        || (event(&browser).ok()? == then.0 && moment(&browser).ok()? == then.1).then_some(());
    // A lesson, and back; also by the first page.
    for away in ["#/run/leader-dies/1", "#/run/lock/1"] {
        browser.script(&format!("location.hash = '{away}'"))?;
        browser.wait_for("#lesson-step")?;
        if away.contains("lock") {
            browser.script("location.hash = '#/'")?;
            browser.wait_for(".page[data-mode=first]")?;
        }
        browser.script("location.hash = '#/play'")?;
        browser.wait_for("#do-faults")?;
        browser.wait_until("the run", is_back)?;
        wait_notice(&browser, "Your run goes on here")?;
    }
    // Another ensemble: the old run is in the list, and the new one too once there is an act in it.
    browser.set_value("#clients", "3")?;
    wait_notice(&browser, "The run before is kept")?;
    pause(&browser)?;
    browser.press("w")?;
    browser.press("b")?;
    click(&browser, "#earlier-0")?;
    browser.wait_until("the run", is_back)?;
    let earlier = text(&browser, "#earlier")?;
    assert!(earlier.contains("3 voters, 3 clients, seed 7"), "{earlier}");
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
fn a_run_of_undos_makes_one_branch_and_is_done_again_step_by_step() -> Result<()> {
    let browser = open_page()?;
    pause(&browser)?;
    let mut moments = vec![moment(&browser)?];
    click(&browser, "#server-2")?;
    for (letter, part) in [("w", "asks: set"), ("z", "You froze"), ("z", "You thawed")] {
        browser.press(letter)?;
        browser.wait_until(part, || text(&browser, "#step").ok()?.contains(part).then_some(()))?;
        click(&browser, "#forward")?;
        moments.push(moment(&browser)?);
    }
    let is = |what: &str, then: &str| {
        browser.wait_until(what, || (moment(&browser).ok()? == then).then_some(()))
    };
    let last = moments.last().cloned().unwrap_or_default();
    for place in (0..3).rev() {
        let before = event(&browser)?;
        click(&browser, "#undo")?;
        browser
            .wait_until("an earlier event", || (event(&browser).ok()? < before).then_some(()))?;
        if place == 0 {
            is("the start", &moments[0])?;
        }
        let list = text(&browser, "#branches-open")?;
        assert!(list.contains("Run 2 (2 of 2)"), "{list}");
    }
    for _ in 0..3 {
        let before = event(&browser)?;
        click(&browser, "#redo")?;
        browser.wait_until("a later event", || (event(&browser).ok()? > before).then_some(()))?;
    }
    is("the end", &last)?;
    let list = text(&browser, "#branches-open")?;
    assert!(list.contains("Run 1 (1 of 2)"), "{list}");
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
    for (nowhere, why) in
        [("e9.c9", "This run has no"), ("tomorrow", "is no time"), ("99999999", "This run has no")]
    {
        go(nowhere)?;
        wait_notice(&browser, why)?;
        assert_eq!(event(&browser)?, there);
    }
    // Nothing typed is no place; of a place that is too far it says how far it came.
    browser.set_value("#goto", "")?;
    assert!(text(&browser, "#notice")?.contains("99999999"));
    go("99999s")?;
    wait_notice(&browser, "at most 2000 events")?;
    assert!(text(&browser, "#notice")?.contains(&format!("Only to {}", clock()?)));
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

/// Waits until a script gives true.
fn wait_true(browser: &Browser, what: &str, script: &str) -> Result<()> {
    browser.wait_until(what, || (browser.script(script).ok()? == true).then_some(()))
}

#[test]
fn charts_are_drawn_when_somebody_looks() -> Result<()> {
    let browser = lively_page()?;
    let loaded = "return performance.getEntriesByType('resource').map(e => e.name)
        .some(name => name.includes('worker'))";
    assert_eq!(browser.script(loaded)?, false, "the second module is no part of the first load");
    click(&browser, "#tab-charts")?;
    wait_true(
        &browser,
        "three drawings",
        "return document.querySelectorAll('.charts svg').length == 3",
    )?;
    assert_eq!(browser.script(loaded)?, true);
    // Lines of messages, a bar for each commit and for the first election, and the labels.
    let shapes = "return ['polyline', 'rect', 'text'].map(name =>
        document.querySelectorAll('.charts svg ' + name).length)";
    let shapes = browser.script(shapes)?;
    let count = |place: usize| shapes[place].as_u64().unwrap_or(0);
    assert!(count(0) >= 4 && count(1) >= 3 && count(2) > 20, "{shapes}");
    // The numbers are those of the run: three commits until here.
    let commits = browser.script(
        "return [...document.querySelectorAll('.charts figure')]
            .find(f => f.innerText.includes('Commit latency')).querySelectorAll('tbody tr').length",
    )?;
    assert_eq!(commits, 3);
    // Colours are the page's, in both themes.
    let colour = || {
        browser.script("return getComputedStyle(document.querySelector('.charts svg text')).fill")
    };
    browser.theme("light")?;
    let light = colour()?;
    browser.theme("dark")?;
    assert_ne!(light, colour()?);
    console_is_empty(&browser)
}

#[test]
fn a_search_finds_a_run_and_gives_its_link() -> Result<()> {
    let browser = open_page()?;
    pause(&browser)?;
    click(&browser, "#tab-charts")?;
    browser.wait_for("#search")?;
    browser.set_value("#search-what", "trunc")?;
    click(&browser, "#search")?;
    browser.wait_for("#found")?;
    assert!(text(&browser, "#found")?.contains("has to cut its log"));
    click(&browser, "#found")?;
    // The run that was found, at the step in which the leader decides.
    browser.wait_until("the run", || {
        let log = text(&browser, "#log").ok()?;
        log.contains("TRUNC").then_some(())
    })?;
    assert!(event(&browser)? > 100);
    console_is_empty(&browser)
}

#[test]
fn long_work_shows_progress_and_stops() -> Result<()> {
    let browser = open_page()?;
    pause(&browser)?;
    click(&browser, "#tab-charts")?;
    browser.wait_for("#search-what")?;
    // What takes long: two leaders at a time are rare.
    browser.set_value("#search-what", "two-leaders")?;
    click(&browser, "#search")?;
    browser.wait_for("#progress")?;
    wait_true(&browser, "progress", "return document.querySelector('#progress').value > 0")?;
    // The page answers meanwhile.
    let before = event(&browser)?;
    click(&browser, "#forward")?;
    assert_ne!(event(&browser)?, before);
    click(&browser, "#stop-work")?;
    browser.wait_until("the stop", || {
        (text(&browser, "#work-status").ok()? == "Stopped.").then_some(())
    })?;
    assert!(browser.find("#stop-work").is_err());
    // And other work can begin.
    click(&browser, "#measure")?;
    browser.wait_until("the measurement", || {
        (text(&browser, "#work-status").ok()? == "Measured.").then_some(())
    })?;
    wait_true(
        &browser,
        "the drawing",
        "const f = [...document.querySelectorAll('.charts figure')].pop();
        return f.querySelectorAll('tbody tr').length == 5 && f.querySelectorAll('svg').length == 1",
    )?;
    console_is_empty(&browser)
}

/// A server of the page that can be stopped, as a process of its own would be.
struct Stoppable {
    address: std::net::SocketAddr,
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

/// Serves the page through a relay: when it is stopped, connections are refused.
fn stoppable() -> Result<Stoppable> {
    use std::sync::atomic::{AtomicBool, Ordering};
    let behind = serve::start(&given("ZABSCOPE_PAGE")?, 0)?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if stopped.load(Ordering::SeqCst) {
                // Dropped with the listener: from here on nobody listens.
                return;
            }
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut server = std::net::TcpStream::connect(behind)?;
                let (mut up, mut to) = (stream.try_clone()?, server.try_clone()?);
                std::thread::spawn(move || std::io::copy(&mut up, &mut to));
                let mut stream = stream;
                std::io::copy(&mut server, &mut stream)?;
                stream.shutdown(std::net::Shutdown::Both)
            });
        }
    });
    Ok(Stoppable { address, stop })
}

impl Stoppable {
    fn stop(&self) {
        self.stop.store(true, std::sync::atomic::Ordering::SeqCst);
        // Wakes the listener, which then goes.
        drop(std::net::TcpStream::connect(self.address));
        while std::net::TcpStream::connect(self.address).is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

#[test]
fn after_the_first_visit_no_network_is_needed() -> Result<()> {
    let server = stoppable()?;
    let browser = Browser::start()?;
    let page = format!("http://{}/#/play", server.address);
    browser.open(&page)?;
    browser.wait_for("#event")?;
    // All is kept when the page itself is: it is kept last.
    browser.wait_until("the files to be kept", || {
        let kept = browser
            .script("return caches.match(location.href.split('#')[0]).then(page => !!page)")
            .ok()?;
        (kept == true).then_some(())
    })?;
    let link = link(&browser)?;
    server.stop();
    browser.open("about:blank")?;
    browser.open(&page)?;
    browser.wait_for("#event")?;
    pause(&browser)?;
    click(&browser, "#kill-leader")?;
    browser
        .wait_until("a death", || moment(&browser).ok()?.contains("server-3DOWN").then_some(()))?;
    // The second module too, and a link.
    click(&browser, "#tab-charts")?;
    wait_true(&browser, "drawings", "return document.querySelectorAll('.charts svg').length >= 3")?;
    browser.open("about:blank")?;
    browser.open(&link)?;
    browser.wait_until("the run of the link", || {
        moment(&browser).ok()?.contains("server-3LEADING").then_some(())
    })?;
    console_is_empty(&browser)
}
