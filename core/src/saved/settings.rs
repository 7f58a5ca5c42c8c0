//! Settings of a run: what differs from the default, each under a number of its own.

use super::SavedError;
use super::bytes::{In, Out};
use crate::ensemble::EnsembleSettings;
use crate::recipes::{Program, Turns};

/// Largest ensemble that is opened: more servers would make a page stand still.
const NODES_MAX: u8 = 64;
/// Largest time, milliseconds: a day. Larger ones make no sense, and sums of them overflow.
const MS_MAX: u64 = 86_400_000;

/// Reads or writes one setting.
macro_rules! fields {
    ($($number:literal $name:literal: $($field:ident).+),* $(,)?) => {
        /// Writes the settings.
        pub(super) fn put(settings: &EnsembleSettings, out: &mut Out) {
            let default = EnsembleSettings::default();
            $(if settings.$($field).+ != default.$($field).+ {
                out.number($number);
                out.signed(i64::try_from(settings.$($field).+).unwrap_or(i64::MAX));
            })*
            if let Some(ms) = settings.world.break_after_ms {
                out.number(BREAK_AFTER);
                out.number(ms);
            }
            if settings.program != Program::None {
                out.number(PROGRAM);
                put_program(&settings.program, out);
            }
            out.number(0);
        }

        fn take_field(number: u64, settings: &mut EnsembleSettings, input: &mut In<'_>) {
            match number {
                $($number => match input.signed().try_into() {
                    Ok(value) => settings.$($field).+ = value,
                    Err(_) => input.fail(SavedError::Value($name)),
                },)*
                other => input.fail(SavedError::Setting(other)),
            }
        }
    };
}

fields! {
    1 "number of servers": voters,
    2 "number of observers": observers,
    3 "number of clients": clients,
    4 "session timeout": session_timeout_ms,
    5 "tickTime": tick_ms,
    6 "initLimit": init_limit,
    7 "syncLimit": sync_limit,
    8 "snapCount": snap_count,
    10 "latency": world.latency_us,
    11 "jitter": world.jitter_us,
    12 "time of a disk access": world.disk_us,
    13 "jitter of the disk": world.disk_jitter_us,
    14 "connect timeout": world.connect_timeout_ms,
    15 "wall clock": world.wall_start_ms,
}

const SEED: u64 = 9;
const BREAK_AFTER: u64 = 16;
const PROGRAM: u64 = 17;

/// Writes the seed, which is no signed number like the rest, and the other settings.
pub(super) fn put_all(settings: &EnsembleSettings, out: &mut Out) {
    out.number(SEED);
    out.number(settings.world.seed);
    put(settings, out);
}

/// Reads the settings and refuses what no run can begin with.
pub(super) fn take(input: &mut In<'_>) -> EnsembleSettings {
    let mut settings = EnsembleSettings::default();
    loop {
        match input.number() {
            // Also where nothing is left.
            0 => break,
            SEED => settings.world.seed = input.number(),
            BREAK_AFTER => settings.world.break_after_ms = Some(input.number()),
            PROGRAM => settings.program = take_program(input),
            number => take_field(number, &mut settings, input),
        }
    }
    if !is_sane(&settings) {
        input.fail(SavedError::Value("setting"));
    }
    settings
}

fn is_sane(settings: &EnsembleSettings) -> bool {
    let world = &settings.world;
    let nodes = [settings.voters, settings.observers, settings.clients];
    let nodes = nodes.iter().fold(0_u8, |sum, count| sum.saturating_add(*count));
    let times_ms = [settings.tick_ms, world.connect_timeout_ms, world.break_after_ms.unwrap_or(0)];
    let times_us = [world.latency_us, world.jitter_us, world.disk_us, world.disk_jitter_us];
    let limits = [settings.init_limit, settings.sync_limit, settings.snap_count];
    settings.voters > 0
        && nodes <= NODES_MAX
        && settings.tick_ms > 0
        && settings.session_timeout_ms > 0
        && times_ms.iter().all(|ms| *ms <= MS_MAX)
        && times_us.iter().all(|us| *us <= MS_MAX * 1000)
        && limits.iter().all(|limit| (1..=1_000_000_000).contains(limit))
        && world.wall_start_ms.unsigned_abs() <= u64::from(u32::MAX) * 1000
}

/// Writes what a client does on its own.
pub(super) fn put_program(program: &Program, out: &mut Out) {
    let mut turns = |kind, turns: &Turns| {
        out.0.push(kind);
        out.bytes(turns.root.as_bytes());
        out.number(turns.hold_ms);
        out.number(turns.rest_ms);
    };
    match program {
        Program::Lock(lock) => turns(1, lock),
        Program::NaiveLock(lock) => turns(2, lock),
        Program::None => out.0.push(0),
        Program::Election { root } => {
            out.0.push(3);
            out.bytes(root.as_bytes());
        }
    }
}

/// Reads what a client does on its own.
pub(super) fn take_program(input: &mut In<'_>) -> Program {
    let kind = input.byte();
    if kind == 0 {
        return Program::None;
    }
    let root = input.text();
    if kind == 3 {
        return Program::Election { root };
    }
    let turns = Turns { root, hold_ms: input.number(), rest_ms: input.number() };
    if kind > 3 || turns.hold_ms > MS_MAX || turns.rest_ms > MS_MAX {
        input.fail(SavedError::Value("program"));
    }
    if kind == 1 { Program::Lock(turns) } else { Program::NaiveLock(turns) }
}
