//! A whole run as bytes and as text: settings, what was done and when, and the place looked at.
//!
//! The same settings and directives give the same run, so nothing else is saved. The hash of the
//! trace at the cursor says whether the engine still makes the same of them. Layout, before
//! packing:
//!
//! | part | form |
//! |---|---|
//! | version of the format | one byte, 1 |
//! | version of the engine | text with its length |
//! | settings | number and value of each that is not the default; 0 |
//! | directives | count; for each: steps since the last one, microseconds since then, kind, arguments |
//! | cursor | step, microseconds since the last directive, hash of the trace |
//! | view | bytes with their length; they belong to the page |
//! | CRC-32 of all before | four bytes |
//!
//! All numbers have seven bits a byte (`bytes`); `pack` shortens the whole. Decoding is total:
//! any bytes give a run or a [`SavedError`], and take a small multiple of [`BYTES_MAX`] at most.

mod bytes;
mod directive;
mod letters;
mod pack;
mod settings;
#[cfg(test)]
mod tests;

use crate::ensemble::{Actor, EnsembleSettings};
use crate::sim::{Directive, Micros, Setup, Sim, SimTape};
use crate::trace::{Entry, Tape};
use crate::wire::crc32;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::{In, Out};

/// Version of the format.
pub const FORMAT: u8 = 1;
/// Version of this engine.
pub const ENGINE: &str = env!("CARGO_PKG_VERSION");
/// Largest saved run before packing, in bytes.
pub const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most steps before a saved cursor: replaying them takes some ten seconds.
pub const STEPS_MAX: u64 = 5_000_000;
/// Latest time in a saved run: a century.
const AT_US_MAX: u64 = 100 * 366 * 86_400 * 1_000_000;
/// Before the packed bytes in a text.
const TEXT_PREFIX: &str = "1.";

/// A run that can be repeated exactly, and where somebody looked at it.
#[derive(Clone, Debug)]
pub struct SavedRun {
    /// Version of the engine that made it.
    pub engine: String,
    /// How the run began.
    pub settings: EnsembleSettings,
    /// What was done, by step.
    pub entries: Vec<Entry<Directive<Actor>>>,
    /// Steps before the cursor.
    pub index: u64,
    /// Virtual time at the cursor.
    pub at: Micros,
    /// Hash of the trace at the cursor.
    pub hash: u64,
    /// What else somebody saw; belongs to the page.
    pub view: Vec<u8>,
}

/// Why something is not a saved run of this engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SavedError {
    /// No saved run at all.
    #[error("this is not a saved run")]
    Alien,
    /// The format is another one.
    #[error("the run is saved in format {0}, this is format 1")]
    Format(u8),
    /// It is cut off.
    #[error("the saved run is cut off")]
    Short,
    /// Bytes were changed.
    #[error("the saved run is damaged: its checksum is wrong")]
    Checksum,
    /// Larger than [`BYTES_MAX`].
    #[error("the saved run is too large")]
    Large,
    /// A value that makes no sense.
    #[error("the saved run is damaged: wrong {0}")]
    Value(&'static str),
    /// A setting that this engine does not have.
    #[error("the run has a setting ({0}) that this version does not know")]
    Setting(u64),
    /// Something was done that cannot be saved.
    #[error("a server was added by hand: such a run cannot be saved")]
    Unsaved,
}

impl SavedRun {
    /// The run of a simulation, with the simulation's cursor.
    ///
    /// `settings` are those that the simulation was made with.
    #[must_use]
    pub fn of(settings: &EnsembleSettings, sim: &Sim<Actor>) -> Self {
        Self {
            engine: ENGINE.into(),
            settings: settings.clone(),
            entries: sim.tape().entries().to_vec(),
            index: sim.index(),
            at: sim.now(),
            hash: sim.hash(),
            view: Vec::new(),
        }
    }

    /// What a simulation repeats the run from ([`Sim::replay`]).
    ///
    /// # Errors
    /// Steps or times do not grow.
    pub fn tape(&self) -> Result<SimTape<Actor>, SavedError> {
        let setup: Setup<Actor> = self.settings.setup();
        let mut tape = Tape::new(setup);
        for entry in &self.entries {
            if !tape.push(entry.clone()) {
                return Err(SavedError::Value("order"));
            }
        }
        Ok(tape)
    }

