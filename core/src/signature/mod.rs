//! Signatures: one file a scheme says what is signed and where the tags are; this file judges them all alike.

pub(crate) mod device;
mod github;
mod shopify;
mod slack;
mod standard_webhooks;
mod stripe;

pub use device::{
    DeviceMessage, NoRequestLine, RequestLine, VerifiedDevice, device_secret, sign_device,
};

use crate::{
    config::Scheme,
    decision::Reason,
    encoding::hex,
    header::Headers,
    id::{EventId, EventIdBytes, Seal, SignatureHash},
    secret::{Dummies, Kinds, PrivateKey, Secret, Verifier, VerifyKey, same_tag},
    site::Retired,
    time::{Millis, Timestamp},
};
use alloc::{string::String, vec::Vec};
use core::cmp::Ordering;
use smallvec::SmallVec;
use subtle::{Choice, ConditionallySelectable};

/// What a scheme's file reads of a request's headers. Reading never fails: what is not sound is still signed and
/// compared, so that every refusal costs the same (law 2).
struct Message<'a> {
    /// What is signed before the body, one after the other.
    prefix: [&'a [u8]; 4],
    /// The tags the sender offers; the ones that are not well formed are left out.
    tags: SmallVec<[[u8; 32]; 2]>,
    /// The same of signatures that public keys verify.
    signatures: SmallVec<[[u8; 64]; 1]>,
    /// The signed id, where the scheme has one. It is kept once it is verified: no refusal takes memory.
    id: Option<EventIdBytes<'a>>,
    /// The signed time, where the scheme has one.
    timestamp: Option<Timestamp>,
    /// Everything that must be there is there, once, within the caps, and well formed.
    sound: bool,
}

/// The proof of stage 1: some key made one of the tags, over these bytes, at an acceptable time.
///
/// ```compile_fail,E0451
/// use consentgate_core::proof::Verified;
/// let forged = Verified { id: None, timestamp: None, key_index: 0, seals: Default::default() };
/// ```
#[derive(Debug)]
pub struct Verified {
    id: Option<EventId>,
    timestamp: Option<Timestamp>,
    key_index: usize,
    seals: SmallVec<[Seal; 2]>,
}

impl Verified {
    /// The id that the sender signed, in a header or as part of the body, where there is one.
    #[must_use]
    pub fn id(&self) -> Option<&EventId> {
        self.id.as_ref()
    }

    /// The time that the sender signed, where the scheme has one.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.timestamp
    }

    /// The proof with the id that the signed body holds.
    pub(crate) fn with_id_of_body(mut self, id: Option<EventId>) -> Self {
        self.id = self.id.or(id);
        self
    }

    /// The place of the key that was right, in the order given.
    #[must_use]
    pub fn key_index(&self) -> usize {
        self.key_index
    }

    /// What names the message under every key, in the order given; made anew each time.
    pub fn hashes(&self) -> impl Iterator<Item = SignatureHash> {
        self.seals.iter().map(Seal::hash)
    }

    /// The proof without its seals, and what they come to.
    pub(crate) fn named(mut self) -> (Self, SmallVec<[SignatureHash; 2]>) {
        let hashes = core::mem::take(&mut self.seals).iter().map(Seal::hash).collect();
        (self, hashes)
    }
}

/// What a request is judged by: its keys, oldest first, and how many of each kind every judgement tries.
pub(crate) struct Keys<'a> {
    pub(crate) listed: &'a [Verifier],
    /// Keys that verify nothing any more, under which events are still claimed.
    pub(crate) retired: &'a [Retired],
    /// What every judgement costs, and what takes the place of the keys that are missing to it. None where there is no
    /// other site that could be told apart.
    pub(crate) least: Option<(Kinds, &'a Dummies)>,
}

/// Judges a request. The same MACs are computed and the same signatures verified whatever is wrong with it; nothing
/// secret is branched on before all are compared. Public keys and signatures are no secrets: what a signature costs may
/// depend on its bytes, but not on the site.
pub(crate) fn check(
    scheme: Scheme,
    keys: &Keys<'_>,
    headers: &(impl Headers + ?Sized),
    body: &[u8],
    tolerance: Millis,
    now: Timestamp,
) -> Result<Verified, Reason> {
    let message = match scheme {
        Scheme::StandardWebhooks => standard_webhooks::read(headers),
        Scheme::Github => github::read(headers),
        Scheme::Stripe => stripe::read(headers),
        Scheme::Slack => slack::read(headers),
        Scheme::Shopify => shopify::read(headers),
    };
    let [first, second, third, fourth] = message.prefix;
    let content = [first, second, third, fourth, body];
    // Nothing offered costs one comparison too.
    let tags = if message.tags.is_empty() { &[[0; 32]][..] } else { &message.tags };
    let whole = if message.signatures.is_empty() { Vec::new() } else { content.concat() };
    let (counts, none) = (Choice::from(1), Choice::from(0));
    let judge = |key: &Verifier| match key {
        Verifier::Mac(key) => {
            let mac = key.mac(&content);
            let matches = tags.iter().map(|tag| same_tag(&mac, tag));
            (matches.reduce(|any, one| any | one).unwrap_or(none), Some(mac))
        }
        Verifier::Public(key) => {
            let matches = message.signatures.iter().map(|one| key.has_signed(&whole, one));
            (Choice::from(u8::from(matches.fold(false, |any, one| any | one))), None)
        }
    };

    // A dummy's signature is none, not even if somebody guesses it; all else is done with it too.
    let least = keys.least.into_iter();
    let filling = least.flat_map(|(least, own)| own.filling(Kinds::of(keys.listed), least));
    let filling = filling.map(|dummy| (dummy, none));
    let tried = keys.listed.iter().map(|key| (key, counts)).chain(filling);
    let mut macs: SmallVec<[Option<[u8; 32]>; 4]> = SmallVec::new();
    let mut found = none;
    let mut found_at = 0_u32;
    for (index, (key, counts)) in (0..).zip(tried) {
        let (matches, mac) = judge(key);
        let matches = matches & counts;
        found_at.conditional_assign(&index, matches & !found);
        found |= matches;
        macs.push(mac);
    }

    if !message.sound {
        return Err(Reason::MalformedHeader);
    }
    if !bool::from(found) {
        return Err(Reason::BadSignature);
    }
    if let Some(timestamp) = message.timestamp.filter(|own| own.distance(now) > tolerance) {
        return Err(match timestamp.cmp(&now) {
            Ordering::Less => Reason::StaleTimestamp,
            _ => Reason::FutureTimestamp,
        });
    }
    let mut seals = SmallVec::new();
    for (key, mac) in keys.listed.iter().zip(&macs) {
        seals.push(mac.map_or_else(|| key.seal(&content), Seal::Mac));
    }
    for old in keys.retired.iter().filter(|old| now < old.until) {
        seals.push(old.verifier.seal(&content));
    }
    Ok(Verified {
        id: message.id.and_then(EventIdBytes::to_id),
        timestamp: message.timestamp,
        key_index: found_at as usize,
        seals,
    })
}

