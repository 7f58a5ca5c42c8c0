//! Whole ensembles of servers and clients as one kind of node, for simulated worlds.

pub mod actor;
pub mod digest;
pub mod setup;

pub use actor::{Actor, Call, Config, Note, Timer};
pub use setup::EnsembleSettings;
