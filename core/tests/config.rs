//! A configuration with faults is refused whole, and every fault is told with its place.
#![allow(clippy::unwrap_used, clippy::panic)]

use consentgate_core::{Config, Scheme, SecretFault, SiteConfig, ids::SiteId};

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
            "`sites.acme.keys[2].secret` must be a text, or bytes as `{\"base64\": \"…\"}`",
            "`sites.acme.tolerance_s` must be a whole number from 1 to 3600, not 0",
            "`sites.acme.origin` is not known here; known are `scheme`, `accept_untimed`, `keys`, `origins`, `tolerance_s`, `fingerprint_pointer`, `event_id_pointer`, `rate`, `sync`, `admit_rate`, `consent`, `devices`",
            "`sites.b.keys` must have 1 to 4 elements, not 0",
            "`sites.b.rate.capacity` is derived when `strict` is true; leave it out",
            "`sites.b.consent.record` must be scopes of 1 to 64 bytes",
            "`sites.b.consent.months` must be a whole number from 1 to 13, not 14",
            "`sites.no/site` must be named with 1 to 64 of a-z 0-9 . _ -",
            "`claim.ttl_s` must be a whole number",
            "`surprise` is not known here; known are `allow_short_secrets`, `sites`, `claim`, `deadline_ms`, `conversion`, `breaker`, `retention`, `caps`, `admission_fallback`, `hash_secret`, `sessions_apart`, `roles`",
            "`claim.lease_s` of 30000 ms is not longer than the deadlines together, 63000 ms",
        ]
    );
}

