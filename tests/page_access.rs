//! For everyone: the rules of axe-core on every view in both themes, nothing wider than a small
//! screen, targets that can be hit.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use zabscope_tests::browser::Browser;
use zabscope_tests::{given, serve};

/// Smallest side of what is pressed, in pixels; with a finger.
const TARGET_PX: [(bool, f64); 2] = [(false, 24.0), (true, 44.0)];

/// A view: its name, its address, and a script that leads to it.
const VIEWS: [(&str, &str, &str); 17] = [
    ("first screen", "#/", ""),
    ("playground", "#/play", ""),
    ("a server", "#/play", "press('#server-1')"),
    ("a link", "#/play", "press('.link')"),
    // On a narrow screen the diagram is drawn behind its own tab alone.
    (
        "a message",
        "#/play",
        "press('#tab-diagram'); await there('.lanes [role=option]'); press('.lanes [role=option]'); press('#tab-say')",
    ),
    ("events", "#/play", "press('#tab-events')"),
    ("trees", "#/play", "press('#tab-tree')"),
    ("a session", "#/run/ephemeral/3", "press('#client-1')"),
    (
        "a znode",
        "#/run/ephemeral/1",
        "press('#tab-tree'); return new Promise(done => setTimeout(() =>
        done(press('#trees tr[data-path=\"/here\"] button')), 500))",
    ),
    ("charts", "#/play", "press('#tab-charts')"),
    ("sharing", "#/play", "press('#share-open')"),
    ("branches", "#/play", "press('#branches-open')"),
    ("a lesson", "#/run/leader-dies/1", ""),
    ("a real cluster", "#/cluster", ""),
    ("what is real", "#/real", ""),
    ("keys", "#/keys", ""),
    ("words", "#/words", ""),
];

fn start() -> Result<(Browser, String)> {
    let address = serve::start(&given("ZABSCOPE_PAGE")?, 0)?;
    Ok((Browser::start()?, format!("http://{address}/")))
}

/// Opens a view of a page that was not open before.
fn open(browser: &Browser, page: &str, (name, fragment, way): (&str, &str, &str)) -> Result<()> {
    browser.open("about:blank")?;
    browser.open(&format!("{page}{fragment}"))?;
    browser.wait_for("#app main")?;
    if !way.is_empty() {
        let press = "const press = css => {
            const found = document.querySelector(css);
            if (!found) throw new Error(css);
            found.dispatchEvent(new MouseEvent('click', { bubbles: true }));
            if (found.localName === 'summary') found.parentElement.open = true;
        };
        const there = async css => {
            while (!document.querySelector(css)) await new Promise(done => setTimeout(done, 10));
        };";
        browser
            .script(&format!("return (async () => {{ {press} {way} }})()"))
            .with_context(|| name.to_owned())?;
    }
    Ok(())
}

/// What axe complains of: rule, element, and what is wrong with it.
fn complaints(browser: &Browser, axe: &str) -> Result<Vec<String>> {
    browser.script(axe)?;
    // What sticks to the edge covers a row by half at nearly every place of scrolling, and axe takes
    // what is left of the row for its size. Sizes have a test of their own below.
    browser
        .script("document.querySelector('.timeline')?.style.setProperty('position', 'static')")?;
    let found = browser.script(
        // That rule is an experiment of axe: it takes the text in the picture of a server for the
        // words on a button.
        "return axe.run(document, { resultTypes: ['violations'],
            rules: { 'label-content-name-mismatch': { enabled: false } },
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
            .then(result => result.violations.flatMap(rule => rule.nodes.map(node =>
                rule.id + ': ' + node.html.slice(0, 160) + ' ' + (node.failureSummary || ''))))",
    )?;
    let lines = found.as_array().context("no list")?;
    Ok(lines.iter().filter_map(Value::as_str).map(|line| line.replace('\n', " ")).collect())
}

#[test]
fn no_rule_of_axe_is_broken_on_any_view_in_either_theme() -> Result<()> {
    let axe = std::fs::read_to_string(given("ZABSCOPE_AXE")?)?;
    let (browser, page) = start()?;
    let mut all = Vec::new();
    for view in VIEWS {
        for theme in ["light", "dark"] {
            for (width, height) in [(1440, 900), (390, 844)] {
                browser.viewport(width, height)?;
                browser.theme(theme)?;
                open(&browser, &page, view)?;
                for line in complaints(&browser, &axe)? {
                    all.push(format!("{}, {theme}, {width}: {line}", view.0));
                }
            }
        }
    }
    ensure!(all.is_empty(), "{} complaints:\n{}", all.len(), all.join("\n"));
    Ok(())
}

#[test]
fn nothing_is_wider_than_the_screen() -> Result<()> {
    let (browser, page) = start()?;
    let mut wide = Vec::new();
    // The last is a screen of 1440 by 900 with everything twice as large.
    for (width, height) in [(1440, 900), (1024, 768), (390, 844), (320, 640), (720, 450)] {
        browser.viewport(width, height)?;
        for view in VIEWS {
            open(&browser, &page, view)?;
            let over = browser.script(
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
            )?;
            if over.as_f64().is_none_or(|over| over > 0.0) {
                wide.push(format!("{} at {width}: {over} px too wide", view.0));
            }
        }
    }
    ensure!(wide.is_empty(), "{}", wide.join("\n"));
    Ok(())
}

