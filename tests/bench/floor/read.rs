//! Reads: each ready connection is read once and written to once a turn.

use super::super::load::DATA_BYTES;
use super::super::process;
use super::{BUFFER_BYTES, CONNECTIONS, Program, Sizes, poll_of, read, wait};
use anyhow::Result;
use mio::Events;
use mio::net::TcpStream;
use std::io::Write;
use std::thread;

/// Header, path, watch; header, data, Stat.
pub(super) const SIZES: Sizes = Sizes {
    request: 4 + 8 + 4 + "/bench/key-0000".len() + 1,
    answer: 4 + 16 + 4 + DATA_BYTES + 68,
};

pub(super) fn start(clients: Vec<Vec<TcpStream>>) -> Vec<Program> {
    clients.into_iter().map(|streams| thread::spawn(move || answer(streams))).collect()
}

/// Answers until the streams end.
fn answer(mut streams: Vec<TcpStream>) -> Result<u64> {
    let before = process::cpu_us_of_thread()?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let answers = vec![0; SIZES.answer * (BUFFER_BYTES / SIZES.request + 1)];
    let mut begun = vec![0; streams.len()];
    let mut poll = poll_of(streams.iter_mut())?;
    let mut events = Events::with_capacity(CONNECTIONS);
    loop {
        for number in wait(&mut poll, &mut events)? {
            let Some(count) = read(&mut streams[number], &mut buffer)? else {
                return Ok(process::cpu_us_of_thread()? - before);
            };
            let whole = begun[number] + count;
            begun[number] = whole % SIZES.request;
            streams[number].write_all(&answers[..whole / SIZES.request * SIZES.answer])?;
        }
    }
}
