//! Stages 2 and 3: what is asked of the role `admission`, what comes back, and the proof that an event was let in.

mod device;

pub use device::AdmittedDevice;
pub(crate) use device::{AskingDevice, DeviceRefusal};

use crate::{
    config::Common,
    id::{ClaimKey, Owner, SignatureHash, SiteId},
    replay,
    signature::Verified,
    site::Site,
    store::{Admit, AdmitReply, Bucket, Done, Settle, SettleAction},
    time::{Millis, Timestamp},
};
use smallvec::SmallVec;

/// What an event holds at the store from its admission on, and how it is given back.
#[derive(Debug)]
pub struct Hold {
    verified: Verified,
    owner: Owner,
    hashes: SmallVec<[SignatureHash; 2]>,
    claims: SmallVec<[ClaimKey; 3]>,
    /// Which of them every delivery of the event holds, whatever it was signed with and whatever its gate lists: the id
    /// where one is known, else the signature that came.
    decisive: usize,
    bucket: Bucket,
    lease: Millis,
    keep: Millis,
    /// Reckoned from before the store was asked, so it ends early rather than late.
    lease_ends: Timestamp,
}

/// A verified event that asks to be let in. What it asks for is the [`Hold`] that it is made with.
#[derive(Debug)]
pub struct Asking(());

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
/// ```compile_fail,E0423
/// use consentgate_core::proof::{Admitted, Verified};
/// fn skip_replay(verified: Verified) -> Admitted {
///     Admitted(())
/// }
/// ```
#[derive(Debug)]
pub struct Admitted(());

impl Asking {
    pub(crate) fn judge(self, hold: &Hold, reply: AdmitReply) -> Result<Admitted, NotAdmitted> {
        Err(match reply {
            AdmitReply::Admitted { takeover: _ } => return Ok(Admitted(())),
            AdmitReply::Done(done) => NotAdmitted::Done(done),
            AdmitReply::Held { retry } => NotAdmitted::Held { retry },
            AdmitReply::Limited { retry, bucket: _ } => {
                NotAdmitted::Limited { retry, bucket: hold.bucket }
            }
            AdmitReply::Full => NotAdmitted::Full,
        })
    }
}

impl Hold {
    /// What a verified event is to hold, once it is let in.
    pub(crate) fn new(
        verified: Verified,
        site: &Site,
        common: &Common,
        bucket: Bucket,
        owner: Owner,
        now: Timestamp,
    ) -> (Self, Asking) {
        let (verified, hashes) = verified.named();
        let mut claims = SmallVec::new();
        for hash in &hashes {
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
        let hold =
            Self { verified, owner, hashes, claims, decisive, bucket, lease, keep, lease_ends };
        (hold, Asking(()))
    }

    pub(crate) fn verified(&self) -> &Verified {
        &self.verified
    }

    /// What names the event under every key.
    pub(crate) fn hashes(&self) -> &[SignatureHash] {
        &self.hashes
    }

    pub(crate) fn request<'a>(&'a self, site: &'a SiteId, common: &Common) -> Admit<'a> {
        Admit {
            site,
            claims: &self.claims,
            owner: self.owner,
            lease: self.lease,
            keep: self.keep,
            claims_per_site_max: common.caps.claims.per_site,
            buckets_per_site_max: common.caps.buckets.per_site,
            buckets: core::slice::from_ref(&self.bucket),
        }
    }

    /// Whether an effect of this length would be over before the lease is.
    pub(crate) fn has_time_for(&self, effect: Millis, now: Timestamp) -> bool {
        now.plus(effect) < self.lease_ends
    }

    /// Remembers the event for as long, once it is done: where no row keeps it single, its claims have to.
    pub(crate) fn remember_for(&mut self, least: Millis) {
        self.keep = self.keep.max(least);
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
