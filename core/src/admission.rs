//! Stages 2 and 3: what is asked of the role `admission`, what comes back, and the proof that an event was let in.

mod device;

pub use device::AdmittedDevice;
pub(crate) use device::{AskingDevice, DeviceRefusal};

use crate::{
    config::Common,
    id::{ClaimKey, Owner, SiteId},
    replay,
    signature::Verified,
    site::Site,
    store::{Admit, AdmitReply, Bucket, Done, Settle, SettleAction},
    time::{Millis, Timestamp},
};
use smallvec::SmallVec;

/// A verified event that asks to be let in.
#[derive(Debug)]
pub struct Asking {
    verified: Verified,
    hold: Hold,
    claims_per_site_max: u64,
    buckets_per_site_max: u64,
}

/// What an admitted event holds at the store, and how it is given back.
#[derive(Debug)]
pub struct Hold {
    owner: Owner,
    claims: SmallVec<[ClaimKey; 6]>,
    /// Which of them every delivery of the event holds, whatever it was signed with and whatever its gate lists: the id
    /// where one is known, else the signature that came.
    decisive: usize,
    bucket: Bucket,
    lease: Millis,
    keep: Millis,
    /// Reckoned from before the store was asked, so it ends early rather than late.
    lease_ends: Timestamp,
}

/// Why an event was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    Done(Done),
    Held { retry: Millis },
    Limited { retry: Millis, bucket: Bucket },
    Full,
}

/// The proof of stages 2 and 3: the event is claimed under all its names, and has its token.
///
/// ```compile_fail,E0451
/// use consentgate_core::proof::{Admitted, Verified};
/// fn skip_replay(verified: Verified) -> Admitted {
///     Admitted { verified, hold: loop {} }
/// }
/// ```
#[derive(Debug)]
pub struct Admitted {
    verified: Verified,
    hold: Hold,
}

impl Asking {
    pub(crate) fn new(
        verified: Verified,
        site: &Site,
        common: &Common,
        bucket: Bucket,
        owner: Owner,
        now: Timestamp,
    ) -> Self {
        let mut claims: SmallVec<[ClaimKey; 6]> =
            verified.hashes().iter().copied().map(ClaimKey::Signature).collect();
        let signatures = claims.len();
        claims.extend(verified.id().map(|id| ClaimKey::event(id.as_str())));
        let decisive = if verified.id().is_some() { signatures } else { verified.key_index() };
        let (ttl, lease) = (common.claim_ttl, common.lease);
        let keep = replay::keep(ttl, verified.timestamp(), site.config.tolerance, lease, now);
        let lease_ends = now.plus(lease);
        let hold = Hold { owner, claims, decisive, bucket, lease, keep, lease_ends };
        Self {
            verified,
            hold,
            claims_per_site_max: common.caps.claims.per_site,
            buckets_per_site_max: common.caps.buckets.per_site,
        }
    }

    pub(crate) fn request<'a>(&'a self, site: &'a SiteId) -> Admit<'a> {
        Admit {
            site,
            claims: &self.hold.claims,
            owner: self.hold.owner,
            lease: self.hold.lease,
            keep: self.hold.keep,
            claims_per_site_max: self.claims_per_site_max,
            buckets_per_site_max: self.buckets_per_site_max,
            buckets: core::slice::from_ref(&self.hold.bucket),
        }
    }

    pub(crate) fn judge(self, reply: AdmitReply) -> Result<Admitted, (Verified, NotAdmitted)> {
        let not_admitted = match reply {
            AdmitReply::Admitted { takeover: _ } => {
                return Ok(Admitted { verified: self.verified, hold: self.hold });
            }
            AdmitReply::Done(done) => NotAdmitted::Done(done),
            AdmitReply::Held { retry } => NotAdmitted::Held { retry },
            AdmitReply::Limited { retry, bucket: _ } => {
                NotAdmitted::Limited { retry, bucket: self.hold.bucket }
            }
            AdmitReply::Full => NotAdmitted::Full,
        };
        Err((self.verified, not_admitted))
    }

    pub(crate) fn verified(&self) -> &Verified {
        &self.verified
    }
}

impl Admitted {
    pub(crate) fn verified(&self) -> &Verified {
        &self.verified
    }

    /// Whether an effect of this length would be over before the lease is.
    pub(crate) fn has_time_for(&self, effect: Millis, now: Timestamp) -> bool {
        now.plus(effect) < self.hold.lease_ends
    }

    /// Lets go of the proof and keeps what must be settled.
    pub(crate) fn into_hold(self) -> Hold {
        self.hold
    }
}

impl Hold {
    /// Remembers the event for as long, once it is done: where no row keeps it single, its claims have to.
    pub(crate) fn remembered_for(self, least: Millis) -> Self {
        Self { keep: self.keep.max(least), ..self }
    }

    /// The event is finished, with this result.
    pub(crate) fn commit<'a>(&'a self, site: &'a SiteId, done: Done) -> Settle<'a> {
        self.settle(site, SettleAction::Commit { done, keep: self.keep })
    }

    /// [`commit`](Self::commit) of that claim alone that every delivery of the event holds. Of it the store can say
    /// whether it is still the owner's: of all claims it can not, since who took the event over may have come with other
    /// signatures, or through a gate that lists other keys (FIELD 22).
    pub(crate) fn commit_decisive<'a>(&'a self, site: &'a SiteId, done: Done) -> Settle<'a> {
        Settle { claims: self.decisive(), ..self.commit(site, done) }
    }

    /// Whether that claim is all there is.
    pub(crate) fn is_decided_by_all(&self) -> bool {
        self.decisive().len() == self.claims.len()
    }

    fn decisive(&self) -> &[ClaimKey] {
        self.claims.get(self.decisive).map_or(&self.claims, core::slice::from_ref)
    }

    /// The event never happened, and gets its token back.
    pub(crate) fn release<'a>(&'a self, site: &'a SiteId) -> Settle<'a> {
        self.settle(site, SettleAction::Release { refund: core::slice::from_ref(&self.bucket) })
    }

    fn settle<'a>(&'a self, site: &'a SiteId, action: SettleAction<'a>) -> Settle<'a> {
        Settle { site, claims: &self.claims, owner: self.owner, action }
    }
}
