//! Every oracle whose rule no known mutant breaks must still be able to fail: a record is changed
//! before the oracles see it, or the healed phase is damaged.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;
use zabscope_core::base::{ClientId, Effect, Epoch, Link, NodeId, Sid, Zxid};
use zabscope_core::check::{Bounds, Oracle, Plan, tampered};
use zabscope_core::client::{Call as ClientCall, CallId, Reply};
use zabscope_core::ensemble::{Actor, Call, EnsembleSettings, Note, Timer};
use zabscope_core::proto::data::Acl;
use zabscope_core::proto::reply::Reply as Answer;
use zabscope_core::proto::request::{CreateOp, CreateRequest, Request};
use zabscope_core::proto::watch::EventType;
use zabscope_core::recipes::{self, Phase, Program, Turns};
use zabscope_core::server;
use zabscope_core::server::message::{Job, Msg, Packet};
use zabscope_core::sim::{Action, Directive, End, Fault, Kept, Micros, StepRecord, Wire};
use zabscope_core::zab::{self, Sound};

type Record = StepRecord<Actor>;

const HEALED_MS: u64 = 6_000;

fn server(sid: i64) -> NodeId {
    NodeId::Server(Sid(sid))
}

fn client(id: u32) -> NodeId {
    NodeId::Client(ClientId(id))
}

/// Three servers; client 1 reads and watches, client 2 writes, clients 3 and 4 take a lock.
fn base() -> Plan {
    let settings = EnsembleSettings { clients: 4, ..EnsembleSettings::default() };
    let healed = Micros::from_ms(HEALED_MS);
    let core = settings.sids().collect();
    let mut plan = Plan { settings, told: Vec::new(), healed, core };
    for node in plan.settings.sids().map(NodeId::Server).collect::<Vec<_>>() {
        act(&mut plan, 0, Action::Start(node));
    }
    for id in 1..=4 {
        act(&mut plan, 0, Action::Start(client(id)));
    }
    for id in 3..=4 {
        let turns = Turns { root: "/lock".into(), hold_ms: 300, rest_ms: 300 };
        act(&mut plan, 1_500, Action::Call(client(id), Call::Run(Program::Lock(turns))));
    }
    let create = CreateRequest {
        kind: CreateOp::Create,
        path: "/w".into(),
        data: None,
        acl: Some(Acl::open()),
        flags: 0,
    };
    let get = || Request::GetData { path: "/w".into(), watch: true };
    let set = |data: &'static [u8]| Request::SetData {
        path: "/w".into(),
        data: Some(data.into()),
        version: -1,
    };
    let calls = [
        (2, Request::Create(create)),
        (1, get()),
        (2, set(b"a")),
        (1, get()),
        (2, set(b"b")),
        (1, Request::Sync { path: "/".into() }),
        (1, get()),
        (2, set(b"c")),
    ];
    for (id, (who, request)) in (1_u64..).zip(calls) {
        let call = ClientCall::Request { id: CallId(id), request };
        act(&mut plan, 3_000 + 200 * id, Action::Call(client(who), Call::Client(call)));
    }
    let stop_ms = bounds(&plan).answered.0 / 1000 + 1;
    for id in 3..=4 {
        act(&mut plan, stop_ms, Action::Call(client(id), Call::Run(Program::None)));
    }
    plan
}

fn bounds(plan: &Plan) -> Bounds {
    Bounds::of(&plan.settings, plan.healed)
}

fn act(plan: &mut Plan, at_ms: u64, action: Action<Actor>) {
    plan.told.push((Micros::from_ms(at_ms), Directive::Act(action)));
    plan.told.sort_by_key(|(at, _)| *at);
}

fn found(plan: &Plan, mut tamper: impl FnMut(&mut Record)) -> Option<Oracle> {
    let report = tampered(plan, Sound, &mut tamper);
    report.violation.map(|violation| violation.oracle)
}

