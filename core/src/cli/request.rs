//! The request that a command is.

use super::{Command, Kind};
use crate::proto::data::Acl;
use crate::proto::multi::MultiOp;
use crate::proto::request::{CreateMode, CreateOp, CreateRequest, Request};
use crate::proto::watch::AddWatchMode;
use crate::wire::Text;
use alloc::string::String;

impl Command {
    /// The request, if the command is one request and no more. `at` gives the path that the
    /// servers know.
    #[must_use]
    pub fn request(&self, at: &dyn Fn(&str) -> String) -> Option<Request> {
        let at = |path: &str| Text::from(at(path));
        Some(match self {
            Self::Create { .. } => Request::Create(created(self, &at)?),
            Self::Get { path, watch, .. } => Request::GetData { path: at(path), watch: *watch },
            Self::Set { path, data, version, .. } => Request::SetData {
                path: at(path),
                data: Some(data.clone().into()),
                version: *version,
            },
            Self::Ls { path, watch, recursive: false, .. } => {
                Request::GetChildren2 { path: at(path), watch: *watch }
            }
            Self::Stat { path, watch } => Request::Exists { path: at(path), watch: *watch },
            Self::Delete { path, version } => Request::Delete { path: at(path), version: *version },
            Self::Sync { path } => Request::Sync { path: at(path) },
            Self::GetAcl { path, .. } => Request::GetAcl { path: at(path) },
            Self::SetAcl { path, acl, version } => {
                Request::SetAcl { path: at(path), acl: Some(acl.clone()), version: *version }
            }
            Self::AddAuth { scheme, auth } => Request::Auth {
                kind: 0,
                scheme: scheme.as_str().into(),
                auth: Some(auth.clone().into()),
            },
            Self::Multi(operations) => {
                let operations = operations.iter().map(|one| operation(one, &at));
                Request::Multi(operations.collect::<Option<_>>()?)
            }
            Self::AddWatch { path, recursive } => {
                let mode = if *recursive {
                    AddWatchMode::PersistentRecursive
                } else {
                    AddWatchMode::Persistent
                };
                Request::AddWatch { path: at(path), mode: mode as i32 }
            }
            Self::RemoveWatches { path, kind } => {
                Request::RemoveWatches { path: at(path), kind: *kind as i32 }
            }
            Self::GetEphemerals { path } => {
                Request::GetEphemerals { prefix: path.as_deref().map(at) }
            }
            Self::GetAllChildrenNumber { path } => Request::GetAllChildrenNumber { path: at(path) },
            Self::WhoAmI => Request::WhoAmI,
            Self::Ls { recursive: true, .. }
            | Self::Check { .. }
            | Self::DeleteAll { .. }
            | Self::Watch { .. }
            | Self::Lock { .. }
            | Self::Elect { .. }
            | Self::Version
            | Self::Help
            | Self::History
            | Self::Quit => return None,
        })
    }
}

/// An operation of a multi.
fn operation(command: &Command, at: &dyn Fn(&str) -> Text) -> Option<MultiOp> {
    Some(match command {
        Command::Create { .. } => MultiOp::Create(created(command, at)?),
        Command::Set { path, data, version, .. } => {
            MultiOp::SetData { path: at(path), data: Some(data.clone().into()), version: *version }
        }
        Command::Delete { path, version } => MultiOp::Delete { path: at(path), version: *version },
        Command::Check { path, version } => MultiOp::Check { path: at(path), version: *version },
        _ => return None,
    })
}

fn created(command: &Command, at: &dyn Fn(&str) -> Text) -> Option<CreateRequest> {
    let Command::Create { path, data, acl, kind, stat } = command else { return None };
    let (op, mode) = kind.mode();
    Some(CreateRequest {
        kind: if op == CreateOp::Create && *stat { CreateOp::Create2 } else { op },
        path: at(path),
        data: data.clone().map(Into::into),
        acl: Some(acl.clone().unwrap_or_else(Acl::open)),
        flags: mode as i32,
    })
}

impl Kind {
    /// Which request makes such a znode, and its mode.
    #[must_use]
    pub const fn mode(&self) -> (CreateOp, CreateMode) {
        match *self {
            Self { container: true, .. } => (CreateOp::Container, CreateMode::Container),
            Self { ttl_ms: Some(ttl_ms), sequential, .. } => {
                let mode = if sequential {
                    CreateMode::PersistentSequentialWithTtl
                } else {
                    CreateMode::PersistentWithTtl
                };
                (CreateOp::Ttl { ttl_ms }, mode)
            }
            Self { ephemeral, sequential, .. } => {
                let mode = match (ephemeral, sequential) {
                    (false, false) => CreateMode::Persistent,
                    (true, false) => CreateMode::Ephemeral,
                    (false, true) => CreateMode::PersistentSequential,
                    (true, true) => CreateMode::EphemeralSequential,
                };
                (CreateOp::Create, mode)
            }
        }
    }
}
