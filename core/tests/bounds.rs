//! Law 9: what is exactly at a bound is within it, and one more is not: a body, and each member of a configuration.
#![allow(clippy::unwrap_used, clippy::panic)]

use consentgate_core::{
    Config, Decision, DeviceRequest, Engine, Reason, Request, Timestamp, base64_encode,
    flow::{Flow, Step},
    ids::Unique,
};
use std::borrow::Cow;

const CAP: usize = 100;
const CONFIG: &str = r#"{"sites": {"acme": {
    "keys": [{"id": "k1", "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}], "origins": ["https://acme.example"]}},
    "caps": {"body_bytes_max": 100}}"#;

fn unique() -> Unique {
    Unique { owner: [1; 16], call_id: [2; 16] }
}

fn answer(mut flow: impl Flow) -> Decision {
    let Step::Done(decision) = flow.start() else { panic!("it is refused") };
    decision
}

#[test]
fn law_9_every_flow_looks_at_a_body_of_the_cap_and_at_none_above_it() {
    let config = Config::from_json(CONFIG.as_bytes()).unwrap();
    let engine = Engine::new(config, &[9; 32], Timestamp::MIN);
    for (length, is_too_large) in [(CAP, false), (CAP + 1, true)] {
        let body = vec![b' '; length];
        let headers = [("origin", "https://acme.example")];
        let request = Request { site: "acme", headers: &headers, body: &body, ip: None };
        let device = DeviceRequest {
            site: "acme",
            method: "POST",
            url: "/",
            headers: &headers,
            body: &body,
            ip: None,
        };
        let now = Timestamp::MIN;
        let answers = [
            answer(engine.call_event(&request, Cow::Borrowed(&body), || None, unique, now)),
            answer(engine.admit(&request, unique, now)),
            answer(engine.sync_session(&request, unique, now)),
            answer(engine.device(&device, unique, now)),
        ];
        for decision in answers {
            assert_eq!(decision.reason() == Reason::TooLarge, is_too_large, "{decision:?}");
            assert_eq!(decision.status() == 413, is_too_large, "{decision:?}");
        }
    }
}

const KEYS: &str = r#""keys":[{"id":"k1","secret":"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}]"#;

fn faults(json: &str) -> Vec<String> {
    let read = Config::from_json(json.as_bytes());
    read.err()
        .map_or_else(Vec::new, |error| error.faults().iter().map(ToString::to_string).collect())
}

/// A configuration of one site, with more members of the site and of the document.
fn with(site: &str, more: &str) -> String {
    format!(r#"{{"sites":{{"a":{{{KEYS}{site}}}}}{more}}}"#)
}

/// A configuration with so many of something.
type Json<'a> = &'a dyn Fn(usize) -> String;

/// So many sites, each with a key of its own.
fn sites(count: u8, more: &str) -> String {
    let site = |n| {
        let secret = base64_encode(&[n; 24]);
        format!(r#""s{n}":{{"keys":[{{"id":"k1","secret":"{secret}"}}]}}"#)
    };
    let sites: Vec<_> = (0..count).map(site).collect();
    format!(r#"{{"sites":{{{}}}{more}}}"#, sites.join(","))
}

#[test]
fn law_9_as_many_sites_as_the_cap_and_room_for_as_many_more_where_none_is_given() {
    assert_eq!(faults(&sites(3, r#","caps":{"sites_max":3}"#)), [""; 0]);
    let more = faults(&sites(3, r#","caps":{"sites_max":2}"#));
    assert!(matches!(&more[..], [fault] if fault.starts_with("`sites` ")), "{more:?}");
    let caps = |count| Config::from_json(sites(count, "").as_bytes()).unwrap().common().caps;
    assert_eq!([1, 8, 9, 20].map(|count| caps(count).sites), [16, 16, 18, 40]);
    let claims = caps(20).claims;
    assert_eq!((claims.all, claims.per_site), (4_000_000, 100_000), "law 8: an equal share");
}

#[test]
fn law_9_lists_have_their_most_and_one_more_is_a_fault() {
    let listed = |count: usize, entry: &dyn Fn(usize) -> String| {
        (0..count).map(entry).collect::<Vec<_>>().join(",")
    };
    let role = |n| format!(r#""r{n}":["p"]"#);
    let permission = |n| format!(r#""p{n}""#);
    let device = |n| format!(r#"{{"id":"d{n}","revoked":true}}"#);
    let scope = |n| format!(r#""s{n}""#);
    let roles = |n| with("", &format!(r#","roles":{{{}}}"#, listed(n, &role)));
    let permissions = |n| with("", &format!(r#","roles":{{"r":[{}]}}"#, listed(n, &permission)));
    let devices = |n| with(&format!(r#","devices":{{"directory":[{}]}}"#, listed(n, &device)), "");
    let scopes = |n| with(&format!(r#","consent":{{"record":[{}]}}"#, listed(n, &scope)), "");
    let cases: [(Json<'_>, usize, &str); 4] = [
        (&roles, 256, "`roles` must have 0 to 256 elements, not 257"),
        (&permissions, 256, "`roles.r` must have 0 to 256 elements, not 257"),
        (&devices, 10_000, "`sites.a.devices.directory` must have 0 to 10000 elements, not 10001"),
        (&scopes, 16, "`sites.a.consent.record` must have 1 to 16 elements, not 17"),
    ];
    for (json, most, told) in cases {
        assert_eq!(faults(&json(most)), [""; 0]);
        assert!(faults(&json(most + 1)).contains(&told.to_owned()), "{told}");
    }
    let none = faults(&scopes(0));
    assert_eq!(none, ["`sites.a.consent.record` must have 1 to 16 elements, not 0"]);
}

#[test]
fn field_16_rows_may_live_exactly_as_long_as_a_claim() {
    let kept = |calls_s: u32| {
        let more = format!(r#","retention":{{"calls_s":{calls_s}}},"conversion":{{"delay_s":0}}"#);
        faults(&with("", &more)).len()
    };
    assert_eq!([629, 630].map(kept), [1, 0]);
}

#[test]
fn generations_ascend_and_fit_every_store() {
    let generations = |list: &str| {
        let keys = format!(r#""keys":[{{"id":"m","secret":"{}"}}]"#, base64_encode(&[9; 24]));
        faults(&with(&format!(r#","devices":{{{keys},"generations":[{list}]}}"#), ""))
    };
    for good in ["0", "0,1", "2147483647", "2147483646,2147483647"] {
        assert_eq!(generations(good), [""; 0], "{good}");
    }
    for bad in ["1,1", "1,0", "2147483648", "2147483647,2147483648", "-1", "0.0"] {
        let told = "`sites.a.devices.generations` must be an array of 1 or 2 ascending whole \
                    numbers from 0 to 2147483647";
        assert_eq!(generations(bad), [told], "{bad}");
    }
}

#[test]
fn a_secret_as_bytes_is_that_member_alone_and_a_keys_id_is_its_own() {
    let told = "`sites.a.keys[0].secret` must be a text, or bytes as `{\"base64\": \"…\"}`";
    for wrong in [r#"{"base64":"AAAA","more":1}"#, r#"{"hex":"00"}"#, "{}"] {
        let json = format!(r#"{{"sites":{{"a":{{"keys":[{{"id":"k","secret":{wrong}}}]}}}}}}"#);
        assert_eq!(faults(&json), [told], "{wrong}");
    }
    let key =
        |n: u8| format!(r#"{{"id":"k","secret":{{"base64":"{}"}}}}"#, base64_encode(&[n; 24]));
    let json = format!(r#"{{"sites":{{"a":{{"keys":[{},{}]}}}}}}"#, key(1), key(2));
    assert_eq!(faults(&json), ["`sites.a.keys[1].id` is there twice"]);
}
