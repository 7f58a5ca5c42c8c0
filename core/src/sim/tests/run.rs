//! The simulation: time, order, directives, and the way back.

use super::toy::{Call, Config, Msg, Timer, Toy, busy_nodes, client, quorum, server};
use crate::base::rng::Rng;
use crate::base::{Link, Millis, NodeId, Sid};
use crate::sim::{
    Action, Cause, Directive, End, Fault, Hold, Kept, Micros, Settings, Setup, Sim, StepRecord,
};
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

fn setup(seed: u64) -> Setup<Toy> {
    let settings = Settings { seed, break_after_ms: Some(3_000), ..Settings::default() };
    Setup { settings, nodes: busy_nodes(), disks: Vec::new() }
}

fn quiet(nodes: &[NodeId]) -> Sim<Toy> {
    let nodes = nodes.iter().map(|node| (*node, Config::default())).collect();
    let settings = Settings { jitter_us: 0, disk_jitter_us: 0, ..Settings::default() };
    let mut sim = Sim::new(Setup { settings, nodes, disks: Vec::new() });
    sim.start_all();
    sim
}

fn pair() -> Sim<Toy> {
    let mut sim = quiet(&[server(1), server(2)]);
    call(&mut sim, server(2), Call::Connect(quorum(1)));
    settle(&mut sim);
    sim
}

fn call(sim: &mut Sim<Toy>, node: NodeId, order: Call) -> StepRecord<Toy> {
    sim.direct(Directive::Act(Action::Call(node, order)))
}

fn settle(sim: &mut Sim<Toy>) {
    while sim.step().is_some() {}
}

fn heard(sim: &Sim<Toy>, node: NodeId) -> Vec<&str> {
    let process = sim.world().process(node).expect("it runs");
    process.heard.iter().map(String::as_str).collect()
}

/// Everything that the engine's state prints; equal text is taken for an equal state.
fn picture(sim: &Sim<Toy>) -> String {
    format!("{:?} {:?} {} {:x}", sim.world(), sim.now(), sim.index(), sim.hash())
}

const AT_1: End = End::new(server(1), quorum(2));
const AT_2: End = End::new(server(2), quorum(1));

/// A run with every kind of directive in it, at times drawn from the seed.
fn eventful(seed: u64, steps: u64) -> Sim<Toy> {
    let mut sim = Sim::new(setup(seed));
    sim.start_all();
    let mut rng = Rng::new(seed ^ 0xfeed);
    let nodes = [server(1), server(2), server(3), client(7)];
    while sim.index() < steps {
        if rng.below(10) > 0 {
            if sim.step().is_none() {
                let at = sim.now().plus(100_000);
                sim.run_until(at);
            }
            continue;
        }
        let mut pick = || nodes[usize::try_from(rng.below(4)).expect("small")];
        let (node, other) = (pick(), pick());
        let hold = Hold::Between(node, other);
        let directive = match rng.below(16) {
            0 => Directive::Act(Action::Crash { node, kept: Kept::NONE }),
            1 => Directive::Act(Action::Crash { node, kept: Kept::All }),
            2..=4 => Directive::Act(Action::Start(node)),
            5 => Directive::Act(Action::Cut(node, other)),
            6 => Directive::Act(Action::Heal(node, other)),
            7 => Directive::Act(Action::Break(node, other)),
            8 => Directive::Hold(hold),
            9 => Directive::Release(hold),
            10 => Directive::Freeze(node),
            11 => Directive::Thaw(node),
            12 => Directive::SlowDisk(node, 20),
            13 => Directive::ClockRate { node, num: 3, den: 2 },
            14 => Directive::Act(Action::Call(node, Call::Count)),
            _ => Directive::Latency { from: node, to: other, base_us: 30_000, jitter_us: 9_000 },
        };
        sim.direct(directive);
        if rng.below(4) == 0 {
            let at = sim.now().plus(rng.below(50_000));
            sim.run_until(at);
        }
    }
    sim
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..20 {
        assert_eq!(picture(&eventful(seed, 600)), picture(&eventful(seed, 600)));
    }
    let quiet_run = |seed| {
        let mut sim = Sim::new(setup(seed));
        sim.start_all();
        sim.run_until(Micros::from_ms(2_000));
        sim.hash()
    };
    assert_ne!(quiet_run(1), quiet_run(2), "latencies come from the seed");
}

