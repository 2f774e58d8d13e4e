//! The keys of senders, of either kind: shared secrets (`v1` and all other schemes), and public keys (`v1a`).

use super::{MacKey, PublicKey, Secret, ed25519::PrivateKey};
use crate::id::{Seal, SignatureHash};

/// What a sender's signatures are verified with.
#[derive(Clone, Debug)]
pub enum VerifyKey {
    /// A secret that the sender holds too.
    Secret(Secret),
    /// The public key of a pair.
    Public(PublicKey),
}

impl VerifyKey {
    /// Whether both verify alike.
    #[must_use]
    pub(crate) fn same_key(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Secret(own), Self::Secret(other)) => own.same_key(other),
            (Self::Public(own), Self::Public(other)) => own == other,
            _ => false,
        }
    }

    /// What stands for the key where many are held against each other. A secret of the bytes of a public key is the same
    /// key: everybody knows it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        match self {
            Self::Secret(secret) => secret.digest(),
            Self::Public(key) => Secret(key.as_bytes().to_vec()).digest(),
        }
    }

    /// The key made ready.
    pub(crate) fn verifier(&self) -> Verifier {
        match self {
            Self::Secret(secret) => Verifier::Mac(secret.mac_key()),
            Self::Public(key) => Verifier::Public(key.clone()),
        }
    }
}

impl From<Secret> for VerifyKey {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

/// What a sender signs with.
#[derive(Debug)]
pub enum SignKey {
    /// A secret that the receiver holds too.
    Secret(Secret),
    /// The private key of a pair.
    Private(PrivateKey),
}

/// A key made ready to verify.
#[derive(Clone, Debug)]
pub(crate) enum Verifier {
    Mac(MacKey),
    Public(PublicKey),
}

impl Verifier {
    /// What an event is known by under the key. A MAC is the gate's own. An Ed25519 signature is not, and whoever holds the
    /// private key can make many of one message: there it is the key and what was signed.
    pub(crate) fn seal(&self, content: &[&[u8]]) -> Seal {
        match self {
            Self::Mac(key) => Seal::Mac(key.mac(content)),
            Self::Public(key) => Seal::Signed(SignatureHash::of_signed(key.as_bytes(), content)),
        }
    }
}

/// How many keys of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub(crate) secret: usize,
    pub(crate) public: usize,
}

impl Kinds {
    pub(crate) fn of(keys: &[Verifier]) -> Self {
        let public = keys.iter().filter(|key| matches!(key, Verifier::Public(_))).count();
        Self { secret: keys.len() - public, public }
    }

    /// The most of each kind.
    pub(crate) fn max(self, other: Self) -> Self {
        let (secret, public) = (self.secret.max(other.secret), self.public.max(other.public));
        Self { secret, public }
    }
}

/// Takes the place of keys that are missing: they only cost what real ones cost (law 2).
#[derive(Debug)]
pub(crate) struct Dummies {
    mac: Verifier,
    public: Verifier,
}

impl Dummies {
    pub(crate) fn new() -> Self {
        let (mac, public) = (MacKey::dummy(), PublicKey::dummy());
        Self { mac: Verifier::Mac(mac), public: Verifier::Public(public) }
    }

    /// As many as are missing of each kind.
    pub(crate) fn filling(&self, there: Kinds, least: Kinds) -> impl Iterator<Item = &Verifier> {
        let macs = least.secret.saturating_sub(there.secret);
        let publics = least.public.saturating_sub(there.public);
        core::iter::repeat_n(&self.mac, macs).chain(core::iter::repeat_n(&self.public, publics))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};

    #[test]
    fn law_2_every_judgement_tries_as_many_keys_of_each_kind() {
        let dummies = Dummies::new();
        let (mac, public) = (&dummies.mac, &dummies.public);
        let least = Kinds { secret: 2, public: 3 };
        for listed in
            [vec![], vec![mac], vec![public, mac], vec![public; 3], vec![mac, mac, public]]
        {
            let listed: Vec<Verifier> = listed.into_iter().cloned().collect();
            let filling = dummies.filling(Kinds::of(&listed), least).cloned();
            let tried: Vec<Verifier> = listed.iter().cloned().chain(filling).collect();
            assert_eq!(Kinds::of(&tried), least);
        }
        let more = Kinds { secret: 4, public: 0 };
        assert_eq!(dummies.filling(more, least).count(), 3);
        assert_eq!(more.max(least), Kinds { secret: 4, public: 3 });
    }
}
