//! A site in force: its configuration with keys made ready, and the keys that it has lately given up.

mod devices;

pub(crate) use devices::{Candidate, Candidates, DeviceKeys};

use crate::{
    config::SiteConfig,
    id::{DeviceId, KeyId, SiteId},
    secret::{Verifier, VerifyKey},
    time::{Millis, Timestamp},
};
use alloc::vec::Vec;

/// The most keys that one site may give up within the life of a claim.
pub(crate) const RETIRED_MAX: usize = 8;

/// One tenant as flows see it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) id: SiteId,
    pub(crate) config: SiteConfig,
    /// A removed site verifies nothing, but its keys are still remembered.
    pub(crate) active: bool,
    pub(crate) keys: Vec<Verifier>,
    pub(crate) devices: Option<DeviceKeys>,
    pub(crate) retired: Vec<Retired>,
}

/// A key that verifies nothing any more. Until no claim made beside it can live, its signatures are claimed too:
/// else a copy of an event without the other signature would be a new one (FIELD 18).
#[derive(Clone, Debug)]
pub(crate) struct Retired {
    pub(crate) key: VerifyKey,
    pub(crate) verifier: Verifier,
    pub(crate) until: Timestamp,
}

impl Site {
    /// Puts a site in force, after `before` where there was one; keys that are no longer listed are remembered.
    pub(crate) fn new(
        id: SiteId,
        config: SiteConfig,
        before: Option<&Self>,
        keep: Millis,
        now: Timestamp,
    ) -> Self {
        let keys = config.keys.iter().map(|listed| listed.key.verifier()).collect();
        let mut retired = before.map(|before| before.retire_all(keep, now)).unwrap_or_default();
        retired.retain(|old| !config.keys.iter().any(|listed| listed.key.same_key(&old.key)));
        let devices = config.devices.as_ref().map(DeviceKeys::new);
        Self { id, config, active: true, keys, devices, retired }
    }

    /// The site after its removal.
    pub(crate) fn removed(&self, keep: Millis, now: Timestamp) -> Self {
        Self {
            id: self.id.clone(),
            config: self.config.clone(),
            active: false,
            keys: Vec::new(),
            devices: None,
            retired: self.retire_all(keep, now),
        }
    }

    /// All keys, listed and still remembered ones, as retired.
    fn retire_all(&self, keep: Millis, now: Timestamp) -> Vec<Retired> {
        let listed = self.config.keys.iter().zip(&self.keys).map(|(listed, verifier)| Retired {
            key: listed.key.clone(),
            verifier: verifier.clone(),
            until: now.plus(keep),
        });
        let remembered = self.retired.iter().filter(|old| now < old.until).cloned();
        if self.active { listed.chain(remembered).collect() } else { remembered.collect() }
    }

    /// The name of the key at a place.
    pub(crate) fn key_id(&self, index: usize) -> Option<KeyId> {
        self.config.keys.get(index).map(|key| key.id.clone())
    }

    /// The name of the master key at a place.
    pub(crate) fn device_key_id(&self, index: usize) -> Option<KeyId> {
        self.config.devices.as_ref()?.keys.get(index).map(|key| key.id.clone())
    }

    /// What a device may have signed with; none if the site has no devices.
    pub(crate) fn candidates(&self, device: &DeviceId) -> Option<Candidates<'_>> {
        Some(self.devices.as_ref()?.of(self.config.devices.as_ref()?, device))
    }

    /// The digest of every key that this site verifies with or still remembers, and in which of its members.
    pub(crate) fn digests(&self, now: Timestamp) -> impl Iterator<Item = (&'static str, [u8; 32])> {
        let member = |path: &str| if path.starts_with("devices") { "devices" } else { "keys" };
        let listed = self.config.digests().filter(|_| self.active);
        let remembered = self.retired.iter().filter(move |old| now < old.until);
        let listed = listed.map(move |(path, digest)| (member(&path), digest));
        listed.chain(remembered.map(|old| ("keys", old.key.digest())))
    }
}
