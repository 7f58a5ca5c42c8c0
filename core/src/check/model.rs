//! A second, naive implementation of the tree and of the table of sessions, fed with the
//! committed history only: a map from paths to all versions of a znode. Nothing is shared with
//! the servers' tree, so it can contradict it at any zxid of the past.

use super::violation::Oracle;
use crate::base::{Cxid, SessionId, Zxid};
use crate::proto::data::{Acl, Stat, StatPersisted};
use crate::proto::txn::{CreateKind, Txn, TxnHeader, TxnRecord};
use crate::proto::watch::EventType;
use crate::server::message::Payload;
use crate::tree::Image;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A rule that a history or a state contradicts, and how.
pub type Wrong = (Oracle, String);

/// One version of a znode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Its data; null and empty differ.
    pub data: Option<Vec<u8>>,
    /// Its access control list.
    pub acl: Option<Vec<Acl>>,
    /// What is stored of its stat.
    pub stat: StatPersisted,
}

/// Something that a watch answers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which transaction.
    pub zxid: Zxid,
    /// What.
    pub event: EventType,
    /// Which znode.
    pub path: String,
}

/// What a session is in the committed history.
#[derive(Clone, Copy, Debug)]
struct Session {
    timeout_ms: i32,
    opened: Zxid,
    closed: Option<Zxid>,
}

impl Session {
    fn is_open_at(&self, zxid: Zxid) -> bool {
        self.opened <= zxid && self.closed.is_none_or(|closed| zxid < closed)
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Model {
    znodes: BTreeMap<String, Vec<(Zxid, Option<Plain>)>>,
    sessions: BTreeMap<SessionId, Session>,
    asked: BTreeSet<(SessionId, Cxid)>,
    changes: Vec<Change>,
}

/// The znodes below are the servers' own.
fn is_internal(path: &str) -> bool {
    path == "/zookeeper" || path.starts_with("/zookeeper/")
}

/// The parent of a path that a transaction names.
fn parent_of(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(at) => &path[..at],
    }
}

impl Model {
    /// The tree of a new ensemble: the root.
    #[must_use]
    pub fn new() -> Self {
        let root = Plain { data: Some(Vec::new()), acl: None, stat: StatPersisted::default() };
        let mut model = Self::default();
        model.znodes.insert("/".into(), Vec::from([(Zxid::ZERO, Some(root))]));
        model
    }

    /// The znode as it was after `zxid`.
    #[must_use]
    pub fn at(&self, path: &str, zxid: Zxid) -> Option<&Plain> {
        let versions = self.znodes.get(path)?;
        versions.iter().rev().find(|(since, _)| *since <= zxid)?.1.as_ref()
    }

    /// Names of the children that `path` had after `zxid`, in order.
    #[must_use]
    pub fn children_at(&self, path: &str, zxid: Zxid) -> Vec<&str> {
        let below = self.znodes.keys().filter(|key| *key != "/" && parent_of(key) == path);
        let there = below.filter(|key| self.at(key, zxid).is_some());
        there.map(|key| &key[key.rfind('/').map_or(0, |at| at + 1)..]).collect()
    }

    /// The stat as a client saw it after `zxid`.
    #[must_use]
    pub fn stat_at(&self, path: &str, zxid: Zxid) -> Option<Stat> {
        let plain = self.at(path, zxid)?;
        let mut children = self.children_at(path, zxid).len();
        if path == "/" {
            children += 1;
        }
        let num_children = i32::try_from(children).unwrap_or(i32::MAX);
        let stored = &plain.stat;
        let length = plain.data.as_ref().map_or(0, Vec::len);
        Some(Stat {
            czxid: stored.czxid,
            mzxid: stored.mzxid,
            ctime_ms: stored.ctime_ms,
            mtime_ms: stored.mtime_ms,
            version: stored.version,
            cversion: 2 * stored.cversion - num_children,
            aversion: stored.aversion,
            ephemeral_owner: SessionId(stored.ephemeral_owner.max(0)),
            data_length: i32::try_from(length).unwrap_or(i32::MAX),
            num_children,
            pzxid: stored.pzxid,
        })
    }

    /// The changes behind `since`, oldest first.
    pub fn changes_after(&self, since: Zxid) -> impl Iterator<Item = &Change> {
        let first = self.changes.partition_point(|change| change.zxid <= since);
        self.changes[first..].iter()
    }

