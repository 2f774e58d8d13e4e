//! Calls, what makes them unique, and their place in the queue.
//!
//! Locks are taken in one order: the person, then the names, then the row.

use super::{
    Inner, Locked, Memory, Shards,
    expiring::{Expires, Expiring, Full},
    queue::{Due, Job},
    quota::{Site, Table},
};
use consentgate_core::{
    Marketing, StoreError, Timestamp,
    ids::{CallId, ClaimKey, EventId, Fingerprint},
    stores::{
        AsyncCallStore, CallStore, Enqueue, EnqueueReply, EraseCalls, FindCall, Finish,
        FinishReply, FoundCall, Purge, Record, RecordReply, Take, Taken, Verdict,
    },
};
use smallvec::SmallVec;
use std::{future, future::Future, sync::Arc};

pub(super) struct Calls {
    names: Shards<Names>,
    pub(super) rows: Shards<Rows>,
}

/// What leads to a row: each name is one row's alone (law 3).
#[derive(Default)]
struct Names {
    names: Expiring<(u64, Name), Named>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Name {
    Signature(ClaimKey),
    Event(EventId),
}

struct Named {
    call_id: CallId,
    until: Timestamp,
}

#[derive(Default)]
pub(super) struct Rows {
    pub(super) rows: Expiring<(u64, CallId), Row>,
    /// The jobs of these rows that have not ended.
    pub(super) due: Due,
}

/// A recorded call.
pub(super) struct Row {
    names: Box<[Name]>,
    pub(super) fingerprint: Fingerprint,
    pub(super) body: Box<[u8]>,
    pub(super) received_at: Timestamp,
    pub(super) job: Option<Job>,
    until: Timestamp,
    owner_site: Arc<Site>,
}

impl Expires for Named {
    fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

impl Expires for Row {
    fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

impl Row {
    fn marketing(&self) -> Marketing {
        if self.job.is_some() { Marketing::Enqueued } else { Marketing::Skipped }
    }

    /// The sender's id of the event, where one was signed.
    pub(super) fn event_id(&self) -> Option<&EventId> {
        self.names.iter().find_map(|name| match name {
            Name::Event(id) => Some(id),
            Name::Signature(_) => None,
        })
    }
}

impl Calls {
    pub(super) fn new() -> Self {
        Self { names: Shards::new(), rows: Shards::new() }
    }
}

impl Inner {
    fn record(&self, request: &Record<'_>, now: Timestamp) -> RecordReply {
        match self.try_record(request, now) {
            RecordReply::Full => {
                self.collect_calls(self.site(request.site).full(), now);
                self.try_record(request, now)
            }
            reply => reply,
        }
    }

    /// Before the table is called full, every part gives up what is over in it; one part after the other.
    fn collect_calls(&self, full: Full, now: Timestamp) {
        for place in self.calls.rows.places() {
            let Rows { rows, due } = &mut *self.calls.rows.lock_at(place);
            rows.collect_more(full, now, |row| self.forget_row(&row, due));
        }
        for place in self.calls.names.places() {
            self.calls.names.lock_at(place).names.collect_more(full, now, |_| {});
        }
    }

    fn try_record(&self, request: &Record<'_>, now: Timestamp) -> RecordReply {
        let site = self.site(request.site);
        let person = self.person(&site, request.pseudonym);
        if request.session_version.is_some()
            && person.version(&site, request.fingerprint, now) != request.session_version
        {
            return RecordReply::Moved;
        }
        let tombstone = person.tombstone(&site, request.pseudonym, now);
        if tombstone.is_some_and(|at| at >= request.changed_at) {
            return RecordReply::Moved;
        }

        let names = names_of(request);
        let places = self.places_of(&site, &names);
        let mut locked = Locked::new(&self.calls.names, places.iter().map(|(place, _)| *place));
        for part in locked.each() {
            part.names.collect(site.number, now, |_| {});
        }
        for (place, at) in &places {
            let named = locked.part(*place).and_then(|part| part.names.get(at, now));
            let Some(call_id) = named.map(|named| named.call_id) else { continue };
            let at = (site.number, call_id);
            // A name whose row was erased leads nowhere.
            if let Some(row) = self.calls.rows.lock(at).rows.get(&at, now) {
                return RecordReply::Exists { call_id, marketing: row.marketing() };
            }
        }

        let at = (site.number, request.call_id);
        let Rows { rows, due } = &mut *self.calls.rows.lock(at);
        rows.collect(site.number, now, |row| self.forget_row(&row, due));
        if !self.reserve_row(&site, request) {
            return RecordReply::Full;
        }
        let job = match request.marketing {
            Verdict::Pending => {
                Some(due.queue(site.number, request.call_id, now.plus(request.delay)))
            }
            Verdict::Skipped => None,
        };
        let until = now.plus(request.keep);
        let row = Row {
            names: names.into_boxed_slice(),
            fingerprint: request.fingerprint.clone(),
            body: request.body.0.into(),
            received_at: request.received_at,
            job,
            until,
            owner_site: site.clone(),
        };
        let marketing = row.marketing();
        rows.insert(at, row);
        for (place, at) in places {
            if let Some(part) = locked.part(place) {
                part.names.insert(at, Named { call_id: request.call_id, until });
            }
        }
        RecordReply::Inserted(marketing)
    }

