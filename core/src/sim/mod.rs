//! The simulated world: any number of [`crate::base::Node`]s with streams, disks and clocks, in
//! virtual time, repeatable to the bit. It knows nothing of ZooKeeper.
//!
//! Two layers, because two kinds of users exist:
//!
//! * [`World`] is everything that exists, without time and chance. [`World::enabled`] lists what
//!   can happen, [`World::faults`] what may go wrong, [`World::apply`] makes one [`Action`]
//!   happen. Each action steps at most one node, once. A model checker uses it directly.
//! * [`Sim`] is a world plus a seed: latencies, group commit, clocks of different speed. It does
//!   one thing after the other ([`Sim::step`]), takes orders ([`Sim::direct`]) and writes them on
//!   a [`crate::trace::Tape`]. Setup and tape are the whole run; [`Sim::seek`] goes to any step
//!   of it and [`Sim::branch`] starts another future there.
//!
//! How streams behave is told in [`network`], times in [`schedule`], directives in
//! [`Directive`]. Every step gives a [`StepRecord`]: what was taken from the wire, what the node
//! asked for (with its notes and replies), what is under way because of it.
//!
//! # A headless run
//!
//! ```
//! use zabscope_core::base::NodeId;
//! use zabscope_core::sim::{Action, Directive, Kept, Micros, Settings, Setup, Sim, Traced};
//!
//! /// Crashes one node after a second and says whether all went well for ten.
//! fn survives<N: Traced>(seed: u64, nodes: Vec<(NodeId, N::Config)>, victim: NodeId) -> bool {
//!     let settings = Settings { seed, ..Settings::default() };
//!     let mut sim = Sim::<N>::new(Setup { settings, nodes, disks: Vec::new() });
//!     sim.start_all();
//!     sim.run_until(Micros::from_ms(1_000));
//!     sim.direct(Directive::Act(Action::Crash { node: victim, kept: Kept::NONE }));
//!     while let Some(record) = sim.step_until(Micros::from_ms(10_000)) {
//!         for note in record.notes() {
//!             println!("{} {note:?}", record.at);
//!         }
//!         // An oracle looks at `sim.world()` here.
//!     }
//!     sim.faults().is_empty()
//! }
//! ```
//!
//! Tests switch on [`Sim::check_messages`] with encode, decode, compare, and look at
//! [`Sim::faults`]: a process that halts is one.
//!
//! # A page
//!
//! A page draws [`Sim::world`] at the cursor [`Sim::index`] of [`Sim::end`], and moves items by
//! their [`Item::id`] between the record of their sending and [`Sim::arrival_at`]. Playing is
//! [`Sim::run_until`] with a growing time; a click is a directive; the slider is [`Sim::seek`].
//! A directive in the past drops the future: branch first to keep it. Directives are always steps
//! of their own, also those that change nothing ([`StepRecord::applied`]).
//!
//! The tape replays exactly, step for step ([`Sim::replay`]). To leave directives out or move
//! them (shrinking, editing), tell them again by time: [`Sim::retell`] takes any part of them.
//!
//! # A checker
//!
//! ```
//! use zabscope_core::base::{Node, Now};
//! use zabscope_core::sim::{Action, Outcome, World};
//!
//! /// Every world one action away.
//! fn successors<N: Node>(world: &World<N>, faults: bool) -> Vec<(Action<N>, World<N>)> {
//!     let (mut actions, mut out) = (Vec::new(), Outcome::default());
//!     world.enabled(&mut actions);
//!     if faults {
//!         world.faults(&mut actions);
//!     }
//!     let next = actions.into_iter().map(|action| {
//!         let mut next = world.clone();
//!         assert!(next.apply(Now::default(), &action, &mut out));
//!         (action, next)
//!     });
//!     next.collect()
//! }
//! ```
//!
//! Numbers of items, streams, connections and writes differ between histories that lead to the
//! same situation: a checker that merges states must leave them out of its key.
//!
//! # Bounds
//!
//! In `base::limits`: `SIM_IN_FLIGHT_MAX` items in a queue (then the stream breaks),
//! `SIM_DISK_QUEUE_MAX` writes or jobs (then the process ends, a fault), `SIM_FAULTS_MAX`
//! remembered faults, `SIM_KEYFRAMES_MAX` keyframes. What is planned is bounded by these and by
//! the timers.

pub mod action;
pub mod directive;
pub mod network;
pub mod record;
pub mod run;
pub mod schedule;
mod state;
pub mod world;

pub use action::{Action, Due, Fault, Kept, Outcome};
pub use directive::{Directive, Hold};
pub use network::{End, Item, Network, Posted, Socket, Wire};
pub use record::{Cause, StepRecord, Traced};
pub use run::{MessageCheck, Setup, Sim, SimTape};
pub use schedule::{Micros, Settings};
pub use world::{Slot, World};

#[cfg(test)]
mod tests;
