//! The page comes in two halves: what each way in loads, and what happens when the second half is
//! late, was needed sooner than anyone thought, or cannot be had.

mod view;

use anyhow::{Result, ensure};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use view::console_is_empty;
use zabscope_core::ensemble::EnsembleSettings;
use zabscope_core::saved::SavedRun;
use zabscope_core::sim::{Micros, Sim};
use zabscope_tests::browser::Browser;
use zabscope_tests::{given, serve};

/// The second half.
const LATER: &str = "app_later.wasm";
/// How long a visitor looks at the first screen.
const LOOK: Duration = Duration::from_secs(20);
/// Says how often something was loaded while the page stood still.
const COUNT: &str = "window.at_once = 0; const open = XMLHttpRequest.prototype.open;
    XMLHttpRequest.prototype.open = function (method, url, later = true, ...rest) {
        if (!later) window.at_once++;
        return open.call(this, method, url, later, ...rest);
    };";
/// The page believes that the second half is there when it is not: so everything is missed.
const LIE: &str = "Object.defineProperty(globalThis, 'zabscopeLater',
    { get: () => async () => {}, set: () => {} });";

/// A page of which the second half may be kept back.
struct Held {
    browser: Browser,
    address: String,
    /// The file comes.
    comes: Arc<AtomicBool>,
    /// The server is there.
    there: Arc<AtomicBool>,
}

impl Held {
    fn new(comes: bool) -> Result<Self> {
        let (comes, there) = (Arc::new(AtomicBool::new(comes)), Arc::new(AtomicBool::new(true)));
        let (may_come, is_there) = (comes.clone(), there.clone());
        let gate = move |name: &str| {
            while name == LATER
                && !may_come.load(Ordering::Relaxed)
                && is_there.load(Ordering::Relaxed)
            {
                sleep(Duration::from_millis(20));
            }
            is_there.load(Ordering::Relaxed)
        };
        let address = serve::start_with(&given("ZABSCOPE_PAGE")?, 0, gate)?.to_string();
        let held = Self { browser: Browser::start()?, address, comes, there };
        held.before_all(COUNT)?;
        Ok(held)
    }

    fn before_all(&self, script: &str) -> Result<()> {
        let source = json!({ "source": script });
        self.browser.devtools("Page.addScriptToEvaluateOnNewDocument", &source).map(drop)
    }

    fn open(&self, fragment: &str) -> Result<()> {
        self.browser.open("about:blank")?;
        self.browser.open(&format!("http://{}/{fragment}", self.address))?;
        self.browser.wait_for("#app main").map(drop)
    }

    fn at_once(&self) -> Result<u64> {
        Ok(self.browser.script("return window.at_once")?.as_u64().unwrap_or(u64::MAX))
    }

    /// Number of requests of the page itself for the second half.
    fn asked(&self) -> Result<u64> {
        let asked = self.browser.script(&format!(
            "return performance.getEntriesByType('resource').filter(e => e.name.includes('{LATER}')).length"
        ))?;
        Ok(asked.as_u64().unwrap_or_default())
    }

    fn press_play(&self) -> Result<()> {
        self.browser.script("document.querySelector('#play').click()").map(drop)
    }

    fn plays(&self) -> Option<()> {
        let words = self.browser.script("return document.querySelector('#play').innerText").ok()?;
        words.as_str()?.starts_with("Pause").then_some(())
    }

    /// What the page says about its end; nothing if it goes on.
    fn alarm(&self) -> Result<String> {
        let alarm = self.browser.script(
            "const p = document.querySelector('#panic'); return p.hidden ? '' : p.innerText",
        )?;
        Ok(alarm.as_str().unwrap_or_default().to_owned())
    }
}

/// A link to a moment of a run.
fn shared_run() -> Result<String> {
    let settings = EnsembleSettings { voters: 3, ..EnsembleSettings::default() };
    let mut sim = Sim::new(settings.setup());
    sim.start_all();
    sim.run_until(Micros::from_ms(3_000));
    Ok(format!("#r={}", SavedRun::of(&settings, &sim).to_text()?))
}

#[test]
fn no_way_in_makes_the_page_stand_still() -> Result<()> {
    let held = Held::new(true)?;
    let shared = shared_run()?;
    for fragment in [
        "",
        "#/",
        "#/nowhere",
        "#/play",
        "#/cluster",
        "#/real",
        "#/keys",
        "#/words",
        "#/run/leader-dies/3",
        &shared,
    ] {
        held.open(fragment)?;
        sleep(Duration::from_millis(500));
        // The service worker keeps it from the first visit on, and gives it without being asked.
        let is_asked = !fragment.is_empty();
        assert_eq!(held.asked()? > 0, is_asked, "{fragment}");
        assert_eq!(held.at_once()?, 0, "{fragment}");
        assert_eq!(held.alarm()?, "", "{fragment}");
        console_is_empty(&held.browser)?;
    }
    Ok(())
}

