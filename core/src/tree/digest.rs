//! The digest of the tree, version 2 (Java: `DigestCalculator`, `AdHash`): a wrapping sum of one
//! CRC-32 for each znode, so that it follows changes without looking at the rest of the tree.

use crate::proto::data::StatPersisted;
use crate::wire::crc32;
use bytes::BufMut;

/// Version of this digest, as written beside it.
pub const DIGEST_VERSION: i32 = 2;

/// Below here nothing counts: servers change these znodes without transactions.
const UNCOUNTED: &str = "/zookeeper/";

/// Bytes of the stat's fields.
const FIELDS_BYTES: usize = 60;

/// A znode's part of the sum. The key of the root is "".
#[must_use]
pub fn of_node(key: &str, data: Option<&[u8]>, stat: &StatPersisted) -> u32 {
    if key.starts_with(UNCOUNTED) {
        return 0;
    }
    let mut fields = [0; FIELDS_BYTES];
    let mut out = &mut fields[..];
    out.put_i64(stat.czxid.0);
    out.put_i64(stat.mzxid.0);
    // Third here and last in snapshots.
    out.put_i64(stat.pzxid.0);
    out.put_i64(stat.ctime_ms);
    out.put_i64(stat.mtime_ms);
    out.put_i32(stat.version);
    out.put_i32(stat.cversion);
    out.put_i32(stat.aversion);
    out.put_i64(stat.ephemeral_owner);
    crc32(&[key.as_bytes(), data.unwrap_or_default(), &fields])
}