/// What is found if this changes an answer to the call `id`.
fn answered(id: u64, change: impl Fn(&mut CallId, &mut Zxid, &mut Answer)) -> Option<Oracle> {
    found(&base(), |record| {
        for effect in &mut record.effects {
            if let Effect::Reply(Reply::Done { id: of, zxid, result: Ok(answer) }) = effect
                && *of == CallId(id)
            {
                change(of, zxid, answer);
            }
        }
    })
}

/// What is found if this is done to the effects with the `number`th event of client 1.
fn event(number: usize, change: impl Fn(&mut Vec<Effect<Actor>>, usize)) -> Option<Oracle> {
    let mut seen = 0;
    found(&base(), |record| {
        let is_event = |effect: &Effect<Actor>| matches!(effect, Effect::Reply(Reply::Event { event, .. }) if event.path.to_str() == "/w");
        if let Some(at) = record.effects.iter().position(is_event) {
            seen += 1;
            if seen == number {
                change(&mut record.effects, at);
            }
        }
    })
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    assert_eq!(found(&base(), |_| ()), None);
}

#[test]
fn answers_that_are_wrong() {
    assert_eq!(answered(4, |id, _, _| *id = CallId(1)), Some(Oracle::FifoClientOrder));
    assert_eq!(answered(7, |_, zxid, _| *zxid = Zxid(1)), Some(Oracle::SessionMonotonic));
    let other = answered(4, |_, _, answer| {
        if let Answer::Data { data, .. } = answer {
            *data = Some(b"else"[..].into());
        }
    });
    assert_eq!(other, Some(Oracle::ReadAtZxid));
    assert_eq!(answered(5, |_, zxid, _| *zxid = zxid.next()), Some(Oracle::LinearizableWrites));
    // Client 2's write was committed between the two.
    let mut before = Zxid::ZERO;
    let stale = found(&base(), |record| {
        for effect in &mut record.effects {
            if let Effect::Reply(Reply::Done { id, zxid, result: Ok(_) }) = effect {
                match id.0 {
                    4 => before = *zxid,
                    6 => *zxid = before,
                    _ => {}
                }
            }
        }
    });
    assert_eq!(stale, Some(Oracle::SyncThenRead));
    let lost = found(&base(), |record| {
        let is_last =
            |e: &Effect<Actor>| matches!(e, Effect::Reply(Reply::Done { id, .. }) if id.0 == 8);
        record.effects.retain(|effect| !is_last(effect));
    });
    assert_eq!(lost, Some(Oracle::EveryOpAnswered));
}

#[test]
fn events_that_are_wrong() {
    let drop = |effects: &mut Vec<Effect<Actor>>, at: usize| {
        effects.remove(at);
    };
    assert_eq!(event(1, drop), Some(Oracle::WatchBeforeData));
    assert_eq!(event(3, drop), Some(Oracle::NoLostWatch));
    let twice =
        |effects: &mut Vec<Effect<Actor>>, at: usize| effects.insert(at, effects[at].clone());
    assert_eq!(event(1, twice), Some(Oracle::WatchAtMostOnce));
    let other = event(1, |effects, at| {
        if let Effect::Reply(Reply::Event { event, .. }) = &mut effects[at] {
            event.kind = EventType::Deleted;
        }
    });
    assert_eq!(other, Some(Oracle::WatchTrue));
    let older = event(2, |effects, at| {
        if let Effect::Reply(Reply::Event { zxid, .. }) = &mut effects[at] {
            *zxid = Zxid(1);
        }
    });
    assert_eq!(older, Some(Oracle::WatchOrder));
}

/// What is found if this changes the token of whoever is first.
fn token(mut change: impl FnMut(NodeId, &mut Option<Zxid>)) -> Option<Oracle> {
    found(&base(), |record| {
        let Some(node) = record.action().and_then(Action::node) else { return };
        for effect in &mut record.effects {
            if let Effect::Note(Note::Client(recipes::Note::Phase { phase: Phase::First, token })) =
                effect
            {
                change(node, token);
            }
        }
    })
}

