//! The simulated world.

pub mod action;
pub mod network;
pub mod world;

pub use action::{Action, Due, Fault, Kept, Outcome};
pub use network::{End, Item, Network, Posted, Socket, Wire};
pub use world::{Slot, World};

#[cfg(test)]
mod tests;
