use super::{index::Index, name::Name};
use consentgate_core::Timestamp;
use std::mem;

/// What a value says of its own end.
pub(super) trait Expires {
    /// From when on it can no longer be told from an absent one.
    fn end(&self) -> Timestamp;
}

/// Entries of one site that end by themselves, found by their names.
///
/// They lie one after the other in chunks, and an index leads to them. Each chunk knows a time
/// before which nothing in it ends. Each write looks at the next chunk in turn, and into it only where something may be
/// over: no sweep stops the world, and no write touches more entries than a chunk has.
pub(super) struct Expiring<V> {
    index: Index,
    chunks: Vec<Chunk<V>>,
    /// Nothing ends before.
    soonest: Timestamp,
    /// The chunk whose turn it is, and the soonest end of what was seen or written since this round began.
    turn: usize,
    seen: Timestamp,
}

struct Chunk<V> {
    entries: Vec<(Name, V)>,
    /// Nothing in it ends before.
    soonest: Timestamp,
}

/// Entries of a chunk.
pub(super) const CHUNK: usize = 32;
/// Chunks looked into before a table is called full.
const CHUNKS_WHEN_FULL: usize = 4;

impl<V> Default for Expiring<V> {
    fn default() -> Self {
        Self {
            index: Index::default(),
            chunks: Vec::new(),
            soonest: Timestamp::MAX,
            turn: 0,
            seen: Timestamp::MAX,
        }
    }
}

impl<V: Expires> Expiring<V> {
    /// The value, over or not: writing it needs no room then.
    pub(super) fn find(&self, name: Name) -> Option<&V> {
        self.at(self.place(name)?).map(|(_, value)| value)
    }

    /// The value, unless it is over.
    pub(super) fn get(&self, name: Name, now: Timestamp) -> Option<&V> {
        self.find(name).filter(|value| now < value.end())
    }

    /// Changes the value, unless it is over.
    pub(super) fn change<R>(
        &mut self,
        name: Name,
        now: Timestamp,
        change: impl FnOnce(&mut V) -> R,
    ) -> Option<R> {
        let place = self.place(name)?;
        let value = self.at_mut(place).filter(|value| now < value.end())?;
        let changed = change(value);
        let end = value.end();
        self.note(place, end);
        Some(changed)
    }

