//! Commands, read from their words.

use super::line::{Line, Problem};
use super::words::Kind;
use crate::base::{ClientId, Epoch, NodeId, Sid, Zxid};
use crate::proto::Acl;
use crate::proto::multi::MultiOp;
use crate::proto::request::{CreateOp, CreateRequest, Request};
use crate::recipes::{Program, Turns};
use crate::sim::Kept;
use crate::why::Subject;
use crate::wire::Text;
use crate::zab;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;

/// What to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Servers with a vote.
    pub voters: u8,
    /// Servers without.
    pub observers: u8,
    /// Clients.
    pub clients: u8,
    /// tickTime
    pub tick_ms: u64,
    /// initLimit
    pub init_limit: u32,
    /// syncLimit
    pub sync_limit: u32,
    /// snapCount
    pub snap_count: u32,
    /// Wanted by clients.
    pub session_timeout_ms: i32,
    /// One disk access.
    pub disk_us: u64,
    /// One way.
    pub latency_us: u64,
    /// Nobody is started.
    pub down: bool,
}

/// What a server that never ran here has on its disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// acceptedEpoch and currentEpoch.
    pub epoch: Epoch,
    /// Label of a snapshot. It holds the transactions up to there; the log has only later ones.
    pub snapshot: Option<Zxid>,
    /// Transactions, oldest first; each creates a znode of its name.
    pub zxids: Vec<Zxid>,
}

/// One command; the module above tells what each does.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the table of the module above names them")]
pub enum Command {
    Ensemble(Shape),
    Show { kinds: Vec<Kind>, shown: bool },
    Patient(bool),
    Run { us: u64 },
    Stabilize,
    Until { text: String },
    Start(Vec<NodeId>),
    Crash { nodes: Vec<NodeId>, kept: Kept },
    Cut { from: NodeId, to: NodeId, both: bool },
    Heal(Option<(NodeId, NodeId)>),
    Isolate(NodeId),
    Break(NodeId, NodeId),
    Hold(NodeId, NodeId),
    Release(Option<(NodeId, NodeId)>),
    Deliver(NodeId, NodeId),
    SlowDisk(NodeId, u32),
    Freeze(NodeId),
    Thaw(NodeId),
    Flush(NodeId),
    Work(NodeId),
    Fire(NodeId, zab::Timer),
    Clock { node: NodeId, num: u32, den: u32 },
    Ask { client: ClientId, request: Request },
    Load { client: ClientId, count: u32, path: String },
    Close(ClientId),
    Move(ClientId, Sid),
    Expire(ClientId),
    Snapshot(NodeId),
    History { node: NodeId, history: History },
    Play { client: ClientId, program: Program },
    State,
    Log(Vec<NodeId>),
    Disk(NodeId),
    Tree(Option<NodeId>),
    Sessions,
    Watches(Option<NodeId>),
    Time,
    Why(Subject),
    WhyRefused(Request),
    WhyMessage(NodeId, NodeId),
}

/// A node by its name.
struct Name(NodeId);

impl FromStr for Name {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let node = match text.strip_prefix('c') {
            Some(number) => NodeId::Client(ClientId(number.parse().map_err(|_| ())?)),
            None => NodeId::Server(Sid(text.parse().map_err(|_| ())?)),
        };
        Ok(Self(node))
    }
}

/// A zxid as `e1.c2`.
struct At(Zxid);

impl FromStr for At {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, counter) = text.strip_prefix('e').ok_or(())?.split_once(".c").ok_or(())?;
        // Java keeps the epoch in the upper half of a signed number.
        let epoch: i32 = epoch.parse().map_err(|_| ())?;
        let counter = counter.parse().map_err(|_| ())?;
        if epoch < 0 { Err(()) } else { Ok(Self(Zxid::new(Epoch(epoch.into()), counter))) }
    }
}

/// Microseconds.
struct Time(u64);

impl FromStr for Time {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, unit) = match (text.strip_suffix("us"), text.strip_suffix("ms")) {
            (Some(number), _) => (number, 1),
            (None, Some(number)) => (number, 1_000),
            (None, None) => (text.strip_suffix('s').ok_or(())?, 1_000_000),
        };
        number.parse::<u64>().map(|number| Self(number.saturating_mul(unit))).map_err(|_| ())
    }
}

