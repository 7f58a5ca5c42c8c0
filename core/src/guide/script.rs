//! The text of a guided run, read from its lines.

use super::proof::Proof;
use super::state::{Count, State, Value};
use crate::base::ClientId;
use crate::ensemble::EnsembleSettings;
use crate::zab::Phase;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// Most lines of a script.
const LINES_MAX: usize = 500;
/// Most servers of a script's ensemble.
const SERVERS_MAX: u8 = 9;

/// A guided run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its name.
    pub title: String,
    /// One sentence.
    pub about: String,
    /// The world.
    pub settings: EnsembleSettings,
    /// What comes before the first step.
    pub begin: Vec<Opening>,
    /// The steps.
    pub steps: Vec<Step>,
    /// What is said where the last of them has come to its end.
    pub close: String,
}

/// Something that happens before the first step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A command.
    Do(String),
    /// Wait for this.
    Until(State),
}

/// One step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Its heading.
    pub title: String,
    /// Paragraphs that are true from its beginning to its end.
    pub say: Vec<String>,
    /// Those that are true where it has come to its end.
    pub done: Vec<String>,
    /// What is explained while nothing is chosen.
    pub topic: Option<Topic>,
    /// What it speaks of.
    pub focus: Vec<Focus>,
    /// What the learner may do.
    pub allow: Vec<Permit>,
    /// So many stops slower than the speed that the learner chose: what happens here is short.
    pub slower: usize,
    /// Commands at its beginning.
    pub orders: Vec<String>,
    /// It ends where all of these hold.
    pub until: Vec<State>,
    /// What the learner is asked.
    pub question: Option<Question>,
}

/// Something that is explained from before it is so until after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// The commit of the newest change.
    Commit,
    /// The election of the server that most vote for.
    Election,
}

/// Something that a step speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Focus {
    /// A part of the page.
    Part(Part),
    /// A server or a client, as in commands.
    Node(String),
    /// A znode, by its path.
    Znode(String),
}

/// A part of a page that shows a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The drawing of the ensemble.
    Stage,
    /// Servers and time.
    Diagram,
    /// What each server has in its log.
    Log,
    /// Who votes for whom.
    Votes,
    /// Why something is so.
    Why,
    /// The znodes of all servers.
    Tree,
    /// What happened.
    Events,
}

impl Part {
    /// All, with their words.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Stage, "stage"),
        (Self::Diagram, "diagram"),
        (Self::Log, "log"),
        (Self::Votes, "votes"),
        (Self::Why, "why"),
        (Self::Tree, "tree"),
        (Self::Events, "events"),
    ];
}

/// A kind of acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// A process ends.
    Crash,
    /// It starts again.
    Start,
    /// It stands still, or goes on.
    Freeze,
    /// A disk is slow, or normal.
    Disk,
    /// Links are cut and healed, connections broken.
    Cut,
    /// Messages are held and released.
    Hold,
    /// A timer fires, a snapshot is taken.
    Timer,
    /// A session expires, closes, moves or begins.
    Session,
    /// A client asks.
    Ask,
}

impl Permit {
    /// All, with their words.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Crash, "crash"),
        (Self::Start, "start"),
        (Self::Freeze, "freeze"),
        (Self::Disk, "disk"),
        (Self::Cut, "cut"),
        (Self::Hold, "hold"),
        (Self::Timer, "timer"),
        (Self::Session, "session"),
        (Self::Ask, "ask"),
    ];
}

/// A question whose answer is found by running on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The question.
    pub ask: String,
    /// What can be answered.
    pub choices: Choices,
    /// What decides.
    pub value: Value,
    /// Where it is looked at: all of these hold.
    pub when: Vec<State>,
    /// The facts that decide it.
    pub shows: Vec<Proof>,
    /// What is said then.
    pub then: String,
    /// What another future is about, for those who guessed it.
    pub instead: String,
    /// What makes it another one.
    pub given: Vec<String>,
}

/// What can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choices {
    /// The servers that run.
    Servers,
    /// The clients that run.
    Clients,
    /// These numbers.
    Numbers(Vec<u64>),
}

