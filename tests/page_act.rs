//! Acting on the page: everything that can be done to servers, links, messages and clients, by
//! the keyboard alone.
//!
//! Run by `cargo xtask test page`, which builds the page first and names its folder.

mod view;

use anyhow::{Result, bail, ensure};
use view::{console_is_empty, focused, open, script, tab_to, text};
use zabscope_tests::browser::{Browser, key};

/// Presses of Tab from anywhere to anything, at most.
const TABS_MAX: usize = 120;

/// The playground, while time stands still.
fn open_still() -> Result<Browser> {
    let browser = open("#/play")?;
    browser.wait_for("#server-3[data-role=LEADING]")?;
    browser.press(" ")?;
    browser.wait_for("#play[aria-label=Play]")?;
    Ok(browser)
}

fn wait_for_text(browser: &Browser, css: &str, part: &str) -> Result<()> {
    browser
        .wait_until(&format!("“{part}” in {css}"), || {
            text(browser, css).ok()?.contains(part).then_some(())
        })
        .or_else(|error| bail!("{error:#}; there is: {}", text(browser, css)?))
}

/// The step that the page shows, in words.
fn wait_for_step(browser: &Browser, part: &str) -> Result<()> {
    wait_for_text(browser, "#step", part)
}

/// Opens the part of the left column where things are broken: its parts are one tab stop.
fn open_faults(browser: &Browser) -> Result<()> {
    tab_to(browser, "do-clients", TABS_MAX)?;
    browser.press(key::RIGHT)?;
    assert_eq!(focused(browser)?, "do-faults");
    browser.press(key::ENTER)
}

#[test]
fn letters_act_on_the_chosen_server() -> Result<()> {
    let browser = open_still()?;
    browser.press("z")?;
    wait_for_text(&browser, "#notice", "Choose a server or a client first")?;
    browser.press("2")?;
    for (letter, said) in [
        ("z", "You froze server 2"),
        ("z", "You thawed server 2"),
        ("t", "You fired a timer: server 2"),
        ("K", "Power loss at server 2"),
        ("r", "Server 2 starts"),
        ("k", "You killed server 2"),
    ] {
        browser.press(letter)?;
        wait_for_step(&browser, said)?;
    }
    browser.chord(&[key::CONTROL, "z"])?;
    browser.wait_for("#server-2[data-role=LOOKING]")?;
    console_is_empty(&browser)
}

#[test]
fn a_partition_is_marked_cut_and_healed_with_keys() -> Result<()> {
    let browser = open_still()?;
    browser.press("p")?;
    wait_for_text(&browser, "#notice", "Which servers are cut off")?;
    browser.press("3")?;
    browser.wait_for("#side-3[aria-pressed=true]")?;
    browser.press(key::ENTER)?;
    wait_for_step(&browser, "You cut the link")?;
    let cuts = "return String(document.querySelectorAll('.link.cut').length)";
    ensure!(script(&browser, cuts)?.parse::<u32>()? >= 2);
    // The majority elects another leader; time passes quickly meanwhile.
    for _ in 0..3 {
        browser.press("+")?;
    }
    browser.press(" ")?;
    browser.wait_for("#server-2[data-role=LEADING]")?;
    browser.press(" ")?;
    browser.press("p")?;
    wait_for_step(&browser, "You healed the link")?;
    assert_eq!(script(&browser, cuts)?, "0");
    console_is_empty(&browser)
}

#[test]
fn a_message_is_held_released_and_dropped_with_keys() -> Result<()> {
    let browser = open_still()?;
    // A write, then as far as something is under way; the list of what can be chosen has it.
    browser.press("w")?;
    wait_for_step(&browser, "set /hello")?;
    open_faults(&browser)?;
    let first = "return document.querySelector('#act-on option[value^=m]')?.value ?? ''";
    for _ in 0..6 {
        if !script(&browser, first)?.is_empty() {
            break;
        }
        browser.press(".")?;
    }
    tab_to(&browser, "act-on", TABS_MAX)?;
    // Typing in a list chooses the option that begins so.
    let name = script(&browser, "return document.querySelector('#act-on option[value^=m]').text")?;
    browser.type_into(&browser.find("#act-on")?, name.split(':').next().unwrap_or_default())?;
    browser.wait_for("#act-drop")?;
    tab_to(&browser, "act-drop", TABS_MAX)?;
    for (letter, said) in [
        ("h", "You hold back one message"),
        ("u", "You let one message go"),
        ("d", "You broke the connections between"),
    ] {
        browser.press(letter)?;
        wait_for_step(&browser, said)?;
    }
    browser.press("d")?;
    wait_for_text(&browser, "#notice", "not under way")?;
    console_is_empty(&browser)
}