#[test]
fn the_first_screen_does_without_the_rest_and_a_click_waits_for_it() -> Result<()> {
    let held = Held::new(false)?;
    held.open("#/")?;
    let until = Instant::now() + LOOK;
    while Instant::now() < until {
        held.browser.devtools(
            "Input.dispatchMouseEvent",
            &json!({ "type": "mouseMoved", "x": 900, "y": 300 }),
        )?;
        ensure!(held.alarm()?.is_empty() && held.at_once()? == 0, "it asked for the second half");
        sleep(Duration::from_millis(500));
    }
    held.press_play()?;
    sleep(Duration::from_millis(500));
    assert_eq!(held.plays(), None);
    held.comes.store(true, Ordering::Relaxed);
    held.browser.wait_until("time to pass", || held.plays())?;
    assert_eq!(held.at_once()?, 0);
    console_is_empty(&held.browser)
}

#[test]
fn what_was_needed_sooner_than_measured_comes_at_once() -> Result<()> {
    let held = Held::new(true)?;
    held.before_all(LIE)?;
    held.open("#/")?;
    assert_eq!(held.at_once()?, 0);
    held.press_play()?;
    held.browser.wait_until("time to pass", || held.plays())?;
    assert_eq!(held.at_once()?, 1);
    for fragment in ["#/play", "#/keys", "#/run/leader-dies/3"] {
        held.open(fragment)?;
        assert_eq!(held.at_once()?, 1, "{fragment}");
        assert_eq!(held.alarm()?, "", "{fragment}");
    }
    Ok(())
}

#[test]
fn what_was_kept_comes_at_once_without_a_server_too() -> Result<()> {
    let held = Held::new(true)?;
    held.open("#/")?;
    held.browser.wait_until("the page to be kept", || {
        let kept = held.browser.script(
            "return (async () => { for (const name of await caches.keys())
                if (await (await caches.open(name)).match('./')) return true; return false })()",
        );
        kept.ok()?.as_bool()?.then_some(())
    })?;
    held.there.store(false, Ordering::Relaxed);
    held.before_all(LIE)?;
    held.open("#/")?;
    held.press_play()?;
    held.browser.wait_until("time to pass", || held.plays())?;
    // The service worker has given it: nothing was asked of the network.
    assert_eq!(held.at_once()?, 0);
    Ok(())
}

#[test]
fn without_the_second_half_the_page_says_so() -> Result<()> {
    let held = Held::new(false)?;
    held.open("#/")?;
    held.there.store(false, Ordering::Relaxed);
    held.press_play()?;
    held.browser
        .wait_until("words", || held.alarm().ok()?.contains("then try again").then_some(()))?;

    // The same where nobody has waited for it: the page cannot go on.
    held.there.store(true, Ordering::Relaxed);
    held.before_all(LIE)?;
    held.open("#/")?;
    held.there.store(false, Ordering::Relaxed);
    held.press_play()?;
    held.browser
        .wait_until("words", || held.alarm().ok()?.contains("then reload").then_some(()))?;
    held.press_play()?;
    sleep(Duration::from_millis(200));
    assert!(held.alarm()?.contains("then reload"));
    Ok(())
}

#[test]
fn a_new_build_is_seen_at_once() -> Result<()> {
    // A copy of the page whose content changes between two visits.
    let folder = std::env::temp_dir().join(format!("zabscope-stale-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    for entry in std::fs::read_dir(given("ZABSCOPE_PAGE")?)? {
        let entry = entry?;
        std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    let address = serve::start(&folder, 0)?;
    let browser = Browser::start()?;
    let page = format!("http://{address}/#/play");
    let kept =
        "return caches.match(location.href.split('#')[0]).then(page => page ? page.text() : '')";
    browser.open(&page)?;
    browser.wait_until("the files to be kept", || {
        browser.script(kept).ok()?.as_str()?.contains("<title>Zabscope</title>").then_some(())
    })?;
    let html = std::fs::read_to_string(folder.join("index.html"))?;
    let html = html.replace("</title>", "</title><meta name=build content=other>");
    std::fs::write(folder.join("index.html"), html.replace("style.css?v=", "style.css?v=2"))?;
    std::fs::write(folder.join("style.css"), "body { color: rgb(1, 2, 3) }")?;
    browser.open("about:blank")?;
    browser.open(&page)?;
    browser.wait_for("#play")?;
    browser.find("meta[name=build]")?;
    let colour = browser.script("return getComputedStyle(document.body).color")?;
    assert_eq!(colour, "rgb(1, 2, 3)");
    browser.wait_until("the new files to be kept", || {
        browser.script(kept).ok()?.as_str()?.contains("name=build").then_some(())
    })?;
    browser.wait_until("the old files to go", || {
        let caches = browser.script("return caches.keys().then(keys => keys.length)").ok()?;
        (caches == 1).then_some(())
    })?;
    std::fs::remove_dir_all(&folder)?;
    console_is_empty(&browser)
}
