//! Clients of the tests: the core's client node on sockets.

use super::Ensemble;
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use zabscope::cli::handle::Handle;
use zabscope_core::proto::KeeperError;
use zabscope_core::proto::data::{Acl, Stat};
use zabscope_core::proto::multi::MultiOp;
use zabscope_core::proto::reply::Reply;
use zabscope_core::proto::request::{CreateMode, CreateOp, CreateRequest, Request};

/// Longest wait for an answer; it spans an election.
const ANSWER: Duration = Duration::from_secs(40);
/// Session timeout that the clients ask for, milliseconds.
pub(crate) const TIMEOUT_MS: i32 = 6000;

pub(crate) fn create(path: &str, data: &[u8], mode: CreateMode) -> Request {
    Request::Create(CreateRequest {
        kind: CreateOp::Create,
        path: path.into(),
        data: Some(data.to_vec().into()),
        acl: Some(Acl::open()),
        flags: mode as i32,
    })
}

pub(crate) fn get(path: &str) -> Request {
    Request::GetData { path: path.into(), watch: false }
}

/// Asks once.
pub(crate) fn ask(client: &Handle, request: Request) -> Result<Result<Reply, KeeperError>> {
    let answer = client.ask(request);
    answer.recv_timeout(ANSWER).map_err(|_| anyhow!("no answer in {ANSWER:?}"))
}

/// Asks again while connections break; only for what may be done twice.
pub(crate) fn insist(client: &Handle, request: &Request) -> Result<Result<Reply, KeeperError>> {
    for _ in 0..100 {
        match ask(client, request.clone())? {
            Err(KeeperError::ConnectionLoss) => {}
            other => return Ok(other),
        }
    }
    bail!("the connection broke a hundred times")
}

/// Ephemerals whose paths, together, are longer than a transaction may be.
pub(crate) const EPHEMERALS: usize = 25_000;

/// A create as a part of a multi.
pub(crate) fn multi_create(path: String, acl: Vec<Acl>, mode: CreateMode) -> MultiOp {
    MultiOp::Create(CreateRequest {
        kind: CreateOp::Create,
        path: path.into(),
        data: None,
        acl: Some(acl),
        flags: mode as i32,
    })
}

/// Makes `/eph` and [`EPHEMERALS`] of this client below it.
pub(crate) fn make_ephemerals(client: &Handle) -> Result<()> {
    const BATCH: usize = 500;
    insist(client, &create("/eph", b"", CreateMode::Persistent))??;
    let name = "n".repeat(90);
    for first in (0..EPHEMERALS).step_by(BATCH) {
        let op = |number| {
            let path = format!("/eph/{name}{number:06}");
            multi_create(path, Acl::open(), CreateMode::Ephemeral)
        };
        ask(client, Request::Multi((first..first + BATCH).map(op).collect()))??;
    }
    Ok(())
}

/// How many children `/eph` has.
pub(crate) fn children(client: &Handle) -> Result<usize> {
    insist(client, &Request::Sync { path: "/eph".into() })??;
    match insist(client, &get("/eph"))?? {
        Reply::Data { stat, .. } => Ok(stat.num_children.try_into()?),
        other => bail!("{other:?}"),
    }
}

/// A znode as a client sees it.
pub(crate) type Tree = BTreeMap<String, (Option<Vec<u8>>, Stat)>;

/// Everything that a server shows, after a sync. `/zookeeper` is left out.
pub(crate) fn tree(ensemble: &Ensemble, sid: u8) -> Result<Tree> {
    let client = Handle::start(ensemble.hosts(&[sid]), TIMEOUT_MS, 0);
    insist(&client, &Request::Sync { path: "/".into() })?.context("sync")?;
    let (mut tree, mut open) = (Tree::new(), vec!["/".to_owned()]);
    while let Some(path) = open.pop() {
        let reply = insist(&client, &get(&path))?;
        let Reply::Data { data, stat } = reply.with_context(|| path.clone())? else {
            bail!("not the answer to getData")
        };
        let children = Request::GetChildren { path: path.as_str().into(), watch: false };
        let Reply::Names(names) = insist(&client, &children)?.with_context(|| path.clone())? else {
            bail!("not the answer to getChildren")
        };
        let parent = if path == "/" { "" } else { &path };
        open.extend(
            names
                .iter()
                .map(|name| format!("{parent}/{name}"))
                .filter(|child| child != "/zookeeper"),
        );
        tree.insert(path, (data.map(|data| data.to_vec()), stat));
    }
    client.close();
    Ok(tree)
}

