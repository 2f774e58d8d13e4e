//! From a JSON document to a [`Config`], and from one to a [`SiteConfig`].

use super::{
    Cap, Caps, Common, Config, ConfigError, ConsentRules, Deadlines, Fault, KEYS_MAX, KeyConfig,
    Pointer, Problem, Rate, Scheme, SiteConfig, origin, section::Section,
};
use crate::{
    encoding::{base64_decode, json},
    id::{KeyId, Scopes, SiteId, scope_is_valid},
    secret::{Secret, SecretFault},
    time::Millis,
};
use alloc::{collections::BTreeMap, format, string::String, string::ToString, vec::Vec};
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
        if common.calls_kept <= common.conversion_delay {
            let problem = Problem::CallsForgottenUnsent {
                calls_s: common.calls_kept.0 / 1000,
                delay_s: common.conversion_delay.0 / 1000,
            };
            found.push(("retention.calls_s".into(), problem));
        }
        if self.sites.len() as u64 > common.caps.sites {
            found.push(("sites".into(), Problem::TooManySites(common.caps.sites)));
        }
        let keys: Vec<_> = self
            .sites
            .iter()
            .flat_map(|(id, site)| {
                site.keys.iter().enumerate().map(move |(index, key)| {
                    (format!("sites.{id}.keys[{index}].secret"), &key.secret)
                })
            })
            .collect();
        for (index, (path, secret)) in keys.iter().enumerate() {
            let earlier = keys.iter().take(index).find(|(_, other)| secret.same_key(other));
            if let Some((other, _)) = earlier {
                found.push((path.clone(), Problem::SameKey(other.clone())));
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

impl SiteConfig {
    /// The defaults, without a key: what an unknown site's requests are judged by before they are refused (law 2).
    pub(crate) fn stand_in() -> Self {
        Self {
            keys: Vec::new(),
            scheme: Scheme::StandardWebhooks,
            origins: Vec::new(),
            tolerance: Millis::from_secs(300),
            fingerprint: Pointer::default(),
            event_id: None,
            event_rate: Rate::token_bucket(20, 20),
            sync_site_rate: Rate::token_bucket(1000, 6000),
            sync_ip_rate: Rate::token_bucket(30, 60),
            consent: ConsentRules {
                record: Scopes::default(),
                convert: Scopes::default(),
                months: 6,
                policy_version_min: None,
            },
        }
    }

    /// Reads one site, as `sites.<id>` of a configuration.
    ///
    /// # Errors
    /// All faults of the document at once; paths begin with `sites.<id>`.
    pub fn from_json(document: &[u8], id: &SiteId, common: &Common) -> Result<Self, ConfigError> {
        let path = format!("sites.{id}");
        let value = json::value(document)
            .map_err(|json::NotJson| ConfigError::at(&*path, Problem::NotJson))?;
        let mut faults = Vec::new();
        let site = read_site(path.clone(), &value, common.allow_short_secrets, &mut faults);
        for fault in [Common::ttl_fault, Common::retention_fault] {
            if let Some(problem) = site.as_ref().and_then(|site| fault(common, id, site)) {
                faults.push(Fault { path: format!("{path}.tolerance_s"), problem });
            }
        }
        match site {
            Some(site) if faults.is_empty() => Ok(site),
            _ => Err(ConfigError { faults }),
        }
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

fn read_site(
    path: String,
    value: &Value,
    allow_short: bool,
    faults: &mut Vec<Fault>,
) -> Option<SiteConfig> {
    let mut site = Section::new(path, Some(value), faults);
    let scheme = read_scheme(&mut site);
    let keys = read_keys(&mut site, scheme, allow_short);
    let origins = site.texts("origins", 0..=64).unwrap_or_default();
    if !origins.iter().all(|text| origin::is_valid(text)) {
        let grammar = "serialised origins, `scheme://host[:port]` in lower case";
        site.fault("origins", Problem::Grammar(grammar));
    }
    let tolerance = Millis::from_secs(site.whole("tolerance_s", 1..=3600, 300));
    let pointer = site.text("fingerprint_pointer").unwrap_or("/fingerprint");
    let fingerprint = Pointer::new(pointer);
    if fingerprint.is_none() {
        let grammar = "a JSON pointer (RFC 6901) of at least one token";
        site.fault("fingerprint_pointer", Problem::Grammar(grammar));
    }
    let event_id = read_event_id(&mut site, scheme);
    let event_rate = read_rate(site.section("rate"), 20, 20);
    let mut sync = site.section("sync");
    let sync_site_rate = read_rate(sync.section("per_site"), 1000, 6000);
    let sync_ip_rate = read_rate(sync.section("per_ip"), 30, 60);
    sync.finish();
    let consent = read_consent(site.section("consent"));
    site.finish();
    Some(SiteConfig {
        keys,
        scheme,
        origins: origins.into_iter().map(String::from).collect(),
        tolerance,
        fingerprint: fingerprint?,
        event_id,
        event_rate,
        sync_site_rate,
        sync_ip_rate,
        consent,
    })
}

/// The scheme, and the named switch that one without a signed time needs.
fn read_scheme(site: &mut Section<'_>) -> Scheme {
    let scheme = match site.text("scheme") {
        None => Scheme::StandardWebhooks,
        Some(name) => Scheme::from_name(name).unwrap_or_else(|| {
            let names = "`standard-webhooks`, `github`, `stripe`, `slack` or `shopify`";
            site.fault("scheme", Problem::Grammar(names));
            Scheme::StandardWebhooks
        }),
    };
    if !site.flag("accept_untimed") && !scheme.signs_time() {
        site.fault("scheme", Problem::Untimed);
    }
    scheme
}

/// Where the body holds the event's id: Stripe's is known, Standard Webhooks signs one in a header.
fn read_event_id(site: &mut Section<'_>, scheme: Scheme) -> Option<Pointer> {
    let text = match site.text("event_id_pointer") {
        None if scheme == Scheme::Stripe => "/id",
        None => return None,
        Some(_) if scheme.signs_id() => {
            site.fault("event_id_pointer", Problem::SignsId);
            return None;
        }
        Some(text) => text,
    };
    let pointer = Pointer::new(text);
    if pointer.is_none() {
        let grammar = "a JSON pointer (RFC 6901) of at least one token";
        site.fault("event_id_pointer", Problem::Grammar(grammar));
    }
    pointer
}

fn read_keys(site: &mut Section<'_>, scheme: Scheme, allow_short: bool) -> Vec<KeyConfig> {
    let mut keys: Vec<KeyConfig> = Vec::new();
    let elements = match site.value("keys") {
        None => {
            if site.is_object() {
                site.fault("keys", Problem::Missing);
            }
            return keys;
        }
        Some(Value::Array(elements)) => elements,
        Some(_) => {
            site.fault("keys", Problem::Type("an array of objects"));
            return keys;
        }
    };
    if !(1..=KEYS_MAX).contains(&elements.len()) {
        site.fault("keys", Problem::Count { least: 1, most: KEYS_MAX, given: elements.len() });
        return keys;
    }
    for (index, element) in elements.iter().enumerate() {
        let path = site.path(&format!("keys[{index}]"));
        let mut key = Section::new(path, Some(element), site.faults());
        let id = read_key_id(&mut key, &keys);
        let secret = read_secret(&mut key, "secret", scheme, allow_short);
        if secret.is_none() && key.is_object() && !key.given("secret") {
            key.fault("secret", Problem::Missing);
        }
        key.finish();
        keys.extend(id.zip(secret).map(|(id, secret)| KeyConfig { id, secret }));
    }
    keys
}

fn read_key_id(key: &mut Section<'_>, earlier: &[KeyConfig]) -> Option<KeyId> {
    if key.is_object() && !key.given("id") {
        key.fault("id", Problem::Missing);
    }
    let id = KeyId::new(key.text("id")?);
    match &id {
        None => key.fault("id", Problem::Grammar("1 to 64 of A-Z a-z 0-9 . _ -")),
        Some(id) if earlier.iter().any(|key| key.id == *id) => key.fault("id", Problem::Twice),
        Some(_) => {}
    }
    id
}

/// A secret as the scheme's text, or as `{"base64": "…"}` for bytes as they are.
fn read_secret(
    section: &mut Section<'_>,
    member: &'static str,
    scheme: Scheme,
    allow_short: bool,
) -> Option<Secret> {
    let read = match section.value(member)? {
        Value::String(text) => scheme.secret(text),
        Value::Object(object) if object.len() == 1 && object.contains_key("base64") => {
            let text = object.get("base64").and_then(Value::as_str).unwrap_or_default();
            base64_decode(text.as_bytes())
                .ok_or(SecretFault::NotBase64)
                .and_then(|bytes| Secret::from_bytes(&zeroize::Zeroizing::new(bytes)))
        }
        _ => {
            section.fault(member, Problem::Type("a text, or bytes as `{\"base64\": \"…\"}`"));
            return None;
        }
    };
    let read = if allow_short { read } else { read.and_then(Secret::long_enough) };
    read.map_err(|fault| section.fault(member, fault.into())).ok()
}

fn read_rate(mut rate: Section<'_>, capacity: u64, per_minute: u64) -> Rate {
    const BOUNDS: core::ops::RangeInclusive<u64> = 1..=1_000_000;
    let strict = rate.flag("strict");
    if strict && rate.given("capacity") {
        rate.fault("capacity", Problem::CapacityWithStrict);
    }
    // Both are within BOUNDS, far below u32::MAX.
    let capacity = u32::try_from(rate.whole("capacity", BOUNDS, capacity)).unwrap_or(u32::MAX);
    let per_minute = u32::try_from(rate.whole("per_minute", BOUNDS, per_minute)).unwrap_or(1);
    rate.finish();
    if strict { Rate::strict(per_minute) } else { Rate::token_bucket(capacity, per_minute) }
}

fn read_consent(mut consent: Section<'_>) -> ConsentRules {
    let record = read_scopes(&mut consent, "record", "analytics");
    let convert = read_scopes(&mut consent, "convert", "marketing");
    let months = consent.whole("months", 1..=13, 6);
    let policy_version_min = match consent.value("policy_version_min") {
        None | Some(Value::Null) => None,
        Some(_) => Some(consent.whole("policy_version_min", 0..=i32::MAX as u64, 0)),
    };
    consent.finish();
    ConsentRules {
        record,
        convert,
        months: u32::try_from(months).unwrap_or(1),
        policy_version_min: policy_version_min.and_then(|version| version.try_into().ok()),
    }
}

fn read_scopes(consent: &mut Section<'_>, member: &'static str, default: &'static str) -> Scopes {
    let texts = consent.texts(member, 1..=16).unwrap_or_else(|| alloc::vec![default]);
    if !texts.iter().all(|text| scope_is_valid(text)) {
        consent.fault(member, Problem::Grammar("scopes of 1 to 64 bytes"));
    }
    Scopes::new(texts).unwrap_or_default()
}

fn read_common(root: &mut Section<'_>, allow_short_secrets: bool, sites: u64) -> Common {
    let mut claim = root.section("claim");
    let claim_ttl = Millis::from_secs(claim.whole("ttl_s", 1..=86_400, 600));
    let lease = Millis::from_secs(claim.whole("lease_s", 1..=3600, 30));
    claim.finish();

    let mut deadlines = root.section("deadline_ms");
    let mut deadline = |member, default| Millis(deadlines.whole(member, 1..=60_000, default));
    let read = Deadlines {
        admit: deadline("admit", 1000),
        find: deadline("find", 1000),
        record: deadline("record", 2000),
        settle: deadline("settle", 1000),
    };
    deadlines.finish();

    let mut conversion = root.section("conversion");
    let conversion_delay = Millis::from_secs(conversion.whole("delay_s", 0..=2_592_000, 21_600));
    conversion.finish();

    let mut retention = root.section("retention");
    let calls_kept = Millis::from_secs(retention.whole("calls_s", 1..=34_000_000, 86_400));
    let floors_kept = Millis::from_secs(retention.whole("floors_s", 1..=34_000_000, 3600));
    retention.finish();

    Common {
        claim_ttl,
        lease,
        caps: read_caps(root.section("caps"), sites),
        deadlines: read,
        conversion_delay,
        calls_kept,
        floors_kept,
        hash_secret: read_secret(root, "hash_secret", Scheme::StandardWebhooks, false),
        sessions_apart: root.flag("sessions_apart"),
        allow_short_secrets,
    }
}

fn read_caps(mut caps: Section<'_>, configured: u64) -> Caps {
    let body = caps.whole("body_bytes_max", 1..=16_777_216, 65_536);
    let sites = caps.whole("sites_max", 1..=100_000, (configured * 2).clamp(16, 100_000));
    let mut table = |all_member, site_member, default| {
        let all = caps.whole(all_member, 1..=1 << 40, default);
        let per_site = caps.whole(site_member, 1..=1 << 40, (all / sites).max(1));
        let product = per_site.saturating_mul(sites);
        if product > all {
            caps.fault(site_member, Problem::CapsSum { product, all });
        }
        Cap { all, per_site }
    };
    let read = Caps {
        body_bytes: usize::try_from(body).unwrap_or(usize::MAX),
        sites,
        claims: table("claims_max", "claims_per_site_max", 4_000_000),
        buckets: table("buckets_max", "buckets_per_site_max", 4_000_000),
        sessions: table("sessions_max", "sessions_per_site_max", 4_000_000),
        calls: table("calls_max", "calls_per_site_max", 4_000_000),
        calls_bytes: table("calls_bytes_max", "calls_bytes_per_site_max", 1 << 32),
        floors: table("floors_max", "floors_per_site_max", 400_000),
        tombstones: table("tombstones_max", "tombstones_per_site_max", 400_000),
        idempotency: table("idempotency_max", "idempotency_per_site_max", 4_000_000),
    };
    caps.finish();
    read
}