#[test]
fn a_tape_replays_to_the_identical_run() {
    for seed in 0..30 {
        let mut sim = eventful(seed, 800);
        let mut again = Sim::replay(sim.tape().clone());
        again.seek(sim.index());
        // The clock may stand later than the last step: that is no part of the run.
        sim.seek(sim.index() - 1);
        sim.seek(again.index());
        assert_eq!(picture(&sim), picture(&again), "seed {seed}");
    }
}

#[test]
fn seeking_equals_running_straight() {
    let mut sim = eventful(5, 1_500);
    let mut straight = Sim::replay(sim.tape().clone());
    let mut pictures = vec![picture(&straight)];
    while straight.index() < 1_500 {
        straight.step().expect("the tape goes on");
        pictures.push(picture(&straight));
    }
    for index in [1_499, 3, 700, 701, 256, 255, 257, 0, 1_500, 1_024, 512] {
        assert_eq!(sim.seek(index), index);
        assert_eq!(picture(&sim), pictures[usize::try_from(index).expect("small")], "at {index}");
    }
    assert_eq!(sim.end(), 1_500);
}

#[test]
fn a_branch_has_the_past_and_another_future() {
    let sim = eventful(6, 600);
    let told = |sim: &Sim<Toy>| sim.tape().entries().iter().filter(|e| e.index < 300).count();
    let mut branch = sim.branch(300);
    assert_eq!(branch.index(), 300);
    assert_eq!(branch.tape().entries().len(), told(&sim));
    let mut past = sim;
    past.seek(300);
    assert_eq!(picture(&branch), picture(&past));
    for node in [1, 2, 3] {
        branch.direct(Directive::Thaw(server(node)));
        branch.direct(Directive::Act(Action::Crash { node: server(node), kept: Kept::All }));
    }
    branch.run_until(branch.now().plus(500_000));
    past.run_until(past.now().plus(500_000));
    assert_ne!(branch.hash(), past.hash());
    let mut again = Sim::replay(branch.tape().clone());
    again.seek(branch.index());
    assert_eq!(again.hash(), branch.hash(), "a branch replays from its own tape");
}

#[test]
fn a_directive_in_the_past_drops_the_future() {
    let mut sim = eventful(7, 1_100);
    sim.seek(520);
    sim.direct(Directive::Act(Action::Crash { node: server(2), kept: Kept::NONE }));
    assert_eq!((sim.end(), sim.index()), (521, 521));
    for node in [1, 2, 3] {
        sim.direct(Directive::Act(Action::Start(server(node))));
    }
    while sim.index() < 1_050 {
        sim.step().expect("the servers go on pinging");
    }
    let (end, hash) = (sim.index(), sim.hash());
    sim.seek(10);
    sim.seek(end);
    assert_eq!(sim.hash(), hash, "no keyframe of the dropped future is left");
}

#[test]
fn directives_can_be_told_again_by_time_and_any_part_of_them_is_a_run() {
    let sim = eventful(8, 600);
    let entries = sim.tape().entries().iter();
    let told: Vec<_> = entries.map(|e| (Micros(e.at_us), e.directive.clone())).collect();
    for skipped in 0..told.len().min(20) {
        let mut part = told.clone();
        part.remove(skipped);
        let sim = Sim::<Toy>::retell(setup(8), &part);
        assert_eq!(sim.tape().entries().len(), part.len());
        assert!(Sim::<Toy>::retell(setup(8), &part).hash() == sim.hash());
    }
}

#[test]
fn time_goes_forward_and_messages_keep_their_order() {
    let mut sim = Sim::new(setup(3));
    sim.start_all();
    let (mut last, mut data) = (Micros(0), 0);
    while let Some(record) = sim.step_until(Micros::from_ms(5_000)) {
        assert!(record.at >= last);
        last = record.at;
        data += record.sent.len();
    }
    assert!(data > 500, "{data}");
    for node in [1, 2, 3] {
        let process = sim.world().process(server(node)).expect("it runs");
        let pings: Vec<&String> = process.heard.iter().filter(|h| h.starts_with("Ping")).collect();
        assert!(pings.len() > 80, "{} at {node}", pings.len());
    }
    assert!(sim.faults().is_empty());
}

