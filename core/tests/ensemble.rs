//! Whole simulated ensembles: servers, clients, faults.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use zabscope_core::base::rng::Rng;
use zabscope_core::base::{ClientId, NodeId, Sid, Zxid};
use zabscope_core::client::{self, CallId};
use zabscope_core::ensemble::{Actor, Call, EnsembleSettings, Note};
use zabscope_core::proto::Acl;
use zabscope_core::proto::reply::Reply;
use zabscope_core::proto::request::{CreateOp, CreateRequest, Request};
use zabscope_core::server::{self, Server, codec};
use zabscope_core::sim::{Action, Directive, Kept, Micros, Sim, StepRecord};
use zabscope_core::zab::{self, ServerState};

struct Lab {
    sim: Sim<Actor>,
    replies: BTreeMap<u64, Result<Reply, zabscope_core::proto::KeeperError>>,
    calls: u64,
}

fn s(sid: i64) -> NodeId {
    NodeId::Server(Sid(sid))
}

fn c(id: u32) -> NodeId {
    NodeId::Client(ClientId(id))
}

impl Lab {
    fn new(settings: &EnsembleSettings) -> Self {
        let mut sim = Sim::new(settings.setup()).check_messages(codec::check);
        sim.start_all();
        Self { sim, replies: BTreeMap::new(), calls: 0 }
    }

    fn server(&self, sid: i64) -> &Server {
        self.sim.world().process(s(sid)).and_then(Actor::server).expect("it runs")
    }

    fn run(&mut self, ms: u64) {
        let until = Micros(self.sim.now().0 + ms * 1000);
        while let Some(step) = self.sim.step_until(until) {
            self.look(&step);
        }
        self.sim.run_until(until);
    }

    fn look(&mut self, step: &StepRecord<Actor>) {
        let trace = std::env::var("TRACE").is_ok();
        for note in step.notes() {
            if trace {
                println!("{} {:?} {note:?}", step.at, step.action().and_then(Action::node));
            }
            assert!(
                !matches!(note, Note::Server(server::Note::DigestMismatch(_))),
                "{} {note:?}",
                step.at
            );
            if let Note::Server(server::Note::Zab(zab::Note::Leaving(why))) = note {
                assert!(!matches!(why, zab::Reason::Protocol(_)), "{} {why:?}", step.at);
            }
        }
        assert!(step.faults.is_empty(), "{} {:?}", step.at, step.faults);
        for reply in step.replies() {
            if let client::Reply::Done { id, result, .. } = reply {
                self.replies.insert(id.0, result.clone());
            }
        }
    }

    fn tell(&mut self, directive: Directive<Actor>) {
        let step = self.sim.direct(directive);
        self.look(&step);
    }

    fn call(&mut self, client: u32, request: Request) -> u64 {
        self.calls += 1;
        let call = client::Call::Request { id: CallId(self.calls), request };
        self.tell(Directive::Act(Action::Call(c(client), Call::Client(call))));
        self.calls
    }

    fn crash(&mut self, sid: i64, kept: Kept) {
        self.tell(Directive::Act(Action::Crash { node: s(sid), kept }));
    }

    fn start(&mut self, sid: i64) {
        self.tell(Directive::Act(Action::Start(s(sid))));
    }
}

fn create(path: &str, flags: i32) -> Request {
    Request::Create(CreateRequest {
        kind: CreateOp::Create,
        path: path.into(),
        data: Some(path.as_bytes().to_vec().into()),
        acl: Some(Acl::open()),
        flags,
    })
}

#[test]
fn three_servers_elect_and_reelect() {
    let mut lab = Lab::new(&EnsembleSettings::default());
    lab.run(3000);
    assert_eq!(lab.server(3).peer().state(), ServerState::Leading);
    for sid in 1..=3 {
        assert!(lab.server(sid).peer().is_serving(), "{sid}");
    }
    lab.crash(3, Kept::NONE);
    lab.run(20_000);
    assert_eq!(lab.server(2).peer().state(), ServerState::Leading);
    lab.start(3);
    lab.run(3000);
    assert_eq!(lab.server(3).peer().state(), ServerState::Following);
    assert!(lab.server(3).peer().is_serving());
}

#[test]
fn a_write_survives_its_leader_and_a_wiped_server_returns_by_snap() {
    let mut lab = Lab::new(&EnsembleSettings { clients: 2, ..EnsembleSettings::default() });
    lab.run(3000);
    let made = lab.call(1, create("/a", 0));
    lab.run(500);
    assert_eq!(lab.replies[&made], Ok(Reply::Path("/a".into())));
    lab.crash(3, Kept::All);
    lab.run(15_000);
    let again = lab.call(2, create("/b-", 3));
    lab.run(1000);
    assert_eq!(lab.replies[&again], Ok(Reply::Path("/b-0000000001".into())));
    lab.start(3);
    lab.run(2000);
    for sid in 1..=3 {
        assert!(lab.server(sid).image().tree.contains("/b-0000000001"), "{sid}");
    }
    let digests: Vec<i64> = (1..=3).map(|sid| lab.server(sid).image().tree.digest()).collect();
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
}

