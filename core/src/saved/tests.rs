use super::bytes::{In, Out};
use super::*;
use crate::base::rng::Rng;
use crate::base::{ClientId, Link, NodeId, SessionId, Sid};
use crate::client::{self, CallId};
use crate::ensemble::{Call, Timer};
use crate::proto::Acl;
use crate::proto::request::{CreateOp, CreateRequest, Request};
use crate::recipes::{Program, Turns};
use crate::server;
use crate::sim::{Action, End, Hold, Kept, Settings};
use crate::zab;
use alloc::boxed::Box;
use alloc::format;
use std::println;

fn server(sid: i64) -> NodeId {
    NodeId::Server(Sid(sid))
}

fn client(id: u32) -> NodeId {
    NodeId::Client(ClientId(id))
}

fn create(path: &str) -> Request {
    Request::Create(CreateRequest {
        kind: CreateOp::Create,
        path: path.into(),
        data: Some(b"some words".to_vec().into()),
        acl: Some(Acl::open()),
        flags: 3,
    })
}

fn ask(id: u64, request: Request) -> Directive<Actor> {
    let call = client::Call::Request { id: CallId(id), request };
    Directive::Act(Action::Call(client(1), Call::Client(call)))
}

fn settings() -> EnsembleSettings {
    EnsembleSettings {
        observers: 1,
        clients: 2,
        tick_ms: 400,
        world: Settings {
            seed: u64::MAX,
            latency_us: 15_000,
            break_after_ms: Some(3_000),
            ..Settings::default()
        },
        ..EnsembleSettings::default()
    }
}

/// One of every kind of directive that can be saved.
fn every_kind() -> Vec<Directive<Actor>> {
    let end = End { node: server(1), link: Link::Quorum(Sid(3)) };
    let lock = Turns { root: "/lock".into(), hold_ms: 100, rest_ms: 50 };
    let run = |program| Directive::Act(Action::Call(client(2), Call::Run(program)));
    let call = |call| Directive::Act(Action::Call(client(1), Call::Client(call)));
    let timer = Timer::Server(server::message::Timer::Zab(zab::Timer::HalfTick));
    let order = |order| Directive::Act(Action::Call(server(3), Call::Server(order)));
    let mut all: Vec<_> = [
        Action::Start(server(2)),
        Action::Deliver(end),
        Action::Flush(server(1)),
        Action::Work(server(1)),
        Action::Fire(server(3), timer),
        Action::Crash { node: server(2), kept: Kept::First(3) },
        Action::Start(server(2)),
        Action::Crash { node: server(4), kept: Kept::All },
        Action::Break(server(1), server(3)),
        Action::Reset(end),
        Action::Cut(server(1), server(3)),
        Action::Heal(server(1), server(3)),
    ]
    .map(Directive::Act)
    .into();
    all.extend([
        run(Program::Lock(lock.clone())),
        run(Program::NaiveLock(lock)),
        run(Program::Election { root: "/office".into() }),
        run(Program::None),
        call(client::Call::Close),
        call(client::Call::Start),
        call(client::Call::MoveTo(Sid(2))),
        order(server::Call::ExpireSession(SessionId(i64::MIN))),
        order(server::Call::Snapshot),
        ask(7, create("/a-")),
        ask(8, Request::GetChildren2 { path: "/".into(), watch: true }),
        ask(9, Request::WhoAmI),
        Directive::SlowDisk(server(1), 40),
        Directive::ClockRate { node: server(1), num: 3, den: 2 },
        Directive::WallClock(server(2), -70_000),
        Directive::Latency { from: server(1), to: server(2), base_us: 1, jitter_us: 70_000 },
        Directive::Freeze(server(2)),
        Directive::Thaw(server(2)),
    ]);
    for hold in [Hold::Item(12), Hold::To(end), Hold::Between(server(1), client(2))] {
        all.extend([Directive::Hold(hold), Directive::Release(hold)]);
    }
    all
}

/// A run in which everything is done once.
fn lively() -> (EnsembleSettings, Sim<Actor>) {
    let settings = settings();
    let mut sim = Sim::new(settings.setup());
    sim.start_all();
    let mut at = Micros::from_ms(2_000);
    for directive in every_kind() {
        sim.run_until(at);
        sim.direct(directive);
        at = at.plus(37_000);
    }
    sim.run_until(at.plus(800_000));
    (settings, sim)
}

#[test]
fn a_run_of_every_kind_of_act_is_repeated_to_the_bit() {
    let (settings, sim) = lively();
    let saved = SavedRun { view: [1, 2, 3].into(), ..SavedRun::of(&settings, &sim) };
    let text = saved.to_text().unwrap();
    let read = SavedRun::from_text(&text).unwrap();
    assert_eq!(format!("{saved:?}"), format!("{read:?}"));
    assert_eq!(read.to_text().unwrap(), text);
    let again = read.replay().unwrap();
    assert_eq!((again.index(), again.now()), (sim.index(), sim.now()));
    assert_eq!((again.hash(), read.hash), (sim.hash(), sim.hash()));
}

