//! How many entries each table has, in all and for each site (laws 8 and 9). How many a site may have, each request says.

use crate::sync::{
    RwLock,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    hasher, own_number, thread_local,
};
use consentgate_core::{Caps, ids::SiteId};
use foldhash::fast::FixedState;
use std::{
    cell::Cell,
    collections::HashMap,
    sync::{Arc, PoisonError},
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

pub(super) const TABLES: usize = 8;

/// So many sites are known before those that nothing is kept of are looked for.
const SITES_KEPT: usize = 64;

pub(super) struct Quotas {
    /// Among all of this process.
    own_number: u64,
    most: [u64; TABLES],
    all: [AtomicU64; TABLES],
    sites: RwLock<HashMap<SiteId, Arc<Site>, FixedState>>,
    next_number: AtomicU64,
    /// The number of sites at which the empty ones are forgotten; twice what was left the last time.
    sites_kept: AtomicUsize,
}

/// Where a thread worked last, and in which store. A site that a thread remembers is not forgotten.
struct Last {
    quotas: u64,
    id: SiteId,
    site: Arc<Site>,
}

thread_local! {
    static LAST: Cell<Option<Last>> = const { Cell::new(None) };
}

/// One site's share of every table, and the number that stands for the site in keys.
pub(super) struct Site {
    pub(super) number: u64,
    used: [AtomicU64; TABLES],
    /// Its last want of room was for what all sites have together, not for its own share.
    crowded_out: AtomicBool,
}

impl Quotas {
    pub(super) fn new(caps: &Caps) -> Self {
        let most = [
            caps.claims.all,
            caps.buckets.all,
            caps.sessions.all,
            caps.calls.all,
            caps.calls_bytes.all,
            caps.floors.all,
            caps.tombstones.all,
            caps.idempotency.all,
        ];
        let all = Default::default();
        let sites_kept = AtomicUsize::new(SITES_KEPT);
        Self {
            own_number: own_number(),
            most,
            all,
            sites: RwLock::new(HashMap::with_hasher(hasher())),
            next_number: AtomicU64::new(0),
            sites_kept,
        }
    }

    /// Work at a site. A thread goes on at the site where it was, as a rule; it then asks for nothing that it would share
    /// with other threads. One that ends remembers nothing any more, and may still give back what it holds.
    pub(super) fn at<R>(&self, id: &SiteId, work: impl FnOnce(&Arc<Site>) -> R) -> R {
        let last = LAST.try_with(Cell::take).ok().flatten();
        let last = last.filter(|last| last.quotas == self.own_number && last.id == *id);
        let new = || Last { quotas: self.own_number, id: id.clone(), site: self.site(id) };
        let last = last.unwrap_or_else(new);
        let done = work(&last.site);
        let _ = LAST.try_with(|own| own.set(Some(last)));
        done
    }

    /// Only sites that the gate knows reach a store, and those that its host erases at.
    fn site(&self, id: &SiteId) -> Arc<Site> {
        if let Some(site) = self.known(id) {
            return site;
        }
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        if sites.len() >= self.sites_kept.load(Relaxed) {
            // Sites come and go, and a host may erase at any name: one that nothing is kept of is forgotten.
            // Whoever works on it holds it, and holders are only made under this lock.
            sites.retain(|_, site| Arc::strong_count(site) > 1 || !site.is_empty());
            self.sites_kept.store(sites.len().saturating_mul(2).max(SITES_KEPT), Relaxed);
        }
        let new = || {
            let number = self.next_number.fetch_add(1, Relaxed);
            Arc::new(Site { number, used: Default::default(), crowded_out: AtomicBool::new(false) })
        };
        sites.entry(id.clone()).or_insert_with(new).clone()
    }

    /// The site, if anything of it was asked for yet.
    pub(super) fn known(&self, id: &SiteId) -> Option<Arc<Site>> {
        self.sites.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// How many entries each table has: of one site, or in all.
    pub(super) fn usage(&self, site: Option<&Site>) -> [u64; TABLES] {
        let used = site.map_or(&self.all, |site| &site.used);
        used.each_ref().map(|used| used.load(Relaxed))
    }

    /// Makes room for `count` entries, or for none: up to `most` of the site, and no more than all may have together.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "every table has its place")]
    pub(super) fn reserve(&self, table: Table, site: &Site, count: u64, most: u64) -> bool {
        // What takes no room is never refused, even where a bound was lowered below what is there.
        if count == 0 {
            return true;
        }
        if !add(&site.used[table as usize], count, most) {
            return false;
        }
        let fits = add(&self.all[table as usize], count, self.most[table as usize]);
        if !fits {
            site.used[table as usize].fetch_sub(count, Relaxed);
            site.crowded_out.store(true, Relaxed);
        }
        fits
    }

    #[expect(clippy::indexing_slicing, reason = "every table has its place")]
    pub(super) fn release(&self, table: Table, site: &Site, count: u64) {
        site.used[table as usize].fetch_sub(count, Relaxed);
        self.all[table as usize].fetch_sub(count, Relaxed);
    }
}

impl Site {
    /// Where room is to be made for it: at this site, or at all. As the shares of all that are configured fit into what
    /// they may have together, removed ones left some.
    pub(super) fn short_of_room(&self) -> Option<&Self> {
        (!self.crowded_out.swap(false, Relaxed)).then_some(self)
    }

    fn is_empty(&self) -> bool {
        self.used.iter().all(|used| used.load(Relaxed) == 0)
    }
}

/// Adds, or leaves the number as it is: never above the bound, not even for a moment in which others look.
fn add(used: &AtomicU64, count: u64, most: u64) -> bool {
    let fits = |used: u64| used.checked_add(count).filter(|sum| *sum <= most);
    used.fetch_update(Relaxed, Relaxed, fits).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn quotas() -> Quotas {
        let config =
            br#"{"sites":{},"caps":{"sites_max":1,"claims_max":10,"claims_per_site_max":10}}"#;
        let config = consentgate_core::Config::from_json(config).unwrap();
        Quotas::new(&config.common().caps)
    }

    #[test]
    fn law_9_sites_that_nothing_is_kept_of_are_forgotten() {
        let quotas = quotas();
        let kept = quotas.site(&SiteId::new("kept").unwrap());
        assert!(quotas.reserve(Table::Claims, &kept, 1, 10));
        let number = kept.number;
        drop(kept);
        let held = quotas.site(&SiteId::new("held").unwrap());
        for site in 0..10_000 {
            let _ = quotas.site(&SiteId::new(&format!("s{site}")).unwrap());
        }
        assert!(quotas.sites.read().unwrap().len() <= SITES_KEPT);
        assert_eq!(quotas.site(&SiteId::new("kept").unwrap()).number, number);
        assert!(Arc::ptr_eq(&quotas.site(&SiteId::new("held").unwrap()), &held));
    }

    #[test]
    fn law_8_a_thread_works_where_it_is_told_to_wherever_it_was_before() {
        let stores = [quotas(), quotas()];
        let sites = ["a", "b"].map(|site| SiteId::new(site).unwrap());
        for (store, site) in [(0, 0), (0, 1), (1, 1), (0, 1), (0, 0), (0, 0), (1, 0)] {
            let own = stores[store].at(&sites[site], |site| site.clone());
            assert!(Arc::ptr_eq(&own, &stores[store].known(&sites[site]).unwrap()));
        }
    }

    #[test]
    fn law_9_a_thread_that_ends_gives_back_what_it_holds() {
        /// Looks for its site when its thread ends.
        struct AtTheEnd(Quotas, Arc<AtomicU64>);
        impl Drop for AtTheEnd {
            fn drop(&mut self) {
                let id = SiteId::new("a").unwrap();
                self.0.at(&id, |site| self.1.store(site.number + 1, Relaxed));
            }
        }
        std::thread_local! {
            static HELD: Cell<Option<AtTheEnd>> = const { Cell::new(None) };
        }
        let found = Arc::new(AtomicU64::new(0));
        let own = found.clone();
        let thread = std::thread::spawn(move || {
            HELD.set(Some(AtTheEnd(quotas(), own)));
            // Remembered after what is held, so forgotten before.
            quotas().at(&SiteId::new("b").unwrap(), |_| ());
        });
        thread.join().unwrap();
        assert_eq!(found.load(Relaxed), 1);
    }

    #[test]
    fn law_9_room_is_made_for_all_or_for_none() {
        let quotas = quotas();
        let site = quotas.site(&SiteId::new("a").unwrap());
        assert!(quotas.reserve(Table::Claims, &site, 8, 9));
        assert!(!quotas.reserve(Table::Claims, &site, 3, u64::MAX), "no more in all");
        assert!(!quotas.reserve(Table::Claims, &site, 1, 8), "no more of the site");
        assert!(!quotas.reserve(Table::Claims, &site, u64::MAX, u64::MAX));
        assert!(quotas.reserve(Table::Claims, &site, 2, 10));
        assert_eq!(quotas.usage(None), quotas.usage(Some(&site)));
        quotas.release(Table::Claims, &site, 10);
        assert_eq!(quotas.usage(None), [0; TABLES]);
    }
}
