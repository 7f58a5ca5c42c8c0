//! The stage: what is drawn follows from the engine's state. Runs are made here, by the same
//! engine, and opened in the page as links.

mod view;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use view::runs::{ask, client, create, go, list, open, server, settings, settled};
use view::{console_is_empty, picture};
use zabscope_core::base::{Millis, Zxid};
use zabscope_core::client::Client;
use zabscope_core::ensemble::{self, Actor, EnsembleSettings};
use zabscope_core::proto::request::Request;
use zabscope_core::server::Server;
use zabscope_core::server::message::{Msg, Packet, Timer};
use zabscope_core::sim::{Action, Directive, Kept, Sim, Wire};
use zabscope_core::tell::Look;
use zabscope_tests::browser::{Browser, key};

fn engine(sim: &Sim<Actor>, sid: i64) -> Result<&Server> {
    sim.world().process(server(sid)).and_then(Actor::server).context("a server that is down")
}

fn leader(sim: &Sim<Actor>, servers: i64) -> Result<i64> {
    let leads = |sid: &i64| engine(sim, *sid).is_ok_and(Server::is_leader);
    (1..=servers).find(leads).context("nobody leads")
}

/// Steps until something holds.
fn step_until(sim: &mut Sim<Actor>, holds: impl Fn(&Sim<Actor>) -> bool) -> Result<()> {
    for _ in 0..20_000 {
        if holds(sim) {
            return Ok(());
        }
        sim.step();
    }
    anyhow::bail!("it did not come to that")
}

fn text(browser: &Browser, script: &str) -> Result<String> {
    let value = browser.script(script)?;
    Ok(value.as_str().with_context(|| format!("{script} gave {value}"))?.to_owned())
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
    words_of_sides_are_free(&browser)?;

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
    browser.click(&browser.wait_for("#act-cut-1")?)?;
    browser.wait_for("#link-1-3.half")?;
    assert_eq!(list(&browser, sides)?, Vec::<String>::new());
    console_is_empty(&browser)
}

