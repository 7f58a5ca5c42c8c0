//! Everything that was ever proposed: which transaction, and behind which other one.

use super::violation::{Found, Oracle};
use crate::base::{Map, NodeId, Zxid};
use crate::server::Server;
use crate::server::message::Payload;
use crate::zab::{Entry, Rules};
use alloc::format;
use alloc::vec::Vec;

#[derive(Clone, Debug)]
struct Proposal {
    payload: Payload,
    /// The transaction before it, once a server that remembers it was seen.
    before: Option<Zxid>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Proposals {
    known: Map<Zxid, Proposal>,
}

impl Proposals {
    /// A server hands this entry to its log.
    ///
    /// # Errors
    /// Another one has that zxid, or another predecessor.
    pub fn logged<R: Rules>(
        &mut self,
        node: NodeId,
        server: &Server<R>,
        entry: &Entry<Payload>,
    ) -> Result<(), Found> {
        self.add(node, entry, before(server, entry.zxid))
    }

    fn add(
        &mut self,
        node: NodeId,
        entry: &Entry<Payload>,
        before: Option<Zxid>,
    ) -> Result<(), Found> {
        let zxid = entry.zxid;
        if let Some(before) = before.filter(|before| !zxid.follows(*before)) {
            let what = format!("logs {zxid} behind {before}");
            return Err((Oracle::HistoryIncreasing, Some(node), what));
        }
        let fresh = Proposal { payload: entry.payload.clone(), before };
        let known = self.known.get_or_insert(zxid, fresh);
        if known.payload != entry.payload {
            let what = format!("logs another transaction as {zxid}");
            return Err((Oracle::ZxidUnique, Some(node), what));
        }
        let Some(before) = before else { return Ok(()) };
        let first = *known.before.get_or_insert(before);
        if first != before {
            let what = format!("has {before} before {zxid}, where another one has {first}");
            return Err((Oracle::LogMatching, Some(node), what));
        }
        Ok(())
    }

    /// Was exactly this proposed?
    #[must_use]
    pub fn has(&self, entry: &Entry<Payload>) -> bool {
        self.known.get(&entry.zxid).is_some_and(|known| known.payload == entry.payload)
    }

    /// What the primary of `zxid` proposed before it and behind `before`.
    #[must_use]
    pub fn left_out(&self, before: Zxid, zxid: Zxid) -> Option<Zxid> {
        let first = before.next().max(Zxid::new(zxid.epoch(), 1));
        let next = self.known.from(&first).next().map(|(known, _)| *known);
        next.filter(|known| *known < zxid)
    }

    /// The transactions behind `from` that lead to `to`, oldest first; `None` if that is not
    /// known, or leads past `from`.
    #[must_use]
    pub fn chain(&self, from: Zxid, to: Zxid) -> Option<Vec<(Zxid, Payload)>> {
        let mut chain = Vec::new();
        let mut at = to;
        while at > from {
            let proposal = self.known.get(&at)?;
            chain.push((at, proposal.payload.clone()));
            at = proposal.before?;
        }
        chain.reverse();
        (at == from).then_some(chain)
    }
}

/// The transaction before `zxid` in a server's memory.
fn before<R: Rules>(server: &Server<R>, zxid: Zxid) -> Option<Zxid> {
    let history = server.peer().history();
    let mut next = None;
    for entry in history.tail().iter().rev() {
        if next == Some(zxid) {
            return Some(entry.zxid);
        }
        next = Some(entry.zxid);
    }
    if next == Some(zxid) {
        return Some(history.applied());
    }
    let mut next = None;
    for entry in history.recent().iter().rev() {
        if next == Some(zxid) {
            return Some(entry.zxid);
        }
        next = Some(entry.zxid);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Epoch, Sid};

    fn entry(epoch: i64, counter: u32, byte: u8) -> Entry<Payload> {
        let payload = Payload::copy_from_slice(&[byte]);
        Entry { zxid: Zxid::new(Epoch(epoch), counter), payload }
    }

    #[test]
    fn histories_that_contradict_each_other_are_seen() {
        let node = NodeId::Server(Sid(1));
        let (one, two, three) = (entry(1, 1, 1), entry(1, 2, 2), entry(2, 1, 3));
        let mut all = Proposals::default();
        let mut add = |entry: &Entry<Payload>, before: Option<Zxid>| {
            all.add(node, entry, before).err().map(|(oracle, ..)| oracle)
        };
        assert_eq!(add(&one, Some(Zxid::ZERO)), None);
        assert_eq!(add(&two, Some(one.zxid)), None);
        assert_eq!(add(&three, Some(one.zxid)), None);
        assert_eq!(add(&entry(1, 2, 9), Some(one.zxid)), Some(Oracle::ZxidUnique));
        assert_eq!(add(&three, Some(two.zxid)), Some(Oracle::LogMatching));
        assert_eq!(add(&entry(1, 4, 4), Some(two.zxid)), Some(Oracle::HistoryIncreasing));
        assert_eq!(add(&three, None), None, "nothing is known, nothing is wrong");
        let chain = |from: Zxid, to: Zxid| all.chain(from, to).map(|chain| chain.len());
        assert_eq!(chain(Zxid::ZERO, three.zxid), Some(2));
        assert_eq!(chain(two.zxid, three.zxid), None, "it does not lead there");
        assert_eq!(all.left_out(Zxid::ZERO, two.zxid), Some(one.zxid));
        assert_eq!(all.left_out(one.zxid, two.zxid), None);
        assert_eq!(all.left_out(one.zxid, three.zxid), None, "another primary's");
        assert!(all.has(&one) && !all.has(&entry(1, 1, 7)));
    }
}