#[test]
fn an_item_takes_its_latency_and_a_write_its_sync() {
    let mut sim = pair();
    let start = sim.now();
    let sent = call(&mut sim, server(2), Call::Say(quorum(1), 5)).sent;
    assert_eq!(sim.arrival_at(AT_1, sent[0].id), Some(start.plus(500)));
    let arrived = sim.step().expect("it arrives");
    assert_eq!(
        (arrived.at, arrived.arrived.map(|item| item.id)),
        (start.plus(500), Some(sent[0].id))
    );
    assert_eq!(sim.step().map(|record| record.at), Some(start.plus(2_500)));
    assert_eq!(sim.step().map(|record| record.at), Some(start.plus(3_000)));
}

#[test]
fn writes_that_come_during_a_sync_share_the_next_one() {
    let mut sim = pair();
    let start = sim.now();
    call(&mut sim, server(1), Call::Persist(1));
    sim.run_until(start.plus(1_000));
    for number in [2, 3, 4] {
        call(&mut sim, server(1), Call::Persist(number));
    }
    let times: Vec<u64> =
        core::iter::from_fn(|| sim.step()).map(|record| record.at.0 - start.0).collect();
    assert_eq!(times, [2_000, 4_000, 4_000, 4_000]);
    sim.direct(Directive::SlowDisk(server(1), 10));
    let start = sim.now();
    call(&mut sim, server(1), Call::Persist(5));
    assert_eq!(sim.step().map(|record| record.at), Some(start.plus(20_000)));
}

#[test]
fn a_crash_loses_what_is_not_durable_and_a_restart_finds_the_rest() {
    let mut sim = pair();
    call(&mut sim, server(1), Call::Persist(1));
    settle(&mut sim);
    call(&mut sim, server(1), Call::Persist(2));
    sim.run_until(sim.now().plus(1_000));
    sim.direct(Directive::Act(Action::Crash { node: server(1), kept: Kept::NONE }));
    sim.direct(Directive::Act(Action::Start(server(1))));
    // The sync of the dead process must not serve the new one's write.
    let start = sim.now();
    call(&mut sim, server(1), Call::Persist(3));
    let durable = core::iter::from_fn(|| sim.step())
        .find(|record| matches!(record.action(), Some(Action::Flush(_))));
    assert_eq!(durable.map(|record| record.at), Some(start.plus(2_000)));
    assert_eq!(sim.world().process(server(1)).map(|toy| toy.found.clone()), Some(vec![1]));
    assert_eq!(sim.world().slot(server(1)).map(|slot| slot.disk().clone()), Some(vec![1, 3]));
}

#[test]
fn what_a_cut_holds_arrives_in_order_after_the_heal() {
    let mut sim = pair();
    for directive in Directive::partition(&[server(1)], &[server(2)], true) {
        assert!(sim.direct(directive).applied);
    }
    for number in [1, 2, 3] {
        call(&mut sim, server(2), Call::Say(quorum(1), number));
        sim.run_until(sim.now().plus(100_000));
    }
    assert_eq!(heard(&sim, server(1)).len(), 1);
    assert_eq!(sim.next_at(), None);
    sim.direct(Directive::Act(Action::Heal(server(2), server(1))));
    settle(&mut sim);
    assert_eq!(heard(&sim, server(1))[1..], ["Ping(1)", "Ping(2)", "Ping(3)"]);
    assert_eq!(heard(&sim, server(2)).len(), 1, "the other way is still cut");
    sim.direct(Directive::Act(Action::Heal(server(1), server(2))));
    settle(&mut sim);
    assert_eq!(heard(&sim, server(2))[1..], ["Pong(1)", "Pong(2)", "Pong(3)"]);
}

