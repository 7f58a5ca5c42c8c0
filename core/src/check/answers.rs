//! Answers against the model: what a client was told must be the state after the answer's zxid.

use super::model::{Model, Wrong};
use super::violation::Oracle;
use crate::base::Zxid;
use crate::proto::KeeperError;
use crate::proto::reply::Reply as Answer;
use crate::proto::request::{CreateMode, Request};
use crate::wire::Text;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Does the request change anything?
#[must_use]
pub const fn writes(request: &Request) -> bool {
    matches!(
        request,
        Request::Create(_) | Request::SetData { .. } | Request::Delete { .. } | Request::Multi(_)
    )
}

/// Compares an answer with the state after `zxid`.
///
/// # Errors
/// [`Oracle::ReadAtZxid`] or [`Oracle::LinearizableWrites`].
pub fn judge(
    model: &Model,
    request: &Request,
    zxid: Zxid,
    result: &Result<Answer, KeeperError>,
) -> Result<(), Wrong> {
    let expected = match result {
        Ok(answer) => good(model, request, zxid, answer),
        Err(error) => refused(model, request, zxid, *error),
    };
    let Err(expected) = expected else { return Ok(()) };
    let oracle = if writes(request) { Oracle::LinearizableWrites } else { Oracle::ReadAtZxid };
    let what = format!("{request:?} at {zxid} was answered {result:?}; the model has {expected}");
    Err((oracle, what))
}

fn good(model: &Model, request: &Request, zxid: Zxid, answer: &Answer) -> Result<(), String> {
    let stat = |path: &Text| model.stat_at(&path.to_str(), zxid);
    let same = match (request, answer) {
        (Request::GetData { path, .. }, Answer::Data { data, stat: told }) => {
            let mine = model.at(&path.to_str(), zxid);
            let data = data.as_deref();
            mine.is_some_and(|mine| mine.data.as_deref() == data) && stat(path) == Some(*told)
        }
        (Request::Exists { path, .. }, Answer::Stat(told)) => stat(path) == Some(*told),
        (Request::GetChildren2 { path, .. }, Answer::NamesStat { names, stat: told }) => {
            let told_names: Vec<String> = names.iter().map(|name| name.to_str().into()).collect();
            let path_text = path.to_str();
            let mut mine = model.children_at(&path_text, zxid);
            if path_text == "/" {
                mine.push("zookeeper");
                mine.sort_unstable();
            }
            let mut told_sorted: Vec<&str> = told_names.iter().map(String::as_str).collect();
            told_sorted.sort_unstable();
            told_sorted == mine && stat(path) == Some(*told)
        }
        (Request::SetData { path, .. }, Answer::Stat(told)) => {
            told.mzxid == zxid && stat(path) == Some(*told)
        }
        (Request::Create(create), Answer::Path(path)) => {
            let sequential = create.flags & CreateMode::PersistentSequential as i32 != 0;
            let named = if sequential {
                path.to_str().starts_with(&*create.path.to_str())
            } else {
                path == &create.path
            };
            named && stat(path).is_some_and(|made| made.czxid == zxid)
        }
        (Request::Delete { path, .. }, Answer::Empty) => {
            stat(path).is_none() && stat_before(model, path, zxid)
        }
        // A sync has no state of its own, and a multi's parts are in the tree.
        (Request::Sync { .. } | Request::Multi(_), _) => true,
        _ => false,
    };
    let subject = match request {
        Request::GetData { path, .. }
        | Request::Exists { path, .. }
        | Request::GetChildren2 { path, .. }
        | Request::SetData { path, .. }
        | Request::Delete { path, .. } => Some(path),
        Request::Create(create) => Some(&create.path),
        _ => None,
    };
    if same {
        return Ok(());
    }
    Err(format!("{:?}", subject.and_then(|path| model.at(&path.to_str(), zxid))))
}

/// Was the znode there before this transaction?
fn stat_before(model: &Model, path: &Text, zxid: Zxid) -> bool {
    model.at(&path.to_str(), Zxid(zxid.0 - 1)).is_some()
}

fn refused(model: &Model, request: &Request, zxid: Zxid, error: KeeperError) -> Result<(), String> {
    let is_there = |path: &Text| model.at(&path.to_str(), zxid).is_some();
    let same = match (request, error) {
        (
            Request::GetData { path, .. }
            | Request::Exists { path, .. }
            | Request::GetChildren2 { path, .. }
            | Request::SetData { path, .. }
            | Request::Delete { path, .. },
            KeeperError::NoNode,
        ) => !is_there(path),
        (Request::Create(create), KeeperError::NodeExists) => is_there(&create.path),
        (Request::SetData { path, version, .. }, KeeperError::BadVersion) => {
            let found = model.at(&path.to_str(), zxid).map(|znode| znode.stat.version);
            found.is_some_and(|found| found != *version)
        }
        // The client or the session ended it, or it is judged by the tree alone.
        _ => true,
    };
    if same { Ok(()) } else { Err("another state".into()) }
}
