use super::*;
use crate::lab::create;
use crate::spine::matrix::{Matrix, Tile as Cell};
use crate::tour::{Pace, Tour};
use zabscope_core::base::ClientId;
use zabscope_core::guide::RUNS;

/// The last column of the log matrix, one cell for each server.
fn last_column(lab: &Lab) -> Vec<Cell> {
    let matrix = Matrix::of(lab, 10);
    matrix.rows.iter().map(|row| row.last().unwrap().0).collect()
}

/// How far the last entries have come, and the last zxids: logged, writing, committed.
fn last(server: &ServerView) -> (TileState, &str, &str, &str) {
    let ServerView { tiles, logged, writing, committed, .. } = server;
    (tiles.last().unwrap().state, logged, writing, committed)
}

#[test]
fn only_what_is_on_disk_is_logged() {
    let run = RUNS.iter().position(|run| run.0 == "one-write").unwrap();
    let (mut tour, mut lab) = Tour::begin(run).unwrap();
    // All have the plan; only the disk of the leader, which had it first, is done.
    tour.go(&mut lab, Pace::Next);
    tour.go(&mut lab, Pace::Next);
    let view = View::of(&lab);
    for server in &view.servers {
        let writing = (TileState::Writing, "e1.c1", "e1.c2", "e1.c1");
        let logged = (TileState::Logged, "e1.c2", "", "e1.c1");
        assert_eq!(last(server), if server.sid == 5 { logged } else { writing }, "{server:?}");
    }
    assert_eq!(last_column(&lab), [&[Cell::Writing; 4][..], &[Cell::Logged]].concat());
    // The answer is told, and two disks are still at work.
    for _ in 0..4 {
        tour.go(&mut lab, Pace::Next);
    }
    let view = View::of(&lab);
    for server in &view.servers {
        let slow = server.sid < 3;
        let ahead = (TileState::Ahead, "e1.c1", "e1.c2", "e1.c2");
        let applied = (TileState::Applied, "e1.c2", "", "e1.c2");
        assert_eq!(last(server), if slow { ahead } else { applied }, "{server:?}");
    }
    let slow = [Cell::Ahead, Cell::Ahead];
    assert_eq!(last_column(&lab), [&slow[..], &[Cell::Applied; 3]].concat());
}

#[test]
fn the_disk_of_a_dead_server_stays_in_sight() {
    for power in [false, true] {
        let mut lab = Lab::elected(5, 7);
        lab.ask(ClientId(1), create("/a", "1", 0));
        while View::of(&lab).servers.iter().any(|server| server.committed != "e1.c4") {
            assert!(lab.step());
        }
        while !View::of(&lab).servers.iter().all(|server| server.writing.is_empty()) {
            assert!(lab.step());
        }
        let before = View::of(&lab).server(2).unwrap().clone();
        lab.kill(NodeId::Server(Sid(2)), power);
        let view = View::of(&lab);
        let dead = view.server(2).unwrap();
        assert_eq!(dead.role, Role::Down);
        assert_eq!((&*dead.logged, dead.current_epoch), ("e1.c4", 1));
        assert_eq!(dead.accepted_epoch, before.accepted_epoch);
        let zxids =
            |server: &ServerView| -> Vec<Zxid> { server.tiles.iter().map(|it| it.zxid).collect() };
        assert_eq!(zxids(dead), zxids(&before));
        assert_eq!(last_column(&lab)[1], Cell::Committed);
    }
}
