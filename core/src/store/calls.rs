use crate::{
    decision::{Marketing, StoreError},
    id::{CallId, EventId, Fingerprint, Pseudonym, Scopes, SessionVersion, SignatureHash, SiteId},
    store::{Finish, FinishReply, Floor, Purge, Take, Taken},
    time::{Millis, Timestamp},
};
use alloc::vec::Vec;
use core::future::Future;

/// Record a call and queue its conversion, in one transaction that compares the session's version first.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The tenant.
    pub site: &'a SiteId,
    /// The id of the new call.
    pub call_id: CallId,
    /// The signature under the first listed key: unique in the site.
    pub signature_hash: SignatureHash,
    /// More signatures that are unique in the site: those under the other keys, where the scheme signs no id.
    pub more_signature_hashes: &'a [SignatureHash],
    /// The signed id: unique in the site.
    pub event_id: Option<&'a EventId>,
    /// The person.
    pub fingerprint: &'a Fingerprint,
    /// The person's name in tombstones.
    pub pseudonym: Pseudonym,
    /// The session's version that was judged; `None` where sessions are kept by another store.
    pub session_version: Option<SessionVersion>,
    /// The date of the session that was judged ([`Session::changed_at`](super::Session::changed_at)): a tombstone at or
    /// after it forbids the row.
    pub changed_at: Timestamp,
    /// When the gate judged the event.
    pub received_at: Timestamp,
    /// The verdict on marketing.
    pub marketing: Verdict,
    /// The body, byte for byte as it came.
    pub body: Body<'a>,
    /// How long the call is kept.
    pub keep: Millis,
    /// How long its conversion waits.
    pub delay: Millis,
    /// How many calls the site may have.
    pub calls_per_site_max: u64,
    /// How many bytes the bodies of all its calls may have together.
    pub calls_bytes_per_site_max: u64,
}

/// Bytes of a request that `Debug` does not show (law 12).
#[derive(Clone, Copy)]
pub struct Body<'a>(pub &'a [u8]);

impl core::fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

/// What the consent judged with the event says of marketing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Granted: a job is to be queued.
    Pending,
    /// Not granted: there is nothing to queue.
    Skipped,
}

/// How recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordReply {
    /// The row is new.
    Inserted(Marketing),
    /// A row of the same event was there.
    Exists {
        /// That row's call.
        call_id: CallId,
        /// What became of its conversion.
        marketing: Marketing,
    },
    /// The session is not the one that was judged, or the person was erased.
    Moved,
    /// There is no room.
    Full,
}

/// Find a call.
#[derive(Clone, Copy, Debug)]
pub struct FindCall<'a> {
    /// The tenant.
    pub site: &'a SiteId,
    /// The call.
    pub call_id: CallId,
}

/// What a sale needs to know of its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCall {
    /// Whose call it is.
    pub fingerprint: Fingerprint,
}

/// Queue a call's conversion, once ever.
#[derive(Clone, Copy, Debug)]
pub struct Enqueue<'a> {
    /// The tenant.
    pub site: &'a SiteId,
    /// The call.
    pub call_id: CallId,
    /// Whose call it is.
    pub fingerprint: &'a Fingerprint,
    /// The person's name where the fingerprint itself must not be kept.
    pub pseudonym: Pseudonym,
    /// The session's version that was judged; `None` where sessions are kept by another store.
    pub session_version: Option<SessionVersion>,
    /// The scopes that a conversion needs. The core has judged them; a store that keeps the session may look again.
    pub needed: &'a Scopes,
    /// How long the conversion waits.
    pub delay: Millis,
    /// How long the job is kept.
    pub keep: Millis,
}

/// How queueing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnqueueReply {
    /// The job is new.
    Enqueued,
    /// A job was made before.
    Already,
    /// The session is not the one that was judged.
    Moved,
    /// There is no such call.
    Missing,
    /// There is no room.
    Full,
}

/// Forget a person's calls and their jobs, leaving a tombstone first.
#[derive(Clone, Copy, Debug)]
pub struct EraseCalls<'a> {
    /// The tenant.
    pub site: &'a SiteId,
    /// The person.
    pub fingerprint: &'a Fingerprint,
    /// The person's name in the tombstone.
    pub pseudonym: Pseudonym,
    /// What is left behind.
    pub tombstone: Floor,
    /// How many tombstones the site may have.
    pub tombstones_per_site_max: u64,
}

/// The role that keeps calls and the queue.
pub trait CallStore {
    /// See [`Record`].
    ///
    /// # Errors
    /// Whatever keeps the store from answering; what was written is unknown unless the error says otherwise.
    fn record(&self, request: &Record<'_>, now: Timestamp) -> Result<RecordReply, StoreError>;

    /// See [`FindCall`].
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn find(&self, request: &FindCall<'_>, now: Timestamp)
    -> Result<Option<FoundCall>, StoreError>;

    /// See [`Enqueue`].
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn enqueue(&self, request: &Enqueue<'_>, now: Timestamp) -> Result<EnqueueReply, StoreError>;

    /// See [`EraseCalls`]. `false`: no room for the tombstone, nothing changed.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn erase(&self, request: &EraseCalls<'_>, now: Timestamp) -> Result<bool, StoreError>;

    /// See [`Take`].
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn take(&self, request: &Take<'_>, now: Timestamp) -> Result<Vec<Taken>, StoreError>;

    /// See [`Finish`].
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn finish(&self, request: &Finish<'_>, now: Timestamp) -> Result<FinishReply, StoreError>;

    /// See [`Purge`]. How many entries were dropped.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    fn purge(&self, request: &Purge, now: Timestamp) -> Result<u64, StoreError>;
}

/// [`CallStore`] for stores that are waited for.
pub trait AsyncCallStore: Sync {
    /// See [`Record`].
    fn record(
        &self,
        request: &Record<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<RecordReply, StoreError>> + Send;

    /// See [`FindCall`].
    fn find(
        &self,
        request: &FindCall<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<FoundCall>, StoreError>> + Send;

    /// See [`Enqueue`].
    fn enqueue(
        &self,
        request: &Enqueue<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<EnqueueReply, StoreError>> + Send;

    /// See [`EraseCalls`].
    fn erase(
        &self,
        request: &EraseCalls<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// See [`Take`].
    fn take(
        &self,
        request: &Take<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Taken>, StoreError>> + Send;

    /// See [`Finish`].
    fn finish(
        &self,
        request: &Finish<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<FinishReply, StoreError>> + Send;

    /// See [`Purge`]. How many entries were dropped.
    fn purge(
        &self,
        request: &Purge,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}
