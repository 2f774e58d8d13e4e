use crate::{
    decision::StoreError,
    id::{Fingerprint, Pseudonym, Scopes, SessionVersion, SiteId},
    store::Purge,
    time::{Millis, Timestamp},
};
use alloc::sync::Arc;
use core::future::Future;

/// What a person agreed to at a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What is granted.
    pub scopes: Scopes,
    /// From when the grant counts; consent runs out by it.
    pub granted_at: Timestamp,
    /// The date of the newest statement that shaped this session, by the clock of whoever made it, as far as that is
    /// believed; only one of a later date may widen it (law 7).
    pub changed_at: Timestamp,
    /// The policy that was agreed to.
    pub policy_version: Option<u32>,
    /// The browser sent Global Privacy Control.
    pub gpc: bool,
    /// A scope that was once granted has been taken away.
    pub narrowed: bool,
}

/// A session and the version it is stored under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// Which state this is.
    pub version: SessionVersion,
    /// The state.
    pub session: Session,
}

/// Find a person's session, and the newest floor under it.
#[derive(Clone, Copy, Debug)]
pub struct FindSession<'a> {
    /// The tenant.
    pub site: &'a SiteId,
    /// The person.
    pub fingerprint: &'a Fingerprint,
    /// The person's name where the fingerprint itself must not be kept.
    pub pseudonym: Pseudonym,
}

/// What is known of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundSession {
    /// The session, if there is one.
    pub session: Option<Arc<StoredSession>>,
    /// Grants dated at or before this point no longer count.
    pub floor: Option<Timestamp>,
}

/// Write a session or a floor, if nothing has changed since it was judged; in one atomic step.
#[derive(Clone, Copy, Debug)]
pub struct PutSession<'a> {
    /// The tenant.
    pub site: &'a SiteId,
    /// The person.
    pub fingerprint: &'a Fingerprint,
    /// The person's name where the fingerprint itself must not be kept.
    pub pseudonym: Pseudonym,
    /// The version that was judged; `None`: there was no session.
    pub expected: Option<SessionVersion>,
    /// The session's new state.
    pub session: Option<&'a Session>,
    /// A floor to leave, under the pseudonym alone.
    pub floor: Option<Floor>,
    /// A key by which the same statement is known again; only a grant has one.
    pub idempotency: Option<Idempotency>,
    /// It takes something away: no cap, no key and no floor refuses it (law 7).
    pub narrowing: bool,
    /// How long the session is kept.
    pub keep: Millis,
    /// How many sessions the site may have.
    pub sessions_per_site_max: u64,
    /// How many floors it may have; they are best effort, and make way for each other.
    pub floors_per_site_max: u64,
    /// How many keys of statements it may have.
    pub idempotency_per_site_max: u64,
}

/// A date at or before which no grant counts ([`Session::changed_at`]), and how long that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The point.
    pub at: Timestamp,
    /// How long it is remembered.
    pub keep: Millis,
}

/// A statement's key, and how long it is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Keyed hash over everything the statement says.
    pub key: Pseudonym,
    /// How long it is remembered.
    pub keep: Millis,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutReply {
    /// It is written.
    Stored,
    /// The statement is known; nothing changed.
    Repeated,
    /// The session or the floor is not what was judged; nothing changed.
    Conflict,
    /// There is no room; nothing changed.
    Full,
}

/// Forget a person: first the tombstone, a floor that nothing drops before its time, then the session.
#[derive(Clone, Copy, Debug)]
pub struct DeleteSession<'a> {
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

/// The role that keeps sessions, floors and tombstones.
pub trait SessionStore {
    /// See [`FindSession`].
    ///
    /// # Errors
    /// Whatever keeps the store from answering.
    fn find(&self, request: &FindSession<'_>, now: Timestamp) -> Result<FoundSession, StoreError>;

    /// See [`PutSession`].
    ///
    /// # Errors
    /// As [`find`](Self::find); what was written is then unknown.
    fn put(&self, request: &PutSession<'_>, now: Timestamp) -> Result<PutReply, StoreError>;

    /// See [`DeleteSession`]. `false`: no room for the tombstone, nothing changed.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    fn delete(&self, request: &DeleteSession<'_>, now: Timestamp) -> Result<bool, StoreError>;

    /// See [`Purge`]. How many entries were dropped.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    fn purge(&self, request: &Purge, now: Timestamp) -> Result<u64, StoreError>;
}

/// [`SessionStore`] for stores that are waited for.
pub trait AsyncSessionStore: Sync {
    /// See [`FindSession`].
    fn find(
        &self,
        request: &FindSession<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<FoundSession, StoreError>> + Send;

    /// See [`PutSession`].
    fn put(
        &self,
        request: &PutSession<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<PutReply, StoreError>> + Send;

    /// See [`DeleteSession`].
    fn delete(
        &self,
        request: &DeleteSession<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// See [`Purge`]. How many entries were dropped.
    fn purge(
        &self,
        request: &Purge,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}
