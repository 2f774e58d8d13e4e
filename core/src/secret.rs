//! Secrets and the keyed states made from them. None of it is ever printed, and all of it is wiped.

use crate::encoding;
use core::fmt;
use hmac::{
    KeyInit,
    block_api::HmacCore,
    digest::{
        Output,
        block_api::{Buffer, FixedOutputCore, UpdateCore},
    },
};
use sha2::{Digest, Sha256, block_api::Sha256VarCore};
use siphasher::sip128::{Hasher128, SipHasher24};
use subtle::{Choice, ConstantTimeEq};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

mod device;
mod ed25519;
mod keys;

pub use device::MasterKey;
pub(crate) use ed25519::{PRIVATE, PUBLIC};
pub use ed25519::{PrivateKey, PublicKey};
pub(crate) use keys::{Dummies, Kinds, Verifier};
pub use keys::{SignKey, VerifyKey};

use crate::id::Pseudonym;
use alloc::{string::String, vec::Vec};
use core::hash::Hasher;

/// The most bytes a secret may have.
pub const SECRET_BYTES_MAX: usize = 512;
/// The fewest bytes a secret in a configuration may have (Standard Webhooks: 24–64).
pub const SECRET_BYTES_MIN: usize = 24;

/// The shared secret of a sender and a site.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret(Vec<u8>);

/// Why a text or bytes are no secret. Names no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretFault {
    /// Nothing at all, or `whsec_` alone (FIELD 4).
    #[error("is empty")]
    Empty,
    /// Not strict base64.
    #[error("is not base64 (standard alphabet, padded), with or without the prefix `whsec_`")]
    NotBase64,
    /// Too few bytes for a configuration.
    #[error("is shorter than {SECRET_BYTES_MIN} bytes; `allow_short_secrets` would allow it")]
    TooShort,
    /// More than [`SECRET_BYTES_MAX`] bytes.
    #[error("is longer than {SECRET_BYTES_MAX} bytes")]
    TooLong,
    /// A public key where a secret or a private key is needed: with it, anybody could sign.
    #[error("is a public key (`whpk_`), which everybody may know")]
    PublicKey,
    /// A private key where something is verified.
    #[error(
        "is a private key (`whsk_`), for `sign` alone; whoever verifies has its public key, `whpk_`"
    )]
    PrivateKey,
    /// A text after `whpk_` that is no key.
    #[error("is no public key: `whpk_` and strict base64 of 32 bytes that are a point of Ed25519")]
    NotPublicKey,
    /// A public key that is not of the whole order.
    #[error("is a weak public key, which no private key makes")]
    WeakPublicKey,
    /// A text after `whsk_` that is no key.
    #[error(
        "is no private key: `whsk_` and strict base64 of 64 bytes, the seed and its public key"
    )]
    NotPrivateKey,
    /// A private key with another's public key.
    #[error("is a private key whose public half belongs to another")]
    HalvesDiffer,
}