    /// How many entries there are, over or not.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.index.len() == 0
    }

    /// Puts the value in its place; what stood there.
    pub(super) fn put(&mut self, name: Name, value: V) -> Option<V> {
        let end = value.end();
        if let Some(place) = self.place(name) {
            let before = self.at_mut(place).map(|own| mem::replace(own, value));
            self.note(place, end);
            return before;
        }
        let place = self.index.len();
        self.push(name, value);
        self.note(place, end);
        let entries = self.chunks.iter().flat_map(|chunk| &chunk.entries);
        self.index.push(name, entries.map(|(name, _)| *name));
        None
    }

    fn push(&mut self, name: Name, value: V) {
        match self.chunks.last_mut().filter(|chunk| chunk.entries.len() < CHUNK) {
            Some(chunk) => chunk.entries.push((name, value)),
            None => {
                // The first one grows as it must: many tables are small.
                let room = if self.chunks.is_empty() { 4 } else { CHUNK };
                let mut entries = Vec::with_capacity(room);
                entries.push((name, value));
                self.chunks.push(Chunk { entries, soonest: Timestamp::MAX });
            }
        }
    }

    pub(super) fn remove(&mut self, name: Name) -> Option<V> {
        self.remove_at(self.place(name)?)
    }

    /// Drops the one that would end first among those whose turn it is.
    pub(super) fn drop_one(&mut self) -> Option<V> {
        let chunk = if self.turn < self.chunks.len() { self.turn } else { 0 };
        let entries = self.chunks.get(chunk)?.entries.iter().enumerate();
        let (first, _) = entries.min_by_key(|(_, (_, value))| value.end())?;
        self.remove_at(chunk * CHUNK + first)
    }

    /// Drops what is not to be kept.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut V) -> bool) {
        let mut place = 0;
        while let Some(value) = self.at_mut(place) {
            if keep(value) {
                place += 1;
            } else if self.remove_at(place).is_none() {
                return;
            }
        }
    }

    /// Drops up to `limit` entries that are over; how many it dropped.
    pub(super) fn purge(&mut self, limit: u64, now: Timestamp, mut over: impl FnMut(V)) -> u64 {
        let mut left = limit;
        let mut chunk = 0;
        while left > 0 && chunk < self.chunks.len() {
            left -= self.drop_over(chunk, left, now, &mut over);
            chunk += 1;
        }
        limit - left
    }

    /// Looks at the next chunk in turn; hands over what is over.
    pub(super) fn collect(&mut self, now: Timestamp, mut over: impl FnMut(V)) {
        if self.soonest <= now {
            self.look(now, &mut over);
        }
    }

    /// Looks at all chunks, into a few at the most: for a table that seems full.
    pub(super) fn collect_more(&mut self, now: Timestamp, mut over: impl FnMut(V)) {
        let mut into = 0;
        for _ in 0..self.chunks.len() {
            if now < self.soonest || into == CHUNKS_WHEN_FULL {
                return;
            }
            into += usize::from(self.chunks.get(self.turn).is_some_and(|own| own.soonest <= now));
            self.look(now, &mut over);
        }
    }

    /// Looks at the next chunk in turn, and drops as many entries as a chunk has, at the most.
    fn look(&mut self, now: Timestamp, over: &mut impl FnMut(V)) {
        let chunk = self.turn;
        self.drop_over(chunk, CHUNK as u64, now, over);
        self.turn += 1;
        if let Some(chunk) = self.chunks.get(chunk) {
            self.seen = self.seen.min(chunk.soonest);
        }
        if self.turn >= self.chunks.len() {
            self.turn = 0;
            self.soonest = mem::replace(&mut self.seen, Timestamp::MAX);
        }
    }

    /// Drops up to `limit` entries of a chunk that are over; how many it dropped.
    fn drop_over(
        &mut self,
        chunk: usize,
        limit: u64,
        now: Timestamp,
        over: &mut impl FnMut(V),
    ) -> u64 {
        if self.chunks.get(chunk).is_none_or(|chunk| now < chunk.soonest) {
            return 0;
        }
        let (mut dropped, mut kept, mut soonest) = (0, 0, Timestamp::MAX);
        while kept < CHUNK {
            // What is dropped makes way for the last entry of all, which is then looked at in its place.
            let place = chunk * CHUNK + kept;
            let Some(end) = self.at(place).map(|(_, value)| value.end()) else { break };
            if now < end || dropped == limit {
                soonest = soonest.min(end);
                kept += 1;
            } else {
                let Some(value) = self.remove_at(place) else { break };
                over(value);
                dropped += 1;
            }
        }
        if let Some(chunk) = self.chunks.get_mut(chunk) {
            chunk.soonest = soonest;
        }
        dropped
    }

    /// Takes an entry out; the last one moves into its place.
    fn remove_at(&mut self, place: usize) -> Option<V> {
        let (name, _) = self.at(place)?;
        if !self.index.remove(*name, place) {
            return None;
        }
        let last = self.index.len();
        let tail = self.chunks.last_mut()?;
        let moved = tail.entries.pop()?;
        // The first chunk stays, or a table that has one entry at a time would allocate for each.
        if tail.entries.is_empty() && self.chunks.len() > 1 {
            self.chunks.pop();
        }
        if place == last {
            return Some(moved.1);
        }
        let (name, end) = (moved.0, moved.1.end());
        self.index.moved(name, last, place);
        self.note(place, end);
        let hole = self.chunks.get_mut(place / CHUNK)?.entries.get_mut(place % CHUNK)?;
        Some(mem::replace(hole, moved).1)
    }

    /// An entry of this end is at this place now.
    fn note(&mut self, place: usize, end: Timestamp) {
        self.soonest = self.soonest.min(end);
        self.seen = self.seen.min(end);
        if let Some(chunk) = self.chunks.get_mut(place / CHUNK) {
            chunk.soonest = chunk.soonest.min(end);
        }
    }

    fn place(&self, name: Name) -> Option<usize> {
        self.index.find(name, |place| self.at(place).is_some_and(|own| own.0 == name))
    }

    fn at(&self, place: usize) -> Option<&(Name, V)> {
        self.chunks.get(place / CHUNK)?.entries.get(place % CHUNK)
    }

    fn at_mut(&mut self, place: usize) -> Option<&mut V> {
        let chunk = self.chunks.get_mut(place / CHUNK)?;
        chunk.entries.get_mut(place % CHUNK).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests;