    /// Was the session open after `zxid`?
    #[must_use]
    pub fn has_session_at(&self, session: SessionId, zxid: Zxid) -> bool {
        self.sessions.get(&session).is_some_and(|known| known.is_open_at(zxid))
    }

    /// The next committed transaction.
    ///
    /// # Errors
    /// What it must not be, after all before it.
    pub fn commit(&mut self, zxid: Zxid, payload: &Payload) -> Result<(), Wrong> {
        let record = TxnRecord::from_all(payload.clone())
            .map_err(|why| (Oracle::ModelEquality, format!("{zxid} cannot be read: {why}")))?;
        if record.header.zxid != zxid {
            let what = format!("{zxid} is named {} inside", record.header.zxid);
            return Err((Oracle::ModelEquality, what));
        }
        self.judge_session(&record.header, &record.txn)?;
        self.change(&record.header, &record.txn)
    }

    fn judge_session(&mut self, header: &TxnHeader, txn: &Txn) -> Result<(), Wrong> {
        let TxnHeader { session, cxid, zxid, .. } = *header;
        if cxid != Cxid(0) && !self.asked.insert((session, cxid)) {
            let what = format!("{zxid} is the second transaction of request {cxid:?} of {session}");
            return Err((Oracle::AtMostOnce, what));
        }
        let known = self.sessions.get(&session);
        match txn {
            Txn::CreateSession { .. } if known.is_some() => {
                Err((Oracle::SessionIdUnique, format!("{zxid} opens session {session} again")))
            }
            Txn::CreateSession { .. } | Txn::CloseSession { .. } | Txn::Error { .. } => Ok(()),
            _ => match known.and_then(|known| known.closed) {
                Some(closed) => {
                    let what = format!("{zxid} is of session {session}, which ended at {closed}");
                    Err((Oracle::NoWriteAfterClose, what))
                }
                None => Ok(()),
            },
        }
    }

    fn change(&mut self, header: &TxnHeader, txn: &Txn) -> Result<(), Wrong> {
        let zxid = header.zxid;
        match txn {
            Txn::CreateSession { timeout_ms } => {
                let session = Session { timeout_ms: *timeout_ms, opened: zxid, closed: None };
                self.sessions.insert(header.session, session);
                Ok(())
            }
            Txn::CloseSession { .. } => self.close(header.session, zxid),
            Txn::Error { .. } | Txn::Check { .. } => Ok(()),
            Txn::Create(create) => {
                let path = create.path.to_str();
                let ephemeral_owner = match create.kind {
                    CreateKind::Plain { ephemeral: true, .. } => header.session.0,
                    CreateKind::Plain { .. } => 0,
                    CreateKind::Container => i64::MIN,
                    CreateKind::Ttl { ttl_ms } => -(1 << 56) + ttl_ms,
                };
                let stat = StatPersisted {
                    czxid: zxid,
                    mzxid: zxid,
                    ctime_ms: header.time_ms,
                    mtime_ms: header.time_ms,
                    ephemeral_owner,
                    pzxid: zxid,
                    ..StatPersisted::default()
                };
                let data = create.data.as_ref().map(|data| data.to_vec());
                self.create(&path, Plain { data, acl: create.acl.clone(), stat })
            }
            Txn::Delete { path, .. } => self.delete(&path.to_str(), zxid),
            Txn::SetData { path, data, .. } => {
                let path = path.to_str();
                let znode = self.edit(&path, zxid)?;
                znode.data = data.as_ref().map(|data| data.to_vec());
                znode.stat.version += 1;
                znode.stat.mzxid = zxid;
                znode.stat.mtime_ms = header.time_ms;
                self.tell(zxid, EventType::DataChanged, &path);
                Ok(())
            }
            Txn::SetAcl { path, acl, .. } => {
                let znode = self.edit(&path.to_str(), zxid)?;
                znode.acl = acl.clone();
                znode.stat.aversion += 1;
                Ok(())
            }
            Txn::Multi(txns) => {
                if txns.iter().any(|txn| matches!(txn, Txn::Error { .. })) {
                    return Ok(());
                }
                txns.iter().try_for_each(|txn| self.change(header, txn))
            }
        }
    }

    fn close(&mut self, session: SessionId, zxid: Zxid) -> Result<(), Wrong> {
        let owned: Vec<String> = self
            .znodes
            .keys()
            .filter(|path| {
                self.at(path, zxid).is_some_and(|znode| znode.stat.ephemeral_owner == session.0)
            })
            .cloned()
            .collect();
        for path in owned {
            self.delete(&path, zxid)?;
        }
        if let Some(session) = self.sessions.get_mut(&session)
            && session.closed.is_none()
        {
            session.closed = Some(zxid);
        }
        Ok(())
    }

