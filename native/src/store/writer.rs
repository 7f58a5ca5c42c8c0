//! The threads of the disk.
//!
//! The writer takes everything that came while the previous fsync ran as one batch with one
//! fsync (group commit). Marks are reported in the order of the writes, each after its write is
//! durable. Jobs run on a second thread, in order, each begun after the writes before it are
//! durable. Whatever goes wrong, a panic too, is reported as [`Report::Failed`] and ends the thread:
//! the process must end, because nothing is known about the disk any more.

use super::disk::{self, Files, Horizon, Loaded, StoreConfig};
use super::entry::ENTRY_LEN_MAX;
use super::epochs::EpochFiles;
use super::error::StoreError;
use super::install::{install, truncate};
use super::log_writer::LogWriter;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use zabscope_core::server::message::{Done, Job, Recovered, Write};
use zabscope_core::zab::Mark;

/// Bytes of log after which a batch is written although more is waiting.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;
/// So far behind what is durable a batch can reach.
pub(super) const BATCH_SPAN_MAX: u64 = (BATCH_BYTES_MAX + ENTRY_LEN_MAX) as u64;

/// Room that is made for what one turn gives, or one fsync makes durable; it may be more.
const GATHERED_USUALLY_MAX: usize = 256;

/// What the threads tell.
#[derive(Debug)]
pub enum Report {
    /// These writes are durable, in the order given.
    Durable(Vec<Mark>),
    /// A job is done.
    Done(Done),
    /// How long something took, for people.
    Measured(Measured),
    /// The disk cannot be trusted any more. End the process.
    Failed(Arc<StoreError>),
}

/// A duration.
#[derive(Clone, Copy, Debug)]
pub enum Measured {
    /// Of an fsync of the log.
    Sync {
        /// How long.
        took: Duration,
        /// Transactions that it made durable.
        txns: u64,
    },
    /// Of writing a snapshot.
    Snapshot(Duration),
}

/// The owner's end. Dropping it lets the threads finish what was given and end.
#[derive(Debug)]
pub struct Store {
    orders: Option<Sender<Vec<Order>>>,
    /// What was given since the last [`Self::submit`].
    gathered: Vec<Order>,
    reports: Receiver<Report>,
    loaded: Loaded,
    unwritten: Arc<AtomicUsize>,
    writer: Option<JoinHandle<()>>,
}

/// What a write that waits costs. An image shares its memory with the tree.
fn bytes_of(write: &Write) -> usize {
    match write {
        Write::Append(entry) => size_of::<Order>() + entry.payload.len(),
        _ => 0,
    }
}

#[derive(Debug)]
enum Order {
    Write(Write),
    Job(Job),
}

impl Store {
    /// Locks and recovers the directories, then starts the threads. `wake` is called after each
    /// report, on a thread of the store.
    pub fn open(
        config: StoreConfig,
        wake: impl Fn() + Send + Clone + 'static,
    ) -> Result<(Self, Recovered), StoreError> {
        let (files, log, recovered, loaded) = disk::open(config)?;
        let (orders, queue) = channel();
        let (reports, inbox) = channel();
        let unwritten = Arc::new(AtomicUsize::new(0));
        let out = Out { reports, wake, unwritten: Arc::clone(&unwritten) };
        let writer = thread::Builder::new()
            .name(WRITER.into())
            .spawn(move || run_writer(Arc::new(files), log, &queue, &out))
            .expect("a thread can be started while the server starts");
        let store = Self {
            orders: Some(orders),
            gathered: Vec::new(),
            reports: inbox,
            loaded,
            unwritten,
            writer: Some(writer),
        };
        Ok((store, recovered))
    }

    /// What the start took.
    #[must_use]
    pub const fn loaded(&self) -> Loaded {
        self.loaded
    }

    /// Bytes of the transactions that were given and are not durable.
    #[must_use]
    pub fn unwritten_bytes(&self) -> usize {
        self.unwritten.load(Ordering::Relaxed)
    }

    /// Gives a write, to be begun at the next [`Self::submit`]. Its mark comes by
    /// [`Report::Durable`].
    pub fn write(&mut self, write: Write) {
        self.unwritten.fetch_add(bytes_of(&write), Ordering::Relaxed);
        self.gathered.push(Order::Write(write));
    }

    /// Gives a job, the same way. Its answer comes by [`Report::Done`].
    pub fn job(&mut self, job: Job) {
        self.gathered.push(Order::Job(job));
    }

    /// Hands everything that was given to the threads. Once for a turn of the owner: a thread that
    /// is woken by the first write of many would begin an fsync for it alone.
    pub fn submit(&mut self) {
        if self.gathered.is_empty() {
            return;
        }
        // The next turn is probably like this one.
        let next = Vec::with_capacity(self.gathered.len().min(GATHERED_USUALLY_MAX));
        let gathered = std::mem::replace(&mut self.gathered, next);
        // After a failure nobody listens; the owner learns of it by the report.
        if let Some(orders) = &self.orders {
            let _ = orders.send(gathered);
        }
    }

    /// The next report, if there is one.
    #[must_use]
    pub fn poll(&self) -> Option<Report> {
        self.reports.try_recv().ok()
    }

