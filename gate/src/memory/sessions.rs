//! Sessions, floors, tombstones and the keys of statements; all that is known of one person lies under one lock.

use super::{
    Inner, Memory,
    expiring::{Expires, Expiring},
    name::Name,
    quota::{Site, Table},
    shards::{self, Own},
};
use crate::sync::atomic::Ordering::Relaxed;
use consentgate_core::{
    StoreError, Timestamp,
    ids::{Pseudonym, SessionVersion},
    stores::{
        AsyncSessionStore, DeleteSession, FindSession, Floor, FoundSession, Idempotency, Purge,
        PutReply, PutSession, SessionStore, StoredSession,
    },
};
use std::{future, future::Future, sync::Arc};

#[derive(Default)]
pub(super) struct Tables {
    sessions: Expiring<Kept<Arc<StoredSession>>>,
    floors: Expiring<Kept<Timestamp>>,
    tombstones: Expiring<Kept<Timestamp>>,
    statements: Expiring<Kept<()>>,
}

/// Whether all parts were just asked to give up what is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    /// Not yet.
    AsItIs,
    /// Yes; there is no more to be had.
    AsMade,
}

/// A value, and until when it is kept.
struct Kept<T> {
    value: T,
    until: Timestamp,
}

impl<T> Expires for Kept<T> {
    fn end(&self) -> Timestamp {
        self.until
    }
}

impl Kept<Timestamp> {
    /// The newest floor wins, and none ends before its time.
    fn newest(before: Option<&Self>, floor: Floor, now: Timestamp) -> Self {
        let until = now.plus(floor.keep);
        let (at, kept_until) = before.map_or((floor.at, until), |own| (own.value, own.until));
        Self { value: floor.at.max(at), until: until.max(kept_until) }
    }
}

impl shards::Tables for Tables {
    fn is_empty(&self) -> bool {
        let Self { sessions, floors, tombstones, statements } = self;
        let none = sessions.is_empty() && floors.is_empty();
        none && tombstones.is_empty() && statements.is_empty()
    }
}

impl Tables {
    /// The session's version as it stands, for whoever holds the lock.
    pub(super) fn version(&self, person: Name, now: Timestamp) -> Option<SessionVersion> {
        self.sessions.get(person, now).map(|kept| kept.value.version)
    }

    /// The newest tombstone of a person.
    pub(super) fn tombstone(&self, person: Name, now: Timestamp) -> Option<Timestamp> {
        self.tombstones.get(person, now).map(|kept| kept.value)
    }

    fn floor(&self, person: Name, now: Timestamp) -> Option<Timestamp> {
        let floor = self.floors.get(person, now).map(|kept| kept.value);
        floor.max(self.tombstone(person, now))
    }
}

impl Inner {
    /// Where everything of a person is, and under which name: the pseudonym alone, which is one fingerprint's.
    pub(super) fn person(&self, site: &Arc<Site>, pseudonym: Pseudonym) -> (Own<'_, Tables>, Name) {
        let name = self.names.pseudonym(pseudonym);
        (self.people.lock(site, name), name)
    }

    fn find_session(
        &self,
        site: &Arc<Site>,
        request: &FindSession<'_>,
        now: Timestamp,
    ) -> FoundSession {
        let (tables, person) = self.person(site, request.pseudonym);
        FoundSession {
            session: tables.sessions.get(person, now).map(|kept| kept.value.clone()),
            floor: tables.floor(person, now),
        }
    }

    fn put_session(&self, site: &Arc<Site>, request: &PutSession<'_>, now: Timestamp) -> PutReply {
        match self.try_put(request, site, now, Room::AsItIs) {
            PutReply::Full => {
                self.collect_people(site.short_of_room(), now);
                self.try_put(request, site, now, Room::AsMade)
            }
            reply => reply,
        }
    }

