//! A run drawn from a seed: settings, calls of clients, faults, and then the healing.
//!
//! The plan does not depend on what the run makes of it, so any part of it is a plan again.

use super::bounds::Bounds;
use crate::base::rng::Rng;
use crate::base::{ClientId, Link, NodeId, Sid};
use crate::client::{Call as ClientCall, CallId};
use crate::ensemble::{Actor, Call, EnsembleSettings};
use crate::proto::Acl;
use crate::proto::multi::MultiOp;
use crate::proto::request::{CreateOp, CreateRequest, Request};
use crate::sim::{Action, Directive, End, Kept, Micros};
use alloc::format;
use alloc::vec::Vec;

/// The znode that everybody sets and watches.
pub const WATCHED: &str = "/w";
/// Parent of the znodes of the clients that take a lock.
pub const LOCK: &str = "/lock";
/// Parent of the candidates for an office.
pub const OFFICE: &str = "/office";

/// The directives of a plan.
pub type Told = Vec<(Micros, Directive<Actor>)>;

/// What is going to be done to an ensemble.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Servers, clients, network, disks.
    pub settings: EnsembleSettings,
    /// What is done when, in the order of time.
    pub told: Told,
    /// The last fault is mended here.
    pub healed: Micros,
    /// The servers whose progress is judged after that, see [`Bounds`]; none: safety is all.
    pub core: Vec<Sid>,
}

/// The likelihood of each kind of deed, drawn for each seed: some runs have many cuts, others
/// none.
struct Mix {
    weights: [u64; DEEDS],
    pace_ms: u64,
}

