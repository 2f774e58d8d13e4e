//! Sessions, floors, tombstones and the keys of statements; all that is known of one person lies under one lock.

use super::{
    Inner, Memory,
    expiring::{Expires, Expiring, Full},
    quota::{Site, Table},
};
use crate::sync::{MutexGuard, atomic::Ordering::Relaxed};
use consentgate_core::{
    StoreError, Timestamp,
    ids::{Fingerprint, Pseudonym, SessionVersion},
    stores::{
        AsyncSessionStore, DeleteSession, FindSession, Floor, FoundSession, Purge, PutReply,
        PutSession, SessionStore, StoredSession,
    },
};
use std::{future, future::Future, sync::Arc};

#[derive(Default)]
pub(super) struct Shard {
    sessions: Expiring<(u64, Fingerprint), Kept<Arc<StoredSession>>>,
    floors: Expiring<(u64, Pseudonym), Kept<Timestamp>>,
    tombstones: Expiring<(u64, Pseudonym), Kept<Timestamp>>,
    statements: Expiring<(u64, Pseudonym), Kept<()>>,
}

/// Whether all parts were just asked to give up what is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    /// Not yet.
    AsItIs,
    /// Yes; there is no more to be had.
    AsMade,
}

/// A value, until when it is kept, and whose share it counts against.
struct Kept<T> {
    value: T,
    until: Timestamp,
    owner_site: Arc<Site>,
}

impl<T> Expires for Kept<T> {
    fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

impl Kept<Timestamp> {
    /// The newest floor wins, and none ends before its time.
    fn newest(before: Option<&Self>, floor: Floor, site: &Arc<Site>, now: Timestamp) -> Self {
        let until = now.plus(floor.keep);
        let (at, kept_until) = before.map_or((floor.at, until), |own| (own.value, own.until));
        let (value, until) = (floor.at.max(at), until.max(kept_until));
        Self { value, until, owner_site: site.clone() }
    }
}

impl Shard {
    /// The session's version as it stands, for whoever holds the lock.
    pub(super) fn version(
        &self,
        site: &Site,
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Option<SessionVersion> {
        let key = (site.number, fingerprint.clone());
        self.sessions.get(&key, now).map(|kept| kept.value.version)
    }

    /// The newest tombstone of a person.
    pub(super) fn tombstone(
        &self,
        site: &Site,
        pseudonym: Pseudonym,
        now: Timestamp,
    ) -> Option<Timestamp> {
        self.tombstones.get(&(site.number, pseudonym), now).map(|kept| kept.value)
    }

    fn floor(&self, site: &Site, pseudonym: Pseudonym, now: Timestamp) -> Option<Timestamp> {
        let floor = self.floors.get(&(site.number, pseudonym), now).map(|kept| kept.value);
        floor.max(self.tombstone(site, pseudonym, now))
    }
}

impl Inner {
    /// The part that holds everything of a person.
    pub(super) fn person(&self, site: &Site, pseudonym: Pseudonym) -> MutexGuard<'_, Shard> {
        self.people.lock((site.number, pseudonym))
    }

    fn find_session(&self, request: &FindSession<'_>, now: Timestamp) -> FoundSession {
        let site = self.site(request.site);
        let shard = self.person(&site, request.pseudonym);
        let key = (site.number, request.fingerprint.clone());
        FoundSession {
            session: shard.sessions.get(&key, now).map(|kept| kept.value.clone()),
            floor: shard.floor(&site, request.pseudonym, now),
        }
    }

    fn put_session(&self, request: &PutSession<'_>, now: Timestamp) -> PutReply {
        match self.try_put(request, now, Room::AsItIs) {
            PutReply::Full => {
                self.collect_people(self.site(request.site).full(), now);
                self.try_put(request, now, Room::AsMade)
            }
            reply => reply,
        }
    }

    fn try_put(&self, request: &PutSession<'_>, now: Timestamp, room: Room) -> PutReply {
        let site = self.site(request.site);
        let mut shard = self.person(&site, request.pseudonym);
        self.collect(&mut shard, site.number, now);

        let statement = request.idempotency.map(|grant| ((site.number, grant.key), grant.keep));
        let known = statement.is_some_and(|(key, _)| shard.statements.get(&key, now).is_some());
        if known && !request.narrowing {
            return PutReply::Repeated;
        }
        if shard.version(&site, request.fingerprint, now) != request.expected {
            return PutReply::Conflict;
        }
        let floor = shard.floor(&site, request.pseudonym, now);
        let below = request.session.is_some_and(|session| Some(session.changed_at) <= floor);
        if below && !request.narrowing {
            return PutReply::Conflict;
        }
        let key = (site.number, request.fingerprint.clone());
        let needs_place = request.session.is_some() && !shard.sessions.has_place(&key);
        let most = request.sessions_per_site_max;
        if needs_place && !self.quotas.reserve(Table::Sessions, &site, 1, most) {
            return PutReply::Full;
        }
        let needs_key = statement.is_some_and(|(key, _)| !shard.statements.has_place(&key));
        let most = request.idempotency_per_site_max;
        let has_key = needs_key && self.quotas.reserve(Table::Idempotency, &site, 1, most);
        let key_fits = has_key || !needs_key;
        let leave = |floor| self.leave_floor(&mut shard, &site, request, floor, room, now);
        // The floor last: what is refused leaves none.
        if (!key_fits && !request.narrowing) || !request.floor.is_none_or(leave) {
            self.quotas.release(Table::Sessions, &site, needs_place.into());
            self.quotas.release(Table::Idempotency, &site, has_key.into());
            return PutReply::Full;
        }

        if let Some(session) = request.session {
            let version = SessionVersion(self.versions.fetch_add(1, Relaxed));
            let value = Arc::new(StoredSession { version, session: session.clone() });
            let until = now.plus(request.keep);
            shard.sessions.insert(key, Kept { value, until, owner_site: site.clone() });
        }
        if let Some((key, keep)) = statement.filter(|_| key_fits) {
            let until = now.plus(keep);
            shard.statements.insert(key, Kept { value: (), until, owner_site: site.clone() });
        }
        PutReply::Stored
    }

