//! Four-letter words (Java: `server.command`): one word in, text out, then the stream is closed.
//!
//! | module | words |
//! |---|---|
//! | `state` | `srvr`, `stat`, `hash`, `envi`, `dirs` |
//! | `clients` | `cons`, and the clients of `stat` |
//! | `conf` | `conf` |
//! | `mntr` | `mntr` |
//! | `sessions` | `dump` |
//! | `watches` | `wchs`, `wchc`, `wchp` |

mod clients;
mod conf;
mod mntr;
mod sessions;
mod state;
#[cfg(test)]
mod tests;
mod watches;

pub use clients::ClientLine;

use crate::config::Config;
use crate::digests::Digests;
use crate::stats::Stats;
use zabscope_core::server::Server;

/// Every word that is known; which of them are answered is a setting.
const KNOWN: [&str; 18] = [
    "ruok",
    "srvr",
    "stat",
    "mntr",
    "isro",
    "conf",
    "cons",
    "srst",
    "crst",
    "envi",
    "wchs",
    "wchc",
    "wchp",
    "dirs",
    "dump",
    "hash",
    "gtmk",
    SET_TRACE_MASK,
];
/// The only word with an argument: eight bytes behind it.
pub const SET_TRACE_MASK: &str = "stmk";
/// What Apache's log traces unless it is told otherwise: requests, packets between servers,
/// sessions, warnings.
const TRACE_MASK: i64 = 0b1_0011_0010;
/// The version that clients and monitoring tools are told, in Apache's form. Clients choose their
/// requests by the number in front, so it is that of the release whose protocol is spoken here.
const VERSION: &str =
    concat!("3.8.0-zabscope-", env!("CARGO_PKG_VERSION"), ", built on 2026-11-24 00:00 UTC");

/// What the words tell beside the server's state.
#[derive(Clone, Debug)]
pub struct Words {
    config: Config,
    /// Kept for the tools that set and read it. What the log tells is chosen by `RUST_LOG`.
    trace_mask: i64,
}

/// What a word may tell of.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The engine.
    pub server: &'a Server,
    /// What was counted.
    pub stats: &'a mut Stats,
    /// Digests of the past.
    pub digests: &'a Digests,
    /// Milliseconds since 1970.
    pub wall_ms: i64,
    /// Time until the leader counts its next tick of session time.
    pub session_tick_in_ms: i64,
}

/// What a word is answered, and what its asker wants done with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// For the asker.
    pub text: String,
    /// The driver, which counts what each connection carried, begins again (`crst`).
    pub forget_connections: bool,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self { text, forget_connections: false }
    }
}

impl Words {
    /// For a server with these settings.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self { config, trace_mask: TRACE_MASK }
    }

    /// True for a four-letter word, whether it is answered or not.
    #[must_use]
    pub fn knows(word: &str) -> bool {
        KNOWN.contains(&word)
    }

    /// The answer to a word that is known, with its argument. `clients` is asked only for the
    /// words that tell of them.
    pub fn answer(
        &mut self,
        word: &str,
        argument: i64,
        subject: &mut Subject<'_>,
        clients: impl FnOnce() -> Vec<ClientLine>,
    ) -> Answer {
        if !self.config.whitelist.allows(word) {
            return format!("{word} is not executed because it is not in the whitelist.\n").into();
        }
        let serving = subject.server.takes_clients();
        let text = match word {
            "ruok" => "imok".into(),
            "envi" => state::envi(),
            "isro" => if serving { "rw" } else { "null" }.into(),
            "gtmk" => self.trace_mask.to_string(),
            SET_TRACE_MASK => {
                self.trace_mask = argument;
                argument.to_string()
            }
            _ if !serving => "This ZooKeeper instance is not currently serving requests\n".into(),
            "srvr" => state::srvr(subject, &clients(), false),
            "stat" => state::srvr(subject, &clients(), true),
            "mntr" => mntr::mntr(subject, &clients()),
            "conf" => conf::conf(&self.config),
            "cons" => clients::lines(subject.server, &clients(), true) + "\n",
            "srst" => {
                subject.stats.reset();
                "Server stats reset.\n".into()
            }
            "crst" => {
                let text = "Connection stats reset.\n".into();
                return Answer { text, forget_connections: true };
            }
            "wchs" => watches::wchs(subject.server),
            "wchc" => watches::wchc(subject.server),
            "wchp" => watches::wchp(subject.server),
            "dump" => sessions::dump(subject, &clients()),
            "hash" => state::hash(subject.digests),
            "dirs" => state::dirs(&self.config),
            _ => String::new(),
        };
        text.into()
    }
}

/// A number as Java prints a `double` that was rounded to four places: always with one.
fn decimal(value: f64) -> String {
    format!("{:?}", (value * 10_000.0).round() / 10_000.0)
}
