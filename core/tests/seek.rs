//! Going to any moment of a long run: how long it takes, and what it costs in memory.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::disallowed_types, reason = "the time of this machine is what is measured")]

use std::time::{Duration, Instant};
use zabscope_core::base::limits::SIM_KEYFRAMES_BYTES_MAX;
use zabscope_core::base::rng::Rng;
use zabscope_core::base::{ClientId, NodeId};
use zabscope_core::client::{self, CallId};
use zabscope_core::ensemble::{Actor, Call, EnsembleSettings};
use zabscope_core::proto::Acl;
use zabscope_core::proto::request::{CreateOp, CreateRequest, Request};
use zabscope_core::sim::{Action, Directive, Sim};

/// Longest wait of 95 seeks of 100, in a run of 10,000 events.
const SEEK_P95: Duration = Duration::from_millis(50);

/// A busy run of so many events: five servers, two clients that write all the time.
fn busy(events: u64) -> Sim<Actor> {
    let settings = EnsembleSettings { voters: 5, clients: 2, ..EnsembleSettings::default() };
    let mut sim = Sim::new(settings.setup());
    sim.start_all();
    sim.run_until(zabscope_core::sim::Micros::from_ms(3_000));
    while sim.index() < events {
        let index = sim.index();
        let request = Request::Create(CreateRequest {
            kind: CreateOp::Create,
            path: format!("/znode-{index}").as_str().into(),
            data: Some(vec![7; 100].into()),
            acl: Some(Acl::open()),
            flags: 0,
        });
        let call = client::Call::Request { id: CallId(index), request };
        let client = NodeId::Client(ClientId(1 + u32::try_from(index % 2).unwrap()));
        sim.direct(Directive::Act(Action::Call(client, Call::Client(call))));
        sim.run_until(sim.now().plus(3_000));
    }
    sim
}

/// Memory of this process that is in use, kB. Linux only.
fn resident_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().split(' ').next()?.parse().ok()
}

#[test]
fn any_moment_of_ten_thousand_events_is_near() {
    let mut sim = busy(10_000);
    let mut rng = Rng::new(3);
    let mut times: Vec<Duration> = (0..300)
        .map(|_| {
            let wanted = rng.below(10_000);
            let started = Instant::now();
            assert_eq!(sim.seek(wanted), wanted);
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |percent: usize| times[times.len() * percent / 100];
    println!("seek in 10,000 events: median {:?}, p95 {:?}, longest {:?}", at(50), at(95), at(99));
    assert!(at(95) <= SEEK_P95, "{:?}", at(95));
}

#[test]
fn keyframes_have_a_ceiling() {
    let Some(before) = resident_kb() else { return };
    let events = std::env::var("EVENTS").map_or(60_000, |events| events.parse().unwrap());
    let sim = busy(events);
    let grown = (resident_kb().unwrap() - before) / 1024;
    let server = sim.world().slots().values().next().unwrap().process().unwrap().server().unwrap();
    let (znodes, estimate) = (server.image().tree.len(), sim.keyframe_bytes() / 1024 / 1024);
    println!("{events} events, {znodes} znodes: keyframes {estimate} MB, the process {grown} MB");
    assert!(sim.keyframe_bytes() <= SIM_KEYFRAMES_BYTES_MAX);
    // The run itself, its tape and five trees are in this as well.
    assert!(grown < 2 * SIM_KEYFRAMES_BYTES_MAX / 1024 / 1024, "{grown} MB");
}
