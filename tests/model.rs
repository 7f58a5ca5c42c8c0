//! Everything that can happen to small ensembles: complete searches of the protocol's own step
//! function, mutants that they find, and Stateright's count beside ours.
#![allow(clippy::unwrap_used, reason = "a test")]

use stateright::{Checker, Model as _, Property};
use std::sync::Mutex;
use std::time::Instant;
use zabscope_core::explore::{Action, Bounds, Invariant, Model, Progress, Search, Unpacked};
use zabscope_core::zab::{Broken, Mutant, Sound};

/// Bounds in the order of the command line: servers, writes, crashes, breaks, elections.
const fn bounds([servers, txns, crashes, breaks, elections]: [u8; 5], fine: bool) -> Bounds {
    Bounds { servers, txns, crashes, breaks, elections, fine }
}

fn complete(bounds: Bounds) -> Progress {
    let began = Instant::now();
    let mut search = Search::new(bounds, Sound);
    while search.advance(100_000) {}
    assert!(search.broken().is_none(), "{bounds:?}: {:#?}", search.broken());
    assert!(search.is_complete());
    let progress = search.progress();
    let rate = progress.transitions as f64 / began.elapsed().as_secs_f64();
    println!("{bounds:?}: {progress:?}, {rate:.0} transitions a second");
    progress
}

#[test]
fn the_sound_protocol_keeps_every_invariant() {
    let progress = complete(bounds([3, 1, 1, 1, 2], false));
    // Exact, because any other number is another protocol, or another search.
    assert_eq!((progress.unique, progress.transitions, progress.depth), COARSE_3_1_1_1_2);
}

const COARSE_3_1_1_1_2: (u64, u64, u32) = (943_799, 2_863_158, 46);

/// Stateright's view of the same system: states in full, steps made anew each time.
struct Second {
    model: Mutex<Model<Sound>>,
}

impl stateright::Model for Second {
    type State = Unpacked<Sound>;
    type Action = Action;

    fn init_states(&self) -> Vec<Self::State> {
        let mut model = self.model.lock().unwrap();
        let first = model.first().unwrap();
        vec![model.unpack(&first)]
    }

    fn actions(&self, state: &Self::State, actions: &mut Vec<Action>) {
        let mut model = self.model.lock().unwrap();
        let words = model.pack(state);
        model.enabled(&words, actions);
    }

    fn next_state(&self, state: &Self::State, action: Action) -> Option<Self::State> {
        let mut model = self.model.lock().unwrap();
        let mut words = model.pack(state);
        model.apply(&mut words, action).unwrap();
        Some(model.unpack(&words))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        // Broken invariants end `next_state`; this one only keeps the checker going.
        vec![Property::always("explored", |_, _| true)]
    }
}

#[test]
fn stateright_counts_the_same_states() {
    for (small, fine) in
        [([3, 1, 0, 0, 1], false), ([2, 1, 1, 1, 2], true), ([3, 1, 1, 0, 1], false)]
    {
        let bounds = bounds(small, fine);
        let ours = complete(bounds);
        let model = Mutex::new(Model::new(bounds, Sound).forgetful());
        let checker = Second { model }.checker().threads(1).spawn_bfs().join();
        assert_eq!(checker.unique_state_count() as u64, ours.unique, "{bounds:?}");
        // Stateright counts the first state as generated too.
        assert_eq!(checker.state_count() as u64, ours.transitions + 1, "{bounds:?}");
    }
}

/// The first invariant that a mutant breaks in a search, and after how many actions.
fn killed(mutant: Mutant, small: [u8; 5], fine: bool) -> (Invariant, usize, u64) {
    let mut search = Search::new(bounds(small, fine), Broken::new(mutant));
    while search.advance(100_000) {}
    let transitions = search.progress().transitions;
    let broken = search.broken().unwrap_or_else(|| panic!("{mutant:?} survives {small:?}"));
    (broken.found.invariant, broken.way.len(), transitions)
}

/// Mutant, first invariant, actions on the shortest way, bounds, discovery in messages.
type Row = (Mutant, Invariant, usize, [u8; 5], bool);

/// Small bounds that are enough. M11 costs only time, M20 needs a disk of bytes.
const KILLED: &[Row] = &[
    (Mutant::M01, Invariant::AckImpliesDurable, 8, [3, 1, 1, 1, 2], false),
    (Mutant::M02, Invariant::CountedAckStillHeld, 6, [3, 1, 1, 1, 2], false),
    (Mutant::M03, Invariant::CommittedDurableOnQuorum, 16, [4, 1, 1, 2, 2], false),
    (Mutant::M04, Invariant::DeliveredOnlyCommitted, 8, [3, 1, 1, 1, 2], false),
    (Mutant::M05, Invariant::EpochOrder, 10, [3, 1, 1, 0, 1], true),
    (Mutant::M06, Invariant::VoteOncePerEpoch, 15, [3, 0, 1, 1, 2], true),
    (Mutant::M07, Invariant::EpochMonotone, 18, [3, 0, 1, 1, 2], true),
    (Mutant::M08, Invariant::ElectedIsNewest, 3, [3, 1, 1, 1, 2], false),
    (Mutant::M09, Invariant::ElectedIsNewest, 3, [3, 1, 1, 1, 2], false),
    (Mutant::M10, Invariant::ElectedIsNewest, 18, [3, 0, 1, 1, 2], true),
    (Mutant::M12, Invariant::NewLeaderAckImpliesDurable, 21, [3, 2, 1, 0, 2], false),
    (Mutant::M13, Invariant::NewLeaderAckImpliesDurable, 13, [3, 1, 1, 1, 2], false),
    (Mutant::M14, Invariant::LeaderLogCompleteness, 23, [3, 1, 2, 0, 3], false),
    (Mutant::M15, Invariant::NewLeaderAckImpliesEpoch, 4, [3, 1, 1, 1, 2], false),
    (Mutant::M16, Invariant::CommittedDurableOnQuorum, 5, [3, 1, 1, 1, 2], false),
    (Mutant::M17, Invariant::LogMatching, 33, [3, 3, 1, 0, 2], false),
    (Mutant::M18, Invariant::CommittedDurableOnQuorum, 20, [3, 2, 1, 0, 2], false),
    (Mutant::M19, Invariant::TruncExact, 14, [3, 1, 1, 1, 2], false),
    (Mutant::M21, Invariant::LeaderLogCompleteness, 15, [3, 1, 1, 1, 2], false),
    (Mutant::M22, Invariant::EpochOfHistory, 14, [3, 1, 1, 1, 2], false),
    (Mutant::M23, Invariant::EpochOfHistory, 13, [3, 1, 1, 1, 2], false),
    (Mutant::M24, Invariant::RecentLogContiguous, 20, [3, 2, 1, 0, 2], false),
    (Mutant::M25, Invariant::NewLeaderAckImpliesDurable, 13, [3, 1, 1, 1, 2], false),
];

#[test]
fn mutants_are_found() {
    for (mutant, invariant, steps, small, fine) in KILLED {
        let (found, way, transitions) = killed(*mutant, *small, *fine);
        println!(
            "{} {}: {} in {way} actions, {transitions} transitions",
            mutant.id(),
            mutant.name(),
            found.name()
        );
        assert_eq!((found, way), (*invariant, *steps), "{mutant:?}");
    }
}