impl Secret {
    /// Bytes as they are, of any length but none.
    ///
    /// # Errors
    /// [`SecretFault::Empty`] or [`SecretFault::TooLong`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretFault> {
        Self::from_vec(bytes.to_vec())
    }

    /// The same of bytes that are nobody else's: wiped whatever comes of them, and not copied.
    pub(crate) fn from_vec(bytes: Vec<u8>) -> Result<Self, SecretFault> {
        let secret = Self(bytes);
        match secret.0.len() {
            0 => Err(SecretFault::Empty),
            1..=SECRET_BYTES_MAX => Ok(secret),
            _ => Err(SecretFault::TooLong),
        }
    }

    /// Base64 with or without the prefix `whsec_`, as Standard Webhooks writes secrets.
    ///
    /// # Errors
    /// Every [`SecretFault`] but [`SecretFault::TooShort`].
    pub fn from_base64(text: &str) -> Result<Self, SecretFault> {
        let text = text.strip_prefix("whsec_").unwrap_or(text);
        if text.is_empty() {
            return Err(SecretFault::Empty);
        }
        if text.len() > SECRET_BYTES_MAX * 2 {
            return Err(SecretFault::TooLong);
        }
        Self::from_vec(encoding::base64_decode(text).ok_or(SecretFault::NotBase64)?)
    }

    /// Refuses what is too short to be used for long.
    ///
    /// # Errors
    /// [`SecretFault::TooShort`].
    pub fn long_enough(self) -> Result<Self, SecretFault> {
        if self.0.len() < SECRET_BYTES_MIN { Err(SecretFault::TooShort) } else { Ok(self) }
    }

    /// The key block of RFC 2104: what two secrets must share to make the same MACs.
    fn block(&self) -> Zeroizing<[u8; 64]> {
        let mut block = Zeroizing::new([0; 64]);
        let hashed: [u8; 32];
        let bytes = if self.0.len() > block.len() {
            hashed = Sha256::digest(&self.0).into();
            &hashed[..]
        } else {
            &self.0
        };
        for (to, from) in block.iter_mut().zip(bytes) {
            *to = *from;
        }
        block
    }

    /// Whether both sign alike (law 8: two sites never share a key).
    #[must_use]
    pub fn same_key(&self, other: &Self) -> bool {
        self.block().ct_eq(&*other.block()).into()
    }

    /// What stands for the key where many are held against each other: equal for secrets that sign alike.
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(*self.block()).into()
    }

    /// As text that [`from_base64`](Self::from_base64) reads: what is put on a device.
    #[must_use]
    pub fn to_base64(&self) -> String {
        encoding::base64_encode(&self.0)
    }

    /// The state from which MACs are computed.
    #[must_use]
    pub fn mac_key(&self) -> MacKey {
        MacKey::new(&self.block())
    }

    /// The state from which pseudonyms are computed.
    #[must_use]
    pub fn pseudonym_key(&self) -> PseudonymKey {
        let mac = self.mac_key().mac(&[b"consentgate/pseudonym/v1"]);
        let mut key = [0; 16];
        for (to, from) in key.iter_mut().zip(mac) {
            *to = from;
        }
        PseudonymKey(key)
    }
}

impl Clone for Secret {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// HMAC-SHA256 with the key already taken in; cloning it beats keying anew for each message.
#[derive(Clone)]
pub struct MacKey(KeyedCore);

/// The state without the buffer that `Hmac` clones and wipes with it: a tenth of the time.
type KeyedCore = HmacCore<Sha256>;

impl MacKey {
    fn new(block: &[u8; 64]) -> Self {
        Self(KeyedCore::new(&(*block).into()))
    }

    /// A key that signs nothing anybody holds: it only costs what a real one costs (law 2).
    #[must_use]
    pub(crate) fn dummy() -> Self {
        Self::new(&[0x5c; 64])
    }

    /// The MAC of the parts, one after the other.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut core = self.0.clone();
        let mut buffer = Buffer::<KeyedCore>::default();
        for part in parts {
            buffer.digest_blocks(part, |blocks| core.update_blocks(blocks));
        }
        let mut mac = Output::<KeyedCore>::default();
        core.finalize_fixed_core(&mut buffer, &mut mac);
        mac.into()
    }
}

/// A key and what it is worked with are wiped when they are dropped; without the feature `zeroize` of their crates nobody
/// would notice.
const _: () = {
    const fn is_wiped<T: ZeroizeOnDrop>() {}
    is_wiped::<Sha256VarCore>();
    is_wiped::<Buffer<KeyedCore>>();
};

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(…)")
    }
}

/// Whether two tags are equal, in time that depends on neither.
#[must_use]
pub(crate) fn same_tag(a: &[u8; 32], b: &[u8; 32]) -> Choice {
    // A word at a time: `subtle` looks at each byte by itself.
    let pairs = a.as_chunks().0.iter().zip(b.as_chunks().0);
    let differ =
        pairs.fold(0, |differ, (a, b)| differ | (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)));
    differ.ct_eq(&0)
}

