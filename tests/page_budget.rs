//! What the page costs: its download, its work in each frame, its way to any moment.
//!
//! Run by `cargo xtask test page`, which builds the page first and names its folder. Sizes are
//! asserted. Times are printed beside what the page promises: others may work on this machine.

use anyhow::{Context, Result};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::Duration;
use zabscope_tests::browser::{Browser, key};
use zabscope_tests::{given, serve};

/// Largest first load: html, style, script and wasm, each after gzip.
const FIRST_LOAD_BYTES_MAX: usize = 235_000;
/// Longest way to a moment in a run of 10,000 events, 95 of 100 ways.
const SEEK_MS_P95: f64 = 50.0;
/// Longest work of the page's code in one frame, 95 of 100 frames; with the processor slowed.
const SCRIPT_MS_P95: [(u32, f64); 2] = [(1, 6.0), (4, 12.0)];
/// Messages under way in a frame that counts: what the page promises its time for is the first band.
const MESSAGES: [std::ops::Range<u64>; 2] = [100..150, 150..u64::MAX];

fn open_page(browser: &Browser, fragment: &str) -> Result<()> {
    let address = serve::start(&given("ZABSCOPE_PAGE")?, 0)?;
    browser.open(&format!("http://{address}/{fragment}"))?;
    browser.wait_for("#app main").map(drop)
}

fn press_by_script(browser: &Browser, css: &str) -> Result<()> {
    browser.script(&format!("document.querySelector('{css}').click()")).map(drop)
}

fn event(browser: &Browser) -> Result<u64> {
    let words = browser.text(&browser.find("#event")?)?;
    Ok(words.split(' ').nth(1).unwrap_or_default().parse()?)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// Of sorted numbers, the one that so many of 100 do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted.get((sorted.len() * percent / 100).min(sorted.len() - 1)).copied().unwrap_or(f64::NAN)
}

#[test]
fn the_first_load_is_small() -> Result<()> {
    let browser = Browser::start()?;
    open_page(&browser, "#/")?;
    let loaded = browser.script(
        "return performance.getEntriesByType('resource').map(e => new URL(e.name).pathname.slice(1))
            .filter(name => name !== 'offline.js')",
    )?;
    let mut names: Vec<&str> =
        loaded.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    names.push("index.html");
    names.sort_unstable();
    names.dedup();
    let mut sum = 0;
    for name in &names {
        let packed = packed(name)?;
        println!("{name:<20} {packed:>8} bytes after gzip");
        sum += packed;
    }
    println!("first load           {sum:>8} bytes after gzip, limit {FIRST_LOAD_BYTES_MAX}");
    let is_late = |name: &&str| name.contains("worker") || name.contains("later");
    assert!(names.len() >= 4 && !names.iter().any(is_late), "{names:?}");
    assert!(sum <= FIRST_LOAD_BYTES_MAX, "{sum}");

    // The rest comes with the first thing that somebody wants, which is not lost.
    press_by_script(&browser, "#play")?;
    browser.wait_until("time to pass", || {
        let words = browser.script("return document.querySelector('#play').innerText").ok()?;
        words.as_str()?.starts_with("Pause").then_some(())
    })?;
    println!("with all that follows {:>7} bytes after gzip", sum + packed("app_later.wasm")?);
    Ok(())
}

#[test]
fn the_first_drawing_is_timed() -> Result<()> {
    let address = serve::start(&given("ZABSCOPE_PAGE")?, 0)?;
    let browser = Browser::start()?;
    browser.devtools("Network.setCacheDisabled", &json!({ "cacheDisabled": true }))?;
    for slowed in [1, 4] {
        browser.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": slowed }))?;
        let mut times = Vec::new();
        for _ in 0..7 {
            browser.open("about:blank")?;
            browser.open(&format!("http://{address}/#/"))?;
            browser.wait_for("#app main")?;
            let paint =
                "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
            times.push(browser.wait_until("a drawing", || browser.script(paint).ok()?.as_f64())?);
        }
        times.sort_unstable_by(f64::total_cmp);
        println!(
            "first drawing, processor / {slowed}: median {:.0} ms, best {:.0} ms",
            percentile(&times, 50),
            times[0]
        );
    }
    Ok(())
}

