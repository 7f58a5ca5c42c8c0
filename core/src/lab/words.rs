//! What happens, in the words that a person would use.

use crate::base::{ClientId, NodeId, Zxid};
use crate::client;
use crate::proto::client::{ToClient, ToServer};
use crate::proto::multi::{MultiOp, MultiResult};
use crate::proto::reply::Reply;
use crate::proto::request::Request;
use crate::proto::txn::{Txn, TxnRecord};
use crate::proto::watch::{EventType, WatcherEvent};
use crate::proto::{KeeperError, Stat};
use crate::recipes;
use crate::server;
use crate::server::message::{Closed, Job, Msg, Packet, Payload, Write};
use crate::wire::{Buffer, Text};
use crate::zab::{self, Forward, Notification, Reason, ServerState, SyncKind, Vote};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Kinds of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Packets between servers, but for heartbeats.
    Packets,
    /// Heartbeats.
    Pings,
    /// Notifications and votes.
    Votes,
    /// Writes that became durable, jobs that are done.
    Disk,
    /// Roles, epochs and what a leader decides.
    Roles,
    /// Commits and deliveries at each server.
    Commits,
    /// What clients are told.
    Clients,
    /// Messages between clients and servers.
    Wire,
    /// Every step but heartbeats as one plain sentence, and the facts behind it.
    Sentences,
}

impl Kind {
    /// All that tell what happens in the protocol's words.
    pub const ALL: [Self; 8] = [
        Self::Packets,
        Self::Pings,
        Self::Votes,
        Self::Disk,
        Self::Roles,
        Self::Commits,
        Self::Clients,
        Self::Wire,
    ];
    /// Shown if nothing else is asked for.
    pub const USUAL: [Self; 4] = [Self::Packets, Self::Disk, Self::Roles, Self::Clients];

    /// As `show` and `hide` call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packets => "packets",
            Self::Pings => "pings",
            Self::Votes => "votes",
            Self::Disk => "disk",
            Self::Roles => "roles",
            Self::Commits => "commits",
            Self::Clients => "clients",
            Self::Wire => "wire",
            Self::Sentences => "sentences",
        }
    }
}

/// Sessions get short names in the order in which they are met.
#[derive(Clone, Debug, Default)]
pub struct Names {
    sessions: BTreeMap<i64, usize>,
}

impl Names {
    /// S1, S2, ...
    pub fn session(&mut self, session: crate::base::SessionId) -> String {
        let next = self.sessions.len() + 1;
        format!("S{}", self.sessions.entry(session.0).or_insert(next))
    }

    // --- between servers -----------------------------------------------------------------

    /// A message, with the kind of its line.
    pub fn message(&mut self, msg: &Msg) -> (Kind, String) {
        match msg {
            Msg::Notification(notification) => (Kind::Votes, notification_text(notification)),
            Msg::Packet(packet) => {
                let ping = matches!(packet, Packet::Ping { .. });
                (if ping { Kind::Pings } else { Kind::Packets }, self.packet(packet))
            }
            Msg::ToServer(msg) => (Kind::Wire, self.request_words(msg)),
            Msg::ToClient(msg) => (Kind::Wire, self.answer_words(msg)),
        }
    }

    fn packet(&mut self, packet: &Packet) -> String {
        let name = packet.name();
        match packet {
            Packet::FollowerInfo { accepted_epoch, .. }
            | Packet::ObserverInfo { accepted_epoch, .. } => {
                format!("{name} accepted {accepted_epoch}")
            }
            Packet::LeaderInfo { epoch } | Packet::NewLeader { epoch, .. } => {
                format!("{name} epoch {epoch}")
            }
            Packet::AckEpoch { last_zxid, current_epoch: Some(current) } => {
                format!("{name} current {current}, last {last_zxid}")
            }
            Packet::AckEpoch { last_zxid, current_epoch: None } => {
                format!("{name} not to be counted, last {last_zxid}")
            }
            Packet::Diff { zxid }
            | Packet::Trunc { zxid }
            | Packet::Snap { zxid, .. }
            | Packet::Ack(zxid)
            | Packet::Commit(zxid) => format!("{name} {zxid}"),
            Packet::Proposal(entry) | Packet::Inform(entry) => {
                format!("{name} {} {}", entry.zxid, self.payload(&entry.payload))
            }
            Packet::Ping { touched: None, .. } | Packet::UpToDate | Packet::Sync => name.into(),
            Packet::Ping { touched: Some(touched), .. } => {
                let alive: Vec<_> =
                    touched.iter().map(|touch| self.session(touch.session)).collect();
                format!("{name} answer, alive: {}", alive.join(" "))
            }
            Packet::Request(forward) => format!("{name} {}", self.forward(forward)),
            Packet::Revalidate(touch) => {
                format!("{name} {} {} ms", self.session(touch.session), touch.timeout_ms)
            }
            Packet::Revalidated { session, valid } => {
                let valid = if *valid { "valid" } else { "unknown" };
                format!("{name} {} {valid}", self.session(*session))
            }
        }
    }

