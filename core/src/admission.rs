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
use alloc::boxed::Box;
use smallvec::SmallVec;

/// A verified event that asks to be let in.
#[derive(Debug)]
pub struct Asking {
    hold: Hold,
    claims_per_site_max: u64,
    buckets_per_site_max: u64,
}

/// What an admitted event holds at the store, and how it is given back. In one place from first to last, since flows
/// hand it on at every step.
#[derive(Debug)]
pub struct Hold(Box<Held>);

#[derive(Debug)]
struct Held {
    verified: Verified,
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
///     Admitted { hold: loop {} }
/// }
/// ```
#[derive(Debug)]
pub struct Admitted {
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
        let mut claims: SmallVec<[ClaimKey; 6]> = SmallVec::new();
        for hash in verified.hashes() {
            claims.push(ClaimKey::Signature(*hash));
        }
        let mut decisive = verified.key_index();
        if let Some(id) = verified.id() {
            decisive = claims.len();
            claims.push(ClaimKey::event(id.as_str()));
        }
        let (ttl, lease) = (common.claim_ttl, common.lease);
        let keep = replay::keep(ttl, verified.timestamp(), site.config.tolerance, lease, now);
        let lease_ends = now.plus(lease);
        let held = Held { verified, owner, claims, decisive, bucket, lease, keep, lease_ends };
        Self {
            hold: Hold(Box::new(held)),
            claims_per_site_max: common.caps.claims.per_site,
            buckets_per_site_max: common.caps.buckets.per_site,
        }
    }

    pub(crate) fn request<'a>(&'a self, site: &'a SiteId) -> Admit<'a> {
        let held = &self.hold.0;
        Admit {
            site,
            claims: &held.claims,
            owner: held.owner,
            lease: held.lease,
            keep: held.keep,
            claims_per_site_max: self.claims_per_site_max,
            buckets_per_site_max: self.buckets_per_site_max,
            buckets: core::slice::from_ref(&held.bucket),
        }
    }

    pub(crate) fn judge(self, reply: AdmitReply) -> Result<Admitted, (Verified, NotAdmitted)> {
        let not_admitted = match reply {
            AdmitReply::Admitted { takeover: _ } => {
                return Ok(Admitted { hold: self.hold });
            }
            AdmitReply::Done(done) => NotAdmitted::Done(done),
            AdmitReply::Held { retry } => NotAdmitted::Held { retry },
            AdmitReply::Limited { retry, bucket: _ } => {
                NotAdmitted::Limited { retry, bucket: self.hold.0.bucket }
            }
            AdmitReply::Full => NotAdmitted::Full,
        };
        Err((self.hold.0.verified, not_admitted))
    }

    pub(crate) fn verified(&self) -> &Verified {
        &self.hold.0.verified
    }
}

impl Admitted {
    pub(crate) fn verified(&self) -> &Verified {
        &self.hold.0.verified
    }

    /// Whether an effect of this length would be over before the lease is.
    pub(crate) fn has_time_for(&self, effect: Millis, now: Timestamp) -> bool {
        now.plus(effect) < self.hold.0.lease_ends
    }

    /// Lets go of the proof and keeps what must be settled.
    pub(crate) fn into_hold(self) -> Hold {
        self.hold
    }
}

impl Hold {
    /// Remembers the event for as long, once it is done: where no row keeps it single, its claims have to.
    pub(crate) fn remembered_for(mut self, least: Millis) -> Self {
        self.0.keep = self.0.keep.max(least);
        self
    }

    /// The event is finished, with this result.
    pub(crate) fn commit<'a>(&'a self, site: &'a SiteId, done: Done) -> Settle<'a> {
        self.settle(site, SettleAction::Commit { done, keep: self.0.keep })
    }

    /// [`commit`](Self::commit) of that claim alone that every delivery of the event holds. Of it the store can say
    /// whether it is still the owner's: of all claims it can not, since who took the event over may have come with other
    /// signatures, or through a gate that lists other keys (FIELD 22).
    pub(crate) fn commit_decisive<'a>(&'a self, site: &'a SiteId, done: Done) -> Settle<'a> {
        Settle { claims: self.decisive(), ..self.commit(site, done) }
    }

    /// Whether that claim is all there is.
    pub(crate) fn is_decided_by_all(&self) -> bool {
        self.decisive().len() == self.0.claims.len()
    }

    fn decisive(&self) -> &[ClaimKey] {
        self.0.claims.get(self.0.decisive).map_or(&self.0.claims, core::slice::from_ref)
    }

    /// The event never happened, and gets its token back.
    pub(crate) fn release<'a>(&'a self, site: &'a SiteId) -> Settle<'a> {
        self.settle(site, SettleAction::Release { refund: core::slice::from_ref(&self.0.bucket) })
    }

    fn settle<'a>(&'a self, site: &'a SiteId, action: SettleAction<'a>) -> Settle<'a> {
        Settle { site, claims: &self.0.claims, owner: self.0.owner, action }
    }
}
