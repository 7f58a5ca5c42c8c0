//! The page on a telephone: the space-time diagram is turned, readable, and scrubbed with a finger.

mod view;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use view::{console_is_empty, open, script};
use zabscope_tests::browser::Browser;

/// Widths of telephones, in CSS pixels.
const WIDTHS: [u32; 2] = [390, 320];

/// Smallest text of the stage on the screen, in CSS pixels; as much is left to rounding.
const LEAST_PX: f64 = 12.0 - 0.05;

/// Texts that lie over each other, below an element; and those outside of the screen, or too small.
const BAD: &str = "const box = it => it.getBoundingClientRect();
    const texts = [...document.querySelectorAll(ROOT + ' text')]
        .filter(it => it.textContent.trim() && box(it).width > 0 && getComputedStyle(it).visibility != 'hidden');
    const bad = [];
    for (const [n, a] of texts.entries()) {
        const p = box(a);
        if (p.left < -0.5 || p.right > innerWidth + 0.5) bad.push(a.textContent + ' is outside');
        const size = parseFloat(getComputedStyle(a).fontSize) * a.getCTM().a;
        if (size < LEAST) bad.push(a.textContent + ' has ' + size.toFixed(1) + ' px');
        for (const b of texts.slice(n + 1)) {
            const q = box(b);
            const over = Math.min(p.right, q.right) - Math.max(p.left, q.left);
            const under = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
            if (over > 1.5 && under > 3.5) bad.push(a.textContent + ' over ' + b.textContent);
        }
    }
    return bad.join('; ')";

fn bad(browser: &Browser, root: &str, least: f64) -> Result<String> {
    let bad = BAD.replace("ROOT", &format!("'{root}'"));
    script(browser, &bad.replace("LEAST", &least.to_string()))
}

fn phone(place: &str, width: u32) -> Result<Browser> {
    let browser = open("#/keys")?;
    browser.viewport(width, 844)?;
    browser.script(&format!("location.hash = '{place}'"))?;
    browser.wait_for("#tab-diagram")?;
    browser.script("document.querySelector('#tab-diagram').click()")?;
    browser.wait_for("#upright")?;
    Ok(browser)
}

fn now(browser: &Browser) -> Result<f64> {
    script(browser, "return document.querySelector('#upright .now text').textContent")?
        .parse()
        .context("no time")
}

#[test]
fn the_diagram_is_turned_and_its_words_have_room() -> Result<()> {
    for width in WIDTHS {
        for place in ["#/run/leader-dies/3", "#/run/one-write/3", "#/run/lock/1"] {
            let browser = phone(place, width)?;
            let columns =
                browser.script("return document.querySelectorAll('#upright .head').length")?;
            ensure!(columns.as_u64().is_some_and(|count| count >= 6), "{columns}");
            for _ in 0..25 {
                browser.press(".")?;
                assert_eq!(bad(&browser, "#upright .lanes", 11.5)?, "", "{place} at {width}");
                assert_eq!(bad(&browser, "#upright .held", 11.5)?, "", "{place} at {width}");
            }
            let wide = browser.script("return document.documentElement.scrollWidth")?;
            assert_eq!(wide, width);
            view::picture(&browser, &format!("phone-{}", &place[6..9]))?;
            console_is_empty(&browser)?;
        }
    }
    Ok(())
}

#[test]
fn the_words_of_the_stage_do_not_lie_over_each_other() -> Result<()> {
    for (width, steps) in [(390, 60), (375, 20), (360, 20), (320, 60)] {
        let browser = phone("#/run/leader-dies/2", width)?;
        for _ in 0..steps {
            browser.press(".")?;
            assert_eq!(bad(&browser, "#stage .seats", LEAST_PX)?, "", "at {width}");
            let names = "return [...document.querySelectorAll('.message .name')]
                .filter(it => it.getBoundingClientRect().width > 0).map(it => it.textContent).join()";
            assert_eq!(script(&browser, names)?, "", "names of messages would lie over roles");
        }
        console_is_empty(&browser)?;
    }
    Ok(())
}

#[test]
fn a_finger_scrubs_and_heads_choose() -> Result<()> {
    let browser = phone("#/run/leader-dies/3", 390)?;
    for _ in 0..20 {
        browser.press(".")?;
    }
    let before = now(&browser)?;
    let place = "const r = document.querySelector('#upright .ahead').getBoundingClientRect();
        return [r.left + 20, r.top - 60].join()";
    browser.script("document.querySelector('#upright').scrollIntoView({ block: 'center' })")?;
    let place = script(&browser, place)?;
    let (x, y) = place.split_once(',').context("no place")?;
    let (x, y): (f64, f64) = (x.parse()?, y.parse()?);
    let finger = |kind: &str, y: f64| {
        let at = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
        browser.devtools("Input.dispatchMouseEvent", &at)
    };
    // Down: what has been comes back.
    finger("mousePressed", y)?;
    for step in 1..=4 {
        finger("mouseMoved", y + 18.0 * f64::from(step))?;
    }
    finger("mouseReleased", y + 72.0)?;
    browser.wait_until("an earlier moment", || {
        now(&browser).ok().filter(|now| (0.02..0.06).contains(&(before - now)))
    })?;
    // A tap chooses; a head is a target for a finger.
    browser.script("document.querySelector('#head-2').dispatchEvent(new MouseEvent('click', { bubbles: true }))")?;
    browser.wait_for("#head-2.selected[aria-pressed=true]")?;
    let size = script(
        &browser,
        "const r = document.querySelector('#head-2 .reach').getBoundingClientRect();
         return (r.width >= 40 && r.height >= 44) + ''",
    )?;
    assert_eq!(size, "true");
    browser.script(
        "const arrow = document.querySelector('#upright .msg');
         arrow.dispatchEvent(new MouseEvent('click', { bubbles: true }))",
    )?;
    browser.wait_for("#upright .msg.selected")?;
    console_is_empty(&browser)
}

