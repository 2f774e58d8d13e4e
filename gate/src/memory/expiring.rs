use consentgate_core::Timestamp;
use indexmap::IndexMap;
use std::hash::{Hash, RandomState};

/// What a value says of its own end.
pub(super) trait Expires {
    /// Whether it can no longer be told from an absent one.
    fn is_over(&self, now: Timestamp) -> bool;
}

/// A map whose entries end by themselves: each write looks at a few entries in turn and drops those that are over.
/// No sweep stops the world, and no more than [`LOOKS`] entries are touched by one call.
pub(super) struct Expiring<K, V> {
    map: IndexMap<K, V, RandomState>,
    next: usize,
}

/// Entries looked at by one write. Several for each new one, so that collecting keeps ahead of growing.
const LOOKS: usize = 4;
/// Entries looked at before a table is called full.
const LOOKS_WHEN_FULL: usize = 64;

impl<K, V> Default for Expiring<K, V> {
    fn default() -> Self {
        Self { map: IndexMap::default(), next: 0 }
    }
}

impl<K: Hash + Eq, V: Expires> Expiring<K, V> {
    /// The value, unless it is over.
    pub(super) fn get(&self, key: &K, now: Timestamp) -> Option<&V> {
        self.map.get(key).filter(|value| !value.is_over(now))
    }

    /// The value for changing it, unless it is over.
    pub(super) fn get_mut(&mut self, key: &K, now: Timestamp) -> Option<&mut V> {
        self.map.get_mut(key).filter(|value| !value.is_over(now))
    }

    /// Whether an entry is there, over or not: writing it then needs no room.
    pub(super) fn has_place(&self, key: &K) -> bool {
        self.map.contains_key(key)
    }

    /// How many entries there are, over or not.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// Puts the value in its place; what stood there.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.map.insert(key, value)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.map.swap_remove(key)
    }

    /// Drops the next in turn of those that may go, over or not.
    pub(super) fn drop_one(&mut self, mut may_go: impl FnMut(&K) -> bool) -> Option<(K, V)> {
        for _ in 0..LOOKS_WHEN_FULL.min(self.map.len()) {
            self.turn();
            match self.map.get_index(self.next) {
                Some((key, _)) if may_go(key) => return self.map.swap_remove_index(self.next),
                _ => self.next += 1,
            }
        }
        None
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.map.retain(|key, value| keep(key, value));
    }

    /// Looks at a few entries in turn; hands over those that are over.
    pub(super) fn collect(&mut self, now: Timestamp, over: impl FnMut(K, V)) {
        self.look(LOOKS, now, over);
    }

    /// Looks at more entries, for a table that seems full.
    pub(super) fn collect_more(&mut self, now: Timestamp, over: impl FnMut(K, V)) {
        self.look(LOOKS_WHEN_FULL, now, over);
    }

    fn look(&mut self, looks: usize, now: Timestamp, mut over: impl FnMut(K, V)) {
        for _ in 0..looks.min(self.map.len()) {
            self.turn();
            match self.map.get_index(self.next) {
                Some((_, value)) if value.is_over(now) => {
                    if let Some((key, value)) = self.map.swap_remove_index(self.next) {
                        over(key, value);
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
