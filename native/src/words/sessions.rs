//! `dump`: sessions, their ephemerals, and connections, with the times at which they end (Java:
//! `DumpCommand`, `ExpiryQueue.dump`).

use super::Subject;
use super::clients::ClientLine;
use crate::date::date;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use zabscope_core::server::Server;

/// Connections are closed at whole seconds.
const SECOND_MS: i64 = 1000;

pub(super) fn dump(subject: &Subject<'_>, clients: &[ClientLine]) -> String {
    let server = subject.server;
    let mut text = String::from("SessionTracker dump:\n");
    if server.is_leader() {
        session_sets(subject, &mut text);
    } else {
        global_sessions(server, &mut text);
    }
    text.push_str("ephemeral nodes dump:\n");
    ephemerals(server, &mut text);
    text.push_str("Connections dump:\n");
    connection_sets(server, clients, &mut text);
    text
}

/// A leader knows when each session is over.
fn session_sets(subject: &Subject<'_>, text: &mut String) {
    let server = subject.server;
    let tick_ms = i64::try_from(server.config().zab.tick_ms.0).unwrap_or(i64::MAX);
    let next_ms = subject.wall_ms.saturating_add(subject.session_tick_in_ms);
    let mut sets = Sets::default();
    for (session, ticks) in server.tracker().iter() {
        let later = i64::try_from(ticks.saturating_sub(1)).unwrap_or(i64::MAX);
        let ends_ms = next_ms.saturating_add(later.saturating_mul(tick_ms));
        sets.add(ends_ms, session.to_string());
    }
    sets.print("Session Sets", text);
}

/// A learner only knows which there are.
fn global_sessions(server: &Server, text: &mut String) {
    let image = server.image();
    let _ = writeln!(text, "Global Sessions({}):", image.num_sessions());
    for (session, timeout_ms) in image.sessions() {
        let _ = writeln!(text, "{session}\t{timeout_ms}ms");
    }
}

fn ephemerals(server: &Server, text: &mut String) {
    let tree = &server.image().tree;
    let _ = writeln!(text, "Sessions with Ephemerals ({}):", tree.ephemerals().count());
    for (session, paths) in tree.ephemerals() {
        let _ = writeln!(text, "{session}:");
        for path in paths {
            let _ = writeln!(text, "\t{path}");
        }
    }
}

fn connection_sets(server: &Server, clients: &[ClientLine], text: &mut String) {
    let mut sets = Sets::default();
    for client in clients {
        let Some(ends_ms) = client.ends_ms else { continue };
        let line = format!("ip: {} sessionId: {}", client.address(), client.session(server));
        sets.add((ends_ms + SECOND_MS - 1) / SECOND_MS * SECOND_MS, line);
    }
    sets.print("Connections Sets", text);
}

/// What ends at the same time, by that time in ms since 1970.
#[derive(Default)]
struct Sets(BTreeMap<i64, Vec<String>>);

impl Sets {
    fn add(&mut self, ends_ms: i64, line: String) {
        self.0.entry(ends_ms).or_default().push(line);
    }

    fn print(&self, name: &str, text: &mut String) {
        let count: usize = self.0.values().map(Vec::len).sum();
        let _ = writeln!(text, "{name} ({})/({count}):", self.0.len());
        for (ends_ms, lines) in &self.0 {
            let _ = writeln!(text, "{} expire at {}:", lines.len(), date(*ends_ms));
            for line in lines {
                let _ = writeln!(text, "\t{line}");
            }
        }
    }
}
