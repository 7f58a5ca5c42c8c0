//! Quotas: how much is below a path, and how much may be (Java: `StatsTrack`, `Quotas`,
//! `DataTree.updateQuotaStat`, `ZooKeeperServer.checkQuota`).
//!
//! The quota of `/a` is in `/zookeeper/quota/a`: limits that a client wrote, and counts that every
//! server keeps in the data of a second znode, without a transaction and without a trace in its
//! stat. Both texts are a client's: whatever they hold, counting goes on.

use super::data_tree::{QUOTA_PATH, Tree, split};
use super::walk::Walk;
use super::znode::Znode;
use crate::proto::KeeperError;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

const LIMITS: &str = "zookeeper_limits";
const STATS: &str = "zookeeper_stats";

/// The text of limits and counts; -1 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Track {
    count: i64,
    bytes: i64,
    count_hard: i64,
    bytes_hard: i64,
}

impl Track {
    const NONE: Self = Self { count: -1, bytes: -1, count_hard: -1, bytes_hard: -1 };

    /// What can be read of a text.
    fn read(data: &[u8]) -> Self {
        let text = String::from_utf8_lossy(data);
        let mut track = Self::NONE;
        for (key, value) in pairs(&text) {
            let value = value.and_then(|value| value.parse().ok()).unwrap_or(-1);
            match key {
                "count" => track.count = value,
                "bytes" => track.bytes = value,
                "countHardLimit" => track.count_hard = value,
                "byteHardLimit" => track.bytes_hard = value,
                _ => {}
            }
        }
        track
    }

    fn text(&self) -> Bytes {
        let Self { count, bytes, count_hard, bytes_hard } = *self;
        let soft = format!("count={count},bytes={bytes}");
        if (count_hard, bytes_hard) == (-1, -1) {
            return soft.into();
        }
        // The odd sign keeps old parsers away from what they do not know.
        format!("{soft}=;byteHardLimit={bytes_hard};countHardLimit={count_hard}").into()
    }
}

/// Keys and values; no value without an equals sign.
fn pairs(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    text.split([',', ';']).filter(|pair| !pair.is_empty()).map(|pair| {
        let mut parts = pair.split('=');
        (parts.next().unwrap_or_default(), parts.next())
    })
}

/// Would writing this to `path` stop a Java server, which reads the text of quota znodes while it
/// applies the transaction?
pub(super) fn is_harmful(path: &str, data: Option<&[u8]>) -> bool {
    let is_quota = split(path).is_some_and(|(parent, name)| {
        parent.starts_with(QUOTA_PATH) && (name == LIMITS || name == STATS)
    });
    if !is_quota {
        return false;
    }
    let Some(data) = data else { return true };
    let text = String::from_utf8_lossy(data);
    pairs(&text).any(|(_, value)| match value {
        None => true,
        Some("") => false,
        Some(value) => value.parse::<i64>().is_err(),
    })
}

