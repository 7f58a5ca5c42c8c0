//! The page's plain parts: a view is a function of tape, cursor and clock, and everything has its
//! place in the drawing.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "clippy does not know these functions as tests")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use zabscope_core::base::{ClientId, NodeId, Sid};
use zabscope_core::sim::{Action, Micros};
use zabscope_web::lab::{Lab, StopAt, create};
use zabscope_web::scene::layout::{Crew, Layout, Shape};
use zabscope_web::travel::ratio_text;
use zabscope_web::view::{Role, TileState, View, time_text};

wasm_bindgen_test_configure!(run_in_browser);

fn server(sid: i64) -> NodeId {
    NodeId::Server(Sid(sid))
}

#[wasm_bindgen_test]
fn a_new_run_is_elected_and_has_a_znode() {
    for voters in [3, 5, 7] {
        let view = View::of(&Lab::elected(voters, 7));
        assert_eq!(view.leader, Some(i64::from(voters)));
        assert_eq!(view.running(), usize::from(voters));
        assert_eq!(view.quorum, usize::from(voters) / 2 + 1);
        let committed = &view.server(1).unwrap().committed;
        assert!(view.servers.iter().all(|server| server.committed == *committed), "{view:?}");
        assert!(view.clients.iter().all(|client| client.connected), "{view:?}");
        assert_eq!(view.clients[0].talks[0].answer.as_deref(), Some("/hello (at e1.c3)"));
    }
}

#[wasm_bindgen_test]
fn a_view_is_equal_forward_backward_and_after_a_jump() {
    let mut lab = Lab::elected(5, 3);
    lab.kill(server(5), true);
    let start = lab.index();
    let forward: Vec<View> = (0..150)
        .map(|_| {
            assert!(lab.step());
            View::of(&lab)
        })
        .collect();
    let same = |view: &View, then: &View| {
        // Only the length of the known run may differ.
        assert_eq!(View { end: 0, ..view.clone() }, View { end: 0, ..then.clone() });
    };
    for then in forward.iter().rev() {
        lab.seek(then.index);
        same(&View::of(&lab), then);
    }
    lab.seek(0);
    lab.seek(start + 77);
    same(&View::of(&lab), &forward[76]);
}

#[wasm_bindgen_test]
fn an_order_in_the_past_makes_another_future() {
    let mut lab = Lab::elected(3, 7);
    let calm = lab.index();
    lab.kill(server(3), false);
    lab.advance(lab.now().plus(2_000_000), StopAt::Never);
    let view = View::of(&lab);
    assert_eq!((view.leader, view.server(3).unwrap().role), (Some(2), Role::Down));
    lab.seek(calm);
    assert!(lab.is_in_the_past());
    lab.ask(ClientId(2), create("/b", "1", 0));
    assert!(!lab.is_in_the_past());
    lab.advance(lab.now().plus(2_000_000), StopAt::Never);
    let view = View::of(&lab);
    assert_eq!(view.leader, Some(3));
    assert_eq!(view.clients[1].talks[0].answer.as_deref(), Some("/b (at e1.c4)"));
    assert!(view.log.iter().all(|line| !line.text.contains("killed")), "{:?}", view.log);
}

#[wasm_bindgen_test]
fn a_cut_stops_messages_half_way() {
    let mut lab = Lab::elected(3, 7);
    lab.act(Action::Cut(server(3), server(1)));
    lab.ask(ClientId(1), create("/c", "1", 0));
    lab.advance(lab.now().plus(400_000), StopAt::Never);
    let view = View::of(&lab);
    let link = view.links.iter().find(|link| (link.a, link.b) == (server(1), server(3))).unwrap();
    assert_eq!((link.cut_ab, link.cut_ba), (false, true));
    let stopped: Vec<_> = view.flights.iter().filter(|flight| flight.stopped).collect();
    assert!(stopped.iter().any(|flight| flight.look.name == "PROPOSAL"), "{:?}", view.flights);
    for flight in stopped {
        assert_eq!((flight.from, flight.to), (server(3), server(1)));
        assert!(flight.share(Micros(u64::MAX)) <= 0.5);
    }
}

fn crew(voters: usize, observers: usize) -> Crew {
    Crew { voters, observers, docks: vec![None; 2] }
}

#[wasm_bindgen_test]
fn both_directions_of_a_link_are_beside_each_other() {
    let layout = Layout::new(&crew(3, 0), Shape::Wide);
    let (there, _) = layout.way(server(1), server(2)).unwrap();
    let (_, back) = layout.way(server(2), server(1)).unwrap();
    let apart = (there.x - back.x).hypot(there.y - back.y);
    assert!((apart - 10.0).abs() < 0.1, "{apart}");
}

#[wasm_bindgen_test]
fn words_for_times_ratios_and_requests() {
    assert_eq!(time_text(Micros(12_034_567)), "+12.034 s");
    assert_eq!(ratio_text(4), "1 s of theirs takes 20 s");
    assert_eq!(ratio_text(7), "1 s of theirs takes 1 s");
    let request = create("/a", "b", 3);
    assert_eq!(zabscope_web::tell::request_text(&request), "create -e -s /a “b”");
}

#[wasm_bindgen_test]
fn what_nobody_counted_a_majority_for_is_not_shown_as_committed() {
    let mut lab = Lab::elected(5, 7);
    lab.ask(ClientId(1), create("/half-way", "1", 0));
    let has = |view: &View| {
        view.servers.iter().filter(|it| it.writing == "e1.c4" || it.logged == "e1.c4").count()
    };
    while has(&View::of(&lab)) < 5 {
        assert!(lab.step());
    }
    assert!(View::of(&lab).servers.iter().all(|server| server.committed == "e1.c3"));
    lab.kill(server(5), false);
    // Who loses its leader has all of its log in its tree; still nobody knows that it is committed.
    let mut looked = 0;
    while View::of(&lab).leader.is_none() {
        for server in View::of(&lab).servers.iter().filter(|it| it.role == Role::Looking) {
            looked += 1;
            assert_eq!((&*server.logged, &*server.committed), ("e1.c4", "e1.c3"), "{server:?}");
            let last = server.tiles.last().unwrap();
            assert!(matches!(last.state, TileState::Writing | TileState::Logged), "{server:?}");
        }
        assert!(lab.step());
    }
    assert!(looked > 0);
    let view = View::of(&lab);
    assert_eq!(view.server(view.leader.unwrap()).unwrap().committed, "e1.c4");
}