#[test]
fn a_link_is_cut_one_way_held_and_broken_by_buttons() -> Result<()> {
    let browser = open_still()?;
    open_faults(&browser)?;
    tab_to(&browser, "act-on", TABS_MAX)?;
    browser.type_into(&browser.find("#act-on")?, "server 1 to server 2")?;
    for (id, said) in [
        ("act-cut", "You cut the link from server 2 to server 1"),
        ("act-cut-0", "You healed the link from server 1 to server 2"),
        ("act-cut-1", "You healed the link from server 2 to server 1"),
        ("act-break", "You broke the connections between server 1 and server 2"),
        ("act-hold", "You hold back all messages from server 2 to server 1"),
        ("act-hold-0", "You let all messages from server 1 to server 2 go"),
        ("act-release-all", "You let all messages from server 2 to server 1 go"),
    ] {
        tab_to(&browser, id, TABS_MAX)?;
        browser.press(key::ENTER)?;
        wait_for_step(&browser, said)?;
        assert_eq!(focused(&browser)?, id, "the focus stays");
        let passes = match id {
            "act-cut" => "Nothing passes",
            "act-cut-0" => "Only the way from server 1 works",
            "act-hold" => "All is held",
            "act-hold-0" => "What server 2 sends to server 1 is held",
            _ => "Everything passes",
        };
        wait_for_text(&browser, "#inspector", passes)?;
    }
    console_is_empty(&browser)
}

/// The words of a client's panel, its row, and whether its session can be expired by either button.
fn session(browser: &Browser) -> Result<(String, String, [bool; 2])> {
    let can = |id: &str| browser.find(&format!("#{id}[aria-disabled=false]")).is_ok();
    let row = text(browser, "#row-c1 .holds")?;
    Ok((text(browser, "#session")?, row, [can("expire-session"), can("act-expire")]))
}

#[test]
fn a_session_is_told_to_live_as_long_as_the_leader_keeps_it() -> Result<()> {
    let browser = open_still()?;
    browser.click(&browser.find("#client-1 .number")?)?;
    browser.wait_for("#act-expire")?;
    let (words, id, can) = session(&browser)?;
    assert!(words.contains(&id) && id.starts_with("0x") && can == [true; 2], "{words}");
    // The session outlives its client, and ends by an order.
    browser.click(&browser.find("#stop-client")?)?;
    wait_for_text(&browser, "#session", "lives until the leader ends it")?;
    assert_eq!(session(&browser)?.1, id);
    assert_eq!(session(&browser)?.2, [true; 2]);
    browser.click(&browser.find("#act-expire")?)?;
    wait_for_step(&browser, "expire session")?;
    browser.wait_until("nothing to expire", || {
        let (words, row, can) = session(&browser).ok()?;
        (!words.contains("0x") && row.is_empty() && can == [false; 2]).then_some(())
    })?;
    console_is_empty(&browser)?;
    // A client that closes its session has none.
    let browser = open_still()?;
    browser.click(&browser.find("#client-1 .number")?)?;
    browser.click(&browser.wait_for("#close-session")?)?;
    browser.press(key::ESCAPE)?;
    for _ in 0..40 {
        browser.press(".")?;
    }
    browser.click(&browser.find("#client-1 .number")?)?;
    wait_for_text(&browser, "#session", "No session; closed")?;
    let (words, row, can) = session(&browser)?;
    assert!(!words.contains("0x") && row.is_empty() && can == [false; 2], "{words} {row}");
    console_is_empty(&browser)
}

#[test]
fn a_session_is_expired_and_a_client_stopped_and_started() -> Result<()> {
    let browser = open_still()?;
    browser.press("x")?;
    wait_for_step(&browser, "expire session")?;
    for (id, said) in [("stop-client", "You killed client 1"), ("stop-client", "Client 1 starts")] {
        tab_to(&browser, id, TABS_MAX)?;
        browser.press(key::ENTER)?;
        wait_for_step(&browser, said)?;
        assert_eq!(focused(&browser)?, id, "the focus stays");
    }
    browser.press("w")?;
    wait_for_step(&browser, "Client 1 asks: set /hello")?;
    browser.press("e")?;
    wait_for_step(&browser, "Client 1 asks: get /hello")?;
    console_is_empty(&browser)
}

