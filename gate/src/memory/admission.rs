//! Claims and buckets. The judgement is the core's; here it is made atomic.

use super::{
    Inner, Locked, Memory,
    expiring::{Expires, Expiring, Full, OfSite},
    quota::{Site, Table},
};
use consentgate_core::{
    Millis, StoreError, Timestamp,
    ids::{ClaimKey, Pseudonym},
    steps::{Claim, Empty, FullAt, Standing, judge_claims},
    stores::{
        AdmissionStore, Admit, AdmitReply, Bucket, Done, Purge, Settle, SettleAction, SettleReply,
    },
};
use smallvec::SmallVec;
use std::{future, future::Future, sync::Arc};

#[derive(Default)]
pub(super) struct Shard {
    claims: Expiring<ClaimAt, Entry>,
    buckets: Expiring<BucketAt, Level>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ClaimAt {
    site: u64,
    key: ClaimKey,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct BucketAt {
    site: u64,
    key: Pseudonym,
}

impl OfSite for ClaimAt {
    fn site(&self) -> u64 {
        self.site
    }
}

impl OfSite for BucketAt {
    fn site(&self) -> u64 {
        self.site
    }
}

struct Entry {
    claim: Claim,
    forget_at: Timestamp,
    owner_site: Arc<Site>,
}

struct Level {
    full_at: FullAt,
    owner_site: Arc<Site>,
}

impl Expires for Entry {
    fn is_over(&self, now: Timestamp) -> bool {
        self.forget_at <= now
    }
}

impl Expires for Level {
    fn is_over(&self, now: Timestamp) -> bool {
        self.full_at.is_full(now)
    }
}

/// The claims and buckets of one call, each with the place of its part.
struct Places {
    claims: SmallVec<[(usize, ClaimAt); 6]>,
    buckets: SmallVec<[(usize, BucketAt); 2]>,
}

impl Inner {
    fn admission_places(&self, site: &Site, claims: &[ClaimKey], buckets: &[Bucket]) -> Places {
        let site = site.number;
        let claim = |key: &ClaimKey| {
            let at = ClaimAt { site, key: *key };
            (self.admission.place(at), at)
        };
        let bucket = |bucket: &Bucket| {
            let at = BucketAt { site, key: bucket.key };
            (self.admission.place(at), at)
        };
        Places {
            claims: claims.iter().map(claim).collect(),
            buckets: buckets.iter().map(bucket).collect(),
        }
    }

    fn lock_admission(&self, places: &Places) -> Locked<'_, Shard> {
        let claims = places.claims.iter().map(|(place, _)| *place);
        let buckets = places.buckets.iter().map(|(place, _)| *place);
        Locked::new(&self.admission, claims.chain(buckets))
    }

    fn admit(&self, request: &Admit<'_>, now: Timestamp) -> AdmitReply {
        match self.try_admit(request, now) {
            AdmitReply::Full => {
                self.collect_admission(self.site(request.site).full(), now);
                self.try_admit(request, now)
            }
            reply => reply,
        }
    }

    fn try_admit(&self, request: &Admit<'_>, now: Timestamp) -> AdmitReply {
        let site = self.site(request.site);
        let places = self.admission_places(&site, request.claims, request.buckets);
        let mut locked = self.lock_admission(&places);
        for shard in locked.each() {
            shard.claims.collect(site.number, now, |entry| self.forget_claim(&entry));
            shard.buckets.collect(site.number, now, |level| self.forget_bucket(&level));
        }

        let mut known: SmallVec<[Option<Claim>; 6]> = SmallVec::new();
        for (place, at) in &places.claims {
            known.push(entry(&mut locked, *place, at, now).map(|entry| {
                entry.claim = entry.claim.mended(request.lease, now);
                entry.claim
            }));
        }
        let takeover = match judge_claims(known.iter().copied(), now) {
            Standing::Free { takeover } => takeover,
            Standing::Held { retry } => return AdmitReply::Held { retry },
            Standing::Done(done) => {
                extend_done(&mut locked, &places, now, request.keep);
                return AdmitReply::Done(done);
            }
        };

        let mut new = 0;
        for ((place, at), _) in places.claims.iter().zip(&known).filter(|(_, own)| own.is_none()) {
            // What is over, but not collected yet, still has its place.
            let has_place = |shard: &mut Shard| shard.claims.has_place(at);
            new += u64::from(!locked.part(*place).is_some_and(has_place));
        }
        let most = request.claims_per_site_max;
        if !self.quotas.reserve(Table::Claims, &site, new, most) {
            return AdmitReply::Full;
        }
        if !takeover {
            match self.take_tokens(&mut locked, &places, request, &site, now) {
                Ok(()) => {}
                Err(reply) => {
                    self.quotas.release(Table::Claims, &site, new);
                    return reply;
                }
            }
        }
        let claim = Claim::Held { owner: request.owner, until: now.plus(request.lease) };
        let forget_at = now.plus(request.keep);
        for (place, at) in &places.claims {
            if let Some(shard) = locked.part(*place) {
                let owner_site = site.clone();
                shard.claims.insert(*at, Entry { claim, forget_at, owner_site });
            }
        }
        AdmitReply::Admitted { takeover }
    }

    /// Before the tables are called full, every part gives up what is over in it; one part after the other.
    fn collect_admission(&self, full: Full, now: Timestamp) {
        for place in self.admission.places() {
            let mut shard = self.admission.lock_at(place);
            shard.claims.collect_more(full, now, |entry| self.forget_claim(&entry));
            shard.buckets.collect_more(full, now, |level| self.forget_bucket(&level));
        }
    }

    /// A token from each bucket, or from none (FIELD 27).
    fn take_tokens(
        &self,
        locked: &mut Locked<'_, Shard>,
        places: &Places,
        request: &Admit<'_>,
        site: &Arc<Site>,
        now: Timestamp,
    ) -> Result<(), AdmitReply> {
        let mut taken: SmallVec<[FullAt; 2]> = SmallVec::new();
        let mut denied: Option<(Millis, usize)> = None;
        for (index, ((place, at), bucket)) in places.buckets.iter().zip(request.buckets).enumerate()
        {
            let level = level(locked, *place, at, now);
            let state = level.as_ref().map(|level| level.full_at);
            match FullAt::take(state, bucket.rate, now) {
                Ok(next) => taken.push(next),
                Err(Empty { retry }) => {
                    if let Some(level) = level {
                        let mended = FullAt::mended(state, bucket.rate, now);
                        level.full_at = mended.unwrap_or(level.full_at);
                    }
                    if denied.is_none_or(|(longest, _)| retry > longest) {
                        denied = Some((retry, index));
                    }
                }
            }
        }
        if let Some((retry, bucket)) = denied {
            return Err(AdmitReply::Limited { retry, bucket });
        }
        let mut new = 0;
        for (place, at) in &places.buckets {
            let has_place = |shard: &mut Shard| shard.buckets.has_place(at);
            new += u64::from(!locked.part(*place).is_some_and(has_place));
        }
        if !self.quotas.reserve(Table::Buckets, site, new, request.buckets_per_site_max) {
            return Err(AdmitReply::Full);
        }
        for ((place, at), full_at) in places.buckets.iter().zip(taken) {
            if let Some(shard) = locked.part(*place) {
                shard.buckets.insert(*at, Level { full_at, owner_site: site.clone() });
            }
        }
        Ok(())
    }

    fn settle(&self, request: &Settle<'_>, now: Timestamp) -> SettleReply {
        let site = self.site(request.site);
        let refund = match request.action {
            SettleAction::Release { refund } => refund,
            SettleAction::Commit { .. } => &[],
        };
        let places = self.admission_places(&site, request.claims, refund);
        let mut locked = self.lock_admission(&places);
        let mut settled = 0;
        for (place, at) in &places.claims {
            let Some(entry) = entry(&mut locked, *place, at, now) else { continue };
            if !entry.claim.is_held_by(request.owner) {
                continue;
            }
            settled += 1;
            match request.action {
                SettleAction::Commit { done, keep } => {
                    entry.claim = Claim::Done(done);
                    entry.forget_at = now.plus(keep);
                }
                SettleAction::Release { .. } => {
                    if let Some(entry) =
                        locked.part(*place).and_then(|shard| shard.claims.remove(at))
                    {
                        self.forget_claim(&entry);
                    }
                }
            }
        }
        if settled == 0 {
            return SettleReply::Lost;
        }
        if settled < places.claims.len() {
            // Somebody took over part of it, without spending a token: this one stays spent.
            return SettleReply::Settled;
        }
        for ((place, at), bucket) in places.buckets.iter().zip(refund) {
            if let Some(level) = level(&mut locked, *place, at, now) {
                level.full_at = level.full_at.refund(bucket.rate);
            }
        }
        SettleReply::Settled
    }

    fn purge_admission(&self, limit: u64, now: Timestamp) -> u64 {
        let mut left = limit;
        for place in self.admission.places() {
            let mut shard = self.admission.lock_at(place);
            left -= shard.claims.purge(left, now, |entry| self.forget_claim(&entry));
            left -= shard.buckets.purge(left, now, |level| self.forget_bucket(&level));
        }
        limit - left
    }

    fn forget_claim(&self, entry: &Entry) {
        self.quotas.release(Table::Claims, &entry.owner_site, 1);
    }

    fn forget_bucket(&self, level: &Level) {
        self.quotas.release(Table::Buckets, &level.owner_site, 1);
    }
}

fn entry<'a>(
    locked: &'a mut Locked<'_, Shard>,
    place: usize,
    at: &ClaimAt,
    now: Timestamp,
) -> Option<&'a mut Entry> {
    locked.part(place)?.claims.get_mut(at, now)
}

fn level<'a>(
    locked: &'a mut Locked<'_, Shard>,
    place: usize,
    at: &BucketAt,
    now: Timestamp,
) -> Option<&'a mut Level> {
    locked.part(place)?.buckets.get_mut(at, now)
}

/// A re-sent event must not outlive the memory of its first delivery.
fn extend_done(locked: &mut Locked<'_, Shard>, places: &Places, now: Timestamp, keep: Millis) {
    for (place, at) in &places.claims {
        match entry(locked, *place, at, now) {
            Some(entry)
                if matches!(entry.claim, Claim::Done(Done::Accepted(_) | Done::Refused)) =>
            {
                entry.forget_at = entry.forget_at.max(now.plus(keep));
            }
            _ => {}
        }
    }
}

impl AdmissionStore for Memory {
    fn admit(&self, request: &Admit<'_>, now: Timestamp) -> Result<AdmitReply, StoreError> {
        Ok(self.inner()?.admit(request, now))
    }

    fn settle(&self, request: &Settle<'_>, now: Timestamp) -> Result<SettleReply, StoreError> {
        Ok(self.inner()?.settle(request, now))
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
