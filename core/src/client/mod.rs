//! A client of the service, as a node beside the servers (Java: `ZooKeeper`, `ClientCnxn`,
//! `StaticHostProvider`, `ZKWatchManager`).
//!
//! It holds one session. The session lives in the ensemble and outlives connections: when a
//! server goes or is silent, the client connects to the next one and shows session id, password
//! and the last zxid it has seen. A server that has seen less refuses it, so the client never
//! reads older data than before. What belongs to a connection is made anew there: its
//! authentication first, then its watches, then what waits to be asked.
//!
//! ```text
//!            Start                 ConnectResponse
//!   CLOSED ---------> CONNECTING <=================> CONNECTED
//!                      |              loss             |
//!                      | timeout 0                     | closeSession, refused authentication
//!                      v                               v
//!                   EXPIRED                    CLOSED, AUTH_FAILED
//! ```
//!
//! A request that was sent when the connection broke is answered with `ConnectionLoss`: the
//! outcome is unknown, it may have happened, or may happen yet. A request that was not sent waits
//! for the next connection. (Java answers both with `ConnectionLoss`; its users add Curator, which
//! sends the second kind again, and may, since nothing can have happened. Waiting is the same.)
//!
//! Not here: SASL, read-only servers (`ConnectRequest.readOnly` is always false), chroot, local
//! removal of watches without a connection.

mod calls;
mod message;
mod retry;
mod session;
mod watches;

pub use message::{Call, CallId, Config, Lost, Msg, Never, Note, Reply, State, Timer};
pub use retry::Servers;
pub use session::Client;
pub use watches::Watches;

#[cfg(test)]
mod tests;
