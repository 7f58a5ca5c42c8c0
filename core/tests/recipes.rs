//! Clients that run recipes in a simulated ensemble, under faults.
#![allow(clippy::unwrap_used, reason = "a test")]

use zabscope_core::base::rng::Rng;
use zabscope_core::base::{ClientId, NodeId, Sid, Zxid};
use zabscope_core::ensemble::{Actor, Call, EnsembleSettings, Note};
use zabscope_core::recipes::{self, Phase, Program, Turns, Worker};
use zabscope_core::server::codec;
use zabscope_core::sim::{Action, Directive, Kept, Micros, Sim, StepRecord};

/// Someone became the first.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Turn {
    client: u32,
    token: Zxid,
}

struct Lab {
    sim: Sim<Actor>,
    turns: Vec<Turn>,
}

const fn s(sid: i64) -> NodeId {
    NodeId::Server(Sid(sid))
}

const fn c(id: u32) -> NodeId {
    NodeId::Client(ClientId(id))
}

fn turns(root: &str) -> Turns {
    Turns { root: root.into(), hold_ms: 1000, rest_ms: 100 }
}

impl Lab {
    fn new(clients: u8, program: Program, seed: u64) -> Self {
        let mut settings = EnsembleSettings { clients, program, ..EnsembleSettings::default() };
        settings.world.seed = seed;
        let mut sim = Sim::new(settings.setup()).check_messages(codec::check);
        sim.start_all();
        Self { sim, turns: Vec::new() }
    }

    fn worker(&self, id: u32) -> &Worker {
        self.sim.world().process(c(id)).and_then(Actor::worker).expect("it runs")
    }

    fn run(&mut self, ms: u64) {
        let until = Micros(self.sim.now().0 + ms * 1000);
        while let Some(step) = self.sim.step_until(until) {
            self.look(&step);
        }
        self.sim.run_until(until);
    }

    fn look(&mut self, step: &StepRecord<Actor>) {
        assert!(step.faults.is_empty(), "{} {:?}", step.at, step.faults);
        for note in step.notes() {
            let Some(NodeId::Client(ClientId(client))) = step.action().and_then(Action::node)
            else {
                continue;
            };
            if std::env::var("TRACE").is_ok() {
                println!("{} c{client} {note:?}", step.at);
            }
            if let Note::Client(recipes::Note::Phase { phase, token }) = note {
                assert!(!matches!(phase, Phase::Failed(_)), "c{client} {phase:?}");
                if *phase == Phase::First {
                    self.turns.push(Turn { client, token: token.expect("a token") });
                }
            }
        }
        self.check_order();
    }

    /// Every holder has a larger token than all before it. So the lock was given to one after the
    /// other, whatever the clients believed at which time.
    fn check_order(&self) {
        if let [.., before, last] = self.turns.as_slice() {
            assert!(before.token < last.token, "{:?}", self.turns);
        }
    }

    fn act(&mut self, action: Action<Actor>) {
        let step = self.sim.direct(Directive::Act(action));
        self.look(&step);
    }

    fn holders(&self, clients: u32) -> Vec<u32> {
        let holds =
            |id: &u32| self.sim.world().process(c(*id)).is_some() && self.worker(*id).is_first();
        (1..=clients).filter(holds).collect()
    }

    fn wakeups(&self, clients: u32) -> u32 {
        (1..=clients).map(|id| self.worker(id).recipe().unwrap().counts().wakeups).sum()
    }

    fn children(&self, sid: i64, path: &str) -> usize {
        let server = self.sim.world().process(s(sid)).and_then(Actor::server).expect("it runs");
        server.image().tree.get(path).map_or(0, |znode| znode.num_children())
    }
}

#[test]
fn three_clients_take_a_lock_in_turn() {
    let mut lab = Lab::new(3, Program::Lock(turns("/locks/a")), 1);
    lab.run(20_000);
    assert!(lab.turns.len() > 12, "{:?}", lab.turns);
    let order: Vec<u32> = lab.turns.iter().map(|turn| turn.client).collect();
    for three in order.windows(3) {
        let mut sorted = three.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 2, 3], "{order:?}");
    }
}