    fn forward(&mut self, forward: &Forward) -> String {
        use crate::proto::opcode as op;
        let session = self.session(forward.session);
        match forward.op {
            op::CREATE_SESSION => format!("{session} createSession"),
            code => {
                let mut input = crate::wire::Reader::new(forward.body.clone());
                let text = Request::decode(code, &mut input)
                    .map_or_else(|_| format!("opcode {code}"), |request| request_text(&request));
                format!("{session} {text}")
            }
        }
    }

    /// A transaction from its bytes.
    pub fn payload(&mut self, payload: &Payload) -> String {
        match TxnRecord::from_all(payload.clone()) {
            Ok(record) => {
                let session = self.session(record.header.session);
                match record.txn {
                    Txn::CreateSession { timeout_ms } => {
                        format!("createSession {session} {timeout_ms} ms")
                    }
                    Txn::CloseSession { paths } => {
                        format!("closeSession {session} deletes [{}]", list(paths.iter().flatten()))
                    }
                    txn => txn_text(&txn),
                }
            }
            Err(error) => format!("unreadable: {error}"),
        }
    }

    // --- with clients --------------------------------------------------------------------

    fn request_words(&mut self, msg: &ToServer) -> String {
        match msg {
            ToServer::Connect(request) if request.session.0 == 0 => {
                format!("connect, timeout {} ms", request.timeout_ms)
            }
            ToServer::Connect(request) => format!(
                "connect {}, has seen {}, timeout {} ms",
                self.session(request.session),
                request.last_zxid_seen,
                request.timeout_ms
            ),
            ToServer::Request { header, body } => {
                let mut input = crate::wire::Reader::new(body.clone());
                Request::decode(header.op, &mut input).map_or_else(
                    |_| format!("opcode {}", header.op),
                    |request| request_text(&request),
                )
            }
        }
    }

    fn answer_words(&mut self, msg: &ToClient) -> String {
        match msg {
            ToClient::Connected(response) if response.session.0 == 0 => "no such session".into(),
            ToClient::Connected(response) => {
                format!("connected {} {} ms", self.session(response.session), response.timeout_ms)
            }
            ToClient::Reply { header, .. } => match KeeperError::from_code(header.err) {
                None => format!("reply {} at {}", header.xid, header.zxid),
                Some(error) => format!("reply {} at {}: {error}", header.xid, header.zxid),
            },
            ToClient::Event { zxid, event } => format!("event {} at {zxid}", event_text(event)),
        }
    }

    /// A fact that a client tells.
    pub fn client_note(&mut self, me: ClientId, note: &recipes::Note) -> (Kind, String) {
        let me = NodeId::Client(me);
        let note = match note {
            recipes::Note::Client(note) => note,
            recipes::Note::Phase { phase, token } => {
                let token = token.map_or(String::new(), |token| format!(", token {token}"));
                let phase = format!("{phase:?}").to_lowercase();
                return (Kind::Clients, format!("{me} {phase}{token}"));
            }
        };
        match note {
            client::Note::Connecting(sid) => (Kind::Wire, format!("{me} tries {sid}")),
            client::Note::Connected { server, session, timeout_ms } => {
                let session = self.session(*session);
                let text =
                    format!("{me} connected to {server}: session {session}, {timeout_ms} ms");
                (Kind::Clients, text)
            }
            client::Note::Disconnected { server, why, unknown } => {
                let mut text = format!("{me} lost {server}: {}", lost_text(*why));
                if *unknown > 0 {
                    text.push_str(&format!(", {unknown} calls have an unknown outcome"));
                }
                (Kind::Clients, text)
            }
            client::Note::Pausing { pause_ms } => {
                (Kind::Wire, format!("{me} pauses for {pause_ms} ms"))
            }
            client::Note::Rewatched { watches, .. } => {
                (Kind::Clients, format!("{me} sets {watches} watches again"))
            }
            client::Note::StrayEvent => (Kind::Clients, format!("{me} got a stray event")),
        }
    }

