//! Which znodes have had their time (Java: `ContainerManager`).

use super::data_tree::Tree;
use super::znode::{Owner, Znode};
use alloc::sync::Arc;

/// When a container or a TTL znode has had its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Wall clock, milliseconds since 1970.
    pub now_ms: i64,
    /// How long a container is kept that never had a child
    /// (`znode.container.maxNeverUsedIntervalMs`); 0 keeps it for ever.
    pub never_used_ms: i64,
}

impl Lifetime {
    /// May this znode go?
    pub(super) fn is_over(self, node: &Znode) -> bool {
        if node.num_children() > 0 {
            return false;
        }
        let unchanged_ms = self.now_ms.saturating_sub(node.stat.mtime_ms);
        match node.owner() {
            Owner::Container if node.stat.cversion == 0 => {
                self.never_used_ms > 0 && unchanged_ms > self.never_used_ms
            }
            Owner::Container => true,
            Owner::Ttl { ttl_ms } => ttl_ms > 0 && unchanged_ms > ttl_ms,
            Owner::Nobody | Owner::Session(_) => false,
        }
    }
}

impl Tree {
    /// Containers and TTL znodes that may go, in the order of their paths.
    pub fn reap_candidates(&self, lifetime: Lifetime) -> impl Iterator<Item = &Arc<str>> {
        self.reapable().filter(move |(_, node)| lifetime.is_over(node)).map(|(path, _)| path)
    }
}