impl Command {
    /// Reads a command.
    ///
    /// # Errors
    /// It is unknown, or its words do not fit.
    pub fn read(mut line: Line) -> Result<Self, Problem> {
        let command = Self::of(&mut line)?;
        line.end()?;
        Ok(command)
    }

    fn of(line: &mut Line) -> Result<Self, Problem> {
        let name = core::mem::take(&mut line.name);
        Ok(match name.as_str() {
            "ensemble" => Self::Ensemble(shape(line)?),
            "show" | "hide" => Self::Show { kinds: kinds(line)?, shown: name == "show" },
            "patient" => Self::Patient(true),
            "hasty" => Self::Patient(false),
            "run" => Self::Run { us: line.need::<Time>("time")?.0 },
            "stabilize" => Self::Stabilize,
            "until" => Self::Until { text: line.need("text")? },
            "state" => Self::State,
            "log" => Self::Log(nodes(line)?),
            "disk" => Self::Disk(node(line)?),
            "tree" => Self::Tree(nodes(line)?.first().copied()),
            "sessions" => Self::Sessions,
            "watches" => Self::Watches(nodes(line)?.first().copied()),
            "time" => Self::Time,
            "why" => why(line)?,
            _ => match fault(&name, line)? {
                Some(command) => command,
                None => operation(&name, line)?,
            },
        })
    }
}

fn shape(line: &mut Line) -> Result<Shape, Problem> {
    Ok(Shape {
        voters: line.need("number of servers")?,
        observers: line.key("observers")?.unwrap_or(0),
        clients: line.key("clients")?.unwrap_or(1),
        tick_ms: line.key("tick")?.unwrap_or(2_000),
        init_limit: line.key("init")?.unwrap_or(10),
        sync_limit: line.key("sync")?.unwrap_or(5),
        snap_count: line.key("snap_count")?.unwrap_or(100_000),
        session_timeout_ms: line.key("timeout")?.unwrap_or(10_000),
        disk_us: line.key::<Time>("disk")?.map_or(2_000, |time| time.0),
        latency_us: line.key::<Time>("latency")?.map_or(500, |time| time.0),
        down: line.key::<String>("down")?.is_some(),
    })
}

fn kinds(line: &mut Line) -> Result<Vec<Kind>, Problem> {
    let mut kinds = Vec::new();
    while let Some(word) = line.next_word() {
        if word == "all" {
            kinds.extend(Kind::ALL);
        } else {
            let mut known = Kind::ALL.into_iter().chain([Kind::Sentences]);
            let kind = known.find(|kind| kind.name() == word);
            kinds.push(kind.ok_or_else(|| Problem(format!("'{word}' is no kind of lines")))?);
        }
    }
    Ok(kinds)
}

fn node(line: &mut Line) -> Result<NodeId, Problem> {
    line.need::<Name>("node").map(|name| name.0)
}

fn pair(line: &mut Line) -> Result<(NodeId, NodeId), Problem> {
    Ok((node(line)?, node(line)?))
}

fn maybe_pair(line: &mut Line) -> Result<Option<(NodeId, NodeId)>, Problem> {
    if line.words.is_empty() { Ok(None) } else { pair(line).map(Some) }
}

fn nodes(line: &mut Line) -> Result<Vec<NodeId>, Problem> {
    let mut nodes = Vec::new();
    while !line.words.is_empty() {
        nodes.push(node(line)?);
    }
    Ok(nodes)
}

fn client(line: &mut Line) -> Result<ClientId, Problem> {
    match node(line)? {
        NodeId::Client(client) => Ok(client),
        NodeId::Server(sid) => Err(Problem(format!("{sid} is no client"))),
    }
}

