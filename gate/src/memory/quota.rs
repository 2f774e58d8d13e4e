//! How many entries each table has, in all and for each site (laws 8 and 9).

use consentgate_core::{Cap, Caps, ids::SiteId};
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// A table with a bound.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Claims,
    Buckets,
    Sessions,
    Calls,
    CallBytes,
    Floors,
    Tombstones,
    Idempotency,
}

const TABLES: usize = 8;

pub(super) struct Quotas {
    caps: [Cap; TABLES],
    all: [AtomicU64; TABLES],
    sites: RwLock<HashMap<SiteId, Arc<Site>>>,
    next_number: AtomicU64,
}

/// One site's share of every table, and the number that stands for the site in keys.
pub(super) struct Site {
    pub(super) number: u64,
    used: [AtomicU64; TABLES],
}

impl Quotas {
    pub(super) fn new(caps: &Caps) -> Self {
        let caps = [
            caps.claims,
            caps.buckets,
            caps.sessions,
            caps.calls,
            caps.calls_bytes,
            caps.floors,
            caps.tombstones,
            caps.idempotency,
        ];
        let all = Default::default();
        Self { caps, all, sites: RwLock::default(), next_number: AtomicU64::new(0) }
    }

    /// Only sites that the gate knows reach a store, and those that its host erases at.
    pub(super) fn site(&self, id: &SiteId) -> Arc<Site> {
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(site) = sites.get(id) {
            return site.clone();
        }
        drop(sites);
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let number = self.next_number.fetch_add(1, Relaxed);
            Arc::new(Site { number, used: Default::default() })
        };
        sites.entry(id.clone()).or_insert_with(new).clone()
    }

    /// Makes room for `count` entries, or for none.
    #[must_use]
    pub(super) fn reserve(&self, table: Table, site: &Site, count: u64) -> bool {
        self.reserve_below(table, site, count, u64::MAX)
    }

    /// [`reserve`](Self::reserve) under one more bound for the site.
    #[expect(clippy::indexing_slicing, reason = "every table has its place")]
    pub(super) fn reserve_below(&self, table: Table, site: &Site, count: u64, most: u64) -> bool {
        let Cap { all, per_site } = self.caps[table as usize];
        if site.used[table as usize].fetch_add(count, Relaxed) + count > per_site.min(most) {
            site.used[table as usize].fetch_sub(count, Relaxed);
            return false;
        }
        if self.all[table as usize].fetch_add(count, Relaxed) + count > all {
            self.release(table, site, count);
            return false;
        }
        true
    }

    #[expect(clippy::indexing_slicing, reason = "every table has its place")]
    pub(super) fn release(&self, table: Table, site: &Site, count: u64) {
        site.used[table as usize].fetch_sub(count, Relaxed);
        self.all[table as usize].fetch_sub(count, Relaxed);
    }
}