#[test]
fn a_dead_clients_ephemeral_vanishes_everywhere() {
    let mut lab = Lab::new(&EnsembleSettings { clients: 2, ..EnsembleSettings::default() });
    lab.run(3000);
    lab.call(1, create("/e", 1));
    lab.run(500);
    let watch = lab.call(2, Request::Exists { path: "/e".into(), watch: true });
    lab.run(500);
    assert!(lab.replies[&watch].is_ok());
    lab.tell(Directive::Act(Action::Crash { node: c(1), kept: Kept::All }));
    lab.run(30_000);
    for sid in 1..=3 {
        assert!(!lab.server(sid).image().tree.contains("/e"), "{sid}");
        assert_eq!(lab.server(sid).image().num_sessions(), 1);
    }
}

#[test]
fn a_flood_of_writes_is_throttled_and_answered_in_full() {
    let mut lab = Lab::new(&EnsembleSettings { clients: 3, ..EnsembleSettings::default() });
    lab.run(3000);
    let mut highest = 0;
    let calls: Vec<u64> =
        (0..900).map(|n| lab.call(1 + n % 3, create(&format!("/flood-{n}"), 0))).collect();
    for _ in 0..500 {
        lab.run(2);
        highest = highest.max((1..=3).map(|sid| lab.server(sid).outstanding()).max().unwrap());
    }
    assert!(highest > 100, "the pipeline was used: {highest}");
    assert!(highest <= 3 * 256, "no connection has more than its share: {highest}");
    for call in calls {
        assert!(matches!(lab.replies.get(&call), Some(Ok(Reply::Path(_)))), "{call}");
    }
}

/// Random faults, then a healed phase in which everybody must agree.
fn swarm(seed: u64) {
    let mut rng = Rng::new(seed);
    let voters = [3, 3, 5][usize::try_from(rng.below(3)).unwrap()];
    let mut settings = EnsembleSettings {
        voters,
        observers: u8::try_from(rng.below(2)).unwrap(),
        clients: 3,
        snap_count: [5, 50, 100_000][usize::try_from(rng.below(3)).unwrap()],
        ..EnsembleSettings::default()
    };
    settings.world.seed = seed;
    settings.world.disk_us = [500, 2_000, 50_000][usize::try_from(rng.below(3)).unwrap()];
    settings.world.latency_us = [200, 2_000, 40_000][usize::try_from(rng.below(3)).unwrap()];
    let mut lab = Lab::new(&settings);
    let nodes: Vec<i64> = settings.sids().map(|sid| sid.0).collect();
    let mut acknowledged: Vec<(u64, String)> = Vec::new();
    for round in 0..60 {
        lab.run(rng.below(3000));
        let path = format!("/n{round}");
        let client = 1 + u32::try_from(rng.below(3)).unwrap();
        let id = lab.call(client, create(&path, 0));
        acknowledged.push((id, path));
        let sid = nodes[usize::try_from(rng.below(nodes.len() as u64)).unwrap()];
        let other = nodes[usize::try_from(rng.below(nodes.len() as u64)).unwrap()];
        match rng.below(12) {
            0 => lab.crash(sid, Kept::NONE),
            1 => lab.crash(sid, Kept::All),
            2..=4 => lab.start(sid),
            5 if sid != other => lab.tell(Directive::Act(Action::Cut(s(sid), s(other)))),
            6 | 7 => lab.tell(Directive::Act(Action::Heal(s(sid), s(other)))),
            8 => lab.tell(Directive::Act(Action::Break(s(sid), s(other)))),
            _ => {}
        }
    }
    for a in &nodes {
        lab.start(*a);
        for b in &nodes {
            lab.tell(Directive::Act(Action::Heal(s(*a), s(*b))));
        }
    }
    lab.run(120_000);
    let leaders = nodes.iter().filter(|sid| lab.server(**sid).is_leader()).count();
    assert_eq!(leaders, 1, "seed {seed}");
    let first = lab.server(1).image();
    for sid in &nodes {
        assert!(lab.server(*sid).peer().is_serving(), "seed {seed}: {sid} serves");
        let image = lab.server(*sid).image();
        assert_eq!(image.tree.digest(), first.tree.digest(), "seed {seed}: {sid}");
        assert_eq!(image.zxid, first.zxid, "seed {seed}: {sid}");
    }
    assert!(first.zxid > Zxid::ZERO);
    for (id, path) in &acknowledged {
        if let Some(Ok(_)) = lab.replies.get(id) {
            assert!(first.tree.contains(path), "seed {seed}: {path} was acknowledged and is lost");
        }
    }
    let done = acknowledged.iter().filter(|(id, _)| matches!(lab.replies.get(id), Some(Ok(_))));
    assert!(done.count() > 5, "seed {seed}: hardly anything was written");
}

#[test]
fn random_faults_lose_no_acknowledged_write() {
    let (from, count) = match std::env::var("SEEDS") {
        Ok(text) => {
            let (from, count) = text.split_once('+').unwrap();
            (from.parse().unwrap(), count.parse().unwrap())
        }
        Err(_) => (0, 20),
    };
    for seed in from..from + count {
        swarm(seed);
    }
}
