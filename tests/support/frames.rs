//! Streams without a client: frames as they travel.

use super::Ensemble;
use anyhow::{Context, Result};
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

pub(crate) fn connect(ensemble: &Ensemble, sid: u8, port: usize) -> Result<TcpStream> {
    let stream = TcpStream::connect(ensemble.address(sid, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(25)))?;
    Ok(stream)
}

/// Waits for the end of a stream; how long that took.
pub(crate) fn wait_for_end(stream: &mut TcpStream) -> Result<Duration> {
    let started = Instant::now();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(started.elapsed()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Ok(started.elapsed());
            }
            Err(error) => return Err(error).context("the stream is still open"),
        }
    }
}

/// A connect request for a new session, as bytes.
pub(crate) fn connect_frame(timeout_ms: i32) -> Vec<u8> {
    let mut frame = Vec::new();
    for part in [&45_i32.to_be_bytes()[..], &[0; 12], &timeout_ms.to_be_bytes(), &[0; 8]] {
        frame.extend_from_slice(part);
    }
    frame.extend_from_slice(&16_i32.to_be_bytes());
    frame.extend_from_slice(&[0; 17]);
    frame
}

/// A request, as bytes.
pub(crate) fn request_frame(xid: i32, op: i32, body: &[u8]) -> Result<Vec<u8>> {
    let len = i32::try_from(8 + body.len())?;
    Ok([&len.to_be_bytes()[..], &xid.to_be_bytes(), &op.to_be_bytes(), body].concat())
}
