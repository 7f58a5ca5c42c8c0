//! Why a vote, and why a way of synchronization.

use super::{Guard, Why, running, servers};
use crate::base::{Sid, Zxid, counted};
use crate::ensemble::Actor;
use crate::sim::Sim;
use crate::zab::{SyncChoice, SyncKind, Vote};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

/// One row of a comparison of votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteRow {
    /// What is compared.
    pub name: &'static str,
    /// Of the vote that won.
    pub better: String,
    /// Of the vote that lost.
    pub other: String,
    /// How the first stands to the second.
    pub order: Ordering,
    /// The first difference: the rows below were not looked at.
    pub decides: bool,
}

/// Two votes beside each other, from the more to the less important.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteTable {
    /// The vote that won is for this server.
    pub better: Sid,
    /// The other one is for this.
    pub other: Sid,
    /// Epoch, last logged zxid, server id.
    pub rows: [VoteRow; 3],
}

impl VoteTable {
    fn new(better: Vote, other: Vote) -> Self {
        let orders = [
            better.peer_epoch.cmp(&other.peer_epoch),
            better.zxid.cmp(&other.zxid),
            better.leader.cmp(&other.leader),
        ];
        let deciding = orders.iter().position(|order| order.is_ne());
        let row = |at: usize, name, better: String, other: String| VoteRow {
            name,
            better,
            other,
            order: orders[at],
            decides: deciding == Some(at),
        };
        let rows = [
            row(0, "epoch", format!("e{}", better.peer_epoch), format!("e{}", other.peer_epoch)),
            row(1, "last logged", better.zxid.to_string(), other.zxid.to_string()),
            row(2, "server id", better.leader.to_string(), other.leader.to_string()),
        ];
        Self { better: better.leader, other: other.leader, rows }
    }

    /// The row that decided.
    #[must_use]
    pub fn deciding(&self) -> Option<&VoteRow> {
        self.rows.iter().find(|row| row.decides)
    }
}

/// `=`, `>` or `<`
#[must_use]
pub const fn order_text(order: Ordering) -> &'static str {
    match order {
        Ordering::Less => "<",
        Ordering::Equal => "=",
        Ordering::Greater => ">",
    }
}

impl fmt::Display for VoteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  for {} against for {}", self.better, self.other)?;
        for row in &self.rows {
            let decides = if row.decides { "  <- decides" } else { "" };
            let order = order_text(row.order);
            writeln!(f, "      {}: {} {order} {}{decides}", row.name, row.better, row.other)?;
        }
        Ok(())
    }
}

/// Why a LOOKING server votes as it does; `None` unless it is LOOKING and has a vote.
#[must_use]
pub fn vote(sim: &Sim<Actor>, sid: Sid) -> Option<Why> {
    let server = running(sim.world(), sid)?;
    let peer = server.peer();
    let election = peer.election()?;
    if !peer.config().is_voter() {
        return None;
    }
    let (start, now) = (election.start(), election.proposal());
    // Against its own first vote, or against the best of those that it did not take.
    let heard = election.received().values().map(|ballot| ballot.vote);
    let runner_up = heard.filter(|vote| vote.leader != now.leader).max();
    let against = if now == start { runner_up } else { Some(start) };
    let table = against.map(|other| VoteTable::new(now, other));
    let (title, sentence) = if now == start {
        let title = format!("Why server {sid} votes for itself");
        let sentence = match &table {
            Some(table) => format!("No better vote was heard: {}.", because(table)),
            None => "No other vote was heard in this round.".to_string(),
        };
        (title, sentence)
    } else {
        let title = format!("Why server {sid} changed its vote to {}", now.leader);
        let because = table.as_ref().map(because).unwrap_or_default();
        (title, format!("The vote for {} is better: {because}.", now.leader))
    };
    Some(Why { votes: table, ..Why::new(title, Vec::new(), sentence) })
}

fn because(table: &VoteTable) -> String {
    let Some(row) = table.deciding() else { return "it is the same".to_string() };
    let order = order_text(row.order);
    format!("{} {} {order} {}", row.name, row.better, row.other)
}

/// Why a connected learner was sent DIFF, TRUNC or SNAP; `None` if it was not yet.
#[must_use]
pub fn sync(sim: &Sim<Actor>, sid: Sid) -> Option<Why> {
    let (leader, learner) = servers(sim.world()).find_map(|(leader, server)| {
        let reign = server?.peer().reign()?;
        let learner = reign.learners.into_iter().find(|learner| learner.sid == sid)?;
        Some((leader, learner))
    })?;
    let choice = learner.sync?;
    let last = learner.last_zxid;
    let name = match choice.with {
        SyncKind::Diff => "DIFF",
        SyncKind::Trunc => "TRUNC",
        SyncKind::Snap => "SNAP",
    };
    let guards = sync_guards(last, choice);
    let behind = transactions(choice);
    let sentence = match choice.with {
        SyncKind::Diff if choice.txns == 0 => {
            format!(
                "DIFF: server {sid} ends at {last}, as leader {leader} does; nothing is missing."
            )
        }
        SyncKind::Diff => format!(
            "DIFF: server {sid} ends at {last}, which leader {leader} has, and lacks {behind}.",
        ),
        SyncKind::Trunc => format!(
            "TRUNC: server {sid} has entries behind {} that leader {leader} does not have; they \
             were never committed and are cut.",
            choice.zxid
        ),
        SyncKind::Snap => format!(
            "SNAP: what server {sid} has cannot be continued from the log of leader {leader}; it \
             gets the whole tree at {}.",
            choice.zxid
        ),
    };
    Some(Why::new(format!("Why server {sid} was sent {name}"), guards, sentence))
}

/// What the leader has behind the learner's end.
fn transactions(choice: SyncChoice) -> String {
    counted(choice.txns.into(), "transaction", "transactions")
}

fn sync_guards(last: Zxid, choice: SyncChoice) -> Vec<Guard> {
    let SyncChoice { oldest, applied, .. } = choice;
    // How the two stand, whether the rule holds or not.
    let against = |other: Zxid| format!("{last} {} {other}", order_text(last.cmp(&other)));
    Vec::from([
        Guard::new("Both end alike", last == applied, against(applied)),
        Guard::new("The learner is not ahead", last <= applied, against(applied)),
        Guard::new("Its end is within the leader's memory", last >= oldest, against(oldest)),
        Guard::new(
            "The leader's history continues the learner's",
            choice.with == SyncKind::Diff,
            format!("{} after {}", transactions(choice), choice.zxid.min(last)),
        ),
    ])
}