#[test]
fn locks_that_two_hold() {
    assert_eq!(token(|_, token| *token = None), Some(Oracle::FencedExclusion));
    let mut first = None;
    let shared = token(|node, token| {
        let (owner, known) = *first.get_or_insert((node, *token));
        if owner != node {
            *token = known;
        }
    });
    assert_eq!(shared, Some(Oracle::FencedExclusion));
    let forged = token(|_, token| *token = token.map(Zxid::next));
    assert_eq!(forged, Some(Oracle::OneLeaderView));
    let silent = found(&base(), |record| {
        let late = record.at > Micros::from_ms(HEALED_MS);
        record.effects.retain(|effect| {
            !late || !matches!(effect, Effect::Note(Note::Client(recipes::Note::Phase { .. })))
        });
    });
    assert_eq!(silent, Some(Oracle::LockProgress));
}

#[test]
fn servers_that_lie() {
    let halt = found(&base(), |record| {
        if record.index == 50 {
            record.faults.push(Fault::Halt(server(1), "a lie"));
        }
    });
    assert_eq!(halt, Some(Oracle::ProcessSound));

    let mut plan = base();
    let order = Call::Server(server::Call::Snapshot);
    act(&mut plan, 5_000, Action::Call(server(1), order));
    let snapshot = found(&plan, |record| {
        for effect in &mut record.effects {
            if let Effect::Job(Job::Snapshot { zxid, .. }) = effect {
                *zxid = zxid.next();
            }
        }
    });
    assert_eq!(snapshot, Some(Oracle::SnapshotSound));

    let secret = found(&base(), |record| {
        record.effects.retain(|effect| !matches!(effect, Effect::Persist(zab::Write::Append(_))));
    });
    assert_eq!(secret, Some(Oracle::Integrity));

    let mut plan = base();
    act(&mut plan, 5_000, Action::Crash { node: server(3), kept: Kept::All });
    plan.core = vec![Sid(1), Sid(2)];
    let usurper = found(&plan, |record| {
        for effect in &mut record.effects {
            if let Effect::Note(Note::Server(server::Note::Zab(zab::Note::Established(epoch)))) =
                effect
            {
                *epoch = Epoch(1);
            }
        }
    });
    assert_eq!(usurper, Some(Oracle::LeadershipUnique));
}

#[test]
fn sessions_that_are_over_too_early() {
    let mut attached = None;
    let early = found(&base(), |record| {
        for note in record.notes() {
            if let Note::Server(server::Note::Attached { session, .. }) = note {
                attached = Some(*session);
            }
        }
        let ticks = |action: &Action<Actor>| {
            matches!(action, Action::Fire(node, Timer::Server(server::message::Timer::SessionTick))
                if *node == server(3))
        };
        if let Some(session) = attached.filter(|_| record.action().is_some_and(ticks)) {
            record.effects.push(Effect::Note(Note::Server(server::Note::Expired(session))));
        }
    });
    assert_eq!(early, Some(Oracle::ExpiryNotEarly));
}

#[test]
fn reigns_that_begin_wrongly() {
    let ahead = found(&base(), |record| {
        for item in &mut record.sent {
            if let Wire::Data(Msg::Packet(Packet::AckEpoch { last_zxid, .. })) = &mut item.wire {
                *last_zxid = Zxid::new(Epoch(7), 1);
            }
        }
    });
    assert_eq!(ahead, Some(Oracle::ElectedIsNewest));

    let writes = |record: &Record| record.effects.iter().any(|e| matches!(e, Effect::Persist(_)));
    let stranger = found(&base(), |record| {
        let late = record.at > Micros::from_ms(3_000) && writes(record);
        if let Some(item) = record.arrived.as_mut().filter(|_| late)
            && let Link::Quorum(sid) = &mut item.to.link
        {
            *sid = Sid(9);
        }
    });
    assert_eq!(stranger, Some(Oracle::SingleSource));
}

