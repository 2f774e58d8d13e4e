use crate::{
    config::Rate,
    decision::StoreError,
    id::{CallId, ClaimKey, Owner, Pseudonym, SiteId},
    store::Purge,
    time::{Millis, Timestamp},
};
use core::future::Future;

/// Take all claims of an event and a token from each bucket, in one atomic step, or change nothing.
#[derive(Clone, Copy, Debug)]
pub struct Admit<'a> {
    /// The tenant.
    pub site: &'a SiteId,
    /// Everything that makes a delivery the same event.
    pub claims: &'a [ClaimKey],
    /// Who takes them.
    pub owner: Owner,
    /// How long they are held.
    pub lease: Millis,
    /// How long they are remembered: a lapsed one as such, and a done one that is met again at least so long.
    pub keep: Millis,
    /// How many live claims the site may have.
    pub claims_per_site_max: u64,
    /// How many buckets that are not full it may have.
    pub buckets_per_site_max: u64,
    /// Token buckets, judged after the claims.
    pub buckets: &'a [Bucket],
}

/// A token bucket under a keyed-hash name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// What is limited: `fingerprint`, `site`, `ip`, `admit` or `device`.
    pub name: &'static str,
    /// Which one of them.
    pub key: Pseudonym,
    /// How fast it refills, and how much it holds.
    pub rate: Rate,
}

/// How an admission ended. Limited, duplicate and full are never mistaken for each other (law 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdmitReply {
    /// All claims are held by the owner, a token is taken from each bucket.
    Admitted {
        /// A claim's earlier lease had lapsed; no token was taken.
        takeover: bool,
    },
    /// Some claim is done.
    Done(Done),
    /// Some claim is held, and its lease runs on for so long.
    Held {
        /// The lease's rest.
        retry: Millis,
    },
    /// A bucket has no token for so long.
    Limited {
        /// Until there is one.
        retry: Millis,
        /// The bucket's place in the request.
        bucket: usize,
    },
    /// There is no room for the claims, or none for the buckets.
    Full,
}

/// How a finished event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is recorded as this call; or as [`CallId::NONE`], when it was work of the host's own, which is no call.
    Accepted(CallId),
    /// It was refused for want of consent, and stays so.
    Refused,
}

/// End the claims of an event. Only claims that the owner still holds change.
#[derive(Clone, Copy, Debug)]
pub struct Settle<'a> {
    /// The tenant.
    pub site: &'a SiteId,
    /// The claims of the admission.
    pub claims: &'a [ClaimKey],
    /// Who took them.
    pub owner: Owner,
    /// How they end.
    pub action: SettleAction<'a>,
}

/// How claims end.
#[derive(Clone, Copy, Debug)]
pub enum SettleAction<'a> {
    /// They become done.
    Commit {
        /// With this result.
        done: Done,
        /// And live so long.
        keep: Millis,
    },
    /// They are forgotten, and each bucket gets its token back.
    Release {
        /// The buckets of the admission.
        refund: &'a [Bucket],
    },
}

/// Whether there was anything to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettleReply {
    /// The claims were the owner's, and have ended.
    Settled,
    /// The owner held none of them any more.
    Lost,
}

/// The role that keeps claims and buckets.
pub trait AdmissionStore {
    /// See [`Admit`].
    ///
    /// # Errors
    /// Whatever keeps the store from answering; what was written is then unknown.
    fn admit(&self, request: &Admit<'_>, now: Timestamp) -> Result<AdmitReply, StoreError>;

    /// See [`Settle`].
    ///
    /// # Errors
    /// As [`admit`](Self::admit).
    fn settle(&self, request: &Settle<'_>, now: Timestamp) -> Result<SettleReply, StoreError>;

    /// See [`Purge`]. How many entries were dropped.
    ///
    /// # Errors
    /// As [`admit`](Self::admit).
    fn purge(&self, request: &Purge, now: Timestamp) -> Result<u64, StoreError>;
}

/// [`AdmissionStore`] for stores that are waited for.
pub trait AsyncAdmissionStore: Sync {
    /// See [`Admit`].
    fn admit(
        &self,
        request: &Admit<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<AdmitReply, StoreError>> + Send;

    /// See [`Settle`].
    fn settle(
        &self,
        request: &Settle<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<SettleReply, StoreError>> + Send;

    /// See [`Purge`]. How many entries were dropped.
    fn purge(
        &self,
        request: &Purge,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// [`settle`](Self::settle) for a store that need not be waited for: how a decision that is dropped half-way gives
    /// back what it holds. `None`, and nothing is done: it has to be waited for, and the lease will lapse.
    fn settle_now(
        &self,
        request: &Settle<'_>,
        now: Timestamp,
    ) -> Option<Result<SettleReply, StoreError>> {
        let _ = (request, now);
        None
    }
}
