//! Session ids and timeouts.

use crate::base::{SessionId, Sid};

/// The first session id of a process: the server's id in the top byte, 40 bits of a clock, 16 bits
/// from 0 that may carry (Java: `initializeNextSessionId`).
///
/// Java takes the monotonic clock of the machine; a wall clock in milliseconds goes on over a
/// restart of the machine as well, and 40 bits of it last for 34 years.
#[must_use]
pub fn first_id(sid: Sid, wall_ms: i64) -> SessionId {
    let clock = (wall_ms.cast_unsigned() << 24) >> 8;
    SessionId((sid.0 << 56) | clock.cast_signed())
}

/// The timeout that holds: what the client wants, within the server's bounds.
#[must_use]
pub fn negotiate(wanted_ms: i32, min_ms: i32, max_ms: i32) -> i32 {
    wanted_ms.clamp(min_ms, max_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_byte_is_the_server() {
        let id = first_id(Sid(3), 1_795_330_981_668);
        assert_eq!(id.0 >> 56, 3);
        assert_eq!(id.0 & 0xffff, 0);
        assert!(first_id(Sid(3), 1_795_330_981_669) > id);
    }

    #[test]
    fn timeouts_are_clamped() {
        assert_eq!(negotiate(1, 2000, 20_000), 2000);
        assert_eq!(negotiate(-5, 2000, 20_000), 2000);
        assert_eq!(negotiate(5000, 2000, 20_000), 5000);
        assert_eq!(negotiate(i32::MAX, 2000, 20_000), 20_000);
    }
}
