//! Recipes against a tiny tree that answers at once, loses answers and ends sessions when told.

use super::*;
use crate::base::{SessionId, Zxid};
use crate::client::{Reply, State};
use crate::proto::data::Stat;
use crate::proto::reply;
use crate::proto::request::{CreateMode, Request};
use crate::proto::watch::{EventType, KeeperState, WatcherEvent};
use crate::proto::{KeeperError, request::CreateRequest};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

/// What happens to the next request of this kind.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// Done, and the answer is lost.
    AnswerLost,
    /// Lost before it was done.
    RequestLost,
}

struct Member {
    recipe: Recipe,
    session: SessionId,
    asks: VecDeque<Ask>,
}

/// Some clients and a tree.
struct Group {
    members: Vec<Member>,
    /// Owner and czxid by path.
    tree: BTreeMap<String, Stat>,
    numbers: BTreeMap<String, u32>,
    watches: BTreeSet<(usize, String)>,
    zxid: i64,
    sessions: i64,
    /// For requests with this opcode, of anybody.
    fate: Option<(i32, Fate)>,
    asked: Vec<(usize, Request)>,
}

impl Group {
    fn new(count: usize, make: impl Fn() -> Recipe) -> Self {
        let member = |_| Member { recipe: make(), session: SessionId(0), asks: VecDeque::new() };
        let mut group = Self {
            members: (0..count).map(member).collect(),
            tree: BTreeMap::new(),
            numbers: BTreeMap::new(),
            watches: BTreeSet::new(),
            zxid: 0,
            sessions: 0x100,
            fate: None,
            asked: vec![],
        };
        for who in 0..count {
            group.connect(who);
        }
        group
    }

    fn locks(count: usize) -> Self {
        Self::new(count, || Recipe::Lock(Lock::new("/locks/a", 1, None)))
    }

    fn naive(count: usize) -> Self {
        Self::new(count, || Recipe::NaiveLock(NaiveLock::new("/locks/a", 1, None)))
    }

    fn connect(&mut self, who: usize) {
        self.sessions += 1;
        self.members[who].session = SessionId(self.sessions);
        self.hear(who, &Reply::State(State::Connected));
    }

    fn expire(&mut self, who: usize) {
        let session = self.members[who].session;
        self.watches.retain(|(watcher, _)| *watcher != who);
        let gone: Vec<String> = self
            .tree
            .iter()
            .filter(|(_, stat)| stat.ephemeral_owner == session)
            .map(|(path, _)| path.clone())
            .collect();
        for path in gone {
            self.remove(&path);
        }
        self.members[who].asks.clear();
        self.hear(who, &Reply::State(State::Expired));
    }

    fn start(&mut self, who: usize) {
        let mut asks = vec![];
        self.members[who].recipe.start(&mut asks);
        self.members[who].asks.extend(asks);
    }

    fn stop(&mut self, who: usize) {
        let mut asks = vec![];
        self.members[who].recipe.stop(&mut asks);
        self.members[who].asks.extend(asks);
    }

    fn hear(&mut self, who: usize, reply: &Reply) {
        let mut asks = vec![];
        let member = &mut self.members[who];
        member.recipe.hear(member.session, reply, &mut asks);
        member.asks.extend(asks);
    }

    /// Answers everybody, the members in turn, until nobody asks.
    fn settle(&mut self) {
        for _ in 0..1000 {
            let mut quiet = true;
            for who in 0..self.members.len() {
                if let Some(ask) = self.members[who].asks.pop_front() {
                    quiet = false;
                    self.serve(who, &ask);
                }
            }
            if quiet {
                return;
            }
        }
        panic!("they never stop asking");
    }

