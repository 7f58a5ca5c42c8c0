//! The world without a clock: streams, disks, processes.

use super::toy::{Call, Config, Msg, Toy, client, election, quorum, server};
use crate::base::rng::Rng;
use crate::base::{Conn, Effect, Link, NodeId, Now, Sid};
use crate::sim::{Action, End, Fault, Kept, Outcome, Wire, World};
use std::string::String;
use std::vec::Vec;

struct Lab {
    world: World<Toy>,
    out: Outcome<Toy>,
}

impl Lab {
    fn new(nodes: &[NodeId]) -> Self {
        let mut lab = Self { world: World::new(), out: Outcome::default() };
        for &node in nodes {
            assert!(lab.world.add(node, Config::default(), Vec::new()));
            lab.act(Action::Start(node));
        }
        lab
    }

    fn try_act(&mut self, action: &Action<Toy>) -> bool {
        self.world.apply(Now::default(), action, &mut self.out)
    }

    #[track_caller]
    fn act(&mut self, action: Action<Toy>) {
        assert!(self.try_act(&action), "{action:?} is not enabled");
    }

    #[track_caller]
    fn call(&mut self, node: NodeId, call: Call) {
        self.act(Action::Call(node, call));
    }

    /// Delivers and flushes until nothing is left to do.
    fn settle(&mut self) {
        loop {
            let mut actions = Vec::new();
            self.world.enabled(&mut actions);
            let next = actions.into_iter().find(|action| {
                matches!(action, Action::Deliver(_) | Action::Flush(_) | Action::Work(_))
            });
            let Some(next) = next else { return };
            self.act(next);
        }
    }

    fn heard(&self, node: NodeId) -> Vec<&str> {
        let process = self.world.process(node).expect("it runs");
        process.heard.iter().map(String::as_str).collect()
    }
}

fn pair() -> Lab {
    let mut lab = Lab::new(&[server(1), server(2)]);
    lab.call(server(2), Call::Connect(quorum(1)));
    lab.settle();
    lab
}

const AT_1: End = End::new(server(1), quorum(2));
const AT_2: End = End::new(server(2), quorum(1));

#[test]
fn a_ping_is_answered_when_it_is_durable() {
    let mut lab = pair();
    lab.call(server(2), Call::Say(quorum(1), 5));
    lab.act(Action::Deliver(AT_1));
    assert!(!lab.try_act(&Action::Deliver(AT_2)), "the answer waits for the disk");
    lab.act(Action::Flush(server(1)));
    assert_eq!(lab.world.slot(server(1)).map(|slot| slot.disk().clone()), Some([5].into()));
    lab.act(Action::Deliver(AT_2));
    assert!(matches!(lab.out.effects[..], [Effect::Note(5)]));
    assert_eq!(lab.heard(server(1)), ["+Quorum(Sid(2))", "Ping(5)"]);
    assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))", "Pong(5)"]);
}

#[test]
fn process_death_keeps_the_disk_queue_and_what_was_sent() {
    let mut lab = pair();
    lab.call(server(1), Call::Persist(8));
    lab.call(server(1), Call::Persist(9));
    lab.call(server(1), Call::Say(quorum(2), 1));
    lab.act(Action::Crash { node: server(1), kept: Kept::All });
    assert!(!lab.try_act(&Action::Crash { node: server(1), kept: Kept::All }));
    assert!(!lab.try_act(&Action::Flush(server(1))));
    lab.settle();
    assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))", "Ping(1)", "-Quorum(Sid(1))"]);
    lab.act(Action::Start(server(1)));
    assert_eq!(lab.world.process(server(1)).map(|toy| toy.found.clone()), Some([8, 9].into()));
}

#[test]
fn power_loss_takes_unsynced_writes_and_what_was_sent() {
    for (kept, found) in [(0, &[][..]), (1, &[8]), (2, &[8, 9]), (7, &[8, 9])] {
        let mut lab = pair();
        lab.call(server(1), Call::Persist(8));
        lab.call(server(1), Call::Persist(9));
        lab.call(server(1), Call::Say(quorum(2), 1));
        lab.act(Action::Crash { node: server(1), kept: Kept::First(kept) });
        lab.settle();
        assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))", "-Quorum(Sid(1))"]);
        lab.act(Action::Start(server(1)));
        let process = lab.world.process(server(1)).expect("it was started");
        assert_eq!(process.found, found);
        assert!(process.links.is_empty());
    }
}

