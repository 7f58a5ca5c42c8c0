//! Details, taken from the engine when somebody looks at them.
//!
//! * [`packet`]: the fields of a message beside its bytes.
//! * [`facts`]: what a server knows, and what the last step changed of it.
//! * [`session`], [`znode`]: a client with its session, a znode on every server.
//! * [`znodes`]: the trees of all servers beside each other.

pub mod facts;
pub mod packet;
pub mod session;
pub mod znode;
pub mod znodes;

use crate::lab::Lab;
use crate::order::{Selection, Tab};
use crate::spine::chain::{self, Link};
use facts::Fact;
use packet::PacketView;
use session::SessionView;
use std::rc::Rc;
use zabscope_core::base::{NodeId, Sid};
use zabscope_core::ensemble::Actor;
use zabscope_core::sim::World;
use znode::ZnodeView;
use znodes::Znodes;

/// What is known in detail at a moment; nothing of it is made before somebody looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// The chosen message.
    pub packet: Option<Rc<PacketView>>,
    /// The chosen server.
    pub facts: Rc<[Fact]>,
    /// The chosen session.
    pub session: Option<Rc<SessionView>>,
    /// The chosen znode.
    pub znode: Option<Rc<ZnodeView>>,
    /// What led to what is chosen, oldest first.
    pub chain: Rc<[Link]>,
    /// The trees, while their tab is open.
    pub znodes: Option<Rc<Znodes>>,
}

/// Details that were drawn last, and are drawn again while the moment is the same.
#[derive(Debug, Default)]
pub struct DetailCache {
    seen: Option<Key>,
    packet: Option<(Place, Option<Rc<PacketView>>)>,
    details: Details,
}

/// A branch, and a step or a message of it.
type Place = (u32, u64);
/// The moment, what is chosen, tab, time passes.
type Key = (Place, Option<Selection>, Tab, bool);

impl DetailCache {
    /// The details of the lab's moment. While time passes no change is marked: it would cost a
    /// journey into the past with each step. `traces`: the chain of causes stays as it was, since
    /// the moment is one of it.
    #[must_use]
    pub fn view(
        &mut self,
        lab: &Lab,
        selection: Option<&Selection>,
        tab: Tab,
        (playing, traces): (bool, bool),
    ) -> Details {
        let branch = lab.branch().id().0;
        let key = ((branch, lab.index()), selection.cloned(), tab, playing);
        if self.seen.as_ref() == Some(&key) {
            return self.details.clone();
        }
        let sid = match selection {
            Some(Selection::Server(sid)) => Some(Sid(*sid)),
            _ => None,
        };
        let has_facts = !matches!(selection, None | Some(Selection::Message(_)));
        let marks = !playing && (has_facts || tab == Tab::Tree);
        let sim = marks.then(|| before(lab)).flatten();
        let before = sim.as_ref().map(zabscope_core::sim::Sim::world);
        self.details = Details {
            packet: self.packet(lab, branch, selection),
            facts: sid.map_or_else(Rc::default, |sid| facts_of(lab.world(), before, sid)),
            session: match selection {
                Some(Selection::Session(client)) => {
                    session::of(lab, sim.as_ref(), *client).map(Rc::new)
                }
                _ => None,
            },
            znode: match selection {
                Some(Selection::Znode(path)) => Some(Rc::new(znode::of(lab, sim.as_ref(), path))),
                _ => None,
            },
            chain: match selection {
                _ if traces => self.details.chain.clone(),
                Some(one) => chain::of(lab, one).into(),
                None => Rc::default(),
            },
            znodes: (tab == Tab::Tree).then(|| Rc::new(Znodes::of(lab.world(), before))),
        };
        self.seen = Some(key);
        self.details.clone()
    }

    fn packet(
        &mut self,
        lab: &Lab,
        branch: u32,
        selection: Option<&Selection>,
    ) -> Option<Rc<PacketView>> {
        let Some(&Selection::Message(id)) = selection else { return None };
        match &self.packet {
            Some((known, packet)) if *known == (branch, id) => packet.clone(),
            _ => {
                let packet = packet::of(lab, id).map(Rc::new);
                self.packet = Some(((branch, id), packet.clone()));
                packet
            }
        }
    }
}

/// The simulation one step ago.
fn before(lab: &Lab) -> Option<zabscope_core::sim::Sim<Actor>> {
    let index = lab.index().checked_sub(1)?;
    let mut sim = lab.sim().clone();
    sim.seek(index);
    Some(sim)
}

fn facts_of(world: &World<Actor>, before: Option<&World<Actor>>, sid: Sid) -> Rc<[Fact]> {
    let view = |world: &World<Actor>| {
        world.slots().get(&NodeId::Server(sid)).map(|slot| crate::view::server_view(sid, slot))
    };
    let Some(now) = view(world) else { return Rc::default() };
    facts::of(&now, before.and_then(view).as_ref())
}