impl Tree {
    /// The longest path at or above `path` that has a quota; never the root.
    fn quota_prefix<'a>(&self, path: &'a str) -> Option<&'a str> {
        if !self.has_quotas {
            return None;
        }
        let mut prefix = path;
        while !prefix.is_empty() {
            if self.contains(&format!("{QUOTA_PATH}{prefix}/{LIMITS}")) {
                return Some(prefix);
            }
            prefix = split(prefix)?.0;
        }
        None
    }

    /// Counts a change of `path`, after it was made. True if there is somewhere to count.
    pub(super) fn count_change(&mut self, path: &str, count: i64, bytes: i64) -> bool {
        let Some(prefix) = self.quota_prefix(path) else { return false };
        let stats = format!("{QUOTA_PATH}{prefix}/{STATS}");
        let Some(data) = self.get(&stats).map(|node| node.data().clone()) else { return false };
        let mut track = Track::read(data.as_deref().unwrap_or_default());
        track.count = track.count.wrapping_add(count);
        track.bytes = track.bytes.wrapping_add(bytes);
        self.change(&stats, |node| node.data = Some(track.text()));
        true
    }

    /// A znode was made: if it is to hold counts, they are taken. True if it is.
    pub(super) fn count_if_stats(&mut self, path: &str) -> bool {
        if let Some((parent, STATS)) = split(path)
            && let Some(prefix) = parent.strip_prefix(QUOTA_PATH)
        {
            self.recount(prefix);
            return true;
        }
        false
    }

    /// Takes all counts anew, after a snapshot was loaded: it may be older than some of them.
    pub(super) fn recount_all(&mut self) {
        let mut prefixes = Vec::new();
        let Some(mut below) = self.below(QUOTA_PATH) else { return };
        while below.advance().is_some() {
            if let Some((parent, LIMITS)) = split(below.key())
                && let Some(prefix) = parent.strip_prefix(QUOTA_PATH)
            {
                prefixes.push(String::from(prefix));
            }
        }
        for prefix in prefixes {
            self.recount(&prefix);
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn recount(&mut self, prefix: &str) {
        let stats = format!("{QUOTA_PATH}{prefix}/{STATS}");
        let Some(data) = self.get(&stats).map(|node| node.data().clone()) else { return };
        let mut track =
            Track { count: 0, bytes: 0, ..Track::read(data.as_deref().unwrap_or_default()) };
        let mut count = |node: &Znode| {
            track.count += 1;
            track.bytes += data_len(node.data().as_deref());
        };
        if let Some(top) = self.get(prefix) {
            count(top);
            let mut below = Walk::below(top, prefix);
            while let Some(node) = below.advance() {
                count(node);
            }
        }
        self.change(&stats, |node| node.data = Some(track.text()));
    }

    /// May `path` grow by this much? Only hard limits refuse.
    pub(super) fn check_quota(
        &self,
        path: &str,
        count: i64,
        bytes: i64,
    ) -> Result<(), KeeperError> {
        let Some(prefix) = self.quota_prefix(path) else { return Ok(()) };
        let track = |name| {
            let node = self.get(&format!("{QUOTA_PATH}{prefix}/{name}"))?;
            Some(Track::read(node.data().as_deref().unwrap_or_default()))
        };
        let (Some(limits), Some(stats)) = (track(LIMITS), track(STATS)) else { return Ok(()) };
        let exceeds = |more: i64, now: i64, hard: i64| {
            more != 0 && hard > -1 && now.saturating_add(more) > hard
        };
        if exceeds(count, stats.count, limits.count_hard)
            || exceeds(bytes, stats.bytes, limits.bytes_hard)
        {
            return Err(KeeperError::QuotaExceeded);
        }
        Ok(())
    }
}

/// Bytes of data as quotas count them.
pub(super) fn data_len(data: Option<&[u8]>) -> i64 {
    data.map_or(0, |data| i64::try_from(data.len()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let hard = "count=1,bytes=2=;byteHardLimit=3;countHardLimit=4";
        let track = Track { count: 1, bytes: 2, bytes_hard: 3, count_hard: 4 };
        assert_eq!((Track::read(hard.as_bytes()), track.text()), (track, hard.into()));
        let soft = Track { bytes_hard: -1, count_hard: -1, ..track };
        assert_eq!(soft.text(), "count=1,bytes=2");
        for nonsense in ["", "count", "count=x,bytes=", ",;=", "\u{1}"] {
            assert_eq!(Track::read(nonsense.as_bytes()), Track::NONE, "{nonsense}");
        }
    }

    #[test]
    fn harmful_texts() {
        let limits = "/zookeeper/quota/a/zookeeper_limits";
        for (text, harmful) in [("count=1,bytes=", false), ("", false), ("x", true), ("a=b", true)]
        {
            assert_eq!(is_harmful(limits, Some(text.as_bytes())), harmful, "{text}");
            assert!(!is_harmful("/a/zookeeper_limits", Some(text.as_bytes())));
        }
        assert!(is_harmful(limits, None));
    }
}
