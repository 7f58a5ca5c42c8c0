//! One run of the engine, exported as a plain wasm function and as Rust.
//!
//! The wasm module made of this crate imports nothing at all, so it shows two things: the engine
//! needs nothing from its host, and it computes the same there as on a real machine.

use zabscope_core::base::rng::Rng;
use zabscope_core::check::{self, Plan};
use zabscope_core::ensemble::{Actor, EnsembleSettings};
use zabscope_core::guide::{Moved, RUNS, Script, Walk};
use zabscope_core::sim::{Action, Directive, Kept, Micros, Settings, Sim};
use zabscope_core::zab::Sound;

/// How often a server is crashed or started again.
const FAULTS: u64 = 15;
/// Virtual time before each of them.
const FAULT_EVERY_MS: u64 = 4_000;

/// An ensemble of five servers whose members crash and come back, as drawn from `seed`.
#[must_use]
pub fn run(seed: u64) -> Sim<Actor> {
    let world = Settings { seed, ..Settings::default() };
    let setup = EnsembleSettings { voters: 4, observers: 1, world, ..Default::default() }.setup();
    let nodes: Vec<_> = setup.nodes.iter().map(|(node, _)| *node).collect();
    let mut sim = Sim::new(setup);
    let mut rng = Rng::new(seed);
    sim.start_all();
    for at_ms in (1..=FAULTS).map(|fault| fault * FAULT_EVERY_MS) {
        sim.run_until(Micros::from_ms(at_ms));
        let drawn = usize::try_from(rng.below(nodes.len() as u64)).expect("a small number");
        let node = nodes[drawn];
        let up = sim.world().process(node).is_some();
        let crash = Action::Crash { node, kept: Kept::NONE };
        sim.direct(Directive::Act(if up { crash } else { Action::Start(node) }));
    }
    sim
}

/// The hash of the whole trace of [`run`].
#[must_use]
pub fn digest(seed: u64) -> u64 {
    run(seed).hash()
}

/// [`digest`] under a name that JavaScript can call; 64-bit integers are BigInt there.
#[expect(unsafe_code, reason = "an exported name is unsafe by declaration; nothing else is")]
#[unsafe(no_mangle)]
pub extern "C" fn probe_digest(seed: u64) -> u64 {
    digest(seed)
}

/// The hash at the end of a guided run, mixed with the answers to its questions; 0 if it does not
/// come to its end.
#[must_use]
pub fn lesson(number: usize) -> u64 {
    let Some(script) = RUNS.get(number).and_then(|(_, text)| Script::parse(text).ok()) else {
        return 0;
    };
    let mut sim = Sim::new(script.settings.setup());
    let Ok(mut walk) = Walk::begin(script, &mut sim) else { return 0 };
    let mut answers = 0_u64;
    loop {
        if let Some(question) = &walk.step().question {
            let Some(answer) = question.decide(&sim) else { return 0 };
            answers = answers.wrapping_mul(31).wrapping_add(answer.value);
        }
        match walk.next(&mut sim) {
            Ok(Moved::Next) => {}
            Ok(Moved::End) => return sim.hash() ^ answers,
            Ok(Moved::Stuck) | Err(_) => return 0,
        }
    }
}

/// [`lesson`] under a name that JavaScript can call.
#[expect(unsafe_code, reason = "an exported name is unsafe by declaration; nothing else is")]
#[unsafe(no_mangle)]
pub extern "C" fn probe_lesson(number: u32) -> u64 {
    lesson(number as usize)
}

/// Steps of the checker's run of a seed, with all its oracles: what `cargo xtask bench` times.
#[must_use]
pub fn steps(seed: u64) -> u64 {
    check::run(&Plan::of(seed), Sound).steps
}

/// [`steps`] under a name that JavaScript can call.
#[expect(unsafe_code, reason = "an exported name is unsafe by declaration; nothing else is")]
#[unsafe(no_mangle)]
pub extern "C" fn probe_steps(seed: u64) -> u64 {
    steps(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_worth_comparing() {
        let sim = run(1);
        assert!(sim.index() > 500, "{} steps", sim.index());
        assert_ne!(digest(1), digest(2));
        assert_eq!(digest(1), digest(1));
        assert!((0..RUNS.len()).all(|number| lesson(number) != 0));
        assert_eq!(lesson(RUNS.len()), 0);
    }
}
