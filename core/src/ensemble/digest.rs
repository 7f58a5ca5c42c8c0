//! How servers and clients describe themselves to the hash of a trace. Messages go in as the
//! bytes that the wire carries.

use super::actor;
use crate::server::codec;
use crate::server::message::{Msg, Write};
use crate::trace::{Digest, TraceHasher};
use crate::wire::Writer;

impl Digest for Msg {
    fn digest(&self, hasher: &mut TraceHasher) {
        let mut out = Writer::new();
        codec::encode(self, &mut out);
        hasher.bytes(&out.into_vec());
    }
}

impl Digest for actor::Timer {
    fn digest(&self, hasher: &mut TraceHasher) {
        hasher.debug(self);
    }
}

impl Digest for actor::Note {
    fn digest(&self, hasher: &mut TraceHasher) {
        hasher.debug(self);
    }
}

impl Digest for Write {
    fn digest(&self, hasher: &mut TraceHasher) {
        hasher.debug(&self.mark());
        if let Self::Append(entry) = self {
            hasher.bytes(&entry.payload);
        }
    }
}
