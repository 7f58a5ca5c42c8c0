//! Descriptors: how many the system gives this process, and how many of them sockets may take.
//!
//! A server that cannot open its next log file ends, so what the disk needs is kept free of
//! sockets, and what the other servers need free of clients.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for files, the poll, the listening ports and the standard streams; about half are in use
/// at the worst moment.
const FILES: u64 = 32;
/// Kept for each other member: a link of each kind and its successor, and for each of the links a
/// look-up of its name with two descriptors.
const PER_MEMBER: u64 = 8;
/// What is asked for where the system names no upper limit (macOS takes no more).
const UNLIMITED: u64 = 10_240;

/// What sockets may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Sockets of all kinds, without the listening ones.
    pub sockets: u64,
    /// Of these, connections of clients.
    pub clients: u32,
}

/// The limit leaves no room for a client.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} descriptors are too few, and at least {least} are needed: raise `ulimit -n`")]
pub struct TooFew {
    /// The limit of this process.
    pub limit: u64,
    /// What it should be.
    pub least: u64,
}

impl Room {
    /// Raises this process's limit as far as it may, as a JVM does; the room within it, in an
    /// ensemble with so many other members.
    ///
    /// # Errors
    /// If there is none for a client.
    pub fn make(others: usize) -> Result<Self, TooFew> {
        Self::within(raise(), others)
    }

    fn within(limit: Option<u64>, others: usize) -> Result<Self, TooFew> {
        let limit = limit.unwrap_or(u64::MAX);
        let kept = FILES + PER_MEMBER * others as u64;
        if limit <= kept {
            return Err(TooFew { limit, least: kept + 1 });
        }
        let clients = u32::try_from(limit - kept).unwrap_or(u32::MAX);
        Ok(Self { sockets: limit - FILES, clients })
    }
}

/// Raises the soft limit to the hard one; the limit then, `None` if there is none.
fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current?;
    let wanted = limit.maximum.unwrap_or(UNLIMITED);
    if wanted > current {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, current, wanted, "the limit of descriptors stays as it is");
        }
    }
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_members_come_before_clients() {
        let room = |sockets, clients| Ok(Room { sockets, clients });
        assert_eq!(Room::within(Some(64), 0), room(32, 32));
        assert_eq!(Room::within(Some(64), 2), room(32, 16));
        assert_eq!(Room::within(None, 2).unwrap().clients, u32::MAX);
        assert_eq!(Room::within(Some(33), 0), room(1, 1));
        assert_eq!(Room::within(Some(32), 0), Err(TooFew { limit: 32, least: 33 }));
    }

    #[test]
    fn the_limit_is_raised_to_the_hard_one() {
        let hard = getrlimit(Resource::Nofile).maximum;
        assert!(raise() >= hard.filter(|hard| *hard > 0));
    }
}
