//! To the next step of some kind, to a time, a zxid, an event.

use super::{Lab, StopAt};
use zabscope_core::base::{Epoch, NodeId, Zxid};
use zabscope_core::sim::Micros;

/// Longest stretch that is searched ahead of what is known, in steps.
const AHEAD_STEPS_MAX: u32 = 2_000;

/// What a step must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Anything.
    Any,
    /// More than heartbeats, timers and streams.
    Loud,
    /// Made by this node, and more than heartbeats.
    By(NodeId),
    /// A change of a role or a phase.
    Phase,
}

/// A place in a run that a person typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The last moment at this time.
    Time(Micros),
    /// So much later or earlier, microseconds.
    Later(i64),
    /// Where this transaction is committed.
    Zxid(Zxid),
    /// The moment behind this event.
    Event(u64),
}

impl Goal {
    /// Reads `12.05s`, `350ms`, `+12.050 s` as the page writes it, `+3s`, `-3s`, `e2.c7`,
    /// `0x200000007`, `1234`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if let Some(hex) = text.strip_prefix("0x") {
            return i64::from_str_radix(hex, 16).ok().map(|zxid| Self::Zxid(Zxid(zxid)));
        }
        if let Some((epoch, counter)) = text.strip_prefix('e').and_then(|t| t.split_once(".c")) {
            let zxid = Zxid::new(Epoch(epoch.parse().ok()?), counter.parse().ok()?);
            return Some(Self::Zxid(zxid));
        }
        let (sign, rest) = match text.as_bytes().first()? {
            b'+' => (Some(1), &text[1..]),
            b'-' => (Some(-1), &text[1..]),
            _ => (None, text.as_str()),
        };
        let us = if let Some(ms) = rest.strip_suffix("ms") {
            micros(ms, 1_000)
        } else if let Some(s) = rest.strip_suffix('s') {
            micros(s, 1_000_000)
        } else if sign.is_some() {
            micros(rest, 1_000_000)
        } else {
            return text.parse().ok().map(Self::Event);
        }?;
        // Three digits behind the point: a moment as the page writes it.
        let number = rest.trim_end_matches([' ', 's']);
        let written = number.split_once('.').is_some_and(|(_, part)| part.len() == 3);
        match sign.filter(|sign| *sign < 0 || !written) {
            Some(sign) => Some(Self::Later(i64::try_from(us).ok()? * sign)),
            None => Some(Self::Time(Micros(us))),
        }
    }
}

/// A decimal number of a unit in microseconds.
fn micros(text: &str, unit: u64) -> Option<u64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let mut us = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut place = unit;
    for digit in part.bytes() {
        place /= 10;
        us = us.checked_add(u64::from(digit.checked_sub(b'0').filter(|d| *d < 10)?) * place)?;
    }
    Some(us)
}

impl Goal {
    /// The time that is meant, if it is one, seen from `now`.
    #[must_use]
    pub fn time(self, now: Micros) -> Option<Micros> {
        match self {
            Self::Time(at) => Some(at),
            Self::Later(us) => Some(Micros(now.0.saturating_add_signed(us))),
            Self::Zxid(_) | Self::Event(_) => None,
        }
    }
}

impl Wanted {
    fn fits(self, lab: &Lab, step: u64) -> bool {
        lab.happening(step).is_some_and(|happening| match self {
            Self::Any => true,
            Self::Loud => !happening.kinds.quiet,
            Self::By(node) => happening.node == Some(node) && !happening.kinds.quiet,
            Self::Phase => happening.kinds.phase,
        })
    }
}

impl Lab {
    /// Forward to behind the next step of this kind. False, and nothing moved, if there is none
    /// within reach.
    pub fn next(&mut self, wanted: Wanted) -> bool {
        // What is known costs one seek.
        if let Some(step) = (self.index()..self.end()).find(|step| wanted.fits(self, *step)) {
            self.seek(step + 1);
            return true;
        }
        let (index, end) = (self.index(), self.end());
        self.seek(end);
        for _ in 0..AHEAD_STEPS_MAX {
            if !self.step() {
                break;
            }
            if wanted.fits(self, self.index() - 1) {
                return true;
            }
        }
        // What was looked at in vain has not happened.
        self.forget_from(end);
        self.seek(index);
        false
    }

    /// Back to behind the step of this kind before the last one: what [`Lab::next`] did, undone.
    /// True if there was one; otherwise the cursor stands at the start.
    pub fn previous(&mut self, wanted: Wanted) -> bool {
        let before = self.index().saturating_sub(1);
        let found = (0..before).rev().find(|step| wanted.fits(self, *step));
        self.seek(found.map_or(0, |step| step + 1));
        found.is_some()
    }

    /// Goes where a person wants. False, and nothing moved, if there is no such place.
    pub fn go(&mut self, goal: Goal) -> bool {
        match goal {
            Goal::Event(index) if index <= self.end() => self.seek(index),
            Goal::Event(_) => return false,
            Goal::Zxid(zxid) => {
                let commit = self.record().commits.iter().find(|commit| commit.zxid == zxid);
                let Some(step) = commit.map(|commit| commit.step) else { return false };
                self.seek(step + 1);
            }
            Goal::Time(_) | Goal::Later(_) => {
                let Some(at) = goal.time(self.now()) else { return false };
                self.go_to_time(at);
            }
        }
        true
    }

    /// The last moment at this time; ahead of what is known the run goes on, within bounds.
    fn go_to_time(&mut self, at: Micros) {
        let known = self.record().happenings.partition_point(|happening| happening.at <= at);
        self.seek(known as u64);
        if self.index() == self.end() {
            self.advance(at, StopAt::Never);
        } else {
            self.wait_until(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_types_is_a_place() {
        let zxid = Zxid::new(Epoch(2), 7);
        for (text, goal) in [
            ("12.05s", Goal::Time(Micros(12_050_000))),
            (" 12.05 s ", Goal::Time(Micros(12_050_000))),
            ("350ms", Goal::Time(Micros(350_000))),
            ("0.0015s", Goal::Time(Micros(1_500))),
            ("+12.050 s", Goal::Time(Micros(12_050_000))),
            ("+12.050", Goal::Time(Micros(12_050_000))),
            ("+3s", Goal::Later(3_000_000)),
            ("+3.5s", Goal::Later(3_500_000)),
            ("-1.500s", Goal::Later(-1_500_000)),
            ("+3", Goal::Later(3_000_000)),
            ("-1.5s", Goal::Later(-1_500_000)),
            ("e2.c7", Goal::Zxid(zxid)),
            ("E2.C7", Goal::Zxid(zxid)),
            ("0x200000007", Goal::Zxid(zxid)),
            ("1234", Goal::Event(1234)),
        ] {
            assert_eq!(Goal::parse(text), Some(goal), "{text}");
        }
        for wrong in [
            "",
            "s",
            "+",
            "-",
            "e2",
            "e2.c",
            "0x",
            "0xg",
            "1.2.3s",
            "12.x5s",
            "abc",
            "99999999999999999999s",
            "1e3s",
            "é",
        ] {
            assert_eq!(Goal::parse(wrong), None, "{wrong}");
        }
    }
}
