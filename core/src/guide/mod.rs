//! Guided runs: a text in steps, and a world that acts it out.
//!
//! A step says something, does something to the world, and ends in a *state*, never after a time.
//! It may ask a question; the answer is found by running a fork of the world, so the same text is
//! right for every seed. [`Script`] is the text, [`State`] and [`Value`] are what it can say about
//! a world, [`Walk`] leads through it, forward and exactly back.
//!
//! ```text
//! title The leader dies
//! about The others agree on a new one.
//! ensemble 5 clients=1
//! begin until serving 5
//!
//! step Five servers, one history
//! say Server {leader} *leads*: it puts every change in one order.
//!
//! step The plug is pulled
//! do crash leader
//! say Nobody is told. The others only notice that it is *silent*.
//! until looking 4
//! ask Who will lead?
//! choose servers
//! answer leader when leads
//! shows votes office
//! then It had the newest history.
//! ```
//!
//! | line | meaning |
//! |---|---|
//! | `title`, `about` | name and one sentence for the list |
//! | `ensemble N [observers= clients= timeout=]` | the world |
//! | `begin do COMMAND`, `begin until STATE` | in order, before the first step |
//! | `step TITLE` | the lines below belong to it |
//! | `say TEXT` | a paragraph with the signs of [`spans`], true from the step's beginning to its end; `{leader}` is a [`Value`] at the cursor, `{VALUE\|one\|many}` counts |
//! | `done TEXT` | a paragraph that is true where the step has come to its end, and said only there |
//! | `focus WHAT...` | what the step speaks of and the page lights: `stage`, `diagram`, `log`, `votes`, `why`, `tree`, `events`, a server or client as in commands, or the path of a znode |
//! | `why WHAT` | what is explained while nothing is chosen: `commit` (of the newest change) or `election` (of whom most vote for) |
//! | `allow ACT...` | what the learner may do in this step, by the names of [`Permit`]; without the line nothing but looking and moving in time |
//! | `slower N` | so many stops of speed slower than the learner chose: what happens here is short |
//! | `do COMMAND` | when it begins; a command of [`crate::lab`], in which `leader`, `follower`, `dead` (a server) and `holder:PATH` are names |
//! | `until STATE` | it ends where all of these hold |
//! | `instead TEXT`, `given COMMAND` | the other future that a wrong answer shows: what it is about, and the commands that make it; `guess`, `right`, `right-client` and `better` (all whose vote beats that of the guess) are names |
//! | `close TEXT` | said where the last step has come to its end, wherever the line stands |
//! | `ask TEXT`, `choose servers\|clients\|N...`, `answer VALUE when STATE [and STATE]`, `then TEXT` | its question |
//! | `shows WHAT...` | the facts that decide it, by the names of [`Proof`]; what is not decided has a reason of the engine's instead |

mod offer;
mod orders;
mod proof;
mod script;
mod state;
mod text;
mod walk;

/// The guided runs that come with Zabscope: name and text, in the order in which they are offered.
pub const RUNS: [(&str, &str); 4] = [
    ("leader-dies", include_str!("../../../lessons/leader-dies.run")),
    ("one-write", include_str!("../../../lessons/one-write.run")),
    ("ephemeral", include_str!("../../../lessons/ephemeral.run")),
    ("lock", include_str!("../../../lessons/lock.run")),
];

pub use offer::{OFFERS, Offer};
pub use proof::Proof;
pub use script::{Choices, Focus, Part, Permit, Question, Script, ScriptError, Step, Topic};
pub use state::{Count, State, Value};
pub use text::{Span, SpanKind, Term, glossary, plain, spans, term};
pub use walk::{Answer, Future, Moved, Run, Walk};
