//! Newtypes for the numbers of the protocol.
//!
//! All are signed 64-bit (or 32-bit) as in Java, because ZooKeeper compares them signed and an
//! observer votes with `Long.MIN_VALUE`.

use core::fmt;

/// Server id: the number in `myid` and in `server.N=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid(pub i64);

impl Sid {
    /// The largest: session ids carry one byte of it, and 255 there marks TTL znodes (Java:
    /// `EphemeralType.MAX_EXTENDED_SERVER_ID`).
    pub const MAX: Self = Self(254);
}

/// Number of a leader's reign. Each epoch has at most one established leader, for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub i64);

impl Epoch {
    /// The last there can be: a zxid has 31 bits for it, its sign aside.
    pub const LAST: Self = Self(i32::MAX as i64);

    /// The one behind this, if there is one.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        if self.0 < Self::LAST.0 { Some(Self(self.0 + 1)) } else { None }
    }
}

/// Round of an election (`logicalclock`); lives in memory only and starts at 0 with the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Round(pub i64);

/// Name of a transaction: 32 bits of epoch, 32 bits of counter. Written `e3.c12`.
///
/// The counter of a transaction starts at 1 in every epoch; counter 0 names the start of an
/// epoch (the zxid of NEWLEADER) and belongs to no transaction.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zxid(pub i64);

impl Zxid {
    /// "Before everything": the zxid of an empty history.
    pub const ZERO: Self = Self(0);

    /// The zxid with this epoch and counter.
    #[must_use]
    pub const fn new(epoch: Epoch, counter: u32) -> Self {
        Self((epoch.0 << 32) | counter as i64)
    }

    /// The name of the start of `epoch`, as in NEWLEADER.
    #[must_use]
    pub const fn epoch_start(epoch: Epoch) -> Self {
        Self::new(epoch, 0)
    }

    /// The upper 32 bits.
    #[must_use]
    pub const fn epoch(self) -> Epoch {
        Epoch(self.0 >> 32)
    }

    /// The lower 32 bits.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
    pub const fn counter(self) -> u32 {
        self.0 as u32
    }

    /// The next transaction of the same epoch. Nothing follows the last counter: a leader has left
    /// before.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Can this be the transaction right behind `last`? Counters of an epoch have no hole and begin
    /// at 1; the first of an epoch may follow anything older.
    #[must_use]
    pub const fn follows(self, last: Self) -> bool {
        if self.epoch().0 == last.epoch().0 {
            // Not by comparing with `next`: behind the last counter that is the start of an epoch.
            matches!(last.counter().checked_add(1), Some(next) if next == self.counter())
        } else {
            self.epoch().0 > last.epoch().0 && self.counter() == 1
        }
    }

    /// True for `(e, 0)`, which names an epoch and no transaction.
    #[must_use]
    pub const fn is_epoch_start(self) -> bool {
        self.counter() == 0
    }
}

impl fmt::Display for Zxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}.c{}", self.epoch().0, self.counter())
    }
}

impl fmt::Debug for Zxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A client's session. The top byte is the id of the server that made it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A client's own number for a request (`xid` on the client port, `cxid` in a transaction).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cxid(pub i32);

/// One client connection of one server; numbers are never used again while the server lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conn(pub u64);

/// A simulated or local client, as a node beside the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u32);

/// Who acts: a server or a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeId {
    /// A member of the ensemble.
    Server(Sid),
    /// A client.
    Client(ClientId),
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(sid) => write!(f, "{}", sid.0),
            Self::Client(client) => write!(f, "c{}", client.0),
        }
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A duration, or a point on a monotonic clock, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl core::ops::Add for Millis {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Millis {
    /// This many milliseconds, `times` over.
    #[must_use]
    pub const fn times(self, times: u32) -> Self {
        Self(self.0.saturating_mul(times as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn zxid_is_epoch_and_counter() {
        let zxid = Zxid::new(Epoch(3), 12);
        assert_eq!(zxid.0, 0x3_0000_000c);
        assert_eq!((zxid.epoch(), zxid.counter()), (Epoch(3), 12));
        assert_eq!(format!("{zxid}"), "e3.c12");
        assert!(Zxid::epoch_start(Epoch(4)) > zxid);
        assert!(Zxid(i64::MIN) < Zxid::ZERO);
    }

    #[test]
    fn counters_have_no_holes() {
        let z = |epoch, counter| Zxid::new(Epoch(epoch), counter);
        let follows = |last: Zxid, zxid: Zxid| zxid.follows(last);
        assert!(follows(z(1, 4), z(1, 5)) && follows(z(1, 4), z(3, 1)));
        assert!(follows(z(0, 0), z(1, 1)) && follows(z(1, 0), z(1, 1)));
        assert!(!follows(z(1, 4), z(1, 6)) && !follows(z(1, 4), z(1, 4)));
        assert!(!follows(z(1, 4), z(2, 2)) && !follows(z(2, 4), z(1, 1)));
        assert!(follows(z(1, u32::MAX), z(2, 1)));
        assert!(!follows(z(1, u32::MAX), z(2, 0)), "the start of an epoch is no transaction");
        assert!(!follows(Zxid(i64::MAX), Zxid(i64::MAX).next()));
    }
}
