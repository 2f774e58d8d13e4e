//! Tables in parts, each part under a lock of its own, and in it each site apart.

use super::{name::Name, quota::Site};
use crate::sync::{Mutex, MutexGuard};
use smallvec::SmallVec;
use std::{
    num::NonZero,
    ops::{Deref, DerefMut},
    sync::{Arc, OnceLock, PoisonError},
    thread::available_parallelism,
};

/// The fewest and the most independent parts there are. The fewer, the more of what each event touches is still at hand;
/// the more, the less often two threads want the same one.
const PARTS_MIN: usize = 16;
const PARTS_MAX: usize = 64;
/// How many there are for each thread that runs at once.
const PARTS_PER_THREAD: usize = 8;
/// How many threads run at once, as far as the system tells; asked once, since that takes longer than a decision.
static THREADS: OnceLock<usize> = OnceLock::new();
/// So many sites have tables in a part before those that have nothing in them are dropped.
const SITES_KEPT: usize = 8;

/// The tables of all sites, in parts; which part a name belongs to, nobody outside can tell.
pub(super) struct Shards<T>(Vec<Mutex<Shard<T>>>);

/// One part: tables for each site that has anything in it. One site's flood does not hide what is over at another, and
/// a write looks at its own site's tables alone (law 8): what is over may be asked for again once a clock steps back, and
/// whether it was dropped meanwhile is no other site's affair. What a quiet site left behind goes by a purge, or where
/// there is no room left for all sites together.
struct Shard<T> {
    /// By the number of the site, in order. Where there is but one, it is at hand.
    sites: SmallVec<[(Arc<Site>, T); 1]>,
    kept: usize,
}

/// What one site has in one part.
pub(super) trait Tables: Default {
    /// Nobody can tell it from none.
    fn is_empty(&self) -> bool;
}

/// The tables of one site in one part, under its lock.
pub(super) struct Own<'a, T> {
    shard: MutexGuard<'a, Shard<T>>,
    place: usize,
}

/// The tables of one site in several parts, under all their locks; taken in the order of the parts, so that no two calls
/// wait for each other.
pub(super) struct Locked<'a, T> {
    parts: usize,
    own: SmallVec<[(usize, Own<'a, T>); 4]>,
}

impl<T: Tables> Shards<T> {
    pub(super) fn new() -> Self {
        let part = |_| Mutex::new(Shard { sites: SmallVec::new(), kept: SITES_KEPT });
        let threads = *THREADS.get_or_init(|| available_parallelism().map_or(1, NonZero::get));
        let parts = threads.saturating_mul(PARTS_PER_THREAD).clamp(PARTS_MIN, PARTS_MAX);
        Self((0..parts).map(part).collect())
    }

    /// The site's tables in the part of a name.
    pub(super) fn lock(&self, site: &Arc<Site>, name: Name) -> Own<'_, T> {
        self.lock_part(site, name.part(self.0.len()))
    }

    /// Those in the parts of several names.
    pub(super) fn lock_all(&self, site: &Arc<Site>, names: &[Name]) -> Locked<'_, T> {
        let parts = self.0.len();
        let mut wanted = names.iter().fold(0_u64, |wanted, name| wanted | (1 << name.part(parts)));
        let mut own = SmallVec::new();
        while wanted != 0 {
            let part = wanted.trailing_zeros() as usize;
            own.push((part, self.lock_part(site, part)));
            wanted &= wanted - 1;
        }
        Locked { parts, own }
    }

    /// The tables of one site or of all, one part after the other; of all, those that are empty are gone afterwards.
    pub(super) fn for_each(&self, site: Option<&Site>, mut each: impl FnMut(&Site, &mut T)) {
        for part in 0..self.0.len() {
            let Shard { sites, .. } = &mut *self.part(part);
            match site {
                Some(site) => {
                    let own = find(sites, site).ok().and_then(|place| sites.get_mut(place));
                    own.into_iter().for_each(|(site, tables)| each(site, tables));
                }
                None => {
                    sites.iter_mut().for_each(|(site, tables)| each(site, tables));
                    sites.retain(|(_, tables)| !tables.is_empty());
                }
            }
        }
    }

    fn lock_part(&self, site: &Arc<Site>, part: usize) -> Own<'_, T> {
        let mut shard = self.part(part);
        let place = shard.place(site);
        Own { shard, place }
    }

    #[expect(clippy::indexing_slicing, reason = "a part is below the number of parts")]
    fn part(&self, part: usize) -> MutexGuard<'_, Shard<T>> {
        // Nothing panics under the lock; if something did, the tables are still whole between two statements.
        self.0[part].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Tables> Shard<T> {
    /// Where the site's tables are; they are made if it has none.
    fn place(&mut self, site: &Arc<Site>) -> usize {
        find(&self.sites, site).unwrap_or_else(|_| {
            if self.sites.len() >= self.kept {
                self.sites.retain(|(_, tables)| !tables.is_empty());
                self.kept = self.sites.len().saturating_mul(2).max(SITES_KEPT);
            }
            let place = self.sites.partition_point(|(own, _)| own.number < site.number);
            self.sites.insert(place, (site.clone(), T::default()));
            place
        })
    }
}

