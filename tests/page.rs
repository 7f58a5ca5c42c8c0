//! The finished page, in a real browser, from its first paint on.
//!
//! Run by `cargo xtask test page`, which builds the page first and names its folder.

mod view;

use anyhow::{Result, ensure};
use view::{console_is_empty, open, script, text};
use zabscope_tests::browser::{Browser, key};
use zabscope_tests::{given, serve};

fn open_page() -> Result<Browser> {
    open("#/play")
}

fn click(browser: &Browser, css: &str) -> Result<()> {
    browser.click(&browser.find(css)?)
}

/// The role that the drawing shows for a server.
fn role(browser: &Browser, sid: i64) -> Option<String> {
    let script = format!("return document.querySelector('#server-{sid}').dataset.role");
    Some(browser.script(&script).ok()?.as_str()?.to_owned())
}

/// Waits for a leader that serves, other than `not`, and gives its id.
fn wait_for_leader(browser: &Browser, not: i64) -> Result<i64> {
    browser.wait_until("a leader that serves", || {
        let headline = text(browser, "#headline").ok()?;
        let leader = headline.strip_prefix("Server ")?.strip_suffix(" leads.")?.parse().ok()?;
        (leader != not && role(browser, leader)? == "LEADING").then_some(leader)
    })
}

/// Full speed: tests do not watch.
fn hurry(browser: &Browser) -> Result<()> {
    for _ in 0..3 {
        click(browser, "#faster")?;
    }
    ensure!(text(browser, "#ratio")?.ends_with("takes 1 s"));
    Ok(())
}

fn pause(browser: &Browser) -> Result<()> {
    click(browser, "#play")?;
    browser.wait_for("#play[aria-label=Play]")?;
    Ok(())
}