    /// A fact that a server tells; `of` finds the client of a connection.
    pub fn server_note(
        &mut self,
        me: NodeId,
        note: &server::Note,
        of: impl Fn(crate::base::Conn) -> String,
    ) -> (Kind, String) {
        match note {
            server::Note::Zab(note) => zab_note(me, note),
            server::Note::ConnectionClosed { conn, why } => {
                let why = closed_text(*why);
                (Kind::Clients, format!("{me} closes {}: {why}", of(*conn)))
            }
            server::Note::Attached { session, conn } => {
                let session = self.session(*session);
                (Kind::Wire, format!("{me} has {session} of {}", of(*conn)))
            }
            server::Note::Expired(session) => {
                (Kind::Clients, format!("{me} expires {}", self.session(*session)))
            }
            server::Note::Refused { zxid, error } => {
                (Kind::Roles, format!("{me} refuses {zxid}: {error}"))
            }
            server::Note::DigestMismatch(zxid) => {
                (Kind::Roles, format!("{me} DIGEST MISMATCH at {zxid}"))
            }
            server::Note::WatchFired { conn, zxid } => {
                (Kind::Wire, format!("{me} fires a watch of {} at {zxid}", of(*conn)))
            }
            server::Note::Malformed(sid) => {
                (Kind::Roles, format!("{me} cannot read a request of {sid}"))
            }
        }
    }
}

fn zab_note(me: NodeId, note: &zab::Note) -> (Kind, String) {
    let text = match note {
        zab::Note::Looking { round } => format!("{me} LOOKING round {}", round.0),
        zab::Note::Voted(vote) => {
            return (Kind::Votes, format!("{me} votes for {}", vote_text(*vote)));
        }
        zab::Note::Elected { leader } => format!("{me} elects {leader}"),
        zab::Note::EpochChosen(epoch) => format!("{me} chooses epoch {epoch}"),
        zab::Note::Established(epoch) => format!("{me} established for epoch {epoch}"),
        zab::Note::Syncing { learner, with, zxid, txns } => {
            let with = match with {
                SyncKind::Diff => "DIFF",
                SyncKind::Trunc => "TRUNC",
                SyncKind::Snap => "SNAP",
            };
            format!("{me} syncs {learner}: {with} {zxid}, {txns} transactions")
        }
        zab::Note::Synced(learner) => format!("{me} counts {learner} as synchronized"),
        zab::Note::Serving(epoch) => format!("{me} serves in epoch {epoch}"),
        zab::Note::Committed(zxid) => return (Kind::Commits, format!("{me} commits {zxid}")),
        zab::Note::LearnerLost { learner, why } => {
            format!("{me} lost {learner}: {}", reason_text(*why))
        }
        zab::Note::Leaving(why) => format!("{me} leaves: {}", reason_text(*why)),
        zab::Note::EpochRepaired(epoch) => format!("{me} repairs currentEpoch: {epoch}"),
        zab::Note::Snapshot(zxid) => return (Kind::Disk, format!("{me} has snapshot {zxid}")),
    };
    (Kind::Roles, text)
}

// --- texts -----------------------------------------------------------------------------------

fn notification_text(notification: &Notification) -> String {
    let state = state_text(notification.state);
    let round = notification.round.0;
    format!("NOTIFICATION {state} round {round}, votes for {}", vote_text(notification.vote))
}

fn vote_text(vote: Vote) -> String {
    if vote == Vote::OBSERVER {
        return "nobody".into();
    }
    format!("{} ({} in epoch {})", vote.leader, vote.zxid, vote.peer_epoch)
}

/// In the protocol's capitals.
#[must_use]
pub const fn state_text(state: ServerState) -> &'static str {
    match state {
        ServerState::Looking => "LOOKING",
        ServerState::Following => "FOLLOWING",
        ServerState::Leading => "LEADING",
        ServerState::Observing => "OBSERVING",
    }
}