    fn serve(&mut self, who: usize, ask: &Ask) {
        self.asked.push((who, ask.request.clone()));
        let fate = self.fate.filter(|(op, _)| *op == ask.request.op()).map(|(_, fate)| fate);
        if fate.is_some() {
            self.fate = None;
        }
        let result = if fate == Some(Fate::RequestLost) {
            Err(KeeperError::ConnectionLoss)
        } else {
            self.answer(who, &ask.request)
        };
        let result = if fate.is_some() { Err(KeeperError::ConnectionLoss) } else { result };
        self.hear(who, &Reply::Done { id: ask.id, zxid: Zxid(self.zxid), result });
    }

    fn answer(&mut self, who: usize, request: &Request) -> Result<reply::Reply, KeeperError> {
        match request {
            Request::Create(create) => self.create(who, create),
            Request::Delete { path, .. } => self
                .remove(&path.to_str())
                .then_some(reply::Reply::Empty)
                .ok_or(KeeperError::NoNode),
            Request::Sync { path } => Ok(reply::Reply::Path(path.clone())),
            Request::Exists { path, .. } => {
                let stat = self.tree.get(&*path.to_str()).ok_or(KeeperError::NoNode)?;
                Ok(reply::Reply::Stat(*stat))
            }
            Request::GetData { path, watch } => {
                let path = path.to_str().to_string();
                let stat = *self.tree.get(&path).ok_or(KeeperError::NoNode)?;
                if *watch {
                    self.watches.insert((who, path));
                }
                Ok(reply::Reply::Data { data: None, stat })
            }
            Request::GetChildren { path, watch: false } => {
                let prefix = format!("{path}/");
                let names = self.tree.keys().filter_map(|path| path.strip_prefix(&prefix));
                Ok(reply::Reply::Names(names.map(Into::into).collect()))
            }
            other => panic!("{other:?}"),
        }
    }

    fn create(&mut self, who: usize, wanted: &CreateRequest) -> Result<reply::Reply, KeeperError> {
        let mode = CreateMode::from_flags(wanted.flags).expect("a mode");
        let mut path = wanted.path.to_str().to_string();
        let (parent, _) = path.rsplit_once('/').expect("a slash");
        let parent = parent.to_string();
        if !parent.is_empty() && !self.tree.contains_key(&parent) {
            return Err(KeeperError::NoNode);
        }
        if mode.is_sequential() {
            let number = self.numbers.entry(parent).or_default();
            path = format!("{path}{number:010}");
            *number += 1;
        }
        if self.tree.contains_key(&path) {
            return Err(KeeperError::NodeExists);
        }
        self.zxid += 1;
        let owner = if mode.is_ephemeral() { self.members[who].session } else { SessionId(0) };
        let stat = Stat { czxid: Zxid(self.zxid), ephemeral_owner: owner, ..Stat::default() };
        self.tree.insert(path.clone(), stat);
        let path = path.as_str().into();
        Ok(if wanted.kind.op() == crate::proto::opcode::CREATE {
            reply::Reply::Path(path)
        } else {
            reply::Reply::PathStat { path, stat }
        })
    }

    fn remove(&mut self, path: &str) -> bool {
        let was = self.tree.remove(path).is_some();
        self.zxid += i64::from(was);
        let fired: Vec<usize> = (0..self.members.len())
            .filter(|who| self.watches.remove(&(*who, path.to_string())))
            .collect();
        for who in fired {
            let event = WatcherEvent {
                kind: EventType::Deleted,
                state: KeeperState::SyncConnected,
                path: path.into(),
            };
            self.hear(who, &Reply::Event { zxid: Zxid(self.zxid), event });
        }
        was
    }

    fn phases(&self) -> Vec<Phase> {
        self.members.iter().map(|member| member.recipe.phase()).collect()
    }

    /// The one who is first; there is at most one.
    fn first(&self) -> Option<usize> {
        let first: Vec<usize> = (0..self.members.len())
            .filter(|who| self.members[*who].recipe.phase() == Phase::First)
            .collect();
        assert!(first.len() <= 1, "{first:?} are first");
        first.first().copied()
    }

