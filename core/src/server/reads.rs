//! Reads, answered from the tree of the client's server as it is now, and the requests around
//! watches (Java: `FinalRequestProcessor`).

use super::server::{Effects, Server};
use crate::base::limits::MULTI_READ_BYTES_MAX;
use crate::base::{Conn, Cxid, Zxid};
use crate::proto::data::perms;
use crate::proto::multi::{MultiReadOp, MultiResult};
use crate::proto::reply::Reply;
use crate::proto::request::{Request, WatchLists};
use crate::proto::watch::{AddWatchMode, WatcherType};
use crate::proto::{Acl, Id, KeeperError};
use crate::tree::Znode;
use crate::watch::{Rearm, WatchKind, WatchKinds, ZnodeTimes};
use crate::wire::Text;
use crate::zab::Rules;
use alloc::string::ToString;
use alloc::vec::Vec;

type Answer = Result<Reply, KeeperError>;

impl<R: Rules> Server<R> {
    /// Answers a read whose turn it is.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn answer_read(
        &mut self,
        conn: Conn,
        cxid: Cxid,
        request: Request,
        out: &mut Effects<R>,
    ) {
        let answer = match request {
            Request::Exists { path, watch } => self.exists(conn, &path.to_str(), watch),
            Request::GetData { path, watch } => self.get_data(conn, &path.to_str(), watch),
            Request::GetChildren { path, watch } => {
                self.get_children(conn, &path.to_str(), watch).map(|(names, _)| Reply::Names(names))
            }
            Request::GetChildren2 { path, watch } => self
                .get_children(conn, &path.to_str(), watch)
                .map(|(names, stat)| Reply::NamesStat { names, stat }),
            Request::GetAcl { path } => self.get_acl(conn, &path.to_str()),
            Request::Sync { path } => Ok(Reply::Path(path)),
            Request::MultiRead(ops) => self.multi_read(conn, &ops).map(Reply::Multi),
            Request::SetWatches(lists) => self.set_watches(conn, &lists, &[], &[], out),
            Request::SetWatches2 { lists, persistent, persistent_recursive } => {
                let persistent = persistent.unwrap_or_default();
                let recursive = persistent_recursive.unwrap_or_default();
                self.set_watches(conn, &lists, &persistent, &recursive, out)
            }
            Request::AddWatch { path, mode } => self.add_watch(conn, &path.to_str(), mode),
            Request::CheckWatches { path, kind } => self.find_watch(conn, &path, kind, false),
            Request::RemoveWatches { path, kind } => self.find_watch(conn, &path, kind, true),
            Request::GetEphemerals { prefix } => Ok(self.get_ephemerals(conn, prefix.as_ref())),
            Request::GetAllChildrenNumber { path } => self.count_below(conn, &path.to_str()),
            Request::WhoAmI => Ok(Reply::Ids(self.who_am_i(conn))),
            Request::Sasl { token } => Ok(Reply::Token(token)),
            // These never get into the queue as reads.
            Request::Create(_)
            | Request::Delete { .. }
            | Request::SetData { .. }
            | Request::SetAcl { .. }
            | Request::Check { .. }
            | Request::Multi(_)
            | Request::Reconfig { .. }
            | Request::Ping
            | Request::Auth { .. }
            | Request::CloseSession => Err(KeeperError::Unimplemented),
        };
        self.reply(conn, cxid.0, self.last_processed(), answer, out);
    }

    fn ids(&self, conn: Conn) -> &[Id] {
        self.conns.get(&conn).map(|found| found.ids.as_slice()).unwrap_or_default()
    }

    fn may(&self, conn: Conn, node: &Znode, wanted: i32) -> Result<(), KeeperError> {
        let list = node.acl().map(|acl| &**acl);
        match self.config.rules.allow(list, wanted, self.ids(conn)) {
            true => Ok(()),
            false => Err(KeeperError::NoAuth),
        }
    }

    fn readable(&self, conn: Conn, path: &str) -> Result<&Znode, KeeperError> {
        let node = self.image.tree.get(path).ok_or(KeeperError::NoNode)?;
        self.may(conn, node, perms::READ)?;
        Ok(node)
    }

    /// exists leaves a watch on a missing znode too: that is how one waits for a creation.
    fn exists(&mut self, conn: Conn, path: &str, watch: bool) -> Answer {
        if path.contains('\0') {
            return Err(KeeperError::BadArguments);
        }
        let answer = match self.image.tree.get(path) {
            None => Err(KeeperError::NoNode),
            Some(node) => {
                self.may(conn, node, perms::READ)?;
                Ok(Reply::Stat(node.client_stat()))
            }
        };
        if watch {
            self.watches.add(path, conn, WatchKind::Data);
        }
        answer
    }

    fn get_data(&mut self, conn: Conn, path: &str, watch: bool) -> Answer {
        let node = self.readable(conn, path)?;
        let reply = Reply::Data { data: node.data().clone(), stat: node.client_stat() };
        if watch {
            self.watches.add(path, conn, WatchKind::Data);
        }
        Ok(reply)
    }

    fn get_children(
        &mut self,
        conn: Conn,
        path: &str,
        watch: bool,
    ) -> Result<(Vec<Text>, crate::proto::Stat), KeeperError> {
        let node = self.readable(conn, path)?;
        let names = node.children().map(Into::into).collect();
        let stat = node.client_stat();
        if watch {
            self.watches.add(path, conn, WatchKind::Child);
        }
        Ok((names, stat))
    }

    /// READ or ADMIN; without ADMIN the hash of a digest id stays hidden.
    fn get_acl(&self, conn: Conn, path: &str) -> Answer {
        let node = self.image.tree.get(path).ok_or(KeeperError::NoNode)?;
        self.may(conn, node, perms::READ | perms::ADMIN)?;
        let mut list = node.acl_entries();
        if self.may(conn, node, perms::ADMIN).is_err() {
            list.iter_mut().for_each(hide_digest);
        }
        Ok(Reply::Acl { acl: list, stat: node.client_stat() })
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn multi_read(
        &mut self,
        conn: Conn,
        ops: &[MultiReadOp],
    ) -> Result<Vec<MultiResult>, KeeperError> {
        let mut bytes = 0;
        ops.iter()
            .map(|op| {
                let answer = match op {
                    MultiReadOp::GetData { path, .. } => self.get_data(conn, &path.to_str(), false),
                    MultiReadOp::GetChildren { path, .. } => self
                        .get_children(conn, &path.to_str(), false)
                        .map(|(names, _)| Reply::Names(names)),
                };
                let result = match answer {
                    Ok(Reply::Data { data, stat }) => MultiResult::GetData { data, stat },
                    Ok(Reply::Names(children)) => MultiResult::GetChildren { children },
                    Ok(_) => MultiResult::Check,
                    Err(error) => MultiResult::Error { code: error.code() },
                };
                bytes += read_bytes(&result);
                if bytes > MULTI_READ_BYTES_MAX {
                    return Err(KeeperError::MarshallingError);
                }
                Ok(result)
            })
            .collect()
    }

    fn get_ephemerals(&self, conn: Conn, prefix: Option<&Text>) -> Reply {
        let session = self.conns.get(&conn).map(|found| found.session).unwrap_or_default();
        let prefix = prefix.map(|text| text.to_str().into_owned()).unwrap_or_default();
        let prefix = if prefix.trim().is_empty() { "/" } else { prefix.as_str() };
        let paths = self.image.tree.ephemerals_of(session);
        Reply::Names(
            paths.filter(|path| path.starts_with(prefix)).map(|path| (&**path).into()).collect(),
        )
    }

    fn count_below(&self, conn: Conn, path: &str) -> Answer {
        self.readable(conn, path)?;
        let count = self.image.tree.count_below(path).unwrap_or(0);
        Ok(Reply::Count(i32::try_from(count).unwrap_or(i32::MAX)))
    }

    /// Scheme and user; the hash of a digest id stays hidden.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn who_am_i(&self, conn: Conn) -> Vec<Id> {
        let shown = |id: &Id| {
            let text = id.id.to_str();
            let user = if id.scheme.as_bytes() == "digest" {
                text.split(':').next().unwrap_or_default().to_string()
            } else {
                text.into_owned()
            };
            Id { scheme: id.scheme.clone(), id: user.into() }
        };
        self.ids(conn).iter().map(shown).collect()
    }

    // --- watches -------------------------------------------------------------------------

    fn add_watch(&mut self, conn: Conn, path: &str, mode: i32) -> Answer {
        let mode = match AddWatchMode::from_wire(mode) {
            Some(AddWatchMode::Persistent) => WatchKind::Persistent,
            Some(AddWatchMode::PersistentRecursive) => WatchKind::Recursive,
            None => return Err(KeeperError::MarshallingError),
        };
        self.watches.add(path, conn, mode);
        Ok(Reply::ErrorCode(0))
    }

    fn find_watch(&mut self, conn: Conn, path: &Text, kind: i32, remove: bool) -> Answer {
        let kind = WatcherType::from_wire(kind).ok_or(KeeperError::MarshallingError)?;
        let kinds = WatchKinds::of_type(kind);
        let path = path.to_str();
        let found = if remove {
            self.watches.remove(&path, conn, kinds)
        } else {
            self.watches.holds(&path, conn, kinds)
        };
        if found { Ok(Reply::Empty) } else { Err(KeeperError::NoWatcher) }
    }

    /// What a client missed while it was away is reported at once; the rest is armed.
    fn set_watches(
        &mut self,
        conn: Conn,
        lists: &WatchLists,
        persistent: &[Text],
        recursive: &[Text],
        out: &mut Effects<R>,
    ) -> Answer {
        let lists = Rearm {
            relative_zxid: lists.relative_zxid,
            data: lists.data.as_deref().unwrap_or_default(),
            exist: lists.exist.as_deref().unwrap_or_default(),
            child: lists.child.as_deref().unwrap_or_default(),
            persistent,
            recursive,
        };
        let tree = &self.image.tree;
        let missed = self.watches.rearm(conn, &lists, |path| {
            let stat = tree.get(path)?.stat();
            Some(ZnodeTimes { mzxid: stat.mzxid, pzxid: stat.pzxid })
        });
        for notice in missed {
            self.send_event(Zxid(-1), notice, out);
        }
        Ok(Reply::Empty)
    }
}

/// About how many bytes this part of an answer takes.
fn read_bytes(result: &MultiResult) -> usize {
    const HEADER_AND_STAT: usize = 80;
    let texts = |names: &[Text]| names.iter().map(|name| 4 + name.as_bytes().len()).sum();
    HEADER_AND_STAT
        + match result {
            MultiResult::GetData { data, .. } => data.as_ref().map_or(0, bytes::Bytes::len),
            MultiResult::GetChildren { children } => texts(children),
            _ => 0,
        }
}

fn hide_digest(entry: &mut Acl) {
    if entry.id.scheme.as_bytes() == "digest" {
        let text = entry.id.id.to_str();
        let user = text.split(':').next().unwrap_or_default();
        entry.id.id = alloc::format!("{user}:x").into();
    }
}
