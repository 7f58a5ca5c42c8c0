//! "Find a run where ...": seeds are tried until one does it.
//!
//! Each seed is a run with writes and faults of its own: killed leaders, lost power, cut links. All
//! is drawn from the seed, so the run that is found can be had again, and is given as a link.

use super::{number, progress};
use core::str::SplitWhitespace;
use zabscope_core::base::rng::Rng;
use zabscope_core::base::{ClientId, NodeId, Sid};
use zabscope_core::client::{self, CallId};
use zabscope_core::ensemble::{Actor, Call, EnsembleSettings, Note};
use zabscope_core::saved::SavedRun;
use zabscope_core::server;
use zabscope_core::sim::{Action, Directive, Kept, Micros, Sim, StepRecord};
use zabscope_core::zab::{self, SyncKind};

/// How long each run is, virtual.
const RUN_MS: u64 = 20_000;
/// Most steps of one run: a flood of messages ends it.
const STEPS_MAX: u64 = 40_000;
/// Seeds between two lines of progress.
const PROGRESS_SEEDS: u64 = 5;

/// What is looked for: the word of the request, and what it means.
pub const WANTED: [(&str, &str); 4] = [
    ("rounds", "an election takes more than two rounds"),
    ("trunc", "a server has to cut its log (TRUNC)"),
    ("snap", "a server gets a whole snapshot (SNAP)"),
    ("two-leaders", "two servers lead at the same time"),
];

/// Tries seeds; the first run that fits ends the search.
pub(super) fn answer(words: &mut SplitWhitespace<'_>, tell: &mut dyn FnMut(&str)) -> Option<()> {
    let what = words.next()?;
    let (what, _) = WANTED.iter().find(|(name, _)| *name == what)?;
    let (voters, first, count) = (number(words)?, number::<u64>(words)?, number::<u64>(words)?);
    for done in 0..count {
        if done.is_multiple_of(PROGRESS_SEEDS) {
            progress(done, count, tell);
        }
        let seed = first.wrapping_add(done);
        if let Some(run) = search(what, voters, seed)
            && let Ok(text) = run.to_text()
        {
            tell(&format!("found {seed} {text}"));
            return Some(());
        }
    }
    progress(count, count, tell);
    Some(())
}

/// The run of this seed up to where it fits, if it does.
#[must_use]
pub fn search(what: &str, voters: u8, seed: u64) -> Option<SavedRun> {
    let settings = EnsembleSettings { snap_count: 12, ..crate::lab::settings(voters, seed) };
    let mut sim = Sim::new(settings.setup());
    sim.start_all();
    let mut rng = Rng::new(seed ^ 0x5eed);
    let mut next_act = Micros::from_ms(1_000);
    let mut looked = Looked::default();
    while sim.now() < Micros::from_ms(RUN_MS) && sim.index() < STEPS_MAX {
        let Some(record) = sim.step_until(next_act) else {
            sim.run_until(next_act);
            for directive in act(&sim, &settings, &mut rng) {
                sim.direct(directive);
            }
            // Often soon after the last one: much of what goes wrong is two things at once.
            let pause_us = if rng.below(2) == 0 { 30_000 } else { 900_000 };
            next_act = next_act.plus(rng.below(pause_us));
            continue;
        };
        if looked.fits(what, &sim, &record) {
            return Some(SavedRun::of(&settings, &sim));
        }
    }
    None
}