/// No words of a side lie over a client, a server, or the words of another side.
fn words_of_sides_are_free(browser: &Browser) -> Result<()> {
    let over = "
        const boxes = css => [...document.querySelectorAll(css)].map(it => [it.parentNode.id || it.textContent,
            it.getBoundingClientRect()]);
        const words = boxes('.hull text');
        const others = [...boxes('.seat .body, .client .back'), ...words];
        return words.flatMap(([name, a]) => others.filter(([other, b]) => other !== name && b.width > 0 &&
            a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
            .map(([other]) => name + ' over ' + other))";
    assert_eq!(list(browser, over)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn only_servers_that_run_count_for_a_side() -> Result<()> {
    let settings = settings(5);
    let mut sim = settled(&settings);
    for sid in [3, 4, 5] {
        sim.direct(Directive::Act(Action::Crash { node: server(sid), kept: Kept::All }));
    }
    let (left, right) = ([server(1), server(2), server(3)], [server(4), server(5)]);
    for directive in Directive::partition(&left, &right, true) {
        sim.direct(directive);
    }
    let browser = open(&settings, &sim)?;
    picture(&browser, "sides-down")?;
    let votes = "return [...document.querySelectorAll('.hull text')].map(t => t.textContent)";
    assert_eq!(
        list(&browser, votes)?,
        ["2 of 5 votes live: no majority", "0 of 5 votes live: no majority"]
    );
    words_of_sides_are_free(&browser)?;
    for (width, shape) in [(390, 360), (1440, 628)] {
        browser.viewport(width, 844)?;
        browser.wait_for(&format!("#stage[viewBox^='0 0 {shape}']"))?;
        words_of_sides_are_free(&browser)?;
    }
    console_is_empty(&browser)
}

#[test]
fn the_diagram_shows_what_lasts_until_now_and_what_is_over() -> Result<()> {
    let settings = settings(5);
    let mut sim = settled(&settings);
    sim.direct(Directive::SlowDisk(server(1), 60));
    ask(&mut sim, 1, create("/slow", 0));
    sim.run_until(sim.now().plus(90_000));
    sim.direct(Directive::Freeze(server(2)));
    sim.direct(Directive::Freeze(server(3)));
    sim.run_until(sim.now().plus(20_000));
    sim.direct(Directive::Thaw(server(3)));
    sim.run_until(sim.now().plus(20_000));
    let browser = open(&settings, &sim)?;
    picture(&browser, "lasting")?;
    // For each row what of it reaches the line, which is what is drawn beyond it and cut off there.
    let reaching = |css: &str| {
        list(
            &browser,
            &format!(
                "const box = e => e.getBoundingClientRect(), mid = e => box(e).y + box(e).height / 2;
                const line = box(document.querySelector('.lanes .playhead')).x;
                return [...document.querySelectorAll('{css}')].map(e => [
                    [...document.querySelectorAll('#servers tbody tr')].find(r =>
                        Math.abs(mid(r) - mid(e)) < 9).id, box(e).right >= line ? 'now' : 'over'].join(' '))"
            ),
        )
    };
    let bars = reaching(".fsync.done path")?;
    let open: Vec<_> = bars.iter().filter(|bar| bar.ends_with("now")).collect();
    assert_eq!(open, ["row-1 now"], "{bars:?}");
    assert_eq!(reaching(".life.frozen")?, ["row-2 now", "row-3 over"]);
    for (row, words) in [(2, "Frozen"), (3, "Following")] {
        let head = browser.text(&browser.find(&format!("#row-{row} th"))?)?;
        ensure!(head.contains(words), "{head}");
    }
    browser.find("#row-2 .snow")?;
    console_is_empty(&browser)
}

/// For each client, the server whose seat is nearest on the screen.
const NEAREST: &str = "const middle = css => { const r = document.querySelector(css).getBoundingClientRect();
        return [r.x + r.width / 2, r.y + r.height / 2] };
    return [...document.querySelectorAll('#stage .seats > .client')].map(c => {
        const [x, y] = middle('#' + c.id + ' .back');
        const far = s => { const [a, b] = middle('#' + s.id + ' .body'); return Math.hypot(a - x, b - y) };
        return [...document.querySelectorAll('.seat[id]')].sort((a, b) => far(a) - far(b))[0].id;
    })";

#[test]
fn clients_stand_beside_their_servers_and_their_sessions_run_out() -> Result<()> {
    let settings = settings(3);
    let mut sim = settled(&settings);
    ask(&mut sim, 1, create("/lock", 1));
    sim.run_until(sim.now().plus(300_000));
    ask(&mut sim, 2, Request::Exists { path: "/lock".into(), watch: true });
    sim.run_until(sim.now().plus(300_000));
    let beside = [1, 2].map(|id| {
        let process = sim.world().process(client(id)).and_then(Actor::client);
        let at = process.and_then(Client::server).map_or(0, |sid| sid.0);
        format!("server-{at}")
    });
    let process = sim.world().process(client(2)).and_then(Actor::client);
    let own = process.context("client 2")?.session();
    sim.direct(Directive::Act(Action::Crash { node: client(1), kept: Kept::All }));
    sim.run_until(sim.now().plus(3_100_000));
    let browser = open(&settings, &sim)?;
    picture(&browser, "sessions")?;
    assert_eq!(list(&browser, NEAREST)?, beside, "the dead one stays where it was");

    // The ring and the words beside it are what the leader's table says.
    let lead = leader(&sim, 3)?;
    let table = engine(&sim, lead)?;
    let tick = ensemble::Timer::Server(Timer::SessionTick);
    let next = sim.timer_at(server(lead), tick).context("no tick")?;
    for (session, _) in table.image().sessions() {
        let ticks = table.tracker().ticks_left(session).context("not tracked")?;
        let left_us = next.0 - sim.now().0 + (ticks - 1) * 400_000;
        let id = if session == own { 2 } else { 1 };
        let ring = format!(
            "return getComputedStyle(document.querySelector('#ring-c{id}')).strokeDasharray"
        );
        let share = left_us * 100 / 6_400_000;
        assert_eq!(text(&browser, &ring)?, format!("{share}px, 100px"));
        let count = format!("return document.querySelector('#count-c{id}').textContent");
        let words = format!("{}.{} s", left_us / 1_000_000, left_us / 100_000 % 10);
        assert_eq!(text(&browser, &count)?, words);
    }
    let marks = "return [...document.querySelectorAll('.znodes [data-client], .znode')].map(e =>
        e.getAttribute('class').split(' ').filter(c => c != 'hot').join(' ') + ' '
            + (e.dataset.client || e.dataset.path))";
    let owned = ["watches 2", "owns 1", "znode ephemeral /lock", "watch 2"];
    assert_eq!(list(&browser, marks)?, owned);

    // The session is over, the znode is gone, and the watch flies off.
    let event_flies = |sim: &Sim<Actor>| {
        let queues = sim.world().network().queues();
        let to_clients = queues.iter().filter(|(end, _)| end.node == client(2));
        to_clients
            .flat_map(|(_, queue)| queue)
            .filter_map(Look::of)
            .any(|look| look.name == "EVENT")
    };
    step_until(&mut sim, event_flies)?;
    go(&browser, &settings, &sim)?;
    picture(&browser, "fired")?;
    assert_eq!(list(&browser, marks)?, ["watches fired 2", "znode absent /lock", "watch fired 2"]);
    ensure!(browser.find(".message.star[data-name=EVENT]").is_ok(), "a star flies");
    step_until(&mut sim, |sim| !event_flies(sim))?;
    go(&browser, &settings, &sim)?;
    assert_eq!(list(&browser, marks)?, Vec::<String>::new());
    console_is_empty(&browser)
}

/// How far an entry is on a server, by the engine.
fn tile(sim: &Sim<Actor>, sid: i64, zxid: Zxid, committed: bool) -> Result<&'static str> {
    let peer = engine(sim, sid)?.peer();
    let (history, durable) = (peer.history(), peer.durable());
    let queues = sim.world().network().queues();
    let coming = queues.iter().filter(|(end, _)| end.node == server(sid)).any(|(_, queue)| {
        queue.iter().any(|item| {
            matches!(&item.wire, Wire::Data(Msg::Packet(Packet::Proposal(entry))) if entry.zxid == zxid)
        })
    });
    Ok(match zxid {
        _ if zxid <= history.applied() => {
            if zxid <= durable {
                "applied"
            } else {
                "ahead"
            }
        }
        _ if !history.tail().iter().any(|entry| entry.zxid == zxid) => {
            if coming {
                "proposed"
            } else {
                "absent"
            }
        }
        _ if zxid > durable => "writing",
        _ if committed => "committed",
        _ => "logged",
    })
}

