//! Which znodes have had their time (Java: `ContainerManager`).

use super::data_tree::Tree;
use super::znode::{Owner, Znode};
use alloc::sync::Arc;

impl Tree {
    /// Containers and TTL znodes that may go, in the order of their paths. `never_used_ms`: how
    /// long a container is kept that never had a child
    /// (`znode.container.maxNeverUsedIntervalMs`); 0 keeps it for ever.
    pub fn reap_candidates(
        &self,
        now_ms: i64,
        never_used_ms: i64,
    ) -> impl Iterator<Item = &Arc<str>> {
        self.reapable()
            .filter(move |(_, node)| is_over(node, now_ms, never_used_ms))
            .map(|(path, _)| path)
    }
}

fn is_over(node: &Znode, now_ms: i64, never_used_ms: i64) -> bool {
    if node.num_children() > 0 {
        return false;
    }
    let unchanged_ms = now_ms.saturating_sub(node.stat.mtime_ms);
    match node.owner() {
        Owner::Container if node.stat.cversion == 0 => {
            never_used_ms > 0 && unchanged_ms > never_used_ms
        }
        Owner::Container => true,
        Owner::Ttl { ttl_ms } => ttl_ms > 0 && unchanged_ms > ttl_ms,
        Owner::Nobody | Owner::Session(_) => false,
    }
}
