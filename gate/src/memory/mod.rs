//! Everything in memory: all roles for one process, bounded, without threads or timers.
//!
//! A table that is full refuses; nothing that is alive is ever forgotten to make room (law 9). What has expired is
//! collected a few entries at a time by the calls that pass by at the same site, or by a purge.

mod admission;
mod calls;
mod expiring;
mod queue;
mod quota;
mod sessions;
mod stored;

pub use stored::StoredCall;

use crate::sync::{Mutex, MutexGuard, atomic::AtomicU64, hasher};
use ahash::RandomState;
use consentgate_core::{Caps, StoreError, StoreErrorKind, ids::SiteId};
use quota::{Quotas, Site};
use std::{
    fmt,
    hash::Hash,
    sync::{Arc, PoisonError},
};

/// The roles `admission`, `sessions` and `calls` in the memory of this process. Clones share what is stored.
///
/// In a forked child every call fails as [`StoreErrorKind::Forked`]: two processes that each believe to know all
/// claims would let every event in twice.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    process: u32,
    quotas: Quotas,
    admission: Shards<admission::Shard>,
    people: Shards<sessions::Shard>,
    calls: calls::Calls,
    versions: AtomicU64,
}

impl Memory {
    /// An empty store with these bounds.
    #[must_use]
    pub fn new(caps: &Caps) -> Self {
        Self(Arc::new(Inner {
            process: std::process::id(),
            quotas: Quotas::new(caps),
            admission: Shards::new(),
            people: Shards::new(),
            calls: calls::Calls::new(),
            versions: AtomicU64::new(1),
        }))
    }

    /// How many entries each table has, in all: what to hold against the caps. What is over counts until it is
    /// collected.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage::of(self.0.quotas.usage(None))
    }

    /// [`usage`](Self::usage) of one site.
    #[must_use]
    pub fn site_usage(&self, site: &SiteId) -> Usage {
        let Ok(inner) = self.inner() else { return Usage::default() };
        let site = inner.quotas.known(site);
        site.map(|site| Usage::of(inner.quotas.usage(Some(&site)))).unwrap_or_default()
    }

    /// The store, if this is the process that made it. Looked at before any lock: a lock that another thread held at
    /// the fork is never given back in the child.
    fn inner(&self) -> Result<&Inner, StoreError> {
        if std::process::id() == self.0.process {
            Ok(&self.0)
        } else {
            Err(StoreError::new(StoreErrorKind::Forked))
        }
    }
}

/// Entries of each table, under the names of [`Caps`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Claims, live and lapsed.
    pub claims: u64,
    /// Rate buckets that are not full.
    pub buckets: u64,
    /// Sessions.
    pub sessions: u64,
    /// Calls, and with them jobs.
    pub calls: u64,
    /// Bytes of the bodies of all calls.
    pub calls_bytes: u64,
    /// Floors under refusals.
    pub floors: u64,
    /// Tombstones of erased persons.
    pub tombstones: u64,
    /// Idempotency keys of statements.
    pub idempotency: u64,
}

impl Usage {
    /// In the order of [`quota::Table`].
    fn of(used: [u64; quota::TABLES]) -> Self {
        let [claims, buckets, sessions, calls, calls_bytes, floors, tombstones, idempotency] = used;
        Self { claims, buckets, sessions, calls, calls_bytes, floors, tombstones, idempotency }
    }
}

impl Inner {
    fn site(&self, id: &SiteId) -> Arc<Site> {
        self.quotas.site(id)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

/// How many independent parts a table has.
const SHARDS: usize = 64;

/// A table in parts, each under a lock of its own; which part, a keyed hash says, so nobody can aim at one.
struct Shards<T> {
    parts: Vec<Mutex<T>>,
    hasher: RandomState,
}

impl<T: Default> Shards<T> {
    fn new() -> Self {
        let parts = (0..SHARDS).map(|_| Mutex::new(T::default())).collect();
        Self { parts, hasher: hasher() }
    }

    fn place(&self, key: impl Hash) -> usize {
        // The modulus is far below usize::MAX.
        #[expect(clippy::cast_possible_truncation, reason = "the modulus is 64")]
        let place = (self.hasher.hash_one(key) % SHARDS as u64) as usize;
        place
    }

    #[expect(clippy::indexing_slicing, reason = "`place` is below the number of parts")]
    fn lock_at(&self, place: usize) -> MutexGuard<'_, T> {
        // Nothing panics under the lock; if something did, the tables are still whole between two statements.
        self.parts[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self, key: impl Hash) -> MutexGuard<'_, T> {
        self.lock_at(self.place(key))
    }

    fn places(&self) -> std::ops::Range<usize> {
        0..self.parts.len()
    }
}

/// Several parts under lock at once, always taken in the same order, so that no two calls wait for each other.
struct Locked<'a, T> {
    parts: smallvec::SmallVec<[(usize, MutexGuard<'a, T>); 8]>,
}

impl<'a, T: Default> Locked<'a, T> {
    fn new(shards: &'a Shards<T>, places: impl Iterator<Item = usize>) -> Self {
        let mut places: smallvec::SmallVec<[usize; 8]> = places.collect();
        places.sort_unstable();
        places.dedup();
        Self { parts: places.into_iter().map(|place| (place, shards.lock_at(place))).collect() }
    }

    /// The part at a place, which must be one of those asked for.
    fn part(&mut self, place: usize) -> Option<&mut T> {
        self.parts.iter_mut().find(|(own, _)| *own == place).map(|(_, part)| &mut **part)
    }

    fn each(&mut self) -> impl Iterator<Item = &mut T> {
        self.parts.iter_mut().map(|(_, part)| &mut **part)
    }
}
