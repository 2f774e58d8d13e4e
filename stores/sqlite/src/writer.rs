//! The one thread of a process that writes: many requests in one transaction, one sync of the disk for all of them.

use crate::{
    db::Db,
    error::{SqliteError, is_busy, is_unwritten_commit},
    link::{Access, Link, STORE, wait_when_busy},
    options::Options,
    queue::{Queue, Task, overloaded},
};
use consentgate_core::{Reply, StoreError, Timestamp, ids::SiteId};
use rusqlite::{Connection, ErrorCode, wal::CheckpointMode};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
};

/// Entries that are over and dropped at a site by a group, for each request of the site in it: more than one can add.
const DROPPED_EACH: u64 = 8;

/// From so many times the usual length the log is cut, as soon as no reader needs it.
const LOG_TOO_LONG: u32 = 16;

pub(crate) struct Writer {
    path: PathBuf,
    options: Options,
    queue: Arc<Queue>,
    link: Option<Link>,
    log_pages: Arc<AtomicU32>,
    counts: Arc<Counts>,
}

/// What was done so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) requests: AtomicU64,
    pub(crate) groups: AtomicU64,
}

/// One request in a group, done but not yet on disk.
struct Performed {
    task: Task,
    reply: Reply,
}

impl Writer {
    pub(crate) fn new(
        path: PathBuf,
        options: Options,
        queue: Arc<Queue>,
        link: Link,
        counts: Arc<Counts>,
    ) -> Self {
        let log_pages = Arc::default();
        let mut writer = Self { path, options, queue, link: None, log_pages, counts };
        writer.use_link(link);
        writer
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        while self.queue.wait() {
            if self.link.as_ref().is_some_and(|link| !link.is_here()) {
                // A host forked in what it does with a reply: this is the child, and nothing here is its own.
                std::mem::forget(self);
                return;
            }
            self.group();
            self.checkpoint();
        }
        if let Some(link) = self.link.take() {
            // Whoever copies the file alone then has everything.
            let _ = link.wal_checkpoint_v2(None::<&str>, CheckpointMode::TRUNCATE);
        }
    }

    fn use_link(&mut self, mut link: Link) {
        let log_pages = self.log_pages.clone();
        // The engine tells after each commit how long the log is. A failure to listen costs a longer log.
        let _ = link.get_mut().wal_hook(Some(move |_: &mut _, pages| {
            log_pages.store(u32::try_from(pages).unwrap_or(0), Relaxed);
            Ok(())
        }));
        self.link = Some(link);
    }

    /// One transaction: everything that waits, up to the bound.
    pub(crate) fn group(&mut self) {
        if let Err(error) = self.begin() {
            for task in self.queue.take(usize::MAX) {
                task.fail(error.clone());
            }
            return;
        }
        let Some(link) = self.link.take() else { return };
        // Taken only now: what was given up while another process was waited for is not begun at all.
        let mut tasks = self.queue.take(self.options.group);
        tasks.retain(|task| task.owned.is_wanted_anyhow() || task.ticket.begin());
        self.counts.requests.fetch_add(tasks.len() as u64, Relaxed);

        let db = Db { connection: &link };
        let mut performed = Vec::with_capacity(tasks.len());
        let mut tasks = tasks.into_iter();
        let mut broken: Option<StoreError> = None;
        for task in tasks.by_ref() {
            let reply = match in_savepoint(&link, || db.perform(&task.owned.effect(), task.now)) {
                Ok(reply) => reply,
                Err(failure) => {
                    let whole = failure.is_of_the_whole;
                    let error = unwritten(failure.error);
                    broken = whole.then(|| error.clone());
                    task.owned.effect().failed(error)
                }
            };
            performed.push(Performed { task, reply });
            if broken.is_some() {
                break;
            }
        }
        if broken.is_none() && !performed.is_empty() {
            // What is over can wait for the next group, unless the whole transaction was undone.
            if let Err(Failure { error, is_of_the_whole }) =
                in_savepoint(&link, || drop_some(db, &performed))
            {
                broken = is_of_the_whole.then(|| unwritten(error));
            }
        }
        let broken = broken.or_else(|| commit(&link).err());
        match broken {
            None => {
                self.counts.groups.fetch_add(1, Relaxed);
                self.link = Some(link);
                for Performed { task, reply } in performed {
                    task.give(reply);
                }
            }
            Some(error) => {
                // Nothing that the engine remembers is relied on after a failure: the next group opens anew.
                drop(link);
                for task in performed.into_iter().map(|performed| performed.task).chain(tasks) {
                    task.fail(error.clone());
                }
            }
        }
    }