/// SipHash-2-4 with 128 bits of output under a secret key: cheap names for what must not be kept as text.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PseudonymKey([u8; 16]);

impl PseudonymKey {
    /// A key from random bytes.
    #[must_use]
    pub(crate) fn random(random: &[u8; 32]) -> Self {
        Secret(random.to_vec()).pseudonym_key()
    }

    /// The pseudonym of `parts` as `kind`; kinds never meet, and parts are length-prefixed, so the input is injective.
    #[must_use]
    pub(crate) fn pseudonym(&self, kind: Kind, parts: &[&[u8]]) -> Pseudonym {
        let mut hash = SipHasher24::new_with_key(&self.0);
        hash.write_u8(kind as u8);
        for part in parts {
            hash.write_u64(part.len() as u64);
            hash.write(part);
        }
        Pseudonym::from_bytes(hash.finish128().as_bytes())
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(…)")
    }
}

/// What a pseudonym stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Person = 1,
    FingerprintBucket = 2,
    SiteBucket = 3,
    IpBucket = 4,
    Statement = 5,
    AdmitBucket = 6,
    Device = 7,
    DeviceIp = 8,
    Subject = 9,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};

    #[test]
    fn law_2_tags_are_equal_only_if_every_byte_is() {
        let tag: [u8; 32] = core::array::from_fn(|place| place as u8);
        assert!(bool::from(same_tag(&tag, &tag)));
        for one in 0..32 {
            for other in 0..32 {
                // Alike in two words, two differences might cancel each other.
                let mut altered = tag;
                altered[one] ^= 0x55;
                altered[other] ^= if one == other { 0 } else { 0x55 };
                assert!(!bool::from(same_tag(&tag, &altered)), "{one}, {other}");
            }
        }
    }

    #[test]
    fn field_4_no_bytes_at_all_are_told_from_too_many() {
        let fault = |length| Secret::from_bytes(&vec![1; length]).err();
        assert_eq!(fault(0), Some(SecretFault::Empty));
        assert_eq!([fault(1), fault(SECRET_BYTES_MAX)], [None, None]);
        assert_eq!(fault(SECRET_BYTES_MAX + 1), Some(SecretFault::TooLong));
    }

    #[test]
    fn field_4_an_absent_secret_is_a_fault() {
        for text in ["", "whsec_"] {
            assert_eq!(Secret::from_base64(text).err(), Some(SecretFault::Empty), "{text:?}");
        }
        for text in [" ", "whsec_ ", "not base64!"] {
            assert_eq!(Secret::from_base64(text).err(), Some(SecretFault::NotBase64), "{text:?}");
        }
    }

    #[test]
    fn law_9_a_text_that_is_too_long_is_not_read() {
        let fault = |length| Secret::from_base64(&"!".repeat(length)).err();
        assert_eq!(fault(SECRET_BYTES_MAX * 2), Some(SecretFault::NotBase64));
        assert_eq!(fault(SECRET_BYTES_MAX * 2 + 1), Some(SecretFault::TooLong));
    }

    #[test]
    fn law_8_keys_are_compared_as_hmac_sees_them() {
        let key = |bytes: &[u8]| Secret::from_bytes(bytes).unwrap();
        assert!(key(b"abc").same_key(&key(b"abc\0")));
        assert!(!key(b"abc").same_key(&key(b"abd")));
        let long = vec![7; 100];
        assert!(key(&long).same_key(&key(&Sha256::digest(&long))));
    }

    #[test]
    fn law_12_debug_shows_no_secret() {
        let secret = Secret::from_bytes(b"hunter2hunter2hunter2hunter2").unwrap();
        let (mac, pseudonym, master) =
            (secret.mac_key(), secret.pseudonym_key(), secret.master_key());
        let shown = format!("{secret:?}{mac:?}{pseudonym:?}{master:?}");
        assert_eq!(shown, "Secret(…)MacKey(…)PseudonymKey(…)MasterKey(…)");
    }
}
