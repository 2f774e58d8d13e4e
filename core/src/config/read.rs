//! From a JSON document to a [`Config`].

use super::{
    Common, Config, ConfigError, Deadlines, Fault, Problem, SiteConfig, read_common::read_common,
    read_site::read_site, section::Section,
};
use crate::{encoding::json, id::SiteId};
use alloc::{
    collections::{BTreeMap, btree_map::Entry},
    format,
    string::String,
    string::ToString,
    vec::Vec,
};
use serde_json::Value;

impl Config {
    /// Reads a whole configuration.
    ///
    /// # Errors
    /// All faults of the document at once, each with its path.
    pub fn from_json(document: &[u8]) -> Result<Self, ConfigError> {
        let value =
            json::value(document).map_err(|json::NotJson| ConfigError::at("", Problem::NotJson))?;
        let mut faults = Vec::new();
        let mut root = Section::new(String::new(), Some(&value), &mut faults);
        let allow_short_secrets = root.flag("allow_short_secrets");
        let sites = read_sites(&mut root, allow_short_secrets);
        let common = read_common(&mut root, allow_short_secrets, sites.len() as u64);
        root.finish();
        let config = Self { sites, common };
        for (path, problem) in config.conflicts() {
            faults.push(Fault { path, problem });
        }
        if faults.is_empty() { Ok(config) } else { Err(ConfigError { faults }) }
    }

    /// Faults that only show when everything is read.
    fn conflicts(&self) -> Vec<(String, Problem)> {
        let mut found = Vec::new();
        let common = &self.common;
        for (id, site) in &self.sites {
            found.extend(common.ttl_fault(id, site).map(|problem| ("claim.ttl_s".into(), problem)));
            let kept = common.retention_fault(id, site);
            found.extend(kept.map(|problem| ("retention.calls_s".into(), problem)));
        }
        found.extend(common.lease_fault().map(|problem| ("claim.lease_s".into(), problem)));
        if common.calls_kept <= common.conversion.delay {
            let problem = Problem::CallsForgottenUnsent {
                calls_s: common.calls_kept.0 / 1000,
                delay_s: common.conversion.delay.0 / 1000,
            };
            found.push(("retention.calls_s".into(), problem));
        }
        if self.sites.len() as u64 > common.caps.sites {
            found.push(("sites".into(), Problem::TooManySites(common.caps.sites)));
        }
        // Told apart by their digests: a site may list thousands of devices.
        let mut seen: BTreeMap<[u8; 32], String> = BTreeMap::new();
        for (id, site) in &self.sites {
            for (path, digest) in site.digests() {
                let path = format!("sites.{id}.{path}");
                match seen.entry(digest) {
                    Entry::Occupied(other) => {
                        found.push((path, Problem::SameKey(other.get().clone())));
                    }
                    Entry::Vacant(place) => drop(place.insert(path)),
                }
            }
        }
        found
    }
}

impl Common {
    pub(crate) fn ttl_fault(&self, id: &SiteId, site: &SiteConfig) -> Option<Problem> {
        (self.claim_ttl < site.tolerance.times(2)).then(|| Problem::TtlTooShort {
            ttl_s: self.claim_ttl.0 / 1000,
            tolerance_s: site.tolerance.0 / 1000,
            site: id.to_string(),
        })
    }

    /// A row must outlive every claim on its event: it is what keeps the event single when an answer was lost.
    pub(crate) fn retention_fault(&self, id: &SiteId, site: &SiteConfig) -> Option<Problem> {
        let claim = self.claim_ttl.max(site.tolerance.times(2).plus(self.lease));
        (self.calls_kept < claim).then(|| Problem::CallsForgottenEarly {
            calls_s: self.calls_kept.0 / 1000,
            claim_s: claim.0.div_ceil(1000),
            site: id.to_string(),
        })
    }

    fn lease_fault(&self) -> Option<Problem> {
        let Deadlines { admit, find, record, settle } = self.deadlines;
        let deadlines = admit.plus(find).plus(record).plus(settle);
        (self.lease <= deadlines)
            .then_some(Problem::LeaseTooShort { lease_ms: self.lease.0, deadlines_ms: deadlines.0 })
    }
}

fn read_sites(root: &mut Section<'_>, allow_short: bool) -> BTreeMap<SiteId, SiteConfig> {
    let mut sites = BTreeMap::new();
    let members = match root.value("sites") {
        None => {
            if root.is_object() {
                root.fault("sites", Problem::Missing);
            }
            return sites;
        }
        Some(Value::Object(members)) => members,
        Some(_) => {
            root.fault("sites", Problem::Type("an object"));
            return sites;
        }
    };
    for (name, value) in members {
        let path = format!("sites.{name}");
        let Some(id) = SiteId::new(name) else {
            let grammar = "named with 1 to 64 of a-z 0-9 . _ -";
            root.faults().push(Fault { path, problem: Problem::Grammar(grammar) });
            continue;
        };
        if sites.contains_key(&id) {
            root.faults().push(Fault { path, problem: Problem::Twice });
            continue;
        }
        if let Some(site) = read_site(path, value, allow_short, root.faults()) {
            sites.insert(id, site);
        }
    }
    sites
}
