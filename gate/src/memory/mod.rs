//! Everything in memory: all roles for one process, bounded, without threads or timers.
//!
//! A table that is full refuses; nothing that is alive is ever forgotten to make room (law 9). What has expired is
//! collected a few entries at a time by the calls that pass by at the same site, or by a purge.

mod admission;
mod calls;
mod expiring;
mod index;
mod name;
mod queue;
mod quota;
mod sessions;
mod shards;
mod stored;

pub use stored::StoredCall;

use crate::{process::Process, sync::atomic::AtomicU64};
use consentgate_core::{Caps, StoreError, StoreErrorKind, ids::SiteId};
use name::Namer;
use quota::{Quotas, Site};
use shards::Shards;
use std::{fmt, sync::Arc};

/// The roles `admission`, `sessions` and `calls` in the memory of this process. Clones share what is stored.
///
/// In a forked child every call fails as [`StoreErrorKind::Forked`]: two processes that each believe to know all
/// claims would let every event in twice.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    process: Process,
    quotas: Quotas,
    names: Namer,
    admission: Shards<admission::Tables>,
    people: Shards<sessions::Tables>,
    calls: calls::Calls,
    versions: AtomicU64,
}

impl Memory {
    /// An empty store with these bounds.
    #[must_use]
    pub fn new(caps: &Caps) -> Self {
        Self(Arc::new(Inner {
            process: Process::current(),
            quotas: Quotas::new(caps),
            names: Namer::new(),
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

    /// Work at a site, as [`inner`](Self::inner) allows it.
    fn at<R>(
        &self,
        site: &SiteId,
        work: impl FnOnce(&Inner, &Arc<Site>) -> R,
    ) -> Result<R, StoreError> {
        let inner = self.inner()?;
        Ok(inner.quotas.at(site, |site| work(inner, site)))
    }

    /// The store, if this is the process that made it. Looked at before any lock: a lock that another thread held at
    /// the fork is never given back in the child.
    fn inner(&self) -> Result<&Inner, StoreError> {
        if self.0.process.is_current() {
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

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}