#[test]
fn a_long_cut_ends_streams_at_both_ends_and_a_short_one_does_not() {
    for (cut_ms, ended) in [(2_900, false), (3_100, true)] {
        let mut sim = Sim::new(Setup {
            settings: Settings { break_after_ms: Some(3_000), ..Settings::default() },
            nodes: vec![(server(1), Config::default()), (server(2), Config::default())],
            disks: Vec::new(),
        });
        sim.start_all();
        call(&mut sim, server(2), Call::Connect(quorum(1)));
        settle(&mut sim);
        let start = sim.now();
        sim.direct(Directive::Act(Action::Cut(server(1), server(2))));
        sim.run_until(start.plus(Micros::from_ms(cut_ms).0));
        sim.direct(Directive::Act(Action::Heal(server(1), server(2))));
        sim.run_until(start.plus(Micros::from_ms(9_000).0));
        assert_eq!(heard(&sim, server(1)).len(), if ended { 2 } else { 1 });
        assert_eq!(heard(&sim, server(2)).len(), if ended { 2 } else { 1 });
    }
}

#[test]
fn connecting_is_refused_by_the_dead_and_times_out_behind_a_cut() {
    let mut sim = quiet(&[server(1), server(2), server(3)]);
    sim.direct(Directive::Act(Action::Crash { node: server(1), kept: Kept::All }));
    sim.direct(Directive::Act(Action::Cut(server(2), server(3))));
    let start = sim.now();
    call(&mut sim, server(2), Call::Connect(quorum(1)));
    call(&mut sim, server(2), Call::Connect(quorum(3)));
    sim.run_until(start.plus(1_000));
    assert_eq!(heard(&sim, server(2)), ["-Quorum(Sid(1))"]);
    sim.run_until(start.plus(4_999_999));
    assert_eq!(heard(&sim, server(2)).len(), 1);
    sim.run_until(start.plus(5_000_000));
    assert_eq!(heard(&sim, server(2)), ["-Quorum(Sid(1))", "-Quorum(Sid(3))"]);
}

#[test]
fn a_syn_that_ends_an_older_stream_opens_the_new_one_without_help() {
    let mut sim = pair();
    assert!(sim.direct(Directive::Act(Action::Reset(AT_2))).applied);
    let start = sim.now();
    call(&mut sim, server(2), Call::Connect(quorum(1)));
    sim.run_until(start.plus(1_000));
    assert_eq!(heard(&sim, server(1)), ["+Quorum(Sid(2))", "-Quorum(Sid(2))", "+Quorum(Sid(2))"]);
    assert_eq!(heard(&sim, server(2)).last(), Some(&"+Quorum(Sid(1))"));
}

#[test]
fn a_held_item_stops_those_behind_it_until_it_is_released() {
    let mut sim = pair();
    let first = call(&mut sim, server(2), Call::Say(quorum(1), 1)).sent[0].id;
    call(&mut sim, server(2), Call::Say(quorum(1), 2));
    call(&mut sim, server(1), Call::Say(quorum(2), 3));
    sim.direct(Directive::Hold(Hold::Item(first)));
    settle(&mut sim);
    assert_eq!(heard(&sim, server(1)).len(), 1);
    assert_eq!(heard(&sim, server(2))[1..], ["Ping(3)"]);
    assert!(sim.direct(Directive::Release(Hold::Item(first))).applied);
    settle(&mut sim);
    assert_eq!(heard(&sim, server(1))[1..], ["Ping(1)", "Ping(2)", "Pong(3)"]);
}

#[test]
fn a_held_item_that_is_not_due_yet_keeps_its_time() {
    let mut sim = pair();
    let start = sim.now();
    let item = call(&mut sim, server(2), Call::Say(quorum(1), 1)).sent[0].id;
    sim.direct(Directive::Hold(Hold::To(AT_1)));
    assert!(sim.step().is_none());
    sim.run_until(start.plus(100));
    sim.direct(Directive::Release(Hold::To(AT_1)));
    let record = sim.step().expect("it arrives");
    assert_eq!((record.at, record.arrived.map(|it| it.id)), (start.plus(500), Some(item)));
}

#[test]
fn a_person_can_deliver_what_is_held_and_what_is_not_due() {
    let mut sim = pair();
    call(&mut sim, server(2), Call::Say(quorum(1), 1));
    sim.direct(Directive::Hold(Hold::Between(server(2), server(1))));
    let record = sim.direct(Directive::Act(Action::Deliver(AT_1)));
    assert!(record.applied && matches!(record.cause, Cause::Told(_)));
    assert!(sim.direct(Directive::Act(Action::Flush(server(1)))).applied);
    assert!(sim.direct(Directive::Act(Action::Deliver(AT_2))).applied);
    assert!(!sim.direct(Directive::Act(Action::Deliver(AT_2))).applied);
    assert_eq!(sim.next_at(), None, "what was done by hand does not happen again");
}

