//! Claims and buckets. The judgement is the core's; here it is made atomic.

use super::{
    Inner, Memory,
    expiring::{Expires, Expiring},
    name::Name,
    quota::{Site, Table},
    shards::{self, Locked},
};
use consentgate_core::{
    Millis, StoreError, Timestamp,
    ids::{CallId, ClaimKey, Owner},
    steps::{Claim, Empty, FullAt, Standing, judge_claims},
    stores::{
        AdmissionStore, Admit, AdmitReply, Bucket, Done, Purge, Settle, SettleAction, SettleReply,
    },
};
use smallvec::SmallVec;
use std::{future, future::Future, sync::Arc};

#[derive(Default)]
pub(super) struct Tables {
    claims: Expiring<Entry>,
    buckets: Expiring<Level>,
}

/// A claim in 32 bytes.
struct Entry {
    /// Its owner, or the call that came of it.
    whose: [u8; 16],
    /// Until when it is held, in milliseconds; or, as no time is before 1970, how it ended.
    state: i64,
    forget_at: Timestamp,
}

const ACCEPTED: i64 = -1;
const REFUSED: i64 = -2;

struct Level {
    full_at: FullAt,
}

impl Entry {
    fn new(claim: Claim, forget_at: Timestamp) -> Self {
        let (whose, state) = match claim {
            Claim::Held { owner, until } => (*owner.as_bytes(), until.as_millis()),
            Claim::Done(Done::Accepted(call_id)) => (*call_id.as_bytes(), ACCEPTED),
            Claim::Done(Done::Refused) => ([0; 16], REFUSED),
        };
        Self { whose, state, forget_at }
    }

    fn claim(&self) -> Claim {
        match Timestamp::from_millis(self.state) {
            Some(until) => Claim::Held { owner: Owner::from_bytes(self.whose), until },
            None if self.state == ACCEPTED => {
                Claim::Done(Done::Accepted(CallId::from_bytes(self.whose)))
            }
            None => Claim::Done(Done::Refused),
        }
    }
}

impl Expires for Entry {
    fn end(&self) -> Timestamp {
        self.forget_at
    }
}

impl Expires for Level {
    fn end(&self) -> Timestamp {
        self.full_at.0
    }
}

impl shards::Tables for Tables {
    fn is_empty(&self) -> bool {
        self.claims.is_empty() && self.buckets.is_empty()
    }
}

/// What the claims of one call are found by, and then its buckets.
struct Names {
    all: SmallVec<[Name; 8]>,
    claims: usize,
}

impl Names {
    fn claims(&self) -> &[Name] {
        self.all.get(..self.claims).unwrap_or_default()
    }

    fn buckets(&self) -> &[Name] {
        self.all.get(self.claims..).unwrap_or_default()
    }
}

impl Inner {
    fn admission_names(&self, claims: &[ClaimKey], buckets: &[Bucket]) -> Names {
        let mut all = SmallVec::new();
        claims.iter().for_each(|key| all.push(self.names.claim(key)));
        buckets.iter().for_each(|bucket| all.push(self.names.pseudonym(bucket.key)));
        Names { all, claims: claims.len() }
    }

    fn admit(&self, site: &Arc<Site>, request: &Admit<'_>, now: Timestamp) -> AdmitReply {
        let names = self.admission_names(request.claims, request.buckets);
        match self.try_admit(request, site, &names, now) {
            AdmitReply::Full => {
                self.collect_admission(site.short_of_room(), now);
                self.try_admit(request, site, &names, now)
            }
            reply => reply,
        }
    }

