//! Whole simulated ensembles.

use zabscope_core::base::{NodeId, Sid};
use zabscope_core::ensemble::setup::EnsembleSettings;
use zabscope_core::server::{Server, codec};
use zabscope_core::sim::{Action, Directive, Kept, Micros, Sim};
use zabscope_core::zab::ServerState;

fn sim(voters: u8) -> Sim<Server> {
    let settings = EnsembleSettings { voters, ..EnsembleSettings::default() };
    let mut sim = Sim::new(settings.setup()).check_messages(codec::check);
    sim.start_all();
    sim
}

fn server(sim: &Sim<Server>, sid: i64) -> &Server {
    sim.world().process(NodeId::Server(Sid(sid))).expect("it runs")
}

fn run(sim: &mut Sim<Server>, ms: u64) {
    let until = Micros(sim.now().0 + ms * 1000);
    while let Some(step) = sim.step_until(until) {
        if std::env::var("TRACE").is_ok() {
            for note in step.notes() {
                println!("{} {:?} {note:?}", step.at, step.action().and_then(|a| a.node()));
            }
        }
        assert!(step.faults.is_empty(), "{:?}", step.faults);
    }
    sim.run_until(until);
}

#[test]
fn three_servers_elect_and_reelect() {
    let mut sim = sim(3);
    run(&mut sim, 3000);
    assert_eq!(server(&sim, 3).peer().state(), ServerState::Leading);
    for sid in 1..=3 {
        assert!(server(&sim, sid).peer().is_serving(), "{sid}");
    }
    let node = NodeId::Server(Sid(3));
    sim.direct(Directive::Act(Action::Crash { node, kept: Kept::NONE }));
    run(&mut sim, 20_000);
    assert_eq!(server(&sim, 2).peer().state(), ServerState::Leading);
    assert!(server(&sim, 1).peer().is_serving());
    sim.direct(Directive::Act(Action::Start(node)));
    run(&mut sim, 3000);
    assert_eq!(server(&sim, 3).peer().state(), ServerState::Following);
    assert!(server(&sim, 3).peer().is_serving());
}