/// Why a text is no script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ScriptError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self {
            title: String::new(),
            about: String::new(),
            settings: EnsembleSettings::watchable(7),
            begin: Vec::new(),
            steps: Vec::new(),
            close: String::new(),
        };
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            let read = if at >= LINES_MAX {
                Err("too many lines")
            } else if line.is_empty() || line.starts_with('#') {
                Ok(())
            } else {
                script.line(line)
            };
            read.map_err(|what| ScriptError { line: at + 1, what })?;
        }
        if script.title.is_empty() || script.steps.is_empty() {
            return Err(ScriptError { line: text.lines().count(), what: "no title, or no step" });
        }
        Ok(script)
    }

    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        let (word, rest) = line.split_once(' ').ok_or("a word and its text are needed")?;
        let rest = rest.trim();
        match word {
            "title" => self.title = rest.to_owned(),
            "about" => self.about = rest.to_owned(),
            "ensemble" => ensemble(&mut self.settings, rest)?,
            "begin" => self.begin.push(opening(rest)?),
            "close" => self.close = rest.to_owned(),
            "step" => self.steps.push(Step { title: rest.to_owned(), ..Step::default() }),
            _ => self.steps.last_mut().ok_or("this belongs into a step")?.line(word, rest)?,
        }
        Ok(())
    }
}

impl Step {
    fn line(&mut self, word: &str, rest: &str) -> Result<(), &'static str> {
        match word {
            "say" => self.say.push(rest.to_owned()),
            "done" => self.done.push(rest.to_owned()),
            "why" => {
                self.topic = Some(match rest {
                    "commit" => Topic::Commit,
                    "election" => Topic::Election,
                    _ => return Err("unknown topic"),
                });
            }
            "focus" => self.focus.extend(rest.split_whitespace().map(focus)),
            "allow" => {
                for word in rest.split_whitespace() {
                    self.allow.push(permit(word)?);
                }
            }
            "slower" => self.slower = rest.parse().map_err(|_| "not a number of stops")?,
            "do" => self.orders.push(rest.to_owned()),
            "until" => self.until.push(state(rest)?),
            "ask" => {
                self.question = Some(Question {
                    ask: rest.to_owned(),
                    choices: Choices::Servers,
                    value: Value::Leader,
                    when: Vec::new(),
                    shows: Vec::new(),
                    then: String::new(),
                    instead: String::new(),
                    given: Vec::new(),
                });
            }
            _ => self.question.as_mut().ok_or("unknown word")?.line(word, rest)?,
        }
        Ok(())
    }
}

impl Question {
    fn line(&mut self, word: &str, rest: &str) -> Result<(), &'static str> {
        match word {
            "choose" => {
                self.choices = match rest {
                    "servers" => Choices::Servers,
                    "clients" => Choices::Clients,
                    numbers => {
                        let numbers = numbers.split(' ').map(str::parse).collect::<Result<_, _>>();
                        Choices::Numbers(numbers.map_err(|_| "unknown choices")?)
                    }
                }
            }
            "answer" => {
                let (what, when) = rest.split_once(" when ").ok_or("`when` is missing")?;
                self.value = value(what)?;
                self.when = when.split(" and ").map(state).collect::<Result<_, _>>()?;
            }
            "shows" => self.shows.push(proof(rest)?),
            "then" => self.then = rest.to_owned(),
            "instead" => self.instead = rest.to_owned(),
            "given" => self.given.push(rest.to_owned()),
            _ => return Err("unknown word"),
        }
        Ok(())
    }
}

fn ensemble(settings: &mut EnsembleSettings, text: &str) -> Result<(), &'static str> {
    const WRONG: &str = "a number is missing or too large";
    let mut words = text.split(' ');
    settings.voters = words.next().and_then(|word| word.parse().ok()).ok_or(WRONG)?;
    for word in words {
        let (key, value) = word.split_once('=').ok_or("KEY=NUMBER is needed")?;
        let value: u32 = value.parse().map_err(|_| WRONG)?;
        let small = u8::try_from(value).map_err(|_| WRONG);
        match key {
            "observers" => settings.observers = small?,
            "clients" => settings.clients = small?,
            "timeout" => settings.session_timeout_ms = value.try_into().map_err(|_| WRONG)?,
            "seed" => settings.world.seed = value.into(),
            _ => return Err("unknown key"),
        }
    }
    let servers = settings.voters.saturating_add(settings.observers);
    let fits = (1..=SERVERS_MAX).contains(&servers) && settings.clients <= SERVERS_MAX;
    if settings.voters > 0 && fits { Ok(()) } else { Err(WRONG) }
}