#[test]
fn single_letters_can_be_switched_off() -> Result<()> {
    let browser = open("#/keys")?;
    tab_to(&browser, "letters", TABS_MAX)?;
    browser.press(" ")?;
    browser.wait_for("#letters:not(:checked)")?;
    browser.script("location.hash = '#/play'")?;
    browser.wait_for("#server-3[data-role=LEADING]")?;
    let before = focused(&browser)?;
    for letter in ["k", "3", "p", "."] {
        browser.press(letter)?;
    }
    assert_eq!(
        script(
            &browser,
            "return String(document.querySelectorAll('.seat[data-role=DOWN], .seat[aria-pressed=true]').length)"
        )?,
        "0"
    );
    assert_eq!(focused(&browser)?, before);
    // The space bar is no letter.
    let playing = script(&browser, "return document.querySelector('#play').ariaLabel")?;
    browser.press(" ")?;
    browser.wait_for(&format!("#play:not([aria-label={playing}])"))?;
    console_is_empty(&browser)
}

#[test]
fn ensembles_of_one_to_nine_with_observers_and_a_seed() -> Result<()> {
    let browser = open("#/play")?;
    for (voters, observers, seats) in [("1", "2", 3), ("9", "0", 9), ("4", "1", 5)] {
        for (id, value) in [("voters", voters), ("observers", observers)] {
            tab_to(&browser, id, TABS_MAX)?;
            browser.type_into(&browser.find(&format!("#{id}"))?, value)?;
        }
        let count = "return String(document.querySelectorAll('.stage .seat').length)";
        browser.wait_until("the seats", || {
            (script(&browser, count).ok()? == seats.to_string()).then_some(())
        })?;
        browser.wait_for("[data-role=LEADING]")?;
    }
    browser.wait_for("[data-role=OBSERVING]")?;
    tab_to(&browser, "seed", TABS_MAX)?;
    browser.script("document.activeElement.select()")?;
    browser.type_into(&browser.find("#seed")?, "99")?;
    browser.press(key::ENTER)?;
    browser.wait_for("[data-role=LEADING]")?;
    assert_eq!(script(&browser, "return document.querySelector('#seed').value")?, "99");
    // What is no seed changes nothing, and is said.
    browser.press(key::ESCAPE)?;
    for wrong in ["-1", "1.5", "99999999999999999999", "-x"] {
        browser.script("const f = document.querySelector('#seed'); f.focus(); f.select()")?;
        browser.type_into(&browser.find("#seed")?, wrong)?;
        browser.press(key::ENTER)?;
        browser.wait_for("#seed[aria-invalid=true]")?;
        wait_for_text(&browser, "#seed-wrong", "whole number from 0 to 18446744073709551615")?;
        assert_eq!(script(&browser, "return document.querySelector('#seed').value")?, wrong);
    }
    browser.script("const f = document.querySelector('#seed'); f.focus(); f.select()")?;
    browser.type_into(&browser.find("#seed")?, "8")?;
    browser.press(key::ENTER)?;
    browser.wait_for("#seed[aria-invalid=false]")?;
    assert!(browser.find("#seed-wrong").is_err());
    // All of what breaks things is in sight.
    browser.viewport(1440, 900)?;
    open_faults(&browser)?;
    let fits = "const end = css => document.querySelector(css).getBoundingClientRect().bottom;
        return String(end('#act-release-all') <= end('section.say'))";
    assert_eq!(script(&browser, fits)?, "true");
    console_is_empty(&browser)
}

/// Full speed: tests do not watch.
fn hurry(browser: &Browser) -> Result<()> {
    for _ in 0..3 {
        browser.press("+")?;
    }
    Ok(())
}

/// Types a command and waits for its answer.
fn command(browser: &Browser, line: &str, answer: &str) -> Result<()> {
    browser.type_into(&browser.find("#command")?, line)?;
    browser.press(key::ENTER)?;
    wait_for_text(browser, "#talks", answer)
        .or_else(|error| bail!("{line}: {error:#}; {}", text(browser, "#command-said")?))
}

