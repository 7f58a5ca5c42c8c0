//! The bytes of a log entry, judged: sound, torn, or changed (Java: `FileTxnLog`). They are written
//! by [`zabscope_core::proto::log`].
//!
//! | field | type | |
//! |---|---|---|
//! | checksum | long | Adler-32 of the body |
//! | length | int | of the body; 0 = end of the log |
//! | body | bytes | as in PROPOSAL |
//! | end | byte | `B` |

use super::LogEntry;
use bytes::Bytes;
use simd_adler32::adler32;
use zabscope_core::base::Zxid;
use zabscope_core::base::limits::FIELD_BYTES_MAX;
use zabscope_core::proto::log::ENTRY_OVERHEAD_BYTES;

/// "ZKLG", version 2, database 0.
pub(super) const LOG_HEADER: [u8; 16] = *b"ZKLG\0\0\0\x02\0\0\0\0\0\0\0\0";
/// The part of the header that Java checks.
pub(super) const LOG_HEADER_CHECKED: usize = 8;
/// Bytes before the body.
pub(super) const ENTRY_HEAD_LEN: usize = 12;
/// Bytes around the body.
pub(super) const ENTRY_EXTRA_LEN: usize = ENTRY_OVERHEAD_BYTES;
/// Largest entry.
pub(super) const ENTRY_LEN_MAX: usize = FIELD_BYTES_MAX + ENTRY_EXTRA_LEN;
/// Shortest body: a TxnHeader.
pub(super) const BODY_LEN_MIN: usize = 32;
const END: u8 = b'B';
/// Disks write this much at once, or nothing of it.
const SECTOR: u64 = 512;

/// The length of the body that an entry head announces; `None` if it cannot be one.
pub(super) fn body_len(head: &[u8; ENTRY_HEAD_LEN]) -> Option<usize> {
    let len = announced_len(head) as usize;
    (BODY_LEN_MIN..=FIELD_BYTES_MAX).contains(&len).then_some(len)
}

/// The length that an entry head announces.
pub(super) fn announced_len(head: &[u8; ENTRY_HEAD_LEN]) -> u32 {
    u32::from_be_bytes(last4(head))
}

/// Is this the end of an entry whose head and sum are these?
pub(super) fn is_written(head: &[u8; ENTRY_HEAD_LEN], sum: u32, end: &[u8]) -> bool {
    adler(head) == Some(sum) && end == [END]
}

fn last4(head: &[u8; ENTRY_HEAD_LEN]) -> [u8; 4] {
    let [.., a, b, c, d] = *head;
    [a, b, c, d]
}