    fn create(&mut self, path: &str, znode: Plain) -> Result<(), Wrong> {
        let zxid = znode.stat.czxid;
        if self.at(path, zxid).is_some() {
            return Err((Oracle::ModelEquality, format!("{zxid} creates {path}, which is there")));
        }
        let owner = SessionId(znode.stat.ephemeral_owner);
        if owner.0 > 0 && !self.has_session_at(owner, zxid) {
            let what = format!("{zxid} creates {path} for session {owner}, which is not open");
            return Err((Oracle::EphemeralOwnerLive, what));
        }
        let parent = parent_of(path);
        let above = self.edit(parent, zxid)?;
        if above.stat.ephemeral_owner > 0 {
            return Err((
                Oracle::ModelEquality,
                format!("{zxid} creates {path} below an ephemeral"),
            ));
        }
        above.stat.cversion += 1;
        above.stat.pzxid = zxid;
        self.znodes.entry(path.into()).or_default().push((zxid, Some(znode)));
        self.tell(zxid, EventType::Created, path);
        self.tell(zxid, EventType::ChildrenChanged, parent);
        Ok(())
    }

    fn delete(&mut self, path: &str, zxid: Zxid) -> Result<(), Wrong> {
        self.edit(path, zxid)?;
        if let Some((_, znode)) = self.znodes.get_mut(path).and_then(|versions| versions.last_mut())
        {
            *znode = None;
        }
        let parent = parent_of(path);
        self.edit(parent, zxid)?.stat.pzxid = zxid;
        self.tell(zxid, EventType::Deleted, path);
        self.tell(zxid, EventType::ChildrenChanged, parent);
        Ok(())
    }

    /// The version of a znode that `zxid` makes.
    fn edit(&mut self, path: &str, zxid: Zxid) -> Result<&mut Plain, Wrong> {
        let absent =
            || (Oracle::ModelEquality, format!("{zxid} changes {path}, which is not there"));
        let versions = self.znodes.get_mut(path).ok_or_else(absent)?;
        let newest = versions.last().ok_or_else(absent)?;
        if newest.0 != zxid {
            let copy = newest.1.clone();
            versions.push((zxid, copy));
        }
        versions.last_mut().and_then(|(_, znode)| znode.as_mut()).ok_or_else(absent)
    }

    fn tell(&mut self, zxid: Zxid, event: EventType, path: &str) {
        self.changes.push(Change { zxid, event, path: path.into() });
    }

    /// Compares a server's state after `zxid` with this one's.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare(&self, image: &Image, zxid: Zxid) -> Result<(), Wrong> {
        let mut expected = 0;
        for path in self.znodes.keys().filter(|path| !is_internal(path)) {
            let Some(mine) = self.at(path, zxid) else { continue };
            expected += 1;
            let theirs = image.tree.get(path);
            let same = theirs.is_some_and(|theirs| {
                theirs.data().as_deref() == mine.data.as_deref()
                    && theirs.stat() == &mine.stat
                    && theirs.acl().map(|acl| acl.to_vec()) == mine.acl
            });
            if !same {
                let what = format!("{path} after {zxid} is {theirs:?}, in the model {mine:?}");
                return Err((Oracle::ModelEquality, what));
            }
            let child = &path[path.rfind('/').map_or(0, |at| at + 1)..];
            let known = image.tree.get(parent_of(path)).is_some_and(|above| above.has_child(child));
            if path != "/" && !known {
                let what = format!("{path} after {zxid} is not among its parent's children");
                return Err((Oracle::ModelEquality, what));
            }
        }
        let found = image.tree.iter().filter(|(path, _)| !is_internal(path)).count();
        if found != expected {
            let what = format!("{found} znodes after {zxid}, in the model {expected}");
            return Err((Oracle::ModelEquality, what));
        }
        self.compare_sessions(image, zxid)
    }

