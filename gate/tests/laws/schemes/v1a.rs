//! Public keys of Standard Webhooks (`v1a`), beside secrets and alone. Whoever may check a signature may read it too, so
//! nothing that names an event is made of one.

use super::{
    METHODS, Method, Site, Verdict,
    changes::{BODY, Sent, changes, harmless_changes},
};
use crate::world::{World, config_json, key_bytes, noon, secs, site_json};
use consentgate::{Config, Reason, SecretInput, sign};
use serde_json::{Value, json};

/// The pair of the Standard Webhooks reference.
const PRIVATE: &str =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
/// Another, of RFC 8032 (7.1, test 2).
const OTHER: &str = "whpk_PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";

fn public(key: &str) -> Value {
    json!({"id": "public", "secret": key})
}

/// Site `a` lists the public key, and a secret after it.
fn mixed() -> World {
    let mut config = config_json();
    let site = &mut config["sites"]["a"];
    *site = site_json(&[2]);
    site["keys"].as_array_mut().unwrap().insert(0, public(PUBLIC));
    let world = World::new(&config);
    world.grant("a", "p", &["analytics", "marketing"]);
    world
}

fn token(key: SecretInput<'_>) -> String {
    sign("standard-webhooks", key, BODY, Some("evt_1"), noon()).unwrap().remove(2).1
}

/// Signed with both keys.
fn sent() -> Sent {
    let own = sign("standard-webhooks", SecretInput::Text(PRIVATE), BODY, Some("evt_1"), noon());
    let pair = |(name, value): (&str, String)| (name.to_owned(), value.into_bytes());
    let mut headers: Vec<_> = own.unwrap().into_iter().map(pair).collect();
    let second = token(SecretInput::Bytes(&key_bytes(2)));
    headers[2].1.extend_from_slice(format!(" {second}").as_bytes());
    Sent { headers, body: BODY.to_vec() }
}

#[test]
fn law_3_every_one_step_change_is_refused_or_the_same_event() {
    let sent = sent();
    let site = Site::of(mixed(), &sent, Method::CallEvent);
    let (mut refused, mut same) = (0, Vec::new());
    for changed in changes(&sent) {
        match site.verdict(&changed) {
            Verdict::Refused => refused += 1,
            Verdict::Same => same.push(changed),
        }
    }
    assert_eq!(site.events(), 1, "a new call");
    assert!(refused > 2000, "{refused} refused, {} the same", same.len());
    // The other way round, for one in ten: the changed one comes first.
    for changed in same.iter().step_by(10) {
        let changed_first = Site::of(mixed(), changed, Method::CallEvent);
        assert_eq!(changed_first.verdict(&sent), Verdict::Same, "{changed:?}");
    }
}

#[test]
fn field_18_either_signature_alone_is_the_same_event_and_no_other_is_one() {
    let (v1a, v1) = (token(SecretInput::Text(PRIVATE)), token(SecretInput::Bytes(&key_bytes(2))));
    for method in METHODS {
        let site = Site::of(mixed(), &sent(), method);
        let answer = |value: &str| site.verdict(&sent().with_value(2, value.into()));
        for value in [&v1a, &v1, &format!("{v1} {v1a}"), &format!("{v1a} {v1a} {v1a} {v1a}")] {
            assert_eq!(answer(value), Verdict::Same, "{value}");
        }
        for value in [
            // One more than is tried, and each text under the other version.
            &format!("{v1a} {v1a} {v1a} {v1a} {v1a}"),
            &v1a.replacen("v1a", "v1", 1),
            &v1.replacen("v1", "v1a", 1),
        ] {
            assert_eq!(answer(value), Verdict::Refused, "{value}");
        }
        for harmless in harmless_changes(&sent()) {
            assert_eq!(site.verdict(&harmless), Verdict::Same, "{harmless:?}");
        }
        assert_eq!(site.events(), 1);
    }
}

#[test]
fn law_2_a_public_key_anywhere_changes_no_answer_elsewhere() {
    // Site `b` lists a secret alone, `a` a public key too: what is refused is refused in one way at all of them.
    let world = mixed();
    for value in ["", "v1a,", "x", &token(SecretInput::Text(PRIVATE))] {
        let foreign = sent().with_value(2, value.into());
        for site in ["b", "nobody"] {
            let decision = world.run(world.call(site, &foreign.headers, &foreign.body));
            assert_eq!(decision.status(), 401, "{site} {value}");
            let known = if site == "b" { Reason::BadSignature } else { Reason::UnknownSite };
            assert_eq!(decision.reason(), known);
        }
    }
}

#[test]
fn law_8_a_public_key_is_one_sites_alone_and_never_a_secret_too() {
    let fault = |key: Value| {
        let mut config = config_json();
        config["sites"]["a"]["keys"] = json!([public(PUBLIC)]);
        config["sites"]["b"]["keys"] = json!([key]);
        let read = Config::from_json(config.to_string().as_bytes());
        read.err().map(|error| error.to_string())
    };
    let same = "`sites.b.keys[0].secret` has the same key bytes as `sites.a.keys[0].secret`";
    assert_eq!(fault(public(PUBLIC)).as_deref(), Some(same));
    // Everybody knows these bytes.
    let bytes = PUBLIC.trim_start_matches("whpk_");
    assert_eq!(fault(public(bytes)).as_deref(), Some(same));
    assert_eq!(fault(json!({"id": "b", "secret": {"base64": bytes}})).as_deref(), Some(same));
    assert_eq!(fault(public(OTHER)), None);

    let mut world = mixed();
    let shared = json!({"keys": [public(PUBLIC)]}).to_string();
    assert!(world.engine.with_site("c", shared.as_bytes(), world.now).is_err());
    // Given up, it is remembered for the life of a claim; then it is free.
    world.set_site("a", &json!({"keys": [public(OTHER)]}));
    world.forward(secs(629));
    assert!(world.engine.with_site("c", shared.as_bytes(), world.now).is_err());
    world.forward(secs(1));
    assert!(world.engine.with_site("c", shared.as_bytes(), world.now).is_ok());
}

#[test]
fn law_12_a_key_in_the_wrong_place_is_told_of_without_its_bytes() {
    let text = |key: &str| {
        let mut config = config_json();
        config["sites"]["a"]["keys"] = json!([public(key)]);
        let error = Config::from_json(config.to_string().as_bytes()).unwrap_err();
        format!("{error} {error:?}")
    };
    let half = PRIVATE.trim_start_matches("whsk_");
    for key in [PRIVATE, &PRIVATE[..60], &format!("whpk_{half}")] {
        let told = text(key);
        assert!(told.contains("private key") || told.contains("public key"), "{told}");
        assert!(!told.contains(&half[..8]), "{told}");
    }
    // Where only a secret can stand, neither half is one.
    let mut config = config_json();
    config["hash_secret"] = PUBLIC.into();
    config["sites"]["a"]["devices"] = json!({"keys": [public(OTHER)]});
    config["sites"]["b"]["scheme"] = "slack".into();
    config["sites"]["b"]["keys"] = json!([public(PRIVATE)]);
    let faults = Config::from_json(config.to_string().as_bytes()).unwrap_err().to_string();
    assert_eq!(faults.matches("is a public key (`whpk_`), which everybody may know").count(), 2);
    assert_eq!(faults.matches("is a private key (`whsk_`), for `sign` alone").count(), 1);
    assert!(!faults.contains(&half[..8]), "{faults}");
}