#[test]
fn a_seat_tells_role_epochs_zxids_timers_and_the_last_entries() -> Result<()> {
    let settings = settings(5);
    let mut sim = settled(&settings);
    ask(&mut sim, 1, create("/a", 0));
    let lead = leader(&sim, 5)?;
    let zxid = engine(&sim, lead)?.peer().history().logged().next();
    let states = |sim: &Sim<Actor>, committed| -> Vec<String> {
        let state = |sid| tile(sim, sid, zxid, committed).unwrap_or("down");
        (1..=5).map(|sid| format!("{sid} {}", state(sid))).collect()
    };
    let count = |all: &[String], what: &str| all.iter().filter(|s| s.ends_with(what)).count();
    let mixed = |sim: &Sim<Actor>| {
        let all = states(sim, false);
        ["proposed", "writing", "logged"].iter().all(|what| count(&all, what) > 0)
    };
    step_until(&mut sim, mixed)?;
    let browser = open(&settings, &sim)?;
    picture(&browser, "seats")?;
    let tiles = format!(
        "return [1, 2, 3, 4, 5].map(sid => {{
            const tile = document.querySelector('#server-' + sid + ' .tile[data-zxid=\"{zxid}\"]');
            return sid + ' ' + (tile ? tile.getAttribute('class').split(' ')[2] : 'absent') }})"
    );
    assert_eq!(list(&browser, &tiles)?, states(&sim, false));
    let words = "return [1, 2, 3, 4, 5].map(sid => [...document.querySelectorAll(
        '#words-' + sid + ' tspan')].map(t => t.textContent).join(', '))";
    let expected = |sim: &Sim<Actor>| -> Result<Vec<String>> {
        (1..=5)
            .map(|sid| {
                let peer = engine(sim, sid)?.peer();
                let role = if sid == lead { "LEADING" } else { "FOLLOWING" };
                let (last, durable) = (peer.history().logged(), peer.durable());
                let logs = if last > durable { "writing" } else { "logged" };
                let applied = peer.history().applied();
                Ok(format!("{role}, epoch 1, {logs} {last}, committed {applied}"))
            })
            .collect()
    };
    assert_eq!(list(&browser, words)?, expected(&sim)?);
    // The leader's ring runs to its next PING.
    let ping = ensemble::Timer::Server(Timer::Zab(zabscope_core::zab::Timer::HalfTick));
    let left = sim.timer_at(server(lead), ping).context("no timer")?.0 - sim.now().0;
    let ring = format!("return document.querySelector('#ring-{lead}').dataset.left");
    assert_eq!(text(&browser, &ring)?, (left / 2_000).to_string());

    // A majority is counted: what waits for its COMMIT is shown so.
    step_until(&mut sim, |sim| tile(sim, lead, zxid, false).is_ok_and(|state| state == "applied"))?;
    go(&browser, &settings, &sim)?;
    let all = states(&sim, true);
    ensure!(count(&all, "committed") > 0, "{all:?}");
    assert_eq!(list(&browser, &tiles)?, all);

    // A promise for a newer epoch stands beside the one that is current.
    sim.direct(Directive::Act(Action::Crash { node: server(lead), kept: Kept::All }));
    let promised = |sim: &Sim<Actor>, sid: i64| {
        engine(sim, sid).is_ok_and(|it| it.peer().accepted_epoch() > it.peer().current_epoch())
    };
    step_until(&mut sim, |sim| (1..=5).any(|sid| promised(sim, sid)))?;
    let sid = (1..=5).find(|sid| promised(&sim, *sid)).context("nobody")?;
    go(&browser, &settings, &sim)?;
    picture(&browser, "promised")?;
    let label = format!("return document.querySelector('#words-{sid}').textContent");
    ensure!(text(&browser, &label)?.contains("e1 → e2"), "{}", text(&browser, &label)?);
    console_is_empty(&browser)
}