/// All that the page says about the moment.
fn moment(browser: &Browser) -> Result<String> {
    let script = "return ['#servers', '#log', '#clock', '#event', '#step', '#headline', '#session']
        .map(css => document.querySelector(css).innerText)
        .concat([...document.querySelectorAll('.message')].map(m =>
            m.dataset.name + m.getAttribute('transform')).sort()).join('\\n')";
    Ok(browser.script(script)?.as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_killed_leader_is_replaced_and_comes_back_as_a_follower() -> Result<()> {
    let browser = open_page()?;
    let old = wait_for_leader(&browser, 0)?;
    hurry(&browser)?;
    click(&browser, "#kill-leader")?;
    browser.wait_until("the old leader to be down", || {
        (role(&browser, old)? == "DOWN").then_some(())
    })?;
    let new = wait_for_leader(&browser, old)?;
    click(&browser, &format!("#restart-{old}"))?;
    browser.wait_until("the old leader to follow", || {
        let row = text(&browser, &format!("#row-{old}")).ok()?;
        (role(&browser, old)? == "FOLLOWING" && row.contains("broadcast")).then_some(())
    })?;
    assert_eq!(role(&browser, new).as_deref(), Some("LEADING"));
    assert!(text(&browser, "#log")?.contains("You killed server"));
    console_is_empty(&browser)
}

#[test]
fn what_one_client_creates_another_reads() -> Result<()> {
    let browser = open_page()?;
    wait_for_leader(&browser, 0)?;
    hurry(&browser)?;
    let fill = |css: &str, value: &str| {
        browser.script(&format!(
            "const field = document.querySelector('{css}'); field.focus(); field.select()"
        ))?;
        browser.type_into(&browser.find(css)?, value)
    };
    fill("#path", "/greeting")?;
    fill("#data", "good day")?;
    click(&browser, "#ask")?;
    let told = |what: &str| {
        browser.wait_until(what, || text(&browser, "#talks").ok()?.contains(what).then_some(()))
    };
    told("/greeting (at e1.c")?;
    click(&browser, "#choose-client-2")?;
    browser.set_value("#verb", "get")?;
    click(&browser, "#ask")?;
    told("“good day”, version 0")?;
    browser.set_value("#verb", "ls")?;
    fill("#path", "/")?;
    click(&browser, "#ask")?;
    told("greeting, hello")?;
    fill("#path", "/nothing")?;
    click(&browser, "#ask")?;
    told("error: no node")?;
    console_is_empty(&browser)
}

#[test]
fn a_moment_looks_the_same_from_both_directions() -> Result<()> {
    let browser = open_page()?;
    wait_for_leader(&browser, 0)?;
    click(&browser, "#kill-leader")?;
    // Into the middle of the election, with votes under way.
    browser.wait_until("a vote under way", || {
        browser.find(".message[data-name=VOTE]").ok().map(drop)
    })?;
    pause(&browser)?;
    let mut forward = Vec::new();
    for _ in 0..12 {
        click(&browser, "#forward")?;
        forward.push(moment(&browser)?);
    }
    assert_ne!(forward.first(), forward.last());
    for then in forward.iter().rev().skip(1) {
        click(&browser, "#back")?;
        // The run is longer by what was seen, and the notice says that this is the past.
        let same = |text: &str| {
            text.lines().filter(|line| !line.starts_with("event ")).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(same(&moment(&browser)?), same(then));
    }
    assert!(text(&browser, "#notice")?.contains("In the past"));
    // Across the whole run, by the slider, and back.
    let now = moment(&browser)?;
    let place = browser.script("return document.querySelector('#slider').value")?;
    let place = place.as_str().unwrap_or_default().to_owned();
    let scrub = |to: &str| {
        browser.script(&format!(
            "const s = document.querySelector('#slider'); s.value = '{to}';
             s.dispatchEvent(new InputEvent('input', {{ bubbles: true }}))"
        ))
    };
    scrub("0")?;
    browser.wait_until("the start", || {
        text(&browser, "#event").ok()?.contains("event 0 ").then_some(())
    })?;
    assert_eq!(role(&browser, 1).as_deref(), Some("DOWN"));
    scrub(&place)?;
    browser.wait_until("the same moment", || (moment(&browser).ok()? == now).then_some(()))?;
    console_is_empty(&browser)
}

#[test]
fn where_time_stops_by_itself_the_diagram_is_as_when_one_steps_there() -> Result<()> {
    let browser = open("#/run/leader-dies/1")?;
    // All that is drawn, whatever was drawn first.
    let drawn = "return [...document.querySelectorAll('#lanes path, #lanes text')]
        .map(it => [it.closest('[class]').getAttribute('class'), it.getAttribute('d'),
            it.children.length ? '' : it.textContent].join(' ')).sort().join('\\n')";
    click(&browser, "#lesson-next")?;
    browser.wait_until("the step to end", || {
        let still = browser.find("#play[aria-label=Play]").is_ok();
        let over = text(&browser, "#lesson-hint").ok()?.starts_with("Go on");
        (still && over).then_some(())
    })?;
    let stopped = script(&browser, drawn)?;
    click(&browser, "#back")?;
    ensure!(script(&browser, drawn)? != stopped, "nothing happened in the last event");
    click(&browser, "#forward")?;
    assert_eq!(script(&browser, drawn)?, stopped);
    console_is_empty(&browser)
}

#[test]
fn the_keyboard_alone_kills_and_steps() -> Result<()> {
    let browser = open_page()?;
    let leader = wait_for_leader(&browser, 0)?;
    browser.press(" ")?;
    browser.wait_for("#play[aria-label=Play]")?;
    browser.press(&leader.to_string())?;
    browser.wait_for(&format!("#server-{leader}[aria-pressed=true]"))?;
    browser.press("k")?;
    browser.wait_until("the leader to be down", || {
        (role(&browser, leader)? == "DOWN").then_some(())
    })?;
    let before = text(&browser, "#event")?;
    browser.press(key::RIGHT)?;
    browser.wait_until("one step", || (text(&browser, "#event").ok()? != before).then_some(()))?;
    browser.press(key::LEFT)?;
    browser.press(key::LEFT)?;
    // Before the kill: it stands again.
    browser.wait_until("the leader to stand again", || {
        (role(&browser, leader)? == "LEADING").then_some(())
    })?;
    // The tab key reaches the seats, and Enter chooses.
    browser.press(key::ESCAPE)?;
    for _ in 0..60 {
        browser.press(key::TAB)?;
        let here = browser.script("return document.activeElement.id")?;
        if here.as_str().is_some_and(|id| id.starts_with("server-")) {
            break;
        }
    }
    // The seats are one stop; the arrow keys move between them.
    for _ in 0..5 {
        if browser.script("return document.activeElement.id")? == "server-2" {
            break;
        }
        browser.press(key::RIGHT)?;
    }
    browser.press(key::ENTER)?;
    browser.wait_for("#server-2[aria-pressed=true]")?;
    browser.press("k")?;
    browser.wait_until("server 2 to be down", || (role(&browser, 2)? == "DOWN").then_some(()))?;
    browser.press("r")?;
    browser.wait_until("server 2 to look", || (role(&browser, 2)? == "LOOKING").then_some(()))?;
    console_is_empty(&browser)
}

#[test]
fn a_leader_that_is_cut_off_gives_up() -> Result<()> {
    let browser = open_page()?;
    let old = wait_for_leader(&browser, 0)?;
    hurry(&browser)?;
    click(&browser, &format!("#server-{old}"))?;
    for other in (1..=3).filter(|other| *other != old) {
        click(&browser, &format!("#to-{other}"))?;
        click(&browser, "#act-cut")?;
        click(&browser, &format!("#server-{old}"))?;
    }
    let cuts = browser.script("return document.querySelectorAll('.link.cut').length")?;
    assert_eq!(cuts, 2);
    wait_for_leader(&browser, old)?;
    browser.wait_until("the old leader to give up", || {
        (role(&browser, old)? == "LOOKING").then_some(())
    })?;
    // A link is chosen by a click on it. Both are healed: to join a leader takes the word of
    // a majority, and one's own does not count.
    for other in (1..=3).filter(|other| *other != old) {
        let (a, b) = (old.min(other), old.max(other));
        browser.script(&format!(
            "document.querySelector('#link-{a}-{b} .reach')
                .dispatchEvent(new MouseEvent('click', {{ bubbles: true }}))"
        ))?;
        browser.wait_until("the link to be chosen", || {
            let title = text(&browser, "#inspector h2").ok()?;
            (title == format!("Server {a} to server {b}")).then_some(())
        })?;
        click(&browser, "#act-cut")?;
    }
    browser.wait_until("the old leader to follow", || {
        (role(&browser, old)? == "FOLLOWING").then_some(())
    })?;
    console_is_empty(&browser)
}

#[test]
fn five_and_seven_servers_elect_too() -> Result<()> {
    let browser = open_page()?;
    for count in [5, 7] {
        browser.set_value("#voters", &count.to_string())?;
        browser.wait_for(&format!("#server-{count}"))?;
        wait_for_leader(&browser, 0)?;
        let seats = browser.script("return document.querySelectorAll('.stage .seat').length")?;
        assert_eq!(seats, count);
    }
    console_is_empty(&browser)
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
    let (light, dark) = (paper("light")?, paper("dark")?);
    assert_ne!(light, dark);
    click(&browser, "#theme")?;
    assert_eq!(paper("dark")?, light, "the switch is stronger than the system");
    let width = browser.script("return document.documentElement.scrollWidth")?;
    assert_eq!(width, 390, "the page is wider than the screen");
    let small = browser.script(
        "return [...document.querySelectorAll('button, select, input:not([type=checkbox])')]
            .map(e => [e.id || e.className, e.getBoundingClientRect()])
            .filter(([, r]) => r.width > 0 && (r.width < 24 || r.height < 24))
            .map(([name, r]) => `${name} ${r.width}x${r.height}`).join(', ')",
    )?;
    assert_eq!(small, "", "smaller than 24 pixels");
    console_is_empty(&browser)
}

#[test]
fn with_reduced_motion_messages_stand_still() -> Result<()> {
    let browser = open_page()?;
    browser.devtools(
        "Emulation.setEmulatedMedia",
        &serde_json::json!({ "features": [
            { "name": "prefers-reduced-motion", "value": "reduce" }] }),
    )?;
    wait_for_leader(&browser, 0)?;
    click(&browser, "#kill-leader")?;
    browser.wait_until("a vote", || browser.find(".message[data-name=VOTE]").ok().map(drop))?;
    pause(&browser)?;
    let placed = "return [...document.querySelectorAll('.message')]
        .map(m => m.getAttribute('transform')).join()";
    let before = browser.script(placed)?;
    assert_eq!(before, browser.script(placed)?);
    assert_ne!(before, "");
    console_is_empty(&browser)
}

#[test]
fn the_first_screen_follows_a_change_of_the_screen_before_anything_is_pressed() -> Result<()> {
    let address = serve::start(&given("ZABSCOPE_PAGE")?, 0)?;
    let browser = Browser::start()?;
    browser.viewport(1440, 900)?;
    browser.open(&format!("http://{address}/#/"))?;
    browser.wait_for("#stage")?;
    let drawing = || {
        let shape =
            browser.script("return document.querySelector('#stage').getAttribute('viewBox')");
        Some(shape.ok()?.as_str()?.to_owned())
    };
    let wide = drawing();
    browser.viewport(390, 844)?;
    browser.wait_until("the narrow drawing", || (drawing() != wide).then_some(()))?;
    browser.theme("dark")?;
    browser.viewport(1440, 900)?;
    browser.wait_until("the wide drawing again", || (drawing() == wide).then_some(()))?;
    browser.script("document.querySelector('#server-1').focus()")?;
    click(&browser, "#server-1")?;
    browser.wait_for("#server-1[aria-pressed=true]")?;
    let console = browser.console()?;
    ensure!(console.is_empty(), "{console:?}");
    Ok(())
}