#[test]
fn the_lock_goes_on_when_its_holder_dies() {
    let mut lab = Lab::new(3, Program::Lock(turns("/locks/a")), 2);
    lab.run(6000);
    let holder = loop {
        if let [holder] = lab.holders(3)[..] {
            break holder;
        }
        lab.run(10);
    };
    let before = lab.turns.len();
    lab.act(Action::Crash { node: c(holder), kept: Kept::All });
    lab.run(5000);
    assert_eq!(lab.turns.len(), before, "the session of the dead one lives");
    lab.run(15_000);
    assert!(lab.turns.len() > before + 5, "{:?}", lab.turns);
    assert!(lab.turns[before..].iter().all(|turn| turn.client != holder));
    assert_eq!(lab.children(1, "/locks/a"), 2);
    // It comes back with a new session and stands behind the others.
    lab.act(Action::Start(c(holder)));
    lab.run(6000);
    assert!(lab.turns[before..].iter().any(|turn| turn.client == holder));
}

#[test]
fn a_paused_holder_is_told_late_and_its_token_is_stale() {
    let mut lab = Lab::new(2, Program::Lock(turns("/locks/a")), 3);
    lab.run(5000);
    let holder = loop {
        if let [holder] = lab.holders(2)[..] {
            break holder;
        }
        lab.run(10);
    };
    let token = lab.worker(holder).recipe().unwrap().token().unwrap();
    lab.sim.direct(Directive::Freeze(c(holder)));
    lab.run(30_000);
    let other = lab.turns.last().copied().unwrap();
    assert_ne!(other.client, holder);
    assert!(other.token > token);
    assert_eq!(lab.worker(holder).recipe().unwrap().phase(), Phase::First, "it believes so");
    lab.sim.direct(Directive::Thaw(c(holder)));
    lab.run(10_000);
    assert!(lab.turns.iter().rev().take(4).any(|turn| turn.client == holder), "it goes on");
}

#[test]
fn a_leader_dies_and_the_lock_lives_on() {
    let mut lab = Lab::new(3, Program::Lock(turns("/locks/a")), 4);
    lab.run(6000);
    let before = lab.turns.len();
    lab.act(Action::Crash { node: s(3), kept: Kept::NONE });
    lab.run(25_000);
    assert!(lab.turns.len() > before + 5, "{:?}", lab.turns);
    lab.act(Action::Start(s(3)));
    lab.run(5000);
    // Nobody left a second znode behind.
    for sid in 1..=3 {
        assert!(lab.children(sid, "/locks/a") <= 3, "{sid}");
    }
}

#[test]
fn a_herd_wakes_for_every_turn() {
    const CLIENTS: u8 = 8;
    let per_turn = |program| {
        let mut lab = Lab::new(CLIENTS, program, 5);
        lab.run(40_000);
        let turns = u32::try_from(lab.turns.len()).unwrap();
        assert!(turns > 20, "{:?}", lab.turns);
        f64::from(lab.wakeups(u32::from(CLIENTS))) / f64::from(turns)
    };
    let polite = per_turn(Program::Lock(turns("/locks/a")));
    let herd = per_turn(Program::NaiveLock(turns("/locks/a")));
    assert!(polite < 1.1, "{polite} wake-ups a turn");
    assert!(herd > 4.0, "{herd} wake-ups a turn");
}

#[test]
fn an_election_has_one_leader_after_the_other() {
    let mut lab = Lab::new(3, Program::Election { root: "/election".into() }, 6);
    lab.run(6000);
    let [leader] = lab.holders(3)[..] else { panic!("{:?}", lab.turns) };
    lab.act(Action::Crash { node: c(leader), kept: Kept::All });
    lab.run(20_000);
    let [next] = lab.holders(3)[..] else { panic!("{:?}", lab.turns) };
    assert_ne!(leader, next);
    assert_eq!(lab.turns.len(), 2);
    assert_eq!(lab.wakeups_of_others(leader), 1, "only the second one was told");
}

