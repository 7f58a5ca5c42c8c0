//! The ways between nodes: what passes there.

use crate::lab::Lab;
use zabscope_core::base::{Link, NodeId, Set};
use zabscope_core::sim::Hold;

/// The way between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// The smaller end.
    pub a: NodeId,
    /// The larger end.
    pub b: NodeId,
    /// Nothing passes from `a` to `b`.
    pub cut_ab: bool,
    /// Nothing passes from `b` to `a`.
    pub cut_ba: bool,
    /// What `a` sends to `b` is held.
    pub held_ab: bool,
    /// What `b` sends to `a` is held.
    pub held_ba: bool,
    /// A leader and its learner talk here, or a client and its server.
    pub used: bool,
}

/// All that are seen at the lab's cursor.
pub(super) fn of(lab: &Lab) -> Vec<LinkView> {
    let (world, voters) = (lab.world(), lab.voters());
    let (cuts, holds) = (world.network().cuts(), lab.sim().holds());
    let mut used = Set::new();
    for (end, socket) in world.network().sockets() {
        let talks = match end.link {
            Link::Quorum(_) | Link::Server(_) => true,
            Link::Election(_) | Link::Client(_) => false,
        };
        if talks && socket.open {
            let pair = (end.node, socket.peer.node);
            used.insert((pair.0.min(pair.1), pair.0.max(pair.1)));
        }
    }
    let nodes: Vec<NodeId> = world.slots().keys().copied().collect();
    let mut links = Vec::new();
    for (place, &a) in nodes.iter().enumerate() {
        for &b in nodes.iter().skip(place + 1) {
            let (cut_ab, cut_ba) = (cuts.contains(&(a, b)), cuts.contains(&(b, a)));
            let held = |from, to| holds.contains(&Hold::Between(from, to));
            let (held_ab, held_ba) = (held(a, b), held(b, a));
            let used = used.contains(&(a, b));
            // Observers have nothing to say to each other, and a client only to its server.
            let servers = match (a, b) {
                (NodeId::Server(a), NodeId::Server(_)) => a.0 <= i64::from(voters),
                _ => false,
            };
            if servers || used || cut_ab || cut_ba || held_ab || held_ba {
                links.push(LinkView { a, b, cut_ab, cut_ba, held_ab, held_ba, used });
            }
        }
    }
    links
}
