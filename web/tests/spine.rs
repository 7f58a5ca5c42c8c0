//! The space-time diagram and what stands beside it: functions of run and cursor, with the values
//! of the engine.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "clippy does not know these functions as tests")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Document, Element};
use zabscope_core::base::{ClientId, NodeId, Sid};
use zabscope_core::ensemble::Actor;
use zabscope_core::sim::Action;
use zabscope_core::zab::ServerState;
use zabscope_web::deadline::Deadline;
use zabscope_web::lab::{Lab, StopAt, create};
use zabscope_web::spine::SpineView;
use zabscope_web::spine::diagram::Diagram;
use zabscope_web::spine::matrix::{Matrix, Tile};
use zabscope_web::spine::score::{ARROWS_MAX, Fate, Score};
use zabscope_web::spine::votes::Heard;
use zabscope_web::spine::walk::{self, Toward};

wasm_bindgen_test_configure!(run_in_browser);

fn server(sid: i64) -> NodeId {
    NodeId::Server(Sid(sid))
}

#[wasm_bindgen_test]
fn the_spine_is_equal_forward_backward_and_after_a_jump() {
    let mut lab = Lab::elected(5, 3);
    lab.kill(server(5), true);
    let start = lab.index();
    for _ in 0..200 {
        assert!(lab.step());
    }
    // Known to the same end, so that what comes is known too.
    let at = |lab: &mut Lab, index| {
        lab.seek(index);
        (SpineView::of(lab), Score::of(lab))
    };
    let forward: Vec<(u64, (SpineView, Score))> =
        (start..start + 200).map(|index| (index, at(&mut lab, index))).collect();
    for (index, then) in forward.iter().rev() {
        assert_eq!(at(&mut lab, *index), *then, "back at {index}");
        assert!(then.1.arrows.len() <= ARROWS_MAX);
    }
    lab.seek(0);
    let (index, then) = &forward[77];
    assert_eq!(at(&mut lab, *index), *then);
}

/// The places of the diagram, as the page has them.
fn paper(document: &Document) -> Element {
    let paper = document.create_element("div").unwrap();
    paper.set_inner_html("<svg id='ruler'></svg><div id='lanes'><svg></svg></div>");
    document.body().unwrap().append_child(&paper).unwrap();
    paper
}

/// Says where two drawings differ first.
fn assert_same(drawn: &str, then: &str, what: &str) {
    let place = drawn.bytes().zip(then.bytes()).position(|(a, b)| a != b);
    let around = |text: &str, place: usize| {
        text.get(place.saturating_sub(150)..(place + 100).min(text.len())).map(ToOwned::to_owned)
    };
    if let Some(place) = place.or_else(|| (drawn != then).then(|| drawn.len().min(then.len()))) {
        panic!("{what}: {:?} was {:?}", around(drawn, place), around(then, place));
    }
}

#[wasm_bindgen_test]
fn the_drawing_is_equal_forward_backward_and_after_a_jump() {
    let document = web_sys::window().unwrap().document().unwrap();
    let paper = paper(&document);
    let mut lab = Lab::elected(5, 3);
    lab.ask(ClientId(1), create("/w", "1", 0));
    lab.act(Action::Cut(server(1), server(2)));
    lab.advance(lab.now().plus(60_000), StopAt::Never);
    lab.kill(server(5), true);
    let start = lab.index() - 40;
    for _ in 0..160 {
        assert!(lab.step());
    }
    let mut diagram = Diagram::default();
    let mut at = |lab: &mut Lab, index: u64| {
        lab.seek(index);
        let score = Score::of(lab);
        // A message is chosen as long as it is in the window.
        let chosen = score.arrows.iter().map(|arrow| arrow.id).find(|id| id % 50 == 0);
        diagram.show(&document, &score, chosen, Deadline::NEVER);
        diagram.place(lab.now());
        paper.inner_html()
    };
    let steps = start..start + 200;
    let forward: Vec<(u64, String)> = steps.map(|index| (index, at(&mut lab, index))).collect();
    let drawn = |part: &str| forward.iter().any(|(_, drawing)| drawing.contains(part));
    for part in [
        "arrived",
        "flying",
        "gone",
        "stopped",
        "coming",
        "class=\"name\"",
        "msg selected",
        "class=\"e1\"",
        "ballot changed",
        "crash",
        "cutting",
        "life looking",
        "life down",
        "life client",
        "+1.",
    ] {
        assert!(drawn(part), "{part}");
    }
    for (index, then) in forward.iter().rev() {
        assert_same(&at(&mut lab, *index), then, &format!("back at {index}"));
    }
    for place in [150, 3, 77, 199, 78, 40] {
        let (index, then) = &forward[place];
        at(&mut lab, 0);
        assert_same(&at(&mut lab, *index), then, &format!("jump to {index}"));
    }
    // By another pen, which has drawn nothing before.
    let (index, then) = &forward[120];
    lab.seek(*index);
    let score = Score::of(&lab);
    let chosen = score.arrows.iter().map(|arrow| arrow.id).find(|id| id % 50 == 0);
    let mut diagram = Diagram::default();
    diagram.show(&document, &score, chosen, Deadline::NEVER);
    diagram.place(lab.now());
    assert_same(&paper.inner_html(), then, "another pen");
    paper.remove();
}

