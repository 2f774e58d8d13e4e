use crate::{
    config::Common,
    decision::Accepts,
    id::{ClaimKey, Owner, SiteId},
    replay,
    signature::VerifiedDevice,
    store::{Admit, AdmitReply, Bucket},
    time::{Millis, Timestamp},
};
use smallvec::SmallVec;

/// A verified request of a device that asks to be let in.
#[derive(Debug)]
pub struct AskingDevice {
    verified: VerifiedDevice,
    claim: ClaimKey,
    owner: Owner,
    keep: Millis,
    claims_per_site_max: u64,
    buckets_per_site_max: u64,
    buckets: SmallVec<[Bucket; 2]>,
    /// The end of the lease that a nonce's memory reaches beyond the last acceptable time of its request.
    answer_by: Timestamp,
}

/// Why a device's request was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceRefusal {
    /// The nonce was used before.
    NonceUsed,
    /// A bucket has no token for so long.
    Limited { retry: Millis, bucket: Bucket },
    /// There is no room for the claim.
    Full,
    /// The store named a bucket that it was not asked for.
    WrongReply,
    /// Let in, but so late that the store may have forgotten an earlier use of the nonce.
    TooLate,
}

/// The proof of stages 2 and 3: the nonce was new and is used up, and every bucket gave its token.
///
/// ```compile_fail,E0451
/// use consentgate_core::proof::{AdmittedDevice, VerifiedDevice};
/// fn skip_replay(verified: VerifiedDevice) -> AdmittedDevice {
///     AdmittedDevice { verified }
/// }
/// ```
#[derive(Debug)]
pub struct AdmittedDevice {
    verified: VerifiedDevice,
}

impl Accepts for AdmittedDevice {}

impl AskingDevice {
    pub(crate) fn new(
        verified: VerifiedDevice,
        tolerance: Millis,
        common: &Common,
        buckets: SmallVec<[Bucket; 2]>,
        owner: Owner,
        now: Timestamp,
    ) -> Self {
        let claim = ClaimKey::nonce(verified.device(), verified.nonce());
        let keep = replay::keep_longest(common.claim_ttl, tolerance, common.lease);
        Self {
            verified,
            claim,
            owner,
            keep,
            claims_per_site_max: common.caps.claims.per_site,
            buckets_per_site_max: common.caps.buckets.per_site,
            buckets,
            answer_by: now.plus(common.lease),
        }
    }

    /// The nonce is done at once: held for as long as it is remembered, it is never settled, never lapses, and no crash
    /// gives it back. So one effect is all, in every store as it is.
    pub(crate) fn request<'a>(&'a self, site: &'a SiteId) -> Admit<'a> {
        Admit {
            site,
            claims: core::slice::from_ref(&self.claim),
            owner: self.owner,
            lease: self.keep,
            keep: self.keep,
            claims_per_site_max: self.claims_per_site_max,
            buckets_per_site_max: self.buckets_per_site_max,
            buckets: &self.buckets,
        }
    }

    pub(crate) fn judge(
        self,
        reply: AdmitReply,
        now: Timestamp,
    ) -> Result<AdmittedDevice, (VerifiedDevice, DeviceRefusal)> {
        let refusal = match reply {
            AdmitReply::Admitted { takeover: false } if now >= self.answer_by => {
                DeviceRefusal::TooLate
            }
            AdmitReply::Admitted { takeover: false } => {
                return Ok(AdmittedDevice { verified: self.verified });
            }
            // What is taken over was used before, by whatever clock.
            AdmitReply::Admitted { takeover: true }
            | AdmitReply::Done(_)
            | AdmitReply::Held { .. } => DeviceRefusal::NonceUsed,
            AdmitReply::Limited { retry, bucket } => match self.buckets.get(bucket) {
                Some(bucket) => DeviceRefusal::Limited { retry, bucket: *bucket },
                None => DeviceRefusal::WrongReply,
            },
            AdmitReply::Full => DeviceRefusal::Full,
        };
        Err((self.verified, refusal))
    }

    pub(crate) fn into_verified(self) -> VerifiedDevice {
        self.verified
    }
}

impl AdmittedDevice {
    pub(crate) fn verified(&self) -> &VerifiedDevice {
        &self.verified
    }
}