/// Words that lie over other words, over seats or over clients.
const COLLISIONS: &str = "
    const box = e => e.getBoundingClientRect();
    const seats = [...document.querySelectorAll('.seat[id]')];
    const words = seats.flatMap(s => [...s.querySelectorAll('.tile')].map(e => [s.id, box(e)]))
        .concat([...document.querySelectorAll('.label')].map(e => [e.id.replace('words', 'server'), box(e)]))
        .concat([...document.querySelectorAll('.znode, .client .fact')].map(e => ['z', box(e)]));
    const rounds = seats.map(s => [s.id, box(s.querySelector('.body'))])
        .concat([...document.querySelectorAll('.client .back')].map(e => ['z', box(e)]));
    const all = words.map(w => [...w, true]).concat(rounds.map(r => [...r, false]));
    const found = [];
    for (const [of, a] of words) for (const [other, b, text] of all) {
        // Words of one thing belong together; corners of a circle's box are empty.
        if (of === other) continue;
        const slack = text ? 2 : 4;
        if (a.left + slack < b.right && b.left + slack < a.right
            && a.top + slack < b.bottom && b.top + slack < a.bottom)
            found.push(of + ' over ' + other + (text ? '' : ' itself'));
    }
    for (const [of, a] of words) if (a.left < 0 || a.right > innerWidth) found.push(of + ' outside');
    return [...new Set(found)]";