    fn try_admit(
        &self,
        request: &Admit<'_>,
        site: &Arc<Site>,
        names: &Names,
        now: Timestamp,
    ) -> AdmitReply {
        let mut locked = self.admission.lock_all(site, &names.all);
        for Tables { claims, buckets } in locked.each() {
            claims.collect(now, |_| self.quotas.release(Table::Claims, site, 1));
            buckets.collect(now, |_| self.quotas.release(Table::Buckets, site, 1));
        }

        let mut new = 0;
        let known = names.claims().iter().map(|name| {
            let entry = locked.of(*name).and_then(|tables| tables.claims.find(*name));
            // What is over, but not collected yet, still has its place.
            new += u64::from(entry.is_none());
            let alive = entry.filter(|entry| now < entry.end());
            alive.map(|entry| entry.claim().mended(request.lease, now))
        });
        let takeover = match judge_claims(known, now) {
            Standing::Free { takeover } => takeover,
            Standing::Held { retry } => {
                meet_again(&mut locked, names, request, now);
                return AdmitReply::Held { retry };
            }
            Standing::Done(done) => {
                meet_again(&mut locked, names, request, now);
                return AdmitReply::Done(done);
            }
        };

        if !self.quotas.reserve(Table::Claims, site, new, request.claims_per_site_max) {
            return AdmitReply::Full;
        }
        if !takeover && let Err(reply) = self.take_tokens(&mut locked, names, request, site, now) {
            self.quotas.release(Table::Claims, site, new);
            return reply;
        }
        let claim = Claim::Held { owner: request.owner, until: now.plus(request.lease) };
        let forget_at = now.plus(request.keep);
        for name in names.claims() {
            if let Some(tables) = locked.of(*name) {
                tables.claims.put(*name, Entry::new(claim, forget_at));
            }
        }
        AdmitReply::Admitted { takeover }
    }

    /// Before the tables are called full, every part gives up what is over in it; one part after the other.
    fn collect_admission(&self, site: Option<&Site>, now: Timestamp) {
        self.admission.for_each(site, |site, Tables { claims, buckets }| {
            claims.collect_more(now, |_| self.quotas.release(Table::Claims, site, 1));
            buckets.collect_more(now, |_| self.quotas.release(Table::Buckets, site, 1));
        });
    }

    /// A token from each bucket, or from none (FIELD 27).
    fn take_tokens(
        &self,
        locked: &mut Locked<'_, Tables>,
        names: &Names,
        request: &Admit<'_>,
        site: &Site,
        now: Timestamp,
    ) -> Result<(), AdmitReply> {
        let mut taken: SmallVec<[FullAt; 2]> = SmallVec::new();
        let mut denied: Option<(Millis, usize)> = None;
        let mut new = 0;
        for (index, (name, bucket)) in names.buckets().iter().zip(request.buckets).enumerate() {
            let Some(Tables { buckets, .. }) = locked.of(*name) else { continue };
            let level = buckets.find(*name);
            new += u64::from(level.is_none());
            let state = level.map(|level| level.full_at).filter(|full_at| !full_at.is_full(now));
            match FullAt::take(state, bucket.rate, now) {
                Ok(next) => taken.push(next),
                Err(Empty { retry }) => {
                    buckets.change(*name, now, |level| {
                        let mended = FullAt::mended(state, bucket.rate, now);
                        level.full_at = mended.unwrap_or(level.full_at);
                    });
                    if denied.is_none_or(|(longest, _)| retry > longest) {
                        denied = Some((retry, index));
                    }
                }
            }
        }
        if let Some((retry, bucket)) = denied {
            return Err(AdmitReply::Limited { retry, bucket });
        }
        if !self.quotas.reserve(Table::Buckets, site, new, request.buckets_per_site_max) {
            return Err(AdmitReply::Full);
        }
        for (name, full_at) in names.buckets().iter().zip(taken) {
            if let Some(tables) = locked.of(*name) {
                tables.buckets.put(*name, Level { full_at });
            }
        }
        Ok(())
    }

