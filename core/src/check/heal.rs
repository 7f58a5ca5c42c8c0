//! The end of a plan: who is mended, whose damage stays, and what is still asked.

use super::bounds::Bounds;
use super::faults::{LOCK, OFFICE, Plan, WATCHED};
use crate::base::rng::Rng;
use crate::base::{NodeId, Set, Sid};
use crate::client::Call as ClientCall;
use crate::ensemble::Call;
use crate::proto::request::Request;
use crate::recipes::{Program, Turns};
use crate::sim::{Action, Directive, Kept, Micros};
use alloc::format;
use alloc::vec::Vec;

impl Plan {
    /// Recipes of some clients, from the start.
    pub(super) fn recipes(&mut self, at_ms: u64, rng: &mut Rng) {
        if rng.below(3) > 0 {
            return;
        }
        let clients: Vec<NodeId> = self.clients().collect();
        for client in clients {
            let turns = Turns {
                root: LOCK.into(),
                hold_ms: 100 + rng.below(2_000),
                rest_ms: 100 + rng.below(3_000),
            };
            let program = match rng.below(3) {
                0 => Program::Lock(turns),
                1 => Program::Election { root: OFFICE.into() },
                _ => continue,
            };
            self.act(at_ms, Action::Call(client, Call::Run(program)));
        }
    }

    /// The servers that are mended: all, or a quorum and some others.
    fn draw_core(&self, rng: &mut Rng) -> Set<Sid> {
        let all: Vec<Sid> = self.settings.sids().collect();
        if rng.below(2) == 0 {
            return all.into_iter().collect();
        }
        let voters = usize::from(self.settings.voters);
        let mut left: Vec<Sid> = all[..voters].to_vec();
        let mut core = Set::new();
        while core.len() < voters / 2 + 1 {
            let at = usize::try_from(rng.below(left.len() as u64)).unwrap_or(0);
            core.insert(left.swap_remove(at));
        }
        let others: Vec<Sid> = left.into_iter().chain(all[voters..].iter().copied()).collect();
        core.extend(others.into_iter().filter(|_| rng.below(2) == 0));
        core
    }

    /// Mends the core, and lets the damage of the others stay; what comes after it is progress.
    pub(super) fn heal(&mut self, at_ms: u64, calls: &mut u64, rng: &mut Rng) {
        self.told.retain(|(at, _)| *at < Micros::from_ms(at_ms));
        self.told.sort_by_key(|(at, _)| *at);
        let core = self.draw_core(rng);
        let (inside, outside): (Vec<NodeId>, Vec<NodeId>) = self
            .servers()
            .partition(|node| matches!(node, NodeId::Server(sid) if core.contains(sid)));
        let clients: Vec<NodeId> = self.clients().collect();
        for node in &outside {
            match rng.below(3) {
                0 => self.act(at_ms, Action::Crash { node: *node, kept: Kept::NONE }),
                1 => self.tell(at_ms, Directive::Freeze(*node)),
                _ => {}
            }
            self.tell(at_ms, Directive::ClockRate { node: *node, num: 1, den: 1 });
            for directive in Directive::partition(&[*node], &inside, true) {
                self.tell(at_ms, directive);
            }
        }
        let mended: Vec<NodeId> = inside.iter().chain(&clients).copied().collect();
        self.mend(at_ms, &mended);
        self.core = core.into_iter().collect();
        self.healed = Micros::from_ms(at_ms);
        self.ask_again(calls);
    }

    fn mend(&mut self, at_ms: u64, nodes: &[NodeId]) {
        let settings = self.settings.world.clone();
        for &node in nodes {
            self.tell(at_ms, Directive::Thaw(node));
            self.act(at_ms, Action::Start(node));
            self.tell(at_ms, Directive::SlowDisk(node, 1));
            self.tell(at_ms, Directive::ClockRate { node, num: 1, den: 1 });
            for &to in nodes.iter().filter(|to| **to != node) {
                self.act(at_ms, Action::Heal(node, to));
                let (base_us, jitter_us) = (settings.latency_us, settings.jitter_us);
                self.tell(at_ms, Directive::Latency { from: node, to, base_us, jitter_us });
            }
        }
    }

    /// Calls of the healed phase; then the recipes stop.
    fn ask_again(&mut self, calls: &mut u64) {
        let bounds = Bounds::of(&self.settings, self.healed);
        let (ask_ms, stop_ms) = (bounds.leader.0 / 1000, bounds.answered.0 / 1000 + 1);
        let clients: Vec<_> = self.settings.client_ids().collect();
        for client in &clients {
            let node = NodeId::Client(*client);
            self.act(ask_ms, Action::Call(node, Call::Client(ClientCall::Start)));
            let data = Some(format!("healed {node}").into_bytes().into());
            let set = Request::SetData { path: WATCHED.into(), data, version: -1 };
            self.call(ask_ms, *client, calls, set);
            let get = Request::GetData { path: WATCHED.into(), watch: true };
            self.call(ask_ms, *client, calls, get);
        }
        for client in clients {
            let stop = Call::Run(Program::None);
            self.act(stop_ms, Action::Call(NodeId::Client(client), stop));
        }
    }
}
