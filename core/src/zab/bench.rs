//! What the tests of a leader and of a learner begin with.

use super::{Config, Entry};
use crate::base::quorum::Voters;
use crate::base::rng::Rng;
use crate::base::{Epoch, Millis, Sid, Zxid};
use bytes::Bytes;

/// The server without a vote.
pub(super) const OBSERVER: Sid = Sid(9);

pub(super) const fn z(epoch: i64, counter: u32) -> Zxid {
    Zxid::new(Epoch(epoch), counter)
}

pub(super) const fn entry(zxid: Zxid) -> Entry<u8> {
    Entry { zxid, payload: 0 }
}

/// One of three voters, or the observer.
pub(super) fn config(me: Sid) -> Config {
    Config {
        me,
        voters: Voters::new([1, 2, 3].map(Sid)),
        observers: [OBSERVER].into(),
        tick_ms: Millis(2000),
        init_limit: 10,
        sync_limit: 5,
        text: Bytes::new(),
        standalone: false,
    }
}

/// A zxid that does not belong there: of a draw from 12 to 14, or of a larger one any of Java's 64
/// bits.
pub(super) fn strange_zxid(rng: &mut Rng, draw: u64) -> Zxid {
    match draw {
        12 => z(1, 1),
        13 => Zxid::ZERO,
        14 => Zxid(if rng.below(2) == 0 { i64::MAX } else { i64::MIN }),
        _ => Zxid(rng.next_u64().cast_signed()),
    }
}