/// Why a role or a link ended.
#[must_use]
pub fn reason_text(why: Reason) -> String {
    match why {
        Reason::LinkLost => "the link broke".into(),
        Reason::Silent => "silence".into(),
        Reason::NoLeader => "the leader cannot be reached".into(),
        Reason::InitLimit => "initLimit".into(),
        Reason::NoQuorum => "no quorum".into(),
        Reason::OldEpoch => "an old epoch".into(),
        Reason::LearnerAhead => "the learner knows more".into(),
        Reason::Protocol(what) => format!("PROTOCOL {what}"),
        Reason::CounterExhausted => "the counter is used up".into(),
        Reason::Replaced => "a newer link".into(),
        Reason::CannotTruncate => "its history cannot be cut there".into(),
        Reason::SlowAck => "no ACK for too long".into(),
    }
}

const fn lost_text(why: client::Lost) -> &'static str {
    match why {
        client::Lost::Closed => "closed",
        client::Lost::ConnectTimeout => "no answer",
        client::Lost::Silent => "silence",
        client::Lost::Protocol => "PROTOCOL",
        client::Lost::Moved => "moved",
        client::Lost::Ended => "the session ended",
    }
}

const fn closed_text(why: Closed) -> &'static str {
    match why {
        Closed::NotServing => "not serving",
        Closed::ZxidAhead => "the client has seen more",
        Closed::Protocol => "PROTOCOL",
        Closed::SessionOver => "the session is over",
        Closed::Moved => "the session moved",
        Closed::Finished => "finished",
        Closed::UnknownOpcode => "unknown opcode",
        Closed::AuthFailed => "authentication failed",
        Closed::AuthMissing => "not authenticated",
    }
}

/// What a write is about.
#[must_use]
pub fn write_text(write: &Write) -> String {
    match write {
        Write::Append(entry) => entry.zxid.to_string(),
        Write::Truncate(zxid) => format!("cut behind {zxid}"),
        Write::Install { zxid, .. } => format!("state {zxid}"),
        Write::AcceptedEpoch(epoch) => format!("acceptedEpoch {epoch}"),
        Write::CurrentEpoch(epoch) => format!("currentEpoch {epoch}"),
    }
}

/// What a job is about.
#[must_use]
pub fn job_text(job: &Job) -> String {
    match job {
        Job::ReadState => "has read its state again".into(),
        Job::ReadLog { learner, from, .. } => format!("has read its log from {from} for {learner}"),
        Job::Snapshot { zxid, .. } => format!("has written snapshot {zxid}"),
    }
}

fn list<'a>(texts: impl Iterator<Item = &'a Text>) -> String {
    texts.map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn txn_text(txn: &Txn) -> String {
    match txn {
        Txn::CreateSession { timeout_ms } => format!("createSession {timeout_ms} ms"),
        Txn::CloseSession { .. } => "closeSession".into(),
        Txn::Error { code } => KeeperError::from_code(*code)
            .map_or_else(|| format!("error {code}"), |error| format!("error: {error}")),
        Txn::Create(create) => format!("create {}", create.path),
        Txn::Delete { path, .. } => format!("delete {path}"),
        Txn::SetData { path, data, version, .. } => {
            format!("set {path} {} version {version}", data_text(data))
        }
        Txn::SetAcl { path, version, .. } => format!("setACL {path} aversion {version}"),
        Txn::Check { path, version } => format!("check {path} version {version}"),
        Txn::Multi(txns) => {
            format!("multi [{}]", txns.iter().map(txn_text).collect::<Vec<_>>().join(", "))
        }
    }
}

/// The start of the data, quoted.
#[must_use]
pub fn data_text(data: &Buffer) -> String {
    match data {
        None => "null".into(),
        Some(bytes) => format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)])),
    }
}