#[test]
fn every_ensemble_has_fixed_seats_and_no_words_over_others() -> Result<()> {
    let browser = Browser::start()?;
    for (voters, observers) in [(1, 0), (3, 0), (5, 0), (7, 0), (9, 0), (5, 2), (7, 2), (3, 6)] {
        let settings = EnsembleSettings { observers, ..settings(voters) };
        let mut sim = settled(&settings);
        go(&browser, &settings, &sim)?;
        picture(&browser, &format!("of-{voters}-{observers}"))?;
        for (width, height, view_box) in [(1440, 900, "0 0 628"), (390, 844, "0 0 360")] {
            browser.viewport(width, height)?;
            browser.wait_for(&format!("#stage[viewBox^='{view_box}']"))?;
            let found = list(&browser, COLLISIONS)?;
            ensure!(found.is_empty(), "{voters}+{observers} at {width}: {found:?}");
        }
        browser.viewport(1440, 900)?;
        browser.wait_for("#stage[viewBox^='0 0 628']")?;
        let seats = "return [...document.querySelectorAll('.seat[id]')].map(s => s.id + ' '
            + s.firstElementChild.getAttribute('transform'))";
        let before = list(&browser, seats)?;
        assert_eq!(before.len(), usize::from(voters + observers));
        let watching =
            "return [...document.querySelectorAll('.seat.small')].map(s => s.dataset.role)";
        assert_eq!(list(&browser, watching)?, vec!["OBSERVING"; observers.into()]);
        // Observers have no link to each other.
        let (first, last) = (voters + 1, voters + observers);
        ensure!(browser.find(&format!("#link-{first}-{last}")).is_err());
        if voters > 2 {
            // Another leader moves nobody.
            let servers = i64::from(voters + observers);
            let node = server(leader(&sim, servers)?);
            sim.direct(Directive::Act(Action::Crash { node, kept: Kept::All }));
            sim.run_until(sim.now().plus(Millis(4_000).0 * 1000));
            ensure!(leader(&sim, servers)? > 0);
            go(&browser, &settings, &sim)?;
            assert_eq!(list(&browser, seats)?, before);
        }
    }
    console_is_empty(&browser)
}

#[test]
fn what_is_chosen_or_under_the_pointer_is_marked_everywhere() -> Result<()> {
    let settings = settings(5);
    let mut sim = settled(&settings);
    ask(&mut sim, 1, create("/a", 0));
    let proposals = |sim: &Sim<Actor>| -> Vec<u64> {
        let items = sim.world().network().queues().values().flatten();
        let wanted =
            items.filter(|item| Look::of(item).is_some_and(|look| look.name == "PROPOSAL"));
        wanted.map(|item| item.id).collect()
    };
    step_until(&mut sim, |sim| proposals(sim).len() == 4)?;
    sim.run_until(sim.now().plus(6_000));
    let ids = proposals(&sim);
    let (first, second) = (ids[0].min(ids[1]), ids[0].max(ids[1]));
    let browser = open(&settings, &sim)?;
    let dispatch = |css: &str, kind: &str| {
        browser.script(&format!(
            "document.querySelector('{css}').dispatchEvent(new MouseEvent('{kind}', {{ bubbles: true }}))"
        ))
    };
    // From the stage to the diagram.
    dispatch(&format!(".message[data-of=m{first}] .body"), "click")?;
    browser.wait_for(&format!("#arrow-{first}.selected"))?;
    browser.wait_for(&format!(".message[data-of=m{first}].selected"))?;
    browser.wait_for(".messages .rest")?;
    // From the diagram to the stage.
    dispatch(&format!("#arrow-{second}"), "click")?;
    browser.wait_for(&format!(".message[data-of=m{second}].selected"))?;
    let marked =
        "return [...document.querySelectorAll('.message.selected')].map(m => m.dataset.of)";
    assert_eq!(list(&browser, marked)?, [format!("m{second}")]);
    picture(&browser, "chosen")?;
    browser.press(key::ESCAPE)?;
    browser
        .wait_until("nothing chosen", || list(&browser, marked).ok()?.is_empty().then_some(()))?;
    ensure!(browser.find(".messages .rest").is_err());
    // The pointer, in both directions, and the focus.
    let hot = "return [...document.querySelectorAll('.hot')].map(e => e.id || e.dataset.of).sort()";
    dispatch(&format!("#arrow-{first}"), "mouseover")?;
    assert_eq!(list(&browser, hot)?, [format!("arrow-{first}"), format!("m{first}")]);
    dispatch(&format!(".message[data-of=m{second}] .body"), "mouseover")?;
    assert_eq!(list(&browser, hot)?, [format!("arrow-{second}"), format!("m{second}")]);
    browser.script("document.querySelector('#server-2').focus()")?;
    assert_eq!(list(&browser, hot)?, ["row-2", "server-2", "words-2"]);
    dispatch("#row-3 th", "mouseover")?;
    assert_eq!(list(&browser, hot)?, ["row-3", "server-3", "words-3"]);
    console_is_empty(&browser)
}

