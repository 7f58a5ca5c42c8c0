//! A loopback file server for one folder: what the page needs, and nothing more.

use anyhow::{Context, Result};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Longest request head in bytes that is read.
const HEAD_BYTES_MAX: u64 = 16 * 1024;
/// A browser opens connections that it does not use; this long they may idle.
const IDLE: Duration = Duration::from_secs(10);

/// Serves `folder` on 127.0.0.1 from threads of its own until the process ends.
///
/// Port 0 takes any free port. The address is in the answer.
///
/// # Errors
/// The port is taken.
pub fn start(folder: &Path, port: u16) -> Result<SocketAddr> {
    start_with(folder, port, |_| true)
}

/// As [`start`], but `gate` is asked before a file is sent, by its name below the folder: it may take
/// its time, and if it says no the connection ends without an answer.
///
/// # Errors
/// The port is taken.
pub fn start_with(
    folder: &Path,
    port: u16,
    gate: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
    let address = listener.local_addr()?;
    let folder = folder.to_path_buf();
    let gate = Arc::new(gate);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (folder, gate) = (folder.clone(), gate.clone());
            // A failed connection concerns only the browser that opened it.
            thread::spawn(move || answer(&stream, &folder, &*gate).ok());
        }
    });
    Ok(address)
}

fn answer(
    mut stream: &TcpStream,
    folder: &Path,
    gate: &dyn Fn(&str) -> bool,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    let mut lines = BufReader::new(stream.take(HEAD_BYTES_MAX)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let file = file_of(target);
    if !gate(&file.as_deref().unwrap_or(Path::new("")).to_string_lossy()) {
        return Ok(());
    }
    let (status, kind, body) = match (method, file) {
        ("GET" | "HEAD", Some(path)) => match fs::read(folder.join(&path)) {
            Ok(body) => ("200 OK", content_type(&path), body),
            Err(_) => ("404 Not Found", "text/plain", b"not found\n".to_vec()),
        },
        ("GET" | "HEAD", None) => ("404 Not Found", "text/plain", b"not found\n".to_vec()),
        _ => ("405 Method Not Allowed", "text/plain", b"only GET and HEAD\n".to_vec()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    if method != "HEAD" {
        stream.write_all(&body)?;
    }
    stream.flush()
}

/// The file below the folder that a request asks for; none if it points out of the folder.
fn file_of(target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let path = Path::new(if path.is_empty() { "index.html" } else { path });
    path.components().all(|part| matches!(part, Component::Normal(_))).then(|| path.to_path_buf())
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_stays_inside_the_folder() {
        assert_eq!(file_of("/"), Some("index.html".into()));
        assert_eq!(file_of("/a/b.js?v=1"), Some("a/b.js".into()));
        assert_eq!(file_of("/../secret"), None);
        assert_eq!(file_of("/a/../../secret"), None);
        assert_eq!(file_of("//etc/passwd"), None);
        assert_eq!(file_of("nonsense"), None);
    }

    #[test]
    fn a_file_and_its_absence_are_served() {
        let folder = std::env::temp_dir().join(format!("zabscope-serve-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("x.wasm"), b"\0asm").unwrap();
        let address = start(&folder, 0).unwrap();
        let get = |request: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        };
        let found = get("GET /x.wasm HTTP/1.1\r\n\r\n");
        assert!(found.starts_with("HTTP/1.1 200"), "{found}");
        assert!(found.contains("application/wasm") && found.ends_with("\0asm"), "{found}");
        assert!(get("GET /y HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        assert!(get("POST / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
