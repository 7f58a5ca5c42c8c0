//! Details, taken from the engine when somebody looks at them.
//!
//! * [`packet`]: the fields of a message beside its bytes.
//! * [`facts`]: what a server knows, and what the last step changed of it.
//! * [`znodes`]: the trees of all servers beside each other.

pub mod facts;
pub mod packet;
pub mod znodes;

use crate::lab::Lab;
use crate::order::{Selection, Tab};
use facts::Fact;
use packet::PacketView;
use std::rc::Rc;
use zabscope_core::base::{NodeId, Sid};
use zabscope_core::ensemble::Actor;
use zabscope_core::sim::World;
use znodes::Znodes;

/// What is known in detail at a moment; nothing of it is made before somebody looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// The chosen message.
    pub packet: Option<Rc<PacketView>>,
    /// The chosen server.
    pub facts: Rc<[Fact]>,
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
    /// journey into the past with each step.
    #[must_use]
    pub fn view(
        &mut self,
        lab: &Lab,
        selection: Option<Selection>,
        tab: Tab,
        playing: bool,
    ) -> Details {
        let branch = lab.branch().id().0;
        let key = ((branch, lab.index()), selection, tab, playing);
        if self.seen == Some(key) {
            return self.details.clone();
        }
        let sid = match selection {
            Some(Selection::Server(sid)) => Some(Sid(sid)),
            _ => None,
        };
        let marks = !playing && (sid.is_some() || tab == Tab::Tree);
        let before = marks.then(|| before(lab)).flatten();
        let before = before.as_ref().map(zabscope_core::sim::Sim::world);
        self.details = Details {
            packet: self.packet(lab, branch, selection),
            facts: sid.map_or_else(Rc::default, |sid| facts_of(lab.world(), before, sid)),
            znodes: (tab == Tab::Tree).then(|| Rc::new(Znodes::of(lab.world(), before))),
        };
        self.seen = Some(key);
        self.details.clone()
    }

    fn packet(
        &mut self,
        lab: &Lab,
        branch: u32,
        selection: Option<Selection>,
    ) -> Option<Rc<PacketView>> {
        let Some(Selection::Message(id)) = selection else { return None };
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
