//! Looking things up: over connections of their own, so that nobody waits for a disk that is being synced.
//!
//! The engine shows a commit to others only after its log is synced: what is found is on disk.

use crate::{
    db::Db,
    error::{OpenError, SqliteError},
    link::{Access, Link, STORE},
    options::Options,
    queue::Queue,
};
use consentgate_core::{Effect, Reply, StoreError, Timestamp};
use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Connections for looking up, made when they are needed, up to a bound.
pub(crate) struct Readers {
    path: PathBuf,
    options: Options,
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Link>,
    out: usize,
    closed: bool,
}

/// A connection that is given back when it is dropped.
struct Lent<'a> {
    readers: &'a Readers,
    link: Option<Link>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, options: Options) -> Self {
        Self { path, options, state: Mutex::default(), given_back: Condvar::new() }
    }

    /// The reply to an effect that only looks something up.
    pub(crate) fn find(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        let reply = self.lend().and_then(|mut lent| {
            let link = lent.link.take().ok_or_else(|| SqliteError::Closed.unwritten())?;
            let db = Db { connection: &link };
            // One snapshot for all statements of one request.
            let reply = in_snapshot(&link, || db.perform(effect, now));
            if reply.is_ok() {
                lent.link = Some(link);
            }
            reply.map_err(|error| SqliteError::from(error).unwritten())
        });
        reply.unwrap_or_else(|error| effect.failed(error))
    }

    /// Answers what waits, until the queue is closed and empty: for callers that do not wait themselves.
    pub(crate) fn run(self: Arc<Self>, queue: Arc<Queue>) {
        while queue.wait() {
            for task in queue.take(usize::MAX) {
                if task.ticket.begin() {
                    let reply = self.find(&task.owned.effect(), task.now);
                    task.give(reply);
                }
            }
        }
    }

    /// Lends nothing any more, and waits until all that is lent is back and closed.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.idle.clear();
        let lent = |state: &mut State| state.out > 0;
        drop(self.given_back.wait_while(state, lent).unwrap_or_else(PoisonError::into_inner));
    }

    fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let until = Instant::now() + self.options.wait;
        let mut state = self.lock();
        loop {
            if state.closed {
                return Err(SqliteError::Closed.unwritten());
            }
            if let Some(link) = state.idle.pop() {
                state.out += 1;
                return Ok(Lent { readers: self, link: Some(link) });
            }
            if state.out < self.options.readers.max(1) {
                state.out += 1;
                break;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return Err(SqliteError::Busy.unwritten());
            }
            let waited = self.given_back.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        let mut lent = Lent { readers: self, link: None };
        let open = |error: OpenError| SqliteError::Open(error).unwritten();
        lent.link =
            Some(Link::open(&STORE, &self.path, &self.options, Access::Read).map_err(open)?);
        Ok(lent)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let link = self.link.take();
        let mut state = self.readers.lock();
        state.out -= 1;
        if !state.closed {
            state.idle.extend(link);
        }
        drop(state);
        self.readers.given_back.notify_all();
    }
}

fn in_snapshot<T>(link: &Link, work: impl FnOnce() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    link.prepare_cached("BEGIN DEFERRED")?.execute([])?;
    let found = work();
    link.prepare_cached("COMMIT")?.execute([])?;
    found
}