#[test]
fn a_job_waits_for_the_writes_before_it_and_not_for_later_ones() {
    let mut lab = pair();
    lab.call(server(1), Call::Persist(1));
    lab.call(server(1), Call::Count);
    lab.call(server(1), Call::Persist(2));
    assert!(!lab.try_act(&Action::Work(server(1))));
    lab.act(Action::Flush(server(1)));
    lab.act(Action::Work(server(1)));
    assert!(matches!(lab.out.effects[..], [Effect::Reply(1)]));
    assert!(lab.try_act(&Action::Flush(server(1))));
}

#[test]
fn a_cut_direction_delivers_nothing_and_loses_nothing() {
    let mut lab = pair();
    lab.act(Action::Cut(server(2), server(1)));
    assert!(!lab.try_act(&Action::Cut(server(2), server(1))));
    lab.call(server(2), Call::Say(quorum(1), 1));
    lab.call(server(2), Call::Say(quorum(1), 2));
    lab.call(server(1), Call::Say(quorum(2), 3));
    lab.settle();
    assert_eq!(lab.heard(server(1)), ["+Quorum(Sid(2))"]);
    assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))", "Ping(3)"], "the other way is open");
    lab.act(Action::Heal(server(2), server(1)));
    lab.settle();
    assert_eq!(lab.heard(server(1))[1..], ["Ping(1)", "Ping(2)", "Pong(3)"]);
}

#[test]
fn a_break_loses_the_tail_and_tells_both_even_across_a_cut() {
    let mut lab = pair();
    lab.act(Action::Cut(server(2), server(1)));
    lab.act(Action::Cut(server(1), server(2)));
    lab.call(server(2), Call::Say(quorum(1), 1));
    lab.act(Action::Break(server(1), server(2)));
    lab.settle();
    assert_eq!(lab.heard(server(1)), ["+Quorum(Sid(2))", "-Quorum(Sid(2))"]);
    assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))", "-Quorum(Sid(1))"]);
    assert!(!lab.try_act(&Action::Break(server(1), server(2))), "nothing is left to break");
}

#[test]
fn a_reset_leaves_the_other_end_half_open_until_it_sends() {
    let mut lab = pair();
    lab.act(Action::Reset(AT_1));
    lab.settle();
    assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))"]);
    lab.call(server(2), Call::Say(quorum(1), 1));
    lab.act(Action::Deliver(AT_1));
    assert!(lab.out.lost);
    lab.settle();
    assert_eq!(lab.heard(server(1)), ["+Quorum(Sid(2))", "-Quorum(Sid(2))"]);
    assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))", "-Quorum(Sid(1))"]);
}

#[test]
fn a_new_stream_ends_the_half_open_one_before_it() {
    let mut lab = pair();
    lab.act(Action::Reset(AT_2));
    lab.call(server(2), Call::Connect(quorum(1)));
    lab.settle();
    let (one, two) = ("+Quorum(Sid(2))", "-Quorum(Sid(2))");
    assert_eq!(lab.heard(server(1)), [one, two, one]);
    lab.call(server(1), Call::Say(quorum(2), 4));
    lab.settle();
    assert_eq!(lab.heard(server(2)).last(), Some(&"Ping(4)"));
}

#[test]
fn hanging_up_sends_the_rest_first_and_tells_only_the_other() {
    let mut lab = pair();
    lab.call(server(2), Call::Say(quorum(1), 1));
    lab.call(server(2), Call::Hangup(quorum(1)));
    lab.call(server(2), Call::Say(quorum(1), 2));
    assert_eq!(lab.out.unsent, 1);
    lab.settle();
    assert_eq!(lab.heard(server(1)), ["+Quorum(Sid(2))", "Ping(1)", "-Quorum(Sid(2))"]);
    assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))"]);
    assert!(lab.world.network().sockets().is_empty());
}

#[test]
fn a_node_that_is_down_refuses() {
    let mut lab = pair();
    lab.act(Action::Crash { node: server(1), kept: Kept::NONE });
    lab.settle();
    lab.call(server(2), Call::Connect(quorum(1)));
    lab.act(Action::Deliver(AT_1));
    assert!(lab.out.lost);
    lab.act(Action::Deliver(AT_2));
    assert_eq!(lab.heard(server(2)).last(), Some(&"-Quorum(Sid(1))"));
    // A SYN on its way survives the process that it was sent to.
    lab.call(server(2), Call::Connect(quorum(1)));
    lab.act(Action::Start(server(1)));
    lab.act(Action::Crash { node: server(1), kept: Kept::NONE });
    lab.act(Action::Start(server(1)));
    lab.settle();
    assert_eq!(lab.heard(server(1)), ["+Quorum(Sid(2))"]);
    assert_eq!(lab.heard(server(2)).last(), Some(&"+Quorum(Sid(1))"));
}