    /// Submits and waits for the next report. `None`: the threads have ended.
    #[must_use]
    pub fn wait(&mut self) -> Option<Report> {
        self.submit();
        self.reports.recv().ok()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.submit();
        self.orders = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

#[derive(Clone)]
struct Out<W> {
    reports: Sender<Report>,
    wake: W,
    /// What the owner waits for, see [`Store::unwritten_bytes`].
    unwritten: Arc<AtomicUsize>,
}

impl<W: Fn()> Out<W> {
    fn tell(&self, report: Report) {
        self.mention(report);
        (self.wake)();
    }

    /// For what is heard early enough with the next report.
    fn mention(&self, report: Report) {
        let _ = self.reports.send(report);
    }
}

/// Held by a thread while it runs: tells of a panic, as nobody waits for a thread's end.
struct Alarm<'a, W: Fn()> {
    thread: &'static str,
    out: &'a Out<W>,
}

impl<W: Fn()> Drop for Alarm<'_, W> {
    fn drop(&mut self) {
        if thread::panicking() {
            let error = StoreError::Panic { thread: self.thread };
            self.out.tell(Report::Failed(Arc::new(error)));
        }
    }
}

const WRITER: &str = "disk-writer";
const JOBS: &str = "disk-jobs";

/// A job and what it may see.
type Given = (Job, Horizon);

fn run_writer<W: Fn() + Send + Clone + 'static>(
    files: Arc<Files>,
    log: LogWriter,
    queue: &Receiver<Vec<Order>>,
    out: &Out<W>,
) {
    let _alarm = Alarm { thread: WRITER, out };
    let (jobs, job_queue) = channel::<Given>();
    let (worker_files, worker_out) = (files.clone(), out.clone());
    let worker = thread::Builder::new()
        .name(JOBS.into())
        .spawn(move || run_jobs(&worker_files, &job_queue, &worker_out))
        .expect("a thread can be started while the server starts");
    let epochs = EpochFiles::new(&files.dirs.snap);
    let mut writer =
        Writer { files, log, epochs, marks: Vec::new(), unsynced: 0, unsynced_bytes: 0, jobs, out };
    if let Err(error) = writer.run(queue) {
        out.tell(Report::Failed(Arc::new(error)));
    }
    drop(writer);
    let _ = worker.join();
}

fn run_jobs<W: Fn()>(files: &Files, queue: &Receiver<Given>, out: &Out<W>) {
    let _alarm = Alarm { thread: JOBS, out };
    let _worker = files.worker();
    for (job, horizon) in queue {
        let begin = Instant::now();
        match files.work(job, horizon) {
            Ok(done) => {
                if let Done::Snapshot(_) = done {
                    out.mention(Report::Measured(Measured::Snapshot(begin.elapsed())));
                }
                out.tell(Report::Done(done));
            }
            Err(error) => return out.tell(Report::Failed(Arc::new(error))),
        }
    }
}

struct Writer<'a, W> {
    files: Arc<Files>,
    log: LogWriter,
    epochs: EpochFiles,
    /// Of writes that are not durable yet.
    marks: Vec<Mark>,
    /// Transactions since the last fsync.
    unsynced: u64,
    /// And what they counted for while they waited.
    unsynced_bytes: usize,
    jobs: Sender<Given>,
    out: &'a Out<W>,
}

impl<W: Fn()> Writer<'_, W> {
    fn run(&mut self, queue: &Receiver<Vec<Order>>) -> Result<(), StoreError> {
        while let Ok(first) = queue.recv() {
            self.orders(first)?;
            while self.log.pending() < BATCH_BYTES_MAX {
                match queue.try_recv() {
                    Ok(orders) => self.orders(orders)?,
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            self.sync()?;
        }
        Ok(())
    }

    fn orders(&mut self, orders: Vec<Order>) -> Result<(), StoreError> {
        orders.into_iter().try_for_each(|order| match order {
            Order::Write(write) => self.write(write),
            Order::Job(job) => self.job(job),
        })
    }

    fn write(&mut self, write: Write) -> Result<(), StoreError> {
        let mark = write.mark();
        let bytes = bytes_of(&write);
        // All but entries are durable when they return, and must not be so before the entries
        // that were given before them.
        if !matches!(write, Write::Append(_)) {
            self.sync()?;
        }
        match write {
            Write::Append(entry) => {
                self.log.append(&entry)?;
                self.unsynced += 1;
                self.unsynced_bytes += bytes;
            }
            Write::Truncate(zxid) => truncate(&self.files, &mut self.log, zxid)?,
            Write::Install { zxid, image } => {
                let begin = Instant::now();
                install(&self.files, &mut self.log, zxid, &image)?;
                self.out.mention(Report::Measured(Measured::Snapshot(begin.elapsed())));
            }
            Write::AcceptedEpoch(epoch) => self.epochs.write_accepted(epoch)?,
            Write::CurrentEpoch(epoch) => self.epochs.write_current(epoch)?,
        }
        self.marks.push(mark);
        if self.log.pending() >= BATCH_BYTES_MAX { self.sync() } else { Ok(()) }
    }

    fn job(&mut self, job: Job) -> Result<(), StoreError> {
        self.sync()?;
        if matches!(job, Job::Snapshot { .. }) {
            self.log.roll()?;
        }
        let horizon = self.files.horizon(&job, self.log.last());
        // The worker is gone only after it has reported a failure.
        let _ = self.jobs.send((job, horizon));
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if self.log.pending() > 0 {
            let begin = Instant::now();
            self.log.sync()?;
            let (took, txns) = (begin.elapsed(), std::mem::take(&mut self.unsynced));
            self.out.mention(Report::Measured(Measured::Sync { took, txns }));
            let bytes = std::mem::take(&mut self.unsynced_bytes);
            self.out.unwritten.fetch_sub(bytes, Ordering::Relaxed);
        }
        if !self.marks.is_empty() {
            // The next batch is probably like this one.
            let next = Vec::with_capacity(self.marks.len().min(GATHERED_USUALLY_MAX));
            self.out.tell(Report::Durable(std::mem::replace(&mut self.marks, next)));
        }
        Ok(())
    }
}
