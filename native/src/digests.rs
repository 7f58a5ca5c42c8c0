//! Digests of the tree in the past, for `hash` (Java: `DataTree.logZxidDigest`): two servers whose
//! histories are the same tell the same at every zxid that both name.

use std::collections::VecDeque;
use zabscope_core::base::Zxid;
use zabscope_core::proto::txn::TxnRecord;
use zabscope_core::server::message::Payload;
use zabscope_core::tree::digest::DIGEST_VERSION;
use zabscope_core::zab::Entry;

/// One of so many transactions is remembered (`DataTree.DIGEST_LOG_INTERVAL`).
const INTERVAL: i64 = 128;
/// So many are remembered (`DataTree.DIGEST_LOG_LIMIT`).
const LIMIT: usize = 1024;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Digests {
    /// Last transaction that was looked at.
    last: Option<Zxid>,
    /// Oldest first.
    log: VecDeque<(Zxid, i64)>,
}

impl Digests {
    /// True if the tree was looked at after this transaction.
    #[must_use]
    pub fn is_at(&self, zxid: Zxid) -> bool {
        self.last == Some(zxid)
    }

    /// The tree is behind `zxid` now and has this digest; `recent` is the history that led there,
    /// as far as it is known.
    pub fn look(&mut self, zxid: Zxid, digest: i64, recent: &VecDeque<Entry<Payload>>) {
        let last = self.last.replace(zxid);
        if last.is_none_or(|last| zxid != last.next()) {
            self.catch_up(last, zxid, digest, recent);
        }
        let noted = self.log.back().map_or(Zxid(-1), |(noted, _)| *noted);
        if is_noted(zxid) && noted < zxid {
            self.note(zxid, digest);
        }
    }

    /// What is remembered, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Zxid, i64)> {
        self.log.iter().copied()
    }

    fn note(&mut self, zxid: Zxid, digest: i64) {
        if self.log.len() == LIMIT {
            self.log.pop_front();
        }
        self.log.push_back((zxid, digest));
    }

    /// Several transactions were applied at once, or the history was cut or replaced.
    fn catch_up(
        &mut self,
        last: Option<Zxid>,
        zxid: Zxid,
        digest: i64,
        recent: &VecDeque<Entry<Payload>>,
    ) {
        if last.is_some_and(|last| last < zxid && last.0 / INTERVAL == zxid.0 / INTERVAL) {
            return;
        }
        while self.log.back().is_some_and(|(noted, _)| *noted > zxid) {
            self.log.pop_back();
        }
        let leads_on = |last| last == Zxid::ZERO || recent.iter().any(|entry| entry.zxid == last);
        if last.is_some_and(|last| last < zxid && !leads_on(last)) {
            self.log.clear();
        }
        // The leader says in each transaction which digest follows. If that is right now, it was
        // right on the way.
        if claimed(recent, recent.len()) != Some(digest) {
            return;
        }
        let from = self.log.back().map_or(Zxid(-1), |(noted, _)| *noted);
        for (index, entry) in recent.iter().enumerate() {
            if entry.zxid > from
                && is_noted(entry.zxid)
                && let Some(digest) = claimed(recent, index + 1)
            {
                self.note(entry.zxid, digest);
            }
        }
    }
}

/// The digest behind the first `len` transactions, as their leader says. A refused write changes
/// nothing and has none.
fn claimed(recent: &VecDeque<Entry<Payload>>, len: usize) -> Option<i64> {
    recent.range(..len).rev().find_map(|entry| {
        let digest = TxnRecord::from_all(entry.payload.clone()).ok()?.digest?;
        (digest.version == DIGEST_VERSION).then_some(digest.tree)
    })
}

const fn is_noted(zxid: Zxid) -> bool {
    // The start of an epoch is no transaction.
    zxid.0 % INTERVAL == 0 && !zxid.is_epoch_start()
}

#[cfg(test)]
mod tests {
    use super::*;
    use zabscope_core::base::{Cxid, SessionId};
    use zabscope_core::proto::txn::{Txn, TxnDigest, TxnHeader};
    use zabscope_core::wire::Encode;

    fn z(counter: i64) -> Zxid {
        Zxid(1 << 32 | counter)
    }

    /// A transaction behind which the tree has `100 + counter`, or a refused write.
    fn entry(counter: i64, refused: bool) -> Entry<Payload> {
        let kind = if refused { -1 } else { 2 };
        let header =
            TxnHeader { session: SessionId(1), cxid: Cxid(1), zxid: z(counter), time_ms: 0, kind };
        let txn = match refused {
            true => Txn::Error { code: -101 },
            false => Txn::Delete { path: "/a".into(), container: false },
        };
        let digest = TxnDigest { version: DIGEST_VERSION, tree: 100 + counter };
        let digest = (!refused).then_some(digest);
        Entry { zxid: z(counter), payload: TxnRecord { header, txn, digest }.to_bytes() }
    }

    fn recent(counters: std::ops::RangeInclusive<i64>) -> VecDeque<Entry<Payload>> {
        counters.map(|counter| entry(counter, false)).collect()
    }

    fn told(digests: &Digests) -> Vec<(i64, i64)> {
        digests.iter().map(|(zxid, digest)| (zxid.0 & 0xffff_ffff, digest)).collect()
    }

    #[test]
    fn one_of_128_is_remembered_and_so_many() {
        let mut digests = Digests::default();
        for counter in 1..=(128 * 1030) {
            digests.look(z(counter), counter, &VecDeque::new());
        }
        let told = told(&digests);
        assert_eq!((told.len(), told[0], told[1023]), (LIMIT, (896, 896), (131_840, 131_840)));
    }

    #[test]
    fn what_was_passed_in_one_step_is_told_by_the_history() {
        let mut digests = Digests::default();
        digests.look(z(120), 220, &recent(1..=120));
        digests.look(z(130), 230, &recent(1..=130));
        assert_eq!(told(&digests), [(128, 228)]);
        digests.look(z(131), 231, &recent(1..=131));
        // The tree is another one than the history says.
        digests.look(z(300), 7, &recent(1..=300));
        assert_eq!(told(&digests), [(128, 228)]);
    }

    #[test]
    fn a_refused_write_has_the_digest_of_what_stands_before_it() {
        let mut digests = Digests::default();
        let mut history = recent(1..=127);
        history.push_back(entry(128, true));
        history.push_back(entry(129, false));
        digests.look(z(129), 229, &history);
        assert_eq!(told(&digests), [(128, 227)]);
    }

    #[test]
    fn a_history_that_is_cut_or_replaced_takes_its_digests_along() {
        let mut digests = Digests::default();
        digests.look(z(260), 360, &recent(1..=260));
        assert_eq!(told(&digests), [(128, 228), (256, 356)]);
        digests.look(z(200), 300, &recent(1..=200));
        assert_eq!(told(&digests), [(128, 228)]);
        // A state came: nothing that is known leads to it.
        digests.look(Zxid(2 << 32 | 7), 1, &VecDeque::new());
        assert_eq!(told(&digests), []);
    }
}