/// Size of a file of the page as it is sent.
fn packed(name: &str) -> Result<usize> {
    let bytes =
        std::fs::read(given("ZABSCOPE_PAGE")?.join(name)).with_context(|| name.to_owned())?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&bytes)?;
    Ok(gzip.finish()?.len())
}

#[test]
fn any_moment_is_near() -> Result<()> {
    let browser = Browser::start()?;
    open_page(&browser, "#/play")?;
    press_by_script(&browser, "#play")?;
    let go = |place: &str| -> Result<()> {
        browser.script("const f = document.querySelector('#goto'); f.focus(); f.value = ''")?;
        browser.type_into(&browser.find("#goto")?, place)?;
        browser.press(key::ENTER)
    };
    while event(&browser)? < 10_000 {
        let before = event(&browser)?;
        go("+60s")?;
        browser.wait_until("time to pass", || (event(&browser).ok()? > before).then_some(()))?;
    }
    let end = event(&browser)?;
    let seek = "const field = document.querySelector('#goto'), times = [];
        let seed = 7;
        for (let i = 0; i < 100; i++) {
            seed = (seed * 16807) % 2147483647;
            field.value = '' + seed % 10000;
            const from = performance.now();
            field.dispatchEvent(new Event('change', { bubbles: true }));
            const wanted = 'event ' + field.value + ' ', there = document.querySelector('#event');
            for (let turns = 0; !there.textContent.startsWith(wanted); turns++) {
                // A drawing is a microtask; one that waits for more than that still ends.
                await (turns < 500 ? null : new Promise(done => setTimeout(done)));
                if (performance.now() - from > 20000) throw new Error(there.textContent + ', not ' + wanted);
            }
            times.push(performance.now() - from);
        }
        return times.sort((a, b) => a - b)";
    // Others work on this machine too: up to three rounds, until one keeps the limit.
    for _ in 0..3 {
        let times = numbers(&browser.script(&format!("return (async () => {{ {seek} }})()"))?);
        assert_eq!(times.len(), 100);
        let p95 = percentile(&times, 95);
        println!(
            "seek and redraw in {end} events: median {:.1} ms, p95 {p95:.1} ms, limit {SEEK_MS_P95}",
            percentile(&times, 50)
        );
        if p95 <= SEEK_MS_P95 {
            break;
        }
    }
    Ok(())
}

/// Tasks of the browser that run the page's code: each that is in no other one counts.
const SCRIPT: [&str; 7] = [
    "FireAnimationFrame",
    "TimerFire",
    "RunMicrotasks",
    "EventDispatch",
    "FunctionCall",
    "v8.callFunction",
    "EvaluateScript",
];

/// What the page's code did from one frame to the next.
#[derive(Debug, Default)]
struct Frame {
    /// Time of the processor, milliseconds.
    script_ms: f64,
    /// The same by the clock: other programs are in it.
    wall_ms: f64,
    messages: u64,
}

/// Reads the frames of a trace. The page marks the end of each with the number of its messages, in a
/// callback that is not counted: it belongs to the measuring.
fn frames(mut events: Vec<Value>) -> Vec<Frame> {
    let number = |event: &Value, name: &str| event[name].as_f64();
    let start = |event: &Value| number(event, "ts").unwrap_or(0.0);
    events.sort_by(|a, b| start(a).total_cmp(&start(b)));
    let name = |event: &Value| event["name"].as_str().unwrap_or_default().to_owned();
    let marked = |event: &Value| name(event).strip_prefix("frame ")?.parse::<u64>().ok();
    let own = events.iter().find(|event| marked(event).is_some());
    let Some(thread) = own.map(|event| (event["pid"].clone(), event["tid"].clone())) else {
        return Vec::new();
    };
    events.retain(|event| (&event["pid"], &event["tid"]) == (&thread.0, &thread.1));
    let marks: Vec<f64> = events.iter().filter(|it| marked(it).is_some()).map(start).collect();
    let (mut frames, mut frame, mut until) = (Vec::new(), None::<Frame>, 0.0);
    for event in &events {
        if let Some(messages) = marked(event) {
            frames.extend(frame.replace(Frame::default()).map(|it| Frame { messages, ..it }));
        } else if name(event) == "begin" {
            // What was done before, to prepare it, is in no frame.
            frame = None;
        } else if let (Some(long), true) =
            (number(event, "dur"), SCRIPT.contains(&name(event).as_str()))
        {
            let from = start(event);
            if from < until {
                continue;
            }
            until = from + long;
            let measures = marks.iter().any(|mark| (from..=until).contains(mark));
            if let Some(frame) = frame.as_mut().filter(|_| !measures) {
                frame.script_ms += number(event, "tdur").unwrap_or(long) / 1000.0;
                frame.wall_ms += long / 1000.0;
            }
        }
    }
    frames
}