    /// The names at a site, each with the place of its part.
    fn places_of(&self, site: &Site, names: &[Name]) -> SmallVec<[(usize, (u64, Name)); 4]> {
        let place = |name: &Name| {
            let at = (site.number, name.clone());
            (self.calls.names.place(&at), at)
        };
        names.iter().map(place).collect()
    }

    fn reserve_row(&self, site: &Site, request: &Record<'_>) -> bool {
        if !self.quotas.reserve(Table::Calls, site, 1, request.calls_per_site_max) {
            return false;
        }
        let bytes = request.body.0.len() as u64;
        let most = request.calls_bytes_per_site_max;
        let fits = self.quotas.reserve(Table::CallBytes, site, bytes, most);
        if !fits {
            self.quotas.release(Table::Calls, site, 1);
        }
        fits
    }

    fn forget_row(&self, row: &Row, due: &mut Due) {
        if let Some(job) = &row.job {
            due.forget(row.owner_site.number, job);
        }
        self.quotas.release(Table::Calls, &row.owner_site, 1);
        self.quotas.release(Table::CallBytes, &row.owner_site, row.body.len() as u64);
    }

    fn find_call(&self, request: &FindCall<'_>, now: Timestamp) -> Option<FoundCall> {
        let at = (self.site(request.site).number, request.call_id);
        let rows = self.calls.rows.lock(at);
        rows.rows.get(&at, now).map(|row| FoundCall { fingerprint: row.fingerprint.clone() })
    }

    fn enqueue(&self, request: &Enqueue<'_>, now: Timestamp) -> EnqueueReply {
        let site = self.site(request.site);
        let person = self.person(&site, request.pseudonym);
        if request.session_version.is_some()
            && person.version(&site, request.fingerprint, now) != request.session_version
        {
            return EnqueueReply::Moved;
        }
        let at = (site.number, request.call_id);
        let names = match self.calls.rows.lock(at).rows.get(&at, now) {
            None => return EnqueueReply::Missing,
            Some(row) if row.job.is_some() => return EnqueueReply::Already,
            Some(row) => row.names.clone(),
        };
        let places = self.places_of(&site, &names);
        let mut locked = Locked::new(&self.calls.names, places.iter().map(|(place, _)| *place));
        let Rows { rows, due } = &mut *self.calls.rows.lock(at);
        let Some(row) = rows.get_mut(&at, now) else { return EnqueueReply::Missing };
        if row.job.is_some() {
            return EnqueueReply::Already;
        }
        row.job = Some(due.queue(site.number, request.call_id, now.plus(request.delay)));
        row.until = row.until.max(now.plus(request.keep));
        // The row lives longer now, and with it what makes it the only one of its event (law 3).
        for (place, at) in &places {
            let named = locked.part(*place).and_then(|part| part.names.get_mut(at, now));
            if let Some(named) = named.filter(|named| named.call_id == request.call_id) {
                named.until = named.until.max(row.until);
            }
        }
        EnqueueReply::Enqueued
    }

