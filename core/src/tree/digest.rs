//! The digest of the tree, version 2 (Java: `DigestCalculator`, `AdHash`): a wrapping sum of one
//! CRC-32 for each znode, so that it follows changes without looking at the rest of the tree.

use crate::proto::data::StatPersisted;
use crate::wire::{Writer, crc32};

/// Version of this digest, as written beside it.
pub const DIGEST_VERSION: i32 = 2;

/// Below here nothing counts: servers change these znodes without transactions.
const UNCOUNTED: &str = "/zookeeper/";

/// A znode's part of the sum. The key of the root is "".
#[must_use]
pub fn of_node(key: &str, data: Option<&[u8]>, stat: &StatPersisted) -> u32 {
    if key.starts_with(UNCOUNTED) {
        return 0;
    }
    let mut fields = Writer::new();
    fields.i64(stat.czxid.0);
    fields.i64(stat.mzxid.0);
    // Third here and last in snapshots.
    fields.i64(stat.pzxid.0);
    fields.i64(stat.ctime_ms);
    fields.i64(stat.mtime_ms);
    fields.i32(stat.version);
    fields.i32(stat.cversion);
    fields.i32(stat.aversion);
    fields.i64(stat.ephemeral_owner);
    crc32(&[key.as_bytes(), data.unwrap_or_default(), &fields.into_vec()])
}
