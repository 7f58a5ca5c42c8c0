//! Reads: each ready connection is read once and written to once a turn.

use super::super::process;
use super::request::Kind;
use super::{BUFFER_BYTES, CONNECTIONS, Program, poll_of, read, wait};
use anyhow::Result;
use mio::Events;
use mio::net::TcpStream;
use std::io::Write;
use std::thread;

const REQUEST_BYTES: usize = Kind::Get.request_bytes();
const ANSWER_BYTES: usize = Kind::Get.answer_bytes();

pub(super) fn start(clients: Vec<Vec<TcpStream>>) -> Vec<Program> {
    clients.into_iter().map(|streams| thread::spawn(move || answer(streams))).collect()
}

/// Answers until the streams end.
fn answer(mut streams: Vec<TcpStream>) -> Result<u64> {
    let before = process::cpu_us_of_thread()?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let answers = vec![0; ANSWER_BYTES * (BUFFER_BYTES / REQUEST_BYTES + 1)];
    let mut begun = vec![0; streams.len()];
    let mut poll = poll_of(streams.iter_mut())?;
    let mut events = Events::with_capacity(CONNECTIONS);
    loop {
        for number in wait(&mut poll, &mut events)? {
            let Some(count) = read(&mut streams[number], &mut buffer)? else {
                return Ok(process::cpu_us_of_thread()? - before);
            };
            let whole = begun[number] + count;
            begun[number] = whole % REQUEST_BYTES;
            streams[number].write_all(&answers[..whole / REQUEST_BYTES * ANSWER_BYTES])?;
        }
    }
}