/// What the bytes of a whole entry turn out to be.
pub(super) enum Checked {
    /// Sound.
    Sound(LogEntry),
    /// The write of it was cut short.
    Torn(&'static str),
    /// It was written completely and has changed since.
    Changed(&'static str),
}

/// Judges an entry that begins at `offset` of its file. `bytes` is the whole of it.
pub(super) fn check(offset: u64, bytes: &Bytes) -> Checked {
    let body = bytes.slice(ENTRY_HEAD_LEN..bytes.len() - 1);
    if bytes.last() != Some(&END) {
        return Checked::Torn("its end mark is missing");
    }
    if adler(bytes) != Some(adler32(&&body[..])) {
        // The log is zero before it is written. A write that was cut short leaves sectors of
        // zeros; an entry with something in each of its sectors was there and has changed.
        return match has_zero_sector(offset, bytes) {
            true => Checked::Torn("its checksum is wrong and a part of it is zero"),
            false => Checked::Changed("the checksum of a complete entry is wrong"),
        };
    }
    Checked::Sound(LogEntry { zxid: zxid_of(&body), payload: body })
}

fn adler(entry: &[u8]) -> Option<u32> {
    let checksum: [u8; 8] = entry.get(..8)?.try_into().ok()?;
    u32::try_from(u64::from_be_bytes(checksum)).ok()
}

fn has_zero_sector(offset: u64, bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let position = offset + at as u64;
        let step = usize::try_from(SECTOR - position % SECTOR).expect("at most a sector");
        let end = bytes.len().min(at + step);
        if bytes[at..end].iter().all(|byte| *byte == 0) {
            return true;
        }
        at = end;
    }
    false
}

/// The zxid in a body: behind session and cxid.
fn zxid_of(body: &[u8]) -> Zxid {
    let bytes = body[12..20].try_into().expect("a body is longer than its header");
    Zxid(i64::from_be_bytes(bytes))
}

/// Where in `bytes` a sound entry with a zxid above `after` begins, if one begins before `limit`.
pub(super) fn find_sound(bytes: &[u8], limit: usize, after: Zxid) -> Option<usize> {
    let mut at = 0;
    while at < limit && at + ENTRY_EXTRA_LEN + BODY_LEN_MIN <= bytes.len() {
        // An entry has a zero byte first (the checksum is a long) and, within its head, a byte
        // that is not zero; runs of zeros are skipped as a whole.
        if bytes[at] != 0 {
            at += 1;
            continue;
        }
        let nonzero = bytes[at..].iter().position(|byte| *byte != 0)?;
        at += nonzero.saturating_sub(ENTRY_HEAD_LEN);
        if at < limit && is_sound(&bytes[at..], after) {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn is_sound(bytes: &[u8], after: Zxid) -> bool {
    let Some(head) = bytes.first_chunk::<ENTRY_HEAD_LEN>() else { return false };
    let Some(len) = body_len(head) else { return false };
    let Some(entry) = bytes.get(..len + ENTRY_EXTRA_LEN) else { return false };
    let body = &entry[ENTRY_HEAD_LEN..entry.len() - 1];
    entry.last() == Some(&END) && adler(entry) == Some(adler32(&body)) && zxid_of(body) > after
}

#[cfg(test)]
mod tests {
    use super::*;
    use zabscope_core::proto::log::encode_entry;
    use zabscope_core::wire::Writer;

    fn encode(body: &[u8]) -> Vec<u8> {
        let mut out = Writer::new();
        encode_entry(body, &mut out);
        out.into_vec()
    }

    fn body(zxid: i64, data: &[u8]) -> Vec<u8> {
        let mut body = vec![7; 12];
        body.extend_from_slice(&zxid.to_be_bytes());
        body.extend_from_slice(&[0; 12]);
        body.extend_from_slice(data);
        body
    }

    #[test]
    fn entry_of_a_golden_log() {
        let out = encode(&[0; 48]);
        assert_eq!((out.len(), &out[8..12], out[60]), (61, &[0, 0, 0, 0x30][..], 0x42));
    }

    #[test]
    fn sound_entries_are_found_behind_anything() {
        let entry = encode(&body(5, b"data"));
        for gap in [0, 1, 11, 12, 13, 600] {
            for filler in [0, 0xff, b'B'] {
                let mut bytes = vec![filler; gap];
                bytes.extend_from_slice(&entry);
                bytes.extend_from_slice(&[0; 40]);
                assert_eq!(find_sound(&bytes, bytes.len(), Zxid(4)), Some(gap), "{filler} {gap}");
                assert_eq!(find_sound(&bytes, bytes.len(), Zxid(5)), None);
            }
        }
    }

    #[test]
    fn a_changed_entry_is_told_from_a_torn_one() {
        let entry = encode(&body(5, &[9; 2000]));
        let check_with = |at: usize, new: &[u8]| {
            let mut bytes = entry.clone();
            bytes[at..at + new.len()].copy_from_slice(new);
            check(16, &bytes.into())
        };
        assert!(matches!(check_with(100, &[9]), Checked::Sound(_)));
        assert!(matches!(check_with(100, &[8]), Checked::Changed(_)));
        assert!(matches!(check_with(512 - 16, &[0; 512]), Checked::Torn(_)));
        assert!(matches!(check_with(512 - 15, &[0; 512]), Checked::Changed(_)));
        assert!(matches!(check_with(entry.len() - 1, &[0]), Checked::Torn(_)));
    }
}
