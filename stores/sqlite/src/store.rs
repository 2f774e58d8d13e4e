use crate::{
    door::Door,
    error::{OpenError, SqliteError},
    image::{self, Presence},
    link,
    options::Options,
    owned::Owned,
    queue::{Refused, Task, Ticket, closed, overloaded},
    worker::Worker,
    writer::Counts,
};
use consentgate_core::{Effect, Reply, StoreError, StoreErrorKind, Timestamp};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// All roles of a store in one SQLite file. Clones share the connections; two that were opened apart, in one process
/// or in several of one machine, share the file.
#[derive(Clone)]
pub struct Sqlite(Arc<Inner>);

struct Inner {
    path: PathBuf,
    options: Options,
    /// Begins with the first call, so that a process may open the store and then fork.
    worker: RwLock<Option<Arc<Worker>>>,
    /// Calls that are looking for the worker at this moment are inside.
    door: Door,
    counts: Arc<Counts>,
}

/// What a store of this process has written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Requests that were performed.
    pub requests: u64,
    /// Transactions that carried them: each is one wait for the disk.
    pub groups: u64,
}

/// How long a call sleeps while the store is suspended.
const NAP: Duration = Duration::from_millis(1);

impl Sqlite {
    /// Opens the file, or makes it. No connection stays open before the first call.
    ///
    /// # Errors
    /// The file cannot be the store; see [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, Options::default())
    }

    /// [`open`](Self::open), with other settings than the default ones.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let given = path.as_ref();
        link::prepare(&link::STORE, given, &options)?;
        // The process may change its folder before the first call.
        let path = given
            .canonicalize()
            .map_err(|source| OpenError::NoPath { path: given.to_owned(), source })?;
        Ok(Self(Arc::new(Inner {
            path,
            options,
            worker: RwLock::default(),
            door: Door::default(),
            counts: Arc::default(),
        })))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// How many requests were written, in how many transactions.
    #[must_use]
    pub fn written(&self) -> Written {
        let read = |count: &AtomicU64| count.load(Relaxed);
        let Counts { requests, groups } = &*self.0.counts;
        Written { requests: read(requests), groups: read(groups) }
    }

    /// Performs an effect without waiting for it: returns at once, and calls `done` with the reply on a thread of the
    /// store. `done` should be quick: others wait for that thread.
    pub fn submit(
        &self,
        effect: &Effect<'_>,
        now: Timestamp,
        done: impl FnOnce(Reply) + Send + 'static,
    ) {
        let ticket = Ticket::default();
        let task = Task { owned: Owned::of(effect), now, ticket, done: Box::new(done) };
        self.push(task, Instant::now());
    }

    /// Closes every connection until the guard is dropped; calls wait meanwhile, those of [`submit`](Self::submit) and
    /// of futures fail. For the moment of a fork: a process that forks while a connection is open leaves the
    /// child without a store (it answers as [`StoreErrorKind::Forked`]). Drop the guard in both.
    #[must_use]
    pub fn suspend(&self) -> Suspended {
        let inner = &self.0;
        inner.door.shut();
        if let Ok(presence) = Presence::new() {
            while !inner.door.is_empty() {
                thread::sleep(NAP);
            }
            let worker = inner.worker.write().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(worker) = worker.filter(|worker| worker.is_here()) {
                worker.close();
                // A call may hold it a moment longer, to learn that it is closed.
                while Arc::strong_count(&worker) > 1 {
                    thread::sleep(NAP);
                }
            }
            drop(presence);
        }
        Suspended(self.clone())
    }

    /// Performs an effect and waits for the reply, no longer than the options say.
    pub(crate) fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        let until = Instant::now() + self.0.options.wait;
        if is_read(effect) {
            return match self.worker(until) {
                Ok(worker) => worker.readers.find(effect, now),
                Err(error) => effect.failed(error),
            };
        }
        let (told, tell) = mpsc::sync_channel(1);
        let ticket = Ticket::default();
        let owned = Owned::of(effect);
        let can_give_up = !owned.is_wanted_anyhow();
        let done = Box::new(move |reply| drop(told.send(reply)));
        self.push(Task { owned, now, ticket: ticket.clone(), done }, until);
        let left = until.saturating_duration_since(Instant::now());
        match tell.recv_timeout(left) {
            Ok(reply) => reply,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let error = StoreError::new(StoreErrorKind::TimedOut);
                if can_give_up && ticket.give_up() {
                    effect.failed(error.and_nothing_written())
                } else {
                    // It may have come in between.
                    tell.try_recv().unwrap_or_else(|_| effect.failed(error))
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                effect.failed(SqliteError::Closed.unknown())
            }
        }
    }

    /// Puts a task where it belongs; one that cannot be taken in is told so.
    pub(crate) fn push(&self, mut task: Task, until: Instant) {
        loop {
            let worker = match self.worker(until) {
                Ok(worker) => worker,
                Err(error) => return task.fail(error),
            };
            let queue = if task.owned.is_read() { &worker.finds } else { &worker.writes };
            match queue.push(task).map_err(|refused| *refused) {
                Ok(()) => return,
                Err(Refused::Full(task)) => return task.fail(overloaded()),
                // Suspended in this moment: there will be another one.
                Err(Refused::Closed(back)) if Instant::now() < until => task = back,
                Err(Refused::Closed(back)) => return back.fail(closed()),
            }
        }
    }

    /// The worker of this process; it is started when there is none. Waits while the store is suspended.
    fn worker(&self, until: Instant) -> Result<Arc<Worker>, StoreError> {
        let inner = &self.0;
        loop {
            // Before any lock: one that another thread held at the fork is never given back in the child.
            let forked = || StoreError::new(StoreErrorKind::Forked);
            if image::is_spoiled() {
                return Err(forked());
            }
            if let Some(_inside) = inner.door.enter() {
                // Gone before who is inside is.
                let _presence = Presence::new().map_err(|_| forked())?;
                return inner.running();
            }
            if Instant::now() >= until {
                return Err(closed());
            }
            thread::sleep(NAP);
        }
    }
}

impl Inner {
    fn running(&self) -> Result<Arc<Worker>, StoreError> {
        if let Some(worker) = &*self.worker.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(worker.clone());
        }
        let mut place = self.worker.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = &*place {
            return Ok(worker.clone());
        }
        let worker = Worker::start(&self.path, self.options, self.counts.clone());
        let worker = Arc::new(worker.map_err(|error| SqliteError::Open(error).unwritten())?);
        *place = Some(worker.clone());
        Ok(worker)
    }
}

fn is_read(effect: &Effect<'_>) -> bool {
    matches!(effect, Effect::FindSession(_) | Effect::FindCall(_))
}

/// As long as it lives, the store has nothing open. See [`Sqlite::suspend`].
#[derive(Debug)]
pub struct Suspended(Sqlite);

impl Drop for Suspended {
    fn drop(&mut self) {
        self.0.0.door.open();
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sqlite")
    }
}
