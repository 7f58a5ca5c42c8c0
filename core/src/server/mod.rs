//! One ZooKeeper server: the protocol, the tree, sessions and watches composed
//! (Java: `QuorumPeer`, `ZooKeeperServer` and its request processors).
//!
//! The way of a write, in the order of the files:
//!
//! 1. [`pipeline`]: it comes on a client's connection, takes its place in the connection's queue
//!    and is handed to the leader: directly, or by [`forward`] as REQUEST.
//! 2. [`prep`]: the leader judges it on the newest *version ahead* of the committed tree and
//!    proposes a transaction, an `error` transaction if it is refused.
//! 3. [`crate::zab`]: PROPOSAL, log, ACK after fsync, COMMIT.
//! 4. [`finish`]: every server applies it, fires watches, and the client's server answers.
//!
//! Reads ([`reads`]) are answered by the client's server from its own tree; they wait only for
//! earlier writes of the same connection.

pub mod auth;
pub mod codec;
pub mod config;
pub mod connection;
pub mod countdown;
pub mod disk;
pub mod finish;
pub mod forward;
pub mod handshake;
pub mod log_file;
pub mod message;
pub mod patience;
pub mod pipeline;
pub mod prep;
pub mod reads;
pub mod reap;
#[allow(clippy::module_inception, reason = "the type that composes the rest")]
pub mod server;
mod unclaimed;

pub use config::Config;
pub use disk::Disk;
pub use message::{Call, Msg, Note, Timer};
pub use server::Server;