#[test]
fn the_command_line_does_what_a_client_can() -> Result<()> {
    let browser = open("#/play")?;
    browser.wait_for("#server-3[data-role=LEADING]")?;
    hurry(&browser)?;
    browser.press(":")?;
    assert_eq!(focused(&browser)?, "command");
    for (line, answer) in [
        ("create -e /e 1", "/e (at"),
        ("create -s /s 1", "/s0000000"),
        ("create -c /c", "/c (at"),
        ("create -t 60000 /t 1", "create -t 60000 /t"),
        ("create2 /two 2", "/two (at"),
        ("get -w /hello", "“first words”, version 0"),
        ("set -v 0 /hello new", "watch: /hello has other data"),
        ("set -v 0 /hello newer", "error: bad version"),
        ("stat /nothing", "error: no node"),
        ("ls /c", "no children"),
        ("addWatch -R /c", "addWatch -R /c"),
        ("create /c/x 1", "watch: /c/x was created"),
        ("removewatches /c", "done"),
        ("getAcl /hello", "world:anyone:cdrwa, version 0 of the ACL"),
        ("setAcl /hello world:anyone:rw", "version 1"),
        ("multi 'create /m 1' 'set -v 0 /m 2' 'delete /m'", "/m; version 1; done"),
        ("multi 'create /m 1' 'check -v 7 /two'", "taken back; error: bad version"),
        ("getEphemerals", "/e (at"),
        ("getAllChildrenNumber /c", "1 (at"),
        ("whoami", "whoami"),
        ("sync /hello", "/hello (at"),
        ("deleteall /c", "delete /c/x"),
    ] {
        command(&browser, line, answer)?;
    }
    for (line, said) in
        [("lock /lock", "wants the lock /lock"), ("elect /office", "stands for the office")]
    {
        browser.type_into(&browser.find("#command")?, line)?;
        browser.press(key::ENTER)?;
        wait_for_text(&browser, "#log", said)?;
    }
    browser.type_into(&browser.find("#command")?, "quit")?;
    browser.press(key::ENTER)?;
    wait_for_text(&browser, "#close-session", "Start a new one")?;
    assert_eq!(focused(&browser)?, "command", "the focus stays");
    console_is_empty(&browser)
}

#[test]
fn the_command_line_remembers_completes_and_says_what_is_wrong() -> Result<()> {
    let browser = open_still()?;
    browser.press(":")?;
    let line = "return document.querySelector('#command').value";
    let has = |value: &str| {
        browser.wait_until(&format!("“{value}” in the command line"), || {
            (script(&browser, line).ok()? == value).then_some(())
        })
    };
    browser.type_into(&browser.find("#command")?, "get /h")?;
    wait_for_text(&browser, "#command-offers", "/hello")?;
    browser.press(key::TAB)?;
    has("get /hello")?;
    browser.press(key::ENTER)?;
    wait_for_step(&browser, "Client 1 asks: get /hello")?;
    browser.type_into(&browser.find("#command")?, "get hello")?;
    browser.press(key::ENTER)?;
    wait_for_text(&browser, "#command-said", "must start with /")?;
    ensure!(
        script(&browser, "return document.querySelector('#said').textContent")?
            .contains("must start with /")
    );
    has("get hello")?;
    browser.press(key::UP)?;
    has("get hello")?;
    browser.press(key::UP)?;
    has("get /hello")?;
    browser.press(key::DOWN)?;
    browser.press(key::DOWN)?;
    has("")?;
    browser.type_into(&browser.find("#command")?, "help")?;
    browser.press(key::ENTER)?;
    wait_for_text(&browser, "#command-said", "multi 'OPERATION'")?;
    // With nothing to complete, Tab goes on.
    browser.press(key::TAB)?;
    ensure!(focused(&browser)? != "command");
    for strange in ["'", "\\", "create -t x /a", "multi 'multi 1'", "lock /l -- rm", "é"] {
        browser.script(
            "document.querySelector('#command').focus(); document.activeElement.select()",
        )?;
        browser.type_into(&browser.find("#command")?, strange)?;
        browser.press(key::ENTER)?;
        browser.wait_for("#command-said.bad")?;
    }
    console_is_empty(&browser)
}

#[test]
fn a_form_offers_every_kind_of_operation() -> Result<()> {
    let browser = open_still()?;
    tab_to(&browser, "verb", TABS_MAX)?;
    for (verb, asked) in [
        ("create, with Stat", "create /a “1”"),
        ("set", "set -v 3 /a “1”"),
        ("delete all below", "no /a"),
        ("exists", "exists /a"),
        ("children, with Stat", "ls /a"),
        ("get the ACL", "getAcl /a"),
        ("sync", "sync /a"),
        ("who am I", "whoami"),
        ("watch, persistent", "addWatch /a"),
        ("remove watches", "removewatches /a"),
        ("stand for election", "stands for the office /a"),
    ] {
        browser.script("document.querySelector('#verb').focus()")?;
        // What is typed into a list within a second is one word.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        browser.type_into(&browser.find("#verb")?, verb)?;
        if verb == "set" {
            tab_to(&browser, "version", TABS_MAX)?;
            browser.type_into(&browser.find("#version")?, "3")?;
        }
        tab_to(&browser, "ask", TABS_MAX)?;
        browser.press(key::ENTER)?;
        if verb == "delete all below" {
            wait_for_text(&browser, "#command-said", asked)?;
        } else {
            wait_for_step(&browser, asked)?;
        }
        assert_eq!(focused(&browser)?, "ask", "the focus stays");
    }
    console_is_empty(&browser)
}