    fn token(&self, who: usize) -> Zxid {
        self.members[who].recipe.token().expect("a token")
    }

    fn wakeups(&self) -> u32 {
        self.members.iter().map(|member| member.recipe.counts().wakeups).sum()
    }

    /// Ephemerals there are.
    fn ephemerals(&self) -> usize {
        self.tree.values().filter(|stat| stat.ephemeral_owner != SessionId(0)).count()
    }

    /// All want it; each gives it back once. Who had it, in order.
    fn everybody_once(&mut self) -> Vec<usize> {
        let count = self.members.len();
        (0..count).for_each(|who| self.start(who));
        self.settle();
        let mut order = vec![];
        while let Some(who) = self.first() {
            order.push(who);
            self.stop(who);
            self.settle();
        }
        assert_eq!(self.phases(), vec![Phase::Idle; count]);
        assert_eq!(self.ephemerals(), 0);
        order
    }
}

#[test]
fn a_turn_wakes_one_or_everybody() {
    let mut polite = Group::locks(10);
    assert_eq!(polite.everybody_once(), (0..10).collect::<Vec<_>>(), "in the order of arrival");
    assert_eq!(polite.wakeups(), 9);

    let mut herd = Group::naive(10);
    let mut order = herd.everybody_once();
    order.sort_unstable();
    assert_eq!(order, (0..10).collect::<Vec<_>>());
    assert_eq!(herd.wakeups(), 45);
}

#[test]
fn the_middle_one_leaves_and_nobody_is_skipped() {
    let mut group = Group::locks(3);
    (0..3).for_each(|who| group.start(who));
    group.settle();
    group.stop(1);
    group.settle();
    assert_eq!(group.phases(), [Phase::First, Phase::Idle, Phase::Waiting]);
    assert_eq!(group.wakeups(), 1);
    group.stop(0);
    group.settle();
    assert_eq!(group.first(), Some(2));
}

#[test]
fn a_lost_answer_to_create_leaves_one_znode() {
    for fate in [Fate::AnswerLost, Fate::RequestLost] {
        let mut group = Group::locks(2);
        group.start(0);
        group.settle();
        group.fate = Some((crate::proto::opcode::CREATE2, fate));
        group.start(1);
        group.settle();
        assert_eq!(group.phases(), [Phase::First, Phase::Waiting]);
        assert_eq!(group.ephemerals(), 2);
        assert_eq!(group.members[1].recipe.counts().losses, 1);
        assert!(group.asked.iter().any(|(_, request)| matches!(request, Request::Delete { .. })));
        group.stop(0);
        group.settle();
        assert_eq!(group.first(), Some(1));
        assert!(group.token(1) > Zxid(0));
    }
}

#[test]
fn giving_up_while_the_create_is_under_way_leaves_nothing() {
    for fate in [None, Some(Fate::AnswerLost), Some(Fate::RequestLost)] {
        let mut group = Group::locks(1);
        group.start(0);
        group.settle();
        group.stop(0);
        group.settle();
        group.fate = fate.map(|fate| (crate::proto::opcode::CREATE2, fate));
        group.start(0);
        group.stop(0);
        group.settle();
        assert_eq!((group.phases(), group.ephemerals()), (vec![Phase::Idle], 0));
    }
}

#[test]
fn release_is_repeated_until_the_znode_is_gone() {
    for fate in [Fate::AnswerLost, Fate::RequestLost] {
        let mut group = Group::locks(2);
        (0..2).for_each(|who| group.start(who));
        group.settle();
        group.fate = Some((crate::proto::opcode::DELETE, fate));
        group.stop(0);
        group.settle();
        assert_eq!(group.phases(), [Phase::Idle, Phase::First]);
        assert_eq!(group.ephemerals(), 1);
    }
}