#[test]
fn a_link_holds_two_hundred_acts() {
    let settings = settings();
    let mut sim = Sim::new(settings.setup());
    sim.start_all();
    let mut rng = Rng::new(5);
    let mut at = Micros::from_ms(2_000);
    for place in 0..200 {
        at = at.plus(rng.below(700_000));
        sim.run_until(at);
        let index = sim.index();
        sim.direct(match place % 4 {
            0 => Directive::Act(Action::Crash { node: server(1 + place % 3), kept: Kept::All }),
            1 => Directive::Act(Action::Start(server(1 + (place - 1) % 3))),
            2 => Directive::Act(Action::Cut(server(1), server(3))),
            _ => ask(index, create(&format!("/queue/item-{place}"))),
        });
    }
    let text = SavedRun::of(&settings, &sim).to_text().unwrap();
    println!("200 acts, 50 of them creates: {} characters", text.len());
    assert!(text.len() < 2_600, "{}", text.len());
}

#[test]
fn a_server_that_was_added_by_hand_is_refused() {
    let settings = settings();
    let mut sim = Sim::new(settings.setup());
    let config = Box::new(settings.server_config(Sid(9)));
    sim.direct(Directive::Add(server(9), crate::ensemble::Config::Server(config)));
    assert_eq!(SavedRun::of(&settings, &sim).to_text(), Err(SavedError::Unsaved));
}

#[test]
fn every_damaged_letter_is_noticed() {
    let (settings, sim) = lively();
    let text = SavedRun::of(&settings, &sim).to_text().unwrap();
    assert!(SavedRun::from_text(&text).is_ok());
    for place in 0..text.len() {
        let mut letters = Vec::from(text.as_bytes());
        letters[place] = if letters[place] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(letters).unwrap();
        assert!(SavedRun::from_text(&other).is_err(), "letter {place}");
        assert!(SavedRun::from_text(&text[..place]).is_err(), "the first {place}");
    }
    let told = |text: &str| SavedRun::from_text(text).unwrap_err();
    assert_eq!(told(""), SavedError::Alien);
    assert_eq!(told("2.abc"), SavedError::Format(2));
    assert_eq!(told("x.abc"), SavedError::Alien);
    assert_eq!(told("1.a!"), SavedError::Alien);
    assert_eq!(SavedRun::decode(&pack::pack(&[2, 0])).unwrap_err(), SavedError::Format(2));
}

#[test]
fn a_run_that_nobody_can_begin_is_refused() {
    let changes: [fn(&mut EnsembleSettings); 6] = [
        |settings| settings.voters = 0,
        |settings| settings.voters = 200,
        |settings| settings.tick_ms = 0,
        |settings| settings.world.jitter_us = u64::MAX >> 1,
        |settings| settings.sync_limit = 0,
        |settings| settings.world.wall_start_ms = i64::MIN,
    ];
    for change in changes {
        let mut wrong = settings();
        change(&mut wrong);
        let mut out = Out::default();
        settings::put_all(&wrong, &mut out);
        let mut input = In::new(&out.0);
        settings::take(&mut input);
        assert!(matches!(input.finish(), Err(SavedError::Value(_))), "{input:?}");
    }
    let mut out = Out::default();
    out.number(99);
    let mut input = In::new(&out.0);
    settings::take(&mut input);
    assert_eq!(input.finish(), Err(SavedError::Setting(99)));
}

/// Random bytes, and runs with random changes and a right checksum: no panic, also when what
/// comes out is replayed. `SEEDS=100000` tries more.
#[test]
fn any_bytes_are_a_run_or_refused() {
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3_000);
    let (settings, sim) = lively();
    let good = SavedRun::of(&settings, &sim).encode().unwrap();
    let good = pack::unpack(&good, BYTES_MAX).unwrap();
    let (mut runs, mut refused, mut replayed) = (0, 0, 0);
    for seed in 0..seeds {
        let mut rng = Rng::new(seed);
        let mut bytes = good[..good.len() - 4].to_vec();
        for _ in 0..=rng.below(4) {
            let place = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            let byte = (rng.next_u64() >> 16 & 0xff) as u8;
            match rng.below(3) {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        let sum = crc32(&[&bytes]);
        bytes.extend_from_slice(&sum.to_be_bytes());
        match SavedRun::decode(&pack::pack(&bytes)) {
            Err(_) => refused += 1,
            Ok(mut run) => {
                runs += 1;
                run.index = run.index.min(700);
                replayed += u64::from(run.replay().is_ok());
            }
        }
        let noise: Vec<u8> =
            (0..rng.below(60)).map(|_| (rng.next_u64() >> 16 & 0xff) as u8).collect();
        assert!(SavedRun::decode(&noise).is_err());
    }
    println!("{runs} runs, {replayed} of them replayed, {refused} refused");
    assert!(runs > seeds / 30 && refused > seeds / 10 && replayed > 0);
}
