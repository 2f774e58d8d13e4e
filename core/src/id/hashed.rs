use super::{DeviceId, Nonce, call::sixteen_bytes};
use crate::encoding::hex;
use alloc::{format, string::String};
use core::fmt;
use sha2::{Digest, Sha256};

/// SHA-256 of what the gate computed, never of header text (FIELD 9): of a MAC, or of a public key and what was signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignatureHash([u8; 32]);

impl SignatureHash {
    /// Of a computed MAC.
    #[must_use]
    pub(crate) fn of(mac: &[u8; 32]) -> Self {
        Self(Sha256::digest(mac).into())
    }

    /// Of what a public key's signatures were verified over.
    #[must_use]
    pub(crate) fn of_signed(public: &[u8; 32], content: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"consentgate/ed25519/v1\0");
        hash.update(public);
        for part in content {
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 lower-case hex digits, as a store wrote them.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).map(Self)
    }

    /// Writes 64 lower-case hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }
}

impl fmt::Debug for SignatureHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignatureHash({})", self.to_hex())
    }
}

/// What a message is known by under one key, whatever became of its signature on the way. It is hashed once it is asked
/// for: whoever only verifies need not wait for it.
#[derive(Clone, Copy)]
pub(crate) enum Seal {
    /// The MAC that the gate computed.
    Mac([u8; 32]),
    /// A public key and what was signed.
    Signed(SignatureHash),
}

impl Seal {
    pub(crate) fn hash(&self) -> SignatureHash {
        match self {
            Self::Mac(mac) => SignatureHash::of(mac),
            Self::Signed(hash) => *hash,
        }
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

/// What makes two deliveries the same event, at one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimKey {
    /// The signature under one listed or retired key.
    Signature(SignatureHash),
    /// The signed event id, or a device and its nonce, hashed to a fixed size.
    Event([u8; 32]),
}

impl ClaimKey {
    pub(crate) fn event(id: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"consentgate/event-id/v1\0");
        hash.update(id.as_bytes());
        Self::Event(hash.finalize().into())
    }

    /// A device's nonce. What nobody can guess is hashed with the device's id, so the hash does not give the id away.
    pub(crate) fn nonce(device: &DeviceId, nonce: &Nonce) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"consentgate/device-nonce/v1\0");
        hash.update(device.expose().as_bytes());
        hash.update(b"\0");
        hash.update(nonce.as_str().as_bytes());
        Self::Event(hash.finalize().into())
    }

    /// The 32 bytes, without the kind.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        match self {
            Self::Signature(hash) => hash.as_bytes(),
            Self::Event(hash) => hash,
        }
    }

    /// Reads what [`to_text`](Self::to_text) writes.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("s", digits) => SignatureHash::from_hex(digits).map(Self::Signature),
            ("e", digits) => hex::decode(digits).map(Self::Event),
            _ => None,
        }
    }

    /// `s:` or `e:` and 64 lower-case hex digits.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Signature(hash) => format!("s:{}", hash.to_hex()),
            Self::Event(hash) => format!("e:{}", hex::encode(hash)),
        }
    }
}

/// A keyed hash that stands for a person, an address or a statement where the text itself must not be kept (FIELD 46).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym([u8; 16]);

sixteen_bytes!(Pseudonym);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_17_a_claim_is_read_as_it_is_written_and_in_no_other_way() {
        let hash = SignatureHash([0xab; 32]);
        assert_eq!(SignatureHash::from_hex(&hash.to_hex()), Some(hash));
        for claim in [ClaimKey::Signature(hash), ClaimKey::Event([0xab; 32])] {
            let text = claim.to_text();
            assert_eq!(ClaimKey::from_text(&text), Some(claim));
            for bad in [
                text.to_uppercase(),
                text.replace(':', ""),
                text.replace(':', "::"),
                format!(" {text}"),
                format!("{text}0"),
                format!("x{text}"),
                text.replacen(['s', 'e'], "x", 1),
            ] {
                assert_eq!(ClaimKey::from_text(&bad), None, "{bad}");
            }
        }
    }
}