/// What of a step is in sight, beside the whole picture: its title, so many pixels of its text, and
/// its open question or the way to it.
const READABLE: &str = "const box = css => document.querySelector(css).getBoundingClientRect();
    scrollTo(0, 0);
    const bar = box('.timeline').top, stage = box('#stage'), title = box('#lesson-step');
    const question = document.querySelector('.question'), low = innerHeight < 760;
    const words = [...document.querySelectorAll('.lesson .voice')].map(it => it.getBoundingClientRect());
    const end = question && !low ? box('.question').top : bar;
    const text = words.at(-1).bottom - words[0].top, seen = Math.min(end, words.at(-1).bottom) - words[0].top;
    const bad = [];
    if (stage.top < 0 || stage.bottom > title.top) bad.push('the picture is not above the title');
    if (title.bottom > bar) bad.push('no title');
    if (seen < Math.min(text - 1, LEAST)) bad.push(seen + ' px of ' + text + ' px of text');
    if (question && !low && box('.choices').bottom > bar + 0.5) bad.push('no question');
    if (question && low && !document.querySelector('#to-question').checkVisibility()) bad.push('no word of the question');
    for (const it of document.querySelectorAll('#lesson-back, #lesson-next, #play, #to-question')) {
        const { top, bottom, width } = it.getBoundingClientRect();
        if (width > 0 && (top < bar || bottom > innerHeight)) bad.push(it.id + ' is out of sight');
    }
    return bad.join('; ')";

#[test]
fn a_step_is_read_and_answered_with_its_picture_in_sight() -> Result<()> {
    for (width, height, least) in [(390, 844, 88), (320, 640, 44)] {
        for touch in [false, true] {
            let browser = open("#/keys")?;
            browser.viewport(width, height)?;
            browser.devtools("Emulation.setTouchEmulationEnabled", &json!({ "enabled": touch }))?;
            for place in ["leader-dies/3", "one-write/3", "lock/2", "lock/3", "ephemeral/2"] {
                browser.script("location.hash = '#/keys'")?;
                browser.wait_for(".key-list")?;
                browser.script(&format!("location.hash = '#/run/{place}'"))?;
                browser.wait_for("#lesson-step")?;
                assert_eq!(
                    browser.script("return matchMedia('(pointer: coarse)').matches")?,
                    touch
                );
                let bad = script(&browser, &READABLE.replace("LEAST", &least.to_string()))?;
                assert_eq!(bad, "", "{place} at {width}, touch: {touch}");
            }
            // The question is a press away where there is no room for it.
            if height < 760 {
                browser.script("document.querySelector('#to-question').click()")?;
                let seen = "const box = css => document.querySelector(css).getBoundingClientRect();
                    return box('.choices').bottom <= box('.timeline').top && box('#question').top >= 0";
                browser.wait_until("the question", || {
                    (browser.script(seen).ok()? == true).then_some(())
                })?;
            }
            // The rest of time is there when one scrolls to the end.
            let end = "scrollTo(0, document.documentElement.scrollHeight);
                return innerHeight - document.querySelector('.ways').getBoundingClientRect().bottom";
            let end = browser.script(end)?.as_f64().context("no number")?;
            ensure!(end >= -0.5, "{end} px at {width}, touch: {touch}");
            console_is_empty(&browser)?;
        }
    }
    Ok(())
}

/// Clients, znodes and eyes of the stage that lie over each other.
const OVER: &str = "const all = [...document.querySelectorAll(
        '.client .back, .znode rect:not(.reach), .watch circle:first-child, .seat .body')];
    const boxes = all.map(it => it.getBoundingClientRect()), bad = [];
    for (const [n, p] of boxes.entries()) for (const [m, q] of boxes.entries()) {
        const over = Math.min(p.right, q.right) - Math.max(p.left, q.left);
        const under = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
        // Corners of a circle's box are empty.
        if (n < m && over > 4 && under > 4) bad.push(n + ' over ' + m);
        if (p.width == 0 || p.left < 0 || p.right > innerWidth) bad.push(n + ' is out of sight');
    }
    return bad.join('; ')";