/// A burst of writes is over soon: so many of them.
const BURSTS: u32 = 8;
/// How long one plays on a fast machine.
const BURST: Duration = Duration::from_millis(2500);

/// Frames with many messages.
fn busy_frames(browser: &Browser, slowed: u32) -> Result<Vec<Frame>> {
    browser.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": slowed }))?;
    browser.trace()?;
    let mut all = Vec::new();
    for _ in 0..BURSTS {
        browser.script(
            "performance.mark('begin');
             if (document.querySelector('#play').ariaLabel == 'Pause') document.querySelector('#play').click();
             for (let i = 0; i < 24; i++) {
                 document.querySelector('#path').value = '/burst';
                 document.querySelector('#ask').click();
             }
             return new Promise(done => setTimeout(() => setTimeout(done, 300), 300))",
        )?;
        browser.script("performance.mark('begin'); document.querySelector('#play').click()")?;
        // Where one takes longer than usual, the next one must not come on top of it.
        std::thread::sleep(BURST);
        let is_over = "return document.getElementsByClassName('message').length < 50";
        let is_over = || (browser.script(is_over).ok()? == true).then_some(());
        browser.wait_until("the end of a burst", is_over).ok();
        let is_busy = |it: &Frame| it.messages >= MESSAGES[0].start;
        all.extend(frames(browser.trace()?).into_iter().filter(is_busy));
    }
    browser.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": 1 }))?;
    Ok(all)
}

/// The middle and the 95th of 100 of some frames.
fn spread(frames: &[&Frame], what: fn(&Frame) -> f64) -> String {
    let mut sorted: Vec<f64> = frames.iter().map(|frame| what(frame)).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    format!("median {:.1} ms, p95 {:.1} ms", percentile(&sorted, 50), percentile(&sorted, 95))
}

#[test]
fn a_frame_with_a_hundred_messages_is_short() -> Result<()> {
    let browser = Browser::start_traced("devtools.timeline,blink.user_timing,v8")?;
    // A callback that is registered behind another one runs in the same frame, after it.
    let measure = "const ask = window.requestAnimationFrame.bind(window);
        const messages = document.getElementsByClassName('message');
        window.requestAnimationFrame = callback => {
            const handle = ask(callback);
            ask(() => performance.mark('frame ' + messages.length));
            return handle;
        }";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": measure }))?;
    open_page(&browser, "#/play")?;
    browser.set_value("#voters", "7")?;
    browser.wait_for("#server-7")?;
    for (slowed, limit) in SCRIPT_MS_P95 {
        let mut frames = busy_frames(&browser, slowed)?;
        anyhow::ensure!(frames.len() >= 30, "only {} busy frames", frames.len());
        frames.sort_unstable_by_key(|frame| frame.messages);
        for band in &MESSAGES {
            let within: Vec<&Frame> =
                frames.iter().filter(|frame| band.contains(&frame.messages)).collect();
            let Some(middle) = within.get(within.len() / 2) else { continue };
            println!(
                "script in {} frames with {} messages or more, in the middle {}, processor / \
                 {slowed}: time of the processor {}; by the clock {}; limit {limit} ms",
                within.len(),
                band.start,
                middle.messages,
                spread(&within, |frame| frame.script_ms),
                spread(&within, |frame| frame.wall_ms)
            );
        }
    }
    Ok(())
}
