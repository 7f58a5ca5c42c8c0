//! Requests and answers that are rarely seen, as a user would type or read them.

use super::{data_text, names_text, request_text};
use crate::proto::KeeperError;
use crate::proto::data::{Acl, perms};
use crate::proto::multi::{MultiOp, MultiResult};
use crate::proto::reply::Reply;
use crate::proto::request::{CreateOp, CreateRequest, Request};
use crate::proto::watch::{AddWatchMode, EventType, WatcherEvent, WatcherType};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What stands behind `create` for its mode.
pub(super) fn mode_text(create: &CreateRequest) -> String {
    let flags = match create.flags {
        1 => " -e",
        2 | 6 => " -s",
        3 => " -e -s",
        4 => " -c",
        _ => "",
    };
    match create.kind {
        CreateOp::Ttl { ttl_ms } => format!("{flags} -t {ttl_ms}"),
        CreateOp::Create | CreateOp::Create2 | CreateOp::Container => flags.into(),
    }
}

/// The version that must be, unless any may.
pub(super) fn version_text(version: i32) -> String {
    if version == -1 { String::new() } else { format!(" -v {version}") }
}

/// A request that is none of the usual ones.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn other(request: &Request) -> String {
    match request {
        Request::GetAcl { path } => format!("getAcl {path}"),
        Request::SetAcl { path, acl, version } => {
            let acl = acl_text(acl.as_deref().unwrap_or_default());
            format!("setAcl{} {path} {acl}", version_text(*version))
        }
        Request::Multi(operations) => {
            let operations: Vec<String> = operations.iter().map(operation).collect();
            format!("multi: {}", operations.join("; "))
        }
        Request::Check { path, version } => format!("check -v {version} {path}"),
        Request::AddWatch { path, mode } => {
            let all = *mode == AddWatchMode::PersistentRecursive as i32;
            format!("addWatch{} {path}", if all { " -R" } else { "" })
        }
        Request::RemoveWatches { path, kind } => {
            let kind = match WatcherType::from_wire(*kind) {
                Some(WatcherType::Children) => " -c",
                Some(WatcherType::Data) => " -d",
                _ => "",
            };
            format!("removewatches{kind} {path}")
        }
        Request::GetEphemerals { prefix: None } => "getEphemerals".into(),
        Request::GetEphemerals { prefix: Some(path) } => format!("getEphemerals {path}"),
        Request::GetAllChildrenNumber { path } => format!("getAllChildrenNumber {path}"),
        Request::WhoAmI => "whoami".into(),
        Request::Auth { scheme, .. } => format!("addauth {scheme} …"),
        _ => "another request".into(),
    }
}

fn operation(one: &MultiOp) -> String {
    request_text(&match one.clone() {
        MultiOp::Create(create) => Request::Create(create),
        MultiOp::Delete { path, version } => Request::Delete { path, version },
        MultiOp::SetData { path, data, version } => Request::SetData { path, data, version },
        MultiOp::Check { path, version } => Request::Check { path, version },
    })
}

/// `scheme:id:cdrwa`, with commas between several, as it is typed.
#[must_use]
pub fn acl_text(acl: &[Acl]) -> String {
    let one = |acl: &Acl| {
        let held = perms::LETTERS.iter().filter(|(_, bit)| acl.perms & bit != 0);
        let letters: String = held.map(|(letter, _)| *letter).collect();
        format!("{}:{}:{letters}", acl.id.scheme, acl.id.id)
    };
    acl.iter().map(one).collect::<Vec<_>>().join(",")
}

/// An answer that is none of the usual ones.
pub(super) fn answer(reply: &Reply) -> String {
    match reply {
        Reply::Acl { acl, stat } => {
            format!("{}, version {} of the ACL", acl_text(acl), stat.aversion)
        }
        Reply::Multi(results) => {
            let results: Vec<String> = results.iter().map(result).collect();
            results.join("; ")
        }
        Reply::Count(count) => count.to_string(),
        Reply::Ids(ids) => {
            let ids: Vec<String> =
                ids.iter().map(|id| format!("{}:{}", id.scheme, id.id)).collect();
            ids.join(", ")
        }
        _ => "done".into(),
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn result(one: &MultiResult) -> String {
    match one {
        MultiResult::Create { path } | MultiResult::Create2 { path, .. } => path.to_string(),
        MultiResult::SetData { stat } => format!("version {}", stat.version),
        MultiResult::GetData { data, .. } => data_text(data.as_deref()),
        MultiResult::GetChildren { children } => names_text(children),
        MultiResult::Error { code: 0 } => "taken back".into(),
        MultiResult::Error { code: -2 } => "not tried".into(),
        MultiResult::Error { code } => {
            let error = KeeperError::from_code(*code).unwrap_or(KeeperError::MarshallingError);
            format!("error: {error}")
        }
        MultiResult::Delete | MultiResult::Check => "done".into(),
    }
}

/// What a watch tells.
pub(super) fn event_text(event: &WatcherEvent) -> String {
    let what = match event.kind {
        EventType::Created => "was created",
        EventType::Deleted => "was deleted",
        EventType::DataChanged => "has other data",
        EventType::ChildrenChanged => "has other children",
    };
    format!("watch: {} {what}", event.path)
}