/// Commands about nodes and the network; `None` if it is none of them.
fn fault(name: &str, line: &mut Line) -> Result<Option<Command>, Problem> {
    Ok(Some(match name {
        "start" => Command::Start(nodes(line)?),
        "crash" => {
            let lose = line.flag("lose");
            let keep = line.key("keep")?;
            let kept = match keep {
                Some(count) => Kept::First(count),
                None if lose => Kept::NONE,
                None => Kept::All,
            };
            Command::Crash { nodes: nodes(line)?, kept }
        }
        "cut" => {
            let both = !line.flag("oneway");
            let (from, to) = pair(line)?;
            Command::Cut { from, to, both }
        }
        "heal" => Command::Heal(maybe_pair(line)?),
        "isolate" => Command::Isolate(node(line)?),
        "break" => pair(line).map(|(a, b)| Command::Break(a, b))?,
        "hold" => pair(line).map(|(a, b)| Command::Hold(a, b))?,
        "release" => Command::Release(maybe_pair(line)?),
        "deliver" => pair(line).map(|(a, b)| Command::Deliver(a, b))?,
        "slow_disk" => Command::SlowDisk(node(line)?, line.need("factor")?),
        "freeze" => Command::Freeze(node(line)?),
        "thaw" => Command::Thaw(node(line)?),
        "flush" => Command::Flush(node(line)?),
        "work" => Command::Work(node(line)?),
        "fire" => Command::Fire(node(line)?, timer(line)?),
        "clock" => Command::Clock {
            node: node(line)?,
            num: line.need("speed")?,
            den: line.need("divisor")?,
        },
        "snapshot" => Command::Snapshot(node(line)?),
        "history" => Command::History { node: node(line)?, history: history(line)? },
        _ => return Ok(None),
    }))
}

/// `why e1.c2`, `why 2`, `why c1`, `why vote 2`, `why sync 2`, `why link 1 c1`,
/// `why message 1 2`, `why refused "set a x version=3"`.
fn why(line: &mut Line) -> Result<Command, Problem> {
    let word: String = line.need("subject")?;
    let sid = |line: &mut Line| line.need("server").map(Sid);
    Ok(Command::Why(match word.as_str() {
        "vote" => Subject::Vote(sid(line)?),
        "sync" => Subject::Sync(sid(line)?),
        "link" => pair(line).map(|(a, b)| Subject::Link(a, b))?,
        "message" => return pair(line).map(|(from, to)| Command::WhyMessage(from, to)),
        "refused" => {
            let text: String = line.need("request")?;
            let mut line = Line::parse(&text)?;
            let name = core::mem::take(&mut line.name);
            return request(&name, &mut line).map(Command::WhyRefused);
        }
        _ => match (word.parse::<At>(), word.parse::<Name>()) {
            (Ok(At(zxid)), _) => Subject::Commit(zxid),
            (_, Ok(Name(NodeId::Server(sid)))) => Subject::Server(sid),
            (_, Ok(Name(NodeId::Client(client)))) => Subject::Client(client),
            _ => return Err(Problem(format!("'{word}' cannot be explained"))),
        },
    }))
}

fn history(line: &mut Line) -> Result<History, Problem> {
    let snapshot = line.key::<At>("snapshot")?.map(|at| at.0);
    let mut zxids = Vec::new();
    while !line.words.is_empty() {
        zxids.push(line.need::<At>("zxid")?.0);
    }
    if !zxids.is_sorted_by(|a, b| a < b) {
        return Err(Problem::new("zxids must rise"));
    }
    let newest = zxids.last().copied().max(snapshot).unwrap_or(Zxid::ZERO);
    Ok(History { epoch: newest.epoch(), snapshot, zxids })
}

fn timer(line: &mut Line) -> Result<zab::Timer, Problem> {
    let name: String = line.need("timer")?;
    Ok(match name.as_str() {
        "resend" => zab::Timer::Resend,
        "settle" => zab::Timer::Settle,
        "connect_retry" => zab::Timer::ConnectRetry,
        "init_limit" => zab::Timer::InitLimit,
        "half_tick" => zab::Timer::HalfTick,
        "tick" => zab::Timer::Tick,
        _ => return Err(Problem(format!("'{name}' is no timer"))),
    })
}