    fn erase_calls(&self, request: &EraseCalls<'_>, now: Timestamp) -> bool {
        let site = self.site(request.site);
        let EraseCalls { pseudonym, tombstone, tombstones_per_site_max: most, .. } = *request;
        if !self.leave_tombstone(&site, pseudonym, tombstone, most, now) {
            return false;
        }
        // Rare, and asked for by the host: one part after the other, never all at once.
        let mut nameless: Vec<(CallId, Box<[Name]>)> = Vec::new();
        for place in self.calls.rows.places() {
            let Rows { rows, due } = &mut *self.calls.rows.lock_at(place);
            rows.retain(site.number, |(_, call_id), row| {
                let erased = row.fingerprint == *request.fingerprint;
                if erased {
                    self.forget_row(row, due);
                    nameless.push((*call_id, std::mem::take(&mut row.names)));
                }
                !erased
            });
        }
        // A name without its row leads nowhere; but it would take room that nothing bounds, and may itself be personal.
        for (call_id, names) in nameless {
            for (place, at) in self.places_of(&site, &names) {
                let mut part = self.calls.names.lock_at(place);
                if part.names.get(&at, now).is_some_and(|named| named.call_id == call_id) {
                    part.names.remove(&at);
                }
            }
        }
        true
    }
}

impl Inner {
    fn purge_calls(&self, limit: u64, now: Timestamp) -> u64 {
        let mut left = limit;
        for place in self.calls.rows.places() {
            let Rows { rows, due } = &mut *self.calls.rows.lock_at(place);
            left -= rows.purge(left, now, |row| self.forget_row(&row, due));
        }
        // What leads to a row ends with it and is part of it: it does not count.
        for place in self.calls.names.places() {
            self.calls.names.lock_at(place).names.purge(limit, now, |_| {});
        }
        limit - left
    }
}

fn names_of(request: &Record<'_>) -> SmallVec<[Name; 4]> {
    let more = request.more_signature_hashes.iter();
    let signatures = std::iter::once(&request.signature_hash).chain(more);
    let mut names: SmallVec<[Name; 4]> =
        signatures.map(|hash| Name::Signature(ClaimKey::Signature(*hash))).collect();
    names.extend(request.event_id.cloned().map(Name::Event));
    names
}

impl CallStore for Memory {
    fn record(&self, request: &Record<'_>, now: Timestamp) -> Result<RecordReply, StoreError> {
        Ok(self.inner()?.record(request, now))
    }

    fn find(
        &self,
        request: &FindCall<'_>,
        now: Timestamp,
    ) -> Result<Option<FoundCall>, StoreError> {
        Ok(self.inner()?.find_call(request, now))
    }

    fn enqueue(&self, request: &Enqueue<'_>, now: Timestamp) -> Result<EnqueueReply, StoreError> {
        Ok(self.inner()?.enqueue(request, now))
    }

    fn erase(&self, request: &EraseCalls<'_>, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.inner()?.erase_calls(request, now))
    }

    fn take(&self, request: &Take<'_>, now: Timestamp) -> Result<Vec<Taken>, StoreError> {
        Ok(self.inner()?.take_jobs(request, now))
    }

    fn finish(&self, request: &Finish<'_>, now: Timestamp) -> Result<FinishReply, StoreError> {
        Ok(self.inner()?.finish_job(request, now))
    }

    fn purge(&self, request: &Purge, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.inner()?.purge_calls(request.limit, now))
    }
}

impl AsyncCallStore for Memory {
    fn record(
        &self,
        request: &Record<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<RecordReply, StoreError>> + Send {
        future::ready(CallStore::record(self, request, now))
    }

    fn find(
        &self,
        request: &FindCall<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<FoundCall>, StoreError>> + Send {
        future::ready(CallStore::find(self, request, now))
    }

    fn enqueue(
        &self,
        request: &Enqueue<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<EnqueueReply, StoreError>> + Send {
        future::ready(CallStore::enqueue(self, request, now))
    }

    fn erase(
        &self,
        request: &EraseCalls<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        future::ready(CallStore::erase(self, request, now))
    }

    fn take(
        &self,
        request: &Take<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Taken>, StoreError>> + Send {
        future::ready(CallStore::take(self, request, now))
    }

    fn finish(
        &self,
        request: &Finish<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<FinishReply, StoreError>> + Send {
        future::ready(CallStore::finish(self, request, now))
    }

    fn purge(
        &self,
        request: &Purge,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        future::ready(CallStore::purge(self, request, now))
    }
}

#[cfg(test)]
mod tests;
