//! A laboratory: simulated ensembles driven by a small language, one command a line, and told in
//! the words that a person would use, one event a line. Tests are transcripts of it; lessons are
//! the same files.
//!
//! ```text
//! ensemble 3 clients=1           boots, waits until all serve and all clients are connected
//! create c1 a hello              a client asks; paths may leave the first slash out
//! stabilize                      runs until only heartbeats happen
//! ```
//!
//! answers
//!
//! ```text
//! 3→1 PROPOSAL e1.c2 create /a   a message when it *arrives*
//! 1 durable e1.c2                a write that would survive a power cut
//! c1 ← created /a (e1.c2)        what a client is told, with the zxid of the reply
//! ```
//!
//! # Commands
//!
//! Nodes are `1`, `2` (servers) and `c1`, `c2` (clients); times are `300ms` or `2s`.
//!
//! | command | meaning |
//! |---|---|
//! | `ensemble N [observers= clients= tick= init= sync= snap_count= timeout= disk= latency= down=yes]` | a new world; `down=yes`: nobody is started |
//! | `history NODE [snapshot=ZXID] ZXID...` | before anybody is started: what an earlier life left on that server's disk |
//! | `show KIND...`, `hide KIND...` | which lines are printed: see [`words::Kind`]; `all` are all; `sentences` are plain English |
//! | `patient` / `hasty` | client operations run until they are answered / are only sent (so at first) |
//! | `run TIME`, `stabilize`, `until TEXT` | time passes; `until` stops behind the first line that begins so, shown or not |
//! | `start NODE...`, `crash NODE... [lose] [keep=N]` | `lose`: what is not durable is lost (or all but the first N writes) |
//! | `cut A B [oneway]`, `heal [A B]`, `isolate NODE`, `break A B` | the network |
//! | `hold A B`, `release [A B]`, `deliver A B` | keeps back what goes from A to B; lets go; lets one item through |
//! | `slow_disk NODE FACTOR`, `freeze NODE`, `thaw NODE`, `flush NODE`, `work NODE`, `fire NODE TIMER`, `clock NODE NUM DEN` | disks, processes, timers |
//! | `create C PATH [DATA] [ephemeral] [sequential] [container] [ttl_ms=]`, `set C PATH DATA [version=]`, `delete C PATH [version=]`, `get`, `exists`, `ls C PATH [watch]`, `sync C PATH`, `check` in `multi` | client operations |
//! | `multi C "create a x; set b y; delete c; check d 3"` | all or nothing |
//! | `load C COUNT [PATH]` | many creates, pipelined |
//! | `close C`, `move C SERVER`, `expire C`, `snapshot NODE` | sessions, snapshots |
//! | `play C lock PATH [hold= rest=]`, `naive_lock`, `election`, `nothing` | what a client does on its own |
//! | `why e1.c2`, `why NODE`, `why vote SERVER`, `why sync SERVER`, `why link A B`, `why message A B` (the oldest under way), `why refused "OPERATION"` | guards with their values: see [`crate::why`] |
//! | `state`, `log [NODE...]`, `disk NODE`, `tree [NODE]`, `sessions`, `watches [NODE]`, `time` | looks |

pub mod command;
mod history;
pub mod line;
pub mod runner;
pub mod show;
pub mod words;

pub use command::Command;
pub use line::{Line, Problem};
pub use runner::Lab;
