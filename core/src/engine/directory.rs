use crate::{
    config::{Common, ConfigError, KEYS_MAX, Problem, SiteConfig},
    id::SiteId,
    secret::MacKey,
    site::{RETIRED_MAX, Site},
    time::{Millis, Timestamp},
};
use alloc::{collections::BTreeMap, format, sync::Arc};

/// What an unknown site's requests are judged by before they are refused (law 2).
#[derive(Debug)]
pub(super) struct StandIn {
    pub(super) config: SiteConfig,
    pub(super) key: MacKey,
}

/// The sites in force, and those that were lately removed. A change makes a new directory.
#[derive(Clone, Debug)]
pub struct Directory {
    sites: Arc<BTreeMap<SiteId, Arc<Site>>>,
    /// The most keys that any site lists: what every judgement of a signature costs (law 2).
    keys_max: usize,
    stand_in: Arc<StandIn>,
}

impl Directory {
    pub(super) fn new(
        sites: BTreeMap<SiteId, SiteConfig>,
        common: &Common,
        now: Timestamp,
    ) -> Self {
        let site = |(id, config): (SiteId, SiteConfig)| {
            let keep = keep(common, &config);
            (id.clone(), Arc::new(Site::new(id, config, None, keep, now)))
        };
        Self::of(sites.into_iter().map(site).collect())
    }

    fn of(sites: BTreeMap<SiteId, Arc<Site>>) -> Self {
        let keys_max = sites.values().map(|site| site.keys.len()).max().unwrap_or(1);
        debug_assert!(keys_max <= KEYS_MAX, "the configuration bounds it");
        let stand_in = StandIn { config: SiteConfig::stand_in(), key: MacKey::dummy() };
        let stand_in = Arc::new(stand_in);
        Self { sites: Arc::new(sites), keys_max: keys_max.max(1), stand_in }
    }

    pub(super) fn active(&self, id: &SiteId) -> Option<&Arc<Site>> {
        self.sites.get(id).filter(|site| site.active)
    }

    pub(super) fn keys_max(&self) -> usize {
        self.keys_max
    }

    /// What an unknown site's requests are judged by before they are refused (law 2).
    pub(super) fn stand_in(&self) -> &StandIn {
        &self.stand_in
    }

    pub(super) fn with(
        &self,
        id: SiteId,
        config: SiteConfig,
        common: &Common,
        now: Timestamp,
    ) -> Result<Self, ConfigError> {
        let path = format!("sites.{id}");
        let others = || self.sites.values().filter(|site| site.id != id);
        let active = others().filter(|site| site.active).count() as u64;
        if active >= common.caps.sites {
            return Err(ConfigError::at(path, Problem::TooManySites(common.caps.sites)));
        }
        for (index, key) in config.keys.iter().enumerate() {
            let shared =
                others().find(|site| site.secrets(now).any(|own| own.same_key(&key.secret)));
            let earlier =
                config.keys.iter().take(index).any(|own| own.secret.same_key(&key.secret));
            let other = shared.map(|site| &site.id).or(earlier.then_some(&id));
            if let Some(other) = other {
                let problem = Problem::SameKey(format!("sites.{other}.keys"));
                return Err(ConfigError::at(format!("{path}.keys[{index}].secret"), problem));
            }
        }
        let before = self.sites.get(&id);
        // The longer of both configurations' claims is to be outlived.
        let keep =
            keep(common, &config).max(before.map_or(Millis::ZERO, |b| keep(common, &b.config)));
        let site = Site::new(id.clone(), config, before.map(|before| &**before), keep, now);
        if site.retired.len() > RETIRED_MAX {
            return Err(ConfigError::at(path + ".keys", Problem::TooManyRetired(RETIRED_MAX)));
        }
        let mut sites = self.remembered(now);
        sites.insert(id, Arc::new(site));
        Ok(Self::of(sites))
    }

    pub(super) fn without(&self, id: &SiteId, common: &Common, now: Timestamp) -> Self {
        let mut sites = self.remembered(now);
        if let Some(site) = self.sites.get(id) {
            let removed = site.removed(keep(common, &site.config), now);
            sites.insert(id.clone(), Arc::new(removed));
        }
        Self::of(sites)
    }

    /// The sites without those removed ones of which no claim can live any more.
    fn remembered(&self, now: Timestamp) -> BTreeMap<SiteId, Arc<Site>> {
        let live = |site: &Site| site.active || site.retired.iter().any(|old| now < old.until);
        let sites = self.sites.iter().filter(|(_, site)| live(site));
        sites.map(|(id, site)| (id.clone(), site.clone())).collect()
    }
}

/// The longest that a claim made under this configuration can live.
fn keep(common: &Common, site: &SiteConfig) -> Millis {
    common.claim_ttl.max(site.tolerance.times(2).plus(common.lease))
}