/// Verifies a request on its own: signature and time, without replay protection.
///
/// # Errors
/// One [`Reason`] of stage `signature`. Tell the sender none of them.
pub fn verify(
    scheme: Scheme,
    keys: &[VerifyKey],
    headers: &(impl Headers + ?Sized),
    body: &[u8],
    tolerance: Millis,
    now: Timestamp,
) -> Result<Verified, Reason> {
    let mut listed: SmallVec<[Verifier; 1]> = SmallVec::new();
    for key in keys {
        listed.push(key.verifier());
    }
    let keys = Keys { listed: &listed, retired: &[], least: None };
    check(scheme, &keys, headers, body, tolerance, now)
}

/// Signs a body: the headers to send with it. Schemes that sign no id or no time leave them out.
#[must_use]
pub fn sign(
    scheme: Scheme,
    secret: &Secret,
    id: &EventId,
    body: &[u8],
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let key = secret.mac_key();
    match scheme {
        Scheme::StandardWebhooks => standard_webhooks::sign(&key, id, body, now),
        Scheme::Github => github::sign(&key, body),
        Scheme::Stripe => stripe::sign(&key, body, now),
        Scheme::Slack => slack::sign(&key, body, now),
        Scheme::Shopify => shopify::sign(&key, body),
    }
}

/// Signs a body as Standard Webhooks `v1a`: the headers to send with it.
#[must_use]
pub fn sign_v1a(
    key: &PrivateKey,
    id: &EventId,
    body: &[u8],
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    standard_webhooks::sign_v1a(key, id, body, now)
}

/// The most tokens a signature header may have (FIELD 8, 11).
const TOKENS_MAX: usize = 32;
/// The most digits of a timestamp; enough for the year 5138.
const DIGITS_MAX: usize = 11;

/// Seconds since the epoch: digits only, without leading zero (FIELD 3).
fn seconds(text: &[u8]) -> Option<Timestamp> {
    if !(1..=DIGITS_MAX).contains(&text.len()) || matches!(text, [b'0', _, ..]) {
        return None;
    }
    let with_digit =
        |number, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'));
    text.iter().try_fold(0, with_digit).and_then(Timestamp::from_secs)
}

/// A tag in lower-case hex, of exactly its length (FIELD 9).
fn tag_of_hex(text: &[u8]) -> Option<[u8; 32]> {
    hex::decode(core::str::from_utf8(text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::MacKey;

    #[test]
    fn field_9_a_message_is_named_by_the_mac_under_each_key() {
        let (id, now) = (EventId::new(b"evt_1").unwrap(), Timestamp::MIN);
        let secrets = [1, 2].map(|byte| Secret::from_bytes(&[byte; 32]).unwrap());
        let headers = sign(Scheme::Github, &secrets[1], &id, b"body", now);
        let named = secrets.each_ref().map(|secret| secret.mac_key().mac(&[b"body"]));
        let keys = secrets.map(VerifyKey::from);
        let tolerance = Millis::from_secs(300);
        let verified = verify(Scheme::Github, &keys, &headers, b"body", tolerance, now).unwrap();
        assert_eq!(verified.key_index(), 1);
        assert!(verified.hashes().eq(named.iter().map(SignatureHash::of)));
        assert!(alloc::format!("{verified:?}").contains("[Seal(…), Seal(…)]"), "law 12");
        let (verified, hashes) = verified.named();
        assert!(hashes.into_iter().eq(named.iter().map(SignatureHash::of)));
        assert_eq!(verified.hashes().count(), 0);
    }

    #[test]
    fn law_2_a_dummys_signature_is_none() {
        let (dummies, now) = (Dummies::new(), Timestamp::MIN);
        let id = EventId::new(b"evt_1").unwrap();
        let headers = standard_webhooks::sign(&MacKey::dummy(), &id, b"body", now);
        let least = Kinds { secret: 1, public: 0 };
        let keys = Keys { listed: &[], retired: &[], least: Some((least, &dummies)) };
        let scheme = Scheme::StandardWebhooks;
        let checked = check(scheme, &keys, &headers[..], b"body", Millis::from_secs(300), now);
        assert_eq!(checked.err(), Some(Reason::BadSignature));
    }
}
