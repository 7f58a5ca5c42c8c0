//! Every key: what it does where it has something to act on, and that it says so, or changes
//! nothing, where it has not.
//!
//! Run by `cargo xtask test page`, which builds the page first and names its folder.

mod view;

use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use view::{console_is_empty, focused, open, script, tab_to, text};
use zabscope_tests::browser::{Browser, key};

const UNDO: &[&str] = &[key::CONTROL, "z"];
const REDO: &[&str] = &[key::CONTROL, key::SHIFT, "z"];
const ORDERS: &[&str] = &[key::CONTROL, "k"];

/// What a press leads to.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The step in words has this.
    Step(&'static str),
    /// The list of what happened has this: time passes.
    Log(&'static str),
    /// The page says this.
    Says(&'static str),
    /// This is there.
    Has(&'static str),
    /// It has the focus.
    Focus(&'static str),
    /// More events lie before the moment, or fewer.
    Later,
    Earlier,
    /// Nothing of the run changes, nor what is chosen.
    Same,
}
use Then::{Earlier, Focus, Has, Later, Log, Same, Says, Step};

type Rows = [(&'static [&'static str], Then)];

/// All that a key could change, as text: moment, choice, tab, speed, place, focus.
fn state(browser: &Browser) -> Result<String> {
    script(
        browser,
        "const all = css => [...document.querySelectorAll(css)].map(it => it.id).join();
         return [document.querySelector('#event')?.innerText, document.querySelector('#ratio')?.innerText,
             all('[aria-pressed=true], .selected'), all('details[open]'), location.hash,
             document.querySelector('#lesson-step')?.innerText, document.activeElement.id].join('; ')",
    )
}

/// Number of events before the moment.
fn event(browser: &Browser) -> Result<u64> {
    let words = text(browser, "#event")?;
    words.split(' ').nth(1).and_then(|number| number.parse().ok()).context(words)
}

fn says(browser: &Browser, css: &str, part: &str) -> Result<()> {
    browser
        .wait_until(part, || text(browser, css).ok()?.contains(part).then_some(()))
        .or_else(|error| bail!("{error:#}; there is: {}", text(browser, css)?))
}

fn check(browser: &Browser, rows: &Rows) -> Result<()> {
    for (keys, then) in rows {
        check_one(browser, keys, *then).with_context(|| format!("{keys:?} {then:?}"))?;
        console_is_empty(browser)?;
    }
    Ok(())
}

fn check_one(browser: &Browser, keys: &[&str], then: Then) -> Result<()> {
    let (before, at) = (state(browser)?, event(browser));
    browser.chord(keys)?;
    match then {
        Step(part) => says(browser, "#step", part),
        Log(part) => says(browser, "#log", part),
        Says(part) => {
            says(browser, "#notice", part)?;
            let heard = script(browser, "return document.querySelector('#said').textContent")?;
            ensure!(heard.contains(part) || keys.len() > 1, "not read aloud: {heard}");
            Ok(())
        }
        Has(css) => browser.wait_for(css).map(drop),
        Focus(id) => {
            browser.wait_until(id, || (focused(browser).ok()? == id).then_some(()))?;
            browser.script("document.activeElement.blur()").map(drop)
        }
        Later | Earlier => {
            let at = at?;
            let moved = |now: u64| if matches!(then, Later) { now > at } else { now < at };
            browser.wait_until("another moment", || moved(event(browser).ok()?).then_some(()))
        }
        Same => {
            // A key is obeyed before the next one: what this one shows, that one had to pass by.
            browser.press("0")?;
            browser.press("0")?;
            ensure!(state(browser)? == before, "{before} became {}", state(browser)?);
            Ok(())
        }
    }
}

/// The playground, while time stands still.
fn open_still() -> Result<Browser> {
    let browser = open("#/play")?;
    browser.wait_for("#server-3[data-role=LEADING]")?;
    check(&browser, &[(&[" "], Has("#play[aria-label=Play]"))])?;
    Ok(browser)
}

const TIME: &Rows = &[
    (&[" "], Has("#play[aria-label=Pause]")),
    (&[" "], Has("#play[aria-label=Play]")),
    (&["."], Later),
    (&[","], Earlier),
    (&[key::RIGHT], Later),
    (&[key::LEFT], Earlier),
    (&[key::HOME], Earlier),
    (&["]"], Later),
    (&["["], Earlier),
    (&[key::END], Later),
    (&["0"], Same),
    (&["+"], Has("#ratio")),
    (&["-"], Has("#ratio")),
    (&["g"], Focus("goto")),
    (&["b"], Has("#branches[open]")),
    (&["b"], Has("#branches:not([open])")),
    (&[":"], Focus("command")),
    (ORDERS, Has("#palette:focus")),
    (&[key::ESCAPE], Has("body:not(:has(#palette))")),
    (&[key::ALT, "4"], Has("#tab-events[aria-pressed=true]")),
    (&[key::ALT, "5"], Has("#tab-tree[aria-pressed=true]")),
    (&[key::ALT, "6"], Has("#tab-charts[aria-pressed=true]")),
    (&[key::ALT, "3"], Has("#tab-diagram[aria-pressed=true]")),
    (&["k"], Log("You killed server 3")),
    (&[" "], Has("#play[aria-label=Play]")),
    (UNDO, Has("#server-3[data-role=LEADING]")),
    (REDO, Has("#server-3[data-role=DOWN]")),
    (UNDO, Has("#server-3[data-role=LEADING]")),
    (&[key::ESCAPE], Has("#stage:not(:has(.seat[aria-pressed=true]))")),
    (&[key::SHIFT, "K"], Log("Power loss at server 3")),
    (&[" "], Has("#play[aria-label=Play]")),
    (&["r"], Step("Server 3 starts")),
    (&["?"], Has(".key-list")),
];

const SERVER: &Rows = &[
    (&["2"], Has("#server-2[aria-pressed=true]")),
    (&[key::HOME], Earlier),
    (&[">"], Later),
    (&[">"], Later),
    (&["<"], Earlier),
    (&[key::END], Later),
    (&["k"], Step("You killed server 2")),
    (&["r"], Step("Server 2 starts")),
    (&[key::SHIFT, "K"], Step("Power loss at server 2")),
    (&["r"], Step("Server 2 starts")),
    (&["z"], Step("You froze server 2")),
    (&["z"], Step("You thawed server 2")),
    (&["t"], Step("You fired a timer: server 2")),
    (&[key::ESCAPE], Has("#stage:not(:has(.seat[aria-pressed=true]))")),
    (&["p"], Says("Which servers are cut off")),
    (&["3"], Has("#side-3[aria-pressed=true]")),
    (&[key::ENTER], Step("You cut the link")),
    (&["p"], Step("You healed the link")),
];

const CLIENT: &Rows = &[
    (&["w"], Step("Client 1 asks: set /hello")),
    (&["e"], Step("Client 1 asks: get /hello")),
    (&[key::HOME], Earlier),
    (&[">"], Later),
    (&[">"], Later),
    (&["<"], Earlier),
    (&[key::END], Later),
    (&["z"], Step("You froze client 1")),
    (&["z"], Step("You thawed client 1")),
    (&["t"], Step("You fired a timer: client 1")),
    (&["x"], Step("expire session")),
    (&["k"], Step("You killed client 1")),
    (&["r"], Step("Client 1 starts")),
    (&[key::SHIFT, "K"], Step("Power loss at client 1")),
];

const LINK: &Rows = &[
    (&["h"], Step("You hold back all messages from server 2 to server 1")),
    (&["h"], Says("It is so already.")),
    (&["u"], Step("You let all messages from server 2 to server 1 go")),
    (&["u"], Says("Nothing of this is held")),
    (&["d"], Step("You broke the connections between server 1 and server 2")),
];

const MESSAGE: &Rows = &[
    (&["h"], Step("You hold back one message")),
    (&["h"], Says("It is so already.")),
    (&["u"], Step("You let one message go")),
    (&["u"], Says("Nothing of this is held")),
    (&["d"], Step("You broke the connections")),
    (&["d"], Says("not under way")),
    (&["h"], Says("not under way")),
    (&["z"], Says("Choose a server or a client first")),
];

#[test]
fn each_key_acts_on_what_is_there() -> Result<()> {
    let browser = open_still()?;
    check(&browser, TIME)?;
    // Every key that people are told of is in a table here.
    let told = script(
        &browser,
        "return [...document.querySelectorAll('.key-list kbd')].map(it => it.innerText).join(' ')",
    )?;
    let pressed: BTreeSet<String> = [TIME, SERVER, CLIENT, LINK, MESSAGE, GUIDED]
        .iter()
        .flat_map(|rows| rows.iter().flat_map(|(keys, _)| keys.iter().map(|key| name(key))))
        .collect();
    let untested = |key: &&str| {
        // Of a span of digits some were pressed; Ctrl and what is pressed with it are one word.
        let key = key.rsplit('+').next().filter(|last| !last.is_empty()).unwrap_or(key);
        !pressed.contains(&key.to_lowercase()) && !["…", "1", "9"].contains(&key)
    };
    assert_eq!(told.split(' ').filter(untested).collect::<Vec<_>>(), Vec::<&str>::new());

    let browser = open_still()?;
    check(&browser, SERVER)?;
    browser.set_value("#act-on", "s1-s2")?;
    browser.wait_for("#act-break")?;
    check(&browser, LINK)?;
    browser.click(&browser.find("#client-1 .number")?)?;
    browser.wait_for("#act-expire")?;
    check(&browser, CLIENT)
}

/// A key as the list of keys spells it, in small letters.
fn name(key: &str) -> String {
    let named = [
        (" ", "space"),
        (key::RIGHT, "→"),
        (key::LEFT, "←"),
        (key::HOME, "home"),
        (key::END, "end"),
        (key::ESCAPE, "esc"),
        ("-", "−"),
    ];
    let found = named.iter().find(|(code, _)| *code == key);
    found.map_or_else(|| key.to_lowercase(), |(_, name)| (*name).to_owned())
}

#[test]
fn a_message_is_held_and_lost_by_its_keys() -> Result<()> {
    let browser = open_still()?;
    check(&browser, &[(&["w"], Step("set /hello")), (&["p"], Says("Which servers"))])?;
    check(&browser, &[(&["p"], Says("No partition"))])?;
    let first = "return document.querySelector('#act-on option[value^=m]')?.value ?? ''";
    for _ in 0..6 {
        if !script(&browser, first)?.is_empty() {
            break;
        }
        check(&browser, &[(&["."], Later)])?;
    }
    browser.set_value("#act-on", &script(&browser, first)?)?;
    browser.wait_for("#act-drop")?;
    check(&browser, MESSAGE)
}

const GUIDED: &Rows = &[
    (&["l"], Focus("lesson-step")),
    (&["n"], Has("#lesson-step")),
    (&["N"], Has("#lesson-step")),
    (&["k"], Says("This step does not ask for that")),
];

#[test]
fn a_guided_run_is_walked_by_its_keys() -> Result<()> {
    let browser = open("#/run/one-write/1")?;
    browser.wait_for("#lesson-step")?;
    check(&browser, GUIDED)?;
    let mut met = vec![text(&browser, "#lesson-step")?];
    for press in ["n", "N"] {
        browser.press(press)?;
        let last = met.last().cloned().unwrap_or_default();
        met.push(browser.wait_until("another step", || {
            text(&browser, "#lesson-step").ok().filter(|step| *step != last)
        })?);
    }
    assert_eq!(met[0], met[2], "{met:?}");
    console_is_empty(&browser)
}

#[test]
fn a_key_with_nothing_to_act_on_says_so_or_changes_nothing() -> Result<()> {
    const NODE: Then = Says("Choose a server or a client first");
    const WAY: Then = Says("Choose a message or a link first");
    let browser = open_still()?;
    check(
        &browser,
        &[
            (&["z"], NODE),
            (&["d"], WAY),
            (&["t"], NODE),
            (&["h"], WAY),
            (&["r"], NODE),
            (&["u"], WAY),
            (&[">"], NODE),
            (&["d"], WAY),
            (&["<"], NODE),
            (UNDO, Says("Nothing to undo")),
            (REDO, Says("Nothing to redo")),
            (&["n"], Same),
            (&["N"], Same),
            (&["l"], Same),
            (&["9"], Same),
            (&["q"], Same),
            (&[key::ENTER], Same),
            (&[key::ESCAPE], Same),
            (&[key::ALT, "9"], Same),
            (&[key::END], Same),
            (&[key::HOME], Earlier),
            (&[key::HOME], Same),
            (&[","], Same),
            (&[key::LEFT], Same),
            (&["["], Same),
            (&[key::END], Later),
            (&["p"], Says("Which servers are cut off")),
            (&["9"], Same),
            (&[key::ENTER], Says("A partition needs somebody on each side")),
            // The leader dies, time stands still: nobody leads.
            (&[key::SHIFT, "K"], Log("Power loss at server 3")),
            (&[" "], Has("#play[aria-label=Play]")),
            (&["k"], Says("It is down")),
            (&["t"], Says("No timer of it is armed")),
            (&["z"], Says("It is down")),
            (&["1"], Has("#server-1[aria-pressed=true]")),
            (&["r"], Says("It runs already")),
            (&[key::ESCAPE], Has("#stage:not(:has(.seat[aria-pressed=true]))")),
            (&["k"], Says("Nobody leads")),
            (&["z"], NODE),
            (&[key::SHIFT, "K"], Says("Nobody leads")),
            (&["x"], Says("nobody leads")),
        ],
    )?;
    browser.click(&browser.find("#client-1 .number")?)?;
    browser.wait_for("#act-expire")?;
    check(
        &browser,
        &[
            (&["r"], Says("It runs already")),
            (&["k"], Step("You killed client 1")),
            (&["k"], Says("It is down")),
            (&["w"], Says("does not run")),
            (&["z"], Says("It is down")),
            (&["e"], Says("does not run")),
            (&["t"], Says("No timer of it is armed")),
        ],
    )?;
    // At both ends of the speeds.
    for (press, ratio) in [("+", "takes 1 s"), ("-", "takes 1000 s")] {
        for _ in 0..9 {
            browser.press(press)?;
        }
        says(&browser, "#ratio", ratio)?;
    }
    check(&browser, &[(&["0"], Has("#ratio"))])
}

#[test]
fn space_is_play_after_a_click_and_presses_what_the_keyboard_came_to() -> Result<()> {
    let browser = open_still()?;
    let click = |css: &str| browser.click(&browser.wait_for(css)?);
    let (plays, stands): (&Rows, &Rows) =
        (&[(&[" "], Has("#play[aria-label=Pause]"))], &[(&[" "], Has("#play[aria-label=Play]"))]);
    // Chosen by a click, and every act beside it: each once.
    for (css, step) in [
        ("#server-2", ""),
        ("#act-freeze", "You froze server 2"),
        ("#act-crash", "You killed server 2"),
        ("#kill-leader", "You killed server 3"),
        ("#ask", "asks"),
        ("#new-run", ""),
    ] {
        click(css)?;
        if !step.is_empty() {
            says(&browser, "#log", step)?;
        }
        let acts = "const log = document.querySelector('#log').innerText;
            return (log.match(/[^\\n]*(starts|You|asks: create)[^\\n]*/) ?? [''])[0] + ' in run ' +
                document.querySelector('#seed').value + ' ' + document.querySelector('[id^=server-].selected')?.id";
        let before = script(&browser, acts)?;
        if browser.find("#play[aria-label=Pause]").is_ok() {
            check(&browser, stands).context(css)?;
        }
        check(&browser, plays).context(css)?;
        check(&browser, stands).context(css)?;
        assert_eq!(script(&browser, acts)?, before, "{css}");
    }
    // Whoever comes to a button by Tab presses it with Space.
    browser.press(key::ESCAPE)?;
    click("#server-2")?;
    click("#act-slow")?;
    tab_to(&browser, "act-isolate", 3)?;
    check(&browser, &[(&[" "], Log("You cut the link"))])
}

#[test]
fn a_journey_says_what_is_not_ahead() -> Result<()> {
    let browser = open_still()?;
    check(&browser, &[(&["w"], Step("set /hello")), (&["]"], Says("No change of phase is ahead"))])
}
