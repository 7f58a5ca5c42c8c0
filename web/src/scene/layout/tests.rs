//! Seats, labels and clients, for ensembles of every size.

use super::*;

fn server(sid: i64) -> NodeId {
    NodeId::Server(Sid(sid))
}

/// Docks of so many clients: at servers by turns from one on, all at one, or at none.
fn docks(servers: usize, clients: usize) -> Vec<Vec<Option<i64>>> {
    let sid = |place: usize| i64::try_from(place % servers + 1).ok();
    let turns = |from: usize| (0..clients).map(|client| sid(from + client * 2)).collect();
    let one = |place: usize| vec![sid(place); clients.min(3)];
    let places = (0..servers).step_by(if servers > 5 { 3 } else { 1 });
    let mut all: Vec<Vec<_>> = places.flat_map(|it| [turns(it), one(it)]).collect();
    all.push(vec![None; clients]);
    all
}

/// What lies over what, or outside, in words.
fn over(layout: &Layout) -> Vec<String> {
    let (servers, all) = (layout.things(), layout.all_things());
    let mut wrong = Vec::new();
    for (place, thing) in all.iter().enumerate().skip(servers.len()) {
        if !thing.fits(layout.width + 0.1, layout.height + 0.1) {
            wrong.push(format!("{thing:?} is outside"));
        }
        // A client's ring and the time left below it are two things in turn, and belong together.
        let own = (place - servers.len()) / 2 * 2 + servers.len();
        for other in all.iter().take(own) {
            if thing.gap(other) < -0.1 {
                wrong.push(format!("{thing:?} over {other:?}"));
            }
        }
    }
    wrong
}

#[test]
fn no_client_lies_over_a_server_a_label_or_another_client() {
    for shape in [Shape::Wide, Shape::Narrow] {
        let crews = (1..=9).flat_map(|voters| (0..=9 - voters).map(move |it| (voters, it)));
        for (voters, observers) in crews {
            for clients in 0..=6 {
                for docks in docks(voters + observers, clients) {
                    let crew = Crew { voters, observers, docks };
                    let wrong = over(&Layout::new(&crew, shape));
                    assert!(wrong.is_empty(), "{shape:?} {crew:?}: {wrong:?}");
                }
            }
        }
    }
}

#[test]
fn one_or_two_clients_stand_nearest_to_their_own_server_and_their_lines_pass_over_nothing() {
    for shape in [Shape::Wide, Shape::Narrow] {
        for voters in [3, 4, 5] {
            for docks in (1..=2).flat_map(|clients| docks(voters, clients)) {
                let crew = Crew { voters, observers: 0, docks };
                let layout = Layout::new(&crew, shape);
                for (at, dock) in layout.clients.iter().zip(&crew.docks) {
                    let Some(own) = *dock else { continue };
                    let far = |sid: i64| {
                        let seat = layout.seat(server(sid)).unwrap();
                        (at.x - seat.x).hypot(at.y - seat.y)
                    };
                    let nearest = (1..).take(voters).min_by(|a, b| far(*a).total_cmp(&far(*b)));
                    assert_eq!(nearest, Some(own), "{shape:?} {crew:?}: {at:?}");
                    let seat = layout.seat(server(own)).unwrap();
                    let unit = direction(seat, *at);
                    let line = (along(seat, unit, layout.radius + 12.0), *at);
                    let crossed = layout.things().iter().any(|it| it.is_crossed(line));
                    assert!(!crossed, "{shape:?} {crew:?}: {at:?}");
                }
            }
        }
    }
}

#[test]
fn three_clients_of_three_servers_stand_in_a_row_in_order() {
    let at = [Some(3), Some(2), Some(3), Some(3), Some(2), Some(3)];
    for shape in [Shape::Wide, Shape::Narrow] {
        for clients in 3..=6 {
            let crew = Crew { voters: 3, observers: 0, docks: at[..clients].to_vec() };
            let layout = Layout::new(&crew, shape);
            assert!(layout.row);
            assert!(layout.clients.is_sorted_by(|a, b| a.x < b.x), "{shape:?}: {layout:?}");
            let below = layout.servers.iter().all(|server| server.y < layout.clients[0].y);
            assert!(below, "{shape:?}: {layout:?}");
        }
    }
}

#[test]
fn all_have_their_place_and_none_overlap() {
    for shape in [Shape::Wide, Shape::Narrow] {
        let crews =
            [(1, 0), (2, 0), (3, 0), (5, 0), (7, 0), (9, 0), (3, 1), (5, 2), (3, 6), (7, 2)];
        for (voters, observers) in crews {
            let mut crew = Crew { voters, observers, docks: Vec::new() };
            let servers = i64::try_from(voters + observers).unwrap();
            // A client beside each server.
            crew.docks = (1..=servers).map(Some).collect();
            let layout = Layout::new(&crew, shape);
            let clients =
                (1..=u32::try_from(servers).unwrap()).map(|id| NodeId::Client(ClientId(id)));
            let nodes: Vec<_> = (1..=servers).map(server).chain(clients).collect();
            let round = |node: &NodeId| match node {
                NodeId::Server(sid) => layout.radius_of(sid.0),
                NodeId::Client(_) => layout.client_radius,
            };
            for (place, a) in nodes.iter().enumerate() {
                let (at, r) = (layout.seat(*a).unwrap(), round(a));
                let inside = |x: f32, width: f32| x >= r && x <= width - r + 0.1;
                let fits = inside(at.x, layout.width) && inside(at.y, layout.height);
                assert!(fits, "{shape:?} {voters}+{observers}: {a} at {at:?}");
                for b in &nodes[place + 1..] {
                    let other = layout.seat(*b).unwrap();
                    let apart = (at.x - other.x).hypot(at.y - other.y);
                    assert!(apart > r + round(b), "{shape:?} {voters}+{observers}: {a} and {b}");
                }
            }
            // The first stands at the top, in the middle; it does not move for who comes or goes.
            let first = layout.seat(server(1)).unwrap();
            assert!((first.x - layout.width / 2.0).abs() < 0.5);
            crew.docks.fill(None);
            let alone = Layout::new(&crew, shape);
            for sid in 1..=servers {
                assert!(layout.seat(server(sid)).unwrap().y >= first.y);
                assert_eq!(alone.seat(server(sid)), layout.seat(server(sid)));
            }
            assert_eq!(layout.seat(server(servers + 1)), None);
            assert_eq!(layout.seat(server(0)), None);
        }
    }
}