#[test]
fn all_orders_are_in_one_list() -> Result<()> {
    let browser = open_still()?;
    tab_to(&browser, "verb", TABS_MAX)?;
    browser.chord(&[key::CONTROL, "k"])?;
    browser.wait_for("#palette:focus")?;
    browser.type_into(&browser.find("#palette")?, "freeze 2")?;
    browser.wait_for("#order-0[aria-selected=true]")?;
    wait_for_text(&browser, "#order-0", "Server 2: freeze")?;
    browser.press(key::ENTER)?;
    wait_for_step(&browser, "You froze server 2")?;
    assert_eq!(focused(&browser)?, "verb", "the focus comes back");
    // From a field, down the list, and away without an order.
    browser.chord(&[key::CONTROL, "k"])?;
    browser.wait_for("#palette:focus")?;
    browser.press(key::DOWN)?;
    browser.wait_for("#order-1[aria-selected=true]")?;
    browser.type_into(&browser.find("#palette")?, "zzzz")?;
    browser.wait_until("no order", || browser.find("#order-0").is_err().then_some(()))?;
    browser.press(key::ENTER)?;
    browser.press(key::ESCAPE)?;
    browser
        .wait_until("the end of the list", || browser.find("#palette").is_err().then_some(()))?;
    assert_eq!(focused(&browser)?, "verb");
    console_is_empty(&browser)
}

#[test]
fn stage_log_and_tabs_are_one_tab_stop_each() -> Result<()> {
    let browser = open_still()?;
    let stops = |css: &str| {
        let body = format!(
            "return [...document.querySelectorAll('{css}')].filter(e => e.tabIndex >= 0 &&
                 e.getClientRects().length).length + ''"
        );
        script(&browser, &body)
    };
    for group in ["#stage [tabindex]", "#log button", ".dock-tabs button"] {
        assert_eq!(stops(group)?, "1", "{group}");
    }
    let mut first = String::new();
    for _ in 0..120 {
        browser.press(key::TAB)?;
        first = focused(&browser)?;
        if first.starts_with("server-") {
            break;
        }
    }
    ensure!(first.starts_with("server-"));
    browser.press(key::RIGHT)?;
    let second = focused(&browser)?;
    ensure!(second != first);
    browser.press(key::LEFT)?;
    assert_eq!(focused(&browser)?, first);
    browser.press(key::TAB)?;
    ensure!(!focused(&browser)?.starts_with("server-"));
    tab_to(&browser, "tab-diagram", TABS_MAX)?;
    browser.press(key::RIGHT)?;
    assert_eq!(focused(&browser)?, "tab-events");
    browser.press(key::ENTER)?;
    browser.wait_for("#tab-events[aria-pressed=true]")?;
    assert_eq!(focused(&browser)?, "tab-events");
    console_is_empty(&browser)
}

#[test]
fn the_focus_stays_after_an_answer() -> Result<()> {
    let browser = open("#/run/leader-dies/1")?;
    browser.wait_for("#lesson-step")?;
    hurry(&browser)?;
    for _ in 0..8 {
        if browser.find("#answer-1").is_ok() {
            break;
        }
        let step = text(&browser, "#lesson-step")?;
        browser.press("n")?;
        browser.wait_until("the next step", || {
            (text(&browser, "#lesson-step").ok()? != step).then_some(())
        })?;
    }
    tab_to(&browser, "answer-1", TABS_MAX)?;
    browser.press(key::ENTER)?;
    browser.wait_for("#graded")?;
    assert_eq!(focused(&browser)?, "answer-1");
    browser.press(key::TAB)?;
    assert_eq!(focused(&browser)?, "answer-2");
    console_is_empty(&browser)
}

#[test]
fn what_a_client_is_told_comes_into_sight() -> Result<()> {
    let browser = open("#/play")?;
    browser.viewport(1440, 900)?;
    browser.wait_for("#ask")?;
    for _ in 0..3 {
        browser.script("document.querySelector('#ask').click()")?;
        browser.wait_until("the newest request in sight", || {
            let seen = browser.script(
                "const [li, say] = ['#talks li', 'section.say']
                     .map(css => document.querySelector(css)?.getBoundingClientRect());
                 return !!li && li.top >= say.top && li.bottom <= say.bottom + 1",
            );
            seen.ok()?.as_bool().filter(|seen| *seen).map(drop)
        })?;
    }
    console_is_empty(&browser)
}
