use crate::{
    config::{Common, ConfigError, DeviceRules, KEYS_MAX, Problem, SiteConfig},
    id::SiteId,
    replay,
    secret::{Dummies, Kinds, MasterKey},
    site::{RETIRED_MAX, Site},
    time::{Millis, Timestamp},
};
use alloc::{collections::BTreeMap, format, string::String, sync::Arc};

/// What an unknown site's requests are judged by before they are refused (law 2).
#[derive(Debug)]
pub(super) struct StandIn {
    pub(super) config: SiteConfig,
    pub(super) keys: Dummies,
    pub(super) master: MasterKey,
}

/// The sites in force, and those that were lately removed. A change makes a new directory.
#[derive(Clone, Debug)]
pub struct Directory {
    sites: Arc<BTreeMap<SiteId, Arc<Site>>>,
    /// The most keys of each kind that any site lists: what every judgement of a signature costs (law 2).
    keys_max: Kinds,
    /// The most secrets that a device of any site is tried with, which is what every judgement of one costs.
    device_tries_max: usize,
    /// The site that lists the most devices, if any has some.
    most_devices: Option<Arc<Site>>,
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
        let least = Kinds { secret: 1, public: 0 };
        let keys_max = sites.values().map(|site| Kinds::of(&site.keys)).fold(least, Kinds::max);
        debug_assert!(keys_max.secret.max(keys_max.public) <= KEYS_MAX, "bounded when read");
        let stand_in = StandIn {
            config: SiteConfig::stand_in(),
            keys: Dummies::new(),
            master: MasterKey::dummy(),
        };
        let active = || sites.values().filter(|site| site.active);
        let devices = active().filter_map(|site| site.config.devices.as_ref());
        let device_tries_max = devices.map(DeviceRules::tries_max).max().unwrap_or(1).max(1);
        let listed = |site: &Site| site.config.devices.as_ref().map(|rules| rules.directory.len());
        let with_devices = active().filter(|site| site.devices.is_some());
        let most_devices = with_devices.max_by_key(|site| listed(site)).cloned();
        let (sites, stand_in) = (Arc::new(sites), Arc::new(stand_in));
        Self { sites, keys_max, device_tries_max, most_devices, stand_in }
    }

    pub(super) fn active(&self, id: &str) -> Option<&Arc<Site>> {
        self.sites.get(id).filter(|site| site.active)
    }

    pub(super) fn most_devices(&self) -> Option<&Arc<Site>> {
        self.most_devices.as_ref()
    }

    pub(super) fn device_tries_max(&self) -> usize {
        self.device_tries_max
    }

    pub(super) fn keys_max(&self) -> Kinds {
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
        shared_key(&id, &config, others(), now)?;
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
    replay::keep_longest(common.claim_ttl, site.tolerance, common.lease)
}

/// No two sites share a key, and no site lists one twice (law 8). Told apart by their digests: a site may list thousands
/// of devices.
fn shared_key<'a>(
    id: &SiteId,
    config: &SiteConfig,
    others: impl Iterator<Item = &'a Arc<Site>>,
    now: Timestamp,
) -> Result<(), ConfigError> {
    let mut seen: BTreeMap<[u8; 32], String> = BTreeMap::new();
    for site in others {
        for (member, digest) in site.digests(now) {
            seen.entry(digest).or_insert_with(|| format!("sites.{}.{member}", site.id));
        }
    }
    for (path, digest) in config.digests() {
        if let Some(other) = seen.get(&digest) {
            let problem = Problem::SameKey(other.clone());
            return Err(ConfigError::at(format!("sites.{id}.{path}"), problem));
        }
        let member = if path.starts_with("devices") { "devices" } else { "keys" };
        seen.insert(digest, format!("sites.{id}.{member}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{config::Config, encoding::base64_encode, engine::Engine, time::Timestamp};
    use alloc::format;

    #[test]
    fn law_2_an_unknown_device_costs_what_the_site_with_the_most_costs() {
        let [a, b, master] = [1, 2, 3].map(|byte| base64_encode(&[byte; 32]));
        let devices = format!(
            r#"{{"keys":[{{"id":"m","secret":"{master}"}}],"generations":[0,1],"directory":[{{"id":"d","revoked":true}}]}}"#
        );
        let config = format!(
            r#"{{"sites":{{"a":{{"keys":[{{"id":"k","secret":"{a}"}}]}},"b":{{"keys":[{{"id":"k","secret":"{b}"}}],"devices":{devices}}}}}}}"#
        );
        let config = Config::from_json(config.as_bytes()).unwrap();
        let directory = Engine::new(config, &[9; 32], Timestamp::MIN).directory;
        assert_eq!(directory.device_tries_max(), 2);
        assert_eq!(directory.most_devices().unwrap().id.as_str(), "b");
    }
}
