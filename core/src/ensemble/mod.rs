//! Whole ensembles of servers and clients as one kind of node, for simulated worlds.

pub mod digest;
pub mod setup;