const DEEDS: usize = 20;

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x005e_ed0f_fa17);
        let settings = settings(seed, &mut rng);
        let mut plan = Self { settings, told: Vec::new(), healed: Micros(0), core: Vec::new() };
        let nodes: Vec<NodeId> = plan.servers().chain(plan.clients()).collect();
        for node in &nodes {
            plan.act(0, Action::Start(*node));
        }
        plan.recipes(1_000, &mut rng);
        let mix = Mix {
            weights: core::array::from_fn(|_| rng.below(4) * rng.below(4)),
            pace_ms: pick(&mut rng, &[300, 1_000, 3_000]),
        };
        let mut at_ms = 1_000;
        let mut calls = 1;
        plan.call(at_ms, ClientId(1), &mut calls, create(WATCHED, 0));
        for deed in 0..20 + rng.below(80) {
            at_ms += rng.below(mix.pace_ms);
            plan.traffic(at_ms, deed, &mut calls, &mut rng);
            let kind = weighted(&mut rng, &mix.weights);
            plan.deed(at_ms, kind, &mut rng);
        }
        plan.heal(at_ms + 1_000, &mut calls, &mut rng);
        plan
    }

    /// Where the run ends.
    #[must_use]
    pub fn end(&self) -> Micros {
        if self.core.is_empty() { self.healed } else { Bounds::of(&self.settings, self.healed).end }
    }

    pub(super) fn servers(&self) -> impl Iterator<Item = NodeId> + use<> {
        self.settings.sids().map(NodeId::Server)
    }

    pub(super) fn clients(&self) -> impl Iterator<Item = NodeId> + use<> {
        self.settings.client_ids().map(NodeId::Client)
    }

    pub(super) fn tell(&mut self, at_ms: u64, directive: Directive<Actor>) {
        self.told.push((Micros::from_ms(at_ms), directive));
    }

    pub(super) fn act(&mut self, at_ms: u64, action: Action<Actor>) {
        self.tell(at_ms, Directive::Act(action));
    }

    pub(super) fn call(&mut self, at_ms: u64, client: ClientId, calls: &mut u64, request: Request) {
        let call = ClientCall::Request { id: CallId(*calls), request };
        *calls += 1;
        self.act(at_ms, Action::Call(NodeId::Client(client), Call::Client(call)));
    }

    /// Writes and reads of some clients, also of those that are dead.
    fn traffic(&mut self, at_ms: u64, deed: u64, calls: &mut u64, rng: &mut Rng) {
        let count = u64::from(self.settings.clients);
        let client = |rng: &mut Rng| ClientId(1 + u32::try_from(rng.below(count)).unwrap_or(0));
        for _ in 0..rng.below(4) {
            let who = client(rng);
            let request = request(deed, *calls, rng);
            self.call(at_ms, who, calls, request);
        }
    }

    /// One deed of the given kind.
    fn deed(&mut self, at_ms: u64, kind: usize, rng: &mut Rng) {
        let servers: Vec<NodeId> = self.servers().collect();
        let clients: Vec<NodeId> = self.clients().collect();
        let (one, other) = (pick(rng, &servers), pick(rng, &servers));
        let client = pick(rng, &clients);
        match kind {
            0 => self.act(at_ms, Action::Crash { node: one, kept: Kept::NONE }),
            1 => self.act(at_ms, Action::Crash { node: one, kept: Kept::All }),
            2 => {
                let kept = Kept::First(u32::try_from(rng.below(4)).unwrap_or(0));
                self.act(at_ms, Action::Crash { node: one, kept });
            }
            3 => {
                for node in servers {
                    self.act(at_ms, Action::Crash { node, kept: Kept::NONE });
                }
            }
            4 if one != other => self.act(at_ms, Action::Cut(one, other)),
            5 if one != other => {
                self.act(at_ms, Action::Cut(one, other));
                self.act(at_ms, Action::Cut(other, one));
            }
            6 => {
                let rest: Vec<NodeId> = servers.into_iter().filter(|node| *node != one).collect();
                for directive in Directive::partition(&[one], &rest, true) {
                    self.tell(at_ms, directive);
                }
            }
            7 if one != other => self.act(at_ms, Action::Break(one, other)),
            8 => self.act(at_ms, Action::Break(client, one)),
            9 => {
                let factor = pick(rng, &[1, 1, 20, 200]);
                self.tell(at_ms, Directive::SlowDisk(one, self.slow(factor)));
            }
            10 => {
                let base_us = pick(rng, &[100, 1_000, 100_000, 800_000]);
                self.tell(
                    at_ms,
                    Directive::Latency { from: one, to: other, base_us, jitter_us: base_us },
                );
            }
            11 => self.tell(at_ms, Directive::Freeze(one)),
            12 => {
                let (num, den) = pick(rng, &[(1, 2), (2, 1), (1, 1), (11, 10)]);
                self.tell(at_ms, Directive::ClockRate { node: one, num, den });
            }
            13 => self.act(at_ms, Action::Crash { node: client, kept: Kept::All }),
            14 => self.tell(at_ms, Directive::WallClock(one, pick(rng, &[-100_000, 0, 5_000]))),
            15 => {
                let snapshot = crate::server::Call::Snapshot;
                self.act(at_ms, Action::Call(one, Call::Server(snapshot)));
            }
            16 if one != other => {
                if let NodeId::Server(other) = other {
                    self.act(at_ms, Action::Reset(End::new(one, Link::Quorum(other))));
                }
            }
            17 => {
                self.act(at_ms, Action::Call(client, Call::Client(ClientCall::Close)));
                let later = at_ms + rng.below(2_000);
                self.act(later, Action::Call(client, Call::Client(ClientCall::Start)));
            }
            18 => {
                if let NodeId::Server(sid) = one {
                    self.act(at_ms, Action::Call(client, Call::Client(ClientCall::MoveTo(sid))));
                }
            }
            19 => {
                // Between two writes of the same moment, while much is under way.
                let kept = Kept::First(1);
                self.tell(at_ms, Directive::SlowDisk(one, self.slow(200)));
                self.act(at_ms + rng.below(3_000), Action::Crash { node: one, kept });
            }
            _ => {}
        }
        // Most of what breaks is mended after a while.
        let later = at_ms + rng.below(8_000);
        self.mend_later(at_ms, later, one, other, client, rng);
    }

    /// A disk that is slow by itself gets less slow: what it has to do when it is mended must not
    /// take longer than the bounds.
    const fn slow(&self, factor: u32) -> u32 {
        if self.settings.world.disk_us > 10_000 { factor.div_ceil(10) } else { factor }
    }

    fn mend_later(
        &mut self,
        at_ms: u64,
        later: u64,
        one: NodeId,
        other: NodeId,
        client: NodeId,
        rng: &mut Rng,
    ) {
        match rng.below(5) {
            0 => self.act(at_ms, Action::Start(one)),
            1 => self.tell(later, Directive::Thaw(one)),
            2 => {
                self.act(later, Action::Heal(one, other));
                self.act(later, Action::Heal(other, one));
            }
            3 => self.act(later, Action::Start(one)),
            _ => self.act(at_ms, Action::Start(client)),
        }
    }
}

