//! Ed25519 (RFC 8032), for `v1a` of Standard Webhooks. What is public here is verified in time that may depend on it.

use super::SecretFault;
use crate::encoding::base64_decode;
use core::fmt;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::{Zeroize, Zeroizing};

/// What the text of a public key begins with.
pub(crate) const PUBLIC: &str = "whpk_";
/// What the text of a private key begins with.
pub(crate) const PRIVATE: &str = "whsk_";
/// The most bytes of base64 that are decoded: more than 64 bytes ever take.
const TEXT_BYTES_MAX: usize = 128;

/// The public key of a sender: it verifies, and signs nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// `whpk_` and the base64 of 32 bytes.
    ///
    /// # Errors
    /// [`SecretFault::NotPublicKey`] or [`SecretFault::WeakPublicKey`].
    pub fn from_text(text: &str) -> Result<Self, SecretFault> {
        let bytes = decode(text, PUBLIC).ok_or(SecretFault::NotPublicKey)?;
        Self::from_bytes(&bytes)
    }

    /// The one spelling of a point of the whole order. Others are no honest key: of a small order, almost anybody has
    /// signed with them, and verifiers differ about signatures under what is mixed.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SecretFault> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| SecretFault::NotPublicKey)?;
        let point = key.to_edwards();
        if point.compress().as_bytes() != bytes {
            return Err(SecretFault::NotPublicKey);
        }
        if key.is_weak() || !point.is_torsion_free() {
            return Err(SecretFault::WeakPublicKey);
        }
        Ok(Self(key))
    }

    /// A key whose signatures count nowhere: it only costs what a real one costs (law 2).
    pub(super) fn dummy() -> Self {
        Self(SigningKey::from_bytes(&[0x5c; 32]).verifying_key())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether its private half made the signature. Strict: a signature has one spelling.
    #[must_use]
    pub(crate) fn has_signed(&self, content: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(content, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(…)")
    }
}

/// The private key of a sender, and its public half. It is wiped when it is dropped.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// `whsk_` and the base64 of 64 bytes: the seed, then the public key.
    ///
    /// # Errors
    /// [`SecretFault::NotPrivateKey`] or [`SecretFault::HalvesDiffer`].
    pub fn from_text(text: &str) -> Result<Self, SecretFault> {
        let pair = Zeroizing::new(decode(text, PRIVATE).ok_or(SecretFault::NotPrivateKey)?);
        SigningKey::from_keypair_bytes(&pair).map(Self).map_err(|_| SecretFault::HalvesDiffer)
    }

    /// The half that verifies.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs the bytes.
    #[must_use]
    pub(crate) fn sign(&self, content: &[u8]) -> [u8; 64] {
        self.0.sign(content).to_bytes()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// The bytes after a prefix, if they are so many.
fn decode<const N: usize>(text: &str, prefix: &str) -> Option<[u8; N]> {
    let text = text.strip_prefix(prefix).filter(|text| text.len() <= TEXT_BYTES_MAX)?;
    let mut bytes = base64_decode(text)?;
    let exact = bytes.as_slice().try_into().ok();
    bytes.zeroize();
    exact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_12_debug_shows_no_key() {
        let key = PrivateKey(SigningKey::from_bytes(&[7; 32]));
        let shown = alloc::format!("{key:?}{:?}", key.public());
        assert_eq!(shown, "PrivateKey(…)PublicKey(…)");
    }
}
