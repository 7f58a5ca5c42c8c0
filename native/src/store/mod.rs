//! The files of a server, in Apache's formats, and the threads that write them.
//!
//! | file | holds |
//! |---|---|
//! | `<dataDir>/version-2/snapshot.<zxid>` | tree and sessions after this transaction |
//! | `<dataLogDir>/version-2/log.<zxid>` | transactions from this one on |
//! | `<dataDir>/version-2/acceptedEpoch`, `currentEpoch` | promises of this server |
//! | `<dataDir>/zabscope.lock` | nothing; locked while a server uses the directory |
//!
//! [`Store::open`] recovers; then writes and jobs go in and reports come out. A Java server can
//! take over the files after a clean stop, and the other way round.
//!
//! Differences from Java: directories are fsynced; damage in the middle of a log, a hole between
//! transactions and a damaged snapshot that the log cannot replace are refused instead of losing
//! transactions; a torn file header and an epoch file that the log has overtaken are repaired;
//! TRUNC deletes snapshots above its target; an image from the leader replaces everything at one
//! point in time.

mod cut;
mod disk;
mod entry;
mod epochs;
mod error;
mod files;
mod install;
mod log_reader;
mod log_writer;
mod replay;
mod snapshot;
mod writer;

#[cfg(test)]
mod tests;

pub use cut::{StoppedLog, Tail};
pub use disk::{Loaded, StoreConfig};
pub use error::StoreError;
pub use writer::{Measured, Report, Store};

use zabscope_core::server::message::Payload;
use zabscope_core::zab::Entry;

/// A transaction as it is in a log file and on the wire.
type LogEntry = Entry<Payload>;