/// Found by the fuzz target `config`: the path of a nameless member was that of the document.
#[test]
fn a_member_without_a_name_has_a_path_of_its_own() {
    for (json, path) in [
        (r#"{"":{},"sites":{}}"#, "`\"\"` is not known here"),
        (r#"{"sites":{},"claim":{"":1}}"#, "`claim.\"\"` is not known here"),
    ] {
        let found = faults(json);
        assert!(found.iter().any(|fault| fault.starts_with(path)), "{found:?}");
    }
}

/// A whole configuration with more members.
fn with(more: &str) -> String {
    format!(r#"{{"sites":{{"a":{{{KEYS}}}}},{more}}}"#)
}

#[test]
fn every_fault_of_roles_has_its_path() {
    let json = with(
        r#""roles":{"a b":["x"],"agent":[1,"agent","x y","x","x"],"owner":"x","":[]},"role":{}"#,
    );
    assert_eq!(
        faults(&json),
        [
            "`roles.\"\"` must be named with 1 to 64 of A-Z a-z 0-9 . _ : -",
            "`roles.a b` must be named with 1 to 64 of A-Z a-z 0-9 . _ : -",
            "`roles.agent[0]` must be a text",
            "`roles.agent[1]` must be a name that no role has",
            "`roles.agent[2]` must be 1 to 64 of A-Z a-z 0-9 . _ : -",
            "`roles.agent[4]` is there twice",
            "`roles.owner` must be an array of texts",
            "`role` is not known here; known are `allow_short_secrets`, `sites`, `claim`, `deadline_ms`, `conversion`, `breaker`, `retention`, `caps`, `admission_fallback`, `hash_secret`, `sessions_apart`, `roles`",
        ]
    );
    assert_eq!(faults(&with(r#""roles":[]"#)), ["`roles` must be an object"]);
}

#[test]
fn law_9_the_queue_has_bounds_and_every_fault_its_path() {
    let json = with(
        r#""conversion":{"delay_s":2592001,"lease_s":0,"backoff_s":86401,"attempts_max":0,"retries":3}"#,
    );
    assert_eq!(
        faults(&json),
        [
            "`conversion.delay_s` must be a whole number from 0 to 2592000, not 2592001",
            "`conversion.lease_s` must be a whole number from 1 to 86400, not 0",
            "`conversion.backoff_s` must be a whole number from 1 to 86400, not 86401",
            "`conversion.attempts_max` must be a whole number from 1 to 1000, not 0",
            "`conversion.retries` is not known here; known are `delay_s`, `lease_s`, `backoff_s`, `attempts_max`",
        ]
    );
    for wrong in ["\"5\"", "1.0", "true", "null", "-1", "[]"] {
        for name in ["delay_s", "lease_s", "backoff_s", "attempts_max"] {
            let json = with(&format!(r#""conversion":{{"{name}":{wrong}}}"#));
            let told = format!("`conversion.{name}` must be a whole number");
            assert_eq!(faults(&json), [told], "{wrong}");
        }
    }
    assert_eq!(faults(&with(r#""conversion":[]"#)), ["`conversion` must be an object"]);

    let read = |json: &str| Config::from_json(json.as_bytes()).unwrap().common().conversion;
    let default = read(&with(r#""conversion":{}"#));
    let spans = [default.delay, default.lease, default.backoff].map(|span| span.0 / 1000);
    assert_eq!((spans, default.attempts_max), ([21_600, 300, 60], 10));
    let given = read(&with(
        r#""conversion":{"delay_s":0,"lease_s":86400,"backoff_s":1,"attempts_max":1000}"#,
    ));
    let spans = [given.delay, given.lease, given.backoff].map(|span| span.0 / 1000);
    assert_eq!((spans, given.attempts_max), ([0, 86_400, 1], 1000));
}

#[test]
fn law_11_the_breaker_has_bounds_and_every_fault_its_path() {
    let json = with(r#""breaker":{"failures":0,"rest_ms":600001,"rest_s":1}"#);
    assert_eq!(
        faults(&json),
        [
            "`breaker.failures` must be a whole number from 1 to 1000000, not 0",
            "`breaker.rest_ms` must be a whole number from 1 to 600000, not 600001",
            "`breaker.rest_s` is not known here; known are `failures`, `rest_ms`",
        ]
    );
    let json = with(r#""breaker":{"failures":1000001,"rest_ms":0}"#);
    assert_eq!(
        faults(&json),
        [
            "`breaker.failures` must be a whole number from 1 to 1000000, not 1000001",
            "`breaker.rest_ms` must be a whole number from 1 to 600000, not 0",
        ]
    );
    assert_eq!(faults(&with(r#""breaker":false"#)), ["`breaker` must be an object"]);

    let read = |json: &str| {
        let rules = Config::from_json(json.as_bytes()).unwrap().common().breaker;
        (rules.failures, rules.rest.0)
    };
    assert_eq!(read(&with(r#""breaker":{}"#)), (5, 5000));
    let most = r#""breaker":{"failures":1000000,"rest_ms":600000}"#;
    assert_eq!(read(&with(most)), (1_000_000, 600_000));
    assert_eq!(read(&with(r#""breaker":{"failures":1,"rest_ms":1}"#)), (1, 1));
}

#[test]
fn field_43_nothing_but_its_name_lets_memory_stand_in_for_the_store_of_admission() {
    let local =
        |json: &str| Config::from_json(json.as_bytes()).unwrap().common().admission_fallback;
    assert!(!local(&with(r#""claim":{}"#)), "fails closed");
    assert!(local(&with(r#""admission_fallback":"local""#)));
    for wrong in ["\"Local\"", "\"\"", "\"true\"", "\"memory\"", "\"local \""] {
        assert_eq!(
            faults(&with(&format!(r#""admission_fallback":{wrong}"#))),
            ["`admission_fallback` must be `local`, or left out"],
            "{wrong}"
        );
    }
    for wrong in ["true", "false", "null", "1", "[\"local\"]", "{}"] {
        assert_eq!(
            faults(&with(&format!(r#""admission_fallback":{wrong}"#))),
            ["`admission_fallback` must be a text"],
            "{wrong}"
        );
    }
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

fn of_scheme(name: &str, more: &str) -> String {
    format!(r#"{{"sites":{{"a":{{{KEYS},"scheme":"{name}"{more}}}}}}}"#)
}

#[test]
fn a_scheme_without_a_signed_time_needs_the_named_switch() {
    const UNTIMED: &str = "`sites.a.scheme` signs no time, so that a copy is acceptable for ever; `accept_untimed` would allow it";
    for scheme in ["github", "shopify"] {
        assert_eq!(faults(&of_scheme(scheme, "")), [UNTIMED]);
        assert_eq!(faults(&of_scheme(scheme, r#","accept_untimed":false"#)), [UNTIMED]);
        for not_true in ["1", "\"true\"", "null", "[]"] {
            let json = of_scheme(scheme, &format!(r#","accept_untimed":{not_true}"#));
            let told = ["`sites.a.accept_untimed` must be true or false", UNTIMED];
            assert_eq!(faults(&json), told, "FIELD 43: {not_true}");
        }
    }
    for (scheme, more) in [
        ("github", r#","accept_untimed":true"#),
        ("shopify", r#","accept_untimed":true"#),
        ("stripe", ""),
        ("slack", ""),
        ("standard-webhooks", r#","accept_untimed":true"#),
    ] {
        assert!(Config::from_json(of_scheme(scheme, more).as_bytes()).is_ok(), "{scheme} {more}");
    }
    for unknown in ["GitHub", "stripe ", "", "v1", "standard_webhooks", "sha1"] {
        let names = "`sites.a.scheme` must be `standard-webhooks`, `github`, `stripe`, `slack` or `shopify`";
        assert_eq!(faults(&of_scheme(unknown, "")), [names], "{unknown}");
    }
}

#[test]
fn an_id_in_the_body_is_for_schemes_that_sign_none_in_a_header() {
    let pointer = r#","event_id_pointer":"/id""#;
    for json in [
        of_scheme("standard-webhooks", pointer),
        format!(r#"{{"sites":{{"a":{{{KEYS}{pointer}}}}}}}"#),
    ] {
        let told =
            "`sites.a.event_id_pointer` is for schemes that sign no id in a header; leave it out";
        assert_eq!(faults(&json), [told]);
    }
    for scheme in ["stripe", "slack"] {
        assert!(Config::from_json(of_scheme(scheme, pointer).as_bytes()).is_ok(), "{scheme}");
        for no_pointer in ["", "id", "#/id", "/a~2", "/~"] {
            let json = of_scheme(scheme, &format!(r#","event_id_pointer":"{no_pointer}""#));
            let told = "`sites.a.event_id_pointer` must be a JSON pointer (RFC 6901) of at least one token";
            assert_eq!(faults(&json), [told], "{scheme} {no_pointer}");
        }
        for no_text in ["null", "1", "false", "[\"id\"]"] {
            let json = of_scheme(scheme, &format!(r#","event_id_pointer":{no_text}"#));
            assert_eq!(faults(&json), ["`sites.a.event_id_pointer` must be a text"], "{no_text}");
        }
    }
}

#[test]
fn field_4_a_text_secret_is_the_text_itself_and_never_blank() {
    let told = |secret: &str| {
        let keys = serde_json::json!([{"id": "k1", "secret": secret}]);
        let json = serde_json::json!({"sites": {"a": {"keys": keys, "scheme": "stripe"}}});
        Config::from_json(json.to_string().as_bytes()).err().map(|error| error.to_string())
    };
    let at = |problem: &str| Some(format!("`sites.a.keys[0].secret` {problem}"));
    for blank in ["", " ", "\n", "\t \r\n", "\u{a0}\u{3000}", &" ".repeat(64)] {
        assert_eq!(told(blank), at("is empty"), "{blank:?}");
    }
    let short = "is shorter than 24 bytes; `allow_short_secrets` would allow it";
    for text in ["whsec_", "x", "12345678901234567890123"] {
        assert_eq!(told(text), at(short), "{text}");
    }
    assert_eq!(told(&"x".repeat(513)), at("is longer than 512 bytes"));
    for text in [
        "whsec_no base64 at all!!",
        "123456789012345678901234",
        "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
    ] {
        assert_eq!(told(text), None, "{text}");
    }
    // One text, two schemes: two keys; with the same scheme it is one.
    let text = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
    let keys = format!(r#""keys":[{{"id":"k1","secret":"{text}"}}]"#);
    for (scheme, shared) in [("standard-webhooks", false), ("slack", true), ("stripe", true)] {
        let json = format!(
            r#"{{"sites":{{"a":{{{keys},"scheme":"stripe"}},"b":{{{keys},"scheme":"{scheme}"}}}}}}"#
        );
        let told = Config::from_json(json.as_bytes()).err();
        assert_eq!(told.is_some(), shared, "{scheme}: {told:?}");
    }
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

#[test]
fn law_12_faults_of_devices_name_places_and_no_device() {
    let json = format!(
        r#"{{"sites":{{"a":{{{KEYS},"devices":{{
            "keys":[{{"id":"m 1","secret":"AAAA"}}],"generations":[2,1],"per_ip":{{"capacity":0}},
            "directory":[
                {{"id":"whose device","revoked":true}},{{"id":"whose-device"}},
                {{"id":"d","secrets":[]}},{{"id":"e","generations":[0,1,2]}},
                {{"id":"f","revoked":true,"generations":[1]}},{{"revoked":true}},
                {{"id":"whose-g","revoked":true}},{{"id":"whose-g","revoked":true}},7,
                {{"id":"h","secrets":["whsec_",7]}},{{"id":"i","revoked":1}}
            ]}}}}}}}}"#
    );
    let found = faults(&json);
    let one = "must be given exactly one of `secrets`, `generations` and `revoked`: true";
    assert_eq!(
        found,
        [
            "keys[0].id` must be 1 to 64 of A-Z a-z 0-9 . _ -",
            "keys[0].secret` is shorter than 24 bytes; `allow_short_secrets` would allow it",
            "generations` must be an array of 1 or 2 ascending whole numbers from 0 to 2147483647",
            "directory[0].id` must be 1 to 128 of A-Z a-z 0-9 . _ -",
            &format!("directory[1].id` {one}"),
            "directory[2].secrets` must have 1 to 2 elements, not 0",
            "directory[3].generations` must have 1 to 2 elements, not 3",
            &format!("directory[4].id` {one}"),
            "directory[5].id` is missing",
            "directory[7].id` is there twice",
            "directory[8]` must be an object",
            "directory[9].secrets[0]` is empty",
            "directory[9].secrets[1]` must be a text, or bytes as `{\"base64\": \"…\"}`",
            "directory[10].revoked` must be true or false",
            &format!("directory[10].id` {one}"),
            "per_ip.capacity` must be a whole number from 1 to 1000000, not 0",
        ]
        .map(|fault| format!("`sites.a.devices.{fault}"))
    );
    assert!(!found.concat().contains("whose"));
    let empty = format!(r#"{{"sites":{{"a":{{{KEYS},"devices":{{}}}}}}}}"#);
    assert_eq!(faults(&empty), ["`sites.a.devices.keys` is missing"]);
}

#[test]
fn only_a_scheme_of_key_pairs_signs_with_a_private_key() {
    let seed = [7_u8; 64];
    let text = format!("whsk_{}", consentgate_core::base64_encode(&seed));
    for scheme in Scheme::ALL {
        let fault = scheme.sign_key(&text).unwrap_err();
        let expected = match scheme {
            // Read as a private key, whose halves do not belong together.
            Scheme::StandardWebhooks => SecretFault::HalvesDiffer,
            _ => SecretFault::PrivateKey,
        };
        assert_eq!(fault, expected, "{scheme:?}");
    }
}

#[test]
fn every_member_of_a_wrong_form_has_its_path() {
    let json = r#"{
        "sites": {
            "a": {"keys": {}, "origins": ["https://acme.example/"], "fingerprint_pointer": "", "consent": {"record": "x"}},
            "b": {"keys": [], "devices": {"keys": 1, "directory": 1}},
            "c": {"keys": [], "devices": {"keys": [], "directory": [{"id": "d", "secrets": "x"}]}}
        },
        "caps": {"sites_max": 2, "floors_max": 10, "floors_per_site_max": 6}
    }"#;
    let found = faults(json);
    for fault in [
        "`sites.a.keys` must be an array of objects",
        "`sites.a.origins",
        "`sites.a.fingerprint_pointer",
        "`sites.a.consent.record` must be an array of texts",
        "`sites.b.devices.keys` must be an array of objects",
        "`sites.b.devices.directory` must be an array of objects",
        "`sites.c.devices.directory[0].secrets` must be an array of secrets",
        "`caps.floors_per_site_max` ",
    ] {
        let told = found.iter().filter(|found| found.starts_with(fault)).count();
        assert_eq!(told, 1, "{fault} in {found:#?}");
    }
    assert_eq!(faults(r#"{"sites": []}"#), ["`sites` must be an object"]);
    let other = KEYS.replace("MDEy", "MDEz");
    let two = format!(r#"{{"sites":{{"a":{{{KEYS}}},"b":{{{other}}}}},"caps":{{"sites_max":1}}}}"#);
    let [fault] = &faults(&two)[..] else { panic!("one fault") };
    assert!(fault.starts_with("`sites` "), "{fault}");
}