    /// Replays the run to its cursor. Its hash may differ from [`SavedRun::hash`]: then this
    /// engine does not make the same of it any more.
    ///
    /// # Errors
    /// The directives are not in order, or nothing happens any more before the cursor.
    pub fn replay(&self) -> Result<Sim<Actor>, SavedError> {
        let mut sim = Sim::replay(self.tape()?);
        while sim.index() < self.index && sim.step().is_some() {}
        if sim.index() < self.index {
            return Err(SavedError::Value("end"));
        }
        if sim.next_at().is_none_or(|next| next > self.at) {
            sim.run_until(self.at);
        }
        Ok(sim)
    }

    /// The run as bytes.
    ///
    /// # Errors
    /// [`SavedError::Unsaved`] and [`SavedError::Large`].
    pub fn encode(&self) -> Result<Vec<u8>, SavedError> {
        let mut out = Out::default();
        out.0.push(FORMAT);
        out.bytes(self.engine.as_bytes());
        settings::put_all(&self.settings, &mut out);
        out.number(self.entries.len() as u64);
        let (mut index, mut at_us) = (0, 0);
        for entry in &self.entries {
            out.number(entry.index.wrapping_sub(index));
            out.number(entry.at_us.wrapping_sub(at_us));
            directive::put(&entry.directive, entry.index, &mut out)?;
            (index, at_us) = (entry.index, entry.at_us);
        }
        out.number(self.index);
        out.signed(self.at.0.wrapping_sub(at_us).cast_signed());
        out.0.extend_from_slice(&self.hash.to_be_bytes());
        out.bytes(&self.view);
        let sum = crc32(&[&out.0]);
        out.0.extend_from_slice(&sum.to_be_bytes());
        if out.0.len() > BYTES_MAX { Err(SavedError::Large) } else { Ok(pack::pack(&out.0)) }
    }

    /// Reads a run.
    ///
    /// # Errors
    /// All but [`SavedError::Unsaved`].
    pub fn decode(packed: &[u8]) -> Result<Self, SavedError> {
        let all = pack::unpack(packed, BYTES_MAX)?;
        let format = *all.first().ok_or(SavedError::Short)?;
        if format != FORMAT {
            return Err(SavedError::Format(format));
        }
        let (body, sum) = all.split_last_chunk::<4>().ok_or(SavedError::Short)?;
        if crc32(&[body]) != u32::from_be_bytes(*sum) {
            return Err(SavedError::Checksum);
        }
        let mut input = In::new(&body[1..]);
        let run = Self::take(&mut input);
        input.finish()?;
        Ok(run)
    }

    fn take(input: &mut In<'_>) -> Self {
        let engine = input.text();
        let settings = settings::take(input);
        let mut entries: Vec<Entry<Directive<Actor>>> = Vec::new();
        let (mut index, mut at_us) = (0_u64, 0_u64);
        for place in 0..input.count() {
            let steps = input.number();
            index = index.saturating_add(steps);
            at_us = at_us.saturating_add(input.number());
            if at_us > AT_US_MAX || (place > 0 && steps == 0) {
                input.fail(SavedError::Value("order"));
            }
            let directive = directive::take(index, input);
            if input.error.is_some() {
                break;
            }
            entries.push(Entry { index, at_us, directive });
        }
        let index = input.number();
        let at = Micros(at_us.wrapping_add(input.signed().cast_unsigned()));
        if index > STEPS_MAX || at.0 > AT_US_MAX {
            input.fail(SavedError::Value("cursor"));
        }
        let hash = input.take(8).try_into().map_or(0, u64::from_be_bytes);
        let view = input.bytes().to_vec();
        Self { engine, settings, entries, index, at, hash, view }
    }

    /// The run as text for a link or a file: `1.` and letters, digits, `-` and `_`.
    ///
    /// # Errors
    /// As [`SavedRun::encode`].
    pub fn to_text(&self) -> Result<String, SavedError> {
        let mut text = String::from(TEXT_PREFIX);
        letters::write(&self.encode()?, &mut text);
        Ok(text)
    }

    /// Reads a run from text.
    ///
    /// # Errors
    /// As [`SavedRun::decode`], and [`SavedError::Alien`].
    pub fn from_text(text: &str) -> Result<Self, SavedError> {
        let text = text.trim();
        let (version, letters) = text.split_once('.').ok_or(SavedError::Alien)?;
        let version: u8 = version.parse().map_err(|_| SavedError::Alien)?;
        if version != FORMAT {
            return Err(SavedError::Format(version));
        }
        // Packing shortens, so a longer text is no run that would be read.
        if letters.len() > BYTES_MAX * 2 {
            return Err(SavedError::Large);
        }
        Self::decode(&letters::read(letters)?)
    }
}