/// What is cut off where the reader has chosen larger letters in the browser, which no zoom is.
const LARGE: &str = "const bad = [], page = document.documentElement;
    const size = parseFloat(getComputedStyle(document.body).fontSize);
    if (size < 20) bad.push('letters have ' + size + ' px');
    if (page.scrollWidth > page.clientWidth) bad.push(page.scrollWidth - page.clientWidth + ' px too wide');
    for (const it of document.querySelectorAll('button, summary, h1, h2, .hint, .voice, .second, td, th')) {
        if (!it.checkVisibility() || it.closest('.unseen, svg, .spine, .tree-table, .dock-tabs, nav')) continue;
        if (it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0 && getComputedStyle(it).display != 'inline')
            bad.push('cut off: ' + it.outerHTML.slice(0, 60));
    }
    const play = document.querySelector('#play')?.getBoundingClientRect();
    if (play && document.querySelector('.timeline') && (play.top < 0 || play.bottom > innerHeight)) bad.push('play is out of sight');
    return bad.join('; ')";

#[test]
fn letters_as_large_as_the_reader_wants_have_room() -> Result<()> {
    let (browser, page) = start()?;
    let mut all = Vec::new();
    for (width, height) in [(1440, 900), (1920, 1080), (768, 1024)] {
        browser.viewport(width, height)?;
        for view in VIEWS {
            // What the reader has chosen is one and a half times as large as usual.
            let sizes = json!({ "fontSizes": { "standard": 24, "fixed": 20 } });
            browser.devtools("Page.setFontSizes", &sizes)?;
            open(&browser, &page, view)?;
            let bad = browser.script(LARGE)?;
            if bad != "" {
                all.push(format!("{} at {width}: {bad}", view.0));
            }
        }
    }
    ensure!(all.is_empty(), "{}", all.join("\n"));
    Ok(())
}

#[test]
fn what_is_pressed_can_be_hit() -> Result<()> {
    let (browser, page) = start()?;
    let mut small = Vec::new();
    for (finger, least) in TARGET_PX {
        let touch = json!({ "enabled": finger, "maxTouchPoints": 1 });
        browser.devtools("Emulation.setTouchEmulationEnabled", &touch)?;
        browser.viewport(390, 844)?;
        if finger {
            let metrics = json!({ "width": 390, "height": 844, "deviceScaleFactor": 1,
                "mobile": true });
            browser.devtools("Emulation.setDeviceMetricsOverride", &metrics)?;
        }
        for view in VIEWS {
            open(&browser, &page, view)?;
            let coarse = browser.script("return matchMedia('(pointer: coarse)').matches")?;
            assert_eq!(coarse, finger, "the browser pretends to have a finger");
            // A link in a line of text may be as high as the line; what is drawn has its own area.
            let found = browser.script(&format!(
                "return [...document.querySelectorAll('button, summary, select, a, input')]
                    .filter(it => it.checkVisibility() && !it.closest('.unseen, svg, p'))
                    .map(it => {{
                        const box = (/checkbox|radio/.test(it.type) && it.closest('label') || it)
                            .getBoundingClientRect();
                        return [box.width, box.height, it.outerHTML.slice(0, 80)];
                    }})
                    .filter(([w, h]) => w > 0 && (w < {least} - 0.5 || h < {least} - 0.5))
                    .map(([w, h, html]) => Math.round(w) + ' x ' + Math.round(h) + ' ' + html)"
            ))?;
            for line in found.as_array().into_iter().flatten().filter_map(Value::as_str) {
                small.push(format!("{} below {least}: {line}", view.0));
            }
        }
    }
    small.sort();
    small.dedup();
    ensure!(small.is_empty(), "{} targets:\n{}", small.len(), small.join("\n"));
    Ok(())
}

#[test]
fn with_the_readers_own_colours_letters_are_seen_on_what_is_filled() -> Result<()> {
    let (browser, page) = start()?;
    let media = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
    browser.devtools("Emulation.setEmulatedMedia", &media)?;
    browser.open(&format!("{page}#/run/leader-dies/3"))?;
    browser.wait_for(".message.election .mark")?;
    // What the browser forces it forces when it paints: computed values tell only of the page's own.
    let same = "const css = name => getComputedStyle(document.querySelector(name));
        return [['.message.election .body', '.message.election .mark'],
                ['.seat.looking .body', '.seat.looking .number']]
            .filter(([below, above]) => css(below).fill == css(above).fill)
            .concat(['.message .body', '.seat .number', '#lesson-next', '.transport .play']
                .filter(name => css(name).forcedColorAdjust == 'auto')).join()";
    assert_eq!(browser.script(same)?, "");
    Ok(())
}
