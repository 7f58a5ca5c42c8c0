//! Why a write is refused: the checks that the leader makes, on a tree.

use super::{Guard, Why};
use crate::base::path;
use crate::proto::request::Request;
use crate::tree::{Tree, Znode};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Why `tree` refuses a write, or that it would not; `None` for what is no write of one path.
#[must_use]
pub fn request(tree: &Tree, request: &Request) -> Option<Why> {
    let (path, guards) = match request {
        Request::Create(create) => {
            let path = create.path.to_str().into_owned();
            let sequential = create.flags & 2 != 0;
            let guards = create_guards(tree, &path, sequential);
            (path, guards)
        }
        Request::Delete { path, version } => {
            let path = path.to_str().into_owned();
            let mut guards = existing(tree, &path, Some(*version));
            let children = tree.get(&path).map_or(0, Znode::num_children);
            guards.push(Guard::new(
                "It has no children",
                children == 0,
                format!("children = {children}"),
            ));
            (path, guards)
        }
        Request::SetData { path, version, .. } => {
            let path = path.to_str().into_owned();
            let guards = existing(tree, &path, Some(*version));
            (path, guards)
        }
        Request::GetData { path, .. }
        | Request::Exists { path, .. }
        | Request::GetChildren { path, .. }
        | Request::GetChildren2 { path, .. } => {
            let path = path.to_str().into_owned();
            let guards = existing(tree, &path, None);
            (path, guards)
        }
        _ => return None,
    };
    let failed = guards.iter().find(|guard| !guard.holds);
    let sentence = match failed {
        Some(guard) => {
            let value = guard.values.first().map(String::as_str).unwrap_or_default();
            format!("{path} is refused: “{}” does not hold, {value}.", guard.name)
        }
        None => format!("{path} would not be refused."),
    };
    let title = format!(
        "Why a request for {path} is {}",
        match failed {
            Some(_) => "refused",
            None => "granted",
        }
    );
    Some(Why::new(title, guards, sentence))
}

fn is_valid(path: &str) -> Guard {
    Guard::new("The path is one", path::is_valid(path), path.to_string())
}

fn create_guards(tree: &Tree, path: &str, sequential: bool) -> Vec<Guard> {
    let parent = path::parent(path).unwrap_or("/");
    let above = tree.get(parent);
    let owner = above.map_or(0, |znode| znode.stat().ephemeral_owner);
    let mut guards = Vec::from([
        is_valid(path),
        Guard::new("Its parent exists", above.is_some(), format!("parent = {parent}")),
        Guard::new(
            "Its parent is not ephemeral",
            owner == 0,
            format!("ephemeralOwner = {owner:#x}"),
        ),
    ]);
    if !sequential {
        let there = tree.contains(path);
        let value = if there { "it is there" } else { "it is not there" };
        guards.push(Guard::new("Nothing is there yet", !there, value));
    }
    guards
}

fn existing(tree: &Tree, path: &str, version: Option<i32>) -> Vec<Guard> {
    let znode = tree.get(path);
    let value = if znode.is_some() { "it is there" } else { "it is not there" };
    let mut guards = Vec::from([is_valid(path), Guard::new("It exists", znode.is_some(), value)]);
    if let (Some(wanted), Some(znode)) = (version, znode) {
        let has = znode.stat().version;
        let holds = wanted == -1 || wanted == has;
        let value = match wanted {
            -1 => format!("any, it has {has}"),
            _ => format!("wanted = {wanted}, it has {has}"),
        };
        guards.push(Guard::new("It has the version that is wanted", holds, value));
    }
    guards
}
