//! A configuration with faults is refused whole, and every fault is told with its place.
#![allow(clippy::unwrap_used)]

use consentgate_core::{Config, SiteConfig, ids::SiteId};

fn faults(json: &str) -> Vec<String> {
    let error = Config::from_json(json.as_bytes()).unwrap_err();
    error.faults().iter().map(ToString::to_string).collect()
}

const KEYS: &str = r#""keys":[{"id":"k1","secret":"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}]"#;

#[test]
fn all_faults_come_at_once_each_with_its_path() {
    let json = r#"{
        "sites": {
            "acme": {"keys": [{"id": "k 1", "secret": "whsec_"}, {"id": "k2", "secret": "AAAA"}, {"secret": 7}], "tolerance_s": 0, "origin": []},
            "no/site": {},
            "b": {"keys": [], "rate": {"strict": true, "capacity": 3}, "consent": {"months": 14, "record": [""]}}
        },
        "claim": {"ttl_s": 1.5},
        "deadline_ms": {"record": 60000},
        "surprise": 1
    }"#;
    assert_eq!(
        faults(json),
        [
            "`sites.acme.keys[0].id` must be 1 to 64 of A-Z a-z 0-9 . _ -",
            "`sites.acme.keys[0].secret` is empty",
            "`sites.acme.keys[1].secret` is shorter than 24 bytes; `allow_short_secrets` would allow it",
            "`sites.acme.keys[2].id` is missing",
            "`sites.acme.keys[2].secret` is not base64 (standard alphabet, padded), with or without the prefix `whsec_`",
            "`sites.acme.tolerance_s` must be a whole number from 1 to 3600, not 0",
            "`sites.acme.origin` is not known here; known are `scheme`, `accept_untimed`, `keys`, `origins`, `tolerance_s`, `fingerprint_pointer`, `event_id_pointer`, `rate`, `sync`, `consent`",
            "`sites.b.keys` must have 1 to 4 elements, not 0",
            "`sites.b.rate.capacity` is derived when `strict` is true; leave it out",
            "`sites.b.consent.record` must be scopes of 1 to 64 bytes",
            "`sites.b.consent.months` must be a whole number from 1 to 13, not 14",
            "`sites.no/site` must be named with 1 to 64 of a-z 0-9 . _ -",
            "`claim.ttl_s` must be a whole number",
            "`surprise` is not known here; known are `allow_short_secrets`, `sites`, `claim`, `deadline_ms`, `conversion`, `retention`, `caps`, `hash_secret`, `sessions_apart`",
            "`claim.lease_s` of 30000 ms is not longer than the deadlines together, 63000 ms",
        ]
    );
}

#[test]
fn the_document_itself_must_be_strict_json() {
    for json in [
        "",
        "[]x",
        "{\"sites\":{},\"sites\":{}}",
        "\u{feff}{}",
        "{\"sites\":{\"a\":{\"keys\":[],\"keys\":[]}}}",
    ] {
        assert_eq!(
            faults(json),
            ["the configuration is not strict JSON (RFC 8259, no duplicate keys)"],
            "{json}"
        );
    }
    assert_eq!(faults("[]"), ["the configuration must be an object"]);
    assert_eq!(faults("{}"), ["`sites` is missing"]);
}

#[test]
fn field_16_a_replay_is_never_forgotten_while_it_is_acceptable() {
    let json = format!(r#"{{"sites":{{"a":{{{KEYS},"tolerance_s":301}}}}}}"#);
    assert_eq!(
        faults(&json),
        ["`claim.ttl_s` of 600 s is shorter than twice the tolerance of 301 s of site `a`"]
    );
    let json = format!(
        r#"{{"sites":{{"a":{{{KEYS}}}}},"retention":{{"calls_s":629}},"conversion":{{"delay_s":0}}}}"#
    );
    assert_eq!(
        faults(&json),
        ["`retention.calls_s` of 629 s is shorter than a claim of site `a` can live, 630 s"]
    );
    let json = format!(r#"{{"sites":{{"a":{{{KEYS}}}}},"retention":{{"calls_s":21600}}}}"#);
    assert_eq!(
        faults(&json),
        ["`retention.calls_s` of 21600 s is not longer than `conversion.delay_s`, 21600 s"]
    );
}

#[test]
fn law_8_two_sites_never_share_a_key() {
    let json = format!(r#"{{"sites":{{"a":{{{KEYS}}},"b":{{{KEYS}}}}}}}"#);
    assert_eq!(
        faults(&json),
        ["`sites.b.keys[0].secret` has the same key bytes as `sites.a.keys[0].secret`"]
    );
    let json = format!(r#"{{"sites":{{"a":{{{KEYS}}},"A ":{{{KEYS}}}}}}}"#);
    assert!(
        faults(&json).iter().any(|fault| fault == "`sites.a` is there twice"),
        "{:?}",
        faults(&json)
    );
}

#[test]
fn a_site_set_at_run_time_is_held_to_the_same_rules() {
    let json = format!(r#"{{"sites":{{"a":{{{KEYS}}}}}}}"#);
    let config = Config::from_json(json.as_bytes()).unwrap();
    let id = SiteId::new("b").unwrap();
    let error =
        SiteConfig::from_json(br#"{"tolerance_s":3000}"#, &id, config.common()).unwrap_err();
    let faults: Vec<_> = error.faults().iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(faults, ["sites.b.keys", "sites.b.tolerance_s"]);
}
