use zabscope_core::base::*;
use zabscope_core::ensemble::Actor;
use zabscope_core::guide::*;
use zabscope_core::sim::*;
fn state(sim: &Sim<Actor>) {
    let w = sim.world();
    for (node, slot) in w.slots() {
        match slot.process() {
            None => println!("      {node} DOWN"),
            Some(a) => {
                if let Some(s) = a.server() {
                    let p = s.peer();
                    println!(
                        "      {node} {:?}/{:?} serving={} vote={} logged={} durable={} tree={}",
                        p.state(),
                        p.phase(),
                        p.is_serving(),
                        p.ballot().0.leader,
                        p.history().logged(),
                        p.durable(),
                        s.image().zxid
                    );
                }
                if let Some(c) = a.worker() {
                    let cl = c.client();
                    println!(
                        "      {node} {:?} at {:?} out={} last={} phase={:?}",
                        cl.state(),
                        cl.server(),
                        cl.outstanding() + cl.waiting(),
                        cl.last_zxid(),
                        c.recipe().map(|r| (r.phase(), r.counts()))
                    );
                }
            }
        }
    }
}
#[test]
fn dump() {
    for (name, text) in RUNS {
        println!("=== {name}");
        let script = Script::parse(text).unwrap();
        let mut sim = Sim::new(script.settings.setup());
        let mut walk = Walk::begin(script, &mut sim).unwrap();
        loop {
            println!("--- {} {} at {:?}", walk.at() + 1, walk.step().title, sim.now());
            state(&sim);
            let begun = sim.index();
            let m = walk.next(&mut sim).unwrap();
            let _ = m;
            // lines between: replay on a fork
            let mut fork = sim.branch(begun);
            let end = sim.index();
            while fork.index() < end {
                if let Some(r) = fork.step() {
                    for l in zabscope_core::tell::lines(fork.world(), &r) {
                        println!("   {:?} {l}", fork.now());
                    }
                } else {
                    break;
                }
            }
            if m != Moved::Next {
                break;
            }
        }
    }
    let _ = NodeId::Server(Sid(1));
}
