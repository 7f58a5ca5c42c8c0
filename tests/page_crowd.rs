//! Where much is in one place: what waits at a server, and words beside each other on a telephone.

mod view;

use anyhow::{Result, ensure};
use view::runs::{ask, create, go, list, open, server, settings, settled};
use view::{console_is_empty, picture, text};
use zabscope_core::sim::{Directive, Hold};

/// How far those that are held are apart, at least, in pixels.
const APART: &str = "const at = [...document.querySelectorAll('.message.held')]
        .map(m => m.querySelector('.body').getBoundingClientRect()).map(b => [b.left + b.width / 2, b.top + b.height / 2]);
    return String(Math.min(...at.flatMap((a, i) => at.slice(i + 1)
        .map(b => Math.round(Math.hypot(a[0] - b[0], a[1] - b[1]))))))";

#[test]
fn what_is_held_is_marked_and_each_can_be_pressed() -> Result<()> {
    let settings = settings(3);
    let mut sim = settled(&settings);
    sim.direct(Directive::Hold(Hold::Between(server(3), server(1))));
    for _ in 0..4 {
        ask(&mut sim, 1, create("/a", 2));
        sim.run_until(sim.now().plus(120_000));
    }
    let browser = open(&settings, &sim)?;
    picture(&browser, "held")?;
    let names = "return [...document.querySelectorAll('.message.held')].map(m => m.dataset.name)";
    let names = list(&browser, names)?;
    ensure!(names.len() >= 4 && names.iter().any(|name| name == "PROPOSAL"), "{names:?}");
    ensure!(names.iter().any(|name| name == "COMMIT"), "{names:?}");
    let apart: f64 = view::script(&browser, APART)?.parse()?;
    ensure!(apart >= 12.0, "two are {apart} px apart");
    // The one behind the first is on top where it is seen, and pressed there.
    let second = "const m = document.querySelectorAll('.message.held')[1]
            .querySelector('.body').getBoundingClientRect();
        const it = document.elementFromPoint(m.left + m.width / 2, m.top + m.height / 2).closest('.message');
        const all = [...document.querySelectorAll('.message.held')];
        it.dispatchEvent(new MouseEvent('click', { bubbles: true }));
        return String(all.indexOf(it))";
    assert_eq!(view::script(&browser, second)?, "1");
    browser.wait_for(".message.held.selected")?;
    ensure!(text(&browser, "#inspector")?.contains("bytes, as they go over TCP"));
    // Let go, they arrive.
    sim.direct(Directive::Release(Hold::Between(server(3), server(1))));
    sim.run_until(sim.now().plus(1_000));
    go(&browser, &settings, &sim)?;
    let left = "return String(document.querySelectorAll('.message.held').length)";
    assert_eq!(view::script(&browser, left)?, "0");
    console_is_empty(&browser)
}

/// Words and signs that lie over each other.
const OVER: &str = "const boxes = css => [...document.querySelectorAll(css)]
        .map(it => [it.textContent || it.parentNode.parentNode.id, it.getBoundingClientRect()]);
    const words = boxes('.hull text');
    const others = [...boxes('.seat .body, .seat .glyph, .client .back, .label, .tile rect'), ...words];
    return words.flatMap(([name, a]) => others.filter(([other, b]) => other !== name && b.width > 0 &&
        a.left + 1 < b.right && b.left + 1 < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom)
        .map(([other]) => name + ' over ' + other))";

#[test]
fn on_a_telephone_the_words_of_sides_lie_over_nothing() -> Result<()> {
    let settings = settings(5);
    let mut sim = settled(&settings);
    for directive in
        Directive::partition(&[server(1), server(2)], &[server(3), server(4), server(5)], true)
    {
        sim.direct(directive);
    }
    sim.run_until(sim.now().plus(30_000));
    let browser = open(&settings, &sim)?;
    browser.viewport(390, 844)?;
    browser.wait_for("#stage[viewBox^='0 0 360']")?;
    let votes = "return [...document.querySelectorAll('.hull text')].map(t => t.textContent)";
    assert_eq!(list(&browser, votes)?, ["2 of 5: too few", "3 of 5: enough"]);
    assert_eq!(list(&browser, OVER)?, Vec::<String>::new());
    console_is_empty(&browser)
}

/// The legend and the stage both stand there, and the stage is what is seen.
const LEGEND_OVER: &str =
    "const key = document.querySelector('.work > .key').getBoundingClientRect();
    const stage = document.querySelector('.scene').getBoundingClientRect();
    const y = (key.top + key.bottom) / 2;
    if (y < stage.top || y > stage.bottom) return 'apart';
    const top = document.elementFromPoint((key.left + key.right) / 2, y);
    return top.closest('.key') ? 'legend' : 'stage'";

#[test]
fn on_a_telephone_the_legend_passes_below_the_stage() -> Result<()> {
    let browser = view::open("#/run/leader-dies/3")?;
    browser.viewport(390, 844)?;
    browser.wait_for("#stage[viewBox^='0 0 360']")?;
    // As far as the answer scrolls it, and further.
    let mut seen = Vec::new();
    for y in [0, 120, 240, 400] {
        browser.script(&format!("window.scrollTo(0, {y})"))?;
        seen.push(view::script(&browser, LEGEND_OVER)?);
    }
    ensure!(
        seen.iter().any(|it| it == "stage") && !seen.iter().any(|it| it == "legend"),
        "{seen:?}"
    );
    console_is_empty(&browser)
}

/// What of a step cannot be seen: its heading, the first line of its text, its answers, Next.
const UNSEEN: &str = "return ['#lesson-step', '.lesson .voice', '.choices .choice:last-child', '#lesson-next']
    .filter(css => {
        const it = document.querySelector(css), at = it.getBoundingClientRect();
        const top = document.elementFromPoint(at.left + 20, at.top + 12);
        return !top || !(it === top || it.contains(top) || top.contains(it) && top.closest('.lesson, .timeline'));
    })";

#[test]
fn on_a_tablet_text_and_question_are_in_sight_together() -> Result<()> {
    let browser = view::open("#/run/leader-dies/3")?;
    for (width, height) in [(768, 1024), (820, 1180), (1024, 768), (1112, 834)] {
        browser.viewport(width, height)?;
        browser.wait_for(".choices")?;
        browser.script("window.scrollTo(0, 0)")?;
        assert_eq!(list(&browser, UNSEEN)?, Vec::<String>::new(), "{width} x {height}");
    }
    console_is_empty(&browser)
}