#[test]
fn a_hold_keeps_packets_and_not_the_news_of_a_break() {
    let mut sim = pair();
    for (from, to) in [(server(1), server(2)), (server(2), server(1))] {
        sim.direct(Directive::Hold(Hold::Between(from, to)));
    }
    call(&mut sim, server(2), Call::Say(quorum(1), 1));
    settle(&mut sim);
    assert!(sim.direct(Directive::Act(Action::Break(server(1), server(2)))).applied);
    settle(&mut sim);
    assert_eq!(heard(&sim, server(1)), ["+Quorum(Sid(2))", "-Quorum(Sid(2))"]);
    assert_eq!(heard(&sim, server(2)), ["+Quorum(Sid(1))", "-Quorum(Sid(1))"]);
}

#[test]
fn a_frozen_process_catches_up_in_order() {
    let mut sim = pair();
    call(&mut sim, server(1), Call::SetTimer(1, 50));
    call(&mut sim, server(1), Call::Persist(8));
    call(&mut sim, server(1), Call::Count);
    call(&mut sim, server(2), Call::Say(quorum(1), 1));
    sim.direct(Directive::Freeze(server(1)));
    assert!(!sim.direct(Directive::Freeze(server(1))).applied);
    sim.run_until(sim.now().plus(200_000));
    assert_eq!(heard(&sim, server(1)).len(), 1);
    assert_eq!(sim.world().slot(server(1)).map(|slot| slot.writes().len()), Some(1));
    let thawed = sim.now();
    sim.direct(Directive::Thaw(server(1)));
    let late: Vec<_> = core::iter::from_fn(|| sim.step()).take(4).collect();
    assert!(late.iter().all(|record| record.at == thawed));
    let process = sim.world().process(server(1)).expect("it runs");
    assert_eq!(process.fired_at.len(), 1);
    settle(&mut sim);
    assert_eq!(heard(&sim, server(1))[1..], ["Ping(1)"]);
    assert_eq!(heard(&sim, server(2))[1..], ["Pong(1)"]);
}

#[test]
fn a_frozen_timer_that_was_set_again_does_not_fire_early() {
    let mut sim = pair();
    call(&mut sim, server(1), Call::SetTimer(1, 50));
    sim.direct(Directive::Freeze(server(1)));
    sim.run_until(sim.now().plus(60_000));
    call(&mut sim, server(2), Call::SetTimer(2, 1));
    settle(&mut sim);
    let set = sim.now();
    call(&mut sim, server(1), Call::SetTimer(1, 50));
    sim.direct(Directive::Thaw(server(1)));
    let record = sim.step().expect("it fires");
    assert_eq!(record.at, set.plus(50_000));
}

#[test]
fn a_clock_of_half_speed_doubles_its_timers_and_keeps_what_is_left() {
    let mut sim = pair();
    let rate = |num, den| Directive::ClockRate { node: server(1), num, den };
    let start = sim.now();
    call(&mut sim, server(1), Call::SetTimer(1, 100));
    assert_eq!(sim.timer_at(server(1), Timer::Once(1)), Some(start.plus(100_000)));
    sim.run_until(start.plus(40_000));
    let before = sim.clocks_of(server(1)).mono;
    sim.direct(rate(1, 2));
    assert_eq!(sim.timer_at(server(1), Timer::Once(1)), Some(start.plus(160_000)));
    assert_eq!(sim.step().map(|record| record.at), Some(start.plus(160_000)));
    assert_eq!(sim.clocks_of(server(1)).mono, before + Millis(60));
    let fired = &sim.world().process(server(1)).expect("it runs").fired_at;
    assert_eq!(fired[0].1.mono, before + Millis(60));
    let set = sim.now();
    call(&mut sim, server(1), Call::SetTimer(2, 100));
    call(&mut sim, server(2), Call::SetTimer(3, 100));
    assert_eq!(sim.timer_at(server(1), Timer::Once(2)), Some(set.plus(200_000)));
    assert_eq!(sim.timer_at(server(2), Timer::Once(3)), Some(set.plus(100_000)));
    assert!(!sim.direct(rate(1, 0)).applied);
    sim.direct(Directive::WallClock(server(2), -5_000));
    let (one, two) = (sim.clocks_of(server(1)), sim.clocks_of(server(2)));
    assert_eq!(one.wall_ms - two.wall_ms, 5_000);
}