    /// A floor is best effort: where no room can be made, another floor of the same site makes way, or there is none.
    /// `false`: room has yet to be made.
    fn leave_floor(
        &self,
        shard: &mut Shard,
        site: &Arc<Site>,
        request: &PutSession<'_>,
        floor: Floor,
        room: Room,
        now: Timestamp,
    ) -> bool {
        let key = (site.number, request.pseudonym);
        let most = request.floors_per_site_max;
        if !shard.floors.has_place(&key) && !self.quotas.reserve(Table::Floors, site, 1, most) {
            if room == Room::AsItIs {
                return false;
            }
            // Never another site's: its flood must not undo refusals here (law 8). The room goes to the new one.
            if shard.floors.drop_one(site.number).is_none() {
                return true;
            }
        }
        let before = shard.floors.get(&key, now);
        let floor = Kept::newest(before, floor, site, now);
        shard.floors.insert(key, floor);
        true
    }

    fn delete_session(&self, request: &DeleteSession<'_>, now: Timestamp) -> bool {
        let site = self.site(request.site);
        self.try_delete(&site, request, now) || {
            self.collect_people(site.full(), now);
            self.try_delete(&site, request, now)
        }
    }

    fn try_delete(&self, site: &Arc<Site>, request: &DeleteSession<'_>, now: Timestamp) -> bool {
        let DeleteSession { pseudonym, tombstone, tombstones_per_site_max: most, .. } = *request;
        let mut shard = self.person(site, pseudonym);
        if !self.try_tombstone(&mut shard, site, pseudonym, tombstone, most, now) {
            return false;
        }
        let key = (site.number, request.fingerprint.clone());
        if let Some(kept) = shard.sessions.remove(&key) {
            self.quotas.release(Table::Sessions, &kept.owner_site, 1);
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
            let mut shard = self.person(site, pseudonym);
            self.try_tombstone(&mut shard, site, pseudonym, tombstone, most, now)
        };
        attempt() || {
            self.collect_people(site.full(), now);
            attempt()
        }
    }

    fn try_tombstone(
        &self,
        shard: &mut Shard,
        site: &Arc<Site>,
        pseudonym: Pseudonym,
        tombstone: Floor,
        most: u64,
        now: Timestamp,
    ) -> bool {
        self.collect(shard, site.number, now);
        let key = (site.number, pseudonym);
        if !shard.tombstones.has_place(&key)
            && !self.quotas.reserve(Table::Tombstones, site, 1, most)
        {
            return false;
        }
        let before = shard.tombstones.get(&key, now);
        let tombstone = Kept::newest(before, tombstone, site, now);
        shard.tombstones.insert(key, tombstone);
        true
    }

    /// Before a table is called full, every part gives up what is over in it; one part after the other.
    fn collect_people(&self, full: Full, now: Timestamp) {
        let over = |table, site: &Site| self.quotas.release(table, site, 1);
        for place in self.people.places() {
            let mut shard = self.people.lock_at(place);
            shard.sessions.collect_more(full, now, |kept| over(Table::Sessions, &kept.owner_site));
            shard.floors.collect_more(full, now, |kept| over(Table::Floors, &kept.owner_site));
            shard
                .tombstones
                .collect_more(full, now, |kept| over(Table::Tombstones, &kept.owner_site));
            shard
                .statements
                .collect_more(full, now, |kept| over(Table::Idempotency, &kept.owner_site));
        }
    }

    fn purge_people(&self, limit: u64, now: Timestamp) -> u64 {
        let over = |table, site: &Site| self.quotas.release(table, site, 1);
        let mut left = limit;
        for place in self.people.places() {
            let Shard { sessions, floors, tombstones, statements } =
                &mut *self.people.lock_at(place);
            left -= sessions.purge(left, now, |kept| over(Table::Sessions, &kept.owner_site));
            left -= floors.purge(left, now, |kept| over(Table::Floors, &kept.owner_site));
            left -= tombstones.purge(left, now, |kept| over(Table::Tombstones, &kept.owner_site));
            left -= statements.purge(left, now, |kept| over(Table::Idempotency, &kept.owner_site));
        }
        limit - left
    }

    fn collect(&self, shard: &mut Shard, site: u64, now: Timestamp) {
        let over = |table, site: &Site| self.quotas.release(table, site, 1);
        shard.sessions.collect(site, now, |kept| over(Table::Sessions, &kept.owner_site));
        shard.floors.collect(site, now, |kept| over(Table::Floors, &kept.owner_site));
        shard.tombstones.collect(site, now, |kept| over(Table::Tombstones, &kept.owner_site));
        shard.statements.collect(site, now, |kept| over(Table::Idempotency, &kept.owner_site));
    }
}

impl SessionStore for Memory {
    fn find(&self, request: &FindSession<'_>, now: Timestamp) -> Result<FoundSession, StoreError> {
        Ok(self.inner()?.find_session(request, now))
    }

    fn put(&self, request: &PutSession<'_>, now: Timestamp) -> Result<PutReply, StoreError> {
        Ok(self.inner()?.put_session(request, now))
    }

    fn delete(&self, request: &DeleteSession<'_>, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.inner()?.delete_session(request, now))
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