fn find<T>(sites: &[(Arc<Site>, T)], site: &Site) -> Result<usize, usize> {
    sites.binary_search_by_key(&site.number, |(own, _)| own.number)
}

impl<T> Deref for Own<'_, T> {
    type Target = T;

    #[expect(clippy::indexing_slicing, reason = "it was found under this lock")]
    fn deref(&self) -> &T {
        &self.shard.sites[self.place].1
    }
}

impl<T> DerefMut for Own<'_, T> {
    #[expect(clippy::indexing_slicing, reason = "it was found under this lock")]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.shard.sites[self.place].1
    }
}

impl<T> Locked<'_, T> {
    /// The tables in the part of a name, which must be one of those asked for.
    pub(super) fn of(&mut self, name: Name) -> Option<&mut T> {
        let part = name.part(self.parts);
        self.own.iter_mut().find(|(own, _)| *own == part).map(|(_, tables)| &mut **tables)
    }

    pub(super) fn each(&mut self) -> impl Iterator<Item = &mut T> {
        self.own.iter_mut().map(|(_, tables)| &mut **tables)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::memory::quota::Quotas;
    use consentgate_core::{Config, ids::SiteId};

    /// How many entries there are.
    #[derive(Default)]
    struct Entries(u64);

    impl Tables for Entries {
        fn is_empty(&self) -> bool {
            self.0 == 0
        }
    }

    fn sites(shards: &Shards<Entries>) -> usize {
        (0..shards.0.len()).map(|part| shards.part(part).sites.len()).sum()
    }

    #[test]
    fn law_9_a_site_that_has_nothing_left_in_a_part_takes_no_room_there() {
        let config = Config::from_json(br#"{"sites": {}}"#).unwrap();
        let quotas = Quotas::new(&config.common().caps);
        let shards = Shards::<Entries>::new();
        let name = Name::of(0);
        let at = |number: u64, each: &mut dyn FnMut(&mut u64)| {
            let id = SiteId::new(&format!("s{number}")).unwrap();
            quotas.at(&id, |site| each(&mut shards.lock(site, name).0));
        };
        for number in 0..10_000 {
            at(number, &mut |entries| *entries = u64::from(number < 3));
        }
        assert!(sites(&shards) <= 2 * SITES_KEPT, "empty ones make way for new ones");
        for number in 0..3 {
            at(number, &mut |entries| assert_eq!(*entries, 1, "others stay"));
        }
        shards.for_each(None, |_, entries| entries.0 = 0);
        assert_eq!(sites(&shards), 0, "a purge leaves none");
    }

    #[test]
    fn law_8_tables_are_one_sites_alone_and_several_parts_are_locked_once_each() {
        let config = Config::from_json(br#"{"sites": {}}"#).unwrap();
        let quotas = Quotas::new(&config.common().caps);
        let shards = Shards::<Entries>::new();
        let names: Vec<Name> = (0..1000).map(|part| Name::of(part << 104)).collect();
        let [a, b] = ["a", "b"].map(|id| quotas.at(&SiteId::new(id).unwrap(), Arc::clone));
        let mut locked = shards.lock_all(&a, &names);
        for name in &names {
            locked.of(*name).unwrap().0 += 1;
        }
        assert_eq!(locked.each().map(|entries| entries.0).sum::<u64>(), 1000);
        assert_eq!(locked.each().count(), shards.0.len());
        drop(locked);
        assert!(names.iter().all(|name| shards.lock(&b, *name).0 == 0));
        let mut seen = 0;
        shards.for_each(Some(&a), |_, entries| seen += entries.0);
        assert_eq!(seen, 1000);
    }
}
