//! The stage: what is drawn follows from the engine's state. Runs are made here, by the same
//! engine, and opened in the page as links.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use zabscope_core::base::{NodeId, Sid};
use zabscope_core::ensemble::{Actor, EnsembleSettings};
use zabscope_core::saved::SavedRun;
use zabscope_core::sim::{Action, Directive, Micros, Settings, Sim};
use zabscope_tests::browser::Browser;
use zabscope_tests::{given, serve};

fn server(sid: i64) -> NodeId {
    NodeId::Server(Sid(sid))
}

/// Times as the page has them, so that what is seen can be watched.
fn settings(voters: u8) -> EnsembleSettings {
    EnsembleSettings {
        voters,
        clients: 2,
        session_timeout_ms: 6_000,
        tick_ms: 400,
        world: Settings {
            seed: 7,
            latency_us: 15_000,
            jitter_us: 10_000,
            disk_us: 4_000,
            disk_jitter_us: 2_000,
            connect_timeout_ms: 1_000,
            ..Settings::default()
        },
        ..EnsembleSettings::default()
    }
}

/// A run in which every server and client was started and had time to find each other.
fn settled(settings: &EnsembleSettings) -> Sim<Actor> {
    let mut sim = Sim::new(settings.setup());
    sim.start_all();
    sim.run_until(Micros::from_ms(3_000));
    sim
}

/// Opens the moment of a run in a browser.
fn open(settings: &EnsembleSettings, sim: &Sim<Actor>) -> Result<Browser> {
    let text = SavedRun::of(settings, sim).to_text()?;
    let address = serve::start(&given("ZABSCOPE_PAGE")?, 0)?;
    let browser = Browser::start()?;
    browser.open(&format!("http://{address}/#r={text}"))?;
    browser.wait_for(".work #stage")?;
    Ok(browser)
}

fn text(browser: &Browser, script: &str) -> Result<String> {
    let value = browser.script(script)?;
    Ok(value.as_str().with_context(|| format!("{script} gave {value}"))?.to_owned())
}

fn list(browser: &Browser, script: &str) -> Result<Vec<String>> {
    let value = browser.script(script)?;
    let values = value.as_array().with_context(|| format!("{script} gave {value}"))?;
    Ok(values.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// For people who want to look: `SHOTS=folder` keeps what the tests see.
fn picture(browser: &Browser, name: &str) -> Result<()> {
    let Some(folder) = std::env::var_os("SHOTS") else { return Ok(()) };
    for (size, width, height) in [("wide", 1440, 900), ("narrow", 390, 844)] {
        for theme in ["light", "dark"] {
            browser.viewport(width, height)?;
            browser.theme(theme)?;
            let file = std::path::Path::new(&folder).join(format!("{name}-{size}-{theme}.png"));
            std::fs::write(file, browser.screenshot()?)?;
        }
    }
    browser.viewport(1440, 900)?;
    Ok(())
}

fn console_is_empty(browser: &Browser) -> Result<()> {
    assert_eq!(browser.console()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn cuts_sides_and_ailing_servers_are_seen() -> Result<()> {
    let settings = settings(5);
    let mut sim = settled(&settings);
    let (left, right) = ([server(1), server(2)], [server(3), server(4), server(5)]);
    for directive in Directive::partition(&left, &right, true) {
        sim.direct(directive);
    }
    sim.direct(Directive::Act(Action::Cut(server(3), server(4))));
    sim.direct(Directive::Freeze(server(4)));
    sim.direct(Directive::SlowDisk(server(5), 8));
    sim.run_until(sim.now().plus(30_000));
    let browser = open(&settings, &sim)?;
    picture(&browser, "cuts")?;

    let sides = "return [...document.querySelectorAll('.hull')].map(h => h.dataset.side)";
    assert_eq!(list(&browser, sides)?, ["1 2", "3 4 5"]);
    let votes = "return [...document.querySelectorAll('.hull text')].map(t => t.textContent)";
    assert_eq!(list(&browser, votes)?, ["2 of 5 votes: no majority", "3 of 5 votes: a majority"]);
    // What is severed both ways, and the link of which half still works.
    let cut = "return [...document.querySelectorAll('.link.cut')].map(l => l.id)";
    assert_eq!(
        list(&browser, cut)?,
        ["link-1-3", "link-1-4", "link-1-5", "link-2-3", "link-2-4", "link-2-5"]
    );
    let half = "return [...document.querySelectorAll('.link.half')].map(l =>
        l.id + ' ' + l.querySelector('.works').dataset.from + '>' + l.querySelector('.works').dataset.to)";
    assert_eq!(list(&browser, half)?, ["link-3-4 4>3"]);
    let ailing = "return [...document.querySelectorAll('.seat.frozen, .seat:has(.slow)')]
        .map(s => s.id + ': ' + s.ariaLabel.split(', ').pop())";
    assert_eq!(
        list(&browser, ailing)?,
        ["server-4: frozen", "server-5: its disk is 8 times slower"]
    );
    ensure!(
        text(&browser, "return document.querySelector('#server-5 .slow').textContent")? == "×8"
    );

    // Healed one way, nothing parts the servers any more: no hull.
    browser.script(
        "document.querySelector('#link-1-3 .reach').dispatchEvent(
        new MouseEvent('click', { bubbles: true }))",
    )?;
    browser.click(&browser.wait_for("#cut-3-1")?)?;
    browser.wait_for("#link-1-3.half")?;
    assert_eq!(list(&browser, sides)?, Vec::<String>::new());
    console_is_empty(&browser)
}