fn opening(text: &str) -> Result<Opening, &'static str> {
    match text.split_once(' ') {
        Some(("do", command)) => Ok(Opening::Do(command.to_owned())),
        Some(("until", text)) => state(text).map(Opening::Until),
        _ => Err("`do` or `until` is needed"),
    }
}

fn focus(word: &str) -> Focus {
    match Part::ALL.iter().find(|(_, name)| *name == word) {
        Some((part, _)) => Focus::Part(*part),
        None if word.starts_with('/') => Focus::Znode(word.to_owned()),
        None => Focus::Node(word.to_owned()),
    }
}

fn permit(word: &str) -> Result<Permit, &'static str> {
    let found = Permit::ALL.iter().find(|(_, name)| *name == word);
    found.map(|(permit, _)| *permit).ok_or("unknown act")
}

fn count(word: Option<&str>) -> Result<Count, &'static str> {
    match word {
        Some("all") | None => Ok(Count::All),
        Some("quorum") => Ok(Count::Quorum),
        Some(number) => number.parse().map(Count::AtLeast).map_err(|_| "not a number of servers"),
    }
}

fn client(word: Option<&str>) -> Result<ClientId, &'static str> {
    let number = word.and_then(|word| word.strip_prefix('c')).and_then(|word| word.parse().ok());
    number.map(ClientId).ok_or("not a client")
}

fn proof(text: &str) -> Result<Proof, &'static str> {
    let (name, about) = text.split_once(' ').unwrap_or((text, ""));
    Ok(match (name, about) {
        ("votes", "") => Proof::Votes,
        ("office", "") => Proof::Office,
        ("sync", "") => Proof::Sync,
        ("expiry", "") => Proof::Expiry,
        ("disks", "") => Proof::Disks,
        ("told", about) => Proof::Told(client(Some(about))?),
        ("turns", path) if path.starts_with('/') => Proof::Turns(path.to_owned()),
        ("woken", path) if path.starts_with('/') => Proof::Woken(path.to_owned()),
        _ => return Err("unknown facts"),
    })
}

fn phase(word: Option<&str>) -> Result<Phase, &'static str> {
    match word {
        Some("discovery") => Ok(Phase::Discovery),
        Some("synchronization") => Ok(Phase::Synchronization),
        Some("broadcast") => Ok(Phase::Broadcast),
        _ => Err("unknown phase"),
    }
}

fn state(text: &str) -> Result<State, &'static str> {
    let mut words = text.split(' ');
    let name = words.next().unwrap_or_default();
    let state = match name {
        "looking" => State::Looking(count(words.next())?),
        "alike" => State::Alike(count(words.next())?),
        "serving" => State::Serving(count(words.next())?),
        "leads" => State::Leads,
        "logged" => State::Logged(count(words.next())?),
        "durable" => State::Durable(count(words.next())?),
        "applied" => State::Applied(count(words.next())?),
        "has" | "lacks" => {
            let path = words.next().ok_or("a path is missing")?.to_owned();
            let count = count(words.next())?;
            if name == "has" { State::Has(path, count) } else { State::Lacks(path, count) }
        }
        "answered" => State::Answered(client(words.next())?),
        "told" => State::Told(client(words.next())?),
        "proposed" => State::Proposed,
        "leading" => State::Leading(phase(words.next())?),
        "held" => State::Held(words.next().ok_or("a path is missing")?.to_owned()),
        "waiting" => {
            let number = words.next().and_then(|word| word.parse().ok());
            State::Waiting(number.ok_or("a number is missing")?)
        }
        _ => return Err("unknown state"),
    };
    if words.next().is_none() { Ok(state) } else { Err("too many words") }
}

/// A value by its name.
pub(super) fn value(text: &str) -> Result<Value, &'static str> {
    match (text, text.split_once(' ')) {
        ("leader", _) => Ok(Value::Leader),
        ("elected", _) => Ok(Value::Elected),
        ("durable", _) => Ok(Value::Durable),
        (_, Some(("holder", path))) => Ok(Value::Holder(path.to_owned())),
        (_, Some(("wakeups", path))) => Ok(Value::Wakeups(path.to_owned())),
        _ => Err("unknown value"),
    }
}