#[test]
fn connecting_to_oneself_or_to_an_open_link_makes_no_stream() {
    let mut lab = pair();
    lab.call(server(2), Call::Connect(quorum(1)));
    assert!(lab.out.posted.is_empty());
    lab.call(server(2), Call::Connect(election(2)));
    lab.settle();
    assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))", "-Election(Sid(2))"]);
}

#[test]
fn crossing_connects_leave_one_stream_whatever_arrives_first() {
    let (one, two) = (End::new(server(1), election(2)), End::new(server(2), election(1)));
    for order in [[one, two], [two, one]] {
        let mut lab = Lab::new(&[server(1), server(2)]);
        lab.call(server(1), Call::Connect(election(2)));
        lab.call(server(2), Call::Connect(election(1)));
        for end in order {
            lab.act(Action::Deliver(end));
        }
        lab.settle();
        assert_eq!(lab.heard(server(1)), ["+Election(Sid(2))"]);
        assert_eq!(lab.heard(server(2)), ["+Election(Sid(1))"]);
        let sockets = lab.world.network().sockets();
        assert_eq!(sockets[&one].stream, sockets[&two].stream);
        assert_eq!(sockets[&one].stream, 2, "server 2 opened it");
        lab.call(server(1), Call::Say(election(2), 3));
        lab.settle();
        assert_eq!(lab.heard(server(1)).last(), Some(&"Pong(3)"));
    }
}

#[test]
fn a_crossing_connect_survives_no_crash_of_either() {
    for crashed in [1, 2] {
        for kept in [Kept::All, Kept::NONE] {
            for delivered in 0..4 {
                let mut lab = Lab::new(&[server(1), server(2)]);
                lab.call(server(1), Call::Connect(election(2)));
                lab.call(server(2), Call::Connect(election(1)));
                for _ in 0..delivered {
                    lab.deliver_any();
                }
                lab.act(Action::Crash { node: server(crashed), kept });
                lab.settle();
                let heard = lab.heard(server(3 - crashed));
                assert!(heard.last().is_some_and(|last| last.starts_with('-')), "{heard:?}");
                assert!(lab.world.network().sockets().is_empty());
            }
        }
    }
}

#[test]
fn every_connection_of_a_client_is_a_new_one_for_the_server() {
    let mut lab = Lab::new(&[server(1), client(7), client(8)]);
    let link = Link::Server(Sid(1));
    lab.call(client(7), Call::Connect(link));
    lab.call(client(8), Call::Connect(link));
    lab.settle();
    lab.call(client(7), Call::Hangup(link));
    lab.call(client(7), Call::Connect(link));
    lab.settle();
    let plus = |conn| std::format!("+{:?}", Link::Client(Conn(conn)));
    let minus = std::format!("-{:?}", Link::Client(Conn(1)));
    assert_eq!(lab.heard(server(1)), [&plus(1), &plus(2), &minus, &plus(3)]);
    lab.call(server(1), Call::Say(Link::Client(Conn(2)), 6));
    lab.settle();
    assert_eq!(lab.heard(client(8)), ["+Server(Sid(1))", "Ping(6)"]);
    assert_eq!(lab.heard(client(7)), ["+Server(Sid(1))", "+Server(Sid(1))"]);
}

#[test]
fn a_paused_link_is_not_read_and_loses_nothing() {
    let mut lab = pair();
    lab.call(server(1), Call::Pause(quorum(2)));
    lab.call(server(2), Call::Say(quorum(1), 1));
    lab.call(server(2), Call::Hangup(quorum(1)));
    assert!(!lab.try_act(&Action::Deliver(AT_1)));
    lab.call(server(1), Call::Resume(quorum(2)));
    lab.settle();
    assert_eq!(lab.heard(server(1))[1..], ["Ping(1)", "-Quorum(Sid(2))"]);
}

#[test]
fn a_stream_with_too_much_under_way_breaks() {
    use crate::base::limits::SIM_IN_FLIGHT_MAX;
    let mut lab = pair();
    lab.call(server(1), Call::Pause(quorum(2)));
    for number in 0..SIM_IN_FLIGHT_MAX as u64 {
        lab.call(server(2), Call::Say(quorum(1), number));
        assert_eq!(lab.out.unsent, 0);
    }
    assert_eq!(lab.world.network().queues()[&AT_1].len(), SIM_IN_FLIGHT_MAX);
    lab.call(server(2), Call::Say(quorum(1), 7));
    assert_eq!(lab.out.unsent, 1);
    lab.settle();
    assert_eq!(lab.heard(server(1)), ["+Quorum(Sid(2))", "-Quorum(Sid(2))"]);
    assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))", "-Quorum(Sid(1))"]);
}