    /// Begins for writing at once: what begins for reading and then writes may find the file locked, however long it
    /// would wait (FIELD 37).
    fn begin(&mut self) -> Result<(), StoreError> {
        if self.link.is_none() {
            let link = Link::open(&STORE, &self.path, &self.options, Access::Write)
                .map_err(|error| SqliteError::Open(error).unwritten())?;
            self.use_link(link);
        }
        let Some(link) = &self.link else { return Err(SqliteError::Closed.unwritten()) };
        execute(link, "BEGIN IMMEDIATE").map_err(|error| {
            if !is_busy(&error) {
                self.link = None;
            }
            unwritten(error)
        })
    }

    /// Moves the log into the database, after the answers were given: nobody waits for it but the next group.
    pub(crate) fn checkpoint(&mut self) {
        let pages = self.log_pages.load(Relaxed);
        if pages < self.options.checkpoint_pages {
            return;
        }
        let Some(link) = &mut self.link else { return };
        let too_long = self.options.checkpoint_pages.saturating_mul(LOG_TOO_LONG);
        let mode =
            if pages < too_long { CheckpointMode::PASSIVE } else { CheckpointMode::TRUNCATE };
        // Whatever fails here is tried again after the next group; the log is as good as the database. A reader of
        // another process that keeps an old state, such as a backup, is not waited for: every group would.
        let db = link.get_mut();
        let _ = db.busy_handler(None::<fn(i32) -> bool>);
        if db.wal_checkpoint_v2(None::<&str>, mode).is_ok() {
            self.log_pages.store(0, Relaxed);
        }
        let _ = wait_when_busy(db, self.options.wait);
    }
}

/// A few entries that are over of each site that was written to, by what was asked of that site alone: else another
/// site's writes would decide what a clock that stepped back still meets (law 8).
fn drop_some(db: Db<'_>, performed: &[Performed]) -> rusqlite::Result<()> {
    let mut sites: BTreeMap<&SiteId, (Timestamp, u64)> = BTreeMap::new();
    for Performed { task, .. } in performed {
        let Some(site) = task.owned.site() else { continue };
        let (now, limit) = sites.entry(site).or_insert((task.now, 0));
        // Clocks of one group may differ: what is over by the earliest of them is so for all.
        *now = task.now.min(*now);
        *limit += DROPPED_EACH;
    }
    sites.into_iter().try_for_each(|(site, (now, limit))| db.drop_some(site, limit, now))
}

/// Why one request was not performed.
struct Failure {
    error: rusqlite::Error,
    /// The transaction was undone, or what is in it can no longer be told: it must not be committed.
    is_of_the_whole: bool,
}

/// What fails is undone, and only that.
fn in_savepoint<T>(
    link: &Connection,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> Result<T, Failure> {
    let of_the_whole = |error| Failure { error, is_of_the_whole: true };
    execute(link, "SAVEPOINT one").map_err(of_the_whole)?;
    let done = work();
    if link.is_autocommit() {
        // The engine has undone the whole transaction.
        return match done {
            Ok(_) => Err(of_the_whole(rusqlite::Error::QueryReturnedNoRows)),
            Err(error) => Err(of_the_whole(error)),
        };
    }
    if done.is_err() {
        execute(link, "ROLLBACK TO one").map_err(of_the_whole)?;
    }
    execute(link, "RELEASE one").map_err(of_the_whole)?;
    done.map_err(|error| Failure { error, is_of_the_whole: false })
}

pub(crate) fn commit(link: &Connection) -> Result<(), StoreError> {
    let Err(error) = execute(link, "COMMIT") else { return Ok(()) };
    let undone = link.is_autocommit() || execute(link, "ROLLBACK").is_ok();
    // A log that could not be synced may hold the whole group all the same, and be read again after a crash.
    Err(if undone && is_unwritten_commit(&error) {
        unwritten(error)
    } else {
        SqliteError::from(error).unknown()
    })
}

pub(crate) fn execute(link: &Connection, sql: &str) -> rusqlite::Result<()> {
    link.prepare_cached(sql)?.execute([]).map(drop)
}

/// Nothing of it is in the database: it was undone, or never began.
pub(crate) fn unwritten(error: rusqlite::Error) -> StoreError {
    if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
        overloaded()
    } else {
        SqliteError::from(error).unwritten()
    }
}

#[cfg(test)]
mod tests;