    fn try_put(
        &self,
        request: &PutSession<'_>,
        site: &Arc<Site>,
        now: Timestamp,
        room: Room,
    ) -> PutReply {
        let (mut tables, person) = self.person(site, request.pseudonym);
        self.collect(&mut tables, site, now);

        let key = |grant: Idempotency| (self.names.pseudonym(grant.key), grant.keep);
        let statement = request.idempotency.map(key);
        let known = statement.is_some_and(|(key, _)| tables.statements.get(key, now).is_some());
        if known && !request.narrowing {
            return PutReply::Repeated;
        }
        if tables.version(person, now) != request.expected {
            return PutReply::Conflict;
        }
        let floor = tables.floor(person, now);
        let below = request.session.is_some_and(|session| Some(session.changed_at) <= floor);
        if below && !request.narrowing {
            return PutReply::Conflict;
        }
        let needs_place = request.session.is_some() && tables.sessions.find(person).is_none();
        let most = request.sessions_per_site_max;
        if needs_place && !self.quotas.reserve(Table::Sessions, site, 1, most) {
            return PutReply::Full;
        }
        let needs_key = statement.is_some_and(|(key, _)| tables.statements.find(key).is_none());
        let most = request.idempotency_per_site_max;
        let has_key = needs_key && self.quotas.reserve(Table::Idempotency, site, 1, most);
        let key_fits = has_key || !needs_key;
        let leave = |floor| self.leave_floor(&mut tables, site, request, floor, room, now);
        // The floor last: what is refused leaves none.
        if (!key_fits && !request.narrowing) || !request.floor.is_none_or(leave) {
            self.quotas.release(Table::Sessions, site, needs_place.into());
            self.quotas.release(Table::Idempotency, site, has_key.into());
            return PutReply::Full;
        }

        if let Some(session) = request.session {
            let version = SessionVersion(self.versions.fetch_add(1, Relaxed));
            let value = Arc::new(StoredSession { version, session: session.clone() });
            tables.sessions.put(person, Kept { value, until: now.plus(request.keep) });
        }
        if let Some((key, keep)) = statement.filter(|_| key_fits) {
            tables.statements.put(key, Kept { value: (), until: now.plus(keep) });
        }
        PutReply::Stored
    }

    /// A floor is best effort: where no room can be made, another floor of the same site makes way, or there is none.
    /// `false`: room has yet to be made.
    fn leave_floor(
        &self,
        tables: &mut Tables,
        site: &Site,
        request: &PutSession<'_>,
        floor: Floor,
        room: Room,
        now: Timestamp,
    ) -> bool {
        let (person, most) = (self.names.pseudonym(request.pseudonym), request.floors_per_site_max);
        let before = tables.floors.find(person);
        if before.is_none() && !self.quotas.reserve(Table::Floors, site, 1, most) {
            if room == Room::AsItIs {
                return false;
            }
            // Never another site's: its flood must not undo refusals here (law 8). The room goes to the new one.
            if tables.floors.drop_one().is_none() {
                return true;
            }
        }
        let floor = Kept::newest(tables.floors.get(person, now), floor, now);
        tables.floors.put(person, floor);
        true
    }

    fn delete_session(
        &self,
        site: &Arc<Site>,
        request: &DeleteSession<'_>,
        now: Timestamp,
    ) -> bool {
        self.try_delete(site, request, now) || {
            self.collect_people(site.short_of_room(), now);
            self.try_delete(site, request, now)
        }
    }

    fn try_delete(&self, site: &Arc<Site>, request: &DeleteSession<'_>, now: Timestamp) -> bool {
        let DeleteSession { pseudonym, tombstone, tombstones_per_site_max: most, .. } = *request;
        let (mut tables, person) = self.person(site, pseudonym);
        if !self.try_tombstone(&mut tables, site, person, tombstone, most, now) {
            return false;
        }
        if tables.sessions.remove(person).is_some() {
            self.quotas.release(Table::Sessions, site, 1);
        }
        true
    }