#[test]
fn bounds_that_are_missed() {
    let all = [server(1), server(2), server(3)];
    let cut = |plan: &mut Plan, at: Micros, node: NodeId| {
        let rest: Vec<NodeId> = all.into_iter().filter(|other| *other != node).collect();
        for directive in Directive::partition(&[node], &rest, true) {
            plan.told.push((at, directive));
        }
        plan.told.sort_by_key(|(at, _)| *at);
    };
    let ms = |at: Micros| at.0 / 1000;

    let mut plan = base();
    let dead = |plan: &mut Plan, sid: i64, at_ms: u64| {
        act(plan, at_ms, Action::Crash { node: server(sid), kept: Kept::All });
    };
    dead(&mut plan, 1, HEALED_MS);
    dead(&mut plan, 2, HEALED_MS);
    assert_eq!(found(&plan, |_| ()), Some(Oracle::LeaderInTime));

    let mut plan = base();
    let at = plan.healed;
    cut(&mut plan, at, server(1));
    assert_eq!(found(&plan, |_| ()), Some(Oracle::Served));

    // 3 leads, and has no time to notice.
    let mut plan = base();
    plan.core = vec![Sid(1), Sid(2)];
    let due = bounds(&plan).points().into_iter().map(|(at, _)| at).nth(1).unwrap();
    cut(&mut plan, Micros(due.0 - 3_000_000), server(3));
    assert_eq!(found(&plan, |_| ()), Some(Oracle::MinorityStops));

    let mut plan = base();
    let end_ms = ms(bounds(&plan).end);
    let set = Request::SetData { path: "/w".into(), data: None, version: -1 };
    let call = ClientCall::Request { id: CallId(9), request: set };
    act(&mut plan, end_ms - 5_000, Action::Call(client(2), Call::Client(call)));
    assert_eq!(found(&plan, |_| ()), Some(Oracle::Quiet));

    // 3 leads; the last COMMIT is late at 1, and the noise of it is not seen.
    let slow =
        Directive::Latency { from: server(3), to: server(1), base_us: 400_000, jitter_us: 0 };
    plan.told.insert(plan.told.len() - 1, (Micros::from_ms(end_ms - 5_001), slow));
    plan.told.last_mut().unwrap().0 = Micros::from_ms(end_ms - 200);
    let quiet = bounds(&plan).points()[5].0;
    let behind = found(&plan, |record| {
        if record.at > quiet {
            let committed = |e: &Effect<Actor>| {
                matches!(e, Effect::Note(Note::Server(server::Note::Zab(zab::Note::Committed(_)))))
            };
            record.effects.retain(|effect| !committed(effect));
            record.sent.retain(|item| !matches!(item.wire, Wire::Data(Msg::Packet(_))));
        }
    });
    assert_eq!(behind, Some(Oracle::Converged));

    let mut plan = base();
    act(&mut plan, end_ms - 500, Action::Crash { node: client(1), kept: Kept::All });
    assert_eq!(found(&plan, |_| ()), Some(Oracle::DeadSessionsClosed));

    let mut plan = base();
    act(&mut plan, end_ms - 1, Action::Reset(End::new(client(1), Link::Server(Sid(1)))));
    assert_eq!(found(&plan, |_| ()), Some(Oracle::Bounded));
}

#[test]
fn every_oracle_has_a_name() {
    let names: Arc<[&str]> = Oracle::ALL.iter().map(|(_, name)| *name).collect();
    for (oracle, name) in Oracle::ALL {
        assert_eq!((Oracle::find(name), oracle.name()), (Some(*oracle), *name));
        assert_eq!(names.iter().filter(|other| *other == name).count(), 1);
    }
}
