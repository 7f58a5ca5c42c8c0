//! How servers and clients describe themselves to the hash of a trace. Messages go in as the
//! bytes that the wire carries.

use super::actor;
use crate::recipes;
use crate::server::codec;
use crate::server::message::{self, Msg};
use crate::trace::{Digest, TraceHasher};
use crate::wire::Writer;
use crate::zab::Entry;

impl Digest for Msg {
    fn digest(&self, hasher: &mut TraceHasher) {
        let mut out = Writer::new();
        codec::encode(self, &mut out);
        hasher.bytes(&out.into_vec());
    }
}

impl Digest for actor::Timer {
    fn digest(&self, hasher: &mut TraceHasher) {
        match self {
            Self::Server(message::Timer::Zab(timer)) => (1u8, *timer as u8),
            Self::Server(message::Timer::SessionTick) => (2, 0),
            Self::Client(recipes::Timer::Client(timer)) => (3, *timer as u8),
            Self::Client(recipes::Timer::Hold) => (4, 0),
            Self::Client(recipes::Timer::Rest) => (5, 0),
        }
        .digest(hasher);
    }
}

impl Digest for message::Write {
    fn digest(&self, hasher: &mut TraceHasher) {
        match self {
            Self::Append(Entry { zxid, payload }) => (1u8, (*zxid, payload)).digest(hasher),
            Self::Truncate(zxid) => (2u8, *zxid).digest(hasher),
            Self::Install { zxid, .. } => (3u8, *zxid).digest(hasher),
            Self::AcceptedEpoch(epoch) => (4u8, *epoch).digest(hasher),
            Self::CurrentEpoch(epoch) => (5u8, *epoch).digest(hasher),
        }
    }
}