    /// A tombstone is never dropped for another: without room there is none, and `false`.
    pub(super) fn leave_tombstone(
        &self,
        site: &Arc<Site>,
        pseudonym: Pseudonym,
        tombstone: Floor,
        most: u64,
        now: Timestamp,
    ) -> bool {
        let attempt = || {
            let (mut tables, person) = self.person(site, pseudonym);
            self.try_tombstone(&mut tables, site, person, tombstone, most, now)
        };
        attempt() || {
            self.collect_people(site.short_of_room(), now);
            attempt()
        }
    }

    fn try_tombstone(
        &self,
        tables: &mut Tables,
        site: &Site,
        person: Name,
        tombstone: Floor,
        most: u64,
        now: Timestamp,
    ) -> bool {
        self.collect(tables, site, now);
        let before = tables.tombstones.find(person);
        if before.is_none() && !self.quotas.reserve(Table::Tombstones, site, 1, most) {
            return false;
        }
        let tombstone = Kept::newest(tables.tombstones.get(person, now), tombstone, now);
        tables.tombstones.put(person, tombstone);
        true
    }

    /// Before a table is called full, every part gives up what is over in it; one part after the other.
    fn collect_people(&self, site: Option<&Site>, now: Timestamp) {
        self.people.for_each(site, |site, tables| {
            let Tables { sessions, floors, tombstones, statements } = tables;
            let over = |table| self.quotas.release(table, site, 1);
            sessions.collect_more(now, |_| over(Table::Sessions));
            floors.collect_more(now, |_| over(Table::Floors));
            tombstones.collect_more(now, |_| over(Table::Tombstones));
            statements.collect_more(now, |_| over(Table::Idempotency));
        });
    }

    fn purge_people(&self, limit: u64, now: Timestamp) -> u64 {
        let mut left = limit;
        self.people.for_each(None, |site, tables| {
            let Tables { sessions, floors, tombstones, statements } = tables;
            let over = |table| self.quotas.release(table, site, 1);
            left -= sessions.purge(left, now, |_| over(Table::Sessions));
            left -= floors.purge(left, now, |_| over(Table::Floors));
            left -= tombstones.purge(left, now, |_| over(Table::Tombstones));
            left -= statements.purge(left, now, |_| over(Table::Idempotency));
        });
        limit - left
    }

    fn collect(&self, tables: &mut Tables, site: &Site, now: Timestamp) {
        let over = |table| self.quotas.release(table, site, 1);
        tables.sessions.collect(now, |_| over(Table::Sessions));
        tables.floors.collect(now, |_| over(Table::Floors));
        tables.tombstones.collect(now, |_| over(Table::Tombstones));
        tables.statements.collect(now, |_| over(Table::Idempotency));
    }
}

impl SessionStore for Memory {
    fn find(&self, request: &FindSession<'_>, now: Timestamp) -> Result<FoundSession, StoreError> {
        self.at(request.site, |inner, site| inner.find_session(site, request, now))
    }

    fn put(&self, request: &PutSession<'_>, now: Timestamp) -> Result<PutReply, StoreError> {
        self.at(request.site, |inner, site| inner.put_session(site, request, now))
    }

    fn delete(&self, request: &DeleteSession<'_>, now: Timestamp) -> Result<bool, StoreError> {
        self.at(request.site, |inner, site| inner.delete_session(site, request, now))
    }

    fn purge(&self, request: &Purge, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.inner()?.purge_people(request.limit, now))
    }
}

impl AsyncSessionStore for Memory {
    fn find(
        &self,
        request: &FindSession<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<FoundSession, StoreError>> + Send {
        future::ready(SessionStore::find(self, request, now))
    }

    fn put(
        &self,
        request: &PutSession<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<PutReply, StoreError>> + Send {
        future::ready(SessionStore::put(self, request, now))
    }

    fn delete(
        &self,
        request: &DeleteSession<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        future::ready(SessionStore::delete(self, request, now))
    }

    fn purge(
        &self,
        request: &Purge,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        future::ready(SessionStore::purge(self, request, now))
    }
}
