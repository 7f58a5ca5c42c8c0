//! What the search may do in a state.

use crate::base::Sid;
use core::fmt;

/// One choice. Servers are numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// These servers (a bit each) elect the best of them.
    Elect {
        /// The winner.
        leader: u8,
        /// All of them.
        members: u8,
    },
    /// A server that waits in an election finds a leader that runs.
    Join(u8, u8),
    /// A learner opens its stream.
    Connect(u8),
    /// What is oldest on its way from one to the other arrives, be it the end of the stream.
    Deliver(u8, u8),
    /// A server's oldest write becomes durable.
    Flush(u8),
    /// A server's oldest job of the disk is done.
    Work(u8),
    /// A client writes at a leader that serves.
    Propose(u8),
    /// A leader that does not serve yet gives up.
    GiveUp(u8),
    /// A leader that serves sees that no quorum follows it.
    NoQuorum(u8),
    /// A server loses its power: what is not durable is gone.
    Crash(u8),
    /// It comes back.
    Restart(u8),
    /// The stream between two breaks, with all that is under way.
    Break(u8, u8),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elect { leader, members } => {
                write!(f, "elect {leader} by")?;
                (1..=8).filter(|sid| members & bit(*sid) != 0).try_for_each(|s| write!(f, " {s}"))
            }
            Self::Join(server, leader) => write!(f, "{server} finds the leader {leader}"),
            Self::Connect(server) => write!(f, "{server} connects"),
            Self::Deliver(from, to) => write!(f, "{from}→{to}"),
            Self::Flush(server) => write!(f, "{server} durable"),
            Self::Work(server) => write!(f, "{server} reads its disk"),
            Self::Propose(server) => write!(f, "propose at {server}"),
            Self::GiveUp(server) => write!(f, "{server} gives up"),
            Self::NoQuorum(server) => write!(f, "{server} has lost its quorum"),
            Self::Crash(server) => write!(f, "crash {server}"),
            Self::Restart(server) => write!(f, "restart {server}"),
            Self::Break(a, b) => write!(f, "break {a} {b}"),
        }
    }
}

/// The bit of a server in a set.
pub(super) const fn bit(server: u8) -> u8 {
    1 << (server - 1)
}

/// The id of a server.
pub(super) const fn sid(server: u8) -> Sid {
    Sid(server as i64)
}

/// The number of a server.
pub(super) fn number(sid: Sid) -> u8 {
    u8::try_from(sid.0).expect("the servers of a search are numbered from 1")
}
