//! What the system says about processes (proc(5)).

use anyhow::{Context, Result};
use rustix::process::Pid;
use std::fs;

/// Units of time in `/proc/PID/stat` a second: fixed in Linux's interface, whatever the kernel's
/// own tick is.
const USER_HZ: u64 = 100;

/// CPU time that a process has used, user and system, with its ended threads, in microseconds.
pub(crate) fn cpu_us(pid: Pid) -> Result<u64> {
    cpu_us_in(&format!("/proc/{}/stat", pid.as_raw_nonzero()))
}

/// The same of the thread that asks.
pub(crate) fn cpu_us_of_thread() -> Result<u64> {
    cpu_us_in("/proc/thread-self/stat")
}

fn cpu_us_in(file: &str) -> Result<u64> {
    let text = fs::read_to_string(file)?;
    // The name may hold spaces and brackets: what follows its last bracket is numbered from 3.
    let (_, fields) = text.rsplit_once(')').context("no name in /proc/PID/stat")?;
    let field = |number: usize| -> Result<u64> {
        let text = fields.split_whitespace().nth(number - 3).context("a short line")?;
        Ok(text.parse()?)
    };
    Ok((field(14)? + field(15)?) * (1_000_000 / USER_HZ))
}

/// Memory in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// What is resident; pages that processes share are counted in each.
    pub(crate) rss_kb: u64,
    /// What is resident; shared pages are divided among those that share them.
    pub(crate) pss_kb: u64,
}

impl Memory {
    pub(crate) fn of(pid: Pid) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", pid.as_raw_nonzero()))?;
        let field = |name: &str| -> Result<u64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).context("no field")?;
            Ok(line.trim().trim_end_matches(" kB").parse()?)
        };
        Ok(Self { rss_kb: field("Rss:")?, pss_kb: field("Pss:")? })
    }

    pub(crate) fn add(self, other: Self) -> Self {
        Self { rss_kb: self.rss_kb + other.rss_kb, pss_kb: self.pss_kb + other.pss_kb }
    }
}