#[test]
fn near_a_seat_a_message_has_no_name() -> Result<()> {
    let settings = settings(5);
    let mut sim = settled(&settings);
    for _ in 0..4 {
        ask(&mut sim, 1, create("/a", 2));
        sim.run_until(sim.now().plus(9_000));
    }
    let browser = open(&settings, &sim)?;
    // Where there is no room for a name it is not drawn, where there is room it may be.
    let parts = "return [...document.querySelectorAll('.message')].map(m => {
        const name = m.querySelector('.name');
        return m.dataset.part + ' ' + (name ? getComputedStyle(name).visibility : 'unnamed') })";
    let parts = list(&browser, parts)?;
    ensure!(parts.iter().any(|part| part == "way visible"), "{parts:?}");
    for part in &parts {
        let near = part.starts_with("start") || part.starts_with("end");
        ensure!(!near || part.ends_with("hidden") || part.ends_with("unnamed"), "{parts:?}");
    }
    // In the diagram no name lies over another.
    let over = "const boxes = [...document.querySelectorAll('.lanes .name')].map(e => e.getBoundingClientRect());
        return boxes.filter((a, i) => boxes.some((b, j) => j > i && a.left < b.right && b.left < a.right
            && a.top + 3 < b.bottom && b.top + 3 < a.bottom)).map(b => JSON.stringify(b))";
    assert_eq!(list(&browser, over)?, Vec::<String>::new());
    console_is_empty(&browser)
}

/// What does not fit: the left column, the diagram, rows that do not stand beside their lanes.
const ROOM: &str = "const bad = [], say = document.querySelector('section.say');
    if (say.scrollHeight > say.clientHeight) bad.push('the column has ' + say.scrollHeight + ' in ' + say.clientHeight);
    const dock = document.querySelector('.dock').getBoundingClientRect();
    const lanes = document.querySelector('#lanes svg').getBoundingClientRect();
    if (lanes.bottom > dock.bottom) bad.push('lanes end at ' + lanes.bottom + ', the dock at ' + dock.bottom);
    const rows = [...document.querySelectorAll('#servers tbody tr')];
    for (const [n, row] of rows.entries()) {
        const { top, bottom } = row.querySelector('th').getBoundingClientRect();
        const off = (top + bottom) / 2 - lanes.top - (n + 0.5) * lanes.height / rows.length;
        if (Math.abs(off) > 2) bad.push('row ' + n + ' is off its lane by ' + off);
    }
    return bad.join('; ')";

#[test]
fn there_is_room_for_what_is_done_and_for_what_is_seen_below() -> Result<()> {
    let browser = view::open("#/play")?;
    browser.viewport(1440, 900)?;
    let press = |css: &str| browser.script(&format!("document.querySelector('{css}').click()"));
    for (voters, touch) in [(3, false), (9, false), (5, true)] {
        browser.devtools("Emulation.setTouchEmulationEnabled", &json!({ "enabled": touch }))?;
        browser.wait_for("#voters")?;
        browser.script(&format!(
            "const list = document.querySelector('#voters'); list.value = '{voters}';
             list.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        ))?;
        browser.wait_for(&format!("#row-{voters}:not(:has(~ #row-{}))", voters + 1))?;
        press("#do-faults")?;
        browser.wait_for(&format!("#part-faults:not(.away) #side-{voters}"))?;
        let mut heights = Vec::new();
        for tab in ["events", "tree", "charts", "diagram"] {
            press(&format!("#tab-{tab}"))?;
            browser.wait_for(&format!("[data-tab={tab}] .dock"))?;
            let height = "return document.querySelector('.dock').getBoundingClientRect().height";
            heights.push(browser.script(height)?.as_f64().context("no height")?);
        }
        ensure!(heights.iter().all(|height| *height == heights[0]), "{voters}: {heights:?}");
        browser.wait_for("#lanes svg")?;
        let bad = text(&browser, ROOM)?;
        // A finger needs more room than there is: then the column is scrolled.
        ensure!(
            bad.is_empty() || touch && bad.matches(';').count() == 0 && bad.contains("column"),
            "{voters}: {bad}"
        );
        picture(&browser, &format!("room-{voters}"))?;
    }
    console_is_empty(&browser)
}