    fn settle(&self, site: &Arc<Site>, request: &Settle<'_>, now: Timestamp) -> SettleReply {
        let refund = match request.action {
            SettleAction::Release { refund } => refund,
            SettleAction::Commit { .. } => &[],
        };
        let names = self.admission_names(request.claims, refund);
        let mut locked = self.admission.lock_all(site, &names.all);
        let mut settled = 0;
        for name in names.claims() {
            let Some(Tables { claims, .. }) = locked.of(*name) else { continue };
            let is_held = |entry: &Entry| entry.claim().is_held_by(request.owner);
            match request.action {
                SettleAction::Commit { done, keep } => {
                    let committed = claims.change(*name, now, |entry| {
                        let is_held = is_held(entry);
                        if is_held {
                            *entry = Entry::new(Claim::Done(done), now.plus(keep));
                        }
                        is_held
                    });
                    if committed != Some(true) {
                        continue;
                    }
                }
                SettleAction::Release { .. } => {
                    if !claims.get(*name, now).is_some_and(is_held) {
                        continue;
                    }
                    claims.remove(*name);
                    self.quotas.release(Table::Claims, site, 1);
                }
            }
            settled += 1;
        }
        if settled == 0 {
            return SettleReply::Lost;
        }
        if settled < names.claims {
            // Somebody took over part of it, without spending a token: this one stays spent.
            return SettleReply::Settled;
        }
        for (name, bucket) in names.buckets().iter().zip(refund) {
            if let Some(tables) = locked.of(*name) {
                tables.buckets.change(*name, now, |level| {
                    level.full_at = level.full_at.refund(bucket.rate);
                });
            }
        }
        SettleReply::Settled
    }

    fn purge_admission(&self, limit: u64, now: Timestamp) -> u64 {
        let mut left = limit;
        self.admission.for_each(None, |site, Tables { claims, buckets }| {
            left -= claims.purge(left, now, |_| self.quotas.release(Table::Claims, site, 1));
            left -= buckets.purge(left, now, |_| self.quotas.release(Table::Buckets, site, 1));
        });
        limit - left
    }
}

/// Claims that were met and stay as they are: no lease is longer than a lease, and what is done must not be forgotten
/// before a copy of the event that was just met.
fn meet_again(locked: &mut Locked<'_, Tables>, names: &Names, request: &Admit<'_>, now: Timestamp) {
    for name in names.claims() {
        let Some(Tables { claims, .. }) = locked.of(*name) else { continue };
        claims.change(*name, now, |entry| {
            let claim = entry.claim();
            let forget_at = match claim {
                Claim::Done(_) => entry.forget_at.max(now.plus(request.keep)),
                Claim::Held { .. } => entry.forget_at,
            };
            *entry = Entry::new(claim.mended(request.lease, now), forget_at);
        });
    }
}

impl AdmissionStore for Memory {
    fn admit(&self, request: &Admit<'_>, now: Timestamp) -> Result<AdmitReply, StoreError> {
        self.at(request.site, |inner, site| inner.admit(site, request, now))
    }

    fn settle(&self, request: &Settle<'_>, now: Timestamp) -> Result<SettleReply, StoreError> {
        self.at(request.site, |inner, site| inner.settle(site, request, now))
    }

    fn purge(&self, request: &Purge, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.inner()?.purge_admission(request.limit, now))
    }
}

impl consentgate_core::stores::AsyncAdmissionStore for Memory {
    fn admit(
        &self,
        request: &Admit<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<AdmitReply, StoreError>> + Send {
        future::ready(AdmissionStore::admit(self, request, now))
    }

    fn settle(
        &self,
        request: &Settle<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<SettleReply, StoreError>> + Send {
        future::ready(AdmissionStore::settle(self, request, now))
    }

    fn purge(
        &self,
        request: &Purge,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        future::ready(AdmissionStore::purge(self, request, now))
    }

    fn settle_now(
        &self,
        request: &Settle<'_>,
        now: Timestamp,
    ) -> Option<Result<SettleReply, StoreError>> {
        Some(AdmissionStore::settle(self, request, now))
    }
}