/// Commands about a client.
fn operation(name: &str, line: &mut Line) -> Result<Command, Problem> {
    if !is_operation(name) {
        return Err(Problem(format!("'{name}' is no command")));
    }
    let client = client(line)?;
    Ok(match name {
        "close" => Command::Close(client),
        "move" => Command::Move(client, Sid(line.need("server")?)),
        "expire" => Command::Expire(client),
        "play" => Command::Play { client, program: program(line)? },
        "load" => Command::Load {
            client,
            count: line.need("count")?,
            path: path(&line.next_word().unwrap_or_else(|| "n".into())),
        },
        _ => Command::Ask { client, request: request(name, line)? },
    })
}

fn is_operation(name: &str) -> bool {
    let names =
        ["play", "close", "move", "expire", "load", "create", "get", "set", "delete", "exists"];
    names.contains(&name) || ["ls", "sync", "multi", "acl"].contains(&name)
}

/// A recipe by its name: what a client does on its own.
fn program(line: &mut Line) -> Result<Program, Problem> {
    let name: String = line.need("recipe")?;
    if name == "nothing" {
        return Ok(Program::None);
    }
    let turns = Turns {
        hold_ms: line.key::<Time>("hold")?.map_or(1_000, |time| time.0 / 1_000),
        rest_ms: line.key::<Time>("rest")?.map_or(1_000, |time| time.0 / 1_000),
        root: path(&line.need::<String>("path")?),
    };
    Ok(match name.as_str() {
        "lock" => Program::Lock(turns),
        "naive_lock" => Program::NaiveLock(turns),
        "election" => Program::Election { root: turns.root },
        _ => return Err(Problem(format!("'{name}' is no recipe"))),
    })
}

/// A request by its name and words.
fn request(name: &str, line: &mut Line) -> Result<Request, Problem> {
    if name == "multi" {
        let text: String = line.need("list of operations")?;
        let ops = text.split(';').map(|part| multi_op(&mut Line::parse(part)?));
        return ops.collect::<Result<_, _>>().map(Request::Multi);
    }
    let watch = line.flag("watch");
    let version = line.key("version")?.unwrap_or(-1);
    let (ephemeral, sequential) = (line.flag("ephemeral"), line.flag("sequential"));
    let (container, ttl_ms) = (line.flag("container"), line.key("ttl_ms")?);
    let path: Text = path(&line.need::<String>("path")?).as_str().into();
    Ok(match name {
        "create" => Request::Create(CreateRequest {
            kind: match ttl_ms {
                Some(ttl_ms) => CreateOp::Ttl { ttl_ms },
                None if container => CreateOp::Container,
                None => CreateOp::Create,
            },
            path,
            data: Some(data(line)),
            acl: Some(Acl::open()),
            flags: match ttl_ms {
                Some(_) => 5 + i32::from(sequential),
                None if container => 4,
                None => i32::from(ephemeral) + 2 * i32::from(sequential),
            },
        }),
        "get" => Request::GetData { path, watch },
        "set" => Request::SetData { path, data: Some(data(line)), version },
        "delete" => Request::Delete { path, version },
        "exists" => Request::Exists { path, watch },
        "ls" => Request::GetChildren { path, watch },
        "sync" => Request::Sync { path },
        "acl" => Request::SetAcl { path, acl: Some(Acl::open()), version },
        _ => return Err(Problem(format!("'{name}' is no operation"))),
    })
}

fn multi_op(line: &mut Line) -> Result<MultiOp, Problem> {
    let name = core::mem::take(&mut line.name);
    if name == "check" {
        let path = path(&line.need::<String>("path")?).as_str().into();
        return Ok(MultiOp::Check { path, version: line.need("version")? });
    }
    Ok(match request(&name, line)? {
        Request::Create(create) => MultiOp::Create(create),
        Request::SetData { path, data, version } => MultiOp::SetData { path, data, version },
        Request::Delete { path, version } => MultiOp::Delete { path, version },
        _ => return Err(Problem(format!("'{name}' cannot be in a multi"))),
    })
}

fn data(line: &mut Line) -> bytes::Bytes {
    line.next_word().unwrap_or_default().into()
}

/// With its first slash.
fn path(word: &str) -> String {
    if word.starts_with('/') { word.into() } else { format!("/{word}") }
}
