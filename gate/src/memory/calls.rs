//! Calls, what makes them unique, and their place in the queue.
//!
//! Locks are taken in one order: the person, then the keys, then the row.

use super::{
    Inner, Memory,
    expiring::{Expires, Expiring},
    name::Name,
    queue::{Due, Job},
    quota::{Site, Table},
    shards::{self, Shards},
};
use consentgate_core::{
    Marketing, StoreError, Timestamp,
    ids::{CallId, EventId, Fingerprint},
    stores::{
        AsyncCallStore, CallStore, Enqueue, EnqueueReply, EraseCalls, FindCall, Finish,
        FinishReply, FoundCall, Purge, Record, RecordReply, Take, Taken, Verdict,
    },
};
use smallvec::SmallVec;
use std::{future, future::Future, mem, sync::Arc};

pub(super) struct Calls {
    unique: Shards<Unique>,
    pub(super) rows: Shards<Rows>,
}

/// What leads to a row: a signature or an event's id is one row's alone (law 3).
#[derive(Default)]
struct Unique(Expiring<Lead>);

struct Lead {
    call_id: CallId,
    until: Timestamp,
}

/// Two are all that a call has, unless its site lists several keys and its scheme signs no id.
type Names = SmallVec<[Name; 2]>;

#[derive(Default)]
pub(super) struct Rows {
    pub(super) rows: Expiring<Row>,
    /// The jobs of these rows that have not ended.
    pub(super) due: Due,
}

/// A recorded call.
pub(super) struct Row {
    pub(super) call_id: CallId,
    unique: Names,
    pub(super) fingerprint: Fingerprint,
    /// The sender's id of the event, where one was signed.
    pub(super) event_id: Option<EventId>,
    pub(super) body: Box<[u8]>,
    pub(super) received_at: Timestamp,
    pub(super) job: Option<Job>,
    until: Timestamp,
}

impl Expires for Lead {
    fn end(&self) -> Timestamp {
        self.until
    }
}

impl Expires for Row {
    fn end(&self) -> Timestamp {
        self.until
    }
}

impl shards::Tables for Unique {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl shards::Tables for Rows {
    fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Row {
    fn marketing(&self) -> Marketing {
        if self.job.is_some() { Marketing::Enqueued } else { Marketing::Skipped }
    }
}

impl Calls {
    pub(super) fn new() -> Self {
        Self { unique: Shards::new(), rows: Shards::new() }
    }
}

impl Inner {
    fn record(&self, site: &Arc<Site>, request: &Record<'_>, now: Timestamp) -> RecordReply {
        match self.try_record(request, site, now) {
            RecordReply::Full => {
                self.collect_calls(site.short_of_room(), now);
                self.try_record(request, site, now)
            }
            reply => reply,
        }
    }

    /// Before the table is called full, every part gives up what is over in it; one part after the other.
    fn collect_calls(&self, site: Option<&Site>, now: Timestamp) {
        self.calls.rows.for_each(site, |site, Rows { rows, due }| {
            rows.collect_more(now, |row| self.forget_row(site, &row, due));
        });
        self.calls.unique.for_each(site, |_, Unique(leads)| leads.collect_more(now, |_| {}));
    }

    fn try_record(&self, request: &Record<'_>, site: &Arc<Site>, now: Timestamp) -> RecordReply {
        let (tables, person) = self.person(site, request.pseudonym);
        if request.session_version.is_some()
            && tables.version(person, now) != request.session_version
        {
            return RecordReply::Moved;
        }
        let tombstone = tables.tombstone(person, now);
        if tombstone.is_some_and(|at| at >= request.changed_at) {
            return RecordReply::Moved;
        }

        let unique = self.unique_names(request);
        let mut locked = self.calls.unique.lock_all(site, &unique);
        for Unique(leads) in locked.each() {
            leads.collect(now, |_| {});
        }
        for name in &unique {
            let lead = locked.of(*name).and_then(|Unique(leads)| leads.get(*name, now));
            let Some(call_id) = lead.map(|lead| lead.call_id) else { continue };
            let name = self.names.call(call_id);
            // One whose row was erased leads nowhere.
            if let Some(row) = self.calls.rows.lock(site, name).rows.get(name, now) {
                return RecordReply::Exists { call_id, marketing: row.marketing() };
            }
        }

        let name = self.names.call(request.call_id);
        let Rows { rows, due } = &mut *self.calls.rows.lock(site, name);
        rows.collect(now, |row| self.forget_row(site, &row, due));
        if !self.reserve_row(site, request) {
            return RecordReply::Full;
        }
        let job = match request.marketing {
            Verdict::Pending => Some(due.queue(request.call_id, now.plus(request.delay))),
            Verdict::Skipped => None,
        };
        let until = now.plus(request.keep);
        for name in &unique {
            if let Some(Unique(leads)) = locked.of(*name) {
                leads.put(*name, Lead { call_id: request.call_id, until });
            }
        }
        let row = Row {
            call_id: request.call_id,
            unique,
            fingerprint: request.fingerprint.clone(),
            event_id: request.event_id.cloned(),
            body: request.body.0.into(),
            received_at: request.received_at,
            job,
            until,
        };
        let marketing = row.marketing();
        rows.put(name, row);
        RecordReply::Inserted(marketing)
    }