#[test]
fn an_expired_holder_loses_its_turn_and_its_token_is_old() {
    let mut group = Group::locks(3);
    (0..3).for_each(|who| group.start(who));
    group.settle();
    let stale = group.token(0);
    group.expire(0);
    group.settle();
    assert_eq!(group.phases(), [Phase::Lost, Phase::First, Phase::Waiting]);
    assert!(group.token(1) > stale, "a resource can tell them apart");
    group.connect(0);
    group.settle();
    assert_eq!(group.phases(), [Phase::Waiting, Phase::First, Phase::Waiting]);
    group.stop(1);
    group.settle();
    assert_eq!(group.first(), Some(2));
}

#[test]
fn an_expired_waiter_that_gave_up_stays_out() {
    let mut group = Group::locks(2);
    (0..2).for_each(|who| group.start(who));
    group.settle();
    group.expire(1);
    group.stop(1);
    group.connect(1);
    group.settle();
    assert_eq!(group.phases(), [Phase::First, Phase::Idle]);
    assert_eq!(group.ephemerals(), 1);
}

#[test]
fn who_wants_it_again_while_leaving_gets_a_new_place() {
    let mut group = Group::locks(2);
    (0..2).for_each(|who| group.start(who));
    group.settle();
    group.stop(0);
    group.start(0);
    group.settle();
    assert_eq!(group.phases(), [Phase::Waiting, Phase::First]);
}

#[test]
fn a_naive_release_does_not_delete_the_next_holders_znode() {
    let mut group = Group::naive(2);
    (0..2).for_each(|who| group.start(who));
    group.settle();
    group.fate = Some((crate::proto::opcode::DELETE, Fate::AnswerLost));
    group.stop(0);
    group.settle();
    assert_eq!(group.phases(), [Phase::Idle, Phase::First]);
    assert_eq!(group.ephemerals(), 1);
    // And one that was not done is done.
    group.fate = Some((crate::proto::opcode::DELETE, Fate::RequestLost));
    group.stop(1);
    group.settle();
    assert_eq!((group.phases(), group.ephemerals()), (vec![Phase::Idle, Phase::Idle], 0));
}

#[test]
fn a_naive_create_that_worked_unheard_is_found() {
    let mut group = Group::naive(2);
    group.start(0);
    group.settle();
    group.stop(0);
    group.settle();
    group.fate = Some((crate::proto::opcode::CREATE2, Fate::AnswerLost));
    group.start(0);
    group.settle();
    assert_eq!(group.first(), Some(0));
    let stale = group.token(0);
    group.start(1);
    group.expire(0);
    group.settle();
    assert_eq!(group.phases(), [Phase::Lost, Phase::First]);
    assert!(group.token(1) > stale);
}

#[test]
fn the_second_candidate_follows_the_leader() {
    let mut group = Group::new(3, || Recipe::Election(Election::new("/election", 1, None)));
    (0..3).for_each(|who| group.start(who));
    group.settle();
    let leader_seen_by = |group: &Group, who: usize| match &group.members[who].recipe {
        Recipe::Election(election) => election.leader(),
        other => panic!("{other:?}"),
    };
    for who in 0..3 {
        assert_eq!(leader_seen_by(&group, who), Some(group.members[0].session));
    }
    group.expire(0);
    group.settle();
    assert_eq!(group.first(), Some(1));
    assert_eq!(leader_seen_by(&group, 1), Some(group.members[1].session));
    assert_eq!(group.wakeups(), 1);
}

#[test]
fn what_the_servers_refuse_is_told() {
    let mut group = Group::locks(1);
    let mut asks = vec![];
    group.members[0].recipe.start(&mut asks);
    let refused = Reply::Done { id: asks[0].id, zxid: Zxid(1), result: Err(KeeperError::NoAuth) };
    group.hear(0, &refused);
    assert_eq!(group.phases(), [Phase::Failed(KeeperError::NoAuth)]);
    group.start(0);
    group.settle();
    assert_eq!(group.first(), Some(0), "it may be tried again");
}
