//! The log matrix: replicas by transactions, and how far each transaction is on each replica.

use crate::committed::committed;
use crate::lab::Lab;
use zabscope_core::base::{NodeId, Zxid};
use zabscope_core::ensemble::Actor;
use zabscope_core::server::message::{Msg, Packet};
use zabscope_core::server::{Disk, Server};
use zabscope_core::sim::{Slot, Wire};

/// How far a transaction is on one replica. The later includes the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tile {
    /// It is not there.
    Absent,
    /// Its PROPOSAL is on the way.
    Proposed,
    /// It is on its way to the disk.
    Writing,
    /// It is in the log, which is on disk.
    Logged,
    /// A majority was counted for it, and it is in the log here.
    Committed,
    /// It is applied to the tree, but still on its way to the disk: others make the majority.
    Ahead,
    /// It is in the log, and applied to the tree.
    Applied,
}

/// The last transactions of all replicas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// Columns: counter by counter inside an epoch, epochs in their order; transactions of
    /// several epochs after the same one are forks.
    pub columns: Vec<Zxid>,
    /// For each replica, in the order of ids: a tile for each column, and whether the order to
    /// remove it is on its way.
    pub rows: Vec<Vec<(Tile, bool)>>,
}

fn log_of(slot: &Slot<Actor>) -> Option<&Server> {
    slot.process().and_then(Actor::server)
}

impl Matrix {
    /// The matrix at the lab's cursor: the last `columns_max` transactions that any log holds.
    #[must_use]
    pub fn of(lab: &Lab, columns_max: usize) -> Self {
        let world = lab.world();
        let is_server = |(node, _): &(&NodeId, &Slot<Actor>)| matches!(node, NodeId::Server(_));
        let slots: Vec<_> = world.slots().iter().filter(is_server).collect();
        let mut columns: Vec<Zxid> = Vec::new();
        for (_, slot) in &slots {
            let Some(server) = log_of(slot) else {
                columns.extend(slot.disk().log().rev().take(columns_max).map(|(zxid, _)| zxid));
                continue;
            };
            let history = server.peer().history();
            let entries = history.recent().iter().chain(history.tail()).rev().take(columns_max);
            columns.extend(entries.map(|entry| entry.zxid));
        }
        let orders = orders(lab);
        columns.extend(orders.iter().filter(|(_, _, cut)| !cut).map(|(_, zxid, _)| *zxid));
        columns.sort_unstable();
        columns.dedup();
        let much = columns.len().saturating_sub(columns_max);
        columns.drain(..much);
        let commits = &lab.record().commits;
        let counted = commits.partition_point(|commit| commit.step < lab.index());
        let commits: Vec<Zxid> = commits.before(counted).take(256).map(|c| c.zxid).collect();
        let rows = slots.iter().map(|(node, slot)| {
            let log =
                log_of(slot).map(|server| (server, committed(server, commits.iter().copied())));
            let tile = |zxid: &Zxid| {
                let ordered = |cut: bool| {
                    orders.iter().any(|(to, at, is_cut)| {
                        to == *node && *is_cut == cut && if cut { at < zxid } else { at == zxid }
                    })
                };
                let tile = match log {
                    Some((server, known)) => tile_of(server, *zxid, known, &commits),
                    None => tile_on(slot.disk(), *zxid, &commits),
                };
                match tile {
                    Tile::Absent if ordered(false) => (Tile::Proposed, false),
                    Tile::Absent => (tile, false),
                    _ => (tile, ordered(true)),
                }
            };
            columns.iter().map(tile).collect()
        });
        let mut rows: Vec<Vec<(Tile, bool)>> = rows.collect();
        for (place, zxid) in columns.iter().enumerate() {
            // What a leader did not count one by one is known by the trees of others.
            let applied =
                |row: &Vec<(Tile, bool)>| row.get(place).is_some_and(|it| it.0 >= Tile::Ahead);
            if commits.contains(zxid) || rows.iter().any(applied) {
                let column = rows.iter_mut().filter_map(|row| row.get_mut(place));
                for (tile, _) in column.filter(|(tile, _)| *tile == Tile::Logged) {
                    *tile = Tile::Committed;
                }
            }
        }
        Self { columns, rows }
    }
}

/// PROPOSALs and TRUNCs under way: to whom, zxid, whether it is a TRUNC.
fn orders(lab: &Lab) -> Vec<(NodeId, Zxid, bool)> {
    let mut orders = Vec::new();
    for item in lab.world().network().queues().values().flatten() {
        let Wire::Data(Msg::Packet(packet)) = &item.wire else { continue };
        match packet {
            Packet::Proposal(entry) | Packet::Inform(entry) => {
                orders.push((item.to.node, entry.zxid, false));
            }
            Packet::Trunc { zxid } => orders.push((item.to.node, *zxid, true)),
            _ => {}
        }
    }
    orders
}

/// On the disk of a server without a process.
fn tile_on(disk: &Disk, zxid: Zxid, commits: &[Zxid]) -> Tile {
    let has = disk.log().any(|(held, _)| held == zxid);
    // A snapshot holds what is committed below it.
    if has || disk.holds(zxid) && commits.contains(&zxid) { Tile::Logged } else { Tile::Absent }
}

/// `known`: the last zxid in the tree that is known to be committed.
fn tile_of(server: &Server, zxid: Zxid, known: Zxid, commits: &[Zxid]) -> Tile {
    let peer = server.peer();
    let history = peer.history();
    let has = history.recent().iter().chain(history.tail()).any(|entry| entry.zxid == zxid);
    // A snapshot holds what came before the part of the log that is kept in memory.
    let oldest = history.recent().front().map_or(history.applied().next(), |entry| entry.zxid);
    if !has && (zxid >= oldest || !commits.contains(&zxid)) {
        return Tile::Absent;
    }
    match (zxid <= known, zxid <= peer.durable()) {
        (true, true) => Tile::Applied,
        (true, false) => Tile::Ahead,
        (false, true) => Tile::Logged,
        (false, false) => Tile::Writing,
    }
}