/// All servers show the same; what that is.
pub(crate) fn same_trees(ensemble: &Ensemble) -> Result<Tree> {
    ensemble.wait_until_equal()?;
    let mut sids = ensemble.sids().into_iter();
    let first = tree(ensemble, sids.next().context("no servers")?)?;
    for sid in sids {
        let other = tree(ensemble, sid)?;
        for (path, znode) in &first {
            ensure!(other.get(path) == Some(znode), "{path} differs on server {sid}");
        }
        ensure!(other.len() == first.len(), "server {sid} has more znodes");
    }
    Ok(first)
}

/// Numbers of writers, so that no two use the same names.
static USED: AtomicU64 = AtomicU64::new(0);

/// Clients that create znodes one after the other and remember which were acknowledged.
pub(crate) struct Writers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<Vec<String>>>>,
}

impl Writers {
    /// `count` clients, below `/w`.
    pub(crate) fn start(ensemble: &Ensemble, count: u64) -> Result<Self> {
        let setup = Handle::start(ensemble.all_hosts(), TIMEOUT_MS, 0);
        match insist(&setup, &create("/w", b"", CreateMode::Persistent))? {
            Ok(_) | Err(KeeperError::NodeExists) => {}
            Err(error) => bail!(error),
        }
        setup.close();
        let stop = Arc::new(AtomicBool::new(false));
        let first = USED.fetch_add(count, Ordering::Relaxed);
        let threads = (first..first + count).map(|number| {
            let (hosts, stop) = (ensemble.all_hosts(), Arc::clone(&stop));
            thread::spawn(move || write(hosts, number, &stop))
        });
        Ok(Self { threads: threads.collect(), stop })
    }

    /// Stops them. The paths whose create was acknowledged.
    pub(crate) fn stop(self) -> Result<Vec<String>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for thread in self.threads {
            all.extend(thread.join().map_err(|_| anyhow!("a writer panicked"))??);
        }
        Ok(all)
    }
}

fn write(hosts: Vec<String>, number: u64, stop: &AtomicBool) -> Result<Vec<String>> {
    let client = Handle::start(hosts, TIMEOUT_MS, number);
    let mut done = Vec::new();
    for serial in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let path = format!("/w/{number}-{serial:06}");
        let answer = client.ask(create(&path, path.as_bytes(), CreateMode::Persistent));
        loop {
            match answer.recv_timeout(Duration::from_millis(100)) {
                Ok(Ok(_)) => {
                    done.push(path);
                    break;
                }
                // The outcome is unknown; the next one has a name of its own.
                Ok(Err(KeeperError::ConnectionLoss)) => break,
                Ok(Err(error)) => bail!("create {path}: {error}"),
                // With the servers down there may be no answer any more.
                Err(_) if stop.load(Ordering::Relaxed) => return Ok(done),
                Err(_) => {}
            }
        }
    }
    client.close();
    Ok(done)
}

/// Every acknowledged create is in the tree, with its data.
pub(crate) fn check_all_there(tree: &Tree, acknowledged: &[String]) -> Result<()> {
    ensure!(!acknowledged.is_empty(), "nothing was written");
    for path in acknowledged {
        let found =
            tree.get(path).with_context(|| format!("{path} was acknowledged and is lost"))?;
        ensure!(found.0.as_deref() == Some(path.as_bytes()), "{path} has other data");
    }
    Ok(())
}
