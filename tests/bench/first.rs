//! How soon somebody's write is acknowledged: by any of some servers, on a fresh session.

use super::load::{open_session, write_once};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Between two attempts at one server.
const PAUSE: Duration = Duration::from_millis(5);
/// For one step of an attempt. A server that takes a connection and is silent costs this much.
const ATTEMPT: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(90);
const TIMEOUT_MS: i32 = 4000;

/// Attempts at all of these servers at once; when the first create was acknowledged.
pub(crate) fn first_write(servers: &[SocketAddr]) -> Result<Instant> {
    let done = Arc::new(AtomicBool::new(false));
    let (send, written) = mpsc::channel();
    let threads: Vec<_> = servers
        .iter()
        .map(|server| (*server, send.clone(), Arc::clone(&done)))
        .map(|(server, send, done)| {
            thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    if attempt(server).is_ok() {
                        let _ = send.send(Instant::now());
                        return;
                    }
                    thread::sleep(PAUSE);
                }
            })
        })
        .collect();
    let first = written.recv_timeout(PATIENCE).context("nobody took a write")?;
    done.store(true, Ordering::Relaxed);
    for thread in threads {
        let _ = thread.join();
    }
    Ok(first)
}

fn attempt(server: SocketAddr) -> Result<()> {
    let mut stream = open_session(server, TIMEOUT_MS, ATTEMPT)?;
    write_once(&mut stream, "/first-")
}