/// Something that may happen to an ensemble: mostly writes, now and then a fault or its end.
fn act(sim: &Sim<Actor>, settings: &EnsembleSettings, rng: &mut Rng) -> Vec<Directive<Actor>> {
    let servers: Vec<NodeId> = settings.sids().map(NodeId::Server).collect();
    let down = |node: &NodeId| sim.world().process(*node).is_none();
    let leads = |node: &NodeId| {
        let process = sim.world().process(*node).and_then(Actor::server);
        process.is_some_and(server::Server::is_leader)
    };
    let mut pick = |count: usize| usize::try_from(rng.below(count.max(1) as u64)).unwrap_or(0);
    let one = servers.get(pick(servers.len())).copied().unwrap_or(NodeId::Server(Sid(1)));
    let leader = servers.iter().copied().find(leads).unwrap_or(one);
    let others: Vec<NodeId> = servers.iter().copied().filter(|node| *node != leader).collect();
    let action = match pick(16) {
        0 => Action::Crash { node: leader, kept: Kept::All },
        1 => Action::Crash { node: leader, kept: Kept::NONE },
        2 => Action::Crash { node: one, kept: Kept::NONE },
        3..=5 => Action::Start(servers.iter().copied().find(down).unwrap_or(one)),
        6 => return Directive::partition(&[leader], &others, true),
        7..=8 => return Directive::partition(&servers, &servers, false),
        9 => Action::Cut(one, leader),
        _ => {
            let clients: Vec<ClientId> = settings.client_ids().collect();
            let client = clients.get(pick(clients.len())).copied().unwrap_or(ClientId(1));
            let request = crate::lab::create(&format!("/n{}", sim.index()), "x", 0);
            let call = client::Call::Request { id: CallId(sim.index()), request };
            Action::Call(NodeId::Client(client), Call::Client(call))
        }
    };
    vec![Directive::Act(action)]
}

/// How often each server began to look for a leader since it served last.
#[derive(Debug, Default)]
struct Looked([u32; 16]);

impl Looked {
    /// True if this step is what is looked for.
    fn fits(&mut self, what: &str, sim: &Sim<Actor>, record: &StepRecord<Actor>) -> bool {
        let Some(NodeId::Server(sid)) = record.action().and_then(Action::node) else {
            return false;
        };
        let mut none = 0;
        let place = usize::try_from(sid.0).unwrap_or(usize::MAX);
        let looked = self.0.get_mut(place).unwrap_or(&mut none);
        if let Some(Action::Start(_) | Action::Crash { .. }) = record.action() {
            *looked = 0;
        }
        let mut fits = false;
        for note in record.notes() {
            let Note::Server(note) = note else { continue };
            fits |= match note {
                server::Note::Zab(zab::Note::Looking { .. }) => {
                    *looked += 1;
                    false
                }
                server::Note::Zab(zab::Note::Serving(_)) => {
                    let rounds = core::mem::take(looked);
                    (what == "rounds" && rounds > 2) || (what == "two-leaders" && leaders(sim) > 1)
                }
                server::Note::Zab(zab::Note::Syncing { with: SyncKind::Trunc, .. }) => {
                    what == "trunc"
                }
                server::Note::Zab(zab::Note::Syncing { with: SyncKind::Snap, .. }) => {
                    what == "snap"
                }
                _ => false,
            };
        }
        fits
    }
}

/// How many believe that they lead, with clients served.
fn leaders(sim: &Sim<Actor>) -> usize {
    let servers = sim.world().slots().values().filter_map(|slot| slot.process()?.server());
    servers.filter(|server| server.is_leader() && server.peer().is_serving()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_found_and_can_be_repeated() {
        for (what, about) in WANTED {
            let mut lines = Vec::new();
            super::super::answer(&format!("search {what} 3 1 400"), &mut |line| {
                lines.push(line.to_owned())
            });
            let found = lines.iter().find_map(|line| line.strip_prefix("found "));
            let Some((seed, text)) = found.and_then(|found| found.split_once(' ')) else {
                panic!("{about}: nothing in 400 seeds");
            };
            println!("{what}: seed {seed}, {} characters", text.len());
            let run = SavedRun::from_text(text).unwrap();
            assert_eq!(run.replay().unwrap().hash(), run.hash, "{what}");
            assert_eq!(lines.last().map(String::as_str), Some("done"));
        }
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        for request in ["", "search", "search love 3 1 10", "search trunc 3", "paint"] {
            let mut lines = Vec::new();
            super::super::answer(request, &mut |line| lines.push(line.to_owned()));
            assert_eq!(lines, ["unknown"], "{request}");
        }
    }
}