#[test]
fn a_timer_fires_once_early_late_or_by_hand() {
    let mut sim = pair();
    call(&mut sim, server(1), Call::SetTimer(1, 100));
    call(&mut sim, server(1), Call::SetTimer(1, 300));
    call(&mut sim, server(1), Call::SetTimer(2, 100));
    sim.direct(Directive::Act(Action::Fire(server(1), Timer::Once(2))));
    let start = sim.now();
    settle(&mut sim);
    let fired = &sim.world().process(server(1)).expect("it runs").fired_at;
    let names: Vec<Timer> = fired.iter().map(|(timer, _)| *timer).collect();
    assert_eq!(names, [Timer::Once(2), Timer::Once(1)]);
    assert_eq!(sim.now(), start.plus(300_000));
}

#[test]
fn a_client_talks_through_its_server_and_is_told_when_it_dies() {
    let mut sim = quiet(&[server(1), client(7)]);
    let link = Link::Server(Sid(1));
    call(&mut sim, client(7), Call::Connect(link));
    settle(&mut sim);
    call(&mut sim, client(7), Call::Say(link, 4));
    settle(&mut sim);
    sim.direct(Directive::Act(Action::Crash { node: server(1), kept: Kept::NONE }));
    settle(&mut sim);
    assert_eq!(heard(&sim, client(7)), ["+Server(Sid(1))", "Pong(4)", "-Server(Sid(1))"]);
}

#[test]
fn a_paused_link_goes_on_with_resume() {
    let mut sim = pair();
    call(&mut sim, server(1), Call::Pause(quorum(2)));
    call(&mut sim, server(2), Call::Say(quorum(1), 1));
    call(&mut sim, server(2), Call::Say(quorum(1), 2));
    settle(&mut sim);
    assert_eq!(heard(&sim, server(1)).len(), 1);
    call(&mut sim, server(1), Call::Resume(quorum(2)));
    settle(&mut sim);
    assert_eq!(heard(&sim, server(1))[1..], ["Ping(1)", "Ping(2)"]);
}

#[test]
fn faults_are_reported_by_the_step_and_kept() {
    let check = |message: &Msg| match message {
        Msg::Ping(13) => Err("thirteen does not survive its encoding".into()),
        Msg::Ping(_) | Msg::Pong(_) => Ok(()),
    };
    let mut sim = pair().check_messages(check);
    assert!(call(&mut sim, server(2), Call::Say(quorum(1), 12)).faults.is_empty());
    let record = call(&mut sim, server(2), Call::Say(quorum(1), 13));
    assert!(matches!(record.faults[..], [Fault::Message(node, _)] if node == server(2)));
    let record = call(&mut sim, server(1), Call::Halt);
    assert_eq!(record.faults, [Fault::Halt(server(1), "told to")]);
    assert!(sim.world().process(server(1)).is_none());
    assert_eq!((sim.faults().len(), sim.fault_count()), (2, 2));
    sim.seek(record.index);
    assert_eq!(sim.faults().len(), 1, "faults belong to the moment");
}

#[test]
fn a_node_can_be_added_later() {
    let mut sim = pair();
    assert!(sim.direct(Directive::Add(client(9), Config::default())).applied);
    assert!(!sim.direct(Directive::Add(client(9), Config::default())).applied);
    sim.start_all();
    assert!(sim.world().process(client(9)).is_some());
    let mut again = Sim::replay(sim.tape().clone());
    again.seek(sim.index());
    assert_eq!(again.hash(), sim.hash());
}

/// The same number natively and in wasm; a change of it is a change of every stored link.
#[test]
fn the_hash_of_a_known_run_is_known() {
    assert_eq!(eventful(1, 500).hash(), 2_459_609_555_225_207_373);
}
