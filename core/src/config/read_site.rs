//! From a JSON document to a [`SiteConfig`], and one site of a whole configuration.

use super::{
    Common, ConfigError, ConsentRules, DeviceRules, Fault, KEYS_MAX, KeyConfig, Pointer, Problem,
    Rate, Scheme, SiteConfig, origin, read_devices::read_devices, read_secret::verify_key_of,
    section::Section,
};
use crate::{
    encoding::json,
    id::{KeyId, Scopes, SiteId, scope_is_valid},
    secret::VerifyKey,
    time::Millis,
};
use alloc::{format, string::String, vec::Vec};
use serde_json::Value;

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
            admit_rate: Rate::token_bucket(1000, 6000),
            devices: None,
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

impl SiteConfig {
    /// The digest of every key of the site, each with its path below it.
    pub(crate) fn digests(&self) -> impl Iterator<Item = (String, [u8; 32])> {
        let keys = self.keys.iter().enumerate();
        let keys = keys.map(|(at, listed)| (format!("keys[{at}].secret"), listed.key.digest()));
        let devices = self.devices.iter().flat_map(DeviceRules::secrets);
        keys.chain(devices.map(|(path, secret)| (path, secret.digest())))
    }
}

pub(super) fn read_site(
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
    let admit_rate = read_rate(site.section("admit_rate"), 1000, 6000);
    let consent = read_consent(site.section("consent"));
    let devices = read_devices(&mut site, allow_short);
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
        admit_rate,
        devices,
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

fn read_keys(
    site: &mut Section<'_>,
    scheme: Scheme,
    allow_short: bool,
) -> Vec<KeyConfig<VerifyKey>> {
    let elements = match site.value("keys") {
        None => {
            if site.is_object() {
                site.fault("keys", Problem::Missing);
            }
            return Vec::new();
        }
        Some(Value::Array(elements)) => elements,
        Some(_) => {
            site.fault("keys", Problem::Type("an array of objects"));
            return Vec::new();
        }
    };
    read_key_list(site, elements, 1, |value| verify_key_of(value, scheme, allow_short))
}

/// The keys of an array, oldest first: `least` of them at the least.
pub(super) fn read_key_list<Key>(
    site: &mut Section<'_>,
    elements: &[Value],
    least: usize,
    key_of: impl Fn(&Value) -> Result<Key, Problem>,
) -> Vec<KeyConfig<Key>> {
    let mut keys: Vec<KeyConfig<Key>> = Vec::new();
    if !(least..=KEYS_MAX).contains(&elements.len()) {
        site.fault("keys", Problem::Count { least, most: KEYS_MAX, given: elements.len() });
        return keys;
    }
    for (index, element) in elements.iter().enumerate() {
        let path = site.path(&format!("keys[{index}]"));
        let mut listed = Section::new(path, Some(element), site.faults());
        let id = read_key_id(&mut listed, &keys);
        let key = listed.value("secret").map(&key_of);
        if key.is_none() && listed.is_object() {
            listed.fault("secret", Problem::Missing);
        }
        let key = key.and_then(|key| key.map_err(|problem| listed.fault("secret", problem)).ok());
        listed.finish();
        keys.extend(id.zip(key).map(|(id, key)| KeyConfig { id, key }));
    }
    keys
}

fn read_key_id<Key>(key: &mut Section<'_>, earlier: &[KeyConfig<Key>]) -> Option<KeyId> {
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

pub(super) fn read_rate(mut rate: Section<'_>, capacity: u64, per_minute: u64) -> Rate {
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