    fn unique_names(&self, request: &Record<'_>) -> Names {
        let mut unique = Names::new();
        unique.push(self.names.signature(&request.signature_hash));
        let more = request.more_signature_hashes.iter();
        more.for_each(|hash| unique.push(self.names.signature(hash)));
        request.event_id.into_iter().for_each(|id| unique.push(self.names.event_id(id)));
        unique
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

    fn forget_row(&self, site: &Site, row: &Row, due: &mut Due) {
        if let Some(job) = &row.job {
            due.forget(row.call_id, job);
        }
        self.quotas.release(Table::Calls, site, 1);
        self.quotas.release(Table::CallBytes, site, row.body.len() as u64);
    }

    fn find_call(
        &self,
        site: &Arc<Site>,
        request: &FindCall<'_>,
        now: Timestamp,
    ) -> Option<FoundCall> {
        let name = self.names.call(request.call_id);
        let tables = self.calls.rows.lock(site, name);
        tables.rows.get(name, now).map(|row| FoundCall { fingerprint: row.fingerprint.clone() })
    }

    fn enqueue(&self, site: &Arc<Site>, request: &Enqueue<'_>, now: Timestamp) -> EnqueueReply {
        let (tables, person) = self.person(site, request.pseudonym);
        if request.session_version.is_some()
            && tables.version(person, now) != request.session_version
        {
            return EnqueueReply::Moved;
        }
        let name = self.names.call(request.call_id);
        let unique = match self.calls.rows.lock(site, name).rows.get(name, now) {
            None => return EnqueueReply::Missing,
            Some(row) if row.job.is_some() => return EnqueueReply::Already,
            Some(row) => row.unique.clone(),
        };
        let mut locked = self.calls.unique.lock_all(site, &unique);
        let Rows { rows, due } = &mut *self.calls.rows.lock(site, name);
        let enqueued = rows.change(name, now, |row| {
            if row.job.is_some() {
                return None;
            }
            row.job = Some(due.queue(request.call_id, now.plus(request.delay)));
            row.until = row.until.max(now.plus(request.keep));
            Some(row.until)
        });
        let until = match enqueued {
            None => return EnqueueReply::Missing,
            Some(None) => return EnqueueReply::Already,
            Some(Some(until)) => until,
        };
        // The row lives longer now, and with it what makes it the only one of its event (law 3).
        for name in &unique {
            let Some(Unique(leads)) = locked.of(*name) else { continue };
            leads.change(*name, now, |lead| {
                if lead.call_id == request.call_id {
                    lead.until = lead.until.max(until);
                }
            });
        }
        EnqueueReply::Enqueued
    }

    fn erase_calls(&self, site: &Arc<Site>, request: &EraseCalls<'_>, now: Timestamp) -> bool {
        let EraseCalls { pseudonym, tombstone, tombstones_per_site_max: most, .. } = *request;
        if !self.leave_tombstone(site, pseudonym, tombstone, most, now) {
            return false;
        }
        // Rare, and asked for by the host: one part after the other, never all at once.
        let mut erased: Vec<(CallId, Names)> = Vec::new();
        self.calls.rows.for_each(Some(site), |site, Rows { rows, due }| {
            rows.retain(|row| {
                let is_erased = row.fingerprint == *request.fingerprint;
                if is_erased {
                    self.forget_row(site, row, due);
                    erased.push((row.call_id, mem::take(&mut row.unique)));
                }
                !is_erased
            });
        });
        // What leads to no row would take room that nothing bounds.
        for (call_id, unique) in erased {
            for name in unique {
                let Unique(leads) = &mut *self.calls.unique.lock(site, name);
                if leads.get(name, now).is_some_and(|lead| lead.call_id == call_id) {
                    leads.remove(name);
                }
            }
        }
        true
    }

    fn purge_calls(&self, limit: u64, now: Timestamp) -> u64 {
        let mut left = limit;
        self.calls.rows.for_each(None, |site, Rows { rows, due }| {
            left -= rows.purge(left, now, |row| self.forget_row(site, &row, due));
        });
        // What leads to a row ends with it and is part of it: it does not count.
        self.calls.unique.for_each(None, |_, Unique(leads)| {
            leads.purge(limit, now, |_| {});
        });
        limit - left
    }
}

impl CallStore for Memory {
    fn record(&self, request: &Record<'_>, now: Timestamp) -> Result<RecordReply, StoreError> {
        self.at(request.site, |inner, site| inner.record(site, request, now))
    }

    fn find(
        &self,
        request: &FindCall<'_>,
        now: Timestamp,
    ) -> Result<Option<FoundCall>, StoreError> {
        self.at(request.site, |inner, site| inner.find_call(site, request, now))
    }

    fn enqueue(&self, request: &Enqueue<'_>, now: Timestamp) -> Result<EnqueueReply, StoreError> {
        self.at(request.site, |inner, site| inner.enqueue(site, request, now))
    }

    fn erase(&self, request: &EraseCalls<'_>, now: Timestamp) -> Result<bool, StoreError> {
        self.at(request.site, |inner, site| inner.erase_calls(site, request, now))
    }

    fn take(&self, request: &Take<'_>, now: Timestamp) -> Result<Vec<Taken>, StoreError> {
        self.at(request.site, |inner, site| inner.take_jobs(site, request, now))
    }

    fn finish(&self, request: &Finish<'_>, now: Timestamp) -> Result<FinishReply, StoreError> {
        self.at(request.site, |inner, site| inner.finish_job(site, request, now))
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