#[wasm_bindgen_test]
fn votes_are_those_of_the_engine() {
    let mut lab = Lab::elected(5, 7);
    lab.kill(server(5), false);
    let mut seen = 0;
    for _ in 0..400 {
        assert!(lab.step());
        for votes in SpineView::of(&lab).votes.iter().flatten() {
            let process = lab.world().process(server(votes.sid)).and_then(Actor::server);
            let election = process.unwrap().peer().election().unwrap();
            assert_eq!(votes.own, Some(election.proposal().leader.0));
            for (from, ballot) in election.received().iter().filter(|(from, _)| from.0 != votes.sid)
            {
                let place = usize::try_from(from.0 - 1).unwrap();
                assert_eq!(
                    votes.heard[place],
                    Some(Heard {
                        leader: ballot.vote.leader.0,
                        settled: ballot.state != ServerState::Looking
                    })
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");

    // Who comes late hears of those who have a leader already.
    lab.act(Action::Start(server(5)));
    let mut settled = std::collections::BTreeSet::new();
    for _ in 0..400 {
        assert!(lab.step());
        for votes in SpineView::of(&lab).votes.iter().flatten() {
            assert_eq!((votes.sid, votes.equal), (5, 1));
            let heard =
                votes.heard.iter().zip(1..).filter_map(|(heard, sid)| Some((sid, (*heard)?)));
            settled.extend(heard.filter(|(_, heard)| heard.settled).map(|(sid, heard)| {
                assert_eq!(heard.leader, 4);
                sid
            }));
        }
    }
    assert!(settled.contains(&4) && settled.len() > 1, "{settled:?}");
}

#[wasm_bindgen_test]
fn a_transaction_goes_through_its_states_in_order() {
    let mut lab = Lab::elected(3, 7);
    lab.ask(ClientId(1), create("/m", "1", 0));
    let mut last = [Tile::Absent; 3];
    let mut met = std::collections::BTreeSet::new();
    for _ in 0..120 {
        lab.step();
        let matrix = Matrix::of(&lab, 10);
        let Some(place) = matrix.columns.iter().position(|zxid| zxid.counter() == 4) else {
            continue;
        };
        for (row, last) in matrix.rows.iter().zip(&mut last) {
            let (tile, cut) = row[place];
            assert!(tile >= *last && !cut, "{matrix:?}");
            *last = tile;
            met.insert(tile);
        }
    }
    assert_eq!(last, [Tile::Applied; 3]);
    for tile in [Tile::Proposed, Tile::Writing, Tile::Logged] {
        assert!(met.contains(&tile), "{met:?}");
    }
}

#[wasm_bindgen_test]
fn an_uncommitted_fork_is_seen_and_then_removed() {
    let mut lab = Lab::elected(3, 7);
    for other in [1, 2] {
        lab.act(Action::Cut(server(3), server(other)));
        lab.act(Action::Cut(server(other), server(3)));
    }
    // Client 2 may be anywhere: both ask, one of them through the old leader.
    lab.ask(ClientId(1), create("/x", "1", 0));
    lab.ask(ClientId(2), create("/y", "1", 0));
    lab.advance(lab.now().plus(6_000_000), StopAt::Never);
    // By now both are connected to the others, who have a leader of their own.
    lab.ask(ClientId(1), create("/later", "1", 0));
    lab.advance(lab.now().plus(1_000_000), StopAt::Never);
    for other in [1, 2] {
        lab.act(Action::Heal(server(3), server(other)));
        lab.act(Action::Heal(server(other), server(3)));
    }
    let before = Matrix::of(&lab, 10);
    assert!(before.rows.windows(2).any(|pair| pair[0] != pair[1]), "{before:?}");
    for _ in 0..4000 {
        if !lab.step() {
            break;
        }
    }
    let matrix = Matrix::of(&lab, 10);
    let forked = matrix.columns.iter().any(|zxid| zxid.epoch().0 > 1);
    assert!(forked, "{matrix:?}");
    let equal = matrix.rows.windows(2).all(|pair| pair[0] == pair[1]);
    assert!(equal, "{matrix:?}");
}

#[wasm_bindgen_test]
fn cause_and_effect_are_each_others_way_back() {
    let mut lab = Lab::elected(3, 7);
    lab.ask(ClientId(1), create("/w", "1", 0));
    let first = walk::newest(&lab).unwrap();
    lab.advance(lab.now().plus(500_000), StopAt::Never);
    assert_eq!(lab.flight(first).unwrap().look.name, "REQUEST");
    assert_eq!(walk::cause(&lab, first), None);
    let mut names = vec![];
    let mut id = first;
    while let Some(next) = walk::next(&lab, id, Toward::Effect) {
        assert_eq!(walk::next(&lab, next, Toward::Cause), Some(id));
        names.push(lab.flight(next).unwrap().look.name);
        id = next;
    }
    assert!(names.contains(&"PROPOSAL"), "{names:?}");
    assert!(names.contains(&"ACK"), "{names:?}");
    let score = Score::of(&lab);
    assert!(score.arrows.iter().all(|arrow| arrow.fate != Fate::Ahead));
}
