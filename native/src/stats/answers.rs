//! Requests of one connection: which are not answered yet, and what is told of the answers
//! (Java: the counters of `ServerCnxn`).

use super::summary::{Summary, micros};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use zabscope_core::base::Zxid;
use zabscope_core::proto::opcode as op;
use zabscope_core::proto::reply::xid;

/// A request that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When.
    pub at: Instant,
    /// The number that its reply will have.
    pub xid: i32,
    /// Opcode.
    pub op: i32,
}

impl Asked {
    /// A request; a ping is answered under its own number, whatever the client gave it.
    #[must_use]
    pub const fn new(at: Instant, xid: i32, op: i32) -> Self {
        Self { at, xid: if op == op::PING { xid::PING } else { xid }, op }
    }
}

/// Takes the request that a reply with this number answers. Replies keep the order of requests,
/// except those to what is answered at once: that is the newest one.
pub fn take_asked(asked: &mut VecDeque<Asked>, xid: i32) -> Option<Asked> {
    if asked.front()?.xid == xid {
        return asked.pop_front();
    }
    let at = asked.iter().rposition(|request| request.xid == xid)?;
    asked.remove(at)
}

/// True for requests that become transactions.
#[must_use]
pub const fn is_update(op: i32) -> bool {
    matches!(
        op,
        op::CREATE
            | op::CREATE2
            | op::CREATE_CONTAINER
            | op::CREATE_TTL
            | op::DELETE
            | op::SET_DATA
            | op::SET_ACL
            | op::RECONFIG
            | op::MULTI
            | op::CREATE_SESSION
            | op::CLOSE_SESSION
    )
}

/// The name of an operation in `cons` (Java: `FinalRequestProcessor`).
#[must_use]
pub const fn short_name(op: i32) -> &'static str {
    match op {
        op::PING => "PING",
        op::CREATE_SESSION => "SESS",
        op::CLOSE_SESSION => "CLOS",
        op::CREATE | op::CREATE2 | op::CREATE_CONTAINER | op::CREATE_TTL => "CREA",
        op::DELETE => "DELE",
        op::SET_DATA => "SETD",
        op::SET_ACL => "SETA",
        op::RECONFIG => "RECO",
        op::MULTI => "MULT",
        op::MULTI_READ => "MLTR",
        op::SYNC => "SYNC",
        op::CHECK => "CHEC",
        op::EXISTS => "EXIS",
        op::GET_DATA => "GETD",
        op::GET_ACL => "GETA",
        op::GET_CHILDREN | op::GET_CHILDREN2 => "GETC",
        op::GET_ALL_CHILDREN_NUMBER => "GETACN",
        op::GET_EPHEMERALS => "GETE",
        op::SET_WATCHES => "SETW",
        op::SET_WATCHES2 => "STW2",
        op::ADD_WATCH => "ADDW",
        op::CHECK_WATCHES => "CHKW",
        op::REMOVE_WATCHES => "REMW",
        op::WHO_AM_I => "HOMI",
        _ => "NA",
    }
}

/// What `cons` tells of the answers to one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Opcode of the last request answered; 0 before the first.
    pub op: i32,
    /// Its number, if the client counted it: not that of a ping.
    pub cxid: i32,
    /// Zxid that the answer carried; -1 before the first.
    pub zxid: Zxid,
    /// When, on the driver's monotonic clock, ms; 0 before the first.
    pub at_ms: u64,
    /// How long it took.
    pub took_us: u64,
    /// How long all took, without pings.
    pub took: Summary,
}

impl Default for Answers {
    fn default() -> Self {
        Self { op: 0, cxid: -1, zxid: Zxid(-1), at_ms: 0, took_us: 0, took: Summary::default() }
    }
}

impl Answers {
    /// One more: the answer to `asked`, with this zxid, at this time.
    pub const fn add(&mut self, asked: Asked, zxid: Zxid, at_ms: u64, took: Duration) {
        if asked.xid >= 0 {
            self.cxid = asked.xid;
        }
        self.op = asked.op;
        self.zxid = zxid;
        self.at_ms = at_ms;
        self.took_us = micros(took);
        if asked.op != op::PING {
            self.took.add(self.took_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_find_their_requests() {
        let now = Instant::now();
        let mut asked: VecDeque<Asked> =
            [(1, op::SET_DATA), (2, op::GET_DATA), (7, op::PING), (-4, op::AUTH)]
                .into_iter()
                .map(|(xid, op)| Asked::new(now, xid, op))
                .collect();
        let mut take = |xid| take_asked(&mut asked, xid).map(|found| found.op);
        assert_eq!(take(xid::PING), Some(op::PING), "answered at once");
        assert_eq!(take(-4), Some(op::AUTH));
        assert_eq!(take(9), None, "nobody asked that");
        assert_eq!([take(1), take(2), take(2)], [Some(op::SET_DATA), Some(op::GET_DATA), None]);
    }

    /// A client that gives every request the same number costs no more than one that counts.
    #[test]
    fn equal_numbers_are_taken_one_for_one() {
        let now = Instant::now();
        let mut asked = VecDeque::new();
        for op in [op::GET_DATA, op::PING, op::GET_DATA] {
            asked.push_back(Asked::new(now, xid::PING, op));
        }
        for _ in 0..3 {
            assert!(take_asked(&mut asked, xid::PING).is_some());
        }
        assert!(asked.is_empty());
    }

    #[test]
    fn a_ping_is_the_last_operation_but_no_latency() {
        let mut answers = Answers::default();
        let now = Instant::now();
        let took = Duration::from_micros(2500);
        answers.add(Asked::new(now, 5, op::GET_DATA), Zxid(7), 10, took);
        answers.add(Asked::new(now, 9, op::PING), Zxid(8), 20, Duration::ZERO);
        assert_eq!((answers.op, answers.cxid, answers.zxid), (op::PING, 5, Zxid(8)));
        assert_eq!((answers.at_ms, answers.took_us), (20, 0));
        assert_eq!((answers.took.told().count, answers.took.told().sum), (1, 2500));
    }
}