#[test]
fn timers_are_gone_when_fired_cancelled_or_crashed() {
    use super::toy::Timer::Once;
    let mut lab = pair();
    for name in [1, 2, 3] {
        lab.call(server(1), Call::SetTimer(name, 50));
    }
    lab.act(Action::Fire(server(1), Once(1)));
    assert!(!lab.try_act(&Action::Fire(server(1), Once(1))));
    lab.call(server(1), Call::CancelTimer(2));
    assert!(!lab.try_act(&Action::Fire(server(1), Once(2))));
    lab.act(Action::Crash { node: server(1), kept: Kept::All });
    lab.act(Action::Start(server(1)));
    assert!(!lab.try_act(&Action::Fire(server(1), Once(3))));
}

#[test]
fn halt_ends_the_process_and_is_seen() {
    let mut lab = pair();
    lab.call(server(1), Call::Halt);
    assert_eq!(lab.out.faults, [Fault::Halt(server(1), "told to")]);
    assert!(lab.world.process(server(1)).is_none());
    lab.settle();
    assert_eq!(lab.heard(server(2)), ["+Quorum(Sid(1))", "-Quorum(Sid(1))"]);
}

#[test]
fn what_is_under_way_has_increasing_numbers() {
    let mut lab = pair();
    lab.call(server(2), Call::Say(quorum(1), 1));
    lab.call(server(2), Call::Say(quorum(1), 2));
    let queue = &lab.world.network().queues()[&AT_1];
    assert!(queue[0].id < queue[1].id);
    assert_eq!(queue[1].wire, Wire::Data(Msg::Ping(2)));
    assert_eq!(lab.world.network().item(AT_1, queue[1].id), queue.get(1));
}

/// Any order of anything keeps the world's own rules; the toy checks the contract of links.
#[test]
fn random_actions_and_faults_keep_the_contract() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let nodes = [server(1), server(2), server(3), client(7)];
        let mut lab = Lab::new(&nodes);
        let links = [election(1), election(2), election(3), quorum(1), Link::Server(Sid(1))];
        for _ in 0..400 {
            let mut actions = Vec::new();
            lab.world.enabled(&mut actions);
            let node = nodes[usize::try_from(rng.below(4)).expect("small")];
            let link = links[usize::try_from(rng.below(5)).expect("small")];
            match rng.below(12) {
                0 => lab.world.faults(&mut actions),
                1 | 2 => actions = [Action::Call(node, Call::Connect(link))].into(),
                3 => actions = [Action::Call(node, Call::Hangup(link))].into(),
                4 => actions = [Action::Call(node, Call::Say(link, seed))].into(),
                _ => {}
            }
            let count = u64::try_from(actions.len()).expect("small");
            let chosen = usize::try_from(rng.below(count)).expect("small");
            if let Some(action) = actions.get(chosen) {
                let asked = matches!(action, Action::Call(..));
                assert!(lab.try_act(action) || asked, "{action:?} was said to be enabled");
            }
            lab.check_network();
        }
        // Healed and left alone, every stream is the same at both ends.
        for &from in &nodes {
            for &to in &nodes {
                lab.try_act(&Action::Heal(from, to));
            }
        }
        lab.settle();
        let ends: Vec<End> = lab.world.network().sockets().keys().copied().collect();
        for end in ends {
            lab.call(end.node, Call::Say(end.link, 1));
        }
        lab.settle();
        lab.check_streams_have_two_ends(seed);
    }
}

impl Lab {
    fn deliver_any(&mut self) {
        let mut actions = Vec::new();
        self.world.enabled(&mut actions);
        if let Some(next) = actions.into_iter().find(|a| matches!(a, Action::Deliver(_))) {
            self.act(next);
        }
    }

    fn check_network(&self) {
        let network = self.world.network();
        for (end, socket) in network.sockets() {
            let process = self.world.process(end.node).expect("only a process has ends");
            assert_eq!(process.links.contains(&end.link), socket.open, "{end}");
        }
        for (to, queue) in network.queues() {
            assert!(!queue.is_empty());
            assert!(queue.iter().all(|item| item.to == *to));
            assert!(queue.iter().zip(queue.iter().skip(1)).all(|(a, b)| a.id < b.id));
        }
    }

    fn check_streams_have_two_ends(&self, seed: u64) {
        for (end, socket) in self.world.network().sockets() {
            let peer = self.world.network().sockets().get(&socket.peer);
            let same = peer.is_some_and(|peer| peer.stream == socket.stream);
            assert!(same && socket.open, "seed {seed}: {end} has no other end");
        }
    }
}
