//! A site in force: its configuration with keys made ready, and the keys that it has lately given up.

use crate::{
    config::SiteConfig,
    id::{KeyId, SiteId},
    secret::{MacKey, Secret},
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
    pub(crate) keys: Vec<MacKey>,
    pub(crate) retired: Vec<Retired>,
}

/// A key that verifies nothing any more. Until no claim made beside it can live, its signatures are claimed too:
/// else a copy of an event without the other signature would be a new one (FIELD 18).
#[derive(Clone, Debug)]
pub(crate) struct Retired {
    pub(crate) secret: Secret,
    pub(crate) mac_key: MacKey,
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
        let keys = config.keys.iter().map(|key| key.secret.mac_key()).collect();
        let mut retired = before.map(|before| before.retire_all(keep, now)).unwrap_or_default();
        retired.retain(|old| !config.keys.iter().any(|key| key.secret.same_key(&old.secret)));
        Self { id, config, active: true, keys, retired }
    }

    /// The site after its removal.
    pub(crate) fn removed(&self, keep: Millis, now: Timestamp) -> Self {
        Self {
            id: self.id.clone(),
            config: self.config.clone(),
            active: false,
            keys: Vec::new(),
            retired: self.retire_all(keep, now),
        }
    }

    /// All keys, listed and still remembered ones, as retired.
    fn retire_all(&self, keep: Millis, now: Timestamp) -> Vec<Retired> {
        let listed = self.config.keys.iter().zip(&self.keys).map(|(key, mac_key)| Retired {
            secret: key.secret.clone(),
            mac_key: mac_key.clone(),
            until: now.plus(keep),
        });
        let remembered = self.retired.iter().filter(|old| now < old.until).cloned();
        if self.active { listed.chain(remembered).collect() } else { remembered.collect() }
    }

    /// The name of the key at a place.
    pub(crate) fn key_id(&self, index: usize) -> Option<KeyId> {
        self.config.keys.get(index).map(|key| key.id.clone())
    }

    /// Every secret that this site verifies with or still remembers.
    pub(crate) fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        let listed = self.config.keys.iter().map(|key| &key.secret).filter(|_| self.active);
        let remembered = self.retired.iter().filter(move |old| now < old.until);
        listed.chain(remembered.map(|old| &old.secret))
    }
}
