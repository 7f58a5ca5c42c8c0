//! What is done with bytes from outside. Used by the fuzzer, and by an ordinary test that replays
//! the corpora (`tests/fuzz_corpora.rs`).
//!
//! A target returns whatever the bytes are; it panics if the code behind it does, or if what was
//! decoded does not survive being encoded.

mod files;
mod ports;
mod runs;
mod session;

/// Takes any bytes.
pub(crate) type Target = fn(&[u8]);

/// All, by name.
pub(crate) const ALL: &[(&str, Target)] = &[
    ("client_frames", ports::client_frames),
    ("requests", session::requests),
    ("quorum_packets", ports::quorum_packets),
    ("notifications", ports::notifications),
    ("log", files::log),
    ("snapshot", files::snapshot),
    ("zoo_cfg", files::zoo_cfg),
    ("tape", runs::tape),
    ("link", runs::link),
];

/// By name.
pub(crate) fn find(name: &str) -> Option<Target> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}
