//! The simulated world.

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