    /// Compares the sessions only.
    ///
    /// # Errors
    /// They differ.
    pub fn compare_sessions(&self, image: &Image, zxid: Zxid) -> Result<(), Wrong> {
        let theirs: Vec<(SessionId, i32)> = image.sessions().collect();
        let open = self.sessions.iter().filter(|(_, session)| session.is_open_at(zxid));
        let mine: Vec<(SessionId, i32)> = open.map(|(id, known)| (*id, known.timeout_ms)).collect();
        if theirs == mine {
            return Ok(());
        }
        let what = format!("sessions after {zxid} are {theirs:?}, in the model {mine:?}");
        Err((Oracle::SessionTableAgreement, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Epoch;
    use crate::proto::txn::CreateTxn;
    use crate::wire::Encode;
    use alloc::boxed::Box;

    const fn z(counter: u32) -> Zxid {
        Zxid::new(Epoch(1), counter)
    }

    fn txn(session: i64, cxid: i32, counter: u32, txn: Txn) -> (Zxid, Payload) {
        let zxid = z(counter);
        let header = TxnHeader {
            session: SessionId(session),
            cxid: Cxid(cxid),
            zxid,
            time_ms: 7,
            kind: txn.kind(),
        };
        (zxid, TxnRecord { header, txn, digest: None }.to_bytes())
    }

    fn create(path: &str, ephemeral: bool) -> Txn {
        let kind = CreateKind::Plain { with_stat: false, ephemeral };
        let acl = Some(Acl::open());
        Txn::Create(CreateTxn { path: path.into(), data: None, acl, kind, parent_cversion: 1 })
    }

    fn wrong(model: &mut Model, (zxid, payload): (Zxid, Payload)) -> Option<Oracle> {
        model.commit(zxid, &payload).err().map(|(oracle, _)| oracle)
    }

    #[test]
    fn a_history_that_breaks_a_rule_of_sessions_is_seen() {
        let mut model = Model::new();
        let open = || Txn::CreateSession { timeout_ms: 4000 };
        let close = || Txn::CloseSession { paths: None };
        assert_eq!(wrong(&mut model, txn(5, 0, 1, open())), None);
        assert_eq!(wrong(&mut model, txn(5, 1, 2, create("/e", true))), None);
        assert_eq!(wrong(&mut model.clone(), txn(5, 0, 3, open())), Some(Oracle::SessionIdUnique));
        let again = txn(5, 1, 3, create("/f", false));
        assert_eq!(wrong(&mut model.clone(), again), Some(Oracle::AtMostOnce));
        assert_eq!(wrong(&mut model, txn(5, 0, 3, close())), None);
        assert_eq!(model.at("/e", z(2)).map(|znode| znode.stat.czxid), Some(z(2)));
        assert_eq!(model.at("/e", z(3)), None, "it went with its session");
        let late = txn(5, 2, 4, create("/f", false));
        assert_eq!(wrong(&mut model.clone(), late), Some(Oracle::NoWriteAfterClose));
        let orphan = txn(6, 1, 4, create("/g", true));
        assert_eq!(wrong(&mut model, orphan), Some(Oracle::EphemeralOwnerLive));
    }

    #[test]
    fn a_state_that_differs_is_seen() {
        let mut model = Model::new();
        let mut image = Image::new();
        for (zxid, payload) in [
            txn(5, 0, 1, Txn::CreateSession { timeout_ms: 4000 }),
            txn(5, 1, 2, create("/a", false)),
        ] {
            model.commit(zxid, &payload).expect("it fits");
            image.apply(&TxnRecord::from_all(payload).expect("it was just made"));
        }
        assert_eq!(model.compare(&image, z(2)), Ok(()));
        let oracle = |image: &Image, zxid| model.compare(image, zxid).err().map(|(why, _)| why);
        assert_eq!(oracle(&image, z(1)), Some(Oracle::ModelEquality), "a znode too much");
        assert_eq!(oracle(&Image::new(), z(2)), Some(Oracle::ModelEquality), "a znode less");
        let mut older = Image::new();
        let (_, other) = txn(6, 0, 1, Txn::CreateSession { timeout_ms: 4000 });
        older.apply(&TxnRecord::from_all(other).expect("it was just made"));
        assert_eq!(oracle(&older, z(1)), Some(Oracle::SessionTableAgreement));
        let unreadable = model.clone().commit(z(3), &Payload::from(Box::<[u8]>::from([1, 2, 3])));
        assert_eq!(unreadable.err().map(|(why, _)| why), Some(Oracle::ModelEquality));
        let (_, misnamed) = txn(5, 2, 4, create("/b", false));
        assert!(model.clone().commit(z(3), &misnamed).is_err());
        assert!(wrong(&mut model, txn(5, 3, 3, create("/x/y", false))).is_some(), "no parent");
        assert_eq!(model.children_at("/", z(2)).to_vec(), ["a"]);
    }
}