fn settings(seed: u64, rng: &mut Rng) -> EnsembleSettings {
    let mut settings = EnsembleSettings {
        voters: pick(rng, &[3, 3, 3, 3, 4, 5, 5, 2]),
        observers: pick(rng, &[0, 0, 1, 2]),
        clients: pick(rng, &[1, 3, 4]),
        session_timeout_ms: pick(rng, &[4_000, 10_700]),
        tick_ms: pick(rng, &[2_000, 2_000, 500]),
        init_limit: pick(rng, &[10, 10, 5]),
        sync_limit: pick(rng, &[5, 5, 3]),
        snap_count: pick(rng, &[3, 5, 50, 100_000]),
        ..EnsembleSettings::default()
    };
    settings.world.seed = seed;
    settings.world.disk_us = pick(rng, &[500, 2_000, 50_000]);
    settings.world.latency_us = pick(rng, &[200, 2_000, 40_000]);
    settings.world.break_after_ms = pick(rng, &[None, Some(3_000)]);
    settings
}

fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[usize::try_from(rng.below(from.len() as u64)).unwrap_or(0)]
}

fn weighted(rng: &mut Rng, weights: &[u64]) -> usize {
    let mut left = rng.below(weights.iter().sum::<u64>().max(1));
    for (index, weight) in weights.iter().enumerate() {
        if left < *weight {
            return index;
        }
        left -= weight;
    }
    weights.len()
}

fn create(path: &str, flags: i32) -> Request {
    Request::Create(create_request(path, flags))
}

fn create_request(path: &str, flags: i32) -> CreateRequest {
    CreateRequest {
        kind: CreateOp::Create,
        path: path.into(),
        data: Some(path.as_bytes().to_vec().into()),
        acl: Some(Acl::open()),
        flags,
    }
}

/// A request, of the znodes of about this deed.
fn request(deed: u64, call: u64, rng: &mut Rng) -> Request {
    let near = |rng: &mut Rng| format!("/n{}", (deed + rng.below(3)).saturating_sub(rng.below(6)));
    let data = Some(format!("{call}").into_bytes().into());
    match rng.below(16) {
        0 => create(&format!("/e{deed}"), 1),
        1 => create("/s-", 2),
        2 | 3 => create(&format!("/n{deed}"), 0),
        4 | 5 => Request::GetData { path: WATCHED.into(), watch: true },
        6 => Request::GetData { path: near(rng).as_str().into(), watch: true },
        7 => Request::Exists { path: near(rng).as_str().into(), watch: true },
        8 => Request::GetChildren2 { path: "/".into(), watch: true },
        9 => Request::Delete { path: near(rng).as_str().into(), version: -1 },
        10 => Request::SetData { path: near(rng).as_str().into(), data, version: -1 },
        11 => Request::SetData { path: WATCHED.into(), data, version: pick(rng, &[0, 1, 2]) },
        12 => Request::Sync { path: "/".into() },
        13 => Request::Multi(Vec::from([
            MultiOp::Create(create_request(&format!("/m{deed}"), 0)),
            MultiOp::SetData { path: WATCHED.into(), data, version: -1 },
            MultiOp::Check { path: near(rng).as_str().into(), version: -1 },
        ])),
        _ => Request::SetData { path: WATCHED.into(), data, version: -1 },
    }
}
