//! How answers look (Java: `StatPrinter`, `WatchedEvent.toString`, `CliException`s).

use crate::date::date;
use std::fmt::Write as _;
use zabscope_core::client::State;
use zabscope_core::proto::KeeperError;
use zabscope_core::proto::data::{Acl, Stat, perms};
use zabscope_core::proto::multi::MultiResult;
use zabscope_core::proto::watch::{EventType, WatcherEvent};

/// The block of lines of a Stat.
#[must_use]
pub fn stat(stat: &Stat) -> String {
    format!(
        "cZxid = 0x{:x}\nctime = {}\nmZxid = 0x{:x}\nmtime = {}\npZxid = 0x{:x}\ncversion = {}\n\
         dataVersion = {}\naclVersion = {}\nephemeralOwner = 0x{:x}\ndataLength = {}\n\
         numChildren = {}\n",
        stat.czxid.0,
        date(stat.ctime_ms),
        stat.mzxid.0,
        date(stat.mtime_ms),
        stat.pzxid.0,
        stat.cversion,
        stat.version,
        stat.aversion,
        stat.ephemeral_owner.0,
        stat.data_length,
        stat.num_children,
    )
}

/// An access control list.
#[must_use]
pub fn acl(list: &[Acl]) -> String {
    list.iter().fold(String::new(), |mut text, acl| {
        let held = perms::LETTERS.iter().filter(|(_, bit)| acl.perms & bit != 0);
        let letters: String = held.map(|(letter, _)| *letter).collect();
        let _ = write!(text, "'{},'{}\n: {letters}\n", acl.id.scheme, acl.id.id);
        text
    })
}

/// A watch that fired. `path` is that of the event as the user knows it.
#[must_use]
pub fn event(event: &WatcherEvent, path: &str) -> String {
    let kind = match event.kind {
        EventType::Created => "NodeCreated",
        EventType::Deleted => "NodeDeleted",
        EventType::DataChanged => "NodeDataChanged",
        EventType::ChildrenChanged => "NodeChildrenChanged",
    };
    format!("WatchedEvent state:SyncConnected type:{kind} path:{path}")
}

/// The session has another state.
#[must_use]
pub const fn state(state: State) -> &'static str {
    match state {
        State::Connecting => "Disconnected",
        State::Connected => "SyncConnected",
        State::Expired => "Expired",
        State::Closed => "Closed",
        State::AuthFailed => "AuthFailed",
    }
}

/// What one operation of a multi came to.
#[must_use]
pub fn result(result: &MultiResult) -> String {
    match result {
        MultiResult::Create { path } | MultiResult::Create2 { path, .. } => {
            format!("Created {path}")
        }
        MultiResult::SetData { stat } => format!("Set, dataVersion = {}", stat.version),
        MultiResult::Delete => "Deleted".to_owned(),
        MultiResult::Check => "Checked".to_owned(),
        MultiResult::Error { code: 0 } => "Taken back".to_owned(),
        MultiResult::Error { code } => match KeeperError::from_code(*code) {
            Some(KeeperError::RuntimeInconsistency) | None => "Not tried".to_owned(),
            Some(why) => error(why, "this operation"),
        },
        MultiResult::GetData { .. } | MultiResult::GetChildren { .. } => "Read".to_owned(),
    }
}

/// Why a command failed.
#[must_use]
pub fn error(error: KeeperError, path: &str) -> String {
    match error {
        KeeperError::NoNode => format!("Node does not exist: {path}"),
        KeeperError::NodeExists => format!("Node already exists: {path}"),
        KeeperError::NotEmpty => format!("Node not empty: {path}"),
        KeeperError::BadVersion => format!("version No is not valid : {path}"),
        KeeperError::NoAuth => format!("Insufficient permission : {path}"),
        KeeperError::NoChildrenForEphemerals => {
            format!("Ephemerals cannot have children: {path}")
        }
        KeeperError::InvalidAcl => format!("Acl is not valid : {path}"),
        KeeperError::ConnectionLoss => {
            format!("Connection lost, it is not known whether this happened: {path}")
        }
        KeeperError::SessionExpired => format!("Session expired: {path}"),
        KeeperError::AuthFailed => "Authentication failed".to_owned(),
        KeeperError::QuotaExceeded => format!("Quota has exceeded : {path}"),
        other => format!("KeeperErrorCode = {other:?} for {path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_block_has_the_lines_of_zk_cli() {
        let text = stat(&Stat { version: 7, ..Stat::default() });
        let names: Vec<&str> = text.lines().filter_map(|line| line.split(" = ").next()).collect();
        assert_eq!(
            names,
            [
                "cZxid",
                "ctime",
                "mZxid",
                "mtime",
                "pZxid",
                "cversion",
                "dataVersion",
                "aclVersion",
                "ephemeralOwner",
                "dataLength",
                "numChildren"
            ]
        );
        assert!(text.contains("\ndataVersion = 7\n") && text.contains("ephemeralOwner = 0x0\n"));
    }

    #[test]
    fn acls_show_their_letters() {
        assert_eq!(acl(&Acl::open()), "'world,'anyone\n: cdrwa\n");
    }
}