#[test]
fn a_client_changes_its_program_and_gives_back_what_it_held() {
    let mut lab = Lab::new(1, Program::Election { root: "/election".into() }, 7);
    lab.run(5000);
    assert_eq!(lab.holders(1), [1]);
    lab.act(Action::Call(c(1), Call::Run(Program::Lock(turns("/locks/a")))));
    lab.run(500);
    assert_eq!((lab.children(1, "/election"), lab.children(1, "/locks/a")), (0, 1));
    lab.act(Action::Call(c(1), Call::Run(Program::None)));
    lab.run(500);
    assert_eq!(lab.children(1, "/locks/a"), 0);
    assert!(lab.worker(1).recipe().is_none());
}

impl Lab {
    fn wakeups_of_others(&self, dead: u32) -> u32 {
        let others = (1..=3).filter(|id| *id != dead);
        others.map(|id| self.worker(id).recipe().unwrap().counts().wakeups).sum()
    }
}

/// The create is proposed and waits for slow disks while its client moves to another server, which
/// cannot show it yet. Only a look behind a `sync` does.
#[test]
fn a_create_that_is_still_under_way_is_not_made_twice() {
    for delay_ms in [3, 6, 12, 25] {
        let mut lab = Lab::new(1, Program::Lock(turns("/locks/a")), 8);
        lab.run(6000);
        for sid in 1..=3 {
            lab.sim.direct(Directive::SlowDisk(s(sid), 200));
        }
        while lab.worker(1).recipe().unwrap().phase() != Phase::Idle {
            lab.run(1);
        }
        while lab.worker(1).recipe().unwrap().phase() != Phase::Joining {
            lab.run(1);
        }
        lab.run(delay_ms);
        let server = lab.worker(1).client().server().unwrap();
        lab.act(Action::Break(c(1), NodeId::Server(server)));
        let losses = lab.worker(1).recipe().unwrap().counts().losses;
        for _ in 0..40 {
            lab.run(100);
            for sid in 1..=3 {
                assert!(lab.children(sid, "/locks/a") <= 1, "{delay_ms} ms");
            }
        }
        let counts = lab.worker(1).recipe().unwrap().counts();
        assert!(counts.losses > losses, "{delay_ms} ms: the break hit the create");
        assert_ne!(lab.worker(1).client().server(), Some(server));
    }
}

/// Random faults of servers, clients and streams; the order of tokens is checked all the time,
/// and in the end everybody gets the lock again and nothing is left over.
fn swarm(seed: u64, program: Program) {
    let mut rng = Rng::new(seed);
    let mut lab = Lab::new(3, program, seed);
    for _ in 0..40 {
        lab.run(rng.below(2500));
        let sid = 1 + i64::try_from(rng.below(3)).unwrap();
        let id = 1 + u32::try_from(rng.below(3)).unwrap();
        let (server, client) = (s(sid), c(id));
        match rng.below(10) {
            0 => lab.act(Action::Crash { node: server, kept: Kept::NONE }),
            1 => lab.act(Action::Crash { node: client, kept: Kept::All }),
            2 => lab.act(Action::Cut(client, server)),
            3 => lab.act(Action::Cut(server, client)),
            4 | 5 => lab.act(Action::Break(client, server)),
            _ => {
                lab.act(Action::Start(server));
                lab.act(Action::Start(client));
                lab.act(Action::Heal(client, server));
                lab.act(Action::Heal(server, client));
            }
        }
    }
    for sid in 1..=3 {
        lab.act(Action::Start(s(sid)));
        for id in 1..=3 {
            lab.act(Action::Start(c(id)));
            lab.act(Action::Heal(c(id), s(sid)));
            lab.act(Action::Heal(s(sid), c(id)));
        }
    }
    lab.run(60_000);
    let before = lab.turns.len();
    lab.run(20_000);
    for id in 1..=3 {
        assert!(
            lab.turns[before..].iter().any(|turn| turn.client == id),
            "seed {seed}: c{id} starves"
        );
    }
    for sid in 1..=3 {
        assert!(lab.children(sid, "/locks/a") <= 3, "seed {seed}: znodes are left over");
    }
}

#[test]
fn locks_under_random_faults() {
    for seed in 1..=20 {
        swarm(seed, Program::Lock(turns("/locks/a")));
    }
}