/// Texts of the stage that are too small, and names that are wider than their znode.
const SMALL: &str = "const bad = [];
    for (const it of document.querySelectorAll('#stage text')) {
        const size = parseFloat(getComputedStyle(it).fontSize) * it.getCTM().a;
        if (size < LEAST) bad.push(it.textContent + ' has ' + size.toFixed(1) + ' px');
    }
    for (const it of document.querySelectorAll('.znode')) {
        const [box, name] = ['rect:not(.reach)', 'text'].map(css => it.querySelector(css).getBoundingClientRect());
        if (name.width > box.width) bad.push(it.textContent + ' is wider than its box');
    }
    return bad.join('; ')";

#[test]
fn clients_znodes_and_watches_are_told_apart() -> Result<()> {
    for width in WIDTHS {
        let browser = open("#/keys")?;
        browser.viewport(width, 844)?;
        let names =
            "return [...document.querySelectorAll('.znode text')].map(it => it.textContent).join()";
        let watches = "return [...document.querySelectorAll('.watches')]
            .map(it => it.dataset.client + it.dataset.path.replace(/[^/]*$/, '')).join()";
        for (place, families) in [("lock/2", "/crowd,/line"), ("ephemeral/2", "")] {
            browser.script(&format!("location.hash = '#/run/{place}'"))?;
            browser.wait_for(".znode")?;
            view::picture(&browser, "phone-clients")?;
            browser.viewport(width, 844)?;
            browser.wait_for("#stage[viewBox^='0 0 360']")?;
            assert_eq!(script(&browser, OVER)?, "", "{place} at {width}");
            let small = SMALL.replace("LEAST", &LEAST_PX.to_string());
            assert_eq!(script(&browser, &small)?, "", "{place} at {width}");
            let found = "return [...document.querySelectorAll('.family text')].map(it => it.textContent).join()";
            assert_eq!(script(&browser, found)?, families);
            if place == "ephemeral/2" {
                assert_eq!(script(&browser, names)?, "/here");
            } else {
                let names = script(&browser, names)?;
                let mut all: Vec<&str> = names.split(',').collect();
                all.sort_unstable();
                all.dedup();
                assert_eq!(all.len(), 4, "four names, told apart: {names}");
                let watches = script(&browser, watches)?;
                assert_eq!(watches.matches("/crowd/").count(), 2, "{watches}");
                assert_eq!(watches.matches("/line/").count(), 2, "{watches}");
            }
        }
        console_is_empty(&browser)?;
    }
    Ok(())
}

/// What of a step is out of sight in a low window.
const LOW: &str = "const bad = [], box = css => document.querySelector(css)?.getBoundingClientRect();
    const bar = box('.timeline').top;
    if (innerHeight - bar > innerHeight / 3) bad.push('time takes ' + (innerHeight - bar));
    for (const css of ['#lesson-step', '.voice', '.choices', '#stage', '#words-3']) {
        const it = box(css);
        if (it && (it.top < 0 || it.bottom > bar + 0.5)) bad.push(css + ' from ' + it.top + ' to ' + it.bottom);
    }
    for (const css of ['#lesson-back', '#lesson-next', '#play']) if (box(css).bottom > innerHeight) bad.push(css);
    return bad.join('; ')";

#[test]
fn a_low_window_has_a_step_beside_its_picture() -> Result<()> {
    let browser = open("#/keys")?;
    // A screen of 1440 by 900 with everything twice as large.
    browser.viewport(720, 450)?;
    for place in ["leader-dies/1", "leader-dies/3", "one-write/3", "one-write/5"] {
        browser.script("location.hash = '#/keys'")?;
        browser.wait_for(".key-list")?;
        browser.script(&format!("location.hash = '#/run/{place}'"))?;
        browser.wait_for("#lesson-step")?;
        assert_eq!(script(&browser, LOW)?, "", "{place}");
    }
    console_is_empty(&browser)
}

#[test]
fn the_evidence_is_on_a_telephone_too() -> Result<()> {
    let browser = open("#/run/one-write/3")?;
    browser.viewport(390, 844)?;
    browser.wait_for("#stage[viewBox^='0 0 360']")?;
    let boxes = "return [1, 2, 3, 4, 5].map(sid => [...document.querySelectorAll('#server-' + sid + ' .tile')]
        .map(it => it.getAttribute('class').split(' ')[2]).join(' ')).join(', ')";
    let writing =
        "applied writing, applied writing, applied writing, applied writing, applied logged";
    assert_eq!(script(&browser, boxes)?, writing);
    let key = "return String(document.querySelector('#key').checkVisibility())";
    assert_eq!(script(&browser, key)?, "true");
    let slow = "const [a, b] = ['.slow rect', '#words-2'].map(css =>
            [...document.querySelectorAll(css)].at(-1).getBoundingClientRect());
        return String(a.bottom > b.top && a.top < b.bottom && a.right > b.left && a.left < b.right)";
    assert_eq!(script(&browser, slow)?, "false", "the sign of a slow disk lies over words");
    console_is_empty(&browser)
}