/// A request, as a person would say it.
#[must_use]
pub fn request_text(request: &Request) -> String {
    match request {
        Request::Create(create) => format!("create {}", create.path),
        Request::Delete { path, .. } => format!("delete {path}"),
        Request::Exists { path, watch } => format!("exists {path}{}", watching(*watch)),
        Request::GetData { path, watch } => format!("get {path}{}", watching(*watch)),
        Request::GetChildren { path, watch } | Request::GetChildren2 { path, watch } => {
            format!("ls {path}{}", watching(*watch))
        }
        Request::SetData { path, .. } => format!("set {path}"),
        Request::SetAcl { path, .. } => format!("setACL {path}"),
        Request::Sync { path } => format!("sync {path}"),
        Request::Ping => "ping".into(),
        Request::CloseSession => "close".into(),
        Request::Multi(ops) => {
            let ops: Vec<_> = ops.iter().map(multi_op_text).collect();
            format!("multi [{}]", ops.join(", "))
        }
        Request::SetWatches(lists) => format!("setWatches since {}", lists.relative_zxid),
        Request::SetWatches2 { lists, .. } => format!("setWatches since {}", lists.relative_zxid),
        Request::Auth { scheme, .. } => format!("auth {scheme}"),
        Request::AddWatch { path, .. } => format!("addWatch {path}"),
        other => format!("opcode {}", other.op()),
    }
}

const fn watching(watch: bool) -> &'static str {
    if watch { " and watch" } else { "" }
}

fn multi_op_text(op: &MultiOp) -> String {
    match op {
        MultiOp::Create(create) => format!("create {}", create.path),
        MultiOp::Delete { path, .. } => format!("delete {path}"),
        MultiOp::SetData { path, .. } => format!("set {path}"),
        MultiOp::Check { path, version } => format!("check {path} version {version}"),
    }
}

/// What became of a request.
#[must_use]
pub fn answer_text(request: &Request, zxid: Zxid, result: &Result<Reply, KeeperError>) -> String {
    let text = match (request, result) {
        (_, Err(error)) => format!("{}: {error}", request_text(request)),
        (Request::Create(_), Ok(Reply::Path(path) | Reply::PathStat { path, .. })) => {
            format!("created {path}")
        }
        (Request::Delete { path, .. }, Ok(_)) => format!("deleted {path}"),
        (Request::GetData { path, .. }, Ok(Reply::Data { data, stat })) => {
            format!("{path} = {} version {}", data_text(data), stat.version)
        }
        (Request::SetData { path, .. }, Ok(Reply::Stat(stat))) => {
            format!("set {path} version {}", stat.version)
        }
        (Request::Exists { path, .. }, Ok(Reply::Stat(stat))) => {
            format!("{path} exists, {}", stat_text(stat))
        }
        (Request::GetChildren { path, .. }, Ok(Reply::Names(names))) => {
            let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
            names.sort();
            format!("{path} has [{}]", names.join(" "))
        }
        (Request::Sync { path }, Ok(_)) => format!("synced {path}"),
        (Request::Multi(_), Ok(Reply::Multi(results))) => {
            let results: Vec<_> = results.iter().map(multi_result_text).collect();
            format!("multi [{}]", results.join(", "))
        }
        (_, Ok(_)) => format!("{} done", request_text(request)),
    };
    format!("{text} ({zxid})")
}

/// A watch's event with its zxid; the ones that setWatches makes have none.
#[must_use]
pub fn event_at_text(event: &WatcherEvent, zxid: Zxid) -> String {
    let text = event_text(event);
    if zxid == Zxid(-1) { format!("{text} (missed)") } else { format!("{text} ({zxid})") }
}

fn stat_text(stat: &Stat) -> String {
    format!(
        "version {}, made at {}, changed at {}, {} children",
        stat.version, stat.czxid, stat.mzxid, stat.num_children
    )
}

fn multi_result_text(result: &MultiResult) -> String {
    match result {
        MultiResult::Create { path } | MultiResult::Create2 { path, .. } => {
            format!("created {path}")
        }
        MultiResult::Delete => "deleted".into(),
        MultiResult::SetData { stat } => format!("set to version {}", stat.version),
        MultiResult::Check => "checked".into(),
        MultiResult::GetData { data, .. } => data_text(data),
        MultiResult::GetChildren { children } => list(children.iter()),
        MultiResult::Error { code: 0 } => "not done".into(),
        MultiResult::Error { code } => KeeperError::from_code(*code)
            .map_or_else(|| format!("error {code}"), |error| error.to_string()),
    }
}

/// What a watch tells.
#[must_use]
pub fn event_text(event: &WatcherEvent) -> String {
    let kind = match event.kind {
        EventType::Created => "created",
        EventType::Deleted => "deleted",
        EventType::DataChanged => "data changed",
        EventType::ChildrenChanged => "children changed",
    };
    format!("{kind} {}", event.path)
}
