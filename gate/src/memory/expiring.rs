use ahash::RandomState;
use consentgate_core::Timestamp;
use indexmap::IndexMap;
use std::hash::Hash;

/// What a value says of its own end.
pub(super) trait Expires {
    /// Whether it can no longer be told from an absent one.
    fn is_over(&self, now: Timestamp) -> bool;
}

/// A key that says at which site it is.
pub(super) trait OfSite {
    /// The number that stands for the site.
    fn site(&self) -> u64;
}

impl<T> OfSite for (u64, T) {
    fn site(&self) -> u64 {
        self.0
    }
}

/// Whose room is at an end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The share of the site of this number.
    Site(u64),
    /// What all sites may have together. As the shares of all that are configured fit into it, removed ones left some.
    All,
}

/// A map whose entries end by themselves: each write looks at a few entries in turn and drops those that are over.
/// No sweep stops the world, and no more than [`LOOKS`] entries are touched by one call.
///
/// Each site has a part of its own, so that one site's flood does not hide what is over at another, and a write looks at
/// its own site's alone (law 8): what is over may be asked for again once a clock steps back, and whether it was dropped
/// meanwhile is no other site's affair. What a quiet site left behind goes by [`purge`](Self::purge), or where there is
/// no room left for all sites together.
pub(super) struct Expiring<K, V> {
    /// By the number of the site, in order.
    sites: Vec<Part<K, V>>,
    next: usize,
}

struct Part<K, V> {
    site: u64,
    map: IndexMap<K, V, RandomState>,
    next: usize,
}

/// Entries looked at by one write. Several for each new one, so that collecting keeps ahead of growing.
const LOOKS: usize = 4;
/// Entries looked at before a table is called full.
const LOOKS_WHEN_FULL: usize = 64;

impl<K, V> Default for Expiring<K, V> {
    fn default() -> Self {
        Self { sites: Vec::new(), next: 0 }
    }
}

impl<K: Hash + Eq + OfSite, V: Expires> Expiring<K, V> {
    /// The value, unless it is over.
    pub(super) fn get(&self, key: &K, now: Timestamp) -> Option<&V> {
        self.part(key.site())?.map.get(key).filter(|value| !value.is_over(now))
    }

    /// The value for changing it, unless it is over.
    pub(super) fn get_mut(&mut self, key: &K, now: Timestamp) -> Option<&mut V> {
        let part = self.part_mut(key.site())?;
        part.map.get_mut(key).filter(|value| !value.is_over(now))
    }

    /// Whether an entry is there, over or not: writing it then needs no room.
    pub(super) fn has_place(&self, key: &K) -> bool {
        self.part(key.site()).is_some_and(|part| part.map.contains_key(key))
    }

    /// How many entries there are, over or not.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sites.iter().map(|part| part.map.len()).sum()
    }

    /// Puts the value in its place; what stood there.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let site = key.site();
        let place = self.sites.partition_point(|part| part.site < site);
        match self.sites.get_mut(place).filter(|part| part.site == site) {
            Some(part) => part.map.insert(key, value),
            None => {
                let map = IndexMap::from_iter([(key, value)]);
                self.sites.insert(place, Part { site, map, next: 0 });
                None
            }
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.part_mut(key.site())?.map.swap_remove(key)
    }

    /// Drops the next in turn of a site, over or not.
    pub(super) fn drop_one(&mut self, site: u64) -> Option<(K, V)> {
        let part = self.part_mut(site)?;
        part.turn();
        part.map.swap_remove_index(part.next)
    }

    /// Keeps of one site what is to be kept.
    pub(super) fn retain(&mut self, site: u64, mut keep: impl FnMut(&K, &mut V) -> bool) {
        if let Some(part) = self.part_mut(site) {
            part.map.retain(|key, value| keep(key, value));
        }
    }

    /// Drops up to `limit` entries that are over, of all sites; how many it dropped.
    pub(super) fn purge(&mut self, limit: u64, now: Timestamp, mut over: impl FnMut(V)) -> u64 {
        let mut left = limit;
        for part in &mut self.sites {
            let mut index = 0;
            while let Some((_, value)) = part.map.get_index(index).filter(|_| left > 0) {
                if !value.is_over(now) {
                    index += 1;
                } else if let Some((_, value)) = part.map.swap_remove_index(index) {
                    over(value);
                    left -= 1;
                }
            }
        }
        limit - left
    }

    /// Looks at a few entries of a site in turn; hands over those that are over.
    pub(super) fn collect(&mut self, site: u64, now: Timestamp, mut over: impl FnMut(V)) {
        if let Some(part) = self.part_mut(site) {
            part.look(LOOKS, now, &mut over);
        }
        // Nobody can tell a part that is empty from none.
        let next = self.next_part();
        if self.sites.get(next).is_some_and(|part| part.map.is_empty()) {
            self.sites.remove(next);
        }
    }

    /// Looks at more entries, for a table that seems full: of the site, or of all sites in turn.
    pub(super) fn collect_more(&mut self, full: Full, now: Timestamp, mut over: impl FnMut(V)) {
        match full {
            Full::Site(site) => {
                if let Some(part) = self.part_mut(site) {
                    part.look(LOOKS_WHEN_FULL, now, &mut over);
                }
            }
            Full::All => {
                for _ in 0..self.sites.len().min(LOOKS_WHEN_FULL) {
                    let next = self.next_part();
                    if let Some(part) = self.sites.get_mut(next) {
                        part.look(LOOKS_WHEN_FULL, now, &mut over);
                    }
                }
            }
        }
    }

    fn part(&self, site: u64) -> Option<&Part<K, V>> {
        let place = self.sites.binary_search_by_key(&site, |part| part.site).ok()?;
        self.sites.get(place)
    }

    fn part_mut(&mut self, site: u64) -> Option<&mut Part<K, V>> {
        let place = self.sites.binary_search_by_key(&site, |part| part.site).ok()?;
        self.sites.get_mut(place)
    }

    /// The place of the part whose turn it is.
    fn next_part(&mut self) -> usize {
        self.next = if self.next + 1 < self.sites.len() { self.next + 1 } else { 0 };
        self.next
    }
}

impl<K: Hash + Eq, V: Expires> Part<K, V> {
    fn look(&mut self, looks: usize, now: Timestamp, over: &mut impl FnMut(V)) {
        for _ in 0..looks.min(self.map.len()) {
            self.turn();
            match self.map.get_index(self.next) {
                Some((_, value)) if value.is_over(now) => {
                    if let Some((_, value)) = self.map.swap_remove_index(self.next) {
                        over(value);
                    }
                }
                _ => self.next += 1,
            }
        }
    }

    fn turn(&mut self) {
        if self.next >= self.map.len() {
            self.next = 0;
        }
    }
}
